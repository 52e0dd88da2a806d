-- What a CodeGen learns from besides seeds: rows that earlier nightly runs published.

ALTER TABLE caco.run
    ADD COLUMN own_datasets jsonb NOT NULL DEFAULT '{}' CONSTRAINT own_datasets_is_an_object CHECK (jsonb_typeof(own_datasets) = 'object'),
    ADD COLUMN held_against jsonb NOT NULL DEFAULT '{}' CONSTRAINT held_against_is_an_object CHECK (jsonb_typeof(held_against) = 'object');
COMMENT ON COLUMN caco.run.own_datasets IS 'Dataset that the CodeGen learns from beside seed programs -> SHA-256 of its manifest. Empty: another pipeline, or seed programs alone.';
COMMENT ON COLUMN caco.run.held_against IS 'The first accepted CodeGen of the same training, whose variety a new one is held against: model_id, shapes_per_1000, spread, embedder. Empty: it is the first, or nothing is compared.';

CREATE TABLE caco.own_row (
    output_no integer NOT NULL REFERENCES caco.output ON DELETE CASCADE,
    sample_id uuid NOT NULL,
    dataset   text NOT NULL,
    PRIMARY KEY (output_no, sample_id)
);
CREATE INDEX own_row_by_sample ON caco.own_row (sample_id);  -- which models learnt from a row
COMMENT ON TABLE  caco.own_row IS 'Published rows that a CodeGen learnt from, beside the seed programs of its run. Grain: one row per training output and sample. A model that learnt from seeds alone has none.';
COMMENT ON COLUMN caco.own_row.output_no IS 'The output of the stage train.';
COMMENT ON COLUMN caco.own_row.sample_id IS 'The published sample.';
COMMENT ON COLUMN caco.own_row.dataset IS 'The dataset that it was read from, as name/version.';
