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

CREATE TYPE caco.part AS ENUM (
    'program',
    'problem',
    'solution'
);

COMMENT ON TYPE caco.part IS 'Parts of a sample, in the order in which they are made.';

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
    'same_problem',
    'empty',
    'leaks_code',
    'leaks_answer',
    'names_no_input',
    'foreign_number',
    'no_question',
    'values_exchanged',
    'no_final_answer',
    'answers_differ',
    'false_equation',
    'ungrounded_number',
    'input_not_used',
    'answer_not_reached',
    'wrong_unit',
    'checker_timeout',
    'inconsistent',
    'ill_posed',
    'unparseable_judgement',
    'judges_disagree',
    'benchmark_overlap',
    'benchmark_review'
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
    'student',
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

CREATE FUNCTION caco.mcnemar_p(gained bigint, lost bigint) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN ((gained + lost) = 0) THEN (1)::double precision ELSE (SELECT LEAST((1)::double precision, ((2)::double precision * sum(exp(GREATEST((of_binomial.ways - (((mcnemar_p.gained + mcnemar_p.lost))::double precision * ln((2)::double precision))), ('-700'::integer)::double precision))))) AS "least" FROM (SELECT (0)::double precision AS ways UNION ALL SELECT sum(ln((((((mcnemar_p.gained + mcnemar_p.lost) - i.i) + 1))::double precision / (i.i)::double precision))) OVER (ORDER BY i.i) AS sum FROM generate_series((1)::bigint, LEAST(mcnemar_p.gained, mcnemar_p.lost)) i(i)) of_binomial) END;

COMMENT ON FUNCTION caco.mcnemar_p(gained bigint, lost bigint) IS 'Two-sided p of the exact McNemar test: how often chance alone splits the items on which two contenders differ at least so unevenly.';

CREATE FUNCTION caco.paired_low(gained bigint, lost bigint, total bigint) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (total > 0) THEN GREATEST(('-1'::integer)::double precision, ((((gained - lost))::double precision / ((total + 2))::double precision) - ((1.959964)::double precision * sqrt(((((((gained + lost) + 2))::double precision / ((total + 2))::double precision) - ((((gained - lost))::double precision / ((total + 2))::double precision) ^ (2)::double precision)) / ((total + 2))::double precision))))) ELSE NULL::double precision END;

COMMENT ON FUNCTION caco.paired_low(gained bigint, lost bigint, total bigint) IS 'Lower end of the 95 % interval of a difference of paired shares, after Bonett and Price (doi 10.3102/1076998611411915). NULL where total is 0.';

CREATE FUNCTION caco.paired_high(gained bigint, lost bigint, total bigint) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (- caco.paired_low(lost, gained, total));

COMMENT ON FUNCTION caco.paired_high(gained bigint, lost bigint, total bigint) IS 'Upper end of the 95 % interval of a difference of paired shares, after Bonett and Price. NULL where total is 0.';

CREATE FUNCTION caco.pass_at_k(hits bigint, drawn bigint, k bigint) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (drawn < k) THEN NULL::double precision WHEN ((drawn - hits) < k) THEN (1)::double precision ELSE ((1)::double precision - COALESCE((SELECT exp(sum(ln(((1)::double precision - ((pass_at_k.k)::double precision / (i.i)::double precision))))) AS exp FROM generate_series(((pass_at_k.drawn - pass_at_k.hits) + 1), pass_at_k.drawn) i(i)), (1)::double precision)) END;

COMMENT ON FUNCTION caco.pass_at_k(hits bigint, drawn bigint, k bigint) IS 'Chance that one of k answers is right, without bias, where hits of drawn were (arXiv 2107.03374). NULL: fewer than k were drawn.';

CREATE FUNCTION caco.share_low(hits double precision, hits_down double precision, rest double precision, rest_up double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN ((hits + rest) <= (0)::double precision) THEN NULL::double precision WHEN (hits <= hits_down) THEN (0)::double precision WHEN ((rest = (0)::double precision) AND (rest_up = (0)::double precision)) THEN (1)::double precision ELSE (((hits * hits) - (hits_down * hits_down)) / ((((hits * hits) - (hits_down * hits_down)) + (hits * rest)) + sqrt(((((rest * rest) * hits_down) * hits_down) + ((rest_up * rest_up) * ((hits * hits) - (hits_down * hits_down))))))) END;

COMMENT ON FUNCTION caco.share_low(hits double precision, hits_down double precision, rest double precision, rest_up double precision) IS 'Lower end of the interval of hits / (hits + rest), two independent estimates: hits may be too high by hits_down, rest too low by rest_up, each at 95 %. The upper end is 1 - the lower end of rest / (hits + rest). NULL where both are 0.';

CREATE FUNCTION caco.wilson_high(hits bigint, total bigint) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (total > 0) THEN LEAST((1)::double precision, (((((hits)::numeric + 1.920729))::double precision + ((1.959964)::double precision * sqrt(((((hits)::double precision * ((total - hits))::double precision) / (total)::double precision) + (0.960365)::double precision)))) / (((total)::numeric + 3.841459))::double precision)) ELSE NULL::double precision END;

COMMENT ON FUNCTION caco.wilson_high(hits bigint, total bigint) IS 'Upper end of the 95 % Wilson interval of the share hits / total. NULL where total is 0.';

CREATE FUNCTION caco.wilson_low(hits bigint, total bigint) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (total > 0) THEN GREATEST((0)::double precision, (((((hits)::numeric + 1.920729))::double precision - ((1.959964)::double precision * sqrt(((((hits)::double precision * ((total - hits))::double precision) / (total)::double precision) + (0.960365)::double precision)))) / (((total)::numeric + 3.841459))::double precision)) ELSE NULL::double precision END;

COMMENT ON FUNCTION caco.wilson_low(hits bigint, total bigint) IS 'Lower end of the 95 % Wilson interval of the share hits / total. NULL where total is 0.';

CREATE TABLE caco.attempt (
    run_id text NOT NULL,
    attempt_id text NOT NULL,
    stage caco.stage DEFAULT 'evaluate'::caco.stage NOT NULL,
    shard integer NOT NULL,
    "row" integer NOT NULL,
    contender text NOT NULL,
    benchmark text NOT NULL,
    item text NOT NULL,
    number integer NOT NULL,
    CONSTRAINT an_attempt_is_made_by_evaluate CHECK ((stage = 'evaluate'::caco.stage)),
    CONSTRAINT contender_is_base_or_student CHECK ((contender = ANY (ARRAY['base'::text, 'student'::text]))),
    CONSTRAINT number_is_not_negative CHECK ((number >= 0)),
    CONSTRAINT row_is_not_negative CHECK (("row" >= 0))
);

COMMENT ON TABLE caco.attempt IS 'Answers of a base and of its student to benchmark items. Grain: one row per run and attempt. Whether it was right: table verdict; its text: uri of the shard, row.';

COMMENT ON COLUMN caco.attempt.run_id IS 'The run, of the pipeline evaluate.';

COMMENT ON COLUMN caco.attempt.attempt_id IS 'Hash of run, contender, benchmark, item and number.';

COMMENT ON COLUMN caco.attempt.stage IS 'The stage that made it: evaluate.';

COMMENT ON COLUMN caco.attempt.shard IS 'The shard of that stage; caco.shard has its uri.';

COMMENT ON COLUMN caco.attempt."row" IS 'The row of that shard, from 0.';

COMMENT ON COLUMN caco.attempt.contender IS 'base, or student: the base after training on the dataset.';

COMMENT ON COLUMN caco.attempt.benchmark IS 'Name of the benchmark; bank is the bundled bank with numbers that nothing was trained on.';

COMMENT ON COLUMN caco.attempt.item IS 'The item''s id in the benchmark, or its position.';

COMMENT ON COLUMN caco.attempt.number IS '0: the greedy answer. From 1 up: the sampled answers of pass@k.';

CREATE TABLE caco.audit (
    run_id text NOT NULL,
    stage caco.stage NOT NULL,
    subject_id text NOT NULL,
    person text NOT NULL,
    answer caco.outcome NOT NULL,
    note text,
    answered_at timestamp with time zone NOT NULL,
    wrong_part caco.part,
    CONSTRAINT only_what_fails_has_a_wrong_part CHECK (((wrong_part IS NULL) OR (answer = 'fail'::caco.outcome)))
);

COMMENT ON TABLE caco.audit IS 'What people said of records that a stage had judged. Grain: one row per run, stage, subject and person.';

COMMENT ON COLUMN caco.audit.run_id IS 'The run.';

COMMENT ON COLUMN caco.audit.stage IS 'The stage that had the last word on the record.';

COMMENT ON COLUMN caco.audit.subject_id IS 'seed_id or sample_id.';

COMMENT ON COLUMN caco.audit.person IS 'Who answered.';

COMMENT ON COLUMN caco.audit.answer IS 'pass: the record is right. fail: it is wrong. unknown: the person cannot tell.';

COMMENT ON COLUMN caco.audit.note IS 'What else the person said. NULL: nothing.';

COMMENT ON COLUMN caco.audit.answered_at IS 'When the person answered.';

COMMENT ON COLUMN caco.audit.wrong_part IS 'The first part that is wrong: what comes after it need not be. NULL: the record is not wrong, or the person did not say.';

CREATE TABLE caco.audit_draw (
    draw_id text NOT NULL,
    run_id text NOT NULL,
    max_rows integer NOT NULL,
    CONSTRAINT max_rows_is_positive CHECK ((max_rows > 0))
);

COMMENT ON TABLE caco.audit_draw IS 'Random draws of rows for people to judge. Grain: one row per draw.';

COMMENT ON COLUMN caco.audit_draw.draw_id IS 'Hash of run and max_rows: the same again is the same draw. A larger draw of a run holds the smaller one.';

COMMENT ON COLUMN caco.audit_draw.run_id IS 'The run that it is drawn from.';

COMMENT ON COLUMN caco.audit_draw.max_rows IS 'At most so many rows of each stratum.';

CREATE TABLE caco.audit_row (
    draw_id text NOT NULL,
    subject_id text NOT NULL,
    stratum integer NOT NULL,
    number integer NOT NULL,
    CONSTRAINT number_is_not_negative CHECK ((number >= 0))
);

COMMENT ON TABLE caco.audit_row IS 'Rows of a draw. Grain: one row per draw and subject.';

COMMENT ON COLUMN caco.audit_row.draw_id IS 'The draw.';

COMMENT ON COLUMN caco.audit_row.subject_id IS 'The sample.';

COMMENT ON COLUMN caco.audit_row.stratum IS 'The stratum that it was drawn from.';

COMMENT ON COLUMN caco.audit_row.number IS 'Place in the order in which people see the rows, from 0; the order tells nothing of the strata.';

CREATE TABLE caco.audit_stratum (
    draw_id text NOT NULL,
    stratum integer NOT NULL,
    stage caco.stage NOT NULL,
    outcome caco.outcome NOT NULL,
    reason caco.reason,
    rows bigint NOT NULL,
    drawn bigint NOT NULL,
    CONSTRAINT drawn_is_0_to_rows CHECK (((drawn >= 0) AND (drawn <= rows))),
    CONSTRAINT passed_has_no_reason CHECK (((reason IS NULL) = (outcome = 'pass'::caco.outcome))),
    CONSTRAINT stratum_is_not_negative CHECK ((stratum >= 0))
);

COMMENT ON TABLE caco.audit_stratum IS 'Strata of a draw: the rows of the run that ended at one stage in one way. Grain: one row per draw and stratum.';

COMMENT ON COLUMN caco.audit_stratum.draw_id IS 'The draw.';

COMMENT ON COLUMN caco.audit_stratum.stratum IS 'Number within the draw, from 0.';

COMMENT ON COLUMN caco.audit_stratum.stage IS 'The check that had the last word on these rows.';

COMMENT ON COLUMN caco.audit_stratum.outcome IS 'pass: accepted by every check. fail, unknown: what that check said.';

COMMENT ON COLUMN caco.audit_stratum.reason IS 'Why. NULL: accepted.';

COMMENT ON COLUMN caco.audit_stratum.rows IS 'Rows of the run in this stratum.';

COMMENT ON COLUMN caco.audit_stratum.drawn IS 'Rows of them that were drawn: fewer than max_rows only where no more have a text to read.';

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

COMMENT ON COLUMN caco.benchmark_overlap.stage IS 'The stage that looked: seeds, reverse or decontaminate.';

COMMENT ON COLUMN caco.benchmark_overlap.subject_id IS 'seed_id or sample_id.';

COMMENT ON COLUMN caco.benchmark_overlap.number IS 'Number of the finding within the record, from 0.';

COMMENT ON COLUMN caco.benchmark_overlap.shard IS 'The shard of that stage.';

COMMENT ON COLUMN caco.benchmark_overlap.benchmark IS 'Name of the benchmark.';

COMMENT ON COLUMN caco.benchmark_overlap.item IS 'The item''s id within it.';

COMMENT ON COLUMN caco.benchmark_overlap.rule IS 'The rule that found it: exact, ngram, masked, numbers; or review, the band below masked.';

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
    accepted_yield double precision,
    dataset text,
    dataset_sha256 text,
    planned_at timestamp with time zone,
    CONSTRAINT a_pinned_dataset_has_its_hash CHECK (((dataset IS NULL) = (dataset_sha256 IS NULL))),
    CONSTRAINT accepted_yield_is_a_share CHECK (((accepted_yield >= (0)::double precision) AND (accepted_yield <= (1)::double precision))),
    CONSTRAINT config_is_an_object CHECK ((jsonb_typeof(config) = 'object'::text)),
    CONSTRAINT dataset_sha256_is_hex CHECK ((dataset_sha256 ~ '^[0-9a-f]{64}$'::text))
);

COMMENT ON TABLE caco.run IS 'One pipeline over one partition with one config. Grain: one row per run_id; registering it again changes nothing.';

COMMENT ON COLUMN caco.run.run_id IS 'Hash of pipeline, partition and config_hash: the same again is the same run.';

COMMENT ON COLUMN caco.run.pipeline IS 'seeds, codegen, dry_run, nightly or evaluate.';

COMMENT ON COLUMN caco.run.partition IS 'The date that the run is for, not the one on which it ran.';

COMMENT ON COLUMN caco.run.config_hash IS 'Hash of all settings that change data.';

COMMENT ON COLUMN caco.run.config IS 'All settings, as the run used them.';

COMMENT ON COLUMN caco.run.code_version IS 'Version of the package that planned the run.';

COMMENT ON COLUMN caco.run.seed_run_id IS 'The run whose seed programs stand behind this one. NULL: a run of the pipeline seeds.';

COMMENT ON COLUMN caco.run.model_id IS 'The trained CodeGen pinned for a nightly run. NULL: the run samples from no model trained here.';

COMMENT ON COLUMN caco.run.input_uris IS 'Shards of another run that this one reads, pinned when it was planned; empty where it reads none.';

COMMENT ON COLUMN caco.run.created_at IS 'When the run was registered here; a rebuilt ledger has the time of its rebuilding. planned_at keeps its value.';

COMMENT ON COLUMN caco.run.accepted_yield IS 'Share of sampled programs that ran, of the CodeGen in use when a run of the pipeline codegen was planned: what the new model is held against. NULL: another pipeline, or none was in use, or its yield was not measured.';

COMMENT ON COLUMN caco.run.dataset IS 'The dataset, as name/version, that a run of the pipeline evaluate trains on. NULL: a run of another pipeline.';

COMMENT ON COLUMN caco.run.dataset_sha256 IS 'SHA-256 of that dataset''s manifest when the run was planned. NULL where dataset is.';

COMMENT ON COLUMN caco.run.planned_at IS 'When the run was first planned, as its record in the store says: the same after a rebuild. NULL: planned before records held it.';

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
    cost_usd double precision DEFAULT 0 NOT NULL,
    replayed bigint DEFAULT 0 NOT NULL,
    CONSTRAINT counts_are_not_negative CHECK (((passed >= 0) AND (failed >= 0) AND (unknown >= 0) AND (bytes >= 0) AND (prompt_tokens >= 0) AND (completion_tokens >= 0) AND (seconds >= (0)::double precision))),
    CONSTRAINT every_record_read_has_a_row CHECK ((rows = read)),
    CONSTRAINT prices_are_not_negative CHECK (((cost_usd >= (0)::double precision) AND (replayed >= 0))),
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

COMMENT ON COLUMN caco.shard.record IS 'Class of its rows: Seed, SeedProgram, Sample, Lesson or Attempt.';

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

COMMENT ON COLUMN caco.shard.cost_usd IS 'US dollars paid for its replies, by the price table of the config; 0 where that names no price.';

COMMENT ON COLUMN caco.shard.replayed IS 'Replies that had been made for another run or record, and cost nothing.';

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
    cost_usd double precision DEFAULT 0 NOT NULL,
    is_replayed boolean DEFAULT false NOT NULL,
    CONSTRAINT price_is_not_negative CHECK ((cost_usd >= (0)::double precision)),
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

COMMENT ON COLUMN caco.request_usage.finish_reason IS 'stop; length where the reply was cut off; error where there is none.';

COMMENT ON COLUMN caco.request_usage.prompt_tokens IS 'Tokens that the model read.';

COMMENT ON COLUMN caco.request_usage.completion_tokens IS 'Tokens that the model wrote.';

COMMENT ON COLUMN caco.request_usage.seconds IS 'This reply''s share of its batch''s time.';

COMMENT ON COLUMN caco.request_usage.cost_usd IS 'US dollars that this run paid for the reply, by the price table of its config.';

COMMENT ON COLUMN caco.request_usage.is_replayed IS 'Whether the reply had been made for another run or record. Its tokens and seconds are those of then.';

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
    (spent.stage_seconds / (NULLIF(published.rows, 0))::double precision) AS seconds_per_row,
    spent.cost_usd,
    spent.replayed,
    (spent.cost_usd / (NULLIF(published.rows, 0))::double precision) AS cost_usd_per_row
   FROM ((((caco.run
     JOIN ( SELECT shard.run_id,
            (sum(shard.prompt_tokens))::bigint AS prompt_tokens,
            (sum(shard.completion_tokens))::bigint AS completion_tokens,
            sum(shard.seconds) AS stage_seconds,
            sum(shard.cost_usd) AS cost_usd,
            (sum(shard.replayed))::bigint AS replayed
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
    claimed_at timestamp with time zone DEFAULT now() NOT NULL,
    place integer DEFAULT 0 NOT NULL,
    sketch bytea,
    CONSTRAINT only_a_sketch_has_a_second_place CHECK (((place = 0) OR (sketch IS NOT NULL)))
);

COMMENT ON TABLE caco.fingerprint IS 'Claims of dedup over all runs: the first to claim a hash owns it, and owns it again when it claims again. Near duplicates are told apart by sketch: the unlike ones of one hash have places of their own. Grain: one row per kind, hash and place.';

COMMENT ON COLUMN caco.fingerprint.kind IS 'What was hashed, with the version of the recipe.';

COMMENT ON COLUMN caco.fingerprint.hash IS 'The hash; of a sketch, the hash of what near duplicates have in common: the literals of a program, the numbers and the answer of a problem.';

COMMENT ON COLUMN caco.fingerprint.owner IS 'sample_id or seed_id that claimed it first.';

COMMENT ON COLUMN caco.fingerprint.run_id IS 'The run of the owner.';

COMMENT ON COLUMN caco.fingerprint.claimed_at IS 'When it was claimed, or loaded again.';

COMMENT ON COLUMN caco.fingerprint.place IS 'Number among the owners of this hash, from 0, in the order in which they came; always 0 without a sketch.';

COMMENT ON COLUMN caco.fingerprint.sketch IS 'MinHash, one byte for each of its hashes: the share of equal bytes is the likeness. NULL: the hash alone is claimed.';

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

CREATE VIEW caco.judge_confusion AS
 WITH seen(check_name, stage, part) AS (
         VALUES ('execute'::text,'execute'::caco.stage,'program'::caco.part), ('screen'::text,'screen'::caco.stage,'program'::caco.part), ('reverse'::text,'reverse'::caco.stage,'problem'::caco.part), ('solve'::text,'solve'::caco.stage,'solution'::caco.part), ('agree'::text,'agree'::caco.stage,'solution'::caco.part), ('judge'::text,'judge'::caco.stage,'solution'::caco.part), ('chain'::text,NULL::caco.stage,'solution'::caco.part)
        ), draw AS (
         SELECT DISTINCT ON (audit_draw.run_id) audit_draw.run_id,
            audit_draw.draw_id
           FROM caco.audit_draw
          ORDER BY audit_draw.run_id, audit_draw.max_rows DESC
        ), reached AS (
         SELECT draw.run_id,
            draw.draw_id,
            seen.check_name,
            seen.part,
            stratum.stratum,
            stratum.stage,
            (stratum.rows)::double precision AS rows,
                CASE
                    WHEN (stratum.stage > seen.stage) THEN 'pass'::caco.outcome
                    ELSE stratum.outcome
                END AS verdict
           FROM ((draw
             JOIN caco.audit_stratum stratum USING (draw_id))
             JOIN seen ON (((seen.stage IS NULL) OR (stratum.stage >= seen.stage))))
        ), said AS (
         SELECT reached.run_id,
            reached.check_name,
            reached.stratum,
            audit.subject_id,
            sign(((count(*) FILTER (WHERE ((audit.answer = 'fail'::caco.outcome) AND COALESCE((audit.wrong_part <= reached.part), (reached.part = 'solution'::caco.part)))) - count(*) FILTER (WHERE ((audit.answer = 'pass'::caco.outcome) OR (audit.wrong_part > reached.part)))))::double precision) AS wrong
           FROM ((reached
             JOIN caco.audit_row drawn USING (draw_id, stratum))
             JOIN caco.audit ON (((audit.run_id = reached.run_id) AND (audit.stage = reached.stage) AND (audit.subject_id = drawn.subject_id))))
          GROUP BY reached.run_id, reached.check_name, reached.stratum, audit.subject_id
        ), judged AS (
         SELECT said.run_id,
            said.check_name,
            said.stratum,
            count(*) FILTER (WHERE (said.wrong <> (0)::double precision)) AS decided,
            count(*) FILTER (WHERE (said.wrong = (1)::double precision)) AS wrong,
            count(*) FILTER (WHERE (said.wrong = (0)::double precision)) AS undecided
           FROM said
          GROUP BY said.run_id, said.check_name, said.stratum
        ), estimated AS (
         SELECT reached.run_id,
            reached.check_name,
            reached.verdict,
            reached.rows,
            COALESCE(judged.decided, (0)::bigint) AS decided,
            COALESCE(judged.undecided, (0)::bigint) AS undecided,
            ((reached.rows * (judged.wrong)::double precision) / (NULLIF(judged.decided, 0))::double precision) AS wrong,
            ((reached.rows * ((judged.decided - judged.wrong))::double precision) / (NULLIF(judged.decided, 0))::double precision) AS fine,
            (reached.rows * (((judged.wrong)::double precision / (NULLIF(judged.decided, 0))::double precision) - caco.wilson_low(judged.wrong, judged.decided))) AS down,
            (reached.rows * (caco.wilson_high(judged.wrong, judged.decided) - ((judged.wrong)::double precision / (NULLIF(judged.decided, 0))::double precision))) AS up
           FROM (reached
             LEFT JOIN judged USING (run_id, check_name, stratum))
        ), added AS (
         SELECT estimated.run_id,
            estimated.check_name,
            (sum(estimated.decided))::bigint AS rows_judged,
            (sum(estimated.undecided))::bigint AS rows_undecided,
            (COALESCE(sum(estimated.rows) FILTER (WHERE (estimated.decided > 0)), (0)::double precision) / sum(estimated.rows)) AS covered_share,
            COALESCE(sum(estimated.fine) FILTER (WHERE (estimated.verdict = 'pass'::caco.outcome)), (0)::double precision) AS passed_right,
            COALESCE(sum(estimated.wrong) FILTER (WHERE (estimated.verdict = 'pass'::caco.outcome)), (0)::double precision) AS passed_wrong,
            COALESCE(sum(estimated.fine) FILTER (WHERE (estimated.verdict = 'fail'::caco.outcome)), (0)::double precision) AS failed_right,
            COALESCE(sum(estimated.wrong) FILTER (WHERE (estimated.verdict = 'fail'::caco.outcome)), (0)::double precision) AS failed_wrong,
            COALESCE(sum(estimated.fine) FILTER (WHERE (estimated.verdict = 'unknown'::caco.outcome)), (0)::double precision) AS unknown_right,
            COALESCE(sum(estimated.wrong) FILTER (WHERE (estimated.verdict = 'unknown'::caco.outcome)), (0)::double precision) AS unknown_wrong,
            COALESCE(sqrt(sum((estimated.down * estimated.down)) FILTER (WHERE (estimated.verdict = 'pass'::caco.outcome))), (0)::double precision) AS passed_down,
            COALESCE(sqrt(sum((estimated.up * estimated.up)) FILTER (WHERE (estimated.verdict = 'pass'::caco.outcome))), (0)::double precision) AS passed_up,
            COALESCE(sqrt(sum((estimated.down * estimated.down)) FILTER (WHERE (estimated.verdict = 'fail'::caco.outcome))), (0)::double precision) AS failed_down,
            COALESCE(sqrt(sum((estimated.up * estimated.up)) FILTER (WHERE (estimated.verdict = 'fail'::caco.outcome))), (0)::double precision) AS failed_up
           FROM estimated
          GROUP BY estimated.run_id, estimated.check_name
        )
 SELECT added.run_id,
    run.partition,
    added.check_name,
    ( SELECT count(DISTINCT audit.person) AS count
           FROM caco.audit
          WHERE (audit.run_id = added.run_id)) AS people,
    added.rows_judged,
    added.rows_undecided,
    added.covered_share,
    added.passed_right,
    added.passed_wrong,
    added.failed_right,
    added.failed_wrong,
    added.unknown_right,
    added.unknown_wrong,
    (added.passed_wrong / NULLIF((added.passed_wrong + added.failed_wrong), (0)::double precision)) AS false_pass_share,
    caco.share_low(added.passed_wrong, added.passed_down, added.failed_wrong, added.failed_up) AS false_pass_low,
    ((1)::double precision - caco.share_low(added.failed_wrong, added.failed_down, added.passed_wrong, added.passed_up)) AS false_pass_high,
    (added.failed_right / NULLIF((added.failed_right + added.passed_right), (0)::double precision)) AS false_fail_share,
    caco.share_low(added.failed_right, added.failed_up, added.passed_right, added.passed_down) AS false_fail_low,
    ((1)::double precision - caco.share_low(added.passed_right, added.passed_up, added.failed_right, added.failed_down)) AS false_fail_high,
    (added.passed_wrong / NULLIF((added.passed_wrong + added.passed_right), (0)::double precision)) AS wrong_of_passed_share,
    ((added.passed_wrong - added.passed_down) / NULLIF((added.passed_wrong + added.passed_right), (0)::double precision)) AS wrong_of_passed_low,
    ((added.passed_wrong + added.passed_up) / NULLIF((added.passed_wrong + added.passed_right), (0)::double precision)) AS wrong_of_passed_high
   FROM (added
     JOIN caco.run USING (run_id));

COMMENT ON VIEW caco.judge_confusion IS 'Checks against people, estimated from a stratified draw. Grain: one row per audited run and check.';

CREATE TABLE caco.judge_vote (
    run_id text NOT NULL,
    stage caco.stage DEFAULT 'judge'::caco.stage NOT NULL,
    subject_id text NOT NULL,
    number integer NOT NULL,
    shard integer NOT NULL,
    prompt text NOT NULL,
    request_id text NOT NULL,
    outcome caco.outcome NOT NULL,
    reason caco.reason,
    first_disagreeing_step integer,
    CONSTRAINT a_vote_is_cast_in_judge CHECK ((stage = 'judge'::caco.stage)),
    CONSTRAINT number_is_not_negative CHECK ((number >= 0)),
    CONSTRAINT steps_count_from_1 CHECK ((first_disagreeing_step >= 1)),
    CONSTRAINT voted_down_has_a_reason CHECK (((outcome = 'pass'::caco.outcome) = (reason IS NULL)))
);

COMMENT ON TABLE caco.judge_vote IS 'Every reply of a judge; the verdict of the stage judge is what more than half of a sample''s replies say. Grain: one row per run, sample and reply.';

COMMENT ON COLUMN caco.judge_vote.run_id IS 'The run.';

COMMENT ON COLUMN caco.judge_vote.stage IS 'The stage that asked: judge.';

COMMENT ON COLUMN caco.judge_vote.subject_id IS 'The sample.';

COMMENT ON COLUMN caco.judge_vote.number IS 'Number of the reply among those about the sample, from 0.';

COMMENT ON COLUMN caco.judge_vote.shard IS 'The shard of that stage, which holds the reply''s text.';

COMMENT ON COLUMN caco.judge_vote.prompt IS 'Name and version of the template: it tells the order of solution and program.';

COMMENT ON COLUMN caco.judge_vote.request_id IS 'Hash of template, model, parameters, input and sample index.';

COMMENT ON COLUMN caco.judge_vote.outcome IS 'What this reply says.';

COMMENT ON COLUMN caco.judge_vote.reason IS 'Why it is no pass. NULL exactly when it is one.';

COMMENT ON COLUMN caco.judge_vote.first_disagreeing_step IS 'The step of the solution that it names, from 1. NULL: none.';

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
    refused_because text,
    CONSTRAINT an_accepted_model_has_no_reason_against_it CHECK (((NOT accepted) OR (refused_because IS NULL))),
    CONSTRAINT sha256_is_hex CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text))
);

COMMENT ON TABLE caco.model IS 'Models trained by runs of the pipelines codegen and evaluate. Grain: one row per run and model; runs that train the same on the same make the same model. A model that only came from outside has no row.';

COMMENT ON COLUMN caco.model.run_id IS 'The run that trained it.';

COMMENT ON COLUMN caco.model.model_id IS 'Hash of what it was trained from and on.';

COMMENT ON COLUMN caco.model.role IS 'What it is for: codegen, unifier, reverser, solver, judge, or student.';

COMMENT ON COLUMN caco.model.parent IS 'The model whose weights it began with. NULL: trained from scratch.';

COMMENT ON COLUMN caco.model.data_hash IS 'Hash of the records it was trained on.';

COMMENT ON COLUMN caco.model.config IS 'Settings of the training.';

COMMENT ON COLUMN caco.model.metrics IS 'What was measured: held-out loss before and after, the curve of the training loss, steps, tokens, and of CodeGen the yield of programs sampled from it.';

COMMENT ON COLUMN caco.model.uri IS 'Folder of the weights below the store''s root.';

COMMENT ON COLUMN caco.model.sha256 IS 'SHA-256 of the weights.';

COMMENT ON COLUMN caco.model.accepted IS 'Whether nightly runs may sample from it.';

COMMENT ON COLUMN caco.model.refused_because IS 'Why nightly runs may not sample from it, in one sentence. NULL: it was accepted.';

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
    method text,
    CONSTRAINT checked_is_not_negative CHECK ((checked >= 0)),
    CONSTRAINT failed_or_unknown_has_a_reason CHECK (((outcome = 'pass'::caco.outcome) = (reason IS NULL))),
    CONSTRAINT row_is_not_negative CHECK (("row" >= 0))
)
PARTITION BY RANGE (partition);

COMMENT ON TABLE caco.verdict IS 'What each stage said of each record it read. Grain: one row per run, stage and subject. Partitioned by month of the partition.';

COMMENT ON COLUMN caco.verdict.run_id IS 'The run.';

COMMENT ON COLUMN caco.verdict.stage IS 'The stage that judged.';

COMMENT ON COLUMN caco.verdict.subject_id IS 'seed_id in the pipelines seeds and codegen, sample_id in dry_run, nightly and the stage student, attempt_id in the stage evaluate.';

COMMENT ON COLUMN caco.verdict.partition IS 'The run''s partition.';

COMMENT ON COLUMN caco.verdict.shard IS 'The shard of that stage which holds the record; caco.shard has its uri.';

COMMENT ON COLUMN caco.verdict."row" IS 'The row of that shard, from 0.';

COMMENT ON COLUMN caco.verdict.outcome IS 'pass, fail or unknown.';

COMMENT ON COLUMN caco.verdict.reason IS 'Why it did not pass. NULL exactly when it passed.';

COMMENT ON COLUMN caco.verdict.detail IS 'One line for a reader: the exception, the equation, the overlapping item. NULL: nothing to add.';

COMMENT ON COLUMN caco.verdict.checked IS 'Written equations that the stage agree computed. NULL: another stage, or none were looked for.';

COMMENT ON COLUMN caco.verdict.method IS 'How the stage agree compared the answers: method and version of the grader. NULL: another stage, or nothing was compared.';

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

CREATE VIEW caco.score_gains AS
 SELECT paired.run_id,
    run.partition,
    run.dataset,
    paired.benchmark,
    paired.items,
    paired.gained,
    paired.lost,
    (((paired.gained - paired.lost))::double precision / (NULLIF(paired.items, 0))::double precision) AS gain,
    caco.paired_low(paired.gained, paired.lost, paired.items) AS gain_low,
    caco.paired_high(paired.gained, paired.lost, paired.items) AS gain_high,
    caco.mcnemar_p(paired.gained, paired.lost) AS p
   FROM (( SELECT of_item.run_id,
            of_item.benchmark,
            count(*) FILTER (WHERE ((of_item.base <> 'unknown'::caco.outcome) AND (of_item.student <> 'unknown'::caco.outcome))) AS items,
            count(*) FILTER (WHERE ((of_item.base = 'fail'::caco.outcome) AND (of_item.student = 'pass'::caco.outcome))) AS gained,
            count(*) FILTER (WHERE ((of_item.base = 'pass'::caco.outcome) AND (of_item.student = 'fail'::caco.outcome))) AS lost
           FROM ( SELECT attempt.run_id,
                    attempt.benchmark,
                    attempt.item,
                    max(verdict.outcome) FILTER (WHERE (attempt.contender = 'base'::text)) AS base,
                    max(verdict.outcome) FILTER (WHERE (attempt.contender = 'student'::text)) AS student
                   FROM (caco.attempt
                     JOIN caco.verdict ON (((verdict.run_id = attempt.run_id) AND (verdict.stage = attempt.stage) AND (verdict.subject_id = attempt.attempt_id))))
                  WHERE (attempt.number = 0)
                  GROUP BY attempt.run_id, attempt.benchmark, attempt.item) of_item
          WHERE ((of_item.base IS NOT NULL) AND (of_item.student IS NOT NULL))
          GROUP BY of_item.run_id, of_item.benchmark) paired
     JOIN caco.run USING (run_id));

COMMENT ON VIEW caco.score_gains IS 'Whether a student is better than its base. Grain: one row per run and benchmark.';

CREATE VIEW caco.scores AS
 SELECT scored.run_id,
    run.partition,
    run.dataset,
    scored.benchmark,
    scored.contender,
    night.is_protected,
    scored.items,
    scored.right_answers,
    scored.wrong,
    scored.unknown,
    ((scored.right_answers)::double precision / (NULLIF((scored.right_answers + scored.wrong), 0))::double precision) AS pass_at_1,
    caco.wilson_low(scored.right_answers, (scored.right_answers + scored.wrong)) AS pass_at_1_low,
    caco.wilson_high(scored.right_answers, (scored.right_answers + scored.wrong)) AS pass_at_1_high,
    ((scored.right_answers)::double precision / (NULLIF(scored.items, 0))::double precision) AS pass_at_1_worst,
        CASE
            WHEN (scored.items_of_k > 0) THEN scored.k
            ELSE NULL::bigint
        END AS k,
    scored.pass_at_k,
        CASE
            WHEN (scored.items_of_k > 0) THEN GREATEST((0)::double precision, ((((scored.pass_at_k * (scored.items_of_k)::double precision) + (1.920729)::double precision) - scored.spread) / (((scored.items_of_k)::numeric + 3.841459))::double precision))
            ELSE NULL::double precision
        END AS pass_at_k_low,
        CASE
            WHEN (scored.items_of_k > 0) THEN LEAST((1)::double precision, ((((scored.pass_at_k * (scored.items_of_k)::double precision) + (1.920729)::double precision) + scored.spread) / (((scored.items_of_k)::numeric + 3.841459))::double precision))
            ELSE NULL::double precision
        END AS pass_at_k_high
   FROM ((( SELECT of_item.run_id,
            of_item.benchmark,
            of_item.contender,
            max(of_item.k) AS k,
            count(of_item.greedy) AS items,
            count(*) FILTER (WHERE (of_item.greedy = 'pass'::caco.outcome)) AS right_answers,
            count(*) FILTER (WHERE (of_item.greedy = 'fail'::caco.outcome)) AS wrong,
            count(*) FILTER (WHERE (of_item.greedy = 'unknown'::caco.outcome)) AS unknown,
            count(of_item.pass_at_k) AS items_of_k,
            avg(of_item.pass_at_k) AS pass_at_k,
            ((1.959964)::double precision * sqrt((((avg(of_item.pass_at_k) * ((1)::double precision - avg(of_item.pass_at_k))) * (count(of_item.pass_at_k))::double precision) + (0.960365)::double precision))) AS spread
           FROM ( SELECT attempt.run_id,
                    attempt.benchmark,
                    attempt.contender,
                    attempt.item,
                    max(asked.k) AS k,
                    max(verdict.outcome) FILTER (WHERE (attempt.number = 0)) AS greedy,
                    caco.pass_at_k(count(*) FILTER (WHERE ((attempt.number > 0) AND (verdict.outcome = 'pass'::caco.outcome))), count(*) FILTER (WHERE ((attempt.number > 0) AND (verdict.outcome <> 'unknown'::caco.outcome))), max(asked.k)) AS pass_at_k
                   FROM ((caco.attempt
                     JOIN caco.verdict ON (((verdict.run_id = attempt.run_id) AND (verdict.stage = attempt.stage) AND (verdict.subject_id = attempt.attempt_id))))
                     JOIN ( SELECT run_1.run_id,
                            (((run_1.config -> 'evaluate'::text) ->> 'k'::text))::bigint AS k
                           FROM caco.run run_1) asked ON ((asked.run_id = attempt.run_id)))
                  GROUP BY attempt.run_id, attempt.benchmark, attempt.contender, attempt.item) of_item
          GROUP BY of_item.run_id, of_item.benchmark, of_item.contender) scored
     JOIN caco.run USING (run_id))
     LEFT JOIN LATERAL ( SELECT (EXISTS ( SELECT
                   FROM jsonb_array_elements(((made.config -> 'decontamination'::text) -> 'benchmarks'::text)) kept_out(value)
                  WHERE ((kept_out.value ->> 'name'::text) = scored.benchmark))) AS is_protected
           FROM (caco.dataset
             JOIN caco.run made USING (run_id))
          WHERE (((dataset.dataset || '/'::text) || dataset.version) = run.dataset)) night ON (true));

COMMENT ON VIEW caco.scores IS 'What a base and its student score. Grain: one row per run, benchmark and contender.';

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

ALTER TABLE ONLY caco.audit_draw
    ADD CONSTRAINT audit_draw_pkey PRIMARY KEY (draw_id);

ALTER TABLE ONLY caco.audit_row
    ADD CONSTRAINT audit_row_pkey PRIMARY KEY (draw_id, subject_id);

ALTER TABLE ONLY caco.audit_stratum
    ADD CONSTRAINT audit_stratum_pkey PRIMARY KEY (draw_id, stratum);

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

ALTER TABLE ONLY caco.attempt
    ADD CONSTRAINT one_attempt_of_a_kind PRIMARY KEY (run_id, attempt_id);

ALTER TABLE ONLY caco.execution
    ADD CONSTRAINT one_execution_per_run_stage_and_subject PRIMARY KEY (run_id, stage, subject_id);

ALTER TABLE ONLY caco.fingerprint
    ADD CONSTRAINT one_owner_per_kind_hash_and_place PRIMARY KEY (kind, hash, place);

ALTER TABLE ONLY caco.request_usage
    ADD CONSTRAINT one_request_per_run_stage_and_subject PRIMARY KEY (run_id, stage, subject_id);

ALTER TABLE ONLY caco.audit_row
    ADD CONSTRAINT one_row_per_number UNIQUE (draw_id, number);

ALTER TABLE ONLY caco.shard
    ADD CONSTRAINT one_shard_per_run_stage_and_number PRIMARY KEY (run_id, stage, shard);

ALTER TABLE ONLY caco.verdict
    ADD CONSTRAINT one_verdict_per_run_stage_and_subject PRIMARY KEY (run_id, stage, subject_id, partition);

ALTER TABLE ONLY caco.judge_vote
    ADD CONSTRAINT one_vote_per_run_subject_and_number PRIMARY KEY (run_id, subject_id, number);

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

CREATE INDEX attempt_by_benchmark ON caco.attempt USING btree (run_id, benchmark, contender, item, number);

CREATE INDEX audit_draw_by_run ON caco.audit_draw USING btree (run_id);

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

ALTER TABLE ONLY caco.attempt
    ADD CONSTRAINT attempt_is_of_a_shard FOREIGN KEY (run_id, stage, shard) REFERENCES caco.shard(run_id, stage, shard) ON DELETE CASCADE;

ALTER TABLE ONLY caco.audit_draw
    ADD CONSTRAINT audit_draw_run_id_fkey FOREIGN KEY (run_id) REFERENCES caco.run(run_id) ON DELETE CASCADE;

ALTER TABLE ONLY caco.audit
    ADD CONSTRAINT audit_run_id_fkey FOREIGN KEY (run_id) REFERENCES caco.run(run_id) ON DELETE CASCADE;

ALTER TABLE ONLY caco.audit_stratum
    ADD CONSTRAINT audit_stratum_draw_id_fkey FOREIGN KEY (draw_id) REFERENCES caco.audit_draw(draw_id) ON DELETE CASCADE;

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

ALTER TABLE ONLY caco.audit_row
    ADD CONSTRAINT row_is_of_a_stratum FOREIGN KEY (draw_id, stratum) REFERENCES caco.audit_stratum(draw_id, stratum) ON DELETE CASCADE;

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

ALTER TABLE ONLY caco.judge_vote
    ADD CONSTRAINT vote_is_of_a_shard FOREIGN KEY (run_id, stage, shard) REFERENCES caco.shard(run_id, stage, shard) ON DELETE CASCADE;

GRANT USAGE ON SCHEMA caco TO caco_writer;
GRANT USAGE ON SCHEMA caco TO caco_analyst;

REVOKE ALL ON FUNCTION caco.ensure_verdict_partition(day date) FROM PUBLIC;
GRANT ALL ON FUNCTION caco.ensure_verdict_partition(day date) TO caco_writer;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.attempt TO caco_writer;
GRANT SELECT ON TABLE caco.attempt TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.audit TO caco_writer;
GRANT SELECT ON TABLE caco.audit TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.audit_draw TO caco_writer;
GRANT SELECT ON TABLE caco.audit_draw TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.audit_row TO caco_writer;
GRANT SELECT ON TABLE caco.audit_row TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.audit_stratum TO caco_writer;
GRANT SELECT ON TABLE caco.audit_stratum TO caco_analyst;

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

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.judge_confusion TO caco_writer;
GRANT SELECT ON TABLE caco.judge_confusion TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.judge_vote TO caco_writer;
GRANT SELECT ON TABLE caco.judge_vote TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.model TO caco_writer;
GRANT SELECT ON TABLE caco.model TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.seed TO caco_writer;
GRANT SELECT ON TABLE caco.seed TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.verdict TO caco_writer;
GRANT SELECT ON TABLE caco.verdict TO caco_analyst;

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

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.score_gains TO caco_writer;
GRANT SELECT ON TABLE caco.score_gains TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.scores TO caco_writer;
GRANT SELECT ON TABLE caco.scores TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.source TO caco_writer;
GRANT SELECT ON TABLE caco.source TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.text_address TO caco_writer;
GRANT SELECT ON TABLE caco.text_address TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.yield_by_model TO caco_writer;
GRANT SELECT ON TABLE caco.yield_by_model TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.yield_by_seed_source TO caco_writer;
GRANT SELECT ON TABLE caco.yield_by_seed_source TO caco_analyst;
