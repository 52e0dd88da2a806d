"""Arithmetic as trees: a parser for the short expressions that sources annotate their solutions with, and exact values.

The parser is written here, on text of capped length and depth, so that nothing a source holds is evaluated as Python;
values are exact rationals with a cap on their size, so that no expression can run for long.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from caco_tasks.exact import Calculator, Limits, NoValueError, small_whole
from caco_tasks.numbers_in_text import without_separators

MAX_CHARS = 400  # of one expression
MAX_DEPTH = 40
MAX_DIGITS = 24  # of one literal
MAX_DIVISIBLE = 10**30  # of which a common divisor or multiple is computed
LIMITS = Limits(max_bits=20_000, max_factorial=500, max_root=8)
CALCULATOR = Calculator(LIMITS)

# Brackets of any kind group; a word is an unknown, or the x of a product.
_TOKEN = re.compile(r"\s*(?:(\d[\d,]*\.?\d*|\.\d+)|(\*\*|//|[-+*/^()%=])|([A-Za-z_]\w*))")
_SIGNS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "[": "(", "]": ")", "{": "(", "}": ")"})


@dataclass(frozen=True, slots=True)
class Literal:
    """A number as an expression writes it, not yet known to be anything."""

    value: Fraction
    text: str
    place: int = -1  # number of the literal within its program
    is_percent: bool = False  # written with a percent sign


@dataclass(frozen=True, slots=True)
class Plain:
    """A number that the program writes as it is, such as the 100 of a percentage."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Fixed:
    """A constant with a name: days in a week, the 2 of "twice"."""

    name: str
    value: Fraction


@dataclass(frozen=True, slots=True)
class QuestionPart:
    """A number of the question: a whole one, or the numerator or denominator of a fraction."""

    mention: int  # position among the question's mentions
    field: str  # "whole", "numerator" or "denominator"


@dataclass(frozen=True, slots=True)
class Step:
    """The result of an earlier statement."""

    index: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """An unknown of an equation."""

    name: str


@dataclass(frozen=True, slots=True)
class Op:
    """A binary operation: one of + - * / // % **."""

    symbol: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Call:
    """A named function of FUNCTIONS applied to its arguments."""

    function: str
    args: tuple["Node", ...]


Leaf = Literal | Plain | Fixed | QuestionPart | Step | Unknown
Node = Leaf | Op | Call
Values = Mapping[QuestionPart | Step | Unknown, Fraction]


def parse(text: str, *, unknowns: bool = False) -> Node:
    """The tree of the expression `text`; letters are unknowns when allowed, except a lone x between numbers.

    Raises:
        NoValueError: too long, too deep, or not arithmetic.
    """
    if len(text) > MAX_CHARS:
        raise NoValueError("the expression is too long")
    parser = _ExpressionParser(_split_tokens(text.translate(_SIGNS), unknowns), unknowns)
    tree = parser.sum(0)
    if parser.peek():
        raise NoValueError(f"'{parser.peek()}' does not belong in an expression")
    return tree


def number(text: str) -> Fraction:
    """The exact value of a literal such as `1,250`, `.5` or `12.`.

    Raises:
        NoValueError: more digits than MAX_DIGITS, or not a number.
    """
    bare = without_separators(text).rstrip(".")
    if len(bare) > MAX_DIGITS:
        raise NoValueError("a number has too many digits")
    try:
        return Fraction(bare)
    except (ValueError, ZeroDivisionError) as exc:
        raise NoValueError(f"'{text}' is not a number") from exc


def value(tree: Node, values: Values) -> Fraction:
    """The exact value of a tree, given those of its parts, steps and unknowns.

    Raises:
        NoValueError: a division by zero, a number beyond LIMITS, or a function without an exact value here.
    """
    match tree:
        case Literal() | Plain() | Fixed():
            return tree.value
        case QuestionPart() | Step() | Unknown():
            return values[tree]
        case Op():
            return OPERATIONS[tree.symbol](value(tree.left, values), value(tree.right, values))
        case Call():
            return CALCULATOR.bounded(FUNCTIONS[tree.function](*[value(arg, values) for arg in tree.args]))


def leaves(tree: Node) -> Iterator[Leaf]:
    """The leaves of a tree, from left to right."""
    match tree:
        case Op():
            yield from leaves(tree.left)
            yield from leaves(tree.right)
        case Call():
            for arg in tree.args:
                yield from leaves(arg)
        case _:
            yield tree


def literals(tree: Node) -> list[Literal]:
    """The literals of a tree, from left to right."""
    return [leaf for leaf in leaves(tree) if isinstance(leaf, Literal)]


def substitute(tree: Node, swap: Callable[[Leaf], Node]) -> Node:
    """The tree with every leaf replaced by `swap(leaf)`."""
    match tree:
        case Op():
            return Op(tree.symbol, substitute(tree.left, swap), substitute(tree.right, swap))
        case Call():
            return Call(tree.function, tuple(substitute(arg, swap) for arg in tree.args))
        case _:
            return swap(tree)


def placed(tree: Node, first: int) -> Node:
    """The tree with its literals numbered from `first`, from left to right."""
    places = iter(range(first, first + len(literals(tree))))
    return substitute(tree, lambda leaf: replace(leaf, place=next(places)) if isinstance(leaf, Literal) else leaf)


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator == 1:
        return CALCULATOR.whole_power(base, exponent)
    return CALCULATOR.whole_power(_root(base, exponent.denominator), Fraction(exponent.numerator))


def _root(base: Fraction, degree: int = 2) -> Fraction:
    """The exact root if there is one, else the nearest float, as the program's `math.sqrt` gives it."""
    if base < 0 or degree > LIMITS.max_root:
        raise NoValueError("a root is not real")
    try:
        return CALCULATOR.root(base, degree)
    except NoValueError:
        return Fraction(float(base) ** (1 / degree))


def _take_whole(function: Callable[..., int]) -> Callable[..., Fraction]:
    return lambda *args: Fraction(function(*[small_whole(arg, MAX_DIVISIBLE) for arg in args]))


OPERATIONS: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": CALCULATOR.add,
    "-": CALCULATOR.subtract,
    "*": CALCULATOR.multiply,
    "/": CALCULATOR.divide,
    "//": CALCULATOR.divide_whole,
    "%": CALCULATOR.modulo,
    "**": _power,
}
FUNCTIONS: dict[str, Callable[..., Fraction]] = {
    "neg": lambda amount: -amount,
    "abs": abs,
    "max": max,
    "min": min,
    "floor": lambda amount: Fraction(math.floor(amount)),
    "ceil": lambda amount: Fraction(math.ceil(amount)),
    "round": lambda amount: Fraction(math.floor(amount + Fraction(1, 2))),
    "pi": lambda: Fraction(math.pi),
    "sqrt": _root,
    "gcd": _take_whole(math.gcd),
    "lcm": _take_whole(math.lcm),
    "factorial": CALCULATOR.factorial,
    "comb": CALCULATOR.binomial,
    "perm": CALCULATOR.permutations,
}


def _split_tokens(text: str, unknowns: bool) -> list[str]:
    found: list[str] = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise NoValueError(f"'{text[position]}' does not belong in an expression")
        word = match[3]
        if word and not unknowns:
            if word not in ("x", "X"):
                raise NoValueError(f"'{word}' does not belong in an expression")
            found.append("*")
        else:
            found.append(match[0].strip())
        position = match.end()
    return found


class _ExpressionParser:
    """Recursive descent over tokens; `depth` counts open brackets and signs."""

    def __init__(self, tokens: list[str], unknowns: bool) -> None:
        self.tokens = tokens
        self.unknowns = unknowns
        self.position = 0

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self) -> str:
        self.position += 1
        return self.tokens[self.position - 1]

    def sum(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise NoValueError("the expression is too deep")
        tree = self.product(depth)
        while self.peek() in ("+", "-"):
            tree = Op(self.take(), tree, self.product(depth))
        return tree

    def product(self, depth: int) -> Node:
        tree = self.signed(depth)
        while True:
            if self.peek() in ("*", "/", "//"):
                tree = Op(self.take(), tree, self.signed(depth))
            elif self.peek() == "(" or self.starts_operand(self.peek()):  # 4(2), 2 x
                tree = Op("*", tree, self.signed(depth))
            else:
                return tree

    def signed(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise NoValueError("the expression is too deep")
        if self.peek() == "-":
            self.take()
            return Call("neg", (self.signed(depth + 1),))
        if self.peek() == "+":
            self.take()
        tree = self.operand(depth)
        if self.peek() in ("^", "**"):
            self.take()
            return Op("**", tree, self.signed(depth + 1))
        return tree

    def operand(self, depth: int) -> Node:
        token = self.take() if self.peek() else ""
        if token == "(":
            tree = self.sum(depth + 1)
            if not self.peek() or self.take() != ")":
                raise NoValueError("a bracket is not closed")
        elif token and (token[0].isdigit() or token[0] == "."):
            return self.read_literal(token)
        elif token and token[0].isalpha():
            return Unknown(token)
        else:
            raise NoValueError(f"a number is missing before '{token}'")
        return tree

    def read_literal(self, token: str) -> Literal:
        is_percent = self.peek() == "%"
        if is_percent:
            self.take()
        amount = number(token)
        return Literal(amount / 100 if is_percent else amount, token, is_percent=is_percent)

    def starts_operand(self, token: str) -> bool:
        return self.unknowns and bool(token) and (token[0].isalpha() or token[0].isdigit())
