"""The value of plain arithmetic, read by Python's own parser: a second opinion beside the checker that is measured."""

import ast
import operator
from collections.abc import Callable
from fractions import Fraction

_OPERATIONS: dict[type, Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def is_true(left: str, right: str) -> bool:
    """Whether plain arithmetic has the value of a number."""
    return value_of(left) == Fraction(right)


def value_of(text: str) -> Fraction | None:
    """The value of plain arithmetic; None where it is none."""
    try:
        return _computed(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, ZeroDivisionError):
        return None


def _computed(node: ast.expr) -> Fraction:
    match node:
        case ast.Constant(value=int() | float()):
            return Fraction(str(node.value))
        case ast.UnaryOp(op=ast.USub()):
            return -_computed(node.operand)
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()):
            return _OPERATIONS[type(node.op)](_computed(node.left), _computed(node.right))
    raise ValueError("no plain arithmetic")
