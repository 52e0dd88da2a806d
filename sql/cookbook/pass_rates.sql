-- Question: how many of the solver's solutions agree with the program, and of how many problems do most say something else?
-- Engine:   duckdb
-- Answer:   one row per run, number of solutions and share that agrees (NULL: one was asked for), the hardest problems first

SELECT
    run_id,
    greatest(len(solution.candidates), 1) AS solutions,
    round(solution.pass_rate, 2) AS pass_rate,
    count(*) AS samples,
    count(*) FILTER (WHERE outcome = 'pass') AS passed,
    count(*) FILTER (
        WHERE EXISTS (SELECT 1 FROM unnest(findings) AS one (finding) WHERE finding.reason = 'majority_differs')
    ) AS majority_differs
FROM outputs.agree
GROUP BY ALL
ORDER BY run_id, solutions, pass_rate;
