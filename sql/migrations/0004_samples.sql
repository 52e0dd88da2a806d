-- What became of every record: samples, verdicts, executions and requests to models.

CREATE TABLE caco.sample (
    sample_id  text PRIMARY KEY,
    run_id     text NOT NULL,
    stage      caco.stage NOT NULL DEFAULT 'sample' CONSTRAINT a_sample_is_made_by_sample CHECK (stage = 'sample'),
    shard      integer NOT NULL,
    row        integer NOT NULL CONSTRAINT row_is_not_negative CHECK (row >= 0),
    partition  date NOT NULL,
    program_id text NOT NULL,
    CONSTRAINT sample_is_of_a_shard FOREIGN KEY (run_id, stage, shard) REFERENCES caco.shard ON DELETE CASCADE
);
CREATE INDEX sample_by_run ON caco.sample (run_id, shard);
CREATE INDEX sample_by_program ON caco.sample (program_id);
COMMENT ON TABLE  caco.sample IS 'Candidates, from sampled program on. Grain: one row per sample. Where its texts are: view text_address; what became of it: table verdict.';
COMMENT ON COLUMN caco.sample.sample_id IS 'Hash of run, stage, shard and row.';
COMMENT ON COLUMN caco.sample.run_id IS 'The nightly run that sampled it.';
COMMENT ON COLUMN caco.sample.stage IS 'The stage that made it: sample.';
COMMENT ON COLUMN caco.sample.shard IS 'The shard of that stage; caco.shard has its uri.';
COMMENT ON COLUMN caco.sample.row IS 'The row of that shard, from 0: there is the program''s text.';
COMMENT ON COLUMN caco.sample.partition IS 'The run''s partition.';
COMMENT ON COLUMN caco.sample.program_id IS 'Its program. It has no row in caco.program where the reply held no code.';

CREATE TABLE caco.verdict (
    run_id     text NOT NULL,
    stage      caco.stage NOT NULL,
    subject_id text NOT NULL,
    partition  date NOT NULL,
    shard      integer NOT NULL,
    row        integer NOT NULL CONSTRAINT row_is_not_negative CHECK (row >= 0),
    outcome    caco.outcome NOT NULL,
    reason     caco.reason,
    detail     text,
    checked    integer CONSTRAINT checked_is_not_negative CHECK (checked >= 0),
    CONSTRAINT one_verdict_per_run_stage_and_subject PRIMARY KEY (run_id, stage, subject_id, partition),
    CONSTRAINT verdict_is_of_a_shard FOREIGN KEY (run_id, stage, shard) REFERENCES caco.shard ON DELETE CASCADE,
    CONSTRAINT failed_or_unknown_has_a_reason CHECK ((outcome = 'pass') = (reason IS NULL))
) PARTITION BY RANGE (partition);
CREATE INDEX verdict_by_subject ON caco.verdict (subject_id);
CREATE INDEX verdict_by_shard ON caco.verdict (run_id, stage, shard);
COMMENT ON TABLE  caco.verdict IS 'What each stage said of each record it read. Grain: one row per run, stage and subject. Partitioned by month of the partition.';
COMMENT ON COLUMN caco.verdict.run_id IS 'The run.';
COMMENT ON COLUMN caco.verdict.stage IS 'The stage that judged.';
COMMENT ON COLUMN caco.verdict.subject_id IS 'seed_id in the pipelines seeds and codegen, sample_id in nightly.';
COMMENT ON COLUMN caco.verdict.partition IS 'The run''s partition.';
COMMENT ON COLUMN caco.verdict.shard IS 'The shard of that stage which holds the record; caco.shard has its uri.';
COMMENT ON COLUMN caco.verdict.row IS 'The row of that shard, from 0.';
COMMENT ON COLUMN caco.verdict.outcome IS 'pass, fail or unknown.';
COMMENT ON COLUMN caco.verdict.reason IS 'Why it did not pass. NULL exactly when it passed.';
COMMENT ON COLUMN caco.verdict.detail IS 'One line for a reader: the exception, the equation, the overlapping item. NULL: nothing to add.';
COMMENT ON COLUMN caco.verdict.checked IS 'Written equations that the stage agree computed. NULL: another stage, or none were looked for.';

CREATE FUNCTION caco.ensure_verdict_partition(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
REVOKE ALL ON FUNCTION caco.ensure_verdict_partition(date) FROM PUBLIC;
COMMENT ON FUNCTION caco.ensure_verdict_partition(date) IS 'Makes the table of a month''s verdicts, unless it is there. The writer may call it, though it may create no tables itself.';

CREATE TABLE caco.execution (
    run_id         text NOT NULL,
    stage          caco.stage NOT NULL,
    subject_id     text NOT NULL,
    shard          integer NOT NULL,
    program_id     text NOT NULL,
    output_type    text,
    is_error       boolean NOT NULL,
    wall_seconds   double precision NOT NULL,
    cpu_seconds    double precision NOT NULL,
    peak_memory_mb double precision NOT NULL,
    sandbox_level  text NOT NULL,
    CONSTRAINT one_execution_per_run_stage_and_subject PRIMARY KEY (run_id, stage, subject_id),
    CONSTRAINT execution_is_of_a_shard FOREIGN KEY (run_id, stage, shard) REFERENCES caco.shard ON DELETE CASCADE,
    CONSTRAINT measures_are_not_negative CHECK (wall_seconds >= 0 AND cpu_seconds >= 0 AND peak_memory_mb >= 0)
);
CREATE INDEX execution_by_subject ON caco.execution (subject_id);
COMMENT ON TABLE  caco.execution IS 'What the sandbox measured when it ran a program; its output is in the store. Grain: one row per run, stage and subject.';
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
    run_id            text NOT NULL,
    stage             caco.stage NOT NULL,
    subject_id        text NOT NULL,
    shard             integer NOT NULL,
    request_id        text NOT NULL,
    model_id          text NOT NULL,
    prompt            text NOT NULL,
    finish_reason     text NOT NULL,
    prompt_tokens     integer NOT NULL,
    completion_tokens integer NOT NULL,
    seconds           double precision NOT NULL,
    CONSTRAINT one_request_per_run_stage_and_subject PRIMARY KEY (run_id, stage, subject_id),
    CONSTRAINT request_is_of_a_shard FOREIGN KEY (run_id, stage, shard) REFERENCES caco.shard ON DELETE CASCADE,
    CONSTRAINT usage_is_not_negative CHECK (prompt_tokens >= 0 AND completion_tokens >= 0 AND seconds >= 0)
);
CREATE INDEX request_usage_by_subject ON caco.request_usage (subject_id);
CREATE INDEX request_usage_by_model ON caco.request_usage (model_id);
COMMENT ON TABLE  caco.request_usage IS 'What each reply of a model cost. Grain: one row per run, stage and subject.';
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
