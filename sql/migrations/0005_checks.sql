-- Who was first, what overlaps a benchmark, and what people said.

CREATE TABLE caco.fingerprint (
    kind       text NOT NULL,
    hash       text NOT NULL,
    owner      text NOT NULL,
    run_id     text NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT one_owner_per_kind_and_hash PRIMARY KEY (kind, hash)
);
CREATE INDEX fingerprint_by_owner ON caco.fingerprint (owner);
COMMENT ON TABLE  caco.fingerprint IS 'Claims of dedup over all runs: the first to claim a hash owns it, and owns it again when it claims again. Grain: one row per kind and hash.';
COMMENT ON COLUMN caco.fingerprint.kind IS 'What was hashed, with the version of the recipe.';
COMMENT ON COLUMN caco.fingerprint.hash IS 'The hash.';
COMMENT ON COLUMN caco.fingerprint.owner IS 'sample_id or seed_id that claimed it first.';
COMMENT ON COLUMN caco.fingerprint.run_id IS 'The run of the owner.';
COMMENT ON COLUMN caco.fingerprint.claimed_at IS 'When it was claimed, or loaded again.';

CREATE TABLE caco.benchmark_overlap (
    run_id       text NOT NULL,
    stage        caco.stage NOT NULL,
    subject_id   text NOT NULL,
    number       integer NOT NULL,
    shard        integer NOT NULL,
    benchmark    text NOT NULL,
    item         text NOT NULL,
    rule         text NOT NULL,
    score        double precision NOT NULL CONSTRAINT score_is_0_to_1 CHECK (score BETWEEN 0 AND 1),
    matched_text text NOT NULL,
    PRIMARY KEY (run_id, stage, subject_id, number),
    CONSTRAINT overlap_is_of_a_shard FOREIGN KEY (run_id, stage, shard) REFERENCES caco.shard ON DELETE CASCADE
);
COMMENT ON TABLE  caco.benchmark_overlap IS 'Evidence that a record overlaps a protected benchmark item. Grain: one row per run, stage, subject and finding.';
COMMENT ON COLUMN caco.benchmark_overlap.run_id IS 'The run.';
COMMENT ON COLUMN caco.benchmark_overlap.stage IS 'The stage that looked: decontaminate.';
COMMENT ON COLUMN caco.benchmark_overlap.subject_id IS 'The sample.';
COMMENT ON COLUMN caco.benchmark_overlap.number IS 'Number of the finding within the sample, from 0.';
COMMENT ON COLUMN caco.benchmark_overlap.shard IS 'The shard of that stage.';
COMMENT ON COLUMN caco.benchmark_overlap.benchmark IS 'Name of the benchmark.';
COMMENT ON COLUMN caco.benchmark_overlap.item IS 'The item''s id within it.';
COMMENT ON COLUMN caco.benchmark_overlap.rule IS 'The rule that found it, such as exact, ngram or masked.';
COMMENT ON COLUMN caco.benchmark_overlap.score IS 'How alike, 0 to 1.';
COMMENT ON COLUMN caco.benchmark_overlap.matched_text IS 'What they share.';

CREATE TABLE caco.audit (
    run_id      text NOT NULL REFERENCES caco.run ON DELETE CASCADE,
    stage       caco.stage NOT NULL,
    subject_id  text NOT NULL,
    person      text NOT NULL,
    answer      caco.outcome NOT NULL,
    note        text,
    answered_at timestamptz NOT NULL,
    CONSTRAINT one_answer_per_person_and_subject PRIMARY KEY (run_id, stage, subject_id, person)
);
COMMENT ON TABLE  caco.audit IS 'What people said of records that a stage had judged. Grain: one row per run, stage, subject and person.';
COMMENT ON COLUMN caco.audit.run_id IS 'The run.';
COMMENT ON COLUMN caco.audit.stage IS 'The stage whose verdict is held against the person''s.';
COMMENT ON COLUMN caco.audit.subject_id IS 'seed_id or sample_id.';
COMMENT ON COLUMN caco.audit.person IS 'Who answered.';
COMMENT ON COLUMN caco.audit.answer IS 'pass: the record is right. fail: it is wrong. unknown: the person cannot tell.';
COMMENT ON COLUMN caco.audit.note IS 'What else the person said. NULL: nothing.';
COMMENT ON COLUMN caco.audit.answered_at IS 'When the person answered.';
