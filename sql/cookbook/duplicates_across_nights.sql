-- Question: how often does CodeGen write what it wrote on an earlier night?
-- Answer:   one row per run: programs sampled, how many distinct ones, how many of these an earlier partition had already

SELECT
    run.partition,
    run.run_id,
    count(*) AS sampled,
    count(DISTINCT sample.program_id) AS distinct_programs,
    count(DISTINCT sample.program_id) FILTER (WHERE program.partition < run.partition) AS seen_on_an_earlier_night
FROM caco.run
JOIN caco.sample USING (run_id)
JOIN caco.program ON program.program_id = sample.program_id
GROUP BY run.run_id
ORDER BY run.partition, run.run_id;
