"""Students beside their bases: the history of scores, and the items that were gained and lost."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from caco_tasks.errors import ConfigError, StoreError
from caco_tasks.ledger import run_queries, score_queries
from caco_tasks.ledger.analyst import Connection
from caco_tasks.ledger.scores import GainRow, ScoreRow, gains, scores
from caco_tasks.records import Attempt
from caco_tasks.reports.archive import Archive, OpenLedger
from caco_tasks.reports.cursors import decode_cursor, encode_cursor
from caco_tasks.reports.report_parts import Report, RunRef, Share, run_ref, share_of
from caco_tasks.store.shards import iterate_shard

MAX_EVALUATIONS = 100
MAX_ITEMS = 100

Moved = Literal["gained", "lost", "both_right", "both_wrong", "unknown"]


class BenchmarkScore(Report):
    """Base and student of one run on one benchmark."""

    benchmark: str
    is_protected: bool | None  # None: the run that made the dataset is not in the ledger
    items: int
    base: Share | None  # of the greedy answers that could be decided; None: not there yet
    student: Share | None
    base_unknown: int
    student_unknown: int
    k: int | None  # None: no answers were sampled
    base_pass_at_k: float | None
    student_pass_at_k: float | None
    gained: int | None
    lost: int | None
    gain: float | None
    gain_low: float | None
    gain_high: float | None
    p: float | None


class Evaluation(Report):
    """One student."""

    run: RunRef
    dataset: str | None
    base: str
    planned_at: str | None
    is_complete: bool
    benchmarks: tuple[BenchmarkScore, ...]


class ScoreHistory(Report):
    """All evaluations, newest first."""

    rows: tuple[Evaluation, ...]
    is_cut: bool


class ItemAnswer(Report):
    """The greedy answer of one contender to one item."""

    outcome: str
    reason: str | None
    answer: str | None
    text: str | None
    attempt_id: str


class ScoredItem(Report):
    """An item with the answers of base and student."""

    benchmark: str
    item: str
    moved: Moved
    problem: str | None
    gold: str | None
    base: ItemAnswer | None
    student: ItemAnswer | None


class ItemPage(Report):
    """Some items of an evaluation."""

    run: RunRef
    rows: tuple[ScoredItem, ...]
    next_cursor: str | None


def score_history(archive: OpenLedger) -> ScoreHistory:
    """The evaluations with their scores.

    Raises:
        LedgerError: the ledger cannot be used.
    """
    with archive.ledger.reading() as connection:
        rows = score_queries.list_evaluations(connection, most=MAX_EVALUATIONS + 1)
        found = [_describe_evaluation(connection, row) for row in rows[:MAX_EVALUATIONS]]
    return ScoreHistory(rows=tuple(found), is_cut=len(rows) > MAX_EVALUATIONS)


def scored_items(
    archive: Archive,
    run_id_or_prefix: str,
    *,
    moved: Moved | None = None,
    benchmark: str | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> ItemPage:
    """Items of an evaluation by how base and student differ.

    Raises:
        UnknownIdError, AmbiguousIdError: the run.
        ConfigError: it is none of the pipeline evaluate.
        CacoError: ledger or store cannot be used.
    """
    after: tuple[str, str] | None = None
    if cursor is not None:
        first, second = decode_cursor(cursor, 2)
        after = str(first), str(second)
    with archive.ledger.reading() as connection:
        run = run_queries.run_record(connection, run_queries.find_run_id(connection, run_id_or_prefix))
        if run["pipeline"] != "evaluate":
            raise ConfigError(
                f"The run {run['run_id'][:12]} is one of '{run['pipeline']}': only evaluations have scores."
            )
        rows = score_queries.items_of(
            connection, run["run_no"], moved=moved, benchmark=benchmark, after=after, most=limit + 1
        )
        ids = [row[name] for row in rows[:limit] for name in ("base_id", "student_id") if row[name] is not None]
        addresses = score_queries.addresses_of(connection, run["run_no"], ids) if ids else []
    texts = _read_attempts(archive, addresses)
    reasons = {row["subject_id"]: row["reason"] for row in addresses}
    last = rows[limit - 1] if len(rows) > limit else None
    return ItemPage(
        run=run_ref({**run, "config": run["config"].get("name")}),
        rows=tuple(_describe_item(row, texts, reasons) for row in rows[:limit]),
        next_cursor=encode_cursor(last["benchmark"], last["item"]) if last is not None else None,
    )


def _describe_evaluation(connection: Connection, row: Mapping[str, Any]) -> Evaluation:
    of_run = scores(connection, row["run_id"])
    by_place = {(one.benchmark, one.contender): one for one in of_run}
    by_benchmark = {one.benchmark: one for one in gains(connection, row["run_id"])}
    names = sorted({one.benchmark for one in of_run})
    return Evaluation(
        run=run_ref(row),
        dataset=row["dataset"],
        base=row["base"] or "",
        planned_at=row["planned_at"].isoformat() if row["planned_at"] else None,
        is_complete=row["shards"] >= (4 if row["draws"] else 2),
        benchmarks=tuple(
            _describe_score(name, by_place.get((name, "base")), by_place.get((name, "student")), by_benchmark.get(name))
            for name in names
        ),
    )


def _describe_score(name: str, base: ScoreRow | None, student: ScoreRow | None, gain: GainRow | None) -> BenchmarkScore:
    known = student or base
    return BenchmarkScore(
        benchmark=name,
        is_protected=known.is_protected if known else None,
        items=known.items if known else 0,
        base=share_of(base.right_answers, base.right_answers + base.wrong) if base else None,
        student=share_of(student.right_answers, student.right_answers + student.wrong) if student else None,
        base_unknown=base.unknown if base else 0,
        student_unknown=student.unknown if student else 0,
        k=known.k if known else None,
        base_pass_at_k=base.pass_at_k if base else None,
        student_pass_at_k=student.pass_at_k if student else None,
        gained=gain.gained if gain else None,
        lost=gain.lost if gain else None,
        gain=gain.gain if gain else None,
        gain_low=gain.gain_low if gain else None,
        gain_high=gain.gain_high if gain else None,
        p=gain.p if gain else None,
    )


def _read_attempts(archive: Archive, addresses: Sequence[Mapping[str, Any]]) -> dict[str, Attempt]:
    """The attempts at these addresses; those of an output that the store has lost are left out."""
    found: dict[str, Attempt] = {}
    for uri, sha256 in {(row["uri"], row["sha256"]) for row in addresses}:
        wanted = {row["row"] for row in addresses if row["uri"] == uri}
        try:
            for number, judged in enumerate(iterate_shard(archive.store, uri, Attempt, sha256=sha256)):
                if number in wanted:
                    found[judged.record.attempt_id] = judged.record
                if number >= max(wanted):
                    break
        except StoreError:  # the table stands without texts
            continue
    return found


def _describe_item(
    row: Mapping[str, Any], texts: Mapping[str, Attempt], reasons: Mapping[str, str | None]
) -> ScoredItem:
    known = texts.get(row["student_id"]) or texts.get(row["base_id"])
    answers: dict[str, ItemAnswer | None] = {}
    for contender in ("base", "student"):
        attempt_id = row[f"{contender}_id"]
        attempt = texts.get(attempt_id)
        solution = attempt.solution if attempt is not None else None
        answers[contender] = None
        if attempt_id is not None:
            answers[contender] = ItemAnswer(
                outcome=row[contender],
                reason=reasons.get(attempt_id),
                answer=solution.answer if solution is not None else None,
                text=solution.text if solution is not None else None,
                attempt_id=attempt_id,
            )
    return ScoredItem(
        benchmark=row["benchmark"],
        item=row["item"],
        moved=row["moved"],
        problem=known.problem if known is not None else None,
        gold=known.gold if known is not None else None,
        base=answers["base"],
        student=answers["student"],
    )
