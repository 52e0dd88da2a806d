-- Rows of datasets that were made into environments for reinforcement learning, and why others were not.

CREATE TABLE caco.environment (
    dataset_no      integer NOT NULL CONSTRAINT environment_is_of_a_dataset REFERENCES caco.dataset ON DELETE CASCADE,
    sample_id       uuid NOT NULL,
    environment_id  uuid,
    program_id      uuid,
    maker_version   smallint NOT NULL CONSTRAINT maker_versions_count_from_one CHECK (maker_version >= 1),
    inputs          jsonb,
    conditions      jsonb,
    instances       jsonb,
    example_problem text,
    example_answer  text,
    refusal         text,
    detail          text,
    made_at         timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT a_row_is_made_once PRIMARY KEY (dataset_no, sample_id),
    -- it became one, or it is said why not
    CONSTRAINT an_environment_or_a_refusal CHECK ((environment_id IS NULL) = (refusal IS NOT NULL)),
    CONSTRAINT an_environment_is_whole CHECK (environment_id IS NULL OR num_nulls(program_id, inputs, conditions, instances) = 0)
);
CREATE INDEX environment_by_sample ON caco.environment (sample_id);  -- for the page of a sample
COMMENT ON TABLE  caco.environment IS 'Rows of datasets that caco environments make looked at last. Grain: one row per dataset and sample; a ledger that is rebuilt has none until it is made again.';
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
