"""Exact arithmetic: right where it has a value, and a refusal at once where it has none or one that grows too large."""

import time
from collections.abc import Callable
from fractions import Fraction

import pytest

from caco_tasks.exact import Calculator, Limits, NoValueError, small_whole, whole_root

CALCULATOR = Calculator(Limits(max_bits=4000, max_factorial=200, max_root=8))
HALF = Fraction(1, 2)


def test_operations_are_exact() -> None:
    assert CALCULATOR.add(HALF, Fraction(1, 3)) == Fraction(5, 6)
    assert CALCULATOR.subtract(HALF, Fraction(1, 3)) == Fraction(1, 6)
    assert CALCULATOR.multiply(HALF, Fraction(1, 3)) == Fraction(1, 6)
    assert CALCULATOR.divide(HALF, Fraction(1, 3)) == Fraction(3, 2)
    assert CALCULATOR.divide_whole(Fraction(-7), Fraction(2)) == -4
    assert CALCULATOR.modulo(Fraction(-7), Fraction(2)) == 1
    assert CALCULATOR.factorial(Fraction(5)) == 120
    assert CALCULATOR.binomial(Fraction(50), Fraction(48)) == 1225
    assert CALCULATOR.permutations(Fraction(5), Fraction(2)) == 20


@pytest.mark.parametrize(
    ("base", "exponent", "result"),
    [
        (Fraction(2), Fraction(10), Fraction(1024)),
        (Fraction(2), Fraction(-2), Fraction(1, 4)),
        (Fraction(8), Fraction(2, 3), Fraction(4)),
        (Fraction(4, 9), Fraction(-3, 2), Fraction(27, 8)),
        (Fraction(-1), Fraction(10**30 + 1), Fraction(-1)),
        (Fraction(0), Fraction(10**30), Fraction(0)),
    ],
    ids=str,
)
def test_powers(base: Fraction, exponent: Fraction, result: Fraction) -> None:
    assert CALCULATOR.power(base, exponent) == result


@pytest.mark.parametrize("degree", [2, 3, 5, 8])
@pytest.mark.parametrize("value", [0, 1, 2, 7, 8, 9, 10**40, 3**80 - 1, 3**80, 3**80 + 1], ids=str)
def test_a_whole_root_is_rounded_down(value: int, degree: int) -> None:
    root = whole_root(value, degree)
    assert root**degree <= value < (root + 1) ** degree


REFUSED: dict[str, Callable[[], Fraction | int]] = {
    "division by zero": lambda: CALCULATOR.divide(HALF, Fraction(0)),
    "modulo zero": lambda: CALCULATOR.modulo(HALF, Fraction(0)),
    "zero to the zero": lambda: CALCULATOR.power(Fraction(0), Fraction(0)),
    "zero to a negative root": lambda: CALCULATOR.power(Fraction(0), Fraction(-1, 2)),
    "a power too large": lambda: CALCULATOR.power(Fraction(3), Fraction(10**9)),
    "a power of a long decimal": lambda: CALCULATOR.power(Fraction(3), Fraction(1_000_000_001, 10**9)),
    "a tower": lambda: CALCULATOR.power(Fraction(9), CALCULATOR.power(Fraction(9), Fraction(9))),
    "a product too large": lambda: CALCULATOR.multiply(Fraction(2**2500), Fraction(2**2500)),
    "an irrational root": lambda: CALCULATOR.root(Fraction(2), 2),
    "a root of a negative number": lambda: CALCULATOR.root(Fraction(-4), 2),
    "a root of too high a degree": lambda: CALCULATOR.root(Fraction(1), 9),
    "a fractional exponent of a whole power": lambda: CALCULATOR.whole_power(Fraction(4), HALF),
    "a large factorial": lambda: CALCULATOR.factorial(Fraction(201)),
    "a factorial of a fraction": lambda: CALCULATOR.factorial(HALF),
    "too many to choose": lambda: CALCULATOR.binomial(Fraction(2000), Fraction(201)),
    "a negative count": lambda: small_whole(Fraction(-1), 5),
}


@pytest.mark.parametrize("compute", REFUSED.values(), ids=REFUSED.keys())
def test_what_has_no_value_is_refused_at_once(compute: Callable[[], Fraction | int]) -> None:
    started = time.perf_counter()
    with pytest.raises(NoValueError):
        compute()
    assert time.perf_counter() - started < 0.5
