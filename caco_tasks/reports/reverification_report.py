"""The re-verifications of a run: what newer checks or settings say of its samples, and which moved."""

from datetime import datetime

from caco_tasks.ledger import reverifications as queries
from caco_tasks.ledger import run_queries
from caco_tasks.ledger.answer_rows import Row
from caco_tasks.reports.archive import OpenLedger
from caco_tasks.reports.reason_words import words_of
from caco_tasks.reports.report_parts import Report

MAX_SHOWN = 20  # re-verifications of a run, and samples each way


class Move(Report):
    """How some samples ended in the run, and how they end now."""

    from_stage: str
    from_outcome: str
    from_reason: str | None
    from_words: str | None
    to_stage: str
    to_outcome: str
    to_reason: str | None
    to_words: str | None
    samples: int


class MovedSample(Report):
    """One sample that moved."""

    sample_id: str
    from_stage: str
    from_reason: str | None  # None: it passed all
    to_stage: str
    to_reason: str | None
    to_detail: str | None


class ReverificationLine(Report):
    """One re-verification."""

    reverification_id: str
    dataset: str | None  # name/version, where one was named
    stage: str
    overrides: tuple[str, ...]
    only_unknown: bool
    asked: tuple[str, ...]
    code_version: str
    by: str
    began_at: datetime
    seconds: float
    model_calls: int
    read: int
    moved: int
    newly_accepted: int
    newly_rejected: int
    moves: tuple[Move, ...]  # the most frequent first
    accepted: tuple[MovedSample, ...]  # a random draw of the newly accepted
    rejected: tuple[MovedSample, ...]


class RunReverifications(Report):
    """All of a run, the newest first."""

    run_id: str
    rows: tuple[ReverificationLine, ...]


def run_reverifications(archive: OpenLedger, run_id_or_prefix: str) -> RunReverifications:
    """The newest re-verifications of a run.

    Raises:
        UnknownIdError, AmbiguousIdError: the id.
        LedgerError: the ledger cannot be used.
    """
    with archive.ledger.reading() as connection:
        run_id = run_queries.find_run_id(connection, run_id_or_prefix)
        found = queries.reverifications_of(connection, run_id, most=MAX_SHOWN)
        moves: dict[int, list[Move]] = {row["reverification_no"]: [] for row in found}
        for row in queries.moves_of(connection, list(moves)):
            moves[row["reverification_no"]].append(_describe_move(row))
        lines = []
        for row in found:
            number = row["reverification_no"]
            ways = [queries.moved_samples(connection, number, accepted=way, most=MAX_SHOWN) for way in (True, False)]
            accepted, rejected = (tuple(map(_describe_sample, samples)) for samples in ways)
            values = {name: value for name, value in row.items() if name != "reverification_no"}
            lines.append(ReverificationLine(**values, moves=tuple(moves[number]), accepted=accepted, rejected=rejected))
    return RunReverifications(run_id=run_id, rows=tuple(lines))


def _describe_move(row: Row) -> Move:
    values = {name: value for name, value in row.items() if name != "reverification_no"}
    return Move(**values, from_words=words_of(row["from_reason"]), to_words=words_of(row["to_reason"]))


def _describe_sample(row: Row) -> MovedSample:
    return MovedSample(**{name: row[name] for name in MovedSample.model_fields})
