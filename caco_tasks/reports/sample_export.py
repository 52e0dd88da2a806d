"""Exactly what a filter shows, as a file: CSV (RFC 4180), JSON lines in an array, or the question in SQL."""

import csv
import io
import json
import time
from collections.abc import Iterator, Sequence
from typing import Literal

from caco_tasks.domain_tags import tag_line
from caco_tasks.reports.archive import Archive
from caco_tasks.reports.sample_list import MAX_SAMPLES, SampleFilter, SampleLine, begin_walk, list_samples

MAX_EXPORTED = 100_000
EXPORT_SECONDS = 120.0

ExportFormat = Literal["csv", "json", "sql"]


def export_samples(archive: Archive, wanted: SampleFilter, format_name: ExportFormat) -> Iterator[str]:
    """What the filter shows, as text that comes piece by piece; the last line says so where it was cut.

    Raises:
        CacoError: as `list_samples`, before the first piece where the filter is wrong.
    """
    with archive.ledger.reading() as connection:  # what is wrong with the filter is said before anything is sent
        run_id = begin_walk(connection, wanted).run["run_id"]
    match format_name:
        case "sql":
            return iter([_query(wanted, run_id)])
        case "json":
            return _as_json(archive, wanted)
        case "csv":
            return _as_csv(archive, wanted)


def _pages(archive: Archive, wanted: SampleFilter) -> Iterator[tuple[SampleLine, ...] | None]:
    """Page after page; None at the end where there is more."""
    begun, sent, cursor = time.monotonic(), 0, None
    while True:
        page = list_samples(archive, wanted, cursor=cursor, limit=MAX_SAMPLES)
        yield page.rows
        sent, cursor = sent + len(page.rows), page.next_cursor
        if cursor is None:
            return
        if sent >= MAX_EXPORTED or time.monotonic() - begun > EXPORT_SECONDS:
            yield None
            return


def _as_csv(archive: Archive, wanted: SampleFilter) -> Iterator[str]:
    names = list(SampleLine.model_fields)
    yield _csv_line(names)
    for rows in _pages(archive, wanted):
        if rows is None:
            yield _csv_line(
                [f"# cut here: an export holds {MAX_EXPORTED:,} rows or takes {EXPORT_SECONDS:g} s at most"]
            )
            return
        yield "".join(_csv_line([_harmless(getattr(row, name)) for name in names]) for row in rows)


def _as_json(archive: Archive, wanted: SampleFilter) -> Iterator[str]:
    """An object with the rows, and whether it was cut."""
    yield '{"rows": [\n'
    is_first, is_cut = True, False
    for rows in _pages(archive, wanted):
        if rows is None:
            is_cut = True
            break
        lines = ",\n".join(json.dumps(row.model_dump(mode="json"), ensure_ascii=False) for row in rows)
        if lines:
            yield lines if is_first else f",\n{lines}"
            is_first = False
    yield f'\n], "is_cut": {json.dumps(is_cut)}}}\n'


def _csv_line(values: Sequence[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(["" if value is None else value for value in values])
    return line.getvalue()


def _harmless(value: object) -> object:
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "@", "\t", "\r") else value


def _query(wanted: SampleFilter, run_id: str) -> str:
    """The question in SQL, as an analyst may run and change it."""
    if wanted.domain is not None or wanted.difficulty is not None or wanted.text is not None:
        return _duckdb_query(wanted, run_id)
    limits = [f"run_id = {_literal(run_id)}", "outcome <> 'pass'"]
    limits[1:] = [f"{name} = {_literal(value)}" for name, value in _ends(wanted)]
    return (
        "-- Samples of a run by what became of them; one row per stage that saw a sample: caco sql -f FILE\n"
        "SELECT caco.hex(subject_id) AS sample_id, stage, outcome, reason, detail, shard, uri, row\n"
        "FROM caco.verdict\n"
        f"WHERE {' AND '.join(limits)}\n"
        "ORDER BY stage, shard, row;\n"
    )


def _duckdb_query(wanted: SampleFilter, run_id: str) -> str:
    stage = wanted.stage or "agree"
    limits = [
        f"run_id = {_literal(run_id)}",
        *(f"{name} = {_literal(v)}" for name, v in _ends(wanted) if name != "stage"),
    ]
    if wanted.text is not None:
        pattern = _literal(f"%{_escaped(wanted.text)}%")
        parts = ("problem.text", "solution.text", "program.code")
        limits.append("(" + " OR ".join(f"{part} ILIKE {pattern} ESCAPE '!'" for part in parts) + ")")
    if wanted.domain is not None:
        limits.append(f"starts_with(ltrim(program.code), {_literal(tag_line(wanted.domain).strip())})")
    if wanted.difficulty is not None:
        low, high = (5 - wanted.difficulty) / 5, (6 - wanted.difficulty) / 5
        limits.append(f"solution.pass_rate > {low:g} AND solution.pass_rate <= {high:g}")
    return (
        "-- Engine:   duckdb\n-- Put another stage behind outputs. to see what that one saw: caco sql -f FILE\n"
        "SELECT sample_id, outcome, reason, detail, problem.text AS problem, solution.text AS solution, program.code AS program\n"
        f"FROM outputs.{stage}\n"
        f"WHERE {' AND '.join(limits)};\n"
    )


def _ends(wanted: SampleFilter) -> list[tuple[str, str]]:
    named = [("stage", wanted.stage), ("outcome", wanted.outcome), ("reason", wanted.reason)]
    return [(name, value) for name, value in named if value is not None]


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _escaped(value: str) -> str:
    """A text in which LIKE finds nothing special, with `!` to escape by."""
    return value.replace("!", "!!").replace("%", "!%").replace("_", "!_")
