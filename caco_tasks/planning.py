"""What a run is before it starts: its settings, and what it pins of models, prompts, sources, benchmarks, earlier runs.

A pin says what a name in the config stood for when the run was planned. The keys of all outputs follow from the pins.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from caco_tasks.ablations.ablation_tables import is_ablation
from caco_tasks.check_settings import BenchmarkSettings
from caco_tasks.checks.decontamination.benchmarks import benchmark_version
from caco_tasks.config import RunConfig
from caco_tasks.errors import ConfigError, PrerequisiteError
from caco_tasks.identity import (
    BASE,
    EMBEDDER,
    SELECTOR,
    TRAINED,
    acceptance_hash,
    config_hash,
    pipeline_run_id,
    prompt_names,
    training_hash,
)
from caco_tasks.ledger import Ledger
from caco_tasks.llm.embedding import embedder_settings
from caco_tasks.llm.local_models import LocalModels
from caco_tasks.llm.prompts import load_prompt, variables_of
from caco_tasks.llm.weights import model_identity
from caco_tasks.model_settings import ModelSettings
from caco_tasks.pipeline import check_stage_minutes, stages_of
from caco_tasks.publishing.states import read_state
from caco_tasks.sources import source_revision
from caco_tasks.stages.shared.evaluation import evaluation_of, scored_items
from caco_tasks.stages.shared.few_shot import prompt_hash
from caco_tasks.stages.shared.gate_samples import VARIETY
from caco_tasks.stages.shared.own_rows import find_own_datasets
from caco_tasks.steering_plan import find_steering
from caco_tasks.store import RunRecord, Store
from caco_tasks.store.manifest import parse_stored, run_uri
from caco_tasks.store.registry import DatasetRecord, ModelRecord, dataset_manifest_uri
from caco_tasks.version import code_version


def find_or_make_run(
    pipeline: str,
    partition: str,
    config: RunConfig,
    *,
    ledger: Ledger,
    store: Store,
    models: LocalModels,
    requested: Mapping[str, Any] | None = None,
) -> RunRecord:
    """The run of a pipeline over a date with a config: as it was planned before, else planned now and registered.

    `requested` are config and overrides in the words of whoever plans it; without them nothing is registered or written,
    and a run that is planned now is only looked at.

    Raises:
        ConfigError: pipeline, partition or a setting is wrong.
        PrerequisiteError: what the run needs of an earlier pipeline is not there yet.
        SourceError: a source or a benchmark cannot be read.
    """
    check_partition(partition)
    check_stage_minutes(config)
    dataset = _find_dataset(partition, config, ledger, store) if pipeline == "evaluate" else None
    content = {"dataset": dataset[1], "dataset_sha256": dataset[2]} if dataset else {}
    partition = dataset[0] if dataset else partition
    run_id = pipeline_run_id(pipeline, partition, config, **content)
    uri = run_uri(partition, run_id)
    stored = store.get(uri)
    # where the ledger was lost and not rebuilt, the store still knows what was pinned
    run = ledger.find_run(run_id) or (parse_stored(RunRecord, stored, uri=uri) if stored is not None else None)
    settings = config.model_dump(mode="json")  # alike in all that changes data; how it is run may differ each time
    if run is None:
        run = RunRecord(
            run_id=run_id,
            pipeline=pipeline,
            partition=partition,
            config_hash=config_hash(pipeline, config, **content),
            config=settings,
            requested=dict(requested or {}),
            code_version=code_version(),
            planned_at=datetime.now(UTC),
            **content,
            **make_pins(pipeline, partition, config, ledger=ledger, store=store, models=models),
        )
        run = _with_steering(run, config, ledger)
    run = run.model_copy(update={"config": settings})
    return run if requested is None else _register(run, stored, ledger=ledger, store=store)


def _register(run: RunRecord, stored: bytes | None, *, ledger: Ledger, store: Store) -> RunRecord:
    """Registers a run, and writes its record where the store has another; where two plan at once, the first wins."""
    registered = ledger.register_run(run).model_copy(update={"config": run.config})
    record = registered.model_dump_json(indent=1).encode()
    if record != stored:
        store.put(run_uri(run.partition, run.run_id), record)
    return registered


def _with_steering(run: RunRecord, config: RunConfig, ledger: Ledger) -> RunRecord:
    """A nightly run with what it draws its programs by, where the config says so."""
    if run.pipeline != "nightly" or config.steer is None:
        return run
    return run.model_copy(update={"steering": find_steering(run, config, ledger).pins})


def check_partition(partition: str) -> None:
    """Holds a partition to the form of a date.

    Raises:
        ConfigError: it is none.
    """
    try:
        is_date = date.fromisoformat(partition).isoformat() == partition
    except ValueError:
        is_date = False
    if not is_date:
        raise ConfigError(f"The partition '{partition}' is not a date of the form YYYY-MM-DD.")


def find_codegen(partition: str, config: RunConfig, ledger: Ledger) -> ModelRecord:
    """The newest accepted CodeGen that was trained by this config's settings and seeds, not later than a date.

    Raises:
        LedgerError: there is none.
    """
    model = ledger.accepted_model(partition, training_hash(config))
    if model is None:
        refused = ledger.refused_model(partition, training_hash(config))
        told = f" The newest, {refused[0]}, was refused: {refused[1]}" if refused is not None else ""
        raise PrerequisiteError(
            f"No CodeGen of the config '{config.name}' was accepted on or before {partition}: run `caco_seeds`, which starts "
            f"`caco_codegen`, for that date or an earlier one and with the same training settings and seeds.{told}"
        )
    return model


def make_pins(
    pipeline: str, partition: str, config: RunConfig, *, ledger: Ledger, store: Store, models: LocalModels
) -> dict[str, Any]:
    """What the names in a config stand for now: the fields of the run's record that pin models, prompts and sources.

    Raises:
        PrerequisiteError: what the run needs of an earlier pipeline is not there yet.
        SourceError: a source or a benchmark cannot be read.
    """
    pins: dict[str, Any] = {"prompts": {}, "benchmarks": pin_benchmarks(pipeline, config)}
    for spec in stages_of(pipeline):
        for name in prompt_names(spec, config):
            prompt = load_prompt(name, variables=variables_of(spec.role), folder=config.prompts_folder)
            pins["prompts"][name] = prompt_hash(prompt, config)
    match pipeline:
        case "seeds":
            pins["sources"] = {source.name: source_revision(source) for source in config.seeds.sources}
            pins["models"] = _pin_models(pipeline, config, models)
        case "codegen":
            pins |= _pin_seed_programs(partition, config, ledger)
            base = ModelSettings(model=config.train.base, revision=config.train.revision, prompt="base")
            pins["models"] = {BASE: model_identity(base, models)}
            pins["training"] = training_hash(config)
            pins |= _pin_own_rows(partition, config, ledger, store)
            if config.train.own is not None:
                pins["models"][EMBEDDER] = model_identity(embedder_settings(config.train.own), models)
        case "nightly":
            pins["models"] = _pin_models(pipeline, config, models)
            pins["training"] = training_hash(config)
            codegen = _pin_codegen(partition, config, ledger)
            pins["models"] |= {"codegen": codegen["model_id"]} if codegen else {}
            pins["selection"] = find_selector(partition, config, ledger)
            if pins["selection"].get("is_used"):
                pins["models"][SELECTOR] = pins["selection"]["selector"]
            pins |= codegen
        case "evaluate":
            pins["models"] = {BASE: model_identity(evaluation_of(config).ask, models)}
    return pins


def find_selector(partition: str, config: RunConfig, ledger: Ledger) -> dict[str, Any]:
    """The newest selector that a run of this date may use, and why it is used or not; nothing without `[select]`.

    It is not used where skipping costs more than it saves: where samples that it would have skipped, and that were explored,
    are surely accepted more often than its threshold assumes.
    """
    if config.select is None:
        return {}
    found = ledger.newest_selector(acceptance_hash(config), partition)
    if found is None:
        return {
            "selector": None,
            "is_used": False,
            "because": "no selector learnt from earlier dates of these models, prompts and checks: `caco select train`",
        }
    selector, said = found["selector_id"], []
    for row in ledger.explored_fates(selector, partition):
        threshold = found["thresholds"][row["stage"]]
        rows = (
            f"{row['accepted']:,} of {row['rows']:,} explored samples that it would have skipped before {row['stage']}"
        )
        if row["low"] > threshold:
            because = (
                f"{rows} were accepted: at least {row['low']:.0%} of such samples, and it skips below {threshold:.0%}"
            )
            return {"selector": selector, "is_used": False, "because": because}
        said.append(f"{rows} were accepted")
    return {"selector": selector, "is_used": True, "because": "; ".join(said) or "none of its samples was explored yet"}


def _pin_codegen(partition: str, config: RunConfig, ledger: Ledger) -> dict[str, Any]:
    """The trained CodeGen of a nightly run, the runs behind it, and for `[mix]` its seed programs; nothing of another."""
    if config.models["codegen"].model != TRAINED:
        if config.mix is None:
            return {}
        raise ConfigError(
            "[mix] makes programs of the seed programs that CodeGen was trained on, and models.codegen.model is not "
            "'trained': set it so, or take [mix] out."
        )
    model = find_codegen(partition, config, ledger)
    trained = ledger.find_run(model.run_id)
    pins = {
        "model_id": model.model_id,
        "codegen_run_id": model.run_id,
        "seed_run_id": trained.seed_run_id if trained else None,
    }
    return pins if config.mix is None else pins | {"input_keys": trained.input_keys if trained else ()}


def _pin_models(pipeline: str, config: RunConfig, models: LocalModels) -> dict[str, str]:
    roles = {spec.role for spec in stages_of(pipeline) if spec.role is not None}
    asked = {role: settings for role, settings in config.models.items() if role in roles and settings.model != TRAINED}
    pins = {str(role): model_identity(settings, models) for role, settings in asked.items()}
    if config.neighbours is not None and "matcher" in roles:
        pins[EMBEDDER] = model_identity(embedder_settings(config.neighbours), models)
    return pins


def pin_benchmarks(pipeline: str, config: RunConfig) -> dict[str, str]:
    """Versions of the benchmarks that stages look up or score on; a file that is missing stops the plan, not a worker."""
    found: Iterable[BenchmarkSettings] = ()
    if any(spec.looks_up_benchmarks for spec in stages_of(pipeline)):
        found = config.decontamination.protected
    elif pipeline == "evaluate":
        found = evaluation_of(config).benchmarks
        scored_items(evaluation_of(config))  # refuses an item without an answer, before a student is trained
    return {benchmark.name: benchmark_version(benchmark) for benchmark in found}


def _pin_seed_programs(partition: str, config: RunConfig, ledger: Ledger) -> dict[str, Any]:
    # the run of `caco_seeds` with the same date and settings, which starts this one
    seed_run = pipeline_run_id("seeds", partition, config)
    outputs = ledger.outputs(seed_run, "unify")
    if len(outputs) != config.seeds.shards:
        raise PrerequisiteError(f"There are no seed programs for {partition} with this config: run `caco_seeds` first.")
    accepted = ledger.accepted_model(partition, training_hash(config))
    return {
        "seed_run_id": seed_run,
        "input_keys": tuple(manifest.key for manifest in outputs),
        "accepted_yield": accepted.metrics.get("yield") if accepted else None,
    }


def _pin_own_rows(partition: str, config: RunConfig, ledger: Ledger, store: Store) -> dict[str, Any]:
    """The datasets that a CodeGen learns from beside seeds, and the first model of this training, whose variety it must reach."""
    if config.train.own is None:
        return {}
    first = ledger.first_accepted_model(partition, training_hash(config))
    measured = {name: first.metrics[name] for name in VARIETY if name in first.metrics} if first is not None else {}
    return {
        "own_datasets": find_own_datasets(config.train.own, partition, ledger, store),
        "held_against": {"model_id": first.model_id, **measured} if first is not None else {},
    }


def _find_dataset(partition: str, config: RunConfig, ledger: Ledger, store: Store) -> tuple[str, str, str]:
    """Date, name and hash of the dataset for a student: one that the config names, or that of this date's nightly run."""
    nightly = pipeline_run_id("nightly", partition, config)
    named = evaluation_of(config).dataset
    names: Sequence[str] = (
        ledger.datasets(nightly, state="published") if named is None else [ledger.resolve_dataset(named)]
    )
    dataset = next(iter(names), None)
    if dataset is None:
        raise PrerequisiteError(
            f"No dataset of {partition} was published with this config: run `caco_nightly`, or name one in evaluate.dataset."
        )
    uri = dataset_manifest_uri(*dataset.split("/", 1))
    manifest = store.get(uri)
    if manifest is None:
        raise ConfigError(
            f"There is no dataset '{dataset}' in {store.root}: name one that `caco_nightly` has published."
        )
    state = read_state(store, dataset)
    if state is not None and state.state == "withdrawn":
        raise ConfigError(f"The dataset '{dataset}' was withdrawn ({state.because}): restore it, or name another.")
    # an ablation's dataset is never published, and is trained on by who names it
    if state is not None and state.state == "staged" and not is_ablation(dataset.partition("/")[0]):
        raise ConfigError(f"The dataset '{dataset}' is only staged: its run's gate has to publish it, or name another.")
    published = parse_stored(DatasetRecord, manifest, uri=uri)
    if published.rows == 0:
        raise ConfigError(f"The dataset '{dataset}' has no rows: there is nothing to train a student on.")
    return published.partition, dataset, hashlib.sha256(manifest).hexdigest()
