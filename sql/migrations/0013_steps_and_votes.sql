-- Checks on the steps of a solution, how answers were compared, and every reply of a judge.

ALTER TYPE caco.reason ADD VALUE 'values_exchanged' AFTER 'no_question';
ALTER TYPE caco.reason ADD VALUE 'ungrounded_number' AFTER 'false_equation';
ALTER TYPE caco.reason ADD VALUE 'input_not_used' AFTER 'ungrounded_number';
ALTER TYPE caco.reason ADD VALUE 'answer_not_reached' AFTER 'input_not_used';
ALTER TYPE caco.reason ADD VALUE 'wrong_unit' AFTER 'answer_not_reached';
ALTER TYPE caco.reason ADD VALUE 'judges_disagree' AFTER 'unparseable_judgement';

ALTER TABLE caco.verdict ADD COLUMN method text;
COMMENT ON COLUMN caco.verdict.method IS 'How the stage agree compared the answers: method and version of the grader. NULL: another stage, or nothing was compared.';

CREATE TABLE caco.judge_vote (
    run_id                 text NOT NULL,
    stage                  caco.stage NOT NULL DEFAULT 'judge' CONSTRAINT a_vote_is_cast_in_judge CHECK (stage = 'judge'),
    subject_id             text NOT NULL,
    number                 integer NOT NULL CONSTRAINT number_is_not_negative CHECK (number >= 0),
    shard                  integer NOT NULL,
    prompt                 text NOT NULL,
    request_id             text NOT NULL,
    outcome                caco.outcome NOT NULL,
    reason                 caco.reason,
    first_disagreeing_step integer CONSTRAINT steps_count_from_1 CHECK (first_disagreeing_step >= 1),
    CONSTRAINT one_vote_per_run_subject_and_number PRIMARY KEY (run_id, subject_id, number),
    CONSTRAINT vote_is_of_a_shard FOREIGN KEY (run_id, stage, shard) REFERENCES caco.shard ON DELETE CASCADE,
    CONSTRAINT voted_down_has_a_reason CHECK ((outcome = 'pass') = (reason IS NULL))
);
COMMENT ON TABLE  caco.judge_vote IS 'Every reply of a judge; the verdict of the stage judge is what more than half of a sample''s replies say. Grain: one row per run, sample and reply.';
COMMENT ON COLUMN caco.judge_vote.run_id IS 'The run.';
COMMENT ON COLUMN caco.judge_vote.stage IS 'The stage that asked: judge.';
COMMENT ON COLUMN caco.judge_vote.subject_id IS 'The sample.';
COMMENT ON COLUMN caco.judge_vote.number IS 'Number of the reply among those about the sample, from 0.';
COMMENT ON COLUMN caco.judge_vote.shard IS 'The shard of that stage, which holds the reply''s text.';
COMMENT ON COLUMN caco.judge_vote.prompt IS 'Name and version of the template: it tells the order of solution and program.';
COMMENT ON COLUMN caco.judge_vote.request_id IS 'Hash of template, model, parameters, input and sample index.';
COMMENT ON COLUMN caco.judge_vote.outcome IS 'What this reply says.';
COMMENT ON COLUMN caco.judge_vote.reason IS 'Why it is no pass. NULL exactly when it is one.';
COMMENT ON COLUMN caco.judge_vote.first_disagreeing_step IS 'The step of the solution that it names, from 1. NULL: none.';
