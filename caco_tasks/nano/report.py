"""Measures a set of nano models on numbers that training never saw: `python -m caco_tasks.nano.report --out FILE`.

Without the pipeline's filters in between: how many sampled programs run, how many are new, and how many name their own domain;
how many bank problems are solved; how many bank programs agree after being turned into a problem and solved; how many true
triples the judge rejects, and how many planted ones it passes.
"""

import argparse
import json
from collections.abc import Sequence
from itertools import chain, islice
from pathlib import Path
from random import Random
from typing import Any

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import BankProblem, draw_problem
from caco_tasks.bank.held_out import held_out_problems
from caco_tasks.checks.fingerprints import program_fingerprint
from caco_tasks.config import RunConfig, load_config
from caco_tasks.domain_tags import domain_of
from caco_tasks.grading import Grader, extract_answer
from caco_tasks.ids import content_id, program_id
from caco_tasks.llm.llm import Llm, Reply, Request, open_llm
from caco_tasks.nano.data import KINDS, Example, is_planted, judge_example, plant, training_problems
from caco_tasks.nano.pretrain import SETTINGS
from caco_tasks.sandbox import Job, Sandbox
from caco_tasks.stages.judge import parse_judgement

DRAWS_OF_A_FAMILY = 50  # in which the shapes of its programs are seen


def evaluate(weights: Path, *, samples: int, each: int, trained_on: int) -> dict[str, Any]:
    """All figures.

    Args:
        weights: the folder that holds a folder for each model.
        samples: programs to sample from the CodeGen.
        each: problems of each family to ask the writer and the judge.
        trained_on: training programs that a sampled one is compared with to count as new.
    """
    config = load_config("nano")
    problems = list(held_out_problems(each))
    # one model writes problems and solutions, loaded once and sampled by the settings of either role
    reverser: Any = open_llm(config.models["reverser"], folder=str(weights / "writer"), model_id="writer")
    solver = reverser.sampled_by(config.models["solver"])
    # as the prompt nano_reverse.v1
    programs = [f"<|reverse|>{problem.program}<|output|>{problem.answer}<|problem|>" for problem in problems]
    with Sandbox(config.sandbox) as sandbox, Grader(config.grading) as grader:
        return {
            "codegen": measure_codegen(config, weights, sandbox, samples=samples, trained_on=trained_on),
            "solver": _score_solutions(solver, [problem.problem for problem in problems], problems, grader),
            "reverse_and_solve": _score_solutions(
                solver, [reply.text for reply in _ask(reverser, programs)], problems, grader
            ),
            "judge": measure_judge(config, weights, problems),
        }


def measure_codegen(
    config: RunConfig, weights: Path, sandbox: Sandbox, *, samples: int, trained_on: int
) -> dict[str, Any]:
    """How many sampled programs run, how many of these are distinct and not among the training programs, and how many of those
    of a known family begin by naming a domain, and their own.
    """
    settings = config.models["codegen"]
    llm = open_llm(settings, folder=str(weights / "codegen"), model_id="nano:codegen")
    codes = [reply.text for reply in _ask(llm, ["<|program|>"] * samples)]
    is_running = [result.verdict.kept for result in sandbox.run(Job(code=code) for code in codes)]
    seed = SETTINGS["codegen"].seed  # of the programs that the shipped model was trained on
    seen = {program_id(problem.program) for _, problem in islice(training_problems(seed), trained_on)}
    running = [code for code, runs in zip(codes, is_running, strict=True) if runs]
    fresh = {program_id(code) for code in running} - seen
    domains = _domains_of_shapes()
    known = [(domain_of(code), domains[shape]) for code in running if (shape := _shape(code)) in domains]
    named = [(said, true) for said, true in known if said is not None]
    return {
        "sampled": samples,
        "run": len(running),
        "new_and_distinct": len(fresh),
        "trained_on": trained_on,
        "of_a_known_family": len(known),
        "name_a_domain": len(named),
        "name_their_own": sum(said in true for said, true in named),
    }


def _domains_of_shapes() -> dict[str, set[str]]:
    """The domains of the families that draw programs of each shape."""
    found: dict[str, set[str]] = {}
    for family in FAMILIES:
        for number in range(DRAWS_OF_A_FAMILY):
            problem = draw_problem(family, number)
            found.setdefault(_shape(problem.program), set()).add(problem.domain)
    return found


def _shape(code: str) -> str:
    """What a program and its re-draws have in common."""
    return program_fingerprint(code, keep_literals=False)


def measure_judge(config: RunConfig, weights: Path, problems: Sequence[BankProblem]) -> dict[str, Any]:
    """How many true triples the judge rejects, how many planted ones it passes, and how many replies cannot be read."""
    llm = open_llm(config.models["judge"], folder=str(weights / "judge"), model_id="nano:judge")
    on_true = _judge(llm, [judge_example(problem) for problem in problems])
    on_planted: dict[str, list[str]] = {}
    for kind in KINDS:
        # seeded by the problem, so that every judge is asked the same; a kind that does not fit a problem is left out
        spoiled = ((problem, plant(problem, Random(problem.key), [kind])) for problem in problems)
        fitting = [judge_example(problem, other) for problem, other in spoiled if is_planted(problem, other, kind)]
        on_planted[kind] = _judge(llm, fitting)
    return {
        "true_triples": len(on_true),
        "rejected_though_true": on_true.count("fail"),
        "planted_triples": {kind: len(outcomes) for kind, outcomes in on_planted.items()},
        "passed_though_planted": {kind: outcomes.count("pass") for kind, outcomes in on_planted.items()},
        "unparseable": sum(outcome == "unknown" for outcome in chain(on_true, *on_planted.values())),
    }


def _score_solutions(
    solver: Llm, texts: Sequence[str], problems: Sequence[BankProblem], grader: Grader
) -> dict[str, Any]:
    """How many problem texts are solved with the answer of the problem that each stands for."""
    replies = _ask(solver, [f"<|solve|>{text}<|solution|>" for text in texts])  # as the prompt nano_solve.v1
    # without an answer there is still a comparison to count: with an empty text, which equals none
    pairs = ((p.answer, extract_answer(reply.text) or "") for p, reply in zip(problems, replies, strict=True))
    agreed = [comparison.verdict.kept for comparison in grader.compare(pairs)]
    by_domain: dict[str, list[bool]] = {}
    by_family: dict[str, list[bool]] = {}
    for problem, is_equal in zip(problems, agreed, strict=True):
        by_domain.setdefault(problem.domain, []).append(is_equal)
        by_family.setdefault(problem.family, []).append(is_equal)
    return {
        "asked": len(agreed),
        "agree": sum(agreed),
        "share": round(sum(agreed) / len(agreed), 4),
        "by_domain": {name: round(sum(found) / len(found), 3) for name, found in by_domain.items()},
        "by_family": {name: round(sum(found) / len(found), 3) for name, found in by_family.items()},
    }


def _judge(llm: Llm, examples: Sequence[Example]) -> list[str]:
    replies = _ask(llm, [example.prompt for example in examples])
    return [str(parse_judgement(reply.text, evidence=True).outcome) for reply in replies]


def _ask(llm: Llm, prompts: Sequence[str]) -> list[Reply]:
    # numbered, since equal prompts are to get replies of their own
    requests = [
        Request(request_id=content_id("evaluation", number, prompt), prompt="evaluation", text=prompt)
        for number, prompt in enumerate(prompts)
    ]
    return llm.generate(requests)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m caco_tasks.nano.report", description=__doc__)
    parser.add_argument("--weights", type=Path, default=Path(__file__).parent / "weights")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--each", type=int, default=10, help="problems of each family")
    parser.add_argument("--trained-on", type=int, default=100_000, help="training problems to compare samples with")
    given = parser.parse_args()
    figures = evaluate(given.weights, samples=given.samples, each=given.each, trained_on=given.trained_on)
    given.out.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
