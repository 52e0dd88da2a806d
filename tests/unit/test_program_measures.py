"""Steps, depth and beginning of programs: counted by hand, and total whatever a model writes."""

import pytest

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import draw_problem
from caco_tasks.checks.programs.program_measures import find_opening, measure_program
from caco_tasks.domain_tags import tag_line

HEAD = 'input = {"a": 3, "b": 4}\n\n'
TAIL = "\noutput = f(**input)\nprint(output)\n"

BODIES = {
    "nothing is computed": ("    return a\n", 1, 0),
    "one step": ("    return a + b\n", 1, 1),
    "beside each other": ("    c = a + 1\n    d = b + 1\n    return c * d\n", 3, 2),
    "in a chain": ("    c = a + 1\n    d = c * 2\n    return d - b\n", 3, 3),
    "a copy": ("    c = a\n    d = c\n    return d + 1\n", 3, 1),
    "a docstring": ('    """Says."""\n    return a + b\n', 1, 1),
    "grown in place": ("    total = 0\n    total += a\n    total += b\n    return total\n", 4, 2),
    "a loop": ("    total = 0\n    for n in range(b):\n        total += n\n    return total\n", 4, 2),
    "a condition": ("    c = a + 1\n    if c > b:\n        d = 1\n    else:\n        d = 2\n    return d\n", 5, 2),
    "a list that grows": ("    found = []\n    found.append(a * b)\n    return found\n", 3, 1),
}


@pytest.mark.parametrize("name", BODIES)
def test_steps_and_depth_are_those_counted_by_hand(name: str) -> None:
    body, steps, depth = BODIES[name]
    found = measure_program(f"{HEAD}def f(a, b):\n{body}{TAIL}")
    assert (found.steps, found.depth) == (steps, depth)


def test_a_function_that_is_called_is_as_deep_as_its_own_steps() -> None:
    helper = "def g(x):\n    y = x + 1\n    return y * y\n\n"
    found = measure_program(f"{HEAD}{helper}def f(a, b):\n    c = a + b\n    return g(c)\n{TAIL}")
    assert (found.steps, found.depth) == (4, 3)


def test_functions_that_call_themselves_or_many_others_come_to_an_end() -> None:
    assert measure_program(f"{HEAD}def f(a, b):\n    return f(a - 1, b) + 1\n{TAIL}").depth == 2
    chain = "".join(f"def g{n}(x):\n    return g{n + 1}(x) + 1\n" for n in range(400)) + "def g400(x):\n    return x\n"
    assert (measure_program(f"{HEAD}{chain}def f(a, b):\n    return g0(a)\n{TAIL}").depth or 0) > 40


def test_every_program_of_the_bank_begins_in_a_way_that_tells_its_family() -> None:
    openings = {}
    for family in FAMILIES:
        found = measure_program(tag_line(family.domain) + draw_problem(family, 1).program)
        assert found.domain == family.domain
        assert found.steps
        assert found.depth is not None
        assert found.depth <= found.steps
        openings[found.opening] = family.name
    assert None not in openings
    assert len(openings) == len(FAMILIES)


def test_the_same_program_under_other_numbers_has_the_same_shape() -> None:
    first, second = (measure_program(draw_problem(FAMILIES[0], number).program) for number in (1, 2))
    assert (first.shape, first.opening) == (second.shape, second.opening)


UNTOLD = {
    "no program": "I cannot help with that.",
    "another beginning": 'x = 1\ninput = {"a": 1}\n',
    "a control token": 'input = {"<|im_end|>": 1}\n',
    "a place of a template": 'input = {"$code": 1}\n',
    "a long name": f'input = {{"{"a" * 61}": 1}}\n',
    "an empty input": "input = {}\n",
    "a control token as domain": '# domain: <|im_end|>\ninput = {"a": 1}\n',
}


@pytest.mark.parametrize("code", UNTOLD.values(), ids=UNTOLD)
def test_what_no_model_should_be_told_is_no_beginning(code: str) -> None:
    assert find_opening(code) is None


@pytest.mark.parametrize(
    "code", ["", "\0", "def f(:\n", "(" * 5000, "x = " + "-" * 9000 + "1\n", "a\n" * 9000, "def f():\n  f = f\n"]
)
def test_whatever_was_written_is_measured_or_unknown(code: str) -> None:
    found = measure_program(code)
    assert (found.steps is None) == (found.depth is None)
    assert found.shape
