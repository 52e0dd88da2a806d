"""A recall as it is looked at and as it is applied: what is proposed for each descendant, and done about it.

Nothing is deleted. The recall is written down first, in the store and in the ledger, which lets no later run sample from a
model that it withdraws. Then each dataset gets a version without the rows that go, and the version before is withdrawn, or
withdrawn alone where all of it goes. Killed anywhere, the same command goes on.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from caco_tasks.dataset_tasks import publish_revision, set_dataset_state
from caco_tasks.errors import ConfigError
from caco_tasks.ids import content_id
from caco_tasks.ledger import Ledger, recall_queries
from caco_tasks.publishing.states import read_state
from caco_tasks.recall.ancestors import Ancestor
from caco_tasks.recall.descendants import DEGREES, Degree, Recall, Touched
from caco_tasks.recall.descent import find_descendants
from caco_tasks.recall.output_graph import read_graph
from caco_tasks.recall.unknown_edges import find_unregistered
from caco_tasks.store import Store
from caco_tasks.store.manifest import parse_stored
from caco_tasks.store.registry import RecalledThing, RecallRecord, recall_uri

Reach = Literal[
    "proposed", "direct", "all"
]  # what is withdrawn: as proposed, all that is direct, or all that was touched


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of one dataset."""

    dataset: str
    removed: int  # rows that went
    revised: str | None  # the version without them; None: the whole dataset was withdrawn


def look(ledger: Ledger, store: Store | None, ancestor: Ancestor) -> Recall:
    """All that descends from an ancestor, with proposals; what only the store knows is named as unknown. Writes nothing.

    Without a store it is not asked what the ledger lacks.

    Raises:
        UnknownIdError, AmbiguousIdError: the ancestor.
        ConfigError: a version of a check names no stage.
    """
    with ledger.moment() as connection:
        graph = read_graph(connection)
        found = find_descendants(connection, ancestor, graph)
    if store is None:
        return found
    names = [row["name"] for row in graph.datasets.values()]
    run_ids = [row["run_id"] for row in graph.runs.values()]
    return replace(found, unknown=(*found.unknown, *find_unregistered(store, names, run_ids)))


def reach_out(found: Recall, reach: Reach) -> Recall:
    """The same with more withdrawn than is proposed: whatever is direct, or all."""

    def decide(one: Touched) -> Touched:
        is_meant = reach == "all" or (reach == "direct" and one.degree == "direct")
        can_go = one.kind in ("model", "student", "dataset") and one.action != "keep"
        return replace(one, action="withdraw") if is_meant and can_go else one

    return replace(found, touched=tuple(map(decide, found.touched)))


def apply(
    ledger: Ledger,
    store: Store,
    found: Recall,
    *,
    by: str,
    because: str,
    despite_unknown: bool = False,
    on_dataset: Callable[[str], None] = lambda name: None,
) -> list[Done]:
    """Does what a recall says of models and datasets; returns what became of each dataset.

    Raises:
        ConfigError: nobody or no reason is named; or something of the descent is unknown and `despite_unknown` is false.
        StoreError, LedgerError: one of them cannot be used; the same call goes on from there.
    """
    if not by.strip() or not because.strip():
        raise ConfigError("Who recalls, and why, is kept with it: name both.")
    if found.unknown and not despite_unknown:
        raise ConfigError(
            f"Not all that descends from the {found.ancestor.kind} {found.ancestor.name} is known: "
            f"{' '.join(found.unknown)} Nothing was changed; --despite-unknown goes on with what is known."
        )
    _write_down(ledger, store, found, by=by, because=because)
    names = sorted({one.name for one in found.of("dataset") if one.action == "withdraw"})
    done: list[Done] = []
    for name in names:
        on_dataset(name)
        done += _withdraw_rows(ledger, store, found, name, by=by, because=because)
    return done


def _write_down(ledger: Ledger, store: Store, found: Recall, *, by: str, because: str) -> None:
    """The recall in the store, then in the ledger; of the same one that was begun before, what it has decided stays."""
    kind, ancestor = found.ancestor.kind, found.ancestor.name
    recall_id = content_id("recall", kind, ancestor, because)
    uri = recall_uri(recall_id)
    stored = store.get(uri)
    before = parse_stored(RecallRecord, stored, uri=uri) if stored is not None else None
    things = {(one.kind, one.name, one.degree): one for one in _things_of(found.touched)}
    for one in before.touched if before is not None else ():
        if one.action == "withdraw" or (one.kind, one.name, one.degree) not in things:
            things[one.kind, one.name, one.degree] = one
    record = RecallRecord(
        recall_id=recall_id,
        kind=kind,
        ancestor=ancestor,
        by=before.by if before is not None else by,
        because=because,
        at=before.at if before is not None else datetime.now(UTC),
        unknown=found.unknown,
        touched=tuple(things[place] for place in sorted(things)),
    )
    store.put(uri, record.model_dump_json(indent=1).encode())
    ledger.record_recall(record)


def _things_of(touched: Iterable[Touched]) -> Iterable[RecalledThing]:
    for one in touched:
        yield RecalledThing(
            kind=one.kind, name=one.name, degree=one.degree, action=one.action, part=one.part, whole=one.whole
        )


def _withdraw_rows(ledger: Ledger, store: Store, found: Recall, name: str, *, by: str, because: str) -> Iterable[Done]:
    """Withdraws a dataset, after a version without the rows that go where others are left."""
    state = read_state(store, name)
    if state is not None and state.state == "withdrawn":
        return
    going: set[Degree] = {one.degree for one in found.of("dataset") if one.name == name and one.action == "withdraw"}
    whole = next(one.whole for one in found.of("dataset") if one.name == name)
    removed: dict[str, str] = {}
    is_whole = any(found.rows[name, degree].is_whole for degree in going)
    for degree in DEGREES if not is_whole else ():
        if degree in going:
            for sample_id in _samples(ledger, found, name, degree):
                removed.setdefault(sample_id, f"recalled {found.ancestor.kind}, {degree}")
    if is_whole or len(removed) == whole:
        set_dataset_state(ledger, store, name, "withdrawn", by=by, because=because)
        yield Done(dataset=name, removed=whole, revised=None)
        return
    revised = publish_revision(ledger, store, name, removed, by=by, because=because, withdraws=True)
    yield Done(dataset=name, removed=len(removed), revised=f"{revised.dataset}/{revised.version}")


def _samples(ledger: Ledger, found: Recall, name: str, degree: Degree) -> list[str]:
    rows = found.rows[name, degree]
    with ledger.moment() as connection:
        [number] = [row["dataset_no"] for row in recall_queries.datasets(connection) if row["name"] == name]
        return recall_queries.list_rows(connection, number, keys=rows.keys, samples=rows.samples)
