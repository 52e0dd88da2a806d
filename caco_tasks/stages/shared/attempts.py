"""Asking a model again where its text did not pass: of several texts for one record, the first that passes stays."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from caco_tasks.records import Generation, JudgedRecord, Outcome, Record
from caco_tasks.stages.shared.prompting import with_costs_of

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted(Generic[Record]):
    """What came of all attempts at one record."""

    row: JudgedRecord[Record]  # the first that passes; else the last, or an earlier one that is unknown
    attempt: int  # that `row` is of, from 1
    generation: Generation | None  # of the text of `row`, with the costs of all attempts; None: no model wrote one


def attempt_all(
    items: Mapping[str, Item],
    write: Callable[[Sequence[Item], int], Iterable[JudgedRecord[Record]]],
    generation: Callable[[Record], Generation | None],
    *,
    attempts: int,
    tries: int,
) -> Iterator[Attempted[Record]]:
    """Has a text written about each item, by the id of its record, at most `attempts` times, until it passes.

    `write` takes the items that have no row yet that passes, and the number of their sample: a row comes back for each.
    `generation` says how the text of a record came to be. `tries` of the runner came before, whose samples are not asked
    for again.
    """
    rows: dict[str, tuple[JudgedRecord[Record], int]] = {}
    made: defaultdict[str, list[Generation]] = defaultdict(list)
    for attempt in range(attempts):
        waiting = [item for key, item in items.items() if key not in rows or not rows[key][0].verdict.kept]
        for row in write(waiting, tries * attempts + attempt):
            written = generation(row.record)
            if written is not None:
                made[row.id].append(written)
            if (
                row.id not in rows
                or rows[row.id][0].verdict.outcome is Outcome.FAIL
                or row.verdict.outcome is not Outcome.FAIL
            ):
                rows[row.id] = row, attempt + 1
    for key, (row, attempt) in rows.items():
        written = generation(row.record)
        yield Attempted(
            row=row, attempt=attempt, generation=None if written is None else with_costs_of(written, made[key])
        )
