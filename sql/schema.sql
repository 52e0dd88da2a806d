CREATE SCHEMA caco;

COMMENT ON SCHEMA caco IS 'Where every sample came from and why every rejected one was rejected. Texts live in the store; here are ids, verdicts, numbers and addresses.';

CREATE TYPE caco.grade AS ENUM (
    'S',
    'A+',
    'A',
    'B',
    'C',
    'R',
    'D'
);

COMMENT ON TYPE caco.grade IS 'How surely the numbers of a seed program are those of its problem, best first: S every literal bound to one place of the question and every number used, A+ numbers left over, A rivals settled by the words around them, B rivals remain, C a literal the problem does not hold, R equal to gold only when rounded, D none of these.';

CREATE TYPE caco.outcome AS ENUM (
    'pass',
    'fail',
    'unknown'
);

COMMENT ON TYPE caco.outcome IS 'What a stage says of a record. unknown: the platform could not tell; retried, never published, never counted as failed.';

CREATE TYPE caco.reason AS ENUM (
    'unreadable_record',
    'no_answer',
    'duplicate_seed',
    'licence_not_allowed',
    'no_program_found',
    'wrong_answer',
    'template_not_met',
    'gold_disputed',
    'grade_too_low',
    'cut_off',
    'no_code_found',
    'prompt_too_long',
    'engine_lost',
    'syntax',
    'error',
    'time',
    'memory',
    'output_size',
    'forbidden',
    'no_input',
    'no_output',
    'not_deterministic',
    'sandbox_lost',
    'too_short',
    'unused_input',
    'dead_input',
    'constant_output',
    'trivial',
    'answer_as_literal',
    'unserialisable',
    'non_finite',
    'prose_left',
    'same_program',
    'same_behaviour',
    'near_duplicate',
    'empty',
    'leaks_code',
    'leaks_answer',
    'names_no_input',
    'foreign_number',
    'no_question',
    'no_final_answer',
    'answers_differ',
    'false_equation',
    'checker_timeout',
    'inconsistent',
    'ill_posed',
    'unparseable_judgement',
    'benchmark_overlap'
);

COMMENT ON TYPE caco.reason IS 'Why a record did not pass: the closed list, equal to caco_tasks.records.Reason. docs/ledger.md says what each means.';

CREATE TYPE caco.stage AS ENUM (
    'seeds',
    'unify',
    'train',
    'sample',
    'execute',
    'screen',
    'dedup',
    'reverse',
    'solve',
    'agree',
    'judge',
    'decontaminate',
    'publish',
    'evaluate',
    'audit'
);

COMMENT ON TYPE caco.stage IS 'Steps, in the order in which a record meets them: ORDER BY stage follows the funnel.';

CREATE FUNCTION caco.ensure_verdict_partition(day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    first_day date := date_trunc('month', day::timestamp)::date;
    next_month date := (first_day + interval '1 month')::date;
    month_table text := 'verdict_' || to_char(first_day, 'YYYY_MM');
BEGIN
    IF to_regclass(format('caco.%I', month_table)) IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext('caco.ensure_verdict_partition'));
        EXECUTE format('CREATE TABLE IF NOT EXISTS caco.%I PARTITION OF caco.verdict FOR VALUES FROM (%L) TO (%L)',
                       month_table, first_day, next_month);
        EXECUTE format('GRANT TRUNCATE ON caco.%I TO caco_writer', month_table);  -- for `caco ledger rebuild`
    END IF;
END
$$;

COMMENT ON FUNCTION caco.ensure_verdict_partition(day date) IS 'Makes the table of a month''s verdicts, unless it is there. The writer may call it, though it may create no tables itself.';

CREATE FUNCTION caco.wilson_high(hits bigint, total bigint) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (total > 0) THEN LEAST((1)::double precision, (((((hits)::numeric + 1.920729))::double precision + ((1.959964)::double precision * sqrt(((((hits)::double precision * ((total - hits))::double precision) / (total)::double precision) + (0.960365)::double precision)))) / (((total)::numeric + 3.841459))::double precision)) ELSE NULL::double precision END;

COMMENT ON FUNCTION caco.wilson_high(hits bigint, total bigint) IS 'Upper end of the 95 % Wilson interval of the share hits / total. NULL where total is 0.';

CREATE FUNCTION caco.wilson_low(hits bigint, total bigint) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (total > 0) THEN GREATEST((0)::double precision, (((((hits)::numeric + 1.920729))::double precision - ((1.959964)::double precision * sqrt(((((hits)::double precision * ((total - hits))::double precision) / (total)::double precision) + (0.960365)::double precision)))) / (((total)::numeric + 3.841459))::double precision)) ELSE NULL::double precision END;

COMMENT ON FUNCTION caco.wilson_low(hits bigint, total bigint) IS 'Lower end of the 95 % Wilson interval of the share hits / total. NULL where total is 0.';

CREATE TABLE caco.audit (
    run_id text NOT NULL,
    stage caco.stage NOT NULL,
    subject_id text NOT NULL,
    person text NOT NULL,
    answer caco.outcome NOT NULL,
    note text,
    answered_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE caco.audit IS 'What people said of records that a stage had judged. Grain: one row per run, stage, subject and person.';

COMMENT ON COLUMN caco.audit.run_id IS 'The run.';

COMMENT ON COLUMN caco.audit.stage IS 'The stage whose verdict is held against the person''s.';

COMMENT ON COLUMN caco.audit.subject_id IS 'seed_id or sample_id.';

COMMENT ON COLUMN caco.audit.person IS 'Who answered.';

COMMENT ON COLUMN caco.audit.answer IS 'pass: the record is right. fail: it is wrong. unknown: the person cannot tell.';

COMMENT ON COLUMN caco.audit.note IS 'What else the person said. NULL: nothing.';

COMMENT ON COLUMN caco.audit.answered_at IS 'When the person answered.';

CREATE TABLE caco.benchmark_overlap (
    run_id text NOT NULL,
    stage caco.stage NOT NULL,
    subject_id text NOT NULL,
    number integer NOT NULL,
    shard integer NOT NULL,
    benchmark text NOT NULL,
    item text NOT NULL,
    rule text NOT NULL,
    score double precision NOT NULL,
    matched_text text NOT NULL,
    CONSTRAINT score_is_0_to_1 CHECK (((score >= (0)::double precision) AND (score <= (1)::double precision)))
);

COMMENT ON TABLE caco.benchmark_overlap IS 'Evidence that a record overlaps a protected benchmark item. Grain: one row per run, stage, subject and finding.';

COMMENT ON COLUMN caco.benchmark_overlap.run_id IS 'The run.';

COMMENT ON COLUMN caco.benchmark_overlap.stage IS 'The stage that looked: decontaminate.';

COMMENT ON COLUMN caco.benchmark_overlap.subject_id IS 'The sample.';

COMMENT ON COLUMN caco.benchmark_overlap.number IS 'Number of the finding within the sample, from 0.';

COMMENT ON COLUMN caco.benchmark_overlap.shard IS 'The shard of that stage.';

COMMENT ON COLUMN caco.benchmark_overlap.benchmark IS 'Name of the benchmark.';

COMMENT ON COLUMN caco.benchmark_overlap.item IS 'The item''s id within it.';

COMMENT ON COLUMN caco.benchmark_overlap.rule IS 'The rule that found it, such as exact, ngram or masked.';

COMMENT ON COLUMN caco.benchmark_overlap.score IS 'How alike, 0 to 1.';

COMMENT ON COLUMN caco.benchmark_overlap.matched_text IS 'What they share.';

CREATE TABLE caco.run (
    run_id text NOT NULL,
    pipeline text NOT NULL,
    partition date NOT NULL,
    config_hash text NOT NULL,
    config jsonb NOT NULL,
    code_version text NOT NULL,
    seed_run_id text,
    model_id text,
    input_uris text[] NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT config_is_an_object CHECK ((jsonb_typeof(config) = 'object'::text))
);

COMMENT ON TABLE caco.run IS 'One pipeline over one partition with one config. Grain: one row per run_id; registering it again changes nothing.';

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
    run_id text NOT NULL,
    stage caco.stage NOT NULL,
    shard integer NOT NULL,
    partition date NOT NULL,
    record text NOT NULL,
    uri text NOT NULL,
    rows bigint NOT NULL,
    bytes bigint NOT NULL,
    sha256 text NOT NULL,
    read bigint NOT NULL,
    passed bigint NOT NULL,
    failed bigint NOT NULL,
    unknown bigint NOT NULL,
    reasons jsonb NOT NULL,
    inputs text[] NOT NULL,
    code_version text NOT NULL,
    models text[] NOT NULL,
    prompts text[] NOT NULL,
    sandbox_version text,
    sandbox_level text,
    prompt_tokens bigint NOT NULL,
    completion_tokens bigint NOT NULL,
    seconds double precision NOT NULL,
    artifacts jsonb NOT NULL,
    loaded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT counts_are_not_negative CHECK (((passed >= 0) AND (failed >= 0) AND (unknown >= 0) AND (bytes >= 0) AND (prompt_tokens >= 0) AND (completion_tokens >= 0) AND (seconds >= (0)::double precision))),
    CONSTRAINT every_record_read_has_a_row CHECK ((rows = read)),
    CONSTRAINT read_is_passed_failed_and_unknown CHECK ((read = ((passed + failed) + unknown))),
    CONSTRAINT sandbox_level_has_a_version CHECK (((sandbox_level IS NULL) OR (sandbox_version IS NOT NULL))),
    CONSTRAINT sha256_is_hex CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT shard_is_not_negative CHECK ((shard >= 0))
);

COMMENT ON TABLE caco.shard IS 'Finished shards: the first manifest registered for a run, stage and number is the one that counts. Grain: one row per run, stage and shard.';

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

CREATE VIEW caco.benchmark_overlap_report AS
 SELECT found.run_id,
    run.partition,
    found.stage,
    found.benchmark,
    found.rule,
    count(DISTINCT found.subject_id) AS records,
    count(DISTINCT found.item) AS items,
    count(*) AS findings,
    max(found.score) AS highest_score,
    ((count(DISTINCT found.subject_id))::double precision / (max(whole.read))::double precision) AS share_of_read
   FROM ((caco.benchmark_overlap found
     JOIN caco.run USING (run_id))
     JOIN ( SELECT shard.run_id,
            shard.stage,
            sum(shard.read) AS read
           FROM caco.shard
          GROUP BY shard.run_id, shard.stage) whole USING (run_id, stage))
  GROUP BY found.run_id, run.partition, found.stage, found.benchmark, found.rule;

COMMENT ON VIEW caco.benchmark_overlap_report IS 'Overlap with protected benchmarks. Grain: one row per run, stage, benchmark and rule.';

CREATE TABLE caco.dataset (
    dataset text NOT NULL,
    version text NOT NULL,
    run_id text NOT NULL,
    partition date NOT NULL,
    rows bigint NOT NULL,
    code_version text NOT NULL,
    files jsonb NOT NULL,
    facts jsonb NOT NULL,
    CONSTRAINT rows_is_not_negative CHECK ((rows >= 0))
);

COMMENT ON TABLE caco.dataset IS 'Published datasets. Grain: one row per dataset and version; a version never changes.';

COMMENT ON COLUMN caco.dataset.dataset IS 'Name.';

COMMENT ON COLUMN caco.dataset.version IS 'Version; together with the name its folder below datasets/ in the store.';

COMMENT ON COLUMN caco.dataset.run_id IS 'The nightly run that published it.';

COMMENT ON COLUMN caco.dataset.partition IS 'The run''s partition.';

COMMENT ON COLUMN caco.dataset.rows IS 'Published rows.';

COMMENT ON COLUMN caco.dataset.code_version IS 'Version of the package that published it.';

COMMENT ON COLUMN caco.dataset.files IS 'Its parquet files: uri, rows, bytes, sha256.';

COMMENT ON COLUMN caco.dataset.facts IS 'What else its manifest says; empty object where nothing.';

CREATE TABLE caco.execution (
    run_id text NOT NULL,
    stage caco.stage NOT NULL,
    subject_id text NOT NULL,
    shard integer NOT NULL,
    program_id text NOT NULL,
    output_type text,
    is_error boolean NOT NULL,
    wall_seconds double precision NOT NULL,
    cpu_seconds double precision NOT NULL,
    peak_memory_mb double precision NOT NULL,
    sandbox_level text NOT NULL,
    CONSTRAINT measures_are_not_negative CHECK (((wall_seconds >= (0)::double precision) AND (cpu_seconds >= (0)::double precision) AND (peak_memory_mb >= (0)::double precision)))
);

COMMENT ON TABLE caco.execution IS 'What the sandbox measured when it ran a program; its output is in the store. Grain: one row per run, stage and subject.';

COMMENT ON COLUMN caco.execution.run_id IS 'The run.';

COMMENT ON COLUMN caco.execution.stage IS 'unify: a seed''s program. execute: a sample''s.';

COMMENT ON COLUMN caco.execution.subject_id IS 'seed_id or sample_id.';

COMMENT ON COLUMN caco.execution.shard IS 'The shard of that stage.';

COMMENT ON COLUMN caco.execution.program_id IS 'The program that ran.';

COMMENT ON COLUMN caco.execution.output_type IS 'Type tag of its output, such as int or Fraction. NULL: it left none.';

COMMENT ON COLUMN caco.execution.is_error IS 'Whether it ended with an exception or was ended.';

COMMENT ON COLUMN caco.execution.wall_seconds IS 'Time from start to end.';

COMMENT ON COLUMN caco.execution.cpu_seconds IS 'Processor time.';

COMMENT ON COLUMN caco.execution.peak_memory_mb IS 'Most memory that it held.';

COMMENT ON COLUMN caco.execution.sandbox_level IS 'Protections that held: full, partial or basic.';

CREATE TABLE caco.request_usage (
    run_id text NOT NULL,
    stage caco.stage NOT NULL,
    subject_id text NOT NULL,
    shard integer NOT NULL,
    request_id text NOT NULL,
    model_id text NOT NULL,
    prompt text NOT NULL,
    finish_reason text NOT NULL,
    prompt_tokens integer NOT NULL,
    completion_tokens integer NOT NULL,
    seconds double precision NOT NULL,
    CONSTRAINT usage_is_not_negative CHECK (((prompt_tokens >= 0) AND (completion_tokens >= 0) AND (seconds >= (0)::double precision)))
);

COMMENT ON TABLE caco.request_usage IS 'What each reply of a model cost. Grain: one row per run, stage and subject.';

COMMENT ON COLUMN caco.request_usage.run_id IS 'The run.';

COMMENT ON COLUMN caco.request_usage.stage IS 'The stage that asked: unify, sample, reverse, solve or judge.';

COMMENT ON COLUMN caco.request_usage.subject_id IS 'seed_id or sample_id that it was about.';

COMMENT ON COLUMN caco.request_usage.shard IS 'The shard of that stage.';

COMMENT ON COLUMN caco.request_usage.request_id IS 'Hash of template, model, parameters, input and sample index. Runs that share it share the reply.';

COMMENT ON COLUMN caco.request_usage.model_id IS 'The model asked; it has a row in caco.model where it was trained here.';

COMMENT ON COLUMN caco.request_usage.prompt IS 'Name and version of the template.';

COMMENT ON COLUMN caco.request_usage.finish_reason IS 'stop, or length where the reply was cut off.';

COMMENT ON COLUMN caco.request_usage.prompt_tokens IS 'Tokens that the model read.';

COMMENT ON COLUMN caco.request_usage.completion_tokens IS 'Tokens that the model wrote.';

COMMENT ON COLUMN caco.request_usage.seconds IS 'This reply''s share of its batch''s time.';

CREATE VIEW caco.cost_per_row AS
 SELECT run.run_id,
    run.partition,
    run.config_hash,
    COALESCE(published.rows, (0)::bigint) AS published,
    spent.prompt_tokens,
    spent.completion_tokens,
    spent.stage_seconds,
    COALESCE(models.seconds, (0)::double precision) AS model_seconds,
    COALESCE(sandbox.seconds, (0)::double precision) AS sandbox_cpu_seconds,
    ((spent.prompt_tokens)::double precision / (NULLIF(published.rows, 0))::double precision) AS prompt_tokens_per_row,
    ((spent.completion_tokens)::double precision / (NULLIF(published.rows, 0))::double precision) AS completion_tokens_per_row,
    (spent.stage_seconds / (NULLIF(published.rows, 0))::double precision) AS seconds_per_row
   FROM ((((caco.run
     JOIN ( SELECT shard.run_id,
            (sum(shard.prompt_tokens))::bigint AS prompt_tokens,
            (sum(shard.completion_tokens))::bigint AS completion_tokens,
            sum(shard.seconds) AS stage_seconds
           FROM caco.shard
          GROUP BY shard.run_id) spent USING (run_id))
     LEFT JOIN ( SELECT request_usage.run_id,
            sum(request_usage.seconds) AS seconds
           FROM caco.request_usage
          GROUP BY request_usage.run_id) models USING (run_id))
     LEFT JOIN ( SELECT execution.run_id,
            sum(execution.cpu_seconds) AS seconds
           FROM caco.execution
          GROUP BY execution.run_id) sandbox USING (run_id))
     LEFT JOIN ( SELECT DISTINCT ON (dataset.run_id) dataset.run_id,
            dataset.rows
           FROM caco.dataset
          ORDER BY dataset.run_id, dataset.version DESC, dataset.dataset) published USING (run_id))
  WHERE (run.pipeline = 'nightly'::text);

COMMENT ON VIEW caco.cost_per_row IS 'What a published row costs. Grain: one row per nightly run.';

CREATE TABLE caco.dataset_row (
    dataset text NOT NULL,
    version text NOT NULL,
    sample_id text NOT NULL,
    uri text NOT NULL,
    "row" integer NOT NULL,
    CONSTRAINT row_is_not_negative CHECK (("row" >= 0))
);

COMMENT ON TABLE caco.dataset_row IS 'Published rows. Grain: one row per dataset, version and sample.';

COMMENT ON COLUMN caco.dataset_row.dataset IS 'Name of the dataset.';

COMMENT ON COLUMN caco.dataset_row.version IS 'Version of the dataset.';

COMMENT ON COLUMN caco.dataset_row.sample_id IS 'The sample that was published.';

COMMENT ON COLUMN caco.dataset_row.uri IS 'Parquet file below the store''s root.';

COMMENT ON COLUMN caco.dataset_row."row" IS 'Row of that file, from 0.';

CREATE TABLE caco.fingerprint (
    kind text NOT NULL,
    hash text NOT NULL,
    owner text NOT NULL,
    run_id text NOT NULL,
    claimed_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE caco.fingerprint IS 'Claims of dedup over all runs: the first to claim a hash owns it, and owns it again when it claims again. Grain: one row per kind and hash.';

COMMENT ON COLUMN caco.fingerprint.kind IS 'What was hashed, with the version of the recipe.';

COMMENT ON COLUMN caco.fingerprint.hash IS 'The hash.';

COMMENT ON COLUMN caco.fingerprint.owner IS 'sample_id or seed_id that claimed it first.';

COMMENT ON COLUMN caco.fingerprint.run_id IS 'The run of the owner.';

COMMENT ON COLUMN caco.fingerprint.claimed_at IS 'When it was claimed, or loaded again.';

CREATE VIEW caco.funnel AS
SELECT
    NULL::text AS run_id,
    NULL::text AS pipeline,
    NULL::date AS partition,
    NULL::caco.stage AS stage,
    NULL::integer AS shards,
    NULL::bigint AS read,
    NULL::bigint AS passed,
    NULL::bigint AS failed,
    NULL::bigint AS unknown,
    NULL::double precision AS kept_share,
    NULL::bigint AS prompt_tokens,
    NULL::bigint AS completion_tokens,
    NULL::double precision AS seconds;

COMMENT ON VIEW caco.funnel IS 'How many records come into each stage, and how many go on. Grain: one row per run and stage.';

CREATE TABLE caco.verdict (
    run_id text NOT NULL,
    stage caco.stage NOT NULL,
    subject_id text NOT NULL,
    partition date NOT NULL,
    shard integer NOT NULL,
    "row" integer NOT NULL,
    outcome caco.outcome NOT NULL,
    reason caco.reason,
    detail text,
    checked integer,
    CONSTRAINT checked_is_not_negative CHECK ((checked >= 0)),
    CONSTRAINT failed_or_unknown_has_a_reason CHECK (((outcome = 'pass'::caco.outcome) = (reason IS NULL))),
    CONSTRAINT row_is_not_negative CHECK (("row" >= 0))
)
PARTITION BY RANGE (partition);

COMMENT ON TABLE caco.verdict IS 'What each stage said of each record it read. Grain: one row per run, stage and subject. Partitioned by month of the partition.';

COMMENT ON COLUMN caco.verdict.run_id IS 'The run.';

COMMENT ON COLUMN caco.verdict.stage IS 'The stage that judged.';

COMMENT ON COLUMN caco.verdict.subject_id IS 'seed_id in the pipelines seeds and codegen, sample_id in nightly.';

COMMENT ON COLUMN caco.verdict.partition IS 'The run''s partition.';

COMMENT ON COLUMN caco.verdict.shard IS 'The shard of that stage which holds the record; caco.shard has its uri.';

COMMENT ON COLUMN caco.verdict."row" IS 'The row of that shard, from 0.';

COMMENT ON COLUMN caco.verdict.outcome IS 'pass, fail or unknown.';

COMMENT ON COLUMN caco.verdict.reason IS 'Why it did not pass. NULL exactly when it passed.';

COMMENT ON COLUMN caco.verdict.detail IS 'One line for a reader: the exception, the equation, the overlapping item. NULL: nothing to add.';

COMMENT ON COLUMN caco.verdict.checked IS 'Written equations that the stage agree computed. NULL: another stage, or none were looked for.';

CREATE VIEW caco.judge_confusion AS
 SELECT run_id,
    partition,
    stage,
    answers,
    people,
    passed_right,
    passed_wrong,
    failed_right,
    failed_wrong,
    unknown_right,
    unknown_wrong,
    undecided,
    ((passed_wrong)::double precision / (NULLIF((passed_wrong + failed_wrong), 0))::double precision) AS false_pass_share,
    caco.wilson_low(passed_wrong, (passed_wrong + failed_wrong)) AS false_pass_low,
    caco.wilson_high(passed_wrong, (passed_wrong + failed_wrong)) AS false_pass_high,
    ((failed_right)::double precision / (NULLIF((failed_right + passed_right), 0))::double precision) AS false_fail_share,
    caco.wilson_low(failed_right, (failed_right + passed_right)) AS false_fail_low,
    caco.wilson_high(failed_right, (failed_right + passed_right)) AS false_fail_high
   FROM ( SELECT audit.run_id,
            verdict.partition,
            audit.stage,
            count(*) AS answers,
            count(DISTINCT audit.person) AS people,
            count(*) FILTER (WHERE ((verdict.outcome = 'pass'::caco.outcome) AND (audit.answer = 'pass'::caco.outcome))) AS passed_right,
            count(*) FILTER (WHERE ((verdict.outcome = 'pass'::caco.outcome) AND (audit.answer = 'fail'::caco.outcome))) AS passed_wrong,
            count(*) FILTER (WHERE ((verdict.outcome = 'fail'::caco.outcome) AND (audit.answer = 'pass'::caco.outcome))) AS failed_right,
            count(*) FILTER (WHERE ((verdict.outcome = 'fail'::caco.outcome) AND (audit.answer = 'fail'::caco.outcome))) AS failed_wrong,
            count(*) FILTER (WHERE ((verdict.outcome = 'unknown'::caco.outcome) AND (audit.answer = 'pass'::caco.outcome))) AS unknown_right,
            count(*) FILTER (WHERE ((verdict.outcome = 'unknown'::caco.outcome) AND (audit.answer = 'fail'::caco.outcome))) AS unknown_wrong,
            count(*) FILTER (WHERE (audit.answer = 'unknown'::caco.outcome)) AS undecided
           FROM (caco.audit
             JOIN caco.verdict USING (run_id, stage, subject_id))
          GROUP BY audit.run_id, verdict.partition, audit.stage) counted;

COMMENT ON VIEW caco.judge_confusion IS 'Checks against people. Grain: one row per run and audited stage.';

CREATE TABLE caco.model (
    run_id text NOT NULL,
    model_id text NOT NULL,
    role text NOT NULL,
    parent text,
    data_hash text NOT NULL,
    config jsonb NOT NULL,
    metrics jsonb NOT NULL,
    uri text NOT NULL,
    sha256 text NOT NULL,
    accepted boolean NOT NULL,
    CONSTRAINT sha256_is_hex CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text))
);

COMMENT ON TABLE caco.model IS 'Models trained by runs of the pipeline codegen. Grain: one row per run and model; runs that train the same on the same make the same model. A model that only came from outside has no row.';

COMMENT ON COLUMN caco.model.run_id IS 'The run that trained it.';

COMMENT ON COLUMN caco.model.model_id IS 'Hash of what it was trained from and on.';

COMMENT ON COLUMN caco.model.role IS 'What it is for: codegen, unifier, reverser, solver or judge.';

COMMENT ON COLUMN caco.model.parent IS 'The model whose weights it began with. NULL: trained from scratch.';

COMMENT ON COLUMN caco.model.data_hash IS 'Hash of the records it was trained on.';

COMMENT ON COLUMN caco.model.config IS 'Settings of the training.';

COMMENT ON COLUMN caco.model.metrics IS 'What was measured: losses before and after, tokens, steps.';

COMMENT ON COLUMN caco.model.uri IS 'Folder of the weights below the store''s root.';

COMMENT ON COLUMN caco.model.sha256 IS 'SHA-256 of the weights.';

COMMENT ON COLUMN caco.model.accepted IS 'Whether nightly runs may sample from it.';

CREATE TABLE caco.seed (
    run_id text NOT NULL,
    seed_id text NOT NULL,
    source text NOT NULL,
    revision text NOT NULL,
    licence text NOT NULL,
    key text NOT NULL,
    domain text,
    difficulty smallint,
    grade caco.grade,
    program_id text,
    CONSTRAINT difficulty_is_1_to_5 CHECK (((difficulty >= 1) AND (difficulty <= 5))),
    CONSTRAINT grade_needs_a_program CHECK (((grade IS NULL) OR (program_id IS NOT NULL)))
);

COMMENT ON TABLE caco.seed IS 'Problems of the sources, as a run read and unified them. Grain: one row per run and seed.';

COMMENT ON COLUMN caco.seed.run_id IS 'The run of the pipeline seeds.';

COMMENT ON COLUMN caco.seed.seed_id IS 'Hash of source, revision and key: the same in every run.';

COMMENT ON COLUMN caco.seed.source IS 'Name of the dataset.';

COMMENT ON COLUMN caco.seed.revision IS 'Revision of the dataset.';

COMMENT ON COLUMN caco.seed.licence IS 'Licence of this record.';

COMMENT ON COLUMN caco.seed.key IS 'The record''s own id in its source, or its position.';

COMMENT ON COLUMN caco.seed.domain IS 'Field of mathematics or science. NULL: the source does not say.';

COMMENT ON COLUMN caco.seed.difficulty IS '1 easy to 5 hard. NULL: the source does not say.';

COMMENT ON COLUMN caco.seed.grade IS 'How surely its program''s numbers are those of the problem. NULL: no program, or one written by a model.';

COMMENT ON COLUMN caco.seed.program_id IS 'The program found for it. NULL: none found, or not unified yet.';

CREATE VIEW caco.licence_of_dataset AS
 SELECT dataset.dataset,
    dataset.version,
    behind.seed_run_id,
    seed.source,
    seed.revision,
    seed.licence,
    count(*) AS seeds
   FROM ((((caco.dataset
     JOIN caco.run ON ((run.run_id = dataset.run_id)))
     CROSS JOIN LATERAL ( SELECT COALESCE(( SELECT trained.seed_run_id
                   FROM (caco.model
                     JOIN caco.run trained ON (((trained.run_id = model.run_id) AND (trained.partition <= run.partition))))
                  WHERE (model.model_id = run.model_id)
                  ORDER BY (trained.config_hash = run.config_hash) DESC, trained.partition DESC, trained.run_id
                 LIMIT 1), run.seed_run_id) AS seed_run_id) behind)
     JOIN caco.seed ON ((seed.run_id = behind.seed_run_id)))
     JOIN caco.verdict ON (((verdict.run_id = seed.run_id) AND (verdict.subject_id = seed.seed_id) AND (verdict.stage = 'unify'::caco.stage) AND (verdict.outcome = 'pass'::caco.outcome))))
  GROUP BY dataset.dataset, dataset.version, behind.seed_run_id, seed.source, seed.revision, seed.licence;

COMMENT ON VIEW caco.licence_of_dataset IS 'Licences of the seeds behind each dataset. Grain: one row per dataset, version, source, revision and licence.';

CREATE TABLE caco.migration (
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT sha256_is_hex CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text))
);

COMMENT ON TABLE caco.migration IS 'Files of sql/ that made this schema. Grain: one row per file.';

COMMENT ON COLUMN caco.migration.name IS 'Path below sql/, such as migrations/0001_types.sql or views/funnel.sql.';

COMMENT ON COLUMN caco.migration.sha256 IS 'SHA-256 of the file as applied. A migration must never change; a view may, and is then made anew.';

COMMENT ON COLUMN caco.migration.applied_at IS 'When it was applied.';

CREATE TABLE caco.program (
    program_id text NOT NULL,
    partition date NOT NULL,
    uri text NOT NULL,
    "row" integer NOT NULL,
    run_id text NOT NULL,
    stage caco.stage NOT NULL,
    code_chars integer NOT NULL,
    code_lines integer NOT NULL,
    CONSTRAINT a_program_is_found_or_sampled CHECK ((stage = ANY (ARRAY['unify'::caco.stage, 'sample'::caco.stage]))),
    CONSTRAINT code_chars_is_not_negative CHECK ((code_chars >= 0)),
    CONSTRAINT code_lines_is_not_negative CHECK ((code_lines >= 0)),
    CONSTRAINT row_is_not_negative CHECK (("row" >= 0))
);

COMMENT ON TABLE caco.program IS 'Distinct programs, found for seeds or sampled from CodeGen. Grain: one row per program_id. The other columns tell of its earliest place: by partition, then by uri and row.';

COMMENT ON COLUMN caco.program.program_id IS 'Hash of its tokens, blind to comments and layout.';

COMMENT ON COLUMN caco.program.partition IS 'Partition of its earliest run.';

COMMENT ON COLUMN caco.program.uri IS 'Shard that holds its text.';

COMMENT ON COLUMN caco.program."row" IS 'Row of that shard, from 0.';

COMMENT ON COLUMN caco.program.run_id IS 'Its earliest run.';

COMMENT ON COLUMN caco.program.stage IS 'unify: found for a seed. sample: written by CodeGen.';

COMMENT ON COLUMN caco.program.code_chars IS 'Length of the text there, in characters.';

COMMENT ON COLUMN caco.program.code_lines IS 'Length of the text there, in lines.';

CREATE VIEW caco.reject_reasons AS
 SELECT counted.run_id,
    counted.partition,
    counted.stage,
    counted.outcome,
    counted.reason,
    counted.records,
    ((counted.records)::double precision / whole.read) AS share_of_read
   FROM (( SELECT verdict.run_id,
            verdict.partition,
            verdict.stage,
            verdict.outcome,
            verdict.reason,
            count(*) AS records
           FROM caco.verdict
          WHERE (verdict.outcome <> 'pass'::caco.outcome)
          GROUP BY verdict.run_id, verdict.partition, verdict.stage, verdict.outcome, verdict.reason) counted
     JOIN ( SELECT shard.run_id,
            shard.stage,
            (sum(shard.read))::double precision AS read
           FROM caco.shard
          GROUP BY shard.run_id, shard.stage) whole USING (run_id, stage));

COMMENT ON VIEW caco.reject_reasons IS 'Why records did not pass. Grain: one row per run, stage, outcome and reason.';

CREATE VIEW caco.run_comparison AS
 SELECT a_run.run_id AS a_run_id,
    b_run.run_id AS b_run_id,
    a_run.pipeline,
    a_run.partition AS a_partition,
    b_run.partition AS b_partition,
    (a_run.config_hash = b_run.config_hash) AS is_same_config,
    step.stage,
    a.read AS a_read,
    b.read AS b_read,
    a.passed AS a_passed,
    b.passed AS b_passed,
    a.unknown AS a_unknown,
    b.unknown AS b_unknown,
    a.kept_share AS a_kept_share,
    b.kept_share AS b_kept_share,
    (b.kept_share - a.kept_share) AS difference,
    a.seconds AS a_seconds,
    b.seconds AS b_seconds
   FROM ((((caco.run a_run
     JOIN caco.run b_run ON (((b_run.pipeline = a_run.pipeline) AND (b_run.run_id <> a_run.run_id))))
     CROSS JOIN LATERAL ( SELECT DISTINCT shard.stage
           FROM caco.shard
          WHERE (shard.run_id = ANY (ARRAY[a_run.run_id, b_run.run_id]))) step)
     LEFT JOIN caco.funnel a ON (((a.run_id = a_run.run_id) AND (a.stage = step.stage))))
     LEFT JOIN caco.funnel b ON (((b.run_id = b_run.run_id) AND (b.stage = step.stage))));

COMMENT ON VIEW caco.run_comparison IS 'Two runs beside each other. Grain: one row per ordered pair of runs of one pipeline, and stage.';

CREATE TABLE caco.sample (
    sample_id text NOT NULL,
    run_id text NOT NULL,
    stage caco.stage DEFAULT 'sample'::caco.stage NOT NULL,
    shard integer NOT NULL,
    "row" integer NOT NULL,
    partition date NOT NULL,
    program_id text NOT NULL,
    CONSTRAINT a_sample_is_made_by_sample CHECK ((stage = 'sample'::caco.stage)),
    CONSTRAINT row_is_not_negative CHECK (("row" >= 0))
);

COMMENT ON TABLE caco.sample IS 'Candidates, from sampled program on. Grain: one row per sample. Where its texts are: view text_address; what became of it: table verdict.';

COMMENT ON COLUMN caco.sample.sample_id IS 'Hash of run, stage, shard and row.';

COMMENT ON COLUMN caco.sample.run_id IS 'The nightly run that sampled it.';

COMMENT ON COLUMN caco.sample.stage IS 'The stage that made it: sample.';

COMMENT ON COLUMN caco.sample.shard IS 'The shard of that stage; caco.shard has its uri.';

COMMENT ON COLUMN caco.sample."row" IS 'The row of that shard, from 0: there is the program''s text.';

COMMENT ON COLUMN caco.sample.partition IS 'The run''s partition.';

COMMENT ON COLUMN caco.sample.program_id IS 'Its program. It has no row in caco.program where the reply held no code.';

CREATE VIEW caco.sample_lineage AS
 SELECT published.dataset,
    published.version,
    published.sample_id,
    published.uri AS published_uri,
    published."row" AS published_row,
    sample.run_id,
    run.partition,
    run.config_hash,
    run.code_version,
    sample.program_id,
    program.run_id AS program_first_run_id,
    run.model_id,
    codegen.run_id AS codegen_run_id,
    COALESCE(codegen.seed_run_id, run.seed_run_id) AS seed_run_id,
    sampled.request_id AS sample_request_id,
    sampled.model_id AS sample_model_id,
    reversed.request_id AS reverse_request_id,
    reversed.model_id AS reverse_model_id,
    reversed.prompt AS reverse_prompt,
    solved.request_id AS solve_request_id,
    solved.model_id AS solve_model_id,
    solved.prompt AS solve_prompt,
    judged.request_id AS judge_request_id,
    judged.model_id AS judge_model_id,
    judged.prompt AS judge_prompt,
    execution.sandbox_level,
    trail.shards
   FROM ((((((((((caco.dataset_row published
     JOIN caco.sample USING (sample_id))
     JOIN caco.run ON ((run.run_id = sample.run_id)))
     LEFT JOIN caco.program ON ((program.program_id = sample.program_id)))
     LEFT JOIN LATERAL ( SELECT trained.run_id,
            trained.seed_run_id
           FROM (caco.model
             JOIN caco.run trained ON (((trained.run_id = model.run_id) AND (trained.partition <= run.partition))))
          WHERE (model.model_id = run.model_id)
          ORDER BY (trained.config_hash = run.config_hash) DESC, trained.partition DESC, trained.run_id
         LIMIT 1) codegen ON (true))
     LEFT JOIN caco.request_usage sampled ON (((sampled.run_id = sample.run_id) AND (sampled.subject_id = sample.sample_id) AND (sampled.stage = 'sample'::caco.stage))))
     LEFT JOIN caco.request_usage reversed ON (((reversed.run_id = sample.run_id) AND (reversed.subject_id = sample.sample_id) AND (reversed.stage = 'reverse'::caco.stage))))
     LEFT JOIN caco.request_usage solved ON (((solved.run_id = sample.run_id) AND (solved.subject_id = sample.sample_id) AND (solved.stage = 'solve'::caco.stage))))
     LEFT JOIN caco.request_usage judged ON (((judged.run_id = sample.run_id) AND (judged.subject_id = sample.sample_id) AND (judged.stage = 'judge'::caco.stage))))
     LEFT JOIN caco.execution ON (((execution.run_id = sample.run_id) AND (execution.subject_id = sample.sample_id) AND (execution.stage = 'execute'::caco.stage))))
     LEFT JOIN LATERAL ( SELECT jsonb_object_agg(verdict.stage, jsonb_build_object('uri', shard.uri, 'row', verdict."row")) AS shards
           FROM (caco.verdict
             JOIN caco.shard USING (run_id, stage, shard))
          WHERE ((verdict.subject_id = sample.sample_id) AND (verdict.run_id = sample.run_id) AND (verdict.partition = sample.partition))) trail ON (true));

COMMENT ON VIEW caco.sample_lineage IS 'All the ancestors of each published row. Grain: one row per dataset, version and sample.';

CREATE TABLE caco.source (
    source text NOT NULL,
    revision text NOT NULL,
    licence text NOT NULL
);

COMMENT ON TABLE caco.source IS 'Upstream datasets that were read. Grain: one row per source, revision and licence; records of one source may have different licences.';

COMMENT ON COLUMN caco.source.source IS 'Name of the dataset.';

COMMENT ON COLUMN caco.source.revision IS 'Commit, version or content hash of the file read.';

COMMENT ON COLUMN caco.source.licence IS 'SPDX expression or the publisher''s words.';

CREATE VIEW caco.text_address AS
 SELECT verdict.run_id,
    verdict.partition,
    verdict.subject_id,
    kind.text,
    shard.uri,
    verdict."row"
   FROM ((( VALUES ('seeds'::caco.stage,'seed problem'::text), ('unify'::caco.stage,'seed program'::text), ('sample'::caco.stage,'program'::text), ('reverse'::caco.stage,'problem'::text), ('solve'::caco.stage,'solution'::text), ('judge'::caco.stage,'judgement'::text)) kind(stage, text)
     JOIN caco.verdict USING (stage))
     JOIN caco.shard USING (run_id, stage, shard));

COMMENT ON VIEW caco.text_address IS 'Where in the store each text is. Grain: one row per run, subject and kind of text.';

CREATE VIEW caco.yield_by_model AS
 SELECT asked.run_id,
    verdict.partition,
    asked.stage,
    asked.model_id,
    asked.prompt,
    count(*) AS replies,
    count(*) FILTER (WHERE (verdict.outcome = 'pass'::caco.outcome)) AS kept,
    count(*) FILTER (WHERE (verdict.outcome = 'unknown'::caco.outcome)) AS unknown,
    count(*) FILTER (WHERE (asked.finish_reason = 'length'::text)) AS cut_off,
    count(*) FILTER (WHERE (published.sample_id IS NOT NULL)) AS published,
    ((count(*) FILTER (WHERE (verdict.outcome = 'pass'::caco.outcome)))::double precision / (count(*))::double precision) AS kept_share,
    ((count(*) FILTER (WHERE (published.sample_id IS NOT NULL)))::double precision / (count(*))::double precision) AS published_share,
    sum(asked.prompt_tokens) AS prompt_tokens,
    sum(asked.completion_tokens) AS completion_tokens,
    sum(asked.seconds) AS seconds
   FROM ((caco.request_usage asked
     JOIN caco.verdict USING (run_id, stage, subject_id))
     LEFT JOIN ( SELECT DISTINCT dataset_row.sample_id
           FROM caco.dataset_row) published ON ((published.sample_id = asked.subject_id)))
  GROUP BY asked.run_id, verdict.partition, asked.stage, asked.model_id, asked.prompt;

COMMENT ON VIEW caco.yield_by_model IS 'How much of what a model writes is kept. Grain: one row per run, stage, model and prompt.';

CREATE VIEW caco.yield_by_seed_source AS
 SELECT seed.run_id,
    run.partition,
    seed.source,
    seed.revision,
    seed.licence,
    count(*) AS problems,
    count(*) FILTER (WHERE (read.outcome = 'pass'::caco.outcome)) AS readable,
    count(seed.program_id) AS converted,
    count(*) FILTER (WHERE (unified.outcome = 'pass'::caco.outcome)) AS verified,
    ((count(*) FILTER (WHERE (unified.outcome = 'pass'::caco.outcome)))::double precision / (count(*))::double precision) AS verified_share,
    count(*) FILTER (WHERE ((unified.outcome = 'pass'::caco.outcome) AND (seed.grade = 'S'::caco.grade))) AS verified_s,
    count(*) FILTER (WHERE ((unified.outcome = 'pass'::caco.outcome) AND (seed.grade = 'A+'::caco.grade))) AS verified_a_plus,
    count(*) FILTER (WHERE ((unified.outcome = 'pass'::caco.outcome) AND (seed.grade = 'A'::caco.grade))) AS verified_a,
    count(*) FILTER (WHERE ((unified.outcome = 'pass'::caco.outcome) AND (seed.grade = 'B'::caco.grade))) AS verified_b,
    count(*) FILTER (WHERE ((unified.outcome = 'pass'::caco.outcome) AND (seed.grade = 'C'::caco.grade))) AS verified_c,
    count(*) FILTER (WHERE ((unified.outcome = 'pass'::caco.outcome) AND (seed.grade = 'R'::caco.grade))) AS verified_r,
    count(*) FILTER (WHERE ((unified.outcome = 'pass'::caco.outcome) AND (seed.grade = 'D'::caco.grade))) AS verified_d,
    count(*) FILTER (WHERE ((unified.outcome = 'pass'::caco.outcome) AND (seed.grade IS NULL))) AS verified_by_model
   FROM (((caco.seed
     JOIN caco.run USING (run_id))
     LEFT JOIN caco.verdict read ON (((read.run_id = seed.run_id) AND (read.subject_id = seed.seed_id) AND (read.stage = 'seeds'::caco.stage))))
     LEFT JOIN caco.verdict unified ON (((unified.run_id = seed.run_id) AND (unified.subject_id = seed.seed_id) AND (unified.stage = 'unify'::caco.stage))))
  GROUP BY seed.run_id, run.partition, seed.source, seed.revision, seed.licence;

COMMENT ON VIEW caco.yield_by_seed_source IS 'How many problems of each source became verified seed programs. Grain: one row per run, source, revision and licence.';

ALTER TABLE ONLY caco.dataset_row
    ADD CONSTRAINT a_sample_is_published_once_per_version PRIMARY KEY (dataset, version, sample_id);

ALTER TABLE ONLY caco.benchmark_overlap
    ADD CONSTRAINT benchmark_overlap_pkey PRIMARY KEY (run_id, stage, subject_id, number);

ALTER TABLE ONLY caco.dataset
    ADD CONSTRAINT dataset_pkey PRIMARY KEY (dataset, version);

ALTER TABLE ONLY caco.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (name);

ALTER TABLE ONLY caco.model
    ADD CONSTRAINT model_pkey PRIMARY KEY (run_id, model_id);

ALTER TABLE ONLY caco.audit
    ADD CONSTRAINT one_answer_per_person_and_subject PRIMARY KEY (run_id, stage, subject_id, person);

ALTER TABLE ONLY caco.execution
    ADD CONSTRAINT one_execution_per_run_stage_and_subject PRIMARY KEY (run_id, stage, subject_id);

ALTER TABLE ONLY caco.fingerprint
    ADD CONSTRAINT one_owner_per_kind_and_hash PRIMARY KEY (kind, hash);

ALTER TABLE ONLY caco.request_usage
    ADD CONSTRAINT one_request_per_run_stage_and_subject PRIMARY KEY (run_id, stage, subject_id);

ALTER TABLE ONLY caco.shard
    ADD CONSTRAINT one_shard_per_run_stage_and_number PRIMARY KEY (run_id, stage, shard);

ALTER TABLE ONLY caco.verdict
    ADD CONSTRAINT one_verdict_per_run_stage_and_subject PRIMARY KEY (run_id, stage, subject_id, partition);

ALTER TABLE ONLY caco.program
    ADD CONSTRAINT program_pkey PRIMARY KEY (program_id);

ALTER TABLE ONLY caco.run
    ADD CONSTRAINT run_pkey PRIMARY KEY (run_id);

ALTER TABLE ONLY caco.sample
    ADD CONSTRAINT sample_pkey PRIMARY KEY (sample_id);

ALTER TABLE ONLY caco.seed
    ADD CONSTRAINT seed_pkey PRIMARY KEY (run_id, seed_id);

ALTER TABLE ONLY caco.source
    ADD CONSTRAINT source_pkey PRIMARY KEY (source, revision, licence);

CREATE INDEX dataset_by_run ON caco.dataset USING btree (run_id);

CREATE INDEX dataset_row_by_sample ON caco.dataset_row USING btree (sample_id);

CREATE INDEX execution_by_subject ON caco.execution USING btree (subject_id);

CREATE INDEX fingerprint_by_owner ON caco.fingerprint USING btree (owner);

CREATE INDEX model_by_id ON caco.model USING btree (model_id);

CREATE INDEX program_by_run ON caco.program USING btree (run_id);

CREATE INDEX request_usage_by_model ON caco.request_usage USING btree (model_id);

CREATE INDEX request_usage_by_subject ON caco.request_usage USING btree (subject_id);

CREATE INDEX run_by_partition ON caco.run USING btree (partition, created_at);

CREATE INDEX sample_by_program ON caco.sample USING btree (program_id);

CREATE INDEX sample_by_run ON caco.sample USING btree (run_id, shard);

CREATE INDEX seed_by_id ON caco.seed USING btree (seed_id);

CREATE INDEX seed_by_program ON caco.seed USING btree (program_id);

CREATE INDEX verdict_by_shard ON ONLY caco.verdict USING btree (run_id, stage, shard);

CREATE INDEX verdict_by_subject ON ONLY caco.verdict USING btree (subject_id);

CREATE OR REPLACE VIEW caco.funnel AS
 SELECT run.run_id,
    run.pipeline,
    run.partition,
    shard.stage,
    (count(*))::integer AS shards,
    (sum(shard.read))::bigint AS read,
    (sum(shard.passed))::bigint AS passed,
    (sum(shard.failed))::bigint AS failed,
    (sum(shard.unknown))::bigint AS unknown,
    ((sum(shard.passed))::double precision / (NULLIF(sum(shard.read), (0)::numeric))::double precision) AS kept_share,
    (sum(shard.prompt_tokens))::bigint AS prompt_tokens,
    (sum(shard.completion_tokens))::bigint AS completion_tokens,
    sum(shard.seconds) AS seconds
   FROM (caco.run
     JOIN caco.shard USING (run_id))
  GROUP BY run.run_id, shard.stage;

ALTER TABLE ONLY caco.audit
    ADD CONSTRAINT audit_run_id_fkey FOREIGN KEY (run_id) REFERENCES caco.run(run_id) ON DELETE CASCADE;

ALTER TABLE ONLY caco.dataset
    ADD CONSTRAINT dataset_run_id_fkey FOREIGN KEY (run_id) REFERENCES caco.run(run_id) ON DELETE CASCADE;

ALTER TABLE ONLY caco.execution
    ADD CONSTRAINT execution_is_of_a_shard FOREIGN KEY (run_id, stage, shard) REFERENCES caco.shard(run_id, stage, shard) ON DELETE CASCADE;

ALTER TABLE ONLY caco.model
    ADD CONSTRAINT model_run_id_fkey FOREIGN KEY (run_id) REFERENCES caco.run(run_id) ON DELETE CASCADE;

ALTER TABLE ONLY caco.benchmark_overlap
    ADD CONSTRAINT overlap_is_of_a_shard FOREIGN KEY (run_id, stage, shard) REFERENCES caco.shard(run_id, stage, shard) ON DELETE CASCADE;

ALTER TABLE ONLY caco.program
    ADD CONSTRAINT program_run_id_fkey FOREIGN KEY (run_id) REFERENCES caco.run(run_id) ON DELETE CASCADE;

ALTER TABLE ONLY caco.request_usage
    ADD CONSTRAINT request_is_of_a_shard FOREIGN KEY (run_id, stage, shard) REFERENCES caco.shard(run_id, stage, shard) ON DELETE CASCADE;

ALTER TABLE ONLY caco.dataset_row
    ADD CONSTRAINT row_is_of_a_dataset FOREIGN KEY (dataset, version) REFERENCES caco.dataset(dataset, version) ON DELETE CASCADE;

ALTER TABLE ONLY caco.sample
    ADD CONSTRAINT sample_is_of_a_shard FOREIGN KEY (run_id, stage, shard) REFERENCES caco.shard(run_id, stage, shard) ON DELETE CASCADE;

ALTER TABLE ONLY caco.seed
    ADD CONSTRAINT seed_has_a_source FOREIGN KEY (source, revision, licence) REFERENCES caco.source(source, revision, licence);

ALTER TABLE ONLY caco.seed
    ADD CONSTRAINT seed_run_id_fkey FOREIGN KEY (run_id) REFERENCES caco.run(run_id) ON DELETE CASCADE;

ALTER TABLE ONLY caco.shard
    ADD CONSTRAINT shard_run_id_fkey FOREIGN KEY (run_id) REFERENCES caco.run(run_id) ON DELETE CASCADE;

ALTER TABLE caco.verdict
    ADD CONSTRAINT verdict_is_of_a_shard FOREIGN KEY (run_id, stage, shard) REFERENCES caco.shard(run_id, stage, shard) ON DELETE CASCADE;

GRANT USAGE ON SCHEMA caco TO caco_writer;
GRANT USAGE ON SCHEMA caco TO caco_analyst;

REVOKE ALL ON FUNCTION caco.ensure_verdict_partition(day date) FROM PUBLIC;
GRANT ALL ON FUNCTION caco.ensure_verdict_partition(day date) TO caco_writer;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.audit TO caco_writer;
GRANT SELECT ON TABLE caco.audit TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.benchmark_overlap TO caco_writer;
GRANT SELECT ON TABLE caco.benchmark_overlap TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.run TO caco_writer;
GRANT SELECT ON TABLE caco.run TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.shard TO caco_writer;
GRANT SELECT ON TABLE caco.shard TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.benchmark_overlap_report TO caco_writer;
GRANT SELECT ON TABLE caco.benchmark_overlap_report TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.dataset TO caco_writer;
GRANT SELECT ON TABLE caco.dataset TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.execution TO caco_writer;
GRANT SELECT ON TABLE caco.execution TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.request_usage TO caco_writer;
GRANT SELECT ON TABLE caco.request_usage TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.cost_per_row TO caco_writer;
GRANT SELECT ON TABLE caco.cost_per_row TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.dataset_row TO caco_writer;
GRANT SELECT ON TABLE caco.dataset_row TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.fingerprint TO caco_writer;
GRANT SELECT ON TABLE caco.fingerprint TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.funnel TO caco_writer;
GRANT SELECT ON TABLE caco.funnel TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.verdict TO caco_writer;
GRANT SELECT ON TABLE caco.verdict TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.judge_confusion TO caco_writer;
GRANT SELECT ON TABLE caco.judge_confusion TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.model TO caco_writer;
GRANT SELECT ON TABLE caco.model TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.seed TO caco_writer;
GRANT SELECT ON TABLE caco.seed TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.licence_of_dataset TO caco_writer;
GRANT SELECT ON TABLE caco.licence_of_dataset TO caco_analyst;

GRANT SELECT ON TABLE caco.migration TO caco_writer;
GRANT SELECT ON TABLE caco.migration TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.program TO caco_writer;
GRANT SELECT ON TABLE caco.program TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.reject_reasons TO caco_writer;
GRANT SELECT ON TABLE caco.reject_reasons TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.run_comparison TO caco_writer;
GRANT SELECT ON TABLE caco.run_comparison TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.sample TO caco_writer;
GRANT SELECT ON TABLE caco.sample TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.sample_lineage TO caco_writer;
GRANT SELECT ON TABLE caco.sample_lineage TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.source TO caco_writer;
GRANT SELECT ON TABLE caco.source TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.text_address TO caco_writer;
GRANT SELECT ON TABLE caco.text_address TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.yield_by_model TO caco_writer;
GRANT SELECT ON TABLE caco.yield_by_model TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.yield_by_seed_source TO caco_writer;
GRANT SELECT ON TABLE caco.yield_by_seed_source TO caco_analyst;
