r"""How fast stored answers are judged again: samples a second by two processes, and what ten million would take.

The answers are those of the bank's families, each drawn anew, in the shares that docs/nano.md gives: of five, four agree, and
one ends in another answer or has a false equation on the way. They lie in the store as a nightly run leaves them, the
outputs of `solve`, `agree`, `judge` and `decontaminate`, 1,000 to a shard; `agree` has really judged them, without one of its
rules. Then that run is re-verified four times: from `agree` on, so that every check of every answer is worked out; with the
rule, which alone looks at what `agree` had passed; with another rule loosened, so that only what it rejected can move; and
again as the first time, where all is there.

Seconds are those of the wall and of the processors; `samples_a_second` and what follows from it go by the wall, and are of no
use where other work runs beside: `cpu_us_a_sample` then says more.

    caco bench reverify                             20,000 answers
    caco bench reverify --n 10000000                ten million: some hours to make, 60 GB of disk
"""

import ast
import json
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import BankProblem, draw_problem
from caco_tasks.config import RunConfig, load_config
from caco_tasks.context import stage_context
from caco_tasks.identity import RunKeys, prompt_names
from caco_tasks.llm.prompts import load_prompt, variables_of
from caco_tasks.pipeline import STAGES, stages_of
from caco_tasks.records import PASS, JudgedRecord, Sample
from caco_tasks.reverification.reverify import Asked, plan_reverification, reverify
from caco_tasks.reverification.stored_run import StoredRun, keys_of_today
from caco_tasks.runner import make_output, write_output
from caco_tasks.sandbox.values import encode
from caco_tasks.services import TaskServices
from caco_tasks.stages.shared.few_shot import prompt_hash
from caco_tasks.store import Manifest
from caco_tasks.store.shards import read_shard

sys.path.insert(0, str(Path(__file__).parent))
from bank_samples import make_sample
from bench_runs import connections_in, keys_of

N = 20_000
SHARD_ROWS = 1_000
WORKERS = 2
AGREE, FALSE_EQUATION = 0.78, 0.04  # shares of the answers; the others end in another answer
WITHOUT = "agree.input_not_used=off"  # the run's own
STRICTER = "agree.input_not_used=reject"
GOAL = 10_000_000


def bench(n: int = N) -> dict[str, Any]:
    """Makes `n` stored answers and judges them again.

    Returns:
        How many there are and take how many bytes; for each way of judging again its seconds, samples a second, processor
        time of a sample, what moved, and the minutes that ten million would take at this speed.
    """
    with tempfile.TemporaryDirectory(prefix="caco-bench-") as folder:
        keys = _keys(n)
        shards = range(keys.config.sample_shards)
        with ProcessPoolExecutor(WORKERS, get_context("spawn")) as pool:
            made = list(pool.map(partial(_make_shard, n=n, folder=folder), shards, chunksize=4))
        stored = StoredRun(
            run=keys.run,
            dataset=None,
            outputs={stage: [outputs[stage] for outputs in made] for stage in made[0]},
        )
        judge = partial(_judge_again, stored, folder)
        return {
            "answers": n,
            "bytes_on_disk": sum(one.bytes for outputs in made for one in outputs.values()),
            "agree_before": round(sum(one.passed for one in stored.outputs["agree"]) / n, 4),
            "every check": judge((STRICTER,), stage="agree"),
            "a rule stricter": judge((STRICTER,)),
            "a rule looser": judge(("agree.false_equation=off",)),
            "again": judge((STRICTER,), stage="agree"),
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1),
        }


def _config(n: int) -> RunConfig:
    return load_config("nano", [f"samples={n}", f"shard_samples={SHARD_ROWS}", WITHOUT])


def _keys(n: int) -> RunKeys:
    """The keys of a run that has pinned its prompts, as any that was planned has."""
    keys = keys_of(_config(n))
    prompts = {
        name: prompt_hash(load_prompt(name, variables=variables_of(spec.role), folder=None), keys.config)
        for spec in stages_of("nightly")
        for name in prompt_names(spec, keys.config)
    }
    return RunKeys(keys.run.model_copy(update={"prompts": prompts}), {})


def _judge_again(
    stored: StoredRun, folder: str, overrides: tuple[str, ...], *, stage: str | None = None
) -> dict[str, Any]:
    connections = connections_in(Path(folder))
    began, before = time.perf_counter(), _processor_seconds()
    asked = Asked(stored=stored, overrides=overrides, stage=stage, workers=WORKERS, by="bench")
    keys = keys_of_today(stored, overrides, TaskServices(connections, run=stored.run, config=_config(1)).models)
    record = reverify(plan_reverification(asked, keys), connections, environ={})
    seconds, used = time.perf_counter() - began, _processor_seconds() - before
    return {
        "seconds": round(seconds, 2),
        "samples_a_second": round(record.read / seconds),
        "cpu_us_a_sample": round(1e6 * used / record.read, 1),
        "moved": record.rows,
        "newly_accepted": record.newly_accepted,
        "newly_rejected": record.newly_rejected,
        "minutes_for_10_million": round(GOAL * seconds / record.read / 60, 1),
        "minutes_for_10_million_by_cpu": round(GOAL * used / record.read / 60 / WORKERS, 1),
    }


def _processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _make_shard(shard: int, *, n: int, folder: str) -> Mapping[str, Manifest]:
    """The outputs of one shard, from `solve` to `decontaminate`."""
    keys = _keys(n)
    with TaskServices(connections_in(Path(folder)), run=keys.run, config=keys.config) as services:
        contexts = {name: stage_context(keys, services, STAGES[name], shard) for name in ("solve", "agree")}
        solved = [JudgedRecord(record=_sample(number), verdict=PASS) for number in keys.config.sample_range(shard)]
        made = {"solve": write_output(contexts["solve"], keys, solved)}
        made["agree"] = make_output(contexts["agree"], keys)
        agreed = read_shard(services.store, made["agree"].uri, Sample)
        left = [row for row in agreed if row.verdict.kept]
        for name in ("judge", "decontaminate"):
            made[name] = write_output(stage_context(keys, services, STAGES[name], shard), keys, left)
        return made


def _sample(number: int) -> Sample:
    """A drawn problem with a solution that is right, or wrong as solvers are; always the same one."""
    drawn = draw_problem(FAMILIES[number % len(FAMILIES)], number)
    text = _written(drawn, random.Random(number))
    given = ast.parse(drawn.program)
    value = next(one.value for one in given.body if isinstance(one, ast.Assign) and _name(one) == "input")
    return make_sample(number, drawn, text, input_json=encode(ast.literal_eval(value)))


def _written(drawn: BankProblem, chance: random.Random) -> str:
    """The solution, or one with another answer at its end, or with a number on its way changed."""
    way, _, end = drawn.solution.rpartition("\n")
    drawn_share = chance.random()
    if drawn_share < AGREE:
        return drawn.solution
    if drawn_share < AGREE + FALSE_EQUATION:
        words = way.split(" ")
        results = [place for place in range(1, len(words)) if words[place - 1] == "="]
        wrong = [place for place in results if words[place].rstrip(".,").isdigit()]
        if wrong:
            place = chance.choice(wrong)
            digits = words[place].rstrip(".,")
            words[place] = words[place].replace(digits, str(int(digits) + chance.choice((1, 2, 10))))
            return " ".join(words) + "\n" + end
    other = f"{chance.randint(2, 999)}"
    return f"{way}\nThe answer is \\boxed{{{other}}}."


def _name(assigned: ast.Assign) -> str:
    target = assigned.targets[0]
    return target.id if isinstance(target, ast.Name) else ""


if __name__ == "__main__":
    sys.stdout.write(json.dumps(bench(*map(int, sys.argv[1:])), indent=1) + "\n")
