-- Question: what was made from a run?
-- Set:      run =
-- Answer:   one row per run, dataset and step that leads to it, the run itself at depth 0; no run set: the newest run of seeds. run
--           may be the beginning of an id

WITH RECURSIVE chosen AS (
    SELECT run_id
    FROM caco.run
    WHERE caco.hex(run_id) LIKE replace(:run, '-', '') || '%' AND (:run <> '' OR pipeline = 'seeds')
    ORDER BY partition DESC, created_at DESC
    LIMIT 1
), made (run_id, depth) AS (
    SELECT run_id, 0 FROM chosen
    UNION
    SELECT run.run_id, made.depth + 1
    FROM made
    JOIN caco.run ON made.run_id IN (run.seed_run_id, run.codegen_run_id)
        OR run.dataset IN (SELECT dataset || '/' || version FROM caco.datasets WHERE datasets.run_id = made.run_id)
    WHERE made.depth < 8 AND run.run_id <> made.run_id
), nearest AS (
    SELECT run_id, min(depth) AS depth FROM made GROUP BY run_id
)
SELECT
    nearest.depth,
    run.pipeline,
    run.partition,
    run.run_id,
    run.config ->> 'name' AS config,
    run.model_id,
    datasets.dataset || '/' || datasets.version AS dataset,
    datasets.state,
    datasets.rows
FROM nearest
JOIN caco.run USING (run_id)
LEFT JOIN caco.datasets USING (run_id)
ORDER BY nearest.depth, run.partition, run.pipeline, run.run_id, datasets.version;
