"""Ablations: what each arm changes, and what the students of its rows score beside the reference."""

from dataclasses import asdict
from typing import Literal

from caco_tasks.ledger import ablations as queries
from caco_tasks.ledger import run_queries
from caco_tasks.ledger.analyst import Connection
from caco_tasks.ledger.answer_rows import Row
from caco_tasks.ledger.scores import scores
from caco_tasks.reports.archive import OpenLedger
from caco_tasks.reports.report_parts import Report, RunRef, Share, run_ref, share_of

MAX_ABLATIONS = 10


class AblationArmLine(Report):
    """A nightly run over the same samples with other settings."""

    arm: str
    overrides: tuple[str, ...]  # what it changes
    run: RunRef | None  # None: not planned yet
    dataset: str | None  # name/version; None: not made yet
    rows: int | None  # of the dataset


class AblationCellLine(Report):
    """The students of one arm and size on one benchmark."""

    benchmark: str
    arm: str
    size: int | None  # rows that were to be learnt from; None: all
    rows: int  # that were learnt from
    students: int
    items: int
    unknown: int
    score: float  # share of right answers
    score_low: float
    score_high: float
    noise: float | None  # deviation of a score between trainings; None: one student each
    gained: int | None  # this and what follows: None for the reference
    lost: int | None
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    p: float | None
    p_holm: float | None
    verdict: Literal["better", "worse", "within noise"] | None  # None: cannot be told, too


class AblationBase(Report):
    """What the base of all students scores."""

    benchmark: str
    score: Share


class AblationReport(Report):
    """One table of arms over the samples of one date."""

    ablation_id: str
    name: str
    title: str
    source: str | None
    config: str
    partition: str
    reference_arm: str
    reference_size: int | None  # None: each cell is compared with its own size
    planned_at: str
    arms: tuple[AblationArmLine, ...]
    base: tuple[AblationBase, ...]
    results: tuple[AblationCellLine, ...]  # by benchmark, size and arm; none before a student is scored


class AblationList(Report):
    """Ablations, the newest first."""

    rows: tuple[AblationReport, ...]
    is_cut: bool


def list_ablations(archive: OpenLedger, run_id_or_prefix: str | None = None) -> AblationList:
    """The newest ablations; with a run, those of which it is an arm or a student.

    Raises:
        UnknownIdError, AmbiguousIdError: the id.
        LedgerError: the ledger cannot be used.
    """
    with archive.ledger.reading() as connection:
        run_id = None if run_id_or_prefix is None else run_queries.find_run_id(connection, run_id_or_prefix)
        found = queries.list_ablations(connection, run_id=run_id, most=MAX_ABLATIONS + 1)
        rows = tuple(_describe(connection, row) for row in found[:MAX_ABLATIONS])
    return AblationList(rows=rows, is_cut=len(found) > MAX_ABLATIONS)


def _describe(connection: Connection, row: Row) -> AblationReport:
    ablation_id = row["ablation_id"]
    student = queries.a_student_of(connection, ablation_id)
    of_base = [one for one in scores(connection, student) if one.contender == "base"] if student is not None else []
    return AblationReport(
        **{**row, "planned_at": row["planned_at"].isoformat()},
        arms=tuple(map(_describe_arm, queries.arms_of(connection, ablation_id))),
        base=tuple(
            AblationBase(benchmark=one.benchmark, score=share_of(one.right_answers, one.right_answers + one.wrong))
            for one in of_base
        ),
        results=tuple(AblationCellLine(**asdict(one)) for one in queries.results(connection, ablation_id)),
    )


def _describe_arm(row: Row) -> AblationArmLine:
    return AblationArmLine(
        arm=row["arm"],
        overrides=tuple(row["overrides"]),
        run=None if row["run_id"] is None else run_ref(row),
        dataset=row["dataset"],
        rows=row["rows"],
    )
