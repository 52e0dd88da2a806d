-- How hard the problems of samples are, and what their programs look like: what later runs are steered by.

ALTER TYPE caco.reason ADD VALUE 'too_easy' AFTER 'majority_differs';  -- all of several solutions agree, and only a share of such is kept

ALTER TABLE caco.run
    ADD COLUMN steering jsonb NOT NULL DEFAULT '{}' CONSTRAINT steering_is_an_object CHECK (jsonb_typeof(steering) = 'object');

COMMENT ON COLUMN caco.run.steering IS 'What CodeGen is told of how a program begins, and how often, with the earlier runs that it follows from; empty: nothing of earlier runs has a part in its draw.';

CREATE TABLE caco.sample_difficulty (
    output_no integer NOT NULL REFERENCES caco.output ON DELETE CASCADE,
    sample_id uuid NOT NULL,
    solutions smallint NOT NULL,
    compared  smallint,
    agreeing  smallint,
    steps     integer,
    depth     integer,
    domain    text,
    opening   text,
    shape     uuid NOT NULL,
    CONSTRAINT one_difficulty_per_output_and_sample PRIMARY KEY (output_no, sample_id),
    CONSTRAINT agreeing_were_compared CHECK (agreeing BETWEEN 0 AND compared AND compared <= solutions),
    CONSTRAINT one_solution_tells_nothing CHECK (solutions > 1 OR compared IS NULL),
    CONSTRAINT steps_and_depth_are_counts CHECK (steps >= 0 AND depth >= 0)
);

CREATE INDEX sample_difficulty_by_sample ON caco.sample_difficulty (sample_id);  -- one sample, for its page

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
