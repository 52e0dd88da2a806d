"""Whether two trees are the same answer: True, False, or None when only an algebra system could tell."""

from collections import Counter

import mpmath

from caco_tasks.exact import NoValueError
from caco_tasks.grading.bindings import labelled_values, same_with_parameters, split_parameter, with_arguments_of
from caco_tasks.grading.exact_value import DIGITS, exact, symbols, walk
from caco_tasks.grading.real_sets import same_set, speaks_of_sets
from caco_tasks.grading.relations import (
    compare_relations,
    interval_of,
    is_assignment,
    is_label,
    settled,
    solves,
    value_of,
)
from caco_tasks.grading.scalars import equal_scalars, equal_words
from caco_tasks.grading.substitution import with_both_signs
from caco_tasks.grading.syntax_tree import Group, Node, Number, Operation, Relation, Symbol, Words
from caco_tasks.grading.three_valued import all_true

MAX_UNORDERED = 60  # items of a list that are paired with each other one by one

_UNORDERED = {"bare", "set", "union"}
_OPEN_OR_CLOSED = {"paren", "square", "(]", "[)"}


def compare_trees(gold: Node, pred: Node) -> tuple[bool | None, str]:
    """Whether `pred` is the answer `gold`, and the method that told."""
    method = "unread"
    try:
        gold, pred = settled(gold), settled(pred)
        method = _name_method(gold, pred)
        with mpmath.workdps(DIGITS):
            return _equal(gold, pred), method
    except (NoValueError, RecursionError):
        return None, method


def _name_method(gold: Node, pred: Node) -> str:
    values = value_of(gold), value_of(pred)
    if any(isinstance(node, Relation) for node in values):
        return "relation"
    if groups := [node for node in values if isinstance(node, Group)]:
        return _GROUP_METHODS.get(groups[0].kind, "sequence")
    if any(isinstance(node, Words) for node in values):
        return "text"
    parts = [*walk(gold), *walk(pred)]
    if any(isinstance(part, Number) and part.decimals is not None for part in parts):
        return "float-digits"
    if any(isinstance(part, Symbol) for part in parts):
        return "expression" if symbols(gold) | symbols(pred) else "constant"
    is_fraction = all(not isinstance(part, Operation) or part.name in ("/", "neg") for part in parts)
    return "fraction" if is_fraction else "constant"


_GROUP_METHODS = {"set": "set", "bare": "set", "union": "set", "matrix": "matrix", "(]": "interval", "[)": "interval"}


def _equal(gold: Node, pred: Node, *, loose: bool = False) -> bool | None:
    if isinstance(gold, Group | Relation) or isinstance(pred, Group | Relation):
        for same in (_equal_parameters, _equal_labelled, _equal_sets):
            result = same(gold, pred)
            if result is not None:
                return result
    gold, pred = settled(gold), settled(pred)
    if isinstance(gold, Relation) or isinstance(pred, Relation):
        return _equal_relations(gold, pred)
    gold, pred = with_both_signs(gold), with_both_signs(pred)
    if isinstance(gold, Group) or isinstance(pred, Group):
        return _equal_groups(gold, pred, loose=loose)
    if isinstance(gold, Words) or isinstance(pred, Words):
        return equal_words(gold, pred)
    return equal_scalars(gold, pred)


# answers with names


def _equal_parameters(gold: Node, pred: Node) -> bool | None:
    has_parameter = split_parameter(gold)[1] or split_parameter(pred)[1]
    return same_with_parameters(gold, pred, _equal) if has_parameter else None


def _equal_labelled(gold: Node, pred: Node) -> bool | None:
    """`x = 1, y = 2` by its names, or against `(1, 2)` in the order of its names."""
    values = labelled_values(gold), labelled_values(pred)
    if values[0] is not None and values[1] is not None:
        if values[0].keys() != values[1].keys():
            return False
        return all_true(_equal(value, values[1][name]) for name, value in values[0].items())
    named, other = (values[0], pred) if values[0] is not None else (values[1], gold)
    if named is None or not (isinstance(other, Group) and other.kind == "paren") or len(other.items) != len(named):
        return None
    is_listed = isinstance(gold if values[0] is not None else pred, Group)
    names = sorted(named) if is_listed else named
    return all_true(_equal(named[name], item) for name, item in zip(names, other.items, strict=True))


def _equal_sets(gold: Node, pred: Node) -> bool | None:
    if not (speaks_of_sets(gold) or speaks_of_sets(pred)):
        return None
    return same_set(settled(gold), settled(pred), equal_scalars)


# relations


def _equal_relations(gold: Node, pred: Node) -> bool | None:
    if isinstance(gold, Relation) and isinstance(pred, Relation):
        renamed = with_arguments_of(gold, pred)
        if renamed is None:
            return False
        pred = renamed
        labels = gold.sides[0], pred.sides[0]
        # y = x^2 is f(x) = x^2, but x = 3 is not y = 3.
        may_agree = labels[0] == labels[1] or not all(isinstance(label, Symbol) for label in labels)
        if is_assignment(gold) and is_assignment(pred) and may_agree:
            return _equal(value_of(gold), value_of(pred))
        # x^2 = 4, and what x is
        solved = solves(gold, pred) if is_assignment(pred) else solves(pred, gold) if is_assignment(gold) else None
        return solved if solved is not None else compare_relations(gold, pred)
    relation, other = (gold, pred) if isinstance(gold, Relation) else (pred, gold)
    assert isinstance(relation, Relation)
    if is_assignment(relation):
        return _equal(value_of(gold), value_of(pred))
    interval = interval_of(relation)
    if interval is not None and isinstance(other, Group):
        return _equal(interval, other)
    if isinstance(other, Group) and relation.ops == ("=",):
        return solves(relation, other)
    return False if isinstance(other, Number | Operation | Words) else None


# groups


def _equal_groups(gold: Node, pred: Node, *, loose: bool) -> bool | None:
    if not (isinstance(gold, Group) and isinstance(pred, Group)):
        return _equal_group_and_one(gold, pred)
    kinds = {gold.kind, pred.kind}
    if kinds & {"intersection", "difference"} or ("union" in kinds and len(kinds) > 1):
        return None  # (0, 1) U (1, 2) against a list: to be solved
    if kinds == {"ratio"}:
        return _equal_ratios(gold, pred)
    if "matrix" in kinds:
        gold, pred = _flattened(gold), _flattened(pred)
        return _equal_in_order(gold, pred, loose=True)
    if kinds <= _UNORDERED:
        return _equal_unordered(_flat_union(gold), _flat_union(pred))
    if kinds & _UNORDERED and kinds & _OPEN_OR_CLOSED:
        return _equal_list_and_tuple(gold, pred)
    if (len(kinds) > 1 and not (loose or _is_sequence(gold))) or ("ratio" in kinds and len(kinds) > 1):
        return False
    return _equal_in_order(gold, pred, loose=loose or gold.kind == "square")


def _equal_group_and_one(gold: Node, pred: Node) -> bool | None:
    """A group against what is none: 3 : 2 is 3/2, and {5} is 5."""
    group, other = (gold, pred) if isinstance(gold, Group) else (pred, gold)
    assert isinstance(group, Group)
    if group.kind == "ratio" and len(group.items) == 2:
        return _equal(Operation("/", group.items), other)
    if group.kind == "set" and len(group.items) == 1:
        return _equal(group.items[0], other)
    return None if isinstance(other, Symbol) else False  # a symbol may stand for anything, a number for no list


def _equal_ratios(gold: Group, pred: Group) -> bool | None:
    """3 : 2 is 6 : 4."""
    if len(gold.items) != len(pred.items) or any(isinstance(item, Words) for item in (*gold.items, *pred.items)):
        return _equal_in_order(gold, pred, loose=True)
    shares = [[Operation("/", (item, group.items[0])) for item in group.items[1:]] for group in (gold, pred)]
    return all_true(_equal(first, second) for first, second in zip(*shares, strict=True))


def _is_sequence(group: Group) -> bool:
    """Brackets around other than two numbers are no interval, so that (1, 2, 3) may be printed as [1, 2, 3]."""
    return len(group.items) != 2 or any(isinstance(item, Group | Words) for item in group.items)


def _flattened(group: Group) -> Group:
    """A matrix of one column or one row as a list; other groups as they are."""
    if group.kind != "matrix":
        return group
    rows = [item.items if isinstance(item, Group) else (item,) for item in group.items]
    if len(rows) == 1:
        return Group("square", rows[0])
    if all(len(row) == 1 for row in rows):
        return Group("square", tuple(row[0] for row in rows))
    return group


def _flat_union(group: Group) -> Group:
    """`{2 ± 1}` holds two values."""
    items: list[Node] = []
    for item in group.items:
        both = with_both_signs(item)
        items.extend(both.items if both is not item and isinstance(both, Group) else (item,))
    return Group(group.kind, tuple(items))


def _equal_list_and_tuple(gold: Group, pred: Group) -> bool | None:
    """A bare list against a tuple or printed list: in order; a set against a list that is no interval: in any order."""
    in_order = _equal_in_order(gold, pred, loose=True)
    if "bare" in (gold.kind, pred.kind) and in_order is not False:
        return in_order if {gold.kind, pred.kind} <= {"bare", "paren", "square"} else False
    if {gold.kind, pred.kind} == {"set", "square"} and _is_sequence(gold):
        return _equal_unordered(gold, pred)
    return False


def _equal_in_order(gold: Group, pred: Group, *, loose: bool) -> bool | None:
    if len(gold.items) != len(pred.items):
        return False
    return all_true(_equal(first, second, loose=loose) for first, second in zip(gold.items, pred.items, strict=True))


def _equal_unordered(gold: Group, pred: Group) -> bool | None:
    if "set" in (gold.kind, pred.kind):
        gold, pred = _without_repeats(gold), _without_repeats(pred)
    if len(gold.items) != len(pred.items):
        return False
    in_order = _equal_in_order(gold, pred, loose=True)
    if in_order or any(map(_is_computed, gold.items)) or any(map(_is_computed, pred.items)):
        return in_order  # the usual case, without any pairing; and sin(pi) = 0, cos(pi) = -1, where each value has its place
    try:
        values = [Counter(map(exact, group.items)) for group in (gold, pred)]
    except NoValueError:
        return _equal_matched(gold, pred)
    has_decimals = any(isinstance(item, Number) and item.decimals is not None for item in (*gold.items, *pred.items))
    return _equal_matched(gold, pred) if has_decimals else values[0] == values[1]


def _is_computed(item: Node) -> bool:
    """Whether an item says of what it is the value: `sin(pi) = 0`."""
    return isinstance(item, Relation) and set(item.ops) == {"="} and not is_label(item.sides[0])


def _without_repeats(group: Group) -> Group:
    return Group(group.kind, tuple(dict.fromkeys(group.items)))


def _equal_matched(gold: Group, pred: Group) -> bool | None:
    """Pairs each item of gold with the first equal one that is left."""
    if len(gold.items) > MAX_UNORDERED:
        return None
    left = list(pred.items)
    is_unsure = False
    for item in gold.items:
        results = [_equal(item, other, loose=True) for other in left]
        if True in results:
            del left[results.index(True)]
        elif None in results:
            is_unsure = True
        else:
            return False
    return None if is_unsure else True
