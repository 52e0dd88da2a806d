-- Title:    Yield by seed source
-- Question: how many problems of each source became verified seed programs, and of which grade?
-- Grain:    one row per run of the pipeline seeds, source, revision and licence
-- Columns:  problems, records read; readable, those that the stage seeds passed; converted, those with a program; verified,
--           those that unify passed; verified_s to verified_r, of these by grade (written by a model: verified_by_model)
-- Example:  SELECT * FROM caco.yield_by_seed_source WHERE run_id = :run ORDER BY source;

CREATE VIEW caco.yield_by_seed_source AS
SELECT
    run.run_id,
    run.partition,
    source.source,
    source.revision,
    source.licence,
    count(*) AS problems,
    count(*) FILTER (WHERE ended.stage IS DISTINCT FROM 'seeds') AS readable,
    count(program.program_id) AS converted,
    count(*) FILTER (WHERE ended.is_verified) AS verified,
    (count(*) FILTER (WHERE ended.is_verified))::double precision / count(*) AS verified_share,
    count(*) FILTER (WHERE ended.is_verified AND program.grade = 'S') AS verified_s,
    count(*) FILTER (WHERE ended.is_verified AND program.grade = 'A+') AS verified_a_plus,
    count(*) FILTER (WHERE ended.is_verified AND program.grade = 'A') AS verified_a,
    count(*) FILTER (WHERE ended.is_verified AND program.grade = 'B') AS verified_b,
    count(*) FILTER (WHERE ended.is_verified AND program.grade = 'C') AS verified_c,
    count(*) FILTER (WHERE ended.is_verified AND program.grade = 'R') AS verified_r,
    count(*) FILTER (WHERE ended.is_verified AND program.grade = 'D') AS verified_d,
    count(*) FILTER (WHERE ended.is_verified AND program.grade IS NULL) AS verified_by_model
FROM caco.run
JOIN caco.run_output AS place ON place.run_no = run.run_no AND place.is_current AND place.stage = 'seeds'
JOIN caco.seed ON seed.output_no = place.output_no
JOIN caco.source USING (source_no)
LEFT JOIN (
    SELECT
        place.run_no,
        place.stage,
        place.output_no,
        fate.subject,
        place.stage = 'unify' AND fate.outcome = 'pass' AS is_verified
    FROM caco.run_output AS place
    JOIN caco.output USING (output_no)
    JOIN caco.fate ON fate.output_no = output.output_no AND fate.partition = output.partition
    WHERE place.is_current AND place.stage IN ('seeds', 'unify')
) AS ended ON ended.run_no = run.run_no AND ended.subject = seed.seed_id
LEFT JOIN caco.program ON program.output_no = ended.output_no AND program.seed_id = seed.seed_id
GROUP BY run.run_id, source.source, source.revision, source.licence;

COMMENT ON VIEW caco.yield_by_seed_source IS 'How many problems of each source became verified seed programs. Grain: one row per run, source, revision and licence.';
COMMENT ON COLUMN caco.yield_by_seed_source.run_id IS 'Which run.';
COMMENT ON COLUMN caco.yield_by_seed_source.partition IS 'Date that the run is for.';
COMMENT ON COLUMN caco.yield_by_seed_source.source IS 'Name of the source.';
COMMENT ON COLUMN caco.yield_by_seed_source.revision IS 'Revision or hash of the source.';
COMMENT ON COLUMN caco.yield_by_seed_source.licence IS 'Licence of its problems.';
COMMENT ON COLUMN caco.yield_by_seed_source.problems IS 'Records of the source.';
COMMENT ON COLUMN caco.yield_by_seed_source.readable IS 'Of these, the ones that became seeds.';
COMMENT ON COLUMN caco.yield_by_seed_source.converted IS 'Seeds with a program.';
COMMENT ON COLUMN caco.yield_by_seed_source.verified IS 'Seeds whose program ran and gave gold.';
COMMENT ON COLUMN caco.yield_by_seed_source.verified_share IS 'verified / problems.';
COMMENT ON COLUMN caco.yield_by_seed_source.verified_s IS 'Verified programs of grade S.';
COMMENT ON COLUMN caco.yield_by_seed_source.verified_a_plus IS 'Verified programs of grade A+.';
COMMENT ON COLUMN caco.yield_by_seed_source.verified_a IS 'Verified programs of grade A.';
COMMENT ON COLUMN caco.yield_by_seed_source.verified_b IS 'Verified programs of grade B.';
COMMENT ON COLUMN caco.yield_by_seed_source.verified_c IS 'Verified programs of grade C.';
COMMENT ON COLUMN caco.yield_by_seed_source.verified_r IS 'Verified programs of grade R.';
COMMENT ON COLUMN caco.yield_by_seed_source.verified_d IS 'Verified programs of grade D.';
COMMENT ON COLUMN caco.yield_by_seed_source.verified_by_model IS 'Verified programs that a model wrote, which have no grade.';
