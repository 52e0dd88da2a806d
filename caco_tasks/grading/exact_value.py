"""The value of a tree: exactly as a fraction, or to many digits with mpmath; never by executing text.

Every operation has a cap on the size of its result, so that no tree takes long.
"""

import math
import zlib
from collections.abc import Callable, Mapping
from enum import Enum
from fractions import Fraction
from typing import Any

import mpmath

from caco_tasks.exact import Calculator, Limits, NoValueError, small_whole
from caco_tasks.grading.syntax_tree import Group, Node, Number, Operation, Relation, Symbol

LIMITS = Limits(max_bits=40_000, max_factorial=3000, max_root=64)
CALCULATOR = Calculator(LIMITS)
MAX_LOG2 = 10**12  # of the magnitude of a numeric result
DIGITS = 60  # that numeric evaluation works with
SALT = ""  # the name under which the values of symbols hold the number of a point, for functions of no known rule
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


class Reading(Enum):
    """How what has more than one meaning is read."""

    PRINCIPAL = "principal"  # (-8)^(1/3) is complex, log is natural
    REAL_ROOTS = "real roots"  # (-8)^(1/3) is -2
    BASE_TEN = "base ten"  # log is of base ten


def readings_of(*nodes: Node) -> list[Reading]:
    """The readings that may give some of the trees different values, the usual one first."""
    found = [Reading.PRINCIPAL]
    parts = [part for node in nodes for part in walk(node) if isinstance(part, Operation)]
    if any(part.name == "^" and _is_odd_root(part.args[1]) for part in parts):
        found.append(Reading.REAL_ROOTS)
    if any(part.name == "log?" for part in parts):
        found.append(Reading.BASE_TEN)
    return found


def numeric(node: Node, values: Mapping[str, Any], reading: Reading = Reading.PRINCIPAL) -> Any:
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
    if not isinstance(node, Operation):
        raise NoValueError("not a number")
    args = [numeric(arg, values, reading) for arg in node.args]
    try:
        result = _operation(node, reading, values.get(SALT, 0))(*args)
    except (ValueError, ZeroDivisionError, OverflowError, TypeError, mpmath.libmp.NoConvergence) as exc:
        raise NoValueError("not defined here") from exc
    if not mpmath.isfinite(result) or _log2(result) > MAX_LOG2:
        raise NoValueError("too large")
    return result


def _operation(node: Operation, reading: Reading, salt: int) -> Callable[..., Any]:
    if node.name.startswith("call "):
        return lambda *args: _unknown_function(f"{node.name} {salt}", args)
    if node.name == "log?" and reading is Reading.BASE_TEN:
        return _NUMERIC["log10"]
    if node.name == "^" and reading is Reading.REAL_ROOTS and _is_odd_root(node.args[1]):
        exponent = exact(node.args[1])
        return lambda base, _: _real_power(base, exponent)
    if node.name not in _NUMERIC:
        raise NoValueError("not a number")
    return _NUMERIC[node.name]


def _is_odd_root(exponent: Node) -> bool:
    try:
        value = exact(exponent)
    except NoValueError:
        return False
    return 1 < value.denominator < 100 and value.denominator % 2 == 1


def _real_power(base: Any, exponent: Fraction) -> Any:
    if not isinstance(base, mpmath.mpf) or base >= 0:
        return _numeric_power(base, mpmath.mpf(exponent.numerator) / exponent.denominator)
    size = _numeric_power(-base, mpmath.mpf(exponent.numerator) / exponent.denominator)
    return -size if exponent.numerator % 2 else size


def _unknown_function(name: str, args: tuple[Any, ...]) -> Any:
    """A value for a function of no known rule: the same for the same arguments, and for others another one."""
    shown = ",".join(mpmath.nstr(mpmath.mpmathify(arg), 30) for arg in args)
    return mpmath.mpf(zlib.crc32(f"{name}({shown})".encode()) % 1_000_003 + 7) / 999_983


def symbols(node: Node) -> frozenset[str]:
    """The names of the variables and unknown functions of a tree, constants such as pi and i left out."""
    found: set[str] = set()
    for part in walk(node):
        is_variable = isinstance(part, Symbol) and part.name not in _CONSTANTS
        if isinstance(part, Symbol | Operation) and (is_variable or part.name.startswith("call ")):
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


# exact operations


def _whole(value: Fraction) -> int:
    if value.denominator != 1:
        raise NoValueError("not a whole number")
    return int(value)


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
    "gcd": lambda *args: Fraction(math.gcd(*map(_whole, args))),
    "lcm": lambda *args: Fraction(math.lcm(*map(_whole, args))),
    "max": lambda *args: max(args),
    "min": lambda *args: min(args),
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
_OTHERS = (
    "sinh", "cosh", "tanh", "coth", "sech", "csch", "asin", "acos", "atan", "acot", "asec", "acsc", "asinh", "acosh",
    "atanh", "acoth", "asech", "acsch", "exp",
)  # fmt: skip
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
    "log?": mpmath.log,
    "cis": lambda a: _small(mpmath.cos, 200)(a) + mpmath.mpc(0, 1) * mpmath.sin(a),
    "max": lambda *args: max(args),
    "min": lambda *args: min(args),
    "sign": mpmath.sign,
    "log": lambda a, base: mpmath.log(a) / mpmath.log(base),
    "log10": mpmath.log10,
    "factorial": _small(mpmath.factorial, 40),
    "gamma": _small(mpmath.gamma, 40),
    "binomial": _small(mpmath.binomial, 40),
    **{name: _small(getattr(mpmath, name), 200) for name in _PERIODIC},
    **{name: _small(getattr(mpmath, name), 40) for name in _OTHERS},
}
