-- Title:    Funnel
-- Question: how many records come into each stage, and how many go on?
-- Grain:    one row per run and stage
-- Columns:  shards, those that the run has now; reused, those of them that another run had made; recorded, findings of rules that are
--           set to record, which decided nothing; kept_share = passed / read, NULL where nothing was read. Tokens, cost and
--           seconds are what this run itself paid: nothing for a reused shard; seconds add up over shards that ran side by side
-- Example:  SELECT * FROM caco.funnel WHERE run_id = :run ORDER BY stage;

CREATE VIEW caco.funnel AS
SELECT
    run.run_id,
    run.pipeline,
    run.partition,
    place.stage,
    count(*)::integer AS shards,
    (count(*) FILTER (WHERE place.is_reused))::integer AS reused,
    sum(output.read)::bigint AS read,
    sum(output.passed)::bigint AS passed,
    sum(output.failed)::bigint AS failed,
    sum(output.unknown)::bigint AS unknown,
    sum(output.recorded)::bigint AS recorded,
    sum(output.passed)::double precision / nullif(sum(output.read), 0)::double precision AS kept_share,
    coalesce(sum(output.prompt_tokens) FILTER (WHERE NOT place.is_reused), 0)::bigint AS prompt_tokens,
    coalesce(sum(output.completion_tokens) FILTER (WHERE NOT place.is_reused), 0)::bigint AS completion_tokens,
    coalesce(sum(output.cost_usd) FILTER (WHERE NOT place.is_reused), 0) AS cost_usd,
    coalesce(sum(output.seconds) FILTER (WHERE NOT place.is_reused), 0) AS seconds
FROM caco.run
JOIN caco.run_output AS place ON place.run_no = run.run_no AND place.is_current
JOIN caco.output ON output.output_no = place.output_no
GROUP BY run.run_id, place.stage;

COMMENT ON VIEW caco.funnel IS 'How many records come into each stage, and how many go on. Grain: one row per run and stage.';
COMMENT ON COLUMN caco.funnel.run_id IS 'Which run.';
COMMENT ON COLUMN caco.funnel.pipeline IS 'seeds, codegen, nightly or evaluate.';
COMMENT ON COLUMN caco.funnel.partition IS 'Date that the run is for.';
COMMENT ON COLUMN caco.funnel.stage IS 'Which stage, in the order of the funnel.';
COMMENT ON COLUMN caco.funnel.shards IS 'Shards that the run has now.';
COMMENT ON COLUMN caco.funnel.reused IS 'Of these, the ones that another run had made.';
COMMENT ON COLUMN caco.funnel.read IS 'Records that came in.';
COMMENT ON COLUMN caco.funnel.passed IS 'Records that go on.';
COMMENT ON COLUMN caco.funnel.failed IS 'Records rejected.';
COMMENT ON COLUMN caco.funnel.unknown IS 'Records of which nothing could be told.';
COMMENT ON COLUMN caco.funnel.recorded IS 'Findings of rules that only record, and decided nothing.';
COMMENT ON COLUMN caco.funnel.kept_share IS 'passed / read. NULL: nothing was read.';
COMMENT ON COLUMN caco.funnel.prompt_tokens IS 'Tokens of prompts that this run itself paid for.';
COMMENT ON COLUMN caco.funnel.completion_tokens IS 'Tokens written that this run itself paid for.';
COMMENT ON COLUMN caco.funnel.cost_usd IS 'Dollars that this run itself paid.';
COMMENT ON COLUMN caco.funnel.seconds IS 'Wall seconds of the shards that this run itself made, added up.';
