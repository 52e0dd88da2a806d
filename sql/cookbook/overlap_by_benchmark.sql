-- Question: with which protected benchmarks do samples overlap, and by which rule was it seen?
-- Answer:   one row per run, stage, benchmark and rule, the newest run first: records, items of the benchmark, and the share of what
--           the stage read; empty where nothing overlapped

SELECT partition, run_id, stage, benchmark, rule, records, items, highest_score, share_of_read
FROM caco.benchmark_overlap_report
ORDER BY partition DESC, run_id, stage, records DESC, benchmark, rule;
