-- Question: what do records look like that were rejected because the answers differ? (Put another reason in.)
-- Answer:   twenty of them, with what the check said and where their texts are

SELECT
    verdict.subject_id,
    verdict.stage,
    verdict.detail,
    shard.uri,
    verdict.row
FROM caco.verdict
JOIN caco.shard USING (run_id, stage, shard)
WHERE verdict.reason = 'answers_differ'
ORDER BY verdict.partition DESC, verdict.subject_id
LIMIT 20;
