"""Units and other words behind a number: `5 cm`, `21 apples`, `10 m/s`."""

import re
from dataclasses import dataclass

MAX_CHARS = 200  # of an answer that is searched for a unit

_UNIT = re.compile(
    r"(?:(?<=[\d}\])%.)])|(?<=\s))\s*(?P<unit>[A-Za-z]+(?:\s*\^\s*(?:\{-?\d\}|-?\d))?"
    r"(?:(?:\s*[/*]\s*|\s+)[A-Za-z]+(?:\s*\^\s*(?:\{-?\d\}|-?\d))?){0,5})\s*$"
)
_SIGN = re.compile(r"\s*(?:%|percent(?:age)?|pct|\^\s?\\circ|\^\s?\{\s?\\circ\s?\}|\^?\\degree)$")
_LETTERS_IN_NUMBER = re.compile(r"\\(?:frac|sqrt|times|cdot|pi|circ|degree)(?![a-zA-Z])|e(?=[-+]?\d)")
_SYNONYMS = {
    "cm": "centimetre centimeter cms",
    "mm": "millimetre millimeter",
    "m": "metre meter",
    "km": "kilometre kilometer kms",
    "in": "inch inches",
    "ft": "foot feet",
    "yd": "yard",
    "mi": "mile",
    "g": "gram gm",
    "kg": "kilogram kgs",
    "mg": "milligram",
    "lb": "pound lbs",
    "oz": "ounce",
    "l": "liter litre",
    "ml": "milliliter millilitre",
    "s": "second sec secs",
    "min": "minute mins",
    "h": "hour hr hrs",
    "day": "day",
    "week": "week wk",
    "month": "month",
    "year": "year yr yrs",
    "dollar": "dollar usd buck",
    "cent": "cent",
    "mph": "mph",
    "n": "newton",
    "j": "joule",
    "w": "watt",
    "v": "volt",
    "k": "kelvin",
    "pa": "pascal",
    "hz": "hertz",
    "mol": "mole",
    "degree": "degree deg",
    "radian": "radian rad",
    "euro": "euro eur",
    "gallon": "gallon gal",
    "acre": "acre",
}
_KNOWN = {word: unit for unit, words in _SYNONYMS.items() for word in (unit, *words.split())}
# Only behind a space: in 5m, m may be a variable.
_ONE_LETTER = frozenset("mgshlLNJWVAKC")
# Words at the end of an answer that are part of it.
_NOT_UNITS = frozenset(["sin", "cos", "tan", "log", "ln", "sqrt", "pi", "oo", "inf", "or", "and", "is", "are"])


@dataclass(frozen=True, slots=True)
class Quantity:
    """An answer without its unit, and the unit in one spelling (None: no unit; "": words that are no known measure)."""

    text: str
    unit: str | None


def split_unit(text: str) -> Quantity:
    """Takes the unit off a cleaned answer whose rest is a number without letters."""
    sign = _SIGN.search(text) if len(text) <= MAX_CHARS else None
    if sign is not None and sign.start() > 0:
        return Quantity(text[: sign.start()], "degree" if "circ" in sign[0] or "degree" in sign[0] else "%")
    if len(text) > MAX_CHARS or not text or (not text[-1].isalpha() and text[-1] not in "}0123456789"):
        return Quantity(text, None)
    match = _UNIT.search(text)
    if match is None:
        return Quantity(text, None)
    number, unit = text[: match.start("unit")].strip(), match["unit"]
    is_number = any(char.isdigit() for char in number) and not re.search(
        r"[A-Za-z]", _LETTERS_IN_NUMBER.sub("", number)
    )
    if not is_number or not _is_unit(unit, text[match.start("unit") - 1]):
        return Quantity(text, None)
    return Quantity(number.rstrip(" ,"), _one_spelling(unit))


def units_agree(first: str | None, second: str | None) -> bool:
    """Whether two units do not contradict each other: a missing or unknown one agrees with all."""
    return not first or not second or first == second


def _is_unit(unit: str, before: str) -> bool:
    words = re.findall(r"[A-Za-z]+", unit)
    if any(word in _NOT_UNITS for word in words):
        return False
    if len(words) == 1 and len(unit) == 1:
        return unit in _ONE_LETTER and before == " "
    return any(len(word) >= 3 or _singular(word) in _KNOWN for word in words)


def _one_spelling(unit: str) -> str:
    compact = re.sub(r"[\s{}]", "", unit)
    words = re.findall(r"[A-Za-z]+", unit)
    known = [_KNOWN.get(_singular(word)) for word in words]
    if any(name is None for name in known):
        return ""  # "apples" may be left out or said otherwise; only measures can contradict each other
    return (
        re.sub(r"[A-Za-z]+", lambda match: _KNOWN[_singular(match[0])], compact)
        if len(words) > 1 or "^" in unit
        else str(known[0])
    )


def _singular(word: str) -> str:
    word = word.lower()
    return word.removesuffix("s") if len(word) > 3 and word not in _KNOWN else word


def measure(word: str) -> str:
    """The one spelling of a unit of measure, such as `hour` for `hrs`; empty for any other word."""
    return _KNOWN.get(_singular(word), "")
