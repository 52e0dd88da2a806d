"""Housekeeping: what no run and no dataset reaches is counted by kind and, on demand, removed.

Runs and datasets are the roots. An output is reached when a run consists of it, or consisted of it before a new attempt, or
when a reached output was made from it; nothing reached is ever waste, nor is anything younger than the grace period: rows
are written before their manifest. Only objects whose names say what they are come into question; everything else in the
store is left alone, as are replies, answers and draws.
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
from caco_tasks.store.registry import is_dataset_file
from caco_tasks.store.store import Stored

# kind -> what it is; the order of the report
KINDS: Mapping[str, str] = {
    "unreached outputs": "outputs that no run consists of and no other output was made from",
    "unfinished outputs": "rows and parts of outputs that were killed and that nobody went on with",
    "orphan rows": "rows that no manifest names, of an attempt that came second",
    "finished parts": "parts of outputs that are finished",
    "orphan models": "weights that no run and no manifest names, of a training that was killed",
    "orphan datasets": "files of versions without a manifest, of a publication that was killed",
    "drafts": "files and uploads that a killed write left behind",
    "cached weights": "downloads on this machine that were not used; they come again when they are needed",
    "work folders": "checkpoints on this machine of trainings that nobody went on with",
}

_IN_OUTPUT = re.compile(r"^(outputs/[^/]+/([0-9a-f]{32}))/")
_ROWS = re.compile(r"/[0-9a-f]{16}\.parquet$")
_MODEL = re.compile(r"[0-9a-f]{32}")
_ID = re.compile(rb"[0-9a-f]{32}")
_DATASET = re.compile(rb"datasets/[^\"\s]+")


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
    listed = {prefix: store.look(prefix) for prefix in ("runs", "outputs", "models", "datasets")}
    # read after the listing: what is new by now is reached, or was not listed
    reached = find_reached(store, listed) | ledger.named()
    return [
        *_find_output_waste(store, listed["outputs"], reached, before),
        *_find_orphan_models(store, listed["models"], reached, before),
        *_find_orphan_datasets(store, listed["datasets"], reached, before),
        *(
            Waste(kind="drafts", name=each.key, bytes=each.bytes, remove=partial(store.delete_draft, each.key))
            for each in store.drafts(before)
        ),
        *_find_old_folders("cached weights", cache, before),
        *_find_old_folders("work folders", cache.with_name("work"), before),
    ]


def tally(waste: Iterable[Waste]) -> dict[str, Tally]:
    """How much there is of each kind, all kinds named."""
    found = list(waste)
    of_kind = {kind: [each.bytes for each in found if each.kind == kind] for kind in KINDS}
    return {kind: Tally(things=len(sizes), bytes=sum(sizes)) for kind, sizes in of_kind.items()}


def find_reached(store: Store, listed: Mapping[str, Sequence[Stored]]) -> Set[str]:
    """Every id and every dataset that a run names, and the ids that the manifests of reached outputs name in turn."""
    reached: set[str] = set()
    for each in (*listed["runs"], *listed["datasets"]):
        if each.key.endswith(".json"):
            record = store.get(each.key) or b""
            reached |= {name.decode() for name in (*_ID.findall(record), *_DATASET.findall(record))}
    manifests = {each.key.split("/")[2]: each.key for each in listed["outputs"] if each.key.endswith("/manifest.json")}
    waiting = [key for key in reached if key in manifests]
    while waiting:
        named = {name.decode() for name in _ID.findall(store.get(manifests[waiting.pop()]) or b"")}
        waiting += [key for key in named - reached if key in manifests]
        reached |= named
    return reached


def _find_output_waste(store: Store, listed: Sequence[Stored], reached: Set[str], before: datetime) -> Iterator[Waste]:
    """Output by output: all of an unreached or unfinished one, and of a finished one what its manifest does not name."""
    for folder, files in _group_by_folder(listed, "outputs", depth=3):
        match = _IN_OUTPUT.match(f"{folder}/")
        is_old = all(each.changed_at < before for each in files)
        manifest = store.get(f"{folder}/manifest.json")
        if match is None:
            continue  # a foreign object
        if manifest is None:
            yield from (_object_waste("unfinished outputs", store, each) for each in files if is_old)
        elif match.group(2) not in reached:
            # the manifest goes first, so that what is left is not taken for an output
            ordered = sorted(files, key=lambda each: not each.key.endswith("/manifest.json"))
            yield from (_object_waste("unreached outputs", store, each) for each in ordered if is_old)
        else:
            yield from _find_leftovers(store, files, manifest, before)


def _find_leftovers(store: Store, files: Sequence[Stored], manifest: bytes, before: datetime) -> Iterator[Waste]:
    for each in files:
        if each.changed_at >= before:
            continue
        if "/parts/" in each.key:
            yield _object_waste("finished parts", store, each)
        elif _ROWS.search(each.key) and each.key.encode() not in manifest:
            yield _object_waste("orphan rows", store, each)


def _find_orphan_models(store: Store, listed: Sequence[Stored], reached: Set[str], before: datetime) -> Iterator[Waste]:
    """Whole folders of weights; the manifest goes first, so that what is left is not taken for a model."""
    for folder, files in _group_by_folder(listed, "models", depth=2):
        model_id = folder.partition("/")[2]
        if not _MODEL.fullmatch(model_id):
            continue  # a foreign folder
        if model_id not in reached and all(each.changed_at < before for each in files):
            ordered = sorted(files, key=lambda each: not each.key.endswith("/manifest.json"))
            yield from (_object_waste("orphan models", store, each) for each in ordered)


def _find_orphan_datasets(
    store: Store, listed: Sequence[Stored], reached: Set[str], before: datetime
) -> Iterator[Waste]:
    for folder, files in _group_by_folder(listed, "datasets", depth=3):
        is_published = any(each.key == f"{folder}/manifest.json" for each in files) or folder in reached
        if not is_published and all(each.changed_at < before for each in files):
            yield from (_object_waste("orphan datasets", store, each) for each in files if is_dataset_file(each.key))


def _group_by_folder(listed: Iterable[Stored], top: str, *, depth: int) -> Iterator[tuple[str, list[Stored]]]:
    """Objects below `top` by the folder that their first `depth` names make; `listed` is sorted."""
    # a key with fewer names is no object of a folder, but one that lies beside them
    below = [each for each in listed if each.key.startswith(f"{top}/") and each.key.count("/") >= depth]
    for folder, files in groupby(below, key=lambda each: "/".join(each.key.split("/")[:depth])):
        yield folder, list(files)


def _find_old_folders(kind: str, place: Path, before: datetime) -> Iterator[Waste]:
    """Folders directly below a place of this machine in which nothing changed since `before`."""
    for folder in sorted(place.iterdir()) if place.is_dir() else []:
        stats = [path.stat() for path in (folder, *folder.rglob("*"))] if folder.is_dir() else []
        if stats and max(stat.st_mtime for stat in stats) < before.timestamp():
            remove = partial(shutil.rmtree, folder, ignore_errors=True)
            yield Waste(kind=kind, name=str(folder), bytes=sum(stat.st_size for stat in stats), remove=remove)


def _object_waste(kind: str, store: Store, stored: Stored) -> Waste:
    return Waste(kind=kind, name=stored.key, bytes=stored.bytes, remove=partial(store.delete, stored.key))
