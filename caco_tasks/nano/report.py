"""What a set of nano models yields, measured on numbers that training never saw: `python -m caco_tasks.nano.report --out FILE`.

Without the pipeline's filters in between: of sampled programs, how many run, how many are new; of bank problems,
how many are solved; of bank programs written back and solved, how many agree; of true and planted triples, how many
the judge tells apart.
"""

import argparse
import json
from collections.abc import Sequence
from itertools import chain, islice
from pathlib import Path
from random import Random
from typing import Any

from caco_tasks.bank.family import BankProblem
from caco_tasks.bank.held_out import held_out_problems
from caco_tasks.config import ModelSettings, RunConfig, load_config
from caco_tasks.grading import Grader, extract_answer
from caco_tasks.ids import content_id, program_id
from caco_tasks.llm.llm import Llm, Reply, Request, open_llm
from caco_tasks.nano.data import KINDS, Example, is_planted, judge_example, plant, training_problems
from caco_tasks.sandbox import Job, Sandbox
from caco_tasks.stages.judge import parse_judgement


def evaluate(weights: Path, *, samples: int, each: int, trained_on: int) -> dict[str, Any]:
    """All figures; `trained_on` is the number of training problems that "new" is measured against."""
    config = load_config("nano")
    problems = list(held_out_problems(each))
    writer = _open(config, "reverser", weights / "writer")
    with Sandbox(config.sandbox) as sandbox, Grader(config.grading) as grader:
        return {
            "codegen": _codegen(config, weights, sandbox, samples, trained_on),
            "solver": _solver(config, writer, problems, grader),
            "reverse_and_solve": _round_trip(config, writer, problems, grader),
            "judge": _judge(config, weights, problems),
        }


def _codegen(config: RunConfig, weights: Path, sandbox: Sandbox, samples: int, trained_on: int) -> dict[str, Any]:
    settings = config.models["codegen"]
    llm = open_llm(settings, folder=str(weights / "codegen"), model_id="nano:codegen")
    replies = _ask(llm, ["<|program|>"] * samples)
    codes = [reply.text for reply in replies]
    ran = [result.verdict.kept for result in sandbox.run(Job(code=code) for code in codes)]
    seen = {program_id(problem.program) for _, problem in islice(training_problems(20260101), trained_on)}
    fresh = {program_id(code) for code, runs in zip(codes, ran, strict=True) if runs} - seen
    return {"sampled": samples, "run": sum(ran), "new_and_distinct": len(fresh), "trained_on": trained_on}


def _solver(config: RunConfig, writer: Llm, problems: Sequence[BankProblem], grader: Grader) -> dict[str, Any]:
    replies = _ask(_with(writer, config.models["solver"]), [f"<|solve|>{p.problem}<|solution|>" for p in problems])
    return _score(problems, replies, grader)


def _round_trip(config: RunConfig, writer: Llm, problems: Sequence[BankProblem], grader: Grader) -> dict[str, Any]:
    prompts = [f"<|reverse|>{p.program}<|output|>{p.answer}<|problem|>" for p in problems]
    written = [reply.text for reply in _ask(_with(writer, config.models["reverser"]), prompts)]
    solver = _with(writer, config.models["solver"])
    return _score(problems, _ask(solver, [f"<|solve|>{text}<|solution|>" for text in written]), grader)


def _score(problems: Sequence[BankProblem], replies: Sequence[Reply], grader: Grader) -> dict[str, Any]:
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


def _judge(config: RunConfig, weights: Path, problems: Sequence[BankProblem]) -> dict[str, Any]:
    llm = open_llm(config.models["judge"], folder=str(weights / "judge"), model_id="nano:judge")
    true = [judge_example(problem) for problem in problems]
    said_true = _said(llm, true)
    said_planted = {kind: _said(llm, _planted(problems, kind)) for kind in KINDS}
    return {
        "true_triples": len(true),
        "rejected_though_true": said_true.count("fail"),
        "planted_triples": {kind: len(said) for kind, said in said_planted.items()},
        "passed_though_planted": {kind: said.count("pass") for kind, said in said_planted.items()},
        "unparseable": sum(said == "unknown" for said in chain(said_true, *said_planted.values())),
    }


def _planted(problems: Sequence[BankProblem], kind: str) -> list[Example]:
    """Triples with an inconsistency of one kind; problems that the kind does not fit are left out."""
    spoiled = ((problem, plant(problem, Random(problem.key), [kind])) for problem in problems)
    return [judge_example(problem, other) for problem, other in spoiled if is_planted(problem, other, kind)]


def _said(llm: Llm, examples: Sequence[Example]) -> list[str]:
    replies = _ask(llm, [example.prompt for example in examples])
    return [str(parse_judgement(reply.text).outcome) for reply in replies]


def _ask(llm: Llm, prompts: Sequence[str]) -> list[Reply]:
    requests = [
        Request(request_id=content_id("evaluation", number, prompt), prompt="evaluation", text=prompt)
        for number, prompt in enumerate(prompts)
    ]
    return llm.generate(requests)


def _open(config: RunConfig, role: Any, folder: Path) -> Any:
    return open_llm(config.models[role], folder=str(folder), model_id=folder.name)


def _with(llm: Any, settings: ModelSettings) -> Llm:
    """The same loaded model, sampled by other settings."""
    return llm.sampled_by(settings)  # type: ignore[no-any-return]


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
