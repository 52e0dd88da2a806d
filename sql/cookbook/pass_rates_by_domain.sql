-- Question: in which domains are problems neither solved always nor never, and how long are their programs?
-- Answer:   one row per run and domain (NULL: programs that name none); pass_rate is NULL where one solution was asked for

SELECT
    partition,
    run_id,
    domain,
    sum(judged) AS judged,
    sum(solved_never) AS solved_never,
    sum(in_between) AS in_between,
    sum(solved_always) AS solved_always,
    sum(accepted) AS accepted,
    round((sum(pass_rate * judged) / nullif(sum(judged), 0))::numeric, 2) AS pass_rate,
    round((sum(steps * problems) / sum(problems))::numeric, 1) AS steps,
    round((sum(depth * problems) / sum(problems))::numeric, 1) AS depth
FROM caco.pass_rates_by_shape
GROUP BY partition, run_id, domain
ORDER BY partition DESC, run_id, domain;
