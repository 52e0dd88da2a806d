"""The bundled bank: every family draws problems whose program, solution and answer agree, and whose inputs all matter."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from random import Random
from typing import Any

import pytest

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import BankProblem, Family, draw_problem, render_program
from caco_tasks.checks.arithmetic.equations import false_equations
from caco_tasks.grading import extract_answer

DRAWS = 50
SEARCHED = 12  # other draws whose values are tried in the place of one input
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")

# Runs programs one after the other; a line of JSON in for each, a line out: its `output` as text, or its exception.
RUNNER = """
import io, json, signal, sys
def late(number, frame): raise TimeoutError
signal.signal(signal.SIGALRM, late)
answers = []
for code in json.load(sys.stdin):
    real, sys.stdout = sys.stdout, io.StringIO()
    signal.setitimer(signal.ITIMER_REAL, 2)
    space = {"__name__": "__main__"}
    try:
        exec(compile(code, "program", "exec"), space)
        answers.append(["ran", str(space["output"]), sys.stdout.getvalue().strip()])
    except Exception as exc:
        answers.append(["failed", repr(exc), ""])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.stdout = real
json.dump(answers, sys.stdout)
"""


def run_all(programs: Sequence[str]) -> list[tuple[str, str, str]]:
    """For each program: "ran" or "failed", its output or its exception, what it printed."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", RUNNER], input=json.dumps(programs), capture_output=True, text=True, check=True
    )
    return [(outcome, output, printed) for outcome, output, printed in json.loads(done.stdout)]


@cache
def problems() -> dict[str, list[BankProblem]]:
    """The first draws of every family."""
    return {family.name: [draw_problem(family, number) for number in range(DRAWS)] for family in FAMILIES}


@cache
def ran() -> dict[str, list[tuple[str, str, str]]]:
    """What their programs did, in one process for all."""
    results = iter(run_all([problem.program for drawn in problems().values() for problem in drawn]))
    return {name: [next(results) for _ in drawn] for name, drawn in problems().items()}


@cache
def values_of(family: Family) -> list[dict[str, Any]]:
    """The inputs of a family's first draws."""
    return [dict(family.draw(Random(f"{family.name}/{number}")).values) for number in range(DRAWS)]


def with_one_changed(family: Family, key: str) -> Iterator[tuple[int, str]]:
    """Programs of a family's draws in which one input has the value of another draw; with the draw's number."""
    drawn, rng = values_of(family), Random(f"{family.name} {key}")
    for _ in range(SEARCHED):
        number, other = rng.randrange(DRAWS), rng.randrange(DRAWS)
        if drawn[number][key] != drawn[other][key]:
            yield number, render_program(family.code, {**drawn[number], key: drawn[other][key]})


@cache
def inputs_that_matter() -> set[tuple[str, str]]:
    """Family and input, where one change at least changed the output of a program that still ran."""
    places = [
        (family.name, key, number, code)
        for family in FAMILIES
        for key in values_of(family)[0]
        for number, code in with_one_changed(family, key)
    ]
    results = run_all([code for *_, code in places])
    return {
        (name, key)
        for (name, key, number, _), (outcome, output, _) in zip(places, results, strict=True)
        if outcome == "ran" and output != ran()[name][number][1]
    }


def phrasing(text: str, values: dict[str, Any]) -> str:
    """The first words of a problem without what was drawn: numbers, names, texts of the input."""
    drawn = [value for value in values.values() if isinstance(value, str) and value]
    for word in sorted(drawn, key=len, reverse=True):
        text = text.replace(word, "#")
    return re.sub(r"\b[A-Z]\w*\b", "", NUMBER.sub("#", text))[:25]


each_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)


@each_family
def test_every_program_runs_and_prints_the_answer(family: Family) -> None:
    drawn = zip(problems()[family.name], ran()[family.name], strict=True)
    wrong = [(problem.key, result) for problem, result in drawn if result != ("ran", problem.answer, problem.answer)]
    assert wrong == []


@each_family
def test_every_solution_ends_in_its_answer(family: Family) -> None:
    assert len(problems()[family.name]) == DRAWS
    for problem in problems()[family.name]:
        assert problem.solution.endswith(f"\nThe answer is \\boxed{{{problem.answer}}}.")
        assert extract_answer(problem.solution) == problem.answer


@each_family
def test_every_equation_of_a_solution_is_true(family: Family) -> None:
    found = [(problem.key, false_equations(problem.solution)) for problem in problems()[family.name]]
    assert [(key, equations.false) for key, equations in found if equations.false] == []


@each_family
def test_every_input_matters(family: Family) -> None:
    names = values_of(family)[0]
    assert names
    assert {name for name in names if (family.name, name) not in inputs_that_matter()} == set()


@each_family
def test_a_family_has_three_phrasings_and_draws_many_problems(family: Family) -> None:
    drawn = problems()[family.name]
    phrasings = {phrasing(problem.problem, values) for problem, values in zip(drawn, values_of(family), strict=True)}
    assert len(phrasings) >= 3
    assert len({problem.problem for problem in drawn}) >= DRAWS * 0.8


@each_family
def test_the_same_number_draws_the_same_problem(family: Family) -> None:
    assert draw_problem(family, 7) == problems()[family.name][7]
    assert (family.difficulty in range(1, 6), problems()[family.name][7].key) == (True, f"{family.name}/7")


def test_most_solutions_have_equations_that_can_be_computed() -> None:
    checked = [false_equations(drawn[0].solution).checked > 0 for drawn in problems().values()]
    assert sum(checked) >= 0.8 * len(FAMILIES)


def test_the_bank_is_as_broad_as_it_says() -> None:
    assert len(FAMILIES) >= 80
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)
    assert len({family.domain for family in FAMILIES}) >= 10
    assert len({family.difficulty for family in FAMILIES}) >= 3


def test_a_program_is_rendered_into_the_template() -> None:
    code = "import math\n\ndef half(x):\n    return x / 2\n\ndef area(radius):\n    return half(math.pi * radius)\n"
    assert render_program(code, {"radius": 3}) == (
        'import math\ninput = {"radius": 3}\n\ndef half(x):\n    return x / 2\n\ndef area(radius):\n'
        "    return half(math.pi * radius)\n\noutput = area(**input)\nprint(output)\n"
    )
