-- Title:    Cost per row
-- Question: what does one published row cost, in tokens, seconds and dollars?
-- Grain:    one row per nightly run
-- Columns:  published, rows of its newest dataset; the *_per_row columns are NULL where nothing was published; tokens, seconds and
--           dollars are what this run itself paid: reused counts the outputs that another run paid for; stage_seconds is wall time of
--           all its outputs together; replayed counts replies that cost nothing, for they had been made before. Seconds of models and
--           of the sandbox alone: caco sql --engine duckdb, outputs.STAGE, generation and execution
-- Example:  SELECT * FROM caco.cost_per_row ORDER BY partition DESC;

CREATE VIEW caco.cost_per_row AS
SELECT
    run.run_id,
    run.partition,
    run.config_hash,
    coalesce(published.rows, 0) AS published,
    spent.outputs,
    spent.reused,
    spent.prompt_tokens,
    spent.completion_tokens,
    spent.stage_seconds,
    spent.prompt_tokens::double precision / nullif(published.rows, 0) AS prompt_tokens_per_row,
    spent.completion_tokens::double precision / nullif(published.rows, 0) AS completion_tokens_per_row,
    spent.stage_seconds / nullif(published.rows, 0) AS seconds_per_row,
    spent.cost_usd,
    spent.replayed,
    spent.cost_usd / nullif(published.rows, 0) AS cost_usd_per_row
FROM caco.run
JOIN LATERAL (
    SELECT
        count(*) AS outputs,
        count(*) FILTER (WHERE place.is_reused) AS reused,
        coalesce(sum(output.prompt_tokens) FILTER (WHERE NOT place.is_reused), 0)::bigint AS prompt_tokens,
        coalesce(sum(output.completion_tokens) FILTER (WHERE NOT place.is_reused), 0)::bigint AS completion_tokens,
        coalesce(sum(output.seconds) FILTER (WHERE NOT place.is_reused), 0) AS stage_seconds,
        coalesce(sum(output.cost_usd) FILTER (WHERE NOT place.is_reused), 0) AS cost_usd,
        coalesce(sum(output.replayed) FILTER (WHERE NOT place.is_reused), 0)::bigint AS replayed
    FROM caco.run_output AS place
    JOIN caco.output USING (output_no)
    WHERE place.run_no = run.run_no  -- attempts that others have followed were paid for, too
) AS spent ON spent.outputs > 0
LEFT JOIN LATERAL (
    SELECT rows FROM caco.datasets WHERE datasets.run_id = run.run_id ORDER BY version DESC, dataset LIMIT 1
) AS published ON true
WHERE run.pipeline = 'nightly';

COMMENT ON VIEW caco.cost_per_row IS 'What a published row costs. Grain: one row per nightly run.';
COMMENT ON COLUMN caco.cost_per_row.run_id IS 'Which run.';
COMMENT ON COLUMN caco.cost_per_row.partition IS 'Date that the run is for.';
COMMENT ON COLUMN caco.cost_per_row.config_hash IS 'Hash of all settings that change data.';
COMMENT ON COLUMN caco.cost_per_row.published IS 'Rows of the newest dataset of the run; 0: none.';
COMMENT ON COLUMN caco.cost_per_row.outputs IS 'Outputs that the run has or had, with replaced attempts.';
COMMENT ON COLUMN caco.cost_per_row.reused IS 'Of these, the ones that another run paid for.';
COMMENT ON COLUMN caco.cost_per_row.prompt_tokens IS 'Tokens of prompts that the run itself paid for.';
COMMENT ON COLUMN caco.cost_per_row.completion_tokens IS 'Tokens written that the run itself paid for.';
COMMENT ON COLUMN caco.cost_per_row.stage_seconds IS 'Wall seconds of the outputs that the run itself made, added up.';
COMMENT ON COLUMN caco.cost_per_row.prompt_tokens_per_row IS 'Of each published row. NULL: none was published.';
COMMENT ON COLUMN caco.cost_per_row.completion_tokens_per_row IS 'Of each published row. NULL: none was published.';
COMMENT ON COLUMN caco.cost_per_row.seconds_per_row IS 'stage_seconds of each published row. NULL: none was published.';
COMMENT ON COLUMN caco.cost_per_row.cost_usd IS 'Dollars that the run itself paid.';
COMMENT ON COLUMN caco.cost_per_row.replayed IS 'Replies that cost nothing, for they had been made before.';
COMMENT ON COLUMN caco.cost_per_row.cost_usd_per_row IS 'Of each published row. NULL: none was published.';
