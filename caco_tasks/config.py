"""The settings of a run: one typed model, one file, one hash that names what the run makes.

Files are TOML; `caco_tasks/configs/` holds the bundled ones. Every setting has a bounded type and an
unknown key is an error. Settings listed in `SETTINGS_THAT_CHANGE_NO_DATA` do not enter the hash.
"""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from caco_tasks.errors import ConfigError
from caco_tasks.ids import content_id
from caco_tasks.records import Grade

CONFIGS_FOLDER = Path(__file__).parent / "configs"

SETTINGS_THAT_CHANGE_NO_DATA = (
    "description",
    "sandbox.workers",
    "sandbox.least_level",
    "grading.workers",
    "gate",
)

RoleName = Literal["unifier", "codegen", "reverser", "solver", "judge"]


class Settings(BaseModel):
    """Base of all settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceSettings(Settings):
    """One upstream dataset and how to read it."""

    name: str = Field(min_length=1, pattern=r"^[a-z0-9_\-]+$")
    reader: str  # a key of caco_tasks.bank.readers.READERS
    path: str | None = None  # file of the source; None for the bundled bank
    revision: str | None = None  # None: the SHA-256 of the file
    licence: str | None = None  # None: the one that the reader knows
    limit: int | None = Field(default=None, ge=1)  # at most so many records, from the start
    columns: dict[str, str] = {}  # for the generic readers: our field name -> their column
    subset: str | None = None  # for huggingface: the dataset's configuration
    split: str | None = None  # for huggingface; None: "train"


class SeedSettings(Settings):
    """Which seeds enter, and how good their programs must be."""

    sources: tuple[SourceSettings, ...] = Field(min_length=1)
    min_seed_grade: Grade = Grade.A
    licences_allowed: tuple[str, ...] = ()  # empty: all
    shards: int = Field(default=2, ge=1, le=1000)


class ModelSettings(Settings):
    """One role's model: where it is, which engine runs it, how it is sampled, what it is asked."""

    engine: Literal["transformers", "vllm", "openai"] = "transformers"
    model: str  # folder, Hub id, "nano:NAME" for a bundled one, or "trained": the CodeGen that the run pinned
    revision: str | None = None
    prompt: str  # file name without suffix in caco_tasks/llm/templates, such as "nano_reverse.v1"
    temperature: float = Field(default=0.0, ge=0, le=2)
    top_p: float = Field(default=1.0, gt=0, le=1)
    top_k: int = Field(default=0, ge=0)  # 0: off
    max_tokens: int = Field(default=256, ge=1, le=32768)
    stop: tuple[str, ...] = ()
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    device: str = "cpu"
    batch_rows: int = Field(default=64, ge=1)


class TrainSettings(Settings):
    """Fine-tuning of CodeGen on verified seed programs (paper, section 3.2)."""

    base: str  # as ModelSettings.model
    epochs: float = Field(default=1.0, gt=0)
    max_steps: int = Field(default=-1, ge=-1)  # -1: as many as the epochs need
    learning_rate: float = Field(default=5e-6, gt=0)
    warmup_ratio: float = Field(default=0.03, ge=0, le=1)
    weight_decay: float = Field(default=0.1, ge=0)
    batch_sequences: int = Field(default=16, ge=1)
    sequence_tokens: int = Field(default=2048, ge=16)
    held_out_share: float = Field(default=0.05, gt=0, lt=1)
    most_loss_rise: float = Field(
        default=0.02, ge=0
    )  # share by which the held-out loss may rise; above it no night uses the model
    dtype: Literal["float32", "bfloat16"] = "bfloat16"
    domain_tags: bool = False  # write the domain before each program


class SandboxSettings(Settings):
    """How untrusted programs are run."""

    workers: int = Field(default=2, ge=1, le=256)
    timeout_seconds: float = Field(default=5.0, gt=0, le=600)
    memory_mb: int = Field(default=1024, ge=64)
    output_bytes: int = Field(default=65536, ge=256)  # cap on stdout, and on each encoded value
    least_level: Literal["full", "partial", "basic"] = "basic"


class ScreenSettings(Settings):
    """Rules on programs that ran (paper, section 3.2, and dead inputs by perturbation)."""

    min_lines: int = Field(default=6, ge=1)  # not blank, comment or import
    max_output_chars: int = Field(default=200, ge=1)
    perturbations: int = Field(default=3, ge=0, le=20)  # changed inputs per key; 0: do not look for dead inputs


class DedupSettings(Settings):
    """When a program counts as seen before, in this run or any earlier one."""

    near_duplicate_jaccard: float = Field(default=0.95, gt=0, le=1)
    behaviour: bool = True  # compare outputs on changed inputs too


class GradingSettings(Settings):
    """Comparison of answers."""

    workers: int = Field(default=1, ge=1, le=256)
    timeout_seconds: float = Field(default=5.0, gt=0)


class BenchmarkSettings(Settings):
    """One protected benchmark."""

    name: str
    path: str  # a JSONL, JSON or CSV file may be packed with gzip (.gz)
    format: Literal["jsonl", "json", "parquet", "csv"] = "jsonl"
    problem_column: str = "problem"
    answer_column: str | None = None  # gold answer, or a solution that ends in it; None: numbers are not compared
    id_column: str | None = None  # None: an item is named by its position, from 0


class DecontaminationSettings(Settings):
    """What is protected, and how alike is too alike."""

    benchmarks: tuple[BenchmarkSettings, ...] = ()
    least_tokens: int = Field(default=10, ge=1)  # an item of fewer words and numbers is protected against copies only
    ngram_tokens: int = Field(default=8, ge=2)
    ngram_coverage: float = Field(default=0.5, gt=0, le=1)  # share of an item's n-grams
    ngram_most_items: int = Field(default=10, ge=1)  # an n-gram of more items is a stock phrase and does not count
    masked_jaccard: float = Field(default=0.6, gt=0, le=1)  # of 3-grams, numbers masked
    least_numbers: int = Field(
        default=3, ge=0
    )  # equal numbers and answer count from so many different ones on; 0: never
    least_digits: int = Field(default=8, ge=1)  # and from so many digits in them: small numbers agree by chance


class PublishSettings(Settings):
    """The dataset that a run publishes."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_\-]*$")
    rows_per_file: int = Field(default=50_000, ge=1)


class RunnerSettings(Settings):
    """How a shard is worked through."""

    part_rows: int = Field(default=256, ge=1)  # rows kept together as a long shard goes on
    retries_of_unknown: int = Field(default=1, ge=0, le=10)


class GateSettings(Settings):
    """What a run must yield to end well."""

    least_published: int = Field(default=1, ge=0)
    most_unknown_share: float = Field(default=0.05, ge=0, le=1)


class RunConfig(Settings):
    """All settings of a run."""

    name: str
    description: str = ""
    samples: int = Field(ge=1)  # programs to sample: the dial that scales a run
    shards: int = Field(default=4, ge=1, le=1000)
    seeds: SeedSettings
    train: TrainSettings
    models: dict[RoleName, ModelSettings]
    sandbox: SandboxSettings = SandboxSettings()
    screen: ScreenSettings = ScreenSettings()
    dedup: DedupSettings = DedupSettings()
    grading: GradingSettings = GradingSettings()
    decontamination: DecontaminationSettings = DecontaminationSettings()
    publish: PublishSettings
    runner: RunnerSettings = RunnerSettings()
    gate: GateSettings = GateSettings()

    @model_validator(mode="after")
    def _is_complete(self) -> "RunConfig":
        missing = {"codegen", "reverser", "solver", "judge"} - set(self.models)
        if missing:
            raise ValueError(f"no model is named for {', '.join(sorted(missing))}")
        names = [source.name for source in self.seeds.sources]
        if len(names) > len(set(names)):
            raise ValueError("two sources have the same name")
        return self

    def fingerprint(self) -> str:
        """The hash of all settings that change data."""
        settings = self.model_dump(mode="json")
        for path in SETTINGS_THAT_CHANGE_NO_DATA:
            _drop(settings, path.split("."))
        return content_id("config", settings)

    def rows_of_shard(self, shard: int) -> int:
        """How many of `samples` belong to `shard`, counted from 0."""
        each, rest = divmod(self.samples, self.shards)
        return each + (shard < rest)


def load_config(name_or_path: str, overrides: Iterable[str] = ()) -> RunConfig:
    """Reads a bundled config by name or a TOML file by path, then applies `key.path=value` overrides.

    Raises:
        ConfigError: the file is missing or not TOML, a key is unknown, or a value has the wrong type or range.
    """
    path = _config_path(name_or_path)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ConfigError(f"The config {path} is not valid TOML: {exc}.") from exc
    for override in overrides:
        _apply_override(values, override)
    return parse_config(values, origin=str(path))


def parse_config(values: Mapping[str, Any], *, origin: str) -> RunConfig:
    """Checks `values`; `origin` names them in an error.

    Raises:
        ConfigError: a key is unknown, or a value has the wrong type or range.
    """
    try:
        return RunConfig.model_validate(values)
    except ValidationError as exc:
        error = exc.errors()[0]
        where = ".".join(str(part) for part in error["loc"])
        raise ConfigError(f"The setting '{where}' in {origin} is wrong: {error['msg']}.") from exc


def bundled_configs() -> list[str]:
    """The names of the configs that come with the package."""
    return sorted(path.stem for path in CONFIGS_FOLDER.glob("*.toml"))


def _config_path(name_or_path: str) -> Path:
    bundled = CONFIGS_FOLDER / f"{name_or_path}.toml"
    path = bundled if bundled.is_file() else Path(name_or_path)
    if not path.is_file():
        known = ", ".join(bundled_configs())
        raise ConfigError(f"There is no config '{name_or_path}': give a TOML file or one of {known}.")
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
    except tomllib.TOMLDecodeError:
        return text  # a bare word is a string


def _drop(settings: Any, path: list[str]) -> None:
    key, *rest = path
    if not isinstance(settings, dict):
        return
    for name in list(settings) if key == "*" else [key]:
        if rest:
            _drop(settings.get(name), rest)
        else:
            settings.pop(name, None)
