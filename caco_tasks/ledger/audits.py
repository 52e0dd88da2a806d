"""What people are asked and what they said: draws of rows, and answers, registered here and kept in the store."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from caco_tasks.ledger.connection import clean, id_range
from caco_tasks.pipeline import STAGES
from caco_tasks.records import Outcome, Reason
from caco_tasks.store import Store
from caco_tasks.store.manifest import parse_stored
from caco_tasks.store.registry import AuditAnswers, AuditDraw, AuditRecord, audit_uri

# what these say can be seen from the row alone; whether a fingerprint was claimed before, cannot
CHECKS = tuple(spec.name for spec in STAGES.values() if spec.judges is not None and not spec.claims)
ABOUT_OTHER_TEXTS = (Reason.BENCHMARK_OVERLAP, Reason.BENCHMARK_REVIEW)  # but for this, wherever it is said

# counted from the outputs: what each check did not pass, and what the last one passed
_STRATA = text("""
    SELECT CAST(stage AS text) AS stage, CAST(outcome AS text) AS outcome, CAST(reason AS text) AS reason,
        CAST(sum(records) AS bigint) AS rows
    FROM (
        SELECT place.stage, said.outcome, said.reason, said.records
        FROM caco.run JOIN caco.run_output AS place USING (run_no) JOIN caco.output_reason AS said USING (output_no)
        WHERE run.run_id = CAST(:run_id AS uuid) AND place.is_current
            AND place.stage = ANY(CAST(:checks AS caco.stage[]))
            AND said.outcome IS NOT NULL AND said.reason <> ALL(CAST(:about_other_texts AS caco.reason[]))
        UNION ALL
        SELECT place.stage, 'pass', NULL, output.passed
        FROM caco.run JOIN caco.run_output AS place USING (run_no) JOIN caco.output USING (output_no)
        WHERE run.run_id = CAST(:run_id AS uuid) AND place.is_current AND place.stage = CAST(:last AS caco.stage)
            AND output.passed > 0
    ) AS ended (stage, outcome, reason, records)
    GROUP BY ended.stage, ended.outcome, ended.reason
    ORDER BY ended.stage, ended.outcome, ended.reason
""")
# what the last check passed has ended in a later stage, whatever that said of it
_CANDIDATES = text("""
    SELECT caco.hex(fate.subject) AS subject_id, output.uri, fate.row
    FROM caco.run
    JOIN caco.run_output AS place USING (run_no)
    JOIN caco.output USING (output_no)
    JOIN caco.fate ON fate.output_no = output.output_no AND fate.partition = output.partition
    WHERE run.run_id = CAST(:run_id AS uuid) AND place.is_current AND CASE
        WHEN :outcome = 'pass' THEN place.stage > CAST(:stage AS caco.stage)
        ELSE place.stage = CAST(:stage AS caco.stage) AND fate.outcome = CAST(:outcome AS caco.outcome)
            AND fate.reason = CAST(:reason AS caco.reason)
        END
    ORDER BY md5(:run_id || caco.hex(fate.subject)), fate.subject
    OFFSET :skipped LIMIT :most
""")
_INSERT_DRAW = text("""
    INSERT INTO caco.audit_draw (draw_id, run_id, max_rows) VALUES (CAST(:draw_id AS uuid), CAST(:run_id AS uuid), :max_rows)
    ON CONFLICT (draw_id) DO NOTHING
    RETURNING draw_id
""")
_INSERT_STRATUM = text("""
    INSERT INTO caco.audit_stratum (draw_id, stratum, stage, outcome, reason, rows, drawn)
    VALUES (
        CAST(:draw_id AS uuid), :stratum, CAST(:stage AS caco.stage), CAST(:outcome AS caco.outcome),
        CAST(:reason AS caco.reason), :rows, :drawn)
""")
_INSERT_ROW = text("""
    INSERT INTO caco.audit_row (draw_id, subject_id, stratum, number)
    VALUES (CAST(:draw_id AS uuid), CAST(:subject_id AS uuid), :stratum, :number)
""")
_RUN_OF_DRAW = text("""
    SELECT caco.hex(run_id) AS run_id, caco.hex(draw_id) AS draw_id FROM caco.audit_draw
    WHERE draw_id BETWEEN CAST(:first AS uuid) AND CAST(:last AS uuid) LIMIT 2
""")
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_INSERT_ANSWER = text("""
    INSERT INTO caco.audit (run_id, stage, subject_id, person, answer, wrong_part, note, answered_at)
    VALUES (
        CAST(:run_id AS uuid), CAST(:stage AS caco.stage), CAST(:subject_id AS uuid), :person, CAST(:answer AS caco.outcome),
        CAST(:wrong_part AS caco.part), :note, CAST(:answered_at AS timestamptz))
    ON CONFLICT ON CONSTRAINT one_answer_per_person_and_subject DO UPDATE
    SET answer = EXCLUDED.answer, wrong_part = EXCLUDED.wrong_part, note = EXCLUDED.note,
        answered_at = EXCLUDED.answered_at
""")
_ANSWERS = text("""
    SELECT caco.hex(run_id) AS run_id, CAST(stage AS text) AS stage, caco.hex(subject_id) AS subject_id, person,
        CAST(answer AS text) AS answer,
        CAST(wrong_part AS text) AS wrong_part, note, answered_at
    FROM caco.audit WHERE run_id = CAST(:run_id AS uuid) AND person = :person ORDER BY audit.stage, audit.subject_id
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """The rows of a run that ended at one check in one way; those with outcome PASS were accepted by all checks."""

    stage: str
    outcome: Outcome
    reason: Reason | None
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A row of a stratum, and where its text is."""

    subject_id: str
    uri: str
    row: int  # from 0


def strata(connection: Connection, run_id: str) -> list[Stratum]:
    """The strata of a run, in the order in which records meet the checks."""
    checks = {"checks": list(CHECKS), "last": CHECKS[-1], "about_other_texts": list(ABOUT_OTHER_TEXTS)}
    values = {"run_id": run_id, **checks}
    return [
        Stratum(
            stage=row.stage,
            outcome=Outcome(row.outcome),
            reason=None if row.reason is None else Reason(row.reason),
            rows=row.rows,
        )
        for row in connection.execute(_STRATA, values)
    ]


def candidates(connection: Connection, run_id: str, stratum: Stratum, *, skipped: int, most: int) -> list[Candidate]:
    """Rows of a stratum in an order that follows from run and row alone and tells nothing else."""
    wanted = {"stage": stratum.stage, "outcome": stratum.outcome, "reason": stratum.reason}
    values = {"run_id": run_id, **wanted, "skipped": skipped, "most": most}
    return [Candidate(**row._mapping) for row in connection.execute(_CANDIDATES, values)]


def insert_draw(connection: Connection, draw: AuditDraw) -> None:
    """Registers a draw with its strata and rows, unless it is there."""
    values = draw.model_dump(mode="json")
    if connection.execute(_INSERT_DRAW, values).first() is None:  # its id is its content: it is the same draw
        return
    of_draw = {"draw_id": draw.draw_id}
    numbered = [{**of_draw, "stratum": number, **stratum} for number, stratum in enumerate(values["strata"])]
    rows = [{**of_draw, "number": number, **row} for number, row in enumerate(values["rows"])]
    for statement, parameters in ((_INSERT_STRATUM, numbered), (_INSERT_ROW, rows)):
        if parameters:
            connection.execute(statement, parameters)


def find_draws(connection: Connection, prefix: str) -> list[tuple[str, str]]:
    """Run and id of the draws whose ids begin so; two at most."""
    ids = id_range(prefix)
    if ids is None:
        return []
    rows = connection.execute(_RUN_OF_DRAW, {"first": ids[0], "last": ids[1]})
    return [(row.run_id, row.draw_id) for row in rows]


def wait_for_turn(connection: Connection, run_id: str, person: str) -> None:
    """Lets those who write answers of one person on one run do so one after the other, until the transaction ends."""
    connection.execute(_LOCK, {"name": f"caco.audit {run_id} {person}"})


def insert_answers(connection: Connection, audits: Sequence[AuditRecord]) -> None:
    """Writes answers down; a later one of the same person on the same record takes the place of the one before."""
    if audits:
        values = [audit.model_dump(mode="json") for audit in audits]
        connection.execute(_INSERT_ANSWER, [{**one, "note": clean(one["note"])} for one in values])


def answers(connection: Connection, run_id: str, person: str) -> list[AuditRecord]:
    """All that a person said of the records of a run."""
    found = connection.execute(_ANSWERS, {"run_id": run_id, "person": person})
    return [AuditRecord.model_validate(dict(row._mapping)) for row in found]


def with_stored(answers: Sequence[AuditRecord], store: Store) -> AuditAnswers:
    """A person's answers on a run with those that only the store has, as when the ledger was lost and not rebuilt."""
    uri = audit_uri(answers[0].run_id, answers[0].person)
    found = store.get(uri)
    stored = parse_stored(AuditAnswers, found, uri=uri).answers if found is not None else ()
    latest = {(answer.stage, answer.subject_id): answer for answer in (*stored, *answers)}
    return AuditAnswers(answers=tuple(latest[key] for key in sorted(latest)))
