"""Values that a text says through its units and its calendar: `1 hour 30 minutes`, `half a metre`, `February 25, 2024`."""

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction

from caco_tasks.checks.numbers.stretches import Stretch
from caco_tasks.number_words import CARDINALS, ONES

_SECOND, _MINUTE, _HOUR = "second seconds sec secs", "minute minutes min mins", "hour hours hr hrs h"
_DAY, _WEEK, _MONTH = "day days daily", "week weeks weekly", "month months monthly"
_YEAR = "year years yearly annual annually"
_MILLIMETRE, _CENTIMETRE = (
    "millimeter millimeters millimetre millimetres mm",
    "centimeter centimeters centimetre centimetres cm",
)
_METRE, _KILOMETRE = "meter meters metre metres m", "kilometer kilometers kilometre kilometres km"
_GRAM, _KILOGRAM = "gram grams g", "kilogram kilograms kilo kilos kg"
_INCH, _FOOT, _YARD, _MILE = "inch inches", "foot feet ft", "yard yards", "mile miles"
_OUNCE, _POUND = "ounce ounces oz", "pound pounds lb lbs"
_CUP, _PINT, _QUART, _GALLON = "cup cups", "pint pints", "quart quarts", "gallon gallons"

_MEASURED_UNITS = (
    (60, _SECOND, _MINUTE),
    (60, _MINUTE, _HOUR),
    (24, _HOUR, _DAY),
    (7, _DAY, _WEEK),
    (12, _MONTH, _YEAR),
    (52, _WEEK, _YEAR),
    (365, _DAY, _YEAR),
    (100, "cent cents", "dollar dollars euro euros"),
    (100, "pence pennies", "pound pounds"),
    (10, _MILLIMETRE, _CENTIMETRE),
    (100, _CENTIMETRE, _METRE),
    (1000, _METRE, _KILOMETRE),
    (1000, "milliliter milliliters millilitre millilitres ml", "liter liters litre litres l"),
    (1000, _GRAM, _KILOGRAM),
    (12, _INCH, _FOOT),
    (3, _FOOT, _YARD),
)  # how many of the smaller unit make the larger; a problem and its program may each use the other one
UNIT_RATIOS = tuple(
    (Fraction(ratio), tuple(small.split()), tuple(large.split()))
    for ratio, small, large in (
        *_MEASURED_UNITS,
        (3600, _SECOND, _HOUR),
        (1440, _MINUTE, _DAY),
        (60, _MINUTE, "mph clock"),
        (30, _DAY, _MONTH),
        (4, _WEEK, _MONTH),
        (10, _YEAR, "decade decades"),
        (100, _YEAR, "century centuries"),
        (1000, "milligram milligrams mg", _GRAM),
        (1000, _KILOGRAM, "ton tons tonne tonnes"),
        (2000, _POUND, "ton tons"),
        (16, _OUNCE, _POUND),
        (8, _OUNCE, _CUP),
        (128, _OUNCE, _GALLON),
        (2, _CUP, _PINT),
        (4, _CUP, _QUART),
        (16, _CUP, _GALLON),
        (2, _PINT, _QUART),
        (8, _PINT, _GALLON),
        (4, _QUART, _GALLON),
        (36, _INCH, _YARD),
        (5280, _FOOT, _MILE),
        (1760, _YARD, _MILE),
    )
)  # also those that only count where the text names both units
# Words up to twelve count units; a larger number beside a unit is written in digits.
_COUNTS = {word: CARDINALS[word] for word in ONES[:13]} | {"a": 1, "an": 1}
_PARTS = {"half": Fraction(1, 2), "quarter": Fraction(1, 4), "three quarters": Fraction(3, 4)}
MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)

_NUMBER = rf"(?<![\w.,/])(?:\d{{1,9}}(?:\.\d{{1,9}})?|{'|'.join(_COUNTS)})"
_PART = "|".join(_PARTS)
_SEVERAL = [
    (ratio, {*small.split(), *large.split()}, small.replace(" ", "|"), large.replace(" ", "|"))
    for ratio, small, large in _MEASURED_UNITS
]
_UNIT_PATTERNS = [
    (
        ratio,
        words,
        # 1 hour 30 minutes is 1.5 and 90
        re.compile(rf"({_NUMBER})\s*(?:{large})\b,?\s*(?:and\s+)?({_NUMBER})\s*(?:{small})\b", re.IGNORECASE),
        re.compile(rf"\b({_PART})\s+(?:of\s+)?an?\s+(?:{large})\b", re.IGNORECASE),
        re.compile(rf"\b({_NUMBER})\s+(?:{large})\s+and\s+an?\s+({_PART})\b", re.IGNORECASE),
        re.compile(rf"({_NUMBER})[\s-]*(?:(?P<small>{small})|(?:{large}))\b", re.IGNORECASE),
    )
    for ratio, words, small, large in _SEVERAL
]
_MONEY = re.compile(
    r"(?P<whole>[$€£]\s?(?P<large>\d{1,9}(?:\.\d{1,9})?))|(?P<small>(?<![\w.,/])\d{1,9}(?:\.\d{1,9})?)\s?¢"
)
_WORD = re.compile(r"[a-z]+")
_ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


def find_measures(text: str) -> Iterator[Stretch]:
    """Stretches of a text and the values that each may stand for in other units."""
    spoken = words_of(text)
    for ratio, words, both, part, more, one in _UNIT_PATTERNS:
        if spoken.isdisjoint(words):
            continue
        for match in both.finditer(text):
            value = _read_number(match[1]) + _read_number(match[2]) / ratio
            yield Stretch(match.start(), match.end(), frozenset({value, value * ratio}))
        for match in part.finditer(text):
            value = _PARTS[match[1].lower()]
            yield Stretch(match.start(), match.end(), frozenset({value, value * ratio}))
        for match in more.finditer(text):
            value = _read_number(match[1]) + _PARTS[match[2].lower()]
            yield Stretch(match.start(), match.end(), frozenset({value, value * ratio}))
        for match in one.finditer(text):
            value = _read_number(match[1])
            yield Stretch(match.start(), match.end(), frozenset({value / ratio if match["small"] else value * ratio}))
    for match in _MONEY.finditer(text):
        value = Fraction(match["large"]) * 100 if match["large"] else Fraction(match["small"]) / 100
        yield Stretch(match.start(), match.end(), frozenset({value}))


def words_of(text: str) -> set[str]:
    """The words of a text, in lower case."""
    return set(_WORD.findall(text.lower()))


def with_plain_dates(text: str, dates: Iterable[str]) -> str:
    """The text with each of `dates` (such as 2024-02-25) that it spells otherwise written so."""
    for date in dates:
        found = _ISO_DATE.fullmatch(date)
        if found is not None and 1 <= int(found[2]) <= 12:
            text = re.sub(_spellings(*map(int, found.groups())), date, text, flags=re.IGNORECASE)
    return text


def _read_number(number: str) -> Fraction:
    return Fraction(_COUNTS[number.lower()]) if number.lower() in _COUNTS else Fraction(number)


def _spellings(year: int, month: int, day: int) -> str:
    # Day and month in figures are ambiguous: both orders are that date.
    name = rf"{MONTHS[month - 1]}|{MONTHS[month - 1][:3]}\.?"
    number = rf"0?{day}(?:st|nd|rd|th)?"
    return (
        rf"\b(?:{number}\s+(?:of\s+)?(?:{name}),?\s+{year}|(?:{name})\s+(?:the\s+)?{number},?\s+{year}"
        rf"|0?{day}([./-])0?{month}\1{year}|0?{month}/0?{day}/{year})\b"
    )
