"""What a recall finds: what was touched, how near it is, what to do about it, and what nobody knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from caco_tasks.recall.ancestors import Ancestor

Degree = Literal["direct", "through a model"]
Action = Literal["keep", "re-verify", "withdraw"]
Thing = Literal["model", "student", "run", "dataset", "evaluation", "sample"]
DEGREES: tuple[Degree, ...] = get_args(Degree)
THINGS: tuple[Thing, ...] = get_args(Thing)  # in the order in which they are told
COUNTED: Mapping[Thing, str] = {
    "model": "programs that it learnt from",
    "student": "rows that it learnt from",
    "run": "samples",
    "dataset": "rows",
    "evaluation": "answers of its student",
    "sample": "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """One descendant."""

    kind: Thing
    name: str  # id, or name/version of a dataset
    degree: Degree
    part: int  # how much of it descends, in what `COUNTED` says
    whole: int
    action: Action
    because: str  # one sentence: how it descends, and why this is proposed


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchedRows:
    """Which rows of a dataset descend: those of some outputs of the last check, and those that are named."""

    keys: frozenset[str]  # of outputs; all rows where there are no others
    samples: frozenset[str]
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """All that descends from an ancestor."""

    ancestor: Ancestor
    touched: tuple[Touched, ...]  # in the order of `THINGS`
    rows: Mapping[tuple[str, Degree], TouchedRows]  # of each touched dataset, by name and degree
    unknown: tuple[str, ...]  # what the ledger cannot tell of its descendants, each with a remedy; they stop an action

    def of(self, kind: Thing) -> list[Touched]:
        """The descendants of a kind."""
        return [one for one in self.touched if one.kind == kind]

    def as_json(self) -> dict[str, Any]:
        """What `caco recall --json` prints."""
        return {
            "kind": self.ancestor.kind,
            "ancestor": self.ancestor.name,
            "counts": {f"{kind}s": len({one.name for one in self.of(kind)}) for kind in THINGS},
            "rows": {degree: self.count_rows(degree) for degree in DEGREES},
            "touched": [{name: getattr(one, name) for name in Touched.__slots__} for one in self.touched],
            "unknown": list(self.unknown),
        }

    def count_rows(self, degree: Degree) -> int:
        """Rows of datasets of this degree; a row that two versions hold counts twice."""
        return sum(one.part for one in self.of("dataset") if one.degree == degree)
