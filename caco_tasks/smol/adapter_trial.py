"""Tries the shipped adapters on seeds that they never saw: `python -m caco_tasks.smol.adapter_trial --data FILE --models FOLDER`.

Each program is turned into a problem, the problem solved, the triple judged, with no check in between. Told is how often the
solution ends in the program's answer, and what the judge says of the triples that agree, of the others, and of the seeds' own.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from caco_tasks.config import load_config
from caco_tasks.grading import Grader, extract_answer
from caco_tasks.llm.llm import make_request, open_llm
from caco_tasks.llm.local_models import LocalModels
from caco_tasks.llm.prompts import VARIABLES, load_prompt
from caco_tasks.reading import read_problem, read_solution
from caco_tasks.smol.adapter_training import is_held_out
from caco_tasks.smol.quadruples import PROMPTS, AdapterRole, Quadruple, read_quadruples, write_solution
from caco_tasks.stages.judge import parse_judgement


def evaluate(rows: Sequence[Quadruple], models: LocalModels) -> dict[str, Any]:
    """The figures for some seeds.

    Raises:
        EngineError: the base or an adapter is not on this machine.
    """
    shown = [{"code": row.code, "output": row.answer} for row in rows]
    problems = [read_problem(reply).text or "" for reply in ask("reverser", shown, models)]
    solutions = [
        read_solution(reply).text or "" for reply in ask("solver", [{"problem": text} for text in problems], models)
    ]
    triples = [
        values | {"problem": problem, "solution": solution}
        for values, problem, solution in zip(shown, problems, solutions, strict=True)
    ]
    own = [
        values | {"problem": row.problem, "solution": write_solution(row)}
        for values, row in zip(shown, rows, strict=True)
    ]
    verdicts = [str(parse_judgement(reply).outcome) for reply in ask("judge", [*triples, *own], models)]
    with Grader(load_config("smol").grading) as grader:
        pairs = ((row.answer, extract_answer(text) or "") for row, text in zip(rows, solutions, strict=True))
        agrees = [compared.verdict.kept for compared in grader.compare(pairs)]
    by_agreement = list(zip(agrees, verdicts[: len(rows)], strict=True))
    return {
        "seeds": len(rows),
        "agree": sum(agrees),
        "judge_of_agreeing": Counter(verdict for agreed, verdict in by_agreement if agreed),
        "judge_of_others": Counter(verdict for agreed, verdict in by_agreement if not agreed),
        "judge_of_the_seeds_own": Counter(verdicts[len(rows) :]),
    }


def ask(role: AdapterRole, values: Iterable[dict[str, str]], models: LocalModels) -> list[str]:
    """What the model of a role replies, asked as the config `smol` asks it."""
    settings = load_config("smol").models[role]
    adapter = settings.adapter and models.find_adapter(settings.adapter, base=settings.model)
    llm = open_llm(settings, folder=models.find(settings.model), model_id=role, adapter=adapter)
    prompt = load_prompt(PROMPTS[role], variables=VARIABLES[role])
    replies = llm.generate([make_request(prompt, settings, model_id=role, values=each) for each in values])
    llm.close()
    return [reply.text for reply in replies]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="what caco_tasks.smol.redrawn writes")
    parser.add_argument("--models", type=Path, required=True, help="the folder of local models")
    parser.add_argument("--count", type=int, default=64, help="seeds")
    args = parser.parse_args()
    seeds = [group[0] for group in read_quadruples(args.data) if is_held_out(group[0].seed_id)]
    figures = evaluate([seed for seed in seeds if seed.solution][: args.count], LocalModels(args.models))
    Console(highlight=False, soft_wrap=True).print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
