-- Question: what could the platform not tell, and which command asks again?
-- Answer:   one row per run, stage and reason with unknown verdicts, the newest run first; empty where everything was told

SELECT
    partition,
    run_id,
    stage,
    reason,
    records,
    share_of_read,
    'caco rerun ' || left(caco.hex(run_id), 12) || ' --stage ' || stage || ' --unknown' AS command
FROM caco.reject_reasons
WHERE outcome = 'unknown'
ORDER BY partition DESC, run_id, stage, records DESC;
