"""Answers that are the same up to the names they bind: arguments, labels, integer parameters, constants of integration."""

import functools
from collections.abc import Callable

from caco_tasks.grading.exact_value import symbols
from caco_tasks.grading.numeric_probe import constant_difference, same_at_points
from caco_tasks.grading.substitution import arguments_of, substituted
from caco_tasks.grading.syntax_tree import Group, Node, Operation, Relation, Symbol

_CAPITALS = frozenset(["C", "K", "C_1"])
_CONSTANTS_OF_INTEGRATION = _CAPITALS | {"c"}
_INTEGERS = Symbol("Z")
_PARAMETERS = frozenset("knmlzKN")


def with_arguments_of(gold: Relation, pred: Relation) -> Relation | None:
    """`f(t) = t^2` with the argument of `f(x) = x^2`; None where that name already means something else in it."""
    wanted, given = arguments_of(gold.sides[0]), arguments_of(pred.sides[0])
    if wanted is None or given is None or wanted == given or len(wanted) != len(given):
        return pred
    free = symbols(pred) - set(given)
    if free & set(wanted):
        return None
    renamed = substituted(pred, {old: Symbol(new) for old, new in zip(given, wanted, strict=True)})
    return renamed if isinstance(renamed, Relation) else None


def labelled_values(node: Node) -> dict[str, Node] | None:
    """The values by name of `(x, y) = (1, 2)` or `x = 1, y = 2`; None for other trees."""
    if isinstance(node, Relation) and node.ops == ("=",):
        names, values = node.sides
        if isinstance(names, Group) and isinstance(values, Group) and len(names.items) == len(values.items) > 1:
            pairs = list(zip(names.items, values.items, strict=True))
            return _by_name(pairs)
    if isinstance(node, Group) and node.kind in ("bare", "intersection") and len(node.items) > 1:
        relations = [item for item in node.items if isinstance(item, Relation) and item.ops == ("=",)]
        return (
            _by_name([(item.sides[0], item.sides[1]) for item in relations])
            if len(relations) == len(node.items)
            else None
        )
    return None


def _by_name(pairs: list[tuple[Node, Node]]) -> dict[str, Node] | None:
    found = {name.name: value for name, value in pairs if isinstance(name, Symbol)}
    return found if len(found) == len(pairs) else None


def split_parameter(node: Node) -> tuple[Node, str | None]:
    """`x = k pi, k in Z` without the declaration, and the name of its integer; None where there is none."""
    if not isinstance(node, Group) or node.kind not in ("bare", "intersection"):
        return node, None
    declared = [item for item in node.items if _is_declaration(item)]
    rest = tuple(item for item in node.items if not _is_declaration(item))
    if len(declared) != 1 or not rest:
        return node, None
    (declaration,) = declared
    assert isinstance(declaration, Relation)
    name = declaration.sides[0]
    assert isinstance(name, Symbol)
    return (rest[0] if len(rest) == 1 else Group(node.kind, rest)), name.name


def _is_declaration(node: Node) -> bool:
    return (
        isinstance(node, Relation)
        and node.ops == ("in",)
        and isinstance(node.sides[0], Symbol)
        and node.sides[1] == _INTEGERS
    )


def same_with_parameters(gold: Node, pred: Node, same: Callable[[Node, Node], bool | None]) -> bool | None:
    """Compares two answers of which one at least has an integer parameter, whatever it is called."""
    (gold, wanted), (pred, given) = split_parameter(gold), split_parameter(pred)
    wanted, given = wanted or _parameter_of(gold), given or _parameter_of(pred)
    if wanted is None or given is None:
        return None
    if wanted != given and wanted in symbols(pred):
        return None
    return same(gold, substituted(pred, {given: Symbol(wanted)}))


def _parameter_of(node: Node) -> str | None:
    found = symbols(node) & _PARAMETERS
    return next(iter(found)) if len(found) == 1 else None


def same_up_to_constant(gold: Node, pred: Node) -> bool | None:
    """Whether two antiderivatives with a constant of integration are the same; None where one has none.

    The constant takes up a number where the rest is an expression of one variable, `x + 1 + C` and `x + C`; elsewhere,
    and where it is written small, it may only be called otherwise.
    """
    first, second = _split_constant(gold), _split_constant(pred)
    if first is None or second is None:
        return None
    names = symbols(first[0]) | symbols(second[0])
    if len(names) > 1 and any(name.isupper() for name in names):
        return None  # A + B + C: a letter among others
    may_shift = len(names) == 1 and "c" not in (first[1], second[1])
    if may_shift:
        return constant_difference(first[0], second[0])
    return same_at_points(first[0], second[0]) if {first[1], second[1]} & _CAPITALS else None


def _split_constant(node: Node) -> tuple[Node, str] | None:
    """A sum without its constant of integration, and the name of that."""
    terms = _terms(node)
    places = [place for place, term in enumerate(terms) if _constant_name(term) is not None]
    if len(places) != 1 or len(terms) < 2:
        return None
    name = _constant_name(terms[places[0]]) or ""
    rest = [term for place, term in enumerate(terms) if place != places[0]]
    total = functools.reduce(lambda left, right: Operation("+", (left, right)), rest)
    return None if name in symbols(total) else (total, name)


def _terms(node: Node) -> list[Node]:
    """The terms of a sum."""
    found: list[Node] = []
    left = [node]
    while left:
        part = left.pop()
        if isinstance(part, Operation) and part.name == "+":
            left.extend(reversed(part.args))
        else:
            found.append(part)
    return found


def _constant_name(term: Node) -> str | None:
    inner = term.args[0] if isinstance(term, Operation) and term.name == "neg" else term
    return inner.name if isinstance(inner, Symbol) and inner.name in _CONSTANTS_OF_INTEGRATION else None
