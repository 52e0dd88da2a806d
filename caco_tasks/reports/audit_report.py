"""Audits: rows that wait for a person, how far they are, and how far people and checks agree."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from caco_tasks.audit.answers import MAX_NOTE_CHARS, answer_words
from caco_tasks.audit.sheet import answers_for
from caco_tasks.errors import LedgerError
from caco_tasks.ledger import audit_queries
from caco_tasks.reports.archive import Archive
from caco_tasks.reports.report_parts import Interval, Report, RunRef, run_ref
from caco_tasks.store.manifest import parse_stored
from caco_tasks.store.registry import AuditDraw as StoredDraw
from caco_tasks.store.registry import DrawnRow, draw_uri

MAX_WAITING = 50
MAX_DRAWS = 50


class AuditProgress(Report):
    """One draw of rows."""

    draw_id: str
    run: RunRef
    rows: int
    answered: int  # rows that anybody has answered
    answered_by_you: int
    people: tuple[str, ...]


class AuditRow(Report):
    """A row to judge: what a person sees of it, and nothing of what the checks said."""

    draw_id: str
    sample_id: str
    number: int  # in its draw, from 0
    problem: str | None
    solution: str | None
    program: str
    output: str | None
    answers: tuple[str, ...]  # those that fit the row, in the order of their keys
    your_answer: str | None
    your_note: str | None


class Agreement(Report):
    """Two people who judged the same rows."""

    one: str
    other: str
    answers: int
    same_share: float
    kappa: float | None  # None: chance alone explains it


class CheckConfusion(Report):
    """How often a check errs, estimated for the whole run."""

    run: RunRef
    check_name: str
    people: int
    rows_judged: int
    rows_undecided: int
    covered_share: float
    false_pass: Interval  # of what is wrong, the share that it passed
    false_fail: Interval  # of what is right, the share that it failed
    wrong_of_passed: Interval


class AuditReport(Report):
    """All draws, what waits, and what came of it."""

    person: str
    draws: tuple[AuditProgress, ...]  # newest first
    waiting: tuple[AuditRow, ...]  # of one draw, in its order, those that this person has not answered
    waiting_total: int
    answered: tuple[AuditRow, ...]  # by this person, in the same draw, newest last: to go back to
    agreement: tuple[Agreement, ...]
    confusion: tuple[CheckConfusion, ...]


class AuditAnswer(Report):
    """What a person says of a row."""

    draw_id: str = Field(pattern=r"^[0-9a-f]{6,32}$")
    answer: str = Field(max_length=100)
    note: str | None = Field(default=None, max_length=MAX_NOTE_CHARS)


class AuditTaken(Report):
    """That an answer was written down."""

    draw_id: str
    sample_id: str
    person: str
    answer: str
    answered_by_you: int
    rows: int


def audit_report(archive: Archive, *, person: str, draw: str | None = None) -> AuditReport:
    """What waits for a person: of one draw, or of the newest that has rows left.

    Raises:
        UnknownIdError, AmbiguousIdError: the draw.
        CacoError: ledger or store cannot be used.
    """
    with archive.ledger.reading() as connection:
        rows = audit_queries.list_draws(connection, person, most=MAX_DRAWS)
        wanted = audit_queries.find_draw_id(connection, draw) if draw is not None else None
        chosen = next((row for row in rows if row["draw_id"] == wanted), None)
        if wanted is None:
            chosen = next((row for row in rows if row["answered_by_person"] < row["rows"]), rows[0] if rows else None)
        said = audit_queries.said_by(connection, chosen["run_id"], person) if chosen is not None else []
        pairs = audit_queries.agreement_pairs(connection)
        confusion = audit_queries.confusion_of_checks(connection)
    drawn = _read_draw(archive, chosen) if chosen is not None else ()
    by_row = {row["subject_id"]: row for row in said}
    described = [
        _describe_row(row, number, chosen["draw_id"], by_row.get(row.subject_id))
        for number, row in enumerate(drawn)
        if chosen is not None
    ]
    waiting = [row for row in described if row.your_answer is None]
    order = {row["subject_id"]: number for number, row in enumerate(said)}
    answered = sorted((row for row in described if row.your_answer), key=lambda row: order[row.sample_id])
    return AuditReport(
        person=person,
        draws=tuple(_describe_draw(row) for row in rows),
        waiting=tuple(waiting[:MAX_WAITING]),
        waiting_total=len(waiting),
        answered=tuple(answered[-MAX_WAITING:]),
        agreement=_agreement(pairs),
        confusion=tuple(describe_confusion(row) for row in confusion),
    )


def describe_confusion(row: Mapping[str, Any]) -> CheckConfusion:
    """A row of `audit_queries.confusion_of_checks`."""
    return CheckConfusion(
        run=run_ref(row),
        check_name=row["check_name"],
        people=row["people"],
        rows_judged=row["rows_judged"],
        rows_undecided=row["rows_undecided"],
        covered_share=row["covered_share"],
        **{
            name: Interval(value=row[f"{name}_share"], low=row[f"{name}_low"], high=row[f"{name}_high"])
            for name in ("false_pass", "false_fail", "wrong_of_passed")
        },
    )


def _read_draw(archive: Archive, row: Mapping[str, Any]) -> Sequence[DrawnRow]:
    uri = draw_uri(row["run_id"], row["draw_id"])
    found = archive.store.get(uri)
    if found is None:
        raise LedgerError(f"There is no {uri} in {archive.store.root}: run `caco audit draw` again.")
    return parse_stored(StoredDraw, found, uri=uri).rows


def _describe_draw(row: Mapping[str, Any]) -> AuditProgress:
    return AuditProgress(
        draw_id=row["draw_id"],
        run=run_ref(row),
        rows=row["rows"],
        answered=row["answered"],
        answered_by_you=row["answered_by_person"],
        people=tuple(row["people"]),
    )


def _describe_row(row: DrawnRow, number: int, draw_id: str, said: Mapping[str, Any] | None) -> AuditRow:
    return AuditRow(
        draw_id=draw_id,
        sample_id=row.subject_id,
        number=number,
        problem=row.problem,
        solution=row.solution,
        program=row.program,
        output=row.output,
        answers=tuple(answers_for(row)),
        your_answer=answer_words(said["answer"], said["wrong_part"]) if said is not None else None,
        your_note=said["note"] if said is not None else None,
    )


def _agreement(pairs: Sequence[Mapping[str, Any]]) -> tuple[Agreement, ...]:
    """Of each two people the share of equal answers, and Cohen's kappa."""
    found = []
    for one, other in dict.fromkeys((row["one"], row["other"]) for row in pairs):
        rows = [row for row in pairs if (row["one"], row["other"]) == (one, other)]
        total = sum(row["rows"] for row in rows)
        same = sum(row["rows"] for row in rows if row["one_says"] == row["other_says"])
        answers = {row[name] for row in rows for name in ("one_says", "other_says")}
        by_chance = sum(
            sum(row["rows"] for row in rows if row["one_says"] == answer)
            * sum(row["rows"] for row in rows if row["other_says"] == answer)
            for answer in answers
        )
        kappa = (total * same - by_chance) / (total * total - by_chance) if total * total != by_chance else None
        found.append(Agreement(one=one, other=other, answers=total, same_share=same / total, kappa=kappa))
    return tuple(found)
