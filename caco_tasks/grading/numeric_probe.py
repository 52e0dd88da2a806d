"""Equality of expressions by their values at fixed points, to many digits: three equal values make an identity."""

import zlib
from fractions import Fraction
from typing import Any

import mpmath

from caco_tasks.exact import NoValueError
from caco_tasks.grading.exact_value import numeric, symbols
from caco_tasks.grading.syntax_tree import Node

POINTS = 3  # in the positive, where roots and logarithms of symbols are real
EQUAL = mpmath.mpf(10) ** -35  # relative difference below which two values are the same
DIFFERENT = mpmath.mpf(10) ** -15  # and above which they are not
TINY = mpmath.mpf(10) ** -25


def same_at_points(gold: Node, pred: Node) -> bool | None:
    """Whether two expressions agree at all points; None where only negative values tell them apart, or none exist."""
    names = symbols(gold) | symbols(pred)
    results: list[bool | None] = []
    for values in points(names):
        try:
            results.append(_close(numeric(gold, values), numeric(pred, values)))
        except NoValueError:
            continue
    if False in results:
        return False
    if len(results) < POINTS or None in results:
        return None
    negative = {name: -_coordinate(name, POINTS) for name in names}
    try:
        return True if _close(numeric(gold, negative), numeric(pred, negative)) else None
    except NoValueError:
        return True  # roots and logarithms end at zero: there is nothing to tell them apart


def same_constant(gold: Node, pred: Node) -> tuple[bool | None, tuple[Fraction, Fraction] | None]:
    """Whether two constants are equal, and their approximations if both are real."""
    first, second = numeric(gold, {}), numeric(pred, {})
    same = _close(first, second)
    if mpmath.im(first) == 0 and mpmath.im(second) == 0:
        return same, (_fraction(mpmath.re(first)), _fraction(mpmath.re(second)))
    return same, None


def ratio_at_points(first: Node, second: Node) -> list[Any] | None:
    """The quotients of two expressions at the points; None where one is zero or not defined."""
    names = symbols(first) | symbols(second)
    try:
        pairs = [(numeric(first, values), numeric(second, values)) for values in points(names)]
    except NoValueError:
        return None
    return None if any(a == 0 or b == 0 for a, b in pairs) else [a / b for a, b in pairs]


def points(names: frozenset[str]) -> list[dict[str, Any]]:
    """`POINTS` assignments of numbers between 0.6 and 2.9 to symbols; the same on every machine."""
    return [{name: _coordinate(name, number) for name in names} for number in range(POINTS)]


def is_same_number(first: Any, second: Any) -> bool:
    """Whether two values agree to 35 digits."""
    return _close(first, second) is True


def _coordinate(name: str, number: int) -> Any:
    digest = zlib.crc32(f"{name}:{number}".encode())
    return mpmath.mpf(digest % 1_000_003) * 2.25 / 1_000_003 + mpmath.mpf(3) / 5 + mpmath.sqrt(2 + number) / 1000


def _close(first: Any, second: Any) -> bool | None:
    size = max(abs(first), abs(second))
    difference = abs(first - second)
    if difference <= EQUAL * max(size, TINY):
        return True
    return False if difference > DIFFERENT * size else None


def _fraction(value: Any) -> Fraction:
    sign, mantissa, exponent = (int(part) for part in value._mpf_[:3])
    if abs(exponent) > 20_000:
        raise NoValueError("too large")
    return Fraction(-mantissa if sign else mantissa) * Fraction(2) ** exponent
