"""What a problem family is: numbers in, a problem, its solution and its program out.

A family draws, from a random number generator, the values of a program's `input`, a problem text that states them,
and a solution that computes the answer step by step. Its code is the reasoning function of the unified template
(arXiv 2510.04081, section 3.1): imports, `input`, a function of named steps, `output`, `print(output)`.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

LICENCE = "CC0-1.0"

NAMES = ("Ana", "Ben", "Chloe", "Dan", "Eva", "Finn", "Grace", "Hugo", "Iris", "Jon", "Kira", "Leo", "Mia", "Noah")


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyDraw:
    """One draw of a family."""

    values: Mapping[str, Any]  # the program's `input`, in the order of its parameters
    problem: str  # the question; states every value
    solution: str  # the steps, one a line, every equation written out; without the closing answer line
    answer: object  # what the program returns


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A parametrised problem: one situation, one way to solve it, many numbers and phrasings."""

    name: str  # snake_case, unique in the bank
    domain: str  # one of the bank's domains
    difficulty: int  # 1 (one step) to 5
    code: str  # imports, helpers and, last, the function called with `**input`
    draw: Callable[[Random], FamilyDraw]


@dataclass(frozen=True, slots=True, kw_only=True)
class BankProblem:
    """One problem of the bank, ready to be a seed."""

    key: str  # "family/seed_number": draws the same problem again
    family: str
    domain: str
    difficulty: int
    problem: str
    solution: str  # ends in "The answer is \\boxed{...}."
    answer: str
    program: str  # complete, in the unified template


def draw_problem(family: Family, seed_number: int) -> BankProblem:
    """Draws problem `seed_number` of `family`; the same number always gives the same problem."""
    key = f"{family.name}/{seed_number}"
    drawn = family.draw(Random(key))
    return BankProblem(
        key=key,
        family=family.name,
        domain=family.domain,
        difficulty=family.difficulty,
        problem=drawn.problem,
        solution=f"{drawn.solution}\nThe answer is \\boxed{{{drawn.answer}}}.",
        answer=str(drawn.answer),
        program=render_program(family.code, drawn.values),
    )


def render_program(code: str, values: Mapping[str, Any]) -> str:
    """Puts `values` and `code` into the unified template; the last top-level function of `code` is the one called."""
    tree = ast.parse(code.strip())
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    lines = code.strip().splitlines()
    body = "\n".join(lines[imports[-1].end_lineno if imports else 0 :]).strip()
    head = "".join(f"{ast.unparse(node)}\n" for node in imports)
    inputs = ", ".join(f'"{name}": {value!r}' for name, value in values.items())
    return f"{head}input = {{{inputs}}}\n\n{body}\n\noutput = {functions[-1].name}(**input)\nprint(output)\n"
