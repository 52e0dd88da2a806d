"""Whether the levels of environments get harder: how many of their instances a config's own solver gets right at each.

`caco bench levels [--config nano] [--n 60] [--each 10] [--seed 0]` makes environments of problems of the bank that no model was
trained on, draws `each` instances of every level of `n` that have all five, asks the solver as a nightly run does, and compares
answers. An environment is one unit of chance: intervals are of a bootstrap over environments, and two levels are compared on
the same environments.
"""

import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import LICENCE, draw_problem
from caco_tasks.bank.held_out import FIRST_HELD_OUT_NUMBER
from caco_tasks.config import load_config
from caco_tasks.context import stage_context
from caco_tasks.environments.environment_record import LEVELS, Environment, Instance
from caco_tasks.environments.make import Maker
from caco_tasks.environments.run import open_sandbox
from caco_tasks.ids import content_id, program_id
from caco_tasks.pipeline import find_stage
from caco_tasks.records import Problem, Sample
from caco_tasks.sandbox import Job, Sandbox
from caco_tasks.services import TaskServices
from caco_tasks.stages.solve import solve

sys.path.insert(0, str(Path(__file__).parent))
from bank_samples import samples
from bench_runs import connections_in, keys_of

RESAMPLES = 4000  # of the bootstrap
TAILS = (0.025, 0.975)

Marks = Mapping[
    int, Sequence[bool]
]  # level -> which instances were solved; those of which nobody can tell are left out


def bench(config: str = "nano", n: int = 60, each: int = 10, seed: int = 0) -> dict[str, Any]:
    """The share solved at each level, and the steps from level to level; `n` environments, `each` instances of a level."""
    with open_sandbox(workers=1) as sandbox:
        chosen = dict(_choose(sandbox, n, each, seed))
    instances = [one for drawn in chosen.values() for one in drawn]
    marks: dict[str, dict[int, list[bool]]] = {name: defaultdict(list) for name in chosen}
    unknown = 0
    for one, is_right in zip(instances, _solve(config, instances), strict=True):
        if is_right is None:
            unknown += 1
        else:
            marks[one.environment_id][one.level].append(is_right)
    return {
        "config": config,
        "environments": len(chosen),
        "instances": len(instances),
        "unknown": unknown,
        "level": {str(level): _describe_level(level, list(marks.values()), instances, seed) for level in LEVELS},
        "step": {
            f"{low} to {high}": _describe_step(low, high, list(marks.values()), seed)
            for low, high in [*pairwise(LEVELS), (LEVELS[0], LEVELS[-1])]
        },
    }


def _choose(sandbox: Sandbox, n: int, each: int, seed: int) -> Iterator[tuple[str, list[Instance]]]:
    """Environments that have enough instances of every level, with `each` of each; one of a family of the bank."""
    families = sorted(FAMILIES, key=lambda family: content_id("bench levels", seed, family.name))
    found: dict[str, list[Instance]] = {}

    def keep(environment: Environment, instances: list[Instance]) -> None:
        by_level = {level: [one for one in instances if one.level == level][:each] for level in LEVELS}
        if all(len(drawn) == each for drawn in by_level.values()):
            found[environment.environment_id] = [one for drawn in by_level.values() for one in drawn]

    maker = Maker(sandbox=sandbox, dataset="bank/held-out", min_instances=len(LEVELS) * max(each, 20))
    rows = (_row(draw_problem(family, FIRST_HELD_OUT_NUMBER + seed), sandbox) for family in families)
    for _ in maker.make_all(rows, keep=keep):
        if len(found) == n:
            break
    yield from found.items()


def _row(drawn: Any, sandbox: Sandbox) -> dict[str, Any]:
    (ran,) = sandbox.run([Job(code=drawn.program)])
    return {
        "sample_id": content_id("bench levels", drawn.key),
        "code": drawn.program,
        "program_id": program_id(drawn.program),
        "instruction": drawn.problem,
        "input_json": ran.execution.input_json,
        "licence": LICENCE,
    }


def _solve(config: str, instances: Sequence[Instance]) -> list[bool | None]:
    """Whether the solver of a config gets each right; None: the engine lost the reply, or the answers cannot be compared."""
    settings = load_config(config)
    (sample,) = samples(1)
    asked = [
        replace(
            sample,
            sample_id=content_id("bench levels", one.instance_id),
            problem=_problem_of(sample, one),
            solution=None,
        )
        for one in instances
    ]
    with tempfile.TemporaryDirectory(prefix="caco-levels-") as folder:
        keys = keys_of(settings)
        with TaskServices(connections_in(Path(folder)), run=keys.run, config=settings) as services:
            context = stage_context(keys, services, find_stage("nightly", "solve"), 0)
            solved = {judged.record.sample_id: judged for judged in solve(asked, context)}
            rows = [solved[one.sample_id] for one in asked]
            answers = [judged.record.solution.answer if judged.record.solution else None for judged in rows]
            pairs = [(one.answer, answer or "") for one, answer in zip(instances, answers, strict=True)]
            graded = services.grader().compare(pairs)
    return [
        None if judged.verdict.outcome == "unknown" else _is_equal(answer, comparison)
        for judged, answer, comparison in zip(rows, answers, graded, strict=True)
    ]


def _problem_of(sample: Sample, instance: Instance) -> Problem:
    assert sample.problem is not None
    return replace(sample.problem, text=instance.prompt)


def _is_equal(answer: str | None, comparison: Any) -> bool | None:
    if answer is None:
        return False
    return None if comparison.verdict.outcome == "unknown" else comparison.verdict.kept


def _describe_level(level: int, marks: Sequence[Marks], instances: Sequence[Instance], seed: int) -> dict[str, Any]:
    rates = [fmean(one[level]) for one in marks if one.get(level)]
    right, of = (
        sum(sum(one[level]) for one in marks if one.get(level)),
        sum(len(one[level]) for one in marks if one.get(level)),
    )
    low, high = _interval(rates, seed)
    digits = [len(number) for one in instances if one.level == level for number in _numbers_of(one)]
    return {
        "instances": of,
        "right": right,
        "share": round(fmean(rates), 4),
        "low": round(low, 4),
        "high": round(high, 4),
        "digits": round(fmean(digits), 2) if digits else None,  # of a number of the input
    }


def _numbers_of(instance: Instance) -> list[str]:
    """The numbers of an instance's input, in digits."""

    def walk(value: Any) -> Iterator[str]:
        if isinstance(value, Mapping):
            for one in value.values():
                yield from walk(one)
        elif isinstance(value, list):
            for one in value:
                yield from walk(one)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield str(value).strip("-")

    return list(walk(json.loads(instance.input_json)))


def _describe_step(low: int, high: int, marks: Sequence[Marks], seed: int) -> dict[str, Any]:
    """How much less of the same environments is solved one level up; its interval leaves out zero where it is no chance."""
    changes = [fmean(one[high]) - fmean(one[low]) for one in marks if one.get(low) and one.get(high)]
    least, most = _interval(changes, seed)
    return {
        "environments": len(changes),
        "change": round(fmean(changes), 4),
        "low": round(least, 4),
        "high": round(most, 4),
        "says": "falls" if most < 0 else "rises" if least > 0 else "within chance",
    }


def _interval(values: Sequence[float], seed: int) -> tuple[float, float]:
    """The 95 % interval of a mean over environments, by drawing them again."""
    random = Random(seed)
    means = sorted(fmean(random.choices(values, k=len(values))) for _ in range(RESAMPLES))
    low, high = (means[min(RESAMPLES - 1, round(tail * RESAMPLES))] for tail in TAILS)
    return low, high
