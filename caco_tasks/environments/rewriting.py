"""The problem's text with other numbers in its places, written as the old ones were, and with words that agree."""

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache

from caco_tasks.convert.number_draws import in_digits, rewritten
from caco_tasks.convert.question_numbers import QuestionNumber, find_numbers
from caco_tasks.environments.environment_record import Leaf, Number, NumberPlace

MAX_WORDED = 99  # of a number that the text says in words
_ARTICLE = re.compile(r"\b([Aa])n?(\s+)$")
_ORDINAL = re.compile(r"(\d[\d,]*)(\s*)(?:st|nd|rd|th)$", re.IGNORECASE)
_LEADING_DIGITS = re.compile(r"[\d.]")


def write_problem(problem: str, places: Sequence[NumberPlace], numbers: Mapping[Leaf, Number]) -> str | None:
    """The problem with these numbers (without signs, as the text says them); None where one cannot be written so."""
    parts: list[str] = []
    end = 0
    for place in places:
        written = _write_number(problem[place.start : place.end], place.form, Fraction(numbers[place.leaf]))
        if written is None:
            return None
        parts += [_with_article(problem[end : place.start], written), written]
        end = place.end
    return "".join([*parts, problem[end:]])


def said_number(place: NumberPlace, value: Fraction) -> Fraction:
    """What the text says at a place where the input holds `value`: 20 for 0.2 before `percent`."""
    return abs(value) * 100 if place.form == "percent" and abs(value) < 1 else abs(value)


def reads_as(problem: str, new: str, places: Sequence[NumberPlace], numbers: Mapping[Leaf, Number]) -> bool:
    """Whether the new text has the numbers that it should have, of the old kinds, and says all others as before."""
    before, after = _numbers_of(problem), find_numbers(new)
    if [one.kind for one in before] != [one.kind for one in after]:
        return False
    by_start = {place.start: place for place in places}
    for old, now in zip(before, after, strict=True):
        inside = [by_start[start] for start in range(old.start, old.end) if start in by_start]
        wanted = [numbers[place.leaf] for place in inside]
        if old.kind == "fraction":
            given = [now.numerator, now.denominator]
            if [one for one in given if one in wanted] != wanted and wanted != [now.denominator]:
                return False
        elif (now.whole != wanted[0]) if wanted else (now.text != old.text):
            return False
    return True


@lru_cache(maxsize=8)
def _numbers_of(problem: str) -> list[QuestionNumber]:
    return find_numbers(problem)


def _write_number(old: str, form: str, value: Fraction) -> str | None:
    ordinal = _ORDINAL.match(old)
    if ordinal is not None:
        digits = in_digits(ordinal[1], value)
        return None if digits is None else f"{digits}{ordinal[2]}{_ordinal_ending(int(value))}"
    if _LEADING_DIGITS.match(old) is None:
        if value.denominator != 1 or not 2 <= value <= MAX_WORDED:
            return None
        return rewritten(old, _worded(old), value)
    return in_digits(old, value)


def _worded(old: str) -> Fraction:
    found = find_numbers(old)
    return found[0].whole if found else Fraction(-1)


def _ordinal_ending(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def _with_article(before: str, written: str) -> str:
    """What stands before a number, with `a` or `an` as the number is spoken: an 8, an 11, an 18, an eight."""
    found = _ARTICLE.search(before)
    if found is None:
        return before
    digits = written.replace(",", "").partition(".")[0]
    is_vowel = written[:1].lower() in "aeiou"
    if digits.isdecimal():
        leading = digits[: len(digits) % 3 or 3]
        is_vowel = leading[0] == "8" or leading in ("11", "18")
    return f"{before[: found.start()]}{found[1]}{'n' if is_vowel else ''}{found[2]}"
