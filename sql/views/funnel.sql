-- Title:    Funnel
-- Question: how many records come into each stage, and how many go on?
-- Grain:    one row per run and stage
-- Columns:  kept_share = passed / read, NULL where nothing was read; seconds add up over shards that ran side by side
-- Example:  SELECT * FROM caco.funnel WHERE run_id = :run ORDER BY stage;

CREATE VIEW caco.funnel AS
SELECT
    run.run_id,
    run.pipeline,
    run.partition,
    shard.stage,
    count(*)::integer AS shards,
    sum(shard.read)::bigint AS read,
    sum(shard.passed)::bigint AS passed,
    sum(shard.failed)::bigint AS failed,
    sum(shard.unknown)::bigint AS unknown,
    sum(shard.passed)::double precision / nullif(sum(shard.read), 0)::double precision AS kept_share,
    sum(shard.prompt_tokens)::bigint AS prompt_tokens,
    sum(shard.completion_tokens)::bigint AS completion_tokens,
    sum(shard.seconds) AS seconds
FROM caco.run
JOIN caco.shard USING (run_id)
GROUP BY run.run_id, shard.stage;

COMMENT ON VIEW caco.funnel IS 'How many records come into each stage, and how many go on. Grain: one row per run and stage.';
