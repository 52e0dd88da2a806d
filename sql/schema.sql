-- What the files of sql/migrations and sql/views make, as pg_dump writes it: made by `make snapshots`. Read those.

CREATE SCHEMA caco;

COMMENT ON SCHEMA caco IS 'Where every sample came from and why every rejected one was rejected. Texts and measures lie in the store; here are ids, outcomes, counts and addresses.';

CREATE TYPE caco.degree AS ENUM (
    'direct',
    'through a model'
);

COMMENT ON TYPE caco.degree IS 'How near a descendant is to the ancestor of a recall: direct, or through a model that learnt from it among others.';

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
    'not_asked',
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
    'untested_input',
    'answer_as_literal',
    'unserialisable',
    'non_finite',
    'prose_left',
    'same_program',
    'same_behaviour',
    'near_duplicate',
    'same_problem',
    'unlikely',
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
    'not_understood',
    'answers_not_compared',
    'majority_differs',
    'too_easy',
    'checker_timeout',
    'inconsistent',
    'ill_posed',
    'not_judged',
    'unparseable_judgement',
    'judges_disagree',
    'benchmark_overlap',
    'benchmark_review'
);

COMMENT ON TYPE caco.reason IS 'Why a record did not pass: the closed list, equal to caco_tasks.records.Reason. docs/reasons.md says what each means.';

CREATE TYPE caco.recall_action AS ENUM (
    'keep',
    're-verify',
    'withdraw'
);

COMMENT ON TYPE caco.recall_action IS 'What a recall decided for a descendant: keep it, verify it again, or withdraw it.';

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
    'evaluate'
);

COMMENT ON TYPE caco.stage IS 'Steps, in the order in which a record meets them: ORDER BY stage follows the funnel.';

CREATE TYPE caco.state AS ENUM (
    'staged',
    'published',
    'withdrawn'
);

COMMENT ON TYPE caco.state IS 'Where a dataset stands: staged, published or withdrawn; a withdrawn one may be published again.';

CREATE FUNCTION caco.attach_fates(day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    name text := caco.fate_table(day);
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_class WHERE relnamespace = 'caco'::regnamespace AND relname = name AND NOT relispartition
    ) THEN
        RETURN;  -- before the lock: who only appends never waits here
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('caco.fate ' || day, 0));
    IF NOT EXISTS (
        SELECT FROM pg_class WHERE relnamespace = 'caco'::regnamespace AND relname = name AND NOT relispartition
    ) THEN
        RETURN;
    END IF;
    -- rows come by output, so a summary of their blocks finds those of one; a tree would cost as much as the rows
    EXECUTE format('CREATE INDEX %I ON caco.%I USING brin (output_no) WITH (pages_per_range = 16, autosummarize = on)',
                   name || '_by_output', name);
    EXECUTE format('CREATE INDEX %I ON caco.%I (subject) WITH (fillfactor = 100)', name || '_by_subject', name);
    EXECUTE format('ALTER TABLE caco.fate ATTACH PARTITION caco.%I FOR VALUES IN (%L)', name, day);
    EXECUTE format('ALTER TABLE caco.%I DROP CONSTRAINT of_its_date', name);  -- it spared the attaching a look at every row
    EXECUTE format('ANALYZE caco.%I', name);
END
$$;

COMMENT ON FUNCTION caco.attach_fates(day date) IS 'Gives the table of a date''s fates its indexes and makes it part of caco.fate, unless it is.';

CREATE FUNCTION caco.drop_fates() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT relname FROM pg_class
        WHERE relnamespace = 'caco'::regnamespace AND relkind = 'r' AND relname ~ '^fate_\d{4}_\d{2}_\d{2}$'
    LOOP
        EXECUTE format('DROP TABLE caco.%I', name);
    END LOOP;
END
$_$;

COMMENT ON FUNCTION caco.drop_fates() IS 'Drops the fates of all dates, attached or not: caco ledger rebuild fills them again from the store.';

CREATE FUNCTION caco.fate_table(day date) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('fate_'::text || translate((day)::text, '-'::text, '_'::text));

COMMENT ON FUNCTION caco.fate_table(day date) IS 'Name of the table that holds the fates of a date.';

CREATE FUNCTION caco.forget_fates(before date) RETURNS SETOF date
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
    day date;
BEGIN
    FOR day IN SELECT to_date(substr(relname, 6), 'YYYY_MM_DD') FROM pg_class
        WHERE relnamespace = 'caco'::regnamespace AND relkind = 'r' AND relname ~ '^fate_\d{4}_\d{2}_\d{2}$'
        ORDER BY relname
    LOOP
        CONTINUE WHEN day >= before
            OR EXISTS (SELECT FROM caco.datasets WHERE partition = day AND state <> 'withdrawn')
            OR EXISTS (SELECT FROM caco.run WHERE partition = day AND pipeline <> 'nightly');
        EXECUTE format('DROP TABLE caco.%I', caco.fate_table(day));
        RETURN NEXT day;
    END LOOP;
END
$_$;

COMMENT ON FUNCTION caco.forget_fates(before date) IS 'Drops the fates of dates before one, but of no date with a dataset that is not withdrawn or with other pipelines than the nightly one; returns the dates. Their counts stay; caco ledger rebuild brings the fates back.';

CREATE FUNCTION caco.hex(id uuid) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN replace((id)::text, '-'::text, ''::text);

COMMENT ON FUNCTION caco.hex(id uuid) IS 'An id as the store and the command line write it: 32 hex digits. A query may give an id either way.';

CREATE FUNCTION caco.mcnemar_p(gained bigint, lost bigint) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN ((gained + lost) = 0) THEN (1)::double precision ELSE (SELECT LEAST((1)::double precision, ((2)::double precision * sum(exp(GREATEST((of_binomial.ways - (((mcnemar_p.gained + mcnemar_p.lost))::double precision * ln((2)::double precision))), ('-700'::integer)::double precision))))) AS "least" FROM (SELECT (0)::double precision AS ways UNION ALL SELECT sum(ln((((((mcnemar_p.gained + mcnemar_p.lost) - i.i) + 1))::double precision / (i.i)::double precision))) OVER (ORDER BY i.i) AS sum FROM generate_series((1)::bigint, LEAST(mcnemar_p.gained, mcnemar_p.lost)) i(i)) of_binomial) END;

COMMENT ON FUNCTION caco.mcnemar_p(gained bigint, lost bigint) IS 'Two-sided p of the exact McNemar test: how often chance alone splits the items on which two contenders differ at least so unevenly.';

CREATE FUNCTION caco.open_fates(day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    name text := caco.fate_table(day);
BEGIN
    IF EXISTS (SELECT FROM pg_class WHERE relnamespace = 'caco'::regnamespace AND relname = name) THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('caco.fate ' || day, 0));
    IF EXISTS (SELECT FROM pg_class WHERE relnamespace = 'caco'::regnamespace AND relname = name) THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE caco.%I (LIKE caco.fate INCLUDING CONSTRAINTS, CONSTRAINT of_its_date CHECK (partition = %L))',
                   name, day);
    EXECUTE format('GRANT SELECT, INSERT, MAINTAIN ON caco.%I TO caco_writer', name);
    EXECUTE format('GRANT SELECT ON caco.%I TO caco_analyst', name);
END
$$;

COMMENT ON FUNCTION caco.open_fates(day date) IS 'Makes the bare table of a date''s fates, unless it is there. Nobody sees its rows before attach_fates.';

CREATE FUNCTION caco.pack_fates() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
    packed integer := 0;
    loose record;
    summary regclass;
BEGIN
    FOR summary IN SELECT indexrelid::regclass FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
        WHERE relnamespace = 'caco'::regnamespace AND relname ~ '^fate_\d{4}_\d{2}_\d{2}$'
            AND indexrelid::regclass::text ~ '_by_output$'
    LOOP
        PERFORM brin_summarize_new_values(summary);
    END LOOP;
    -- an entry of a full index takes 28 bytes; what came after the first output went in at random and left gaps
    FOR loose IN SELECT indexrelid::regclass AS name, indrelid::regclass AS of_table
        FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
        WHERE relnamespace = 'caco'::regnamespace AND relname ~ '^fate_\d{4}_\d{2}_\d{2}$' AND reltuples > 0
            AND indexrelid::regclass::text ~ '_by_subject$' AND pg_relation_size(indexrelid) > 65536 + reltuples * 32
    LOOP
        EXECUTE format('REINDEX INDEX %s', loose.name);
        EXECUTE format('ANALYZE %s', loose.of_table);
        packed := packed + 1;
    END LOOP;
    RETURN packed;
END
$_$;

COMMENT ON FUNCTION caco.pack_fates() IS 'Summarizes blocks that are new, and makes indexes anew that grew loose while a date was filled output by output; returns how many. Nobody can load fates of such a date meanwhile.';

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

CREATE FUNCTION caco.t_975(freedom double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN (freedom >= (3)::double precision) THEN (((((1.959964)::double precision + ((2.372271)::double precision / freedom)) + ((2.822499)::double precision / (freedom ^ (2)::double precision))) + ((2.555853)::double precision / (freedom ^ (3)::double precision))) + ((1.589536)::double precision / (freedom ^ (4)::double precision))) WHEN (freedom >= (2)::double precision) THEN (4.302653)::double precision WHEN (freedom >= (1)::double precision) THEN (12.706205)::double precision ELSE NULL::double precision END;

COMMENT ON FUNCTION caco.t_975(freedom double precision) IS 'The 97.5 % point of Student''s t, by Cornish and Fisher''s expansion (within 0.5 % from 3 degrees of freedom on). NULL below 1.';

CREATE FUNCTION caco.wilson_high(hits bigint, total bigint) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (total > 0) THEN LEAST((1)::double precision, (((((hits)::numeric + 1.920729))::double precision + ((1.959964)::double precision * sqrt(((((hits)::double precision * ((total - hits))::double precision) / (total)::double precision) + (0.960365)::double precision)))) / (((total)::numeric + 3.841459))::double precision)) ELSE NULL::double precision END;

COMMENT ON FUNCTION caco.wilson_high(hits bigint, total bigint) IS 'Upper end of the 95 % Wilson interval of the share hits / total. NULL where total is 0.';

CREATE FUNCTION caco.wilson_low(hits bigint, total bigint) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (total > 0) THEN GREATEST((0)::double precision, (((((hits)::numeric + 1.920729))::double precision - ((1.959964)::double precision * sqrt(((((hits)::double precision * ((total - hits))::double precision) / (total)::double precision) + (0.960365)::double precision)))) / (((total)::numeric + 3.841459))::double precision)) ELSE NULL::double precision END;

COMMENT ON FUNCTION caco.wilson_low(hits bigint, total bigint) IS 'Lower end of the 95 % Wilson interval of the share hits / total. NULL where total is 0.';

CREATE TABLE caco.ablation (
    ablation_id uuid NOT NULL,
    name text NOT NULL,
    title text NOT NULL,
    source text,
    config text NOT NULL,
    partition date NOT NULL,
    reference_arm text NOT NULL,
    reference_size integer,
    planned_at timestamp with time zone NOT NULL,
    CONSTRAINT reference_size_is_positive CHECK ((reference_size > 0))
);

COMMENT ON TABLE caco.ablation IS 'Ablations: one table of arms over the samples of one date. Grain: one row per ablation.';

COMMENT ON COLUMN caco.ablation.ablation_id IS 'Hash of the table, the config and the date.';

COMMENT ON COLUMN caco.ablation.name IS 'Name of the table: that of its file.';

COMMENT ON COLUMN caco.ablation.title IS 'What it asks, for a reader.';

COMMENT ON COLUMN caco.ablation.source IS 'Where the question comes from, as a paper and its table. NULL: nowhere.';

COMMENT ON COLUMN caco.ablation.config IS 'Name of the config that all arms change.';

COMMENT ON COLUMN caco.ablation.partition IS 'Date of the samples.';

COMMENT ON COLUMN caco.ablation.reference_arm IS 'The arm that all others are compared with.';

COMMENT ON COLUMN caco.ablation.reference_size IS 'The size of the reference that all cells are compared with. NULL: each with its own.';

COMMENT ON COLUMN caco.ablation.planned_at IS 'When it was first planned.';

CREATE TABLE caco.ablation_arm (
    ablation_id uuid NOT NULL,
    arm text NOT NULL,
    place integer NOT NULL,
    overrides text[] NOT NULL,
    run_id uuid NOT NULL,
    dataset text,
    rows bigint,
    CONSTRAINT rows_are_not_negative CHECK ((rows >= 0))
);

COMMENT ON TABLE caco.ablation_arm IS 'Arms of ablations: a nightly run over the same samples with other settings. Grain: one row per ablation and arm.';

COMMENT ON COLUMN caco.ablation_arm.ablation_id IS 'Which ablation.';

COMMENT ON COLUMN caco.ablation_arm.arm IS 'Name of the arm.';

COMMENT ON COLUMN caco.ablation_arm.place IS 'Its number in the table, from 0.';

COMMENT ON COLUMN caco.ablation_arm.overrides IS 'The settings that it changes, as key.path=value.';

COMMENT ON COLUMN caco.ablation_arm.run_id IS 'Its nightly run, which may not be planned yet.';

COMMENT ON COLUMN caco.ablation_arm.dataset IS 'Its dataset as name/version, staged for ever. NULL: not made yet.';

COMMENT ON COLUMN caco.ablation_arm.rows IS 'Rows of that dataset. NULL: not made yet.';

CREATE TABLE caco.ablation_cell (
    ablation_id uuid NOT NULL,
    arm text NOT NULL,
    size integer,
    repeat integer NOT NULL,
    rows bigint NOT NULL,
    run_id uuid,
    CONSTRAINT learnt_rows_are_not_negative CHECK ((rows >= 0)),
    CONSTRAINT repeat_is_not_negative CHECK ((repeat >= 0)),
    CONSTRAINT size_is_positive CHECK ((size > 0))
);

COMMENT ON TABLE caco.ablation_cell IS 'Students of ablations. Grain: one row per ablation, arm, size and repeat. Where two arms have the very same rows they share the student.';

COMMENT ON COLUMN caco.ablation_cell.ablation_id IS 'Which ablation.';

COMMENT ON COLUMN caco.ablation_cell.arm IS 'Which arm.';

COMMENT ON COLUMN caco.ablation_cell.size IS 'How many rows were to be learnt from. NULL: all of the dataset.';

COMMENT ON COLUMN caco.ablation_cell.repeat IS 'Number of the student: each learns the same rows in another order.';

COMMENT ON COLUMN caco.ablation_cell.rows IS 'How many rows it learns from: fewer than the size where the dataset has no more.';

COMMENT ON COLUMN caco.ablation_cell.run_id IS 'The evaluation that trains and scores it. NULL: there are no rows to learn from.';

CREATE TABLE caco.attempt (
    output_no integer NOT NULL,
    attempt_id uuid NOT NULL,
    contender text NOT NULL,
    benchmark text NOT NULL,
    item text NOT NULL,
    number integer NOT NULL,
    outcome caco.outcome NOT NULL,
    CONSTRAINT contender_is_base_or_student CHECK ((contender = ANY (ARRAY['base'::text, 'student'::text]))),
    CONSTRAINT number_is_not_negative CHECK ((number >= 0))
);

COMMENT ON TABLE caco.attempt IS 'Answers of a base and of its student to benchmark items. Grain: one row per output of the stage evaluate and attempt. Why it failed, and its text: view verdict.';

COMMENT ON COLUMN caco.attempt.output_no IS 'The output that holds it.';

COMMENT ON COLUMN caco.attempt.attempt_id IS 'Hash that tells it from every other attempt.';

COMMENT ON COLUMN caco.attempt.contender IS 'base, or student: the base after training on the dataset.';

COMMENT ON COLUMN caco.attempt.benchmark IS 'Name of the benchmark; bank is the bundled bank with numbers that nothing was trained on.';

COMMENT ON COLUMN caco.attempt.item IS 'The item''s id in the benchmark, or its position.';

COMMENT ON COLUMN caco.attempt.number IS '0: the greedy answer. From 1 up: the sampled answers of pass@k.';

COMMENT ON COLUMN caco.attempt.outcome IS 'pass: the answer is right. fail: it is wrong. unknown: no checker could decide.';

CREATE TABLE caco.run (
    run_id uuid NOT NULL,
    run_no integer NOT NULL,
    pipeline text NOT NULL,
    partition date NOT NULL,
    config_hash text NOT NULL,
    config jsonb NOT NULL,
    requested jsonb DEFAULT '{}'::jsonb NOT NULL,
    code_version text NOT NULL,
    planned_at timestamp with time zone,
    models jsonb NOT NULL,
    prompts jsonb NOT NULL,
    sources jsonb NOT NULL,
    benchmarks jsonb NOT NULL,
    training text,
    seed_run_id uuid,
    codegen_run_id uuid,
    model_id text,
    accepted_yield double precision,
    input_keys uuid[] NOT NULL,
    dataset text,
    dataset_sha256 text,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    own_datasets jsonb DEFAULT '{}'::jsonb NOT NULL,
    held_against jsonb DEFAULT '{}'::jsonb NOT NULL,
    selection jsonb DEFAULT '{}'::jsonb NOT NULL,
    steering jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT a_pinned_dataset_has_its_hash CHECK (((dataset IS NULL) = (dataset_sha256 IS NULL))),
    CONSTRAINT accepted_yield_is_a_share CHECK (((accepted_yield >= (0)::double precision) AND (accepted_yield <= (1)::double precision))),
    CONSTRAINT config_is_an_object CHECK ((jsonb_typeof(config) = 'object'::text)),
    CONSTRAINT dataset_sha256_is_hex CHECK ((dataset_sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT held_against_is_an_object CHECK ((jsonb_typeof(held_against) = 'object'::text)),
    CONSTRAINT own_datasets_is_an_object CHECK ((jsonb_typeof(own_datasets) = 'object'::text)),
    CONSTRAINT requested_is_an_object CHECK ((jsonb_typeof(requested) = 'object'::text)),
    CONSTRAINT selection_is_an_object CHECK ((jsonb_typeof(selection) = 'object'::text)),
    CONSTRAINT steering_is_an_object CHECK ((jsonb_typeof(steering) = 'object'::text))
);

COMMENT ON TABLE caco.run IS 'One pipeline over one partition with one config. Grain: one row per run_id; registering it again changes nothing.';

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

COMMENT ON COLUMN caco.run.own_datasets IS 'Dataset that the CodeGen learns from beside seed programs -> SHA-256 of its manifest. Empty: another pipeline, or seed programs alone.';

COMMENT ON COLUMN caco.run.held_against IS 'The first accepted CodeGen of the same training, whose variety a new one is held against: model_id, shapes_per_1000, spread, embedder. Empty: it is the first, or nothing is compared.';

COMMENT ON COLUMN caco.run.selection IS 'What the plan found of selectors: selector, the newest that it may use; is_used; because, why it is used or not. Empty: its config has no [select].';

COMMENT ON COLUMN caco.run.steering IS 'What CodeGen is told of how a program begins, and how often, with the earlier runs that it follows from; empty: nothing of earlier runs has a part in its draw.';

CREATE TABLE caco.run_output (
    run_no integer NOT NULL,
    stage caco.stage NOT NULL,
    shard integer NOT NULL,
    output_no integer NOT NULL,
    attempt integer NOT NULL,
    is_reused boolean NOT NULL,
    is_current boolean NOT NULL,
    CONSTRAINT attempt_is_not_negative CHECK ((attempt >= 0)),
    CONSTRAINT shard_is_not_negative CHECK ((shard >= 0))
);

COMMENT ON TABLE caco.run_output IS 'Which outputs a run consists of, now (is_current) and before. Grain: one row per run, stage, shard and output.';

COMMENT ON COLUMN caco.run_output.run_no IS 'The run.';

COMMENT ON COLUMN caco.run_output.stage IS 'The stage of the output.';

COMMENT ON COLUMN caco.run_output.shard IS 'Number within run and stage, from 0.';

COMMENT ON COLUMN caco.run_output.output_no IS 'The output.';

COMMENT ON COLUMN caco.run_output.attempt IS 'Number of the attempt within the run, from 0: the newest counts.';

COMMENT ON COLUMN caco.run_output.is_reused IS 'Whether another run had made it, and paid for it.';

COMMENT ON COLUMN caco.run_output.is_current IS 'Whether the run consists of it now; false: a newer attempt, of this stage or of one before, has taken its place.';

CREATE VIEW caco.ablation_results AS
 WITH answers AS (
         SELECT cell.ablation_id,
            cell.arm,
            cell.size,
            cell.repeat,
            cell.rows,
            cell.run_id,
            attempt.benchmark,
            attempt.item,
                CASE attempt.outcome
                    WHEN 'pass'::caco.outcome THEN (1.0)::double precision
                    WHEN 'fail'::caco.outcome THEN (0.0)::double precision
                    ELSE NULL::double precision
                END AS is_right
           FROM (((caco.ablation_cell cell
             JOIN caco.run USING (run_id))
             JOIN caco.run_output place ON (((place.run_no = run.run_no) AND place.is_current AND (place.stage = 'evaluate'::caco.stage))))
             JOIN caco.attempt ON ((attempt.output_no = place.output_no)))
          WHERE ((attempt.contender = 'student'::text) AND (attempt.number = 0))
        ), students AS (
         SELECT answers.ablation_id,
            answers.arm,
            answers.size,
            answers.benchmark,
            answers.repeat,
            avg(answers.is_right) AS score
           FROM answers
          GROUP BY answers.ablation_id, answers.arm, answers.size, answers.benchmark, answers.repeat
        ), noise AS (
         SELECT each_training.ablation_id,
            each_training.benchmark,
            (sum((each_training.students - 1)))::double precision AS freedom,
            (sum((each_training.variance * ((each_training.students - 1))::double precision)) / (NULLIF(sum((each_training.students - 1)), (0)::numeric))::double precision) AS variance
           FROM ( SELECT each_cell.ablation_id,
                    each_cell.benchmark,
                    each_cell.runs,
                    min(each_cell.students) AS students,
                    min(each_cell.variance) AS variance
                   FROM ( SELECT of_cell.ablation_id,
                            of_cell.benchmark,
                            count(*) AS students,
                            COALESCE(var_samp(of_cell.score), (0)::double precision) AS variance,
                            ( SELECT array_agg(cell.run_id ORDER BY cell.run_id) AS array_agg
                                   FROM caco.ablation_cell cell
                                  WHERE ((cell.ablation_id = of_cell.ablation_id) AND (cell.arm = of_cell.arm) AND (NOT (cell.size IS DISTINCT FROM of_cell.size)))) AS runs
                           FROM students of_cell
                          GROUP BY of_cell.ablation_id, of_cell.benchmark, of_cell.arm, of_cell.size) each_cell
                  GROUP BY each_cell.ablation_id, each_cell.benchmark, each_cell.runs) each_training
          GROUP BY each_training.ablation_id, each_training.benchmark
        ), items AS (
         SELECT answers.ablation_id,
            answers.arm,
            answers.size,
            answers.benchmark,
            answers.item,
            avg(answers.is_right) AS share
           FROM answers
          GROUP BY answers.ablation_id, answers.arm, answers.size, answers.benchmark, answers.item
         HAVING (count(answers.is_right) > 0)
        ), cells AS (
         SELECT answers.ablation_id,
            answers.arm,
            answers.size,
            answers.benchmark,
            max(answers.rows) AS rows,
            count(DISTINCT answers.repeat) AS students,
            count(*) FILTER (WHERE (answers.is_right IS NULL)) AS unknown
           FROM answers
          GROUP BY answers.ablation_id, answers.arm, answers.size, answers.benchmark
        ), scored AS (
         SELECT items.ablation_id,
            items.arm,
            items.size,
            items.benchmark,
            count(*) AS items,
            avg(items.share) AS score
           FROM items
          GROUP BY items.ablation_id, items.arm, items.size, items.benchmark
        ), paired AS (
         SELECT one.ablation_id,
            one.arm,
            one.size,
            one.benchmark,
            count(*) AS shared,
            count(*) FILTER (WHERE (one.share > other.share)) AS gained,
            count(*) FILTER (WHERE (one.share < other.share)) AS lost,
            sum((one.share - other.share)) AS total,
            sum(((one.share - other.share) ^ (2)::double precision)) AS squares
           FROM ((items one
             JOIN caco.ablation USING (ablation_id))
             JOIN items other ON (((other.ablation_id = one.ablation_id) AND (other.benchmark = one.benchmark) AND (other.item = one.item) AND (other.arm = ablation.reference_arm) AND (NOT (other.size IS DISTINCT FROM
                CASE
                    WHEN (ablation.reference_size IS NULL) THEN one.size
                    ELSE ablation.reference_size
                END)))))
          WHERE ((one.arm <> ablation.reference_arm) OR (one.size IS DISTINCT FROM other.size))
          GROUP BY one.ablation_id, one.arm, one.size, one.benchmark
        ), compared AS (
         SELECT paired.ablation_id,
            paired.arm,
            paired.size,
            paired.benchmark,
            paired.shared,
            paired.gained,
            paired.lost,
            paired.total,
            paired.squares,
            (paired.total / (paired.shared)::double precision) AS difference,
            (paired.total / ((paired.shared + 2))::double precision) AS middle,
            noise_1.freedom,
            sqrt((((((1.959964 ^ (2)::numeric))::double precision * (((paired.squares + (2)::double precision) / ((paired.shared + 2))::double precision) - ((paired.total / ((paired.shared + 2))::double precision) ^ (2)::double precision))) / ((paired.shared + 2))::double precision) + (
                CASE
                    WHEN (noise_1.freedom > (0)::double precision) THEN ((caco.t_975(noise_1.freedom) ^ (2)::double precision) * noise_1.variance)
                    ELSE (0)::double precision
                END * (((1.0 / (cells_1.students)::numeric) + (1.0 / (against.students)::numeric)))::double precision))) AS half,
            caco.mcnemar_p(paired.gained, paired.lost) AS p
           FROM ((((paired
             JOIN caco.ablation USING (ablation_id))
             JOIN cells cells_1 USING (ablation_id, arm, benchmark))
             JOIN noise noise_1 USING (ablation_id, benchmark))
             JOIN cells against ON (((against.ablation_id = paired.ablation_id) AND (against.benchmark = paired.benchmark) AND (against.arm = ablation.reference_arm) AND (NOT (against.size IS DISTINCT FROM
                CASE
                    WHEN (ablation.reference_size IS NULL) THEN paired.size
                    ELSE ablation.reference_size
                END)))))
          WHERE (NOT (cells_1.size IS DISTINCT FROM paired.size))
        ), corrected AS (
         SELECT ranked.ablation_id,
            ranked.arm,
            ranked.size,
            ranked.benchmark,
            ranked.shared,
            ranked.gained,
            ranked.lost,
            ranked.total,
            ranked.squares,
            ranked.difference,
            ranked.middle,
            ranked.freedom,
            ranked.half,
            ranked.p,
            ranked.tests,
            ranked.rank,
            max(LEAST((1)::double precision, (ranked.p * (((ranked.tests - ranked.rank) + 1))::double precision))) OVER (PARTITION BY ranked.ablation_id ORDER BY ranked.rank) AS p_holm
           FROM ( SELECT compared.ablation_id,
                    compared.arm,
                    compared.size,
                    compared.benchmark,
                    compared.shared,
                    compared.gained,
                    compared.lost,
                    compared.total,
                    compared.squares,
                    compared.difference,
                    compared.middle,
                    compared.freedom,
                    compared.half,
                    compared.p,
                    count(*) OVER (PARTITION BY compared.ablation_id) AS tests,
                    row_number() OVER (PARTITION BY compared.ablation_id ORDER BY compared.p, compared.arm, compared.size, compared.benchmark) AS rank
                   FROM compared) ranked
        )
 SELECT cells.ablation_id,
    cells.arm,
    cells.size,
    cells.benchmark,
    cells.rows,
    cells.students,
    scored.items,
    cells.unknown,
    scored.score,
    GREATEST((0)::double precision, ((((scored.score * (scored.items)::double precision) + (1.920729)::double precision) - ((1.959964)::double precision * sqrt((((scored.score * ((1)::double precision - scored.score)) * (scored.items)::double precision) + (0.960365)::double precision)))) / (((scored.items)::numeric + 3.841459))::double precision)) AS score_low,
    LEAST((1)::double precision, ((((scored.score * (scored.items)::double precision) + (1.920729)::double precision) + ((1.959964)::double precision * sqrt((((scored.score * ((1)::double precision - scored.score)) * (scored.items)::double precision) + (0.960365)::double precision)))) / (((scored.items)::numeric + 3.841459))::double precision)) AS score_high,
        CASE
            WHEN (noise.freedom > (0)::double precision) THEN sqrt(noise.variance)
            ELSE NULL::double precision
        END AS noise,
    corrected.gained,
    corrected.lost,
    corrected.difference,
    GREATEST(('-1'::integer)::double precision, (corrected.middle - corrected.half)) AS difference_low,
    LEAST((1)::double precision, (corrected.middle + corrected.half)) AS difference_high,
    corrected.p,
    corrected.p_holm,
        CASE
            WHEN ((corrected.p IS NULL) OR (corrected.freedom = (0)::double precision)) THEN NULL::text
            WHEN ((corrected.p_holm < (0.05)::double precision) AND ((corrected.middle - corrected.half) > (0)::double precision)) THEN 'better'::text
            WHEN ((corrected.p_holm < (0.05)::double precision) AND ((corrected.middle + corrected.half) < (0)::double precision)) THEN 'worse'::text
            ELSE 'within noise'::text
        END AS verdict
   FROM (((cells
     JOIN scored ON (((scored.ablation_id = cells.ablation_id) AND (scored.arm = cells.arm) AND (scored.benchmark = cells.benchmark) AND (NOT (scored.size IS DISTINCT FROM cells.size)))))
     JOIN noise ON (((noise.ablation_id = cells.ablation_id) AND (noise.benchmark = cells.benchmark))))
     LEFT JOIN corrected ON (((corrected.ablation_id = cells.ablation_id) AND (corrected.arm = cells.arm) AND (corrected.benchmark = cells.benchmark) AND (NOT (corrected.size IS DISTINCT FROM cells.size)))));

COMMENT ON VIEW caco.ablation_results IS 'What checks are worth, by the students of their rows. Grain: one row per ablation, arm, size and benchmark.';

COMMENT ON COLUMN caco.ablation_results.ablation_id IS 'Which ablation.';

COMMENT ON COLUMN caco.ablation_results.arm IS 'Which arm.';

COMMENT ON COLUMN caco.ablation_results.size IS 'How many rows were to be learnt from. NULL: all of the dataset.';

COMMENT ON COLUMN caco.ablation_results.benchmark IS 'Name of the benchmark.';

COMMENT ON COLUMN caco.ablation_results.rows IS 'How many rows the students learnt from.';

COMMENT ON COLUMN caco.ablation_results.students IS 'Students of this arm and size that were scored.';

COMMENT ON COLUMN caco.ablation_results.items IS 'Items that at least one of them decided.';

COMMENT ON COLUMN caco.ablation_results.unknown IS 'Greedy answers of all of them of which nobody could tell.';

COMMENT ON COLUMN caco.ablation_results.score IS 'Mean over the items of the share of right answers of all students, without the unknown ones.';

COMMENT ON COLUMN caco.ablation_results.score_low IS 'Lower end of the 95 % Wilson interval of such a share of as many items.';

COMMENT ON COLUMN caco.ablation_results.score_high IS 'Upper end of that interval.';

COMMENT ON COLUMN caco.ablation_results.noise IS 'Standard deviation of a student''s score between trainings on the same rows, pooled over the ablation. NULL: all cells have one student.';

COMMENT ON COLUMN caco.ablation_results.gained IS 'Items of which this arm has more right than the reference. NULL for the reference.';

COMMENT ON COLUMN caco.ablation_results.lost IS 'Items of which the reference has more right. NULL for the reference.';

COMMENT ON COLUMN caco.ablation_results.difference IS 'Score minus that of the reference over the items that both decided. NULL for the reference.';

COMMENT ON COLUMN caco.ablation_results.difference_low IS 'Lower end of its 95 % interval, with the chance of items and of training in it. NULL for the reference.';

COMMENT ON COLUMN caco.ablation_results.difference_high IS 'Upper end of that interval. NULL for the reference.';

COMMENT ON COLUMN caco.ablation_results.p IS 'Exact McNemar test on gained and lost. NULL for the reference.';

COMMENT ON COLUMN caco.ablation_results.p_holm IS 'The same, corrected by Holm over all comparisons of the ablation. NULL for the reference.';

COMMENT ON COLUMN caco.ablation_results.verdict IS 'better, worse or within noise. NULL for the reference, and where one student each does not tell the noise of training.';

CREATE TABLE caco.audit (
    run_id uuid NOT NULL,
    stage caco.stage NOT NULL,
    subject_id uuid NOT NULL,
    person text NOT NULL,
    answer caco.outcome NOT NULL,
    wrong_part caco.part,
    note text,
    answered_at timestamp with time zone NOT NULL,
    CONSTRAINT only_what_fails_has_a_wrong_part CHECK (((wrong_part IS NULL) OR (answer = 'fail'::caco.outcome)))
);

COMMENT ON TABLE caco.audit IS 'What people said of records that a stage had judged. Grain: one row per run, stage, subject and person.';

COMMENT ON COLUMN caco.audit.run_id IS 'The run.';

COMMENT ON COLUMN caco.audit.stage IS 'The stage that had the last word on the record.';

COMMENT ON COLUMN caco.audit.subject_id IS 'The sample.';

COMMENT ON COLUMN caco.audit.person IS 'Who answered.';

COMMENT ON COLUMN caco.audit.answer IS 'pass: the record is right. fail: it is wrong. unknown: the person cannot tell.';

COMMENT ON COLUMN caco.audit.wrong_part IS 'The first part that is wrong: what comes after it need not be. NULL: the record is not wrong, or the person did not say.';

COMMENT ON COLUMN caco.audit.note IS 'What else the person said. NULL: nothing.';

COMMENT ON COLUMN caco.audit.answered_at IS 'When the person answered.';

CREATE TABLE caco.audit_draw (
    draw_id uuid NOT NULL,
    run_id uuid NOT NULL,
    max_rows integer NOT NULL,
    CONSTRAINT max_rows_is_positive CHECK ((max_rows > 0))
);

COMMENT ON TABLE caco.audit_draw IS 'Random draws of rows for people to judge. Grain: one row per draw.';

COMMENT ON COLUMN caco.audit_draw.draw_id IS 'Hash of run and max_rows: the same again is the same draw. A larger draw of a run holds the smaller one.';

COMMENT ON COLUMN caco.audit_draw.run_id IS 'The run that it is drawn from.';

COMMENT ON COLUMN caco.audit_draw.max_rows IS 'At most so many rows of each stratum.';

CREATE TABLE caco.audit_row (
    draw_id uuid NOT NULL,
    subject_id uuid NOT NULL,
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
    draw_id uuid NOT NULL,
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
    output_no integer NOT NULL,
    subject uuid NOT NULL,
    number integer NOT NULL,
    benchmark text NOT NULL,
    item text NOT NULL,
    rule text NOT NULL,
    score double precision NOT NULL,
    matched_text text NOT NULL,
    CONSTRAINT number_is_not_negative CHECK ((number >= 0)),
    CONSTRAINT score_is_0_to_1 CHECK (((score >= (0)::double precision) AND (score <= (1)::double precision)))
);

COMMENT ON TABLE caco.benchmark_overlap IS 'Evidence that a rejected record overlaps a protected benchmark item; of records that went on it is in the outputs only. Grain: one row per output, subject and finding.';

COMMENT ON COLUMN caco.benchmark_overlap.output_no IS 'The output in which it was rejected.';

COMMENT ON COLUMN caco.benchmark_overlap.subject IS 'seed_id or sample_id.';

COMMENT ON COLUMN caco.benchmark_overlap.number IS 'Number of the finding within the record, from 0.';

COMMENT ON COLUMN caco.benchmark_overlap.benchmark IS 'Name of the benchmark.';

COMMENT ON COLUMN caco.benchmark_overlap.item IS 'The item''s id within it.';

COMMENT ON COLUMN caco.benchmark_overlap.rule IS 'The rule that found it: exact, ngram, masked, numbers; or review, the band below masked.';

COMMENT ON COLUMN caco.benchmark_overlap.score IS 'How alike, 0 to 1.';

COMMENT ON COLUMN caco.benchmark_overlap.matched_text IS 'What they share.';

CREATE VIEW caco.benchmark_overlap_report AS
SELECT
    NULL::uuid AS run_id,
    NULL::date AS partition,
    NULL::caco.stage AS stage,
    NULL::text AS benchmark,
    NULL::text AS rule,
    NULL::bigint AS records,
    NULL::bigint AS items,
    NULL::bigint AS findings,
    NULL::double precision AS highest_score,
    NULL::double precision AS share_of_read;

COMMENT ON VIEW caco.benchmark_overlap_report IS 'Overlap of rejected records with protected benchmarks. Grain: one row per run, stage, benchmark and rule.';

COMMENT ON COLUMN caco.benchmark_overlap_report.run_id IS 'Which run.';

COMMENT ON COLUMN caco.benchmark_overlap_report.partition IS 'Date that the run is for.';

COMMENT ON COLUMN caco.benchmark_overlap_report.stage IS 'Which stage, in the order of the funnel.';

COMMENT ON COLUMN caco.benchmark_overlap_report.benchmark IS 'Name of the benchmark.';

COMMENT ON COLUMN caco.benchmark_overlap_report.rule IS 'How the overlap was seen: exact, ngram, masked, numbers or review, or neighbour by a model.';

COMMENT ON COLUMN caco.benchmark_overlap_report.records IS 'Rejected records that overlap.';

COMMENT ON COLUMN caco.benchmark_overlap_report.items IS 'Items of the benchmark that they overlap with.';

COMMENT ON COLUMN caco.benchmark_overlap_report.findings IS 'Pairs of record and item.';

COMMENT ON COLUMN caco.benchmark_overlap_report.highest_score IS 'The largest overlap, 0 to 1.';

COMMENT ON COLUMN caco.benchmark_overlap_report.share_of_read IS 'records / what the stage read.';

CREATE TABLE caco.dataset (
    dataset_no integer NOT NULL,
    dataset text NOT NULL,
    version text NOT NULL,
    run_id uuid NOT NULL,
    partition date NOT NULL,
    rows bigint NOT NULL,
    code_version text NOT NULL,
    files jsonb NOT NULL,
    facts jsonb NOT NULL,
    supersedes text GENERATED ALWAYS AS ((facts ->> 'supersedes'::text)) STORED,
    CONSTRAINT rows_is_not_negative CHECK ((rows >= 0))
);

COMMENT ON TABLE caco.dataset IS 'Datasets, published or not: caco.dataset_state says. Grain: one row per dataset and version; a version never changes.';

COMMENT ON COLUMN caco.dataset.dataset_no IS 'Number within this ledger.';

COMMENT ON COLUMN caco.dataset.dataset IS 'Name.';

COMMENT ON COLUMN caco.dataset.version IS 'Version; together with the name its folder below datasets/ in the store.';

COMMENT ON COLUMN caco.dataset.run_id IS 'The nightly run that made it; a run that shares the output of its stage publish has it too.';

COMMENT ON COLUMN caco.dataset.partition IS 'The run''s partition.';

COMMENT ON COLUMN caco.dataset.rows IS 'Published rows.';

COMMENT ON COLUMN caco.dataset.code_version IS 'Package and commit that made it.';

COMMENT ON COLUMN caco.dataset.files IS 'Its parquet files, numbered from 0: uri, rows, bytes, sha256.';

COMMENT ON COLUMN caco.dataset.facts IS 'What else its manifest says; empty object where nothing.';

COMMENT ON COLUMN caco.dataset.supersedes IS 'The version, as name/version, that this one is without the rows in caco.dataset_tombstone. NULL: it is no such version.';

CREATE TABLE caco.dataset_state (
    dataset_no integer NOT NULL,
    number integer NOT NULL,
    state caco.state NOT NULL,
    by text NOT NULL,
    because text,
    at timestamp with time zone NOT NULL,
    CONSTRAINT number_is_not_negative CHECK ((number >= 0))
);

COMMENT ON TABLE caco.dataset_state IS 'Every state that a dataset was given, and by whom; the last one counts. Grain: one row per dataset and change.';

COMMENT ON COLUMN caco.dataset_state.dataset_no IS 'The dataset.';

COMMENT ON COLUMN caco.dataset_state.number IS 'Number of the change, from 0.';

COMMENT ON COLUMN caco.dataset_state.state IS 'The state from then on.';

COMMENT ON COLUMN caco.dataset_state.by IS 'Who changed it: a person, or the stage.';

COMMENT ON COLUMN caco.dataset_state.because IS 'Why. NULL: nobody said.';

COMMENT ON COLUMN caco.dataset_state.at IS 'When.';

CREATE TABLE caco.output (
    output_no integer NOT NULL,
    key uuid NOT NULL,
    stage caco.stage NOT NULL,
    shard integer NOT NULL,
    attempt integer NOT NULL,
    previous uuid,
    keeps_known boolean NOT NULL,
    inputs uuid[] NOT NULL,
    recipe jsonb NOT NULL,
    origin jsonb NOT NULL,
    run_no integer NOT NULL,
    partition date NOT NULL,
    code_version text NOT NULL,
    seconds double precision NOT NULL,
    record text NOT NULL,
    uri text NOT NULL,
    rows bigint NOT NULL,
    bytes bigint NOT NULL,
    sha256 text NOT NULL,
    read bigint NOT NULL,
    passed bigint NOT NULL,
    failed bigint NOT NULL,
    unknown bigint NOT NULL,
    kept bigint NOT NULL,
    recorded bigint NOT NULL,
    models text[] NOT NULL,
    prompts text[] NOT NULL,
    requests bigint NOT NULL,
    prompt_tokens bigint NOT NULL,
    completion_tokens bigint NOT NULL,
    cost_usd double precision NOT NULL,
    replayed bigint NOT NULL,
    cut_off bigint NOT NULL,
    sandbox_version text,
    sandbox_level text,
    artifacts jsonb NOT NULL,
    loaded_at timestamp with time zone DEFAULT now() NOT NULL,
    cut_away jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT a_later_attempt_has_one_before CHECK (((attempt = 0) = (previous IS NULL))),
    CONSTRAINT attempt_is_not_negative CHECK ((attempt >= 0)),
    CONSTRAINT counts_are_not_negative CHECK (((passed >= 0) AND (failed >= 0) AND (unknown >= 0) AND (bytes >= 0) AND (seconds >= (0)::double precision) AND (requests >= 0) AND (prompt_tokens >= 0) AND (completion_tokens >= 0) AND (cost_usd >= (0)::double precision) AND (replayed >= 0) AND (cut_off >= 0) AND (recorded >= 0))),
    CONSTRAINT every_record_read_has_a_row CHECK ((rows = read)),
    CONSTRAINT kept_are_of_those_read CHECK (((kept >= 0) AND (kept <= read))),
    CONSTRAINT read_is_passed_failed_and_unknown CHECK ((read = ((passed + failed) + unknown))),
    CONSTRAINT sandbox_level_has_a_version CHECK (((sandbox_level IS NULL) OR (sandbox_version IS NOT NULL))),
    CONSTRAINT sha256_is_hex CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT shard_is_not_negative CHECK ((shard >= 0))
);

COMMENT ON TABLE caco.output IS 'Finished outputs: what one stage made of one shard. The first manifest registered for a key is the one that counts. Grain: one row per key.';

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

COMMENT ON COLUMN caco.output.cut_away IS 'What replies held besides what was asked for, such as thinking or a header, and how many replies did; empty object where nothing.';

CREATE VIEW caco.datasets AS
 SELECT holder.run_id,
    dataset.partition,
    dataset.dataset,
    dataset.version,
    dataset.rows,
    COALESCE(last.state, 'published'::caco.state) AS state,
    last.by AS changed_by,
    last.because,
    last.at AS changed_at,
    (holder.run_id <> dataset.run_id) AS is_reused,
    holder.is_current
   FROM ((( SELECT named.dataset_no,
            named.run_id,
            bool_or(named.is_current) AS is_current
           FROM ( SELECT dataset_1.dataset_no,
                    dataset_1.run_id,
                    false AS is_current
                   FROM caco.dataset dataset_1
                UNION ALL
                 SELECT dataset_1.dataset_no,
                    run.run_id,
                    run_output.is_current
                   FROM (((caco.run_output
                     JOIN caco.run USING (run_no))
                     JOIN caco.output USING (output_no))
                     JOIN caco.dataset dataset_1 ON ((((dataset_1.dataset || '/'::text) || dataset_1.version) = (output.artifacts ->> 'dataset'::text))))
                  WHERE (run_output.stage = 'publish'::caco.stage)) named
          GROUP BY named.dataset_no, named.run_id) holder
     JOIN caco.dataset USING (dataset_no))
     LEFT JOIN LATERAL ( SELECT dataset_state.state,
            dataset_state.by,
            dataset_state.because,
            dataset_state.at
           FROM caco.dataset_state
          WHERE (dataset_state.dataset_no = holder.dataset_no)
          ORDER BY dataset_state.number DESC
         LIMIT 1) last ON (true));

COMMENT ON VIEW caco.datasets IS 'Datasets, their state, and the runs that have them. Grain: one row per run, dataset and version.';

COMMENT ON COLUMN caco.datasets.run_id IS 'A run that has it: the one that made it, or one that reuses its output.';

COMMENT ON COLUMN caco.datasets.partition IS 'Date that it was made for.';

COMMENT ON COLUMN caco.datasets.dataset IS 'Name of the dataset.';

COMMENT ON COLUMN caco.datasets.version IS 'Version of it.';

COMMENT ON COLUMN caco.datasets.rows IS 'Rows of the dataset.';

COMMENT ON COLUMN caco.datasets.state IS 'The last state given: staged, published or withdrawn; published where none was ever given.';

COMMENT ON COLUMN caco.datasets.changed_by IS 'Who gave that state. NULL: it never had one.';

COMMENT ON COLUMN caco.datasets.because IS 'Why. NULL: it never had a state, or no word was given.';

COMMENT ON COLUMN caco.datasets.changed_at IS 'When. NULL: it never had a state.';

COMMENT ON COLUMN caco.datasets.is_reused IS 'Whether another run made it.';

COMMENT ON COLUMN caco.datasets.is_current IS 'Whether the run consists of it now; false: a new attempt has taken its place.';

CREATE VIEW caco.cost_per_row AS
 SELECT run.run_id,
    run.partition,
    run.config_hash,
    COALESCE(published.rows, (0)::bigint) AS published,
    spent.outputs,
    spent.reused,
    spent.prompt_tokens,
    spent.completion_tokens,
    spent.stage_seconds,
    ((spent.prompt_tokens)::double precision / (NULLIF(published.rows, 0))::double precision) AS prompt_tokens_per_row,
    ((spent.completion_tokens)::double precision / (NULLIF(published.rows, 0))::double precision) AS completion_tokens_per_row,
    (spent.stage_seconds / (NULLIF(published.rows, 0))::double precision) AS seconds_per_row,
    spent.cost_usd,
    spent.replayed,
    (spent.cost_usd / (NULLIF(published.rows, 0))::double precision) AS cost_usd_per_row
   FROM ((caco.run
     JOIN LATERAL ( SELECT count(*) AS outputs,
            count(*) FILTER (WHERE place.is_reused) AS reused,
            (COALESCE(sum(output.prompt_tokens) FILTER (WHERE (NOT place.is_reused)), (0)::numeric))::bigint AS prompt_tokens,
            (COALESCE(sum(output.completion_tokens) FILTER (WHERE (NOT place.is_reused)), (0)::numeric))::bigint AS completion_tokens,
            COALESCE(sum(output.seconds) FILTER (WHERE (NOT place.is_reused)), (0)::double precision) AS stage_seconds,
            COALESCE(sum(output.cost_usd) FILTER (WHERE (NOT place.is_reused)), (0)::double precision) AS cost_usd,
            (COALESCE(sum(output.replayed) FILTER (WHERE (NOT place.is_reused)), (0)::numeric))::bigint AS replayed
           FROM (caco.run_output place
             JOIN caco.output USING (output_no))
          WHERE (place.run_no = run.run_no)) spent ON ((spent.outputs > 0)))
     LEFT JOIN LATERAL ( SELECT datasets.rows
           FROM caco.datasets
          WHERE (datasets.run_id = run.run_id)
          ORDER BY datasets.version DESC, datasets.dataset
         LIMIT 1) published ON (true))
  WHERE (run.pipeline = 'nightly'::text);

COMMENT ON VIEW caco.cost_per_row IS 'What a published row costs. Grain: one row per nightly run.';

COMMENT ON COLUMN caco.cost_per_row.run_id IS 'Which run.';

COMMENT ON COLUMN caco.cost_per_row.partition IS 'Date that the run is for.';

COMMENT ON COLUMN caco.cost_per_row.config_hash IS 'Hash of all settings that change data.';

COMMENT ON COLUMN caco.cost_per_row.published IS 'Rows of the newest dataset of the run; 0: none.';

COMMENT ON COLUMN caco.cost_per_row.outputs IS 'Outputs that the run has or had, with replaced attempts.';

COMMENT ON COLUMN caco.cost_per_row.reused IS 'Of these, the ones that another run paid for.';

COMMENT ON COLUMN caco.cost_per_row.prompt_tokens IS 'Tokens of prompts that the run itself paid for.';

COMMENT ON COLUMN caco.cost_per_row.completion_tokens IS 'Tokens written that the run itself paid for.';

COMMENT ON COLUMN caco.cost_per_row.stage_seconds IS 'Wall seconds of the outputs that the run itself made, added up.';

COMMENT ON COLUMN caco.cost_per_row.prompt_tokens_per_row IS 'Of each published row. NULL: none was published.';

COMMENT ON COLUMN caco.cost_per_row.completion_tokens_per_row IS 'Of each published row. NULL: none was published.';

COMMENT ON COLUMN caco.cost_per_row.seconds_per_row IS 'stage_seconds of each published row. NULL: none was published.';

COMMENT ON COLUMN caco.cost_per_row.cost_usd IS 'Dollars that the run itself paid.';

COMMENT ON COLUMN caco.cost_per_row.replayed IS 'Replies that cost nothing, for they had been made before.';

COMMENT ON COLUMN caco.cost_per_row.cost_usd_per_row IS 'Of each published row. NULL: none was published.';

ALTER TABLE caco.dataset ALTER COLUMN dataset_no ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME caco.dataset_dataset_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE caco.dataset_promotion (
    dataset text NOT NULL,
    partition date NOT NULL,
    number integer NOT NULL,
    dataset_no integer NOT NULL,
    replaced_no integer,
    is_roll_back boolean NOT NULL,
    by text NOT NULL,
    because text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT number_is_not_negative CHECK ((number >= 0))
);

COMMENT ON TABLE caco.dataset_promotion IS 'Decisions on which version of a dataset counts for a date, and by whom; the last one counts. Grain: one row per dataset, date and decision; none where the first published version counts.';

COMMENT ON COLUMN caco.dataset_promotion.dataset IS 'Name of the dataset.';

COMMENT ON COLUMN caco.dataset_promotion.partition IS 'The date.';

COMMENT ON COLUMN caco.dataset_promotion.number IS 'Number of the decision, from 0.';

COMMENT ON COLUMN caco.dataset_promotion.dataset_no IS 'The version that counts from then on, while it is published.';

COMMENT ON COLUMN caco.dataset_promotion.replaced_no IS 'The version that counted before. NULL: none did.';

COMMENT ON COLUMN caco.dataset_promotion.is_roll_back IS 'Whether it takes the decision before back.';

COMMENT ON COLUMN caco.dataset_promotion.by IS 'Who decided.';

COMMENT ON COLUMN caco.dataset_promotion.because IS 'Why.';

COMMENT ON COLUMN caco.dataset_promotion.at IS 'When.';

CREATE TABLE caco.dataset_row (
    dataset_no integer NOT NULL,
    sample_id uuid NOT NULL,
    file smallint NOT NULL,
    "row" integer NOT NULL,
    program_id uuid,
    output_key uuid,
    CONSTRAINT file_is_not_negative CHECK ((file >= 0)),
    CONSTRAINT row_is_not_negative CHECK (("row" >= 0))
);

COMMENT ON TABLE caco.dataset_row IS 'Rows of datasets. Grain: one row per dataset, version and sample.';

COMMENT ON COLUMN caco.dataset_row.dataset_no IS 'The dataset.';

COMMENT ON COLUMN caco.dataset_row.sample_id IS 'The sample that was published.';

COMMENT ON COLUMN caco.dataset_row.file IS 'Number of the file among those of the dataset, from 0.';

COMMENT ON COLUMN caco.dataset_row."row" IS 'Row of that file, from 0.';

COMMENT ON COLUMN caco.dataset_row.program_id IS 'Hash of its program. NULL: its file does not say, or it was registered before this column; caco ledger rebuild fills it.';

COMMENT ON COLUMN caco.dataset_row.output_key IS 'Key of the output of the last check that it came from. NULL: as for program_id.';

CREATE VIEW caco.dataset_standing AS
 WITH stated AS (
         SELECT dataset.dataset_no,
            dataset.dataset,
            dataset.version,
            dataset.partition,
            COALESCE(last.state, 'published'::caco.state) AS state,
            COALESCE(last.at, '-infinity'::timestamp with time zone) AS since
           FROM (caco.dataset
             LEFT JOIN LATERAL ( SELECT dataset_state.state,
                    dataset_state.at
                   FROM caco.dataset_state
                  WHERE (dataset_state.dataset_no = dataset.dataset_no)
                  ORDER BY dataset_state.number DESC
                 LIMIT 1) last ON (true))
        ), decided AS (
         SELECT DISTINCT ON (dataset_promotion.dataset, dataset_promotion.partition) dataset_promotion.dataset,
            dataset_promotion.partition,
            dataset_promotion.dataset_no AS promoted_no,
            dataset_promotion.at AS promoted_at
           FROM caco.dataset_promotion
          ORDER BY dataset_promotion.dataset, dataset_promotion.partition, dataset_promotion.number DESC
        ), placed AS (
         SELECT stated.dataset_no,
            stated.dataset,
            stated.version,
            stated.partition,
            stated.state,
            stated.since,
            decided.promoted_at,
            ((stated.state = 'published'::caco.state) AND ((decided.promoted_no IS NULL) OR (decided.promoted_no = stated.dataset_no) OR (stated.since > decided.promoted_at))) AS may_count,
            (NOT (decided.promoted_no IS DISTINCT FROM stated.dataset_no)) AS is_promoted
           FROM (stated
             LEFT JOIN decided USING (dataset, partition))
        ), ordered AS (
         SELECT placed.dataset_no,
            placed.dataset,
            placed.version,
            placed.partition,
            placed.state,
            placed.since,
            placed.promoted_at,
            placed.may_count,
            placed.is_promoted,
            row_number() OVER (PARTITION BY placed.dataset, placed.partition ORDER BY placed.may_count DESC, placed.is_promoted DESC, placed.since, placed.version) AS place
           FROM placed
        )
 SELECT dataset_no,
    dataset,
    version,
    partition,
    state,
        CASE
            WHEN (state <> 'published'::caco.state) THEN NULL::text
            WHEN (may_count AND (place = 1)) THEN 'current'::text
            WHEN may_count THEN 'waiting'::text
            ELSE 'superseded'::text
        END AS standing
   FROM ordered;

COMMENT ON VIEW caco.dataset_standing IS 'Which version of a dataset counts for its date. Grain: one row per dataset and version.';

COMMENT ON COLUMN caco.dataset_standing.dataset_no IS 'Number of the dataset in this ledger.';

COMMENT ON COLUMN caco.dataset_standing.dataset IS 'Name of the dataset.';

COMMENT ON COLUMN caco.dataset_standing.version IS 'Version of it.';

COMMENT ON COLUMN caco.dataset_standing.partition IS 'Date that it was made for.';

COMMENT ON COLUMN caco.dataset_standing.state IS 'The last state given: staged, published or withdrawn; published where none was ever given.';

COMMENT ON COLUMN caco.dataset_standing.standing IS 'current: it counts for its date. superseded: another was promoted since it was published. waiting: published beside the current one. NULL: staged or withdrawn.';

CREATE TABLE caco.dataset_tombstone (
    dataset_no integer NOT NULL,
    sample_id uuid NOT NULL,
    reason text NOT NULL,
    by text NOT NULL,
    because text NOT NULL,
    at timestamp with time zone NOT NULL
);

COMMENT ON TABLE caco.dataset_tombstone IS 'Rows that a version of a dataset lacks and the version before it had. Grain: one row per version and sample.';

COMMENT ON COLUMN caco.dataset_tombstone.dataset_no IS 'The version that lacks it.';

COMMENT ON COLUMN caco.dataset_tombstone.sample_id IS 'The sample that was taken out.';

COMMENT ON COLUMN caco.dataset_tombstone.reason IS 'Why, in a word or two: what it has in common with others.';

COMMENT ON COLUMN caco.dataset_tombstone.by IS 'Who decided it.';

COMMENT ON COLUMN caco.dataset_tombstone.because IS 'Why, in the words of whoever decided it.';

COMMENT ON COLUMN caco.dataset_tombstone.at IS 'When.';

CREATE TABLE caco.diversity (
    diversity_id uuid NOT NULL,
    run_id uuid NOT NULL,
    dataset text,
    embedder text NOT NULL,
    of_rows bigint NOT NULL,
    rows integer NOT NULL,
    spread double precision,
    nearest_mean double precision,
    nearest_median double precision,
    near_rows integer NOT NULL,
    effective_clusters double precision,
    vendi double precision,
    earlier_mean double precision,
    earlier_near_rows integer,
    shown double precision NOT NULL,
    measured_at timestamp with time zone NOT NULL,
    code_version text NOT NULL,
    CONSTRAINT rows_were_looked_at CHECK ((rows > 0))
);

COMMENT ON TABLE caco.diversity IS 'How varied the problems of a run or dataset are. Grain: one row per rows looked at, embedding model and earlier runs compared with. Distances are cosine distances, 0 to 2.';

COMMENT ON COLUMN caco.diversity.diversity_id IS 'Hash of what was measured and how: the same again is the same row.';

COMMENT ON COLUMN caco.diversity.run_id IS 'The run whose rows they are.';

COMMENT ON COLUMN caco.diversity.dataset IS 'The dataset that they were read from, as name/version. NULL: rows that passed every check and were not published yet.';

COMMENT ON COLUMN caco.diversity.embedder IS 'The embedding model; figures by two are not comparable.';

COMMENT ON COLUMN caco.diversity.of_rows IS 'Rows that there are.';

COMMENT ON COLUMN caco.diversity.rows IS 'Rows that were looked at, drawn by the hash of their ids where there are more than diversity.max_rows.';

COMMENT ON COLUMN caco.diversity.spread IS 'Mean distance of all pairs of rows. NULL: fewer than two.';

COMMENT ON COLUMN caco.diversity.nearest_mean IS 'Mean distance of a row to the nearest other one. NULL: as spread.';

COMMENT ON COLUMN caco.diversity.nearest_median IS 'Median of the same. NULL: as spread.';

COMMENT ON COLUMN caco.diversity.near_rows IS 'Rows that lie within 0.05 of another one.';

COMMENT ON COLUMN caco.diversity.effective_clusters IS 'exp of the entropy of the clusters'' shares: so many clusters of equal size would be as varied. NULL: as spread.';

COMMENT ON COLUMN caco.diversity.vendi IS 'Vendi score: so many wholly different texts would be as varied. NULL: as spread.';

COMMENT ON COLUMN caco.diversity.earlier_mean IS 'Mean distance of a row to the nearest one of all earlier runs compared with. NULL: none was.';

COMMENT ON COLUMN caco.diversity.earlier_near_rows IS 'Rows that lie within 0.05 of one of an earlier run. NULL: as earlier_mean.';

COMMENT ON COLUMN caco.diversity.shown IS 'Share of the variance of the vectors that the picture shows.';

COMMENT ON COLUMN caco.diversity.measured_at IS 'When.';

COMMENT ON COLUMN caco.diversity.code_version IS 'Package and commit that measured.';

CREATE TABLE caco.diversity_cluster (
    diversity_id uuid NOT NULL,
    number integer NOT NULL,
    words text[] NOT NULL,
    rows integer NOT NULL
);

COMMENT ON TABLE caco.diversity_cluster IS 'Rows that lie together. Grain: one row per measurement and cluster.';

COMMENT ON COLUMN caco.diversity_cluster.diversity_id IS 'Which measurement.';

COMMENT ON COLUMN caco.diversity_cluster.number IS 'From 0, the largest first.';

COMMENT ON COLUMN caco.diversity_cluster.words IS 'Words that tell it from the others, the most telling first.';

COMMENT ON COLUMN caco.diversity_cluster.rows IS 'Its rows among those looked at.';

CREATE TABLE caco.diversity_domain (
    diversity_id uuid NOT NULL,
    domain text NOT NULL,
    rows integer NOT NULL,
    spread double precision,
    nearest_mean double precision,
    nearest_median double precision,
    near_rows integer NOT NULL,
    effective_clusters double precision,
    vendi double precision,
    earlier_mean double precision,
    earlier_near_rows integer
);

COMMENT ON TABLE caco.diversity_domain IS 'The same of the rows of one domain. Grain: one row per measurement and domain; rows whose domain is not known are in none.';

COMMENT ON COLUMN caco.diversity_domain.diversity_id IS 'Which measurement.';

COMMENT ON COLUMN caco.diversity_domain.domain IS 'Which domain.';

COMMENT ON COLUMN caco.diversity_domain.rows IS 'Its rows among those looked at.';

COMMENT ON COLUMN caco.diversity_domain.spread IS 'Mean distance of all pairs of them. NULL: fewer than two.';

COMMENT ON COLUMN caco.diversity_domain.nearest_mean IS 'Mean distance to the nearest other row of any domain. NULL: there is none.';

COMMENT ON COLUMN caco.diversity_domain.nearest_median IS 'Median of the same. NULL: as nearest_mean.';

COMMENT ON COLUMN caco.diversity_domain.near_rows IS 'Those within 0.05 of another row of any domain.';

COMMENT ON COLUMN caco.diversity_domain.effective_clusters IS 'As diversity.effective_clusters. NULL: as spread.';

COMMENT ON COLUMN caco.diversity_domain.vendi IS 'As diversity.vendi. NULL: as spread.';

COMMENT ON COLUMN caco.diversity_domain.earlier_mean IS 'As diversity.earlier_mean. NULL: none was compared with.';

COMMENT ON COLUMN caco.diversity_domain.earlier_near_rows IS 'As diversity.earlier_near_rows. NULL: none was compared with.';

CREATE TABLE caco.diversity_earlier (
    diversity_id uuid NOT NULL,
    name text NOT NULL,
    rows integer NOT NULL,
    nearest_mean double precision,
    near_rows integer NOT NULL
);

COMMENT ON TABLE caco.diversity_earlier IS 'How near the rows come to those of one earlier run. Grain: one row per measurement and earlier dataset or run.';

COMMENT ON COLUMN caco.diversity_earlier.diversity_id IS 'Which measurement.';

COMMENT ON COLUMN caco.diversity_earlier.name IS 'The earlier dataset as name/version, or the run that has none.';

COMMENT ON COLUMN caco.diversity_earlier.rows IS 'Its rows that were looked at.';

COMMENT ON COLUMN caco.diversity_earlier.nearest_mean IS 'Mean distance of a row to its nearest one. NULL: it has no rows.';

COMMENT ON COLUMN caco.diversity_earlier.near_rows IS 'Rows that lie within 0.05 of one of its.';

CREATE TABLE caco.environment (
    dataset_no integer NOT NULL,
    sample_id uuid NOT NULL,
    environment_id uuid,
    program_id uuid,
    maker_version smallint NOT NULL,
    inputs jsonb,
    conditions jsonb,
    instances jsonb,
    example_problem text,
    example_answer text,
    refusal text,
    detail text,
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT an_environment_is_whole CHECK (((environment_id IS NULL) OR (num_nulls(program_id, inputs, conditions, instances) = 0))),
    CONSTRAINT an_environment_or_a_refusal CHECK (((environment_id IS NULL) = (refusal IS NOT NULL))),
    CONSTRAINT maker_versions_count_from_one CHECK ((maker_version >= 1))
);

COMMENT ON TABLE caco.environment IS 'Rows of datasets that caco environments make looked at last. Grain: one row per dataset and sample; a ledger that is rebuilt has none until it is made again.';

COMMENT ON COLUMN caco.environment.dataset_no IS 'The dataset.';

COMMENT ON COLUMN caco.environment.sample_id IS 'The row, by its sample.';

COMMENT ON COLUMN caco.environment.environment_id IS 'Hash of program, text and version of the maker. NULL: it became none.';

COMMENT ON COLUMN caco.environment.program_id IS 'The program that gives the answers. NULL: it became none.';

COMMENT ON COLUMN caco.environment.maker_version IS 'Version of the maker.';

COMMENT ON COLUMN caco.environment.inputs IS 'The numbers that are drawn: name, and the least and the most that the text says, over all levels. NULL: it became none.';

COMMENT ON COLUMN caco.environment.conditions IS 'What draws were refused for, and how many were. NULL: it became none.';

COMMENT ON COLUMN caco.environment.instances IS 'Distinct valid instances that were found, by level of difficulty. NULL: it became none.';

COMMENT ON COLUMN caco.environment.example_problem IS 'The text of one instance. NULL: it became none.';

COMMENT ON COLUMN caco.environment.example_answer IS 'The answer of that instance. NULL: it became none.';

COMMENT ON COLUMN caco.environment.refusal IS 'Why it became none, a word of docs/environments.md. NULL: it is one.';

COMMENT ON COLUMN caco.environment.detail IS 'What was seen. NULL: it is one, or the word says all.';

COMMENT ON COLUMN caco.environment.made_at IS 'When it was looked at.';

CREATE VIEW caco.environment_yield AS
 SELECT dataset.dataset,
    dataset.version,
    environment.refusal,
    count(*) AS rows,
    sum(found.instances) AS instances
   FROM ((caco.environment
     JOIN caco.dataset USING (dataset_no))
     LEFT JOIN LATERAL ( SELECT sum((level.value)::bigint) AS instances
           FROM jsonb_each_text(environment.instances) level(key, value)) found ON (true))
  GROUP BY dataset.dataset, dataset.version, environment.refusal;

COMMENT ON VIEW caco.environment_yield IS 'What became of the rows that were to be environments. Grain: one row per dataset, version and reason.';

COMMENT ON COLUMN caco.environment_yield.dataset IS 'Name of the dataset.';

COMMENT ON COLUMN caco.environment_yield.version IS 'Version of it.';

COMMENT ON COLUMN caco.environment_yield.refusal IS 'Why rows became none. NULL: they became environments.';

COMMENT ON COLUMN caco.environment_yield.rows IS 'Rows of the dataset.';

COMMENT ON COLUMN caco.environment_yield.instances IS 'Distinct valid instances found. NULL: they became none.';

CREATE TABLE caco.fate (
    partition date NOT NULL,
    output_no integer NOT NULL,
    subject uuid NOT NULL,
    "row" integer NOT NULL,
    outcome caco.outcome NOT NULL,
    reason caco.reason,
    detail text,
    CONSTRAINT failed_or_unknown_has_a_reason CHECK (((outcome = 'pass'::caco.outcome) = (reason IS NULL)))
)
PARTITION BY LIST (partition);

COMMENT ON TABLE caco.fate IS 'Where each sample, seed or attempt ended. Grain: one row per output and subject, in the output in which it failed, stayed unknown, or passed the last stage. Samples still on their way have no row yet. Ask the view verdict for the current outputs of a run.';

COMMENT ON COLUMN caco.fate.partition IS 'Partition of the output.';

COMMENT ON COLUMN caco.fate.output_no IS 'The output in which it ended.';

COMMENT ON COLUMN caco.fate.subject IS 'seed_id in the pipeline seeds, sample_id in nightly, attempt_id in evaluate.';

COMMENT ON COLUMN caco.fate."row" IS 'The row of that output, from 0: it holds all texts of the sample.';

COMMENT ON COLUMN caco.fate.outcome IS 'pass: it passed every stage that has shards. fail, unknown: what the stage of the output said.';

COMMENT ON COLUMN caco.fate.reason IS 'Why it did not pass. NULL exactly when it passed.';

COMMENT ON COLUMN caco.fate.detail IS 'One line for a reader: the exception, the equation, the overlapping item. NULL: it passed, or there is nothing to add.';

CREATE TABLE caco.fingerprint (
    kind text NOT NULL,
    hash uuid NOT NULL,
    place integer DEFAULT 0 NOT NULL,
    owner uuid NOT NULL,
    output_key uuid NOT NULL,
    sketch bytea,
    claimed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT only_a_sketch_has_a_second_place CHECK (((place = 0) OR (sketch IS NOT NULL)))
);

COMMENT ON TABLE caco.fingerprint IS 'Claims over all runs: the first to claim a hash owns it, and owns it again when it claims again. Near duplicates are told apart by sketch: the unlike ones of one hash have places of their own. Grain: one row per kind, hash and place.';

COMMENT ON COLUMN caco.fingerprint.kind IS 'What was hashed, with the version of the recipe.';

COMMENT ON COLUMN caco.fingerprint.hash IS 'The hash; of a sketch, the hash of what near duplicates have in common: the literals of a program, the numbers and the answer of a problem.';

COMMENT ON COLUMN caco.fingerprint.place IS 'Number among the owners of this hash, from 0, in the order in which they came; always 0 without a sketch.';

COMMENT ON COLUMN caco.fingerprint.owner IS 'sample_id or seed_id that claimed it first: in whatever run it claims again, it wins.';

COMMENT ON COLUMN caco.fingerprint.output_key IS 'Key of the output in whose making it was claimed.';

COMMENT ON COLUMN caco.fingerprint.sketch IS 'MinHash, one byte for each of its hashes: the share of equal bytes is the likeness. NULL: the hash alone is claimed.';

COMMENT ON COLUMN caco.fingerprint.claimed_at IS 'When it was claimed, or loaded again.';

CREATE VIEW caco.funnel AS
SELECT
    NULL::uuid AS run_id,
    NULL::text AS pipeline,
    NULL::date AS partition,
    NULL::caco.stage AS stage,
    NULL::integer AS shards,
    NULL::integer AS reused,
    NULL::bigint AS read,
    NULL::bigint AS passed,
    NULL::bigint AS failed,
    NULL::bigint AS unknown,
    NULL::bigint AS recorded,
    NULL::double precision AS kept_share,
    NULL::bigint AS prompt_tokens,
    NULL::bigint AS completion_tokens,
    NULL::double precision AS cost_usd,
    NULL::double precision AS seconds;

COMMENT ON VIEW caco.funnel IS 'How many records come into each stage, and how many go on. Grain: one row per run and stage.';

COMMENT ON COLUMN caco.funnel.run_id IS 'Which run.';

COMMENT ON COLUMN caco.funnel.pipeline IS 'seeds, codegen, nightly or evaluate.';

COMMENT ON COLUMN caco.funnel.partition IS 'Date that the run is for.';

COMMENT ON COLUMN caco.funnel.stage IS 'Which stage, in the order of the funnel.';

COMMENT ON COLUMN caco.funnel.shards IS 'Shards that the run has now.';

COMMENT ON COLUMN caco.funnel.reused IS 'Of these, the ones that another run had made.';

COMMENT ON COLUMN caco.funnel.read IS 'Records that came in.';

COMMENT ON COLUMN caco.funnel.passed IS 'Records that go on.';

COMMENT ON COLUMN caco.funnel.failed IS 'Records rejected.';

COMMENT ON COLUMN caco.funnel.unknown IS 'Records of which nothing could be told.';

COMMENT ON COLUMN caco.funnel.recorded IS 'Findings of rules that only record, and decided nothing.';

COMMENT ON COLUMN caco.funnel.kept_share IS 'passed / read. NULL: nothing was read.';

COMMENT ON COLUMN caco.funnel.prompt_tokens IS 'Tokens of prompts that this run itself paid for.';

COMMENT ON COLUMN caco.funnel.completion_tokens IS 'Tokens written that this run itself paid for.';

COMMENT ON COLUMN caco.funnel.cost_usd IS 'Dollars that this run itself paid.';

COMMENT ON COLUMN caco.funnel.seconds IS 'Wall seconds of the shards that this run itself made, added up.';

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
        ), looked_at AS (
         SELECT estimated.run_id,
            estimated.check_name,
            estimated.verdict,
            estimated.rows,
            estimated.decided,
            estimated.undecided,
            estimated.wrong,
            estimated.fine,
            estimated.down,
            estimated.up,
            bool_or((estimated.decided > 0)) OVER (PARTITION BY estimated.run_id, estimated.check_name, estimated.verdict) AS has_decided
           FROM estimated
        ), added AS (
         SELECT looked_at.run_id,
            looked_at.check_name,
            (sum(looked_at.decided))::bigint AS rows_judged,
            (sum(looked_at.undecided))::bigint AS rows_undecided,
            (COALESCE(sum(looked_at.rows) FILTER (WHERE (looked_at.decided > 0)), (0)::double precision) / sum(looked_at.rows)) AS covered_share,
            bool_and(looked_at.has_decided) FILTER (WHERE (looked_at.verdict = ANY (ARRAY['pass'::caco.outcome, 'fail'::caco.outcome]))) AS is_comparable,
            COALESCE(sum(looked_at.fine) FILTER (WHERE (looked_at.verdict = 'pass'::caco.outcome)), (0)::double precision) AS passed_right,
            COALESCE(sum(looked_at.wrong) FILTER (WHERE (looked_at.verdict = 'pass'::caco.outcome)), (0)::double precision) AS passed_wrong,
            COALESCE(sum(looked_at.fine) FILTER (WHERE (looked_at.verdict = 'fail'::caco.outcome)), (0)::double precision) AS failed_right,
            COALESCE(sum(looked_at.wrong) FILTER (WHERE (looked_at.verdict = 'fail'::caco.outcome)), (0)::double precision) AS failed_wrong,
            COALESCE(sum(looked_at.fine) FILTER (WHERE (looked_at.verdict = 'unknown'::caco.outcome)), (0)::double precision) AS unknown_right,
            COALESCE(sum(looked_at.wrong) FILTER (WHERE (looked_at.verdict = 'unknown'::caco.outcome)), (0)::double precision) AS unknown_wrong,
            COALESCE(sqrt(sum((looked_at.down * looked_at.down)) FILTER (WHERE (looked_at.verdict = 'pass'::caco.outcome))), (0)::double precision) AS passed_down,
            COALESCE(sqrt(sum((looked_at.up * looked_at.up)) FILTER (WHERE (looked_at.verdict = 'pass'::caco.outcome))), (0)::double precision) AS passed_up,
            COALESCE(sqrt(sum((looked_at.down * looked_at.down)) FILTER (WHERE (looked_at.verdict = 'fail'::caco.outcome))), (0)::double precision) AS failed_down,
            COALESCE(sqrt(sum((looked_at.up * looked_at.up)) FILTER (WHERE (looked_at.verdict = 'fail'::caco.outcome))), (0)::double precision) AS failed_up
           FROM looked_at
          GROUP BY looked_at.run_id, looked_at.check_name
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
        CASE
            WHEN added.is_comparable THEN (added.passed_wrong / NULLIF((added.passed_wrong + added.failed_wrong), (0)::double precision))
            ELSE NULL::double precision
        END AS false_pass_share,
        CASE
            WHEN added.is_comparable THEN caco.share_low(added.passed_wrong, added.passed_down, added.failed_wrong, added.failed_up)
            ELSE NULL::double precision
        END AS false_pass_low,
        CASE
            WHEN added.is_comparable THEN ((1)::double precision - caco.share_low(added.failed_wrong, added.failed_down, added.passed_wrong, added.passed_up))
            ELSE NULL::double precision
        END AS false_pass_high,
        CASE
            WHEN added.is_comparable THEN (added.failed_right / NULLIF((added.failed_right + added.passed_right), (0)::double precision))
            ELSE NULL::double precision
        END AS false_fail_share,
        CASE
            WHEN added.is_comparable THEN caco.share_low(added.failed_right, added.failed_up, added.passed_right, added.passed_down)
            ELSE NULL::double precision
        END AS false_fail_low,
        CASE
            WHEN added.is_comparable THEN ((1)::double precision - caco.share_low(added.passed_right, added.passed_up, added.failed_right, added.failed_down))
            ELSE NULL::double precision
        END AS false_fail_high,
    (added.passed_wrong / NULLIF((added.passed_wrong + added.passed_right), (0)::double precision)) AS wrong_of_passed_share,
    ((added.passed_wrong - added.passed_down) / NULLIF((added.passed_wrong + added.passed_right), (0)::double precision)) AS wrong_of_passed_low,
    ((added.passed_wrong + added.passed_up) / NULLIF((added.passed_wrong + added.passed_right), (0)::double precision)) AS wrong_of_passed_high
   FROM (added
     JOIN caco.run USING (run_id));

COMMENT ON VIEW caco.judge_confusion IS 'Checks against people, estimated from a stratified draw. Grain: one row per audited run and check.';

COMMENT ON COLUMN caco.judge_confusion.run_id IS 'Which run.';

COMMENT ON COLUMN caco.judge_confusion.partition IS 'Date that the run is for.';

COMMENT ON COLUMN caco.judge_confusion.check_name IS 'execute, screen, reverse, solve, agree, judge, or chain for all of them together.';

COMMENT ON COLUMN caco.judge_confusion.people IS 'How many people judged rows of the run.';

COMMENT ON COLUMN caco.judge_confusion.rows_judged IS 'Rows on which most people said right or wrong.';

COMMENT ON COLUMN caco.judge_confusion.rows_undecided IS 'Rows that were judged, without a majority.';

COMMENT ON COLUMN caco.judge_confusion.covered_share IS 'Of the rows that reached the check, those whose stratum has a judged row.';

COMMENT ON COLUMN caco.judge_confusion.passed_right IS 'Estimated rows of the run that passed and are right.';

COMMENT ON COLUMN caco.judge_confusion.passed_wrong IS 'Estimated rows that passed and are wrong.';

COMMENT ON COLUMN caco.judge_confusion.failed_right IS 'Estimated rows that were rejected and are right.';

COMMENT ON COLUMN caco.judge_confusion.failed_wrong IS 'Estimated rows that were rejected and are wrong.';

COMMENT ON COLUMN caco.judge_confusion.unknown_right IS 'Estimated rows that stayed unknown and are right.';

COMMENT ON COLUMN caco.judge_confusion.unknown_wrong IS 'Estimated rows that stayed unknown and are wrong.';

COMMENT ON COLUMN caco.judge_confusion.false_pass_share IS 'Of what is wrong, the share that the check passed. NULL: nothing wrong was found.';

COMMENT ON COLUMN caco.judge_confusion.false_pass_low IS 'Lower end of its 95 % interval.';

COMMENT ON COLUMN caco.judge_confusion.false_pass_high IS 'Upper end of its 95 % interval.';

COMMENT ON COLUMN caco.judge_confusion.false_fail_share IS 'Of what is right, the share that the check rejected. NULL: nothing right was found.';

COMMENT ON COLUMN caco.judge_confusion.false_fail_low IS 'Lower end of its 95 % interval.';

COMMENT ON COLUMN caco.judge_confusion.false_fail_high IS 'Upper end of its 95 % interval.';

COMMENT ON COLUMN caco.judge_confusion.wrong_of_passed_share IS 'Of what the check passed, the share that is wrong. NULL: nothing of it was judged.';

COMMENT ON COLUMN caco.judge_confusion.wrong_of_passed_low IS 'Lower end of its 95 % interval.';

COMMENT ON COLUMN caco.judge_confusion.wrong_of_passed_high IS 'Upper end of its 95 % interval.';

CREATE VIEW caco.yield_by_seed_source AS
SELECT
    NULL::uuid AS run_id,
    NULL::date AS partition,
    NULL::text AS source,
    NULL::text AS revision,
    NULL::text AS licence,
    NULL::bigint AS problems,
    NULL::bigint AS readable,
    NULL::bigint AS converted,
    NULL::bigint AS verified,
    NULL::double precision AS verified_share,
    NULL::bigint AS verified_s,
    NULL::bigint AS verified_a_plus,
    NULL::bigint AS verified_a,
    NULL::bigint AS verified_b,
    NULL::bigint AS verified_c,
    NULL::bigint AS verified_r,
    NULL::bigint AS verified_d,
    NULL::bigint AS verified_by_model;

COMMENT ON VIEW caco.yield_by_seed_source IS 'How many problems of each source became verified seed programs. Grain: one row per run, source, revision and licence.';

COMMENT ON COLUMN caco.yield_by_seed_source.run_id IS 'Which run.';

COMMENT ON COLUMN caco.yield_by_seed_source.partition IS 'Date that the run is for.';

COMMENT ON COLUMN caco.yield_by_seed_source.source IS 'Name of the source.';

COMMENT ON COLUMN caco.yield_by_seed_source.revision IS 'Revision or hash of the source.';

COMMENT ON COLUMN caco.yield_by_seed_source.licence IS 'Licence of its problems.';

COMMENT ON COLUMN caco.yield_by_seed_source.problems IS 'Records of the source.';

COMMENT ON COLUMN caco.yield_by_seed_source.readable IS 'Of these, the ones that became seeds.';

COMMENT ON COLUMN caco.yield_by_seed_source.converted IS 'Seeds with a program.';

COMMENT ON COLUMN caco.yield_by_seed_source.verified IS 'Seeds whose program ran and gave gold.';

COMMENT ON COLUMN caco.yield_by_seed_source.verified_share IS 'verified / problems.';

COMMENT ON COLUMN caco.yield_by_seed_source.verified_s IS 'Verified programs of grade S.';

COMMENT ON COLUMN caco.yield_by_seed_source.verified_a_plus IS 'Verified programs of grade A+.';

COMMENT ON COLUMN caco.yield_by_seed_source.verified_a IS 'Verified programs of grade A.';

COMMENT ON COLUMN caco.yield_by_seed_source.verified_b IS 'Verified programs of grade B.';

COMMENT ON COLUMN caco.yield_by_seed_source.verified_c IS 'Verified programs of grade C.';

COMMENT ON COLUMN caco.yield_by_seed_source.verified_r IS 'Verified programs of grade R.';

COMMENT ON COLUMN caco.yield_by_seed_source.verified_d IS 'Verified programs of grade D.';

COMMENT ON COLUMN caco.yield_by_seed_source.verified_by_model IS 'Verified programs that a model wrote, which have no grade.';

CREATE VIEW caco.licence_of_dataset AS
 SELECT dataset.dataset,
    dataset.version,
    run.seed_run_id,
    behind.source,
    behind.revision,
    behind.licence,
    behind.verified AS seeds
   FROM ((caco.dataset
     JOIN caco.run USING (run_id))
     JOIN caco.yield_by_seed_source behind ON ((behind.run_id = run.seed_run_id)))
  WHERE (behind.verified > 0);

COMMENT ON VIEW caco.licence_of_dataset IS 'Licences of the seeds behind each dataset. Grain: one row per dataset, version, source, revision and licence.';

COMMENT ON COLUMN caco.licence_of_dataset.dataset IS 'Name of the dataset.';

COMMENT ON COLUMN caco.licence_of_dataset.version IS 'Version of it.';

COMMENT ON COLUMN caco.licence_of_dataset.seed_run_id IS 'The run whose verified seeds stand behind the dataset.';

COMMENT ON COLUMN caco.licence_of_dataset.source IS 'Name of the source.';

COMMENT ON COLUMN caco.licence_of_dataset.revision IS 'Revision or hash of the source.';

COMMENT ON COLUMN caco.licence_of_dataset.licence IS 'Licence of its problems.';

COMMENT ON COLUMN caco.licence_of_dataset.seeds IS 'Verified seeds of this source and licence.';

CREATE TABLE caco.model (
    output_no integer NOT NULL,
    model_id text NOT NULL,
    run_id uuid NOT NULL,
    role text NOT NULL,
    parent text,
    training text,
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

COMMENT ON TABLE caco.model IS 'Models trained by the stages train and student. Grain: one row per output; those that train the same on the same make the same model. A model that only came from outside has no row.';

COMMENT ON COLUMN caco.model.output_no IS 'The output that made it; runs that share it share the model.';

COMMENT ON COLUMN caco.model.model_id IS 'Hash of what it was trained from and on.';

COMMENT ON COLUMN caco.model.run_id IS 'The run that trained it.';

COMMENT ON COLUMN caco.model.role IS 'What it is for: codegen, unifier, reverser, solver, judge, or student.';

COMMENT ON COLUMN caco.model.parent IS 'The model whose weights it began with. NULL: trained from scratch.';

COMMENT ON COLUMN caco.model.training IS 'Hash of seeds, their programs and training settings: nightly runs of the same hash may use it. NULL: a student.';

COMMENT ON COLUMN caco.model.data_hash IS 'Hash of the records it was trained on.';

COMMENT ON COLUMN caco.model.config IS 'Settings of the training.';

COMMENT ON COLUMN caco.model.metrics IS 'What was measured: held-out loss before and after, the curve of the training loss, steps, tokens, and of CodeGen the yield of programs sampled from it.';

COMMENT ON COLUMN caco.model.uri IS 'Folder of the weights below the store''s root.';

COMMENT ON COLUMN caco.model.sha256 IS 'SHA-256 of the weights.';

COMMENT ON COLUMN caco.model.accepted IS 'Whether nightly runs may sample from it.';

COMMENT ON COLUMN caco.model.refused_because IS 'Why nightly runs may not sample from it, in one sentence. NULL: it was accepted.';

CREATE VIEW caco.loop_rounds AS
 SELECT trained.run_id,
    trained.partition,
    trained.training,
    model.model_id,
    model.accepted,
    model.refused_because,
    ((model.metrics ->> 'programs'::text))::bigint AS seed_programs,
    COALESCE(((model.metrics ->> 'own_rows'::text))::bigint, (0)::bigint) AS own_rows,
    COALESCE(((model.metrics ->> 'own_share'::text))::double precision, (0)::double precision) AS own_share,
    COALESCE(((model.metrics ->> 'own_shapes'::text))::bigint, (0)::bigint) AS own_shapes,
    ((model.metrics ->> 'yield'::text))::double precision AS ran,
    ((model.metrics ->> 'shapes_per_1000'::text))::double precision AS shapes_per_1000,
    ((model.metrics ->> 'new_shapes'::text))::double precision AS new_shapes,
    ((model.metrics ->> 'spread'::text))::double precision AS spread,
    (model.metrics ->> 'embedder'::text) AS embedder,
    nightly.run_id AS nightly_run_id,
    nightly.model_id AS sampled_from,
    night.sampled,
    published.rows AS published,
    ((published.rows)::double precision / (NULLIF(night.sampled, 0))::double precision) AS published_share
   FROM (((((caco.run trained
     JOIN caco.run_output place ON (((place.run_no = trained.run_no) AND (place.stage = 'train'::caco.stage) AND place.is_current)))
     JOIN caco.model ON ((model.output_no = place.output_no)))
     LEFT JOIN caco.run nightly ON (((nightly.pipeline = 'nightly'::text) AND (nightly.partition = trained.partition) AND (nightly.training = trained.training))))
     LEFT JOIN LATERAL ( SELECT (sum(output.read))::bigint AS sampled
           FROM (caco.run_output drawn
             JOIN caco.output USING (output_no))
          WHERE ((drawn.run_no = nightly.run_no) AND (drawn.stage = 'sample'::caco.stage) AND drawn.is_current)) night ON (true))
     LEFT JOIN LATERAL ( SELECT (sum(datasets.rows))::bigint AS rows
           FROM caco.datasets
          WHERE ((datasets.run_id = nightly.run_id) AND datasets.is_current AND (datasets.state = 'published'::caco.state))) published ON (true))
  WHERE (trained.pipeline = 'codegen'::text);

COMMENT ON VIEW caco.loop_rounds IS 'What becomes of a CodeGen, and of its night, round after round. Grain: one row per run of the pipeline codegen and nightly run of its date and training.';

COMMENT ON COLUMN caco.loop_rounds.run_id IS 'The run that trained the model.';

COMMENT ON COLUMN caco.loop_rounds.partition IS 'Its date: the round.';

COMMENT ON COLUMN caco.loop_rounds.training IS 'Hash of the training settings and seeds that all rounds have in common.';

COMMENT ON COLUMN caco.loop_rounds.model_id IS 'The model.';

COMMENT ON COLUMN caco.loop_rounds.accepted IS 'Whether nightly runs may sample from it.';

COMMENT ON COLUMN caco.loop_rounds.refused_because IS 'Why they may not. NULL: they may.';

COMMENT ON COLUMN caco.loop_rounds.seed_programs IS 'Seed programs that it was trained on.';

COMMENT ON COLUMN caco.loop_rounds.own_rows IS 'Published rows that it was trained on too.';

COMMENT ON COLUMN caco.loop_rounds.own_share IS 'own_rows of all programs that it was trained on.';

COMMENT ON COLUMN caco.loop_rounds.own_shapes IS 'Different shapes of program among own_rows.';

COMMENT ON COLUMN caco.loop_rounds.ran IS 'Share of the programs sampled by the gate that ran. NULL: none was sampled.';

COMMENT ON COLUMN caco.loop_rounds.shapes_per_1000 IS 'Different shapes among those that ran, per 1,000 sampled. NULL: none was sampled, or an older version trained it.';

COMMENT ON COLUMN caco.loop_rounds.new_shapes IS 'Share of those that ran whose shape no seed program has. NULL: as shapes_per_1000, or none ran.';

COMMENT ON COLUMN caco.loop_rounds.spread IS 'Mean cosine distance of two of those that ran. NULL: as new_shapes, or the config has no train.own.';

COMMENT ON COLUMN caco.loop_rounds.embedder IS 'The embedding model of spread; spreads by two are not comparable. NULL: as spread.';

COMMENT ON COLUMN caco.loop_rounds.nightly_run_id IS 'The nightly run of that date and training. NULL: none yet.';

COMMENT ON COLUMN caco.loop_rounds.sampled_from IS 'The model that it took: the newest accepted one. NULL: none yet.';

COMMENT ON COLUMN caco.loop_rounds.sampled IS 'Programs that it sampled. NULL: none yet.';

COMMENT ON COLUMN caco.loop_rounds.published IS 'Rows that it published. NULL: nothing yet.';

COMMENT ON COLUMN caco.loop_rounds.published_share IS 'published / sampled. NULL: as those.';

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

ALTER TABLE caco.output ALTER COLUMN output_no ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME caco.output_output_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE caco.output_reason (
    output_no integer NOT NULL,
    outcome caco.outcome,
    reason caco.reason NOT NULL,
    records bigint NOT NULL,
    CONSTRAINT records_is_positive CHECK ((records > 0)),
    CONSTRAINT what_passed_has_no_reason CHECK ((outcome <> 'pass'::caco.outcome))
);

COMMENT ON TABLE caco.output_reason IS 'How many records of an output did not pass, and why; and what rules that only record have found. Grain: one row per output, outcome and reason.';

COMMENT ON COLUMN caco.output_reason.output_no IS 'The output.';

COMMENT ON COLUMN caco.output_reason.outcome IS 'fail or unknown. NULL: a rule that its config sets to record found this; it decided nothing.';

COMMENT ON COLUMN caco.output_reason.reason IS 'Why.';

COMMENT ON COLUMN caco.output_reason.records IS 'Number of records.';

CREATE TABLE caco.own_row (
    output_no integer NOT NULL,
    sample_id uuid NOT NULL,
    dataset text NOT NULL
);

COMMENT ON TABLE caco.own_row IS 'Published rows that a CodeGen learnt from, beside the seed programs of its run. Grain: one row per training output and sample. A model that learnt from seeds alone has none.';

COMMENT ON COLUMN caco.own_row.output_no IS 'The output of the stage train.';

COMMENT ON COLUMN caco.own_row.sample_id IS 'The published sample.';

COMMENT ON COLUMN caco.own_row.dataset IS 'The dataset that it was read from, as name/version.';

CREATE TABLE caco.sample_difficulty (
    output_no integer NOT NULL,
    sample_id uuid NOT NULL,
    solutions smallint NOT NULL,
    compared smallint,
    agreeing smallint,
    steps integer,
    depth integer,
    domain text,
    opening text,
    shape uuid NOT NULL,
    CONSTRAINT agreeing_were_compared CHECK ((((agreeing >= 0) AND (agreeing <= compared)) AND (compared <= solutions))),
    CONSTRAINT one_solution_tells_nothing CHECK (((solutions > 1) OR (compared IS NULL))),
    CONSTRAINT steps_and_depth_are_counts CHECK (((steps >= 0) AND (depth >= 0)))
);

COMMENT ON TABLE caco.sample_difficulty IS 'How hard samples are that came to the stage agree, by outputs of versions that measure it. Grain: one row per output and sample.';

COMMENT ON COLUMN caco.sample_difficulty.output_no IS 'The output of the stage agree.';

COMMENT ON COLUMN caco.sample_difficulty.sample_id IS 'The sample.';

COMMENT ON COLUMN caco.sample_difficulty.solutions IS 'Solutions that the solver was asked for.';

COMMENT ON COLUMN caco.sample_difficulty.compared IS 'Of these, the ones that came and could be compared with the output of the program; one without an answer counts. NULL: one was asked for.';

COMMENT ON COLUMN caco.sample_difficulty.agreeing IS 'Of those compared, the ones that agree with it. NULL: as compared.';

COMMENT ON COLUMN caco.sample_difficulty.steps IS 'Statements of the program that compute something, each once. NULL: it cannot be read.';

COMMENT ON COLUMN caco.sample_difficulty.depth IS 'Values computed one from the other, up to its output. NULL: as steps.';

COMMENT ON COLUMN caco.sample_difficulty.domain IS 'The domain that the program names. NULL: none.';

COMMENT ON COLUMN caco.sample_difficulty.opening IS 'The program up to the first value of its input, which is what CodeGen can be told. NULL: it begins otherwise.';

COMMENT ON COLUMN caco.sample_difficulty.shape IS 'Hash of its tree with the names of its inputs, under any numbers.';

CREATE VIEW caco.pass_rates_by_shape AS
 SELECT run.run_id,
    run.partition,
    difficulty.domain,
    difficulty.opening,
    difficulty.shape,
    count(*) AS problems,
    count(*) FILTER (WHERE (difficulty.compared > 0)) AS judged,
    avg(((difficulty.agreeing)::double precision / (NULLIF(difficulty.compared, 0))::double precision)) AS pass_rate,
    count(*) FILTER (WHERE ((difficulty.compared > 0) AND (difficulty.agreeing = 0))) AS solved_never,
    count(*) FILTER (WHERE ((difficulty.agreeing >= 1) AND (difficulty.agreeing <= (difficulty.compared - 1)))) AS in_between,
    count(*) FILTER (WHERE ((difficulty.compared > 0) AND (difficulty.agreeing = difficulty.compared))) AS solved_always,
    count(*) FILTER (WHERE (fate.outcome = 'pass'::caco.outcome)) AS accepted,
    (avg(difficulty.steps))::double precision AS steps,
    (avg(difficulty.depth))::double precision AS depth
   FROM (((((caco.run
     JOIN caco.run_output agreed ON (((agreed.run_no = run.run_no) AND (agreed.stage = 'agree'::caco.stage) AND agreed.is_current)))
     JOIN caco.sample_difficulty difficulty ON ((difficulty.output_no = agreed.output_no)))
     LEFT JOIN caco.run_output ended ON (((ended.run_no = run.run_no) AND (ended.shard = agreed.shard) AND (ended.stage = 'decontaminate'::caco.stage) AND ended.is_current)))
     LEFT JOIN caco.output ON ((output.output_no = ended.output_no)))
     LEFT JOIN caco.fate ON (((fate.partition = output.partition) AND (fate.output_no = output.output_no) AND (fate.subject = difficulty.sample_id) AND (fate.outcome = 'pass'::caco.outcome))))
  WHERE (run.pipeline = 'nightly'::text)
  GROUP BY run.run_id, run.partition, difficulty.domain, difficulty.opening, difficulty.shape;

COMMENT ON VIEW caco.pass_rates_by_shape IS 'How hard the problems of programs are, by what they look like. Grain: one row per run of the pipeline nightly, domain, opening and shape.';

COMMENT ON COLUMN caco.pass_rates_by_shape.run_id IS 'Which run.';

COMMENT ON COLUMN caco.pass_rates_by_shape.partition IS 'Date that the run is for.';

COMMENT ON COLUMN caco.pass_rates_by_shape.domain IS 'The domain that the programs name. NULL: none.';

COMMENT ON COLUMN caco.pass_rates_by_shape.opening IS 'How the programs begin, up to the first value of their input. NULL: otherwise.';

COMMENT ON COLUMN caco.pass_rates_by_shape.shape IS 'Hash of their tree with the names of their inputs, under any numbers.';

COMMENT ON COLUMN caco.pass_rates_by_shape.problems IS 'Problems that came to the stage agree.';

COMMENT ON COLUMN caco.pass_rates_by_shape.judged IS 'Of these, the ones of which several solutions were compared.';

COMMENT ON COLUMN caco.pass_rates_by_shape.pass_rate IS 'Mean share of their solutions that agree with the program. NULL: none was judged.';

COMMENT ON COLUMN caco.pass_rates_by_shape.solved_never IS 'Of those judged, the ones of which no solution agrees.';

COMMENT ON COLUMN caco.pass_rates_by_shape.in_between IS 'Of those judged, the ones of which some solutions agree and some do not.';

COMMENT ON COLUMN caco.pass_rates_by_shape.solved_always IS 'Of those judged, the ones of which all solutions agree.';

COMMENT ON COLUMN caco.pass_rates_by_shape.accepted IS 'Of the problems, the ones that passed every stage.';

COMMENT ON COLUMN caco.pass_rates_by_shape.steps IS 'Mean number of statements of their programs that compute something. NULL: none can be read.';

COMMENT ON COLUMN caco.pass_rates_by_shape.depth IS 'Mean number of values computed one from the other. NULL: as steps.';

CREATE TABLE caco.program (
    output_no integer NOT NULL,
    seed_id uuid NOT NULL,
    program_id uuid NOT NULL,
    grade caco.grade,
    "row" integer NOT NULL,
    code_chars integer NOT NULL,
    code_lines integer NOT NULL,
    CONSTRAINT code_chars_is_not_negative CHECK ((code_chars >= 0)),
    CONSTRAINT code_lines_is_not_negative CHECK ((code_lines >= 0)),
    CONSTRAINT row_is_not_negative CHECK (("row" >= 0))
);

COMMENT ON TABLE caco.program IS 'Programs that the stage unify found for seeds, verified or not. Grain: one row per output and seed.';

COMMENT ON COLUMN caco.program.output_no IS 'The output of the stage unify that holds its text.';

COMMENT ON COLUMN caco.program.seed_id IS 'The seed that it was found for.';

COMMENT ON COLUMN caco.program.program_id IS 'Hash of its tokens, blind to comments and layout.';

COMMENT ON COLUMN caco.program.grade IS 'How surely its numbers are those of the problem. NULL: it was written by a model.';

COMMENT ON COLUMN caco.program."row" IS 'Row of that output, from 0.';

COMMENT ON COLUMN caco.program.code_chars IS 'Length of its text in characters.';

COMMENT ON COLUMN caco.program.code_lines IS 'Length of its text in lines.';

CREATE TABLE caco.program_parent (
    output_no integer NOT NULL,
    sample_id uuid NOT NULL,
    number smallint NOT NULL,
    kind text NOT NULL,
    operator text NOT NULL,
    program_id uuid NOT NULL,
    seed_id uuid NOT NULL,
    CONSTRAINT kind_is_known CHECK ((kind = ANY (ARRAY['compose'::text, 'mutate'::text]))),
    CONSTRAINT number_is_not_negative CHECK ((number >= 0))
);

COMMENT ON TABLE caco.program_parent IS 'Verified programs that the programs of samples were made of; a program that CodeGen wrote has none. Grain: one row per output, sample and parent.';

COMMENT ON COLUMN caco.program_parent.output_no IS 'The output of the stage sample that holds the program.';

COMMENT ON COLUMN caco.program_parent.sample_id IS 'The sample.';

COMMENT ON COLUMN caco.program_parent.number IS 'From 0; of a composition, 0 is the program whose output is an input of the other.';

COMMENT ON COLUMN caco.program_parent.kind IS 'compose or mutate.';

COMMENT ON COLUMN caco.program_parent.operator IS 'What was done to the parents, such as tax or output_as_input.';

COMMENT ON COLUMN caco.program_parent.program_id IS 'The parent: a program that the stage unify verified, as in caco.program.';

COMMENT ON COLUMN caco.program_parent.seed_id IS 'The seed that the parent was found for.';

CREATE TABLE caco.recall (
    recall_id uuid NOT NULL,
    kind text NOT NULL,
    ancestor text NOT NULL,
    by text NOT NULL,
    because text NOT NULL,
    at timestamp with time zone NOT NULL,
    unknown text[] NOT NULL
);

COMMENT ON TABLE caco.recall IS 'Recalls that were applied. Grain: one row per ancestor, kind and reason; the same recall again is the same row.';

COMMENT ON COLUMN caco.recall.recall_id IS 'Hash of kind, ancestor and reason.';

COMMENT ON COLUMN caco.recall.kind IS 'What the ancestor is: source, seed, program, model, prompt, check-version or sandbox-version.';

COMMENT ON COLUMN caco.recall.ancestor IS 'Its name or id.';

COMMENT ON COLUMN caco.recall.by IS 'Who decided it.';

COMMENT ON COLUMN caco.recall.because IS 'Why.';

COMMENT ON COLUMN caco.recall.at IS 'When it was first applied.';

COMMENT ON COLUMN caco.recall.unknown IS 'What was not known of the descendants, in sentences; somebody chose to go on despite these. Empty: nothing.';

CREATE TABLE caco.recalled (
    recall_id uuid NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    degree caco.degree NOT NULL,
    action caco.recall_action NOT NULL,
    part bigint NOT NULL,
    whole bigint NOT NULL,
    CONSTRAINT part_is_not_negative CHECK ((part >= 0)),
    CONSTRAINT whole_holds_part CHECK ((whole >= part))
);

COMMENT ON TABLE caco.recalled IS 'What a recall touched. Grain: one row per recall, descendant and degree. Rows that were taken out: caco.dataset_tombstone.';

COMMENT ON COLUMN caco.recalled.recall_id IS 'The recall.';

COMMENT ON COLUMN caco.recalled.kind IS 'What the descendant is: model, student, run, dataset, evaluation or sample.';

COMMENT ON COLUMN caco.recalled.name IS 'Its id, or name/version.';

COMMENT ON COLUMN caco.recalled.degree IS 'How near it is to the ancestor.';

COMMENT ON COLUMN caco.recalled.action IS 'What was decided.';

COMMENT ON COLUMN caco.recalled.part IS 'How much of it descends: rows of a dataset, samples of a run, seed programs or rows that a model learnt from.';

COMMENT ON COLUMN caco.recalled.whole IS 'How much of it there is.';

CREATE VIEW caco.reject_reasons AS
 SELECT run.run_id,
    run.partition,
    counted.stage,
    counted.outcome,
    counted.reason,
    counted.records,
    ((counted.records)::double precision / whole.read) AS share_of_read
   FROM ((( SELECT place.run_no,
            place.stage,
            said.outcome,
            said.reason,
            (sum(said.records))::bigint AS records
           FROM (caco.run_output place
             JOIN caco.output_reason said USING (output_no))
          WHERE (place.is_current AND (said.outcome IS NOT NULL))
          GROUP BY place.run_no, place.stage, said.outcome, said.reason) counted
     JOIN caco.run USING (run_no))
     JOIN ( SELECT place.run_no,
            place.stage,
            (sum(output.read))::double precision AS read
           FROM (caco.run_output place
             JOIN caco.output USING (output_no))
          WHERE place.is_current
          GROUP BY place.run_no, place.stage) whole USING (run_no, stage));

COMMENT ON VIEW caco.reject_reasons IS 'Why records did not pass. Grain: one row per run, stage, outcome and reason.';

COMMENT ON COLUMN caco.reject_reasons.run_id IS 'Which run.';

COMMENT ON COLUMN caco.reject_reasons.partition IS 'Date that the run is for.';

COMMENT ON COLUMN caco.reject_reasons.stage IS 'Which stage, in the order of the funnel.';

COMMENT ON COLUMN caco.reject_reasons.outcome IS 'fail or unknown.';

COMMENT ON COLUMN caco.reject_reasons.reason IS 'Why it did not pass.';

COMMENT ON COLUMN caco.reject_reasons.records IS 'Records that ended at the stage for this reason.';

COMMENT ON COLUMN caco.reject_reasons.share_of_read IS 'records / what the stage read.';

CREATE TABLE caco.reverification (
    reverification_id uuid NOT NULL,
    reverification_no integer NOT NULL,
    run_id uuid NOT NULL,
    dataset text,
    stage caco.stage NOT NULL,
    overrides text[] NOT NULL,
    recipes jsonb NOT NULL,
    only_unknown boolean NOT NULL,
    asked text[] NOT NULL,
    code_version text NOT NULL,
    by text NOT NULL,
    began_at timestamp with time zone NOT NULL,
    seconds double precision NOT NULL,
    model_calls bigint NOT NULL,
    read bigint NOT NULL,
    newly_accepted bigint NOT NULL,
    newly_rejected bigint NOT NULL,
    uri text NOT NULL,
    rows bigint NOT NULL,
    sha256 text NOT NULL,
    CONSTRAINT reverification_sha256_is_hex CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT what_moved_was_read CHECK (((newly_accepted >= 0) AND (newly_rejected >= 0) AND ((newly_accepted + newly_rejected) <= read)))
);

COMMENT ON TABLE caco.reverification IS 'Samples of a run judged again from what is stored of them. Grain: one row per set of outputs, recipes and what was asked; the same again is the same row.';

COMMENT ON COLUMN caco.reverification.reverification_id IS 'Hash of the outputs that were read, the recipes of today, and what was asked.';

COMMENT ON COLUMN caco.reverification.reverification_no IS 'Number within this ledger.';

COMMENT ON COLUMN caco.reverification.run_id IS 'The run whose samples they are; it stays as it was judged.';

COMMENT ON COLUMN caco.reverification.dataset IS 'The dataset, as name/version, where one was named and not a run. NULL: a run was.';

COMMENT ON COLUMN caco.reverification.stage IS 'The first stage that judged again; those before it stand.';

COMMENT ON COLUMN caco.reverification.overrides IS 'Settings that were changed, as key.path=value; empty: the run''s own, by newer code.';

COMMENT ON COLUMN caco.reverification.recipes IS 'Stage -> what it was told: version, settings, models, prompts.';

COMMENT ON COLUMN caco.reverification.only_unknown IS 'Whether known verdicts stand, and only unknown ones were judged again.';

COMMENT ON COLUMN caco.reverification.asked IS 'Roles whose models were asked what they had not said; empty: no model was.';

COMMENT ON COLUMN caco.reverification.code_version IS 'Package and commit that judged again.';

COMMENT ON COLUMN caco.reverification.by IS 'Who wanted it.';

COMMENT ON COLUMN caco.reverification.began_at IS 'When it began.';

COMMENT ON COLUMN caco.reverification.seconds IS 'By the clock, of the attempt that ended it.';

COMMENT ON COLUMN caco.reverification.model_calls IS 'Replies that were asked for anew.';

COMMENT ON COLUMN caco.reverification.read IS 'Samples that the first stage had judged.';

COMMENT ON COLUMN caco.reverification.newly_accepted IS 'Samples that pass all stages now, and did not.';

COMMENT ON COLUMN caco.reverification.newly_rejected IS 'Samples that passed all stages, and fail or are unknown now.';

COMMENT ON COLUMN caco.reverification.uri IS 'Where the samples that moved lie, relative to the store''s root.';

COMMENT ON COLUMN caco.reverification.rows IS 'How many moved.';

COMMENT ON COLUMN caco.reverification.sha256 IS 'Of that object.';

CREATE TABLE caco.reverification_move (
    reverification_no integer NOT NULL,
    from_stage caco.stage NOT NULL,
    from_outcome caco.outcome NOT NULL,
    from_reason caco.reason,
    to_stage caco.stage NOT NULL,
    to_outcome caco.outcome NOT NULL,
    to_reason caco.reason,
    samples bigint NOT NULL,
    CONSTRAINT a_move_has_samples CHECK ((samples > 0))
);

COMMENT ON TABLE caco.reverification_move IS 'How samples ended and end now. Grain: one row per re-verification, old end and new end; those that stayed are counted too, and the sum is reverification.read.';

COMMENT ON COLUMN caco.reverification_move.reverification_no IS 'The re-verification.';

COMMENT ON COLUMN caco.reverification_move.from_stage IS 'The last stage that judged them in the run.';

COMMENT ON COLUMN caco.reverification_move.from_outcome IS 'What it said.';

COMMENT ON COLUMN caco.reverification_move.from_reason IS 'Why. NULL: they passed.';

COMMENT ON COLUMN caco.reverification_move.to_stage IS 'The last stage that judges them now.';

COMMENT ON COLUMN caco.reverification_move.to_outcome IS 'What it says.';

COMMENT ON COLUMN caco.reverification_move.to_reason IS 'Why. NULL: they pass.';

COMMENT ON COLUMN caco.reverification_move.samples IS 'How many samples.';

ALTER TABLE caco.reverification ALTER COLUMN reverification_no ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME caco.reverification_reverification_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE caco.reverified_sample (
    reverification_no integer NOT NULL,
    sample_id uuid NOT NULL,
    shard integer NOT NULL,
    from_stage caco.stage NOT NULL,
    from_outcome caco.outcome NOT NULL,
    from_reason caco.reason,
    to_stage caco.stage NOT NULL,
    to_outcome caco.outcome NOT NULL,
    to_reason caco.reason,
    to_detail text
);

COMMENT ON TABLE caco.reverified_sample IS 'Samples that end otherwise now. Grain: one row per re-verification and sample that moved; one that stayed has none.';

COMMENT ON COLUMN caco.reverified_sample.reverification_no IS 'The re-verification.';

COMMENT ON COLUMN caco.reverified_sample.sample_id IS 'The sample.';

COMMENT ON COLUMN caco.reverified_sample.shard IS 'Its shard in the run.';

COMMENT ON COLUMN caco.reverified_sample.from_stage IS 'The last stage that judged it in the run.';

COMMENT ON COLUMN caco.reverified_sample.from_outcome IS 'What it said.';

COMMENT ON COLUMN caco.reverified_sample.from_reason IS 'Why. NULL: it passed.';

COMMENT ON COLUMN caco.reverified_sample.to_stage IS 'The last stage that judges it now.';

COMMENT ON COLUMN caco.reverified_sample.to_outcome IS 'What it says.';

COMMENT ON COLUMN caco.reverified_sample.to_reason IS 'Why. NULL: it passes.';

COMMENT ON COLUMN caco.reverified_sample.to_detail IS 'One line for a reader: the equation, the overlapping item. NULL: there is none, or it passes.';

CREATE VIEW caco.run_comparison AS
 SELECT a_run.run_id AS a_run_id,
    b_run.run_id AS b_run_id,
    a_run.pipeline,
    a_run.partition AS a_partition,
    b_run.partition AS b_partition,
    (a_run.config_hash = b_run.config_hash) AS is_same_config,
    step.stage,
    a.shards AS a_shards,
    b.shards AS b_shards,
    a.reused AS a_reused,
    b.reused AS b_reused,
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
     CROSS JOIN LATERAL ( SELECT DISTINCT place.stage
           FROM caco.run_output place
          WHERE ((place.run_no = ANY (ARRAY[a_run.run_no, b_run.run_no])) AND place.is_current)) step)
     LEFT JOIN caco.funnel a ON (((a.run_id = a_run.run_id) AND (a.stage = step.stage))))
     LEFT JOIN caco.funnel b ON (((b.run_id = b_run.run_id) AND (b.stage = step.stage))));

COMMENT ON VIEW caco.run_comparison IS 'Two runs beside each other. Grain: one row per ordered pair of runs of one pipeline, and stage.';

COMMENT ON COLUMN caco.run_comparison.a_run_id IS 'The first run.';

COMMENT ON COLUMN caco.run_comparison.b_run_id IS 'The second run.';

COMMENT ON COLUMN caco.run_comparison.pipeline IS 'seeds, codegen, nightly or evaluate.';

COMMENT ON COLUMN caco.run_comparison.a_partition IS 'Date of the first.';

COMMENT ON COLUMN caco.run_comparison.b_partition IS 'Date of the second.';

COMMENT ON COLUMN caco.run_comparison.is_same_config IS 'Whether both have the same settings.';

COMMENT ON COLUMN caco.run_comparison.stage IS 'Which stage, in the order of the funnel.';

COMMENT ON COLUMN caco.run_comparison.a_shards IS 'Shards of the first run. NULL: it did not reach the stage.';

COMMENT ON COLUMN caco.run_comparison.b_shards IS 'Shards of the second run. NULL: it did not reach the stage.';

COMMENT ON COLUMN caco.run_comparison.a_reused IS 'Shards made by other runs, of the first run. NULL: it did not reach the stage.';

COMMENT ON COLUMN caco.run_comparison.b_reused IS 'Shards made by other runs, of the second run. NULL: it did not reach the stage.';

COMMENT ON COLUMN caco.run_comparison.a_read IS 'Records read, of the first run. NULL: it did not reach the stage.';

COMMENT ON COLUMN caco.run_comparison.b_read IS 'Records read, of the second run. NULL: it did not reach the stage.';

COMMENT ON COLUMN caco.run_comparison.a_passed IS 'Records passed, of the first run. NULL: it did not reach the stage.';

COMMENT ON COLUMN caco.run_comparison.b_passed IS 'Records passed, of the second run. NULL: it did not reach the stage.';

COMMENT ON COLUMN caco.run_comparison.a_unknown IS 'Records unknown, of the first run. NULL: it did not reach the stage.';

COMMENT ON COLUMN caco.run_comparison.b_unknown IS 'Records unknown, of the second run. NULL: it did not reach the stage.';

COMMENT ON COLUMN caco.run_comparison.a_kept_share IS 'passed / read of the first run. NULL: it did not reach the stage.';

COMMENT ON COLUMN caco.run_comparison.b_kept_share IS 'passed / read of the second run. NULL: it did not reach the stage.';

COMMENT ON COLUMN caco.run_comparison.difference IS 'b_kept_share - a_kept_share. NULL: one of them did not reach the stage.';

COMMENT ON COLUMN caco.run_comparison.a_seconds IS 'Wall seconds that it spent itself, of the first run. NULL: it did not reach the stage.';

COMMENT ON COLUMN caco.run_comparison.b_seconds IS 'Wall seconds that it spent itself, of the second run. NULL: it did not reach the stage.';

ALTER TABLE caco.run ALTER COLUMN run_no ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME caco.run_run_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE caco.run_trigger (
    run_id uuid NOT NULL,
    dag_id text NOT NULL,
    dag_run_id text NOT NULL,
    triggered_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE caco.run_trigger IS 'Runs of the scheduler that planned a run, or found it planned. Grain: one row per run of the scheduler and run; a run that nobody scheduled has none.';

COMMENT ON COLUMN caco.run_trigger.run_id IS 'The run that was planned.';

COMMENT ON COLUMN caco.run_trigger.dag_id IS 'The scheduler''s name for what it ran: an Airflow DAG.';

COMMENT ON COLUMN caco.run_trigger.dag_run_id IS 'The scheduler''s own id of that run.';

COMMENT ON COLUMN caco.run_trigger.triggered_at IS 'When it planned this run first.';

CREATE VIEW caco.sample_lineage AS
 SELECT dataset.dataset,
    dataset.version,
    published.sample_id,
    ((dataset.files -> (published.file)::integer) ->> 'uri'::text) AS published_uri,
    published."row" AS published_row,
    run.run_id,
    run.partition,
    run.config_hash,
    run.code_version,
    run.model_id,
    run.codegen_run_id,
    run.seed_run_id,
    trail.sample_model_id,
    trail.reverse_model_id,
    trail.reverse_prompt,
    trail.solve_model_id,
    trail.solve_prompt,
    trail.judge_model_id,
    trail.judge_prompt,
    trail.sandbox_level,
    ended.uri,
    ended."row",
    trail.shards
   FROM ((((caco.dataset_row published
     JOIN caco.dataset USING (dataset_no))
     JOIN caco.run ON ((run.run_id = dataset.run_id)))
     LEFT JOIN LATERAL ( SELECT place.shard,
            output.uri,
            fate."row"
           FROM ((caco.fate
             JOIN caco.output ON (((output.output_no = fate.output_no) AND (output.partition = fate.partition))))
             JOIN caco.run_output place ON (((place.output_no = output.output_no) AND (place.run_no = run.run_no) AND place.is_current)))
          WHERE (fate.subject = published.sample_id)
         LIMIT 1) ended ON (true))
     LEFT JOIN LATERAL ( SELECT jsonb_object_agg(place.stage, output.uri) AS shards,
            max(output.sandbox_level) FILTER (WHERE (place.stage = 'execute'::caco.stage)) AS sandbox_level,
            max(NULLIF(array_to_string(output.models, ' + '::text), ''::text)) FILTER (WHERE (place.stage = 'sample'::caco.stage)) AS sample_model_id,
            max(NULLIF(array_to_string(output.models, ' + '::text), ''::text)) FILTER (WHERE (place.stage = 'reverse'::caco.stage)) AS reverse_model_id,
            max(NULLIF(array_to_string(output.prompts, ' + '::text), ''::text)) FILTER (WHERE (place.stage = 'reverse'::caco.stage)) AS reverse_prompt,
            max(NULLIF(array_to_string(output.models, ' + '::text), ''::text)) FILTER (WHERE (place.stage = 'solve'::caco.stage)) AS solve_model_id,
            max(NULLIF(array_to_string(output.prompts, ' + '::text), ''::text)) FILTER (WHERE (place.stage = 'solve'::caco.stage)) AS solve_prompt,
            max(NULLIF(array_to_string(output.models, ' + '::text), ''::text)) FILTER (WHERE (place.stage = 'judge'::caco.stage)) AS judge_model_id,
            max(NULLIF(array_to_string(output.prompts, ' + '::text), ''::text)) FILTER (WHERE (place.stage = 'judge'::caco.stage)) AS judge_prompt
           FROM (caco.run_output place
             JOIN caco.output USING (output_no))
          WHERE ((place.run_no = run.run_no) AND place.is_current AND ((place.shard = ended.shard) OR (place.stage = 'publish'::caco.stage)))) trail ON (true));

COMMENT ON VIEW caco.sample_lineage IS 'All the ancestors of each published row. Grain: one row per dataset, version and sample.';

COMMENT ON COLUMN caco.sample_lineage.dataset IS 'Name of the dataset.';

COMMENT ON COLUMN caco.sample_lineage.version IS 'Version of it.';

COMMENT ON COLUMN caco.sample_lineage.sample_id IS 'Which sample.';

COMMENT ON COLUMN caco.sample_lineage.published_uri IS 'File of the dataset that holds the row.';

COMMENT ON COLUMN caco.sample_lineage.published_row IS 'Row of that file, from 0.';

COMMENT ON COLUMN caco.sample_lineage.run_id IS 'The run that published it.';

COMMENT ON COLUMN caco.sample_lineage.partition IS 'Date that the run is for.';

COMMENT ON COLUMN caco.sample_lineage.config_hash IS 'Hash of all settings that change data.';

COMMENT ON COLUMN caco.sample_lineage.code_version IS 'Package and commit that planned the run.';

COMMENT ON COLUMN caco.sample_lineage.model_id IS 'The trained CodeGen that the run pinned. NULL: it samples from none trained here.';

COMMENT ON COLUMN caco.sample_lineage.codegen_run_id IS 'The run that trained the model which wrote the program. NULL: it was not trained here.';

COMMENT ON COLUMN caco.sample_lineage.seed_run_id IS 'The run whose seed programs that model learnt from. NULL: not known.';

COMMENT ON COLUMN caco.sample_lineage.sample_model_id IS 'Model that stage sample asked; several are joined by +. NULL: none was asked.';

COMMENT ON COLUMN caco.sample_lineage.reverse_model_id IS 'Model that stage reverse asked; several are joined by +. NULL: none was asked.';

COMMENT ON COLUMN caco.sample_lineage.reverse_prompt IS 'Prompt of stage reverse; several are joined by +. NULL: none was asked.';

COMMENT ON COLUMN caco.sample_lineage.solve_model_id IS 'Model that stage solve asked; several are joined by +. NULL: none was asked.';

COMMENT ON COLUMN caco.sample_lineage.solve_prompt IS 'Prompt of stage solve; several are joined by +. NULL: none was asked.';

COMMENT ON COLUMN caco.sample_lineage.judge_model_id IS 'Model that stage judge asked; several are joined by +. NULL: none was asked.';

COMMENT ON COLUMN caco.sample_lineage.judge_prompt IS 'Prompt of stage judge; several are joined by +. NULL: none was asked.';

COMMENT ON COLUMN caco.sample_lineage.sandbox_level IS 'How well the sandbox was closed when the program ran. NULL: not known.';

COMMENT ON COLUMN caco.sample_lineage.uri IS 'Object in the store with the sample as it ended. NULL: the run moved on to another attempt since.';

COMMENT ON COLUMN caco.sample_lineage."row" IS 'Row of that object, from 0. NULL where uri is.';

COMMENT ON COLUMN caco.sample_lineage.shards IS 'Stage -> uri of the outputs that saw it.';

CREATE VIEW caco.score_gains AS
 SELECT run.run_id,
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
   FROM (( SELECT of_item.run_no,
            of_item.benchmark,
            count(*) FILTER (WHERE ((of_item.base <> 'unknown'::caco.outcome) AND (of_item.student <> 'unknown'::caco.outcome))) AS items,
            count(*) FILTER (WHERE ((of_item.base = 'fail'::caco.outcome) AND (of_item.student = 'pass'::caco.outcome))) AS gained,
            count(*) FILTER (WHERE ((of_item.base = 'pass'::caco.outcome) AND (of_item.student = 'fail'::caco.outcome))) AS lost
           FROM ( SELECT place.run_no,
                    attempt.benchmark,
                    attempt.item,
                    max(attempt.outcome) FILTER (WHERE (attempt.contender = 'base'::text)) AS base,
                    max(attempt.outcome) FILTER (WHERE (attempt.contender = 'student'::text)) AS student
                   FROM (caco.attempt
                     JOIN caco.run_output place ON (((place.output_no = attempt.output_no) AND place.is_current)))
                  WHERE (attempt.number = 0)
                  GROUP BY place.run_no, attempt.benchmark, attempt.item) of_item
          WHERE ((of_item.base IS NOT NULL) AND (of_item.student IS NOT NULL))
          GROUP BY of_item.run_no, of_item.benchmark) paired
     JOIN caco.run USING (run_no));

COMMENT ON VIEW caco.score_gains IS 'Whether a student is better than its base. Grain: one row per run and benchmark.';

COMMENT ON COLUMN caco.score_gains.run_id IS 'Which run.';

COMMENT ON COLUMN caco.score_gains.partition IS 'Date that the run is for.';

COMMENT ON COLUMN caco.score_gains.dataset IS 'The dataset, as name/version, that the student was trained on.';

COMMENT ON COLUMN caco.score_gains.benchmark IS 'Name of the benchmark.';

COMMENT ON COLUMN caco.score_gains.items IS 'Items that both answered and nobody left open.';

COMMENT ON COLUMN caco.score_gains.gained IS 'Items that only the student got right.';

COMMENT ON COLUMN caco.score_gains.lost IS 'Items that only the base got right.';

COMMENT ON COLUMN caco.score_gains.gain IS '(gained - lost) / items.';

COMMENT ON COLUMN caco.score_gains.gain_low IS 'Lower end of its 95 % interval.';

COMMENT ON COLUMN caco.score_gains.gain_high IS 'Upper end of its 95 % interval.';

COMMENT ON COLUMN caco.score_gains.p IS 'Exact McNemar test: how likely so large a difference is by luck.';

CREATE VIEW caco.scores AS
 SELECT scored.run_id,
    run.partition,
    run.dataset,
    scored.benchmark,
    scored.contender,
    maker.is_protected,
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
           FROM ( SELECT run_1.run_id,
                    attempt.benchmark,
                    attempt.contender,
                    attempt.item,
                    max(asked.k) AS k,
                    max(attempt.outcome) FILTER (WHERE (attempt.number = 0)) AS greedy,
                    caco.pass_at_k(count(*) FILTER (WHERE ((attempt.number > 0) AND (attempt.outcome = 'pass'::caco.outcome))), count(*) FILTER (WHERE ((attempt.number > 0) AND (attempt.outcome <> 'unknown'::caco.outcome))), max(asked.k)) AS pass_at_k
                   FROM (((caco.attempt
                     JOIN caco.run_output place ON (((place.output_no = attempt.output_no) AND place.is_current)))
                     JOIN caco.run run_1 USING (run_no))
                     CROSS JOIN LATERAL ( SELECT (((run_1.config -> 'evaluate'::text) ->> 'k'::text))::bigint AS k) asked)
                  GROUP BY run_1.run_id, attempt.benchmark, attempt.contender, attempt.item) of_item
          GROUP BY of_item.run_id, of_item.benchmark, of_item.contender) scored
     JOIN caco.run USING (run_id))
     LEFT JOIN LATERAL ( SELECT (EXISTS ( SELECT
                   FROM jsonb_array_elements(((made.config -> 'decontamination'::text) -> 'benchmarks'::text)) kept_out(value)
                  WHERE ((kept_out.value ->> 'name'::text) = scored.benchmark))) AS is_protected
           FROM (caco.dataset
             JOIN caco.run made USING (run_id))
          WHERE (((dataset.dataset || '/'::text) || dataset.version) = run.dataset)) maker ON (true));

COMMENT ON VIEW caco.scores IS 'What a base and its student score. Grain: one row per run, benchmark and contender.';

COMMENT ON COLUMN caco.scores.run_id IS 'Which run.';

COMMENT ON COLUMN caco.scores.partition IS 'Date that the run is for.';

COMMENT ON COLUMN caco.scores.dataset IS 'The dataset, as name/version, that the student was trained on.';

COMMENT ON COLUMN caco.scores.benchmark IS 'Name of the benchmark.';

COMMENT ON COLUMN caco.scores.contender IS 'base or student.';

COMMENT ON COLUMN caco.scores.is_protected IS 'Whether the dataset was kept free of this benchmark.';

COMMENT ON COLUMN caco.scores.items IS 'Items asked.';

COMMENT ON COLUMN caco.scores.right_answers IS 'Greedy answers that are right.';

COMMENT ON COLUMN caco.scores.wrong IS 'Greedy answers that are wrong.';

COMMENT ON COLUMN caco.scores.unknown IS 'Greedy answers of which nobody could tell.';

COMMENT ON COLUMN caco.scores.pass_at_1 IS 'Share of right greedy answers, without the unknown ones.';

COMMENT ON COLUMN caco.scores.pass_at_1_low IS 'Lower end of its 95 % interval.';

COMMENT ON COLUMN caco.scores.pass_at_1_high IS 'Upper end of its 95 % interval.';

COMMENT ON COLUMN caco.scores.pass_at_1_worst IS 'The share if every unknown answer were wrong.';

COMMENT ON COLUMN caco.scores.k IS 'Answers drawn for each item. NULL: greedy ones alone.';

COMMENT ON COLUMN caco.scores.pass_at_k IS 'Share of items of which one of k drawn answers is right. NULL where k is.';

COMMENT ON COLUMN caco.scores.pass_at_k_low IS 'Lower end of its 95 % interval. NULL where k is.';

COMMENT ON COLUMN caco.scores.pass_at_k_high IS 'Upper end of its 95 % interval. NULL where k is.';

CREATE TABLE caco.seed (
    output_no integer NOT NULL,
    seed_id uuid NOT NULL,
    source_no integer NOT NULL,
    key text NOT NULL,
    domain text,
    difficulty smallint,
    CONSTRAINT difficulty_is_1_to_5 CHECK (((difficulty >= 1) AND (difficulty <= 5)))
);

COMMENT ON TABLE caco.seed IS 'Problems of the sources, as the stage seeds read them. Grain: one row per output and seed.';

COMMENT ON COLUMN caco.seed.output_no IS 'The output of the stage seeds that holds it.';

COMMENT ON COLUMN caco.seed.seed_id IS 'Hash of source, revision and key: the same in every run.';

COMMENT ON COLUMN caco.seed.source_no IS 'Source, revision and licence of this record.';

COMMENT ON COLUMN caco.seed.key IS 'The record''s own id in its source, or its position.';

COMMENT ON COLUMN caco.seed.domain IS 'Field of mathematics or science. NULL: the source does not say.';

COMMENT ON COLUMN caco.seed.difficulty IS '1 easy to 5 hard. NULL: the source does not say.';

CREATE TABLE caco.selection (
    output_no integer NOT NULL,
    sample_id uuid NOT NULL,
    probability real NOT NULL,
    threshold real NOT NULL,
    is_explored boolean NOT NULL,
    domain text,
    CONSTRAINT probability_is_a_share CHECK (((probability >= (0)::double precision) AND (probability <= (1)::double precision))),
    CONSTRAINT threshold_is_a_share CHECK (((threshold >= (0)::double precision) AND (threshold <= (1)::double precision)))
);

COMMENT ON TABLE caco.selection IS 'What a selector said of samples before a stage was paid for them. Grain: one row per output of reverse or solve and sample; runs without a selector have none.';

COMMENT ON COLUMN caco.selection.output_no IS 'The output of reverse or solve.';

COMMENT ON COLUMN caco.selection.sample_id IS 'The sample.';

COMMENT ON COLUMN caco.selection.probability IS 'Chance of being accepted by all stages.';

COMMENT ON COLUMN caco.selection.threshold IS 'Below it the sample is skipped, unless it is explored.';

COMMENT ON COLUMN caco.selection.is_explored IS 'Whether it was drawn, by its id, to be skipped nowhere: its fate then tells whether skipping would have been right.';

COMMENT ON COLUMN caco.selection.domain IS 'The domain that its program names. NULL: it names none.';

CREATE VIEW caco.selection_audit AS
 SELECT run_id,
    partition,
    selector_id,
    stage,
    domain,
    judged,
    below,
    skipped,
    explored,
    explored_accepted,
    kept,
    kept_accepted,
    expected_kept,
    ((explored_accepted)::double precision / (NULLIF(explored, 0))::double precision) AS false_skips,
    caco.wilson_low(explored_accepted, explored) AS false_skips_low,
    caco.wilson_high(explored_accepted, explored) AS false_skips_high,
        CASE
            WHEN (explored > 0) THEN ((kept_accepted)::double precision / NULLIF(((kept_accepted)::double precision + (((below)::double precision * (explored_accepted)::double precision) / (explored)::double precision)), (0)::double precision))
            ELSE NULL::double precision
        END AS recall
   FROM ( SELECT asked.run_id,
            asked.partition,
            asked.selector_id,
            asked.stage,
            asked.domain,
            count(*) AS judged,
            count(*) FILTER (WHERE asked.is_below) AS below,
            count(*) FILTER (WHERE (asked.is_below AND (NOT asked.is_explored))) AS skipped,
            count(*) FILTER (WHERE (asked.is_below AND asked.is_explored AND (asked.outcome <> 'unknown'::caco.outcome))) AS explored,
            count(*) FILTER (WHERE (asked.is_below AND asked.is_explored AND (asked.outcome = 'pass'::caco.outcome))) AS explored_accepted,
            count(*) FILTER (WHERE ((NOT asked.is_below) AND (asked.outcome <> 'unknown'::caco.outcome))) AS kept,
            count(*) FILTER (WHERE ((NOT asked.is_below) AND (asked.outcome = 'pass'::caco.outcome))) AS kept_accepted,
            avg(asked.probability) FILTER (WHERE ((NOT asked.is_below) AND (asked.outcome <> 'unknown'::caco.outcome))) AS expected_kept
           FROM ( SELECT run.run_id,
                    run.partition,
                    (output.recipe ->> 'selector'::text) AS selector_id,
                    output.stage,
                    selection.domain,
                    selection.probability,
                    selection.is_explored,
                    (selection.probability < selection.threshold) AS is_below,
                    ended.outcome
                   FROM ((((caco.run
                     JOIN caco.run_output place ON (((place.run_no = run.run_no) AND place.is_current)))
                     JOIN caco.output USING (output_no))
                     JOIN caco.selection USING (output_no))
                     LEFT JOIN LATERAL ( SELECT fate.outcome
                           FROM (caco.fate
                             JOIN caco.run_output last ON (((last.output_no = fate.output_no) AND (last.run_no = run.run_no) AND last.is_current)))
                          WHERE ((fate.subject = selection.sample_id) AND (fate.partition = output.partition))
                         LIMIT 1) ended ON (true))) asked
          GROUP BY GROUPING SETS ((asked.run_id, asked.partition, asked.selector_id, asked.stage), (asked.run_id, asked.partition, asked.selector_id, asked.stage, asked.domain))
         HAVING ((GROUPING(asked.domain) = 1) OR (asked.domain IS NOT NULL))) counted;

COMMENT ON VIEW caco.selection_audit IS 'What the selector of a run said of samples, and what became of them. Grain: one row per run, stage and domain, with one for all domains.';

COMMENT ON COLUMN caco.selection_audit.run_id IS 'Which run.';

COMMENT ON COLUMN caco.selection_audit.partition IS 'Date that the run is for.';

COMMENT ON COLUMN caco.selection_audit.selector_id IS 'Which selector.';

COMMENT ON COLUMN caco.selection_audit.stage IS 'Before which stage: reverse or solve.';

COMMENT ON COLUMN caco.selection_audit.domain IS 'The domain that the programs name. NULL: all samples, those that name none too.';

COMMENT ON COLUMN caco.selection_audit.judged IS 'Samples that it was asked about.';

COMMENT ON COLUMN caco.selection_audit.below IS 'Of these, the ones whose chance is below the threshold.';

COMMENT ON COLUMN caco.selection_audit.skipped IS 'Of these, the ones that were skipped; the rest is explored.';

COMMENT ON COLUMN caco.selection_audit.explored IS 'Samples below the threshold that went on, and whose end is known.';

COMMENT ON COLUMN caco.selection_audit.explored_accepted IS 'Of these, the ones that were accepted.';

COMMENT ON COLUMN caco.selection_audit.kept IS 'Samples above the threshold whose end is known.';

COMMENT ON COLUMN caco.selection_audit.kept_accepted IS 'Of these, the ones that were accepted.';

COMMENT ON COLUMN caco.selection_audit.expected_kept IS 'Mean chance of the samples above the threshold. NULL: there are none.';

COMMENT ON COLUMN caco.selection_audit.false_skips IS 'Share of the explored ones that were accepted: so many of the skipped ones would have been. NULL: none was explored.';

COMMENT ON COLUMN caco.selection_audit.false_skips_low IS 'Lower end of its 95 % Wilson interval. NULL: as false_skips.';

COMMENT ON COLUMN caco.selection_audit.false_skips_high IS 'Upper end of the same. NULL: as false_skips.';

COMMENT ON COLUMN caco.selection_audit.recall IS 'Accepted samples above the threshold, of all that would be accepted if nothing was skipped, estimated by the explored ones. NULL: as false_skips.';

CREATE TABLE caco.selector (
    selector_id uuid NOT NULL,
    acceptance text NOT NULL,
    config text NOT NULL,
    until date NOT NULL,
    run_ids uuid[] NOT NULL,
    thresholds jsonb NOT NULL,
    metrics jsonb NOT NULL,
    expected jsonb NOT NULL,
    code_version text NOT NULL,
    trained_at timestamp with time zone NOT NULL,
    CONSTRAINT selector_learnt_from_runs CHECK ((cardinality(run_ids) > 0))
);

COMMENT ON TABLE caco.selector IS 'Models that say of a sample how likely it will be accepted, as `caco select train` made them; they lie in the store, in selectors/. Grain: one row per selector.';

COMMENT ON COLUMN caco.selector.selector_id IS 'Hash of all that it says.';

COMMENT ON COLUMN caco.selector.acceptance IS 'Hash of models, prompts and checks from reverse on, of the runs that it learnt from: only runs with the same may use it.';

COMMENT ON COLUMN caco.selector.config IS 'Name of the config that it was trained for.';

COMMENT ON COLUMN caco.selector.until IS 'Newest date that it learnt from: only runs of later dates may use it.';

COMMENT ON COLUMN caco.selector.run_ids IS 'Nightly runs that it learnt from.';

COMMENT ON COLUMN caco.selector.thresholds IS 'Stage -> chance below which a sample is skipped before it.';

COMMENT ON COLUMN caco.selector.metrics IS 'Stage -> rows, held_out, auc, brier and calibration_error, the last four on rows that it did not learn from.';

COMMENT ON COLUMN caco.selector.expected IS 'What the thresholds yield on held-out rows: accepted rows for 1,000 tokens with and without, recall, share skipped.';

COMMENT ON COLUMN caco.selector.code_version IS 'Package and commit that trained it.';

COMMENT ON COLUMN caco.selector.trained_at IS 'When.';

CREATE TABLE caco.source (
    source_no integer NOT NULL,
    source text NOT NULL,
    revision text NOT NULL,
    licence text NOT NULL
);

COMMENT ON TABLE caco.source IS 'Upstream datasets that were read. Grain: one row per source, revision and licence; records of one source may have different licences.';

COMMENT ON COLUMN caco.source.source_no IS 'Number within this ledger.';

COMMENT ON COLUMN caco.source.source IS 'Name of the dataset.';

COMMENT ON COLUMN caco.source.revision IS 'Commit, version or content hash of the file read.';

COMMENT ON COLUMN caco.source.licence IS 'SPDX expression or the publisher''s words.';

ALTER TABLE caco.source ALTER COLUMN source_no ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME caco.source_source_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW caco.verdict AS
 SELECT run.run_id,
    run.partition,
    reached.stage,
    reached.shard,
    fate.subject AS subject_id,
        CASE
            WHEN (reached.stage = ended.stage) THEN fate.outcome
            ELSE 'pass'::caco.outcome
        END AS outcome,
        CASE
            WHEN (reached.stage = ended.stage) THEN fate.reason
            ELSE NULL::caco.reason
        END AS reason,
        CASE
            WHEN (reached.stage = ended.stage) THEN fate.detail
            ELSE NULL::text
        END AS detail,
    output.uri,
    fate."row"
   FROM ((((caco.run
     JOIN caco.run_output ended ON (((ended.run_no = run.run_no) AND ended.is_current)))
     JOIN caco.output ON ((output.output_no = ended.output_no)))
     JOIN caco.fate ON (((fate.output_no = output.output_no) AND (fate.partition = output.partition))))
     JOIN caco.run_output reached ON (((reached.run_no = run.run_no) AND (reached.shard = ended.shard) AND reached.is_current AND (reached.stage <= ended.stage) AND (reached.stage <> ALL (ARRAY['train'::caco.stage, 'publish'::caco.stage, 'student'::caco.stage])))));

COMMENT ON VIEW caco.verdict IS 'What each stage said of each sample that it saw. Grain: one row per run, stage and subject.';

COMMENT ON COLUMN caco.verdict.run_id IS 'Which run.';

COMMENT ON COLUMN caco.verdict.partition IS 'Date that the run is for.';

COMMENT ON COLUMN caco.verdict.stage IS 'Which stage, in the order of the funnel.';

COMMENT ON COLUMN caco.verdict.shard IS 'Shard of the run, from 0.';

COMMENT ON COLUMN caco.verdict.subject_id IS 'seed_id in the pipeline seeds, sample_id in nightly, attempt_id in evaluate.';

COMMENT ON COLUMN caco.verdict.outcome IS 'What the stage said: pass, fail or unknown.';

COMMENT ON COLUMN caco.verdict.reason IS 'Why it did not pass. NULL: it passed.';

COMMENT ON COLUMN caco.verdict.detail IS 'One line for a reader. NULL: it passed, or there is nothing to add.';

COMMENT ON COLUMN caco.verdict.uri IS 'Object in the store that holds the record with all its texts.';

COMMENT ON COLUMN caco.verdict."row" IS 'Row of that object, from 0.';

CREATE VIEW caco.text_address AS
 SELECT verdict.run_id,
    verdict.partition,
    verdict.subject_id,
    kind.text,
    verdict.uri,
    verdict."row"
   FROM (( VALUES ('seeds'::caco.stage,'seed problem'::text), ('unify'::caco.stage,'seed program'::text), ('sample'::caco.stage,'program'::text), ('reverse'::caco.stage,'problem'::text), ('solve'::caco.stage,'solution'::text), ('judge'::caco.stage,'judgement'::text), ('evaluate'::caco.stage,'answer'::text)) kind(stage, text)
     JOIN caco.verdict USING (stage));

COMMENT ON VIEW caco.text_address IS 'Where in the store each text is. Grain: one row per run, subject and kind of text.';

COMMENT ON COLUMN caco.text_address.run_id IS 'Which run.';

COMMENT ON COLUMN caco.text_address.partition IS 'Date that the run is for.';

COMMENT ON COLUMN caco.text_address.subject_id IS 'seed_id in the pipeline seeds, sample_id in nightly, attempt_id in evaluate.';

COMMENT ON COLUMN caco.text_address.text IS 'Kind of text: seed problem, seed program, program, problem, solution, judgement or answer.';

COMMENT ON COLUMN caco.text_address.uri IS 'Object in the store that holds the record with all its texts.';

COMMENT ON COLUMN caco.text_address."row" IS 'Row of that object, from 0.';

CREATE VIEW caco.yield_by_model AS
SELECT
    NULL::uuid AS run_id,
    NULL::date AS partition,
    NULL::caco.stage AS stage,
    NULL::text AS model_id,
    NULL::text AS prompt,
    NULL::bigint AS reused,
    NULL::bigint AS replies,
    NULL::bigint AS read,
    NULL::bigint AS kept,
    NULL::bigint AS unknown,
    NULL::bigint AS cut_off,
    NULL::bigint AS published,
    NULL::double precision AS kept_share,
    NULL::double precision AS published_share,
    NULL::bigint AS prompt_tokens,
    NULL::bigint AS completion_tokens,
    NULL::double precision AS cost_usd,
    NULL::double precision AS seconds;

COMMENT ON VIEW caco.yield_by_model IS 'How much of what a model writes is kept. Grain: one row per run, stage, model and prompt.';

COMMENT ON COLUMN caco.yield_by_model.run_id IS 'Which run.';

COMMENT ON COLUMN caco.yield_by_model.partition IS 'Date that the run is for.';

COMMENT ON COLUMN caco.yield_by_model.stage IS 'Which stage, in the order of the funnel.';

COMMENT ON COLUMN caco.yield_by_model.model_id IS 'The model asked; several are joined by +.';

COMMENT ON COLUMN caco.yield_by_model.prompt IS 'The prompt; several are joined by +.';

COMMENT ON COLUMN caco.yield_by_model.reused IS 'Shards that another run paid for.';

COMMENT ON COLUMN caco.yield_by_model.replies IS 'What the model wrote.';

COMMENT ON COLUMN caco.yield_by_model.read IS 'Records that it was asked about.';

COMMENT ON COLUMN caco.yield_by_model.kept IS 'Of these, the ones that the stage passed.';

COMMENT ON COLUMN caco.yield_by_model.unknown IS 'Of these, the ones that stayed unknown.';

COMMENT ON COLUMN caco.yield_by_model.cut_off IS 'Replies that hit their length limit.';

COMMENT ON COLUMN caco.yield_by_model.published IS 'Samples of the same shards that the dataset of the run holds.';

COMMENT ON COLUMN caco.yield_by_model.kept_share IS 'kept / read. NULL: nothing was read.';

COMMENT ON COLUMN caco.yield_by_model.published_share IS 'published / read. NULL: nothing was read.';

COMMENT ON COLUMN caco.yield_by_model.prompt_tokens IS 'Tokens of prompts, whoever paid.';

COMMENT ON COLUMN caco.yield_by_model.completion_tokens IS 'Tokens written, whoever paid.';

COMMENT ON COLUMN caco.yield_by_model.cost_usd IS 'Dollars, whoever paid.';

COMMENT ON COLUMN caco.yield_by_model.seconds IS 'Wall seconds of whole outputs, with the loading of weights, whoever paid.';

CREATE VIEW caco.yield_by_origin AS
 SELECT run.run_id,
    run.partition,
    COALESCE(parent.kind, 'codegen'::text) AS origin,
    count(*) AS samples,
    count(*) FILTER (WHERE (ended.stage > 'execute'::caco.stage)) AS ran,
    count(*) FILTER (WHERE (ended.stage > 'screen'::caco.stage)) AS screened,
    count(*) FILTER (WHERE (ended.stage > 'dedup'::caco.stage)) AS new,
    count(*) FILTER (WHERE (ended.stage > 'agree'::caco.stage)) AS agreed,
    count(*) FILTER (WHERE ((ended.stage = 'decontaminate'::caco.stage) AND (fate.outcome = 'pass'::caco.outcome) AND (EXISTS ( SELECT
           FROM caco.dataset
          WHERE (dataset.run_id = run.run_id))))) AS published
   FROM (((((caco.run
     JOIN caco.run_output ended ON (((ended.run_no = run.run_no) AND ended.is_current)))
     JOIN caco.output ON ((output.output_no = ended.output_no)))
     JOIN caco.fate ON (((fate.output_no = output.output_no) AND (fate.partition = output.partition))))
     LEFT JOIN caco.run_output drawn ON (((drawn.run_no = run.run_no) AND (drawn.shard = ended.shard) AND (drawn.stage = 'sample'::caco.stage) AND drawn.is_current)))
     LEFT JOIN caco.program_parent parent ON (((parent.output_no = drawn.output_no) AND (parent.sample_id = fate.subject) AND (parent.number = 0))))
  WHERE (run.pipeline = 'nightly'::text)
  GROUP BY run.run_id, run.partition, COALESCE(parent.kind, 'codegen'::text);

COMMENT ON VIEW caco.yield_by_origin IS 'What became of programs, by how they were made. Grain: one row per run of the pipeline nightly and origin.';

COMMENT ON COLUMN caco.yield_by_origin.run_id IS 'Which run.';

COMMENT ON COLUMN caco.yield_by_origin.partition IS 'Date that the run is for.';

COMMENT ON COLUMN caco.yield_by_origin.origin IS 'codegen, compose or mutate.';

COMMENT ON COLUMN caco.yield_by_origin.samples IS 'Samples that have ended.';

COMMENT ON COLUMN caco.yield_by_origin.ran IS 'Of these, the ones whose program ran.';

COMMENT ON COLUMN caco.yield_by_origin.screened IS 'Of these, the ones that are worth a problem.';

COMMENT ON COLUMN caco.yield_by_origin.new IS 'Of these, the ones that nobody saw before.';

COMMENT ON COLUMN caco.yield_by_origin.agreed IS 'Of these, the ones whose solution gives the answer of the program.';

COMMENT ON COLUMN caco.yield_by_origin.published IS 'Of these, the ones in the dataset of the run.';

ALTER TABLE ONLY caco.ablation_cell
    ADD CONSTRAINT a_cell_has_each_student_once UNIQUE NULLS NOT DISTINCT (ablation_id, arm, size, repeat);

ALTER TABLE ONLY caco.recalled
    ADD CONSTRAINT a_descendant_is_recalled_once PRIMARY KEY (recall_id, kind, name, degree);

ALTER TABLE ONLY caco.reverification_move
    ADD CONSTRAINT a_move_is_counted_once UNIQUE NULLS NOT DISTINCT (reverification_no, from_stage, from_outcome, from_reason, to_stage, to_outcome, to_reason);

ALTER TABLE ONLY caco.environment
    ADD CONSTRAINT a_row_is_made_once PRIMARY KEY (dataset_no, sample_id);

ALTER TABLE ONLY caco.dataset_row
    ADD CONSTRAINT a_sample_is_published_once_per_version UNIQUE (sample_id, dataset_no);

ALTER TABLE ONLY caco.dataset_tombstone
    ADD CONSTRAINT a_sample_is_taken_out_once_per_version PRIMARY KEY (sample_id, dataset_no);

ALTER TABLE ONLY caco.reverified_sample
    ADD CONSTRAINT a_sample_moves_once PRIMARY KEY (reverification_no, sample_id);

ALTER TABLE ONLY caco.run_trigger
    ADD CONSTRAINT a_trigger_plans_a_run_once PRIMARY KEY (dag_id, dag_run_id, run_id);

ALTER TABLE ONLY caco.dataset
    ADD CONSTRAINT a_version_is_made_once UNIQUE (dataset, version);

ALTER TABLE ONLY caco.ablation
    ADD CONSTRAINT ablation_pkey PRIMARY KEY (ablation_id);

ALTER TABLE ONLY caco.ablation_arm
    ADD CONSTRAINT an_arm_is_named_once PRIMARY KEY (ablation_id, arm);

ALTER TABLE ONLY caco.run_output
    ADD CONSTRAINT an_output_is_in_one_place_of_a_run PRIMARY KEY (run_no, stage, shard, output_no);

ALTER TABLE ONLY caco.audit_draw
    ADD CONSTRAINT audit_draw_pkey PRIMARY KEY (draw_id);

ALTER TABLE ONLY caco.audit_row
    ADD CONSTRAINT audit_row_pkey PRIMARY KEY (draw_id, subject_id);

ALTER TABLE ONLY caco.audit_stratum
    ADD CONSTRAINT audit_stratum_pkey PRIMARY KEY (draw_id, stratum);

ALTER TABLE ONLY caco.dataset
    ADD CONSTRAINT dataset_pkey PRIMARY KEY (dataset_no);

ALTER TABLE ONLY caco.diversity_cluster
    ADD CONSTRAINT diversity_cluster_pkey PRIMARY KEY (diversity_id, number);

ALTER TABLE ONLY caco.diversity_domain
    ADD CONSTRAINT diversity_domain_pkey PRIMARY KEY (diversity_id, domain);

ALTER TABLE ONLY caco.diversity_earlier
    ADD CONSTRAINT diversity_earlier_pkey PRIMARY KEY (diversity_id, name);

ALTER TABLE ONLY caco.diversity
    ADD CONSTRAINT diversity_pkey PRIMARY KEY (diversity_id);

ALTER TABLE ONLY caco.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (name);

ALTER TABLE ONLY caco.model
    ADD CONSTRAINT model_pkey PRIMARY KEY (output_no);

ALTER TABLE ONLY caco.audit
    ADD CONSTRAINT one_answer_per_person_and_subject PRIMARY KEY (run_id, stage, subject_id, person);

ALTER TABLE ONLY caco.attempt
    ADD CONSTRAINT one_attempt_of_a_kind PRIMARY KEY (output_no, attempt_id);

ALTER TABLE ONLY caco.output_reason
    ADD CONSTRAINT one_count_per_output_outcome_and_reason UNIQUE NULLS NOT DISTINCT (output_no, outcome, reason);

ALTER TABLE ONLY caco.sample_difficulty
    ADD CONSTRAINT one_difficulty_per_output_and_sample PRIMARY KEY (output_no, sample_id);

ALTER TABLE ONLY caco.benchmark_overlap
    ADD CONSTRAINT one_finding_per_output_subject_and_number PRIMARY KEY (output_no, subject, number);

ALTER TABLE ONLY caco.output
    ADD CONSTRAINT one_output_per_key UNIQUE (key);

ALTER TABLE ONLY caco.fingerprint
    ADD CONSTRAINT one_owner_per_kind_hash_and_place PRIMARY KEY (kind, hash, place);

ALTER TABLE ONLY caco.program_parent
    ADD CONSTRAINT one_parent_per_output_sample_and_number PRIMARY KEY (output_no, sample_id, number);

ALTER TABLE ONLY caco.program
    ADD CONSTRAINT one_program_per_output_and_seed PRIMARY KEY (output_no, seed_id);

ALTER TABLE ONLY caco.dataset_promotion
    ADD CONSTRAINT one_promotion_per_dataset_date_and_number PRIMARY KEY (dataset, partition, number);

ALTER TABLE ONLY caco.audit_row
    ADD CONSTRAINT one_row_per_number UNIQUE (draw_id, number);

ALTER TABLE ONLY caco.source
    ADD CONSTRAINT one_row_per_source_revision_and_licence UNIQUE (source, revision, licence);

ALTER TABLE ONLY caco.seed
    ADD CONSTRAINT one_seed_per_output PRIMARY KEY (output_no, seed_id);

ALTER TABLE ONLY caco.dataset_state
    ADD CONSTRAINT one_state_per_dataset_and_number PRIMARY KEY (dataset_no, number);

ALTER TABLE ONLY caco.output
    ADD CONSTRAINT output_pkey PRIMARY KEY (output_no);

ALTER TABLE ONLY caco.own_row
    ADD CONSTRAINT own_row_pkey PRIMARY KEY (output_no, sample_id);

ALTER TABLE ONLY caco.recall
    ADD CONSTRAINT recall_pkey PRIMARY KEY (recall_id);

ALTER TABLE ONLY caco.reverification
    ADD CONSTRAINT reverification_pkey PRIMARY KEY (reverification_id);

ALTER TABLE ONLY caco.reverification
    ADD CONSTRAINT reverification_reverification_no_key UNIQUE (reverification_no);

ALTER TABLE ONLY caco.run
    ADD CONSTRAINT run_pkey PRIMARY KEY (run_id);

ALTER TABLE ONLY caco.run
    ADD CONSTRAINT run_run_no_key UNIQUE (run_no);

ALTER TABLE ONLY caco.selection
    ADD CONSTRAINT selection_pkey PRIMARY KEY (output_no, sample_id);

ALTER TABLE ONLY caco.selector
    ADD CONSTRAINT selector_pkey PRIMARY KEY (selector_id);

ALTER TABLE ONLY caco.source
    ADD CONSTRAINT source_pkey PRIMARY KEY (source_no);

CREATE INDEX audit_draw_by_run ON caco.audit_draw USING btree (run_id);

CREATE INDEX benchmark_overlap_by_subject ON caco.benchmark_overlap USING btree (subject);

CREATE INDEX dataset_by_run ON caco.dataset USING btree (run_id);

CREATE INDEX dataset_by_superseded ON caco.dataset USING btree (supersedes) WHERE (supersedes IS NOT NULL);

CREATE INDEX dataset_row_by_dataset ON caco.dataset_row USING brin (dataset_no);

CREATE INDEX dataset_row_by_program ON caco.dataset_row USING btree (program_id);

CREATE INDEX dataset_tombstone_by_dataset ON caco.dataset_tombstone USING btree (dataset_no);

CREATE INDEX diversity_by_run ON caco.diversity USING btree (run_id);

CREATE INDEX environment_by_sample ON caco.environment USING btree (sample_id);

CREATE INDEX fingerprint_by_output ON caco.fingerprint USING btree (output_key);

CREATE INDEX model_by_id ON caco.model USING btree (model_id);

CREATE UNIQUE INDEX one_current_output_per_place ON caco.run_output USING btree (run_no, stage, shard) WHERE is_current;

CREATE INDEX output_by_run ON caco.output USING btree (run_no);

CREATE INDEX own_row_by_sample ON caco.own_row USING btree (sample_id);

CREATE INDEX program_by_id ON caco.program USING btree (program_id);

CREATE INDEX program_parent_by_program ON caco.program_parent USING btree (program_id);

CREATE INDEX program_parent_by_sample ON caco.program_parent USING btree (sample_id);

CREATE INDEX recall_by_ancestor ON caco.recall USING btree (ancestor);

CREATE INDEX recalled_by_name ON caco.recalled USING btree (name);

CREATE INDEX reverification_by_run ON caco.reverification USING btree (run_id, began_at);

CREATE INDEX reverified_sample_by_id ON caco.reverified_sample USING btree (sample_id);

CREATE INDEX run_by_partition ON caco.run USING btree (partition, created_at);

CREATE INDEX run_output_by_output ON caco.run_output USING btree (output_no);

CREATE INDEX run_trigger_by_run ON caco.run_trigger USING btree (run_id, triggered_at);

CREATE INDEX sample_difficulty_by_sample ON caco.sample_difficulty USING btree (sample_id);

CREATE INDEX seed_by_id ON caco.seed USING btree (seed_id);

CREATE INDEX selector_by_acceptance ON caco.selector USING btree (acceptance, until);

CREATE OR REPLACE VIEW caco.benchmark_overlap_report AS
 SELECT run.run_id,
    run.partition,
    place.stage,
    found.benchmark,
    found.rule,
    count(DISTINCT found.subject) AS records,
    count(DISTINCT found.item) AS items,
    count(*) AS findings,
    max(found.score) AS highest_score,
    ((count(DISTINCT found.subject))::double precision / (max(whole.read))::double precision) AS share_of_read
   FROM (((caco.run
     JOIN caco.run_output place ON (((place.run_no = run.run_no) AND place.is_current)))
     JOIN caco.benchmark_overlap found ON ((found.output_no = place.output_no)))
     CROSS JOIN LATERAL ( SELECT sum(output.read) AS read
           FROM (caco.run_output beside
             JOIN caco.output USING (output_no))
          WHERE ((beside.run_no = place.run_no) AND (beside.stage = place.stage) AND beside.is_current)) whole)
  GROUP BY run.run_id, place.stage, found.benchmark, found.rule;

CREATE OR REPLACE VIEW caco.funnel AS
 SELECT run.run_id,
    run.pipeline,
    run.partition,
    place.stage,
    (count(*))::integer AS shards,
    (count(*) FILTER (WHERE place.is_reused))::integer AS reused,
    (sum(output.read))::bigint AS read,
    (sum(output.passed))::bigint AS passed,
    (sum(output.failed))::bigint AS failed,
    (sum(output.unknown))::bigint AS unknown,
    (sum(output.recorded))::bigint AS recorded,
    ((sum(output.passed))::double precision / (NULLIF(sum(output.read), (0)::numeric))::double precision) AS kept_share,
    (COALESCE(sum(output.prompt_tokens) FILTER (WHERE (NOT place.is_reused)), (0)::numeric))::bigint AS prompt_tokens,
    (COALESCE(sum(output.completion_tokens) FILTER (WHERE (NOT place.is_reused)), (0)::numeric))::bigint AS completion_tokens,
    COALESCE(sum(output.cost_usd) FILTER (WHERE (NOT place.is_reused)), (0)::double precision) AS cost_usd,
    COALESCE(sum(output.seconds) FILTER (WHERE (NOT place.is_reused)), (0)::double precision) AS seconds
   FROM ((caco.run
     JOIN caco.run_output place ON (((place.run_no = run.run_no) AND place.is_current)))
     JOIN caco.output ON ((output.output_no = place.output_no)))
  GROUP BY run.run_id, place.stage;

CREATE OR REPLACE VIEW caco.yield_by_model AS
 SELECT run.run_id,
    run.partition,
    place.stage,
    array_to_string(output.models, ' + '::text) AS model_id,
    array_to_string(output.prompts, ' + '::text) AS prompt,
    count(*) FILTER (WHERE place.is_reused) AS reused,
    (sum(output.requests))::bigint AS replies,
    (sum(output.read))::bigint AS read,
    (sum(output.passed))::bigint AS kept,
    (sum(output.unknown))::bigint AS unknown,
    (sum(output.cut_off))::bigint AS cut_off,
    (COALESCE(sum(final.passed), (0)::numeric))::bigint AS published,
    ((sum(output.passed))::double precision / (NULLIF(sum(output.read), (0)::numeric))::double precision) AS kept_share,
    ((COALESCE(sum(final.passed), (0)::numeric))::double precision / (NULLIF(sum(output.read), (0)::numeric))::double precision) AS published_share,
    (sum(output.prompt_tokens))::bigint AS prompt_tokens,
    (sum(output.completion_tokens))::bigint AS completion_tokens,
    sum(output.cost_usd) AS cost_usd,
    sum(output.seconds) AS seconds
   FROM (((caco.run
     JOIN caco.run_output place ON (((place.run_no = run.run_no) AND place.is_current)))
     JOIN caco.output ON (((output.output_no = place.output_no) AND (output.models <> '{}'::text[]))))
     LEFT JOIN LATERAL ( SELECT output_1.passed
           FROM (caco.run_output last
             JOIN caco.output output_1 USING (output_no))
          WHERE ((last.run_no = place.run_no) AND (last.shard = place.shard) AND (last.stage = 'decontaminate'::caco.stage) AND last.is_current AND (EXISTS ( SELECT
                   FROM caco.datasets
                  WHERE (datasets.run_id = run.run_id))))) final ON ((place.stage < 'decontaminate'::caco.stage)))
  GROUP BY run.run_id, place.stage, output.models, output.prompts;

CREATE OR REPLACE VIEW caco.yield_by_seed_source AS
 SELECT run.run_id,
    run.partition,
    source.source,
    source.revision,
    source.licence,
    count(*) AS problems,
    count(*) FILTER (WHERE (ended.stage IS DISTINCT FROM 'seeds'::caco.stage)) AS readable,
    count(program.program_id) AS converted,
    count(*) FILTER (WHERE ended.is_verified) AS verified,
    ((count(*) FILTER (WHERE ended.is_verified))::double precision / (count(*))::double precision) AS verified_share,
    count(*) FILTER (WHERE (ended.is_verified AND (program.grade = 'S'::caco.grade))) AS verified_s,
    count(*) FILTER (WHERE (ended.is_verified AND (program.grade = 'A+'::caco.grade))) AS verified_a_plus,
    count(*) FILTER (WHERE (ended.is_verified AND (program.grade = 'A'::caco.grade))) AS verified_a,
    count(*) FILTER (WHERE (ended.is_verified AND (program.grade = 'B'::caco.grade))) AS verified_b,
    count(*) FILTER (WHERE (ended.is_verified AND (program.grade = 'C'::caco.grade))) AS verified_c,
    count(*) FILTER (WHERE (ended.is_verified AND (program.grade = 'R'::caco.grade))) AS verified_r,
    count(*) FILTER (WHERE (ended.is_verified AND (program.grade = 'D'::caco.grade))) AS verified_d,
    count(*) FILTER (WHERE (ended.is_verified AND (program.grade IS NULL))) AS verified_by_model
   FROM (((((caco.run
     JOIN caco.run_output place ON (((place.run_no = run.run_no) AND place.is_current AND (place.stage = 'seeds'::caco.stage))))
     JOIN caco.seed ON ((seed.output_no = place.output_no)))
     JOIN caco.source USING (source_no))
     LEFT JOIN ( SELECT place_1.run_no,
            place_1.stage,
            place_1.output_no,
            fate.subject,
            ((place_1.stage = 'unify'::caco.stage) AND (fate.outcome = 'pass'::caco.outcome)) AS is_verified
           FROM ((caco.run_output place_1
             JOIN caco.output USING (output_no))
             JOIN caco.fate ON (((fate.output_no = output.output_no) AND (fate.partition = output.partition))))
          WHERE (place_1.is_current AND (place_1.stage = ANY (ARRAY['seeds'::caco.stage, 'unify'::caco.stage])))) ended ON (((ended.run_no = run.run_no) AND (ended.subject = seed.seed_id))))
     LEFT JOIN caco.program ON (((program.output_no = ended.output_no) AND (program.seed_id = seed.seed_id))))
  GROUP BY run.run_id, source.source, source.revision, source.licence;

ALTER TABLE ONLY caco.ablation_cell
    ADD CONSTRAINT a_cell_is_of_an_arm FOREIGN KEY (ablation_id, arm) REFERENCES caco.ablation_arm(ablation_id, arm) ON DELETE CASCADE;

ALTER TABLE ONLY caco.ablation_arm
    ADD CONSTRAINT arm_is_of_an_ablation FOREIGN KEY (ablation_id) REFERENCES caco.ablation(ablation_id) ON DELETE CASCADE;

ALTER TABLE ONLY caco.attempt
    ADD CONSTRAINT attempt_output_no_fkey FOREIGN KEY (output_no) REFERENCES caco.output(output_no) ON DELETE CASCADE;

ALTER TABLE ONLY caco.audit_draw
    ADD CONSTRAINT audit_draw_run_id_fkey FOREIGN KEY (run_id) REFERENCES caco.run(run_id) ON DELETE CASCADE;

ALTER TABLE ONLY caco.audit
    ADD CONSTRAINT audit_is_of_a_run FOREIGN KEY (run_id) REFERENCES caco.run(run_id) ON DELETE CASCADE;

ALTER TABLE ONLY caco.audit_stratum
    ADD CONSTRAINT audit_stratum_draw_id_fkey FOREIGN KEY (draw_id) REFERENCES caco.audit_draw(draw_id) ON DELETE CASCADE;

ALTER TABLE ONLY caco.benchmark_overlap
    ADD CONSTRAINT benchmark_overlap_output_no_fkey FOREIGN KEY (output_no) REFERENCES caco.output(output_no) ON DELETE CASCADE;

ALTER TABLE ONLY caco.dataset
    ADD CONSTRAINT dataset_is_of_a_run FOREIGN KEY (run_id) REFERENCES caco.run(run_id) ON DELETE CASCADE;

ALTER TABLE ONLY caco.dataset_state
    ADD CONSTRAINT dataset_state_dataset_no_fkey FOREIGN KEY (dataset_no) REFERENCES caco.dataset(dataset_no) ON DELETE CASCADE;

ALTER TABLE ONLY caco.diversity_cluster
    ADD CONSTRAINT diversity_cluster_diversity_id_fkey FOREIGN KEY (diversity_id) REFERENCES caco.diversity(diversity_id) ON DELETE CASCADE;

ALTER TABLE ONLY caco.diversity_domain
    ADD CONSTRAINT diversity_domain_diversity_id_fkey FOREIGN KEY (diversity_id) REFERENCES caco.diversity(diversity_id) ON DELETE CASCADE;

ALTER TABLE ONLY caco.diversity_earlier
    ADD CONSTRAINT diversity_earlier_diversity_id_fkey FOREIGN KEY (diversity_id) REFERENCES caco.diversity(diversity_id) ON DELETE CASCADE;

ALTER TABLE ONLY caco.diversity
    ADD CONSTRAINT diversity_is_of_a_run FOREIGN KEY (run_id) REFERENCES caco.run(run_id) ON DELETE CASCADE;

ALTER TABLE ONLY caco.environment
    ADD CONSTRAINT environment_is_of_a_dataset FOREIGN KEY (dataset_no) REFERENCES caco.dataset(dataset_no) ON DELETE CASCADE;

ALTER TABLE ONLY caco.model
    ADD CONSTRAINT model_output_no_fkey FOREIGN KEY (output_no) REFERENCES caco.output(output_no) ON DELETE CASCADE;

ALTER TABLE ONLY caco.reverification_move
    ADD CONSTRAINT move_is_of_a_reverification FOREIGN KEY (reverification_no) REFERENCES caco.reverification(reverification_no) ON DELETE CASCADE;

ALTER TABLE ONLY caco.reverified_sample
    ADD CONSTRAINT moved_in_a_reverification FOREIGN KEY (reverification_no) REFERENCES caco.reverification(reverification_no) ON DELETE CASCADE;

ALTER TABLE ONLY caco.output
    ADD CONSTRAINT output_is_of_a_run FOREIGN KEY (run_no) REFERENCES caco.run(run_no);

ALTER TABLE ONLY caco.output_reason
    ADD CONSTRAINT output_reason_output_no_fkey FOREIGN KEY (output_no) REFERENCES caco.output(output_no) ON DELETE CASCADE;

ALTER TABLE ONLY caco.own_row
    ADD CONSTRAINT own_row_output_no_fkey FOREIGN KEY (output_no) REFERENCES caco.output(output_no) ON DELETE CASCADE;

ALTER TABLE ONLY caco.program
    ADD CONSTRAINT program_output_no_fkey FOREIGN KEY (output_no) REFERENCES caco.output(output_no) ON DELETE CASCADE;

ALTER TABLE ONLY caco.program_parent
    ADD CONSTRAINT program_parent_output_no_fkey FOREIGN KEY (output_no) REFERENCES caco.output(output_no) ON DELETE CASCADE;

ALTER TABLE ONLY caco.dataset_promotion
    ADD CONSTRAINT promotion_is_of_a_dataset FOREIGN KEY (dataset_no) REFERENCES caco.dataset(dataset_no) ON DELETE CASCADE;

ALTER TABLE ONLY caco.recalled
    ADD CONSTRAINT recalled_by_a_recall FOREIGN KEY (recall_id) REFERENCES caco.recall(recall_id) ON DELETE CASCADE;

ALTER TABLE ONLY caco.reverification
    ADD CONSTRAINT reverification_is_of_a_run FOREIGN KEY (run_id) REFERENCES caco.run(run_id) ON DELETE CASCADE;

ALTER TABLE ONLY caco.dataset_row
    ADD CONSTRAINT row_is_of_a_dataset FOREIGN KEY (dataset_no) REFERENCES caco.dataset(dataset_no) ON DELETE CASCADE;

ALTER TABLE ONLY caco.audit_row
    ADD CONSTRAINT row_is_of_a_stratum FOREIGN KEY (draw_id, stratum) REFERENCES caco.audit_stratum(draw_id, stratum) ON DELETE CASCADE;

ALTER TABLE ONLY caco.run_output
    ADD CONSTRAINT run_output_output_no_fkey FOREIGN KEY (output_no) REFERENCES caco.output(output_no) ON DELETE CASCADE;

ALTER TABLE ONLY caco.run_output
    ADD CONSTRAINT run_output_run_no_fkey FOREIGN KEY (run_no) REFERENCES caco.run(run_no) ON DELETE CASCADE;

ALTER TABLE ONLY caco.sample_difficulty
    ADD CONSTRAINT sample_difficulty_output_no_fkey FOREIGN KEY (output_no) REFERENCES caco.output(output_no) ON DELETE CASCADE;

ALTER TABLE ONLY caco.seed
    ADD CONSTRAINT seed_output_no_fkey FOREIGN KEY (output_no) REFERENCES caco.output(output_no) ON DELETE CASCADE;

ALTER TABLE ONLY caco.seed
    ADD CONSTRAINT seed_source_no_fkey FOREIGN KEY (source_no) REFERENCES caco.source(source_no);

ALTER TABLE ONLY caco.selection
    ADD CONSTRAINT selection_output_no_fkey FOREIGN KEY (output_no) REFERENCES caco.output(output_no) ON DELETE CASCADE;

ALTER TABLE ONLY caco.dataset_tombstone
    ADD CONSTRAINT tombstone_is_of_a_dataset FOREIGN KEY (dataset_no) REFERENCES caco.dataset(dataset_no) ON DELETE CASCADE;

ALTER TABLE ONLY caco.run_trigger
    ADD CONSTRAINT trigger_is_of_a_run FOREIGN KEY (run_id) REFERENCES caco.run(run_id) ON DELETE CASCADE;

ALTER TABLE ONLY caco.dataset_promotion
    ADD CONSTRAINT what_it_replaced_is_a_dataset FOREIGN KEY (replaced_no) REFERENCES caco.dataset(dataset_no) ON DELETE CASCADE;

GRANT USAGE ON SCHEMA caco TO caco_writer;
GRANT USAGE ON SCHEMA caco TO caco_analyst;

REVOKE ALL ON FUNCTION caco.attach_fates(day date) FROM PUBLIC;
GRANT ALL ON FUNCTION caco.attach_fates(day date) TO caco_writer;

REVOKE ALL ON FUNCTION caco.drop_fates() FROM PUBLIC;
GRANT ALL ON FUNCTION caco.drop_fates() TO caco_writer;

REVOKE ALL ON FUNCTION caco.forget_fates(before date) FROM PUBLIC;
GRANT ALL ON FUNCTION caco.forget_fates(before date) TO caco_writer;

REVOKE ALL ON FUNCTION caco.open_fates(day date) FROM PUBLIC;
GRANT ALL ON FUNCTION caco.open_fates(day date) TO caco_writer;

REVOKE ALL ON FUNCTION caco.pack_fates() FROM PUBLIC;
GRANT ALL ON FUNCTION caco.pack_fates() TO caco_writer;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.ablation TO caco_writer;
GRANT SELECT ON TABLE caco.ablation TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.ablation_arm TO caco_writer;
GRANT SELECT ON TABLE caco.ablation_arm TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.ablation_cell TO caco_writer;
GRANT SELECT ON TABLE caco.ablation_cell TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.attempt TO caco_writer;
GRANT SELECT ON TABLE caco.attempt TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.run TO caco_writer;
GRANT SELECT ON TABLE caco.run TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.run_output TO caco_writer;
GRANT SELECT ON TABLE caco.run_output TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.ablation_results TO caco_writer;
GRANT SELECT ON TABLE caco.ablation_results TO caco_analyst;

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

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.benchmark_overlap_report TO caco_writer;
GRANT SELECT ON TABLE caco.benchmark_overlap_report TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.dataset TO caco_writer;
GRANT SELECT ON TABLE caco.dataset TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.dataset_state TO caco_writer;
GRANT SELECT ON TABLE caco.dataset_state TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.output TO caco_writer;
GRANT SELECT ON TABLE caco.output TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.datasets TO caco_writer;
GRANT SELECT ON TABLE caco.datasets TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.cost_per_row TO caco_writer;
GRANT SELECT ON TABLE caco.cost_per_row TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.dataset_promotion TO caco_writer;
GRANT SELECT ON TABLE caco.dataset_promotion TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.dataset_row TO caco_writer;
GRANT SELECT ON TABLE caco.dataset_row TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.dataset_standing TO caco_writer;
GRANT SELECT ON TABLE caco.dataset_standing TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.dataset_tombstone TO caco_writer;
GRANT SELECT ON TABLE caco.dataset_tombstone TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.diversity TO caco_writer;
GRANT SELECT ON TABLE caco.diversity TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.diversity_cluster TO caco_writer;
GRANT SELECT ON TABLE caco.diversity_cluster TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.diversity_domain TO caco_writer;
GRANT SELECT ON TABLE caco.diversity_domain TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.diversity_earlier TO caco_writer;
GRANT SELECT ON TABLE caco.diversity_earlier TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.environment TO caco_writer;
GRANT SELECT ON TABLE caco.environment TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.environment_yield TO caco_writer;
GRANT SELECT ON TABLE caco.environment_yield TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.fate TO caco_writer;
GRANT SELECT ON TABLE caco.fate TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.fingerprint TO caco_writer;
GRANT SELECT ON TABLE caco.fingerprint TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.funnel TO caco_writer;
GRANT SELECT ON TABLE caco.funnel TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.judge_confusion TO caco_writer;
GRANT SELECT ON TABLE caco.judge_confusion TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.yield_by_seed_source TO caco_writer;
GRANT SELECT ON TABLE caco.yield_by_seed_source TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.licence_of_dataset TO caco_writer;
GRANT SELECT ON TABLE caco.licence_of_dataset TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.model TO caco_writer;
GRANT SELECT ON TABLE caco.model TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.loop_rounds TO caco_writer;
GRANT SELECT ON TABLE caco.loop_rounds TO caco_analyst;

GRANT SELECT ON TABLE caco.migration TO caco_writer;
GRANT SELECT ON TABLE caco.migration TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.output_reason TO caco_writer;
GRANT SELECT ON TABLE caco.output_reason TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.own_row TO caco_writer;
GRANT SELECT ON TABLE caco.own_row TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.sample_difficulty TO caco_writer;
GRANT SELECT ON TABLE caco.sample_difficulty TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.pass_rates_by_shape TO caco_writer;
GRANT SELECT ON TABLE caco.pass_rates_by_shape TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.program TO caco_writer;
GRANT SELECT ON TABLE caco.program TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.program_parent TO caco_writer;
GRANT SELECT ON TABLE caco.program_parent TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.recall TO caco_writer;
GRANT SELECT ON TABLE caco.recall TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.recalled TO caco_writer;
GRANT SELECT ON TABLE caco.recalled TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.reject_reasons TO caco_writer;
GRANT SELECT ON TABLE caco.reject_reasons TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.reverification TO caco_writer;
GRANT SELECT ON TABLE caco.reverification TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.reverification_move TO caco_writer;
GRANT SELECT ON TABLE caco.reverification_move TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.reverified_sample TO caco_writer;
GRANT SELECT ON TABLE caco.reverified_sample TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.run_comparison TO caco_writer;
GRANT SELECT ON TABLE caco.run_comparison TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.run_trigger TO caco_writer;
GRANT SELECT ON TABLE caco.run_trigger TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.sample_lineage TO caco_writer;
GRANT SELECT ON TABLE caco.sample_lineage TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.score_gains TO caco_writer;
GRANT SELECT ON TABLE caco.score_gains TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.scores TO caco_writer;
GRANT SELECT ON TABLE caco.scores TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.seed TO caco_writer;
GRANT SELECT ON TABLE caco.seed TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.selection TO caco_writer;
GRANT SELECT ON TABLE caco.selection TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.selection_audit TO caco_writer;
GRANT SELECT ON TABLE caco.selection_audit TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.selector TO caco_writer;
GRANT SELECT ON TABLE caco.selector TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.source TO caco_writer;
GRANT SELECT ON TABLE caco.source TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.verdict TO caco_writer;
GRANT SELECT ON TABLE caco.verdict TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.text_address TO caco_writer;
GRANT SELECT ON TABLE caco.text_address TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.yield_by_model TO caco_writer;
GRANT SELECT ON TABLE caco.yield_by_model TO caco_analyst;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE caco.yield_by_origin TO caco_writer;
GRANT SELECT ON TABLE caco.yield_by_origin TO caco_analyst;
