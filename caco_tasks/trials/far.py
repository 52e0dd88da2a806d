"""Values far from a given one, and tables of another shape: where the shortest of three ways is no longer the shortest.

Numbers keep their type and sign, and are as small and as large as a problem may have. Tables are changed in all their
numbers at once, turned round, made longer and shorter, and given other keys; they are never emptied, for that says little.
"""

import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import partial
from itertools import islice
from typing import Any

from caco_tasks.ids import content_id
from caco_tasks.sandbox.values import TYPE
from caco_tasks.trials.near import near_value
from caco_tasks.trials.table_parts import (
    has_keys,
    is_table,
    leaves,
    pairs_of,
    parts,
    with_leaves,
    with_pairs,
    with_parts,
    with_tables,
)

FAR_FACTOR = 12
FAR_DRAWS = 10  # far changes of one value
SHAPE_DRAWS = 24  # changes of the shape of one table, or of the words of one text
SMALL_NUMBERS = (2, 6)  # the even prime, the least perfect number
DAYS = (1, -1, 29, -366, 3653, 36525)

_DAYS_READERS: dict[str, Any] = {"date": date.fromisoformat, "datetime": datetime.fromisoformat}
_DIGITS = re.compile(r"[0-9]{1,18}")  # of a longer number in pieces: no text takes long to be read as a number


def far_values(value: Any) -> list[Any]:
    """At most `FAR_DRAWS` values of the same type and shape, far away."""
    found = _far_in_table(value) if is_table(value) else iter(_far_leaf(value))
    return _first_different(value, found, FAR_DRAWS)


def shape_values(value: Any) -> list[Any]:
    """At most `SHAPE_DRAWS` tables with other lengths, other keys, or values in other places; texts of other words; whole
    numbers of another kind: even, odd, prime."""
    found: Iterable[Any] = ()
    if isinstance(value, str):
        found = _texts_of_other_words(value)
    elif is_table(value):
        found = _tables_of_other_shape(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        found = (value + 1, value - 1, *(-small if value < 0 else small for small in SMALL_NUMBERS))
    return _first_different(value, found, SHAPE_DRAWS)


def _first_different(value: Any, found: Iterable[Any], most: int) -> list[Any]:
    """The first values found that differ from `value` and from each other; 1, 1.0 and True differ."""
    seen = {repr(value)}
    different = (one for one in found if repr(one) not in seen and not seen.add(repr(one)))  # type: ignore[func-returns-value]
    return list(islice(different, most))


def _far_leaf(value: Any) -> list[Any]:
    match value:
        case bool():
            return []
        case int():
            sign = -1 if value < 0 else 1
            return [sign, value * FAR_FACTOR + sign]
        case float():
            low, high = value / FAR_FACTOR, value * FAR_FACTOR
            return [low, 1 - (1 - value) / FAR_FACTOR if 0 < value < 1 else high] if value else [float(FAR_FACTOR)]
        case str():
            return [value[::-1], value * 2, "".join(sorted(value))]
        case dict():
            return _far_tagged(value)
    return []


def _far_tagged(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Far values of numbers and days that are no plain JSON."""
    tag, value = str(found[TYPE]), found.get("value")
    if tag in _DAYS_READERS:
        return [{**found, "value": text} for text in _far_days(_DAYS_READERS[tag](value))]
    if tag == "timedelta" and isinstance(value, list):
        return [{**found, "value": [part * factor for part in value]} for factor in (FAR_FACTOR, 7 * FAR_FACTOR)]
    if tag == "Fraction":
        exact = Fraction(str(value))
        values = [exact / FAR_FACTOR, exact * FAR_FACTOR]
        return [{**found, "value": f"{one.numerator}/{one.denominator}"} for one in values]
    if tag.startswith(("int", "uint", "float")) and not isinstance(value, str | bool):
        return [{**found, "value": far} for far in _far_leaf(value)]
    if tag in ("Decimal", "mpf", "sympy"):
        return [{**found, "value": _far_numbers(str(value))}]
    return []


def _far_days(day: date) -> Iterator[str]:
    for days in DAYS:
        try:
            yield (day + timedelta(days=days)).isoformat()
        except OverflowError:
            continue


def _far_numbers(text: str) -> str:
    """The text with every whole number in it far away, of as many digits where it can be."""
    return _DIGITS.sub(lambda found: str((int(found[0]) * 7 + 5) % 10 ** len(found[0])).zfill(len(found[0])), text)


def _far_in_table(table: Any) -> Iterator[Any]:
    """Turned round and made of one part; then one leaf far away: the outer ones, the middle one; in a deep table, first
    all its numbers at once."""
    is_deep = any(map(is_table, parts(table))) or has_keys(table)
    if is_deep:
        yield from _with_all_numbers(table)
    if not has_keys(table):
        yield from _whole(table)
    size = sum(1 for _ in leaves(table))
    for place in dict.fromkeys((0, size - 1, size // 2)) if size else ():
        yield from _with_one_leaf_far(table, place)


def _whole(table: Any) -> Iterator[Any]:
    """The parts turned round, the last one first, and all alike."""
    inside = parts(table)
    yield with_parts(table, inside[::-1])
    yield with_parts(table, inside[-1:] + inside[:-1])
    distinct = {repr(part): part for part in inside}
    for part in islice(distinct.values(), 3):
        yield with_parts(table, [part] * len(inside))


def _with_one_leaf_far(table: Any, place: int) -> Iterator[Any]:
    value = next(islice(leaves(table), place, None), None)
    for far in _far_leaf(value):
        yield with_leaves(table, partial(_replaced_at, place, far))


def _replaced_at(place: int, new: Any, number: int, leaf: Any) -> Any:
    return new if number == place else leaf


def _refilled(table: Any, is_meant: Callable[[Any], bool], values: Sequence[Any]) -> Any:
    """The table with other values in the places of the leaves that are meant."""
    waiting = iter(values)
    return with_leaves(table, lambda _, leaf: next(waiting) if is_meant(leaf) else leaf)


def _with_all_numbers(table: Any) -> Iterator[Any]:
    """Every number and truth value changed, each by itself: nearby, then far up and down in turn; then moved on by one."""
    chance = random.Random(content_id("numbers of", table))
    yield with_leaves(table, lambda _, leaf: near_value(leaf, chance) if _is_quantity(leaf) else leaf)
    for low in (0, 1):
        yield with_leaves(table, partial(_far_up_or_down, low))
    numbers = [leaf for leaf in leaves(table) if _is_quantity(leaf)]
    for moved in (numbers[-1:] + numbers[:-1], numbers[::-1]):
        yield _refilled(table, _is_quantity, moved)


def _far_up_or_down(low: int, place: int, leaf: Any) -> Any:
    found = _far_leaf(leaf) if _is_quantity(leaf) else []
    return found[(place + low) % 2 % len(found)] if found else leaf


def _is_quantity(leaf: Any) -> bool:
    """Whether a leaf is a number, a truth value or a day."""
    return isinstance(leaf, int | float) or (isinstance(leaf, dict) and leaf[TYPE] not in ("bytes", "time", "sympy"))


def _is_text(leaf: Any) -> bool:
    return isinstance(leaf, str)


def _tables_of_other_shape(table: Any) -> Iterator[Any]:
    """Other lengths of the table and of those in it; other keys; then all leaves changed, texts too."""
    for depth in (0, 1, 2):
        for change in (_without_last, _without_first, _first_half, _longer):
            yield with_tables(table, change, depth=depth)
    if None in leaves(table):
        yield from _with_gaps_moved(table)
    first = parts(table)[:1]
    if first and is_table(first[0]):
        for change in (_without_last, _longer):
            yield with_parts(table, [change(first[0]), *parts(table)[1:]])
    if not has_keys(table) and not any(map(is_table, parts(table))):
        yield from _with_all_numbers(table)
    for change in (_with_keys_moved, _with_far_keys, _with_keys_turned_round):
        for depth in (0, 1):
            yield with_tables(table, change, depth=depth)
    yield with_leaves(table, lambda _, leaf: _far_numbers(leaf) if isinstance(leaf, str) else leaf)
    texts = [leaf for leaf in leaves(table) if _is_text(leaf)]
    mixed, turned = list(map(_mixed, texts)), [text.swapcase() for text in texts]
    for moved in (texts[-1:] + texts[:-1], texts[:1] * len(texts), turned, mixed):
        yield _refilled(table, _is_text, moved)
    yield with_leaves(table, lambda _, leaf: not leaf if isinstance(leaf, bool) else leaf)


def _with_gaps_moved(table: Any) -> Iterator[Any]:
    """A table in which places are empty, with its last table, as the branch of a tree, empty too; with its gaps filled."""
    inside = [place for place, part in enumerate(parts(table)) if is_table(part)]
    for place in inside[-2:]:
        yield with_parts(table, [None if number == place else part for number, part in enumerate(parts(table))])
    known = next((leaf for leaf in leaves(table) if leaf is not None), None)
    yield with_leaves(table, lambda _, leaf: known if leaf is None else leaf)


def _resized(resize: Callable[[list[Any]], list[Any]], table: Any) -> Any:
    """The table with other parts, at least one of them; a dict with other pairs."""
    found: list[Any] = pairs_of(table) if has_keys(table) else parts(table)
    changed = resize(found) or found
    return with_pairs(table, changed) if has_keys(table) else with_parts(table, changed)


_without_last = partial(_resized, lambda found: found[:-1])
_without_first = partial(_resized, lambda found: found[1:])
_first_half = partial(_resized, lambda found: found[: len(found) // 2])


def _longer(table: Any) -> Any:
    """The table with its last part once more; a dict under a new key."""
    if not has_keys(table):
        return with_parts(table, parts(table) + parts(table)[-1:])
    pairs = pairs_of(table)
    return with_pairs(table, [*pairs, (_far_key(pairs[-1][0]), pairs[-1][1])]) if pairs else table


def _with_keys_moved(table: Any) -> Any:
    """A dict whose values stand under their neighbours' keys; any other table as it is."""
    if not has_keys(table):
        return table
    pairs = pairs_of(table)
    keys = [key for key, _ in pairs]
    return with_pairs(table, list(zip(keys[1:] + keys[:1], [value for _, value in pairs], strict=True)))


def _with_keys_turned_round(table: Any) -> Any:
    """A dict whose pairs come in the other order."""
    return with_pairs(table, pairs_of(table)[::-1]) if has_keys(table) else table


def _with_far_keys(table: Any) -> Any:
    """A dict with other keys."""
    return with_pairs(table, [(_far_key(key), value) for key, value in pairs_of(table)]) if has_keys(table) else table


def _far_key(key: Any) -> Any:
    if is_table(key):
        return with_leaves(key, lambda _, leaf: _far_key(leaf))
    if isinstance(key, str):
        return _far_numbers(key) if _DIGITS.search(key) else f"{key}x"
    return next((far for far in reversed(_far_leaf(key)) if far != key), key)


def _mixed(text: str) -> str:
    """The text with capitals, small letters and digits in turn."""
    turns: tuple[Callable[[str, int], str], ...] = (
        lambda sign, _: sign.upper(),
        lambda sign, _: sign.lower(),
        lambda _, place: str(place % 10),
    )
    return "".join(turns[place % 3](sign, place) if sign.isalnum() else sign for place, sign in enumerate(text))


def _texts_of_other_words(text: str) -> Iterator[str]:
    """Other numbers, words and lines: fewer, more, in another order, in capitals."""
    words, lines = text.split(" "), text.split("\n")
    yield text.swapcase()
    yield text.upper()
    yield _far_numbers(text)
    yield "".join(str(place % 10) if sign.isalpha() else sign for place, sign in enumerate(text, 1))
    yield _mixed(text)
    for pieces, joint in ((words, " "), (lines, "\n"), (list(text), "")):
        yield joint.join(pieces[:-1])
        yield joint.join(pieces[1:])
        yield joint.join(pieces[::-1])
        yield joint.join(pieces[: len(pieces) // 2])
        yield joint.join([*pieces, pieces[-1]]) if pieces else text
        yield joint.join(pieces[:1] * len(pieces))
