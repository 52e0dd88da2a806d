-- Title:    Yield by seed source
-- Question: how many problems of each source became verified seed programs, and of which grade?
-- Grain:    one row per run of the pipeline seeds, source, revision and licence
-- Columns:  problems, records read; readable, those that the stage seeds passed; converted, those with a program; verified,
--           those that unify passed; verified_s to verified_r, of these by grade (written by a model: verified_by_model)
-- Example:  SELECT * FROM caco.yield_by_seed_source WHERE run_id = :run ORDER BY source;

CREATE VIEW caco.yield_by_seed_source AS
SELECT
    seed.run_id,
    run.partition,
    seed.source,
    seed.revision,
    seed.licence,
    count(*) AS problems,
    count(*) FILTER (WHERE read.outcome = 'pass') AS readable,
    count(seed.program_id) AS converted,
    count(*) FILTER (WHERE unified.outcome = 'pass') AS verified,
    (count(*) FILTER (WHERE unified.outcome = 'pass'))::double precision / count(*) AS verified_share,
    count(*) FILTER (WHERE unified.outcome = 'pass' AND seed.grade = 'S') AS verified_s,
    count(*) FILTER (WHERE unified.outcome = 'pass' AND seed.grade = 'A+') AS verified_a_plus,
    count(*) FILTER (WHERE unified.outcome = 'pass' AND seed.grade = 'A') AS verified_a,
    count(*) FILTER (WHERE unified.outcome = 'pass' AND seed.grade = 'B') AS verified_b,
    count(*) FILTER (WHERE unified.outcome = 'pass' AND seed.grade = 'C') AS verified_c,
    count(*) FILTER (WHERE unified.outcome = 'pass' AND seed.grade = 'R') AS verified_r,
    count(*) FILTER (WHERE unified.outcome = 'pass' AND seed.grade = 'D') AS verified_d,
    count(*) FILTER (WHERE unified.outcome = 'pass' AND seed.grade IS NULL) AS verified_by_model
FROM caco.seed
JOIN caco.run USING (run_id)
LEFT JOIN caco.verdict AS read ON read.run_id = seed.run_id AND read.subject_id = seed.seed_id AND read.stage = 'seeds'
LEFT JOIN caco.verdict AS unified ON unified.run_id = seed.run_id AND unified.subject_id = seed.seed_id AND unified.stage = 'unify'
GROUP BY seed.run_id, run.partition, seed.source, seed.revision, seed.licence;

COMMENT ON VIEW caco.yield_by_seed_source IS 'How many problems of each source became verified seed programs. Grain: one row per run, source, revision and licence.';
