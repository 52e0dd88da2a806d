-- Title:    Licences behind a dataset
-- Question: under which licences are the problems that a dataset's programs were learnt from?
-- Grain:    one row per dataset, version, source, revision and licence
-- Columns:  seeds, verified seed programs of the run behind the dataset
-- Example:  SELECT * FROM caco.licence_of_dataset WHERE dataset = :dataset AND version = :version;

CREATE VIEW caco.licence_of_dataset AS
SELECT
    dataset.dataset,
    dataset.version,
    behind.seed_run_id,
    seed.source,
    seed.revision,
    seed.licence,
    count(*) AS seeds
FROM caco.dataset
JOIN caco.run ON run.run_id = dataset.run_id
CROSS JOIN LATERAL (
    SELECT coalesce((
        SELECT trained.seed_run_id
        FROM caco.model
        JOIN caco.run AS trained ON trained.run_id = model.run_id AND trained.partition <= run.partition
        WHERE model.model_id = run.model_id
        ORDER BY (trained.config_hash = run.config_hash) DESC, trained.partition DESC, trained.run_id
        LIMIT 1
    ), run.seed_run_id) AS seed_run_id
) AS behind
JOIN caco.seed ON seed.run_id = behind.seed_run_id
JOIN caco.verdict ON verdict.run_id = seed.run_id AND verdict.subject_id = seed.seed_id AND verdict.stage = 'unify' AND verdict.outcome = 'pass'
GROUP BY dataset.dataset, dataset.version, behind.seed_run_id, seed.source, seed.revision, seed.licence;

COMMENT ON VIEW caco.licence_of_dataset IS 'Licences of the seeds behind each dataset. Grain: one row per dataset, version, source, revision and licence.';
