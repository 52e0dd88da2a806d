-- Question: does the yield get better from one nightly run to the next?
-- Answer:   one row per finished nightly run (one under way has no yield yet): samples, published rows, share, and the change since the run before with the same config

WITH nightly AS (
    SELECT
        run.partition,
        run.config_hash,
        run.run_id,
        run.model_id,
        max(funnel.read) FILTER (WHERE funnel.stage = 'sample') AS samples,
        coalesce(max(datasets.rows) FILTER (WHERE datasets.state = 'published'), 0) AS published
    FROM caco.run
    JOIN caco.funnel ON funnel.run_id = run.run_id
    LEFT JOIN caco.datasets ON datasets.run_id = run.run_id
    WHERE run.pipeline = 'nightly'
    GROUP BY run.run_id
    -- all samples were drawn, and every shard of them has come to the end
    HAVING max(funnel.read) FILTER (WHERE funnel.stage = 'sample') >= CAST(run.config ->> 'samples' AS bigint)
        AND max(funnel.shards) FILTER (WHERE funnel.stage = 'sample')
            = max(funnel.shards) FILTER (WHERE funnel.stage = 'decontaminate')
)
SELECT
    partition,
    run_id,
    model_id,
    samples,
    published,
    published::double precision / nullif(samples, 0) AS published_share,
    published::double precision / nullif(samples, 0)
        - lag(published::double precision / nullif(samples, 0)) OVER (PARTITION BY config_hash ORDER BY partition) AS change
FROM nightly
ORDER BY partition, run_id;
