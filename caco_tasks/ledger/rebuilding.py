"""The ledger anew, from nothing but the store."""

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import TypeVar

from pydantic import BaseModel

from caco_tasks.errors import DamagedError
from caco_tasks.ledger.ledger import Ledger
from caco_tasks.pipeline import PIPELINES, STAGES
from caco_tasks.store.manifest import (
    AttemptLog,
    Manifest,
    RunOutput,
    RunRecord,
    RunTrigger,
    parse_manifest,
    parse_stored,
)
from caco_tasks.store.registry import (
    AuditAnswers,
    AuditDraw,
    DatasetRecord,
    DatasetStates,
    dataset_state_uri,
    is_dataset_manifest,
)
from caco_tasks.store.store import Store

Parsed = TypeVar("Parsed", bound=BaseModel)
Outputs = Mapping[str, Manifest]  # by key


def rebuild(
    ledger: Ledger, store: Store, *, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> dict[str, int]:
    """Empties the ledger and loads every run, output, dataset and answer of the store; returns how many of each.

    All that is small is read and checked first, so that a damaged manifest is found before anything is emptied. Content
    comes out the same, but for the times of loading. No run should be under way; interrupted, it can be started again.

    Args:
        ledger: its schema must be up to date.
        store: where the runs are.
        on_progress: called with the number of outputs loaded and the number of all.

    Raises:
        DamagedError: a manifest or an output is not what it should be, or a run names one that is gone.
        StoreError: the store cannot be used.
    """
    keys = store.list("runs")
    runs = {run.run_id: run for run in _parse_all(store, keys, RunRecord, end="/run.json")}
    triggers = _parse_all(store, (uri for uri in keys if "/triggers/" in uri), RunTrigger)
    manifests = [uri for uri in store.list("outputs") if uri.endswith("/manifest.json")]
    outputs = {one.key: one for one in (parse_manifest(_get(store, uri), uri=uri) for uri in manifests)}
    places = list(_places(store, keys, runs, outputs))
    datasets = _parse_all(store, filter(is_dataset_manifest, store.list("datasets")), DatasetRecord)
    draws = _parse_all(store, store.list("draws"), AuditDraw)
    said = _parse_all(store, store.list("audits"), AuditAnswers)
    ledger.empty()
    # the order decides only between runs whose records hold no time of planning
    for run in sorted(runs.values(), key=lambda run: (run.partition, list(PIPELINES).index(run.pipeline), run.run_id)):
        ledger.register_run(run)
    for trigger in triggers:
        ledger.register_trigger(runs[trigger.run_id], trigger, store)
    _load_outputs(ledger, store, runs, outputs, on_progress)
    # each maker has its outputs by now; what runs share, and which attempts count, is told by their own records
    for run, manifest, shard, attempt in places:
        ledger.load_output(run, manifest, store, shard=shard, attempt=attempt)
    for dataset in datasets:
        ledger.register_dataset(dataset, store)
        name, uri = f"{dataset.dataset}/{dataset.version}", dataset_state_uri(dataset.dataset, dataset.version)
        found = store.get(uri)  # None: a dataset made by hand, which never had a state
        for change in parse_stored(DatasetStates, found, uri=uri).history if found is not None else ():
            ledger.set_dataset_state(name, change.state, by=change.by, because=change.because, at=change.at)
    for draw in draws:
        ledger.register_draw(draw)
    audits = [answer for person in said for answer in person.answers]
    ledger.record_audits(audits, store)
    return {"runs": len(runs), "outputs": len(outputs), "datasets": len(datasets), "audits": len(audits)}


def _load_outputs(
    ledger: Ledger,
    store: Store,
    runs: Mapping[str, RunRecord],
    outputs: Outputs,
    on_progress: Callable[[int, int], None],
) -> None:
    """All outputs, each as its maker has it; date by date, so that the fates of a date are indexed once, at its end."""
    ordered = sorted(outputs.values(), key=_order_of_outputs)
    done = 0
    for partition, of_date in groupby(ordered, key=lambda manifest: manifest.partition):
        for manifest in of_date:
            maker = runs.get(manifest.run_id)
            if maker is None:
                raise DamagedError(
                    f"The run {manifest.run_id}, which made the output {manifest.key}, has no run.json in {store.root}: "
                    "restore it, or delete the output."
                )
            ledger.load_output(maker, manifest, store, shard=manifest.shard, attempt=manifest.attempt, attach=False)
            done += 1
            on_progress(done, len(outputs))
        ledger.attach_fates(partition)


def _places(
    store: Store, keys: Iterable[str], runs: Mapping[str, RunRecord], outputs: Outputs
) -> Iterable[tuple[RunRecord, Manifest, int, int]]:
    """What each run consists of, after the attempts that this took the place of: run, output, shard and attempt."""
    for uri in sorted(keys):  # the folder attempts comes before the folder outputs
        _, _, run_id, *folder = uri.split("/")
        if folder[0] == "attempts":
            log = parse_stored(AttemptLog, _get(store, uri), uri=uri)
            shard = int(folder[-1].removesuffix(".json"))
            for attempt in log.attempts:
                if attempt.previous in outputs:  # housekeeping may have taken it
                    yield runs[run_id], outputs[attempt.previous], shard, attempt.number - 1
        elif folder[0] == "outputs":
            place = parse_stored(RunOutput, _get(store, uri), uri=uri)
            if place.key not in outputs:
                raise DamagedError(
                    f"The run {run_id} consists of the output {place.key} of '{place.stage}', which is not in "
                    f"{store.root}: rerun its stage, or delete {uri}."
                )
            yield runs[run_id], outputs[place.key], place.shard, place.attempt


def _parse_all(store: Store, uris: Iterable[str], model: type[Parsed], *, end: str = "") -> list[Parsed]:
    return [parse_stored(model, _get(store, uri), uri=uri) for uri in uris if uri.endswith(end)]


def _get(store: Store, key: str) -> bytes:
    data = store.get(key)
    if data is None:
        raise DamagedError(
            f"{key} is listed in {store.root} and cannot be read: rebuild again when no run is under way."
        )
    return data


def _order_of_outputs(manifest: Manifest) -> tuple[str, int, int, int, str]:
    """As they were made, so that each comes after its inputs and the attempt before it."""
    place = list(STAGES).index(manifest.stage) if manifest.stage in STAGES else len(STAGES)
    return manifest.partition, place, manifest.shard, manifest.attempt, manifest.key
