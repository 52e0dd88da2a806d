"""Values near a given one: of the same type and, where it makes sense, of the same sign, size and length.

A table is changed in one leaf. Nothing is changed that has no neighbours: None, an infinity, what is empty.
"""

import itertools
import json
import random
import re
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from typing import Any

from caco_tasks.sandbox.values import TYPE, checked_tag_of
from caco_tasks.trials.table_parts import is_table, parts, with_leaves, with_parts

_DIGITS = re.compile(r"[0-9]{1,18}")  # of a longer number a piece: no text takes long to be read as a number
_WITHOUT_NEIGHBOURS = frozenset({"float", "bytes"})  # tags: nan and infinity, raw bytes
_TAGS_OF_NUMBERS = ("int", "uint", "float", "complex", "Fraction", "Decimal", "mpf")
_READERS: dict[str, Any] = {"date": date.fromisoformat, "datetime": datetime.fromisoformat}


def perturbations(input_json: str, *, key: str, draws: int, seed: int) -> list[str]:
    """At most `draws` different copies of a tagged JSON object in which the value at `key`, and no other, is changed.

    Changes keep the type and, where it makes sense, the sign, the size and the length: a count stays a count. Fewer
    come back, or none, where the value has few others of its kind (a bool) or none (None, an empty list).

    Raises:
        ValueError: the input is not an object, or has no such key.
    """
    found = json.loads(input_json)
    if not isinstance(found, dict) or TYPE in found or key not in found:
        raise ValueError(f"The input is not an object with the key {key!r}.")
    if not can_change(found[key]):
        return []
    chance = random.Random(seed)
    texts = [json.dumps({**found, key: near_value(found[key], chance)}) for _ in range(4 * draws)]
    original = json.dumps(found)
    others = (text for text in dict.fromkeys(texts) if text != original and is_readable(text))
    return list(itertools.islice(others, draws))


def is_readable(text: str) -> bool:
    """False for a value that has left its type's range, such as a byte of 300 or a float beyond the largest."""
    try:
        checked_tag_of(text)
    except ValueError:
        return False
    return True


def can_change(value: Any) -> bool:
    """Whether a value has neighbours: it is, or holds, something besides None, what is empty, and infinities."""
    if is_table(value):
        return any(map(can_change, parts(value)))
    return value is not None and not (isinstance(value, dict) and value[TYPE] in _WITHOUT_NEIGHBOURS)


def near_value(value: Any, chance: random.Random) -> Any:
    """Another value of the same type; the same value where there is no other."""
    match value:
        case bool():
            return not value
        case int():
            return near_int(value, chance)
        case float():
            return _near_float(value, chance)
        case str():
            return _near_text(value, chance)
    if is_table(value):
        return _near_table(value, chance)
    return _near_tagged(value, chance) if isinstance(value, dict) else value


def near_int(value: int, chance: random.Random) -> int:
    """A near integer of the same sign; 0 becomes a small positive one."""
    reach = max(3, abs(value) // 4)
    size = max(1, abs(value) + chance.choice([-1, 1]) * chance.randint(1, reach))
    if size == abs(value):
        size += 1
    return -size if value < 0 else size


def scattered_numbers(value: Any, *, seed: int) -> Any:
    """The value with every number in it changed, each by itself; texts and truth values, which may be labels, stay."""
    chance = random.Random(seed)
    return with_leaves(value, lambda _, leaf: near_value(leaf, chance) if is_number(leaf) else leaf)


def is_number(leaf: Any) -> bool:
    """Whether a leaf is a number, in whichever type."""
    if isinstance(leaf, dict):
        return str(leaf[TYPE]).startswith(_TAGS_OF_NUMBERS) and leaf[TYPE] not in _WITHOUT_NEIGHBOURS
    return isinstance(leaf, int | float) and not isinstance(leaf, bool)


def _near_float(value: float, chance: random.Random) -> float:
    """A near number of the same sign with about as many decimals; between 0 and 1 it stays there."""
    decimals = max(1, len(repr(value).partition(".")[2])) if "e" not in repr(value) else 12
    factor = chance.choice([0.5, 0.75, 0.8, 0.9, 1.1, 1.25, 1.5, 2.0])
    changed = round(value * factor, decimals + 1) or 10.0**-decimals
    return changed if not 0 < value < 1 or changed < 1 else value / 2


def _near_text(value: str, chance: random.Random) -> str:
    """The text with one character exchanged for another of its class: every second time a digit, where it has any."""
    places = [place for place, character in enumerate(value) if character.isalnum()]
    digits = [place for place in places if value[place].isdigit()]
    if not places:
        return value + chance.choice("abcxyz")
    place = chance.choice(digits if digits and len(digits) < len(places) and chance.random() < 0.5 else places)
    old = value[place]
    alphabet = "123456789" if old.isdigit() else "abcdefghijklmnopqrstuvwxyz"
    new = chance.choice([character for character in alphabet if character != old.lower()])
    return value[:place] + (new.upper() if old.isupper() else new) + value[place + 1 :]


def _near_table(table: Any, chance: random.Random) -> Any:
    """The table with one leaf changed, whichever part it is in."""
    inside = parts(table)
    places = [place for place, part in enumerate(inside) if can_change(part)]
    if not places:
        return table
    place = chance.choice(places)
    return with_parts(table, [*inside[:place], near_value(inside[place], chance), *inside[place + 1 :]])


def _near_tagged(found: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """What a tagged leaf holds, changed."""
    tag, part = found[TYPE], "items" if "items" in found else "value"  # an array without an axis has items
    value = found.get(part)
    if tag in _WITHOUT_NEIGHBOURS:
        return found
    if tag in _READERS:
        return _near_day(found, chance)
    if tag == "time":
        minutes = timedelta(minutes=chance.choice([-1, 1]) * chance.randint(1, 300))
        moved = datetime.combine(date(2000, 1, 1), clock_time.fromisoformat(str(value))) + minutes
        return {**found, "value": moved.time().isoformat()}
    changed = near_number_text(value, chance) if isinstance(value, str) else near_value(value, chance)
    return {**found, part: changed}


def _near_day(found: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Another day within a year or so."""
    days = timedelta(days=chance.choice([-1, 1]) * chance.randint(1, 400))
    try:
        return {**found, "value": (_READERS[found[TYPE]](found["value"]) + days).isoformat()}
    except OverflowError:
        return found


def near_number_text(text: str, chance: random.Random) -> str:
    """A number or an expression as text, with one of its whole numbers changed, or 1 added where it has none."""
    numbers = list(_DIGITS.finditer(text))
    if not numbers:
        return f"{text} + 1"
    number = chance.choice(numbers)
    changed = near_int(int(number[0]), chance)
    return f"{text[: number.start()]}{changed}{text[number.end() :]}"
