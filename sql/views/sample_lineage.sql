-- Title:    Lineage
-- Question: where does a published row come from?
-- Grain:    one row per published row: dataset, version and sample
-- Columns:  codegen_run_id, the run that trained the model which wrote the program; seed_run_id, the run whose seed programs that
--           model learnt from; *_request_id, *_model_id and *_prompt, NULL where no model was asked; shards, stage -> uri and
--           row, one entry per stage that saw the sample
-- Example:  SELECT * FROM caco.sample_lineage WHERE sample_id = :sample;

CREATE VIEW caco.sample_lineage AS
SELECT
    published.dataset,
    published.version,
    published.sample_id,
    published.uri AS published_uri,
    published.row AS published_row,
    sample.run_id,
    run.partition,
    run.config_hash,
    run.code_version,
    sample.program_id,
    program.run_id AS program_first_run_id,
    run.model_id,
    codegen.run_id AS codegen_run_id,
    coalesce(codegen.seed_run_id, run.seed_run_id) AS seed_run_id,
    sampled.request_id AS sample_request_id,
    sampled.model_id AS sample_model_id,
    reversed.request_id AS reverse_request_id,
    reversed.model_id AS reverse_model_id,
    reversed.prompt AS reverse_prompt,
    solved.request_id AS solve_request_id,
    solved.model_id AS solve_model_id,
    solved.prompt AS solve_prompt,
    judged.request_id AS judge_request_id,
    judged.model_id AS judge_model_id,
    judged.prompt AS judge_prompt,
    execution.sandbox_level,
    trail.shards
FROM caco.dataset_row AS published
JOIN caco.sample USING (sample_id)
JOIN caco.run ON run.run_id = sample.run_id
LEFT JOIN caco.program ON program.program_id = sample.program_id
LEFT JOIN LATERAL (
    SELECT trained.run_id, trained.seed_run_id
    FROM caco.model
    JOIN caco.run AS trained ON trained.run_id = model.run_id AND trained.partition <= run.partition
    WHERE model.model_id = run.model_id
    ORDER BY (trained.config_hash = run.config_hash) DESC, trained.partition DESC, trained.run_id
    LIMIT 1
) AS codegen ON true
LEFT JOIN caco.request_usage AS sampled ON sampled.run_id = sample.run_id AND sampled.subject_id = sample.sample_id AND sampled.stage = 'sample'
LEFT JOIN caco.request_usage AS reversed ON reversed.run_id = sample.run_id AND reversed.subject_id = sample.sample_id AND reversed.stage = 'reverse'
LEFT JOIN caco.request_usage AS solved ON solved.run_id = sample.run_id AND solved.subject_id = sample.sample_id AND solved.stage = 'solve'
LEFT JOIN caco.request_usage AS judged ON judged.run_id = sample.run_id AND judged.subject_id = sample.sample_id AND judged.stage = 'judge'
LEFT JOIN caco.execution ON execution.run_id = sample.run_id AND execution.subject_id = sample.sample_id AND execution.stage = 'execute'
LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(verdict.stage, jsonb_build_object('uri', shard.uri, 'row', verdict.row)) AS shards
    FROM caco.verdict
    JOIN caco.shard USING (run_id, stage, shard)
    WHERE verdict.subject_id = sample.sample_id AND verdict.run_id = sample.run_id AND verdict.partition = sample.partition
) AS trail ON true;

COMMENT ON VIEW caco.sample_lineage IS 'All the ancestors of each published row. Grain: one row per dataset, version and sample.';
