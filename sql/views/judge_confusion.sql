-- Title:    Checks against people
-- Question: how often does a check pass what people find wrong, and reject what they find right?
-- Grain:    one row per audited run and check: execute, screen, reverse, solve, agree, judge, and chain for all of them together
-- Columns:  rows_judged, rows on which most people said right or wrong; rows_undecided, those without a majority; the six counts
--           are estimates for the whole run: each stratum of the draw stands for all its rows. false_pass_share: of what is wrong,
--           the share that the check passed; false_fail_share: of what is right, the share that it failed; wrong_of_passed_share: of
--           what it passed, the share that is wrong. Each has a 95 % interval made of Wilson's for the strata, and is NULL where
--           nothing of that kind was found; the first two also while only what passed, or only what failed, has a judged row. covered_share: of the rows that reached the check, those whose stratum has a judged row;
--           the others are left out. A check answers only for the parts that it sees: a wrong problem is no error of execute.
--           docs/audit.md has the method.
-- Example:  SELECT * FROM caco.judge_confusion WHERE check_name = 'chain';

CREATE VIEW caco.judge_confusion AS
WITH seen (check_name, stage, part) AS (
    VALUES
        ('execute', 'execute'::caco.stage, 'program'::caco.part),
        ('screen', 'screen', 'program'),
        ('reverse', 'reverse', 'problem'),
        ('solve', 'solve', 'solution'),
        ('agree', 'agree', 'solution'),
        ('judge', 'judge', 'solution'),
        ('chain', NULL, 'solution')
), draw AS ( -- the largest of each run holds the others
    SELECT DISTINCT ON (run_id) run_id, draw_id FROM caco.audit_draw ORDER BY run_id, max_rows DESC
), reached AS (
    SELECT
        draw.run_id,
        draw.draw_id,
        seen.check_name,
        seen.part,
        stratum.stratum,
        stratum.stage,
        stratum.rows::double precision AS rows,
        CASE WHEN stratum.stage > seen.stage THEN 'pass' ELSE stratum.outcome END AS verdict
    FROM draw
    JOIN caco.audit_stratum AS stratum USING (draw_id)
    JOIN seen ON seen.stage IS NULL OR stratum.stage >= seen.stage
), said AS ( -- of each row and check: 1 most people find it wrong, -1 right, 0 neither
    SELECT
        reached.run_id,
        reached.check_name,
        reached.stratum,
        audit.subject_id,
        sign(
            count(*) FILTER (
                WHERE audit.answer = 'fail' AND coalesce(audit.wrong_part <= reached.part, reached.part = 'solution'))
            - count(*) FILTER (WHERE audit.answer = 'pass' OR audit.wrong_part > reached.part)
        ) AS wrong
    FROM reached
    JOIN caco.audit_row AS drawn USING (draw_id, stratum)
    JOIN caco.audit ON audit.run_id = reached.run_id AND audit.stage = reached.stage AND audit.subject_id = drawn.subject_id
    GROUP BY reached.run_id, reached.check_name, reached.stratum, audit.subject_id
), judged AS (
    SELECT
        run_id,
        check_name,
        stratum,
        count(*) FILTER (WHERE wrong <> 0) AS decided,
        count(*) FILTER (WHERE wrong = 1) AS wrong,
        count(*) FILTER (WHERE wrong = 0) AS undecided
    FROM said
    GROUP BY run_id, check_name, stratum
), estimated AS (
    SELECT
        reached.run_id,
        reached.check_name,
        reached.verdict,
        reached.rows,
        coalesce(judged.decided, 0) AS decided,
        coalesce(judged.undecided, 0) AS undecided,
        reached.rows * judged.wrong / nullif(judged.decided, 0) AS wrong,
        reached.rows * (judged.decided - judged.wrong) / nullif(judged.decided, 0) AS fine,
        reached.rows * (judged.wrong::double precision / nullif(judged.decided, 0) - caco.wilson_low(judged.wrong, judged.decided)) AS down,
        reached.rows * (caco.wilson_high(judged.wrong, judged.decided) - judged.wrong::double precision / nullif(judged.decided, 0)) AS up
    FROM reached
    LEFT JOIN judged USING (run_id, check_name, stratum)
), looked_at AS (
    SELECT *, bool_or(decided > 0) OVER (PARTITION BY run_id, check_name, verdict) AS has_decided FROM estimated
), added AS (
    SELECT
        run_id,
        check_name,
        sum(decided)::bigint AS rows_judged,
        sum(undecided)::bigint AS rows_undecided,
        coalesce(sum(rows) FILTER (WHERE decided > 0), 0) / sum(rows) AS covered_share,
        -- what passed is held against what failed: who has seen rows of one kind alone cannot tell
        bool_and(has_decided) FILTER (WHERE verdict IN ('pass', 'fail')) AS is_comparable,
        coalesce(sum(fine) FILTER (WHERE verdict = 'pass'), 0) AS passed_right,
        coalesce(sum(wrong) FILTER (WHERE verdict = 'pass'), 0) AS passed_wrong,
        coalesce(sum(fine) FILTER (WHERE verdict = 'fail'), 0) AS failed_right,
        coalesce(sum(wrong) FILTER (WHERE verdict = 'fail'), 0) AS failed_wrong,
        coalesce(sum(fine) FILTER (WHERE verdict = 'unknown'), 0) AS unknown_right,
        coalesce(sum(wrong) FILTER (WHERE verdict = 'unknown'), 0) AS unknown_wrong,
        coalesce(sqrt(sum(down * down) FILTER (WHERE verdict = 'pass')), 0) AS passed_down,
        coalesce(sqrt(sum(up * up) FILTER (WHERE verdict = 'pass')), 0) AS passed_up,
        coalesce(sqrt(sum(down * down) FILTER (WHERE verdict = 'fail')), 0) AS failed_down,
        coalesce(sqrt(sum(up * up) FILTER (WHERE verdict = 'fail')), 0) AS failed_up
    FROM looked_at
    GROUP BY run_id, check_name
)
SELECT
    added.run_id,
    run.partition,
    added.check_name,
    (SELECT count(DISTINCT person) FROM caco.audit WHERE audit.run_id = added.run_id) AS people,
    added.rows_judged,
    added.rows_undecided,
    added.covered_share,
    added.passed_right,
    added.passed_wrong,
    added.failed_right,
    added.failed_wrong,
    added.unknown_right,
    added.unknown_wrong,
    CASE WHEN added.is_comparable THEN added.passed_wrong / nullif(added.passed_wrong + added.failed_wrong, 0) END AS false_pass_share,
    CASE WHEN added.is_comparable THEN caco.share_low(added.passed_wrong, added.passed_down, added.failed_wrong, added.failed_up) END AS false_pass_low,
    CASE WHEN added.is_comparable THEN 1 - caco.share_low(added.failed_wrong, added.failed_down, added.passed_wrong, added.passed_up) END AS false_pass_high,
    CASE WHEN added.is_comparable THEN added.failed_right / nullif(added.failed_right + added.passed_right, 0) END AS false_fail_share,
    CASE WHEN added.is_comparable THEN caco.share_low(added.failed_right, added.failed_up, added.passed_right, added.passed_down) END AS false_fail_low,
    CASE WHEN added.is_comparable THEN 1 - caco.share_low(added.passed_right, added.passed_up, added.failed_right, added.failed_down) END AS false_fail_high,
    added.passed_wrong / nullif(added.passed_wrong + added.passed_right, 0) AS wrong_of_passed_share,
    (added.passed_wrong - added.passed_down) / nullif(added.passed_wrong + added.passed_right, 0) AS wrong_of_passed_low,
    (added.passed_wrong + added.passed_up) / nullif(added.passed_wrong + added.passed_right, 0) AS wrong_of_passed_high
FROM added
JOIN caco.run USING (run_id);

COMMENT ON VIEW caco.judge_confusion IS 'Checks against people, estimated from a stratified draw. Grain: one row per audited run and check.';
COMMENT ON COLUMN caco.judge_confusion.run_id IS 'Which run.';
COMMENT ON COLUMN caco.judge_confusion.partition IS 'Date that the run is for.';
COMMENT ON COLUMN caco.judge_confusion.check_name IS 'execute, screen, reverse, solve, agree, judge, or chain for all of them together.';
COMMENT ON COLUMN caco.judge_confusion.people IS 'How many people judged rows of the run.';
COMMENT ON COLUMN caco.judge_confusion.rows_judged IS 'Rows on which most people said right or wrong.';
COMMENT ON COLUMN caco.judge_confusion.rows_undecided IS 'Rows that were judged, without a majority.';
COMMENT ON COLUMN caco.judge_confusion.covered_share IS 'Of the rows that reached the check, those whose stratum has a judged row.';
COMMENT ON COLUMN caco.judge_confusion.passed_right IS 'Estimated rows of the run that passed and are right.';
COMMENT ON COLUMN caco.judge_confusion.passed_wrong IS 'Estimated rows that passed and are wrong.';
COMMENT ON COLUMN caco.judge_confusion.failed_right IS 'Estimated rows that were rejected and are right.';
COMMENT ON COLUMN caco.judge_confusion.failed_wrong IS 'Estimated rows that were rejected and are wrong.';
COMMENT ON COLUMN caco.judge_confusion.unknown_right IS 'Estimated rows that stayed unknown and are right.';
COMMENT ON COLUMN caco.judge_confusion.unknown_wrong IS 'Estimated rows that stayed unknown and are wrong.';
COMMENT ON COLUMN caco.judge_confusion.false_pass_share IS 'Of what is wrong, the share that the check passed. NULL: nothing wrong was found.';
COMMENT ON COLUMN caco.judge_confusion.false_pass_low IS 'Lower end of its 95 % interval.';
COMMENT ON COLUMN caco.judge_confusion.false_pass_high IS 'Upper end of its 95 % interval.';
COMMENT ON COLUMN caco.judge_confusion.false_fail_share IS 'Of what is right, the share that the check rejected. NULL: nothing right was found.';
COMMENT ON COLUMN caco.judge_confusion.false_fail_low IS 'Lower end of its 95 % interval.';
COMMENT ON COLUMN caco.judge_confusion.false_fail_high IS 'Upper end of its 95 % interval.';
COMMENT ON COLUMN caco.judge_confusion.wrong_of_passed_share IS 'Of what the check passed, the share that is wrong. NULL: nothing of it was judged.';
COMMENT ON COLUMN caco.judge_confusion.wrong_of_passed_low IS 'Lower end of its 95 % interval.';
COMMENT ON COLUMN caco.judge_confusion.wrong_of_passed_high IS 'Upper end of its 95 % interval.';
