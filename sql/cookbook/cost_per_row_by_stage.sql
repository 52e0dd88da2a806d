-- Question: what does each stage add to the cost of a published row?
-- Answer:   one row per nightly run that published, and stage: what the run itself paid, in all and for each published row

SELECT
    funnel.partition,
    funnel.run_id,
    funnel.stage,
    published.rows AS published,
    funnel.reused,
    funnel.seconds,
    funnel.seconds / published.rows AS seconds_per_row,
    funnel.prompt_tokens + funnel.completion_tokens AS tokens,
    (funnel.prompt_tokens + funnel.completion_tokens)::double precision / published.rows AS tokens_per_row,
    funnel.cost_usd,
    funnel.cost_usd / published.rows AS cost_usd_per_row
FROM caco.funnel
JOIN LATERAL (
    SELECT rows FROM caco.datasets
    WHERE datasets.run_id = funnel.run_id AND state = 'published' AND rows > 0
    ORDER BY version DESC LIMIT 1
) AS published ON true
WHERE funnel.pipeline = 'nightly'
ORDER BY funnel.partition DESC, funnel.run_id, funnel.stage;
