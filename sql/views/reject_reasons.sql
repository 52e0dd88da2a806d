-- Title:    Reasons
-- Question: why did records not pass?
-- Grain:    one row per run, stage, outcome and reason
-- Columns:  outcome is fail or unknown; share_of_read = records / what the stage read
-- Example:  SELECT * FROM caco.reject_reasons WHERE run_id = :run ORDER BY stage, records DESC;

CREATE VIEW caco.reject_reasons AS
SELECT
    counted.run_id,
    counted.partition,
    counted.stage,
    counted.outcome,
    counted.reason,
    counted.records,
    counted.records::double precision / whole.read AS share_of_read
FROM (
    SELECT run_id, partition, stage, outcome, reason, count(*) AS records
    FROM caco.verdict
    WHERE outcome <> 'pass'
    GROUP BY run_id, partition, stage, outcome, reason
) AS counted
JOIN (
    SELECT run_id, stage, sum(read)::double precision AS read
    FROM caco.shard
    GROUP BY run_id, stage
) AS whole USING (run_id, stage);

COMMENT ON VIEW caco.reject_reasons IS 'Why records did not pass. Grain: one row per run, stage, outcome and reason.';
