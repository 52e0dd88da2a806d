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
COMMENT ON COLUMN caco.run_comparison.a_run_id IS 'The first run.';
COMMENT ON COLUMN caco.run_comparison.b_run_id IS 'The second run.';
COMMENT ON COLUMN caco.run_comparison.pipeline IS 'seeds, codegen, nightly or evaluate.';
COMMENT ON COLUMN caco.run_comparison.a_partition IS 'Date of the first.';
COMMENT ON COLUMN caco.run_comparison.b_partition IS 'Date of the second.';
COMMENT ON COLUMN caco.run_comparison.is_same_config IS 'Whether both have the same settings.';
COMMENT ON COLUMN caco.run_comparison.stage IS 'Which stage, in the order of the funnel.';
COMMENT ON COLUMN caco.run_comparison.a_shards IS 'Shards of the first run. NULL: it did not reach the stage.';
COMMENT ON COLUMN caco.run_comparison.b_shards IS 'Shards of the second run. NULL: it did not reach the stage.';
COMMENT ON COLUMN caco.run_comparison.a_reused IS 'Shards made by other runs, of the first run. NULL: it did not reach the stage.';
COMMENT ON COLUMN caco.run_comparison.b_reused IS 'Shards made by other runs, of the second run. NULL: it did not reach the stage.';
COMMENT ON COLUMN caco.run_comparison.a_read IS 'Records read, of the first run. NULL: it did not reach the stage.';
COMMENT ON COLUMN caco.run_comparison.b_read IS 'Records read, of the second run. NULL: it did not reach the stage.';
COMMENT ON COLUMN caco.run_comparison.a_passed IS 'Records passed, of the first run. NULL: it did not reach the stage.';
COMMENT ON COLUMN caco.run_comparison.b_passed IS 'Records passed, of the second run. NULL: it did not reach the stage.';
COMMENT ON COLUMN caco.run_comparison.a_unknown IS 'Records unknown, of the first run. NULL: it did not reach the stage.';
COMMENT ON COLUMN caco.run_comparison.b_unknown IS 'Records unknown, of the second run. NULL: it did not reach the stage.';
COMMENT ON COLUMN caco.run_comparison.a_kept_share IS 'passed / read of the first run. NULL: it did not reach the stage.';
COMMENT ON COLUMN caco.run_comparison.b_kept_share IS 'passed / read of the second run. NULL: it did not reach the stage.';
COMMENT ON COLUMN caco.run_comparison.difference IS 'b_kept_share - a_kept_share. NULL: one of them did not reach the stage.';
COMMENT ON COLUMN caco.run_comparison.a_seconds IS 'Wall seconds that it spent itself, of the first run. NULL: it did not reach the stage.';
COMMENT ON COLUMN caco.run_comparison.b_seconds IS 'Wall seconds that it spent itself, of the second run. NULL: it did not reach the stage.';
