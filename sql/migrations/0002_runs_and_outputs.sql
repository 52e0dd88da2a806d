-- What was run: runs, the outputs that stages made, and which outputs each run consists of.
--
-- An output is named by its key, the hash of all that it follows from, and is shared by every run whose chain leads to it.
-- Ids are hashes and the same in every ledger; the small numbers beside them (run_no, output_no) are this ledger's own.

CREATE TABLE caco.run (
    run_id         uuid PRIMARY KEY,
    run_no         integer NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    pipeline       text NOT NULL,
    partition      date NOT NULL,
    config_hash    text NOT NULL,
    config         jsonb NOT NULL CONSTRAINT config_is_an_object CHECK (jsonb_typeof(config) = 'object'),
    requested      jsonb NOT NULL DEFAULT '{}' CONSTRAINT requested_is_an_object CHECK (jsonb_typeof(requested) = 'object'),
    code_version   text NOT NULL,
    planned_at     timestamptz,
    -- what was pinned of the outside
    models         jsonb NOT NULL,
    prompts        jsonb NOT NULL,
    sources        jsonb NOT NULL,
    benchmarks     jsonb NOT NULL,
    training       text,
    seed_run_id    uuid,  -- no foreign key: what was pinned may be registered in another ledger only
    codegen_run_id uuid,
    model_id       text,
    accepted_yield double precision CONSTRAINT accepted_yield_is_a_share CHECK (accepted_yield BETWEEN 0 AND 1),
    input_keys     uuid[] NOT NULL,
    dataset        text,
    dataset_sha256 text CONSTRAINT dataset_sha256_is_hex CHECK (dataset_sha256 ~ '^[0-9a-f]{64}$'),
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT a_pinned_dataset_has_its_hash CHECK ((dataset IS NULL) = (dataset_sha256 IS NULL))
);
CREATE INDEX run_by_partition ON caco.run (partition, created_at);  -- the newest run of a date
COMMENT ON TABLE  caco.run IS 'One pipeline over one partition with one config. Grain: one row per run_id; registering it again changes nothing.';
COMMENT ON COLUMN caco.run.run_id IS 'Hash of pipeline, partition and config_hash: the same again is the same run.';
COMMENT ON COLUMN caco.run.run_no IS 'Number within this ledger.';
COMMENT ON COLUMN caco.run.pipeline IS 'seeds, codegen, nightly or evaluate.';
COMMENT ON COLUMN caco.run.partition IS 'The date that the run is for, not the one on which it ran.';
COMMENT ON COLUMN caco.run.config_hash IS 'Hash of all settings that change data.';
COMMENT ON COLUMN caco.run.config IS 'All settings, as the run used them.';
COMMENT ON COLUMN caco.run.requested IS 'Config and overrides in the words of whoever planned the run first: what plans it again. Empty: a record made by hand.';
COMMENT ON COLUMN caco.run.code_version IS 'Package and commit that planned the run.';
COMMENT ON COLUMN caco.run.planned_at IS 'When the run was first planned, as its record in the store says: the same after a rebuild. NULL: a record made by hand.';
COMMENT ON COLUMN caco.run.models IS 'Role -> the exact model that it asks: hash of weights, revision, or who serves it.';
COMMENT ON COLUMN caco.run.prompts IS 'Name of a prompt -> hash of its text.';
COMMENT ON COLUMN caco.run.sources IS 'Name of a source of seeds -> revision or hash of its file.';
COMMENT ON COLUMN caco.run.benchmarks IS 'Name of a protected or scored benchmark -> hash or commit of its content.';
COMMENT ON COLUMN caco.run.training IS 'Hash of all that its CodeGen is trained by: seeds, their programs, training settings. NULL: a pipeline without CodeGen.';
COMMENT ON COLUMN caco.run.seed_run_id IS 'The run whose seed programs stand behind this one, pinned when it was planned. NULL: a run of the pipeline seeds, or not known.';
COMMENT ON COLUMN caco.run.codegen_run_id IS 'The run that trained the CodeGen of a nightly run, pinned when it was planned. NULL: it was not trained here.';
COMMENT ON COLUMN caco.run.model_id IS 'The trained CodeGen pinned for a nightly run. NULL: the run samples from no model trained here.';
COMMENT ON COLUMN caco.run.accepted_yield IS 'Share of sampled programs that ran, of the CodeGen in use when a run of the pipeline codegen was planned: what the new model is held against. NULL: another pipeline, or none was in use, or its yield was not measured.';
COMMENT ON COLUMN caco.run.input_keys IS 'Keys of outputs of another run that this one reads, pinned when it was planned; empty where it reads none.';
COMMENT ON COLUMN caco.run.dataset IS 'The dataset, as name/version, that a run of the pipeline evaluate trains on. NULL: a run of another pipeline.';
COMMENT ON COLUMN caco.run.dataset_sha256 IS 'SHA-256 of that dataset''s manifest when the run was planned. NULL where dataset is.';
COMMENT ON COLUMN caco.run.created_at IS 'When the run was registered here; a rebuilt ledger has the time of its rebuilding. planned_at keeps its value.';

CREATE TABLE caco.output (
    output_no         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key               uuid NOT NULL CONSTRAINT one_output_per_key UNIQUE,
    stage             caco.stage NOT NULL,
    shard             integer NOT NULL CONSTRAINT shard_is_not_negative CHECK (shard >= 0),
    attempt           integer NOT NULL CONSTRAINT attempt_is_not_negative CHECK (attempt >= 0),
    previous          uuid,
    keeps_known       boolean NOT NULL,
    inputs            uuid[] NOT NULL,
    recipe            jsonb NOT NULL,
    origin            jsonb NOT NULL,
    -- who made it, and paid for it
    run_no            integer NOT NULL CONSTRAINT output_is_of_a_run REFERENCES caco.run (run_no),
    partition         date NOT NULL,
    code_version      text NOT NULL,
    seconds           double precision NOT NULL,
    -- its object in the store
    record            text NOT NULL,
    uri               text NOT NULL,
    rows              bigint NOT NULL,
    bytes             bigint NOT NULL,
    sha256            text NOT NULL CONSTRAINT sha256_is_hex CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    -- what became of the records; reasons are in caco.output_reason
    read              bigint NOT NULL,
    passed            bigint NOT NULL,
    failed            bigint NOT NULL,
    unknown           bigint NOT NULL,
    kept              bigint NOT NULL,
    recorded          bigint NOT NULL,  -- a sum of output_reason, for the funnel asks it of every output of a run
    -- what was asked of models, and run in the sandbox
    models            text[] NOT NULL,
    prompts           text[] NOT NULL,
    requests          bigint NOT NULL,
    prompt_tokens     bigint NOT NULL,
    completion_tokens bigint NOT NULL,
    cost_usd          double precision NOT NULL,
    replayed          bigint NOT NULL,
    cut_off           bigint NOT NULL,
    sandbox_version   text,
    sandbox_level     text,
    artifacts         jsonb NOT NULL,
    loaded_at         timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT read_is_passed_failed_and_unknown CHECK (read = passed + failed + unknown),
    CONSTRAINT every_record_read_has_a_row CHECK (rows = read),
    CONSTRAINT kept_are_of_those_read CHECK (kept BETWEEN 0 AND read),
    CONSTRAINT counts_are_not_negative CHECK (
        passed >= 0 AND failed >= 0 AND unknown >= 0 AND bytes >= 0 AND seconds >= 0 AND requests >= 0
        AND prompt_tokens >= 0 AND completion_tokens >= 0 AND cost_usd >= 0 AND replayed >= 0 AND cut_off >= 0
        AND recorded >= 0),
    CONSTRAINT a_later_attempt_has_one_before CHECK ((attempt = 0) = (previous IS NULL)),
    CONSTRAINT sandbox_level_has_a_version CHECK (sandbox_level IS NULL OR sandbox_version IS NOT NULL)
);
CREATE INDEX output_by_run ON caco.output (run_no);  -- what a run paid for
COMMENT ON TABLE  caco.output IS 'Finished outputs: what one stage made of one shard. The first manifest registered for a key is the one that counts. Grain: one row per key.';
COMMENT ON COLUMN caco.output.output_no IS 'Number within this ledger.';
COMMENT ON COLUMN caco.output.key IS 'Hash of recipe, origin, inputs and attempt: the same work has the same key in every run.';
COMMENT ON COLUMN caco.output.stage IS 'The stage that made it.';
COMMENT ON COLUMN caco.output.shard IS 'Its number in the run that made it, from 0; in another run see caco.run_output.';
COMMENT ON COLUMN caco.output.attempt IS '0: the first. Later ones were asked for by caco rerun.';
COMMENT ON COLUMN caco.output.previous IS 'Key of the attempt before. NULL: the first.';
COMMENT ON COLUMN caco.output.keeps_known IS 'Whether it took all known verdicts from the attempt before and asked only for what was unknown.';
COMMENT ON COLUMN caco.output.inputs IS 'Keys of the outputs that were read; empty for a first stage.';
COMMENT ON COLUMN caco.output.recipe IS 'What the stage is told: its version, settings, model, prompts, benchmarks.';
COMMENT ON COLUMN caco.output.origin IS 'Which records begin here, for a stage that makes its own; else an empty object.';
COMMENT ON COLUMN caco.output.run_no IS 'The run that made it and paid for it.';
COMMENT ON COLUMN caco.output.partition IS 'Partition of that run; its fates lie in the table of this date.';
COMMENT ON COLUMN caco.output.code_version IS 'Package and commit that made it.';
COMMENT ON COLUMN caco.output.seconds IS 'Wall time of making it.';
COMMENT ON COLUMN caco.output.record IS 'Class of its rows, in caco_tasks.records.';
COMMENT ON COLUMN caco.output.uri IS 'Where the rows are, below the store''s root; named by content.';
COMMENT ON COLUMN caco.output.rows IS 'Rows of the object, kept and rejected.';
COMMENT ON COLUMN caco.output.bytes IS 'Size of the object.';
COMMENT ON COLUMN caco.output.sha256 IS 'SHA-256 of the object.';
COMMENT ON COLUMN caco.output.read IS 'Records that the stage read, or made where it is a first stage.';
COMMENT ON COLUMN caco.output.passed IS 'Records that go on.';
COMMENT ON COLUMN caco.output.failed IS 'Records rejected for good.';
COMMENT ON COLUMN caco.output.unknown IS 'Records of which the platform could not tell.';
COMMENT ON COLUMN caco.output.kept IS 'Records whose verdict was taken from the attempt before.';
COMMENT ON COLUMN caco.output.recorded IS 'Findings of rules that are set to record, which decided nothing; by reason they are in caco.output_reason.';
COMMENT ON COLUMN caco.output.models IS 'Models that were asked; empty where none was.';
COMMENT ON COLUMN caco.output.prompts IS 'Prompt templates used; empty where no model was asked.';
COMMENT ON COLUMN caco.output.requests IS 'Replies of models that were used.';
COMMENT ON COLUMN caco.output.prompt_tokens IS 'Tokens that models read.';
COMMENT ON COLUMN caco.output.completion_tokens IS 'Tokens that models wrote.';
COMMENT ON COLUMN caco.output.cost_usd IS 'US dollars paid for its replies, by the price table of the config; 0 where that names no price.';
COMMENT ON COLUMN caco.output.replayed IS 'Replies that had been made for another output or record, and cost nothing.';
COMMENT ON COLUMN caco.output.cut_off IS 'Replies that ended at their limit of tokens.';
COMMENT ON COLUMN caco.output.sandbox_version IS 'Version of the sandbox. NULL: the stage runs no programs.';
COMMENT ON COLUMN caco.output.sandbox_level IS 'Protections that held: full, partial or basic. NULL: the stage runs no programs.';
COMMENT ON COLUMN caco.output.artifacts IS 'What else the stage made, such as a trained model or a dataset; empty object where nothing.';
COMMENT ON COLUMN caco.output.loaded_at IS 'When it was loaded into the ledger.';

CREATE TABLE caco.output_reason (
    output_no integer NOT NULL REFERENCES caco.output ON DELETE CASCADE,
    outcome   caco.outcome CONSTRAINT what_passed_has_no_reason CHECK (outcome <> 'pass'),
    reason    caco.reason NOT NULL,
    records   bigint NOT NULL CONSTRAINT records_is_positive CHECK (records > 0),
    CONSTRAINT one_count_per_output_outcome_and_reason UNIQUE NULLS NOT DISTINCT (output_no, outcome, reason)
);
COMMENT ON TABLE  caco.output_reason IS 'How many records of an output did not pass, and why; and what rules that only record have found. Grain: one row per output, outcome and reason.';
COMMENT ON COLUMN caco.output_reason.output_no IS 'The output.';
COMMENT ON COLUMN caco.output_reason.outcome IS 'fail or unknown. NULL: a rule that its config sets to record found this; it decided nothing.';
COMMENT ON COLUMN caco.output_reason.reason IS 'Why.';
COMMENT ON COLUMN caco.output_reason.records IS 'Number of records.';

CREATE TABLE caco.run_output (
    run_no     integer NOT NULL REFERENCES caco.run (run_no) ON DELETE CASCADE,
    stage      caco.stage NOT NULL,
    shard      integer NOT NULL CONSTRAINT shard_is_not_negative CHECK (shard >= 0),
    output_no  integer NOT NULL REFERENCES caco.output ON DELETE CASCADE,
    attempt    integer NOT NULL CONSTRAINT attempt_is_not_negative CHECK (attempt >= 0),
    is_reused  boolean NOT NULL,
    is_current boolean NOT NULL,
    CONSTRAINT an_output_is_in_one_place_of_a_run PRIMARY KEY (run_no, stage, shard, output_no)
);
-- a run consists of one output at each place; those before it stay on record
CREATE UNIQUE INDEX one_current_output_per_place ON caco.run_output (run_no, stage, shard) WHERE is_current;
CREATE INDEX run_output_by_output ON caco.run_output (output_no);  -- which runs share an output
COMMENT ON TABLE  caco.run_output IS 'Which outputs a run consists of, now (is_current) and before. Grain: one row per run, stage, shard and output.';
COMMENT ON COLUMN caco.run_output.run_no IS 'The run.';
COMMENT ON COLUMN caco.run_output.stage IS 'The stage of the output.';
COMMENT ON COLUMN caco.run_output.shard IS 'Number within run and stage, from 0.';
COMMENT ON COLUMN caco.run_output.output_no IS 'The output.';
COMMENT ON COLUMN caco.run_output.attempt IS 'Number of the attempt within the run, from 0: the newest counts.';
COMMENT ON COLUMN caco.run_output.is_reused IS 'Whether another run had made it, and paid for it.';
COMMENT ON COLUMN caco.run_output.is_current IS 'Whether the run consists of it now; false: a newer attempt, of this stage or of one before, has taken its place.';
