"""Equations, inequalities and chains of them."""

import mpmath

from caco_tasks.exact import NoValueError
from caco_tasks.grading.exact_value import exact, numeric, symbols
from caco_tasks.grading.numeric_probe import is_same_number, ratio_at_points, same_at_points
from caco_tasks.grading.polynomials import same_equation, solutions
from caco_tasks.grading.substitution import with_both_signs
from caco_tasks.grading.syntax_tree import Group, Node, Operation, Relation, Symbol, Words
from caco_tasks.grading.three_valued import all_true

ROOT = mpmath.mpf(10) ** -25  # relative difference of a solution found and one given

_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!="}
_LEFT_BRACKETS = {"<": "(", "<=": "["}
_KINDS = {"()": "paren", "[]": "square", "(]": "(]", "[)": "[)"}


def settled(node: Node) -> Node:
    r"""A relation in one form: `x \in S` is S, approximations go, a chain of equalities is its first and last side."""
    if not isinstance(node, Relation):
        return node
    ops, sides = list(node.ops), list(node.sides)
    if ops == ["in"]:
        return sides[1]
    if "=>" in ops:
        raise NoValueError("an implication")
    if ops[0] == "~" and is_label(sides[0]):
        ops[0] = "="
    if "~" in ops:  # x = 1/3 ~ 0.333: what stands before the approximation is the answer
        cut = ops.index("~")
        ops, sides = ops[:cut], sides[: cut + 1]
    if not ops:
        return sides[0]
    if set(ops) != {"="}:
        return Relation(tuple(ops), tuple(sides))
    # x = 1 + 2 = 3 is x = 3; 1 + 2 = 3 is 3.
    if is_label(sides[0]) or (len(sides) == 2 and any(map(symbols, sides))):
        return Relation(("=",), (sides[0], sides[-1]))
    return sides[-1]


def is_label(node: Node) -> bool:
    """Whether a node only names a value: `x`, `a_3`, `f(x)`, `(p, q)`, `V_1 : V_2`, `AB`."""
    if isinstance(node, Group):
        return bool(node.items) and all(isinstance(item, Symbol) for item in node.items)
    if isinstance(node, Operation) and node.name.startswith("call "):
        return all(isinstance(arg, Symbol) for arg in node.args)
    if isinstance(node, Operation) and node.name == "*":  # AB is the segment from A to B
        return all(isinstance(point, Symbol) and point.name.isupper() for point in node.args)
    return isinstance(node, Symbol)


def is_assignment(node: Node) -> bool:
    """Whether a node gives what it names a value: `x = 3`."""
    return isinstance(node, Relation) and set(node.ops) == {"="} and is_label(node.sides[0])


def value_of(node: Node) -> Node:
    """What an assignment assigns; any other node itself."""
    return node.sides[-1] if isinstance(node, Relation) and is_assignment(node) else node


def compare_relations(gold: Relation, pred: Relation) -> bool | None:
    """Whether two relations say the same; None when they would have to be solved."""
    if len(gold.ops) > 1 or len(pred.ops) > 1:
        return _compare_chains(gold, pred)
    if symbols(gold) != symbols(pred):
        return False
    if (gold.ops[0] == "=") != (pred.ops[0] == "="):
        return False
    # 2x - 2y = 2 is x - y = 1: the sides of the same relation differ by a constant factor.
    ratios = ratio_at_points(_difference(gold), _difference(pred))
    equation = same_equation(gold, pred) if gold.ops[0] == pred.ops[0] == "=" else None
    if equation is not None:
        return equation
    if ratios is None or not all(is_same_number(ratios[0], ratio) for ratio in ratios[1:]):
        return (
            False if ratios and all(degree(side) == 1 for side in (*gold.sides, *pred.sides) if symbols(side)) else None
        )
    op, other = gold.ops[0], pred.ops[0]
    if op in ("=", "!="):
        return op == other
    # A negative factor turns the inequality around.
    return bool(op == (other if ratios[0].real > 0 else _FLIPPED[other]))


def solves(equation: Relation, values: Node) -> bool | None:
    """Whether values are all the real solutions of an equation of one variable; None where that is not understood."""
    names = symbols(equation)
    given = value_of(settled(values))
    if len(names) != 1 or equation.ops != ("=",) or is_label(equation.sides[0]):
        return None
    if isinstance(values, Relation) and values.sides[0] != Symbol(next(iter(names))):
        return None
    signed = with_both_signs(given)
    items = signed.items if isinstance(signed, Group) and signed.kind in ("bare", "set", "union") else (signed,)
    items = tuple(value_of(item) for item in items)
    if any(symbols(item) or isinstance(item, Group | Words | Relation) for item in items):
        return None
    roots = solutions(equation)
    if roots is None:
        return None
    found = sorted(mpmath.re(numeric(item, {})) for item in items)
    return len(found) == len(roots) and all(
        abs(one - root) < ROOT * (1 + abs(root)) for one, root in zip(found, roots, strict=True)
    )


def interval_of(relation: Relation) -> Group | None:
    """The interval that `a < x <= b` or `x > a` says; None for other relations."""
    relation = _ascending(relation)
    places = [place for place, side in enumerate(relation.sides) if isinstance(side, Symbol) and symbols(side)]
    if len(places) != 1 or not set(relation.ops) <= {"<", "<="} or len(relation.ops) > 2:
        return None
    place = places[0]
    if len(relation.ops) == 2 and place != 1:
        return None
    infinity = Symbol("oo")  # x > 2 has no upper end
    low, left = (
        (relation.sides[place - 1], _LEFT_BRACKETS[relation.ops[place - 1]])
        if place > 0
        else (Operation("neg", (infinity,)), "(")
    )
    is_last = place == len(relation.sides) - 1
    high, right = (
        (infinity, ")") if is_last else (relation.sides[place + 1], ")" if relation.ops[place] == "<" else "]")
    )
    return Group(_KINDS[left + right], (low, high))


def degree(node: Node) -> int | None:
    """The degree of a polynomial, 0 for a constant; None for what is not written with + - * and division by numbers."""
    if not symbols(node):
        return 0
    if isinstance(node, Symbol):
        return 1
    if not isinstance(node, Operation) or node.name not in ("+", "neg", "*", "/"):
        return None
    parts = [degree(arg) for arg in node.args]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or (node.name == "/" and known[1] > 0):
        return None
    return sum(known) if node.name == "*" else max(known)


def _ascending(relation: Relation) -> Relation:
    if set(relation.ops) <= {">", ">="}:
        return Relation(tuple(_FLIPPED[op] for op in reversed(relation.ops)), tuple(reversed(relation.sides)))
    return relation


def _compare_chains(gold: Relation, pred: Relation) -> bool | None:
    gold, pred = _ascending(gold), _ascending(pred)
    if gold.ops != pred.ops:
        return None
    return all_true(_same_side(first, second) for first, second in zip(gold.sides, pred.sides, strict=True))


def _same_side(first: Node, second: Node) -> bool | None:
    if first == second:
        return True
    try:
        return exact(first) == exact(second)
    except NoValueError:
        return same_at_points(first, second)


def _difference(relation: Relation) -> Node:
    return Operation("+", (relation.sides[0], Operation("neg", (relation.sides[1],))))
