"""The numbers that a text mentions, in digits or in English words, each with the values that it may stand for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from caco_tasks.grading.words import number_of_words, words_of_number

MAX_DIGITS = 400  # of one number
WORD_CONSTANT = 12  # up to here a number in words is a word like any other: one, both, a dozen

_DIGITS = r"(?:\d{1,3}(?:(?:,|\{,\}|\\,)\d{3})+(?!\d)|\d+)(?:\.\d+)?(?!\d)|\.\d+"
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12}
_NUMBER = re.compile(
    rf"""
      \\[dt]?frac\s*\{{?(?P<above>\d{{1,400}})\}}?\s*\{{?(?P<below>\d{{1,400}})\}}?
    | (?<![\w.^])(?P<whole>\d{{1,400}})[ -](?P<numerator>\d{{1,400}})/(?P<denominator>\d{{1,400}})(?![\d.])
    | (?<![\w.^/])(?P<left>\d{{1,400}})\s?/\s?(?P<right>\d{{1,400}})(?![\d.])
    | (?P<power>\^\s?\{{?|\*\*\s?)?(?<![A-Za-z0-9_.])(?P<number>{_DIGITS})
      (?P<after>\s*(?:\\?%|percent\b|per\s+cent\b)|[ -](?:{"|".join(_SCALES)})s?\b|(?:st|nd|rd|th)\b)?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ORDINALS = [
    "zeroth",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
]
_PARTS = {
    "half": 2,
    "halves": 2,
    "third": 3,
    "quarter": 4,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eighth": 8,
    "ninth": 9,
    "tenth": 10,
    "twelfth": 12,
    "twentieth": 20,
    "hundredth": 100,
}
_IDIOMS = {
    "no": 0,
    "none": 0,
    "nothing": 0,
    "empty": 0,
    "a": 1,
    "an": 1,
    "single": 1,
    "once": 1,
    "twice": 2,
    "double": 2,
    "doubled": 2,
    "doubles": 2,
    "pair": 2,
    "both": 2,
    "couple": 2,
    "square": 2,
    "squared": 2,
    "thrice": 3,
    "triple": 3,
    "tripled": 3,
    "triples": 3,
    "cube": 3,
    "cubed": 3,
    "quadruple": 4,
    "dozen": 12,
}
_COUNT = "|".join(words_of_number(number) for number in range(20))
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_WORDS = re.compile(
    rf"\b(?:{_COUNT}|{_TENS}|an?(?=\s(?:hundred|thousand)\b))"
    rf"(?:[\s-]+(?:and\s+)?(?:{_COUNT}|{_TENS}|hundred|thousand|million)\b)*\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Mention:
    """One number in a text: what is written, the values that it may stand for, and how it is written."""

    text: str
    values: frozenset[Fraction]
    is_digits: bool
    is_exempt: bool = False  # an ordinal, an exponent, an idiom such as `twice`: names a number, and is never foreign


def mentions(text: str) -> list[Mention]:
    """All numbers of a text, those in digits first; `15 %` stands for 15, 0.15, 1.15 or 0.85."""
    return [*_in_digits(text), *_in_words(text)]


def _in_digits(text: str) -> Iterator[Mention]:
    for match in _NUMBER.finditer(text.replace("\u2212", "-")):
        groups = match.groupdict()
        if groups["number"] is not None:
            yield from _plain(
                groups["number"], (groups["after"] or "").strip(" -").lower(), is_power=groups["power"] is not None
            )
        else:
            whole = int(groups["whole"] or 0)
            above, below = (int(groups[name] or groups[other] or groups[third]) for name, other, third in _FRACTIONS)
            parts = {Fraction(whole), Fraction(above), Fraction(below)} if not groups["whole"] else set()
            value = {whole + Fraction(above, below)} if below else set()
            yield Mention(match[0], frozenset(parts | value), is_digits=True)


_FRACTIONS = (("above", "numerator", "left"), ("below", "denominator", "right"))


def _plain(digits: str, after: str, *, is_power: bool) -> Iterator[Mention]:
    plain = re.sub(r"[,{}\\]", "", digits)
    if len(plain) > MAX_DIGITS:
        return
    value = Fraction(plain)
    values = {value}
    if after.startswith(("\\", "%", "per")):
        values |= {value / 100, 1 + value / 100, 1 - value / 100}
    elif after.rstrip("s") in _SCALES:
        values = {value * _SCALES[after.rstrip("s")]}
    yield Mention(digits, frozenset(values), is_digits=True, is_exempt=is_power or after in ("st", "nd", "rd", "th"))


def _in_words(text: str) -> Iterator[Mention]:
    for match in _WORDS.finditer(text):
        yield from _phrase(text, match)
    for match in _WORD.finditer(text):
        word = match[0].lower()
        if word in _IDIOMS:
            yield Mention(match[0], frozenset({Fraction(_IDIOMS[word])}), is_digits=False, is_exempt=True)
        elif word in _ORDINALS:
            yield Mention(
                match[0], frozenset({Fraction(_ORDINALS.index(word)), *_part(word)}), is_digits=False, is_exempt=True
            )
        elif word.rstrip("s") in _PARTS or word in _PARTS:
            yield Mention(match[0], frozenset(_part(word)), is_digits=False)


def _part(word: str) -> list[Fraction]:
    below = _PARTS.get(word) or _PARTS.get(word.rstrip("s"))
    return [Fraction(1, below), Fraction(below)] if below else []


def _phrase(text: str, match: re.Match[str]) -> Iterator[Mention]:
    """`two hundred and five`, `two thirds`, `five million`, `twenty percent`."""
    number = _value_of_words(match[0])
    if number is None:
        return
    value = Fraction(number)
    values = {value}
    following = re.compile(r"[\s-]+([a-z]+)", re.IGNORECASE).match(text, match.end())
    word = following[1].lower() if following else ""
    part = _PARTS.get(word) or _PARTS.get(word.rstrip("s"))
    if part:
        values.add(value / part)
    if word in ("percent", "per"):
        values |= {value / 100, 1 + value / 100, 1 - value / 100}
    if word.rstrip("s") in _SCALES:
        values.add(value * _SCALES[word.rstrip("s")])
    yield Mention(match[0], frozenset(values), is_digits=False)


def _value_of_words(text: str) -> int | None:
    phrase = re.sub(r"^an?\s", "one ", text.strip(), flags=re.IGNORECASE)
    head, million, rest = phrase.lower().partition("million")
    if not million:
        return number_of_words(phrase)
    most, least = number_of_words(head.strip()), number_of_words(rest.strip()) if rest.strip() else 0
    return None if most is None or least is None else most * 10**6 + least
