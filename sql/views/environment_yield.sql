-- Title:    Environments by reason
-- Question: how many rows of a dataset became environments, and why did others not?
-- Grain:    one row per dataset, version and reason (NULL reason = became one)
-- Columns:  instances, the distinct valid ones that were found; NULL for a reason
-- Example:  SELECT refusal, rows, instances FROM caco.environment_yield WHERE dataset = 'caco-nano' ORDER BY rows DESC;

CREATE VIEW caco.environment_yield AS
SELECT
    dataset.dataset,
    dataset.version,
    environment.refusal,
    count(*) AS rows,
    sum(found.instances) AS instances
FROM caco.environment
JOIN caco.dataset USING (dataset_no)
LEFT JOIN LATERAL (
    SELECT sum(CAST(level.value AS bigint)) AS instances FROM jsonb_each_text(environment.instances) AS level
) AS found ON true
GROUP BY dataset.dataset, dataset.version, environment.refusal;

COMMENT ON VIEW caco.environment_yield IS 'What became of the rows that were to be environments. Grain: one row per dataset, version and reason.';
COMMENT ON COLUMN caco.environment_yield.dataset IS 'Name of the dataset.';
COMMENT ON COLUMN caco.environment_yield.version IS 'Version of it.';
COMMENT ON COLUMN caco.environment_yield.refusal IS 'Why rows became none. NULL: they became environments.';
COMMENT ON COLUMN caco.environment_yield.rows IS 'Rows of the dataset.';
COMMENT ON COLUMN caco.environment_yield.instances IS 'Distinct valid instances found. NULL: they became none.';
