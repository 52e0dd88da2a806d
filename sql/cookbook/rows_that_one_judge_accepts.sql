-- Question: which rows does one judge accept and another not, where two runs judged the same samples?
-- Answer:   a hundred of them at most, with what the other judge said; none where no two runs share samples before the judge

WITH pair AS MATERIALIZED ( -- of runs with samples in common: all others need no look at their rows
    SELECT DISTINCT mine.run_no AS accepted_no, other.run_no AS refused_no
    FROM caco.run_output AS mine
    JOIN caco.run_output AS other USING (output_no)
    WHERE mine.stage = 'sample' AND other.run_no <> mine.run_no
)
SELECT
    refused.subject AS sample_id,
    refused.partition,
    accepted_run.models ->> 'judge' AS accepted_by,
    refused_run.models ->> 'judge' AS refused_by,
    refused.outcome,
    refused.reason,
    refused.detail,
    accepted_run.run_id AS accepted_in,
    refused_run.run_id AS refused_in
FROM pair
JOIN caco.run AS accepted_run ON accepted_run.run_no = pair.accepted_no
JOIN caco.run AS refused_run ON refused_run.run_no = pair.refused_no
CROSS JOIN LATERAL (
    SELECT fate.subject, fate.partition, fate.outcome, fate.reason, fate.detail
    FROM caco.run_output AS place
    JOIN caco.output ON output.output_no = place.output_no
    JOIN caco.fate ON fate.output_no = output.output_no AND fate.partition = output.partition
    WHERE place.run_no = pair.refused_no AND place.stage = 'judge' AND place.is_current AND fate.outcome <> 'pass'
    OFFSET 0 -- so that no plan reads fates before there is a pair
) AS refused
WHERE EXISTS ( -- whoever ended after the judge was accepted by it
    SELECT
    FROM caco.fate AS later
    JOIN caco.run_output AS place ON place.output_no = later.output_no
    WHERE later.subject = refused.subject AND later.partition = refused.partition
        AND place.run_no = pair.accepted_no AND place.stage > 'judge' AND place.is_current
)
ORDER BY refused.partition DESC, refused.subject, refused_run.run_id
LIMIT 100;
