"""When two numbers are the same value though written differently: `1/3` and 0.333…, 0.1 + 0.2 and 0.3, 30 % and 0.7 left."""

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction

from caco_tasks.numbers_in_text import Mention

MIN_DECIMALS = 3  # of a decimal that may stand for a fraction: 0.333 for 1/3, but not 0.33
FLOAT_DECIMALS = 12  # of a float that stands for a number without an end
MAX_DECIMALS = 30
MAX_COMPARED = 100  # decimals, and fractions without an end, that are compared with each other
NOISE = Fraction(1, 10**12)  # of a floating-point number, relative

_LESS = re.compile(
    r"\b(?:off|discount\w*|less|fewer|left|rest|remain\w*|others?|not|reduc\w*|decreas\w*|sav\w*|cheaper|low(?:er)?|lost|los[es]s?"
    r"|losing|drop\w*|f[ae]ll\w*|without|defective|fail\w*|miss\w*|smaller|shorter|complement|evaporat\w*|discard\w*)\b",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"\b(?:more|longer|higher|larger|greater|taller|older|increas\w*|rais\w*|r[io]se\w*|grow\w*|gr[eo]w|gain\w*|profit\w*"
    r"|interest|tax\w*|tips?|mark\w*|add\w*|extra|plus)\b",
    re.IGNORECASE,
)


class NumberForms:
    """A set of numbers that knows a fraction in its decimal, and a decimal in its fraction.

    >>> NumberForms({Fraction(1, 3)}).include({Fraction("0.333")})
    True
    """

    def __init__(self, numbers: set[Fraction]) -> None:
        self.numbers = numbers
        broken = [number for number in numbers if number.denominator > 2]
        self._decimals = [one for one in broken if count_decimals(one) is not None][:MAX_COMPARED]
        self._endless = [one for one in broken if count_decimals(one) is None][:MAX_COMPARED]

    def include(self, values: Iterable[Fraction]) -> bool:
        """Whether one of the values is here, in one form or the other."""
        values = list(values)
        if not self.numbers.isdisjoint(values):
            return True
        return any(
            is_same_value(value, exact) or is_same_value(exact, value)
            for value in values
            if value.denominator > 2
            for exact in (*self._endless, *self._decimals)
        )


def count_decimals(number: Fraction) -> int | None:
    """The digits behind the point that a number needs; None if it has no end, or none before `MAX_DECIMALS`."""
    rest, count = number.denominator, 0
    while rest % 10 == 0 and count < MAX_DECIMALS:
        rest, count = rest // 10, count + 1
    for factor in (2, 5):
        while rest % factor == 0 and count < MAX_DECIMALS:
            rest, count = rest // factor, count + 1
    return count if rest == 1 else None


def is_same_value(decimal: Fraction, exact: Fraction) -> bool:
    """Whether a decimal is a number, but for what floating point loses, or is an endless one rounded or cut off."""
    if abs(decimal - exact) <= NOISE * abs(exact):
        return True
    decimals = count_decimals(decimal)
    ends_after = count_decimals(exact)
    if decimals is None or decimals < MIN_DECIMALS or (ends_after is not None and ends_after < FLOAT_DECIMALS):
        return False
    unit = Fraction(1, 10**decimals)
    return abs(decimal - exact) <= unit / 2 or 0 <= exact - decimal < unit


def signs_of_change(text: str) -> tuple[int, ...]:
    """Whether a text speaks of less (-1) or of more (1) than a whole, or of both."""
    return tuple(sign for sign, words in ((-1, _LESS), (1, _MORE)) if words.search(text))


def forms_of_mention(mention: Mention, signs: tuple[int, ...]) -> Iterator[frozenset[Fraction]]:
    """The values of a mention, and what it makes of a whole by a change of these signs: 30 % off are 70 % left."""
    yield mention.values
    for value in mention.values:
        if value / 100 in mention.values:
            yield frozenset(abs(100 + sign * value) for sign in signs)
        if 0 < value < 1:
            yield frozenset(1 + sign * value for sign in signs)
