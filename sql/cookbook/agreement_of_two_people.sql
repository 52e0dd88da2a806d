-- Question: do two people who answered for the same records agree? (Cohen's kappa: 1 always, 0 as often as by chance.)
-- Answer:   one row per audited stage and pair of people; kappa is NULL where chance alone would make them always agree

WITH pairs AS (
    SELECT a.stage, a.person AS one, b.person AS other, a.answer AS one_says, b.answer AS other_says
    FROM caco.audit AS a
    JOIN caco.audit AS b USING (run_id, stage, subject_id)
    WHERE a.person < b.person
), agreed AS (
    SELECT stage, one, other, count(*)::double precision AS answers, avg((one_says = other_says)::integer) AS observed
    FROM pairs
    GROUP BY stage, one, other
), by_chance AS (
    SELECT stage, one, other, sum(one_share * other_share) AS expected
    FROM (
        SELECT
            pairs.stage,
            pairs.one,
            pairs.other,
            answer,
            count(*) FILTER (WHERE one_says = answer) / agreed.answers AS one_share,
            count(*) FILTER (WHERE other_says = answer) / agreed.answers AS other_share
        FROM pairs
        JOIN agreed USING (stage, one, other)
        CROSS JOIN unnest(enum_range(NULL::caco.outcome)) AS answer
        GROUP BY pairs.stage, pairs.one, pairs.other, answer, agreed.answers
    ) AS shares
    GROUP BY stage, one, other
)
SELECT stage, one, other, answers, observed, (observed - expected) / nullif(1 - expected, 0) AS kappa
FROM agreed
JOIN by_chance USING (stage, one, other)
ORDER BY stage, one, other;
