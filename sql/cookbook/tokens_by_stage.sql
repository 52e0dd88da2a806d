-- Question: which stage spends the tokens, and how many of them go into rows that are published?
-- Answer:   one row per run, stage and model

SELECT
    partition,
    run_id,
    stage,
    model_id,
    replies,
    prompt_tokens,
    completion_tokens,
    published,
    (prompt_tokens + completion_tokens) / nullif(published, 0) AS tokens_per_published_row
FROM caco.yield_by_model
ORDER BY partition DESC, run_id, stage, model_id;
