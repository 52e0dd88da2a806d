"""How often the judge of a config is wrong: on right triples of the bank, and on those with an error of `planted_errors.py`.

The judge's own stage is asked, and asked again where nobody can tell, as in a run. Problem, program, solution and what the
program printed are the row's own, so no other model is loaded. Every planted row is proven wrong first.

    caco bench planted --config smol
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from caco_tasks.config import RunConfig, load_config
from caco_tasks.context import Context, stage_context
from caco_tasks.ids import content_id
from caco_tasks.pipeline import find_stage
from caco_tasks.records import Generation, Outcome, Problem, Sample, Solution, Verdict
from caco_tasks.sandbox import Job
from caco_tasks.services import TaskServices
from caco_tasks.stages.judge import judge

sys.path.insert(0, str(Path(__file__).parent))
from bench_runs import connections_in, keys_of
from planted_errors import KINDS, Row
from planting import plant_all, prove, right_rows
from verification import RecitingServices, sample_of, share

EACH = 3  # right rows of each family
KINDS_EACH = 4  # errors planted in each right row, one at a time


@dataclass(frozen=True, slots=True)
class Judged:
    """A row, and what the judge says of it."""

    row: Row
    verdict: Verdict
    completion_tokens: int


def bench(config: str = "nano", each: int = EACH) -> dict[str, Any]:
    """The judge's error rates by kind of planted error, with 95 % Wilson intervals; `each` right rows of every family."""
    with tempfile.TemporaryDirectory(prefix="caco-planted-") as folder:
        return measure(Path(folder), load_config(config), list(right_rows(each)), kinds_each=KINDS_EACH)


def measure(folder: Path, config: RunConfig, rows: Sequence[Row], *, kinds_each: int) -> dict[str, Any]:
    """The figures for right rows, in each of which up to `kinds_each` errors are planted, one at a time."""
    keys = keys_of(config)
    with RecitingServices(connections_in(folder), keys=keys) as services:
        context = stage_context(keys, services, find_stage("nightly", "judge"), 0)
        samples = _executed(services, rows)
        ran = [row for row in rows if row.key in samples]
        executions = {key: sample.execution for key, sample in samples.items() if sample.execution}
        planted = list(plant_all(ran, executions, kinds_each))
        proven = prove(planted, {row.key: row for row in ran}, executions, services.sandbox())
        wrong = [row for row, is_wrong in zip(planted, proven, strict=True) if is_wrong]
        right = _ask(context, samples, ran, retries=config.runner.retries_of_unknown)
        found = _ask(context, _executed(services, wrong), wrong, retries=config.runner.retries_of_unknown)
    return {
        "config": config.name,
        "judge": config.models["judge"].model,
        "tokens_per_reply": _mean_tokens([*right, *found]),
        "planted": len(planted),
        "right_by_chance": len(planted) - len(wrong),
        "triples": {"right": _rates(right), "with a planted error": _rates(found)},
        "kinds": {kind.name: _rates([one for one in found if one.row.kind == kind.name]) for kind in KINDS},
    }


def _executed(services: TaskServices, rows: Sequence[Row]) -> dict[str, Sample]:
    """The rows whose programs ran, as samples that a judge may see, by the key of the row and its kind."""
    done = services.sandbox().run(Job(code=row.program) for row in rows)
    made = Generation(
        request_id=content_id("planted"), model_id="planted", prompt="none", finish_reason="stop",
        prompt_tokens=0, completion_tokens=0, seconds=0.0,
    )  # fmt: skip
    return {
        _key(row): replace(
            sample_of(row),
            execution=one.execution,
            problem=Problem(text=row.problem, generation=made),
            solution=Solution(text=row.solution, answer=row.answer, generation=made),
        )
        for row, one in zip(rows, done, strict=True)
        if one.verdict.kept
    }


def _ask(context: Context, samples: Mapping[str, Sample], rows: Sequence[Row], *, retries: int) -> list[Judged]:
    """What the judge says of those rows that ran."""
    by_id = {samples[_key(row)].sample_id: row for row in rows if _key(row) in samples}
    asked = [samples[_key(row)] for row in by_id.values()]
    judged = {one.record.sample_id: one for one in judge(asked, context)}
    for attempt in range(1, 1 + retries):
        again = [one.record for one in judged.values() if one.verdict.outcome is Outcome.UNKNOWN]
        judged |= {one.record.sample_id: one for one in judge(again, replace(context, attempt=attempt))}
    return [
        Judged(row, judged[sample_id].verdict, _tokens(judged[sample_id].record)) for sample_id, row in by_id.items()
    ]


def _rates(judged: Sequence[Judged]) -> dict[str, Any]:
    """How many triples passed, were rejected, and stayed unknown."""
    return {
        name: share(sum(one.verdict.outcome is outcome for one in judged), len(judged))
        for name, outcome in (("passed", Outcome.PASS), ("rejected", Outcome.FAIL), ("unknown", Outcome.UNKNOWN))
    }


def _mean_tokens(judged: Sequence[Judged]) -> float:
    return round(sum(one.completion_tokens for one in judged) / max(1, len(judged)), 1)


def _tokens(sample: Sample) -> int:
    return sample.judgement.generation.completion_tokens if sample.judgement else 0


def _key(row: Row) -> str:
    return row.key if row.kind is None else f"{row.key} {row.kind}"
