"""A dataset of `reasoning-gym`: problems with verifiable answers, drawn anew from programs (an export of Caco).

import caco_environments, reasoning_gym
reasoning_gym.create_dataset("caco_environments", level=3, size=10, seed=1)[0]["question"]
"""

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from caco_reward.reward import reward
from reasoning_gym.coaching import BaseCurriculum, RangeAttributeDefinition
from reasoning_gym.factory import ProceduralDataset, register_dataset

NAME = "caco_environments"
INSTANCES = Path(__file__).parent / "instances.jsonl"


@dataclass
class CacoConfig:
    """What is drawn."""

    min_level: int = 1  # of difficulty
    max_level: int = 5
    level: int | None = None  # in the place of both
    seed: int | None = None  # the order; None: any
    size: int | None = None  # None: each instance once

    def validate(self) -> None:
        """The levels are from 1 to 5."""
        levels = (self.min_level, self.max_level) if self.level is None else (self.level, self.level)
        assert 1 <= levels[0] <= levels[1] <= 5, "levels are from 1 to 5"


class CacoDataset(ProceduralDataset):
    """The instances of the file beside this one, in an order of their own for every seed."""

    def __init__(self, config: CacoConfig) -> None:
        low, high = (config.min_level, config.max_level) if config.level is None else (config.level, config.level)
        with INSTANCES.open(encoding="utf-8") as lines:
            self._rows = [row for row in map(json.loads, lines) if low <= row["level"] <= high]
        super().__init__(config=config, seed=config.seed, size=len(self._rows) if config.size is None else config.size)
        Random(self.seed).shuffle(self._rows)

    def __getitem__(self, idx: int) -> dict[str, Any]:
        """One instance; from behind the last on, they begin again."""
        row = self._rows[idx % len(self._rows)]
        difficulty = {"level": row["level"]}
        told = {"source_dataset": NAME, "source_index": idx, "id": row["id"], "difficulty": difficulty}
        return {"question": row["prompt"], "answer": row["answer"], "metadata": told}

    def score_answer(self, answer: str | None, entry: dict[str, Any]) -> float:
        """1.0 where the answer is the known one, else 0.0."""
        return reward(answer, entry["answer"]) if isinstance(answer, str) else 0.0


class CacoCurriculum(BaseCurriculum):
    """The level as the one thing that gets harder."""

    def __init__(self) -> None:
        super().__init__(CacoCurriculum.__name__, CacoConfig)
        self._define_attributes(
            RangeAttributeDefinition(
                name="level",
                levels=[1, 2, 3, 4, 5],
                description="The size of the numbers",
                lower_field_name="min_level",
                upper_field_name="max_level",
            )
        )


register_dataset(NAME, CacoDataset, CacoConfig, CacoCurriculum)
