-- Question: how does the yield of each source's seeds, and of each model that learnt from them, go from date to date?
-- Answer:   one row per nightly run and source behind its CodeGen: seeds verified of it, and the share of samples that the run published

SELECT
    run.partition,
    run.run_id,
    run.model_id,
    behind.source,
    behind.licence,
    behind.verified AS seeds_verified,
    behind.verified_share,
    drawn.read AS samples,
    published.rows AS published,
    published.rows::double precision / nullif(drawn.read, 0) AS published_share,
    caco.wilson_low(published.rows, drawn.read) AS published_low,
    caco.wilson_high(published.rows, drawn.read) AS published_high
FROM caco.run
JOIN caco.funnel AS drawn ON drawn.run_id = run.run_id AND drawn.stage = 'sample'
JOIN LATERAL (
    SELECT rows FROM caco.datasets WHERE datasets.run_id = run.run_id AND state = 'published' ORDER BY version DESC LIMIT 1
) AS published ON true
LEFT JOIN caco.yield_by_seed_source AS behind ON behind.run_id = run.seed_run_id
ORDER BY run.partition, run.run_id, behind.source;
