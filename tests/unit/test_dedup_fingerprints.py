"""Fingerprints and claims: what counts as the same program, and who keeps it."""

import pytest

from caco_tasks.filters.claims import MemoryClaims, claim_pairs
from caco_tasks.filters.fingerprints import BANDS, band_rows, claim_programs, near_bands, program_fingerprint

rensa = pytest.importorskip("rensa")

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
    assert len(near_bands(code, 0.95)) == BANDS


def long_program(*, steps: int, last: str = "total = total + step_0") -> str:
    lines = "\n".join(f"    step_{number} = pens * pen_price + step_{number - 1}" for number in range(1, steps))
    return (
        "input = {'pens': 12, 'pen_price': 4}\n\ndef total_price(pens, pen_price):\n    step_0 = pens\n"
        f"{lines}\n    total = step_{steps - 1}\n    {last}\n    return total\n\noutput = total_price(**input)\n"
    )


def share(one: str, other: str, jaccard: float = 0.95) -> int:
    """How many bands two programs have in common."""
    return len(set(near_bands(one, jaccard)) & set(near_bands(other, jaccard)))


def test_a_long_program_with_one_step_changed_is_a_near_duplicate() -> None:
    assert share(long_program(steps=60), long_program(steps=60, last="total = total - step_0")) > 0


def test_programs_that_differ_only_in_a_number_never_meet_however_long() -> None:
    one = long_program(steps=200)
    assert share(one, one.replace("12", "13")) == 0
    assert share(one, one.replace("'pens': 12", "'pens': '12'")) == 0


def test_a_different_program_with_the_same_numbers_does_not_meet() -> None:
    assert share(PROGRAM, long_program(steps=8)) == 0


def test_comments_and_docstrings_do_not_hide_a_near_duplicate() -> None:
    assert share(PROGRAM, PROGRAM.replace('"""The price of all pens."""', "'''Twelve pens.'''  # at 4")) == BANDS


def test_a_higher_threshold_makes_longer_bands() -> None:
    rows = [band_rows(jaccard) for jaccard in (0.5, 0.8, 0.95, 1.0)]
    assert rows == sorted(rows) == [2, 6, 27, 64]


def test_the_first_owner_keeps_a_program_and_wins_again() -> None:
    claims = MemoryClaims()
    assert claim_programs(claims, [("first", PROGRAM), ("second", SAME["own names"])]) == ["first", "first"]
    assert claim_programs(claims, [("third", PROGRAM), ("first", PROGRAM)]) == ["first", "first"]
    assert claim_programs(claims, [("third", OTHER["an operator"])]) == ["third"]


def test_of_one_hash_given_twice_the_first_pair_counts() -> None:
    assert claim_pairs(MemoryClaims(), "kind", [("b", "2"), ("a", "1"), ("c", "2")]) == ["b", "a", "b"]


def test_kinds_of_claims_do_not_meet() -> None:
    claims = MemoryClaims()
    assert claim_pairs(claims, "one", [("a", "1")]) == ["a"]
    assert claim_pairs(claims, "other", [("b", "1")]) == ["b"]
