r"""Computes every arithmetic statement of a solution: `12 * 4 = 48`, `3/4 of 60 is 45`, `\frac{6}{3} = 2`, chains.

Values are exact fractions. A statement is true, false, or not understood: it holds a letter or a sign that has no value
here, or nobody can tell where it begins. It is false only if no sensible reading of it is true: percent signs may scale
or not, a number before a space may be a mixed number or belong to the sentence, decimals are compared at the digits shown.
"""

import itertools
import math
import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

from caco_tasks.checks.arithmetic.arithmetic_doubt import find_moduli, is_taken_back
from caco_tasks.checks.arithmetic.arithmetic_names import NamedValues
from caco_tasks.checks.arithmetic.arithmetic_readings import SideReading, read_side
from caco_tasks.checks.arithmetic.arithmetic_rounding import is_about_equal, is_equal_as_shown
from caco_tasks.checks.arithmetic.arithmetic_units import UnitMatch, compare_units
from caco_tasks.checks.arithmetic.arithmetic_values import DIVISIONS, SideValue, values_of
from caco_tasks.checks.arithmetic.written_arithmetic import EqualityChain, Side, plain, read_equality_chains
from caco_tasks.grading.units_of_measure import measure

MAX_FALSE = 20  # false statements that are reported
MAX_SHOWN_CHARS = 120  # of a reported statement
ROUNDING_CHARS = 80  # behind a quotient in which a remainder may be mentioned

_ROUNDED = re.compile(r"\bround|\bnearest\b|\bfloor\b|\binteger (?:division|part)\b", re.IGNORECASE)
_LEFT_OVER = re.compile(r"\bremain|\bleft\b|\bwhole\b|\bfull\b|\bcomplete\b|\bat (?:least|most)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Equations:
    """How many equals signs of a text were computed, how many were not understood, and the false statements as written."""

    checked: int
    false: tuple[str, ...]
    not_understood: int = 0  # beside which something is to be computed, and that were not computed


class Equation(NamedTuple):
    """One equals sign beside which something is to be computed, its place in the plain text, and whether it holds."""

    text: str
    start: int
    end: int
    is_true: bool | None  # None: not understood


class _Link(NamedTuple):
    """One equals sign: whether it holds (None: not understood), and where it stands in its statement and the text."""

    is_true: bool | None
    place: int = 0
    start: int = 0
    end: int = 0


def false_equations(text: str) -> Equations:
    """Computes the arithmetic statements of a text in time linear in it; reports at most `MAX_FALSE` false ones."""
    checked = not_understood = 0
    false: list[str] = []
    for equation in find_equations(plain(text)):
        if equation.is_true is None:
            not_understood += 1
            continue
        checked += 1
        if not equation.is_true and len(false) < MAX_FALSE:
            false.append(" ".join(equation.text.split())[:MAX_SHOWN_CHARS])
    return Equations(checked, tuple(false), not_understood)


def find_equations(text: str) -> Iterator[Equation]:
    """The arithmetic statements of a plain text (`arithmetic_text.plain`), in order, in time linear in it."""
    names = NamedValues()
    for shared in read_equality_chains(text):
        statement = EqualityChain(list(shared.sides), shared.remainder, shared.is_doubted)
        names.fill(statement)
        names.learn(statement)
        for link in _check_chain(statement):
            is_true = link.is_true
            if is_true is False:
                is_true = _reconsider(statement, link, text)
            yield Equation(text[link.start : link.end], link.start, link.end, is_true)


def _reconsider(statement: EqualityChain, link: _Link, text: str) -> bool | None:
    """What is to be thought of a link that is false as it stands: its form and the words around it are looked at."""
    left, right = statement.sides[link.place : link.place + 2]
    if statement.remainder is None and _is_said_to_be_rounded(left, right, text[link.end : link.end + ROUNDING_CHARS]):
        return True
    if statement.is_doubted or _is_converted(left, right) or _has_sign_of_its_own(statement):
        return None
    if is_taken_back(text, link.start, link.end):
        return None
    return None if _are_congruent(left, right, find_moduli(text, link.start, link.end)) else False


def _check_chain(statement: EqualityChain) -> Iterator[_Link]:
    """What each equals sign comes to beside which there is something to compute."""
    sides = statement.sides
    computes = [side.has_operator for side in sides]
    if not any(computes):
        return
    last = len(sides) - 1
    readings = [read_side(side, is_first=place == 0, is_last=place == last) for place, side in enumerate(sides)]
    for place, (left, right) in enumerate(itertools.pairwise(readings)):
        pair = sides[place], sides[place + 1]
        if not any(computes[place : place + 2]) and (pair[0].units or pair[1].units or not (left.left and right.right)):
            continue  # a quantity and its conversion, or two names
        if _is_name(pair[0]) or _is_name(pair[1]):
            continue  # a value gets its name: there is nothing to check
        is_conversion = not computes[place] and bool(pair[0].units)
        if not left.left or not right.right or is_conversion or (units := compare_units(*pair)) is UnitMatch.DIFFERENT:
            tokens = [*pair[0].tokens, *pair[1].tokens]
            yield _Link(None, place, tokens[0].start if tokens else 0, tokens[-1].end if tokens else 0)
            continue
        start, end = pair[0].tokens[0].start, pair[1].tokens[-1].end
        if _is_equal(pair, left, right) or _holds_with_remainder(statement, place, right):
            yield _Link(True, place, start, end)
            continue
        is_certain = (
            units is UnitMatch.SAME
            and left.is_certain
            and right.is_certain
            and not (_are_names(*pair) or _is_description(*pair))
        )
        yield _Link(False if is_certain else None, place, start, end)


def _is_name(side: Side) -> bool:
    """`x`, `Total`: no number, and nothing to compute."""
    if side.tokens and side.tokens[0].kind != "unknown":
        return False
    return all(token.kind == "unknown" for token in side.tokens)


def _is_equal(pair: tuple[Side, Side], left: SideReading, right: SideReading) -> bool:
    """Whether some reading of the left side has the value of some reading of the right one."""
    if left.whole and right.whole and not _has_scales(*pair):
        shown, result = left.whole[0].value, right.whole[0].value
        if shown is result or shown == result:
            return True  # as most are
    compare = is_about_equal if pair[1].is_about else is_equal_as_shown
    for first, second in itertools.product(left.left, right.right):
        is_unscaled = not (first.reading.has_scales and second.reading.has_scales)
        if is_unscaled and not _may_leave_scales(*pair):
            continue
        if compare(first, second):
            return True
    return _is_equal_in_cents(pair, left.left, right.right) or _is_equal_in_cents(pair[::-1], right.right, left.left)


def _has_scales(left: Side, right: Side) -> bool:
    return any([token.kind == "scale" for token in left.tokens]) or any(
        [token.kind == "scale" for token in right.tokens]
    )


def _may_leave_scales(left: Side, right: Side) -> bool:
    """`32 / 2 = 16 million` counts in millions; beside a plain number or another scale the word means what it says."""
    scales = [[token.text for token in side.tokens if token.kind == "scale"] for side in (left, right)]
    if scales[0] and scales[1]:
        return set(scales[0]) == set(scales[1])
    for side, words in zip((left, right), scales, strict=True):
        is_sum = any(token.text in "+-" for token in side.tokens if token.kind == "op")
        if words and is_sum and len(words) < sum(token.kind == "number" for token in side.tokens):
            return False
    return True


def _is_equal_in_cents(pair: tuple[Side, Side], dollars: Sequence[SideValue], cents: Sequence[SideValue]) -> bool:
    """`$2.50 - $2.24 = 26 cents`."""
    if not pair[0].has_money or not any(measure(unit) == "cent" for unit in pair[1].units):
        return False
    return any(100 * one.value == other.value for one in dollars for other in cents)


def _is_said_to_be_rounded(left: Side, right: Side, behind: str) -> bool:
    """Whether a quotient is given as a whole number, and the words behind it speak of a remainder or of rounding."""
    is_quotient = any(token.text in (*DIVISIONS, "//") for token in left.tokens)
    if not (_ROUNDED.search(behind) or (is_quotient and _LEFT_OVER.search(behind))):
        return False
    first, last = read_side(left, is_first=True, is_last=False), read_side(right, is_first=False, is_last=True)
    pairs = itertools.product(first.left, last.right)
    return any(other.value in (math.floor(one.value), math.ceil(one.value)) for one, other in pairs)


def _is_converted(left: Side, right: Side) -> bool:
    """Whether the whole part of a quotient is given in another unit, as in `346 ms ÷ 60 = 5 seconds`."""
    if not (left.units and right.units) or left.units & right.units:
        return False
    pairs = itertools.product(values_of(left.tokens), values_of(right.tokens))
    return any(math.floor(one.value) == other.value for one, other in pairs)


def _has_sign_of_its_own(statement: EqualityChain) -> bool:
    r"""Whether an author's sign `*` stands beside `\cdot` or `\times`: `3*2 = 3 \cdot 2 + 1` may define it."""
    signs = {token.end - token.start for side in statement.sides for token in side.tokens if token.text == "*"}
    return 1 in signs and bool(signs & {len("\\cdot"), len("\\times")})


def _are_congruent(left: Side, right: Side, moduli: Set[int]) -> bool:
    """Whether a result is a digit or a remainder of what it is the result of."""
    return any(
        one.value.denominator == other.value.denominator == 1
        and 0 <= other.value < modulus
        and (one.value - other.value) % modulus == 0
        for one, other in itertools.product(values_of(left.tokens), values_of(right.tokens))
        for modulus in moduli
    )


def _are_names(left: Side, right: Side) -> bool:
    """`6-8-10 = 3-4-5`: what hyphens join is a name, and no difference."""
    return all(
        len(side.tokens) > 4
        and all(token.text == "-" if place % 2 else token.kind == "number" for place, token in enumerate(side.tokens))
        and side.tokens[-1].end - side.tokens[0].start == sum(len(token.text) for token in side.tokens)
        for side in (left, right)
    )


def _is_description(left: Side, right: Side) -> bool:
    """`10^5 is 6 digits long`: what is said of a power by a number and a word need not be its value."""
    return (
        right.is_worded and bool(right.units) and {token.text for token in left.tokens if token.kind == "op"} == {"^"}
    )


def _holds_with_remainder(statement: EqualityChain, place: int, right: SideReading) -> bool:
    """`17 / 5 = 3 remainder 2`: the quotient is right, and so is what is left over."""
    if statement.remainder is None or place != len(statement.sides) - 2:
        return False
    divided = [token for token in statement.sides[place].tokens if token.kind == "number"]
    if len(divided) != 2 or divided[1].value == 0:
        return False
    quotient, rest = divmod(divided[0].value, divided[1].value)
    return rest == statement.remainder and any(reading.value == quotient for reading in right.right)
