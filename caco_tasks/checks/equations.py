r"""Computes every arithmetic statement of a solution: `12 * 4 = 48`, `3/4 of 60 is 45`, `\frac{6}{3} = 2`, chains.

Values are exact fractions. Statements with letters or anything else unknown are left alone. A statement is false only
if no sensible reading of it is true: percent signs may scale or not, a number before a space may be a mixed number or
belong to the sentence, decimals are compared at the digits shown.
"""

import itertools
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from caco_tasks.checks.written_arithmetic import ArithmeticToken, EqualityChain, Side, find_equality_chains, plain
from caco_tasks.exact import Calculator, Limits, NoValueError
from caco_tasks.grading.units import measure

MAX_DEPTH = 30
CALCULATOR = Calculator(Limits(max_bits=4000, max_factorial=200, max_root=2))
MAX_READINGS = 4  # of one side
MAX_FALSE = 20  # false statements that are reported
MAX_SHOWN_CHARS = 120  # of a reported statement
ROUNDING_CHARS = 80  # behind a quotient in which a remainder may be mentioned

_ROUNDED = re.compile(r"\bround|\bnearest\b", re.IGNORECASE)
_LEFT_OVER = re.compile(r"\bremain|\bleft\b|\bwhole\b|\bfull\b|\bcomplete\b|\bat (?:least|most)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Equations:
    """How many equals signs of a text were computed, and the statements that are false, as written."""

    checked: int
    false: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Value:
    value: Fraction
    decimals: int | None = None  # of a literal that stands alone


def false_equations(text: str) -> Equations:
    """Computes the arithmetic statements of a text in time linear in it; reports at most `MAX_FALSE` false ones."""
    text = plain(text)
    checked = 0
    false: list[str] = []
    for statement in find_equality_chains(text):
        for is_true, start, end in _check_chain(statement):
            checked += 1
            is_true = is_true or _is_said_to_be_rounded(statement, text[end : end + ROUNDING_CHARS])
            if not is_true and len(false) < MAX_FALSE:
                false.append(" ".join(text[start:end].split())[:MAX_SHOWN_CHARS])
    return Equations(checked, tuple(false))


def _check_chain(statement: EqualityChain) -> Iterator[tuple[bool, int, int]]:
    """For each equals sign that can be computed: whether it holds, and where the statement stands."""
    sides = statement.sides
    readings = [
        _read_side(side, is_first=place == 0, is_last=place == len(sides) - 1) for place, side in enumerate(sides)
    ]
    has_operator = [side.has_operator for side in sides]
    if not any(has_operator):
        return
    for place in range(len(sides) - 1):
        left, right = readings[place], readings[place + 1]
        if not left or not right or not _may_compare_units(sides[place], sides[place + 1]):
            continue
        if not has_operator[place] and (sides[place].units or (sides[place + 1].units and not has_operator[place + 1])):
            continue  # a quantity and its conversion
        if len(sides) == 2 and not has_operator[place] and not has_operator[place + 1]:
            continue
        is_equal = _is_about_equal if sides[place + 1].is_about else _is_equal_as_shown
        is_true = any(is_equal(first, second) for first in left for second in right)
        is_true = is_true or _holds_with_remainder(statement, place, left, right)
        yield is_true, sides[place].tokens[0].start, sides[place + 1].tokens[-1].end


def _is_said_to_be_rounded(statement: EqualityChain, behind: str) -> bool:
    """Whether a quotient is given as a whole number, and the words behind it speak of a remainder or of rounding."""
    is_quotient = any(token.text in ("/", "//") for side in statement.sides[:-1] for token in side.tokens)
    if statement.remainder is not None:
        return False
    if not (_ROUNDED.search(behind) or (is_quotient and _LEFT_OVER.search(behind))):
        return False
    first = _read_side(statement.sides[-2], is_first=len(statement.sides) == 2, is_last=False)
    last = _read_side(statement.sides[-1], is_first=False, is_last=True)
    return any(result.value in (math.floor(value.value), math.ceil(value.value)) for value in first for result in last)


def _may_compare_units(left: Side, right: Side) -> bool:
    """Quantities of different measures are not added, and not compared."""
    known = [{measure(unit) for unit in side.units} - {""} for side in (left, right)]
    for side, units in zip((left, right), known, strict=True):
        if len(units) > 1 or (
            len(side.units) > 1 and any(token.text in "+-" for token in side.tokens if token.kind == "op")
        ):
            return False
    return not known[0] or not known[1] or known[0] == known[1]


def _holds_with_remainder(statement: EqualityChain, place: int, left: list[_Value], right: list[_Value]) -> bool:
    """`17 / 5 = 3 remainder 2`: the quotient is right, and so is what is left over."""
    if statement.remainder is None or place != len(statement.sides) - 2:
        return False
    divided = [token for token in statement.sides[place].tokens if token.kind == "number"]
    if len(divided) != 2 or divided[1].value == 0:
        return False
    quotient, rest = divmod(divided[0].value, divided[1].value)
    return rest == statement.remainder and any(reading.value == quotient for reading in right)


def _is_equal_as_shown(left: _Value, right: _Value) -> bool:
    if left.value == right.value:
        return True
    return _rounds_to(left.value, right) or _rounds_to(right.value, left)


def _is_about_equal(left: _Value, right: _Value) -> bool:
    """Whether the right value is the left one, give or take one in the last place that it shows; `7 ≈ 6.9` holds too."""
    if _is_equal_as_shown(left, right):
        return True
    for value, shown in ((left, right), (right, left)):
        if shown.decimals is not None:
            last_place = -shown.decimals
        elif shown.value.denominator == 1:
            # The zeros at the end of a whole number may be rounding: 1300 stands for 1250 as well.
            digits = str(abs(shown.value.numerator))
            last_place = len(digits) - len(digits.rstrip("0")) if shown.value else 0
        else:
            continue
        if abs(value.value - shown.value) <= Fraction(10) ** last_place:
            return True
    return False


def _rounds_to(value: Fraction, shown: _Value) -> bool:
    """Whether `value` rounds to the decimal, or is cut to it where it never ends."""
    if shown.decimals is None or shown.decimals == 0:
        return False
    unit = Fraction(1, 10**shown.decimals)
    difference = abs(value) - abs(shown.value)
    if value * shown.value < 0:
        return False
    if abs(difference) * 2 <= unit:
        return True
    # Only an expansion that never ends may be cut: 2/3 is 0.66, but 0.66 is not 0.6.
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return 0 <= difference < unit and rest != 1


# readings of one side


def _read_side(side: Side, *, is_first: bool, is_last: bool) -> list[_Value]:
    """The values that a side may have: whole, or without its sentence's words and numbers; with percent or without."""
    if not side.is_known or not side.tokens or any(map(_is_split_number, side.tokens, side.tokens[1:])):
        return []
    found: list[_Value] = []
    for tokens in _cut_sentence(side.tokens, is_first=is_first, is_last=is_last):
        for percent in (
            (Fraction(1, 100), Fraction(1)) if any(token.kind == "%" for token in tokens) else (Fraction(1),)
        ):
            value = _compute(tokens, percent)
            if value is not None:
                found.append(value)
    return found


def _cut_sentence(tokens: list[ArithmeticToken], *, is_first: bool, is_last: bool) -> list[list[ArithmeticToken]]:
    tokens = _without_loose_brackets(tokens, is_first=is_first, is_last=is_last)
    cuts = [tokens]
    # Two operands with nothing but a space between: a product, a mixed number, or two things of the sentence.
    joints = [
        place
        for place, (before, token) in enumerate(itertools.pairwise(tokens), start=1)
        if token.start > before.end
        and before.kind in ("number", ")", "%", "!")
        and token.kind in ("number", "(", "frac", "sqrt")
    ]
    if is_first:
        cuts += [tokens[place:] for place in reversed(joints[-MAX_READINGS:])]
    if is_last:
        joints += [place for place, token in enumerate(tokens) if token.text == "of"]
        cuts += [tokens[:place] for place in joints[:MAX_READINGS]]
    if is_last and tokens and tokens[-1].kind == "!":
        cuts.append(tokens[:-1])
    return cuts


def _is_split_number(before: ArithmeticToken, token: ArithmeticToken) -> bool:
    """`80 000`: one number to some, two to others."""
    return (
        before.kind == token.kind == "number"
        and len(before.text) <= 3
        and len(token.text) == 3
        and token.text.isdigit()
    )


def _without_loose_brackets(tokens: list[ArithmeticToken], *, is_first: bool, is_last: bool) -> list[ArithmeticToken]:
    """`(5 + 2 = 7)`: the brackets belong to the sentence."""
    if is_first and [token.kind for token in tokens[:2]] == ["number", ")"]:
        tokens = tokens[2:]  # 1) as the number of a step
    depth = sum({"(": 1, ")": -1}.get(token.kind, 0) for token in tokens)
    if is_first and not is_last and depth < 0:
        return []  # the end of something that began with letters
    start, end = 0, len(tokens)
    while is_first and depth > 0 and start < end and tokens[start].kind == "(":
        start, depth = start + 1, depth - 1
    while is_last and depth < 0 and end > start and tokens[end - 1].kind == ")":
        end, depth = end - 1, depth + 1
    return tokens[start:end]


# values


def _compute(tokens: list[ArithmeticToken], percent: Fraction) -> _Value | None:
    parser = _SideParser(tokens, percent)
    try:
        value = parser.sum()
        if parser.peek is not None:
            return None
    except NoValueError:
        return None
    literals = [token for token in tokens if token.kind == "number"]
    is_literal = len(literals) == 1 and not any(token.kind in ("op", "frac", "sqrt", "!") for token in tokens)
    return _Value(value, literals[0].decimals if is_literal and not parser.scaled else None)


class _SideParser:
    """Recursive descent over the tokens of one side: sums, products, signs, powers, factorials, brackets, fractions."""

    def __init__(self, tokens: list[ArithmeticToken], percent: Fraction) -> None:
        self._tokens = tokens
        self._percent = percent
        self._at = 0
        self._depth = 0
        self.scaled = False

    @property
    def peek(self) -> ArithmeticToken | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def accept(self, kind: str, *texts: str) -> str | None:
        token = self.peek
        if token is None or token.kind != kind or (texts and token.text not in texts):
            return None
        self._at += 1
        return token.text

    def sum(self) -> Fraction:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise NoValueError("nested too deeply")
        value = self.product()
        while (op := self.accept("op", "+", "-")) is not None:
            right = self.product()
            value = CALCULATOR.add(value, right) if op == "+" else CALCULATOR.subtract(value, right)
        self._depth -= 1
        return value

    def product(self) -> Fraction:
        value = self.signed()
        while True:
            op = self.accept("op", "*", "/", "//", "mod", "of")
            if op is None and self.starts_factor():
                value = self.read_beside(value)
            elif op is None:
                return value
            else:
                value = _PRODUCTS[op](value, self.signed())

    def starts_factor(self) -> bool:
        token = self.peek
        return token is not None and token.kind in ("(", "number", "frac", "sqrt")

    def read_beside(self, value: Fraction) -> Fraction:
        """A mixed number such as `2 1/2`, or a product with a bracket."""
        before = self._tokens[self._at - 1]
        if before.kind == ")" or (self.peek is not None and self.peek.kind in ("(", "sqrt")):
            return CALCULATOR.multiply(value, self.power())
        is_fraction = self.peek is not None and self.peek.kind == "frac"
        part = self.power()
        if not is_fraction:
            if self.accept("op", "/") is None:
                raise NoValueError("two numbers side by side")
            part = CALCULATOR.divide(part, self.power())
        if before.kind != "number" or not 0 < part < 1 or value.denominator != 1:
            raise NoValueError("not a mixed number")
        return value + part if value >= 0 else value - part

    def signed(self) -> Fraction:
        op = self.accept("op", "+", "-")
        if op is None:
            return self.power()
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise NoValueError("nested too deeply")
        value = self.signed()
        self._depth -= 1
        return -value if op == "-" else value

    def power(self) -> Fraction:
        base = self.postfix(self.atom())
        if self.accept("op", "^") is None:
            return base
        return self.postfix(CALCULATOR.whole_power(base, self.signed()))

    def postfix(self, value: Fraction) -> Fraction:
        while self.peek is not None and self.peek.kind in ("!", "%"):
            kind = self.peek.kind
            following = self._tokens[self._at + 1] if self._at + 1 < len(self._tokens) else None
            self._at += 1
            if kind == "!":
                value = CALCULATOR.factorial(value)
            elif following is not None and following.kind in ("number", "("):
                return CALCULATOR.modulo(value, self.power())
            else:
                self.scaled = True
                value *= self._percent
        return value

    def atom(self) -> Fraction:
        token = self.peek
        if token is None:
            raise NoValueError("nothing there")
        self._at += 1
        if token.kind == "number":
            return token.value
        if token.kind == "frac":
            return CALCULATOR.divide(self.atom(), self.atom())
        if token.kind == "sqrt":
            return CALCULATOR.root(self.atom(), 2)
        if token.kind != "(":
            raise NoValueError("no number")
        value = self.sum()
        if self.accept(")") is None:
            raise NoValueError("a bracket is not closed")
        return value


_PRODUCTS: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "*": CALCULATOR.multiply,
    "/": CALCULATOR.divide,
    "//": CALCULATOR.divide_whole,
    "mod": CALCULATOR.modulo,
    "of": CALCULATOR.multiply,
}
