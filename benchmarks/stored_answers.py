"""Stored answers of the bank, as a nightly run leaves them: outputs of `solve`, `agree`, `judge` and `decontaminate`."""

import ast
import random
from collections.abc import Mapping
from pathlib import Path

from bank_samples import make_sample
from bench_runs import connections_in, keys_of

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import BankProblem, draw_problem
from caco_tasks.config import RunConfig, load_config
from caco_tasks.context import stage_context
from caco_tasks.identity import RunKeys, prompt_names
from caco_tasks.llm.prompts import load_prompt, variables_of
from caco_tasks.pipeline import STAGES, stages_of
from caco_tasks.records import PASS, JudgedRecord, Sample
from caco_tasks.runner import make_output, write_output
from caco_tasks.sandbox.values import encode
from caco_tasks.services import TaskServices
from caco_tasks.stages.shared.few_shot import prompt_hash
from caco_tasks.store import Manifest
from caco_tasks.store.shards import read_shard

SHARD_ROWS = 1_000
AGREE, FALSE_EQUATION = 0.78, 0.04  # shares of the answers; the others end in another answer
WITHOUT = "agree.input_not_used=off"  # the run's own


def config_of(n: int) -> RunConfig:
    """The config of a run of `n` answers."""
    return load_config("nano", [f"samples={n}", f"shard_samples={SHARD_ROWS}", WITHOUT])


def keys_of_answers(n: int) -> RunKeys:
    """The keys of a run that has pinned its prompts, as any that was planned has."""
    keys = keys_of(config_of(n))
    prompts = {
        name: prompt_hash(load_prompt(name, variables=variables_of(spec.role), folder=None), keys.config)
        for spec in stages_of("nightly")
        for name in prompt_names(spec, keys.config)
    }
    return RunKeys(keys.run.model_copy(update={"prompts": prompts}), {})


def make_shard(shard: int, *, n: int, folder: str) -> Mapping[str, Manifest]:
    """The outputs of one shard, from `solve` to `decontaminate`."""
    keys = keys_of_answers(n)
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
