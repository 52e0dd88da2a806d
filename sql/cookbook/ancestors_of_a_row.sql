-- Question: where does one published row come from? (Put its sample_id in.)
-- Answer:   one row per stage that asked a model, with the model that wrote; then open the output at that uri and row: it holds all texts

WITH chosen AS (
    SELECT * FROM caco.sample_lineage ORDER BY dataset, version DESC, sample_id LIMIT 1
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
