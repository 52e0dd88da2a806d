"""Whether two sides of a statement are quantities of one kind, as far as the words behind their numbers tell."""

from enum import Enum, auto

from caco_tasks.checks.arithmetic.arithmetic_statement import Side
from caco_tasks.grading.units_of_measure import measure


class UnitMatch(Enum):
    """What the units of two sides say of comparing their numbers."""

    SAME = auto()  # nothing speaks against it
    UNSURE = auto()  # equal numbers are right, others may be in another unit
    DIFFERENT = auto()  # the numbers are not to be compared


def compare_units(left: Side, right: Side) -> UnitMatch:
    """Quantities of different measures are not added, and not compared, but for dollars and cents."""
    if not left.units and not right.units:
        return UnitMatch.SAME
    measures = [{measure(unit) for unit in side.units} - {""} for side in (left, right)]
    sums = [any(token.text in "+-" for token in side.tokens if token.kind == "op") for side in (left, right)]
    if any(is_sum and len(known) > 1 for is_sum, known in zip(sums, measures, strict=True)):
        return UnitMatch.DIFFERENT  # 1 hour + 30 minutes
    if len(left.units) > 1 and not right.units and len(right.tokens) == 1 and right.tokens[0].value == 1:
        return UnitMatch.DIFFERENT  # a factor of conversion: 100 cents / 1 dollar = 1
    if any(map(_is_foreign_rate, left.units | right.units)) and not _has_unit_of_rate(left.units | right.units):
        return UnitMatch.UNSURE
    if any(len(known) > 1 for known in measures):
        return UnitMatch.UNSURE  # 10 hours * 60 miles
    if any(is_sum and _counts_kinds(side) > 1 for is_sum, side in zip(sums, (left, right), strict=True)):
        return UnitMatch.UNSURE  # 2 boxes + 5 pens
    if not measures[0] or not measures[1] or measures[0] == measures[1]:
        return UnitMatch.SAME
    rates = [unit.split("/") for unit in left.units | right.units if "/" in unit]
    if any({measure(rate[0])} == measures[1] and {measure(rate[-1])} == measures[0] for rate in rates):
        return UnitMatch.SAME  # 3 weeks * 7 days/week are days
    return UnitMatch.UNSURE if rates else UnitMatch.DIFFERENT


def _is_foreign_rate(unit: str) -> bool:
    """`/ticket`: what stands behind the slash may be a unit, or the name of a number."""
    return unit.startswith("/") and not measure(unit[1:])


def _has_unit_of_rate(units: set[str]) -> bool:
    """Whether each unit behind a slash is one that the statement counts in: `4 tickets * $90/ticket`."""
    rates = [unit[1:] for unit in units if _is_foreign_rate(unit)]
    return all(any(unit.startswith(rate) for unit in units) for rate in rates)


def _counts_kinds(side: Side) -> int:
    return len({measure(unit) or unit.rstrip("s") for unit in side.units if not unit.startswith("/")})
