-- Question: which rows does one judge accept and another not, where two runs judged the same samples?
-- Answer:   a hundred of them at most, with what the other judge said; none where no two runs share samples before the judge

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
FROM caco.verdict AS accepted
JOIN caco.verdict AS refused
    ON refused.subject_id = accepted.subject_id AND refused.stage = 'judge' AND refused.run_id <> accepted.run_id
JOIN caco.run AS accepted_run ON accepted_run.run_id = accepted.run_id
JOIN caco.run AS refused_run ON refused_run.run_id = refused.run_id
WHERE accepted.stage = 'judge' AND accepted.outcome = 'pass' AND refused.outcome <> 'pass'
ORDER BY accepted.partition DESC, accepted.subject_id, refused.run_id
LIMIT 100;
