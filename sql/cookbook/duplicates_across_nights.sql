-- Question: how often does CodeGen write what it wrote for an earlier date?
-- Engine:   duckdb
-- Answer:   one row per run: programs sampled, how many distinct ones, how many of these an earlier partition had already

WITH written AS (
    SELECT run_id, partition, program.program_id AS program_id
    FROM outputs.sample
    WHERE outcome = 'pass'
), earliest AS (
    SELECT program_id, min(partition) AS partition FROM written GROUP BY program_id
)
SELECT
    written.partition,
    written.run_id,
    count(*) AS sampled,
    count(DISTINCT written.program_id) AS distinct_programs,
    count(DISTINCT written.program_id) FILTER (WHERE earliest.partition < written.partition) AS seen_on_an_earlier_date
FROM written
JOIN earliest USING (program_id)
GROUP BY written.partition, written.run_id
ORDER BY written.partition, written.run_id;
