"""The settings of a run: one typed model, one file.

Files are TOML; `caco_tasks/configs/` holds the bundled ones. Every setting has a bounded type and an
unknown key is an error. Settings listed in `SETTINGS_THAT_CHANGE_NO_DATA` enter no key: `caco_tasks.identity`.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from caco_tasks.addresses import hide_secrets
from caco_tasks.check_settings import (
    AgreeSettings,
    BenchmarkSettings,
    DecontaminationSettings,
    DedupSettings,
    DiversitySettings,
    JudgeSettings,
    NeighbourSettings,
    ReverseSettings,
    Rule,
    RuleSettings,
    ScreenSettings,
    SelectSettings,
    Settings,
    unused_settings,
)
from caco_tasks.errors import ConfigError
from caco_tasks.format import offer_nearest
from caco_tasks.generation_settings import (
    MixSettings,
    ReverserSettings,
    SolverSettings,
    SteerSettings,
    UnifySettings,
)
from caco_tasks.model_settings import ModelSettings, TrainSettings
from caco_tasks.records import Grade

CONFIGS_FOLDER = Path(__file__).parent / "configs"

SETTINGS_THAT_CHANGE_NO_DATA = (
    "sandbox.workers",
    "sandbox.min_level",
    "grading.workers",
    "models.*.device",
    "models.*.batch_rows",
    "models.*.vllm",
    "models.*.endpoint.connection",
    "models.*.endpoint.concurrency",
    "models.*.endpoint.timeout_seconds",
    "models.*.endpoint.attempts",
    "models.*.endpoint.patience_seconds",
    "models.*.endpoint.max_error_share",
    "models.*.endpoint.rename",
    "models.*.price",
    "neighbours.device",
    "neighbours.batch_rows",
    "train.hardware",
    "train.own.device",
    "train.own.batch_rows",
    "select.train",  # a run pins the selector that was trained by it
    "evaluate.dataset",  # pinned by the hash of its content
    "evaluate.train.hardware",
    "evaluate.ask.device",
    "evaluate.ask.batch_rows",
    "evaluate.ask.vllm",
    "evaluate.ask.endpoint",
    "evaluate.ask.price",
)

# Where a file lies changes no data, its content does: keys of outputs hold what a run pinned of it instead.
SETTINGS_PINNED_BY_CONTENT = (
    "prompts_folder",
    "seeds.sources.*.path",
    "decontamination.folder",
    "decontamination.benchmarks.*.path",
    "evaluate.benchmarks.*.path",
)

RoleName = Literal["unifier", "codegen", "reverser", "solver", "judge", "matcher"]
Minutes = Annotated[float, Field(gt=0, le=100_000)]
SomeSettings = TypeVar("SomeSettings", bound=Settings)


class SourceSettings(Settings):
    """One upstream dataset and how to read it."""

    name: str = Field(min_length=1, pattern=r"^[a-z0-9_\-]+$")
    reader: str  # a key of caco_tasks.sources.READERS
    path: str | None = None  # a file, a folder, or a pattern such as "shards/*.jsonl"; None for the bundled bank
    revision: str | None = None  # None: the SHA-256 of the file, or a hash of all files
    licence: str | None = None  # None: the one that the reader knows
    limit: int | None = Field(default=None, ge=1)  # at most so many records, from the start
    columns: dict[str, str] = Field(default={})  # for the generic readers: our field name -> their column, "" for none
    subset: str | None = None  # for huggingface: the dataset's configuration
    split: str | None = None  # for huggingface; None: "train"
    max_solve_rate: float | None = Field(default=None, ge=0, le=1)  # for big_math: leave out what is solved more often


class SeedSettings(Settings):
    """Which seeds enter, and how good their programs must be."""

    sources: tuple[SourceSettings, ...] = Field(min_length=1)
    min_seed_grade: Grade = Grade.A
    licences_allowed: tuple[str, ...] = ()  # empty: all
    shards: int = Field(default=2, ge=1, le=1000)


class SandboxSettings(Settings):
    """How untrusted programs are run."""

    workers: int = Field(default=2, ge=1, le=256)
    timeout_seconds: float = Field(default=5.0, gt=0, le=600)
    memory_mb: int = Field(default=1024, ge=64)
    output_bytes: int = Field(default=65536, ge=256)  # cap on stdout, and on each encoded value
    min_level: Literal["full", "partial", "basic"] = "basic"


class GradingSettings(Settings):
    """Comparison of answers."""

    workers: int = Field(default=1, ge=1, le=256)
    timeout_seconds: float = Field(default=5.0, gt=0)


class PublishSettings(Settings):
    """The dataset that a run publishes."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_\-]*$")  # one that ends in `-ablation` is never published
    rows_per_file: int = Field(default=250_000, ge=1)  # a few hundred MB


class RunnerSettings(Settings):
    """How a shard is worked through."""

    part_rows: int = Field(default=4096, ge=1)  # rows kept together as a long shard goes on; engines want many at once
    reply_rows: int = Field(default=256, ge=1)  # replies of a model kept together as they come
    retries_of_unknown: int = Field(default=1, ge=0, le=10)
    shards_per_task: int = Field(default=1, ge=1, le=1000)  # a task loads its model once for so many
    stage_minutes: dict[str, Minutes] = Field(default={})  # stage -> how long it may work on a shard


class GateSettings(Settings):
    """What a run must yield to end well."""

    min_published: int = Field(default=1, ge=0)
    max_unknown_share: float = Field(default=0.05, ge=0, le=1)


class DryRunSettings(Settings):
    """The first shards of a nightly run, taken through all stages before the others, and held against earlier runs."""

    share: float = Field(default=0.0, ge=0, le=0.5)  # of the run's samples, rounded up to whole shards; 0: no dry run
    min_samples: int = Field(default=200, ge=1)  # however small the share is
    min_yield: float = Field(default=0.001, ge=0, le=1)  # share that must come through, also in a first run; 0: any
    runs: int = Field(default=7, ge=1, le=100)  # compared with the medians of so many earlier runs of the config
    min_yield_ratio: float = Field(default=0.5, ge=0)  # of the projected yield to theirs
    max_cost_ratio: float = Field(default=2.0, gt=0)  # of the projected price, or tokens, of a sample to theirs
    max_time_ratio: float = Field(default=3.0, gt=0)  # of the projected seconds of work for a sample to theirs


class EvaluateSettings(Settings):
    """A student trained on a published dataset, and the benchmarks that it and its base are scored on."""

    dataset: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9_\-]*/[A-Za-z0-9][A-Za-z0-9_.\-]*$")
    train: TrainSettings  # of the student
    ask: ModelSettings  # how base and student are asked; `model` is the base
    benchmarks: tuple[BenchmarkSettings, ...] = ()
    bank_each: int = Field(default=0, ge=0, le=1000)  # problems of each family of the bank, with unseen numbers
    max_items: int | None = Field(default=None, ge=1)  # of each benchmark, drawn by their hash; None: all
    max_rows: int | None = Field(default=None, ge=2)  # that the student learns from, drawn by their hash; None: all
    repeat: int = Field(default=0, ge=0, le=1000)  # number of a student of the same rows, which come in another order
    draws: int = Field(default=0, ge=0, le=1000)  # answers sampled of each item beside the greedy one
    k: int = Field(default=1, ge=1)  # of pass@k, estimated from the draws

    @model_validator(mode="after")
    def _fits_together(self) -> "EvaluateSettings":
        if not self.benchmarks and not self.bank_each:
            raise ValueError("it names nothing to score on: give benchmarks, or bank_each")
        if self.ask.model != self.train.base:
            raise ValueError("ask.model and train.base differ: the student is compared with the model it began as")
        if self.draws and (self.draws < self.k or self.ask.temperature == 0):
            raise ValueError("pass@k needs at least k draws, and an ask.temperature above 0 to draw at")
        if self.ask.adapter is not None:
            raise ValueError("ask.adapter is set: one upon the base does not fit the student, whose weights are others")
        if self.train.own is not None:
            raise ValueError("train.own is set: it is of the CodeGen's training, and a student learns from one dataset")
        if self.ask.engine == "openai":
            raise ValueError("ask.engine is openai: an endpoint does not have the student's weights")
        names = [benchmark.name for benchmark in self.benchmarks] + ["bank"] * bool(self.bank_each)
        if len(names) > len(set(names)):
            raise ValueError("two benchmarks have the same name")
        if any(benchmark.answer_column is None for benchmark in self.benchmarks):
            raise ValueError("a benchmark without answer_column cannot be scored")
        return self


class RunConfig(Settings):
    """All settings of a run."""

    name: str
    description: str = ""
    samples: int = Field(ge=1)  # programs to sample: the dial that scales a run
    shard_samples: int = Field(default=1000, ge=1)  # of a shard: fixed ranges, which a longer run shares with a shorter
    shards: int | None = Field(default=None, ge=1, le=1000)  # cut the samples evenly into so many instead
    prompts_folder: str | None = None  # looked through before the bundled templates: NAME.txt
    seeds: SeedSettings
    train: TrainSettings
    mix: MixSettings | None = None  # None: all programs are CodeGen's
    select: SelectSettings | None = None  # None: nothing is skipped
    steer: SteerSettings | None = None  # None: nothing of earlier runs has a part in what is drawn
    models: dict[RoleName, ModelSettings]
    sandbox: SandboxSettings = SandboxSettings()
    screen: ScreenSettings = ScreenSettings()
    dedup: DedupSettings = DedupSettings()
    unify: UnifySettings = UnifySettings()
    reverser: ReverserSettings = ReverserSettings()
    solver: SolverSettings = SolverSettings()
    reverse: ReverseSettings = ReverseSettings()
    agree: AgreeSettings = AgreeSettings()
    grading: GradingSettings = GradingSettings()
    judge: JudgeSettings = JudgeSettings()
    decontamination: DecontaminationSettings = DecontaminationSettings()
    neighbours: NeighbourSettings | None = None  # None: no model is asked about protected items
    publish: PublishSettings
    diversity: DiversitySettings = DiversitySettings()
    runner: RunnerSettings = RunnerSettings()
    gate: GateSettings = GateSettings()
    dry_run: DryRunSettings = DryRunSettings()
    evaluate: EvaluateSettings | None = None  # None: no student can be trained with this config

    @model_validator(mode="after")
    def _is_complete(self) -> "RunConfig":
        missing = {"codegen", "reverser", "solver", "judge"} - set(self.models)
        if missing:
            raise ValueError(f"no model is named for {', '.join(sorted(missing))}")
        names = [source.name for source in self.seeds.sources]
        if len(names) > len(set(names)):
            raise ValueError("two sources have the same name")
        codegen = self.models["codegen"]
        if codegen.model == "trained" and codegen.adapter is not None:
            raise ValueError("models.codegen.adapter is set: no adapter fits the model 'trained', which is made anew")
        if ("matcher" in self.models) != (self.neighbours is not None):
            raise ValueError(
                "models.matcher and [neighbours] need each other: one finds the items that the other is asked about"
            )
        if self.neighbours is not None and not self.decontamination.protected:
            raise ValueError("[neighbours] finds protected items, and [decontamination] protects none: name benchmarks")
        self._require_temperatures()
        return self

    def _require_temperatures(self) -> None:
        """Refuses to ask a model several times that gives the same text each time."""
        repeated: tuple[tuple[str, int, RoleName], ...] = (
            ("unify.attempts", self.unify.attempts, "unifier"),
            ("reverser.attempts", self.reverser.attempts, "reverser"),
            ("solver.samples", self.solver.samples, "solver"),
        )
        for setting, times, role in repeated:
            asked = self.models.get(role)
            if asked is not None and times > 1 and asked.temperature == 0:
                raise ValueError(
                    f"{setting} is {times}, and models.{role}.temperature 0 writes the same text each time: set a "
                    "temperature, or ask once"
                )

    @model_validator(mode="after")
    def _protects_what_it_scores_on(self) -> "RunConfig":
        protected = {benchmark.name for benchmark in self.decontamination.protected}
        scored = [benchmark.name for benchmark in self.evaluate.benchmarks] if self.evaluate else []
        open_to_memory = [name for name in scored if name not in protected]
        if open_to_memory:
            raise ValueError(
                f"evaluate.benchmarks scores on {', '.join(open_to_memory)}, which [decontamination] does not protect: a "
                "score on it may be a memory. Name it in decontamination.benchmarks too, or set decontamination.folder"
            )
        return self

    @property
    def unverified(self) -> tuple[str, ...]:
        """The rules that its rows may break although they are what a row is verified by: as `judge.ill_posed=off`."""
        rules = {"agree.answers_differ": self.agree.answers_differ}
        rules |= {"judge.inconsistent": self.judge.inconsistent, "judge.ill_posed": self.judge.ill_posed}
        return tuple(f"{name}={value}" for name, value in rules.items() if value != "reject")

    @property
    def has_independent_judge(self) -> bool:
        """Whether the judge is of another family of models than the solver, as far as their names tell."""
        return self.models["judge"].family != self.models["solver"].family

    @property
    def sample_shards(self) -> int:
        """The number of shards of the stages that work on samples."""
        return -(-self.samples // self._range_samples)

    def sample_range(self, shard: int) -> range:
        """The indexes, within the draw, of the samples of a shard, which is counted from 0."""
        start = shard * self._range_samples
        return range(start, min(self.samples, start + self._range_samples))

    @property
    def _range_samples(self) -> int:
        return self.shard_samples if self.shards is None else -(-self.samples // self.shards)

    def data_settings(self, path: str, *, without: Iterable[str] = ()) -> Any:
        """The settings at a dotted path as JSON, without those that change no data; None where there are none.

        `without` are paths of more settings that are left out; `*` stands for every key or place of a list.
        """
        settings: Any = self.model_dump(mode="json")
        for dropped in (*SETTINGS_THAT_CHANGE_NO_DATA, *without, *unused_settings(settings)):
            _drop(settings, dropped.split("."))
        for key in path.split("."):
            settings = settings.get(key) if settings is not None else None
        return settings

    def narrowed(self, paths: Iterable[str]) -> "RunConfig":
        """A config that holds the settings at dotted `paths` and no other: reading another is an AttributeError.

        A stage gets such a one, so that it cannot read a setting that the keys of its outputs do not hold.
        """
        return _narrowed(self, ["name", *paths])


def load_config(name_or_path: str, overrides: Iterable[str] = ()) -> RunConfig:
    """Reads a bundled config by name or a TOML file by path, then applies `key.path=value` overrides.

    Raises:
        ConfigError: the file is missing or not TOML, a key is unknown, or a value has the wrong type or range.
    """
    path, overrides = _config_path(name_or_path), list(overrides)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise ConfigError(f"The config {path} cannot be read: {exc.strerror}.") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ConfigError(f"The config {path} is not valid TOML: {exc}.") from exc
    for override in overrides:
        _apply_override(values, override)
    return parse_config(values, origin=str(path), overrides=overrides)


def override_config(values: Mapping[str, Any], overrides: Sequence[str], *, origin: str) -> RunConfig:
    """Checks the settings of a run, as its record has them, with some of them changed as `key.path=value`.

    Raises:
        ConfigError: a key is unknown, or a value has the wrong type or range.
    """
    changed = deepcopy(dict(values))
    for override in overrides:
        _apply_override(changed, override)
    return parse_config(changed, origin=origin, overrides=overrides)


def parse_config(values: Mapping[str, Any], *, origin: str, overrides: Sequence[str] = ()) -> RunConfig:
    """Checks `values`; in an error `origin` names them, or else the one of the overrides in them that is wrong.

    Raises:
        ConfigError: a key is unknown, or a value has the wrong type or range.
    """
    try:
        return RunConfig.model_validate(values)
    except ValidationError as exc:
        error = exc.errors()[0]
        where = ".".join(str(part) for part in error["loc"] if part != "[key]")
        origin = next((f"the override '{_show_override(one)}'" for one in overrides if _changes(one, where)), origin)
        unknown, message = error["type"] == "extra_forbidden", error["msg"].removeprefix("Value error, ")
        what = f"is unknown{_suggest_setting(error['loc'])}" if unknown else f"is wrong: {message}"
        subject = f"The setting '{where}' in {origin}" if where else f"The config {origin}"  # settings that do not fit
        raise ConfigError(_rule_error(error, origin) or f"{subject} {what}.") from exc


def _show_override(override: str) -> str:
    """An override for a reader: an address in it without user and password."""
    path, sign, value = override.partition("=")
    return f"{path}{sign}{hide_secrets(value)}" if "@" in value else override


def _changes(override: str, setting: str) -> bool:
    """Whether an override is of a setting, of a part of it, or of a table that it is in."""
    path = override.partition("=")[0]
    return bool(setting) and (f"{path}.".startswith(f"{setting}.") or f"{setting}.".startswith(f"{path}."))


def _rule_error(error: ErrorDetails, origin: str) -> str | None:
    """The sentence on a rule that does not exist, or on a value that no rule has; None for any other error."""
    if len(error["loc"]) != 2:
        return None
    section, name = map(str, error["loc"])
    settings = RunConfig.model_fields[section].annotation if section in RunConfig.model_fields else None
    if not (isinstance(settings, type) and issubclass(settings, RuleSettings)):
        return None
    choices = settings.rule_choices()
    if name in choices:
        allowed = " or ".join((", ".join(choices[name][:-1]), choices[name][-1]))
        return f"The rule '{name}' of [{section}] in {origin} cannot be {error['input']!r}: it is {allowed}."
    # a section such as [screen] has settings of other kinds too: what is set as a rule is, was meant as one
    is_rule = len(choices) == len(settings.model_fields) or error["input"] in get_args(Rule)
    if error["type"] != "extra_forbidden" or not is_rule:
        return None
    return f"There is no rule '{name}' in [{section}] of {origin}: its rules are {', '.join(choices)}."


def _suggest_setting(location: Sequence[int | str]) -> str:
    """The setting that an unknown one was meant as, in words that end a sentence; nothing where none is near."""
    table: type[BaseModel] = RunConfig
    for part in location[:-1]:
        if isinstance(part, str) and part in table.model_fields:  # else the number of an entry, or the name of a role
            annotation = table.model_fields[part].annotation
            kinds = [kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type)]
            table = next((kind for kind in kinds if issubclass(kind, BaseModel)), table)
    *above, name = map(str, location)
    return offer_nearest(".".join([*above, name]), [".".join([*above, known]) for known in table.model_fields])


def bundled_configs() -> list[str]:
    """The names of the configs that come with the package."""
    return sorted(path.stem for path in CONFIGS_FOLDER.glob("*.toml"))


def _config_path(name_or_path: str) -> Path:
    bundled = CONFIGS_FOLDER / f"{name_or_path}.toml"
    path = bundled if bundled.is_file() else Path(name_or_path)
    if not path.is_file():
        known = bundled_configs()
        raise ConfigError(
            f"There is no config '{name_or_path}'{offer_nearest(name_or_path, known)}: give a TOML file or one of "
            f"{', '.join(known)}."
        )
    return path


def _apply_override(values: dict[str, Any], override: str) -> None:
    path, separator, text = override.partition("=")
    if not separator or not path:
        raise ConfigError(f"The override '{override}' is not of the form key.path=value.")
    *parents, key = path.split(".")
    table = values
    for parent in parents:
        table = table.setdefault(parent, {})
        if not isinstance(table, dict):
            raise ConfigError(f"The override '{override}' goes into '{parent}', which is not a table.")
    table[key] = _parse_value(text)


def _parse_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):  # no TOML, or a number or a nesting that Python gives up on
        return text  # a bare word is a string


def _narrowed(settings: SomeSettings, paths: Iterable[str]) -> SomeSettings:
    below: dict[str, list[str]] = {}
    for path in paths:
        key, _, rest = path.partition(".")
        below.setdefault(key, []).append(rest)
    narrow = settings.model_copy()
    values = narrow.__dict__  # the copy's own: settings are frozen, this one is not handed out yet
    for key in list(values):
        if key not in below:
            del values[key]
        elif "" not in below[key] and values[key] is not None:
            values[key] = _picked(values[key], below[key])
    return narrow


def _picked(value: Any, paths: list[str]) -> Any:
    return (
        {name: value[name] for name in paths if name in value} if isinstance(value, dict) else _narrowed(value, paths)
    )


def _drop(settings: Any, path: list[str]) -> None:
    key, *rest = path
    if isinstance(settings, list) and key == "*":
        for item in settings:
            _drop(item, rest)
    if not isinstance(settings, dict):
        return
    for name in list(settings) if key == "*" else [key]:
        if rest:
            _drop(settings.get(name), rest)
        else:
            settings.pop(name, None)
