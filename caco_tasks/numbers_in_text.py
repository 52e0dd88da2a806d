"""The numbers of a text, in digits or in English words, each with the values that it may stand for.

    number_of_words("one hundred and five")       # 105
    words_of_number(48)                           # "forty-eight"
    [mention.values for mention in mentions("15 % of two dozen")]

The words of numbers stand here for all who read them: the grader, the checks, and the converter, which needs to know
what a number of a question is made of and where it stands (`caco_tasks.convert.question_numbers`).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

MAX_DIGITS = 400  # of one number
MAX_WORD_CHARS = 100  # of a number in words
MAX_NUMBER = 999_999  # that is read and written in words
WORD_CONSTANT = 12  # up to here a number in words is a word like any other: one, both, a dozen

ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = (
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
)  # fmt: skip
CARDINALS = {word: value for value, word in enumerate(ONES)} | {
    word: 10 * place for place, word in enumerate(TENS, start=2)
}
ORDINALS = (
    "zeroth", "first", "second", "third", "fourth", "fifth", "sixth",
    "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth", "thirteenth",
    "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth",
)  # fmt: skip
SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
DENOMINATORS = {
    "half": 2, "halves": 2, "third": 3, "thirds": 3, "fourth": 4, "fourths": 4, "quarter": 4, "quarters": 4,
    "fifth": 5, "fifths": 5, "sixth": 6, "sixths": 6, "seventh": 7, "sevenths": 7, "eighth": 8, "eighths": 8,
    "ninth": 9, "ninths": 9, "tenth": 10, "tenths": 10, "twelfth": 12, "twelfths": 12, "twentieth": 20,
    "twentieths": 20, "hundredth": 100, "hundredths": 100,
}  # fmt: skip
MULTIPLES = {
    "twice": 2, "double": 2, "doubles": 2, "doubled": 2, "doubling": 2, "thrice": 3, "triple": 3, "triples": 3,
    "tripled": 3, "tripling": 3, "quadruple": 4, "quadruples": 4, "quadrupled": 4, "quintuple": 5, "dozen": 12,
    "dozens": 12,
}  # fmt: skip
# Words that name a number without being one: nobody calls the 1 of "a" or the 2 of "both" foreign to a problem.
_IDIOMS = MULTIPLES | {
    "no": 0, "none": 0, "nothing": 0, "empty": 0, "a": 1, "an": 1, "single": 1, "once": 1, "pair": 2, "both": 2,
    "couple": 2, "square": 2, "squared": 2, "cube": 3, "cubed": 3,
}  # fmt: skip
_MULTIPLIERS = SCALES | {"dozen": 12}  # behind a number


def digits_pattern(*separators: str) -> str:
    """The pattern of a number in digits whose thousands may be set apart by one of `separators` (patterns)."""
    return rf"(?:\d{{1,3}}(?:(?:{'|'.join(separators)})\d{{3}})+(?!\d)|\d+)(?:\.\d+)?|\.\d+"


def without_separators(digits: str) -> str:
    r"""A number in digits without what sets its thousands apart: `1,250`, `1{,}250` and `1\,250` are `1250`."""
    return digits.translate(_SEPARATORS)


_SEPARATORS = str.maketrans("", "", ",{}\\")
_WORD = re.compile(r"[A-Za-z]+")
_LATEX_DIGITS = digits_pattern(",", r"\{,\}", r"\\,")
_NUMBER = re.compile(
    rf"""
      \\[dt]?frac\s*\{{?(?P<above>\d{{1,400}})\}}?\s*\{{?(?P<below>\d{{1,400}})\}}?
    | (?<![\w.^])(?P<whole>\d{{1,400}})[ -](?P<numerator>\d{{1,400}})/(?P<denominator>\d{{1,400}})(?![\d.])
    | (?<![\w.^/])(?P<left>\d{{1,400}})\s?/\s?(?P<right>\d{{1,400}})(?![\d.])
    | (?P<power>\^\s?\{{?|\*\*\s?)?(?<![A-Za-z0-9_.])(?P<number>{_LATEX_DIGITS})
      (?P<after>\s*(?:\\?%|percent\b|per\s+cent\b)|[ -](?:{"|".join(_MULTIPLIERS)})s?\b|(?:st|nd|rd|th)\b)?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CARDINAL = "|".join(CARDINALS)
_PHRASE = re.compile(
    rf"\b(?:{_CARDINAL}|an?(?=\s(?:hundred|thousand)\b))"
    rf"(?:[\s-]+(?:and\s+)?(?:{_CARDINAL}|hundred|thousand|million)\b)*\b",
    re.IGNORECASE,
)
_NEXT_WORD = re.compile(r"[\s-]+([a-z]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mention:
    """One number in a text: what is written, the values that it may stand for, and how it is written."""

    text: str
    values: frozenset[Fraction]
    is_digits: bool
    is_exempt: bool = False  # an ordinal, an exponent, an idiom such as `twice`: names a number, and is never foreign


def mentions(text: str) -> list[Mention]:
    """All numbers of a text, those in digits first; `15 %` stands for 15, 0.15, 1.15 or 0.85."""
    return [*_find_digits(text), *_find_phrases(text), *_find_words(text)]


def number_of_words(text: str) -> int | None:
    """The number that `text` spells, such as `forty-eight` or `one hundred and five`; None if it is anything else."""
    if len(text) > MAX_WORD_CHARS or not text[:1].isalpha():
        return None
    words = [word for word in _WORD.findall(text.lower()) if word != "and"]
    number, taken = read_cardinal(words)
    if not words or taken < len(words) or number > MAX_NUMBER:
        return None
    # Written again it must be the same: "twenty five six" adds up too.
    spelled = [word for word in _WORD.findall(words_of_number(number)) if word != "and"]
    return number if spelled == words else None


def words_of_number(number: int) -> str:
    """A whole number from 0 to 999,999 in words, as in `one hundred and five`."""
    if number < 20:
        return ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return TENS[tens - 2] + (f"-{ONES[ones]}" if ones else "")
    size, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    most, rest = divmod(number, size)
    link = " and " if rest and rest < 100 else " "
    return f"{words_of_number(most)} {name}{link if rest else ''}{words_of_number(rest) if rest else ''}"


def read_cardinal(words: Sequence[str]) -> tuple[int, int]:
    """The number that `words` begin with, and how many of them say it (hyphens count as words); (0, 0) if none."""
    total = current = taken = 0
    for place, word in enumerate(map(str.lower, words)):
        if word in CARDINALS and _may_add(current, CARDINALS[word]):
            current += CARDINALS[word]
        elif word == "hundred" and taken:
            current *= 100
        elif word in SCALES and taken:
            total, current = total + current * SCALES[word], 0
        elif word in ("-", "and") and taken and _joins(words, place):
            continue  # it counts only together with the word behind it
        else:
            break
        taken = place + 1
    return total + current, taken


def _may_add(current: int, more: int) -> bool:
    """Whether a cardinal may follow: `twenty` then `five`, `hundred` then `twenty`, but not `five` then `six`."""
    rest = current % 100
    return current == 0 or (rest == 0 and current >= 100) or (rest >= 20 and rest % 10 == 0 and 0 < more < 10)


def _joins(words: Sequence[str], place: int) -> bool:
    """Whether a hyphen stands between two cardinals, or an `and` between a scale and a cardinal."""
    before = words[place - 1].lower()
    is_inside = before in CARDINALS if words[place] == "-" else before in SCALES
    return is_inside and place + 1 < len(words) and words[place + 1].lower() in CARDINALS


def _find_digits(text: str) -> Iterator[Mention]:
    for match in _NUMBER.finditer(text.replace("\u2212", "-")):
        groups = match.groupdict()
        if groups["number"] is not None:
            yield from _read_digits(match)
            continue
        whole = int(groups["whole"] or 0)
        above = int(groups["above"] or groups["numerator"] or groups["left"])
        below = int(groups["below"] or groups["denominator"] or groups["right"])
        # The halves of 3/4 are numbers of their own (3 of 4 apples), those of 2 1/2 are not. And 3/4 may stand for 0:
        # it is not foreign to a program that counts from 0.
        values = set() if groups["whole"] else {Fraction(0), Fraction(above), Fraction(below)}
        if below:
            values.add(whole + Fraction(above, below))
        yield Mention(match[0], frozenset(values), is_digits=True)


def _read_digits(match: re.Match[str]) -> Iterator[Mention]:
    digits, after = match["number"], (match["after"] or "").strip(" -").lower()
    plain = without_separators(digits)
    if len(plain) > MAX_DIGITS:
        return
    value = Fraction(plain)
    values = {value}
    if after.startswith(("\\", "%", "per")):
        values |= values_of_percent(value)
    elif after.rstrip("s") in _MULTIPLIERS:
        values = {value * _MULTIPLIERS[after.rstrip("s")]}
    is_exempt = match["power"] is not None or after in ("st", "nd", "rd", "th")
    yield Mention(digits, frozenset(values), is_digits=True, is_exempt=is_exempt)


def values_of_percent(percent: Fraction) -> set[Fraction]:
    """What a percentage multiplies by: 15 % of, 15 % more than, 15 % less than."""
    return {percent / 100, 1 + percent / 100, 1 - percent / 100}


def _find_phrases(text: str) -> Iterator[Mention]:
    """`two hundred and five`, `two thirds`, `five million`, `twenty percent`."""
    for match in _PHRASE.finditer(text):
        number = _read_phrase(match[0])
        if number is None:
            continue
        following = _NEXT_WORD.match(text, match.end())
        word = following[1].lower() if following else ""
        values = {Fraction(number)}
        if word in DENOMINATORS:
            values.add(Fraction(number, DENOMINATORS[word]))
        if word in ("percent", "per"):
            values |= values_of_percent(Fraction(number))
        if word.rstrip("s") in _MULTIPLIERS:
            values.add(Fraction(number * _MULTIPLIERS[word.rstrip("s")]))
        yield Mention(match[0], frozenset(values), is_digits=False)


def _read_phrase(text: str) -> int | None:
    """The number of a phrase that may begin with `a hundred` and may hold one `million`."""
    phrase = re.sub(r"^an?\s", "one ", text.strip(), flags=re.IGNORECASE)
    head, million, rest = phrase.lower().partition("million")
    if not million:
        return number_of_words(phrase)
    most, least = number_of_words(head.strip()), number_of_words(rest.strip()) if rest.strip() else 0
    return None if most is None or least is None else most * 10**6 + least


def _find_words(text: str) -> Iterator[Mention]:
    """Idioms, ordinals and the names of fractions: `twice`, `third`, `quarters`."""
    for match in _WORD.finditer(text):
        word = match[0].lower()
        below = DENOMINATORS.get(word)
        values = {Fraction(1, below), Fraction(below)} if below else set()
        if word in _IDIOMS:
            yield Mention(match[0], frozenset({Fraction(_IDIOMS[word])}), is_digits=False, is_exempt=True)
        elif word in ORDINALS:
            values.add(Fraction(ORDINALS.index(word)))
            yield Mention(match[0], frozenset(values), is_digits=False, is_exempt=True)
        elif values:
            yield Mention(match[0], frozenset(values), is_digits=False)
