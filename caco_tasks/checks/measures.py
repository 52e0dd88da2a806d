"""Values that a text says through its units, its calendar and its turns of phrase: `1 hour 30 minutes`, `two and a half`."""

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction

from caco_tasks.numbers_in_text import CARDINALS, ONES, ORDINALS, TENS

_UNITS = (
    (60, r"seconds?|secs?", r"minutes?|mins?"),
    (60, r"minutes?|mins?", r"hours?|hrs?"),
    (24, r"hours?|hrs?", r"days?|daily"),
    (7, r"days?|daily", r"weeks?|weekly"),
    (12, r"months?|monthly", r"years?|yearly|annual(?:ly)?"),
    (52, r"weeks?|weekly", r"years?|yearly|annual(?:ly)?"),
    (365, r"days?|daily", r"years?|yearly|annual(?:ly)?"),
    (100, r"cents?", r"dollars?|euros?"),
    (100, r"pence|pennies", r"pounds?"),
    (10, r"millimet(?:er|re)s?|mm", r"centimet(?:er|re)s?|cm"),
    (100, r"centimet(?:er|re)s?|cm", r"met(?:er|re)s?|m"),
    (1000, r"met(?:er|re)s?|m", r"kilomet(?:er|re)s?|km"),
    (1000, r"millilit(?:er|re)s?|ml", r"lit(?:er|re)s?|l"),
    (1000, r"grams?|g", r"kilograms?|kilos?|kg"),
    (12, r"inch(?:es)?", r"f(?:ee|oo)t"),
    (3, r"f(?:ee|oo)t", r"yards?"),
)  # how many of the smaller unit make the larger
# Words up to twelve count units; a larger number beside a unit is written in digits.
_COUNTS = {word: CARDINALS[word] for word in ONES[:13]} | {"a": 1, "an": 1}
_PLACES = ORDINALS[1:10]
_PARTS = {"half": Fraction(1, 2), "quarter": Fraction(1, 4), "three quarters": Fraction(3, 4)}
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)

_NUMBER = rf"(?<![\w.,/])(?:\d{{1,9}}(?:\.\d{{1,9}})?|{'|'.join(_COUNTS)})"
_PART = "|".join(_PARTS)
_PHRASES = re.compile(
    rf"(?P<mixed>(?<![\w./])(\d{{1,9}})[ -](\d{{1,9}})/([1-9]\d{{0,8}})\s*(?:\\?%|per\s?cent\b))"
    rf"|(?P<place>\b({'|'.join(TENS)})[\s-]({'|'.join(_PLACES)})\b)"
    rf"|(?P<more>\b({'|'.join(_COUNTS)})\s+and\s+an?\s+({_PART})\b)",
    re.IGNORECASE,
)
_ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


def measured(text: str) -> Iterator[tuple[str, frozenset[Fraction]]]:
    """Stretches of a text and the values that each may stand for, in other units or in other words."""
    for match in _PHRASES.finditer(text):
        yield match[0], frozenset({_read_phrase(match)})
    for ratio, small, large in _UNITS:
        yield from _find_measures(text, ratio, small, large)


def constants(text: str) -> set[Fraction]:
    """What everybody knows of the units that a text speaks of: sixty of minutes and hours."""
    return {Fraction(ratio) for ratio, small, large in _UNITS if _speaks_of(text, small) and _speaks_of(text, large)}


def with_plain_dates(text: str, dates: Iterable[str]) -> str:
    """The text with each of `dates` (such as 2024-02-25) that it spells otherwise written so."""
    for date in dates:
        found = _ISO_DATE.fullmatch(date)
        if found is not None and 1 <= int(found[2]) <= 12:
            text = re.sub(_spellings(*map(int, found.groups())), date, text, flags=re.IGNORECASE)
    return text


def _find_measures(text: str, ratio: int, small: str, large: str) -> Iterator[tuple[str, frozenset[Fraction]]]:
    # 1 hour 30 minutes is 1.5 and 90.
    both = rf"({_NUMBER})\s*(?:{large})\b,?\s*(?:and\s+)?({_NUMBER})\s*(?:{small})\b"
    for match in re.finditer(both, text, re.IGNORECASE):
        value = _read_number(match[1]) + _read_number(match[2]) / ratio
        yield match[0], frozenset({value, value * ratio})
    for match in re.finditer(rf"\b({_PART})\s+(?:of\s+)?an?\s+(?:{large})\b", text, re.IGNORECASE):
        value = _PARTS[match[1].lower()]
        yield match[0], frozenset({value, value * ratio})
    for match in re.finditer(rf"\b({_NUMBER})\s+(?:{large})\s+and\s+an?\s+({_PART})\b", text, re.IGNORECASE):
        value = _read_number(match[1]) + _PARTS[match[2].lower()]
        yield match[0], frozenset({value, value * ratio})
    for match in re.finditer(rf"({_NUMBER})\s*(?:(?P<small>{small})|(?:{large}))\b", text, re.IGNORECASE):
        value = _read_number(match[1])
        yield match[0], frozenset({value / ratio if match["small"] else value * ratio})


def _read_phrase(match: re.Match[str]) -> Fraction:
    groups = match.groups()
    if match["mixed"]:
        whole, above, below = (int(part) for part in groups[1:4])
        return (whole + Fraction(above, below)) / 100
    if match["place"]:
        return Fraction(CARDINALS[groups[5].lower()] + ORDINALS.index(groups[6].lower()))
    return _COUNTS[groups[8].lower()] + _PARTS[groups[9].lower()]


def _read_number(number: str) -> Fraction:
    return Fraction(_COUNTS[number.lower()]) if number.lower() in _COUNTS else Fraction(number)


def _speaks_of(text: str, unit: str) -> bool:
    return re.search(rf"(?<![A-Za-z])(?:{unit})(?![A-Za-z])", text, re.IGNORECASE) is not None


def _spellings(year: int, month: int, day: int) -> str:
    # Day and month in figures are ambiguous: both orders are that date.
    name = rf"{_MONTHS[month - 1]}|{_MONTHS[month - 1][:3]}\.?"
    number = rf"0?{day}(?:st|nd|rd|th)?"
    return (
        rf"\b(?:{number}\s+(?:of\s+)?(?:{name}),?\s+{year}|(?:{name})\s+(?:the\s+)?{number},?\s+{year}"
        rf"|0?{day}([./-])0?{month}\1{year}|0?{month}/0?{day}/{year})\b"
    )
