-- Question: does the yield get better from night to night?
-- Answer:   one row per nightly run: samples, published rows, share, and the change since the night before with the same config

WITH nights AS (
    SELECT
        run.partition,
        run.config_hash,
        run.run_id,
        run.model_id,
        max(funnel.read) FILTER (WHERE funnel.stage = 'sample') AS samples,
        coalesce(max(dataset.rows), 0) AS published
    FROM caco.run
    JOIN caco.funnel ON funnel.run_id = run.run_id
    LEFT JOIN caco.dataset ON dataset.run_id = run.run_id
    WHERE run.pipeline = 'nightly'
    GROUP BY run.run_id
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
FROM nights
ORDER BY partition, run_id;
