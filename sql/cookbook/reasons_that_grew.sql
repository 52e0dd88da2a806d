-- Question: which reasons reject a larger share than before?
-- Set:      days = 7
-- Answer:   one row per stage and reason of the nightly runs of the newest days beside those of as many days before, the largest
--           growth first; is_clear: the 95 % intervals of the two shares do not touch. Nothing before: before_share is NULL

WITH newest AS (
    SELECT max(partition) AS day FROM caco.run WHERE pipeline = 'nightly'
), counted AS (
    SELECT
        why.stage,
        why.outcome,
        why.reason,
        why.partition > newest.day - CAST(:days AS integer) AS is_new,
        sum(why.records)::bigint AS records
    FROM caco.reject_reasons AS why
    JOIN caco.run ON run.run_id = why.run_id AND run.pipeline = 'nightly'
    CROSS JOIN newest
    WHERE why.partition > newest.day - 2 * CAST(:days AS integer)
    GROUP BY why.stage, why.outcome, why.reason, is_new
), seen AS (
    SELECT funnel.stage, funnel.partition > newest.day - CAST(:days AS integer) AS is_new, sum(funnel.read)::bigint AS read
    FROM caco.funnel
    CROSS JOIN newest
    WHERE funnel.pipeline = 'nightly' AND funnel.partition > newest.day - 2 * CAST(:days AS integer)
    GROUP BY funnel.stage, is_new
), beside AS (
    SELECT
        after.stage,
        after.outcome,
        after.reason,
        after.records,
        after_seen.read,
        coalesce(before.records, 0) AS records_before,
        before_seen.read AS read_before
    FROM counted AS after
    JOIN seen AS after_seen ON after_seen.stage = after.stage AND after_seen.is_new
    LEFT JOIN counted AS before
        ON before.stage = after.stage AND before.outcome = after.outcome AND before.reason = after.reason AND NOT before.is_new
    LEFT JOIN seen AS before_seen ON before_seen.stage = after.stage AND NOT before_seen.is_new
    WHERE after.is_new
)
SELECT
    stage,
    outcome,
    reason,
    records,
    records::double precision / read AS share,
    records_before,
    records_before::double precision / read_before AS before_share,
    records::double precision / read - records_before::double precision / read_before AS growth,
    caco.wilson_low(records, read) > caco.wilson_high(records_before, read_before) AS is_clear
FROM beside
ORDER BY growth DESC NULLS LAST, records DESC, stage, reason;
