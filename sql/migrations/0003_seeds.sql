-- Where everything begins: sources, their problems, and the programs that were found for them.

CREATE TABLE caco.source (
    source_no integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source    text NOT NULL,
    revision  text NOT NULL,
    licence   text NOT NULL,
    CONSTRAINT one_row_per_source_revision_and_licence UNIQUE (source, revision, licence)
);
COMMENT ON TABLE  caco.source IS 'Upstream datasets that were read. Grain: one row per source, revision and licence; records of one source may have different licences.';
COMMENT ON COLUMN caco.source.source_no IS 'Number within this ledger.';
COMMENT ON COLUMN caco.source.source IS 'Name of the dataset.';
COMMENT ON COLUMN caco.source.revision IS 'Commit, version or content hash of the file read.';
COMMENT ON COLUMN caco.source.licence IS 'SPDX expression or the publisher''s words.';

CREATE TABLE caco.seed (
    output_no  integer NOT NULL REFERENCES caco.output ON DELETE CASCADE,
    seed_id    uuid NOT NULL,
    source_no  integer NOT NULL REFERENCES caco.source,
    key        text NOT NULL,
    domain     text,
    difficulty smallint CONSTRAINT difficulty_is_1_to_5 CHECK (difficulty BETWEEN 1 AND 5),
    CONSTRAINT one_seed_per_output PRIMARY KEY (output_no, seed_id)
);
CREATE INDEX seed_by_id ON caco.seed (seed_id);
COMMENT ON TABLE  caco.seed IS 'Problems of the sources, as the stage seeds read them. Grain: one row per output and seed.';
COMMENT ON COLUMN caco.seed.output_no IS 'The output of the stage seeds that holds it.';
COMMENT ON COLUMN caco.seed.seed_id IS 'Hash of source, revision and key: the same in every run.';
COMMENT ON COLUMN caco.seed.source_no IS 'Source, revision and licence of this record.';
COMMENT ON COLUMN caco.seed.key IS 'The record''s own id in its source, or its position.';
COMMENT ON COLUMN caco.seed.domain IS 'Field of mathematics or science. NULL: the source does not say.';
COMMENT ON COLUMN caco.seed.difficulty IS '1 easy to 5 hard. NULL: the source does not say.';

-- Programs of samples are not here: they would double the ledger, and are in the outputs (`caco sql --engine duckdb`).
CREATE TABLE caco.program (
    output_no  integer NOT NULL REFERENCES caco.output ON DELETE CASCADE,
    seed_id    uuid NOT NULL,
    program_id uuid NOT NULL,
    grade      caco.grade,
    row        integer NOT NULL CONSTRAINT row_is_not_negative CHECK (row >= 0),
    code_chars integer NOT NULL CONSTRAINT code_chars_is_not_negative CHECK (code_chars >= 0),
    code_lines integer NOT NULL CONSTRAINT code_lines_is_not_negative CHECK (code_lines >= 0),
    CONSTRAINT one_program_per_output_and_seed PRIMARY KEY (output_no, seed_id)
);
CREATE INDEX program_by_id ON caco.program (program_id);
COMMENT ON TABLE  caco.program IS 'Programs that the stage unify found for seeds, verified or not. Grain: one row per output and seed.';
COMMENT ON COLUMN caco.program.output_no IS 'The output of the stage unify that holds its text.';
COMMENT ON COLUMN caco.program.seed_id IS 'The seed that it was found for.';
COMMENT ON COLUMN caco.program.program_id IS 'Hash of its tokens, blind to comments and layout.';
COMMENT ON COLUMN caco.program.grade IS 'How surely its numbers are those of the problem. NULL: it was written by a model.';
COMMENT ON COLUMN caco.program.row IS 'Row of that output, from 0.';
COMMENT ON COLUMN caco.program.code_chars IS 'Length of its text in characters.';
COMMENT ON COLUMN caco.program.code_lines IS 'Length of its text in lines.';
