"""What is judged again: the outputs that a run consists of, or those that stand behind a dataset, whatever code made them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from caco_tasks.config import RunConfig, override_config
from caco_tasks.errors import ConfigError, DamagedError
from caco_tasks.identity import EMBEDDER, RunKeys, prompt_names
from caco_tasks.ledger import Ledger
from caco_tasks.llm.embedding import embedder_settings
from caco_tasks.llm.local_models import LocalModels
from caco_tasks.llm.prompts import load_prompt, variables_of
from caco_tasks.llm.weights import model_identity
from caco_tasks.pipeline import StageSpec, mapped_stages
from caco_tasks.planning import pin_benchmarks
from caco_tasks.publishing.dataset_files import read_dataset
from caco_tasks.stages.shared.few_shot import prompt_hash
from caco_tasks.store import Manifest, RunRecord, Store
from caco_tasks.store.manifest import manifest_uri, parse_manifest
from caco_tasks.store.registry import DatasetRecord
from caco_tasks.tasks import find_run

PIPELINE = "nightly"  # whose samples are judged; programs of seeds, models and scores are not
SETTINGS_OF_CLAIMS = ("dedup",)  # claims that were made by others cannot be compared


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """A run as it was judged: its record, and by stage the outputs of its shards, in their order."""

    run: RunRecord
    dataset: DatasetRecord | None  # what was named instead of a run
    outputs: Mapping[str, Sequence[Manifest]]  # by stage, from the first to the last before the dataset

    @property
    def shards(self) -> range:
        """The numbers of its shards."""
        return range(len(next(iter(self.outputs.values()))))

    @property
    def dataset_name(self) -> str | None:
        """The dataset that was named, as name/version."""
        return None if self.dataset is None else f"{self.dataset.dataset}/{self.dataset.version}"


def find_stored(what: str, ledger: Ledger, store: Store) -> StoredRun:
    """What a run, by the beginning of its id, or a dataset, as name/version, consists of.

    Raises:
        PrerequisiteError: there is no such run.
        ConfigError, StoreError, DamagedError: as `stored_run` and `stored_dataset`.
    """
    return stored_dataset(what, ledger, store) if "/" in what else stored_run(find_run(ledger, what), ledger)


def stored_run(run: RunRecord, ledger: Ledger) -> StoredRun:
    """The outputs that a run consists of now.

    Raises:
        ConfigError: it is no nightly run, or some of its outputs are not there yet.
    """
    if run.pipeline != PIPELINE:
        raise ConfigError(
            f"The run {run.run_id[:12]} is one of '{run.pipeline}', and what is judged again are samples: name a run of "
            f"'{PIPELINE}' or a dataset."
        )
    outputs = {spec.name: ledger.outputs(run.run_id, spec.name) for spec in mapped_stages(PIPELINE)}
    counts = {name: len(made) for name, made in outputs.items()}
    if len(set(counts.values())) > 1 or not min(counts.values()):
        name = min(counts, key=lambda stage: counts[stage])
        raise ConfigError(
            f"The run {run.run_id[:12]} has {counts[name]} of {max(counts.values())} outputs of '{name}': let it end first."
        )
    return StoredRun(run=run, dataset=None, outputs=outputs)


def stored_dataset(dataset: str, ledger: Ledger, store: Store) -> StoredRun:
    """The outputs from which the rows of a dataset came, whatever its run has now.

    Raises:
        StoreError: there is no such dataset, or the store cannot be used.
        ConfigError: its manifest names no outputs.
        DamagedError: an output behind it is gone.
    """
    record = read_dataset(store, dataset)
    if "reverification" in record.facts:
        raise ConfigError(
            f"The dataset '{dataset}' is of a re-verification: name its run, or {record.facts.get('supersedes')}, with all "
            "settings that are to be others."
        )
    run, key = ledger.find_run(record.run_id), record.facts.get("output_key")
    if run is None or not key:
        raise ConfigError(f"The dataset '{dataset}' does not say which outputs its rows came from: name a run instead.")
    outputs: dict[str, list[Manifest]] = {}
    keys = _read_manifest(store, "publish", str(key)).inputs
    for spec in reversed(mapped_stages(PIPELINE)):
        outputs[spec.name] = [_read_manifest(store, spec.name, one) for one in keys]
        keys = tuple(one for made in outputs[spec.name] for one in made.inputs)
    return StoredRun(run=run, dataset=record, outputs=dict(reversed(outputs.items())))


def keys_of_today(stored: StoredRun, overrides: Sequence[str], models: LocalModels) -> RunKeys:
    """The keys of a run by the code of today, with some of its settings changed.

    What the run pinned of models and prompts stays: what they said then is what there is to judge by. What an override
    names is pinned anew, as are benchmarks whose settings it touches.

    Raises:
        ConfigError: an override is wrong, or is of a stage that cannot be judged again.
        SourceError: a benchmark cannot be read.
        EngineError: a model that an override names is not here.
    """
    run, own = stored.run, RunKeys(stored.run, {})
    if not overrides:
        return own
    config = override_config(run.config, overrides, origin=f"the record of run {run.run_id[:12]}")
    changed = run.model_copy(update={"config": config.model_dump(mode="json")})
    keys = RunKeys(changed, {})
    for spec in mapped_stages(PIPELINE):
        if spec.not_replayed is not None and _would_do_otherwise(spec, own, keys):
            refuse(spec)
    return RunKeys(changed.model_copy(update=_pin_anew(run, own.config, config, models)), {})


def _would_do_otherwise(spec: StageSpec, own: RunKeys, keys: RunKeys) -> bool:
    """Whether a stage that cannot be replayed is told something else, which no check is told that can be."""
    if spec.role is not None and keys.config.models.get(spec.role) != own.config.models.get(spec.role):
        return True
    before, now = own.recipe(spec), keys.recipe(spec)
    if {**before, "settings": None} != {**now, "settings": None}:
        return True
    checks = [one for one in mapped_stages(PIPELINE) if one.not_replayed is None]
    shared = {path for one in checks for path in one.settings} - set(SETTINGS_OF_CLAIMS)
    settings = [recipe.get("settings", {}) for recipe in (before, now)]
    changed = {path for path in settings[0] if settings[0][path] != settings[1].get(path)}
    return not changed <= shared


def refuse(spec: StageSpec) -> NoReturn:
    """Says why a stage cannot be judged again, and what to do.

    Raises:
        ConfigError: always.
    """
    raise ConfigError(
        f"The verdicts of '{spec.name}' cannot be given again from what is stored: {spec.not_replayed}. A run with other "
        "settings, `caco run --set …`, reuses all that they do not touch."
    )


def _pin_anew(run: RunRecord, before: RunConfig, now: RunConfig, models: LocalModels) -> dict[str, dict[str, str]]:
    """The pins of models, prompts and benchmarks, those anew whose settings differ."""
    pins = {"models": dict(run.models), "prompts": dict(run.prompts), "benchmarks": dict(run.benchmarks)}
    for spec in mapped_stages(PIPELINE):
        role = spec.role
        if role in now.models and now.models[role] != before.models.get(role):
            pins["models"][role] = model_identity(now.models[role], models)
        for name in prompt_names(spec, now):
            if name not in pins["prompts"] or now.prompts_folder != before.prompts_folder:
                prompt = load_prompt(name, variables=variables_of(role), folder=now.prompts_folder)
                pins["prompts"][name] = prompt_hash(prompt, now)
    if now.neighbours is not None and now.neighbours != before.neighbours:
        pins["models"][EMBEDDER] = model_identity(embedder_settings(now.neighbours), models)
    if now.decontamination.protected != before.decontamination.protected:
        pins["benchmarks"] = pin_benchmarks(PIPELINE, now)
    return pins


def _read_manifest(store: Store, stage: str, key: str) -> Manifest:
    uri = manifest_uri(stage, key)
    found = store.get(uri)
    if found is None:
        raise DamagedError(f"The output {key[:12]} of '{stage}', from which rows came, is gone: restore {uri}.")
    return parse_manifest(found, uri=uri)
