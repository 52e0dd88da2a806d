"""New numbers for a question: of the kind, the size and the written form of the old ones."""

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from caco_tasks.convert.question_numbers import QuestionNumber
from caco_tasks.number_words import MAX_NUMBER, number_of_words, words_of_number
from caco_tasks.numbers_in_text import digits_pattern

_LEADING_NUMBER = re.compile(digits_pattern(","), re.ASCII)
_DECIMALS = re.compile(r"\.(\d+)")
_GRAINS = (10**6, 500_000, 100_000, 50_000, 10_000, 5_000, 1_000, 500, 100, 50, 10, 5)
# The most that a count can be, by the stem of what is counted and a stem of its sentence.
_CEILINGS = (
    ("day", frozenset(["week"]), 7),
    ("hour", frozenset(["day", "night", "daily", "morn", "even"]), 12),
    ("hour", frozenset(["day", "night", "daily", "morn", "even"]), 24),
    ("month", frozenset(["year"]), 12),
    ("week", frozenset(["month"]), 4),
    ("inch", frozenset(["feet", "foot"]), 11),
    ("minut", frozenset(["hour"]), 59),
    ("year", frozenset[str](), 95),
)
_SCORES = frozenset(["scor", "test", "exam", "point", "grad", "averag"])
_DENOMINATORS = (2, 3, 4, 5, 6, 8, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberDraw:
    """New values for the parts of one number of a question, and how the question writes them."""

    whole: Fraction
    numerator: Fraction
    denominator: Fraction
    text: str


def draw_number(mention: QuestionNumber, random: Random) -> NumberDraw | None:
    """Another value of like kind and size; None if none can be written as the old one is."""
    match mention.kind:
        case "percent":
            return _written(mention, _draw_percent(mention.whole, random))
        case "fraction":
            return _draw_fraction(mention, random)
        case _ if mention.whole.denominator == 1:
            return _written(mention, _draw_whole(mention, random))
        case _:
            return _written(mention, _draw_decimal(mention, random))


def keeps_order(mentions: Sequence[QuestionNumber], draws: Mapping[int, NumberDraw]) -> bool:
    """Whether of two numbers of one kind the larger one is still the larger one."""
    kinds: dict[tuple[str, bool], list[tuple[Fraction, Fraction]]] = {}
    for order, mention in enumerate(mentions):
        pair = (_size(mention, mention.kind), _size(draws.get(order, mention), mention.kind))
        kinds.setdefault((mention.kind, mention.is_money), []).append(pair)
    ordered = (itertools.pairwise(sorted(pairs)) for pairs in kinds.values())
    return all(new < after for pairs in ordered for (old, new), (other, after) in pairs if old != other)


def find_ceiling(mention: QuestionNumber) -> int:
    """The most that a count of its unit can be where it stands."""
    for unit, words, limit in _CEILINGS:
        if mention.unit == unit and (not words or words & mention.sentence) and mention.whole <= limit:
            return limit
    is_score = _SCORES & mention.sentence and mention.whole <= 100
    return 100 if is_score else 10**12


def find_grain(value: int) -> int:
    """How round a whole number is: 50 for 350; 1 for one that is not round."""
    return next((grain for grain in _GRAINS if value % grain == 0 and value // grain >= 4), 1)


def rewritten(text: str, old: Fraction, new: Fraction) -> str | None:
    """`text`, which begins with the number `old` in digits or in words, with `new` in its place; None if it does not."""
    if match := _LEADING_NUMBER.match(text):
        written = in_digits(match[0], new)
        return None if written is None else written + text[match.end() :]
    ends = [match.end() for match in re.finditer(r"[A-Za-z]+", text)]
    end = next((end for end in reversed(ends) if number_of_words(text[:end]) == old), None)
    if end is None or new.denominator != 1 or not 0 <= new <= (100 if old <= 100 else MAX_NUMBER):
        return None
    words = words_of_number(int(new))
    return (words.capitalize() if text[0].isupper() else words) + text[end:]


def in_digits(like: str, value: Fraction) -> str | None:
    """`value` in digits in the manner of `like`: its decimals, its commas, its leading point; None if it needs more."""
    if value < 0:
        return None
    shown = len(like.partition(".")[2])
    decimals = next((count for count in range(max(shown, 2) + 1) if (value * 10**count).denominator == 1), None)
    if decimals is None or (shown == 0 and decimals):
        return None
    if shown == 2 and not like.startswith(".") and value >= 1 and like[-1] == "0":
        decimals = 2  # 2.50 is a price
    scaled = int(value * 10**decimals)
    whole, rest = divmod(scaled, 10**decimals)
    has_commas = "," in like or ("." not in like and len(like) <= 3 and whole >= 10_000)
    text = f"{whole:,}" if has_commas else str(whole)
    if decimals:
        text += f".{rest:0{decimals}d}"
    return text.removeprefix("0") if like.startswith(".") and decimals else text


def _size(number: QuestionNumber | NumberDraw, kind: str) -> Fraction:
    share = number.numerator / number.denominator
    return share if kind == "fraction" else number.whole + share


def _draw_whole(mention: QuestionNumber, random: Random) -> Fraction:
    """Another whole number, round where the old one is, from half to twice as large; of the smallest, up to 9."""
    value = int(mention.whole)
    grain = find_grain(value)
    least, most = (-(-value // 2), 2 * value) if value >= 6 else (2, max(2 * value, 9))
    low = -(-max(least, 2) // grain)
    return Fraction(random.randint(low, max(min(most, find_ceiling(mention)) // grain, low)) * grain)


def _draw_percent(value: Fraction, random: Random) -> Fraction:
    if value % 5 == 0:
        return Fraction(5 * random.randint(1, 19))
    return Fraction(random.randint(2, min(2 * int(value), 95)))


def _draw_decimal(mention: QuestionNumber, random: Random) -> Fraction:
    """Another decimal number with as many digits behind the point, ending like the old one."""
    shown = _DECIMALS.search(mention.text)
    unit = 10 ** len(shown[1]) if shown else 1
    scaled = int(mention.whole * unit)
    if scaled % 100 in (95, 98, 99) and unit == 100:
        dollars = scaled // 100
        return Fraction(100 * random.randint(max(dollars // 2, 1), 2 * dollars + 2) + scaled % 100, unit)
    grain = next((grain for grain in (50, 25, 10, 5) if grain <= scaled and scaled % grain == 0), 1)
    low, high = max(scaled // (2 * grain), 1), max(2 * scaled // grain, 3)
    most = (unit - 1) // grain if mention.whole < 1 else high
    return Fraction(random.randint(low, max(low, min(high, most))) * grain, unit)


def _draw_fraction(mention: QuestionNumber, random: Random) -> NumberDraw | None:
    below = random.choice((int(mention.denominator), *_DENOMINATORS))
    above = random.randint(1, below - 1)
    if math.gcd(above, below) > 1:
        return None
    match = re.fullmatch(r"(\d+)(\s*/\s*)(\d+)", mention.text)
    if match is None:
        return None
    text = f"{above}{match[2]}{below}"
    return NumberDraw(whole=Fraction(above), numerator=Fraction(above), denominator=Fraction(below), text=text)


def _written(mention: QuestionNumber, value: Fraction) -> NumberDraw | None:
    """The number with `value` for its whole part, written as it was; None if it cannot be."""
    if (value.denominator == 1) != (mention.whole.denominator == 1):
        return None
    text = rewritten(mention.text, mention.whole, value)
    if text is None:
        return None
    return NumberDraw(whole=value, numerator=mention.numerator, denominator=mention.denominator, text=text)
