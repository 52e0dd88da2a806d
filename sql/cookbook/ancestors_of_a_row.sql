-- Question: where does one published row come from? (Put its sample_id in.)
-- Answer:   one row per text, with the model that wrote it; then open the shard at that uri and row

WITH chosen AS (
    SELECT sample_id FROM caco.dataset_row ORDER BY dataset, version DESC, sample_id LIMIT 1
)
SELECT
    text_address.text,
    text_address.uri,
    text_address.row,
    request_usage.model_id,
    request_usage.prompt,
    lineage.codegen_run_id,
    lineage.seed_run_id
FROM chosen
JOIN caco.sample_lineage AS lineage USING (sample_id)
JOIN caco.text_address ON text_address.subject_id = chosen.sample_id
LEFT JOIN caco.request_usage ON request_usage.subject_id = chosen.sample_id
    AND request_usage.stage::text = CASE text_address.text
        WHEN 'program' THEN 'sample' WHEN 'problem' THEN 'reverse' WHEN 'solution' THEN 'solve' WHEN 'judgement' THEN 'judge' END
ORDER BY request_usage.stage;
