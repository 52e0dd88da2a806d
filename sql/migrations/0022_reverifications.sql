-- Re-verifications: what is stored, judged again by newer checks or settings, without asking a model.
--
-- A run stays as it was judged; what a newer check says of its samples stands beside it.

ALTER TYPE caco.reason ADD VALUE 'not_asked' AFTER 'engine_lost';  -- no reply to this question is kept

CREATE TABLE caco.reverification (
    reverification_id uuid PRIMARY KEY,
    reverification_no integer NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    run_id            uuid NOT NULL CONSTRAINT reverification_is_of_a_run REFERENCES caco.run ON DELETE CASCADE,
    dataset           text,
    stage             caco.stage NOT NULL,
    overrides         text[] NOT NULL,
    recipes           jsonb NOT NULL,
    only_unknown      boolean NOT NULL,
    asked             text[] NOT NULL,
    code_version      text NOT NULL,
    by                text NOT NULL,
    began_at          timestamptz NOT NULL,
    seconds           double precision NOT NULL,
    model_calls       bigint NOT NULL,
    read              bigint NOT NULL,
    newly_accepted    bigint NOT NULL,
    newly_rejected    bigint NOT NULL,
    uri               text NOT NULL,
    rows              bigint NOT NULL,
    sha256            text NOT NULL CONSTRAINT reverification_sha256_is_hex CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT what_moved_was_read CHECK (newly_accepted >= 0 AND newly_rejected >= 0 AND newly_accepted + newly_rejected <= read)
);
CREATE INDEX reverification_by_run ON caco.reverification (run_id, began_at);  -- those of a run, for its page
COMMENT ON TABLE  caco.reverification IS 'Samples of a run judged again from what is stored of them. Grain: one row per set of outputs, recipes and what was asked; the same again is the same row.';
COMMENT ON COLUMN caco.reverification.reverification_id IS 'Hash of the outputs that were read, the recipes of today, and what was asked.';
COMMENT ON COLUMN caco.reverification.reverification_no IS 'Number within this ledger.';
COMMENT ON COLUMN caco.reverification.run_id IS 'The run whose samples they are; it stays as it was judged.';
COMMENT ON COLUMN caco.reverification.dataset IS 'The dataset, as name/version, where one was named and not a run. NULL: a run was.';
COMMENT ON COLUMN caco.reverification.stage IS 'The first stage that judged again; those before it stand.';
COMMENT ON COLUMN caco.reverification.overrides IS 'Settings that were changed, as key.path=value; empty: the run''s own, by newer code.';
COMMENT ON COLUMN caco.reverification.recipes IS 'Stage -> what it was told: version, settings, models, prompts.';
COMMENT ON COLUMN caco.reverification.only_unknown IS 'Whether known verdicts stand, and only unknown ones were judged again.';
COMMENT ON COLUMN caco.reverification.asked IS 'Roles whose models were asked what they had not said; empty: no model was.';
COMMENT ON COLUMN caco.reverification.code_version IS 'Package and commit that judged again.';
COMMENT ON COLUMN caco.reverification.by IS 'Who wanted it.';
COMMENT ON COLUMN caco.reverification.began_at IS 'When it began.';
COMMENT ON COLUMN caco.reverification.seconds IS 'By the clock, of the attempt that ended it.';
COMMENT ON COLUMN caco.reverification.model_calls IS 'Replies that were asked for anew.';
COMMENT ON COLUMN caco.reverification.read IS 'Samples that the first stage had judged.';
COMMENT ON COLUMN caco.reverification.newly_accepted IS 'Samples that pass all stages now, and did not.';
COMMENT ON COLUMN caco.reverification.newly_rejected IS 'Samples that passed all stages, and fail or are unknown now.';
COMMENT ON COLUMN caco.reverification.uri IS 'Where the samples that moved lie, relative to the store''s root.';
COMMENT ON COLUMN caco.reverification.rows IS 'How many moved.';
COMMENT ON COLUMN caco.reverification.sha256 IS 'Of that object.';

CREATE TABLE caco.reverification_move (
    reverification_no integer NOT NULL CONSTRAINT move_is_of_a_reverification REFERENCES caco.reverification (reverification_no) ON DELETE CASCADE,
    from_stage        caco.stage NOT NULL,
    from_outcome      caco.outcome NOT NULL,
    from_reason       caco.reason,
    to_stage          caco.stage NOT NULL,
    to_outcome        caco.outcome NOT NULL,
    to_reason         caco.reason,
    samples           bigint NOT NULL CONSTRAINT a_move_has_samples CHECK (samples > 0),
    CONSTRAINT a_move_is_counted_once UNIQUE NULLS NOT DISTINCT
        (reverification_no, from_stage, from_outcome, from_reason, to_stage, to_outcome, to_reason)
);
COMMENT ON TABLE  caco.reverification_move IS 'How samples ended and end now. Grain: one row per re-verification, old end and new end; those that stayed are counted too, and the sum is reverification.read.';
COMMENT ON COLUMN caco.reverification_move.reverification_no IS 'The re-verification.';
COMMENT ON COLUMN caco.reverification_move.from_stage IS 'The last stage that judged them in the run.';
COMMENT ON COLUMN caco.reverification_move.from_outcome IS 'What it said.';
COMMENT ON COLUMN caco.reverification_move.from_reason IS 'Why. NULL: they passed.';
COMMENT ON COLUMN caco.reverification_move.to_stage IS 'The last stage that judges them now.';
COMMENT ON COLUMN caco.reverification_move.to_outcome IS 'What it says.';
COMMENT ON COLUMN caco.reverification_move.to_reason IS 'Why. NULL: they pass.';
COMMENT ON COLUMN caco.reverification_move.samples IS 'How many samples.';

CREATE TABLE caco.reverified_sample (
    reverification_no integer NOT NULL CONSTRAINT moved_in_a_reverification REFERENCES caco.reverification (reverification_no) ON DELETE CASCADE,
    sample_id         uuid NOT NULL,
    shard             integer NOT NULL,
    from_stage        caco.stage NOT NULL,
    from_outcome      caco.outcome NOT NULL,
    from_reason       caco.reason,
    to_stage          caco.stage NOT NULL,
    to_outcome        caco.outcome NOT NULL,
    to_reason         caco.reason,
    to_detail         text,
    CONSTRAINT a_sample_moves_once PRIMARY KEY (reverification_no, sample_id)
);
CREATE INDEX reverified_sample_by_id ON caco.reverified_sample (sample_id);  -- for the page of a sample
COMMENT ON TABLE  caco.reverified_sample IS 'Samples that end otherwise now. Grain: one row per re-verification and sample that moved; one that stayed has none.';
COMMENT ON COLUMN caco.reverified_sample.reverification_no IS 'The re-verification.';
COMMENT ON COLUMN caco.reverified_sample.sample_id IS 'The sample.';
COMMENT ON COLUMN caco.reverified_sample.shard IS 'Its shard in the run.';
COMMENT ON COLUMN caco.reverified_sample.from_stage IS 'The last stage that judged it in the run.';
COMMENT ON COLUMN caco.reverified_sample.from_outcome IS 'What it said.';
COMMENT ON COLUMN caco.reverified_sample.from_reason IS 'Why. NULL: it passed.';
COMMENT ON COLUMN caco.reverified_sample.to_stage IS 'The last stage that judges it now.';
COMMENT ON COLUMN caco.reverified_sample.to_outcome IS 'What it says.';
COMMENT ON COLUMN caco.reverified_sample.to_reason IS 'Why. NULL: it passes.';
COMMENT ON COLUMN caco.reverified_sample.to_detail IS 'One line for a reader: the equation, the overlapping item. NULL: there is none, or it passes.';
