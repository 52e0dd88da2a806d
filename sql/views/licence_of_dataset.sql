-- Title:    Licences behind a dataset
-- Question: under which licences are the problems that a dataset's programs were learnt from?
-- Grain:    one row per dataset, version, source, revision and licence
-- Columns:  seed_run_id, pinned by the run that made the dataset; seeds, verified seed programs of that run
-- Example:  SELECT * FROM caco.licence_of_dataset WHERE dataset = :dataset AND version = :version;

CREATE VIEW caco.licence_of_dataset AS
SELECT
    dataset.dataset,
    dataset.version,
    run.seed_run_id,
    behind.source,
    behind.revision,
    behind.licence,
    behind.verified AS seeds
FROM caco.dataset
JOIN caco.run USING (run_id)
JOIN caco.yield_by_seed_source AS behind ON behind.run_id = run.seed_run_id
WHERE behind.verified > 0;

COMMENT ON VIEW caco.licence_of_dataset IS 'Licences of the seeds behind each dataset. Grain: one row per dataset, version, source, revision and licence.';
COMMENT ON COLUMN caco.licence_of_dataset.dataset IS 'Name of the dataset.';
COMMENT ON COLUMN caco.licence_of_dataset.version IS 'Version of it.';
COMMENT ON COLUMN caco.licence_of_dataset.seed_run_id IS 'The run whose verified seeds stand behind the dataset.';
COMMENT ON COLUMN caco.licence_of_dataset.source IS 'Name of the source.';
COMMENT ON COLUMN caco.licence_of_dataset.revision IS 'Revision or hash of the source.';
COMMENT ON COLUMN caco.licence_of_dataset.licence IS 'Licence of its problems.';
COMMENT ON COLUMN caco.licence_of_dataset.seeds IS 'Verified seeds of this source and licence.';
