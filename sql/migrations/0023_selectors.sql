-- Samples that will hardly be accepted are skipped before a model is paid for them: by what, which, and how that is watched.

ALTER TYPE caco.reason ADD VALUE 'unlikely' AFTER 'same_problem';  -- too small a chance of being accepted

ALTER TABLE caco.run
    ADD COLUMN selection jsonb NOT NULL DEFAULT '{}' CONSTRAINT selection_is_an_object CHECK (jsonb_typeof(selection) = 'object');
COMMENT ON COLUMN caco.run.selection IS 'What the plan found of selectors: selector, the newest that it may use; is_used; because, why it is used or not. Empty: its config has no [select].';

CREATE TABLE caco.selector (
    selector_id  uuid PRIMARY KEY,
    acceptance   text NOT NULL,
    config       text NOT NULL,
    until        date NOT NULL,
    run_ids      uuid[] NOT NULL CONSTRAINT selector_learnt_from_runs CHECK (cardinality(run_ids) > 0),
    thresholds   jsonb NOT NULL,
    metrics      jsonb NOT NULL,
    expected     jsonb NOT NULL,
    code_version text NOT NULL,
    trained_at   timestamptz NOT NULL
);
CREATE INDEX selector_by_acceptance ON caco.selector (acceptance, until);  -- the newest that a run may use
COMMENT ON TABLE  caco.selector IS 'Models that say of a sample how likely it will be accepted, as `caco select train` made them; they lie in the store, in selectors/. Grain: one row per selector.';
COMMENT ON COLUMN caco.selector.selector_id IS 'Hash of all that it says.';
COMMENT ON COLUMN caco.selector.acceptance IS 'Hash of models, prompts and checks from reverse on, of the runs that it learnt from: only runs with the same may use it.';
COMMENT ON COLUMN caco.selector.config IS 'Name of the config that it was trained for.';
COMMENT ON COLUMN caco.selector.until IS 'Newest date that it learnt from: only runs of later dates may use it.';
COMMENT ON COLUMN caco.selector.run_ids IS 'Nightly runs that it learnt from.';
COMMENT ON COLUMN caco.selector.thresholds IS 'Stage -> chance below which a sample is skipped before it.';
COMMENT ON COLUMN caco.selector.metrics IS 'Stage -> rows, held_out, auc, brier and calibration_error, the last four on rows that it did not learn from.';
COMMENT ON COLUMN caco.selector.expected IS 'What the thresholds yield on held-out rows: accepted rows for 1,000 tokens with and without, recall, share skipped.';
COMMENT ON COLUMN caco.selector.code_version IS 'Package and commit that trained it.';
COMMENT ON COLUMN caco.selector.trained_at IS 'When.';

CREATE TABLE caco.selection (
    output_no   integer NOT NULL REFERENCES caco.output ON DELETE CASCADE,
    sample_id   uuid NOT NULL,
    probability real NOT NULL CONSTRAINT probability_is_a_share CHECK (probability BETWEEN 0 AND 1),
    threshold   real NOT NULL CONSTRAINT threshold_is_a_share CHECK (threshold BETWEEN 0 AND 1),
    is_explored boolean NOT NULL,
    domain      text,
    PRIMARY KEY (output_no, sample_id)
);
COMMENT ON TABLE  caco.selection IS 'What a selector said of samples before a stage was paid for them. Grain: one row per output of reverse or solve and sample; runs without a selector have none.';
COMMENT ON COLUMN caco.selection.output_no IS 'The output of reverse or solve.';
COMMENT ON COLUMN caco.selection.sample_id IS 'The sample.';
COMMENT ON COLUMN caco.selection.probability IS 'Chance of being accepted by all stages.';
COMMENT ON COLUMN caco.selection.threshold IS 'Below it the sample is skipped, unless it is explored.';
COMMENT ON COLUMN caco.selection.is_explored IS 'Whether it was drawn, by its id, to be skipped nowhere: its fate then tells whether skipping would have been right.';
COMMENT ON COLUMN caco.selection.domain IS 'The domain that its program names. NULL: it names none.';
