-- Question: what do records look like that were rejected because the answers differ? (Put another reason in.)
-- Answer:   twenty of them, with what the check said and where their texts are

SELECT
    subject_id,
    stage,
    detail,
    uri,
    row
FROM caco.verdict
WHERE reason = 'answers_differ'
ORDER BY partition DESC, subject_id
LIMIT 20;
