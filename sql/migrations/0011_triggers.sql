-- Which runs of the scheduler planned a run: the way from its pages to ours, and back.

CREATE TABLE caco.run_trigger (
    run_id       uuid NOT NULL CONSTRAINT trigger_is_of_a_run REFERENCES caco.run ON DELETE CASCADE,
    dag_id       text NOT NULL,
    dag_run_id   text NOT NULL,
    triggered_at timestamptz NOT NULL,
    CONSTRAINT a_trigger_plans_a_run_once PRIMARY KEY (dag_id, dag_run_id, run_id)  -- in this order it is found from the scheduler's page
);
CREATE INDEX run_trigger_by_run ON caco.run_trigger (run_id, triggered_at);  -- the newest of a run, for the table of runs
COMMENT ON TABLE  caco.run_trigger IS 'Runs of the scheduler that planned a run, or found it planned. Grain: one row per run of the scheduler and run; a run that nobody scheduled has none.';
COMMENT ON COLUMN caco.run_trigger.run_id IS 'The run that was planned.';
COMMENT ON COLUMN caco.run_trigger.dag_id IS 'The scheduler''s name for what it ran: an Airflow DAG.';
COMMENT ON COLUMN caco.run_trigger.dag_run_id IS 'The scheduler''s own id of that run.';
COMMENT ON COLUMN caco.run_trigger.triggered_at IS 'When it planned this run first.';
