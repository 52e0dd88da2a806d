-- What was run: runs, their finished shards, and the models that were trained.

CREATE TABLE caco.run (
    run_id       text PRIMARY KEY,
    pipeline     text NOT NULL,
    partition    date NOT NULL,
    config_hash  text NOT NULL,
    config       jsonb NOT NULL,
    code_version text NOT NULL,
    seed_run_id  text,
    model_id     text,
    input_uris   text[] NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT config_is_an_object CHECK (jsonb_typeof(config) = 'object')
);
CREATE INDEX run_by_partition ON caco.run (partition, created_at);
COMMENT ON TABLE  caco.run IS 'One pipeline over one partition with one config. Grain: one row per run_id; registering it again changes nothing.';
COMMENT ON COLUMN caco.run.run_id IS 'Hash of pipeline, partition and config_hash: the same again is the same run.';
COMMENT ON COLUMN caco.run.pipeline IS 'seeds, codegen or nightly.';
COMMENT ON COLUMN caco.run.partition IS 'The date that the run is for, not the one on which it ran.';
COMMENT ON COLUMN caco.run.config_hash IS 'Hash of all settings that change data.';
COMMENT ON COLUMN caco.run.config IS 'All settings, as the run used them.';
COMMENT ON COLUMN caco.run.code_version IS 'Version of the package that planned the run.';
COMMENT ON COLUMN caco.run.seed_run_id IS 'The run whose seed programs stand behind this one. NULL: a run of the pipeline seeds.';
COMMENT ON COLUMN caco.run.model_id IS 'The trained CodeGen pinned for a nightly run. NULL: the run samples from no model trained here.';
COMMENT ON COLUMN caco.run.input_uris IS 'Shards of another run that this one reads, pinned when it was planned; empty where it reads none.';
COMMENT ON COLUMN caco.run.created_at IS 'When the run was registered here; a rebuilt ledger has the time of its rebuilding.';

CREATE TABLE caco.shard (
    run_id            text NOT NULL REFERENCES caco.run ON DELETE CASCADE,
    stage             caco.stage NOT NULL,
    shard             integer NOT NULL CONSTRAINT shard_is_not_negative CHECK (shard >= 0),
    partition         date NOT NULL,
    record            text NOT NULL,
    uri               text NOT NULL,
    rows              bigint NOT NULL,
    bytes             bigint NOT NULL,
    sha256            text NOT NULL CONSTRAINT sha256_is_hex CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    read              bigint NOT NULL,
    passed            bigint NOT NULL,
    failed            bigint NOT NULL,
    unknown           bigint NOT NULL,
    reasons           jsonb NOT NULL,
    inputs            text[] NOT NULL,
    code_version      text NOT NULL,
    models            text[] NOT NULL,
    prompts           text[] NOT NULL,
    sandbox_version   text,
    sandbox_level     text,
    prompt_tokens     bigint NOT NULL,
    completion_tokens bigint NOT NULL,
    seconds           double precision NOT NULL,
    artifacts         jsonb NOT NULL,
    loaded_at         timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT one_shard_per_run_stage_and_number PRIMARY KEY (run_id, stage, shard),
    CONSTRAINT read_is_passed_failed_and_unknown CHECK (read = passed + failed + unknown),
    CONSTRAINT every_record_read_has_a_row CHECK (rows = read),
    CONSTRAINT counts_are_not_negative CHECK (
        passed >= 0 AND failed >= 0 AND unknown >= 0 AND bytes >= 0
        AND prompt_tokens >= 0 AND completion_tokens >= 0 AND seconds >= 0),
    CONSTRAINT sandbox_level_has_a_version CHECK (sandbox_level IS NULL OR sandbox_version IS NOT NULL)
);
COMMENT ON TABLE  caco.shard IS 'Finished shards: the first manifest registered for a run, stage and number is the one that counts. Grain: one row per run, stage and shard.';
COMMENT ON COLUMN caco.shard.run_id IS 'The run.';
COMMENT ON COLUMN caco.shard.stage IS 'The stage that wrote it.';
COMMENT ON COLUMN caco.shard.shard IS 'Number within run and stage, from 0.';
COMMENT ON COLUMN caco.shard.partition IS 'The run''s partition.';
COMMENT ON COLUMN caco.shard.record IS 'Class of its rows: Seed, SeedProgram or Sample.';
COMMENT ON COLUMN caco.shard.uri IS 'Where the rows are, below the store''s root; named by content.';
COMMENT ON COLUMN caco.shard.rows IS 'Rows of the object, kept and rejected.';
COMMENT ON COLUMN caco.shard.bytes IS 'Size of the object.';
COMMENT ON COLUMN caco.shard.sha256 IS 'SHA-256 of the object.';
COMMENT ON COLUMN caco.shard.read IS 'Records that the stage read, or made where it is a first stage.';
COMMENT ON COLUMN caco.shard.passed IS 'Records that go on.';
COMMENT ON COLUMN caco.shard.failed IS 'Records rejected for good.';
COMMENT ON COLUMN caco.shard.unknown IS 'Records of which the platform could not tell.';
COMMENT ON COLUMN caco.shard.reasons IS 'Reason -> number of failed and unknown records.';
COMMENT ON COLUMN caco.shard.inputs IS 'Shards that were read; empty for a first stage.';
COMMENT ON COLUMN caco.shard.code_version IS 'Version of the package that wrote it.';
COMMENT ON COLUMN caco.shard.models IS 'Models that were asked; empty where none was.';
COMMENT ON COLUMN caco.shard.prompts IS 'Prompt templates used; empty where no model was asked.';
COMMENT ON COLUMN caco.shard.sandbox_version IS 'Version of the sandbox. NULL: the stage runs no programs.';
COMMENT ON COLUMN caco.shard.sandbox_level IS 'Protections that held: full, partial or basic. NULL: the stage runs no programs.';
COMMENT ON COLUMN caco.shard.prompt_tokens IS 'Tokens that models read.';
COMMENT ON COLUMN caco.shard.completion_tokens IS 'Tokens that models wrote.';
COMMENT ON COLUMN caco.shard.seconds IS 'Wall time of the attempt that finished the shard.';
COMMENT ON COLUMN caco.shard.artifacts IS 'What else the stage made, such as a trained model; empty object where nothing.';
COMMENT ON COLUMN caco.shard.loaded_at IS 'When it was loaded into the ledger.';

CREATE TABLE caco.model (
    run_id    text NOT NULL REFERENCES caco.run ON DELETE CASCADE,
    model_id  text NOT NULL,
    role      text NOT NULL,
    parent    text,
    data_hash text NOT NULL,
    config    jsonb NOT NULL,
    metrics   jsonb NOT NULL,
    uri       text NOT NULL,
    sha256    text NOT NULL CONSTRAINT sha256_is_hex CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    accepted  boolean NOT NULL,
    PRIMARY KEY (run_id, model_id)
);
CREATE INDEX model_by_id ON caco.model (model_id);
COMMENT ON TABLE  caco.model IS 'Models trained by runs of the pipeline codegen. Grain: one row per run and model; runs that train the same on the same make the same model. A model that only came from outside has no row.';
COMMENT ON COLUMN caco.model.model_id IS 'Hash of what it was trained from and on.';
COMMENT ON COLUMN caco.model.run_id IS 'The run that trained it.';
COMMENT ON COLUMN caco.model.role IS 'What it is for: codegen, unifier, reverser, solver or judge.';
COMMENT ON COLUMN caco.model.parent IS 'The model whose weights it began with. NULL: trained from scratch.';
COMMENT ON COLUMN caco.model.data_hash IS 'Hash of the records it was trained on.';
COMMENT ON COLUMN caco.model.config IS 'Settings of the training.';
COMMENT ON COLUMN caco.model.metrics IS 'What was measured: losses before and after, tokens, steps.';
COMMENT ON COLUMN caco.model.uri IS 'Folder of the weights below the store''s root.';
COMMENT ON COLUMN caco.model.sha256 IS 'SHA-256 of the weights.';
COMMENT ON COLUMN caco.model.accepted IS 'Whether nightly runs may sample from it.';
