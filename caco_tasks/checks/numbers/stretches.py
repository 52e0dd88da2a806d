"""Stretches of a text that say a number in words or units of their own."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Stretch:
    """A place of a text, from `start` to before `end`, and the numbers that it names besides those written in it."""

    start: int
    end: int
    values: frozenset[Fraction] = frozenset()


def find_covered(places: Iterable[int], stretches: Iterable[Stretch]) -> set[int]:
    """Which of the places lie in one of the stretches; both in any order."""
    covered, ends = set[int](), -1
    waiting = sorted(stretches, key=lambda stretch: stretch.start)
    for place in sorted(set(places)):
        while waiting and waiting[0].start <= place:
            ends = max(ends, waiting.pop(0).end)
        if place < ends:
            covered.add(place)
    return covered
