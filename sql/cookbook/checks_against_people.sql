-- Question: how often does each check pass what people find wrong, and reject what they find right?
-- Answer:   one row per audited run and check, with 95 % intervals; NULL where nobody judged a row of that kind. docs/audit.md has the
--           method

SELECT
    partition,
    run_id,
    check_name,
    people,
    rows_judged,
    covered_share,
    false_pass_share,
    false_pass_low,
    false_pass_high,
    false_fail_share,
    false_fail_low,
    false_fail_high,
    wrong_of_passed_share,
    wrong_of_passed_low,
    wrong_of_passed_high
FROM caco.judge_confusion
ORDER BY partition DESC, run_id, check_name;
