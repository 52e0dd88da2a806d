-- The schema, the book of migrations, and the closed lists that all tables share.

CREATE SCHEMA caco;
COMMENT ON SCHEMA caco IS 'Where every sample came from and why every rejected one was rejected. Texts live in the store; here are ids, verdicts, numbers and addresses.';

CREATE TABLE caco.migration (
    name       text PRIMARY KEY,
    sha256     text NOT NULL CONSTRAINT sha256_is_hex CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE  caco.migration IS 'Files of sql/ that made this schema. Grain: one row per file.';
COMMENT ON COLUMN caco.migration.name IS 'Path below sql/, such as migrations/0001_types.sql or views/funnel.sql.';
COMMENT ON COLUMN caco.migration.sha256 IS 'SHA-256 of the file as applied. A migration must never change; a view may, and is then made anew.';
COMMENT ON COLUMN caco.migration.applied_at IS 'When it was applied.';

CREATE TYPE caco.stage AS ENUM (
    'seeds', 'unify',                                        -- pipeline seeds
    'train',                                                 -- pipeline codegen
    'sample', 'execute', 'screen', 'dedup', 'reverse', 'solve', 'agree', 'judge', 'decontaminate', 'publish',  -- pipeline nightly
    'evaluate', 'audit'
);
COMMENT ON TYPE caco.stage IS 'Steps, in the order in which a record meets them: ORDER BY stage follows the funnel.';

CREATE TYPE caco.outcome AS ENUM ('pass', 'fail', 'unknown');
COMMENT ON TYPE caco.outcome IS 'What a stage says of a record. unknown: the platform could not tell; retried, never published, never counted as failed.';

CREATE TYPE caco.grade AS ENUM ('S', 'A+', 'A', 'B', 'C', 'R', 'D');
COMMENT ON TYPE caco.grade IS 'How surely the numbers of a seed program are those of its problem, best first: S every literal bound to one place of the question and every number used, A+ numbers left over, A rivals settled by the words around them, B rivals remain, C a literal the problem does not hold, R equal to gold only when rounded, D none of these.';

CREATE TYPE caco.reason AS ENUM (
    -- seeds
    'unreadable_record', 'no_answer', 'duplicate_seed', 'licence_not_allowed',
    -- unify
    'no_program_found', 'wrong_answer', 'template_not_met', 'gold_disputed', 'grade_too_low',
    -- every stage that asks a model
    'cut_off', 'no_code_found', 'prompt_too_long', 'engine_lost',
    -- execute
    'syntax', 'error', 'time', 'memory', 'output_size', 'forbidden', 'no_input', 'no_output', 'not_deterministic',
    'sandbox_lost',
    -- screen
    'too_short', 'unused_input', 'dead_input', 'constant_output', 'trivial', 'answer_as_literal', 'unserialisable',
    'non_finite', 'prose_left',
    -- dedup
    'same_program', 'same_behaviour', 'near_duplicate',
    -- reverse
    'empty', 'leaks_code', 'leaks_answer', 'names_no_input', 'foreign_number', 'no_question',
    -- solve, agree
    'no_final_answer', 'answers_differ', 'false_equation', 'checker_timeout',
    -- judge
    'inconsistent', 'ill_posed', 'unparseable_judgement',
    -- seeds, decontaminate
    'benchmark_overlap'
);
COMMENT ON TYPE caco.reason IS 'Why a record did not pass: the closed list, equal to caco_tasks.records.Reason. docs/ledger.md says what each means.';
