"""Two runs beside each other: settings, funnels, reasons that moved, rows that only one of them accepted."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from caco_tasks.errors import ConfigError
from caco_tasks.ledger import comparison_queries, run_queries
from caco_tasks.ledger.analyst import Connection
from caco_tasks.pipeline import mapped_stages, stages_of
from caco_tasks.reports.archive import Archive
from caco_tasks.reports.reason_words import words_of
from caco_tasks.reports.report_parts import Json, Report, Share, share_of
from caco_tasks.reports.run_list import RunLine, describe_runs
from caco_tasks.reports.run_report import flat_settings
from caco_tasks.reports.sample_list import SampleFilter, SampleLine, begin_walk, describe_samples, read_titles

MAX_EXAMPLES = 20
MAX_COUNTED = 10_000
SEARCH_SECONDS = 3.0  # for the rows that only one of them accepted


class SettingDifference(Report):
    """A setting that the two do not share."""

    setting: str  # dotted path
    a: Json  # None: not set
    b: Json


class StagePair(Report):
    """One stage in both runs; None where a run has not reached it."""

    stage: str
    a: Share | None
    b: Share | None
    difference: float | None  # share kept by b - share kept by a
    low: float | None  # 95 % interval of the difference, after Newcombe
    high: float | None
    is_clear: bool  # the interval leaves out zero
    a_cost_usd: float
    b_cost_usd: float
    a_seconds: float
    b_seconds: float
    a_unknown: int
    b_unknown: int


class ReasonPair(Report):
    """A reason in both runs; the largest differences come first."""

    stage: str
    outcome: str
    reason: str
    words: str
    a: Share
    b: Share
    difference: float | None
    is_clear: bool  # the interval of the difference leaves out zero


class OnlyAccepted(Report):
    """Rows that one run accepted and the other, which had them too, did not."""

    count: int | None  # None: looking for them took longer than it may
    is_capped: bool  # there are more: counting ended at this number
    first: tuple[SampleLine, ...]  # as they ended in the run that did not accept them


class RunComparison(Report):
    """Two runs of one pipeline."""

    a: RunLine
    b: RunLine
    settings: tuple[SettingDifference, ...]
    stages: tuple[StagePair, ...]
    reasons: tuple[ReasonPair, ...]
    shared_samples: int  # sampled by both
    only_a: OnlyAccepted
    only_b: OnlyAccepted
    note: str  # what the comparison can tell: whether the two have the same samples


def compare_runs(archive: Archive, a: str, b: str) -> RunComparison:
    """Two runs beside each other, each by id or the beginning of it.

    Raises:
        UnknownIdError, AmbiguousIdError: one of the ids.
        ConfigError: they are of two pipelines, or the same run.
        LedgerError: the ledger cannot be used.
    """
    with archive.ledger.reading() as connection:
        first, second = (
            run_queries.run_record(connection, run_queries.find_run_id(connection, prefix)) for prefix in (a, b)
        )
        if first["run_id"] == second["run_id"]:
            raise ConfigError(f"Both are the run {first['run_id'][:12]}: name two.")
        if first["pipeline"] != second["pipeline"]:
            raise ConfigError(
                f"One is a run of '{first['pipeline']}', the other of '{second['pipeline']}': compare two of one pipeline."
            )
        lines = describe_runs(connection, [first, second])
        counts = run_queries.stage_counts(connection, [first["run_no"], second["run_no"]])
        of_a = {row["stage"]: row for row in counts if row["run_no"] == first["run_no"]}
        of_b = {row["stage"]: row for row in counts if row["run_no"] == second["run_no"]}
        shared = _count_shared(connection, first, second)
        return RunComparison(
            a=lines[0],
            b=lines[1],
            settings=tuple(_differences(first["config"], second["config"])),
            stages=tuple(_pair_stages(first["pipeline"], of_a, of_b)),
            reasons=_pair_reasons(connection, first, second, of_a, of_b),
            shared_samples=shared,
            only_a=_only_accepted(archive, connection, first, second, is_shared=shared > 0),
            only_b=_only_accepted(archive, connection, second, first, is_shared=shared > 0),
            note=(
                f"Both have {shared:,} samples in common: what differs there is due to the settings."
                if shared
                else "The two have no sample in common: differences hold chance, and the intervals say how much."
            ),
        )


def difference_of(a: Share, b: Share) -> tuple[float | None, float | None, float | None]:
    """The difference of two independent shares, b - a, with its 95 % interval after Newcombe (his method 10).

    >>> [round(end, 4) for end in difference_of(share_of(48, 80), share_of(56, 70))]
    [0.2, 0.0524, 0.3339]
    """
    if a.share is None or b.share is None or a.low is None or a.high is None or b.low is None or b.high is None:
        return None, None, None
    difference = b.share - a.share
    low = difference - math.hypot(b.share - b.low, a.high - a.share)
    high = difference + math.hypot(b.high - b.share, a.share - a.low)
    return difference, low, high


def _differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[SettingDifference]:
    of_a, of_b = dict(flat_settings(a)), dict(flat_settings(b))
    for setting in sorted(of_a.keys() | of_b.keys()):
        if of_a.get(setting) != of_b.get(setting):
            yield SettingDifference(setting=setting, a=of_a.get(setting), b=of_b.get(setting))


def _pair_stages(
    pipeline: str, of_a: Mapping[str, Mapping[str, Any]], of_b: Mapping[str, Mapping[str, Any]]
) -> Iterator[StagePair]:
    for spec in stages_of(pipeline):
        a, b = of_a.get(spec.name), of_b.get(spec.name)
        if a is None and b is None:
            continue
        share_a, share_b = (share_of(row["passed"], row["read"]) if row else None for row in (a, b))
        difference = low = high = None
        if share_a is not None and share_b is not None:
            difference, low, high = difference_of(share_a, share_b)
        yield StagePair(
            stage=spec.name,
            a=share_a,
            b=share_b,
            difference=difference,
            low=low,
            high=high,
            is_clear=low is not None and high is not None and not low <= 0 <= high,
            a_cost_usd=a["cost_usd"] if a else 0.0,
            b_cost_usd=b["cost_usd"] if b else 0.0,
            a_seconds=a["seconds"] if a else 0.0,
            b_seconds=b["seconds"] if b else 0.0,
            a_unknown=a["unknown"] if a else 0,
            b_unknown=b["unknown"] if b else 0,
        )


def _pair_reasons(
    connection: Connection,
    first: Mapping[str, Any],
    second: Mapping[str, Any],
    of_a: Mapping[str, Mapping[str, Any]],
    of_b: Mapping[str, Mapping[str, Any]],
) -> tuple[ReasonPair, ...]:
    """The reasons of both, the largest difference of shares first."""
    counts = [
        {(row["stage"], row["outcome"] or "recorded", row["reason"]): row["records"] for row in rows}
        for rows in (run_queries.reason_counts(connection, run["run_no"]) for run in (first, second))
    ]
    pairs = []
    for stage, outcome, reason in counts[0].keys() | counts[1].keys():
        a, b = (
            share_of(found.get((stage, outcome, reason), 0), rows[stage]["read"] if stage in rows else 0)
            for found, rows in zip(counts, (of_a, of_b), strict=True)
        )
        difference, low, high = difference_of(a, b)
        pair = ReasonPair(
            stage=stage,
            outcome=outcome,
            reason=reason,
            words=words_of(reason) or reason,
            a=a,
            b=b,
            difference=difference,
            is_clear=low is not None and high is not None and not low <= 0 <= high,
        )
        pairs.append(pair)
    return tuple(sorted(pairs, key=lambda pair: (-abs(pair.difference or 0), pair.stage, pair.outcome, pair.reason)))


def _count_shared(connection: Connection, first: Mapping[str, Any], second: Mapping[str, Any]) -> int:
    """How many samples both have: how far the ranges of numbers that they drew overlap."""
    of_a, of_b = (comparison_queries.sample_ranges(connection, run["run_no"]) for run in (first, second))
    by_draw: dict[str, tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]] = {}
    for rows, place in ((of_a, 0), (of_b, 1)):
        for row in rows:
            by_draw.setdefault(row["draw"], ([], []))[place].append(row)
    return sum(_overlap(a, b) for a, b in by_draw.values())


def _overlap(a: Sequence[Mapping[str, Any]], b: Sequence[Mapping[str, Any]]) -> int:
    """The numbers in both of two lists of ranges; each list is in order and its ranges do not overlap."""
    total = i = j = 0
    while i < len(a) and j < len(b):
        total += max(0, min(a[i]["stop"], b[j]["stop"]) - max(a[i]["start"], b[j]["start"]))
        i, j = (i + 1, j) if a[i]["stop"] <= b[j]["stop"] else (i, j + 1)
    return total


def _only_accepted(
    archive: Archive, connection: Connection, winner: Mapping[str, Any], other: Mapping[str, Any], *, is_shared: bool
) -> OnlyAccepted:
    """What `winner` accepted and `other` did not; nothing is looked for where they share no samples."""
    stages = mapped_stages(winner["pipeline"])
    if not stages or not is_shared:
        return OnlyAccepted(count=0, is_capped=False, first=())
    last, a, b = stages[-1].name, winner["run_no"], other["run_no"]
    found = comparison_queries.only_accepted(
        connection, a, b, last=last, first=MAX_EXAMPLES, most=MAX_COUNTED, seconds=SEARCH_SECONDS
    )
    if found is None:
        return OnlyAccepted(count=None, is_capped=True, first=())
    rows, count = found
    ends = [(row, row) for row in rows]  # a row names its output, too
    walk = begin_walk(connection, SampleFilter(run=other["run_id"]))
    return OnlyAccepted(
        count=count,
        is_capped=count == MAX_COUNTED,
        first=tuple(describe_samples(connection, walk, ends, read_titles(archive, ends))),
    )
