"""Units of measure: their spellings, what they measure, and how many of the base unit one of them is."""

import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

MAX_POWER = 9  # of a unit

# the unit: its dimension (with a power, if it is one of another dimension), its size in the base unit, other spellings
_UNITS: dict[str, tuple[str, int, Fraction, str]] = {
    "cm": ("length", 1, Fraction(1, 100), "centimetre centimeter cms"),
    "mm": ("length", 1, Fraction(1, 1000), "millimetre millimeter"),
    "dm": ("length", 1, Fraction(1, 10), "decimetre decimeter"),
    "m": ("length", 1, Fraction(1), "metre meter"),
    "km": ("length", 1, Fraction(1000), "kilometre kilometer kms"),
    "in": ("length", 1, Fraction(254, 10_000), "inch inches"),
    "ft": ("length", 1, Fraction(3048, 10_000), "foot feet"),
    "yd": ("length", 1, Fraction(9144, 10_000), "yard"),
    "mi": ("length", 1, Fraction(1_609_344, 1000), "mile"),
    "g": ("mass", 1, Fraction(1), "gram gm"),
    "kg": ("mass", 1, Fraction(1000), "kilogram kgs kilo"),
    "mg": ("mass", 1, Fraction(1, 1000), "milligram"),
    "tonne": ("mass", 1, Fraction(1_000_000), ""),
    "lb": ("mass", 1, Fraction(45_359_237, 100_000), "pound lbs"),
    "oz": ("mass", 1, Fraction(45_359_237, 1_600_000), "ounce"),
    "l": ("length", 3, Fraction(1, 1000), "liter litre"),
    "ml": ("length", 3, Fraction(1, 1_000_000), "milliliter millilitre"),
    "cl": ("length", 3, Fraction(1, 100_000), "centiliter centilitre"),
    "dl": ("length", 3, Fraction(1, 10_000), "deciliter decilitre"),
    "gallon": ("gallon", 1, Fraction(1), "gallon gal"),
    "quart": ("gallon", 1, Fraction(1, 4), "qt"),
    "pint": ("gallon", 1, Fraction(1, 8), "pt"),
    "acre": ("acre", 1, Fraction(1), ""),
    "hectare": ("length", 2, Fraction(10_000), "ha"),
    "s": ("time", 1, Fraction(1), "second sec secs"),
    "min": ("time", 1, Fraction(60), "minute mins"),
    "h": ("time", 1, Fraction(3600), "hour hr hrs"),
    "day": ("time", 1, Fraction(86_400), ""),
    "week": ("time", 1, Fraction(7 * 86_400), "wk"),
    "month": ("month", 1, Fraction(1), ""),
    "year": ("month", 1, Fraction(12), "yr yrs"),
    "dollar": ("dollar", 1, Fraction(1), "usd buck"),
    "cent": ("dollar", 1, Fraction(1, 100), ""),
    "euro": ("euro", 1, Fraction(1), "eur"),
    "yen": ("yen", 1, Fraction(1), "jpy"),
    "rupee": ("rupee", 1, Fraction(1), "inr rs"),
    "n": ("force", 1, Fraction(1), "newton"),
    "j": ("energy", 1, Fraction(1), "joule"),
    "w": ("power", 1, Fraction(1), "watt"),
    "v": ("voltage", 1, Fraction(1), "volt"),
    "k": ("kelvin", 1, Fraction(1), "kelvin"),
    "celsius": ("celsius", 1, Fraction(1), "centigrade"),
    "fahrenheit": ("fahrenheit", 1, Fraction(1), ""),
    "pa": ("pressure", 1, Fraction(1), "pascal"),
    "hz": ("frequency", 1, Fraction(1), "hertz"),
    "kj": ("energy", 1, Fraction(1000), "kilojoule"),
    "kw": ("power", 1, Fraction(1000), "kilowatt"),
    "kv": ("voltage", 1, Fraction(1000), "kilovolt"),
    "kn": ("force", 1, Fraction(1000), "kilonewton"),
    "kpa": ("pressure", 1, Fraction(1000), "kilopascal"),
    "khz": ("frequency", 1, Fraction(1000), "kilohertz"),
    "nm": ("length", 1, Fraction(1, 10**9), "nanometer nanometre"),
    "mol": ("amount", 1, Fraction(1), "mole"),
    "degree": ("degree", 1, Fraction(1), "deg"),
    "radian": ("radian", 1, Fraction(1), "rad"),
}
_KNOWN = {word: unit for unit, (*_, words) in _UNITS.items() for word in (unit, *words.split())}
_WRITTEN_TOGETHER = {"mph": "mi/h", "kph": "km/h", "kmh": "km/h", "kmph": "km/h", "cc": "cm^3", "sqft": "ft^2"}
_TOGETHER = re.compile(rf"(?<![A-Za-z])(?:{'|'.join(_WRITTEN_TOGETHER)})(?![A-Za-z])", re.IGNORECASE)
_POWERS_BEFORE = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
_POWERS_BEHIND = {"squared": 2, "cubed": 3}
_PART = re.compile(r"(?P<word>[A-Za-z]+)\.?|\^\s*\{?\s*(?P<power>-?\d)\s*\}?|(?P<over>/)|[*.\s{}()]|\\cdot")


@dataclass(frozen=True, slots=True)
class Measure:
    """What a unit measures, as powers of dimensions, and its size in their base units.

    measure_of("km/h") == Measure((("length", 1), ("time", -1)), Fraction(5, 18))
    """

    dimensions: tuple[tuple[str, int], ...]
    size: Fraction


def singular(word: str) -> str:
    """A word in lower case, without the s of its plural; known units as they are."""
    word = word.lower()
    return word.removesuffix("s") if len(word) > 3 and word not in _KNOWN else word


def measure(word: str) -> str:
    """The one spelling of a unit of measure, such as `h` for `hrs`; empty for any other word."""
    return _KNOWN.get(singular(word), "")


def is_unit_word(word: str) -> bool:
    """Whether a word is a unit or says something of one: `hrs`, `square`, `per`."""
    return bool(
        measure(word) or word.lower() in _WRITTEN_TOGETHER or word.lower() in (*_POWERS_BEFORE, *_POWERS_BEHIND, "per")
    )


def measure_of(unit: str) -> Measure | None:
    """What the text of a unit measures, such as `m/s^2`, `km h^{-1}`, `square feet`, `miles per hour`; None: unknown."""
    dimensions: Counter[str] = Counter()
    size = Fraction(1)
    sign, power, last = 1, 1, ""  # the power that waits for its unit; the unit that waits for its power
    position = 0
    unit = _TOGETHER.sub(lambda found: _WRITTEN_TOGETHER[found[0].lower()], unit)
    while position < len(unit):
        part = _PART.match(unit, position)
        if part is None:
            return None
        position = part.end()
        word = (part["word"] or "").lower()
        if part["over"] or word == "per":
            sign, last = -1, ""
        elif word in _POWERS_BEFORE:
            power = _POWERS_BEFORE[word]
        elif part["power"] or word in _POWERS_BEHIND:
            more = int(part["power"]) if part["power"] else _POWERS_BEHIND[word]
            size *= _add(dimensions, last, sign * (more - 1)) if last else 0
            last = ""
        elif word:
            last = measure(word)
            size *= _add(dimensions, last, sign * power) if last else 0
            power = 1
    found = tuple(sorted((name, count) for name, count in dimensions.items() if count))
    return Measure(found, size) if found and size else None


def _add(dimensions: Counter[str], name: str, times: int) -> Fraction:
    """Counts a unit, to the power `times`, and gives its size."""
    dimension, power, size, _ = _UNITS[name]
    dimensions[dimension] += power * times
    return size**times
