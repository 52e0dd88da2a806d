-- Question: what did a change of the config move, stage by stage and reason by reason?
-- Set:      a =
-- Set:      b =
-- Answer:   one row per stage and reason that either run has (reason NULL: passed), with both shares of what the stage read; is_clear:
--           their 95 % intervals do not touch. Runs by the beginning of their ids; not set: the two newest nightly runs

WITH newest AS (
    SELECT run_id, row_number() OVER (ORDER BY partition DESC, created_at DESC, run_id) AS place
    FROM caco.run
    WHERE pipeline = 'nightly'
), chosen AS (
    SELECT
        coalesce(
            (SELECT run_id FROM caco.run WHERE :a <> '' AND caco.hex(run_id) LIKE replace(:a, '-', '') || '%' LIMIT 1),
            (SELECT run_id FROM newest WHERE place = 2)
        ) AS a,
        coalesce(
            (SELECT run_id FROM caco.run WHERE :b <> '' AND caco.hex(run_id) LIKE replace(:b, '-', '') || '%' LIMIT 1),
            (SELECT run_id FROM newest WHERE place = 1)
        ) AS b
), counted AS (
    SELECT run_id, stage, NULL::caco.reason AS reason, passed AS records FROM caco.funnel
    UNION ALL
    SELECT run_id, stage, reason, sum(records)::bigint FROM caco.reject_reasons GROUP BY run_id, stage, reason
), named AS (
    SELECT DISTINCT counted.stage, counted.reason FROM counted JOIN chosen ON counted.run_id IN (chosen.a, chosen.b)
)
SELECT
    named.stage,
    named.reason,
    a.records AS a_records,
    b.records AS b_records,
    coalesce(a.records, 0)::double precision / nullif(a_seen.read, 0) AS a_share,
    coalesce(b.records, 0)::double precision / nullif(b_seen.read, 0) AS b_share,
    coalesce(b.records, 0)::double precision / nullif(b_seen.read, 0)
        - coalesce(a.records, 0)::double precision / nullif(a_seen.read, 0) AS moved,
    caco.wilson_low(coalesce(b.records, 0), b_seen.read) > caco.wilson_high(coalesce(a.records, 0), a_seen.read)
        OR caco.wilson_low(coalesce(a.records, 0), a_seen.read) > caco.wilson_high(coalesce(b.records, 0), b_seen.read) AS is_clear
FROM named
CROSS JOIN chosen
LEFT JOIN counted AS a ON a.run_id = chosen.a AND a.stage = named.stage AND a.reason IS NOT DISTINCT FROM named.reason
LEFT JOIN counted AS b ON b.run_id = chosen.b AND b.stage = named.stage AND b.reason IS NOT DISTINCT FROM named.reason
LEFT JOIN caco.funnel AS a_seen ON a_seen.run_id = chosen.a AND a_seen.stage = named.stage
LEFT JOIN caco.funnel AS b_seen ON b_seen.run_id = chosen.b AND b_seen.stage = named.stage
ORDER BY named.stage, abs(
    coalesce(b.records, 0)::double precision / nullif(b_seen.read, 0)
    - coalesce(a.records, 0)::double precision / nullif(a_seen.read, 0)
) DESC NULLS LAST, named.reason;
