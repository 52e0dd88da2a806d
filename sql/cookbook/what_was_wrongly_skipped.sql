-- Question: were the samples that [select] skipped rightly skipped?
-- Answer:   one row per run, stage and domain, the newest runs first; domain NULL is all of them. wrongly is the share of explored samples
--           below the threshold that were accepted, with its 95 % Wilson interval; above the threshold, skipping cost more than it saved

SELECT partition, left(run_id::text, 12) AS run, stage, domain, judged, skipped, explored,
    round(false_skips::numeric, 3) AS wrongly, round(false_skips_low::numeric, 3) AS low, round(false_skips_high::numeric, 3) AS high,
    round(recall::numeric, 3) AS recall
FROM caco.selection_audit
ORDER BY partition DESC, run_id, stage, domain NULLS FIRST
LIMIT 200;
