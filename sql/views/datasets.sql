-- Title:    Datasets
-- Question: which datasets are there, in which state, and which runs have them?
-- Grain:    one row per run, dataset and version
-- Columns:  state, the last one given: staged, published or withdrawn; changed_by, because and changed_at tell of that change, NULL
--           where the dataset never had a state and so counts as published; is_reused, whether another run made it; is_current, whether the run
--           consists of it now: a new attempt publishes another version beside the one before
-- Example:  SELECT dataset, version, state, rows FROM caco.datasets WHERE run_id = :run;

CREATE VIEW caco.datasets AS
SELECT
    holder.run_id,
    dataset.partition,
    dataset.dataset,
    dataset.version,
    dataset.rows,
    coalesce(last.state, 'published') AS state,
    last.by AS changed_by,
    last.because,
    last.at AS changed_at,
    holder.run_id <> dataset.run_id AS is_reused,
    holder.is_current
FROM (
    SELECT dataset_no, run_id, bool_or(is_current) AS is_current
    FROM (
        SELECT dataset.dataset_no, dataset.run_id, false AS is_current FROM caco.dataset
        UNION ALL
        SELECT dataset.dataset_no, run.run_id, run_output.is_current
        FROM caco.run_output
        JOIN caco.run USING (run_no)
        JOIN caco.output USING (output_no)
        JOIN caco.dataset ON dataset.dataset || '/' || dataset.version = output.artifacts ->> 'dataset'
        WHERE run_output.stage = 'publish'
    ) AS named
    GROUP BY dataset_no, run_id
) AS holder
JOIN caco.dataset USING (dataset_no)
LEFT JOIN LATERAL (
    SELECT state, by, because, at FROM caco.dataset_state
    WHERE dataset_state.dataset_no = holder.dataset_no
    ORDER BY number DESC LIMIT 1
) AS last ON true;

COMMENT ON VIEW caco.datasets IS 'Datasets, their state, and the runs that have them. Grain: one row per run, dataset and version.';
COMMENT ON COLUMN caco.datasets.run_id IS 'A run that has it: the one that made it, or one that reuses its output.';
COMMENT ON COLUMN caco.datasets.partition IS 'Date that it was made for.';
COMMENT ON COLUMN caco.datasets.dataset IS 'Name of the dataset.';
COMMENT ON COLUMN caco.datasets.version IS 'Version of it.';
COMMENT ON COLUMN caco.datasets.rows IS 'Rows of the dataset.';
COMMENT ON COLUMN caco.datasets.state IS 'The last state given: staged, published or withdrawn; published where none was ever given.';
COMMENT ON COLUMN caco.datasets.changed_by IS 'Who gave that state. NULL: it never had one.';
COMMENT ON COLUMN caco.datasets.because IS 'Why. NULL: it never had a state, or no word was given.';
COMMENT ON COLUMN caco.datasets.changed_at IS 'When. NULL: it never had a state.';
COMMENT ON COLUMN caco.datasets.is_reused IS 'Whether another run made it.';
COMMENT ON COLUMN caco.datasets.is_current IS 'Whether the run consists of it now; false: a new attempt has taken its place.';
