-- Title:    Addresses of texts
-- Question: where in the store is the text of a seed, a program, a problem, a solution, a judgement or an answer?
-- Grain:    one row per run, subject and kind of text
-- Columns:  uri is relative to the store's root; row counts from 0. A record grows from stage to stage, so all texts of a sample lie at
--           one place: where it ended. A rejected record's text may be empty there
-- Example:  SELECT * FROM caco.text_address WHERE subject_id = :sample;

CREATE VIEW caco.text_address AS
SELECT
    verdict.run_id,
    verdict.partition,
    verdict.subject_id,
    kind.text,
    verdict.uri,
    verdict.row
FROM (VALUES -- the column `text` of caco_tasks.pipeline
    ('seeds'::caco.stage, 'seed problem'),
    ('unify', 'seed program'),
    ('sample', 'program'),
    ('reverse', 'problem'),
    ('solve', 'solution'),
    ('judge', 'judgement'),
    ('evaluate', 'answer')
) AS kind (stage, text)
JOIN caco.verdict USING (stage);

COMMENT ON VIEW caco.text_address IS 'Where in the store each text is. Grain: one row per run, subject and kind of text.';
COMMENT ON COLUMN caco.text_address.run_id IS 'Which run.';
COMMENT ON COLUMN caco.text_address.partition IS 'Date that the run is for.';
COMMENT ON COLUMN caco.text_address.subject_id IS 'seed_id in the pipeline seeds, sample_id in nightly, attempt_id in evaluate.';
COMMENT ON COLUMN caco.text_address.text IS 'Kind of text: seed problem, seed program, program, problem, solution, judgement or answer.';
COMMENT ON COLUMN caco.text_address.uri IS 'Object in the store that holds the record with all its texts.';
COMMENT ON COLUMN caco.text_address.row IS 'Row of that object, from 0.';
