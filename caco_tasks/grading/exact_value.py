"""The value of a tree: exactly as a fraction, to many digits with mpmath, or modulo a prime; never by executing text.

Every operation has a cap on the size of its result, so that no tree takes long.
"""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import mpmath

from caco_tasks.grading.syntax_tree import Call, Group, Node, Number, Relation, Symbol, Words

MAX_BITS = 40_000  # of an exact result
MAX_LOG2 = 10**12  # of the magnitude of a numeric result
MAX_FACTORIAL = 3000
DIGITS = 60  # that numeric evaluation works with
MAX_NODES = 3000


class Undecided(Exception):
    """The value cannot be found within the caps, or the tree has none."""


def exact(node: Node) -> Fraction:
    """The rational value of a tree without symbols.

    Raises:
        Undecided: the value is not rational, not defined, or larger than `MAX_BITS` bits.
    """
    if isinstance(node, Number):
        return node.value
    if not isinstance(node, Call):
        raise Undecided("not a rational number")
    operation = _EXACT.get(node.name)
    if operation is None:
        raise Undecided(f"{node.name} is not rational")
    result = operation(*[exact(arg) for arg in node.args])
    if result.numerator.bit_length() + result.denominator.bit_length() > MAX_BITS:
        raise Undecided("too large")
    return result


def numeric(node: Node, values: Mapping[str, Any]) -> Any:
    """The value of a tree as an mpmath number of `DIGITS` digits; `values` gives each symbol's.

    Raises:
        Undecided: a symbol has no value, the tree is not a number, or the value leaves the caps.
    """
    if isinstance(node, Number):
        return mpmath.mpf(node.value.numerator) / node.value.denominator
    if isinstance(node, Symbol):
        return _CONSTANTS[node.name]() if node.name in _CONSTANTS else _value_of(node.name, values)
    if not isinstance(node, Call) or node.name not in _NUMERIC:
        raise Undecided("not a number")
    args = [numeric(arg, values) for arg in node.args]
    try:
        result = _NUMERIC[node.name](*args)
    except (ValueError, ZeroDivisionError, OverflowError, TypeError, mpmath.libmp.NoConvergence) as exc:
        raise Undecided("not defined here") from exc
    if not mpmath.isfinite(result) or _log2(result) > MAX_LOG2:
        raise Undecided("too large")
    return result


def residue(node: Node, prime: int) -> int:
    """The value of a tree of whole numbers modulo a prime, however high its powers tower.

    Raises:
        Undecided: the tree is not built from whole numbers by + - * / and ^, or divides by a multiple of the prime.
    """
    return _residue(node, prime)


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
        Undecided: there are more than `MAX_NODES`.
    """
    found: list[Node] = [node]
    for part in found:
        found.extend(_children(part))
        if len(found) > MAX_NODES:
            raise Undecided("too many parts")
    return found


def choices_of_sign(node: Node) -> list[Node]:
    """A tree with ± as the trees with + and with -; any other tree alone."""
    if not any(isinstance(part, Call) and part.name in ("\\pm", "\\mp") for part in walk(node)):
        return [node]
    return [_with_sign(node, plus=True), _with_sign(node, plus=False)]


def _with_sign(node: Node, *, plus: bool) -> Node:
    if not isinstance(node, Call):
        return node
    args = tuple(_with_sign(arg, plus=plus) for arg in node.args)
    if node.name not in ("\\pm", "\\mp"):
        return Call(node.name, args)
    positive = plus == (node.name == "\\pm")
    return Call("+", args if positive else (args[0], Call("neg", (args[1],))))


def _children(node: Node) -> tuple[Node, ...]:
    match node:
        case Call():
            return node.args
        case Group():
            return node.items
        case Relation():
            return node.sides
        case Number() | Symbol() | Words():
            return ()


def _value_of(name: str, values: Mapping[str, Any]) -> Any:
    if name not in values:
        raise Undecided(f"{name} has no value")
    return values[name]


# exact operations


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        return _rational_root(base**exponent.numerator, exponent.denominator) if abs(exponent) < 50 else _refuse()
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if abs(exponent) * bits > MAX_BITS and abs(base) != 1 and base != 0:
        raise Undecided("too large")
    if base == 0 and exponent <= 0:
        raise Undecided("zero to the power of zero or less")
    return base if base == 0 else Fraction(int(base)) ** int(exponent % 2) if abs(base) == 1 else base ** int(exponent)


def _refuse(*_: Fraction) -> Fraction:
    raise Undecided("not rational")


def _rational_root(value: Fraction, index: Fraction | int = 2) -> Fraction:
    if Fraction(index).denominator != 1 or not 2 <= index <= 64 or value < 0:
        raise Undecided("not rational")
    above, below = _whole_root(value.numerator, int(index)), _whole_root(value.denominator, int(index))
    return Fraction(above, below)


def _whole_root(value: int, index: int) -> int:
    root = math.isqrt(value) if index == 2 else int(mpmath.nint(mpmath.root(mpmath.mpf(value), index)))
    if root**index != value:
        raise Undecided("not rational")
    return root


def _divide(above: Fraction, below: Fraction) -> Fraction:
    if below == 0:
        raise Undecided("division by zero")
    return above / below


def _factorial(value: Fraction) -> Fraction:
    if value.denominator != 1 or not 0 <= value <= MAX_FACTORIAL:
        raise Undecided("no small factorial")
    return Fraction(math.factorial(int(value)))


def _binomial(above: Fraction, below: Fraction) -> Fraction:
    if (
        above.denominator != 1
        or below.denominator != 1
        or not (0 <= above <= MAX_FACTORIAL * 10 and 0 <= below <= MAX_FACTORIAL)
    ):
        raise Undecided("no small binomial")
    return Fraction(math.comb(int(above), int(below)))


_EXACT: dict[str, Callable[..., Fraction]] = {
    "+": lambda a, b: a + b,
    "*": lambda a, b: a * b,
    "/": _divide,
    "mod": lambda a, b: a - b * math.floor(_divide(a, b)),
    "neg": lambda a: -a,
    "^": _power,
    "abs": abs,
    "sqrt": _rational_root,
    "root": _rational_root,
    "floor": lambda a: Fraction(math.floor(a)),
    "ceil": lambda a: Fraction(math.ceil(a)),
    "factorial": _factorial,
    "binomial": _binomial,
}


# numeric operations


def _log2(value: Any) -> float:
    return float(abs(mpmath.mag(value))) if value != 0 else 0.0


def _numeric_power(base: Any, exponent: Any) -> Any:
    if _log2(exponent) > 60 or (base != 0 and _log2(base) * abs(exponent) > MAX_LOG2):
        raise Undecided("too large")
    if isinstance(exponent, mpmath.mpf) and exponent == int(exponent):
        return base ** int(exponent)
    return mpmath.power(base, exponent)


def _small(function: Callable[..., Any], bits: int) -> Callable[..., Any]:
    """The function, for arguments below 2 ** bits."""

    def limited(*args: Any) -> Any:
        if any(arg != 0 and mpmath.mag(arg) > bits for arg in args):
            raise Undecided("too large")
        return function(*args)

    return limited


def _real_root(value: Any, index: Any) -> Any:
    if isinstance(value, mpmath.mpf) and value < 0 and int(index) % 2:
        return -mpmath.root(-value, int(index))
    return mpmath.root(value, int(index))


def _log_to_base(value: Any, base: Any) -> Any:
    return mpmath.log(value) / mpmath.log(base)


_CONSTANTS: dict[str, Callable[[], Any]] = {
    "pi": lambda: +mpmath.pi,
    "e": lambda: +mpmath.e,
    "i": lambda: mpmath.mpc(0, 1),
    "oo": lambda: _undefined("infinite"),
    "nan": lambda: _undefined("not a number"),
}


def _undefined(why: str) -> Any:
    raise Undecided(why)


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
    "log": _log_to_base,
    "log10": mpmath.log10,
    "factorial": _small(mpmath.factorial, 40),
    "gamma": _small(mpmath.gamma, 40),
    "binomial": _small(mpmath.binomial, 40),
    **{name: _small(getattr(mpmath, name), 200) for name in _PERIODIC},
    **{name: _small(getattr(mpmath, name), 40) for name in _OTHERS},
}


# towers of powers


def _residue(node: Node, modulus: int) -> int:
    if isinstance(node, Number) and node.value.denominator == 1:
        return int(node.value) % modulus
    if not isinstance(node, Call) or node.name not in ("+", "*", "neg", "^"):
        raise Undecided("not built from whole numbers")
    if node.name == "^":
        return _residue_of_power(node.args[0], node.args[1], modulus)
    args = [_residue(arg, modulus) for arg in node.args]
    return {"+": sum(args), "*": math.prod(args), "neg": -args[0]}[node.name] % modulus


def _residue_of_power(base: Node, exponent: Node, modulus: int) -> int:
    """By Euler's theorem: a^e = a^(e mod phi + phi) modulo m for every e of at least log2(m)."""
    if modulus == 1:
        return 0
    small = _small_whole(exponent)
    if small is not None:
        return pow(_residue(base, modulus), small, modulus)
    totient = _totient(modulus)
    return pow(_residue(base, modulus), _residue(exponent, totient) + totient, modulus)


def _small_whole(node: Node) -> int | None:
    """The exponent itself if it can be written out, None if it is too large for that.

    Raises:
        Undecided: it is negative, not whole, or its size cannot be told.
    """
    try:
        value = exact(node)
    except Undecided:
        if not _is_huge(node):
            raise
        return None
    if value < 0 or value.denominator != 1:
        raise Undecided("not a whole exponent")
    return int(value)


def _is_huge(node: Node) -> bool:
    """Certainly more than 2**64: a power of a whole number above 1, or a sum or product of such."""
    if not isinstance(node, Call):
        return False
    if node.name == "^":
        return isinstance(node.args[0], Number) and node.args[0].value >= 2 and _exceeds(node.args[1], 64)
    rest = node.name in ("+", "*") and all(
        _is_huge(arg) or (isinstance(arg, Number) and arg.value >= 1) for arg in node.args
    )
    return rest and any(_is_huge(arg) for arg in node.args)


def _exceeds(node: Node, bound: int) -> bool:
    try:
        return exact(node) >= bound
    except Undecided:
        return _is_huge(node)


def _totient(number: int) -> int:
    result, rest, factor = number, number, 2
    while factor * factor <= rest:
        if rest % factor == 0:
            result -= result // factor
            while rest % factor == 0:
                rest //= factor
        factor += 1
    return result - result // rest if rest > 1 else result
