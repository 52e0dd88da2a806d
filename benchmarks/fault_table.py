"""The crash table: every boundary at which a night writes or sends something, the faults, and when they strike.

A case is one cell of it: a boundary, a fault, a situation. `benchmarks/crash_points.py` draws cases by a seed and strikes real
nights with them; docs/faults.md shows what came of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from caco_tasks.pipeline import StageSpec

Kind = Literal["file", "ledger", "reply", "lease", "hand-over"]
Fault = Literal["before", "after", "torn", "error", "slow"]
Situation = Literal["first attempt", "retry", "twin"]

FAULTS: tuple[Fault, ...] = ("before", "after", "torn", "error", "slow")
SITUATIONS: tuple[Situation, ...] = ("first attempt", "retry", "twin")
KILLS: tuple[Fault, ...] = ("before", "after", "torn")  # after these the attempt is dead

_HEX = r"[0-9a-f]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """One place where something leaves a task: for the store, the ledger, a model, or the task that waits."""

    name: str
    kind: Kind
    pattern: str = ""  # of the key in the store, or of the SQL of the transaction; empty: there is only one
    tasks: tuple[str, ...] = ()  # the tasks that cross it: stages, or plan and finish; empty: as `stages` says
    stages: Callable[[StageSpec], bool] = lambda spec: True
    most: int = 1  # how often one attempt may cross it
    weight: float = 1.0  # how often it is drawn, beside the others


def _asks(spec: StageSpec) -> bool:
    return spec.role in ("codegen", "reverser", "solver", "judge")


def _is_cut(spec: StageSpec) -> bool:
    return not spec.gathers


# in the order in which an attempt crosses them: one that was crossed is not met again
BOUNDARIES: tuple[Boundary, ...] = (
    Boundary(name="run in the ledger", kind="ledger", pattern=r"INSERT INTO caco\.run \(", tasks=("plan",)),
    Boundary(name="run record", kind="file", pattern=r"runs/.*/run\.json", tasks=("plan",)),
    Boundary(name="trigger", kind="file", pattern=r"runs/.*/triggers/.*", tasks=("plan",)),
    Boundary(name="trigger in the ledger", kind="ledger", pattern=r"INSERT INTO caco\.run_trigger", tasks=("plan",)),
    Boundary(name="GPU lease", kind="lease", stages=_asks, weight=0.7),
    Boundary(name="claim", kind="ledger", pattern=r"INSERT INTO caco\.fingerprint", stages=lambda spec: spec.claims),
    Boundary(name="reply", kind="reply", stages=_asks, most=4),
    Boundary(name="kept replies", kind="file", pattern=rf"replies/.*/{_HEX}{{32}}/.*", stages=_asks, most=2),
    Boundary(name="part", kind="file", pattern=r"outputs/.*/parts/.*", stages=_is_cut, most=2),
    Boundary(name="dataset file", kind="file", pattern=r"datasets/.*\.parquet", tasks=("publish",), most=2, weight=2),
    Boundary(name="dataset card", kind="file", pattern=r"datasets/.*/README\.md", tasks=("publish",), weight=2),
    Boundary(name="dataset manifest", kind="file", pattern=r"datasets/.*/manifest\.json", tasks=("publish",), weight=2),
    Boundary(name="dataset staged", kind="file", pattern=r"datasets/.*/state\.json", tasks=("publish",), weight=2),
    Boundary(name="rows", kind="file", pattern=rf"outputs/[a-z]+/{_HEX}+/{_HEX}{{16}}\.parquet"),
    Boundary(name="manifest", kind="file", pattern=r"outputs/.*/manifest\.json"),
    Boundary(name="place in the run", kind="file", pattern=r"runs/.*/outputs/.*"),
    Boundary(name="index of replies", kind="file", pattern=r"replies/.*/index/.*", stages=_asks),
    Boundary(name="hand-over", kind="hand-over", stages=_is_cut, weight=0.1),  # each one starts a process: seconds
    Boundary(
        name="exported claims",
        kind="file",
        pattern=r"outputs/.*/claims\.parquet",
        stages=lambda spec: spec.claims,
    ),
    Boundary(name="output in the ledger", kind="ledger", pattern=r"INSERT INTO caco\.output \("),
    Boundary(
        name="dataset in the ledger",
        kind="ledger",
        pattern=r"INSERT INTO caco\.dataset \(",
        tasks=("publish",),
        weight=2,
    ),
    Boundary(
        name="state in the ledger",
        kind="ledger",
        pattern=r"INSERT INTO caco\.dataset_state",
        tasks=("publish", "finish"),
        weight=2,
    ),
    Boundary(name="dataset published", kind="file", pattern=r"datasets/.*/state\.json", tasks=("finish",), weight=2),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One cell of the table, and how it is to strike."""

    boundary: Boundary
    fault: Fault
    situation: Situation
    nth: int  # which crossing of the boundary in an attempt, from 1
    variant: int  # which of several forms of the fault

    @property
    def name(self) -> str:
        """The cell, in words."""
        return f"{self.boundary.name}, {self.fault}, {self.situation}"


def crossed_by(task: str, spec: StageSpec | None) -> list[Boundary]:
    """The boundaries that a task crosses, in their order; `spec` is that of its stage, None for plan and finish."""
    return [one for one in BOUNDARIES if (task in one.tasks if one.tasks else spec is not None and one.stages(spec))]
