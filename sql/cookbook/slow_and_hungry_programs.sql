-- Question: which programs took the most time or memory, and what became of them?
-- Answer:   the twenty slowest executions

SELECT
    execution.subject_id,
    execution.stage,
    execution.wall_seconds,
    execution.cpu_seconds,
    execution.peak_memory_mb,
    execution.output_type,
    verdict.outcome,
    verdict.reason
FROM caco.execution
JOIN caco.verdict USING (run_id, stage, subject_id)
ORDER BY execution.wall_seconds DESC, execution.peak_memory_mb DESC, execution.subject_id
LIMIT 20;
