-- Question: what do the texts look like that a reason rejected?
-- Engine:   duckdb
-- Set:      reason = answers_differ
-- Answer:   ten samples: problem, solution, program and what it gave, beside what the check said

SELECT
    sample_id,
    detail,
    problem.text AS problem,
    solution.text AS solution,
    solution.answer AS answer,
    execution.output_text AS output,
    program.code AS program
FROM outputs.agree
WHERE reason = :reason
ORDER BY partition DESC, sample_id
LIMIT 10;
