"""What the tasks of `caco_audit` and the commands `caco audit` do: draw rows, show them, take people's answers."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from caco_tasks.audit import (
    RowAnswer,
    answer_records,
    answers_for,
    draw_of,
    draw_rows,
    find_draw,
    read_answers,
    row_markdown,
)
from caco_tasks.store import open_store
from caco_tasks.store.registry import AuditDraw
from caco_tasks.tasks import find_run, open_ledger, waiting


@waiting
def audit_draw(run_id: str | None, max_rows: int) -> AuditDraw:
    """Draws rows of a nightly run, the newest by default, for people to judge: at most `max_rows` of each stratum.

    Raises:
        CacoError: as `audit.draw_rows`.
    """
    with open_ledger() as (ledger, reached):
        run = find_run(ledger, run_id, pipeline=None if run_id is not None else "nightly")
        return draw_rows(ledger, open_store(reached.store), run, max_rows)


@waiting
def audit_form(draw_id: str, row: str) -> tuple[str, list[str]]:
    """What a person sees of a drawn row, as Markdown, and the answers that fit it."""
    with open_ledger() as (ledger, reached):
        draw = find_draw(ledger, open_store(reached.store), draw_id)
    shown = next(each for each in draw.rows if each.subject_id == row)
    return row_markdown(shown), answers_for(shown)


@waiting
def audit_record(
    draw_id: str, answered: Sequence[RowAnswer], *, person: str, answered_at: datetime
) -> dict[str, int | str]:
    """Writes a person's answers down, all or none; returns how many.

    Raises:
        SourceError: an answer does not fit its row.
        CacoError: draw, store or ledger are not there.
    """
    with open_ledger() as (ledger, reached):
        store = open_store(reached.store)
        draw = find_draw(ledger, store, draw_id)
        ledger.record_audits(answer_records(draw, answered, person=person, answered_at=answered_at), store)
    return {"draw": draw.draw_id, "person": person, "answered": len(answered), "rows": len(draw.rows)}


def audit_answers(path: Path, person: str) -> dict[str, int | str]:
    """Takes the answers of a file, all or none; returns how many.

    Raises:
        SourceError: the file or one of its lines is wrong.
        CacoError: draw, store or ledger are not there.
    """
    draw_id = draw_of(path)
    with open_ledger() as (ledger, reached):
        answered = read_answers(path, find_draw(ledger, open_store(reached.store), draw_id))
    return audit_record(draw_id, answered, person=person, answered_at=datetime.now(UTC))
