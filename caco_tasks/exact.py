"""Exact arithmetic on fractions that cannot run away: each operation refuses what is undefined and what grows too large.

calculator = Calculator(Limits(max_bits=4000, max_factorial=200, max_root=2))
calculator.power(Fraction(2), Fraction(10))     # Fraction(1024, 1)
calculator.root(Fraction(9, 4), 2)              # Fraction(3, 2)
calculator.power(Fraction(2), Fraction(10**9))  # raises NoValueError
"""

import math
from dataclasses import dataclass
from fractions import Fraction


class NoValueError(ValueError):
    """What is written has no exact value: it is no arithmetic, undefined, or larger than the limits allow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How large the numbers of a calculation may grow."""

    max_bits: int  # of numerator and denominator together
    max_factorial: int  # the largest number whose factorial is computed
    max_root: int  # the highest degree of a root


@dataclass(frozen=True, slots=True)
class Calculator:
    """The operations within one set of limits; each raises `NoValueError` where it has no value."""

    limits: Limits

    def add(self, left: Fraction, right: Fraction) -> Fraction:
        """The sum."""
        return self.bounded(left + right)

    def subtract(self, left: Fraction, right: Fraction) -> Fraction:
        """The difference."""
        return self.bounded(left - right)

    def multiply(self, left: Fraction, right: Fraction) -> Fraction:
        """The product."""
        return self.bounded(left * right)

    def divide(self, left: Fraction, right: Fraction) -> Fraction:
        """The quotient."""
        if right == 0:
            raise NoValueError("a division by zero")
        return self.bounded(left / right)

    def divide_whole(self, left: Fraction, right: Fraction) -> Fraction:
        """The quotient, rounded down."""
        return Fraction(math.floor(self.divide(left, right)))

    def modulo(self, left: Fraction, right: Fraction) -> Fraction:
        """What a division rounded down leaves over; it has the sign of the divisor."""
        return self.bounded(left - right * self.divide_whole(left, right))

    def power(self, base: Fraction, exponent: Fraction) -> Fraction:
        """The power; a fractional exponent asks for an exact root."""
        if exponent.denominator == 1:
            return self.whole_power(base, exponent)
        # The root comes first: 3 ** 1000000001 cannot be written out on the way to 3 ** 1.000000001.
        root = self.root(abs(base) if exponent.numerator % 2 == 0 else base, exponent.denominator)
        return self.whole_power(root, Fraction(exponent.numerator))

    def whole_power(self, base: Fraction, exponent: Fraction) -> Fraction:
        """The power by a whole exponent."""
        if exponent.denominator != 1:
            raise NoValueError("the exponent is not whole")
        if base == 0 and exponent <= 0:
            raise NoValueError("zero to the power of zero or less")
        if abs(base) <= 1 and base.denominator == 1:  # 0, 1 and -1 stay small, however high the power
            return base if exponent.numerator % 2 else abs(base)
        # Refused before it is computed: the size of a power is known from its base.
        bits = base.numerator.bit_length() + base.denominator.bit_length()
        if abs(exponent.numerator) * bits > self.limits.max_bits:
            raise NoValueError("a power is too large")
        return self.bounded(base**exponent.numerator)

    def root(self, value: Fraction, degree: int) -> Fraction:
        """The root that is not negative."""
        if value < 0 or not 2 <= degree <= self.limits.max_root:
            raise NoValueError("a root is not real, or of too high a degree")
        root = Fraction(whole_root(value.numerator, degree), whole_root(value.denominator, degree))
        if root**degree != value:
            raise NoValueError("a root is not rational")
        return root

    def factorial(self, value: Fraction) -> Fraction:
        """The factorial of a small whole number."""
        return self.bounded(Fraction(math.factorial(small_whole(value, self.limits.max_factorial))))

    def binomial(self, total: Fraction, chosen: Fraction) -> Fraction:
        """The ways to choose, without order."""
        return self.bounded(Fraction(math.comb(*self._selection(total, chosen))))

    def permutations(self, total: Fraction, chosen: Fraction) -> Fraction:
        """The ways to choose, in order."""
        return self.bounded(Fraction(math.perm(*self._selection(total, chosen))))

    def bounded(self, value: Fraction) -> Fraction:
        """The value itself, if it is not too large."""
        if value.numerator.bit_length() + value.denominator.bit_length() > self.limits.max_bits:
            raise NoValueError("a value is too large")
        return value

    def _selection(self, total: Fraction, chosen: Fraction) -> tuple[int, int]:
        """Few of many grow slowly: the total may be larger than what has a factorial."""
        most = self.limits.max_factorial
        return small_whole(total, 10 * most), small_whole(chosen, most)


def small_whole(value: Fraction, most: int) -> int:
    """A whole number from 0 to `most` as an int.

    Raises:
        NoValueError: it is anything else.
    """
    if value.denominator != 1 or not 0 <= value <= most:
        raise NoValueError("an argument is not a small whole number")
    return value.numerator


def whole_root(value: int, degree: int) -> int:
    """The root of a whole number that is not negative, rounded down."""
    if degree == 2 or value == 0:
        return math.isqrt(value)
    # Newton's method from above: each step comes closer, until one does not.
    guess = 1 << -(-value.bit_length() // degree)
    while (closer := ((degree - 1) * guess + value // guess ** (degree - 1)) // degree) < guess:
        guess = closer
    return guess
