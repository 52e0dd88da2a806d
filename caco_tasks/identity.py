"""What names runs and outputs: keys that follow from settings, models, prompts and other keys, never from content.

As in Nix or Bazel, an output is named by all that went into it, so equal work has one name in every run and is done once.
The keys of a whole run follow from its record and its attempts; nothing has to be run or read to know them, and
`caco plan` compares them with what is there. docs/decisions/0014-work-is-named-by-what-goes-into-it.md tells why.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from caco_tasks.check_settings import SETTINGS_OF_SOME
from caco_tasks.config import SETTINGS_PINNED_BY_CONTENT, RunConfig, parse_config
from caco_tasks.errors import DamagedError
from caco_tasks.ids import OFFSPRING_VERSION, content_id, draw_id, run_id
from caco_tasks.llm.llm import SAMPLING_OF_SOME, sampling_of
from caco_tasks.llm.prompts import judge_prompts
from caco_tasks.model_settings import ModelSettings
from caco_tasks.pipeline import StageSpec, count_shards, find_stage, stage_before, stages_of
from caco_tasks.steering import drawn_by
from caco_tasks.store import RunRecord, Store
from caco_tasks.store.manifest import (
    AttemptLog,
    Manifest,
    OutputAttempt,
    attempts_uri,
    output_key,
    parse_stored,
    run_folder,
)

EMBEDDER = "embedder"  # in RunRecord.models: the model by which texts become vectors
BASE = "base"  # in RunRecord.models: the model that a training begins with
SELECTOR = "selector"  # in RunRecord.models: what skips samples that will hardly be accepted
TRAINED = "trained"  # in a config: the CodeGen that the run pinned
# Bounds that seeds and samples share. Runs that differ in them are compared over the samples of one CodeGen.
SETTINGS_COMPARED_OVER_SAMPLES = ("sandbox", "grading", "dedup", "decontamination")

Place = tuple[str, int]  # stage and shard


def pipeline_run_id(pipeline: str, partition: str, config: RunConfig, **pins: str) -> str:
    """The id of a run: it hashes the settings that the stages of its pipeline declare, and no others.

    So a run of `seeds` is the same for two configs that differ in their judge alone. `pins` stand for settings that name
    something by its content, as the dataset of an evaluation.
    """
    return run_id(pipeline, partition, config_hash(pipeline, config, **pins))


def config_hash(pipeline: str, config: RunConfig, **pins: str) -> str:
    """The hash of all settings that the stages of a pipeline declare."""
    stages = {spec.name: [_declared(spec, config), _names(spec, config)] for spec in stages_of(pipeline)}
    layout = [count_shards(spec, config) for spec in stages_of(pipeline)]
    # the size of the ranges, however they were asked for: two runs with other ranges consist of other outputs
    samples = [config.samples, len(config.sample_range(0))] if pipeline == "nightly" else None
    training = training_hash(config) if pipeline in ("codegen", "nightly") else None
    seeds = config_hash("seeds", config) if pipeline == "codegen" else None  # other seed programs: another training
    return content_id("config", stages, layout, samples, training, seeds, pins)


def training_hash(config: RunConfig) -> str:
    """The hash of all that a config trains its CodeGen by: seeds, how they become programs, training, start token.

    How programs are sampled from it later has no part in it, nor has any check of a nightly run that no seed program meets.
    """
    stages = (*stages_of("seeds"), *stages_of("codegen"))
    paths = {path for spec in stages for path in spec.settings_under(config)}
    learnt = sorted(path for path in paths if path.partition(".")[0] not in SETTINGS_COMPARED_OVER_SAMPLES)
    # however they are cut, they are the same seeds
    settings = {path: config.data_settings(path, without=["seeds.shards"]) for path in learnt}
    unifier, asked = config.models.get("unifier"), None
    if unifier is not None:
        exact = unifier.model_dump(include={"revision", "adapter"}, exclude_none=True)
        asked = _asked(unifier) | exact | {"model": unifier.model, "prompt": unifier.prompt}
    return content_id("training", settings, asked, config.models["codegen"].prompt)


def acceptance_hash(config: RunConfig) -> str:
    """The hash of all by which a config decides which programs end as rows: models, prompts and checks from `reverse` on.

    What a selector learnt of one config's samples it may say of those of another with the same hash.
    """
    specs = stages_of("nightly")
    after = specs[[spec.name for spec in specs].index("reverse") : -1]
    config = config.model_copy(update={"select": None})
    stages = {spec.name: [_declared(spec, config), _names(spec, config)] for spec in after}
    return content_id("acceptance", stages)


def prompt_names(spec: StageSpec, config: RunConfig) -> tuple[str, ...]:
    """The prompts that a stage asks its model with."""
    if spec.role == "judge":
        return judge_prompts(config)
    if spec.role is not None:
        return (config.models[spec.role].prompt,) if spec.role in config.models else ()
    if spec.name in ("student", "evaluate") and config.evaluate is not None:
        return (config.evaluate.ask.prompt,)
    return ()


def model_of(spec: StageSpec, run: RunRecord) -> str | None:
    """The exact model that a stage asks or begins with; None where it needs none."""
    return run.models.get(spec.role or BASE) or run.models.get(BASE)


class RunKeys:
    """The keys of all outputs of a run.

    >>> keys = RunKeys.of(run, store)
    >>> keys.key("judge", 3)
    '0b5a…'
    """

    def __init__(self, run: RunRecord, attempts: Mapping[Place, Sequence[OutputAttempt]]) -> None:
        """Takes the run as it was planned, and the new attempts that were asked for since, by stage and shard."""
        self.run = run
        self.config = parse_config(run.config, origin=f"the record of run {run.run_id}")
        self._attempts = attempts
        self._keys: dict[tuple[Place, int], str] = {}

    @classmethod
    def of(cls, run: RunRecord, store: Store) -> "RunKeys":
        """The keys of a run, with the attempts that the store knows.

        Raises:
            DamagedError: an attempt log is not readable.
            StoreError: the store cannot be used.
        """
        return cls(run, read_attempts(run, store))

    def attempt(self, stage: str, shard: int) -> int:
        """The number of the newest attempt of an output; 0: the first."""
        found = self._attempts.get((stage, shard), ())
        return found[-1].number if found else 0

    def keeps_known(self, stage: str, shard: int) -> bool:
        """Whether the newest attempt takes the known verdicts of the one before."""
        found = self._attempts.get((stage, shard), ())
        return found[-1].unknown_only if found else False

    def previous(self, stage: str, shard: int) -> str | None:
        """The key of the attempt before the newest; None where that is the first."""
        found = self._attempts.get((stage, shard), ())
        return found[-1].previous if found else None

    def key(self, stage: str, shard: int) -> str:
        """The key of the newest attempt of an output."""
        place = (stage, shard), self.attempt(stage, shard)
        if place not in self._keys:
            spec = find_stage(self.run.pipeline, stage)
            self._keys[place] = output_key(
                self.recipe(spec),
                origin=self.origin(spec, shard),
                inputs=self.inputs(spec, shard),
                attempt=self.attempt(stage, shard),
                previous=self.previous(stage, shard),
                keeps_known=self.keeps_known(stage, shard),
            )
        return self._keys[place]

    def recipe(self, spec: StageSpec) -> dict[str, Any]:
        """What a stage is told, for all its shards alike."""
        run = self.run
        declared = _declared(spec, self.config, without=SETTINGS_PINNED_BY_CONTENT)
        if "select" in spec.settings_under(self.config):
            if SELECTOR in run.models:
                declared["selector"] = run.models[SELECTOR]
            else:  # nothing is skipped, so the output is that of a config without the section
                del declared["settings"]["select"]
        recipe = {"stage": spec.name, "version": spec.version, **declared}
        if model_of(spec, run):
            recipe["model"] = model_of(spec, run)
        names = prompt_names(spec, self.config)
        if names:
            recipe["prompts"] = {name: run.prompts.get(name) for name in names}
        if "neighbours" in spec.settings_under(self.config):
            recipe["embedder"] = run.models.get(EMBEDDER)
        if run.pipeline == "codegen" and self.config.train.own is not None:
            recipe["own"] = run.own_datasets
            recipe["embedder"] = run.models.get(EMBEDDER)
        if spec.looks_up_benchmarks and run.benchmarks:
            recipe["benchmarks"] = run.benchmarks
        return recipe

    def origin(self, spec: StageSpec, shard: int) -> dict[str, Any]:
        """Which records begin at a stage; empty for one that reads those of another."""
        if spec.reads is not None:
            return {}
        match spec.layout:
            case "samples":
                found = self.config.sample_range(shard)
                return {"draw": self.draw, "start": found.start, "stop": found.stop}
            case "seeds":
                return {"sources": self.run.sources, "shard": shard, "of": self.config.seeds.shards}
            case "one":
                return {"dataset": self.run.dataset_sha256}
            case "contenders":
                return {"draw": self.draw, "shard": shard, "benchmarks": self.run.benchmarks}

    def inputs(self, spec: StageSpec, shard: int) -> tuple[str, ...]:
        """The keys of the outputs that an output is made from, in the order of their shards."""
        return tuple(self.key(stage, number) for stage, number in self.input_places(spec, shard)) or (
            self.run.input_keys if spec.reads is not None else ()
        )

    def input_places(self, spec: StageSpec, shard: int) -> tuple[Place, ...]:
        """Stage and shard of the outputs of this run that an output is made from."""
        before = stage_before(self.run.pipeline, spec.name)
        if before is None:
            return ()
        if spec.layout == "contenders":  # only the student's answers need the student
            return ((before.name, 0),) if shard % 2 else ()
        shards = range(count_shards(before, self.config)) if spec.gathers else [shard]
        return tuple((before.name, number) for number in shards)

    def claim_space(self, spec: StageSpec) -> str | None:
        """What names the claims that an output makes where they are its run's own; None: they are everybody's.

        Runs whose samples came the same way so far have the same outputs, and so the same claims.
        """
        if not spec.claims or "dedup" not in spec.settings or self.config.dedup.claims == "shared":
            return None
        specs = stages_of(self.run.pipeline)
        return content_id("claims", self.draw, [self.recipe(one) for one in specs[: specs.index(spec) + 1]])

    @property
    def draw(self) -> str:
        """The id of what all samples of this run are drawn from; for other pipelines, of what they begin with."""
        run, config = self.run, self.config
        match run.pipeline:
            case "seeds":
                seeds = config.data_settings("seeds", without=SETTINGS_PINNED_BY_CONTENT)
                return content_id("seeds", seeds, run.sources)
            case "codegen":
                return content_id("training", run.input_keys)
            case "evaluate":
                return content_id("evaluation", run.models, run.prompts, config.data_settings("evaluate.ask"))
        codegen = config.models["codegen"]
        prompt = run.prompts.get(codegen.prompt, codegen.prompt)
        draw = draw_id(run.partition, run.models["codegen"], _asked(codegen), prompt)
        # which programs are made of which others is part of the draw: another share is another draw
        if config.mix is not None:
            draw = content_id("mix", draw, config.data_settings("mix"), run.input_keys, OFFSPRING_VERSION)
        steered = drawn_by(run.steering)
        return draw if steered is None else content_id("steer", draw, steered)


def read_attempts(run: RunRecord, store: Store) -> dict[Place, tuple[OutputAttempt, ...]]:
    """The new attempts of a run that were asked for, by stage and shard.

    Raises:
        DamagedError: an attempt log is not readable.
        StoreError: the store cannot be used.
    """
    found: dict[Place, tuple[OutputAttempt, ...]] = {}
    for uri in store.list(f"{run_folder(run.partition, run.run_id)}/attempts"):
        stage, _, name = uri.rpartition("/attempts/")[2].partition("/")
        number = name.removesuffix(".json")
        if not number.isdecimal() or attempts_uri(run, stage, int(number)) != uri:
            continue  # a foreign object
        found[stage, int(number)] = parse_stored(AttemptLog, store.get(uri) or b"", uri=uri).attempts
    return found


def check_input(manifest: Manifest, key: str, uri: str) -> None:
    """Holds an output that lies under a key against that key.

    Raises:
        DamagedError: it is another one.
    """
    if manifest.key != key:
        raise DamagedError(f"{uri} is the manifest of another output ({manifest.key[:12]}): delete it and rerun.")


def narrowed_paths(spec: StageSpec) -> Iterable[str]:
    """The settings that a stage may read: those that it declares, and its model's."""
    yield from (*spec.settings, *spec.role_settings, *spec.part_settings)
    yield "prompts_folder"  # of what lies there, keys hold the texts
    if spec.role is not None:
        yield f"models.{spec.role}"


def _declared(spec: StageSpec, config: RunConfig, *, without: Iterable[str] = ()) -> dict[str, Any]:
    """The settings that a stage declares, and how its model is sampled."""
    declared: dict[str, Any] = {}
    paths = spec.settings_under(config)
    if paths:
        found = {path: config.data_settings(path, without=without) for path in paths}
        settings = {path: one for path, one in found.items() if one is not None or path not in SETTINGS_OF_SOME}
        declared |= {"settings": settings} if settings else {}
    model = config.models.get(spec.role) if spec.role is not None else None
    if model is not None:
        declared["sampling"] = _asked(model)
    return declared


def _names(spec: StageSpec, config: RunConfig) -> list[str]:
    """The model and the prompts of a stage as the config names them; keys hold what the names stood for."""
    model = config.models.get(spec.role) if spec.role is not None else None
    server = model.endpoint.base_url if model and model.engine == "openai" and model.revision is None else None
    prompts = prompt_names(spec, config)
    folder = [config.prompts_folder] if prompts and config.prompts_folder is not None else []
    adapter = [model.adapter] if model and model.adapter is not None else []
    return [*([model.model, str(model.revision), str(server)] if model else []), *adapter, *prompts, *folder]


def _asked(model: ModelSettings) -> dict[str, Any]:
    """The settings of a model that change its replies."""
    of_some = model.model_dump(mode="json", include=set(SAMPLING_OF_SOME), exclude_defaults=True)
    return sampling_of(model) | {"context_tokens": model.context_tokens} | of_some
