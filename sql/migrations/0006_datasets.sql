-- What was published.

CREATE TABLE caco.dataset (
    dataset      text NOT NULL,
    version      text NOT NULL,
    run_id       text NOT NULL REFERENCES caco.run ON DELETE CASCADE,
    partition    date NOT NULL,
    rows         bigint NOT NULL CONSTRAINT rows_is_not_negative CHECK (rows >= 0),
    code_version text NOT NULL,
    files        jsonb NOT NULL,
    facts        jsonb NOT NULL,
    PRIMARY KEY (dataset, version)
);
CREATE INDEX dataset_by_run ON caco.dataset (run_id);
COMMENT ON TABLE  caco.dataset IS 'Published datasets. Grain: one row per dataset and version; a version never changes.';
COMMENT ON COLUMN caco.dataset.dataset IS 'Name.';
COMMENT ON COLUMN caco.dataset.version IS 'Version; together with the name its folder below datasets/ in the store.';
COMMENT ON COLUMN caco.dataset.run_id IS 'The nightly run that published it.';
COMMENT ON COLUMN caco.dataset.partition IS 'The run''s partition.';
COMMENT ON COLUMN caco.dataset.rows IS 'Published rows.';
COMMENT ON COLUMN caco.dataset.code_version IS 'Version of the package that published it.';
COMMENT ON COLUMN caco.dataset.files IS 'Its parquet files: uri, rows, bytes, sha256.';
COMMENT ON COLUMN caco.dataset.facts IS 'What else its manifest says; empty object where nothing.';

CREATE TABLE caco.dataset_row (
    dataset   text NOT NULL,
    version   text NOT NULL,
    sample_id text NOT NULL,
    uri       text NOT NULL,
    row       integer NOT NULL CONSTRAINT row_is_not_negative CHECK (row >= 0),
    CONSTRAINT a_sample_is_published_once_per_version PRIMARY KEY (dataset, version, sample_id),
    CONSTRAINT row_is_of_a_dataset FOREIGN KEY (dataset, version) REFERENCES caco.dataset ON DELETE CASCADE
);
CREATE INDEX dataset_row_by_sample ON caco.dataset_row (sample_id);
COMMENT ON TABLE  caco.dataset_row IS 'Published rows. Grain: one row per dataset, version and sample.';
COMMENT ON COLUMN caco.dataset_row.dataset IS 'Name of the dataset.';
COMMENT ON COLUMN caco.dataset_row.version IS 'Version of the dataset.';
COMMENT ON COLUMN caco.dataset_row.sample_id IS 'The sample that was published.';
COMMENT ON COLUMN caco.dataset_row.uri IS 'Parquet file below the store''s root.';
COMMENT ON COLUMN caco.dataset_row.row IS 'Row of that file, from 0.';
