-- Title:    Judge against human
-- Question: how often does a check pass what a person finds wrong, and reject what a person finds right?
-- Grain:    one row per run and audited stage
-- Columns:  answers are counted, one per person; those of people who could not tell are in undecided only. false_pass_share: of
--           what people found wrong, the share that the check passed; false_fail_share: of what people found right, the share that
--           it failed; both NULL where there are no such answers, with 95 % Wilson intervals. For several runs add up the
--           counts and use caco.wilson_low and caco.wilson_high again.
-- Example:  SELECT * FROM caco.judge_confusion WHERE stage = 'judge';

CREATE VIEW caco.judge_confusion AS
SELECT
    counted.*,
    counted.passed_wrong::double precision / nullif(counted.passed_wrong + counted.failed_wrong, 0) AS false_pass_share,
    caco.wilson_low(counted.passed_wrong, counted.passed_wrong + counted.failed_wrong) AS false_pass_low,
    caco.wilson_high(counted.passed_wrong, counted.passed_wrong + counted.failed_wrong) AS false_pass_high,
    counted.failed_right::double precision / nullif(counted.failed_right + counted.passed_right, 0) AS false_fail_share,
    caco.wilson_low(counted.failed_right, counted.failed_right + counted.passed_right) AS false_fail_low,
    caco.wilson_high(counted.failed_right, counted.failed_right + counted.passed_right) AS false_fail_high
FROM (
    SELECT
        audit.run_id,
        verdict.partition,
        audit.stage,
        count(*) AS answers,
        count(DISTINCT audit.person) AS people,
        count(*) FILTER (WHERE verdict.outcome = 'pass' AND audit.answer = 'pass') AS passed_right,
        count(*) FILTER (WHERE verdict.outcome = 'pass' AND audit.answer = 'fail') AS passed_wrong,
        count(*) FILTER (WHERE verdict.outcome = 'fail' AND audit.answer = 'pass') AS failed_right,
        count(*) FILTER (WHERE verdict.outcome = 'fail' AND audit.answer = 'fail') AS failed_wrong,
        count(*) FILTER (WHERE verdict.outcome = 'unknown' AND audit.answer = 'pass') AS unknown_right,
        count(*) FILTER (WHERE verdict.outcome = 'unknown' AND audit.answer = 'fail') AS unknown_wrong,
        count(*) FILTER (WHERE audit.answer = 'unknown') AS undecided
    FROM caco.audit
    JOIN caco.verdict USING (run_id, stage, subject_id)
    GROUP BY audit.run_id, verdict.partition, audit.stage
) AS counted;

COMMENT ON VIEW caco.judge_confusion IS 'Checks against people. Grain: one row per run and audited stage.';
