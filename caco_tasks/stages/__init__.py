"""The stages, one file each, and what each reads and writes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from caco_tasks.config import RunConfig
from caco_tasks.context import Context
from caco_tasks.ledger import flow
from caco_tasks.records import Attempt, Judged, Lesson, Sample, Seed, SeedProgram
from caco_tasks.stages.agree import agree
from caco_tasks.stages.decontaminate import decontaminate
from caco_tasks.stages.dedup import dedup
from caco_tasks.stages.evaluate import attempts, evaluate
from caco_tasks.stages.execute import execute
from caco_tasks.stages.judge import judge
from caco_tasks.stages.publish import publish
from caco_tasks.stages.reverse import reverse
from caco_tasks.stages.sample import Draw, draws, sample
from caco_tasks.stages.screen import screen
from caco_tasks.stages.seeds import read_seeds, seeds
from caco_tasks.stages.solve import solve
from caco_tasks.stages.student import lessons, student
from caco_tasks.stages.train import train
from caco_tasks.stages.unify import unify


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step: what it reads, the generator that judges it, what it writes."""

    apply: Callable[[Iterable[Any], Context], Iterator[Judged[Any]]]
    writes: type
    reads: type | None = None  # records kept by the stage before; None: see `source`
    source: Callable[[Context], Iterable[Any]] | None = None  # of a first stage
    after: str | None = None  # the stage before, in the same run; None: a first stage, or the run's pinned inputs
    gathers: bool = False  # takes all shards of the stage before, in one piece


STAGES = {
    "seeds": Stage(apply=seeds, writes=Seed, source=read_seeds),
    "unify": Stage(apply=unify, writes=SeedProgram, reads=Seed, after="seeds"),
    "train": Stage(apply=train, writes=SeedProgram, reads=SeedProgram, gathers=True),
    "sample": Stage(apply=sample, writes=Sample, source=draws),
    "execute": Stage(apply=execute, writes=Sample, reads=Sample, after="sample"),
    "screen": Stage(apply=screen, writes=Sample, reads=Sample, after="execute"),
    "dedup": Stage(apply=dedup, writes=Sample, reads=Sample, after="screen"),
    "reverse": Stage(apply=reverse, writes=Sample, reads=Sample, after="dedup"),
    "solve": Stage(apply=solve, writes=Sample, reads=Sample, after="reverse"),
    "agree": Stage(apply=agree, writes=Sample, reads=Sample, after="solve"),
    "judge": Stage(apply=judge, writes=Sample, reads=Sample, after="agree"),
    "decontaminate": Stage(apply=decontaminate, writes=Sample, reads=Sample, after="judge"),
    "publish": Stage(apply=publish, writes=Sample, reads=Sample, after="decontaminate", gathers=True),
    "student": Stage(apply=student, writes=Lesson, source=lessons, gathers=True),
    "evaluate": Stage(apply=evaluate, writes=Attempt, source=attempts),
}

PIPELINES = flow.PIPELINES


def record_id(record: Any) -> str:
    """The id that a record keeps from stage to stage."""
    match record:
        case Sample() | Draw() | Lesson():
            return record.sample_id
        case Attempt():
            return record.attempt_id
        case Seed():
            return record.seed_id
        case SeedProgram():
            return record.seed.seed_id
        case Judged():
            return record_id(record.record)
    raise TypeError(f"a {type(record).__name__} is no record")


def shards_of(pipeline: str, config: RunConfig) -> Sequence[int]:
    """The shard numbers that a pipeline's mapped stages have."""
    stages = PIPELINES[pipeline]
    mapped = next((stage for stage in stages if stage not in flow.GATHERING_STAGES), stages[-1])
    return range(flow.shards_expected(pipeline, mapped, config.model_dump()))
