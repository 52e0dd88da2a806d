-- What students score: the dataset that a run trained on, every attempt at a benchmark item, and the statistics of comparing.

ALTER TYPE caco.stage ADD VALUE 'student' BEFORE 'evaluate';

ALTER TABLE caco.run
    ADD COLUMN dataset        text,
    ADD COLUMN dataset_sha256 text CONSTRAINT dataset_sha256_is_hex CHECK (dataset_sha256 ~ '^[0-9a-f]{64}$'),
    ADD CONSTRAINT a_pinned_dataset_has_its_hash CHECK ((dataset IS NULL) = (dataset_sha256 IS NULL));
COMMENT ON COLUMN caco.run.dataset IS 'The dataset, as name/version, that a run of the pipeline evaluate trains on. NULL: a run of another pipeline.';
COMMENT ON COLUMN caco.run.dataset_sha256 IS 'SHA-256 of that dataset''s manifest when the run was planned. NULL where dataset is.';
COMMENT ON COLUMN caco.run.pipeline IS 'seeds, codegen, dry_run, nightly or evaluate.';
COMMENT ON TABLE  caco.model IS 'Models trained by runs of the pipelines codegen and evaluate. Grain: one row per run and model; runs that train the same on the same make the same model. A model that only came from outside has no row.';
COMMENT ON COLUMN caco.model.role IS 'What it is for: codegen, unifier, reverser, solver, judge, or student.';
COMMENT ON COLUMN caco.verdict.subject_id IS 'seed_id in the pipelines seeds and codegen, sample_id in dry_run, nightly and the stage student, attempt_id in the stage evaluate.';
COMMENT ON COLUMN caco.shard.record IS 'Class of its rows: Seed, SeedProgram, Sample, Lesson or Attempt.';

CREATE TABLE caco.attempt (
    run_id     text NOT NULL,
    attempt_id text NOT NULL,
    stage      caco.stage NOT NULL DEFAULT 'evaluate' CONSTRAINT an_attempt_is_made_by_evaluate CHECK (stage = 'evaluate'),
    shard      integer NOT NULL,
    row        integer NOT NULL CONSTRAINT row_is_not_negative CHECK (row >= 0),
    contender  text NOT NULL CONSTRAINT contender_is_base_or_student CHECK (contender IN ('base', 'student')),
    benchmark  text NOT NULL,
    item       text NOT NULL,
    number     integer NOT NULL CONSTRAINT number_is_not_negative CHECK (number >= 0),
    CONSTRAINT one_attempt_of_a_kind PRIMARY KEY (run_id, attempt_id),
    CONSTRAINT attempt_is_of_a_shard FOREIGN KEY (run_id, stage, shard) REFERENCES caco.shard ON DELETE CASCADE
);
CREATE INDEX attempt_by_benchmark ON caco.attempt (run_id, benchmark, contender, item, number);
COMMENT ON TABLE  caco.attempt IS 'Answers of a base and of its student to benchmark items. Grain: one row per run and attempt. Whether it was right: table verdict; its text: uri of the shard, row.';
COMMENT ON COLUMN caco.attempt.run_id IS 'The run, of the pipeline evaluate.';
COMMENT ON COLUMN caco.attempt.attempt_id IS 'Hash of run, contender, benchmark, item and number.';
COMMENT ON COLUMN caco.attempt.stage IS 'The stage that made it: evaluate.';
COMMENT ON COLUMN caco.attempt.shard IS 'The shard of that stage; caco.shard has its uri.';
COMMENT ON COLUMN caco.attempt.row IS 'The row of that shard, from 0.';
COMMENT ON COLUMN caco.attempt.contender IS 'base, or student: the base after training on the dataset.';
COMMENT ON COLUMN caco.attempt.benchmark IS 'Name of the benchmark; bank is the bundled bank with numbers that nothing was trained on.';
COMMENT ON COLUMN caco.attempt.item IS 'The item''s id in the benchmark, or its position.';
COMMENT ON COLUMN caco.attempt.number IS '0: the greedy answer. From 1 up: the sampled answers of pass@k.';

CREATE FUNCTION caco.pass_at_k(hits bigint, drawn bigint, k bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE WHEN drawn < k THEN NULL WHEN drawn - hits < k THEN 1 ELSE 1 - coalesce(
        (SELECT exp(sum(ln(1 - k::double precision / i))) FROM generate_series(drawn - hits + 1, drawn) AS i), 1)
    END;
COMMENT ON FUNCTION caco.pass_at_k(bigint, bigint, bigint) IS 'Chance that one of k answers is right, without bias, where hits of drawn were (arXiv 2107.03374). NULL: fewer than k were drawn.';

CREATE FUNCTION caco.mcnemar_p(gained bigint, lost bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE WHEN gained + lost = 0 THEN 1 ELSE (
        SELECT least(1, 2 * sum(exp(greatest(ways - (gained + lost) * ln(2::double precision), -700))))
        FROM (
            SELECT 0::double precision AS ways
            UNION ALL
            SELECT sum(ln((gained + lost - i + 1)::double precision / i)) OVER (ORDER BY i)
            FROM generate_series(1, least(gained, lost)) AS i
        ) AS of_binomial
    ) END;
COMMENT ON FUNCTION caco.mcnemar_p(bigint, bigint) IS 'Two-sided p of the exact McNemar test: how often chance alone splits the items on which two contenders differ at least so unevenly.';

CREATE FUNCTION caco.paired_low(gained bigint, lost bigint, total bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE WHEN total > 0 THEN greatest(-1, (gained - lost)::double precision / (total + 2) - 1.959964 * sqrt(
        ((gained + lost + 2)::double precision / (total + 2) - ((gained - lost)::double precision / (total + 2)) ^ 2) / (total + 2)))
    END;
COMMENT ON FUNCTION caco.paired_low(bigint, bigint, bigint) IS 'Lower end of the 95 % interval of a difference of paired shares, after Bonett and Price (doi 10.3102/1076998611411915). NULL where total is 0.';

CREATE FUNCTION caco.paired_high(gained bigint, lost bigint, total bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    -caco.paired_low(lost, gained, total);
COMMENT ON FUNCTION caco.paired_high(bigint, bigint, bigint) IS 'Upper end of the 95 % interval of a difference of paired shares, after Bonett and Price. NULL where total is 0.';
