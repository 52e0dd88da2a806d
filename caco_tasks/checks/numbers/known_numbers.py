"""Numbers that everybody knows: those of the units, the calendar, coins and dice of a text, and constants of nature.

A program may hold such a number as an input though the problem does not say it (31 for May), and a problem may say one that
no input holds (60 minutes of an hour, 3.14 for pi), as long as it is right.
"""

import math
import re
from fractions import Fraction

from caco_tasks.checks.numbers.measures import MONTHS, UNIT_RATIOS, words_of

MIN_DECIMALS = 2  # of a rounded constant: 3.1 may be anything
SENTENCE_CHARS = 200  # before and behind a number, that are looked at
NEAR_CHARS = 40  # before and behind a constant, in which its name stands
MANY_DECIMALS = 5  # of a number that can be nothing but pi
LARGEST_FLOAT = 10**308

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WHAT_DAY = r"(?i)\bweekday|\bdays? of the week|\b(?:what|which) day"
_LIMBS = r"(?i)\b(?:legs?|paws?|hooves|wheels?|tires?|tyres?)\b"
# Values, and patterns that all must be there; names of months are read as they are written, the other words in any case.
_WORDS = [
    ([Fraction(value) for value in values.split()], [re.compile(pattern) for pattern in patterns])
    for values, *patterns in (
        *(
            (str(place), rf"\b{name.title()}\s+\d{{1,2}}|\d(?:st|nd|rd|th)?\s+(?:of\s+)?{name.title()}\b")
            for place, name in enumerate(MONTHS, start=1)
        ),
        *((f"{place} {place + 1}", rf"\b{name}\b", _WHAT_DAY) for place, name in enumerate(_WEEKDAYS)),
        ("0", r"\bSunday\b", _WHAT_DAY),
        ("31", r"\b(?:January|March|May|July|August|October|December)\b"),
        ("30", r"\b(?:April|June|September|November)\b"),
        ("28 29", r"\bFebruary\b"),
        ("366", r"(?i)\bleap[ -]year"),
        ("365", r"(?i)\b(?:non-leap|common|ordinary|regular) year"),
        ("12 24 0", r"(?i)\b(?:noon|midday|midnight)\b"),
        ("26", r"(?i)\balphabet|\bletters? of (?:the )?English"),
        ("52 4 13", r"(?i)\b(?:deck|pack) of (?:\w+ )?(?:playing )?cards\b|\bplaying cards\b|\bcard deck\b"),
        ("1/2", r"(?i)\bfair coins?\b|\bheads\b|\btails\b"),
        ("1/6", r"(?i)\bdi(?:e|ce)\b"),
        ("6", r"(?i)\bdi(?:e|ce)\b|\bfaces? of (?:a|the) cube|\bcube\b[^.]{0,30}\bfaces?\b|\bhexagon"),
        ("2", r"(?i)\b(?:toss|flip)\w*\b[^.]{0,20}\bcoins?\b|\bcoins?\b[^.]{0,12}\b(?:toss|flip)|\bheads\b|\btails\b"),
        ("2", r"(?i)\bround[ -]trip|\beach way\b|\bback and forth\b"),
        ("12", r"(?i)\bcompound", r"(?i)\bmonthly\b"),
        ("4", r"(?i)\bcompound", r"(?i)\bquarterly\b"),
        ("2", r"(?i)\bcompound", r"(?i)\bsemi-?annual|\bhalf-yearly\b"),
        ("365", r"(?i)\bcompound", r"(?i)\bdaily\b"),
        ("5", r"(?i)\bweekdays?\b|\b(?:work|school) ?(?:days?|weeks?)\b|\bmonday (?:to|through|until|till) friday\b"),
        ("6", r"(?i)\bmonday (?:to|through|until|till) saturday\b"),
        ("2", r"(?i)\bweekends?\b"),
        ("3", r"(?i)\btriang(?:le|ular)"),
        ("4", r"(?i)\b(?:square|rhombus|tetrahedron|quadrilateral)"),
        ("5", r"(?i)\bpentagon"),
        ("8", r"(?i)\boctagon"),
        ("4", _LIMBS, r"(?i)\b(?:car|truck|cow|dog|cat|rabbit|horse|sheep|pig|goat|elephant|table|chair)s?\b"),
        (
            "2",
            _LIMBS,
            r"(?i)\b(?:chicken|duck|hen|bird|goose|geese|turkey|rooster|bicycle|bike|person|people|human)s?\b",
        ),
        ("3", _LIMBS, r"(?i)\b(?:tricycle|stool)s?\b"),
        ("6", _LIMBS, r"(?i)\b(?:insect|ant|bee|beetle|fly|flies|butterfl(?:y|ies))s?\b"),
        ("8", _LIMBS, r"(?i)\b(?:spider|octopus|octopuse)s?\b"),
        ("7", r"(?i)\bheptagon|\bdays? of the week\b|\bweekdays?\b"),
        ("64", r"(?i)\bchess ?board"),
        ("360", r"(?i)\bcircle|\brevolution|\brotat|\bfull turn|\bdegrees?\b|\bangles?\b"),
        ("180", r"(?i)\btriang|\bsupplementary|\bstraight (?:angle|line)|\bpolygon|\binterior angle|\bdegrees?\b"),
        ("90", r"(?i)\bright[ -]?(?:angle|triangle)|\bperpendicular|\bcomplementary|\bquarter turn"),
        ("25 1/4", r"(?i)\bquarters?\b"),
        ("10 1/10", r"(?i)\bdimes?\b"),
        ("5 1/20", r"(?i)\bnickels?\b"),
        ("1/100", r"(?i)\bpenn(?:y|ies)\b|\bcents?\b|¢|%|\bper ?cent"),
        ("100", r"(?i)%|\bper ?cent|\bpenn(?:y|ies)\b"),
        ("32 9/5 5/9 5 9", r"(?i)\bfahrenheit\b"),
        ("273.15 273", r"(?i)\bkelvin\b|\babsolute zero\b"),
    )
]
_SENTENCE_END = re.compile(r"[.?!]\s|\n")
_COUNTED_UNIT = re.compile(r"[\d,.]+[\s-]*([A-Za-z]+)")
_PI = r"π|\\pi\b|\bpi\b"
_CIRCLE = re.compile(rf"(?i){_PI}|\bcirc(?:le|ular|umference)|\bsphere|\bcylind|\bcone\b|\bradi(?:us|i|an)|\bdiameter")
_SHORT_PI = (Fraction(22, 7), Fraction(355, 113))
# Name, values, and how near to the first one a number is taken to be the same constant.
_CONSTANTS = tuple(
    (re.compile(name), [Fraction(value) for value in values.split()], Fraction(width))
    for name, values, width in (
        (_PI, f"{math.pi} 22/7 355/113", "0.005"),
        (r"\be\b", f"{math.e}", "0.005"),
        (r"(?i)\bg\s*(?:=|≈|\\approx|is\b|of\b)|\bgravit|\bfree[ -]fall", "9.80665 9.8 10 32 32.2", "0.2"),
        (r"(?i)\bspeed of light\b|\bc\s*(?:=|≈|\\approx)", "299792458 300000000 300000 186282", "500000"),
        (r"(?i)\bspeed of sound\b", "343 340 330 1125 767", "5"),
        (r"(?i)\babsolute zero\b|\bkelvin\b", "273.15 273", "0.2"),
        (r"(?i)\bfahrenheit\b", "32 1.8", "0"),
        (r"(?i)\bgolden ratio\b|φ|\\v?arphi\b|\\phi\b", f"{(1 + math.sqrt(5)) / 2}", "0.005"),
        (r"(?i)\bgas constant\b|\bR\s*(?:=|≈|\\approx)", "8.314462618 0.0821 0.08206", "0.01"),
        (r"(?i)\bavogadro", "6.02214076e23 6.022e23 6.02e23", "1e21"),
    )
)
_FUNCTION = re.compile(
    r"(?:\\?sqrt\s*[{(]?\s*(?P<root>\d{1,6})\s*[})]?|√\(?(?P<sign>\d{1,6})\)?"
    r"|\\?(?P<log>ln|log(?:_\{?10\}?)?)\s*[{(]?\s*(?P<of>\d{1,6})\s*[})]?)"
    r"\s*\$?\s*(?:=|≈|~|\\approx|\\simeq|is (?:about|approximately)|as|to be)\s*\$?\s*$"
)


def is_known_number(number: Fraction, text: str) -> bool:
    """Whether everybody knows a number of what a text speaks of: sixty of minutes and hours, 31 of May, pi of a circle."""
    if any(number in values and all(word.search(text) for word in words) for values, words in _WORDS):
        return True
    units = [(small, large) for ratio, small, large in UNIT_RATIOS if ratio == number]
    spoken = words_of(text) if units else set[str]()
    is_of_units = any(not spoken.isdisjoint(small) and not spoken.isdisjoint(large) for small, large in units)
    return is_of_units or (number.denominator != 1 and _is_named_constant(number, text))


def _is_named_constant(number: Fraction, text: str) -> bool:
    if number in _SHORT_PI or _is_rounding(number, math.pi, MIN_DECIMALS):
        is_long = _is_rounding(number, math.pi, MANY_DECIMALS)
        return (_CIRCLE.search(text) if is_long else re.search(_PI, text)) is not None
    return any(number in values and name.search(text) is not None for name, values, _ in _CONSTANTS)


def is_stated_constant(text: str, start: int, values: frozenset[Fraction], literals: set[Fraction]) -> bool:
    """Whether a number that stands at `start` of a text says what a constant named beside it is, as in `use 3.14 for pi`.

    Where the program holds another value of the same constant among its `literals`, the two do not fit.
    """
    before, behind = text[max(0, start - NEAR_CHARS) : start], text[start : start + NEAR_CHARS]
    for name, known, width in _CONSTANTS:
        if not (name.search(before) or name.search(behind)):
            continue
        right = {value for value in values if value in known or _is_rounding(value, float(known[0]), MIN_DECIMALS)}
        if right and not any(abs(literal - known[0]) <= width for literal in literals):
            return True
    called = _FUNCTION.search(before)
    return called is not None and any(_is_rounding(value, _compute(called), MIN_DECIMALS) for value in values)


def is_ratio_of_units(text: str, start: int, values: frozenset[Fraction]) -> bool:
    """Whether a number says what everybody knows of two units in one sentence, as in `60 minutes in an hour`."""
    units = [(small, large) for ratio, small, large in UNIT_RATIOS if ratio in values]
    ahead = text[start : start + SENTENCE_CHARS]
    counted = _COUNTED_UNIT.match(ahead) if units else None
    if counted is None:
        return False
    before = text[max(0, start - SENTENCE_CHARS) : start]
    spoken = words_of(_SENTENCE_END.split(before)[-1] + _SENTENCE_END.split(ahead)[0])
    return any(counted[1].lower() in small and not spoken.isdisjoint(large) for small, large in units)


def _is_rounding(number: Fraction, constant: float, least: int) -> bool:
    """Whether a decimal is a constant, rounded or cut off at its last digit, of which it has `least` behind the point."""
    # too large a number has no float
    if abs(number) > LARGEST_FLOAT or abs(float(number) - constant) > 0.01 * constant + 0.01:
        return False
    decimals = next((count for count in range(least, 18) if (number * 10**count).denominator == 1), None)
    if decimals is None:
        return False
    over, noise = float(number) - constant, 1e-12 * constant
    return abs(over) <= 0.5 * 10.0**-decimals + noise or -(10.0**-decimals) < over <= noise


def _compute(called: re.Match[str]) -> float:
    if called["log"]:
        number = max(1, int(called["of"]))
        return math.log(number) if called["log"] == "ln" else math.log10(number)
    return math.sqrt(int(called["root"] or called["sign"]))
