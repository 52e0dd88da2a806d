"""Walking over a value in tagged JSON: lists in lists, dicts with any keys, tuples, sets and arrays, down to the leaves.

A leaf is what holds no other value: a number, a text, a truth value, None, a date, a fraction. The keys of a dict are no
leaves; of a dict that is written as pairs, they are the first of each pair.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

from caco_tasks.sandbox.values import TYPE


def is_table(value: Any) -> bool:
    """Whether a value holds others: it is no leaf."""
    if isinstance(value, dict) and TYPE in value:
        return isinstance(value.get("items"), list)
    return isinstance(value, list | dict)


def has_keys(table: Any) -> bool:
    """Whether a table is a dict."""
    return isinstance(table, dict) and table.get(TYPE, "dict") == "dict"


def parts(table: Any) -> list[Any]:
    """The values directly in a table: of a dict without its keys."""
    if isinstance(table, list):
        return table
    if TYPE not in table:
        return list(table.values())
    return [value for _, value in table["items"]] if has_keys(table) else list(table["items"])


def with_parts(table: Any, new: Sequence[Any]) -> Any:
    """The table with other values in the same places; of a list, tuple or set there may be more or fewer."""
    if isinstance(table, list):
        return list(new)
    if TYPE not in table:
        return dict(zip(table, new, strict=True))
    pairs = zip(table["items"], new, strict=True) if has_keys(table) else ()
    return {**table, "items": [[pair[0], value] for pair, value in pairs] if has_keys(table) else list(new)}


def pairs_of(table: Any) -> list[tuple[Any, Any]]:
    """Keys and values of a dict."""
    return [(key, value) for key, value in (table["items"] if TYPE in table else table.items())]


def with_pairs(table: Any, new: Sequence[tuple[Any, Any]]) -> Any:
    """The dict with other keys and values; one that was written as an object stays one."""
    return {**table, "items": [list(pair) for pair in new]} if TYPE in table else dict(new)


def leaves(value: Any) -> Iterator[Any]:
    """The leaves of a value, in order."""
    if is_table(value):
        for part in parts(value):
            yield from leaves(part)
    else:
        yield value


def with_leaves(value: Any, change: Callable[[int, Any], Any]) -> Any:
    """The value with each leaf changed, given its number from 0 and itself."""
    numbers = count()

    def changed(part: Any) -> Any:
        if is_table(part):
            return with_parts(part, [changed(one) for one in parts(part)])
        return change(next(numbers), part)

    return changed(value)


def with_tables(value: Any, change: Callable[[Any], Any], *, depth: int) -> Any:
    """The value with every table so many levels below it changed; 0: the value itself, where it is a table."""
    if not is_table(value):
        return value
    if depth == 0:
        return change(value)
    return with_parts(value, [with_tables(part, change, depth=depth - 1) for part in parts(value)])
