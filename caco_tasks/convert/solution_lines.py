"""The steps of a calculation as lines of arithmetic, for sources that have equations but no solutions."""

from collections.abc import Iterator
from fractions import Fraction

from caco_tasks.convert.expression import Call, Node, Op, Values, value
from caco_tasks.convert.rendering import shown_number
from caco_tasks.exact import NoValueError

_CHAINED = ("+", "*")


def write_steps(tree: Node, values: Values) -> Iterator[str]:
    """One line for each operation of a tree, the inner ones first: `12 - 8 = 4`, `4 * 6 = 24`; `2 + 3 + 4 = 9` is one.

    Raises:
        NoValueError: it holds a function, or a value that is no decimal number.
    """
    if isinstance(tree, Call):
        raise NoValueError("a function has no line of its own")
    if isinstance(tree, Op):
        parts = _operands(tree, tree.symbol)
        for part in parts:
            yield from write_steps(part, values)
        written = f" {tree.symbol} ".join(_shown(value(part, values)) for part in parts)
        yield f"{written} = {_shown(value(tree, values))}"


def _operands(tree: Node, symbol: str) -> list[Node]:
    if isinstance(tree, Op) and tree.symbol == symbol:
        right = _operands(tree.right, symbol) if symbol in _CHAINED else [tree.right]
        left = _operands(tree.left, symbol) if symbol in _CHAINED else [tree.left]
        return left + right
    return [tree]


def _shown(amount: Fraction) -> str:
    text = shown_number(amount)
    if "Fraction" in text or amount < 0:
        raise NoValueError(f"{text} is no decimal number")
    return text
