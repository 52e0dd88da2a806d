-- Title:    Reasons
-- Question: why did records not pass?
-- Grain:    one row per run, stage, outcome and reason
-- Columns:  outcome is fail or unknown; share_of_read = records / what the stage read
-- Example:  SELECT * FROM caco.reject_reasons WHERE run_id = :run ORDER BY stage, records DESC;

CREATE VIEW caco.reject_reasons AS
SELECT
    run.run_id,
    run.partition,
    counted.stage,
    counted.outcome,
    counted.reason,
    counted.records,
    counted.records::double precision / whole.read AS share_of_read
FROM (
    SELECT place.run_no, place.stage, said.outcome, said.reason, sum(said.records)::bigint AS records
    FROM caco.run_output AS place
    JOIN caco.output_reason AS said USING (output_no)
    WHERE place.is_current AND said.outcome IS NOT NULL
    GROUP BY place.run_no, place.stage, said.outcome, said.reason
) AS counted
JOIN caco.run USING (run_no)
JOIN (
    SELECT place.run_no, place.stage, sum(output.read)::double precision AS read
    FROM caco.run_output AS place
    JOIN caco.output USING (output_no)
    WHERE place.is_current
    GROUP BY place.run_no, place.stage
) AS whole USING (run_no, stage);

COMMENT ON VIEW caco.reject_reasons IS 'Why records did not pass. Grain: one row per run, stage, outcome and reason.';
COMMENT ON COLUMN caco.reject_reasons.run_id IS 'Which run.';
COMMENT ON COLUMN caco.reject_reasons.partition IS 'Date that the run is for.';
COMMENT ON COLUMN caco.reject_reasons.stage IS 'Which stage, in the order of the funnel.';
COMMENT ON COLUMN caco.reject_reasons.outcome IS 'fail or unknown.';
COMMENT ON COLUMN caco.reject_reasons.reason IS 'Why it did not pass.';
COMMENT ON COLUMN caco.reject_reasons.records IS 'Records that ended at the stage for this reason.';
COMMENT ON COLUMN caco.reject_reasons.share_of_read IS 'records / what the stage read.';
