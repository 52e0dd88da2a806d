-- What came of it: trained models, published datasets, answers to benchmarks, and what people said.

CREATE TABLE caco.model (
    output_no       integer PRIMARY KEY REFERENCES caco.output ON DELETE CASCADE,
    model_id        text NOT NULL,
    run_id          uuid NOT NULL,
    role            text NOT NULL,
    parent          text,
    training        text,
    data_hash       text NOT NULL,
    config          jsonb NOT NULL,
    metrics         jsonb NOT NULL,
    uri             text NOT NULL,
    sha256          text NOT NULL CONSTRAINT sha256_is_hex CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    accepted        boolean NOT NULL,
    refused_because text,
    CONSTRAINT an_accepted_model_has_no_reason_against_it CHECK (NOT accepted OR refused_because IS NULL)
);
CREATE INDEX model_by_id ON caco.model (model_id);
COMMENT ON TABLE  caco.model IS 'Models trained by the stages train and student. Grain: one row per output; those that train the same on the same make the same model. A model that only came from outside has no row.';
COMMENT ON COLUMN caco.model.output_no IS 'The output that made it; runs that share it share the model.';
COMMENT ON COLUMN caco.model.model_id IS 'Hash of what it was trained from and on.';
COMMENT ON COLUMN caco.model.run_id IS 'The run that trained it.';
COMMENT ON COLUMN caco.model.role IS 'What it is for: codegen, unifier, reverser, solver, judge, or student.';
COMMENT ON COLUMN caco.model.parent IS 'The model whose weights it began with. NULL: trained from scratch.';
COMMENT ON COLUMN caco.model.training IS 'Hash of seeds, their programs and training settings: nightly runs of the same hash may use it. NULL: a student.';
COMMENT ON COLUMN caco.model.data_hash IS 'Hash of the records it was trained on.';
COMMENT ON COLUMN caco.model.config IS 'Settings of the training.';
COMMENT ON COLUMN caco.model.metrics IS 'What was measured: held-out loss before and after, the curve of the training loss, steps, tokens, and of CodeGen the yield of programs sampled from it.';
COMMENT ON COLUMN caco.model.uri IS 'Folder of the weights below the store''s root.';
COMMENT ON COLUMN caco.model.sha256 IS 'SHA-256 of the weights.';
COMMENT ON COLUMN caco.model.accepted IS 'Whether nightly runs may sample from it.';
COMMENT ON COLUMN caco.model.refused_because IS 'Why nightly runs may not sample from it, in one sentence. NULL: it was accepted.';

CREATE TABLE caco.dataset (
    dataset_no   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dataset      text NOT NULL,
    version      text NOT NULL,
    run_id       uuid NOT NULL CONSTRAINT dataset_is_of_a_run REFERENCES caco.run ON DELETE CASCADE,
    partition    date NOT NULL,
    rows         bigint NOT NULL CONSTRAINT rows_is_not_negative CHECK (rows >= 0),
    code_version text NOT NULL,
    files        jsonb NOT NULL,
    facts        jsonb NOT NULL,
    CONSTRAINT a_version_is_made_once UNIQUE (dataset, version)
);
CREATE INDEX dataset_by_run ON caco.dataset (run_id);
COMMENT ON TABLE  caco.dataset IS 'Datasets, published or not: caco.dataset_state says. Grain: one row per dataset and version; a version never changes.';
COMMENT ON COLUMN caco.dataset.dataset_no IS 'Number within this ledger.';
COMMENT ON COLUMN caco.dataset.dataset IS 'Name.';
COMMENT ON COLUMN caco.dataset.version IS 'Version; together with the name its folder below datasets/ in the store.';
COMMENT ON COLUMN caco.dataset.run_id IS 'The nightly run that made it; a run that shares the output of its stage publish has it too.';
COMMENT ON COLUMN caco.dataset.partition IS 'The run''s partition.';
COMMENT ON COLUMN caco.dataset.rows IS 'Published rows.';
COMMENT ON COLUMN caco.dataset.code_version IS 'Package and commit that made it.';
COMMENT ON COLUMN caco.dataset.files IS 'Its parquet files, numbered from 0: uri, rows, bytes, sha256.';
COMMENT ON COLUMN caco.dataset.facts IS 'What else its manifest says; empty object where nothing.';

CREATE TABLE caco.dataset_state (
    dataset_no integer NOT NULL REFERENCES caco.dataset ON DELETE CASCADE,
    number     integer NOT NULL CONSTRAINT number_is_not_negative CHECK (number >= 0),
    state      caco.state NOT NULL,
    by         text NOT NULL,
    because    text,
    at         timestamptz NOT NULL,
    CONSTRAINT one_state_per_dataset_and_number PRIMARY KEY (dataset_no, number)
);
COMMENT ON TABLE  caco.dataset_state IS 'Every state that a dataset was given, and by whom; the last one counts. Grain: one row per dataset and change.';
COMMENT ON COLUMN caco.dataset_state.dataset_no IS 'The dataset.';
COMMENT ON COLUMN caco.dataset_state.number IS 'Number of the change, from 0.';
COMMENT ON COLUMN caco.dataset_state.state IS 'The state from then on.';
COMMENT ON COLUMN caco.dataset_state.by IS 'Who changed it: a person, or the stage.';
COMMENT ON COLUMN caco.dataset_state.because IS 'Why. NULL: nobody said.';
COMMENT ON COLUMN caco.dataset_state.at IS 'When.';

CREATE TABLE caco.dataset_row (
    dataset_no integer NOT NULL CONSTRAINT row_is_of_a_dataset REFERENCES caco.dataset ON DELETE CASCADE,
    sample_id  uuid NOT NULL,
    file       smallint NOT NULL CONSTRAINT file_is_not_negative CHECK (file >= 0),
    row        integer NOT NULL CONSTRAINT row_is_not_negative CHECK (row >= 0),
    CONSTRAINT a_sample_is_published_once_per_version UNIQUE (sample_id, dataset_no)  -- in this order it also finds a sample
);
CREATE INDEX dataset_row_by_dataset ON caco.dataset_row USING brin (dataset_no);
COMMENT ON TABLE  caco.dataset_row IS 'Rows of datasets. Grain: one row per dataset, version and sample.';
COMMENT ON COLUMN caco.dataset_row.dataset_no IS 'The dataset.';
COMMENT ON COLUMN caco.dataset_row.sample_id IS 'The sample that was published.';
COMMENT ON COLUMN caco.dataset_row.file IS 'Number of the file among those of the dataset, from 0.';
COMMENT ON COLUMN caco.dataset_row.row IS 'Row of that file, from 0.';

CREATE TABLE caco.attempt (
    output_no  integer NOT NULL REFERENCES caco.output ON DELETE CASCADE,
    attempt_id uuid NOT NULL,
    contender  text NOT NULL CONSTRAINT contender_is_base_or_student CHECK (contender IN ('base', 'student')),
    benchmark  text NOT NULL,
    item       text NOT NULL,
    number     integer NOT NULL CONSTRAINT number_is_not_negative CHECK (number >= 0),
    outcome    caco.outcome NOT NULL,
    CONSTRAINT one_attempt_of_a_kind PRIMARY KEY (output_no, attempt_id)
);
COMMENT ON TABLE  caco.attempt IS 'Answers of a base and of its student to benchmark items. Grain: one row per output of the stage evaluate and attempt. Why it failed, and its text: view verdict.';
COMMENT ON COLUMN caco.attempt.output_no IS 'The output that holds it.';
COMMENT ON COLUMN caco.attempt.attempt_id IS 'Hash that tells it from every other attempt.';
COMMENT ON COLUMN caco.attempt.contender IS 'base, or student: the base after training on the dataset.';
COMMENT ON COLUMN caco.attempt.benchmark IS 'Name of the benchmark; bank is the bundled bank with numbers that nothing was trained on.';
COMMENT ON COLUMN caco.attempt.item IS 'The item''s id in the benchmark, or its position.';
COMMENT ON COLUMN caco.attempt.number IS '0: the greedy answer. From 1 up: the sampled answers of pass@k.';
COMMENT ON COLUMN caco.attempt.outcome IS 'pass: the answer is right. fail: it is wrong. unknown: no checker could decide.';

-- What people are asked and what they said. Their answers lie in the store, too; nothing else here comes from a person.

CREATE TABLE caco.audit_draw (
    draw_id  uuid PRIMARY KEY,
    run_id   uuid NOT NULL REFERENCES caco.run ON DELETE CASCADE,
    max_rows integer NOT NULL CONSTRAINT max_rows_is_positive CHECK (max_rows > 0)
);
CREATE INDEX audit_draw_by_run ON caco.audit_draw (run_id);
COMMENT ON TABLE  caco.audit_draw IS 'Random draws of rows for people to judge. Grain: one row per draw.';
COMMENT ON COLUMN caco.audit_draw.draw_id IS 'Hash of run and max_rows: the same again is the same draw. A larger draw of a run holds the smaller one.';
COMMENT ON COLUMN caco.audit_draw.run_id IS 'The run that it is drawn from.';
COMMENT ON COLUMN caco.audit_draw.max_rows IS 'At most so many rows of each stratum.';

CREATE TABLE caco.audit_stratum (
    draw_id uuid NOT NULL REFERENCES caco.audit_draw ON DELETE CASCADE,
    stratum integer NOT NULL CONSTRAINT stratum_is_not_negative CHECK (stratum >= 0),
    stage   caco.stage NOT NULL,
    outcome caco.outcome NOT NULL,
    reason  caco.reason,
    rows    bigint NOT NULL,
    drawn   bigint NOT NULL,
    PRIMARY KEY (draw_id, stratum),
    CONSTRAINT drawn_is_0_to_rows CHECK (drawn BETWEEN 0 AND rows),
    CONSTRAINT passed_has_no_reason CHECK ((reason IS NULL) = (outcome = 'pass'))
);
COMMENT ON TABLE  caco.audit_stratum IS 'Strata of a draw: the rows of the run that ended at one stage in one way. Grain: one row per draw and stratum.';
COMMENT ON COLUMN caco.audit_stratum.draw_id IS 'The draw.';
COMMENT ON COLUMN caco.audit_stratum.stratum IS 'Number within the draw, from 0.';
COMMENT ON COLUMN caco.audit_stratum.stage IS 'The check that had the last word on these rows.';
COMMENT ON COLUMN caco.audit_stratum.outcome IS 'pass: accepted by every check. fail, unknown: what that check said.';
COMMENT ON COLUMN caco.audit_stratum.reason IS 'Why. NULL: accepted.';
COMMENT ON COLUMN caco.audit_stratum.rows IS 'Rows of the run in this stratum.';
COMMENT ON COLUMN caco.audit_stratum.drawn IS 'Rows of them that were drawn: fewer than max_rows only where no more have a text to read.';

CREATE TABLE caco.audit_row (
    draw_id    uuid NOT NULL,
    subject_id uuid NOT NULL,
    stratum    integer NOT NULL,
    number     integer NOT NULL CONSTRAINT number_is_not_negative CHECK (number >= 0),
    PRIMARY KEY (draw_id, subject_id),
    CONSTRAINT one_row_per_number UNIQUE (draw_id, number),
    CONSTRAINT row_is_of_a_stratum FOREIGN KEY (draw_id, stratum) REFERENCES caco.audit_stratum ON DELETE CASCADE
);
COMMENT ON TABLE  caco.audit_row IS 'Rows of a draw. Grain: one row per draw and subject.';
COMMENT ON COLUMN caco.audit_row.draw_id IS 'The draw.';
COMMENT ON COLUMN caco.audit_row.subject_id IS 'The sample.';
COMMENT ON COLUMN caco.audit_row.stratum IS 'The stratum that it was drawn from.';
COMMENT ON COLUMN caco.audit_row.number IS 'Place in the order in which people see the rows, from 0; the order tells nothing of the strata.';

CREATE TABLE caco.audit (
    run_id      uuid NOT NULL CONSTRAINT audit_is_of_a_run REFERENCES caco.run ON DELETE CASCADE,
    stage       caco.stage NOT NULL,
    subject_id  uuid NOT NULL,
    person      text NOT NULL,
    answer      caco.outcome NOT NULL,
    wrong_part  caco.part,
    note        text,
    answered_at timestamptz NOT NULL,
    CONSTRAINT one_answer_per_person_and_subject PRIMARY KEY (run_id, stage, subject_id, person),
    CONSTRAINT only_what_fails_has_a_wrong_part CHECK (wrong_part IS NULL OR answer = 'fail')
);
COMMENT ON TABLE  caco.audit IS 'What people said of records that a stage had judged. Grain: one row per run, stage, subject and person.';
COMMENT ON COLUMN caco.audit.run_id IS 'The run.';
COMMENT ON COLUMN caco.audit.stage IS 'The stage that had the last word on the record.';
COMMENT ON COLUMN caco.audit.subject_id IS 'The sample.';
COMMENT ON COLUMN caco.audit.person IS 'Who answered.';
COMMENT ON COLUMN caco.audit.answer IS 'pass: the record is right. fail: it is wrong. unknown: the person cannot tell.';
COMMENT ON COLUMN caco.audit.wrong_part IS 'The first part that is wrong: what comes after it need not be. NULL: the record is not wrong, or the person did not say.';
COMMENT ON COLUMN caco.audit.note IS 'What else the person said. NULL: nothing.';
COMMENT ON COLUMN caco.audit.answered_at IS 'When the person answered.';
