"""What the adapters learn from: seed problems and their re-draws, written as each role is asked and has to reply.

A re-draw is the same problem with other numbers, in text, solution and program together (`caco_tasks.convert.redraw`), so a
problem beside the program of another re-draw is a planted error whose place is known.
"""

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any, Literal

from pydantic import TypeAdapter

from caco_tasks.llm.prompts import VARIABLES, Prompt, load_prompt

AdapterRole = Literal["reverser", "solver", "judge"]
ROLES: tuple[AdapterRole, ...] = ("reverser", "solver", "judge")
PROMPTS: Mapping[AdapterRole, str] = {
    "reverser": "smol_reverse.v1",
    "solver": "smol_solve.v1",
    "judge": "smol_judge.v1",
}
_CLOSING = re.compile(r"\s*The answer is [^\n]*\Z")
RIGHT_SHARE = 0.5  # of the judge's examples


@dataclass(frozen=True, slots=True, kw_only=True)
class Quadruple:
    """A problem, its solution, its program and their answer: of a seed, or re-drawn."""

    source: str
    seed_id: str
    problem: str
    solution: str | None  # None: the source has none
    code: str
    answer: str
    is_redraw: bool = False
    grade: str | None = None

    @property
    def characters(self) -> int:
        """Of its three texts together."""
        return len(self.problem) + len(self.solution or "") + len(self.code)

    @property
    def inputs(self) -> dict[str, Any]:
        """The entries of the program's `input`."""
        line = next(line for line in self.code.splitlines() if line.startswith("input = "))
        found: dict[str, Any] = ast.literal_eval(line.removeprefix("input = "))
        return found


def read_quadruples(path: Path) -> list[list[Quadruple]]:
    """The quadruples of a file (JSON, one a line), those of one seed together.

    Raises:
        OSError: the file cannot be read.
        ValidationError: a line is not a quadruple.
    """
    adapter = TypeAdapter(Quadruple)
    with path.open(encoding="utf-8") as lines:
        found = [adapter.validate_python(json.loads(line)) for line in lines]
    by_seed = sorted(found, key=lambda one: (one.source, one.seed_id, one.is_redraw))
    return [list(group) for _, group in groupby(by_seed, key=lambda one: (one.source, one.seed_id))]


def make_examples(
    role: AdapterRole, seeds: Sequence[Sequence[Quadruple]], *, count: int, seed: int, max_chars: int | None = None
) -> Iterator[tuple[str, str]]:
    """`count` pairs of prompt and reply for a role: first the seeds as they are, then their re-draws, in a fixed order.

    With `max_chars` only seeds whose problem, solution and program together are no longer: a small model learns more from
    many short ones in the same time, and succeeds on no others.
    """
    prompt, random = load_prompt(PROMPTS[role], variables=VARIABLES[role]), Random(seed)
    pool = [
        (one, group)
        for group in seeds
        for one in group
        if (role == "reverser" or one.solution) and (max_chars is None or one.characters <= max_chars)
    ]
    random.shuffle(pool)
    pool.sort(key=lambda entry: entry[0].is_redraw)
    others = [group[0] for group in seeds]
    for number in range(count):
        one, group = pool[number % len(pool)]
        match role:
            case "reverser":
                yield prompt.render(code=one.code, output=one.answer), one.problem
            case "solver":
                yield prompt.render(problem=one.problem), write_solution(one)
            case "judge":
                yield judged_example(prompt, one, group, others, random)


def write_solution(one: Quadruple) -> str:
    """A solution with its final answer, in the form that the solver is to keep."""
    told = _CLOSING.sub("", (one.solution or "").strip())
    return f"{told}\nThe answer is \\boxed{{{one.answer}}}."


def judged_example(
    prompt: Prompt, one: Quadruple, group: Sequence[Quadruple], others: Sequence[Quadruple], random: Random
) -> tuple[str, str]:
    """A triple and what a judge has to reply: right ones, and ones with a planted error."""
    problem, solution, program = one, one, one
    redraws = [other for other in group if other is not one and other.inputs != one.inputs]
    kind = "right" if random.random() < RIGHT_SHARE else random.choice(("problem", "program", "foreign", "solution"))
    if kind in ("problem", "program", "solution") and not redraws:
        kind = "foreign"
    match kind:
        case "problem":  # the problem has other numbers than program and solution
            problem = random.choice(redraws)
        case "program":
            program = random.choice(redraws)
        case "solution":
            solution = random.choice(redraws)
        case "foreign":
            program = random.choice([other for other in others if other.seed_id != one.seed_id])
    text = prompt.render(
        problem=problem.problem, solution=write_solution(solution), code=program.code, output=program.answer
    )
    return text, _judgement(problem, solution, program)


def _judgement(problem: Quadruple, solution: Quadruple, program: Quadruple) -> str:
    """The reasons, number by number, each with its own finding, and then the verdict as JSON, which only sums them up."""
    lines, faults = [], list[str]()
    for name, value in program.inputs.items():
        if program.seed_id != problem.seed_id:
            lines.append(f"{name}: program {value}, problem has no such thing: different")
            continue
        told = problem.inputs.get(name)
        lines.append(f"{name}: program {value}, problem {told}: {_same(value == told)}")
        if value != told:
            faults.append(f"{name} is {value} in the program and {told} in the problem")
    is_same = program.answer == solution.answer
    lines.append(f"answer: program {program.answer}, solution {solution.answer}: {_same(is_same)}")
    if program.seed_id != problem.seed_id:
        faults = ["the program belongs to another problem"]
    elif not faults and solution.inputs != problem.inputs:
        faults = ["the solution does not have the numbers of the problem"]
    verdict = {
        "verdict": "no" if faults else "yes",
        "first_disagreeing_step": None,
        "reason": faults[0] if faults else "all numbers belong together",
    }
    return "\n".join([*lines, json.dumps(verdict)])


def _same(is_same: bool) -> str:
    return "same" if is_same else "different"
