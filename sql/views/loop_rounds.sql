-- Title:    Rounds of the loop
-- Question: what becomes of a CodeGen, and of the night that samples from it, when it learns from rows of the nights before?
-- Grain:    one row per run of the pipeline codegen and nightly run of its date and training (NULL: none was planned yet)
-- Columns:  own_share of the programs trained on were published rows, own_shapes their different shapes; of the programs that the
--           gate sampled: ran, shapes_per_1000, new_shapes (no seed program has them), spread (mean cosine distance of two, by the
--           embedder); sampled and published are the night's, which took sampled_from: another model where this one was refused
-- Example:  SELECT partition, accepted, own_share, shapes_per_1000, spread, published FROM caco.loop_rounds ORDER BY partition;

CREATE VIEW caco.loop_rounds AS
SELECT
    trained.run_id,
    trained.partition,
    trained.training,
    model.model_id,
    model.accepted,
    model.refused_because,
    (model.metrics ->> 'programs')::bigint AS seed_programs,
    coalesce((model.metrics ->> 'own_rows')::bigint, 0) AS own_rows,
    coalesce((model.metrics ->> 'own_share')::double precision, 0) AS own_share,
    coalesce((model.metrics ->> 'own_shapes')::bigint, 0) AS own_shapes,
    (model.metrics ->> 'yield')::double precision AS ran,
    (model.metrics ->> 'shapes_per_1000')::double precision AS shapes_per_1000,
    (model.metrics ->> 'new_shapes')::double precision AS new_shapes,
    (model.metrics ->> 'spread')::double precision AS spread,
    model.metrics ->> 'embedder' AS embedder,
    nightly.run_id AS nightly_run_id,
    nightly.model_id AS sampled_from,
    night.sampled,
    published.rows AS published,
    published.rows::double precision / nullif(night.sampled, 0) AS published_share
FROM caco.run AS trained
JOIN caco.run_output AS place ON place.run_no = trained.run_no AND place.stage = 'train' AND place.is_current
JOIN caco.model ON model.output_no = place.output_no
LEFT JOIN caco.run AS nightly
    ON nightly.pipeline = 'nightly' AND nightly.partition = trained.partition AND nightly.training = trained.training
LEFT JOIN LATERAL (
    SELECT sum(output.read)::bigint AS sampled
    FROM caco.run_output AS drawn
    JOIN caco.output USING (output_no)
    WHERE drawn.run_no = nightly.run_no AND drawn.stage = 'sample' AND drawn.is_current
) AS night ON true
LEFT JOIN LATERAL (
    SELECT sum(datasets.rows)::bigint AS rows
    FROM caco.datasets
    WHERE datasets.run_id = nightly.run_id AND datasets.is_current AND datasets.state = 'published'
) AS published ON true
WHERE trained.pipeline = 'codegen';

COMMENT ON VIEW caco.loop_rounds IS 'What becomes of a CodeGen, and of its night, round after round. Grain: one row per run of the pipeline codegen and nightly run of its date and training.';
COMMENT ON COLUMN caco.loop_rounds.run_id IS 'The run that trained the model.';
COMMENT ON COLUMN caco.loop_rounds.partition IS 'Its date: the round.';
COMMENT ON COLUMN caco.loop_rounds.training IS 'Hash of the training settings and seeds that all rounds have in common.';
COMMENT ON COLUMN caco.loop_rounds.model_id IS 'The model.';
COMMENT ON COLUMN caco.loop_rounds.accepted IS 'Whether nightly runs may sample from it.';
COMMENT ON COLUMN caco.loop_rounds.refused_because IS 'Why they may not. NULL: they may.';
COMMENT ON COLUMN caco.loop_rounds.seed_programs IS 'Seed programs that it was trained on.';
COMMENT ON COLUMN caco.loop_rounds.own_rows IS 'Published rows that it was trained on too.';
COMMENT ON COLUMN caco.loop_rounds.own_share IS 'own_rows of all programs that it was trained on.';
COMMENT ON COLUMN caco.loop_rounds.own_shapes IS 'Different shapes of program among own_rows.';
COMMENT ON COLUMN caco.loop_rounds.ran IS 'Share of the programs sampled by the gate that ran. NULL: none was sampled.';
COMMENT ON COLUMN caco.loop_rounds.shapes_per_1000 IS 'Different shapes among those that ran, per 1,000 sampled. NULL: none was sampled, or an older version trained it.';
COMMENT ON COLUMN caco.loop_rounds.new_shapes IS 'Share of those that ran whose shape no seed program has. NULL: as shapes_per_1000, or none ran.';
COMMENT ON COLUMN caco.loop_rounds.spread IS 'Mean cosine distance of two of those that ran. NULL: as new_shapes, or the config has no train.own.';
COMMENT ON COLUMN caco.loop_rounds.embedder IS 'The embedding model of spread; spreads by two are not comparable. NULL: as spread.';
COMMENT ON COLUMN caco.loop_rounds.nightly_run_id IS 'The nightly run of that date and training. NULL: none yet.';
COMMENT ON COLUMN caco.loop_rounds.sampled_from IS 'The model that it took: the newest accepted one. NULL: none yet.';
COMMENT ON COLUMN caco.loop_rounds.sampled IS 'Programs that it sampled. NULL: none yet.';
COMMENT ON COLUMN caco.loop_rounds.published IS 'Rows that it published. NULL: nothing yet.';
COMMENT ON COLUMN caco.loop_rounds.published_share IS 'published / sampled. NULL: as those.';
