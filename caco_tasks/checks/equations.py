r"""Computes every arithmetic statement of a solution: `12 * 4 = 48`, `3/4 of 60 is 45`, `\frac{6}{3} = 2`, chains.

Values are exact fractions. Statements with letters or anything else unknown are left alone. A statement is false only
if no sensible reading of it is true: percent signs may scale or not, a number before a space may be a mixed number or
belong to the sentence, decimals are compared at the digits shown.
"""

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
        for is_true, start, end in _checks(statement):
            checked += 1
            is_true = is_true or _is_said_to_be_rounded(statement, text[end : end + ROUNDING_CHARS])
            if not is_true and len(false) < MAX_FALSE:
                false.append(" ".join(text[start:end].split())[:MAX_SHOWN_CHARS])
    return Equations(checked, tuple(false))


def _checks(statement: EqualityChain) -> Iterator[tuple[bool, int, int]]:
    """For each equals sign that can be computed: whether it holds, and where the statement stands."""
    sides = statement.sides
    readings = [
        _readings(side, is_first=place == 0, is_last=place == len(sides) - 1) for place, side in enumerate(sides)
    ]
    has_operator = [_has_operator(side) for side in sides]
    if not any(has_operator):
        return
    for place in range(len(sides) - 1):
        left, right = readings[place], readings[place + 1]
        if not left or not right or not _units_allow(sides[place], sides[place + 1]):
            continue
        if not has_operator[place] and (sides[place].units or (sides[place + 1].units and not has_operator[place + 1])):
            continue  # a quantity and its conversion
        if len(sides) == 2 and not has_operator[place] and not has_operator[place + 1]:
            continue
        same = _about if sides[place + 1].is_about else _same
        is_true = any(same(first, second) for first in left for second in right)
        is_true = is_true or _holds_with_remainder(statement, place, left, right)
        yield is_true, sides[place].tokens[0].start, sides[place + 1].tokens[-1].end


def _has_operator(side: Side) -> bool:
    kinds = [token.kind for token in side.tokens]
    return any(kind in ("op", "frac", "sqrt", "!") for kind in kinds) or "%" in kinds[:-1]


def _is_said_to_be_rounded(statement: EqualityChain, behind: str) -> bool:
    """Whether a quotient is given as a whole number, and the words behind it speak of a remainder or of rounding."""
    is_quotient = any(token.text in ("/", "//") for side in statement.sides[:-1] for token in side.tokens)
    if statement.remainder is not None:
        return False
    if not (_ROUNDED.search(behind) or (is_quotient and _LEFT_OVER.search(behind))):
        return False
    first = _readings(statement.sides[-2], is_first=len(statement.sides) == 2, is_last=False)
    last = _readings(statement.sides[-1], is_first=False, is_last=True)
    return any(result.value in (math.floor(value.value), math.ceil(value.value)) for value in first for result in last)


def _units_allow(left: Side, right: Side) -> bool:
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


def _same(left: _Value, right: _Value) -> bool:
    if left.value == right.value:
        return True
    return _rounds_to(left.value, right) or _rounds_to(right.value, left)


def _about(left: _Value, right: _Value) -> bool:
    """Whether the right value is the left one, give or take one in the last place that it shows; `7 ≈ 6.9` holds too."""
    return _same(left, right) or any(
        abs(value.value - shown.value) <= Fraction(10) ** _last_place(shown)
        for value, shown in ((left, right), (right, left))
        if shown.decimals is not None or shown.value.denominator == 1
    )


def _last_place(shown: _Value) -> int:
    """The power of ten of the last digit shown; the zeros at the end of a whole number may be rounding."""
    if shown.decimals is not None:
        return -shown.decimals
    digits = str(abs(shown.value.numerator))
    return len(digits) - len(digits.rstrip("0")) if shown.value else 0


def _rounds_to(value: Fraction, shown: _Value) -> bool:
    """Whether `value` rounds to the decimal, or is cut to it where it never ends."""
    if shown.decimals is None or shown.decimals == 0:
        return False
    unit = Fraction(1, 10**shown.decimals)
    difference = abs(value) - abs(shown.value)
    if value * shown.value < 0:
        return False
    return abs(difference) * 2 <= unit or (0 <= difference < unit and not _ends(value))


def _ends(value: Fraction) -> bool:
    """Whether the decimal expansion of a fraction ends."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1


# readings of one side


def _readings(side: Side, *, is_first: bool, is_last: bool) -> list[_Value]:
    """The values that a side may have: whole, or without its sentence's words and numbers; with percent or without."""
    if not side.is_known or not side.tokens or any(map(_is_split_number, side.tokens, side.tokens[1:])):
        return []
    found: list[_Value] = []
    for tokens in _cuts(side.tokens, is_first=is_first, is_last=is_last):
        for percent in (
            (Fraction(1, 100), Fraction(1)) if any(token.kind == "%" for token in tokens) else (Fraction(1),)
        ):
            value = _evaluate(tokens, percent)
            if value is not None:
                found.append(value)
    return found


def _cuts(tokens: list[ArithmeticToken], *, is_first: bool, is_last: bool) -> list[list[ArithmeticToken]]:
    tokens = _without_loose_brackets(tokens, is_first=is_first, is_last=is_last)
    cuts = [tokens]
    joints = [place for place in range(1, len(tokens)) if _is_joint(tokens[place - 1], tokens[place])]
    if is_first:
        cuts += [tokens[place:] for place in reversed(joints[-MAX_READINGS:])]
    if is_last:
        joints += [place for place, token in enumerate(tokens) if token.text == "of"]
        cuts += [tokens[:place] for place in joints[:MAX_READINGS]]
    if is_last and tokens and tokens[-1].kind == "!":
        cuts.append(tokens[:-1])
    return cuts


def _is_joint(before: ArithmeticToken, token: ArithmeticToken) -> bool:
    """Whether nothing stands between two operands: a product, a mixed number, or two things of the sentence."""
    is_apart = token.start > before.end
    return is_apart and before.kind in ("number", ")", "%", "!") and token.kind in ("number", "(", "frac", "sqrt")


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


def _evaluate(tokens: list[ArithmeticToken], percent: Fraction) -> _Value | None:
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

    def _accept(self, kind: str, *texts: str) -> str | None:
        token = self.peek
        if token is None or token.kind != kind or (texts and token.text not in texts):
            return None
        self._at += 1
        return token.text

    def sum(self) -> Fraction:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise NoValueError("nested too deeply")
        value = self._product()
        while (op := self._accept("op", "+", "-")) is not None:
            right = self._product()
            value = CALCULATOR.add(value, right) if op == "+" else CALCULATOR.subtract(value, right)
        self._depth -= 1
        return value

    def _product(self) -> Fraction:
        value = self._signed()
        while True:
            op = self._accept("op", "*", "/", "//", "mod", "of")
            if op is None and self._starts_factor():
                value = self._beside(value)
            elif op is None:
                return value
            else:
                value = _PRODUCTS[op](value, self._signed())

    def _starts_factor(self) -> bool:
        token = self.peek
        return token is not None and token.kind in ("(", "number", "frac", "sqrt")

    def _beside(self, value: Fraction) -> Fraction:
        """A mixed number such as `2 1/2`, or a product with a bracket."""
        before = self._tokens[self._at - 1]
        if before.kind == ")" or (self.peek is not None and self.peek.kind in ("(", "sqrt")):
            return CALCULATOR.multiply(value, self._power())
        is_fraction = self.peek is not None and self.peek.kind == "frac"
        part = self._power()
        if not is_fraction:
            if self._accept("op", "/") is None:
                raise NoValueError("two numbers side by side")
            part = CALCULATOR.divide(part, self._power())
        if before.kind != "number" or not 0 < part < 1 or value.denominator != 1:
            raise NoValueError("not a mixed number")
        return value + part if value >= 0 else value - part

    def _signed(self) -> Fraction:
        op = self._accept("op", "+", "-")
        if op is None:
            return self._power()
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise NoValueError("nested too deeply")
        value = self._signed()
        self._depth -= 1
        return -value if op == "-" else value

    def _power(self) -> Fraction:
        base = self._postfix(self._atom())
        if self._accept("op", "^") is None:
            return base
        return self._postfix(CALCULATOR.whole_power(base, self._signed()))

    def _postfix(self, value: Fraction) -> Fraction:
        while self.peek is not None and self.peek.kind in ("!", "%"):
            kind = self.peek.kind
            following = self._tokens[self._at + 1] if self._at + 1 < len(self._tokens) else None
            self._at += 1
            if kind == "!":
                value = CALCULATOR.factorial(value)
            elif following is not None and following.kind in ("number", "("):
                return CALCULATOR.modulo(value, self._power())
            else:
                self.scaled = True
                value *= self._percent
        return value

    def _atom(self) -> Fraction:
        token = self.peek
        if token is None:
            raise NoValueError("nothing there")
        self._at += 1
        if token.kind == "number":
            return token.value
        if token.kind == "frac":
            return CALCULATOR.divide(self._atom(), self._atom())
        if token.kind == "sqrt":
            return CALCULATOR.root(self._atom(), 2)
        if token.kind != "(":
            raise NoValueError("no number")
        value = self.sum()
        if self._accept(")") is None:
            raise NoValueError("a bracket is not closed")
        return value


_PRODUCTS: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "*": CALCULATOR.multiply,
    "/": CALCULATOR.divide,
    "//": CALCULATOR.divide_whole,
    "mod": CALCULATOR.modulo,
    "of": CALCULATOR.multiply,
}
