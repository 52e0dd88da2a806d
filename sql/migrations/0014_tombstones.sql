-- Versions of a dataset without some of its rows: which version they supersede, and what was taken out by whom and why.

-- from what the manifest says, so that it is said once
ALTER TABLE caco.dataset ADD COLUMN supersedes text GENERATED ALWAYS AS (facts ->> 'supersedes') STORED;
CREATE INDEX dataset_by_superseded ON caco.dataset (supersedes) WHERE supersedes IS NOT NULL;  -- what came after a version
COMMENT ON COLUMN caco.dataset.supersedes IS 'The version, as name/version, that this one is without the rows in caco.dataset_tombstone. NULL: it is no such version.';

CREATE TABLE caco.dataset_tombstone (
    dataset_no integer NOT NULL CONSTRAINT tombstone_is_of_a_dataset REFERENCES caco.dataset ON DELETE CASCADE,
    sample_id  uuid NOT NULL,
    reason     text NOT NULL,
    by         text NOT NULL,
    because    text NOT NULL,
    at         timestamptz NOT NULL,
    CONSTRAINT a_sample_is_taken_out_once_per_version PRIMARY KEY (sample_id, dataset_no)  -- in this order it also finds a sample
);
CREATE INDEX dataset_tombstone_by_dataset ON caco.dataset_tombstone (dataset_no);
COMMENT ON TABLE  caco.dataset_tombstone IS 'Rows that a version of a dataset lacks and the version before it had. Grain: one row per version and sample.';
COMMENT ON COLUMN caco.dataset_tombstone.dataset_no IS 'The version that lacks it.';
COMMENT ON COLUMN caco.dataset_tombstone.sample_id IS 'The sample that was taken out.';
COMMENT ON COLUMN caco.dataset_tombstone.reason IS 'Why, in a word or two: what it has in common with others.';
COMMENT ON COLUMN caco.dataset_tombstone.by IS 'Who decided it.';
COMMENT ON COLUMN caco.dataset_tombstone.because IS 'Why, in the words of whoever decided it.';
COMMENT ON COLUMN caco.dataset_tombstone.at IS 'When.';
