"""The numbers of a program's `input`: where they stand, read, and set anew."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from caco_tasks.environments.environment_record import Leaf, Number

MAX_LEAVES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class InputNumber:
    """A whole or decimal number of the input."""

    leaf: Leaf
    value: Fraction
    is_decimal: bool  # a float


def find_input_numbers(inputs: Mapping[str, Any]) -> list[InputNumber]:
    """The numbers of an input (tagged JSON, parsed), at most `MAX_LEAVES`; tagged values are left as they are."""
    return [one for _, one in zip(range(MAX_LEAVES), _walk(inputs, ()), strict=False)]


def with_numbers(inputs: Mapping[str, Any], numbers: Mapping[Leaf, Number]) -> dict[str, Any]:
    """A copy of the input with other numbers in some leaves; each keeps its type."""
    found: dict[str, Any] = json.loads(json.dumps(inputs))
    for leaf, number in numbers.items():
        holder: Any = found
        for part in leaf[:-1]:
            holder = holder[part]
        is_decimal = isinstance(holder[leaf[-1]], float)
        holder[leaf[-1]] = float(number) if is_decimal else int(number)
    return found


def _walk(value: Any, leaf: Leaf) -> Iterator[InputNumber]:
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield InputNumber(leaf=leaf, value=Fraction(str(value)), is_decimal=isinstance(value, float))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _walk(item, (*leaf, place))
    elif isinstance(value, dict) and "$type" not in value:
        for name, item in value.items():
            yield from _walk(item, (*leaf, name))
