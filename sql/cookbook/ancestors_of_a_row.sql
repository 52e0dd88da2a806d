-- Question: where does one published row come from?
-- Set:      sample =
-- Answer:   one row per stage that asked a model, with the model that wrote; no sample set: any row; then open the output at that uri and row: it holds all texts

WITH chosen AS (
    SELECT *
    FROM caco.sample_lineage
    -- a range, so that the beginning of an id will do
    WHERE sample_id BETWEEN CAST(rpad(replace(:sample, '-', ''), 32, '0') AS uuid)
        AND CAST(rpad(replace(:sample, '-', ''), 32, 'f') AS uuid)
    ORDER BY dataset, version DESC, sample_id
    LIMIT 1
)
SELECT
    chosen.sample_id,
    asked.stage,
    asked.model_id,
    asked.prompt,
    chosen.uri,
    chosen.row,
    chosen.codegen_run_id,
    chosen.seed_run_id
FROM chosen
JOIN caco.yield_by_model AS asked USING (run_id)
ORDER BY asked.stage;
