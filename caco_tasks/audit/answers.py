"""People's answers: the words that they use, and a file of them, which is taken whole or not at all."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from caco_tasks.errors import SourceError
from caco_tasks.records import Outcome, Part
from caco_tasks.store.registry import AuditDraw, AuditRecord, DrawnRow

# what a person answers -> whether the record is right, and the first part that is not
ANSWERS: Mapping[str, tuple[Outcome, Part | None]] = {
    "right": (Outcome.PASS, None),
    "wrong program": (Outcome.FAIL, Part.PROGRAM),
    "wrong problem": (Outcome.FAIL, Part.PROBLEM),
    "wrong solution": (Outcome.FAIL, Part.SOLUTION),
    "cannot tell": (Outcome.UNKNOWN, None),
}
MAX_BYTES = 32 * 1024 * 1024
MAX_NOTE_CHARS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class RowAnswer:
    """The answer of a person about one row."""

    row: str  # sample_id
    answer: str  # a key of ANSWERS
    note: str | None = None


class _AnswerLine(BaseModel):
    """A line of a file of answers; the texts may be there, as in the file that was drawn, and are not looked at."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    draw: str
    row: str
    answer: str | None  # None: not answered yet
    note: str | None = Field(default=None, max_length=MAX_NOTE_CHARS)
    problem: str | None = None
    solution: str | None = None
    program: str | None = None
    output: str | None = None


def answer_words(outcome: str, wrong_part: str | None) -> str:
    """An answer as a person gave it; one that names no part, as an older file may hold, counts as of the last part.

    >>> answer_words("unknown", None)
    'cannot tell'
    """
    for words, (said, part) in ANSWERS.items():
        if (str(said), str(part) if part else None) == (outcome, wrong_part):
            return words
    return "wrong solution"


def draw_of(path: Path) -> str:
    """The id of the draw that a file of answers names on its first line.

    Raises:
        SourceError: the file cannot be read, or its first line is no answer.
    """
    for number, line in enumerate(_read_lines(path), start=1):
        if line.strip():
            try:
                return _parse_line(line).draw
            except ValueError as exc:
                raise _line_error(path, number, exc) from exc
    raise SourceError(f"{path} holds no answers: save them from the page, or fill in rows.jsonl.")


def read_answers(path: Path, draw: AuditDraw) -> list[RowAnswer]:
    """The answers of a file of JSON lines `{"draw", "row", "answer", "note"}`; rows not yet answered are left out.

    Raises:
        SourceError: the file cannot be read, or a line is wrong; it names file and line, and nothing is taken.
    """
    answered: dict[str, RowAnswer] = {}
    rows = {row.subject_id: row for row in draw.rows}
    for number, line in enumerate(_read_lines(path), start=1):
        if not line.strip():
            continue
        try:
            found = _check_line(line, draw, rows)
        except ValueError as exc:
            raise _line_error(path, number, exc) from exc
        if found is not None and found.row in answered:
            raise _line_error(path, number, ValueError(f"the row {found.row} is answered twice"))
        if found is not None:
            answered[found.row] = found
    return list(answered.values())


def answer_records(
    draw: AuditDraw, answered: Sequence[RowAnswer], *, person: str, answered_at: datetime
) -> list[AuditRecord]:
    """Answers as the ledger keeps them.

    Raises:
        SourceError: an answer is none of `ANSWERS`, of another draw, or about a part that its row does not have.
    """
    rows, records = {row.subject_id: row for row in draw.rows}, []
    for one in answered:
        try:
            outcome, part = _check_answer(one.row, one.answer, rows)
        except ValueError as exc:
            raise SourceError(f"The answer of {person} is not taken: {exc}.") from exc
        record = AuditRecord(
            run_id=draw.run_id,
            stage=draw.strata[rows[one.row].stratum].stage,
            subject_id=one.row,
            person=person,
            answer=outcome,
            wrong_part=part,
            note=one.note,
            answered_at=answered_at,
        )
        records.append(record)
    return records


def _line_error(path: Path, number: int, why: ValueError) -> SourceError:
    return SourceError(f"{path}, line {number}: {why}; no answer was taken, mend the line and load the file again.")


def _read_lines(path: Path) -> Iterator[bytes]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SourceError(f"{path} is larger than {MAX_BYTES >> 20} MB: it is no file of answers.")
        yield from path.read_bytes().splitlines()
    except OSError as exc:
        raise SourceError(f"The answers {path} cannot be read: {exc.strerror}.") from exc


def _check_line(line: bytes, draw: AuditDraw, rows: Mapping[str, DrawnRow]) -> RowAnswer | None:
    """The answer of a line; None where there is none yet. Raises ValueError with a few words on what is wrong."""
    found = _parse_line(line)
    if found.draw != draw.draw_id:
        raise ValueError(f"it is of the draw '{found.draw}', not of {draw.draw_id}")
    _find_row(found.row, rows)  # a row that is not answered must be of the draw all the same
    if not found.answer:
        return None
    _check_answer(found.row, found.answer, rows)
    return RowAnswer(row=found.row, answer=found.answer, note=(found.note or "").strip() or None)


def _parse_line(line: bytes) -> _AnswerLine:
    try:
        return _AnswerLine.model_validate(json.loads(line.decode("utf-8")))
    except UnicodeDecodeError as exc:
        raise ValueError(f"it is not UTF-8 (byte {exc.start + 1})") from exc
    except ValidationError as exc:
        error = exc.errors()[0]
        where = ".".join(map(str, error["loc"])) or "the line"
        raise ValueError(f"{where}: {error['msg']}") from exc
    except (json.JSONDecodeError, RecursionError) as exc:
        raise ValueError("it is not a JSON object") from exc


def _check_answer(row: str, answer: str, rows: Mapping[str, DrawnRow]) -> tuple[Outcome, Part | None]:
    drawn = _find_row(row, rows)
    if answer not in ANSWERS:
        raise ValueError(f"'{answer[:100]}' is no answer: use one of {', '.join(ANSWERS)}")
    outcome, part = ANSWERS[answer]
    if part is not None and getattr(drawn, part.value) is None:
        raise ValueError(f"the row {row} has no {part} that could be wrong")
    return outcome, part


def _find_row(row: str, rows: Mapping[str, DrawnRow]) -> DrawnRow:
    found = rows.get(row)
    if found is None:
        raise ValueError(f"the draw has no row '{row}'")
    return found
