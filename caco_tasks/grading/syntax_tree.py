"""The shape of an answer: numbers, symbols, calls, groups, relations and words."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Number:
    """A literal: its exact value and, when it was written with a point or an exponent, how precisely."""

    value: Fraction
    decimals: int | None = None  # digits after the point, less the exponent; None for a literal without a point
    digits: int = 0  # significant digits shown


@dataclass(frozen=True, slots=True)
class Symbol:
    """A variable, with its subscript."""

    name: str


@dataclass(frozen=True, slots=True)
class Words:
    """Something that is not mathematics: a name, yes or no, a quoted string; folded to lower case."""

    text: str


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator or a function, such as `+`, `*`, `^`, `sqrt`, `sin`."""

    name: str
    args: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Group:
    """Several values, by `kind`.

    `bare` 1, 2; `paren` (1, 2); `square` [1, 2]; `set` {1, 2}; `(]` and `[)`; `matrix`; `ratio` 1:2; `union`.
    """

    kind: str
    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Relation:
    """A chain of comparisons: `ops[i]` stands between `sides[i]` and `sides[i + 1]`."""

    ops: tuple[str, ...]
    sides: "tuple[Node, ...]"


Node = Number | Symbol | Words | Operation | Group | Relation


def product_of(factors: Sequence[Node]) -> Node:
    """The product of one factor or more."""
    return functools.reduce(lambda left, right: Operation("*", (left, right)), factors)
