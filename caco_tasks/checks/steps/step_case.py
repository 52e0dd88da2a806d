"""A solution beside its problem and its program, as the checks of its steps see it."""

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from caco_tasks.checks.arithmetic.written_arithmetic import EqualityChain, plain, read_equality_chains
from caco_tasks.checks.steps.number_sources import (
    count_lists,
    find_field_numbers,
    find_fields,
    find_moduli,
)
from caco_tasks.checks.steps.other_mathematics import find_other_mathematics, needs_other_mathematics
from caco_tasks.checks.steps.shown_numbers import find_shown_numbers
from caco_tasks.numbers_in_text import Mention, mentions, read_fraction

MAX_CHARS = 20_000  # of a problem or a solution that are read
MAX_NUMBERS = 2000  # of them, of which more are not looked at
ALWAYS_KNOWN = frozenset(map(Fraction, (2, 10, 100)))  # halves, digits, percent

_LITERAL = re.compile(r"(?<![\w.])\d{1,40}(?:\.\d{1,40})?(?![\w.])")
_DIGITS = re.compile(r"\d{1,3}(?:,\d{3}){1,20}(?:\.\d{1,40})?|\d{1,40}(?:\.\d{1,40})?|\.\d{1,40}")
_SHORT_FRACTION = re.compile(r"frac\s?(\d)\s?(\d)")  # \frac13
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_BESIDE = re.compile(
    r"\(A\).*|\b(?:[Ff]or (?:example|instance)|[Rr]eminder|[Rr]ecall)\b.*?(?:\.\s|$)"
    rf"|\b(?:{_MONTHS})\s\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s\d{{4}})?|\b(?:{_MONTHS}|[Ii]n)\s(?:1[5-9]|20)\d\d\b"
    r"|(?<!\d)\d{1,9}\$?(?:st|nd|rd|th)\b|(?<!\d)\d{1,9}\^\{?\\?(?:text\{|textrm\{|mathrm\{)?(?:st|nd|rd|th)\b",
    re.DOTALL,
)
_UNREAD = re.compile(r"\[asy\]|^```[ ]*[A-Za-z]", re.MULTILINE)
_THOUSANDS = re.compile(r"(?<=\d)(?:\{,\}|,\\!)(?=\d{3})")
_SET_APART_PERCENT = re.compile(r"\$\s?\\?%\s?\$?|(?<=\d)\$(?= percent)")  # 5$\%$, $5$ percent


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that the steps of a solution do not show.

    `is_sure`: all that could have shown it was understood. Otherwise it may stand in what this check cannot follow.
    """

    detail: str
    is_sure: bool


@dataclass(frozen=True)
class StepCase:
    """A solution beside its problem and its program."""

    problem: str
    solution: str
    inputs: Any
    output_text: str
    code: str
    unread_from: int  # a drawing or a block of code, which the text leaves out, stood here; its length where none did

    @cached_property
    def chains(self) -> tuple[EqualityChain, ...]:
        """The statements of the solution that have at least two sides."""
        return read_equality_chains(self.solution)

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        """Where the statements begin and end in the solution, in order."""
        tokens = ([token for side in chain.sides for token in side.tokens] for chain in self.chains)
        return [(found[0].start, found[-1].end) if found else (0, 0) for found in tokens]

    @cached_property
    def shown(self) -> Mapping[str, int]:
        """Some of the numbers in `named`, as written, with their first places: found at a fraction of the cost."""
        return find_shown_numbers(self.solution)

    def is_in_statement(self, place: int) -> bool:
        """Whether a place of the solution is inside a statement."""
        return any(start <= place < end for start, end in self.spans)

    @cached_property
    def followed_to(self) -> int:
        """Where the solution leaves plain arithmetic: numbers from there on may come from what is not understood."""
        if needs_other_mathematics(self.problem):
            return 0
        place = find_other_mathematics(self.solution)
        return place if self.unread_from >= len(self.solution) else min(place, self.unread_from)

    @property
    def is_followed(self) -> bool:
        """Whether all of the solution is words and plain arithmetic, and the problem needs no more."""
        return self.followed_to >= len(self.solution)

    @cached_property
    def stated(self) -> set[Fraction]:
        """The numbers of the problem, in every form that they may be used in."""
        found = {form for mention in mentions(self.problem)[:MAX_NUMBERS] for form in _forms_of_mention(mention)}
        if "\\" in self.problem:  # 8 in \\times8, 3 in \\frac37
            found |= set(_read_digits(self.problem))
            found |= {Fraction(digit) for pair in _SHORT_FRACTION.findall(self.problem) for digit in pair}
        return found

    @cached_property
    def shown_in_problem(self) -> Mapping[str, int]:
        """Some of the numbers in `stated`, as written: found at a fraction of the cost."""
        return find_shown_numbers(self.problem)

    @cached_property
    def brought(self) -> set[Fraction]:
        """The numbers that the problem's words bring along without saying them."""
        return set(find_field_numbers(self.problem))

    @cached_property
    def moduli(self) -> set[Fraction]:
        """The numbers of which the texts call others multiples."""
        return find_moduli(self.text)

    @cached_property
    def counts(self) -> set[Fraction]:
        """How many things each list of the problem holds."""
        return set(count_lists(self.problem))

    @cached_property
    def text(self) -> str:
        """Problem and solution, whose words call for constants and fields."""
        return f"{self.problem} {self.solution}"

    @cached_property
    def fields(self) -> frozenset[str]:
        """The fields of mathematics of which the words speak."""
        return find_fields(self.text)

    @cached_property
    def stated_beside(self) -> set[Fraction]:
        """The numbers that the problem states in dates, ordinals, examples and choices alone: nobody needs them."""
        return set(_read_digits(self.problem)) - set(_read_digits(_BESIDE.sub(" ", self.problem)))

    @cached_property
    def given(self) -> set[Fraction]:
        """The numbers of the problem and the program, and those that need no source."""
        found = self.stated | set(map(read_fraction, self.literals)) | ALWAYS_KNOWN
        return found | set(map(read_fraction, re.findall(r"[0-9]", self.problem))) if self.is_about_digits else found

    @property
    def literals(self) -> list[str]:
        """The numbers that are written in the program."""
        return _LITERAL.findall(self.code)[:MAX_NUMBERS]

    @cached_property
    def is_about_digits(self) -> bool:
        """Whether numbers may be taken apart."""
        return "digit" in self.problem or "digit" in self.solution

    @cached_property
    def mentions(self) -> list[Mention]:
        """The places where the solution names a number."""
        return mentions(self.solution)[:MAX_NUMBERS]

    @cached_property
    def named(self) -> set[Fraction]:
        """The numbers that the solution names anywhere."""
        found = {form for mention in self.mentions for form in mention.values}
        return found | set(_read_digits(self.solution)) if "\\" in self.solution else found


def read_step_case(problem: str, solution: str, *, input_json: str, output_text: str, code: str) -> StepCase:
    """The case of these texts; `input_json` is the program's `input` as tagged JSON, `output_text` its `str(output)`.

    Raises:
        ValueError: `input_json` is not JSON.
    """
    solution = solution[:MAX_CHARS]
    unread = _UNREAD.search(solution) if "[asy]" in solution or "```" in solution else None
    read = plain(solution)
    limit = len(plain(solution[: unread.start()])) if unread else len(read)
    problem = problem[:MAX_CHARS]
    if "$" in problem:
        problem = _SET_APART_PERCENT.sub(lambda match: "%" if "%" in match[0] else "", problem)
    if "," in problem:
        problem = _THOUSANDS.sub(",", problem)
    return StepCase(problem, read, json.loads(input_json), output_text, code, limit)


def format_number(number: Fraction) -> str:
    """A number as a reader writes it: whole, or as a decimal of six digits."""
    return str(number) if number.denominator == 1 else f"{float(number):.6g}"


def _read_digits(text: str) -> Iterator[Fraction]:
    for match in itertools.islice(_DIGITS.finditer(text), MAX_NUMBERS):
        yield read_fraction(match[0].replace(",", ""))


def _forms_of_mention(mention: Mention) -> Iterator[Fraction]:
    yield from mention.values
    if len(mention.values) == 1 and next(iter(mention.values)).denominator == 1:
        return
    percent = max(mention.values, default=Fraction(0))
    # "15 %" is read as 15 and as 0.15: what is left of it, what it makes with the whole, and a tenth of it
    if percent and percent / 100 in mention.values:
        yield from (1 + percent / 100, 1 - percent / 100, 100 - percent, 100 + percent, percent / 10)
    for value in mention.values:
        if 0 < value < 1:
            above, below = value.numerator, value.denominator
            yield from (1 - value, 1 + value, Fraction(above), Fraction(below), Fraction(below - above))
