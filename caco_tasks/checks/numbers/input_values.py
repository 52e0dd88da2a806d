"""The numbers and texts that a program's `input` holds, as a problem may name them.

`input` comes as tagged JSON (see `caco_tasks.sandbox.values`). Signs are left out: a problem says them in words such as
`below zero` or `owes`.
"""

import itertools
import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

MAX_LEAVES = 5000  # of an input that are read


@dataclass(frozen=True, slots=True)
class InputValues:
    """What an input holds: its numbers, its texts, its lists of numbers, and the sizes of lists and texts."""

    numbers: list[Fraction] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    lists: list[list[Fraction]] = field(default_factory=list)
    sizes: set[Fraction] = field(default_factory=set)


def read_input_values(tagged: Any) -> InputValues:
    """Gathers the leaves of a tagged JSON value, `MAX_LEAVES` of them at most."""
    values = InputValues()
    _collect(tagged, values)
    return values


def read_number(text: str) -> Fraction | None:
    """The size of the number that `text` is: an integer, a decimal or a fraction."""
    # digits are capped here and below: a number of more is no answer, and its conversion takes quadratic time
    match = re.fullmatch(r"-?\d{1,400}(?:\.\d{1,400})?|-?\d{1,400}/[1-9]\d{0,400}", text)
    return abs(Fraction(text)) if match else None


def read_numbers(text: str) -> list[Fraction]:
    """The decimals anywhere in `text`, without their signs."""
    return [Fraction(digits) for digits in re.findall(r"\d{1,400}(?:\.\d{1,400})?", text)]


def _collect(value: Any, found: InputValues) -> None:
    # a truth value is an int in Python, and no problem names it as a number
    if len(found.numbers) + len(found.texts) >= MAX_LEAVES or value is None or isinstance(value, bool):
        return
    if isinstance(value, int | float):
        found.numbers.append(abs(Fraction(str(value))))
    elif isinstance(value, str):
        found.texts.append(value)
        found.sizes.add(Fraction(len(value)))
    elif isinstance(value, list):
        _collect_list(value, found)
    elif "$type" in value:
        _collect_tagged(value, found)
    else:
        for item in value.values():
            _collect(item, found)


def _collect_list(items: list[Any], found: InputValues) -> None:
    found.sizes.add(Fraction(len(items)))
    numbers = [item for item in items if isinstance(item, int | float) and not isinstance(item, bool)]
    if len(numbers) == len(items):
        found.lists.append([abs(Fraction(str(number))) for number in numbers])
    for item in items:
        _collect(item, found)


def _collect_tagged(value: dict[str, Any], found: InputValues) -> None:
    kind = value["$type"]
    content = value.get("items") if "items" in value else value.get("value")
    if kind == "dict" and isinstance(content, list):  # a dict whose keys are no texts: pairs of key and value
        for leaf in itertools.chain.from_iterable(content):
            _collect(leaf, found)
    elif isinstance(content, list):
        _collect_list(content, found)
    elif isinstance(content, str) and kind not in ("bytes", "str"):
        number = read_number(content)
        found.numbers.extend(read_numbers(content) if number is None else [number])  # a date holds several
    else:
        _collect(content, found)
