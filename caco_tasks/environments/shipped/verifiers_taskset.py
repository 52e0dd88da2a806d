"""A taskset of `verifiers` (0.4): problems with verifiable answers, drawn anew from programs (an export of Caco).

eval caco_environments --taskset.level 3
"""

import json
from collections.abc import Iterator
from pathlib import Path

import verifiers.v1 as vf
from caco_reward.reward import reward

INSTANCES = Path(__file__).parent / "instances.jsonl"


class CacoData(vf.TaskData):
    """One instance."""

    answer: str
    level: int
    environment_id: str


class CacoTask(vf.Task[CacoData, vf.State, vf.TaskConfig]):
    """Solved where the final answer equals the program's."""

    @vf.reward
    async def right_answer(self, trace: vf.Trace) -> float:
        """1.0 or 0.0."""
        return reward(trace.last_reply, self.data.answer)


class CacoConfig(vf.TasksetConfig):
    """What is loaded."""

    level: int | None = None  # of difficulty, 1 to 5; None: all


class CacoTaskset(vf.Taskset[CacoTask, CacoConfig]):
    """The instances of the file beside this one."""

    def load(self) -> Iterator[CacoTask]:
        """All of them, or those of one level."""
        with INSTANCES.open(encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                if self.config.level in (None, row["level"]):
                    data = CacoData(
                        id=row["id"],
                        prompt=row["prompt"],
                        answer=row["answer"],
                        level=row["level"],
                        environment_id=row["environment_id"],
                    )
                    yield CacoTask(data, self.config.task)


__all__ = ["CacoTaskset"]
