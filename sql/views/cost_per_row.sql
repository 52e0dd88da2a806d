-- Title:    Cost per row
-- Question: what does one published row cost, in tokens, seconds and dollars?
-- Grain:    one row per nightly run
-- Columns:  published, rows of its newest dataset; the *_per_row columns are NULL where nothing was published; stage_seconds is wall
--           time of all shards together, model_seconds and sandbox_cpu_seconds are parts of it; replayed counts replies
--           that cost nothing, for another run had paid for them; their tokens and seconds are in the other columns
-- Example:  SELECT * FROM caco.cost_per_row ORDER BY partition DESC;

CREATE VIEW caco.cost_per_row AS
SELECT
    run.run_id,
    run.partition,
    run.config_hash,
    coalesce(published.rows, 0) AS published,
    spent.prompt_tokens,
    spent.completion_tokens,
    spent.stage_seconds,
    coalesce(models.seconds, 0) AS model_seconds,
    coalesce(sandbox.seconds, 0) AS sandbox_cpu_seconds,
    spent.prompt_tokens::double precision / nullif(published.rows, 0) AS prompt_tokens_per_row,
    spent.completion_tokens::double precision / nullif(published.rows, 0) AS completion_tokens_per_row,
    spent.stage_seconds / nullif(published.rows, 0) AS seconds_per_row,
    spent.cost_usd,
    spent.replayed,
    spent.cost_usd / nullif(published.rows, 0) AS cost_usd_per_row
FROM caco.run
JOIN (
    SELECT
        run_id,
        sum(prompt_tokens)::bigint AS prompt_tokens,
        sum(completion_tokens)::bigint AS completion_tokens,
        sum(seconds) AS stage_seconds,
        sum(cost_usd) AS cost_usd,
        sum(replayed)::bigint AS replayed
    FROM caco.shard
    GROUP BY run_id
) AS spent USING (run_id)
LEFT JOIN (SELECT run_id, sum(seconds) AS seconds FROM caco.request_usage GROUP BY run_id) AS models USING (run_id)
LEFT JOIN (SELECT run_id, sum(cpu_seconds) AS seconds FROM caco.execution GROUP BY run_id) AS sandbox USING (run_id)
LEFT JOIN (
    SELECT DISTINCT ON (run_id) run_id, rows FROM caco.dataset ORDER BY run_id, version DESC, dataset
) AS published USING (run_id)
WHERE run.pipeline = 'nightly';

COMMENT ON VIEW caco.cost_per_row IS 'What a published row costs. Grain: one row per nightly run.';
