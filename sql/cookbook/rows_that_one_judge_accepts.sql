-- Question: which rows does one judge accept and another not, where two runs judged the same samples?
-- Answer:   a hundred of them at most, with what the other judge said; none where no two runs share samples before the judge

WITH pair AS MATERIALIZED ( -- of runs with samples in common: all others need no look at their rows
    SELECT DISTINCT mine.run_no AS accepted_no, other.run_no AS refused_no
    FROM caco.run_output AS mine
    JOIN caco.run_output AS other USING (output_no)
    WHERE mine.stage = 'sample' AND other.run_no <> mine.run_no
)
SELECT
    accepted.subject_id AS sample_id,
    accepted.partition,
    accepted_run.models ->> 'judge' AS accepted_by,
    refused_run.models ->> 'judge' AS refused_by,
    refused.outcome,
    refused.reason,
    refused.detail,
    accepted.run_id AS accepted_in,
    refused.run_id AS refused_in
FROM pair
JOIN caco.run AS accepted_run ON accepted_run.run_no = pair.accepted_no
JOIN caco.run AS refused_run ON refused_run.run_no = pair.refused_no
JOIN caco.verdict AS accepted ON accepted.run_id = accepted_run.run_id
JOIN caco.verdict AS refused ON refused.run_id = refused_run.run_id AND refused.subject_id = accepted.subject_id
WHERE accepted.stage = 'judge' AND accepted.outcome = 'pass' AND refused.stage = 'judge' AND refused.outcome <> 'pass'
ORDER BY accepted.partition DESC, accepted.subject_id, refused.run_id
LIMIT 100;
