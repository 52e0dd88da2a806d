-- Title:    Overlap with benchmarks
-- Question: how much of what was rejected overlaps which protected benchmark, and by which rule was it seen?
-- Grain:    one row per run, stage, benchmark and rule
-- Columns:  records, distinct records; items, distinct benchmark items; findings, all evidence; share_of_read = records / what the
--           stage read. Evidence of records that went on (rules set to record): caco sql --engine duckdb, outputs.STAGE, overlaps
-- Example:  SELECT * FROM caco.benchmark_overlap_report WHERE run_id = :run ORDER BY records DESC;

CREATE VIEW caco.benchmark_overlap_report AS
SELECT
    run.run_id,
    run.partition,
    place.stage,
    found.benchmark,
    found.rule,
    count(DISTINCT found.subject) AS records,
    count(DISTINCT found.item) AS items,
    count(*) AS findings,
    max(found.score) AS highest_score,
    count(DISTINCT found.subject)::double precision / max(whole.read)::double precision AS share_of_read
FROM caco.run
JOIN caco.run_output AS place ON place.run_no = run.run_no AND place.is_current
JOIN caco.benchmark_overlap AS found ON found.output_no = place.output_no
CROSS JOIN LATERAL (
    SELECT sum(output.read) AS read
    FROM caco.run_output AS beside
    JOIN caco.output USING (output_no)
    WHERE beside.run_no = place.run_no AND beside.stage = place.stage AND beside.is_current
) AS whole
GROUP BY run.run_id, place.stage, found.benchmark, found.rule;

COMMENT ON VIEW caco.benchmark_overlap_report IS 'Overlap of rejected records with protected benchmarks. Grain: one row per run, stage, benchmark and rule.';
COMMENT ON COLUMN caco.benchmark_overlap_report.run_id IS 'Which run.';
COMMENT ON COLUMN caco.benchmark_overlap_report.partition IS 'Date that the run is for.';
COMMENT ON COLUMN caco.benchmark_overlap_report.stage IS 'Which stage, in the order of the funnel.';
COMMENT ON COLUMN caco.benchmark_overlap_report.benchmark IS 'Name of the benchmark.';
COMMENT ON COLUMN caco.benchmark_overlap_report.rule IS 'How the overlap was seen: exact, ngram, masked, numbers or review, or neighbour by a model.';
COMMENT ON COLUMN caco.benchmark_overlap_report.records IS 'Rejected records that overlap.';
COMMENT ON COLUMN caco.benchmark_overlap_report.items IS 'Items of the benchmark that they overlap with.';
COMMENT ON COLUMN caco.benchmark_overlap_report.findings IS 'Pairs of record and item.';
COMMENT ON COLUMN caco.benchmark_overlap_report.highest_score IS 'The largest overlap, 0 to 1.';
COMMENT ON COLUMN caco.benchmark_overlap_report.share_of_read IS 'records / what the stage read.';
