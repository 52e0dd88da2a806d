"""The value of a tree: exactly as a fraction, to many digits with mpmath, or modulo a prime; never by executing text.

Every operation has a cap on the size of its result, so that no tree takes long.
"""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import mpmath

from caco_tasks.exact import Calculator, Limits, NoValueError, small_whole
from caco_tasks.grading.syntax_tree import Group, Node, Number, Operation, Relation, Symbol

LIMITS = Limits(max_bits=40_000, max_factorial=3000, max_root=64)
CALCULATOR = Calculator(LIMITS)
MAX_LOG2 = 10**12  # of the magnitude of a numeric result
DIGITS = 60  # that numeric evaluation works with
MAX_NODES = 3000  # of a tree


def exact(node: Node) -> Fraction:
    """The rational value of a tree without symbols.

    Raises:
        NoValueError: the value is not rational, not defined, or beyond `LIMITS`.
    """
    if isinstance(node, Number):
        return node.value
    if not isinstance(node, Operation):
        raise NoValueError("not a rational number")
    operation = _EXACT.get(node.name)
    if operation is None:
        raise NoValueError(f"{node.name} is not rational")
    return operation(*[exact(arg) for arg in node.args])


def numeric(node: Node, values: Mapping[str, Any]) -> Any:
    """The value of a tree as an mpmath number of `DIGITS` digits; `values` gives each symbol's.

    Raises:
        NoValueError: a symbol has no value, the tree is not a number, or the value leaves the caps.
    """
    if isinstance(node, Number):
        return mpmath.mpf(node.value.numerator) / node.value.denominator
    if isinstance(node, Symbol):
        if node.name not in _CONSTANTS and node.name not in values:
            raise NoValueError(f"{node.name} has no value")
        return _CONSTANTS[node.name]() if node.name in _CONSTANTS else values[node.name]
    if not isinstance(node, Operation) or node.name not in _NUMERIC:
        raise NoValueError("not a number")
    args = [numeric(arg, values) for arg in node.args]
    try:
        result = _NUMERIC[node.name](*args)
    except (ValueError, ZeroDivisionError, OverflowError, TypeError, mpmath.libmp.NoConvergence) as exc:
        raise NoValueError("not defined here") from exc
    if not mpmath.isfinite(result) or _log2(result) > MAX_LOG2:
        raise NoValueError("too large")
    return result


def symbols(node: Node) -> frozenset[str]:
    """The names of the variables of a tree, constants such as pi and i left out."""
    found: set[str] = set()
    for part in walk(node):
        if isinstance(part, Symbol) and part.name not in _CONSTANTS:
            found.add(part.name)
    return frozenset(found)


def walk(node: Node) -> list[Node]:
    """All nodes of a tree.

    Raises:
        NoValueError: there are more than `MAX_NODES`.
    """
    found: list[Node] = [node]
    for part in found:
        match part:
            case Operation():
                found.extend(part.args)
            case Group():
                found.extend(part.items)
            case Relation():
                found.extend(part.sides)
        if len(found) > MAX_NODES:
            raise NoValueError("too many parts")
    return found


def choices_of_sign(node: Node) -> list[Node]:
    """A tree with ± as the trees with + and with -; any other tree alone."""
    if not any(isinstance(part, Operation) and part.name in ("\\pm", "\\mp") for part in walk(node)):
        return [node]
    return [_with_sign(node, plus=True), _with_sign(node, plus=False)]


def _with_sign(node: Node, *, plus: bool) -> Node:
    if not isinstance(node, Operation):
        return node
    args = tuple(_with_sign(arg, plus=plus) for arg in node.args)
    if node.name not in ("\\pm", "\\mp"):
        return Operation(node.name, args)
    positive = plus == (node.name == "\\pm")  # in a \pm b \mp c the signs are opposite
    return Operation("+", args if positive else (args[0], Operation("neg", (args[1],))))


# exact operations


def _rational_root(value: Fraction, degree: Fraction = Fraction(2)) -> Fraction:
    return CALCULATOR.root(value, small_whole(degree, LIMITS.max_root))


_EXACT: dict[str, Callable[..., Fraction]] = {
    "+": CALCULATOR.add,
    "*": CALCULATOR.multiply,
    "/": CALCULATOR.divide,
    "mod": CALCULATOR.modulo,
    "neg": lambda a: -a,
    "^": CALCULATOR.power,
    "abs": abs,
    "sqrt": _rational_root,
    "root": _rational_root,
    "floor": lambda a: Fraction(math.floor(a)),
    "ceil": lambda a: Fraction(math.ceil(a)),
    "factorial": CALCULATOR.factorial,
    "binomial": CALCULATOR.binomial,
}


# numeric operations


def _log2(value: Any) -> float:
    return float(abs(mpmath.mag(value))) if value != 0 else 0.0


def _numeric_power(base: Any, exponent: Any) -> Any:
    if _log2(exponent) > 60 or (base != 0 and _log2(base) * abs(exponent) > MAX_LOG2):
        raise NoValueError("too large")
    if isinstance(exponent, mpmath.mpf) and exponent == int(exponent):  # also of negative bases, without a logarithm
        return base ** int(exponent)
    return mpmath.power(base, exponent)


def _small(function: Callable[..., Any], bits: int) -> Callable[..., Any]:
    """The function, for arguments below 2 ** bits."""

    def limited(*args: Any) -> Any:
        if any(arg != 0 and mpmath.mag(arg) > bits for arg in args):
            raise NoValueError("too large")
        return function(*args)

    return limited


def _real_root(value: Any, index: Any) -> Any:
    # The real root of a negative number, where mpmath gives the principal one, which is complex.
    if isinstance(value, mpmath.mpf) and value < 0 and int(index) % 2:
        return -mpmath.root(-value, int(index))
    return mpmath.root(value, int(index))


# mpmath evaluates a constant at the precision of the moment, so each use asks anew.
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "pi": lambda: +mpmath.pi,
    "e": lambda: +mpmath.e,
    "i": lambda: mpmath.mpc(0, 1),
    "oo": lambda: _undefined("infinite"),
    "nan": lambda: _undefined("not a number"),
}


def _undefined(why: str) -> Any:
    raise NoValueError(why)


_PERIODIC = ("sin", "cos", "tan", "cot", "sec", "csc")
_OTHERS = ("sinh", "cosh", "tanh", "asin", "acos", "atan", "acot", "asinh", "acosh", "atanh", "exp")
_NUMERIC: dict[str, Callable[..., Any]] = {
    "+": lambda a, b: a + b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "mod": lambda a, b: a - b * mpmath.floor(a / b),
    "neg": lambda a: -a,
    "^": _numeric_power,
    "abs": abs,
    "sqrt": mpmath.sqrt,
    "cbrt": lambda a: _real_root(a, 3),
    "root": _small(_real_root, 20),
    "floor": mpmath.floor,
    "ceil": mpmath.ceil,
    "ln": mpmath.log,
    "log": lambda a, base: mpmath.log(a) / mpmath.log(base),
    "log10": mpmath.log10,
    "factorial": _small(mpmath.factorial, 40),
    "gamma": _small(mpmath.gamma, 40),
    "binomial": _small(mpmath.binomial, 40),
    **{name: _small(getattr(mpmath, name), 200) for name in _PERIODIC},
    **{name: _small(getattr(mpmath, name), 40) for name in _OTHERS},
}


# towers of powers


def residue(node: Node, modulus: int) -> int:
    """The value of a tree of whole numbers modulo a prime, however high its powers tower.

    Raises:
        NoValueError: the tree is not built from whole numbers by + - * and ^.
    """
    if isinstance(node, Number) and node.value.denominator == 1:
        return int(node.value) % modulus
    if not isinstance(node, Operation) or node.name not in ("+", "*", "neg", "^"):
        raise NoValueError("not built from whole numbers")
    if node.name == "^":
        return _residue_of_power(node.args[0], node.args[1], modulus)
    args = [residue(arg, modulus) for arg in node.args]
    return {"+": sum(args), "*": math.prod(args), "neg": -args[0]}[node.name] % modulus


def _residue_of_power(base: Node, exponent: Node, modulus: int) -> int:
    """By Euler's theorem: a^e = a^(e mod phi + phi) modulo m for every e of at least log2(m)."""
    if modulus == 1:
        return 0
    small = _exponent_or_none(exponent)
    if small is not None:
        return pow(residue(base, modulus), small, modulus)
    totient = _totient(modulus)
    return pow(residue(base, modulus), residue(exponent, totient) + totient, modulus)


def _exponent_or_none(node: Node) -> int | None:
    """The exponent itself if it can be written out, None if it is too large for that.

    Raises:
        NoValueError: it is negative, not whole, or its size cannot be told.
    """
    try:
        value = exact(node)
    except NoValueError:
        if not _is_huge(node):
            raise
        return None
    if value < 0 or value.denominator != 1:
        raise NoValueError("not a whole exponent")
    return int(value)


def _is_huge(node: Node) -> bool:
    """Certainly more than 2**64: a power of a whole number above 1, or a sum or product of such."""
    if not isinstance(node, Operation):
        return False
    if node.name == "^":
        base, exponent = node.args
        if not (isinstance(base, Number) and base.value >= 2):
            return False
        try:
            return exact(exponent) >= 64
        except NoValueError:
            return _is_huge(exponent)
    rest = node.name in ("+", "*") and all(
        _is_huge(arg) or (isinstance(arg, Number) and arg.value >= 1) for arg in node.args
    )
    return rest and any(_is_huge(arg) for arg in node.args)


def _totient(number: int) -> int:
    result, rest, factor = number, number, 2
    while factor * factor <= rest:
        if rest % factor == 0:
            result -= result // factor
            while rest % factor == 0:
                rest //= factor
        factor += 1
    return result - result // rest if rest > 1 else result
