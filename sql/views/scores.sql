-- Title:    Scores
-- Question: how many items of each benchmark does a student get right, and how many does its base?
-- Grain:    one row per run, benchmark and contender
-- Columns:  dataset, what the student was trained on; is_protected, whether the run that made it kept this benchmark out, NULL where
--           that run is not in the ledger; right_answers, wrong and unknown, of the greedy answers; pass_at_1 = right_answers / (right_answers + wrong): what no checker
--           could decide is in neither; pass_at_1_low and _high, 95 % Wilson interval; pass_at_1_worst counts unknown as wrong; pass_at_k,
--           mean over the items of which k answers could be decided, NULL where none was sampled, in the Wilson interval of a
--           share of as many items, which is never too narrow
-- Example:  SELECT benchmark, contender, pass_at_1, pass_at_1_low, pass_at_1_high FROM caco.scores WHERE run_id = :run ORDER BY 1, 2;

CREATE VIEW caco.scores AS
SELECT
    scored.run_id,
    run.partition,
    run.dataset,
    scored.benchmark,
    scored.contender,
    maker.is_protected,
    scored.items,
    scored.right_answers,
    scored.wrong,
    scored.unknown,
    scored.right_answers::double precision / nullif(scored.right_answers + scored.wrong, 0) AS pass_at_1,
    caco.wilson_low(scored.right_answers, scored.right_answers + scored.wrong) AS pass_at_1_low,
    caco.wilson_high(scored.right_answers, scored.right_answers + scored.wrong) AS pass_at_1_high,
    scored.right_answers::double precision / nullif(scored.items, 0) AS pass_at_1_worst,
    CASE WHEN scored.items_of_k > 0 THEN scored.k END AS k,
    scored.pass_at_k,
    CASE WHEN scored.items_of_k > 0 THEN greatest(0, (scored.pass_at_k * scored.items_of_k + 1.920729 - scored.spread) / (scored.items_of_k + 3.841459)) END AS pass_at_k_low,
    CASE WHEN scored.items_of_k > 0 THEN least(1, (scored.pass_at_k * scored.items_of_k + 1.920729 + scored.spread) / (scored.items_of_k + 3.841459)) END AS pass_at_k_high
FROM (
    SELECT
        run_id,
        benchmark,
        contender,
        max(k) AS k,
        count(greedy) AS items,
        count(*) FILTER (WHERE greedy = 'pass') AS right_answers,
        count(*) FILTER (WHERE greedy = 'fail') AS wrong,
        count(*) FILTER (WHERE greedy = 'unknown') AS unknown,
        count(pass_at_k) AS items_of_k,
        avg(pass_at_k) AS pass_at_k,
        1.959964 * sqrt(avg(pass_at_k) * (1 - avg(pass_at_k)) * count(pass_at_k) + 0.960365) AS spread
    FROM (
        SELECT
            run.run_id,
            attempt.benchmark,
            attempt.contender,
            attempt.item,
            max(asked.k) AS k,
            max(attempt.outcome) FILTER (WHERE attempt.number = 0) AS greedy,
            caco.pass_at_k(
                count(*) FILTER (WHERE attempt.number > 0 AND attempt.outcome = 'pass'),
                count(*) FILTER (WHERE attempt.number > 0 AND attempt.outcome <> 'unknown'),
                max(asked.k)) AS pass_at_k
        FROM caco.attempt
        JOIN caco.run_output AS place ON place.output_no = attempt.output_no AND place.is_current
        JOIN caco.run USING (run_no)
        CROSS JOIN LATERAL (SELECT (run.config -> 'evaluate' ->> 'k')::bigint AS k) AS asked
        GROUP BY run.run_id, attempt.benchmark, attempt.contender, attempt.item
    ) AS of_item
    GROUP BY run_id, benchmark, contender
) AS scored
JOIN caco.run USING (run_id)
LEFT JOIN LATERAL (
    SELECT EXISTS (
        SELECT FROM jsonb_array_elements(made.config -> 'decontamination' -> 'benchmarks') AS kept_out
        WHERE kept_out ->> 'name' = scored.benchmark
    ) AS is_protected
    FROM caco.dataset JOIN caco.run AS made USING (run_id)
    WHERE dataset.dataset || '/' || dataset.version = run.dataset
) AS maker ON true;

COMMENT ON VIEW caco.scores IS 'What a base and its student score. Grain: one row per run, benchmark and contender.';
COMMENT ON COLUMN caco.scores.run_id IS 'Which run.';
COMMENT ON COLUMN caco.scores.partition IS 'Date that the run is for.';
COMMENT ON COLUMN caco.scores.dataset IS 'The dataset, as name/version, that the student was trained on.';
COMMENT ON COLUMN caco.scores.benchmark IS 'Name of the benchmark.';
COMMENT ON COLUMN caco.scores.contender IS 'base or student.';
COMMENT ON COLUMN caco.scores.is_protected IS 'Whether the dataset was kept free of this benchmark.';
COMMENT ON COLUMN caco.scores.items IS 'Items asked.';
COMMENT ON COLUMN caco.scores.right_answers IS 'Greedy answers that are right.';
COMMENT ON COLUMN caco.scores.wrong IS 'Greedy answers that are wrong.';
COMMENT ON COLUMN caco.scores.unknown IS 'Greedy answers of which nobody could tell.';
COMMENT ON COLUMN caco.scores.pass_at_1 IS 'Share of right greedy answers, without the unknown ones.';
COMMENT ON COLUMN caco.scores.pass_at_1_low IS 'Lower end of its 95 % interval.';
COMMENT ON COLUMN caco.scores.pass_at_1_high IS 'Upper end of its 95 % interval.';
COMMENT ON COLUMN caco.scores.pass_at_1_worst IS 'The share if every unknown answer were wrong.';
COMMENT ON COLUMN caco.scores.k IS 'Answers drawn for each item. NULL: greedy ones alone.';
COMMENT ON COLUMN caco.scores.pass_at_k IS 'Share of items of which one of k drawn answers is right. NULL where k is.';
COMMENT ON COLUMN caco.scores.pass_at_k_low IS 'Lower end of its 95 % interval. NULL where k is.';
COMMENT ON COLUMN caco.scores.pass_at_k_high IS 'Upper end of its 95 % interval. NULL where k is.';
