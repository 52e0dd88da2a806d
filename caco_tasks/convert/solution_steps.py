"""A solution as the statements it makes: expressions, the results shown for them, the words around their numbers."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from caco_tasks.convert.expression import Call, Literal, Node, Op, literals

HUNDRED = Fraction(100)
HUNDREDTH = Fraction(1, 100)


@dataclass(frozen=True, slots=True)
class LiteralContext:
    """The words around a number in the solution, as stems."""

    unit: str | None = None
    near: frozenset[str] = frozenset()
    line: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One step of a solution."""

    tree: Node  # its literals numbered through the whole solution
    shown: Fraction  # the result that the solution goes on with
    label: str = ""  # the words before it
    unit: str = ""  # the words after its result
    contexts: Mapping[int, LiteralContext] = field(default_factory=dict)  # by place of literal
    text: str = ""  # the line
    shadows: frozenset[Fraction] = frozenset()  # results shown before it of equations that are no statements
    is_rounded: bool = (
        False  # the result shown is the value rounded to a whole number, by a rule that had to be guessed
    )
    span: tuple[int, int] | None = None  # character positions of its equation in the solution, where it is one piece


@dataclass(slots=True)
class Role:
    """What a literal does in its expression."""

    is_factor: bool = False
    is_divisor: bool = False
    factors: tuple[Fraction, ...] = ()  # the other literals multiplied in its product
    divisors: tuple[Fraction, ...] = ()  # the other literals that its product is divided by
    is_formula: bool = False  # the source gives a formula of the question's numbers, without words
    partner: Fraction | None = None  # the literal or product on the other side of its plus or minus

    @property
    def has_hundred(self) -> bool:
        """Whether its product is taken by the hundred, as a percentage is."""
        return (
            HUNDRED in self.divisors or HUNDRED in self.factors or HUNDREDTH in self.factors or self.partner == HUNDRED
        )


def roles(statement: Statement) -> dict[int, Role]:
    """The role of each literal of a statement, by place."""
    found: dict[int, Role] = {}
    _visit(statement.tree, found)
    for role in found.values():
        role.is_formula = not statement.text
    return found


def twins(tree: Node) -> list[list[int]]:
    """The places of literals of equal value that stand in one product or in one sum: `3 * 3`, not `3 * 5 + 3 * 7`."""
    groups: list[list[Node]] = []
    _terms(tree, groups)
    found: list[list[int]] = []
    for group in groups:
        by_value: dict[Fraction, list[int]] = defaultdict(list)
        for node in group:
            if isinstance(node, Literal):
                by_value[node.value].append(node.place)
        found += [places for places in by_value.values() if len(places) > 1]
    return found


def _terms(tree: Node, groups: list[list[Node]]) -> None:
    if isinstance(tree, Call):
        for arg in tree.args:
            _terms(arg, groups)
    elif isinstance(tree, Op):
        group: list[Node] = []
        _collect(tree, ("+", "-") if tree.symbol in ("+", "-") else ("*", "/"), group)
        groups.append(group)
        for node in group:
            _terms(node, groups)


def _collect(tree: Node, symbols: tuple[str, str], group: list[Node]) -> None:
    if isinstance(tree, Op) and tree.symbol in symbols:
        _collect(tree.left, symbols, group)
        _collect(tree.right, symbols, group)
    elif isinstance(tree, Op) and tree.symbol not in ("+", "-", "*", "/"):
        group += [tree.left, tree.right]
    else:
        group.append(tree)


def _visit(tree: Node, found: dict[int, Role]) -> None:
    if isinstance(tree, Literal):
        found.setdefault(tree.place, Role())
    elif isinstance(tree, Call):
        for arg in tree.args:
            _visit(arg, found)
    elif isinstance(tree, Op) and tree.symbol in ("*", "/"):
        _visit_product(tree, found)
    elif isinstance(tree, Op):
        for side, other in ((tree.left, tree.right), (tree.right, tree.left)):
            _visit(side, found)
            if isinstance(side, Literal):
                found[side.place].partner = _rough_value(other)


def _visit_product(tree: Op, found: dict[int, Role]) -> None:
    factors: list[Node] = []
    divisors: list[Node] = []
    _flatten(tree, factors, divisors)
    for group in (factors, divisors):
        for node in group:
            _visit(node, found)
    above = [node for node in factors if isinstance(node, Literal)]
    below = [node for node in divisors if isinstance(node, Literal)]
    for literal in above + below:
        role = found[literal.place]
        role.is_factor, role.is_divisor = literal in above, literal in below
        role.factors = tuple(other.value for other in above if other.place != literal.place)
        role.divisors = tuple(other.value for other in below if other.place != literal.place)


def _flatten(tree: Node, factors: list[Node], divisors: list[Node]) -> None:
    if isinstance(tree, Op) and tree.symbol == "*":
        _flatten(tree.left, factors, divisors)
        _flatten(tree.right, factors, divisors)
    elif isinstance(tree, Op) and tree.symbol == "/":
        _flatten(tree.left, factors, divisors)
        _flatten(tree.right, divisors, factors)
    else:
        factors.append(tree)


def _rough_value(tree: Node) -> Fraction | None:
    """The value of a literal, or of a quotient of two."""
    if isinstance(tree, Literal):
        return tree.value
    pair = literals(tree)
    if isinstance(tree, Op) and tree.symbol == "/" and len(pair) == 2 and pair[1].value:
        return pair[0].value / pair[1].value
    return None
