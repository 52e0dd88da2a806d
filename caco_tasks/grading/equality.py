"""Whether two trees are the same answer: True, False, or None when only an algebra system could tell."""

from collections import Counter
from fractions import Fraction

import mpmath

from caco_tasks.exact import NoValueError
from caco_tasks.grading.exact_value import DIGITS, choices_of_sign, exact, residue, symbols, walk
from caco_tasks.grading.numeric_probe import same_at_points, same_constant
from caco_tasks.grading.precision import same_as_shown, shown
from caco_tasks.grading.relations import compare_relations, interval_of, is_label, settled
from caco_tasks.grading.syntax_tree import Group, Node, Number, Operation, Relation, Symbol, Words

MAX_UNORDERED = 60  # items of a list that are paired with each other one by one
PRIMES = (2_147_483_647, 2_147_483_629, 1_000_000_007)  # equal residues of all three: equal towers

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
    values = _value(gold), _value(pred)
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


def _value(node: Node) -> Node:
    """What an assignment such as `x = 3` assigns; any other node itself."""
    return node.sides[-1] if isinstance(node, Relation) and set(node.ops) == {"="} and is_label(node.sides[0]) else node


def _equal(gold: Node, pred: Node, *, loose: bool = False) -> bool | None:
    gold, pred = settled(gold), settled(pred)
    if isinstance(gold, Relation) or isinstance(pred, Relation):
        return _equal_relations(gold, pred)
    gold, pred = _with_both_signs(gold), _with_both_signs(pred)
    if isinstance(gold, Group) or isinstance(pred, Group):
        return _equal_groups(gold, pred, loose=loose)
    if isinstance(gold, Words) or isinstance(pred, Words):
        return _equal_words(gold, pred)
    return _equal_scalars(gold, pred)


def _with_both_signs(node: Node) -> Node:
    if isinstance(node, Group | Words | Relation):
        return node
    choices = choices_of_sign(node)
    return node if len(choices) == 1 else Group("bare", tuple(choices))


# relations


def _equal_relations(gold: Node, pred: Node) -> bool | None:
    if isinstance(gold, Relation) and isinstance(pred, Relation):
        labels = gold.sides[0], pred.sides[0]
        names = [label.name for label in labels if isinstance(label, Symbol)]
        # y = x^2 is f(x) = x^2, but x = 3 is not y = 3.
        may_agree = labels[0] == labels[1] or len(names) < 2 or any("(" in name for name in names)
        if _value(gold) is not gold and _value(pred) is not pred and may_agree:
            return _equal(_value(gold), _value(pred))
        return compare_relations(gold, pred)
    relation, other = (gold, pred) if isinstance(gold, Relation) else (pred, gold)
    assert isinstance(relation, Relation)
    if _value(relation) is not relation:
        return _equal(_value(gold), _value(pred))
    interval = interval_of(relation)
    if interval is not None and isinstance(other, Group):
        return _equal(interval, other)
    return False if isinstance(other, Number | Operation | Words) else None


# groups


def _equal_groups(gold: Node, pred: Node, *, loose: bool) -> bool | None:
    if not (isinstance(gold, Group) and isinstance(pred, Group)):
        group, other = (gold, pred) if isinstance(gold, Group) else (pred, gold)
        assert isinstance(group, Group)
        if group.kind == "set" and len(group.items) == 1:
            return _equal(group.items[0], other)
        return None if isinstance(other, Symbol) else False  # a symbol may stand for anything, a number for no list
    kinds = {gold.kind, pred.kind}
    if "union" in kinds and len(kinds) > 1:
        return None  # (0, 1) U (1, 2) against a list: to be solved
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
        both = _with_both_signs(item)
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
    return _all(_equal(first, second, loose=loose) for first, second in zip(gold.items, pred.items, strict=True))


def _equal_unordered(gold: Group, pred: Group) -> bool | None:
    if "set" in (gold.kind, pred.kind):
        gold, pred = _without_repeats(gold), _without_repeats(pred)
    if len(gold.items) != len(pred.items):
        return False
    if _equal_in_order(gold, pred, loose=True):  # the usual case, without any pairing
        return True
    try:
        values = [Counter(map(exact, group.items)) for group in (gold, pred)]
    except NoValueError:
        return _equal_matched(gold, pred)
    has_decimals = any(isinstance(item, Number) and item.decimals is not None for item in (*gold.items, *pred.items))
    return _equal_matched(gold, pred) if has_decimals else values[0] == values[1]


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


def _all(results: "object") -> bool | None:
    is_unsure = False
    for result in results:  # type: ignore[attr-defined]
        if result is False:
            return False
        is_unsure |= result is None
    return None if is_unsure else True


# scalars


def _equal_words(gold: Node, pred: Node) -> bool:
    """Words are compared blind to case; a letter may be the name of something."""
    yes_no = {"yes": "true", "no": "false"}
    texts = [
        node.text if isinstance(node, Words) else node.name.casefold() if isinstance(node, Symbol) else None
        for node in (gold, pred)
    ]
    return None not in texts and yes_no.get(texts[0] or "", texts[0]) == yes_no.get(texts[1] or "", texts[1])


def _equal_scalars(gold: Node, pred: Node) -> bool | None:
    if gold == pred:
        return True
    values = _exact_or_none(gold), _exact_or_none(pred)
    if values[0] is not None and values[1] is not None:
        return same_as_shown(shown(gold, values[0]), shown(pred, values[1]))
    if _sign_of_infinity(gold) or _sign_of_infinity(pred):
        return _sign_of_infinity(gold) == _sign_of_infinity(pred)
    if symbols(gold) or symbols(pred):
        return same_at_points(gold, pred)
    same = _same_residues(gold, pred, values)
    return same if same is not None else _same_numbers(gold, pred, values)


def _exact_or_none(node: Node) -> Fraction | None:
    try:
        return exact(node)
    except NoValueError:
        return None


def _same_numbers(gold: Node, pred: Node, values: tuple[Fraction | None, Fraction | None]) -> bool | None:
    same, approximations = same_constant(gold, pred)
    if same or approximations is None:
        return same
    sides = [
        shown(node, value if value is not None else approximation)
        for node, value, approximation in zip((gold, pred), values, approximations, strict=True)
    ]
    return same_as_shown(*sides) if any(side.decimals is not None for side in sides) else same


def _same_residues(gold: Node, pred: Node, values: tuple[Fraction | None, Fraction | None]) -> bool | None:
    """Decides towers of powers that no machine can write out; None for other trees."""
    try:
        # A value that can be written out, or that a symbol such as pi keeps from being whole, has no use for residues.
        unwritten = [node for node, value in zip((gold, pred), values, strict=True) if value is None]
        if all(any(isinstance(part, Symbol) for part in walk(node)) for node in unwritten):
            return None
        return all(residue(gold, prime) == residue(pred, prime) for prime in PRIMES)
    except NoValueError:
        return None


def _sign_of_infinity(node: Node) -> int:
    if node == Symbol("oo"):
        return 1
    if isinstance(node, Operation) and node.name == "neg":
        return -_sign_of_infinity(node.args[0])
    return 0
