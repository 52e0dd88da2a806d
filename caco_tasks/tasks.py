"""What a DAG's tasks do, without Airflow: plan a run, make an output, load it, judge the run, publish, rerun.

Models never live in Airflow's task process: a stage runs as `caco stage …`, in a process of its own with a clean
environment, and gives its memory back.
"""

import gc
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Any

from caco_tasks.ablations.ablation_tables import is_ablation
from caco_tasks.config import RunConfig, load_config, parse_config
from caco_tasks.connections import Connections, key_variable
from caco_tasks.context import stage_context
from caco_tasks.dataset_tasks import register_states, set_dataset_state
from caco_tasks.dry_run import dry_run_shards, judge_dry_run, run_costs
from caco_tasks.errors import ConfigError, LedgerError, PrerequisiteError
from caco_tasks.gate import StageCount, demand_verified, demand_yield
from caco_tasks.identity import RunKeys
from caco_tasks.ledger import Ledger
from caco_tasks.llm.local_models import LocalModels
from caco_tasks.llm.prompts import check_prompts
from caco_tasks.patience import patience_in, repeated_while_unreachable
from caco_tasks.pipeline import (
    StageSpec,
    count_gpus,
    count_shards,
    find_stage,
    mapped_stages,
    stage_before,
    stages_of,
    task_shards,
    time_limit_seconds,
)
from caco_tasks.planning import find_or_make_run
from caco_tasks.platform.gpus import Lease, lease_gpus
from caco_tasks.reruns import ask_for_attempts
from caco_tasks.runner import find_output, make_output
from caco_tasks.services import TaskServices
from caco_tasks.stage_process import run_stage_process
from caco_tasks.store import Manifest, RunRecord, Store, open_store
from caco_tasks.store.manifest import RunFile, RunOutput, RunTrigger, parse_stored, run_output_uri, run_uri
from caco_tasks.store.registry import DatasetRecord, dataset_manifest_uri
from caco_tasks.telemetry import lease_span, record_outputs, stage_span

GATE = "gate"  # who publishes a dataset: the run's own gate

waiting = repeated_while_unreachable(lambda: patience_in(os.environ))


@waiting
def plan(
    pipeline: str,
    *,
    partition: str,
    config: str,
    overrides: Sequence[str] = (),
    trigger: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """Registers the run of `pipeline` over `partition` with `config`, or finds it registered; pins what it reads.

    `trigger` is the DAG and the id of the run of it that asks; it is kept with the run.

    Raises:
        ConfigError: pipeline, partition, config or an override is wrong.
        LedgerError: what the run needs of an earlier pipeline is not there yet.
    """
    settings = load_config(config, overrides)
    check_prompts(settings)
    stages_of(pipeline)
    with open_ledger() as (ledger, reached):
        run = find_or_make_run(
            pipeline,
            partition,
            settings,
            ledger=ledger,
            store=open_store(reached.store),
            models=LocalModels(reached.models),
            requested={"config": config, "overrides": list(overrides)},
        )
        _note_trigger(ledger, open_store(reached.store), run, trigger)
    return _describe_plan(run, settings)


@waiting
def resume(pipeline: str, run_id: str, *, trigger: tuple[str, str] | None = None) -> dict[str, Any]:
    """The plan of a run that is there, by the settings in its record, whatever has become of its config since.

    Arguments and result as of `plan`; `run_id` may be the beginning of an id.

    Raises:
        LedgerError: there is no such run.
        ConfigError: it is a run of another pipeline.
    """
    with open_ledger() as (ledger, reached):
        store = open_store(reached.store)
        run = read_run(store, find_run(ledger, run_id).run_id, reached)
        if run.pipeline != pipeline:
            raise ConfigError(f"The run {run.run_id} is one of caco_{run.pipeline}: start that DAG with its id.")
        _note_trigger(ledger, store, run, trigger)
    return _describe_plan(run, config_of(run))


def _note_trigger(ledger: Ledger, store: Store, run: RunRecord, trigger: tuple[str, str] | None) -> None:
    if trigger is not None:
        dag_id, dag_run_id = trigger
        asked = RunTrigger(run_id=run.run_id, dag_id=dag_id, dag_run_id=dag_run_id, triggered_at=datetime.now(UTC))
        ledger.register_trigger(run, asked, store)


def _describe_plan(run: RunRecord, settings: RunConfig) -> dict[str, Any]:
    tasks = task_shards(run.pipeline, settings)
    return {
        "run_id": run.run_id,
        "partition": run.partition,
        "shards": [shard for shards in tasks for shard in shards],
        "tasks": tasks,  # the shards of each task, which loads its model once for them
    }


@waiting
def settings_of(run_id: str) -> dict[str, Any]:
    """What a run was planned with, in the words of who asked: the arguments of `plan` that led to it.

    Raises:
        LedgerError: there is no such run.
        ConfigError: it was not planned by `plan`.
    """
    with open_ledger() as (ledger, reached):
        run = read_run(open_store(reached.store), find_run(ledger, run_id).run_id, reached)
    if not run.requested:
        raise ConfigError(
            f"The run {run.run_id} does not say which config it was planned with: plan it by its settings."
        )
    return {"partition": run.partition, **run.requested}


@waiting
def stage(name: str, run_id: str, shard: int, *, keys: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Makes one output of a run in a process of its own, as `stage_all` does; returns the counts of its manifest."""
    [counts] = stage_all(name, run_id, [shard], keys=keys)
    return counts


@waiting
def stage_all(
    name: str, run_id: str, shards: Sequence[int], *, keys: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """Makes some outputs of one stage of a run in a process of its own; returns the counts of their manifests.

    The process is started once the GPUs that it needs are free, sees no others, and keeps them until it has ended.
    `keys` are those of endpoints, by the name of their connection; it gets them through its environment.

    Raises:
        ConfigError: it needs more GPUs than this machine has.
        CacoError: it failed, and the message is its own one sentence; or it did not end in time.
    """
    store, spec, run_keys = _open_work(name, run_id, Connections.from_environ(os.environ))
    secret = {key_variable(connection): key for connection, key in (keys or {}).items()}
    there = [shard for shard in shards if find_output(store, name, run_keys.key(name, shard)) is not None]
    with (
        stage_span(run_keys.run, name, shards),
        _lease_gpus(spec, run_keys, is_needed=len(there) < len(shards)) as lease,
    ):
        limit = time_limit_seconds(spec, run_keys.config, shards=len(shards))
        environ = {**os.environ, **secret, **lease.environment}
        made = run_stage_process(name, run_id, shards, environ=environ, kept=lease.descriptors, limit=limit)
        record_outputs(store, run_keys, name, made, there=there)
    return made


@contextmanager
def lease_for_stage(name: str, run_id: str, shards: Sequence[int]) -> Iterator[Lease]:
    """The GPUs that outputs of a stage need, as `stage_all` leases them: for who works on them in this process.

    Raises:
        ConfigError: there is no such run or stage, or it needs more GPUs than this machine has.
    """
    store, spec, keys = _open_work(name, run_id, Connections.from_environ(os.environ))
    is_needed = any(find_output(store, name, keys.key(name, shard)) is None for shard in shards)
    with _lease_gpus(spec, keys, is_needed=is_needed) as lease:
        yield lease


@waiting
def connections(stage_name: str, run_id: str) -> list[str]:
    """The Airflow connections whose keys a stage of a run needs: those of the endpoints that it asks."""
    reached = Connections.from_environ(os.environ)
    run = read_run(open_store(reached.store), run_id, reached)
    role = find_stage(run.pipeline, stage_name).role
    asked = config_of(run).models.get(role) if role is not None else None
    name = asked.endpoint.connection if asked is not None and asked.engine == "openai" else None
    return [name] if name is not None else []


@waiting
def load(run_id: str, stage_name: str, shard: int) -> dict[str, Any]:
    """Loads the output that a run consists of at a stage and shard into the ledger; returns its counts.

    A dataset that it published is registered with its state.

    Raises:
        ConfigError: the output is not there yet.
        DamagedError: it is not what its manifest says.
    """
    with open_ledger() as (ledger, reached):
        store = open_store(reached.store)
        run = find_run(ledger, run_id)
        uri = run_output_uri(run, stage_name, shard)
        output = parse_stored(RunOutput, require(store, uri), uri=uri)
        manifest = find_output(store, stage_name, output.key)
        if manifest is None:
            raise ConfigError(
                f"The run {run_id} names the output {output.key[:12]}, which is gone: rerun '{stage_name}'."
            )
        manifest = ledger.load_output(run, manifest, store, shard=shard, attempt=output.attempt)
        if "dataset" in manifest.artifacts:
            dataset = str(manifest.artifacts["dataset"])
            uri = dataset_manifest_uri(*dataset.split("/", 1))
            ledger.register_dataset(parse_stored(DatasetRecord, require(store, uri), uri=uri), store)
            register_states(ledger, store, dataset)
        return {**manifest.counts, "run_id": run.run_id, "shard": shard, "is_reused": output.is_reused}


@waiting
def gate(run_id: str) -> dict[str, Any]:
    """Checks a whole run before anything is published: nothing lost between stages, enough kept, not too much unknown.

    Returns its funnel.

    Raises:
        ConservationError: rows were lost or doubled, or shards are missing.
        GateError: the run yielded less than its config demands.
    """
    with open_ledger() as (ledger, reached):
        run = read_run(open_store(reached.store), run_id, reached)
        last = (mapped_stages(run.pipeline) or stages_of(run.pipeline))[-1].name
        # first: shares of a run that lost rows mean nothing
        ledger.conservation(run.run_id, through=last)
        funnel = ledger.funnel(run.run_id)
    counts = {row.stage: {"read": row.read, "passed": row.passed, "unknown": row.unknown} for row in funnel}
    judged = [StageCount(stage=name, **row) for name, row in counts.items()]
    demand_yield(run.run_id, run.pipeline, judged, config_of(run).gate)
    return counts


@waiting
def finish(run_id: str, *, publishes: bool = True) -> dict[str, Any]:
    """Publishes the dataset that a run has staged, once its gate passed; returns the run's counts.

    With `publishes` false it stays staged, for somebody to promote (`caco_tasks.release_tasks.promote`).

    Raises:
        GateError: the gate does not pass: the dataset stays staged.
        ConservationError: as `gate`, or the dataset was made of other outputs than the run has now.
    """
    counts = gate(run_id)
    with open_ledger() as (ledger, reached):
        store, run = open_store(reached.store), find_run(ledger, run_id)
        # with the dataset, too: one that was made of outputs before a new attempt is not what the gate has judged
        ledger.conservation(run.run_id)
        made = ledger.outputs(run.run_id, stages_of(run.pipeline)[-1].name)
        for dataset in (str(manifest.artifacts["dataset"]) for manifest in made if "dataset" in manifest.artifacts):
            # one of an ablation is measured alone; one that was withdrawn, or published before, stays as it is
            if publishes and not is_ablation(dataset.partition("/")[0]):
                demand_verified(dataset, config_of(read_run(store, run_id, reached)))
                because = f"the gate of run {run_id} passed"
                set_dataset_state(ledger, store, dataset, "published", by=GATE, because=because, only_from="staged")
            else:
                register_states(ledger, store, dataset)
    return counts


@waiting
def published(run_id: str) -> list[str]:
    """The published datasets of a run, as `name/version`, newest first."""
    with open_ledger() as (ledger, _):
        return ledger.datasets(run_id, state="published")


@waiting
def dry_run(run_id: str, keys: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Takes the first shards of a run through all stages before the others, where its config says so, and judges by them.

    Returns what the run is projected to yield and cost, and in `verdict` how that compares with earlier runs.

    Raises:
        GateError: the projection is out of band.
    """
    with open_ledger() as (ledger, reached):
        store = open_store(reached.store)
        run = read_run(store, run_id, reached)
        config = config_of(run)
        shards = dry_run_shards(config)
        if not shards:
            return {"verdict": "this config asks for no dry run of this size"}
        # shard by shard, through all stages: what is wrong shows on the first
        for shard in shards:
            for spec in mapped_stages(run.pipeline):
                stage(spec.name, run.run_id, shard, keys=keys)
                load(run.run_id, spec.name, shard)
        first = run_costs(ledger.outlays(run.run_id, shards=shards))[0]
        earlier = run_costs(ledger.last_nightly_runs(run, max_runs=config.dry_run.runs))
    return judge_dry_run(first, earlier, config)


@waiting
def rerun(run_id: str, stage_name: str, *, shard: int | None, unknown_only: bool, token: str) -> dict[str, Any]:
    """Asks for new attempts of finished outputs of a run; the same token asks once. Nothing is worked on yet.

    With `unknown_only` every known verdict is kept, and shards without an unknown one are left alone.

    Raises:
        ConfigError: the run has no such stage or shard, or the output is not there yet.
    """
    with open_ledger() as (ledger, reached):
        store = open_store(reached.store)
        run = read_run(store, find_run(ledger, run_id).run_id, reached)
        shards = ask_for_attempts(run, store, stage_name, shard=shard, unknown_only=unknown_only, token=token)
    return {"run_id": run.run_id, "stage": stage_name, "shards": shards}


def work_through(run_id: str, keys: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Makes and loads every output of a run that is not there, in this order of the stages, then gate and publishing.

    What `caco rerun --here` does: the same tasks as the DAG's, one after the other and without Airflow.

    Raises:
        CacoError: as `stage`, `gate` and `finish`.
    """
    with open_ledger() as (ledger, reached):
        store = open_store(reached.store)
        run = read_run(store, find_run(ledger, run_id).run_id, reached)
    outputs = RunKeys.of(run, store)
    for spec in stages_of(run.pipeline):
        if spec.gathers and stage_before(run.pipeline, spec.name) is not None:
            gate(run.run_id)
        shards = range(count_shards(spec, outputs.config))
        due = [shard for shard in shards if find_output(store, spec.name, outputs.key(spec.name, shard)) is None]
        if due:
            stage_all(spec.name, run.run_id, due, keys=keys)  # one process, which loads its model once
        for shard in set(shards) - set(due):
            work(spec.name, run.run_id, shard, os.environ)  # the run only adopts it: no process is needed for that
        for shard in shards:
            load(run.run_id, spec.name, shard)
    return finish(run.run_id)


def work(name: str, run_id: str, shard: int, environ: Mapping[str, str]) -> Manifest:
    """Makes one output of a run in this process, as `work_all` does."""
    [manifest] = work_all(name, run_id, [shard], environ)
    return manifest


def work_all(name: str, run_id: str, shards: Sequence[int], environ: Mapping[str, str]) -> Iterator[Manifest]:
    """Makes some outputs of one stage in this process, what `caco stage` does; a model is loaded once for all of them.

    Raises:
        ConfigError: there is no such run, stage or shard.
        CacoError: as `runner.make_output`.
    """
    reached = Connections.from_environ(environ)
    _, spec, keys = _open_work(name, run_id, reached)
    if max(shards) >= count_shards(spec, keys.config):
        raise ConfigError(f"The stage '{name}' of this run has no shard {max(shards)}: they are counted from 0.")
    with TaskServices(reached, run=keys.run, config=keys.config) as services:
        for shard in shards:
            gc.freeze()  # records are no garbage and hold no cycles: what is loaded by now is not searched again for any
            yield make_output(stage_context(keys, services, spec, shard), keys)


def read_run(store: Store, run_id: str, reached: Connections) -> RunRecord:
    """The record of a run: from the store, whose path is found through the ledger or, without one, by listing.

    Raises:
        ConfigError: there is no such run, or several whose ids begin so.
    """
    if reached.ledger_url is not None:
        with Ledger(reached.ledger_url) as ledger:
            run = find_run(ledger, run_id)
            uri = run_uri(run.partition, run.run_id)
            return parse_stored(RunRecord, require(store, uri), uri=uri)
    # without a ledger, as on a worker that has only the store
    files = [file for file in map(RunFile.parse, store.list("runs/")) if file is not None and file.kind == "run"]
    uris = [file.uri for file in files if run_id and file.run_id.startswith(run_id)]
    if len(uris) != 1:
        raise ConfigError(f"There {'is no run' if not uris else 'are several runs'} '{run_id}' in {store.root}.")
    return parse_stored(RunRecord, require(store, uris[0]), uri=uris[0])


def config_of(run: RunRecord) -> RunConfig:
    """The settings that a run was planned with."""
    return parse_config(run.config, origin=f"the record of run {run.run_id}")


def find_run(ledger: Ledger, run_id: str | None, *, pipeline: str | None = None) -> RunRecord:
    """A run by id, by the beginning of its id, or the newest, of one pipeline or of any.

    Raises:
        LedgerError: there is none.
    """
    run = ledger.find_run(run_id, pipeline=pipeline)
    if run is not None:
        return run
    if run_id is None:
        kind = f"run of '{pipeline}'" if pipeline else "run"
        raise PrerequisiteError(f"The ledger knows no {kind} yet.")
    other = ledger.find_run(run_id) if pipeline else None
    if other is not None:
        raise PrerequisiteError(
            f"The run '{run_id}' is one of '{other.pipeline}', and this is told of runs of '{pipeline}' alone: "
            f"`caco runs --pipeline {pipeline}` lists them."
        )
    raise PrerequisiteError(f"There is no run '{run_id}' in the ledger: `caco runs` lists those that are there.")


def require(store: Store, uri: str) -> bytes:
    """An object of the store that must be there.

    Raises:
        ConfigError: it is not.
    """
    found = store.get(uri)
    if found is None:
        raise ConfigError(f"There is no {uri} in {store.root}: run its stage first.")
    return found


@contextmanager
def open_ledger() -> Iterator[tuple[Ledger, Connections]]:
    """The ledger as the writer, and what else can be reached.

    Raises:
        LedgerError: none is named.
    """
    reached = Connections.from_environ(os.environ)
    if reached.ledger_url is None:
        raise LedgerError("There is no ledger: start the local platform with `caco up`, or set CACO_LEDGER_URL.")
    with Ledger(reached.ledger_url) as ledger:
        yield ledger, reached


def _open_work(name: str, run_id: str, reached: Connections) -> tuple[Store, StageSpec, RunKeys]:
    """What it takes to work on a stage of a run: the store, what the stage is, and the keys of its outputs."""
    store = open_store(reached.store)
    run = read_run(store, run_id, reached)
    return store, find_stage(run.pipeline, name), RunKeys.of(run, store)


def _lease_gpus(spec: StageSpec, keys: RunKeys, *, is_needed: bool) -> AbstractContextManager[Lease]:
    """The GPUs of a stage, none where all outputs are there."""
    count = count_gpus(spec, keys.config) if is_needed else 0
    leasing = lease_gpus(count, os.environ, purpose=f"The stage '{spec.name}'")
    return lease_span(leasing, spec.name) if count else leasing
