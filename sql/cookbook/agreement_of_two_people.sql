-- Question: do two people who judged the same rows agree? (Cohen's kappa: 1 always, 0 as often as by chance, below 0 less often.)
-- Answer:   one row per pair of people; kappa is NULL where both gave one and the same answer throughout: chance alone explains that

WITH pairs AS (
    SELECT a.person AS one, b.person AS other, a.answer AS one_says, b.answer AS other_says
    FROM caco.audit AS a
    JOIN caco.audit AS b USING (run_id, stage, subject_id)
    WHERE a.person < b.person
), agreed AS (
    SELECT one, other, count(*) AS answers, count(*) FILTER (WHERE one_says = other_says) AS same
    FROM pairs
    GROUP BY one, other
), by_chance AS ( -- pairs of answers that would be the same if the two did not look at the same rows
    SELECT one, other, sum(one_count * other_count) AS same
    FROM (
        SELECT
            one,
            other,
            answer,
            count(*) FILTER (WHERE one_says = answer) AS one_count,
            count(*) FILTER (WHERE other_says = answer) AS other_count
        FROM pairs
        CROSS JOIN unnest(enum_range(NULL::caco.outcome)) AS answer
        GROUP BY one, other, answer
    ) AS counted
    GROUP BY one, other
)
SELECT
    one,
    other,
    agreed.answers,
    agreed.same::double precision / agreed.answers AS same_share,
    (agreed.answers * agreed.same - by_chance.same)::double precision
        / nullif(agreed.answers * agreed.answers - by_chance.same, 0) AS kappa
FROM agreed
JOIN by_chance USING (one, other)
ORDER BY one, other;
