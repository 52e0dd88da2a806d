"""What the windows ask of audits: draws and how far they are, what one person said, and how far people agree."""

from sqlalchemy import Connection, text

from caco_tasks.errors import AmbiguousIdError, UnknownIdError
from caco_tasks.ledger.answer_rows import Row, read_one, read_rows
from caco_tasks.ledger.connection import id_range

# of a run the largest draw counts: it holds the others
_WAITING = text("""
    SELECT count(*) AS draws, coalesce(sum(open.rows), 0)::bigint AS rows
    FROM (SELECT DISTINCT ON (run_id) run_id, draw_id FROM caco.audit_draw ORDER BY run_id, max_rows DESC) AS draw
    CROSS JOIN LATERAL (
        SELECT count(*) AS rows FROM caco.audit_row AS drawn
        WHERE drawn.draw_id = draw.draw_id AND NOT EXISTS (
            SELECT FROM caco.audit WHERE audit.run_id = draw.run_id AND audit.subject_id = drawn.subject_id)
    ) AS open
    WHERE open.rows > 0
""")
_DRAWS = text("""
    SELECT caco.hex(draw.draw_id) AS draw_id, caco.hex(draw.run_id) AS run_id, run.pipeline,
        CAST(run.partition AS text) AS partition, run.config ->> 'name' AS config, draw.max_rows,
        (SELECT count(*) FROM caco.audit_row WHERE audit_row.draw_id = draw.draw_id) AS rows,
        (SELECT count(DISTINCT audit.subject_id) FROM caco.audit_row JOIN caco.audit USING (subject_id)
            WHERE audit_row.draw_id = draw.draw_id AND audit.run_id = draw.run_id) AS answered,
        (SELECT count(DISTINCT audit.subject_id) FROM caco.audit_row JOIN caco.audit USING (subject_id)
            WHERE audit_row.draw_id = draw.draw_id AND audit.run_id = draw.run_id AND audit.person = :person)
            AS answered_by_person,
        ARRAY(SELECT DISTINCT audit.person FROM caco.audit WHERE audit.run_id = draw.run_id ORDER BY 1) AS people
    FROM caco.audit_draw AS draw
    JOIN caco.run ON run.run_id = draw.run_id
    ORDER BY run.partition DESC, coalesce(run.planned_at, run.created_at) DESC, draw.max_rows DESC, draw.draw_id
    LIMIT :most
""")
_FIND = text("""
    SELECT caco.hex(run_id) AS run_id, caco.hex(draw_id) AS draw_id FROM caco.audit_draw
    WHERE draw_id BETWEEN CAST(:first AS uuid) AND CAST(:last AS uuid) ORDER BY draw_id LIMIT 2
""")
_SAID = text("""
    SELECT caco.hex(subject_id) AS subject_id, CAST(answer AS text) AS answer, CAST(wrong_part AS text) AS wrong_part, note,
        answered_at
    FROM caco.audit WHERE run_id = CAST(:run_id AS uuid) AND person = :person
    ORDER BY answered_at, subject_id
    LIMIT 10000
""")
_PAIRS = text("""
    SELECT a.person AS one, b.person AS other, CAST(a.answer AS text) AS one_says, CAST(b.answer AS text) AS other_says,
        count(*) AS rows
    FROM caco.audit AS a
    JOIN caco.audit AS b USING (run_id, stage, subject_id)
    WHERE a.person < b.person
    GROUP BY a.person, b.person, a.answer, b.answer
    ORDER BY a.person, b.person
    LIMIT 5000
""")
_CONFUSION = text("""
    SELECT caco.hex(confusion.run_id) AS run_id, run.pipeline, CAST(run.partition AS text) AS partition,
        run.config ->> 'name' AS config, confusion.check_name, confusion.people, confusion.rows_judged,
        confusion.rows_undecided, confusion.covered_share, confusion.false_pass_share, confusion.false_pass_low,
        confusion.false_pass_high, confusion.false_fail_share, confusion.false_fail_low, confusion.false_fail_high,
        confusion.wrong_of_passed_share, confusion.wrong_of_passed_low, confusion.wrong_of_passed_high
    FROM caco.judge_confusion AS confusion
    JOIN caco.run USING (run_id)
    WHERE CAST(:run_id AS uuid) IS NULL OR confusion.run_id = CAST(:run_id AS uuid)
    ORDER BY run.partition DESC, confusion.run_id, confusion.check_name
    LIMIT 500
""")


def count_waiting(connection: Connection) -> Row:
    """How many rows nobody has judged yet, and in how many draws."""
    return read_one(connection, _WAITING)


def list_draws(connection: Connection, person: str, *, most: int) -> list[Row]:
    """The draws of the newest runs, and how many of their rows anybody, and one person, has judged."""
    return read_rows(connection, _DRAWS, {"person": person, "most": most})


def find_draw_id(connection: Connection, prefix: str) -> str:
    """The whole id of a draw.

    Raises:
        UnknownIdError: no draw begins so.
        AmbiguousIdError: more than one does.
    """
    ids = id_range(prefix) if prefix else None
    found = read_rows(connection, _FIND, {"first": ids[0], "last": ids[1]}) if ids else []
    if not found:
        raise UnknownIdError(
            f"There is no draw '{prefix}' in the ledger: trigger caco_audit, or run `caco audit draw`."
        )
    if len(found) > 1:
        raise AmbiguousIdError(f"More than one draw begins with '{prefix}': give more of its id.")
    return str(found[0]["draw_id"])


def said_by(connection: Connection, run_id: str, person: str) -> list[Row]:
    """All that a person said of the rows of a run, in the order in which they said it."""
    return read_rows(connection, _SAID, {"run_id": run_id, "person": person})


def agreement_pairs(connection: Connection) -> list[Row]:
    """How often two people gave which answers to the same rows."""
    return read_rows(connection, _PAIRS)


def confusion_of_checks(connection: Connection, run_id: str | None = None) -> list[Row]:
    """How often checks err, of one run or of all that people have judged."""
    return read_rows(connection, _CONFUSION, {"run_id": run_id})
