"""What a DAG's tasks do, without Airflow: plan a run, run a stage, load its manifest, judge the run.

Models never live in Airflow's task process: a stage runs as `caco stage …`, in a process of its own with a clean
environment, and gives its memory back.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from caco_tasks import __version__, errors
from caco_tasks.audit import Answered, answer_records, draw_of, draw_rows, find_draw, read_answers, shown_in_markdown
from caco_tasks.config import RunConfig, load_config, parse_config
from caco_tasks.connections import Connections, key_variable
from caco_tasks.context import Context
from caco_tasks.dry_run import judge_trial, outlays_of, trial_of
from caco_tasks.errors import CacoError, ConfigError, GateError, LedgerError
from caco_tasks.housekeeping import find_waste, tally
from caco_tasks.ids import run_id as make_run_id
from caco_tasks.ledger import Ledger
from caco_tasks.ledger.flow import shards_expected
from caco_tasks.llm.prompts import check_prompts
from caco_tasks.runner import run_shard
from caco_tasks.services import TRAINED, TaskServices
from caco_tasks.stages import PIPELINES, shards_of
from caco_tasks.stages.shared.evaluation import evaluation_of
from caco_tasks.stages.shared.prompting import ROLES
from caco_tasks.store import Manifest, RunRecord, Store, open_store
from caco_tasks.store.manifest import manifest_uri, parse_manifest, run_folder
from caco_tasks.store.registry import AuditDraw, ModelRecord, parse_dataset, parse_run

AIRFLOW_PREFIXES = ("AIRFLOW", "_AIRFLOW", "__AIRFLOW")


def plan(pipeline: str, *, partition: str, config: str, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Registers the run of `pipeline` over `partition` with `config`, or finds it registered; pins what it reads.

    Raises:
        ConfigError: pipeline, partition, config or an override is wrong.
        LedgerError: what the run needs of an earlier pipeline is not there yet.
    """
    settings = load_config(config, overrides)
    check_prompts(settings)
    _check_plan(pipeline, partition)
    with _ledger() as (ledger, connections):
        store = open_store(connections.store)
        wanted = _new_run(pipeline, partition, settings, ledger=ledger, store=store)
        wanted = wanted.model_copy(update={"planned_at": _first_planned(store, wanted)})
        run = ledger.register_run(wanted).model_copy(update={"config": wanted.config})  # alike in all that changes data
        _write_once(store, _run_key(run), run.model_dump_json(indent=1).encode())
    shards = shards_of(pipeline, settings)
    return {"run_id": run.run_id, "partition": run.partition, "shards": list(shards)}


def stage(
    name: str, run_id: str, shard: int, inputs: Sequence[str] | None = None, *, keys: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Runs one stage over one shard in a process of its own; returns the counts of its manifest.

    `keys` are those of endpoints, by the name of their connection; the process gets them through its environment.

    Raises:
        CacoError: the stage failed; the message is its own one sentence.
    """
    command = [sys.executable, "-m", "caco_tasks.cli", "stage", name, "--run", run_id, "--shard", str(shard), "--json"]
    command += ["--parent", str(os.getpid())]  # a killed task takes its stage along
    command += [word for uri in inputs or () for word in ("--input", uri)]
    env = _clean(os.environ) | {key_variable(connection): key for connection, key in (keys or {}).items()}
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=False)
    said = _last_json(done.stdout)
    if done.returncode != 0 or said is None:
        raise _error_of(
            said, f"The stage '{name}' of run {run_id} ended with exit code {done.returncode}: see its log."
        )
    return said


def connections(stage_name: str, run_id: str) -> list[str]:
    """The Airflow connections whose keys a stage of a run needs: those of the endpoints that it asks."""
    connections = Connections.from_environ(os.environ)
    config = config_of(read_run(open_store(connections.store), run_id, connections))
    asked = [config.models.get(ROLES[stage_name])] if stage_name in ROLES else []
    found = {one.endpoint.connection for one in asked if one is not None and one.engine == "openai"}
    return sorted(name for name in found if name is not None)


def load(run_id: str, stage_name: str, shard: int) -> dict[str, Any]:
    """Loads a finished shard into the ledger; returns the counts of the manifest that the ledger registered first."""
    with _ledger() as (ledger, connections):
        store = open_store(connections.store)
        run = find_run(ledger, run_id)
        uri = manifest_uri(run, stage_name, shard)
        manifest = ledger.load_shard(parse_manifest(_demand(store, uri), uri=uri), store)
        if "dataset" in manifest.artifacts:
            key = f"datasets/{manifest.artifacts['dataset']}/manifest.json"
            ledger.register_dataset(parse_dataset(_demand(store, key), uri=key), store)
        return manifest.counts


def gate(run_id: str) -> dict[str, Any]:
    """Checks a whole run: nothing lost between stages, enough published, not too much unknown; returns its funnel.

    Raises:
        ConservationError: rows were lost or doubled, or shards are missing.
        GateError: the run yielded less than its config demands.
    """
    with _ledger() as (ledger, connections):
        run = read_run(open_store(connections.store), run_id, connections)
        ledger.conservation(run.run_id, through=PIPELINES[run.pipeline][-1])
        funnel = ledger.funnel(run.run_id)
    counts = {row.stage: {"read": row.read, "passed": row.passed, "unknown": row.unknown} for row in funnel}
    _check_gate(run, counts)
    return counts


def dry_run(run_id: str, keys: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Takes a share of a night through all stages before the night, where its config says so, and judges by it.

    Returns what the night is projected to yield and cost, and in `says` how that compares with the last nights.

    Raises:
        GateError: the projection is out of band.
    """
    with _ledger() as (ledger, connections):
        store = open_store(connections.store)
        night = read_run(store, run_id, connections)
        config = config_of(night)
        trial = trial_of(night, config)
        if trial is None:
            return {"says": "this config asks for no dry run of this size"}
        ledger.register_run(trial)
        _write_once(store, _run_key(trial), trial.model_dump_json(indent=1).encode())
        for name in PIPELINES["dry_run"]:
            if not ledger.shards(trial.run_id, name):
                stage(name, trial.run_id, 0, keys=keys)
                load(trial.run_id, name, 0)
        ledger.conservation(trial.run_id, through=PIPELINES["dry_run"][-1])
        outlay = outlays_of(ledger.outlays(trial.run_id))[0]
        nights = outlays_of(ledger.last_nights(night, most=config.dry_run.nights))
    return judge_trial(outlay, nights, config)


def audit_draw(run_id: str | None, max_rows: int) -> AuditDraw:
    """Draws rows of a nightly run, the newest by default, for people to judge: at most `max_rows` of each stratum.

    Raises:
        CacoError: as `audit.draw_rows`.
    """
    with _ledger() as (ledger, connections):
        run = find_run(ledger, run_id, pipeline=None if run_id else "nightly")
        return draw_rows(ledger, open_store(connections.store), run, max_rows)


def audit_text(draw_id: str, row: str) -> str:
    """What a person sees of a drawn row, as Markdown."""
    with _ledger() as (ledger, connections):
        draw = find_draw(ledger, open_store(connections.store), draw_id)
    return shown_in_markdown(next(each for each in draw.rows if each.subject_id == row))


def audit_record(
    draw_id: str, answered: Sequence[Answered], *, person: str, answered_at: datetime
) -> dict[str, int | str]:
    """Writes a person's answers down, all or none; returns how many.

    Raises:
        SourceError: an answer does not fit its row.
        CacoError: draw, store or ledger are not there.
    """
    with _ledger() as (ledger, connections):
        store = open_store(connections.store)
        draw = find_draw(ledger, store, draw_id)
        ledger.record_audits(answer_records(draw, answered, person=person, answered_at=answered_at), store)
    return {"draw": draw.draw_id, "person": person, "answered": len(answered), "rows": len(draw.rows)}


def audit_answers(path: Path, person: str) -> dict[str, int | str]:
    """Takes the answers of a file, all or none; returns how many.

    Raises:
        SourceError: the file or one of its lines is wrong.
        CacoError: draw, store or ledger are not there.
    """
    draw_id = draw_of(path)
    with _ledger() as (ledger, connections):
        answered = read_answers(path, find_draw(ledger, open_store(connections.store), draw_id))
    return audit_record(draw_id, answered, person=person, answered_at=datetime.now(UTC))


def housekeeping(*, older_than_days: int, delete: bool) -> dict[str, Any]:
    """Counts what nobody needs and nobody touched for so many days, by kind, and removes it if `delete`.

    Raises:
        CacoError: store or ledger cannot be used.
    """
    before = datetime.now(UTC) - timedelta(days=older_than_days)
    with _ledger() as (ledger, connections):
        waste = find_waste(ledger, open_store(connections.store), connections.cache, before=before)
    counts = {kind: asdict(found) for kind, found in tally(waste).items()}
    for each in waste if delete else ():
        each.remove()
    return {"deleted": delete, "older_than_days": older_than_days, "found": counts}


def work(name: str, run_id: str, shard: int, inputs: Sequence[str] | None, environ: Mapping[str, str]) -> Manifest:
    """Runs one stage over one shard in this process, as `work_all` does."""
    [manifest] = work_all(name, run_id, [shard], inputs, environ)
    return manifest


def work_all(
    name: str, run_id: str, shards: Sequence[int], inputs: Sequence[str] | None, environ: Mapping[str, str]
) -> Iterator[Manifest]:
    """Runs one stage over some shards in this process, what `caco stage` does; a model is loaded once for all of them.

    Raises:
        ConfigError: there is no such stage, the run has none of that name, or inputs are given for several shards.
        CacoError: as `runner.run_shard`.
    """
    if inputs is not None and len(shards) > 1:
        raise ConfigError("Inputs belong to one shard: give --input with a single --shard, or leave it out.")
    connections = Connections.from_environ(environ)
    store = open_store(connections.store)
    run = read_run(store, run_id, connections)
    if name not in PIPELINES[run.pipeline]:
        known = ", ".join(PIPELINES[run.pipeline])
        raise ConfigError(f"A run of '{run.pipeline}' has no stage '{name}': its stages are {known}.")
    config = config_of(run)
    if max(shards) >= shards_expected(run.pipeline, name, run.config):
        raise ConfigError(f"The stage '{name}' of this run has no shard {max(shards)}: they are counted from 0.")
    with TaskServices(connections, run=run, config=config) as resources:
        for shard in shards:
            context = Context(run=run, config=config, stage=name, shard=shard, services=resources)
            yield run_shard(context, inputs)


def read_run(store: Store, run_id: str, connections: Connections) -> RunRecord:
    """The record of a run: from the store, whose path is found through the ledger or, without one, by listing.

    Raises:
        ConfigError: there is no such run, or several whose ids begin so.
    """
    if connections.ledger_url is not None:
        with Ledger(connections.ledger_url) as ledger:
            key = _run_key(find_run(ledger, run_id))
            return parse_run(_demand(store, key), uri=key)
    keys = [key for key in store.list("runs/") if key.endswith("/run.json") and key.split("/")[2].startswith(run_id)]
    if len(keys) != 1:
        raise ConfigError(f"There {'is no run' if not keys else 'are several runs'} '{run_id}' in {store.root}.")
    return parse_run(_demand(store, keys[0]), uri=keys[0])


def config_of(run: RunRecord) -> RunConfig:
    """The settings that a run was planned with."""
    return parse_config(run.config, origin=f"the record of run {run.run_id}")


def find_run(ledger: Ledger, run_id: str | None, *, pipeline: str | None = None) -> RunRecord:
    """A run by id, by the beginning of its id, or the newest, of one pipeline or of any.

    Raises:
        LedgerError: there is none.
    """
    run = ledger.find_run(run_id, pipeline=pipeline)
    if run is None:
        kind = f"run of '{pipeline}'" if pipeline else "run"
        raise LedgerError(
            f"There is no run '{run_id}' in the ledger." if run_id else f"The ledger knows no {kind} yet."
        )
    return run


def _new_run(pipeline: str, partition: str, config: RunConfig, *, ledger: Ledger, store: Store) -> RunRecord:
    if pipeline == "evaluate":
        partition, pins = _pinned_dataset(partition, config, ledger, store)
        fingerprint = config.evaluation_fingerprint(pins["dataset"], pins["dataset_sha256"])
    else:
        pins, fingerprint = _pins(pipeline, partition, config, ledger), config.fingerprint()
    return RunRecord(
        run_id=make_run_id(pipeline, partition, fingerprint),
        pipeline=pipeline,
        partition=partition,
        config_hash=fingerprint,
        config=config.model_dump(mode="json"),
        code_version=__version__,
        **pins,
    )


def _first_planned(store: Store, run: RunRecord) -> datetime | None:
    """When a run was first planned: its record in the store knows, also where the ledger was lost."""
    found = store.get(_run_key(run))
    return datetime.now(UTC) if found is None else parse_run(found, uri=_run_key(run)).planned_at


def _pins(pipeline: str, partition: str, config: RunConfig, ledger: Ledger) -> dict[str, Any]:
    """What a run reads of earlier pipelines, fixed when it is first planned."""
    match pipeline:
        case "codegen":
            seed_run = make_run_id("seeds", partition, config.fingerprint())
            manifests = ledger.shards(seed_run, "unify")
            if len(manifests) != config.seeds.shards:
                raise LedgerError(
                    f"There are no seed programs for {partition} with this config: run `caco_seeds` first."
                )
            return {
                "seed_run_id": seed_run,
                "input_uris": tuple(manifest.uri for manifest in manifests),
                "accepted_yield": _yield_of(ledger.accepted_model(partition)),
            }
        case "nightly" | "dry_run" if config.models["codegen"].model == TRAINED:
            model = ledger.accepted_model(partition) or ledger.accepted_model(date.max.isoformat())
            if model is None:
                raise LedgerError("No CodeGen was accepted yet: run `caco_seeds` and `caco_codegen` first.")
            return {"model_id": model.model_id, "seed_run_id": find_run(ledger, model.run_id).seed_run_id}
    return {}


def _pinned_dataset(partition: str, config: RunConfig, ledger: Ledger, store: Store) -> tuple[str, dict[str, str]]:
    """The dataset that a student is trained on, and its date: one that the config names, or that of this date's night."""
    night = make_run_id("nightly", partition, config.fingerprint())
    names = [evaluation_of(config).dataset or "", *ledger.datasets(night)]
    dataset = next((name for name in names if name), None)
    if dataset is None:
        raise LedgerError(
            f"No dataset of {partition} was published with this config: run `caco_nightly`, or name one in evaluate.dataset."
        )
    uri = f"datasets/{dataset}/manifest.json"
    manifest = store.get(uri)
    if manifest is None:
        raise ConfigError(
            f"There is no dataset '{dataset}' in {store.root}: name one that `caco_nightly` has published."
        )
    published = parse_dataset(manifest, uri=uri)
    if published.rows == 0:
        raise ConfigError(f"The dataset '{dataset}' has no rows: there is nothing to train a student on.")
    return published.partition, {"dataset": dataset, "dataset_sha256": hashlib.sha256(manifest).hexdigest()}


def _yield_of(model: ModelRecord | None) -> float | None:
    """The share of programs that ran when the gate sampled from a model; None where it did not."""
    return model.metrics.get("yield") if model else None


def _check_plan(pipeline: str, partition: str) -> None:
    if pipeline not in PIPELINES:
        raise ConfigError(f"There is no pipeline '{pipeline}': there are {', '.join(PIPELINES)}.")
    try:
        is_date = date.fromisoformat(partition).isoformat() == partition
    except ValueError:
        is_date = False
    if not is_date:
        raise ConfigError(f"The partition '{partition}' is not a date of the form YYYY-MM-DD.")


def _check_gate(run: RunRecord, counts: Mapping[str, Mapping[str, int]]) -> None:
    settings = config_of(run).gate
    for stage_name, row in counts.items():
        if row["unknown"] > settings.max_unknown_share * row["read"]:
            raise GateError(
                f"Run {run.run_id}: {row['unknown']} of {row['read']} verdicts of '{stage_name}' are unknown, more than its "
                "gate allows (gate.max_unknown_share)."
            )
    last = PIPELINES[run.pipeline][-1]
    kept = counts.get(last, {}).get("passed", 0)
    if last == "publish" and kept < settings.min_published:
        raise GateError(f"Run {run.run_id}: {kept} rows published, its gate demands {settings.min_published}.")


@contextmanager
def _ledger() -> Iterator[tuple[Ledger, Connections]]:
    connections = Connections.from_environ(os.environ)
    if connections.ledger_url is None:
        raise LedgerError("There is no ledger: start the local platform with `caco up`, or set CACO_LEDGER_URL.")
    with Ledger(connections.ledger_url) as ledger:
        yield ledger, connections


def _last_json(printed: str) -> dict[str, Any] | None:
    """The JSON object on the last line that a stage's process printed; None where there is none."""
    try:
        found = json.loads(printed.strip().splitlines()[-1])
    except (ValueError, IndexError):
        return None
    return found if isinstance(found, dict) else None


def _error_of(said: Mapping[str, Any] | None, otherwise: str) -> CacoError:
    """The error that a stage's process told of, as the class that it was."""
    if said is None or "error" not in said:
        return CacoError(otherwise)
    kind = getattr(errors, str(said["error"]), CacoError)
    return kind(str(said["message"])) if issubclass(kind, CacoError) else CacoError(otherwise)


def _clean(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without Airflow's settings, and with byte code written."""
    kept = {name: value for name, value in environ.items() if not name.startswith(AIRFLOW_PREFIXES)}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept


def _demand(store: Store, key: str) -> bytes:
    found = store.get(key)
    if found is None:
        raise ConfigError(f"There is no {key} in {store.root}: run its stage first.")
    return found


def _write_once(store: Store, key: str, data: bytes) -> None:
    """Writes an object unless it is there already, so that planning a run again touches nothing."""
    if store.get(key) != data:
        store.put(key, data)


def _run_key(run: RunRecord) -> str:
    return f"{run_folder(run.partition, run.run_id)}/run.json"
