"""Units and other words behind a number: `5 cm`, `21 apples`, `10 m/s`, `1 hour 30 minutes`."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from caco_tasks.grading.units_of_measure import Measure, is_unit_word, measure_of, singular

MAX_CHARS = 200  # of an answer that is searched for a unit
PERCENT = Measure((("percent", 1),), Fraction(1))

_POWER = r"(?:\s*\^\s*(?:\{\s*-?\d\s*\}|-?\d))?"
_UNIT = re.compile(
    rf"(?:(?<=[\d}}\])%.)])|(?<=\s))\s*(?P<unit>[A-Za-z]+{_POWER}(?:(?:\s*[/*]\s*|\s+)[A-Za-z]+{_POWER}){{0,5}})\.?\s*$"
)
_SIGN = re.compile(r"\s*(?:%|percent(?:age)?|pct|\^\s?\\circ|\^\s?\{\s?\\circ\s?\}|\^?\{?\s?\\degree\s?\}?)$")
_TEMPERATURE = re.compile(
    r"\s*\^?\s?\{?\s?\\(?:circ|degree)\s?\}?\s*(C|F|Celsius|Fahrenheit)$|\s*degrees?\s+(C|F|Celsius|Fahrenheit)$"
)
_SCALE_NAMES = {"C": "celsius", "F": "fahrenheit"}
_REMARK = re.compile(r"(?<=[\d}\s])\s*\(([A-Za-z][A-Za-z .]{0,40})\)$")
_LETTERS_IN_NUMBER = re.compile(r"\\(?:frac|sqrt|times|cdot|pi|circ|degree)(?![a-zA-Z])|e(?=[-+]?\d)")
_LABEL = re.compile(r"^[A-Za-z](?:_\w+|_\{\w+\})?\s*=\s*(?=[-+.\d\\(])")
_PART = re.compile(r"(?P<number>\d+(?:\.\d+)?(?:/\d+)?)\s*(?P<unit>[A-Za-z]+)\s*,?\s*")
# Only behind a space: in 5m, m may be a variable.
_ONE_LETTER = frozenset("mgshlLNJWVAKC")
# Words at the end of an answer that are part of it.
_NOT_UNITS = frozenset(
    [
        "sin",
        "cos",
        "tan",
        "log",
        "ln",
        "sqrt",
        "pi",
        "oo",
        "inf",
        "or",
        "and",
        "is",
        "are",
        "cis",
        "mod",
        "than",
        "more",
        "less",
    ]
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """An answer without its unit, what the unit measures (None: no unit, or words that are no known measure), and the unit.

    `unit` is as written; empty where there is none.
    """

    text: str
    measure: Measure | None = None
    unit: str = ""


@lru_cache(maxsize=4096)
def split_unit(text: str) -> Quantity:
    """Takes the unit off a cleaned answer whose rest is a number without letters."""
    if len(text) > MAX_CHARS or not text or (text[-1].isdigit() and text[0].isdigit() and text.isalnum()):
        return Quantity(text)
    if temperature := _TEMPERATURE.search(text):
        name = _SCALE_NAMES[(temperature[1] or temperature[2])[0]]
        return Quantity(text[: temperature.start()], measure_of(name), name)
    sign = _SIGN.search(text)
    if sign is not None and sign.start() > 0:
        is_angle = "circ" in sign[0] or "degree" in sign[0]
        return Quantity(
            text[: sign.start()], measure_of("degree") if is_angle else PERCENT, "degree" if is_angle else "%"
        )
    return _split_words(text)


def _split_words(text: str) -> Quantity:
    text = _REMARK.sub(r" \1", text) if text.endswith(")") else text
    if not text[-1].isalpha() and text[-1] not in "}.0123456789":
        return Quantity(text)
    parts = _sum_of_parts(text)
    if parts is not None:
        return parts
    match = _UNIT.search(text)
    if match is None:
        return Quantity(text)
    number, unit = _LABEL.sub("", text[: match.start("unit")].strip()), match["unit"]
    is_number = any(char.isdigit() for char in number) and not re.search(
        r"[A-Za-z]", _LETTERS_IN_NUMBER.sub("", number)
    )
    if not is_number or not _is_unit(unit, text[match.start("unit") - 1]):
        return Quantity(text)
    return Quantity(number.rstrip(" ,"), measure_of(unit), unit)


def _sum_of_parts(text: str) -> Quantity | None:
    """`1 hour 30 minutes` in its first unit; None for what is no sum of ever smaller parts."""
    total, position, previous = Fraction(0), 0, None
    first: tuple[str, Measure] | None = None
    count = 0
    while position < len(text):
        part = _PART.match(text, position)
        found = measure_of(part["unit"]) if part else None
        if (
            part is None
            or found is None
            or (previous and (found.dimensions != previous.dimensions or found.size >= previous.size))
        ):
            return None
        first = first or (part["unit"], found)
        total += Fraction(part["number"]) * found.size / first[1].size
        position, previous, count = part.end(), found, count + 1
    return Quantity(f"({total.numerator}/{total.denominator})", first[1], first[0]) if first and count > 1 else None


def _is_unit(unit: str, before: str) -> bool:
    words = re.findall(r"[A-Za-z]+", unit)
    if any(word in _NOT_UNITS for word in words):
        return False
    if len(words) == 1 and len(unit) == 1:
        return unit in _ONE_LETTER and before == " "
    return any(len(word) >= 3 or is_unit_word(singular(word)) for word in words)
