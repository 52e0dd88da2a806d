"""Fingerprints and claims: what counts as the same program, and who keeps it."""

import pytest
from memory_claims import MemoryClaims

from caco_tasks.checks.fingerprints import (
    SKETCH_HASHES,
    alike,
    claim_near,
    claim_programs,
    code_tokens,
    problem_sketches,
    program_fingerprint,
    program_sketches,
)

PROGRAM = '''import math

input = {"pens": 12, "pen_price": 4}

def total_price(pens, pen_price):
    """The price of all pens."""
    price_of_all = pens * pen_price
    rounded = math.floor(price_of_all)
    return rounded

output = total_price(**input)
print(output)
'''

SAME = {
    "own names": PROGRAM.replace("price_of_all", "x").replace("total_price", "f").replace("rounded", "y"),
    "layout and comments": PROGRAM.replace("    ", "  ").replace("return", "# the end\n\n  return"),
    "docstring": PROGRAM.replace('    """The price of all pens."""\n', ""),
    "annotations": PROGRAM.replace("(pens, pen_price)", "(pens: int, pen_price: int) -> int"),
    "an annotated variable": PROGRAM.replace("price_of_all =", "price_of_all: int ="),
    "the name of an import": PROGRAM.replace("import math", "import math as m").replace("math.floor", "m.floor"),
    "what is printed": PROGRAM.replace("print(output)", "print('Answer:', output)"),
    "quotes": PROGRAM.replace('"', "'"),
}

OTHER = {
    "an input number": PROGRAM.replace("12", "13"),
    "the type of a number": PROGRAM.replace("12", "12.0"),
    "an input key": PROGRAM.replace("pens", "cups"),
    "an operator": PROGRAM.replace("pens * pen_price", "pens + pen_price"),
    "a keyword of another function": PROGRAM.replace("math.floor(price_of_all)", "math.prod([1], start=price_of_all)"),
    "the order of operands": PROGRAM.replace("pens * pen_price", "pen_price * pens"),
    "the function of a module": PROGRAM.replace("floor", "ceil"),
    "which variable is returned": PROGRAM.replace("return rounded", "return price_of_all"),
}


@pytest.mark.parametrize("code", SAME.values(), ids=SAME.keys())
def test_a_program_written_otherwise_is_the_same(code: str) -> None:
    assert code != PROGRAM
    assert program_fingerprint(code) == program_fingerprint(PROGRAM)


@pytest.mark.parametrize("code", OTHER.values(), ids=OTHER.keys())
def test_a_program_that_says_something_else_is_another(code: str) -> None:
    assert code != PROGRAM
    assert program_fingerprint(code) != program_fingerprint(PROGRAM)


def test_methods_are_not_renamed() -> None:
    methods = "    def area(self):\n        return 1\n    def edge(self):\n        return 2\n"
    one = f"class Box:\n{methods}output = Box().area()\n"
    other = one.replace("area(self)", "x(self)").replace("edge(self)", "area(self)").replace("x(self)", "edge(self)")
    assert program_fingerprint(one) != program_fingerprint(other)


def test_the_shape_of_a_program_is_blind_to_its_numbers() -> None:
    assert program_fingerprint(PROGRAM, keep_literals=False) == program_fingerprint(
        PROGRAM.replace("12", "13"), keep_literals=False
    )
    assert program_fingerprint(PROGRAM, keep_literals=False) != program_fingerprint(
        PROGRAM.replace("*", "+"), keep_literals=False
    )


@pytest.mark.parametrize("code", ["def f(:", "", "x = (" * 500, "\0"], ids=["broken", "empty", "deep", "null byte"])
def test_what_cannot_be_read_still_has_a_fingerprint(code: str) -> None:
    assert program_fingerprint(code) == program_fingerprint(code) != program_fingerprint(PROGRAM)
    ((_, sketch),) = program_sketches([code])
    assert len(sketch) == SKETCH_HASHES


def long_program(*, steps: int, last: str = "total = total + step_0") -> str:
    lines = "\n".join(f"    step_{number} = pens * pen_price + step_{number - 1}" for number in range(1, steps))
    return (
        "input = {'pens': 12, 'pen_price': 4}\n\ndef total_price(pens, pen_price):\n    step_0 = pens\n"
        f"{lines}\n    total = step_{steps - 1}\n    {last}\n    return total\n\noutput = total_price(**input)\n"
    )


def likeness(one: str, other: str) -> float:
    """The share of equal bytes of two sketches; -1 for programs of two families."""
    (first, sketch), (second, other_sketch) = program_sketches([one, other])
    return sum(map(int.__eq__, sketch, other_sketch)) / SKETCH_HASHES if first == second else -1


def test_a_long_program_with_one_step_changed_is_a_near_duplicate() -> None:
    assert likeness(long_program(steps=60), long_program(steps=60, last="total = total - step_0")) > 0.95


def test_programs_that_differ_only_in_a_literal_never_meet_however_long() -> None:
    one = long_program(steps=200)
    assert likeness(one, one.replace("12", "13")) == -1
    assert likeness(one, one.replace("'pens': 12", "'pens': '12'")) == -1
    assert likeness(one, one.replace("'pens': 12", "'pens': '''12'''")) == -1


def test_one_literal_written_in_two_ways_is_one() -> None:
    one = long_program(steps=20).replace("'pens': 12", "'pens': 1200")
    assert likeness(one, one.replace("'pens': 1200", '"pens": 1_200')) == 1


def test_a_different_program_with_the_same_numbers_is_not_alike() -> None:
    other = long_program(steps=3).replace(
        "input = {'pens': 12, 'pen_price': 4}", 'input = {"pens": 12, "pen_price": 4}'
    )
    assert 0 <= likeness(PROGRAM, other) < 0.5


def test_comments_and_docstrings_do_not_hide_a_near_duplicate() -> None:
    assert likeness(PROGRAM, PROGRAM.replace('"""The price of all pens."""', "'''Twelve\npens.'''\n    # at 4")) == 1


@pytest.mark.parametrize(
    ("code", "tokens"),
    [
        ("a = 0x1F + 1_000 - .5e-3", ["a", "=", "0x1F", "+", "1000", "-", ".5e-3"]),
        ("f'{a}' # b", ["'{a}"]),
        ("x[1:-1] **= 2; y -> z...", [*"x[1:-1]", "**=", "2", ";", "y", "->", "z", *"..."]),
    ],
    ids=["numbers", "texts and comments", "signs"],
)
def test_a_program_is_read_as_tokens(code: str, tokens: list[str]) -> None:
    assert code_tokens(code)[1] == tokens


def test_likeness_is_the_share_of_equal_bytes_less_those_equal_by_chance() -> None:
    is_alike = alike(0.5)
    assert is_alike(b"ab" * 64, b"ac" * 64) is False
    assert is_alike(b"ab" * 64, b"ab" + b"ac" * 63) is True
    assert alike(1.0)(b"ab", b"ab") is True
    assert alike(1.0)(b"ab", b"ac") is False


def test_the_first_owner_keeps_a_program_and_wins_again() -> None:
    claims = MemoryClaims()
    assert claim_programs(claims, [("first", PROGRAM), ("second", SAME["own names"])]) == ["first", "first"]
    assert claim_programs(claims, [("third", PROGRAM), ("first", PROGRAM)]) == ["first", "first"]
    assert claim_programs(claims, [("third", OTHER["an operator"])]) == ["third"]


def test_literals_apart_a_program_under_other_numbers_is_the_same() -> None:
    claims = MemoryClaims()
    items = [("first", PROGRAM), ("second", OTHER["an input number"])]
    assert claim_programs(claims, items) == ["first", "second"]
    assert claim_programs(claims, items, keep_literals=False) == ["first", "first"]


def test_kinds_of_claims_do_not_meet() -> None:
    claims = MemoryClaims()
    assert claims.claim("one", ["1"], ["a"]) == ["a"]
    assert claims.claim("other", ["1"], ["b"]) == ["b"]


def test_who_is_alike_to_the_first_of_a_family_loses_and_does_not_join() -> None:
    claims, near, far = MemoryClaims(), b"a" * 15 + b"b", b"a" * 14 + b"bb"
    items = [("first", "f", b"a" * 16), ("near", "f", near), ("far", "f", far), ("elsewhere", "g", near)]
    assert claim_near(claims, "near", items, 0.93) == ["first", "first", "far", "elsewhere"]
    assert claim_near(claims, "near", items[::-1], 0.93) == ["elsewhere", "far", "first", "first"]
    assert claim_near(claims, "near", [], 0.93) == []


TRAIN = "A train of 12 wagons carries 40 people in each wagon. How many people does the train carry in all?"
PROBLEMS = {
    "the same": (TRAIN, "480", True),
    "set otherwise": (TRAIN.upper().replace(". ", ".\n"), "480.0", True),
    "one word changed": (TRAIN.replace("people in each", "persons in each"), "480", False),
    "a word more at the end": (TRAIN.replace("in all", "in all now"), "480", True),
    "another number": (TRAIN.replace("12", "13"), "480", False),
    "another answer": (TRAIN, "28", False),
}


@pytest.mark.parametrize(("text", "answer", "is_same"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_problems_are_the_same_in_nearly_the_same_words_with_the_same_numbers_and_answer(
    text: str, answer: str, is_same: bool
) -> None:
    sketches = problem_sketches([(TRAIN, "480"), (text, answer)])
    items = [(owner, *sketch) for owner, sketch in zip(("first", "second"), sketches, strict=True)]
    assert claim_near(MemoryClaims(), "problem", items, 0.8)[1] == ("first" if is_same else "second")
