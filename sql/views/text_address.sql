-- Title:    Addresses of texts
-- Question: where in the store is the text of a seed, a program, a problem, a solution or a judgement?
-- Grain:    one row per run, subject and kind of text
-- Columns:  uri is relative to the store's root; row counts from 0; a rejected record's text may be empty there
-- Example:  SELECT * FROM caco.text_address WHERE subject_id = :sample;

CREATE VIEW caco.text_address AS
SELECT
    verdict.run_id,
    verdict.partition,
    verdict.subject_id,
    kind.text,
    shard.uri,
    verdict.row
FROM (VALUES
    ('seeds'::caco.stage, 'seed problem'),
    ('unify', 'seed program'),
    ('sample', 'program'),
    ('reverse', 'problem'),
    ('solve', 'solution'),
    ('judge', 'judgement')
) AS kind (stage, text)
JOIN caco.verdict USING (stage)
JOIN caco.shard USING (run_id, stage, shard);

COMMENT ON VIEW caco.text_address IS 'Where in the store each text is. Grain: one row per run, subject and kind of text.';
