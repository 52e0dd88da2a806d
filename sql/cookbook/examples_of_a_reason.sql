-- Question: what do records look like that were rejected for a reason?
-- Set:      reason = answers_differ
-- Answer:   twenty of them, with what the check said and where their texts are

SELECT
    subject_id,
    stage,
    detail,
    uri,
    row
FROM caco.verdict
WHERE reason = CAST(:reason AS caco.reason)
ORDER BY partition DESC, subject_id
LIMIT 20;
