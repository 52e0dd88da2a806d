-- Question: what do records look like that were rejected for a reason?
-- Set:      reason = answers_differ
-- Answer:   twenty of them, of the newest dates, with what the check said and where their texts are

WITH place AS MATERIALIZED ( -- the first outputs that have twenty together, found by their counts: fates are many
    SELECT *
    FROM (
        SELECT
            output.output_no,
            output.partition,
            output.stage,
            output.shard,
            output.uri,
            sum(output_reason.records) OVER (
                ORDER BY output.partition DESC, output.stage, output.shard, output.output_no
            ) - output_reason.records AS before
        FROM caco.output_reason
        JOIN caco.output USING (output_no)
        WHERE output_reason.reason = CAST(:reason AS caco.reason)
            AND EXISTS (SELECT FROM caco.run_output WHERE run_output.output_no = output.output_no AND run_output.is_current)
    ) AS counted
    WHERE before < 20
)
SELECT
    example.subject AS subject_id,
    place.stage,
    example.detail,
    place.uri,
    example.row
FROM place
CROSS JOIN LATERAL (
    SELECT fate.subject, fate.detail, fate.row
    FROM caco.fate
    WHERE fate.partition = place.partition AND fate.output_no = place.output_no AND fate.reason = CAST(:reason AS caco.reason)
    ORDER BY fate.row
    LIMIT 20
) AS example
ORDER BY place.partition DESC, place.stage, place.shard, place.output_no, example.row
LIMIT 20;
