"""Where the numbers of a solution's steps come from.

What a step begins with must be given, be a constant that the words call for, be called for by the words of a field (a
divisor where divisors are meant), or have been said or computed before. The later sides of a chain follow from its first.
"""

import operator
import re
from collections.abc import Iterator, Set
from fractions import Fraction

from caco_tasks.checks.arithmetic.written_arithmetic import EqualityChain
from caco_tasks.checks.steps.origin_explanations import (
    OPERATIONS,
    Sources,
    compute_side,
    find_strange_number,
    first_numbers,
    numbers_of,
)
from caco_tasks.checks.steps.step_case import Gap, StepCase, format_number
from caco_tasks.number_words import CARDINALS, number_of_words
from caco_tasks.numbers_in_text import read_fraction

PLAIN_NUMBERS = ("0", "1", "2", "10", "100")  # that need no source
MAX_BASE, MAX_EXPONENT = 1000, 20  # of a power in prose that is computed

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+"
_CARDINAL = "|".join(CARDINALS)
_SAID_IN_DIGITS = re.compile(_DIGITS)
_SAID = re.compile(rf"{_DIGITS}|\b(?:{_CARDINAL})(?:-(?:{_CARDINAL}))?\b", re.IGNORECASE)
_LOOSE_STEP = re.compile(r"(?<![\d.,])(\d{1,12})\s*([-+*/×·]|\\times|\\cdot|\^\s?\{?)\s*(\d{1,12})(?![\d.,])")
_END = re.compile(r"[$\n]|\\[\])]|[.;](?=\s|$)")  # of the mathematics or the sentence that a statement stands in
_GOES_ON = re.compile(r"(?:\n|\\\\)[\s&]*(?:\\q?quad)?[\s&]*=[\s&]*$")  # a line that begins with "="


def find_ungrounded_number(case: StepCase) -> Gap | None:
    """A number that a step begins with, and that neither the problem nor a step before it gave."""
    # most solutions are sound, and need no source that is long to find
    if _is_plainly_grounded(case):
        return None
    return _trace(case, is_thorough=False) and _trace(case, is_thorough=True)


def _is_plainly_grounded(case: StepCase) -> bool:
    """Whether each number that a step begins with was written just so before: then no more sources can make it strange."""
    known = {*PLAIN_NUMBERS, *case.shown_in_problem}
    has_read_code = False
    for chain, (start, _) in zip(case.chains, case.spans, strict=True):
        for token in first_numbers(chain):
            if token.text not in known and not has_read_code:
                known.update(case.literals)
                has_read_code = True
            place = case.shown.get(token.text, start)
            is_known = token.text in known or (place < start and not case.is_in_statement(place))
            if token.text[0].isalpha():  # the word "third" is one or two of them
                return False
            if not is_known and not _comes_to_known(chain, known):
                return False
        known.update(token.text for side in chain.sides for token in side.tokens if token.kind == "number")
    return True


def _comes_to_known(chain: EqualityChain, known: Set[str]) -> bool:
    """Whether a product or a sum is tried that comes to a known number: 6 * 15 = 90."""
    signs = {token.text for token in chain.sides[0].tokens[::2] if token.kind != "number"}
    signs |= {token.text for token in chain.sides[0].tokens[1::2]}
    results = [numbers for numbers in map(numbers_of, chain.sides[1:]) if len(numbers) == 1]
    return signs in ({"*"}, {"+"}) and any(numbers[0].text in known for numbers in results)


def _trace(case: StepCase, *, is_thorough: bool) -> Gap | None:
    known = set(case.given)
    sources = Sources(case, known, brought=case.brought if is_thorough else frozenset())
    loose = list(_find_loose_numbers(case.solution, case.spans, _SAID if is_thorough else _SAID_IN_DIGITS))[::-1]
    for chain, (start, end) in zip(case.chains, case.spans, strict=True):
        said = set()
        while loose and loose[-1][0] < start:  # what was said before the step counts as known
            said.add(loose.pop()[1])
        known |= said | _digits_of(said, case)
        number = find_strange_number(chain, sources)
        if number is not None:
            step = " ".join(case.solution[start:end].split())[:100]
            return Gap(f"{format_number(number)} in '{step}'", is_sure=_is_followed(chain, end, case))
        numbers = {token.value for side in chain.sides for token in numbers_of(side)}
        numbers |= {value for side in chain.sides if (value := compute_side(side)) is not None}
        known |= numbers | _digits_of(numbers, case)
    return None


def _is_followed(chain: EqualityChain, end: int, case: StepCase) -> bool:
    """Whether all up to the end of a statement's formula or sentence is understood, and it is read from its beginning."""
    behind = _END.search(case.solution, end)
    is_followed = (behind.end() if behind else len(case.solution)) <= case.followed_to
    return is_followed and _is_beginning(chain, case.solution)


def _digits_of(numbers: Set[Fraction], case: StepCase) -> set[Fraction]:
    """The digits of numbers that may be taken apart."""
    if not case.is_about_digits:
        return set()
    return {Fraction(digit) for number in numbers if number >= 10 for digit in str(number.numerator)}


def _is_beginning(chain: EqualityChain, text: str) -> bool:
    """Whether a statement is read from its beginning: not from an operator, a closing bracket, or a line that goes on."""
    first = chain.sides[0].tokens
    if first:
        depth = 0
        for token in first:
            depth += {"(": 1, ")": -1}.get(token.kind, 0)
            if depth < 0:
                return False
        return first[0].kind != "op" or first[0].text in "+-"
    tokens = next((side.tokens for side in chain.sides if side.tokens), first)
    return not tokens or _GOES_ON.search(text[max(tokens[0].start - 60, 0) : tokens[0].start]) is None


def _find_loose_numbers(
    text: str, spans: list[tuple[int, int]], said: re.Pattern[str]
) -> Iterator[tuple[int, Fraction]]:
    """The numbers that are said outside of all statements, with their places; also in words, if `said` finds such."""
    place = 0
    for match in said.finditer(text):
        while place < len(spans) and spans[place][1] <= match.start():
            place += 1
        if len(match[0]) > 60 or (place < len(spans) and spans[place][0] <= match.start()):
            continue
        if match[0][0].isalpha():
            yield match.start(), Fraction(number_of_words(match[0]) or 0)
            continue
        yield match.start(), read_fraction(match[0].replace(",", ""))
        step = _LOOSE_STEP.match(text, match.start()) if said is _SAID else None
        if step is not None:
            yield from ((match.start(), value) for value in _compute(step[1], step[2], step[3]))


def _compute(left: str, sign: str, right: str) -> Iterator[Fraction]:
    """The value of one operation that stands in prose, without an equals sign."""
    first, second = Fraction(left), Fraction(right)
    if sign.startswith("^"):
        if second <= MAX_EXPONENT and first <= MAX_BASE:
            yield first**second.numerator
    elif sign != "/" or second:
        yield abs(OPERATIONS.get(sign, operator.mul)(first, second))
