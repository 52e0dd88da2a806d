-- Title:    Verdicts
-- Question: what did each stage say of each sample that it saw?
-- Grain:    one row per run, stage and subject (seed_id, sample_id or attempt_id)
-- Columns:  made from where each sample ended (table fate): the stages before that one passed it. Only current outputs count; a
--           sample still on its way has no row yet, nor have the stages that gather (train, publish, student), which pass
--           everything. uri and row, the same for all stages, say where the sample lies as it ended, with all its texts. What is
--           measured per sample (tokens, seconds, memory, votes) lies there too: caco sql --engine duckdb, outputs.STAGE
-- Example:  SELECT stage, outcome, reason, detail FROM caco.verdict WHERE subject_id = :sample ORDER BY stage;

CREATE VIEW caco.verdict AS
SELECT
    run.run_id,
    run.partition,
    reached.stage,
    reached.shard,
    fate.subject AS subject_id,
    CASE WHEN reached.stage = ended.stage THEN fate.outcome ELSE 'pass' END AS outcome,
    CASE WHEN reached.stage = ended.stage THEN fate.reason END AS reason,
    CASE WHEN reached.stage = ended.stage THEN fate.detail END AS detail,
    output.uri,
    fate.row
FROM caco.run
JOIN caco.run_output AS ended ON ended.run_no = run.run_no AND ended.is_current
JOIN caco.output ON output.output_no = ended.output_no
JOIN caco.fate ON fate.output_no = output.output_no AND fate.partition = output.partition
JOIN caco.run_output AS reached ON reached.run_no = run.run_no AND reached.shard = ended.shard AND reached.is_current
    AND reached.stage <= ended.stage AND reached.stage NOT IN ('train', 'publish', 'student');

COMMENT ON VIEW caco.verdict IS 'What each stage said of each sample that it saw. Grain: one row per run, stage and subject.';
COMMENT ON COLUMN caco.verdict.run_id IS 'Which run.';
COMMENT ON COLUMN caco.verdict.partition IS 'Date that the run is for.';
COMMENT ON COLUMN caco.verdict.stage IS 'Which stage, in the order of the funnel.';
COMMENT ON COLUMN caco.verdict.shard IS 'Shard of the run, from 0.';
COMMENT ON COLUMN caco.verdict.subject_id IS 'seed_id in the pipeline seeds, sample_id in nightly, attempt_id in evaluate.';
COMMENT ON COLUMN caco.verdict.outcome IS 'What the stage said: pass, fail or unknown.';
COMMENT ON COLUMN caco.verdict.reason IS 'Why it did not pass. NULL: it passed.';
COMMENT ON COLUMN caco.verdict.detail IS 'One line for a reader. NULL: it passed, or there is nothing to add.';
COMMENT ON COLUMN caco.verdict.uri IS 'Object in the store that holds the record with all its texts.';
COMMENT ON COLUMN caco.verdict.row IS 'Row of that object, from 0.';
