-- Title:    Yield by origin
-- Question: what became of the programs that CodeGen wrote, and of those that were composed or mutated?
-- Grain:    one row per run of the pipeline nightly and origin
-- Columns:  origin, codegen, or compose or mutate of [mix]; samples, all that have ended; ran, screened and new, those that passed
--           execute, screen and dedup; agreed, those that passed agree; published, those in the run's dataset
-- Example:  SELECT origin, samples, ran, new, published FROM caco.yield_by_origin WHERE run_id = :run;

CREATE VIEW caco.yield_by_origin AS
SELECT
    run.run_id,
    run.partition,
    coalesce(parent.kind, 'codegen') AS origin,
    count(*) AS samples,
    count(*) FILTER (WHERE ended.stage > 'execute') AS ran,
    count(*) FILTER (WHERE ended.stage > 'screen') AS screened,
    count(*) FILTER (WHERE ended.stage > 'dedup') AS new,
    count(*) FILTER (WHERE ended.stage > 'agree') AS agreed,
    count(*) FILTER (
        WHERE ended.stage = 'decontaminate' AND fate.outcome = 'pass'
            AND EXISTS (SELECT FROM caco.dataset WHERE dataset.run_id = run.run_id)
    ) AS published
FROM caco.run
JOIN caco.run_output AS ended ON ended.run_no = run.run_no AND ended.is_current
JOIN caco.output ON output.output_no = ended.output_no
JOIN caco.fate ON fate.output_no = output.output_no AND fate.partition = output.partition
LEFT JOIN caco.run_output AS drawn
    ON drawn.run_no = run.run_no AND drawn.shard = ended.shard AND drawn.stage = 'sample' AND drawn.is_current
LEFT JOIN caco.program_parent AS parent
    ON parent.output_no = drawn.output_no AND parent.sample_id = fate.subject AND parent.number = 0
WHERE run.pipeline = 'nightly'
GROUP BY run.run_id, run.partition, coalesce(parent.kind, 'codegen');

COMMENT ON VIEW caco.yield_by_origin IS 'What became of programs, by how they were made. Grain: one row per run of the pipeline nightly and origin.';
COMMENT ON COLUMN caco.yield_by_origin.run_id IS 'Which run.';
COMMENT ON COLUMN caco.yield_by_origin.partition IS 'Date that the run is for.';
COMMENT ON COLUMN caco.yield_by_origin.origin IS 'codegen, compose or mutate.';
COMMENT ON COLUMN caco.yield_by_origin.samples IS 'Samples that have ended.';
COMMENT ON COLUMN caco.yield_by_origin.ran IS 'Of these, the ones whose program ran.';
COMMENT ON COLUMN caco.yield_by_origin.screened IS 'Of these, the ones that are worth a problem.';
COMMENT ON COLUMN caco.yield_by_origin.new IS 'Of these, the ones that nobody saw before.';
COMMENT ON COLUMN caco.yield_by_origin.agreed IS 'Of these, the ones whose solution gives the answer of the program.';
COMMENT ON COLUMN caco.yield_by_origin.published IS 'Of these, the ones in the dataset of the run.';
