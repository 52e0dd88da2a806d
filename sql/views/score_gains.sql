-- Title:    Gains of students
-- Question: is a student better than the base it began as, or was it luck?
-- Grain:    one row per run and benchmark
-- Columns:  items, those of which both greedy answers could be decided; gained, only the student was right; lost, only the base was;
--           gain = (gained - lost) / items, with its 95 % paired interval; p of the exact McNemar test: below 0.05 is rarely luck
-- Example:  SELECT benchmark, gain, gain_low, gain_high, p FROM caco.score_gains WHERE run_id = :run ORDER BY benchmark;

CREATE VIEW caco.score_gains AS
SELECT
    run.run_id,
    run.partition,
    run.dataset,
    paired.benchmark,
    paired.items,
    paired.gained,
    paired.lost,
    (paired.gained - paired.lost)::double precision / nullif(paired.items, 0) AS gain,
    caco.paired_low(paired.gained, paired.lost, paired.items) AS gain_low,
    caco.paired_high(paired.gained, paired.lost, paired.items) AS gain_high,
    caco.mcnemar_p(paired.gained, paired.lost) AS p
FROM (
    SELECT
        run_no,
        benchmark,
        count(*) FILTER (WHERE base <> 'unknown' AND student <> 'unknown') AS items,
        count(*) FILTER (WHERE base = 'fail' AND student = 'pass') AS gained,
        count(*) FILTER (WHERE base = 'pass' AND student = 'fail') AS lost
    FROM (
        SELECT
            place.run_no,
            attempt.benchmark,
            attempt.item,
            max(attempt.outcome) FILTER (WHERE attempt.contender = 'base') AS base,
            max(attempt.outcome) FILTER (WHERE attempt.contender = 'student') AS student
        FROM caco.attempt
        JOIN caco.run_output AS place ON place.output_no = attempt.output_no AND place.is_current
        WHERE attempt.number = 0
        GROUP BY place.run_no, attempt.benchmark, attempt.item
    ) AS of_item
    WHERE base IS NOT NULL AND student IS NOT NULL
    GROUP BY run_no, benchmark
) AS paired
JOIN caco.run USING (run_no);

COMMENT ON VIEW caco.score_gains IS 'Whether a student is better than its base. Grain: one row per run and benchmark.';
COMMENT ON COLUMN caco.score_gains.run_id IS 'Which run.';
COMMENT ON COLUMN caco.score_gains.partition IS 'Date that the run is for.';
COMMENT ON COLUMN caco.score_gains.dataset IS 'The dataset, as name/version, that the student was trained on.';
COMMENT ON COLUMN caco.score_gains.benchmark IS 'Name of the benchmark.';
COMMENT ON COLUMN caco.score_gains.items IS 'Items that both answered and nobody left open.';
COMMENT ON COLUMN caco.score_gains.gained IS 'Items that only the student got right.';
COMMENT ON COLUMN caco.score_gains.lost IS 'Items that only the base got right.';
COMMENT ON COLUMN caco.score_gains.gain IS '(gained - lost) / items.';
COMMENT ON COLUMN caco.score_gains.gain_low IS 'Lower end of its 95 % interval.';
COMMENT ON COLUMN caco.score_gains.gain_high IS 'Upper end of its 95 % interval.';
COMMENT ON COLUMN caco.score_gains.p IS 'Exact McNemar test: how likely so large a difference is by luck.';
