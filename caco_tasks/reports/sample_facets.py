"""How many samples there are under each value of each filter, the other filters kept.

What the ledger knows is counted whole, from the counts of the outputs. Domain and difficulty are counted over the first
rows that the filter finds, and say so; with a filter of texts everything is.
"""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from caco_tasks.errors import StoreError
from caco_tasks.ledger import sample_queries
from caco_tasks.ledger.analyst import Connection
from caco_tasks.pipeline import STAGES, stages_of
from caco_tasks.reports.archive import Archive
from caco_tasks.reports.reason_words import words_of
from caco_tasks.reports.report_parts import Facet, FacetValue, Report
from caco_tasks.reports.row_texts import RowText
from caco_tasks.reports.sample_list import (
    CHUNK,
    SCAN_SECONDS,
    SCANNED_ROWS,
    End,
    SampleFilter,
    Walk,
    begin_walk,
    is_scan,
    matches,
    texts_of,
    walk_ends,
)

RUNS = 30  # offered, the newest
MOST_VALUES = 50
LOOKED_AT = 1_000  # rows, for domain and difficulty where nothing is asked of texts
LOOK_SECONDS = 1.0


class SampleFacets(Report):
    """How many samples there are under each value of each filter, the other filters kept."""

    facets: tuple[Facet, ...]  # run, stage, outcome, reason, domain, difficulty, model
    total: int
    is_capped: bool  # there may be more: `total` is what was found within the limits of a search


def count_samples(archive: Archive, wanted: SampleFilter) -> SampleFacets:
    """The counts beside each filter.

    Raises:
        UnknownIdError, AmbiguousIdError: the run.
        ConfigError: a value of the filter.
        CacoError: ledger or store cannot be used, or it took too long.
    """
    with archive.ledger.reading() as connection:
        walk = begin_walk(connection, wanted)
        scan = is_scan(wanted)
        rows, seconds = (SCANNED_ROWS, SCAN_SECONDS) if scan else (LOOKED_AT, LOOK_SECONDS)
        looked_at, found, is_whole = _look(archive, connection, walk, wanted, rows=rows, seconds=seconds)
        note = None if is_whole else f"Counted over the first {looked_at:,} rows."
        counted = [
            _facet("domain", "Domain", Counter(text.domain or "" for _, text in found if text.domain), note),
            _facet(
                "difficulty", "Difficulty", Counter(str(text.difficulty) for _, text in found if text.difficulty), note
            ),
        ]
        if scan:
            stages, outcomes, reasons = _count_found(found)
            total, of_ends = len(found), note
        else:
            ends = sample_queries.count_ends(connection, walk.run["run_no"], last=walk.last)
            stages, outcomes, reasons = (_count_ends(ends, wanted, name) for name in ("stage", "outcome", "reason"))
            total = sum(row["records"] for row in ends if _is_wanted(row, wanted, but=None))
            of_ends = None
        facets = (
            _run_facet(connection, walk),
            _facet("stage", "Stage", _in_order(stages), of_ends, is_sorted=True),
            _facet("outcome", "Outcome", outcomes, of_ends),
            _facet("reason", "Reason", reasons, of_ends),
            *counted,
            _model_facet(connection, walk),
        )
    return SampleFacets(facets=facets, total=total, is_capped=scan and not is_whole)


def _look(
    archive: Archive, connection: Connection, walk: Walk, wanted: SampleFilter, *, rows: int, seconds: float
) -> tuple[int, list[tuple[End, RowText]], bool]:
    """How many rows were looked at, those that match, and whether these were all; none of a store that is away."""
    begun, looked_at = time.monotonic(), 0
    found: list[tuple[End, RowText]] = []
    try:
        for ends in walk_ends(connection, walk, None, size=CHUNK):
            for end, text in texts_of(archive, ends):
                if looked_at >= rows or time.monotonic() - begun > seconds:
                    return looked_at, found, False
                looked_at += 1
                if matches(text, wanted):
                    found.append((end, text))
    except StoreError:
        if is_scan(wanted):
            raise
        return looked_at, found, False
    return looked_at, found, True


def _count_ends(ends: Sequence[Mapping[str, Any]], wanted: SampleFilter, name: str) -> Counter[str]:
    counts = Counter[str]()
    for row in ends:
        if row[name] is not None and _is_wanted(row, wanted, but=name):
            counts[row[name]] += row["records"]
    return counts


def _is_wanted(row: Mapping[str, Any], wanted: SampleFilter, *, but: str | None) -> bool:
    names = [name for name in ("stage", "outcome", "reason") if name != but]
    return all(getattr(wanted, name) in (None, row[name]) for name in names)


def _count_found(found: Iterable[tuple[End, RowText]]) -> tuple[Counter[str], Counter[str], Counter[str]]:
    stages, outcomes, reasons = Counter[str](), Counter[str](), Counter[str]()
    for (output, end), _ in found:
        stages[output["stage"]] += 1
        outcomes[end["outcome"]] += 1
        if end["reason"] is not None:
            reasons[end["reason"]] += 1
    return stages, outcomes, reasons


def _in_order(counts: Mapping[str, int]) -> dict[str, int]:
    """Stages in the order in which a sample meets them."""
    return {name: counts[name] for name in STAGES if name in counts}


def _facet(
    name: str, label: str, counts: Mapping[str, int], note: str | None = None, *, is_sorted: bool = False
) -> Facet:
    ordered = list(counts.items()) if is_sorted else sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    values = [
        FacetValue(value=value, label=(words_of(value) if name == "reason" else None) or value, count=count)
        for value, count in ordered[:MOST_VALUES]
    ]
    is_complete = note is None and len(ordered) <= MOST_VALUES
    return Facet(name=name, label=label, values=tuple(values), is_complete=is_complete, note=note)


def _run_facet(connection: Connection, walk: Walk) -> Facet:
    pipeline = walk.run["pipeline"]
    rows = sample_queries.sampled_by_runs(connection, pipeline, first=stages_of(pipeline)[0].name, most=RUNS)
    values = [
        FacetValue(
            value=row["run_id"], label=f"{row['partition']} {row['config']} {row['run_id'][:8]}", count=row["sampled"]
        )
        for row in rows
    ]
    note = f"The newest {RUNS} runs of {pipeline}, with all that they sampled."
    return Facet(name="run", label="Run", values=tuple(values), is_complete=len(rows) < RUNS, note=note)


def _model_facet(connection: Connection, walk: Walk) -> Facet:
    first = stages_of(walk.run["pipeline"])[0].name
    counts = Counter[str]()
    for row in sample_queries.models_of_shards(connection, walk.run["run_no"], first, None):
        if row["models"]:
            counts[" + ".join(row["models"])] += row["read"]
    note = f"All that {first} read, whatever became of it."
    facet = _facet("model", "Model", counts)
    return facet.model_copy(update={"note": note})
