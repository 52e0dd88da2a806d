-- Recalls: what descended from a bad ancestor, and what was done about it.

-- by what a row is found again: its program, and the output that it came from
ALTER TABLE caco.dataset_row ADD COLUMN program_id uuid, ADD COLUMN output_key uuid;
CREATE INDEX dataset_row_by_program ON caco.dataset_row (program_id);
COMMENT ON COLUMN caco.dataset_row.program_id IS 'Hash of its program. NULL: its file does not say, or it was registered before this column; caco ledger rebuild fills it.';
COMMENT ON COLUMN caco.dataset_row.output_key IS 'Key of the output of the last check that it came from. NULL: as for program_id.';

CREATE TYPE caco.degree AS ENUM (
    'direct',          -- made by it, or with it in its own text
    'through a model'  -- made by a model that learnt from it
);
COMMENT ON TYPE caco.degree IS 'How near a descendant is to the ancestor of a recall: direct, or through a model that learnt from it among others.';

CREATE TYPE caco.recall_action AS ENUM ('keep', 're-verify', 'withdraw');
COMMENT ON TYPE caco.recall_action IS 'What a recall decided for a descendant: keep it, verify it again, or withdraw it.';

CREATE TABLE caco.recall (
    recall_id uuid PRIMARY KEY,
    kind      text NOT NULL,
    ancestor  text NOT NULL,
    by        text NOT NULL,
    because   text NOT NULL,
    at        timestamptz NOT NULL,
    unknown   text[] NOT NULL
);
CREATE INDEX recall_by_ancestor ON caco.recall (ancestor);
COMMENT ON TABLE  caco.recall IS 'Recalls that were applied. Grain: one row per ancestor, kind and reason; the same recall again is the same row.';
COMMENT ON COLUMN caco.recall.recall_id IS 'Hash of kind, ancestor and reason.';
COMMENT ON COLUMN caco.recall.kind IS 'What the ancestor is: source, seed, program, model, prompt, check-version or sandbox-version.';
COMMENT ON COLUMN caco.recall.ancestor IS 'Its name or id.';
COMMENT ON COLUMN caco.recall.by IS 'Who decided it.';
COMMENT ON COLUMN caco.recall.because IS 'Why.';
COMMENT ON COLUMN caco.recall.at IS 'When it was first applied.';
COMMENT ON COLUMN caco.recall.unknown IS 'What was not known of the descendants, in sentences; somebody chose to go on despite these. Empty: nothing.';

CREATE TABLE caco.recalled (
    recall_id uuid NOT NULL CONSTRAINT recalled_by_a_recall REFERENCES caco.recall ON DELETE CASCADE,
    kind      text NOT NULL,
    name      text NOT NULL,
    degree    caco.degree NOT NULL,
    action    caco.recall_action NOT NULL,
    part      bigint NOT NULL CONSTRAINT part_is_not_negative CHECK (part >= 0),
    whole     bigint NOT NULL CONSTRAINT whole_holds_part CHECK (whole >= part),
    CONSTRAINT a_descendant_is_recalled_once PRIMARY KEY (recall_id, kind, name, degree)
);
CREATE INDEX recalled_by_name ON caco.recalled (name);  -- what was recalled of a dataset, a model or a run
COMMENT ON TABLE  caco.recalled IS 'What a recall touched. Grain: one row per recall, descendant and degree. Rows that were taken out: caco.dataset_tombstone.';
COMMENT ON COLUMN caco.recalled.recall_id IS 'The recall.';
COMMENT ON COLUMN caco.recalled.kind IS 'What the descendant is: model, student, run, dataset, evaluation or sample.';
COMMENT ON COLUMN caco.recalled.name IS 'Its id, or name/version.';
COMMENT ON COLUMN caco.recalled.degree IS 'How near it is to the ancestor.';
COMMENT ON COLUMN caco.recalled.action IS 'What was decided.';
COMMENT ON COLUMN caco.recalled.part IS 'How much of it descends: rows of a dataset, samples of a run, seed programs or rows that a model learnt from.';
COMMENT ON COLUMN caco.recalled.whole IS 'How much of it there is.';
