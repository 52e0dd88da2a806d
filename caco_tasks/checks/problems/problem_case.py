"""A problem beside the program that it was written from, as the rules of problems read both.

Numbers are compared in every form that either side may write them in: in words, in other units, as a share or a
percentage, as a time of day, as a decimal for a fraction. What costs time is only looked at where a plain reading leaves
something open.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from caco_tasks.checks.numbers.clock_times import ClockTime, find_clock_times, find_time_spans, read_clock_text
from caco_tasks.checks.numbers.conventions import (
    find_conventions,
    find_counts,
    find_examples,
    find_named_labels,
    find_stated_constants,
)
from caco_tasks.checks.numbers.input_values import MAX_LEAVES, InputValues, read_input_values, read_numbers
from caco_tasks.checks.numbers.measures import find_measures, with_plain_dates
from caco_tasks.checks.numbers.same_values import NumberForms, forms_of_mention, signs_of_change
from caco_tasks.checks.numbers.stretches import Stretch, find_covered
from caco_tasks.numbers_in_text import WORD_CONSTANT, Mention, mentions
from caco_tasks.plain_numerals import plain_numerals

MAX_CHARS = 20_000  # of a problem
MAX_TEXTS = 200  # texts of an input that are looked for
MAX_POWER_DIGITS = 400  # of a power that a program writes
MIN_WORDS = 8  # of a text whose language is judged

_LITERAL = re.compile(r"(?<![\w.])(\d{1,400}(?:_\d{1,400})*(?:\.\d{1,400})?(?:[eE][-+]?\d{1,2})?)(?![\w.])")
_QUOTIENT = re.compile(r"(?:(?<![\w.])|\bFraction\(\s*)(\d{1,40})\s*(?:/|(?<=\d),)\s*([1-9]\d{0,39})(?![\w.])")
_POWER = re.compile(r"(?<![\w.])(\d{1,9})\s*\*\*\s*(\d{1,3})(?![\w.])(?:\s*([+-])\s*(\d{1,9})(?![\w.*]))?")
_HALF_A_DOZEN = re.compile(r"\bhalf[\s-]+(?:a[\s-]+)?dozen\b", re.IGNORECASE)
_ENGLISH = re.compile(
    r"\b(?:the|an?|of|is|are|and|to|in|how|what|find|if|for|that|with|has|have|it|each)\b", re.IGNORECASE
)
_COUNTED = re.compile(
    r"[\s-]*(?:%|°|(?!(?:in|is|was|were|was|are|as|at|on|by|of|and|or|for|if|when|where|already|right|correct|so|too|out|than|based|indexed"
    r"|then|such|mod|modulo|to|into|with|otherwise|else|unless|for|from|has|have|but|because|since)\b)[a-z]{2})",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class ProblemCase:
    """A problem beside the program it was written from."""

    text: str
    bare: str  # the text without the input's own texts
    inputs: Any  # tagged JSON
    given: InputValues
    output_text: str
    code: str
    length: int  # of the whole problem, of which `MAX_CHARS` are read

    @cached_property
    def literals(self) -> set[Fraction]:
        """The numbers written in the program; `1/3` and `10**9 + 7` also as one."""
        found = {Fraction(digits.replace("_", "")) for digits in _LITERAL.findall(self.code)}
        found |= {Fraction(int(above), int(below)) for above, below in _QUOTIENT.findall(self.code)}
        for base, exponent, sign, rest in _POWER.findall(self.code):
            if len(base) * int(exponent) <= MAX_POWER_DIGITS:
                power = Fraction(base) ** int(exponent)
                found |= {power, power + int(f"{sign}{rest or 0}")}
        return found

    @cached_property
    def allowed(self) -> NumberForms:
        """The numbers that a problem may hold because its program does."""
        numbers = set(self.given.numbers)
        parts = {Fraction(part) for one in numbers if one.denominator != 1 for part in one.as_integer_ratio()}
        texts = [*_find_keys(self.inputs), *self.given.texts[:MAX_TEXTS]]
        of_texts = {number for text in texts for number in read_numbers(text[:200])}  # a key of a table, `3x + 5`
        times = {Fraction(one) for text in self.given.texts[:MAX_TEXTS] for one in read_clock_text(text[:20])}
        return NumberForms(numbers | parts | of_texts | times | self.given.sizes | self.literals)

    @cached_property
    def written(self) -> list[Mention]:
        """The numbers of the text, each as it stands there."""
        return mentions(self.bare)

    @cached_property
    def written_values(self) -> set[Fraction]:
        """What these numbers may stand for."""
        return set[Fraction]().union(*(mention.values for mention in self.written))

    @cached_property
    def unnamed(self) -> set[Fraction]:
        """Numbers of the input that the text does not hold as they are."""
        return set(self.given.numbers) - self.written_values

    @cached_property
    def measures(self) -> list[Stretch]:
        """What names a number of the input in other units, or one of the program as the time between two times of day."""
        found = [one for one in find_measures(self.bare) if one.values & self.unnamed] if self.unnamed else []
        spans = (Stretch(*span) for span in find_time_spans(self.bare))
        return found + [one for one in spans if one.values & (self.unnamed | self.literals)]

    @cached_property
    def conventions(self) -> list[Stretch]:
        """What the text brings along without giving it."""
        return list(find_conventions(self.bare, self.code, self.literals))

    @cached_property
    def found(self) -> list[Mention]:
        """The numbers of the text as all of it lets them be read.

        What names an input in other units is left out, a time of day is its hour and its minutes, and what the text
        only brings along is exempt.
        """
        times = [one for one in find_clock_times(self.bare) if not find_covered([one.start], self.measures)]
        read = [*self.measures, *(Stretch(one.start, one.end) for one in times)]
        covered = find_covered((mention.start for mention in self.written), read)
        found = [one for one in self.written if one.start not in covered]
        found += [mention for one in times for mention in _mentions_of_time(self.bare, one)]
        suspects = [one for one in found if one.is_digits and not self.allowed.include(one.values)]
        counts = {Fraction(len(self.given.numbers)), Fraction(len(read_numbers(self.output_text)))}
        brought = [
            *self.conventions,
            *find_counts(self.bare, counts),
            *find_named_labels(self.bare, self.inputs if isinstance(self.inputs, dict) else ()),
            *find_stated_constants(self.bare, suspects, self.literals),
        ]
        exempt = find_covered((mention.start for mention in found), brought)
        return [one._replace(is_exempt=True) if one.start in exempt else one for one in found]

    @cached_property
    def signs(self) -> tuple[int, ...]:
        """Whether shares of the text are taken off a whole, or added to it."""
        return signs_of_change(self.bare)

    @cached_property
    def said(self) -> NumberForms:
        """All numbers that the text names, in one form or another."""
        values = set[Fraction]().union(
            *(form for mention in self.found for form in forms_of_mention(mention, self.signs))
        )
        of_stretches = (stretch.values for stretch in (*self.measures, *self.conventions))
        return NumberForms(values.union(*of_stretches))

    @cached_property
    def in_examples(self) -> set[int]:
        """Where numbers stand that are but examples."""
        return find_covered((mention.start for mention in self.found), find_examples(self.bare))

    @cached_property
    def is_english(self) -> bool:
        """Whether words of the text can be read: numbers in words, questions and tasks."""
        words = _LETTERS.findall(self.text)
        foreign = sum(len(word) for word in words if not word.isascii())
        if foreign * 2 > sum(map(len, words)):
            return False
        return len(words) < MIN_WORDS or _ENGLISH.search(self.text) is not None

    @property
    def is_whole(self) -> bool:
        """Whether all of problem and input was read."""
        return self.length <= MAX_CHARS and len(self.given.numbers) + len(self.given.texts) < MAX_LEAVES


def read_case(problem: str, inputs: Any, output_text: str, code: str) -> ProblemCase:
    """Reads both sides; `inputs` is tagged JSON (see `caco_tasks.sandbox.values`)."""
    given = read_input_values(inputs)
    text = plain_numerals(problem[:MAX_CHARS])
    text = _HALF_A_DOZEN.sub("six", with_plain_dates(text, [*given.texts[:MAX_TEXTS], output_text]))
    bare = _without_texts(text, given.texts)
    return ProblemCase(text, bare, inputs, given, output_text, code, len(problem))


def is_plain_word(mention: Mention) -> bool:
    """Whether a number is a word like any other: `one`, `both`, `twelve`."""
    return not mention.is_digits and any(value <= WORD_CONSTANT for value in mention.values)


def is_counted(text: str, mention: Mention) -> bool:
    """Whether a number stands before what it counts, as in `1 hour`, and not in a formula, as in `x = 1 and y = 2`."""
    return _COUNTED.match(text, mention.start + len(mention.text)) is not None


def _mentions_of_time(text: str, time: ClockTime) -> Iterator[Mention]:
    shown = text[time.start : time.end]
    yield Mention(shown, time.hours, is_digits=True, start=time.start)
    yield Mention(shown, time.minutes, is_digits=True, is_exempt=time.is_full_hour, start=time.start)


def _find_keys(value: Any) -> Iterator[str]:
    """The keys of the tables inside an input, not those of the input itself: these are names."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        if isinstance(one, dict):
            yield from (key for key in one if key != "$type")
        yield from _find_keys(one)


def _without_texts(text: str, texts: Iterable[str]) -> str:
    """The problem without the quoted texts of the input, whose digits and underscores are no faults."""
    parts = sorted({part for part in texts if len(part) >= 2 and not part.isspace()}, key=len, reverse=True)
    if not parts:
        return text
    spellings = "|".join(re.escape(part) for part in parts[:MAX_TEXTS])
    return re.sub(rf"(?<!\w)(?:{spellings})(?!\w)", " ", text, flags=re.IGNORECASE)
