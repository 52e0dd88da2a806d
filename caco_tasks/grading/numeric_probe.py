"""Equality of expressions by their values at fixed points, to many digits: three equal values make an identity."""

import zlib
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

import mpmath

from caco_tasks.exact import NoValueError
from caco_tasks.grading.exact_value import DIGITS, SALT, Reading, numeric, readings_of, symbols, walk
from caco_tasks.grading.syntax_tree import Node, Number, Operation

FAR = (7, 61, 1009)  # by which the points are taken out
_BRANCHING = frozenset(["abs", "floor", "ceil", "sign", "max", "min", "mod", "sqrt", "root", "ln", "log", "log?"])
POINTS = 3  # in the positive, where roots and logarithms of symbols are real
EQUAL = mpmath.mpf(10) ** -35  # relative difference below which two values are the same
DIFFERENT = mpmath.mpf(10) ** -15  # and above which they are not
TINY = mpmath.mpf(10) ** -25  # below which a value may be the rest of a sum that is zero
SHRUNK = mpmath.mpf(10) ** -100  # of what is zero, when it is computed with 4 * DIGITS digits


def same_at_points(gold: Node, pred: Node) -> bool | None:
    """Whether two expressions agree at all points; None where only negative values tell them apart, or none exist."""
    results = [_same_at_points(gold, pred, reading) for reading in readings_of(gold, pred)]
    return True if True in results else results[0]


def _same_at_points(gold: Node, pred: Node, reading: Reading) -> bool | None:
    names = symbols(gold) | symbols(pred)
    results: list[bool | None] = []
    for values in points(names):
        try:
            results.append(_compare_values(gold, pred, values, reading)[0])
        except NoValueError:
            continue
        if results[-1] is False:
            return False
    if is_branching(gold, pred) and _differ_far_out(gold, pred, names, reading):
        return False
    if len(results) < POINTS or None in results:
        return None
    negative = {name: -_coordinate(name, POINTS) for name in names}
    try:
        same, _, _ = _compare_values(gold, pred, negative, reading)
    except NoValueError:
        return True  # roots and logarithms end at zero: there is nothing to tell them apart
    # Where a root or logarithm leaves the real numbers, only the positive was meant: sqrt(x) sqrt(y) is sqrt(x y).
    return True if same or _leaves_reals(gold, negative) or _leaves_reals(pred, negative) else None


def is_branching(*nodes: Node) -> bool:
    """Whether trees hold functions that go on otherwise beyond some value, such as |x - 3| or floor(x)."""
    parts = [part for node in nodes for part in walk(node) if isinstance(part, Operation)]
    return any(part.name in _BRANCHING or (part.name == "^" and not isinstance(part.args[1], Number)) for part in parts)


def _differ_far_out(gold: Node, pred: Node, names: frozenset[str], reading: Reading) -> bool:
    """Whether two expressions differ at some point far from zero, where all their parts are real."""
    for number, scale in enumerate(FAR):
        values = {SALT: number, **{name: scale * _coordinate(name, number) for name in names}}
        try:
            same, _, _ = _compare_values(gold, pred, values, reading)
            if same is False and not (_leaves_reals(gold, values) or _leaves_reals(pred, values)):
                return True
        except NoValueError:
            continue
    return False


def _leaves_reals(node: Node, values: Mapping[str, Any]) -> bool:
    return any(mpmath.im(numeric(part, values)) != 0 for part in walk(node) if isinstance(part, Operation))


def constant_difference(first: Node, second: Node) -> bool | None:
    """Whether two expressions differ by the same value at all points; None where one has no value there."""
    difference = Operation("+", (first, Operation("neg", (second,))))
    names = symbols(difference)
    try:
        values = [
            numeric(difference, at) for at in [*points(names), {name: -_coordinate(name, POINTS) for name in names}]
        ]
    except NoValueError:
        return None
    size = max(1, *(abs(value) for value in values))
    return all(abs(value - values[0]) < mpmath.mpf(10) ** -30 * size for value in values)


def compare_constants(gold: Node, pred: Node) -> list[tuple[bool | None, tuple[Fraction, Fraction] | None]]:
    """For each reading, whether two constants are equal, and the approximations of both where they are real."""
    found: list[tuple[bool | None, tuple[Fraction, Fraction] | None]] = []
    for reading in readings_of(gold, pred):
        same, first, second = _compare_values(gold, pred, {}, reading)
        is_real = mpmath.im(first) == 0 and mpmath.im(second) == 0
        found.append((same, (_fraction(mpmath.re(first)), _fraction(mpmath.re(second))) if is_real else None))
    return found


def _compare_values(
    gold: Node, pred: Node, values: Mapping[str, Any], reading: Reading
) -> tuple[bool | None, Any, Any]:
    """Whether two trees have the same value, and both values."""
    first, second = numeric(gold, values, reading), numeric(pred, values, reading)
    size = max(abs(first), abs(second))
    if size > TINY:
        return _close(first, second), first, second
    # What is nearly zero is zero, if it gets ever smaller the more digits it is computed with.
    with mpmath.workdps(4 * DIGITS):
        more = numeric(gold, values, reading), numeric(pred, values, reading)
        return (True if max(map(abs, more)) <= SHRUNK * size else _close(*more)), first, second


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
    return [{SALT: number, **{name: _coordinate(name, number) for name in names}} for number in range(POINTS)]


def is_same_number(first: Any, second: Any) -> bool:
    """Whether two values agree to 35 digits."""
    return _close(first, second) is True


@lru_cache(maxsize=1024)
def _coordinate(name: str, number: int) -> Any:
    digest = zlib.crc32(f"{name}:{number}".encode())
    return mpmath.mpf(digest % 1_000_003) * 2.25 / 1_000_003 + mpmath.mpf(3) / 5 + mpmath.sqrt(2 + number) / 1000


def _close(first: Any, second: Any) -> bool | None:
    size = max(abs(first), abs(second))
    difference = abs(first - second)
    if difference <= EQUAL * size:
        return True
    return False if difference > DIFFERENT * size else None


def _fraction(value: Any) -> Fraction:
    sign, mantissa, exponent = (int(part) for part in value._mpf_[:3])
    if abs(exponent) > 20_000:
        raise NoValueError("too large")
    return Fraction(-mantissa if sign else mantissa) * Fraction(2) ** exponent
