"""The values that one side of a statement may have: it is computed in every reading that its writing allows.

tokens = next(find_equality_chains("3/4 ÷ 1/8 = 6")).sides[0].tokens
[value.value for value in values_of(tokens)]  # 3/32, read from left to right, and 6, read as two fractions
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from caco_tasks.checks.arithmetic.arithmetic_tokens import ArithmeticToken
from caco_tasks.checks.arithmetic.arithmetic_words import SCALE_WORDS
from caco_tasks.exact import Calculator, Limits, NoValueError
from caco_tasks.numbers_in_text import whole

MAX_DEPTH = 30
MAX_READINGS = 16  # of one side
CALCULATOR = Calculator(Limits(max_bits=4000, max_factorial=200, max_root=2))
DIVISIONS = ("/", "÷")
ROUNDED_CONSTANTS = ("3.14", "1.41", "1.73", "2.72")  # known for others with no end, however few digits they show


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How what can be read in more than one way is read."""

    percent: Fraction = Fraction(1, 100)  # what a percent sign multiplies by
    adds_share: bool = False  # 50 + 10% is 55
    is_share_of: bool = False  # 5%(200) is 10, and not the rest of a division
    joins_fractions: bool = False  # 25 / 1/3 is 75
    is_mixed: bool = True  # 2\frac{1}{2} is two and a half, and no product
    has_scales: bool = True  # million, dozen multiply


PLAIN = Reading()
MAX_PLAIN = 10**9  # of the whole numbers that are computed without the calculator: no result of them is too large
_PLAIN_SIGNS: dict[str, Callable[[int, int], Fraction]] = {
    "+": lambda left, right: whole(left + right), "-": lambda left, right: whole(left - right),
    "*": lambda left, right: whole(left * right), "/": Fraction, "÷": Fraction,
}  # fmt: skip


class SideValue(NamedTuple):
    """A value of a side in one reading."""

    value: Fraction
    decimals: int | None  # shown by a number that stands alone; negative where they end before the point
    reading: Reading
    tokens: Sequence[ArithmeticToken]

    def spread(self, min_decimals: int) -> Fraction:
        """How far the value may be off if each decimal in it, of so many digits at least, was rounded before."""
        total = Fraction(0)
        for place, token in enumerate(self.tokens):
            if token.decimals is not None and (token.decimals >= min_decimals or token.text in ROUNDED_CONSTANTS):
                half = Fraction(1, 2 * 10**token.decimals)
                moved = [*self.tokens[:place], token._replace(value=token.value + half), *self.tokens[place + 1 :]]
                other = compute(moved, self.reading)
                total += abs(other.value - self.value) if other else Fraction(0)
        return total


def values_of(tokens: Sequence[ArithmeticToken]) -> Iterator[SideValue]:
    """The values of a side as it stands, the plainest reading first; none where it is no arithmetic."""
    for reading in _find_readings(tokens):
        value = compute(tokens, reading)
        if value is not None:
            yield value


def read_plainly(tokens: Sequence[ArithmeticToken]) -> Sequence[SideValue] | None:
    """What `values_of` finds for a number, or two numbers with a sign between: a side that is read in one way only.

    None for any other side, and where there is no value.
    """
    if not tokens or tokens[0].kind != "number":
        return None
    first = tokens[0].value
    if len(tokens) == 1:
        return (SideValue(first, tokens[0].decimals, PLAIN, tokens),)
    if len(tokens) != 3 or tokens[1].kind != "op" or tokens[1].is_word or tokens[2].kind != "number":
        return None
    left, right, combine = first.numerator, tokens[2].value.numerator, _PLAIN_SIGNS.get(tokens[1].text)
    are_small = (
        first.denominator == tokens[2].value.denominator == 1 and abs(left) < MAX_PLAIN and abs(right) < MAX_PLAIN
    )
    if combine is None or not are_small or (combine is Fraction and right == 0):
        return None
    return (SideValue(combine(left, right), None, PLAIN, tokens),)


def compute(tokens: Sequence[ArithmeticToken], reading: Reading) -> SideValue | None:
    """The value of a side in one reading; None where it has none."""
    parser = _SideParser(tokens, reading)
    try:
        value = parser.sum()
    except NoValueError:
        return None
    return None if parser.peek is not None else SideValue(value, _shown_decimals(tokens, reading), reading, tokens)


def _find_readings(tokens: Sequence[ArithmeticToken]) -> list[Reading]:
    kinds = {token.kind for token in tokens}
    options: list[dict[str, Any]] = [{}]
    if "%" in kinds:
        pairs = list(itertools.pairwise(tokens))
        options = [{}, {"percent": Fraction(1)}]
        options += [{"adds_share": True}] if any(token.text in "+-" for token in tokens if token.kind == "op") else []
        options += [{"is_share_of": True}] if any(a.kind == "%" and b.kind == "(" for a, b in pairs) else []
    if sum(token.text in DIVISIONS for token in tokens) > 1:
        options = [option | more for more in ({}, {"joins_fractions": True}) for option in options]
    if "frac" in kinds and any(a.kind == "number" and b.kind == "frac" for a, b in itertools.pairwise(tokens)):
        options = [option | more for more in ({}, {"is_mixed": False}) for option in options]
    if "scale" in kinds:
        options = [option | more for more in ({}, {"has_scales": False}) for option in options]
    if options == [{}]:
        return [PLAIN]
    return [Reading(**option) for option in options[:MAX_READINGS]]


def _shown_decimals(tokens: Sequence[ArithmeticToken], reading: Reading) -> int | None:
    """The digits behind the point of a side that is one number: with its sign, brackets, percent sign, power of ten."""
    rest = [token for token in tokens if token.kind not in ("(", ")")]
    if rest and rest[0].kind == "op" and rest[0].text in "+-":
        rest = rest[1:]
    if not rest or rest[0].kind != "number":
        return None
    decimals, behind = rest[0].decimals, rest[1:]
    if behind and behind[0].kind == "scale" and reading.has_scales:
        zeros = str(SCALE_WORDS[behind[0].text]).count("0")
        if decimals is None or SCALE_WORDS[behind[0].text] != 10**zeros:
            return None
        decimals, behind = decimals - zeros, behind[1:]
    if len(behind) == 1 and behind[0].kind == "%":
        return (decimals or 0) + 2 if reading.percent != 1 else decimals
    texts = [token.text for token in behind if token.kind == "op"]
    if behind and texts in (["*", "^"], ["*", "^", "-"]) and behind[1].value == 10 and decimals is not None:
        power = behind[-1].value if len(texts) == 2 else -behind[-1].value
        return decimals - int(power) if power.denominator == 1 and abs(power) < 1000 else None
    return None if behind else decimals


class _SideParser:
    """Recursive descent over the tokens of one side: sums, products, signs, powers, factorials, brackets, fractions."""

    def __init__(self, tokens: Sequence[ArithmeticToken], reading: Reading) -> None:
        self._tokens = tokens
        self._reading = reading
        self._at = 0
        self._depth = 0

    @property
    def peek(self) -> ArithmeticToken | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def look(self, offset: int) -> ArithmeticToken | None:
        """The token so many places from the next one."""
        place = self._at + offset
        return self._tokens[place] if 0 <= place < len(self._tokens) else None

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
            is_share = self._reading.adds_share and self._is_percentage()
            right = self.product()
            if is_share:
                right = CALCULATOR.multiply(value, right)
            value = CALCULATOR.add(value, right) if op == "+" else CALCULATOR.subtract(value, right)
        self._depth -= 1
        return value

    def _is_percentage(self) -> bool:
        """Whether a percentage stands next, and nothing else of the sum's next part."""
        number, sign, behind = self.look(0), self.look(1), self.look(2)
        is_end = behind is None or behind.kind == ")" or behind.text in ("+", "-")
        return is_end and number is not None and number.kind == "number" and sign is not None and sign.kind == "%"

    def product(self) -> Fraction:
        value = self.signed()
        while True:
            op = self.accept("op", "*", "/", "÷", "//", "mod", "of")
            if op is None and self.starts_factor():
                value = CALCULATOR.multiply(value, self.power())
            elif op is None:
                return value
            else:
                value = _PRODUCTS[op](value, self.divisor() if op in DIVISIONS else self.signed())

    def divisor(self) -> Fraction:
        """What a division divides by: a number, or a fraction that is set apart from it by its spaces or its sign."""
        sign, first, slash, below = self.look(-1), self.look(0), self.look(1), self.look(2)
        is_fraction = (
            self._reading.joins_fractions
            and sign is not None
            and first is not None
            and slash is not None
            and below is not None
            and first.kind == below.kind == "number"
            and slash.text == "/"
        )
        if is_fraction and _stands_apart(sign, first, slash, below):  # type: ignore[arg-type]
            above = self.signed()
            self._at += 1
            return CALCULATOR.divide(above, self.signed())
        return self.signed()

    def starts_factor(self) -> bool:
        """Whether a factor follows without a sign: a bracket, a root, a fraction, or the next of several powers."""
        token, before = self.peek, self.look(-1)
        if token is None or before is None or token.kind not in ("(", "number", "frac", "sqrt", "binom"):
            return False
        if token.kind in ("(", "sqrt", "binom") or before.kind == ")":
            return True
        if before.kind == "!" and token.kind == "number":
            return before.end == token.start
        if token.kind == "frac":
            return not self._reading.is_mixed or self._is_exponent(-1)
        following = self.look(1)
        return self._is_exponent(-1) and following is not None and following.text == "^"

    def _is_exponent(self, offset: int) -> bool:
        sign = self.look(offset - 1)
        return sign is not None and sign.kind == "op" and sign.text == "^"

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
        return self.postfix(CALCULATOR.power(base, self.signed()))

    def postfix(self, value: Fraction) -> Fraction:
        while (token := self.peek) is not None and token.kind in ("!", "%", "scale"):
            following = self.look(1)
            self._at += 1
            if token.kind == "!":
                value = CALCULATOR.factorial(value)
            elif token.kind == "scale":
                value = CALCULATOR.multiply(value, SCALE_WORDS[token.text]) if self._reading.has_scales else value
            elif following is None or following.kind not in ("number", "("):
                value *= self._reading.percent
            elif following.kind == "(" and (self._reading.is_share_of or token.text == "\\%"):
                value = CALCULATOR.multiply(value * self._reading.percent, self.power())
            elif token.text == "\\%":
                raise NoValueError("a number behind a percentage")
            else:
                return CALCULATOR.modulo(value, self.power())
        return value

    def atom(self) -> Fraction:
        token = self.peek
        if token is None:
            raise NoValueError("nothing there")
        self._at += 1
        if token.kind == "number":
            return self.mixed(token)
        if token.kind == "frac":
            return self.fraction()
        if token.kind == "sqrt":
            return CALCULATOR.root(self.atom(), 2)
        if token.kind == "binom":
            return CALCULATOR.binomial(self.atom(), self.atom())
        if token.kind != "(":
            raise NoValueError("no number")
        value = self.sum()
        if self.accept(")") is None:
            raise NoValueError("a bracket is not closed")
        return value

    def fraction(self) -> Fraction:
        above, below = self.atom_alone(), self.look(0)
        if below is not None and below.kind == "number" and len(below.text) > 1:
            raise NoValueError("TeX takes one digit of these")
        return CALCULATOR.divide(above, self.atom_alone())

    def atom_alone(self) -> Fraction:
        """One argument of a fraction: a digit or a bracket."""
        token = self.peek
        if token is not None and token.kind == "number":
            self._at += 1
            return token.value
        return self.atom()

    def mixed(self, whole: ArithmeticToken) -> Fraction:
        """A number, with the fraction behind it that makes it a mixed one: `2 1/2`, `2\\frac{1}{2}`, `2 and 1/2`, `2½`."""
        token = self.peek
        if token is None or token.kind not in ("number", "frac", "and") or whole.value.denominator != 1:
            return whole.value
        if token.kind == "frac" and (not self._reading.is_mixed or self._is_exponent(-1)):
            return whole.value
        if token.kind == "number" and self._is_exponent(-1):
            return whole.value
        self.accept("and")
        part = self.part()
        if not 0 < part < 1:
            raise NoValueError("two numbers side by side")
        return whole.value + part

    def part(self) -> Fraction:
        """The fraction of a mixed number."""
        token = self.peek
        if token is None or token.kind != "number":
            return self.atom()
        self._at += 1
        slash, below = self.look(0), self.look(1)
        if token.value.denominator != 1:
            return token.value
        if slash is None or below is None or slash.text != "/" or below.kind != "number" or slash.end < below.start:
            raise NoValueError("two numbers side by side")
        self._at += 2
        return CALCULATOR.divide(token.value, below.value)


def _stands_apart(
    sign: ArithmeticToken, above: ArithmeticToken, slash: ArithmeticToken, below: ArithmeticToken
) -> bool:
    """Whether `above/below` is one fraction behind a sign of division: `3 / 1/4`, `3 ÷ 1/4`, or a useless `3 / 1 / 4`."""
    is_tight = above.end == slash.start and slash.end == below.start
    return (is_tight and (sign.text == "÷" or sign.end < above.start)) or above.value == 1


_PRODUCTS: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "*": CALCULATOR.multiply,
    "/": CALCULATOR.divide,
    "÷": CALCULATOR.divide,
    "//": CALCULATOR.divide_whole,
    "mod": CALCULATOR.modulo,
    "of": CALCULATOR.multiply,
}
