"""Decimals are compared by the digits that were shown: 0.3 is 0.30000000000000004, and sqrt(2) is not 1.41."""

from dataclasses import dataclass
from fractions import Fraction

from caco_tasks.grading.syntax_tree import Node, Number, Operation

NOISE_DIGITS = 14  # a decimal with so many digits was computed in floating point
NOISE = Fraction(1, 10**12)  # relative error that floating point may have left
ENOUGH_DIGITS = 6  # a decimal with so many digits stands for the value that rounds to it
GOLD_DIGITS = 3  # the same for a gold answer, which says how far a program's float is to be read
GOLD_DECIMALS = 2
COMPUTED_DIGITS = 12  # a decimal with so many digits counts as a program's float


@dataclass(frozen=True, slots=True)
class ShownNumber:
    """A value and how precisely it was written; `decimals` is None for a value that is exact."""

    value: Fraction
    decimals: int | None = None
    digits: int = 0

    @property
    def is_computed(self) -> bool:
        """Exact, or with more digits than a person would write."""
        return self.decimals is None or self.digits >= COMPUTED_DIGITS


def shown(node: Node, value: Fraction) -> ShownNumber:
    """How precisely `node`, whose value is `value`, was written: a decimal, or a decimal times a power of ten."""
    if isinstance(node, Number):
        return ShownNumber(value, node.decimals, node.digits)
    if isinstance(node, Operation) and node.name == "neg":
        inner = shown(node.args[0], -value)
        return ShownNumber(value, inner.decimals, inner.digits)
    if (
        isinstance(node, Operation)
        and node.name == "*"
        and isinstance(node.args[0], Number)
        and node.args[0].decimals is not None
    ):
        exponent = _power_of_ten(node.args[1])
        if exponent is not None:
            return ShownNumber(value, node.args[0].decimals - exponent, node.args[0].digits)
    return ShownNumber(value)


def same_as_shown(gold: ShownNumber, pred: ShownNumber) -> bool:
    """Whether two values are the same at the digits shown.

    A prediction with `ENOUGH_DIGITS` may stand for the gold value that rounds to it; a gold decimal with
    `GOLD_DECIMALS` decimals stands for a computed value that rounds to it; and an error of `NOISE` is forgiven to
    floating point. Whole numbers must be equal.
    """
    if gold.value == pred.value:
        return True
    if _is_noise(gold, pred) or _is_noise(pred, gold):
        return True
    if _rounds_to(gold, pred) and gold.digits >= ENOUGH_DIGITS:
        return True
    if _rounds_to(pred, gold) and pred.digits >= ENOUGH_DIGITS:
        return True
    few = gold.digits >= GOLD_DIGITS and gold.decimals is not None and gold.decimals >= GOLD_DECIMALS
    return few and pred.is_computed and pred.value.denominator != 1 and _rounds_to(gold, pred)


def _is_noise(computed: ShownNumber, other: ShownNumber) -> bool:
    if computed.decimals is None or computed.digits < NOISE_DIGITS:
        return False
    return abs(computed.value - other.value) <= NOISE * max(1 if other.value == 0 else 0, abs(other.value))


def _rounds_to(short: ShownNumber, long: ShownNumber) -> bool:
    """Whether `long`, written with more decimals or exact, rounds (or is cut) to `short`."""
    if short.decimals is None or (long.decimals is not None and long.decimals <= short.decimals):
        return False
    unit = Fraction(10) ** -short.decimals
    difference = abs(long.value) - abs(short.value)
    is_cut = 0 <= difference < unit and short.digits >= ENOUGH_DIGITS
    return short.value * long.value > 0 and (abs(difference) * 2 <= unit or is_cut)


def _power_of_ten(node: Node) -> int | None:
    if node == Number(Fraction(10)):
        return 1
    if not (isinstance(node, Operation) and node.name == "^" and node.args[0] == Number(Fraction(10))):
        return None
    exponent = node.args[1]
    sign, exponent = (
        (-1, exponent.args[0]) if isinstance(exponent, Operation) and exponent.name == "neg" else (1, exponent)
    )
    is_whole = isinstance(exponent, Number) and exponent.value.denominator == 1 and abs(exponent.value) < 1000
    return sign * int(exponent.value) if is_whole else None  # type: ignore[union-attr]
