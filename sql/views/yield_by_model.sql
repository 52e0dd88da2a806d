-- Title:    Yield by model
-- Question: how much of what a model writes is kept by its stage, and how much is published in the end?
-- Grain:    one row per run, stage, model and prompt
-- Columns:  replies, what the model wrote; kept, what the stage passed; cut_off, replies that hit their length limit; published,
--           samples that reached a dataset; cost in tokens and seconds
-- Example:  SELECT * FROM caco.yield_by_model WHERE stage = 'sample' ORDER BY partition DESC;

CREATE VIEW caco.yield_by_model AS
SELECT
    asked.run_id,
    verdict.partition,
    asked.stage,
    asked.model_id,
    asked.prompt,
    count(*) AS replies,
    count(*) FILTER (WHERE verdict.outcome = 'pass') AS kept,
    count(*) FILTER (WHERE verdict.outcome = 'unknown') AS unknown,
    count(*) FILTER (WHERE asked.finish_reason = 'length') AS cut_off,
    count(*) FILTER (WHERE published.sample_id IS NOT NULL) AS published,
    (count(*) FILTER (WHERE verdict.outcome = 'pass'))::double precision / count(*) AS kept_share,
    (count(*) FILTER (WHERE published.sample_id IS NOT NULL))::double precision / count(*) AS published_share,
    sum(asked.prompt_tokens) AS prompt_tokens,
    sum(asked.completion_tokens) AS completion_tokens,
    sum(asked.seconds) AS seconds
FROM caco.request_usage AS asked
JOIN caco.verdict USING (run_id, stage, subject_id)
LEFT JOIN (SELECT DISTINCT sample_id FROM caco.dataset_row) AS published ON published.sample_id = asked.subject_id
GROUP BY asked.run_id, verdict.partition, asked.stage, asked.model_id, asked.prompt;

COMMENT ON VIEW caco.yield_by_model IS 'How much of what a model writes is kept. Grain: one row per run, stage, model and prompt.';
