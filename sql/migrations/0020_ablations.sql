-- Ablations: the same samples with and without each check, a student of each, and what that says of the checks.

ALTER TYPE caco.reason ADD VALUE 'answers_not_compared' AFTER 'not_understood';  -- the rule that answers agree was off
ALTER TYPE caco.reason ADD VALUE 'not_judged' AFTER 'ill_posed';  -- the rules on what the judge says were off

CREATE TABLE caco.ablation (
    ablation_id    uuid PRIMARY KEY,
    name           text NOT NULL,
    title          text NOT NULL,
    source         text,
    config         text NOT NULL,
    partition      date NOT NULL,
    reference_arm  text NOT NULL,
    reference_size integer CONSTRAINT reference_size_is_positive CHECK (reference_size > 0),
    planned_at     timestamptz NOT NULL
);
COMMENT ON TABLE  caco.ablation IS 'Ablations: one table of arms over the samples of one date. Grain: one row per ablation.';
COMMENT ON COLUMN caco.ablation.ablation_id IS 'Hash of the table, the config and the date.';
COMMENT ON COLUMN caco.ablation.name IS 'Name of the table: that of its file.';
COMMENT ON COLUMN caco.ablation.title IS 'What it asks, for a reader.';
COMMENT ON COLUMN caco.ablation.source IS 'Where the question comes from, as a paper and its table. NULL: nowhere.';
COMMENT ON COLUMN caco.ablation.config IS 'Name of the config that all arms change.';
COMMENT ON COLUMN caco.ablation.partition IS 'Date of the samples.';
COMMENT ON COLUMN caco.ablation.reference_arm IS 'The arm that all others are compared with.';
COMMENT ON COLUMN caco.ablation.reference_size IS 'The size of the reference that all cells are compared with. NULL: each with its own.';
COMMENT ON COLUMN caco.ablation.planned_at IS 'When it was first planned.';

CREATE TABLE caco.ablation_arm (
    ablation_id uuid NOT NULL CONSTRAINT arm_is_of_an_ablation REFERENCES caco.ablation ON DELETE CASCADE,
    arm         text NOT NULL,
    place       integer NOT NULL,
    overrides   text[] NOT NULL,
    run_id      uuid NOT NULL,  -- no foreign key: an arm is planned before the CodeGen that its run needs is trained
    dataset     text,
    rows        bigint CONSTRAINT rows_are_not_negative CHECK (rows >= 0),
    CONSTRAINT an_arm_is_named_once PRIMARY KEY (ablation_id, arm)
);
COMMENT ON TABLE  caco.ablation_arm IS 'Arms of ablations: a nightly run over the same samples with other settings. Grain: one row per ablation and arm.';
COMMENT ON COLUMN caco.ablation_arm.ablation_id IS 'Which ablation.';
COMMENT ON COLUMN caco.ablation_arm.arm IS 'Name of the arm.';
COMMENT ON COLUMN caco.ablation_arm.place IS 'Its number in the table, from 0.';
COMMENT ON COLUMN caco.ablation_arm.overrides IS 'The settings that it changes, as key.path=value.';
COMMENT ON COLUMN caco.ablation_arm.run_id IS 'Its nightly run, which may not be planned yet.';
COMMENT ON COLUMN caco.ablation_arm.dataset IS 'Its dataset as name/version, staged for ever. NULL: not made yet.';
COMMENT ON COLUMN caco.ablation_arm.rows IS 'Rows of that dataset. NULL: not made yet.';

CREATE TABLE caco.ablation_cell (
    ablation_id uuid NOT NULL,
    arm         text NOT NULL,
    size        integer CONSTRAINT size_is_positive CHECK (size > 0),
    repeat      integer NOT NULL CONSTRAINT repeat_is_not_negative CHECK (repeat >= 0),
    rows        bigint NOT NULL CONSTRAINT learnt_rows_are_not_negative CHECK (rows >= 0),
    run_id      uuid,
    CONSTRAINT a_cell_is_of_an_arm FOREIGN KEY (ablation_id, arm) REFERENCES caco.ablation_arm ON DELETE CASCADE,
    CONSTRAINT a_cell_has_each_student_once UNIQUE NULLS NOT DISTINCT (ablation_id, arm, size, repeat)
);
COMMENT ON TABLE  caco.ablation_cell IS 'Students of ablations. Grain: one row per ablation, arm, size and repeat. Where two arms have the very same rows they share the student.';
COMMENT ON COLUMN caco.ablation_cell.ablation_id IS 'Which ablation.';
COMMENT ON COLUMN caco.ablation_cell.arm IS 'Which arm.';
COMMENT ON COLUMN caco.ablation_cell.size IS 'How many rows were to be learnt from. NULL: all of the dataset.';
COMMENT ON COLUMN caco.ablation_cell.repeat IS 'Number of the student: each learns the same rows in another order.';
COMMENT ON COLUMN caco.ablation_cell.rows IS 'How many rows it learns from: fewer than the size where the dataset has no more.';
COMMENT ON COLUMN caco.ablation_cell.run_id IS 'The evaluation that trains and scores it. NULL: there are no rows to learn from.';

CREATE FUNCTION caco.t_975(freedom double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN
    CASE WHEN freedom >= 3 THEN
        1.959964 + 2.372271 / freedom + 2.822499 / freedom ^ 2 + 2.555853 / freedom ^ 3 + 1.589536 / freedom ^ 4
    WHEN freedom >= 2 THEN 4.302653
    WHEN freedom >= 1 THEN 12.706205
    END;
COMMENT ON FUNCTION caco.t_975(double precision) IS 'The 97.5 % point of Student''s t, by Cornish and Fisher''s expansion (within 0.5 % from 3 degrees of freedom on). NULL below 1.';
