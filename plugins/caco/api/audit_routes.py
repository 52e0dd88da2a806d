"""Audits: what waits for the person who is logged in, and their answers."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path

from caco.api.dependencies import ArchiveDep, Id, PersonDep
from caco_tasks.ledger.audit_queries import list_draws
from caco_tasks.reports.audit_report import MAX_DRAWS, AuditAnswer, AuditReport, AuditTaken, audit_report

router = APIRouter(tags=["audits"])
answer_router = APIRouter(tags=["audits"])


@router.get("/audits", operation_id="getAudits")
def get_audits(archive: ArchiveDep, person: PersonDep, draw: Id = None) -> AuditReport:
    """Rows that wait, how far the draws are, and how far people and checks agree."""
    return audit_report(archive, person=person, draw=draw)


@answer_router.post("/audits/{sample_id}", operation_id="answerAudit")
def post_answer(
    archive: ArchiveDep,
    person: PersonDep,
    sample_id: Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="The row's sample, its whole id.")],
    said: AuditAnswer,
) -> AuditTaken:
    """Writes an answer down in the name of who is logged in; a later one takes the earlier's place."""
    from caco_tasks import audit_tasks
    from caco_tasks.audit import RowAnswer

    answered = RowAnswer(row=sample_id, answer=said.answer, note=(said.note or "").strip() or None)
    taken = audit_tasks.audit_record(said.draw_id, [answered], person=person, answered_at=datetime.now(UTC))
    with archive.ledger.reading() as connection:
        draws = list_draws(connection, person, most=MAX_DRAWS)
    progress = next((row["answered_by_person"] for row in draws if row["draw_id"] == taken["draw"]), 1)
    return AuditTaken(
        draw_id=str(taken["draw"]),
        sample_id=sample_id,
        person=person,
        answer=said.answer,
        answered_by_you=progress,
        rows=int(taken["rows"]),
    )
