"""Sets of real numbers: intervals, unions, inequalities of one variable, points, brought to one form and compared.

real_set(parse("x < 1 or x >= 2"))       # (-oo, 1) and [2, oo)
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath

from caco_tasks.exact import NoValueError
from caco_tasks.grading.exact_value import numeric, symbols
from caco_tasks.grading.relations import degree
from caco_tasks.grading.substitution import substituted
from caco_tasks.grading.syntax_tree import Group, Node, Number, Operation, Relation, Symbol
from caco_tasks.grading.three_valued import all_true

MAX_PIECES = 60
INFINITY = Symbol("oo")
MINUS_INFINITY = Operation("neg", (INFINITY,))
_BRACKETS = {"paren": (False, False), "square": (True, True), "(]": (False, True), "[)": (True, False)}
_SETS = {"union", "intersection", "difference", "(]", "[)"}
_CHAINED = {"<", "<=", ">", ">="}


@dataclass(frozen=True, slots=True)
class End:
    """One end of a piece: its tree, its value, and whether it belongs to the piece."""

    node: Node
    value: Any  # mpmath
    is_closed: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """An interval from `low` to `high`; a point where both are one."""

    low: End
    high: End


RealSet = tuple[Piece, ...]  # in ascending order, none touching the next
EVERYTHING: RealSet = (
    Piece(End(MINUS_INFINITY, mpmath.mpf("-inf"), is_closed=False), End(INFINITY, mpmath.mpf("inf"), is_closed=False)),
)


def speaks_of_sets(node: Node) -> bool:
    """Whether a tree can only be meant as a set of numbers: an inequality, a union, an interval that is half open or infinite."""
    if isinstance(node, Relation):
        return bool(set(node.ops) & (_CHAINED | {"!="}))
    if not isinstance(node, Group):
        return False
    is_infinite = len(node.items) == 2 and (INFINITY in node.items or MINUS_INFINITY in node.items)
    return node.kind in _SETS or is_infinite or any(map(speaks_of_sets, node.items))


def same_set(gold: Node, pred: Node, same_number: Callable[[Node, Node], bool | None]) -> bool | None:
    """Whether two trees are the same set of real numbers; None where one is none, or their variables differ."""
    names = symbols(gold), symbols(pred)
    if len(names[0] | names[1]) > 1:
        return None
    try:
        first, second = real_set(gold), real_set(pred)
    except NoValueError:
        return None
    if first is None or second is None:
        return None
    if len(first) != len(second):
        return False
    ends = [[end for piece in pieces for end in (piece.low, piece.high)] for pieces in (first, second)]
    return all_true(
        one.is_closed == other.is_closed and same_number(one.node, other.node) for one, other in zip(*ends, strict=True)
    )


def real_set(node: Node) -> RealSet | None:
    """The set of real numbers that a tree describes; None where it describes none that this module understands.

    Raises:
        NoValueError: a number in it has no value.
    """
    if isinstance(node, Relation):
        return _solved(node)
    if not isinstance(node, Group):
        return None
    if node.kind in _BRACKETS and len(node.items) == 2:
        return _interval(node)
    if node.kind in ("set", "bare") and not any(isinstance(item, Relation) for item in node.items):
        return None if symbols(node) else _joined([Piece(end, end) for end in map(_closed_end, node.items)])
    parts = [real_set(item) for item in node.items] if node.kind in _SETS | {"bare"} else []
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or not parts:
        return None
    if node.kind == "union":
        return _joined([piece for part in known for piece in part])
    result = known[0]
    for part in known[1:]:
        result = _common(result, _rest(part) if node.kind == "difference" else part)
    # x < 5, x != 2 are both meant; x < 1, x > 3 one or the other
    return result or _joined([piece for part in known for piece in part]) if node.kind == "bare" else result


def _interval(group: Group) -> RealSet | None:
    if symbols(group):
        return None
    values = [_value(item) for item in group.items]
    is_closed = _BRACKETS[group.kind]
    low, high = (
        End(item, value, is_closed=closed and mpmath.isfinite(value))
        for item, value, closed in zip(group.items, values, is_closed, strict=True)
    )
    return (Piece(low, high),) if low.value < high.value else None


def _closed_end(node: Node) -> End:
    return End(node, _value(node), is_closed=True)


def _value(node: Node) -> Any:
    if node == INFINITY:
        return mpmath.mpf("inf")
    if node == MINUS_INFINITY:
        return mpmath.mpf("-inf")
    value = numeric(node, {})
    if mpmath.im(value) != 0:
        raise NoValueError("not real")
    return mpmath.re(value)


# inequalities


def _solved(relation: Relation) -> RealSet | None:
    """What solves a chain of inequalities that are linear in one variable, or of one absolute value."""
    names = symbols(relation)
    if len(names) != 1 or not set(relation.ops) <= _CHAINED | {"!=", "="}:
        return None
    (name,) = names
    result: RealSet | None = EVERYTHING
    for op, left, right in zip(relation.ops, relation.sides, relation.sides[1:], strict=False):
        solved = _solved_pair(op, left, right, name)
        result = None if solved is None or result is None else _common(result, solved)
    return result


_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!="}


def _solved_pair(op: str, left: Node, right: Node, name: str) -> RealSet | None:
    if isinstance(right, Operation) and right.name == "abs":
        op, left, right = _TURNED[op], right, left
    if isinstance(left, Operation) and left.name == "abs" and not symbols(right) and degree(left.args[0]) == 1:
        if _value(right) <= 0:
            return None
        inside, minus = left.args[0], Operation("neg", (right,))
        parts = [_solved_pair(op, inside, right, name), _solved_pair(_TURNED[op], inside, minus, name)]
        if parts[0] is None or parts[1] is None:
            return None
        is_inside = op in ("<", "<=", "!=")
        return _common(parts[0], parts[1]) if is_inside else _joined([*parts[0], *parts[1]])
    if isinstance(left, Symbol) and not symbols(right):
        return _half_line(op, right)
    difference = Operation("+", (left, Operation("neg", (right,))))
    if degree(left) not in (0, 1) or degree(right) not in (0, 1):
        return None
    at_zero, at_one = (substituted(difference, {name: Number(value)}) for value in (0, 1))  # type: ignore[arg-type]
    slope = Operation("+", (at_one, Operation("neg", (at_zero,))))
    steepness = _value(slope)
    if abs(steepness) < mpmath.mpf(10) ** -30:
        return None
    return _half_line(op if steepness > 0 else _TURNED[op], Operation("neg", (Operation("/", (at_zero, slope)),)))


def _half_line(op: str, bound: Node) -> RealSet:
    value = _value(bound)
    end = End(bound, value, is_closed=op in ("<=", ">=", "="))
    (everything,) = EVERYTHING
    below, above = Piece(everything.low, end), Piece(end, everything.high)
    return {
        "<": (below,),
        "<=": (below,),
        ">": (above,),
        ">=": (above,),
        "!=": (below, above),
        "=": (Piece(end, end),),
    }[op]


# operations


def _joined(pieces: list[Piece]) -> RealSet:
    """The union of pieces."""
    if len(pieces) > MAX_PIECES:
        raise NoValueError("too many pieces")
    result: list[Piece] = []
    for piece in sorted(pieces, key=lambda piece: (piece.low.value, not piece.low.is_closed)):
        if not result or not _touches(result[-1].high, piece.low):
            result.append(piece)
            continue
        last = result.pop()
        high = max(last.high, piece.high, key=lambda end: (end.value, end.is_closed))
        result.append(Piece(last.low, high))
    return tuple(result)


def _touches(high: End, low: End) -> bool:
    if _is_same(high.value, low.value):
        return high.is_closed or low.is_closed
    return bool(high.value > low.value)


def _is_same(first: Any, second: Any) -> bool:
    if not (mpmath.isfinite(first) and mpmath.isfinite(second)):
        return bool(first == second)
    return bool(abs(first - second) <= mpmath.mpf(10) ** -40 * max(abs(first), abs(second)))


def _rest(pieces: RealSet) -> RealSet:
    """All real numbers that are in none of the pieces."""
    (everything,) = EVERYTHING
    result: list[Piece] = []
    low = everything.low
    for piece in pieces:
        if mpmath.isfinite(piece.low.value):
            result.append(Piece(low, _other_side(piece.low)))
        low = _other_side(piece.high)
    if not pieces or mpmath.isfinite(low.value):
        result.append(Piece(low, everything.high))
    return tuple(piece for piece in result if not _is_empty(piece))


def _other_side(end: End) -> End:
    return End(end.node, end.value, is_closed=not end.is_closed)


def _common(first: RealSet, second: RealSet) -> RealSet:
    """The intersection."""
    if len(first) * len(second) > MAX_PIECES**2:
        raise NoValueError("too many pieces")
    pieces = [
        Piece(
            max(one.low, other.low, key=lambda end: (end.value, not end.is_closed)),
            min(one.high, other.high, key=lambda end: (end.value, end.is_closed)),
        )
        for one in first
        for other in second
    ]
    return _joined([piece for piece in pieces if not _is_empty(piece)])


def _is_empty(piece: Piece) -> bool:
    if _is_same(piece.low.value, piece.high.value):
        return not (piece.low.is_closed and piece.high.is_closed)
    return bool(piece.low.value > piece.high.value)
