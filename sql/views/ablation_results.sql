-- Title:    Results of ablations
-- Question: is a student better with a check than without it, or is that within the noise?
-- Grain:    one row per ablation, arm, size and benchmark
-- Columns:  students, how many of the arm and size were trained; score, the mean share of greedy answers that are right, with the
--           Wilson interval of such a share of as many items; difference, to the reference over the items that both decided, each
--           item's answers averaged over the students; its interval holds the chance of the items (Bonett and Price) and of the
--           training (noise, the deviation of one student's score, pooled over the table, NULL where all have one student); p of the
--           exact McNemar test on the items of which the one or the other has more right; p_holm, by Holm over all rows of
--           the ablation; verdict: better or worse where p_holm < 0.05 and the interval leaves out zero, within noise where not,
--           NULL for the reference, and where one student each cannot tell the noise of training
-- Example:  SELECT arm, size, score, difference, p_holm, verdict FROM caco.ablation_results ORDER BY ablation_id, benchmark, arm, size;

CREATE VIEW caco.ablation_results AS
WITH answers AS (
    SELECT
        cell.ablation_id, cell.arm, cell.size, cell.repeat, cell.rows, cell.run_id, attempt.benchmark, attempt.item,
        CASE attempt.outcome WHEN 'pass' THEN 1.0::double precision WHEN 'fail' THEN 0.0 END AS is_right
    FROM caco.ablation_cell AS cell
    JOIN caco.run USING (run_id)
    JOIN caco.run_output AS place ON place.run_no = run.run_no AND place.is_current AND place.stage = 'evaluate'
    JOIN caco.attempt ON attempt.output_no = place.output_no
    WHERE attempt.contender = 'student' AND attempt.number = 0
), students AS (
    SELECT ablation_id, arm, size, benchmark, repeat, avg(is_right) AS score
    FROM answers GROUP BY ablation_id, arm, size, benchmark, repeat
), noise AS (
    -- two arms that share their students are one draw of the training, and counted once
    SELECT ablation_id, benchmark, sum(students - 1)::double precision AS freedom,
        sum(variance * (students - 1)) / nullif(sum(students - 1), 0) AS variance
    FROM (
        SELECT ablation_id, benchmark, runs, min(students) AS students, min(variance) AS variance
        FROM (
            SELECT of_cell.ablation_id, of_cell.benchmark, count(*) AS students, coalesce(var_samp(of_cell.score), 0) AS variance,
                (SELECT array_agg(cell.run_id ORDER BY cell.run_id) FROM caco.ablation_cell AS cell
                    WHERE cell.ablation_id = of_cell.ablation_id AND cell.arm = of_cell.arm
                        AND cell.size IS NOT DISTINCT FROM of_cell.size) AS runs
            FROM students AS of_cell GROUP BY of_cell.ablation_id, of_cell.benchmark, of_cell.arm, of_cell.size
        ) AS each_cell
        GROUP BY ablation_id, benchmark, runs
    ) AS each_training
    GROUP BY ablation_id, benchmark
), items AS (
    SELECT ablation_id, arm, size, benchmark, item, avg(is_right) AS share
    FROM answers GROUP BY ablation_id, arm, size, benchmark, item HAVING count(is_right) > 0
), cells AS (
    SELECT ablation_id, arm, size, benchmark, max(rows) AS rows, count(DISTINCT repeat) AS students,
        count(*) FILTER (WHERE is_right IS NULL) AS unknown
    FROM answers GROUP BY ablation_id, arm, size, benchmark
), scored AS (
    SELECT ablation_id, arm, size, benchmark, count(*) AS items, avg(share) AS score FROM items
    GROUP BY ablation_id, arm, size, benchmark
), paired AS (
    SELECT one.ablation_id, one.arm, one.size, one.benchmark, count(*) AS shared,
        count(*) FILTER (WHERE one.share > other.share) AS gained,
        count(*) FILTER (WHERE one.share < other.share) AS lost,
        sum(one.share - other.share) AS total, sum((one.share - other.share) ^ 2) AS squares
    FROM items AS one
    JOIN caco.ablation USING (ablation_id)
    JOIN items AS other ON other.ablation_id = one.ablation_id AND other.benchmark = one.benchmark AND other.item = one.item
        AND other.arm = ablation.reference_arm
        AND other.size IS NOT DISTINCT FROM CASE WHEN ablation.reference_size IS NULL THEN one.size ELSE ablation.reference_size END
    WHERE one.arm <> ablation.reference_arm OR one.size IS DISTINCT FROM other.size
    GROUP BY one.ablation_id, one.arm, one.size, one.benchmark
), compared AS (
    SELECT
        paired.*,
        paired.total / paired.shared AS difference,
        paired.total / (paired.shared + 2) AS middle,
        noise.freedom,
        sqrt(
            1.959964 ^ 2 * ((paired.squares + 2) / (paired.shared + 2) - (paired.total / (paired.shared + 2)) ^ 2) / (paired.shared + 2)
            + CASE WHEN noise.freedom > 0 THEN caco.t_975(noise.freedom) ^ 2 * noise.variance ELSE 0 END
                * (1.0 / cells.students + 1.0 / against.students)
        ) AS half,
        caco.mcnemar_p(paired.gained, paired.lost) AS p
    FROM paired
    JOIN caco.ablation USING (ablation_id)
    JOIN cells USING (ablation_id, arm, benchmark)
    JOIN noise USING (ablation_id, benchmark)
    JOIN cells AS against ON against.ablation_id = paired.ablation_id AND against.benchmark = paired.benchmark
        AND against.arm = ablation.reference_arm
        AND against.size IS NOT DISTINCT FROM CASE WHEN ablation.reference_size IS NULL THEN paired.size ELSE ablation.reference_size END
    WHERE cells.size IS NOT DISTINCT FROM paired.size
), corrected AS (
    SELECT ranked.*, max(least(1, p * (tests - rank + 1))) OVER (PARTITION BY ablation_id ORDER BY rank) AS p_holm
    FROM (
        SELECT compared.*, count(*) OVER (PARTITION BY ablation_id) AS tests,
            row_number() OVER (PARTITION BY ablation_id ORDER BY p, arm, size, benchmark) AS rank
        FROM compared
    ) AS ranked
)
SELECT
    cells.ablation_id,
    cells.arm,
    cells.size,
    cells.benchmark,
    cells.rows,
    cells.students,
    scored.items,
    cells.unknown,
    scored.score,
    greatest(0, (scored.score * scored.items + 1.920729 - 1.959964 * sqrt(scored.score * (1 - scored.score) * scored.items + 0.960365))
        / (scored.items + 3.841459)) AS score_low,
    least(1, (scored.score * scored.items + 1.920729 + 1.959964 * sqrt(scored.score * (1 - scored.score) * scored.items + 0.960365))
        / (scored.items + 3.841459)) AS score_high,
    CASE WHEN noise.freedom > 0 THEN sqrt(noise.variance) END AS noise,
    corrected.gained,
    corrected.lost,
    corrected.difference,
    greatest(-1, corrected.middle - corrected.half) AS difference_low,
    least(1, corrected.middle + corrected.half) AS difference_high,
    corrected.p,
    corrected.p_holm,
    CASE
        WHEN corrected.p IS NULL OR corrected.freedom = 0 THEN NULL
        WHEN corrected.p_holm < 0.05 AND corrected.middle - corrected.half > 0 THEN 'better'
        WHEN corrected.p_holm < 0.05 AND corrected.middle + corrected.half < 0 THEN 'worse'
        ELSE 'within noise'
    END AS verdict
FROM cells
JOIN scored ON scored.ablation_id = cells.ablation_id AND scored.arm = cells.arm AND scored.benchmark = cells.benchmark
    AND scored.size IS NOT DISTINCT FROM cells.size
JOIN noise ON noise.ablation_id = cells.ablation_id AND noise.benchmark = cells.benchmark
LEFT JOIN corrected ON corrected.ablation_id = cells.ablation_id AND corrected.arm = cells.arm
    AND corrected.benchmark = cells.benchmark AND corrected.size IS NOT DISTINCT FROM cells.size;

COMMENT ON VIEW caco.ablation_results IS 'What checks are worth, by the students of their rows. Grain: one row per ablation, arm, size and benchmark.';
COMMENT ON COLUMN caco.ablation_results.ablation_id IS 'Which ablation.';
COMMENT ON COLUMN caco.ablation_results.arm IS 'Which arm.';
COMMENT ON COLUMN caco.ablation_results.size IS 'How many rows were to be learnt from. NULL: all of the dataset.';
COMMENT ON COLUMN caco.ablation_results.benchmark IS 'Name of the benchmark.';
COMMENT ON COLUMN caco.ablation_results.rows IS 'How many rows the students learnt from.';
COMMENT ON COLUMN caco.ablation_results.students IS 'Students of this arm and size that were scored.';
COMMENT ON COLUMN caco.ablation_results.items IS 'Items that at least one of them decided.';
COMMENT ON COLUMN caco.ablation_results.unknown IS 'Greedy answers of all of them of which nobody could tell.';
COMMENT ON COLUMN caco.ablation_results.score IS 'Mean over the items of the share of right answers of all students, without the unknown ones.';
COMMENT ON COLUMN caco.ablation_results.score_low IS 'Lower end of the 95 % Wilson interval of such a share of as many items.';
COMMENT ON COLUMN caco.ablation_results.score_high IS 'Upper end of that interval.';
COMMENT ON COLUMN caco.ablation_results.noise IS 'Standard deviation of a student''s score between trainings on the same rows, pooled over the ablation. NULL: all cells have one student.';
COMMENT ON COLUMN caco.ablation_results.gained IS 'Items of which this arm has more right than the reference. NULL for the reference.';
COMMENT ON COLUMN caco.ablation_results.lost IS 'Items of which the reference has more right. NULL for the reference.';
COMMENT ON COLUMN caco.ablation_results.difference IS 'Score minus that of the reference over the items that both decided. NULL for the reference.';
COMMENT ON COLUMN caco.ablation_results.difference_low IS 'Lower end of its 95 % interval, with the chance of items and of training in it. NULL for the reference.';
COMMENT ON COLUMN caco.ablation_results.difference_high IS 'Upper end of that interval. NULL for the reference.';
COMMENT ON COLUMN caco.ablation_results.p IS 'Exact McNemar test on gained and lost. NULL for the reference.';
COMMENT ON COLUMN caco.ablation_results.p_holm IS 'The same, corrected by Holm over all comparisons of the ablation. NULL for the reference.';
COMMENT ON COLUMN caco.ablation_results.verdict IS 'better, worse or within noise. NULL for the reference, and where one student each does not tell the noise of training.';
