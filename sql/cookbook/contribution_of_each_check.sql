-- Question: what does each rule contribute: how many samples does it end, alone of all rules, and how many does it only record?
-- Answer:   one row per nightly run, stage and reason: samples that ended by it, their share of all that were drawn and of all that
--           were rejected, and findings that were recorded only

WITH said AS (
    SELECT
        place.run_no,
        place.stage,
        why.reason,
        coalesce(sum(why.records) FILTER (WHERE why.outcome = 'fail'), 0)::bigint AS rejected,
        coalesce(sum(why.records) FILTER (WHERE why.outcome = 'unknown'), 0)::bigint AS unknown,
        coalesce(sum(why.records) FILTER (WHERE why.outcome IS NULL), 0)::bigint AS only_recorded
    FROM caco.run_output AS place
    JOIN caco.output_reason AS why USING (output_no)
    WHERE place.is_current
    GROUP BY place.run_no, place.stage, why.reason
)
SELECT
    run.partition,
    run.run_id,
    said.stage,
    said.reason,
    said.rejected,
    said.rejected::double precision / nullif(drawn.read, 0) AS share_of_samples,
    said.rejected::double precision / nullif(sum(said.rejected) OVER (PARTITION BY said.run_no), 0) AS share_of_rejects,
    said.unknown,
    said.only_recorded
FROM said
JOIN caco.run USING (run_no)
JOIN caco.funnel AS drawn ON drawn.run_id = run.run_id AND drawn.stage = 'sample'
ORDER BY run.partition DESC, run.run_id, said.stage, said.rejected DESC, said.reason;
