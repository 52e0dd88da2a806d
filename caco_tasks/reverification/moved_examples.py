"""Samples that moved, with their texts, as a person judges whether the newer check is right."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from caco_tasks.reverification.moved_samples import parse_moves, read_moved
from caco_tasks.reverification.reverify import Plan
from caco_tasks.reverification.shard_replay import Move, is_accepted
from caco_tasks.reverification.stored_samples import End, read_columns
from caco_tasks.store import Store
from caco_tasks.store.reverification_record import ReverificationRecord

MAX_EXAMPLES = 20  # each way
TEXTS: Mapping[str, str] = {
    "problem": "problem.text",
    "solution": "solution.text",
    "answer": "solution.answer",
    "output": "execution.output_text",
    "code": "program.code",
}  # what is shown of a sample, and its column


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One sample that moved."""

    move: Move
    texts: Mapping[str, str | None]  # by the names of TEXTS; None: it did not come so far

    def as_json(self) -> dict[str, Any]:
        """The form that scripts read."""
        return {
            "sample_id": self.move.sample_id,
            "from": end_json(self.move.before),
            "to": {**end_json(self.move.now), "detail": self.move.detail},
            **self.texts,
        }


def end_json(end: End) -> dict[str, str | None]:
    """An end as scripts read it."""
    return {"stage": end.stage, "outcome": end.outcome, "reason": end.reason}


def find_examples(store: Store, plan: Plan, record: ReverificationRecord) -> tuple[list[Example], list[Example]]:
    """Samples that are newly accepted, and newly rejected: those with the smallest ids, which are hashes, so a random draw.

    Raises:
        StoreError, DamagedError: rows are gone, or not what was written.
    """
    accepted = list(islice(_moves(store, record, accepted=True), MAX_EXAMPLES)) if record.newly_accepted else []
    rejected = list(islice(_moves(store, record, accepted=False), MAX_EXAMPLES)) if record.newly_rejected else []
    texts = _read_texts(store, plan, [*accepted, *rejected])
    first, second = (
        [Example(move=move, texts=texts[move.sample_id]) for move in moves] for moves in (accepted, rejected)
    )
    return first, second


def _moves(store: Store, record: ReverificationRecord, *, accepted: bool) -> Iterator[Move]:
    for batch in read_moved(store, record):
        for move in parse_moves(batch.to_pylist()):
            if is_accepted(move.now if accepted else move.before):
                yield move


def _read_texts(store: Store, plan: Plan, moves: list[Move]) -> dict[str, dict[str, str | None]]:
    of_shard: dict[int, list[str]] = defaultdict(list)
    for move in moves:
        of_shard[move.shard].append(move.sample_id)
    texts: dict[str, dict[str, str | None]] = {}
    for shard, wanted in of_shard.items():
        found = read_columns(store, plan.shards[shard].entering, tuple(TEXTS.values())).of(wanted)
        columns = [found.values(path) for path in TEXTS.values()]
        for sample_id, values in zip(found.ids, zip(*columns, strict=True), strict=True):
            texts[sample_id] = dict(zip(TEXTS, values, strict=True))
    return texts
