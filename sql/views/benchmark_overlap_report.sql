-- Title:    Overlap with benchmarks
-- Question: how much of what was made overlaps which protected benchmark, and by which rule was it seen?
-- Grain:    one row per run, stage, benchmark and rule
-- Columns:  records, distinct records; items, distinct benchmark items; findings, all evidence; share_of_read = records / what the
--           stage read
-- Example:  SELECT * FROM caco.benchmark_overlap_report WHERE run_id = :run ORDER BY records DESC;

CREATE VIEW caco.benchmark_overlap_report AS
SELECT
    found.run_id,
    run.partition,
    found.stage,
    found.benchmark,
    found.rule,
    count(DISTINCT found.subject_id) AS records,
    count(DISTINCT found.item) AS items,
    count(*) AS findings,
    max(found.score) AS highest_score,
    count(DISTINCT found.subject_id)::double precision / max(whole.read)::double precision AS share_of_read
FROM caco.benchmark_overlap AS found
JOIN caco.run USING (run_id)
JOIN (SELECT run_id, stage, sum(read) AS read FROM caco.shard GROUP BY run_id, stage) AS whole USING (run_id, stage)
GROUP BY found.run_id, run.partition, found.stage, found.benchmark, found.rule;

COMMENT ON VIEW caco.benchmark_overlap_report IS 'Overlap with protected benchmarks. Grain: one row per run, stage, benchmark and rule.';
