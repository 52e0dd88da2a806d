-- Question: which shards took the longest, and how much longer than the others of their stage?
-- Set:      stage =
-- Answer:   the thirty slowest outputs of all runs, or of one stage: seconds, records a second, and times the median of its run and
--           stage

WITH made AS (
    SELECT
        run.partition,
        run.run_id,
        output.stage,
        output.shard,
        output.attempt,
        output.read,
        output.requests,
        output.seconds,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY beside.seconds) AS median_seconds
    FROM caco.output
    JOIN caco.run USING (run_no)
    JOIN caco.output AS beside ON beside.run_no = output.run_no AND beside.stage = output.stage
    WHERE :stage IN ('', output.stage::text)
    GROUP BY run.run_id, output.output_no
)
SELECT
    partition,
    run_id,
    stage,
    shard,
    attempt,
    read,
    requests,
    seconds,
    read / nullif(seconds, 0) AS records_per_second,
    seconds / nullif(median_seconds, 0) AS times_median
FROM made
ORDER BY seconds DESC, run_id, stage, shard
LIMIT 30;
