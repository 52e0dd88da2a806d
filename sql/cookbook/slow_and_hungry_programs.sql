-- Question: which programs took the most time or memory, and what became of them?
-- Engine:   duckdb
-- Answer:   the twenty slowest executions, with the reason for which each sample ended, wherever it did

SELECT
    executed.sample_id,
    executed.execution.wall_seconds,
    executed.execution.cpu_seconds,
    executed.execution.peak_memory_mb,
    executed.execution.output_type,
    verdict.stage AS ended_in,
    verdict.outcome,
    verdict.reason
FROM outputs.execute AS executed
JOIN caco.verdict AS verdict ON verdict.run_id = executed.run_id AND verdict.subject_id = executed.sample_id
WHERE executed.execution IS NOT NULL AND (verdict.outcome <> 'pass' OR verdict.stage = 'decontaminate')
ORDER BY executed.execution.wall_seconds DESC, executed.execution.peak_memory_mb DESC, executed.sample_id
LIMIT 20;
