"""The settings of what is written: which programs are drawn or mixed, how often a seed is tried, how problems and solutions vary.

Each is a section of the config beside the model's own (`models.unifier`, `models.codegen`, `models.reverser`, `models.solver`).

>>> SolverSettings(styles={"prose": 3, "concise": 1}).styles
{'prose': 3.0, 'concise': 1.0}
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from caco_tasks.check_settings import Settings
from caco_tasks.variety import DIFFICULTIES, PROBLEM_STYLES, SOLUTION_STYLES, unknown_names

Mix = dict[str, Annotated[float, Field(gt=0)]]  # name, or a text of several words -> weight
Share = Annotated[float, Field(ge=0, le=1)]


class MixSettings(Settings):
    """Programs that are made of verified seed programs instead of sampled: the shares of a run's samples.

    The rest is CodeGen's, and so is a place for which no plausible program could be made.
    """

    compose: float = Field(default=0.0, ge=0, le=1)  # the output of one program as an input of another
    mutate: float = Field(default=0.0, ge=0, le=1)  # a step exchanged or added, a condition, another aggregate

    @model_validator(mode="after")
    def _is_a_part(self) -> "MixSettings":
        if self.compose + self.mutate > 1:
            raise ValueError("compose and mutate are shares of the same samples: together they are at most 1")
        if not self.compose + self.mutate:
            raise ValueError("compose and mutate are both 0: leave [mix] out")
        return self


class SteerSettings(Settings):
    """Toward which problems the programs of a run are drawn, by how earlier nightly runs ended: docs/difficulty.md."""

    band: tuple[Share, Share] = (0.2, 0.8)  # pass rates that are wanted, both ends included; [0, 1]: every accepted row
    runs: int = Field(default=7, ge=1, le=100)  # of so many earlier dates
    explore: float = Field(default=0.2, gt=0, le=1)  # share of the samples for which CodeGen is told nothing
    floor: float = Field(default=0.02, ge=0, le=1)  # least share of each domain among the others
    min_problems: int = Field(default=3, ge=1)  # a beginning of which fewer came to `agree` is not told

    @model_validator(mode="after")
    def _is_a_band(self) -> "SteerSettings":
        if self.band[0] > self.band[1]:
            raise ValueError("band begins above its end")
        return self

    @property
    def wants_every_row(self) -> bool:
        """Whether it goes by acceptance alone, whatever share of solutions agrees."""
        return self.band == (0.0, 1.0)


class UnifySettings(Settings):
    """How often the unifier is asked for a seed's program."""

    attempts: int = Field(default=1, ge=1, le=64)  # at most; a seed whose program verifies is not asked again


class ReverserSettings(Settings):
    """How often a program's problem is asked for, and what it is to look like, for prompts that name `$style` and the like."""

    attempts: int = Field(default=1, ge=1, le=64)  # at most, until a program's problem keeps the rules
    scenario_share: float = Field(
        default=0.5, ge=0, le=1
    )  # of the problems that are set somewhere; the others are bare
    scenarios: tuple[str, ...] = ()  # empty: the bundled ones
    styles: Mix = Field(default={})  # empty: all bundled ones alike
    difficulties: Mix = Field(default={})  # empty: all bundled ones alike

    @model_validator(mode="after")
    def _names_are_known(self) -> "ReverserSettings":
        _require_known("styles", self.styles, PROBLEM_STYLES)
        _require_known("difficulties", self.difficulties, DIFFICULTIES)
        return self


class SolverSettings(Settings):
    """How many solutions are asked for, which of them is published, and, for prompts that name `$style`, their style."""

    samples: int = Field(default=1, ge=1, le=64)  # of each problem; above 1 the solver needs a temperature
    publish: Literal["first", "shortest", "longest", "random"] = (
        "first"  # of those that agree; drawn by the sample's id
    )
    styles: Mix = Field(default={})  # empty: all bundled ones alike
    keep_easy: float = Field(default=1.0, ge=0, le=1)  # share of the problems that all of several solutions solve

    @model_validator(mode="after")
    def _names_are_known(self) -> "SolverSettings":
        _require_known("styles", self.styles, SOLUTION_STYLES)
        return self


def _require_known(setting: str, mix: Mapping[str, float], named: Mapping[str, str]) -> None:
    unknown = unknown_names(mix, named)
    if unknown:
        raise ValueError(
            f"{setting} names '{unknown[0]}': use {', '.join(named)}, or describe one of your own in several words"
        )
