"""What explains a number that a step begins with, beside that it was given, said or computed before.

It may be a constant that the words call for, an exponent, a part of a known number, one of factors that are tried, a share
of a known whole, the term of a progression. `Sources` holds what is known where the step begins.
"""

import math
import operator
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from fractions import Fraction

from caco_tasks.checks.arithmetic.written_arithmetic import ArithmeticToken, EqualityChain, Side
from caco_tasks.checks.steps.number_sources import is_of_field, is_progression
from caco_tasks.checks.steps.step_case import StepCase
from caco_tasks.convert.constants import constants_for

SMALL = 1  # whole numbers up to here need no source
MAX_OPERANDS, MAX_OPERAND = 10, 10**9  # of a side that is computed
NEAR = Fraction(1, 100)  # a decimal may stand for a known value that it rounds to
OPERATIONS = {"+": operator.add, "-": operator.sub, "/": operator.truediv}


@dataclass(frozen=True, slots=True)
class Sources:
    """What a number may come from, where a step begins."""

    case: StepCase
    known: Set[Fraction]  # given, said or computed before
    brought: Set[Fraction]  # by the words of the problem


def first_numbers(chain: EqualityChain) -> list[ArithmeticToken]:
    """The numbers that a statement begins to compute with: later sides follow from the first that computes."""
    for side in chain.sides:
        if side.is_known and len(side.tokens) > 2:
            numbers = numbers_of(side)
            if len(numbers) > 1 and _operators(side):
                return numbers
    return []


def find_strange_number(chain: EqualityChain, sources: Sources) -> Fraction | None:
    """The first number that a statement begins with and that is neither known nor explained."""
    first = next((side for side in chain.sides if side.tokens), None)
    if first is None or (
        len(numbers_of(first)) == 1 and first.is_known and _is_known(numbers_of(first)[0].value, sources)
    ):
        return None  # 120 = 2 * 60: what is behind a known number follows from it
    sides = [side for side in chain.sides if side.is_known and len(numbers_of(side)) > 1 and _operators(side)]
    if not sides:
        return None
    side = sides[0]  # later sides follow from the first
    strange = [token.value for token in numbers_of(side) if not _is_known_in(side, token, sources)]
    if not strange or _is_tried(side, chain, sources) or _are_factors_of_known(side, strange, sources):
        return None
    return strange[0]


def _is_known_in(side: Side, token: ArithmeticToken, sources: Sources) -> bool:
    """Whether a number needs no other source where it stands in its side."""
    place = next(place for place, one in enumerate(side.tokens) if one is token)
    return (
        _is_known(token.value, sources)
        or (bool(_operators(side) & {"*", "/", "^"}) and token.value in sources.case.counts)
        or _is_power(side.tokens, place, sources)
        or any(_is_part_of_known(side.tokens[start : start + 5], sources.known) for start in (place - 1, place - 3))
        or _is_neighbour(side.tokens, place, sources.known)
        or _is_expansion(side, token)
        or any(_is_share(*share, sources) for share in _shares(side.tokens) if token.value in share)
    )


def _is_power(tokens: Sequence[ArithmeticToken], place: int, sources: Sources) -> bool:
    """Whether a number is an exponent, which counts factors, or a base where powers are meant."""
    before = place - 1
    while before >= 0 and tokens[before].kind == "(":
        before -= 1
    is_base = "power" in sources.case.fields and place + 1 < len(tokens) and tokens[place + 1].text == "^"
    return is_base or (before >= 0 and tokens[before].text == "^")


def _is_part_of_known(tokens: list[ArithmeticToken], known: Set[Fraction]) -> bool:
    """Whether five tokens are a known number in two parts, as `(90 + 5)` is 95."""
    if [token.kind for token in tokens] != ["(", "number", "op", "number", ")"] or tokens[2].text not in "+-":
        return False
    return OPERATIONS[tokens[2].text](tokens[1].value, tokens[3].value) in known


def _is_neighbour(tokens: Sequence[ArithmeticToken], place: int, known: Set[Fraction]) -> bool:
    """Whether a factor follows a known one by steps of one: 19 and 18 in `20 * 19 * 18 / 6`."""
    for step in (-2, 2):
        at = place + step
        while 0 <= at < len(tokens) and _are_neighbours(tokens, at - step, at):
            if tokens[at].value in known:
                return True
            at += step
    return False


def _are_neighbours(tokens: Sequence[ArithmeticToken], place: int, other: int) -> bool:
    """Whether two numbers are multiplied with each other, and one apart."""
    is_product = tokens[place].kind == tokens[other].kind == "number" and tokens[(place + other) // 2].text == "*"
    return is_product and abs(tokens[place].value - tokens[other].value) == 1


def _is_expansion(side: Side, token: ArithmeticToken) -> bool:
    """Whether a fraction is expanded by a number, as in `(7 * 3)/(17 * 3)`: it stands above and below, and cancels."""
    same = [place for place, one in enumerate(side.tokens) if one.kind == "number" and one.value == token.value]
    factors = [place for place in same if place > 0 and side.tokens[place - 1].text == "*"]
    return len(factors) == 2 and "/" in _operators(side)


def _shares(tokens: Sequence[ArithmeticToken]) -> Iterator[tuple[Fraction, Fraction]]:
    """The fractions that are written out of two whole numbers, in LaTeX or with a slash."""
    kinds = [token.text if token.kind == "op" else token.kind for token in tokens]
    for place in range(len(kinds)):
        if kinds[place : place + 7] == ["frac", "(", "number", ")", "(", "number", ")"]:
            yield tokens[place + 2].value, tokens[place + 5].value
        elif kinds[place : place + 3] == ["frac", "number", "number"]:
            yield tokens[place + 1].value, tokens[place + 2].value
        elif kinds[place : place + 3] == ["number", "/", "number"]:
            yield tokens[place].value, tokens[place + 2].value


def _is_share(above: Fraction, below: Fraction, sources: Sources) -> bool:
    """Whether a fraction only expands another one (5/5), or is a share of a known whole where chances are meant."""
    known = sources.known | {Fraction(1)}
    is_chance = "choice" in sources.case.fields and below - above in known and (above in known or below in known)
    return above == below or is_chance


def _is_tried(side: Side, chain: EqualityChain, sources: Sources) -> bool:
    """Whether parts of a known sum, or factors of a known product, are tried out, or terms go on as they began."""
    operators, values = _operators(side), [token.value for token in numbers_of(side)]
    if operators == {"*"} and any(value in sources.case.moduli for value in values):
        return True
    if operators == {"+"} and is_progression(values, sources.known):
        return True
    if operators == {"+", "/"} and values[-1] == len(values) - 1:  # a mean: (7 + 7 + 14) / 3
        return all(value in sources.known for value in values[:-1])
    if compute_side(side) in sources.known:
        return True
    results = [numbers_of(one)[0].value for one in chain.sides[1:] if len(numbers_of(one)) == 1]
    return operators in ({"*"}, {"+"}, {"*", "^"}) and any(result in sources.known for result in results)


def _is_known(number: Fraction, sources: Sources) -> bool:
    known = sources.known
    if (
        number in known
        or number in sources.brought
        or (number.denominator == 1 and number <= SMALL)
        or constants_for(number, sources.case.text)
    ):
        return True
    if number * 100 in known or number / 100 in known:  # a percentage and its decimal
        return True
    if number / 1000 in known and (number / 1000).denominator > 1:  # 1331 ml for 1.331 l
        return True
    if number.denominator == 1:
        return is_of_field(number, sources.case.stated, sources.case.moduli, sources.case.fields)
    if 100 * abs(number - 1) in known:  # 1.06 for 6 percent more
        return True
    # a fraction may be built of known numbers, be what is left of a share or a raise by one, or be rounded
    is_built = {Fraction(number.numerator), Fraction(number.denominator)} <= {*known, Fraction(1)}
    return is_built or 1 - number in known or number - 1 in known or any(abs(number - one) < NEAR for one in known)


def _are_factors_of_known(side: Side, strange: list[Fraction], sources: Sources) -> bool:
    """Whether each factor is a quotient of known numbers, or the neighbour of another one, as in `12 * 11`."""
    operators, numbers = _operators(side), [token.value for token in numbers_of(side)]
    others = [number for number in numbers if number not in strange and number > 0]
    has_chances = {"/"} <= operators <= {"*", "/", "+"} or any(token.kind == "!" for token in side.tokens)
    if has_chances and "choice" in sources.case.fields:  # 4/52 * 3/51: each time one less is there
        reached = set(others)
        for number in sorted(strange, reverse=True):
            reached |= {number} if number + 1 in reached | sources.known else set()
        return reached >= set(strange)
    return operators == {"*"} and all(any(_is_factor(one, other, sources.known) for other in others) for one in strange)


def _is_factor(factor: Fraction, other: Fraction, known: Set[Fraction]) -> bool:
    # the whole quotient, or one more where a rest needs one too
    return abs(factor - other) == 1 or any(whole and whole // other in (factor, factor - 1) for whole in known)


def compute_side(side: Side) -> Fraction | None:
    """The value of a side that only adds, or only multiplies, a few numbers; None for any other."""
    operators, values = _operators(side), [token.value for token in numbers_of(side)]
    is_plain = all(token.kind in ("number", "op") for token in side.tokens) and len(values) <= MAX_OPERANDS
    if operators not in ({"+"}, {"*"}) or not is_plain or max(values, default=0) > MAX_OPERAND:
        return None
    return Fraction(sum(values) if operators == {"+"} else math.prod(values))


def numbers_of(side: Side) -> list[ArithmeticToken]:
    """The tokens of a side that are numbers."""
    return [token for token in side.tokens if token.kind == "number"]


def _operators(side: Side) -> set[str]:
    """The operators with which a side computes; a slash before a unit, as in `7 dollars/hour`, is none."""
    between = side.tokens[1:-1]
    return {
        "/" if token.kind == "frac" else token.text
        for token in (*side.tokens[:1], *between)
        if token.kind in ("op", "frac")
    }
