"""Grading a file of answers: JSON lines in, JSON lines out, order and count kept."""

import json
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from caco_tasks.atomic import replaced
from caco_tasks.config import GradingSettings
from caco_tasks.errors import SourceError
from caco_tasks.grading.grader import VERSION, Comparison, Grader
from caco_tasks.records import Reason

MAX_LINE_BYTES = 32 * 1024 * 1024


def grade_jsonl(source: Path, target: Path, settings: GradingSettings) -> dict[str, int]:
    """Compares each line of `source` and writes its verdict as a line of `target`.

    In: `{"id", "gold", "pred"}`. Out: `{"id", "outcome", "reason", "method", "version", "seconds"}`, and `detail` where there is
    one. A line that cannot be read gets its own line, with outcome `unknown`, reason `unreadable_record`, its number as
    `line` (from 1) and what is wrong as `detail`. `target` appears only when it is complete. Returns the counts `read`,
    `pass`, `fail` and `unknown`.

    Raises:
        SourceError: `source` cannot be read or `target` cannot be written.
    """
    counts: Counter[str] = Counter()
    try:
        with source.open("rb") as lines, replaced(target) as out, Grader(settings) as grader:
            for row in _grade_lines(lines, grader):
                out.write(json.dumps(row) + "\n")
                counts[row["outcome"]] += 1
    except OSError as exc:
        raise SourceError(f"Grading {source} into {target} failed: {exc.strerror}.") from exc
    return {"read": counts.total(), **{name: counts[name] for name in ("pass", "fail", "unknown")}}


def _grade_lines(lines: BinaryIO, grader: Grader) -> Iterator[dict[str, Any]]:
    """One row per line, in order; the pairs between them go to the grader as one stream."""
    # Rows that wait for their turn; None stands for a pair that the grader has in hand.
    rows: deque[tuple[Any, dict[str, Any] | None]] = deque()

    def pairs() -> Iterator[tuple[str, str]]:
        for number, line in enumerate(lines, start=1):
            record, problem = _read_line(line)
            unreadable = {
                "outcome": "unknown",
                "reason": Reason.UNREADABLE_RECORD.value,
                "method": None,
                "seconds": 0.0,
            }
            rows.append(
                (record.get("id"), None if problem is None else {**unreadable, "line": number, "detail": problem})
            )
            if problem is None:
                yield record["gold"], record["pred"]

    for comparison in grader.compare(pairs()):
        yield from _take_finished(rows)
        identity, _ = rows.popleft()
        yield {"id": identity, **_row(comparison)}
    yield from _take_finished(rows)


def _take_finished(rows: deque[tuple[Any, dict[str, Any] | None]]) -> Iterator[dict[str, Any]]:
    while rows and rows[0][1] is not None:
        identity, row = rows.popleft()
        yield {"id": identity, **(row or {})}


def _row(comparison: Comparison) -> dict[str, Any]:
    verdict = comparison.verdict
    row = {
        "outcome": verdict.outcome.value,
        "reason": verdict.reason.value if verdict.reason else None,
        "method": comparison.method,
        "version": VERSION,
        "seconds": round(comparison.seconds, 6),
    }
    return {**row, "detail": verdict.detail} if verdict.detail else row


def _read_line(line: bytes) -> tuple[dict[str, Any], str | None]:
    """The record of a line, and what is wrong with it (None: nothing)."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    if len(line) > MAX_LINE_BYTES:
        return {}, f"longer than {MAX_LINE_BYTES} bytes"
    try:
        record = json.loads(line, parse_constant=refuse)
    except UnicodeDecodeError:
        return {}, "not UTF-8"
    except (ValueError, RecursionError):
        return {}, "not JSON"
    if not isinstance(record, dict):
        return {}, "not a JSON object"
    wrong = [name for name in ("gold", "pred") if not isinstance(record.get(name), str)]
    return record, f"'{wrong[0]}' is missing or not a string" if wrong else None
