-- Title:    Comparison of runs
-- Question: what changed between two runs, stage by stage?
-- Grain:    one row per ordered pair of runs of one pipeline, and stage that either of them reached
-- Columns:  a_* and b_* are NULL where that run did not reach the stage; difference = b_kept_share - a_kept_share;
--           *_reused, shards that another run had made; *_seconds, what the run itself spent
-- Example:  SELECT * FROM caco.run_comparison WHERE a_run_id = :a AND b_run_id = :b ORDER BY stage;

CREATE VIEW caco.run_comparison AS
SELECT
    a_run.run_id AS a_run_id,
    b_run.run_id AS b_run_id,
    a_run.pipeline,
    a_run.partition AS a_partition,
    b_run.partition AS b_partition,
    a_run.config_hash = b_run.config_hash AS is_same_config,
    step.stage,
    a.shards AS a_shards,
    b.shards AS b_shards,
    a.reused AS a_reused,
    b.reused AS b_reused,
    a.read AS a_read,
    b.read AS b_read,
    a.passed AS a_passed,
    b.passed AS b_passed,
    a.unknown AS a_unknown,
    b.unknown AS b_unknown,
    a.kept_share AS a_kept_share,
    b.kept_share AS b_kept_share,
    b.kept_share - a.kept_share AS difference,
    a.seconds AS a_seconds,
    b.seconds AS b_seconds
FROM caco.run AS a_run
JOIN caco.run AS b_run ON b_run.pipeline = a_run.pipeline AND b_run.run_id <> a_run.run_id
CROSS JOIN LATERAL (
    SELECT DISTINCT place.stage FROM caco.run_output AS place
    WHERE place.run_no IN (a_run.run_no, b_run.run_no) AND place.is_current
) AS step
LEFT JOIN caco.funnel AS a ON a.run_id = a_run.run_id AND a.stage = step.stage
LEFT JOIN caco.funnel AS b ON b.run_id = b_run.run_id AND b.stage = step.stage;

COMMENT ON VIEW caco.run_comparison IS 'Two runs beside each other. Grain: one row per ordered pair of runs of one pipeline, and stage.';
