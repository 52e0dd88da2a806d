"""The ledger anew, from nothing but the store."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from caco_tasks.errors import DamagedError
from caco_tasks.ledger.flow import PIPELINES
from caco_tasks.ledger.ledger import Ledger
from caco_tasks.store.manifest import Manifest, RunRecord, parse_manifest
from caco_tasks.store.registry import is_dataset_manifest, parse_answers, parse_dataset, parse_draw, parse_run
from caco_tasks.store.store import Store

Parsed = TypeVar("Parsed")


def rebuild(
    ledger: Ledger, store: Store, *, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> dict[str, int]:
    """Empties the ledger and loads every run, shard, dataset and answer of the store; returns how many of each.

    All that is small is read and checked first, so that a damaged manifest is found before anything is emptied. Content
    comes out the same, but for the times of loading. No run should be under way; interrupted, it can be started again.

    Args:
        ledger: its schema must be up to date.
        store: where the runs are.
        on_progress: called with the number of shards loaded and the number of all.

    Raises:
        DamagedError: a manifest or a shard is not what it should be.
        StoreError: the store cannot be used.
    """
    keys = store.list("runs")
    runs = _parse_all(store, (key for key in keys if key.endswith("/run.json")), parse_run)
    manifests = _parse_all(store, (key for key in keys if key.endswith(".manifest.json")), parse_manifest)
    datasets = _parse_all(store, filter(is_dataset_manifest, store.list("datasets")), parse_dataset)
    draws = _parse_all(store, store.list("draws"), parse_draw)
    said = _parse_all(store, store.list("audits"), parse_answers)
    ledger.empty()
    for run in sorted(runs, key=_order_of_runs):
        ledger.register_run(run)
    for done, manifest in enumerate(sorted(manifests, key=_order_of_shards), start=1):
        ledger.load_shard(manifest, store)
        on_progress(done, len(manifests))
    for dataset in datasets:
        ledger.register_dataset(dataset, store)
    for draw in draws:
        ledger.register_draw(draw)
    audits = [answer for person in said for answer in person.answers]
    ledger.record_audits(audits, store)
    return {"runs": len(runs), "shards": len(manifests), "datasets": len(datasets), "audits": len(audits)}


def _parse_all(store: Store, keys: Iterable[str], parse: Callable[..., Parsed]) -> list[Parsed]:
    return [parse(_get(store, key), uri=key) for key in keys]


def _get(store: Store, key: str) -> bytes:
    data = store.get(key)
    if data is None:
        raise DamagedError(
            f"{key} is listed in {store.root} and cannot be read: rebuild again when no run is under way."
        )
    return data


def _order_of_runs(run: RunRecord) -> tuple[str, int, str]:
    """Registration in this order decides only between runs that were planned before their record held a time."""
    return run.partition, list(PIPELINES).index(run.pipeline), run.run_id


def _order_of_shards(manifest: Manifest) -> tuple[str, int, str, int, int]:
    stages = PIPELINES[manifest.pipeline]
    place = stages.index(manifest.stage) if manifest.stage in stages else len(stages)
    return manifest.partition, list(PIPELINES).index(manifest.pipeline), manifest.run_id, place, manifest.shard
