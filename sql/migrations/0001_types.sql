-- The schema, the book of migrations, and the closed lists that all tables share.
--
-- Read these files in order; together they are the whole schema:
--   0001_types             closed lists
--   0002_runs_and_outputs  what was run, and which outputs a run consists of
--   0003_seeds             sources, their problems, and the programs found for them
--   0004_fates             where each sample ended, why, and on what evidence; who was first
--   0005_results           models, datasets, attempts at benchmarks, and what people said
--   0006_functions         statistics for the views
-- Views are in sql/views/, one file each; who may do what is in sql/grants.sql.

CREATE SCHEMA caco;
COMMENT ON SCHEMA caco IS 'Where every sample came from and why every rejected one was rejected. Texts and measures lie in the store; here are ids, outcomes, counts and addresses.';

CREATE TABLE caco.migration (
    name       text PRIMARY KEY,
    sha256     text NOT NULL CONSTRAINT sha256_is_hex CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE  caco.migration IS 'Files of sql/ that made this schema. Grain: one row per file.';
COMMENT ON COLUMN caco.migration.name IS 'Path below sql/, such as migrations/0001_types.sql or views/funnel.sql.';
COMMENT ON COLUMN caco.migration.sha256 IS 'SHA-256 of the file as applied. A migration must never change; a view may, and is then made anew.';
COMMENT ON COLUMN caco.migration.applied_at IS 'When it was applied.';

-- Equal to caco_tasks.pipeline.STAGES, name by name. The order is that of the funnel, so ORDER BY stage follows a record.
CREATE TYPE caco.stage AS ENUM (
    -- pipeline seeds
    'seeds',          -- reads the problems of the sources
    'unify',          -- finds a program for each
    -- pipeline codegen
    'train',          -- trains CodeGen on the seed programs; gathers all of them
    -- pipeline nightly
    'sample',         -- CodeGen writes programs
    'execute',        -- the sandbox runs them
    'screen',         -- rules on program and output
    'dedup',          -- whether program and behaviour are new
    'reverse',        -- a model writes the problem
    'solve',          -- a model solves it without seeing the program
    'agree',          -- whether answers and steps agree with the program
    'judge',          -- a model judges problem, solution and program
    'decontaminate',  -- whether the problem overlaps a benchmark, or another problem
    'publish',        -- writes the dataset; gathers what passed
    -- pipeline evaluate
    'student',        -- trains a student on a dataset
    'evaluate'        -- asks base and student the items of benchmarks
);
COMMENT ON TYPE caco.stage IS 'Steps, in the order in which a record meets them: ORDER BY stage follows the funnel.';

CREATE TYPE caco.outcome AS ENUM (
    'pass',     -- goes on to the next stage
    'fail',     -- rejected for good, with a reason
    'unknown'   -- the platform could not tell: asked again by another attempt, never published, never counted as failed
);
COMMENT ON TYPE caco.outcome IS 'What a stage says of a record. unknown: the platform could not tell; retried, never published, never counted as failed.';

CREATE TYPE caco.part AS ENUM ('program', 'problem', 'solution');  -- in the order in which they are made, so that < means earlier
COMMENT ON TYPE caco.part IS 'Parts of a sample, in the order in which they are made.';

CREATE TYPE caco.grade AS ENUM (
    'S',   -- every literal bound to one place of the question, and every number of it used
    'A+',  -- as S, but numbers of the question are left over
    'A',   -- equal values settled by the words around them
    'B',   -- equal values that nothing settles
    'C',   -- a literal that the problem does not hold
    'R',   -- equal to gold only when rounded
    'D'    -- none of these
);
COMMENT ON TYPE caco.grade IS 'How surely the numbers of a seed program are those of its problem, best first: S every literal bound to one place of the question and every number used, A+ numbers left over, A rivals settled by the words around them, B rivals remain, C a literal the problem does not hold, R equal to gold only when rounded, D none of these.';

CREATE TYPE caco.state AS ENUM (
    'staged',     -- written, and the gate has not let it pass yet
    'published',  -- for everybody
    'withdrawn'   -- taken back: it still loads, with a warning
);
COMMENT ON TYPE caco.state IS 'Where a dataset stands: staged, published or withdrawn; a withdrawn one may be published again.';

-- Equal to caco_tasks.records.Reason, name by name. docs/reasons.md says which stage gives each, and what it means.
CREATE TYPE caco.reason AS ENUM (
    -- seeds
    'unreadable_record',      -- cannot be parsed
    'no_answer',              -- neither an answer nor tests
    'duplicate_seed',         -- the same problem came before
    'licence_not_allowed',    -- not among those that the config allows
    -- unify
    'no_program_found',       -- no program could be made from what the source gives
    'wrong_answer',           -- the program's output is not the gold answer
    'template_not_met',       -- not in the unified template
    'gold_disputed',          -- annotation and gold answer contradict each other
    'grade_too_low',          -- below min_seed_grade
    -- every stage that asks a model
    'cut_off',                -- the reply hit its length limit
    'no_code_found',          -- the reply holds no code
    'prompt_too_long',        -- the prompt does not fit the model
    'engine_lost',            -- the engine gave no reply (unknown)
    -- execute
    'syntax',                 -- does not parse
    'error',                  -- ended with an exception
    'time',                   -- ran longer than allowed
    'memory',                 -- wanted more memory than allowed
    'output_size',            -- wrote more than allowed
    'forbidden',              -- used what is not allowed
    'no_input',               -- sets no input
    'no_output',              -- sets no output
    'not_deterministic',      -- a second run gave another output
    'sandbox_lost',           -- the sandbox failed (unknown)
    -- screen
    'too_short',              -- too few real lines
    'unused_input',           -- an input is never used
    'dead_input',             -- no change of an input changes the output
    'constant_output',        -- no change of any input changes the output
    'trivial',                -- the output is an input, or one step copied
    'answer_as_literal',      -- the answer is written into the code
    'unserialisable',         -- the output has no plain value
    'non_finite',             -- the output is NaN or infinite
    'prose_left',             -- prose, a prompt or a fence is left in the code
    -- dedup
    'same_program',           -- the same normalised program came before
    'same_behaviour',         -- a program with the same outputs on changed inputs came before
    'near_duplicate',         -- an almost equal program came before
    'same_problem',           -- decontaminate: an almost equal problem came before
    -- reverse
    'empty',                  -- the reply is empty
    'leaks_code',             -- the problem contains code
    'leaks_answer',           -- the problem contains the answer
    'names_no_input',         -- an input that matters is not named in the problem
    'foreign_number',         -- the problem has a number that is no input
    'no_question',            -- it ends in no question or task
    'values_exchanged',       -- two inputs' values stand in each other's place
    -- solve, agree
    'no_final_answer',        -- no final answer is stated
    'answers_differ',         -- the answer is not the program's output
    'false_equation',         -- an equation written in the solution is false
    'ungrounded_number',      -- a step begins with a number from nowhere
    'input_not_used',         -- an input's value is never named
    'answer_not_reached',     -- no step gives the answer
    'wrong_unit',             -- the answer's unit is not the one asked for
    'checker_timeout',        -- the comparison did not end in time (unknown)
    -- judge
    'inconsistent',           -- problem, solution and program are at odds
    'ill_posed',              -- the problem is ambiguous or has no solution
    'unparseable_judgement',  -- the judge's reply cannot be read (unknown)
    'judges_disagree',        -- no verdict has more than half of the replies (unknown)
    -- seeds, reverse, decontaminate
    'benchmark_overlap',      -- overlaps a protected benchmark item
    'benchmark_review'        -- alike enough to a benchmark item that a person should look
);
COMMENT ON TYPE caco.reason IS 'Why a record did not pass: the closed list, equal to caco_tasks.records.Reason. docs/reasons.md says what each means.';
