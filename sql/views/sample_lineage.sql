-- Title:    Lineage
-- Question: where does a published row come from?
-- Grain:    one row per published row: dataset, version and sample
-- Columns:  codegen_run_id, the run that trained the model which wrote the program; seed_run_id, the run whose seed programs that
--           model learnt from: both as the run pinned them; *_model_id and *_prompt, NULL where no model was asked, joined by + where
--           several were; uri and row, where the sample with all its texts lies, NULL where the run moved on to another attempt since;
--           shards, stage -> uri of the outputs that saw it. Its program_id and request ids: caco sql --engine duckdb,
--           outputs.decontaminate
-- Example:  SELECT * FROM caco.sample_lineage WHERE sample_id = :sample;

CREATE VIEW caco.sample_lineage AS
SELECT
    dataset.dataset,
    dataset.version,
    published.sample_id,
    dataset.files -> published.file ->> 'uri' AS published_uri,
    published.row AS published_row,
    run.run_id,
    run.partition,
    run.config_hash,
    run.code_version,
    run.model_id,
    run.codegen_run_id,
    run.seed_run_id,
    trail.sample_model_id,
    trail.reverse_model_id,
    trail.reverse_prompt,
    trail.solve_model_id,
    trail.solve_prompt,
    trail.judge_model_id,
    trail.judge_prompt,
    trail.sandbox_level,
    ended.uri,
    ended.row,
    trail.shards
FROM caco.dataset_row AS published
JOIN caco.dataset USING (dataset_no)
JOIN caco.run ON run.run_id = dataset.run_id
LEFT JOIN LATERAL (
    SELECT place.shard, output.uri, fate.row
    FROM caco.fate
    JOIN caco.output ON output.output_no = fate.output_no AND output.partition = fate.partition
    JOIN caco.run_output AS place ON place.output_no = output.output_no AND place.run_no = run.run_no AND place.is_current
    WHERE fate.subject = published.sample_id
    LIMIT 1
) AS ended ON true
LEFT JOIN LATERAL (
    SELECT
        jsonb_object_agg(place.stage, output.uri) AS shards,
        max(output.sandbox_level) FILTER (WHERE place.stage = 'execute') AS sandbox_level,
        max(nullif(array_to_string(output.models, ' + '), '')) FILTER (WHERE place.stage = 'sample') AS sample_model_id,
        max(nullif(array_to_string(output.models, ' + '), '')) FILTER (WHERE place.stage = 'reverse') AS reverse_model_id,
        max(nullif(array_to_string(output.prompts, ' + '), '')) FILTER (WHERE place.stage = 'reverse') AS reverse_prompt,
        max(nullif(array_to_string(output.models, ' + '), '')) FILTER (WHERE place.stage = 'solve') AS solve_model_id,
        max(nullif(array_to_string(output.prompts, ' + '), '')) FILTER (WHERE place.stage = 'solve') AS solve_prompt,
        max(nullif(array_to_string(output.models, ' + '), '')) FILTER (WHERE place.stage = 'judge') AS judge_model_id,
        max(nullif(array_to_string(output.prompts, ' + '), '')) FILTER (WHERE place.stage = 'judge') AS judge_prompt
    FROM caco.run_output AS place
    JOIN caco.output USING (output_no)
    WHERE place.run_no = run.run_no AND place.is_current
        AND (place.shard = ended.shard OR place.stage = 'publish')
) AS trail ON true;

COMMENT ON VIEW caco.sample_lineage IS 'All the ancestors of each published row. Grain: one row per dataset, version and sample.';
COMMENT ON COLUMN caco.sample_lineage.dataset IS 'Name of the dataset.';
COMMENT ON COLUMN caco.sample_lineage.version IS 'Version of it.';
COMMENT ON COLUMN caco.sample_lineage.sample_id IS 'Which sample.';
COMMENT ON COLUMN caco.sample_lineage.published_uri IS 'File of the dataset that holds the row.';
COMMENT ON COLUMN caco.sample_lineage.published_row IS 'Row of that file, from 0.';
COMMENT ON COLUMN caco.sample_lineage.run_id IS 'The run that published it.';
COMMENT ON COLUMN caco.sample_lineage.partition IS 'Date that the run is for.';
COMMENT ON COLUMN caco.sample_lineage.config_hash IS 'Hash of all settings that change data.';
COMMENT ON COLUMN caco.sample_lineage.code_version IS 'Package and commit that planned the run.';
COMMENT ON COLUMN caco.sample_lineage.model_id IS 'The trained CodeGen that the run pinned. NULL: it samples from none trained here.';
COMMENT ON COLUMN caco.sample_lineage.codegen_run_id IS 'The run that trained the model which wrote the program. NULL: it was not trained here.';
COMMENT ON COLUMN caco.sample_lineage.seed_run_id IS 'The run whose seed programs that model learnt from. NULL: not known.';
COMMENT ON COLUMN caco.sample_lineage.sample_model_id IS 'Model that stage sample asked; several are joined by +. NULL: none was asked.';
COMMENT ON COLUMN caco.sample_lineage.reverse_model_id IS 'Model that stage reverse asked; several are joined by +. NULL: none was asked.';
COMMENT ON COLUMN caco.sample_lineage.reverse_prompt IS 'Prompt of stage reverse; several are joined by +. NULL: none was asked.';
COMMENT ON COLUMN caco.sample_lineage.solve_model_id IS 'Model that stage solve asked; several are joined by +. NULL: none was asked.';
COMMENT ON COLUMN caco.sample_lineage.solve_prompt IS 'Prompt of stage solve; several are joined by +. NULL: none was asked.';
COMMENT ON COLUMN caco.sample_lineage.judge_model_id IS 'Model that stage judge asked; several are joined by +. NULL: none was asked.';
COMMENT ON COLUMN caco.sample_lineage.judge_prompt IS 'Prompt of stage judge; several are joined by +. NULL: none was asked.';
COMMENT ON COLUMN caco.sample_lineage.sandbox_level IS 'How well the sandbox was closed when the program ran. NULL: not known.';
COMMENT ON COLUMN caco.sample_lineage.uri IS 'Object in the store with the sample as it ended. NULL: the run moved on to another attempt since.';
COMMENT ON COLUMN caco.sample_lineage.row IS 'Row of that object, from 0. NULL where uri is.';
COMMENT ON COLUMN caco.sample_lineage.shards IS 'Stage -> uri of the outputs that saw it.';
