-- A program may be made of verified programs instead of sampled: how, and of which.

CREATE TABLE caco.program_parent (
    output_no integer NOT NULL REFERENCES caco.output ON DELETE CASCADE,
    sample_id uuid NOT NULL,
    number smallint NOT NULL,
    kind text NOT NULL,
    operator text NOT NULL,
    program_id uuid NOT NULL,
    seed_id uuid NOT NULL,
    CONSTRAINT one_parent_per_output_sample_and_number PRIMARY KEY (output_no, sample_id, number),
    CONSTRAINT number_is_not_negative CHECK (number >= 0),
    CONSTRAINT kind_is_known CHECK (kind IN ('compose', 'mutate'))
);

CREATE INDEX program_parent_by_sample ON caco.program_parent (sample_id);  -- the lineage of one sample
CREATE INDEX program_parent_by_program ON caco.program_parent (program_id);  -- what was made of one program

COMMENT ON TABLE caco.program_parent IS 'Verified programs that the programs of samples were made of; a program that CodeGen wrote has none. Grain: one row per output, sample and parent.';
COMMENT ON COLUMN caco.program_parent.output_no IS 'The output of the stage sample that holds the program.';
COMMENT ON COLUMN caco.program_parent.sample_id IS 'The sample.';
COMMENT ON COLUMN caco.program_parent.number IS 'From 0; of a composition, 0 is the program whose output is an input of the other.';
COMMENT ON COLUMN caco.program_parent.kind IS 'compose or mutate.';
COMMENT ON COLUMN caco.program_parent.operator IS 'What was done to the parents, such as tax or output_as_input.';
COMMENT ON COLUMN caco.program_parent.program_id IS 'The parent: a program that the stage unify verified, as in caco.program.';
COMMENT ON COLUMN caco.program_parent.seed_id IS 'The seed that the parent was found for.';
