"""How varied the samples of a run are: seen in some thousand rows of its last stage, spread over its shards."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from caco_tasks.domain_tags import domain_of
from caco_tasks.ledger import run_queries, sample_queries
from caco_tasks.ledger.diversities import newest_diversity
from caco_tasks.pipeline import STAGES, mapped_stages
from caco_tasks.records import Outcome, Reason, Sample
from caco_tasks.reports.archive import Archive
from caco_tasks.reports.report_parts import Report, Share, share_of
from caco_tasks.store.shards import iterate_shard

MAX_SHARDS = 8
MAX_ROWS = 2_000
MOST_VALUES = 12
DUPLICATES = (Reason.SAME_PROGRAM, Reason.SAME_BEHAVIOUR, Reason.NEAR_DUPLICATE, Reason.SAME_PROBLEM)
STAGES_OF_DUPLICATES = ("dedup", "decontaminate")


class DiversityCount(Report):
    """How often one value occurs among the rows that were looked at."""

    value: str
    rows: int


class MeasuredDiversity(Report):
    """How far the problems of a run lie from each other and from earlier ones, by an embedding model."""

    diversity_id: str
    dataset: str | None
    embedder: str
    rows: int
    of_rows: int
    spread: float | None
    nearest_mean: float | None
    near_rows: int
    effective_clusters: float | None
    vendi: float | None
    earlier_mean: float | None
    earlier_near_rows: int | None
    earlier: tuple[str, ...]  # what it was compared with


class DiversityReport(Report):
    """How varied the samples of a run are."""

    looked_at: int  # rows of the last stage that were read
    of: int
    distinct_programs: int
    output_types: tuple[DiversityCount, ...]
    domains: tuple[DiversityCount, ...]
    openings: tuple[DiversityCount, ...]  # first three words of the problems
    program_lines: tuple[DiversityCount, ...]  # histogram
    solution_words: tuple[DiversityCount, ...]  # histogram
    lost_as_duplicates: Share  # of what dedup and decontaminate read: rejected as same or nearly the same as another
    note: str
    measured: MeasuredDiversity | None  # None: `caco diversity` was not run on it


def run_diversity(archive: Archive, run_id_or_prefix: str) -> DiversityReport:
    """How varied the samples of a run are, seen in a bounded number of its rows.

    Raises:
        UnknownIdError, AmbiguousIdError: the run.
        CacoError: ledger or store cannot be used.
    """
    with archive.ledger.reading() as connection:
        run = run_queries.run_record(connection, run_queries.find_run_id(connection, run_id_or_prefix))
        counts = run_queries.stage_counts(connection, [run["run_no"]])
        reasons = run_queries.reason_counts(connection, run["run_no"])
        last = next((row for row in reversed(counts) if STAGES[row["stage"]].writes is Sample), None)
        outputs = sample_queries.outputs_of(connection, run["run_no"], last["stage"]) if last is not None else []
        measured = newest_diversity(connection, run["run_id"])
    step = max(1, len(outputs) // MAX_SHARDS)
    chosen = outputs[::step][:MAX_SHARDS]
    samples = list(_read_samples(archive, chosen))
    of = last["passed"] if last is not None else 0
    lost = sum(row["records"] for row in reasons if row["outcome"] == "fail" and row["reason"] in set(DUPLICATES))
    read = sum(row["read"] for row in counts if row["stage"] == STAGES_OF_DUPLICATES[0])
    stage = last["stage"] if last is not None else mapped_stages("nightly")[-1].name
    return DiversityReport(
        looked_at=len(samples),
        of=of,
        distinct_programs=len({sample.program.program_id for sample in samples}),
        output_types=_most(sample.execution.output_type for sample in samples if sample.execution),
        domains=_most(domain_of(sample.program.code) for sample in samples),
        openings=_most(" ".join(sample.problem.text.split()[:3]) for sample in samples if sample.problem),
        program_lines=_histogram((len(sample.program.code.splitlines()) for sample in samples), width=5),
        solution_words=_histogram(
            (len(sample.solution.text.split()) for sample in samples if sample.solution), width=25
        ),
        lost_as_duplicates=share_of(lost, read),
        measured=None
        if measured is None
        else MeasuredDiversity.model_validate({name: measured[name] for name in MeasuredDiversity.model_fields}),
        note=f"Rows that {stage} passed, from {len(chosen)} of {len(outputs)} shards.",
    )


def _read_samples(archive: Archive, outputs: Sequence[Mapping[str, Any]]) -> Iterator[Sample]:
    """Samples that passed, as many from each output."""
    each = MAX_ROWS // max(1, len(outputs))
    for output in outputs:
        judged = iterate_shard(archive.store, output["uri"], Sample, sha256=output["sha256"])
        yield from islice((one.record for one in judged if one.verdict.outcome is Outcome.PASS), each)


def _most(values: Iterable[str | None]) -> tuple[DiversityCount, ...]:
    counts = Counter(value for value in values if value)
    return tuple(DiversityCount(value=value, rows=rows) for value, rows in counts.most_common(MOST_VALUES))


def _histogram(values: Iterable[int], *, width: int) -> tuple[DiversityCount, ...]:
    """Counts by ranges of equal width, in order; the empty ones between are there."""
    counts = Counter(value // width for value in values)
    places = range(min(counts), max(counts) + 1) if counts else range(0)
    return tuple(
        DiversityCount(value=f"{place * width}–{place * width + width - 1}", rows=counts[place])
        for place in islice(places, 40)
    )
