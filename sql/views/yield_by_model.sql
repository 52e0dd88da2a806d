-- Title:    Yield by model
-- Question: how much of what a model writes is kept by its stage, and how much is published in the end?
-- Grain:    one row per run, stage, model and prompt
-- Columns:  model_id and prompt, of each output; where one asked several they stand side by side, joined by +; replies, what the model
--           wrote; read, the records that it was asked about; kept, those that the stage passed; cut_off, replies that hit their
--           length limit; published, samples of the same shards that the run's dataset holds; tokens, cost and seconds are those
--           of making the outputs, whoever paid: reused counts the shards that another run paid for; seconds are of whole
--           outputs, with the loading of weights. Of each single reply: caco sql --engine duckdb, outputs.STAGE, generation
-- Example:  SELECT * FROM caco.yield_by_model WHERE stage = 'sample' ORDER BY partition DESC;

CREATE VIEW caco.yield_by_model AS
SELECT
    run.run_id,
    run.partition,
    place.stage,
    array_to_string(output.models, ' + ') AS model_id,
    array_to_string(output.prompts, ' + ') AS prompt,
    count(*) FILTER (WHERE place.is_reused) AS reused,
    sum(output.requests)::bigint AS replies,
    sum(output.read)::bigint AS read,
    sum(output.passed)::bigint AS kept,
    sum(output.unknown)::bigint AS unknown,
    sum(output.cut_off)::bigint AS cut_off,
    coalesce(sum(final.passed), 0)::bigint AS published,
    sum(output.passed)::double precision / nullif(sum(output.read), 0)::double precision AS kept_share,
    coalesce(sum(final.passed), 0)::double precision / nullif(sum(output.read), 0)::double precision AS published_share,
    sum(output.prompt_tokens)::bigint AS prompt_tokens,
    sum(output.completion_tokens)::bigint AS completion_tokens,
    sum(output.cost_usd) AS cost_usd,
    sum(output.seconds) AS seconds
FROM caco.run
JOIN caco.run_output AS place ON place.run_no = run.run_no AND place.is_current
JOIN caco.output ON output.output_no = place.output_no AND output.models <> '{}'
LEFT JOIN LATERAL (
    SELECT output.passed
    FROM caco.run_output AS last
    JOIN caco.output USING (output_no)
    WHERE last.run_no = place.run_no AND last.shard = place.shard AND last.stage = 'decontaminate' AND last.is_current
        AND EXISTS (SELECT FROM caco.datasets WHERE datasets.run_id = run.run_id)
) AS final ON place.stage < 'decontaminate'
GROUP BY run.run_id, place.stage, output.models, output.prompts;

COMMENT ON VIEW caco.yield_by_model IS 'How much of what a model writes is kept. Grain: one row per run, stage, model and prompt.';
COMMENT ON COLUMN caco.yield_by_model.run_id IS 'Which run.';
COMMENT ON COLUMN caco.yield_by_model.partition IS 'Date that the run is for.';
COMMENT ON COLUMN caco.yield_by_model.stage IS 'Which stage, in the order of the funnel.';
COMMENT ON COLUMN caco.yield_by_model.model_id IS 'The model asked; several are joined by +.';
COMMENT ON COLUMN caco.yield_by_model.prompt IS 'The prompt; several are joined by +.';
COMMENT ON COLUMN caco.yield_by_model.reused IS 'Shards that another run paid for.';
COMMENT ON COLUMN caco.yield_by_model.replies IS 'What the model wrote.';
COMMENT ON COLUMN caco.yield_by_model.read IS 'Records that it was asked about.';
COMMENT ON COLUMN caco.yield_by_model.kept IS 'Of these, the ones that the stage passed.';
COMMENT ON COLUMN caco.yield_by_model.unknown IS 'Of these, the ones that stayed unknown.';
COMMENT ON COLUMN caco.yield_by_model.cut_off IS 'Replies that hit their length limit.';
COMMENT ON COLUMN caco.yield_by_model.published IS 'Samples of the same shards that the dataset of the run holds.';
COMMENT ON COLUMN caco.yield_by_model.kept_share IS 'kept / read. NULL: nothing was read.';
COMMENT ON COLUMN caco.yield_by_model.published_share IS 'published / read. NULL: nothing was read.';
COMMENT ON COLUMN caco.yield_by_model.prompt_tokens IS 'Tokens of prompts, whoever paid.';
COMMENT ON COLUMN caco.yield_by_model.completion_tokens IS 'Tokens written, whoever paid.';
COMMENT ON COLUMN caco.yield_by_model.cost_usd IS 'Dollars, whoever paid.';
COMMENT ON COLUMN caco.yield_by_model.seconds IS 'Wall seconds of whole outputs, with the loading of weights, whoever paid.';
