"""What the numbers of an environment may be at each level of difficulty, and numbers drawn from that.

A level is a size: from a quarter of the row's own numbers up to twenty-five times as large. What cannot grow so far stays
within its ceiling: minutes of an hour, percentages, numbers that the text says in words. Round numbers stay round.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from random import Random

from caco_tasks.convert.number_draws import find_grain
from caco_tasks.environments.environment_record import LEVELS, InputRange, Leaf, Number, NumberPlace, Relation
from caco_tasks.environments.rewriting import MAX_WORDED, said_number

# from and to how many times the row's own number
SPANS = {
    1: (Fraction(1, 4), Fraction(1)),
    2: (Fraction(1, 2), Fraction(2)),
    3: (Fraction(1), Fraction(4)),
    4: (Fraction(3), Fraction(10)),
    5: (Fraction(8), Fraction(25)),
}
LEAST = 2  # of a number that is drawn: one thing is worded otherwise
SMALL = 8  # below it a range reaches up to so many more, for there would be few numbers
DECIMALS = 2  # at most, of what is drawn


def level_ranges(
    problem: str, places: Sequence[NumberPlace], values: Mapping[Leaf, Fraction], caps: Mapping[Leaf, Fraction]
) -> dict[int, tuple[InputRange, ...]]:
    """The range of every number at every level; `caps` is the most that probing found a number may be."""
    by_leaf = {place.leaf: place for place in places}
    return {
        level: tuple(_range_of(problem, place, values[leaf], level, caps.get(leaf)) for leaf, place in by_leaf.items())
        for level in LEVELS
    }


@dataclass(frozen=True, slots=True)
class _Span:
    low: Number
    high: Number
    step: Number
    steps: int

    @classmethod
    def of(cls, one: InputRange) -> "_Span":
        low, high, step = map(_plain, (one.low, one.high, one.step))
        return cls(low, high, step, int((high - low) // step))


class NumberSampler:
    """Draws the numbers of one level: what the text is to say at each leaf.

    Numbers of one group that are no items of one list keep their order; relations that probing found are met where a draw
    can be moved to meet them.
    """

    def __init__(
        self,
        places: Sequence[NumberPlace],
        ranges: Sequence[InputRange],
        values: Mapping[Leaf, Fraction],
        relations: Sequence[Relation] = (),
    ) -> None:
        self._spans = {one.leaf: _Span.of(one) for one in ranges}
        self._relations = relations
        groups = {place.leaf: place.group for place in places}
        singles = sorted((leaf for leaf in groups if isinstance(leaf[-1], str)), key=lambda leaf: abs(values[leaf]))
        self._ordered = [
            [leaf for leaf in singles if groups[leaf] == group]
            for group in dict.fromkeys(groups[leaf] for leaf in singles)
        ]

    def draw(self, random: Random) -> dict[Leaf, Number]:
        """One draw."""
        drawn = {leaf: span.low + span.step * random.randint(0, span.steps) for leaf, span in self._spans.items()}
        for leaves in self._ordered:
            drawn |= dict(zip(leaves, sorted(drawn[leaf] for leaf in leaves), strict=True))
        for relation in self._relations:
            self._move(drawn, relation)
        return drawn

    def _move(self, drawn: dict[Leaf, Number], relation: Relation) -> None:
        """Moves the left number of a relation to the nearest that meets it, where its range has one."""
        span, left = self._spans[relation.left], drawn[relation.left]
        moved: Number
        right = _right_of(relation, drawn)
        if relation.kind == "multiple_of":
            moved = left // right * right
            moved = moved if moved >= span.low else _up(max(span.low, right), right)
        else:
            moved = min(left, right - span.step)
        if span.low <= moved <= span.high and (moved - span.low) % span.step == 0:
            drawn[relation.left] = moved


class OrderRule:
    """Of two numbers of one group the larger stays the larger, and lists are ordered and distinct as before.

    The items of a list may change places unless the list is in order; where all are less than a number beside the list,
    or all more, they stay so.
    """

    def __init__(self, places: Sequence[NumberPlace], values: Mapping[Leaf, Fraction]) -> None:
        groups = {place.leaf: place.group for place in places}
        self._strict: list[tuple[Leaf, Leaf, int]] = []
        self._distinct: list[tuple[Leaf, Leaf]] = []
        for left, right in combinations(groups, 2):
            if groups[left] != groups[right]:
                continue
            old = _compare(values[left], values[right])
            is_one_list = left[:-1] == right[:-1] and isinstance(left[-1], int)
            is_mixed = not is_one_list and (isinstance(left[-1], int) or isinstance(right[-1], int))
            if is_one_list and old and not _is_sorted(values, left[:-1]):
                self._distinct.append((left, right))
            elif old and (not is_mixed or _is_apart(values, left, right)):
                self._strict.append((left, right, old))

    def is_kept(self, drawn: Mapping[Leaf, Number]) -> bool:
        """Whether a draw keeps to it."""
        return all(drawn[left] != drawn[right] for left, right in self._distinct) and all(
            _compare(drawn[left], drawn[right]) == old for left, right, old in self._strict
        )


def _right_of(relation: Relation, drawn: Mapping[Leaf, Number]) -> Number:
    if isinstance(relation.right, int):
        return relation.right
    return drawn[relation.right]


def _plain(text: str) -> Number:
    """A number; whole ones as int, for these are drawn by the million."""
    return int(text) if text.isdecimal() else Fraction(text)


def _compare(left: Number, right: Number) -> int:
    ours, theirs = left * left, right * right  # without their signs
    return (ours > theirs) - (ours < theirs)


def _is_sorted(values: Mapping[Leaf, Fraction], holder: Leaf) -> bool:
    items = [value for leaf, value in values.items() if leaf[:-1] == holder]
    ordered = sorted(items)
    return len(items) > 3 and (items == ordered or items == ordered[::-1])


def _is_apart(values: Mapping[Leaf, Fraction], left: Leaf, right: Leaf) -> bool:
    """Whether all items of the list of one are on one side of the other."""
    one, other = (left, right) if isinstance(left[-1], int) else (right, left)
    items = [value for leaf, value in values.items() if leaf[:-1] == one[:-1] and isinstance(leaf[-1], int)]
    rest = (
        [values[other]] if isinstance(other[-1], str) else [v for leaf, v in values.items() if leaf[:-1] == other[:-1]]
    )
    return max(items) < min(rest) or min(items) > max(rest)


def _range_of(problem: str, place: NumberPlace, value: Fraction, level: int, cap: Fraction | None) -> InputRange:
    own = said_number(place, value)
    step = _step_of(own)
    low, high = (own * factor for factor in SPANS[level])
    if own < SMALL and level <= 3:
        high = max(high, own + SMALL - level)
    limits = [Fraction(one) for one in (place.ceiling, cap) if one is not None]
    if not problem[place.start].isdigit() and problem[place.start] != ".":
        limits.append(Fraction(MAX_WORDED))
    most = min(limits, default=None)
    if most is not None:
        high = min(high, max(most, own))
        low = min(low, high / 2)
    low = max(Fraction(_up(low, step)), Fraction(LEAST) if step >= 1 else step)
    return InputRange(leaf=place.leaf, low=_shown(low), high=_shown(max(high // step * step, low)), step=_shown(step))


def _step_of(own: Fraction) -> Fraction:
    if own.denominator == 1:
        return Fraction(find_grain(int(own)))
    decimals = next((count for count in range(1, DECIMALS + 1) if (own * 10**count).denominator == 1), DECIMALS)
    unit = Fraction(1, 10**decimals)
    return unit * 5 if (own / unit) % 5 == 0 else unit


def _up(value: Number, step: Number) -> Number:
    return -(-value // step) * step


def _shown(value: Fraction) -> str:
    return str(int(value)) if value.denominator == 1 else str(float(value))
