"""The numbers of a text, in digits or in English words, each with the values that it may stand for.

    [mention.values for mention in mentions("15 % of two dozen")]

The converter, which needs to know what a number of a question is made of, reads its own: `convert.question_numbers`.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from caco_tasks.number_words import CARDINALS, DENOMINATORS, MULTIPLES, ORDINALS, SCALES, TENS, read_cardinal
from caco_tasks.plain_numerals import plain_numerals

MAX_DIGITS = 400  # of one number
MAX_PHRASE_WORDS = 100
WORD_CONSTANT = 12  # up to here a number in words is a word like any other: one, both, a dozen
# Words that name a number without being one: nobody calls the 1 of "a" or the 2 of "both" foreign to a problem.
_IDIOMS = MULTIPLES | {
    "no": 0, "none": 0, "nothing": 0, "empty": 0, "free": 0, "nobody": 0, "without": 0, "origin": 0,
    "a": 1, "an": 1, "single": 1, "once": 1,
    "pair": 2, "pairs": 2, "both": 2, "couple": 2, "couples": 2,
    "square": 2, "squared": 2, "twin": 2, "twins": 2, "duo": 2, "duet": 2,
    "cube": 3, "cubed": 3, "trio": 3, "triplets": 3, "quartet": 4, "quadruplets": 4,
    "decade": 10, "decades": 10, "fortnight": 14, "century": 100, "centuries": 100, "millennium": 1000,
}  # fmt: skip
_MULTIPLIERS = SCALES | {"dozen": 12, "decade": 10, "fortnight": 14}  # behind a number
_SHORT_SCALES = {"k": 10**3, "mn": 10**6, "bn": 10**9}  # directly behind digits
_LATE_ORDINALS = {f"{word[:-1]}ieth": CARDINALS[word] for word in TENS} | {"hundredth": 100, "thousandth": 1000}
_SHARES = DENOMINATORS | {
    f"{name}{ending}": value
    for name, value in [*_LATE_ORDINALS.items(), *zip(ORDINALS[11:20], range(11, 20), strict=True)]
    for ending in ("", "s")
}  # a hundredth, three sixteenths


def digits_pattern(*separators: str) -> str:
    """The pattern of a number in digits whose thousands may be set apart by one of `separators` (patterns)."""
    return rf"(?:\d{{1,3}}(?:(?:{'|'.join(separators)})\d{{3}})+(?!\d)|\d+)(?:\.\d+)?|\.\d+"


def without_separators(digits: str) -> str:
    r"""A number in digits without what sets its thousands apart: `1,250`, `1{,}250` and `1\,250` are `1250`."""
    return digits.translate(_SEPARATORS)


_SEPARATORS = str.maketrans("", "", ",{}\\!")
_WORD = re.compile(r"[A-Za-z]+")
_LATEX_DIGITS = digits_pattern(",", r"\{,\}", r"\\,", r",\\!")
_FRAC = (  # as LaTeX reads it: \frac12 is a half, and \frac{11!}{9!} has no numbers alone above and below
    r"\\[dt]?frac\s*(?:\{\s*(?P<above>\d{1,400})\s*\}|(?P<digit_above>\d))"
    r"\s*(?:\{\s*(?P<below>\d{1,400})\s*\}|(?P<digit_below>\d))"
)
_TEN = r"10\s?(?:\^|\*\*)\s?\{?(?P<tens>-?\d{1,3})\}?(?!\d)"
_NUMBER = re.compile(
    rf"""
    (?=[\d.\\^*_])(?:
      (?<![\w.^])(?P<factor>\d{{1,40}}(?:\.\d{{1,40}})?)\s?(?:×|\*|x|\\times|\\cdot)\s?{_TEN}
    | (?<![\w.^])10\s?(?:\^|\*\*)\s?\{{?(?P<power>\d{{1,2}})\}}?\s?(?P<rest>[+-]\s?\d{{1,3}})(?![\d^*]|\.\d)
    | (?:(?<![\w.^])(?P<before>\d{{1,400}})\s?)?{_FRAC}
    | (?<![\w.^])(?P<whole>\d{{1,400}})[ -](?P<numerator>\d{{1,400}})/(?P<denominator>\d{{1,400}})(?!\d|\.\d)
    | (?<![\w.^/])(?P<left>\d{{1,400}})\s?/\s?(?P<right>\d{{1,400}})(?!\d|\.\d)
    | (?P<mark>\^\s?\{{?\s?-?|(?<=[\w)\]}}])\*\*\s?-?|(?<=[\w)\]}}]\s)\*\*\s-?|(?<=[A-Za-z0-9)}}])_\{{?|_\{{)?
      (?:(?<![A-Za-z0-9_.])|(?<=[\s(]_)|(?<=[\s(]__)|(?<=\d[xX])|(?<=[A-Za-z0-9)}}]_)|(?<=_\{{))
      (?P<number>{_LATEX_DIGITS})
      (?P<after>\s*(?:\\?%|percent\b|per\s+cent\b)|[ -](?:{"|".join(_MULTIPLIERS)})s?\b|(?:st|nd|rd|th)\b
        |(?:{"|".join(_SHORT_SCALES)})\b|[eE][-+]?\d{{1,3}}\b|\s?(?:\^|\*\*)\s?\{{?-?\d{{1,3}}(?!\d))?
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NUMBER_WORDS = (
    {
        word: (frozenset({Fraction(1, below), Fraction(below)}), word in _LATE_ORDINALS)
        for word, below in _SHARES.items()
    }
    | {
        word: (frozenset({Fraction(place)} | ({Fraction(1, _SHARES[word])} if word in _SHARES else set())), True)
        for place, word in enumerate(ORDINALS)
    }
    | {word: (frozenset({Fraction(value)}), True) for word, value in _IDIOMS.items()}
    | {f"{word}fold": (frozenset({Fraction(value)}), True) for word, value in CARDINALS.items()}
)  # values, and whether it is exempt
_CARDINAL = "|".join(CARDINALS)
_PHRASE = re.compile(
    rf"\b(?:{_CARDINAL}|an?(?=\s(?:hundred|thousand|million|billion)\b))"
    rf"(?:[\s-]+(?:and\s+)?(?:{_CARDINAL}|hundred|thousand|million|billion)\b)*\b",
    re.IGNORECASE,
)
_CARDINAL_WORDS = frozenset([*CARDINALS, "hundred", "thousand", "million", "billion"])  # no phrase is without one
_PHRASE_WORD = re.compile(r"[a-z]+|-", re.IGNORECASE)
_NEXT_WORD = re.compile(r"[\s-]+([a-z]+)", re.IGNORECASE)
_PART_MORE = re.compile(r"\s+and\s+(an?|one|two|three)[\s-]+([a-z]+)", re.IGNORECASE)
_PERCENT = re.compile(r"\s*(?:\\?%|per\s?cent\b)", re.IGNORECASE)


class Mention(NamedTuple):
    """One number in a text: what is written and where, the values that it may stand for, and how it is written."""

    text: str
    values: frozenset[Fraction]
    is_digits: bool
    is_exempt: bool = False  # an ordinal, an exponent, an idiom such as `twice`: names a number, and is never foreign
    start: int = 0  # in the text as `plain_numerals` writes it


def mentions(text: str) -> list[Mention]:
    """All numbers of a text, those in digits first; `15 %` stands for 15, 0.15, 1.15 or 0.85."""
    text = plain_numerals(text)
    return [*_find_digits(text), *_find_phrases(text), *_find_words(text)]


class ReadFraction(Fraction):
    """A fraction that is kept and looked up again and again: it knows its hash, which takes long to compute."""

    __slots__ = ("_kept_hash",)
    _kept_hash: int

    def __hash__(self) -> int:  # type: ignore[override]  # typeshed says that a complex number has none
        try:
            return self._kept_hash
        except AttributeError:
            self._kept_hash = super().__hash__()
            return self._kept_hash


@lru_cache(maxsize=16384)
def read_fraction(digits: str) -> Fraction:
    """The value of digits as Python reads them, `0.25`; the same few come again and again, and reading one is slow."""
    return whole(int(digits)) if digits.isdigit() else ReadFraction(digits)


@lru_cache(maxsize=16384)
def whole(number: int) -> Fraction:
    """A whole number as a fraction: one object for each of those that come again and again."""
    return ReadFraction(number)


def _find_digits(text: str) -> Iterator[Mention]:
    for match in _NUMBER.finditer(text):
        if match["number"] is not None:
            yield from _read_digits(match)
        elif match["factor"] is not None or match["power"] is not None:
            yield from _read_power_of_ten(match)
        else:
            yield _read_fraction(match)


def _read_fraction(match: re.Match[str]) -> Mention:
    groups = match.groupdict()
    mixed = groups["whole"] or groups["before"]
    above = int(groups["above"] or groups["digit_above"] or groups["numerator"] or groups["left"])
    below = int(groups["below"] or groups["digit_below"] or groups["denominator"] or groups["right"])
    # The halves of 3/4 are numbers of their own (3 of 4 apples), those of 2 1/2 are not.
    values = set() if mixed else {Fraction(above), Fraction(below)}
    if below:
        value = int(mixed or 0) + Fraction(above, below)
        values |= {value, value / 100} if _PERCENT.match(match.string, match.end()) else {value}
    return Mention(match[0], frozenset(values), is_digits=True, start=match.start())


def _read_power_of_ten(match: re.Match[str]) -> Iterator[Mention]:
    """`3 × 10^8`, and a power of ten with a little more or less, as in `10^9 + 7`."""
    if match["factor"] is not None:
        factor, power = Fraction(match["factor"]), Fraction(10) ** int(match["tens"])
        values = {factor, factor * power}
    else:
        power = Fraction(10) ** int(match["power"])
        values = {power, power + int(match["rest"].replace(" ", ""))}
    yield Mention(match[0], frozenset(values), is_digits=True, start=match.start())
    yield Mention("10", frozenset({Fraction(10), power}), is_digits=True, is_exempt=True, start=match.start())
    exponent = abs(int(match["tens"] or match["power"]))
    yield Mention(str(exponent), frozenset({Fraction(exponent)}), is_digits=True, is_exempt=True, start=match.start())


def _read_digits(match: re.Match[str]) -> Iterator[Mention]:
    digits, behind, is_marked = match["number"], match["after"], match["mark"] is not None
    plain = digits if digits.isdigit() else without_separators(digits)
    if len(plain) > MAX_DIGITS:
        return
    if behind is None:
        yield Mention(digits, frozenset((read_fraction(plain),)), True, is_marked, match.start("number"))
        return
    after = behind.strip(" -").lower()
    value = read_fraction(plain)
    values = {value}
    if after.startswith(("\\", "%", "per")):
        values |= values_of_percent(value)
    elif after.rstrip("s") in _MULTIPLIERS:
        values.add(value * _MULTIPLIERS[after.rstrip("s")])
    elif after in _SHORT_SCALES:
        values.add(value * _SHORT_SCALES[after])
    elif after.startswith("e"):
        values = {value * Fraction(10) ** int(after[1:])}
    elif after.startswith(("^", "*")):
        exponent = int(after.strip("^* {"))
        if value and abs(exponent) * len(plain) <= MAX_DIGITS:
            values.add(value**exponent)
        named = frozenset({Fraction(abs(exponent))})
        yield Mention(str(exponent), named, is_digits=True, is_exempt=True, start=match.end() - 1)
    is_exempt = is_marked or after in ("st", "nd", "rd", "th")
    yield Mention(digits, frozenset(values), is_digits=True, is_exempt=is_exempt, start=match.start("number"))


def values_of_percent(percent: Fraction) -> set[Fraction]:
    """What a percentage multiplies by: 15 % of, 15 % more than, 15 % less than."""
    return {percent / 100, 1 + percent / 100, 1 - percent / 100}


def _find_phrases(text: str) -> Iterator[Mention]:
    """`two hundred and five`, `two thirds`, `two and a half`, `five million`, `twenty-first`."""
    if text.isascii() and _CARDINAL_WORDS.isdisjoint(_WORD.findall(text.lower())):
        return
    for phrase in _PHRASE.finditer(text):
        for start, end, number in _split_phrase(phrase):
            following = _NEXT_WORD.match(text, end)
            word = following[1].lower() if following else ""
            if following and word in ORDINALS[1:10] and number % 100 >= 20 and number % 10 == 0:  # twenty-first
                place = frozenset({Fraction(number + ORDINALS.index(word))})
                yield Mention(text[start : following.end()], place, is_digits=False, is_exempt=True, start=start)
                continue
            values = {Fraction(number)}
            if word in _SHARES:
                values.add(Fraction(number, _SHARES[word]))
            if word in ("percent", "per"):
                values |= values_of_percent(Fraction(number))
            more = _PART_MORE.match(text, end)
            if more and more[2].lower() in _SHARES:
                count = CARDINALS.get(more[1].lower(), 1)
                values.add(number + Fraction(count, _SHARES[more[2].lower()]))
                following = _NEXT_WORD.match(text, more.end())
                word = following[1].lower() if following else ""
            if word.rstrip("s") in _MULTIPLIERS:
                values |= {value * _MULTIPLIERS[word.rstrip("s")] for value in values}
            yield Mention(text[start:end], frozenset(values), is_digits=False, start=start)


def _split_phrase(phrase: re.Match[str]) -> Iterator[tuple[int, int, int]]:
    """Start, end and value of each number of a phrase: two in `one fifty-dollar bill`."""
    parts = list(_PHRASE_WORD.finditer(phrase[0]))
    words = ["one" if part[0].lower() in ("a", "an") else part[0] for part in parts[:MAX_PHRASE_WORDS]]
    while words:
        number, taken = read_cardinal(words)
        if taken:
            first, last = parts[0], parts[taken - 1]
            yield phrase.start() + first.start(), phrase.start() + last.end(), number
        words, parts = words[max(1, taken) :], parts[max(1, taken) :]


def _find_words(text: str) -> Iterator[Mention]:
    """Idioms, ordinals and the names of fractions: `twice`, `third`, `quarters`, `tenfold`."""
    for match in _WORD.finditer(text):
        word = match[0].lower()
        found = _NUMBER_WORDS.get(word)
        if found is not None:
            values, is_exempt = found
            yield Mention(match[0], values, is_digits=False, is_exempt=is_exempt, start=match.start())
