"""A table of an ablation: which arms are compared, over how many rows, with how many students. One TOML file each.

>>> [arm.name for arm in load_table("verification").arms_under(load_config("nano"))]
['all checks', 'no judge', 'answers not compared', 'neither']
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from caco_tasks.check_settings import Settings
from caco_tasks.config import RunConfig, load_config
from caco_tasks.errors import ConfigError
from caco_tasks.format import offer_nearest

ABLATION_SUFFIX = "-ablation"  # of the name of a dataset
TABLES_FOLDER = Path(__file__).parent
ALL_SOURCES = "all sources"

ArmName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_ .,+\-]*$", max_length=60)]
Override = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.\-]+=.+$")]
Size = Annotated[int, Field(ge=2)] | Literal["all"]


class Arm(Settings):
    """One way to make the rows."""

    name: ArmName
    set: tuple[Override, ...] = ()  # the settings that it changes, as key.path=value


class AblationTable(Settings):
    """What is compared with what."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_\-]*$")
    title: str = Field(min_length=1)
    source: str | None = None  # where the question comes from, as a paper and its table
    sizes: tuple[Size, ...] = Field(
        default=("all",), min_length=1
    )  # rows that a student learns from, drawn by their hash
    repeats: int = Field(default=3, ge=1, le=100)  # students of the same rows: their scores tell the noise of training
    reference: ArmName  # the arm that the others are compared with
    reference_size: Annotated[int, Field(ge=2)] | None = None  # of the reference; None: the size of each
    each_source: Literal["only", "without"] | None = None  # an arm for each source of the config, beside those named
    arms: tuple[Arm, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> "AblationTable":
        names = [arm.name for arm in self.arms]
        if len(names) > len(set(names)):
            raise ValueError("two arms have the same name")
        if self.each_source is None and self.reference not in names:
            raise ValueError(
                f"the reference '{self.reference}' is none of its arms ({', '.join(names) or 'there are none'})"
            )
        if len(self.sizes) > len(set(self.sizes)):
            raise ValueError("a size comes twice")
        if self.reference_size is not None and self.reference_size not in self.sizes:
            raise ValueError(f"the reference_size {self.reference_size} is none of its sizes")
        if len(names) + len(self.sizes) < 3 and self.each_source is None:
            raise ValueError("there is nothing to compare: it has one arm of one size")
        return self

    @property
    def row_counts(self) -> tuple[int | None, ...]:
        """The sizes as settings have them: None for all rows."""
        return tuple(None if size == "all" else size for size in self.sizes)

    def arms_under(self, config: RunConfig) -> tuple[Arm, ...]:
        """The arms in order, those of the config's sources among them.

        Raises:
            ConfigError: arms are to be made of sources, and the config has one.
        """
        arms = (*self.arms, *self._arms_of_sources(config))
        if self.reference not in {arm.name for arm in arms}:
            raise ConfigError(
                f"The reference '{self.reference}' of the table '{self.name}' is none of its arms: there are "
                f"{', '.join(arm.name for arm in arms)}."
            )
        return arms

    def _arms_of_sources(self, config: RunConfig) -> Iterator[Arm]:
        if self.each_source is None:
            return
        sources = config.seeds.sources
        if len(sources) < 2:
            raise ConfigError(
                f"The table '{self.name}' compares sources, and the config '{config.name}' has one: name several in "
                "[[seeds.sources]]."
            )
        yield Arm(name=ALL_SOURCES)
        for source in sources:
            kept = [one for one in sources if (one.name == source.name) == (self.each_source == "only")]
            told = ", ".join(_inline_table(one.model_dump(mode="json", exclude_none=True)) for one in kept)
            yield Arm(name=f"{self.each_source} {source.name}", set=(f"seeds.sources=[{told}]",))


def load_table(name_or_path: str) -> AblationTable:
    """A bundled table by its name, or one of a TOML file.

    Raises:
        ConfigError: there is no such table, or it is not right.
    """
    path = TABLES_FOLDER / f"{name_or_path}.toml"
    path = path if path.is_file() else Path(name_or_path)
    if not path.is_file():
        known = bundled_tables()
        raise ConfigError(
            f"There is no table '{name_or_path}'{offer_nearest(name_or_path, known)}: give a TOML file or one of "
            f"{', '.join(known)}."
        )
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        return AblationTable.model_validate({"name": path.stem, **values})
    except OSError as exc:
        raise ConfigError(f"The table {path} cannot be read: {exc.strerror}.") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ConfigError(f"The table {path} is not valid TOML: {exc}.") from exc
    except ValidationError as exc:
        error = exc.errors()[0]
        where = ".".join(map(str, error["loc"]))
        what = f"The setting '{where}' in the table {path}" if where else f"The table {path}"
        raise ConfigError(f"{what} is wrong: {error['msg'].removeprefix('Value error, ')}.") from exc


def bundled_tables() -> list[str]:
    """The names of the tables that come with the package."""
    return sorted(path.stem for path in TABLES_FOLDER.glob("*.toml"))


def is_ablation(dataset_name: str) -> bool:
    """Whether a dataset of this name is one of an ablation: rows to measure checks by, which are never published."""
    return dataset_name.endswith(ABLATION_SUFFIX)


def arm_settings(arm: Arm, config: RunConfig) -> tuple[str, ...]:
    """What an arm's runs change of a config: its own settings, and what keeps them apart from all other runs.

    Its dataset has a name of its own, which is never published; it claims nothing from others; and where no row passes,
    that is a result.
    """
    name = config.publish.name.removesuffix(ABLATION_SUFFIX) + ABLATION_SUFFIX
    return (*arm.set, f'publish.name="{name}"', 'dedup.claims="own"', "gate.min_published=0")


def load_arms(
    table: AblationTable, config: str, overrides: tuple[str, ...]
) -> dict[Arm, tuple[tuple[str, ...], RunConfig]]:
    """Each arm with all its overrides and its config.

    Raises:
        ConfigError: an override is wrong, or arms are to be made of sources and there is one.
    """
    base = load_config(config, overrides)
    found = {}
    for arm in table.arms_under(base):
        changes = (*overrides, *arm_settings(arm, base))
        found[arm] = changes, load_config(config, changes)
    return found


def _inline_table(values: dict[str, object]) -> str:
    """A TOML table in one line."""
    return "{" + ", ".join(f"{key} = {_inline_value(value)}" for key, value in values.items()) + "}"


def _inline_value(value: object) -> str:
    match value:
        case dict():
            return _inline_table(value)
        case bool():
            return str(value).lower()
        case str():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
    return str(value)
