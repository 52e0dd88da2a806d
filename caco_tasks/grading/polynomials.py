"""Equations of one variable whose sides are quotients of polynomials: the same equation, and its solutions."""

from fractions import Fraction

import mpmath

from caco_tasks.exact import NoValueError
from caco_tasks.grading.exact_value import exact, symbols
from caco_tasks.grading.syntax_tree import Node, Operation, Relation, Symbol

MAX_DEGREE = 12
Polynomial = tuple[Fraction, ...]  # its coefficients, the constant first; no zero at the end

_ONE: Polynomial = (Fraction(1),)


def same_equation(gold: Relation, pred: Relation) -> bool | None:
    """Whether two equations of the same variable have the same solutions, complex ones counted; None: not understood."""
    try:
        roots = [_solved_by(relation) for relation in (gold, pred)]
    except NoValueError:
        return None
    return roots[0] == roots[1] and len(roots[0]) > 1


def solutions(equation: Relation) -> list[complex] | None:
    """The real solutions of an equation of one variable, each once, ascending, as mpmath numbers; None: not understood."""
    try:
        polynomial = _solved_by(equation)
        if len(polynomial) < 2:
            return None
        scale = [mpmath.mpf(part.numerator) / part.denominator for part in reversed(polynomial)]
        roots = mpmath.polyroots(scale, maxsteps=200, extraprec=200)
    except (NoValueError, mpmath.libmp.NoConvergence, ZeroDivisionError):
        return None
    return sorted(mpmath.re(root) for root in roots if abs(mpmath.im(root)) < mpmath.mpf(10) ** -25)


def _solved_by(relation: Relation) -> Polynomial:
    """The polynomial without repeated roots whose roots are the solutions, its first coefficient 1."""
    names = symbols(relation)
    if len(names) != 1 or relation.ops != ("=",):
        raise NoValueError("not one equation of one variable")
    (name,) = names
    left, right = (_quotient(side, name) for side in relation.sides)
    above = _sum(_product(left[0], right[1]), _product((Fraction(-1),), _product(right[0], left[1])))
    below = _product(left[1], right[1])
    simple = _divided(above, _common_factor(above, _derivative(above)))
    # Where a denominator is zero there is no solution.
    return _monic(_divided(simple, _common_factor(simple, below)))


def _quotient(node: Node, name: str) -> tuple[Polynomial, Polynomial]:
    if not symbols(node):
        return _trimmed((exact(node),)), _ONE
    if isinstance(node, Symbol):
        return (Fraction(0), Fraction(1)), _ONE
    if not isinstance(node, Operation):
        raise NoValueError("not a quotient of polynomials")
    if node.name == "^":
        return _power(_quotient(node.args[0], name), exact(node.args[1]))
    parts = [_quotient(arg, name) for arg in node.args]
    first, second = parts[0], parts[-1]
    match node.name:
        case "neg":
            return _product((Fraction(-1),), first[0]), first[1]
        case "+":
            return _sum(_product(first[0], second[1]), _product(second[0], first[1])), _product(first[1], second[1])
        case "*":
            return _product(first[0], second[0]), _product(first[1], second[1])
        case "/":
            return _product(first[0], second[1]), _product(first[1], second[0])
    raise NoValueError("not a quotient of polynomials")


def _power(base: tuple[Polynomial, Polynomial], exponent: Fraction) -> tuple[Polynomial, Polynomial]:
    if exponent.denominator != 1 or abs(exponent) > MAX_DEGREE:
        raise NoValueError("not a quotient of polynomials")
    above, below = base if exponent >= 0 else base[::-1]
    result = _ONE, _ONE
    for _ in range(abs(int(exponent))):
        result = _product(result[0], above), _product(result[1], below)
    return result


def _trimmed(parts: tuple[Fraction, ...]) -> Polynomial:
    end = len(parts)
    while end and parts[end - 1] == 0:
        end -= 1
    if end > MAX_DEGREE + 1:
        raise NoValueError("too high a degree")
    return parts[:end]


def _sum(first: Polynomial, second: Polynomial) -> Polynomial:
    size = max(len(first), len(second))
    padded = [part + (Fraction(0),) * (size - len(part)) for part in (first, second)]
    return _trimmed(tuple(one + other for one, other in zip(*padded, strict=True)))


def _product(first: Polynomial, second: Polynomial) -> Polynomial:
    if not first or not second:
        return ()
    parts = [Fraction(0)] * (len(first) + len(second) - 1)
    for place, one in enumerate(first):
        for other_place, other in enumerate(second):
            parts[place + other_place] += one * other
    return _trimmed(tuple(parts))


def _derivative(polynomial: Polynomial) -> Polynomial:
    return _trimmed(tuple(place * part for place, part in enumerate(polynomial) if place))


def _monic(polynomial: Polynomial) -> Polynomial:
    return tuple(part / polynomial[-1] for part in polynomial)


def _divided(polynomial: Polynomial, divisor: Polynomial) -> Polynomial:
    return _division(polynomial, divisor)[0]


def _division(polynomial: Polynomial, divisor: Polynomial) -> tuple[Polynomial, Polynomial]:
    """Quotient and remainder."""
    if not divisor:
        raise NoValueError("division by zero")
    rest = list(polynomial)
    quotient = [Fraction(0)] * max(0, len(polynomial) - len(divisor) + 1)
    for place in range(len(quotient) - 1, -1, -1):
        factor = quotient[place] = rest[place + len(divisor) - 1] / divisor[-1]
        for other, part in enumerate(divisor):
            rest[place + other] -= factor * part
    return _trimmed(tuple(quotient)), _trimmed(tuple(rest))


def _common_factor(first: Polynomial, second: Polynomial) -> Polynomial:
    """By Euclid's algorithm."""
    while second:
        first, second = second, _division(first, second)[1]
    if not first:
        raise NoValueError("nothing to solve")
    return first
