-- What people are asked, what they found wrong, and when a run was planned.

ALTER TABLE caco.run ADD COLUMN planned_at timestamptz;
COMMENT ON COLUMN caco.run.planned_at IS 'When the run was first planned, as its record in the store says: the same after a rebuild. NULL: planned before records held it.';
COMMENT ON COLUMN caco.run.created_at IS 'When the run was registered here; a rebuilt ledger has the time of its rebuilding. planned_at keeps its value.';

CREATE TYPE caco.part AS ENUM ('program', 'problem', 'solution');
COMMENT ON TYPE caco.part IS 'Parts of a sample, in the order in which they are made.';

CREATE TABLE caco.audit_draw (
    draw_id       text PRIMARY KEY,
    run_id        text NOT NULL REFERENCES caco.run ON DELETE CASCADE,
    max_rows     integer NOT NULL CONSTRAINT max_rows_is_positive CHECK (max_rows > 0)
);
CREATE INDEX audit_draw_by_run ON caco.audit_draw (run_id);
COMMENT ON TABLE  caco.audit_draw IS 'Random draws of rows for people to judge. Grain: one row per draw.';
COMMENT ON COLUMN caco.audit_draw.draw_id IS 'Hash of run and max_rows: the same again is the same draw. A larger draw of a run holds the smaller one.';
COMMENT ON COLUMN caco.audit_draw.run_id IS 'The run that it is drawn from.';
COMMENT ON COLUMN caco.audit_draw.max_rows IS 'At most so many rows of each stratum.';

CREATE TABLE caco.audit_stratum (
    draw_id text NOT NULL REFERENCES caco.audit_draw ON DELETE CASCADE,
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
    draw_id    text NOT NULL,
    subject_id text NOT NULL,
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

ALTER TABLE caco.audit ADD COLUMN wrong_part caco.part;
ALTER TABLE caco.audit ADD CONSTRAINT only_what_fails_has_a_wrong_part CHECK (wrong_part IS NULL OR answer = 'fail');
COMMENT ON COLUMN caco.audit.wrong_part IS 'The first part that is wrong: what comes after it need not be. NULL: the record is not wrong, or the person did not say.';
COMMENT ON COLUMN caco.audit.stage IS 'The stage that had the last word on the record.';

CREATE FUNCTION caco.share_low(hits double precision, hits_down double precision, rest double precision, rest_up double precision)
RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE
        WHEN hits + rest <= 0 THEN NULL
        WHEN hits <= hits_down THEN 0
        WHEN rest = 0 AND rest_up = 0 THEN 1
        ELSE (hits * hits - hits_down * hits_down) / (
            (hits * hits - hits_down * hits_down)
            + hits * rest + sqrt(rest * rest * hits_down * hits_down + rest_up * rest_up * (hits * hits - hits_down * hits_down)))
    END;
COMMENT ON FUNCTION caco.share_low(double precision, double precision, double precision, double precision) IS 'Lower end of the interval of hits / (hits + rest), two independent estimates: hits may be too high by hits_down, rest too low by rest_up, each at 95 %. The upper end is 1 - the lower end of rest / (hits + rest). NULL where both are 0.';
