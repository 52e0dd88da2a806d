-- Where everything begins: sources, their problems, and the programs that were found or sampled.

CREATE TABLE caco.source (
    source   text NOT NULL,
    revision text NOT NULL,
    licence  text NOT NULL,
    PRIMARY KEY (source, revision, licence)
);
COMMENT ON TABLE  caco.source IS 'Upstream datasets that were read. Grain: one row per source, revision and licence; records of one source may have different licences.';
COMMENT ON COLUMN caco.source.source IS 'Name of the dataset.';
COMMENT ON COLUMN caco.source.revision IS 'Commit, version or content hash of the file read.';
COMMENT ON COLUMN caco.source.licence IS 'SPDX expression or the publisher''s words.';

CREATE TABLE caco.program (
    program_id text PRIMARY KEY,
    partition  date NOT NULL,
    uri        text NOT NULL,
    row        integer NOT NULL CONSTRAINT row_is_not_negative CHECK (row >= 0),
    run_id     text NOT NULL REFERENCES caco.run ON DELETE CASCADE,
    stage      caco.stage NOT NULL,
    code_chars integer NOT NULL CONSTRAINT code_chars_is_not_negative CHECK (code_chars >= 0),
    code_lines integer NOT NULL CONSTRAINT code_lines_is_not_negative CHECK (code_lines >= 0),
    CONSTRAINT a_program_is_found_or_sampled CHECK (stage IN ('unify', 'sample'))
);
CREATE INDEX program_by_run ON caco.program (run_id);
COMMENT ON TABLE  caco.program IS 'Distinct programs, found for seeds or sampled from CodeGen. Grain: one row per program_id. The other columns tell of its earliest place: by partition, then by uri and row.';
COMMENT ON COLUMN caco.program.program_id IS 'Hash of its tokens, blind to comments and layout.';
COMMENT ON COLUMN caco.program.partition IS 'Partition of its earliest run.';
COMMENT ON COLUMN caco.program.uri IS 'Shard that holds its text.';
COMMENT ON COLUMN caco.program.row IS 'Row of that shard, from 0.';
COMMENT ON COLUMN caco.program.run_id IS 'Its earliest run.';
COMMENT ON COLUMN caco.program.stage IS 'unify: found for a seed. sample: written by CodeGen.';
COMMENT ON COLUMN caco.program.code_chars IS 'Length of the text there, in characters.';
COMMENT ON COLUMN caco.program.code_lines IS 'Length of the text there, in lines.';

CREATE TABLE caco.seed (
    run_id     text NOT NULL REFERENCES caco.run ON DELETE CASCADE,
    seed_id    text NOT NULL,
    source     text NOT NULL,
    revision   text NOT NULL,
    licence    text NOT NULL,
    key        text NOT NULL,
    domain     text,
    difficulty smallint CONSTRAINT difficulty_is_1_to_5 CHECK (difficulty BETWEEN 1 AND 5),
    grade      caco.grade,
    program_id text,
    PRIMARY KEY (run_id, seed_id),
    CONSTRAINT seed_has_a_source FOREIGN KEY (source, revision, licence) REFERENCES caco.source,
    CONSTRAINT grade_needs_a_program CHECK (grade IS NULL OR program_id IS NOT NULL)
);
CREATE INDEX seed_by_id ON caco.seed (seed_id);
CREATE INDEX seed_by_program ON caco.seed (program_id);
COMMENT ON TABLE  caco.seed IS 'Problems of the sources, as a run read and unified them. Grain: one row per run and seed.';
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
