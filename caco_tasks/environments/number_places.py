"""Which number of a problem's text is which number of its program's input.

A number of the input may be drawn anew only where the text says it in one place that is surely its own: no other number of
the text, in digits or in words, may stand for the same value, and no constant of the program. Where two inputs have one
value, the words around the places and the names of the inputs must tell them apart. What is not sure stays as it is.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, permutations
from typing import Any

from caco_tasks.convert.number_draws import find_ceiling
from caco_tasks.convert.question_numbers import QuestionNumber, find_numbers
from caco_tasks.convert.stems import STOP_WORDS, stem
from caco_tasks.environments.environment_record import Leaf, NumberPlace
from caco_tasks.environments.input_leaves import InputNumber, find_input_numbers
from caco_tasks.numbers_in_text import mentions

LISTED = 3  # numbers side by side that are surely a list of the input
MAX_ALIKE = 3  # inputs of one value that are told apart
YEARS = range(1800, 2201)
LARGEST_BASE = 16
_POWER = re.compile(r"(?:\^|\*\*)\s*[({]?\s*$")
_PLAIN_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?|\.\d+|[A-Za-z][A-Za-z -]*")
_DIGITS = re.compile(r"\d+")
_FIXED_BEFORE = re.compile(r"\b(?:base|mod|modulo|version|type|class|grade|step|part|case|question)\s+$", re.IGNORECASE)
_FIXED_BEHIND = re.compile(r"[\s-]*(?:-?D\b|dimension|digit|decimal place|significant)", re.IGNORECASE)
# digits of numerals are no quantities: which there may be hangs on the base
_NUMERALS = re.compile(r"\bbase\s+(?:\d+|[a-z]+)\b|\b(?:binary|octal|hexadecimal)\b", re.IGNORECASE)
# words, where they stand around a number, and the most that the number can be there
_CEILINGS = (
    (re.compile(r"\bo'?clock\b", re.IGNORECASE), "behind", 12),
    (re.compile(r"\byears? old\b|\bages?\b|\baged\b|\bolder\b|\byounger\b", re.IGNORECASE), "near", 95),
    (re.compile(r"\bdegrees?\b|°|\bangles?\b", re.IGNORECASE), "near", 178),
    (re.compile(r"%|\bper ?cent\b", re.IGNORECASE), "behind", 95),
    (re.compile(r"\binterest\b.*(?:%|\bper ?cent)|(?:%|\bper ?cent).*\binterest\b", re.IGNORECASE), "percent", 25),
    (re.compile(r"\b(?:warm|cold|temperatures?|thermometer|celsius)\b", re.IGNORECASE), "sentence", 45),
    (re.compile(r"\b(?:km|kilomet\w+|miles?)\s*(?:/|per|an)\s*h", re.IGNORECASE), "behind", 300),
)
_SENTENCE_END = re.compile(r"[.?!]\s")
NEAR_CHARS = 24


@dataclass(frozen=True, slots=True)
class _Spot:
    """A number in digits or words that a place may be."""

    start: int
    end: int
    form: str
    values: tuple[Fraction, ...]  # what the input may hold where this is written
    mention: QuestionNumber


def find_places(problem: str, inputs: Mapping[str, Any], literals: frozenset[float]) -> list[NumberPlace]:
    """The places of the text whose numbers may be drawn anew, in order.

    `inputs` is the input (tagged JSON, parsed), `literals` are the numbers that the program holds besides it.
    """
    if _NUMERALS.search(problem):
        return []
    spots = list(_find_spots(problem))
    every = find_input_numbers(inputs)
    numbers = [one for one in every if abs(one.value) not in (0, 1)]
    listed = _match_lists(problem, spots, every)
    taken = {spot.start for spot in listed.values()}
    places = {leaf: spot for leaf, spot in listed.items() if abs(_value_of(numbers, leaf)) not in (0, 1)}
    # of a list that the text does not say as it is, nothing is sure
    singles = sorted((one for one in numbers if not _is_listed(one, every)), key=lambda one: abs(one.value))
    for value, alike in groupby(singles, key=lambda one: abs(one.value)):
        free = [spot for spot in spots if value in spot.values and spot.start not in taken]
        places |= _assign(list(alike), free, literals, is_said_often=_count_said(problem, value) > len(free))
    made = (_make_place(problem, leaf, spot) for leaf, spot in places.items())
    return sorted((place for place in made if place is not None), key=lambda place: place.start)


def _find_spots(problem: str) -> Iterator[_Spot]:
    for mention in find_numbers(problem):
        if _POWER.search(problem, 0, mention.start) or mention.scale != 1:
            continue
        if mention.kind == "fraction" and len(parts := list(_DIGITS.finditer(mention.text))) == 2:
            for part in parts:
                start = mention.start + part.start()
                yield _Spot(start, mention.start + part.end(), "plain", (Fraction(part[0]),), mention)
        elif mention.kind == "percent" and (found := _PLAIN_NUMBER.match(mention.text)) is not None:
            end = mention.start + len(found[0].rstrip()) if found[0][0].isdigit() else mention.end
            yield _Spot(mention.start, end, "percent", (mention.whole, mention.whole / 100), mention)
        elif mention.kind == "plain":
            form = "ordinal" if mention.is_weak else "plain"
            yield _Spot(mention.start, mention.end, form, (mention.whole,), mention)


def _is_listed(one: InputNumber, numbers: Sequence[InputNumber]) -> bool:
    is_item = isinstance(one.leaf[-1], int)
    return is_item and sum(other.leaf[:-1] == one.leaf[:-1] for other in numbers) >= LISTED


def _value_of(numbers: Sequence[InputNumber], leaf: Leaf) -> Fraction:
    return next((one.value for one in numbers if one.leaf == leaf), Fraction(0))


def _match_lists(problem: str, spots: Sequence[_Spot], numbers: Sequence[InputNumber]) -> dict[Leaf, _Spot]:
    """The leaves of lists that the text says side by side, each item as often as the list has it and nowhere else."""
    found: dict[Leaf, _Spot] = {}
    lists = [list(group) for _, group in groupby(numbers, key=lambda one: one.leaf[:-1])]
    for items in lists:
        if len(items) < LISTED or not isinstance(items[0].leaf[-1], int):
            continue
        wanted = [abs(one.value) for one in items]
        runs = [
            spots[start : start + len(wanted)]
            for start in range(len(spots) - len(wanted) + 1)
            if all(
                spot.form == "plain" and value in spot.values
                for spot, value in zip(spots[start:], wanted, strict=False)
            )
        ]
        if len(runs) == 1 and all(_count_said(problem, value) == wanted.count(value) for value in wanted):
            found |= {one.leaf: spot for one, spot in zip(items, runs[0], strict=True)}
    return found


def _assign(
    alike: Sequence[InputNumber], free: Sequence[_Spot], literals: frozenset[float], *, is_said_often: bool
) -> dict[Leaf, _Spot]:
    """Inputs of one value to the places that say it; none where that is not sure."""
    value = abs(alike[0].value)
    if is_said_often or len(free) != len(alike) or len(alike) > MAX_ALIKE:
        return {}
    if len(alike) == 1:
        is_literal = float(value) in literals
        return {} if is_literal and not _fit(alike[0].leaf, free[0]) else {alike[0].leaf: free[0]}
    if float(value) in literals:
        return {}
    orders = sorted(permutations(free), key=lambda spots: -_fit_all(alike, spots))
    if _fit_all(alike, orders[0]) <= _fit_all(alike, orders[1]):
        return {}
    return {one.leaf: spot for one, spot in zip(alike, orders[0], strict=True)}


def _fit_all(numbers: Sequence[InputNumber], spots: Sequence[_Spot]) -> int:
    return sum(_fit(one.leaf, spot) for one, spot in zip(numbers, spots, strict=True))


def _fit(leaf: Leaf, spot: _Spot) -> int:
    """How many words of the input's name stand near a place."""
    words = re.findall(r"[a-z]+", " ".join(str(part) for part in leaf).lower())
    return len({stem(word) for word in words if word not in STOP_WORDS} & spot.mention.near)


def _count_said(problem: str, value: Fraction) -> int:
    """How often a text says a value, in digits, in words, as an ordinal or as a part of another number."""
    return sum(value in one.values for one in mentions(problem))


def _make_place(problem: str, leaf: Leaf, spot: _Spot) -> NumberPlace | None:
    mention, before, behind = spot.mention, problem[: spot.start], problem[spot.end :]
    value = spot.values[0]
    is_year = spot.form == "plain" and value in YEARS and not mention.is_money and not mention.unit
    if is_year or _FIXED_BEFORE.search(before) or _FIXED_BEHIND.match(behind):
        return None
    return NumberPlace(
        leaf=leaf,
        start=spot.start,
        end=spot.end,
        form=spot.form,
        unit=mention.unit,
        group="percent" if spot.form == "percent" else "number",
        ceiling=_find_ceiling(problem, spot),
    )


def _find_ceiling(problem: str, spot: _Spot) -> int | None:
    sentence = _sentence_around(problem, spot)
    near = problem[max(0, spot.start - NEAR_CHARS) : spot.end + NEAR_CHARS]
    behind = problem[spot.start : spot.end + NEAR_CHARS]
    texts = {"behind": behind, "near": near, "sentence": sentence, "percent": sentence * (spot.form == "percent")}
    limits = [limit for word, where, limit in _CEILINGS if word.search(texts[where])]
    most = min([*limits, find_ceiling(spot.mention)])
    return most if most >= spot.values[0] and most < 10**9 else None


def _sentence_around(problem: str, spot: _Spot) -> str:
    start = max((end.end() for end in _SENTENCE_END.finditer(problem, 0, spot.start)), default=0)
    stop = _SENTENCE_END.search(problem, spot.end)
    return problem[start : stop.start() if stop else len(problem)]
