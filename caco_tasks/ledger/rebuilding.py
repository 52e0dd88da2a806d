"""The ledger anew, from nothing but the store."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar, get_args

from pydantic import BaseModel

from caco_tasks.errors import DamagedError, LedgerError
from caco_tasks.ledger.ledger import Ledger
from caco_tasks.pipeline import PIPELINES, STAGES
from caco_tasks.store.ablation import AblationRecord, is_ablation_record
from caco_tasks.store.manifest import (
    AttemptLog,
    Manifest,
    RunFile,
    RunFileKind,
    RunOutput,
    RunRecord,
    RunTrigger,
    is_manifest,
    parse_manifest,
    parse_stored,
)
from caco_tasks.store.registry import (
    AuditAnswers,
    AuditDraw,
    DatasetRecord,
    DatasetStates,
    DiversityRecord,
    Promotions,
    RecallRecord,
    dataset_state_uri,
    is_audit,
    is_dataset_manifest,
    is_diversity,
    is_draw,
    is_promotions,
    is_recall,
)
from caco_tasks.store.reverification_record import ReverificationRecord, is_reverification
from caco_tasks.store.selector_record import SelectorRecord, is_selector
from caco_tasks.store.store import Store

Parsed = TypeVar("Parsed", bound=BaseModel)
Place = tuple[RunRecord, Manifest, int, int]  # run, output, shard and attempt


def rebuild(
    ledger: Ledger,
    store: Store,
    *,
    forget_missing_runs: bool = False,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, int]:
    """Empties the ledger and loads every run, output, dataset and answer of the store; returns how many of each.

    One transaction: until all is loaded, others see the ledger as it was, or wait, and whatever goes wrong leaves it so.
    Content comes out the same, but for the times of loading. No run should be under way. What other tools left in the
    store is passed over.

    Args:
        ledger: its schema must be up to date.
        store: where the runs are.
        forget_missing_runs: lose the runs of the ledger that the store does not have.
        on_progress: called with the number of outputs loaded and the number of all.

    Raises:
        LedgerError: the ledger has runs that the store does not have, as where it is another store, or an empty one.
        DamagedError: a manifest or an output is not what it should be, or a run names one that is gone.
        StoreError: the store cannot be used.
    """
    found = _read_store(store)
    missing = ledger.run_ids() - found.runs.keys()
    if missing and not forget_missing_runs:
        raise LedgerError(
            f"{store.root} has {_how_many(found.runs)} and lacks {len(missing)} of the ledger's, such as {min(missing)}: "
            "mend CACO_STORE, or lose them with --forget-missing-runs. Nothing was changed."
        )
    with ledger.replaced():
        _fill(ledger, store, found, on_progress)
    answers = sum(len(person.answers) for person in found.answers)
    return {
        "runs": len(found.runs),
        "outputs": len(found.outputs),
        "datasets": len(found.datasets),
        "audits": answers,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """All that is small in a store, read and checked."""

    runs: Mapping[str, RunRecord]  # by id
    triggers: Sequence[RunTrigger]
    outputs: Mapping[str, Manifest]  # by key
    places: Sequence[Place]
    datasets: Sequence[DatasetRecord]
    promotions: Sequence[Promotions]
    diversities: Sequence[DiversityRecord]
    ablations: Sequence[AblationRecord]
    draws: Sequence[AuditDraw]
    reverifications: Sequence[ReverificationRecord]
    answers: Sequence[AuditAnswers]
    recalls: Sequence[RecallRecord]
    selectors: Sequence[SelectorRecord]


def _read_store(store: Store) -> _Found:
    files = [file for file in map(RunFile.parse, store.list("runs")) if file is not None]
    uris = {kind: [file.uri for file in files if file.kind == kind] for kind in get_args(RunFileKind)}
    runs = {run.run_id: run for run in _parse_all(store, uris["run"], RunRecord)}
    for file in files:
        if file.run_id not in runs:
            folder = file.uri.partition(file.run_id)[0] + file.run_id
            raise DamagedError(f"{folder} has no run.json in {store.root}: restore it, or delete what else is there.")
    manifests = filter(is_manifest, store.list("outputs"))
    outputs = {one.key: one for one in (parse_manifest(_get(store, uri), uri=uri) for uri in manifests)}
    listed = list(store.list("datasets"))
    return _Found(
        runs=runs,
        triggers=_parse_all(store, uris["triggers"], RunTrigger),
        outputs=outputs,
        places=list(_places(store, files, runs, outputs)),
        datasets=_parse_all(store, filter(is_dataset_manifest, listed), DatasetRecord),
        promotions=_parse_all(store, filter(is_promotions, listed), Promotions),
        diversities=_parse_all(store, filter(is_diversity, store.list("diversity")), DiversityRecord),
        ablations=_parse_all(store, filter(is_ablation_record, store.list("ablations")), AblationRecord),
        draws=_parse_all(store, filter(is_draw, store.list("draws")), AuditDraw),
        reverifications=_parse_all(
            store, filter(is_reverification, store.list("reverifications")), ReverificationRecord
        ),
        answers=_parse_all(store, filter(is_audit, store.list("audits")), AuditAnswers),
        recalls=_parse_all(store, filter(is_recall, store.list("recalls")), RecallRecord),
        selectors=_parse_all(store, filter(is_selector, store.list("selectors")), SelectorRecord),
    )


def _fill(ledger: Ledger, store: Store, found: _Found, on_progress: Callable[[int, int], None]) -> None:
    # the order decides only between runs whose records hold no time of planning
    order = list(PIPELINES)
    for run in sorted(found.runs.values(), key=lambda run: (run.partition, order.index(run.pipeline), run.run_id)):
        ledger.register_run(run)
    for trigger in found.triggers:
        ledger.register_trigger(found.runs[trigger.run_id], trigger, store)
    _load_outputs(ledger, store, found, on_progress)
    # each maker has its outputs by now; what runs share, and which attempts count, is told by their own records
    for run, manifest, shard, attempt in found.places:
        ledger.load_output(run, manifest, store, shard=shard, attempt=attempt)
    for dataset in found.datasets:
        ledger.register_dataset(dataset, store)
        name, uri = f"{dataset.dataset}/{dataset.version}", dataset_state_uri(dataset.dataset, dataset.version)
        states = store.get(uri)  # None: a dataset made by hand, which never had a state
        for change in parse_stored(DatasetStates, states, uri=uri).history if states is not None else ():
            ledger.set_dataset_state(name, change.state, by=change.by, because=change.because, at=change.at)
    _fill_small(ledger, store, found)


def _fill_small(ledger: Ledger, store: Store, found: _Found) -> None:
    """What is told of datasets and runs that are there by now."""
    for decided in found.promotions:
        ledger.register_promotions(decided)
    for diversity in found.diversities:
        ledger.register_diversity(diversity)
    for selector in found.selectors:
        ledger.register_selector(selector)
    for recall in found.recalls:
        ledger.record_recall(recall)
    for ablation in found.ablations:
        ledger.register_ablation(ablation, store)
    for draw in found.draws:
        ledger.register_draw(draw)
    for reverification in found.reverifications:
        ledger.register_reverification(reverification, store)
    ledger.record_audits([answer for person in found.answers for answer in person.answers], store)


def _load_outputs(ledger: Ledger, store: Store, found: _Found, on_progress: Callable[[int, int], None]) -> None:
    """All outputs, each as its maker has it; date by date, so that the fates of a date are indexed once, at its end."""
    ordered = sorted(found.outputs.values(), key=_order_of_outputs)
    done = 0
    for partition, of_date in groupby(ordered, key=lambda manifest: manifest.partition):
        for manifest in of_date:
            maker = found.runs.get(manifest.run_id)
            if maker is None:
                raise DamagedError(
                    f"The run {manifest.run_id}, which made the output {manifest.key}, has no run.json in {store.root}: "
                    "restore it, or delete the output."
                )
            ledger.load_output(maker, manifest, store, shard=manifest.shard, attempt=manifest.attempt, attach=False)
            done += 1
            on_progress(done, len(ordered))
        ledger.attach_fates(partition)


def _places(
    store: Store, files: Iterable[RunFile], runs: Mapping[str, RunRecord], outputs: Mapping[str, Manifest]
) -> Iterable[Place]:
    """What each run consists of, after the attempts that this took the place of."""
    for file in sorted(files, key=lambda file: file.uri):  # the folder attempts comes before the folder outputs
        if file.kind == "attempts" and file.shard is not None:
            for attempt in parse_stored(AttemptLog, _get(store, file.uri), uri=file.uri).attempts:
                if attempt.previous in outputs:  # housekeeping may have taken it
                    yield runs[file.run_id], outputs[attempt.previous], file.shard, attempt.number - 1
        elif file.kind == "outputs":
            place = parse_stored(RunOutput, _get(store, file.uri), uri=file.uri)
            if place.key not in outputs:
                raise DamagedError(
                    f"The run {file.run_id} consists of the output {place.key} of '{place.stage}', which is not in "
                    f"{store.root}: rerun its stage, or delete {file.uri}."
                )
            yield runs[file.run_id], outputs[place.key], place.shard, place.attempt


def _parse_all(store: Store, uris: Iterable[str], model: type[Parsed]) -> list[Parsed]:
    return [parse_stored(model, _get(store, uri), uri=uri) for uri in uris]


def _how_many(runs: Mapping[str, RunRecord]) -> str:
    return f"{len(runs)} run{'' if len(runs) == 1 else 's'}" if runs else "no run"


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
