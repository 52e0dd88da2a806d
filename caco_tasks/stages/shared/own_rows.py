"""Rows of earlier nightly runs that the next CodeGen learns from beside the seed programs: which datasets, and which rows.

Datasets are chosen when a run is planned, and pinned by the hash of their manifests; rows are chosen when the model is
trained. Of each shape of program only a few enter, so that what is written often is not written more often each round, and
seed programs keep their share: docs/decisions/0025-own-rows-are-training-data.md.
"""

import hashlib
import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, zip_longest
from typing import Any

from caco_tasks.checks.fingerprints import program_fingerprint
from caco_tasks.domain_tags import without_tag
from caco_tasks.errors import ConfigError, DamagedError
from caco_tasks.ids import content_id
from caco_tasks.ledger import Ledger
from caco_tasks.model_settings import OwnRowSettings
from caco_tasks.publishing.dataset_files import dataset_rows
from caco_tasks.publishing.states import read_state, split_name
from caco_tasks.store import Store
from caco_tasks.store.manifest import parse_stored
from caco_tasks.store.registry import DatasetRecord, dataset_manifest_uri


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRow:
    """A published row that a CodeGen learns from."""

    sample_id: str
    dataset: str  # as name/version
    code: str  # without a line that names its domain
    domain: str | None
    shape: str  # what it has in common with the same program under other numbers and texts


def find_own_datasets(settings: OwnRowSettings, partition: str, ledger: Ledger, store: Store) -> dict[str, str]:
    """The datasets that a training of a date learns from, and the SHA-256 of each manifest; the order is that of the config.

    Those named by NAME alone are the versions that count for the newest dates up to its own; none, where there is none yet.

    Raises:
        ConfigError: a dataset named with its version is not there, not published, or of a later date.
        DamagedError: a manifest is not readable.
    """
    found: dict[str, str] = {}
    for name in settings.datasets:
        if "/" in name:
            found |= [_demand_dataset(name, partition, store)]
            continue
        by_date = ledger.current_datasets(name, date.min.isoformat(), partition)
        for day in sorted(by_date, reverse=True)[: settings.newest]:
            found[by_date[day]] = _read_manifest(by_date[day], store)[1]
    return found


def require_own_datasets(pinned: Mapping[str, str], store: Store) -> None:
    """Holds the datasets that a run pinned against what is there when the model is trained.

    Raises:
        ConfigError: one was withdrawn since.
        DamagedError: one is not what it was.
    """
    for name, sha256 in pinned.items():
        state = read_state(store, name)
        if state is not None and state.state == "withdrawn":
            raise ConfigError(
                f"The dataset '{name}' was withdrawn ({state.because}) after this training was planned, and no model learns "
                "from it: the training of the next date leaves it out; for this date name others in train.own.datasets."
            )
        manifest = store.get(dataset_manifest_uri(*split_name(name))) or b""
        if hashlib.sha256(manifest).hexdigest() != sha256:
            raise DamagedError(
                f"The dataset '{name}' is not the one that the run pinned: restore it, or plan another run."
            )


def choose_own_rows(
    settings: OwnRowSettings, rows: Iterable[tuple[str, Mapping[str, Any]]], *, seed_programs: int
) -> list[OwnRow]:
    """The rows to learn from, of pairs of dataset and row: by shape at most so many, over all no more than their share.

    Where there are too many, each shape gives one before any gives two. Which rows of a shape enter follows from their
    ids. As many are held in memory as there are shapes times `max_per_shape`.
    """
    most = int(seed_programs * settings.max_share / (1 - settings.max_share))
    of_shape: dict[str, list[tuple[int, str, OwnRow]]] = {}
    for dataset, row in rows:
        code = without_tag(str(row["code"]))
        own = OwnRow(
            sample_id=str(row["sample_id"]),
            dataset=dataset,
            code=code,
            domain=row["domain"],
            shape=program_fingerprint(code, keep_literals=False),
        )
        kept = of_shape.setdefault(own.shape, [])
        if any(one.sample_id == own.sample_id for _, _, one in kept):
            continue  # two datasets, as two versions of a date, may hold the same sample
        # the smallest hashes stay: a heap of their negatives
        entry = (-int(content_id("own row", own.sample_id), 16), own.sample_id, own)
        heapq.heappush(kept, entry)
        if len(kept) > settings.max_per_shape:
            heapq.heappop(kept)
    return list(_round_by_round(of_shape))[:most]


def read_own_rows(pinned: Mapping[str, str], store: Store) -> Iterator[tuple[str, dict[str, Any]]]:
    """All rows of the datasets that a run pinned, each with the name of its dataset.

    Raises:
        ConfigError, DamagedError: as `require_own_datasets`.
    """
    require_own_datasets(pinned, store)
    return ((name, row) for name in pinned for row in dataset_rows(store, name))


def _round_by_round(of_shape: Mapping[str, Sequence[tuple[int, str, OwnRow]]]) -> Iterator[OwnRow]:
    """The first row of every shape, then the second of those that have one, and so on."""
    ordered = [
        [own for _, _, own in sorted(kept, reverse=True)]
        for _, kept in sorted(of_shape.items(), key=lambda item: content_id("own shape", item[0]))
    ]
    return (own for own in chain.from_iterable(zip_longest(*ordered)) if own is not None)


def _demand_dataset(name: str, partition: str, store: Store) -> tuple[str, str]:
    record, sha256 = _read_manifest(name, store)
    state = read_state(store, name)
    if state is not None and state.state != "published":
        raise ConfigError(
            f"The dataset '{name}' (train.own.datasets) is {state.state} ({state.because}): name one that is published."
        )
    if record.partition > partition:
        raise ConfigError(
            f"The dataset '{name}' (train.own.datasets) is of {record.partition}, and a model of {partition} learns from "
            "nothing later: name an earlier one, or train for a later date."
        )
    return name, sha256


def _read_manifest(name: str, store: Store) -> tuple[DatasetRecord, str]:
    uri = dataset_manifest_uri(*split_name(name))
    manifest = store.get(uri)
    if manifest is None:
        raise ConfigError(f"There is no dataset '{name}' (train.own.datasets) in {store.root}: `caco dataset list`.")
    return parse_stored(DatasetRecord, manifest, uri=uri), hashlib.sha256(manifest).hexdigest()
