-- Why a trained model is not used, and what it was held against.

ALTER TABLE caco.run
    ADD COLUMN accepted_yield double precision
        CONSTRAINT accepted_yield_is_a_share CHECK (accepted_yield BETWEEN 0 AND 1);
COMMENT ON COLUMN caco.run.accepted_yield IS 'Share of sampled programs that ran, of the CodeGen in use when a run of the pipeline codegen was planned: what the new model is held against. NULL: another pipeline, or none was in use, or its yield was not measured.';

ALTER TABLE caco.model
    ADD COLUMN refused_because text,
    ADD CONSTRAINT an_accepted_model_has_no_reason_against_it CHECK (NOT accepted OR refused_because IS NULL);
COMMENT ON COLUMN caco.model.refused_because IS 'Why nightly runs may not sample from it, in one sentence. NULL: it was accepted.';
COMMENT ON COLUMN caco.model.metrics IS 'What was measured: held-out loss before and after, the curve of the training loss, steps, tokens, and of CodeGen the yield of programs sampled from it.';
