"""What nobody needs any more: found, counted and, on demand, removed.

Nothing is waste that a run, a manifest or the ledger names, or that is younger than the grace period: an object is
written before its manifest. Only objects whose names say what they are come into question; everything else in the store
is left alone, as are replies, claims, answers and draws.
"""

import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby
from pathlib import Path

from caco_tasks.ledger import Ledger
from caco_tasks.store import Store
from caco_tasks.store.store import Stored

# kind -> what it is; the order of the report
KINDS: Mapping[str, str] = {
    "orphan shards": "rows that no manifest names, of an attempt that lost or was killed",
    "finished parts": "parts of shards that are finished",
    "orphan models": "weights that no run and no manifest names, of a training that was killed",
    "orphan datasets": "files of versions without a manifest, of a publication that was killed",
    "drafts": "files and uploads that a killed write left behind",
    "cached weights": "downloads on this machine that were not used; they come again when they are needed",
    "work folders": "checkpoints on this machine of trainings that nobody went on with",
}

_SHARD = re.compile(r"^runs/[^/]+/[^/]+/[^/]+/\d{5}-[0-9a-f]{16}\.parquet$")
_PART = re.compile(r"^(runs/[^/]+/[^/]+/[^/]+/\d{5})\.parts/[^/]+\.parquet$")
# not the manifests below models/: each names itself
_RECORD = re.compile(r"^(runs/.*/run\.json|runs/.*\.manifest\.json|datasets/.*/manifest\.json)$")
_NAME = re.compile(rb'(?:runs|datasets)/[^"\s]+|[0-9a-f]{32}')


@dataclass(frozen=True, slots=True, kw_only=True)
class Waste:
    """One thing that can go."""

    kind: str  # of KINDS
    name: str
    bytes: int
    remove: Callable[[], None]  # nothing happens where it has gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How much there is of one kind."""

    things: int
    bytes: int


def find_waste(ledger: Ledger, store: Store, cache: Path, *, before: datetime) -> list[Waste]:
    """Everything in the store and on this machine that nobody needs and nobody touched since `before`.

    Args:
        ledger: names what is registered.
        store: is listed as a whole.
        cache: the folder of downloaded weights on this machine; the folder `work` lies beside it.
        before: the end of the grace period, with its time zone.

    Raises:
        StoreError: the store cannot be used.
        LedgerError: the ledger cannot be used: without it nothing is held for waste.
    """
    listed = [each for prefix in ("runs", "models", "datasets") for each in store.look(prefix)]
    named = _named(store, listed) | ledger.named()  # read after the listing: what is new by now is named, or not listed
    old = [each for each in listed if each.changed_at < before]
    return [
        *_orphan_shards(store, old, named),
        *_finished_parts(store, old, {each.key for each in listed}),
        *_orphan_models(store, listed, named, before),
        *_orphan_datasets(store, listed, named, before),
        *_drafts(store, before),
        *_folders("cached weights", cache, before),
        *_folders("work folders", cache.with_name("work"), before),
    ]


def tally(waste: Iterable[Waste]) -> dict[str, Tally]:
    """How much there is of each kind, all kinds named."""
    found = list(waste)
    of_kind = {kind: [each.bytes for each in found if each.kind == kind] for kind in KINDS}
    return {kind: Tally(things=len(sizes), bytes=sum(sizes)) for kind, sizes in of_kind.items()}


def _named(store: Store, listed: Iterable[Stored]) -> Set[str]:
    """Every path and every id that any run, manifest or dataset names, wherever in it."""
    records = (store.get(each.key) or b"" for each in listed if _RECORD.match(each.key))
    return {name.decode() for record in records for name in _NAME.findall(record)}


def _orphan_shards(store: Store, old: Iterable[Stored], named: Set[str]) -> Iterator[Waste]:
    for each in old:
        if _SHARD.match(each.key) and each.key not in named:
            yield _object("orphan shards", store, each)


def _finished_parts(store: Store, old: Iterable[Stored], keys: Set[str]) -> Iterator[Waste]:
    for each in old:
        part = _PART.match(each.key)
        if part and f"{part.group(1)}.manifest.json" in keys:
            yield _object("finished parts", store, each)


def _orphan_models(store: Store, listed: Sequence[Stored], named: Set[str], before: datetime) -> Iterator[Waste]:
    """Whole folders of weights; the manifest goes first, so that what is left is not taken for a model."""
    for folder, files in _by_folder(listed, "models", depth=2):
        if folder.partition("/")[2] not in named and all(each.changed_at < before for each in files):
            ordered = sorted(files, key=lambda each: not each.key.endswith("/manifest.json"))
            yield from (_object("orphan models", store, each) for each in ordered)


def _orphan_datasets(store: Store, listed: Sequence[Stored], named: Set[str], before: datetime) -> Iterator[Waste]:
    for folder, files in _by_folder(listed, "datasets", depth=3):
        is_published = any(each.key == f"{folder}/manifest.json" for each in files) or folder in named
        if not is_published and all(each.changed_at < before for each in files):
            yield from (_object("orphan datasets", store, each) for each in files)


def _by_folder(listed: Iterable[Stored], top: str, *, depth: int) -> Iterator[tuple[str, list[Stored]]]:
    """Objects below `top` by the folder that their first `depth` names make; `listed` is sorted."""
    below = [each for each in listed if each.key.startswith(f"{top}/") and each.key.count("/") >= depth]
    for folder, files in groupby(below, key=lambda each: "/".join(each.key.split("/")[:depth])):
        yield folder, list(files)


def _drafts(store: Store, before: datetime) -> Iterator[Waste]:
    for each in store.drafts(before):
        yield Waste(kind="drafts", name=each.key, bytes=each.bytes, remove=partial(store.delete_draft, each.key))


def _folders(kind: str, place: Path, before: datetime) -> Iterator[Waste]:
    """Folders directly below a place of this machine in which nothing changed since `before`."""
    for folder in sorted(place.iterdir()) if place.is_dir() else []:
        stats = [path.stat() for path in (folder, *folder.rglob("*"))] if folder.is_dir() else []
        if stats and max(stat.st_mtime for stat in stats) < before.timestamp():
            remove = partial(shutil.rmtree, folder, ignore_errors=True)
            yield Waste(kind=kind, name=str(folder), bytes=sum(stat.st_size for stat in stats), remove=remove)


def _object(kind: str, store: Store, stored: Stored) -> Waste:
    return Waste(kind=kind, name=stored.key, bytes=stored.bytes, remove=partial(store.delete, stored.key))
