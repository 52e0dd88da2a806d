-- Title:    Selection audit
-- Question: was what the selector of a run skipped rightly skipped?
-- Grain:    one row per run, stage (reverse or solve) and domain; domain NULL: all together
-- Columns:  judged, samples that the selector was asked about; skipped; explored, those below the threshold that went on all the
--           same, and explored_accepted of them; kept, those above it, kept_accepted of them, and expected_kept, the mean of their
--           chances: far from kept_accepted / kept it has drifted; samples on their way or unknown are in neither kept nor
--           explored; false_skips, the share of explored ones that were accepted, with its 95 % Wilson interval; recall, accepted
--           samples that are kept, of all that would be accepted if nothing was skipped
-- Example:  SELECT stage, skipped, explored, false_skips, recall FROM caco.selection_audit WHERE run_id = :run AND domain IS NULL;

CREATE VIEW caco.selection_audit AS
SELECT
    counted.*,
    counted.explored_accepted::double precision / nullif(counted.explored, 0) AS false_skips,
    caco.wilson_low(counted.explored_accepted, counted.explored) AS false_skips_low,
    caco.wilson_high(counted.explored_accepted, counted.explored) AS false_skips_high,
    CASE WHEN counted.explored > 0 THEN counted.kept_accepted / nullif(
        counted.kept_accepted
        + counted.below * counted.explored_accepted::double precision / counted.explored, 0) END AS recall
FROM (
    SELECT
        asked.run_id,
        asked.partition,
        asked.selector_id,
        asked.stage,
        asked.domain,
        count(*) AS judged,
        count(*) FILTER (WHERE asked.is_below) AS below,
        count(*) FILTER (WHERE asked.is_below AND NOT asked.is_explored) AS skipped,
        count(*) FILTER (WHERE asked.is_below AND asked.is_explored AND asked.outcome <> 'unknown') AS explored,
        count(*) FILTER (WHERE asked.is_below AND asked.is_explored AND asked.outcome = 'pass') AS explored_accepted,
        count(*) FILTER (WHERE NOT asked.is_below AND asked.outcome <> 'unknown') AS kept,
        count(*) FILTER (WHERE NOT asked.is_below AND asked.outcome = 'pass') AS kept_accepted,
        avg(asked.probability) FILTER (WHERE NOT asked.is_below AND asked.outcome <> 'unknown') AS expected_kept
    FROM (
        SELECT
            run.run_id,
            run.partition,
            output.recipe ->> 'selector' AS selector_id,
            output.stage,
            selection.domain,
            selection.probability,
            selection.is_explored,
            selection.probability < selection.threshold AS is_below,
            ended.outcome
        FROM caco.run
        JOIN caco.run_output AS place ON place.run_no = run.run_no AND place.is_current
        JOIN caco.output USING (output_no)
        JOIN caco.selection USING (output_no)
        LEFT JOIN LATERAL (
            SELECT fate.outcome FROM caco.fate
            JOIN caco.run_output AS last
                ON last.output_no = fate.output_no AND last.run_no = run.run_no AND last.is_current
            WHERE fate.subject = selection.sample_id AND fate.partition = output.partition
            LIMIT 1
        ) AS ended ON true
    ) AS asked
    GROUP BY GROUPING SETS (
        (asked.run_id, asked.partition, asked.selector_id, asked.stage),
        (asked.run_id, asked.partition, asked.selector_id, asked.stage, asked.domain))
    HAVING grouping(asked.domain) = 1 OR asked.domain IS NOT NULL
) AS counted;

COMMENT ON VIEW caco.selection_audit IS 'What the selector of a run said of samples, and what became of them. Grain: one row per run, stage and domain, with one for all domains.';
COMMENT ON COLUMN caco.selection_audit.run_id IS 'Which run.';
COMMENT ON COLUMN caco.selection_audit.partition IS 'Date that the run is for.';
COMMENT ON COLUMN caco.selection_audit.selector_id IS 'Which selector.';
COMMENT ON COLUMN caco.selection_audit.stage IS 'Before which stage: reverse or solve.';
COMMENT ON COLUMN caco.selection_audit.domain IS 'The domain that the programs name. NULL: all samples, those that name none too.';
COMMENT ON COLUMN caco.selection_audit.judged IS 'Samples that it was asked about.';
COMMENT ON COLUMN caco.selection_audit.below IS 'Of these, the ones whose chance is below the threshold.';
COMMENT ON COLUMN caco.selection_audit.skipped IS 'Of these, the ones that were skipped; the rest is explored.';
COMMENT ON COLUMN caco.selection_audit.explored IS 'Samples below the threshold that went on, and whose end is known.';
COMMENT ON COLUMN caco.selection_audit.explored_accepted IS 'Of these, the ones that were accepted.';
COMMENT ON COLUMN caco.selection_audit.kept IS 'Samples above the threshold whose end is known.';
COMMENT ON COLUMN caco.selection_audit.kept_accepted IS 'Of these, the ones that were accepted.';
COMMENT ON COLUMN caco.selection_audit.expected_kept IS 'Mean chance of the samples above the threshold. NULL: there are none.';
COMMENT ON COLUMN caco.selection_audit.false_skips IS 'Share of the explored ones that were accepted: so many of the skipped ones would have been. NULL: none was explored.';
COMMENT ON COLUMN caco.selection_audit.false_skips_low IS 'Lower end of its 95 % Wilson interval. NULL: as false_skips.';
COMMENT ON COLUMN caco.selection_audit.false_skips_high IS 'Upper end of the same. NULL: as false_skips.';
COMMENT ON COLUMN caco.selection_audit.recall IS 'Accepted samples above the threshold, of all that would be accepted if nothing was skipped, estimated by the explored ones. NULL: as false_skips.';
