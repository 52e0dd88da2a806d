"""Whether two values are equal as they are shown: rounded, cut, about, or with the noise of a calculator."""

from fractions import Fraction

from caco_tasks.checks.arithmetic.arithmetic_values import SideValue

NOISE = Fraction(1, 10**15)  # of a value that was computed with floating points, relative to it
NOISY_DIGITS = 15  # significant digits from which on there may be noise
ROUNDED_BEFORE = 3  # decimals of a number that was rounded before, as 3.142 was; money has two


def is_equal_as_shown(left: SideValue, right: SideValue) -> bool:
    """Whether the values are the same, or one rounds to the other at the digits shown."""
    if left.value == right.value or _rounds_to(left.value, right) or _rounds_to(right.value, left):
        return True
    return _has_rounded_part(left, right) or _has_rounded_part(right, left) or _comes_of_rounded(left, right)


def is_about_equal(left: SideValue, right: SideValue) -> bool:
    """Whether the right value is the left one, give or take one in the last place that it shows; `7 ≈ 6.9` holds too."""
    if is_equal_as_shown(left, right):
        return True
    slack = left.spread(ROUNDED_BEFORE) + right.spread(ROUNDED_BEFORE)
    for value, shown in ((left, right), (right, left)):
        if shown.decimals is not None:
            last_place = -shown.decimals
        elif shown.value.denominator == 1:
            # The zeros at the end of a whole number may be rounding: 1300 stands for 1250 as well.
            digits = str(abs(shown.value.numerator))
            last_place = len(digits) - len(digits.rstrip("0")) if shown.value else 0
        else:
            continue
        if abs(value.value - shown.value) <= max(Fraction(10) ** last_place, slack):
            return True
    return abs(left.value - right.value) <= slack


def _rounds_to(value: Fraction, shown: SideValue) -> bool:
    """Whether `value` rounds to the decimal, or is cut to it where it never ends."""
    if not shown.decimals or value * shown.value < 0:
        return False
    unit = Fraction(10) ** -shown.decimals
    difference = abs(value) - abs(shown.value)
    if abs(difference) * 2 <= unit:
        return True
    # Only an expansion that never ends may be cut: 2/3 is 0.66, but 0.66 is not 0.6.
    if 0 <= difference < unit and _never_ends(value):
        return True
    digits = len(str(abs(shown.value.numerator))) if shown.decimals >= NOISY_DIGITS - 3 else 0
    return digits >= NOISY_DIGITS and abs(difference) <= NOISE * abs(value)


def _has_rounded_part(exact: SideValue, shown: SideValue) -> bool:
    """Whether decimals of a longer side stand for a value that never ends: `28/60 + 10 = 0.4667 + 10`."""
    if shown.decimals is not None or not _never_ends(exact.value) or exact.spread(1):
        return False
    slack = shown.spread(2)
    return bool(slack) and abs(exact.value - shown.value) <= slack


def _comes_of_rounded(left: SideValue, right: SideValue) -> bool:
    """`0.333 * 3 = 1`: the one number with so few digits that the left may be, if its decimals were rounded before."""
    if left.decimals is not None or (right.decimals is None and right.value.denominator != 1):
        return False
    slack = left.spread(2)
    return abs(left.value - right.value) <= slack and 2 * slack < Fraction(10) ** -(right.decimals or 0)


def _never_ends(value: Fraction) -> bool:
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest != 1
