-- Title:    Pass rates by domain and shape
-- Question: which programs lead to problems that are neither solved always nor never?
-- Grain:    one row per run of the pipeline nightly, domain, opening and shape
-- Columns:  problems, those that came to agree; judged, those of which several solutions were compared; pass_rate, mean share of
--           solutions that agree; solved_never, solved_always, in_between; accepted, those that passed every stage
-- Example:  SELECT domain, sum(judged), sum(in_between) FROM caco.pass_rates_by_shape WHERE run_id = :run GROUP BY domain;

CREATE VIEW caco.pass_rates_by_shape AS
SELECT
    run.run_id,
    run.partition,
    difficulty.domain,
    difficulty.opening,
    difficulty.shape,
    count(*) AS problems,
    count(*) FILTER (WHERE difficulty.compared > 0) AS judged,
    avg(difficulty.agreeing::double precision / nullif(difficulty.compared, 0)) AS pass_rate,
    count(*) FILTER (WHERE difficulty.compared > 0 AND difficulty.agreeing = 0) AS solved_never,
    count(*) FILTER (WHERE difficulty.agreeing BETWEEN 1 AND difficulty.compared - 1) AS in_between,
    count(*) FILTER (WHERE difficulty.compared > 0 AND difficulty.agreeing = difficulty.compared) AS solved_always,
    count(*) FILTER (WHERE fate.outcome = 'pass') AS accepted,
    avg(difficulty.steps)::double precision AS steps,
    avg(difficulty.depth)::double precision AS depth
FROM caco.run
JOIN caco.run_output AS agreed ON agreed.run_no = run.run_no AND agreed.stage = 'agree' AND agreed.is_current
JOIN caco.sample_difficulty AS difficulty ON difficulty.output_no = agreed.output_no
LEFT JOIN caco.run_output AS ended
    ON ended.run_no = run.run_no AND ended.shard = agreed.shard AND ended.stage = 'decontaminate' AND ended.is_current
LEFT JOIN caco.output ON output.output_no = ended.output_no
LEFT JOIN caco.fate
    ON fate.partition = output.partition AND fate.output_no = output.output_no
    AND fate.subject = difficulty.sample_id AND fate.outcome = 'pass'
WHERE run.pipeline = 'nightly'
GROUP BY run.run_id, run.partition, difficulty.domain, difficulty.opening, difficulty.shape;

COMMENT ON VIEW caco.pass_rates_by_shape IS 'How hard the problems of programs are, by what they look like. Grain: one row per run of the pipeline nightly, domain, opening and shape.';
COMMENT ON COLUMN caco.pass_rates_by_shape.run_id IS 'Which run.';
COMMENT ON COLUMN caco.pass_rates_by_shape.partition IS 'Date that the run is for.';
COMMENT ON COLUMN caco.pass_rates_by_shape.domain IS 'The domain that the programs name. NULL: none.';
COMMENT ON COLUMN caco.pass_rates_by_shape.opening IS 'How the programs begin, up to the first value of their input. NULL: otherwise.';
COMMENT ON COLUMN caco.pass_rates_by_shape.shape IS 'Hash of their tree with the names of their inputs, under any numbers.';
COMMENT ON COLUMN caco.pass_rates_by_shape.problems IS 'Problems that came to the stage agree.';
COMMENT ON COLUMN caco.pass_rates_by_shape.judged IS 'Of these, the ones of which several solutions were compared.';
COMMENT ON COLUMN caco.pass_rates_by_shape.pass_rate IS 'Mean share of their solutions that agree with the program. NULL: none was judged.';
COMMENT ON COLUMN caco.pass_rates_by_shape.solved_never IS 'Of those judged, the ones of which no solution agrees.';
COMMENT ON COLUMN caco.pass_rates_by_shape.in_between IS 'Of those judged, the ones of which some solutions agree and some do not.';
COMMENT ON COLUMN caco.pass_rates_by_shape.solved_always IS 'Of those judged, the ones of which all solutions agree.';
COMMENT ON COLUMN caco.pass_rates_by_shape.accepted IS 'Of the problems, the ones that passed every stage.';
COMMENT ON COLUMN caco.pass_rates_by_shape.steps IS 'Mean number of statements of their programs that compute something. NULL: none can be read.';
COMMENT ON COLUMN caco.pass_rates_by_shape.depth IS 'Mean number of values computed one from the other. NULL: as steps.';
