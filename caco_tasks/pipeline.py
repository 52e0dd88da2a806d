"""The stages, each declared once, and the pipelines that they make up, in the order in which a record meets them.

Runner, ledger, dataset card, costs, conservation, tasks, DAGs, audits and the generated docs read this table; nothing else
lists stages. The code of a stage is the function of its name in `caco_tasks/stages/NAME.py`; a stage that reads no other
one's records makes its own there, in the function `records`. `docs/extending.md` shows how to add one.

>>> [spec.name for spec in PIPELINES["nightly"] if spec.role]
['sample', 'reverse', 'solve', 'judge', 'decontaminate']
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from caco_tasks.config import RoleName, RunConfig
from caco_tasks.errors import ConfigError
from caco_tasks.format import offer_nearest
from caco_tasks.records import Attempt, Part, PublishedRow, Sample, Seed, SeedProgram

Layout = Literal["samples", "seeds", "contenders", "one"]  # what the shards of a stage are: see `count_shards`


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSpec:
    """What a stage is. Whatever else needs to know it reads it here."""

    name: str
    version: int  # part of every output's key: raise it when the stage would judge a record otherwise than before
    writes: type  # class of the records that it judges and writes
    reads: type | None = None  # class of the records that it reads; None: it makes its own, from a source or the run
    settings: tuple[str, ...] = ()  # sections of the config that it may read; they are part of the key
    role: RoleName | None = None  # the model that it asks; its settings, revision and prompts are part of the key
    role_settings: tuple[str, ...] = ()  # more sections, which count only where the config names a model for the role
    part_settings: tuple[str, ...] = ()  # more sections, which count only where the config has the first of them
    adds: str | None = None  # the field of the record that it fills in; where a model wrote it, its cost is counted
    text: str | None = None  # what the text that it adds is called, in the view text_address
    after: str | None = None  # the stage of another pipeline whose outputs it reads; None: the one before it in its own
    layout: Layout = "samples"
    queue: Literal["cpu", "gpu"] = "cpu"  # of the workers that run it
    claims: bool = False  # it claims fingerprints in the ledger: the first to come keeps them
    executes: bool = False  # it runs programs in the sandbox
    looks_up_benchmarks: bool = False  # it compares with protected benchmarks, whose versions are part of the key
    judges: Part | None = None  # the part of a sample that people are asked about when they audit this check
    not_replayed: str | None = None  # why its verdict cannot be given anew from what is stored; None: it can
    replay_cost: str | None = None  # what giving it anew costs besides time of the processor; None: nothing
    looks_at: tuple[str, ...] = ()  # columns of its records that the verdict follows from; of one that can be replayed
    lone_rules: tuple[str, ...] = ()  # rules of which one that is off changes nothing that another says
    changes: tuple[str, ...] = ()  # fields of the record, besides the one that it adds, that it may write anew

    def settings_under(self, config: RunConfig) -> tuple[str, ...]:
        """The sections that it reads under a config: `role_settings` only where there is a model to ask."""
        more = self.role_settings if self.role in config.models else ()
        has_part = bool(self.part_settings) and getattr(config, self.part_settings[0], None) is not None
        return (*self.settings, *more, *(self.part_settings if has_part else ()))

    @property
    def gathers(self) -> bool:
        """Whether its single shard is made from all shards of the stage before."""
        return self.layout == "one"


_SEEDS = (
    StageSpec(
        name="seeds",
        version=2,
        writes=Seed,
        settings=("seeds", "decontamination"),
        text="seed problem",
        layout="seeds",
        claims=True,
        looks_up_benchmarks=True,
        not_replayed="which of two equal seeds came first was decided when it read its sources",
    ),
    StageSpec(
        name="unify",
        version=4,
        reads=Seed,
        writes=SeedProgram,
        settings=("seeds", "sandbox", "screen.min_lines", "dedup.keep_literals", "dedup.same_problem_jaccard"),
        role="unifier",
        role_settings=("unify", "screen", "grading"),  # what a model writes is screened and compared with its gold
        adds="program",
        text="seed program",
        layout="seeds",
        claims=True,
        executes=True,
        queue="gpu",  # its unifier may be a model of ours; without one it takes a slot for a short time
        not_replayed="which seed claimed a program first was decided when it was made",
    ),
)
_CODEGEN = (
    StageSpec(
        name="train",
        version=2,
        reads=SeedProgram,
        writes=SeedProgram,
        settings=("train", "sandbox"),
        role="codegen",  # its start token, and how the gate samples from it
        after="unify",
        layout="one",
        queue="gpu",
        not_replayed="it trains a model, and what came of that is no verdict on a record",
    ),
)
_NIGHTLY = (
    StageSpec(
        name="sample",
        version=2,
        writes=Sample,
        settings=("steer",),
        role="codegen",
        part_settings=("mix", "sandbox"),  # what is made of seed programs is probed
        adds="program",
        text="program",
        queue="gpu",
        not_replayed="its model writes the programs, and another asking is another sample",
    ),
    StageSpec(
        name="execute",
        version=2,
        reads=Sample,
        writes=Sample,
        settings=("sandbox",),
        adds="execution",
        executes=True,
        judges=Part.PROGRAM,
        replay_cost="it runs every program twice in the sandbox",
        looks_at=("program.code",),
    ),
    StageSpec(
        name="screen",
        version=2,
        reads=Sample,
        writes=Sample,
        settings=("screen", "sandbox"),
        judges=Part.PROGRAM,
        replay_cost="it runs the programs in the sandbox under changed inputs",
        looks_at=("program.code", "execution.input_json", "execution.output_json", "execution.output_text"),
    ),
    StageSpec(
        name="dedup",
        version=2,
        reads=Sample,
        writes=Sample,
        settings=("dedup", "sandbox"),
        claims=True,
        judges=Part.PROGRAM,
        not_replayed="which program came first was decided when its run was made, and its claims stand",
        looks_at=("program.code", "execution.input_json", "execution.output_json", "execution.output_text"),
    ),
    StageSpec(
        name="reverse",
        version=5,
        reads=Sample,
        writes=Sample,
        settings=("reverse", "reverser", "decontamination"),
        role="reverser",
        part_settings=("select",),
        adds="problem",
        text="problem",
        queue="gpu",
        looks_up_benchmarks=True,
        judges=Part.PROBLEM,
        not_replayed="its model writes the problems",
        looks_at=("program.code", "execution.input_json", "execution.output_text"),
    ),
    StageSpec(
        name="solve",
        version=3,
        reads=Sample,
        writes=Sample,
        settings=("solver.samples", "solver.styles"),
        role="solver",
        part_settings=("select",),
        adds="solution",
        text="solution",
        queue="gpu",
        judges=Part.SOLUTION,
        not_replayed="its model writes the solutions",
        looks_at=("problem.text",),
    ),
    StageSpec(
        name="agree",
        version=4,
        reads=Sample,
        writes=Sample,
        settings=("agree", "grading", "solver.publish", "solver.keep_easy"),
        judges=Part.SOLUTION,
        looks_at=(
            "program.code",
            "execution.input_json",
            "execution.output_text",
            "problem.text",
            "solution.text",
            "solution.answer",
            "solution.candidates",
        ),
        lone_rules=("false_equation", "ungrounded_number", "input_not_used", "answer_not_reached", "wrong_unit"),
        changes=("solution", "measures"),
    ),
    StageSpec(
        name="judge",
        version=3,
        reads=Sample,
        writes=Sample,
        settings=("judge",),
        role="judge",
        adds="judgement",
        text="judgement",
        queue="gpu",
        judges=Part.SOLUTION,
        looks_at=("program.code", "execution.input_json", "execution.output_text", "problem.text", "solution.text"),
    ),
    StageSpec(
        name="decontaminate",
        version=2,
        reads=Sample,
        writes=Sample,
        settings=("decontamination", "dedup"),
        role="matcher",
        role_settings=("neighbours",),
        adds="neighbours",
        queue="gpu",  # its matcher may be a model of ours; without one it takes a slot for a short time
        claims=True,
        looks_up_benchmarks=True,
        judges=Part.PROBLEM,
        looks_at=("execution.output_text", "problem.text", "solution.answer"),
        changes=("overlaps",),
    ),
    StageSpec(
        name="publish",
        version=2,
        reads=Sample,
        writes=PublishedRow,
        settings=("publish",),
        layout="one",
        not_replayed="it writes the dataset, and judges nothing",
    ),
)
_EVALUATE = (
    StageSpec(
        name="student",
        version=2,
        writes=PublishedRow,
        settings=("evaluate.train", "evaluate.ask.prompt", "evaluate.max_rows", "evaluate.repeat"),
        layout="one",
        queue="gpu",
        not_replayed="it trains a student, and what came of that is no verdict on a record",
    ),
    StageSpec(
        name="evaluate",
        version=3,
        writes=Attempt,
        # not how the student was trained, which its key holds: the answers of a base serve all its students
        settings=(
            "evaluate.ask",
            "evaluate.benchmarks",
            "evaluate.bank_each",
            "evaluate.max_items",
            "evaluate.draws",
            "evaluate.k",
            "evaluate.train.base",
            "evaluate.train.revision",
            "grading",
        ),
        adds="solution",
        text="answer",
        layout="contenders",
        queue="gpu",
        not_replayed="its answers come from models; they are compared again by `caco run`, from replies that are kept",
    ),
)

PIPELINES: Mapping[str, tuple[StageSpec, ...]] = {
    "seeds": _SEEDS,
    "codegen": _CODEGEN,
    "nightly": _NIGHTLY,
    "evaluate": _EVALUATE,
}
STAGES: Mapping[str, StageSpec] = {spec.name: spec for specs in PIPELINES.values() for spec in specs}


def stages_of(pipeline: str) -> tuple[StageSpec, ...]:
    """The stages of a pipeline, in order.

    Raises:
        ConfigError: there is no such pipeline.
    """
    if pipeline not in PIPELINES:
        near = offer_nearest(pipeline, PIPELINES)
        raise ConfigError(f"There is no pipeline '{pipeline}'{near}: there are {', '.join(PIPELINES)}.")
    return PIPELINES[pipeline]


def find_stage(pipeline: str, name: str) -> StageSpec:
    """The stage of this name in a pipeline.

    Raises:
        ConfigError: there is no such pipeline, or it has no such stage.
    """
    for spec in stages_of(pipeline):
        if spec.name == name:
            return spec
    known = [spec.name for spec in PIPELINES[pipeline]]
    near = offer_nearest(name, known)
    raise ConfigError(f"A run of '{pipeline}' has no stage '{name}'{near}: its stages are {', '.join(known)}.")


def stage_before(pipeline: str, name: str) -> StageSpec | None:
    """The stage whose output a stage is made from, in the same run; None: it begins a line of its own."""
    specs = stages_of(pipeline)
    place = specs.index(find_stage(pipeline, name))
    return specs[place - 1] if place else None


def mapped_stages(pipeline: str) -> tuple[StageSpec, ...]:
    """The stages of a pipeline that have as many shards as the run: those before the one that gathers them."""
    return tuple(spec for spec in stages_of(pipeline) if not spec.gathers)


def count_shards(spec: StageSpec, config: RunConfig) -> int:
    """How many shards a stage has under a config."""
    match spec.layout:
        case "samples":
            return config.sample_shards
        case "seeds":
            return config.seeds.shards
        case "contenders":  # base and student, greedy; where answers are sampled too, both again
            return 4 if config.evaluate is not None and config.evaluate.draws else 2
        case "one":
            return 1


def task_shards(pipeline: str, config: RunConfig) -> list[list[int]]:
    """The shards of each mapped task of a run: `runner.shards_per_task` of them, where all of them ask the same model."""
    first = (mapped_stages(pipeline) or stages_of(pipeline))[0]
    shards = list(range(count_shards(first, config)))
    size = 1 if first.layout == "contenders" else config.runner.shards_per_task
    return [shards[start : start + size] for start in range(0, len(shards), size)]


def count_gpus(spec: StageSpec, config: RunConfig) -> int:
    """How many GPUs a stage works on at once, on a machine that has any: those of its training or of its model."""
    evaluate = config.evaluate
    counts = [config.models[spec.role].gpus] if spec.role in config.models else []
    if "train" in spec.settings:
        counts.append(config.train.hardware.processes)
    if evaluate is not None and "evaluate.train" in spec.settings:
        counts.append(evaluate.train.hardware.processes)
    if evaluate is not None and "evaluate.ask" in spec.settings:
        counts.append(evaluate.ask.gpus)
    return max(counts, default=0)


def check_stage_minutes(config: RunConfig) -> None:
    """Holds the names in `runner.stage_minutes` to the stages that there are.

    Raises:
        ConfigError: there is no such stage.
    """
    unknown = sorted(set(config.runner.stage_minutes) - set(STAGES))
    if unknown:
        raise ConfigError(f"There is no stage '{unknown[0]}' (runner.stage_minutes): there are {', '.join(STAGES)}.")


def time_limit_seconds(spec: StageSpec, config: RunConfig, *, shards: int) -> float | None:
    """How long a task may work on so many shards of a stage; None: the config sets no limit."""
    minutes = config.runner.stage_minutes.get(spec.name)
    return None if minutes is None else 60 * minutes * shards
