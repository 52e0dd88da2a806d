"""In which forms a number of the question may stand in a calculation: 20 % as 0.2, as 20 of a hundred, as what is left.

Each form comes with what it adds to the fit of the words: a form that needs a calculation of its own is less likely.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction

from caco_tasks.convert.expression import Fixed, Literal, Node, Op, Plain, QuestionPart
from caco_tasks.convert.question_numbers import QuestionNumber
from caco_tasks.convert.solution_steps import HUNDRED, Role

ONE = Fraction(1)
SECOND_RANK = 2.0  # what a form loses that needs a calculation of its own, such as 100 - 20
_TIMES_NAMES = {2: "twice", 3: "triple", 4: "quadruple", 5: "quintuple", 12: "per_dozen"}
_SHARE_NAMES = {
    2: "half",
    3: "third",
    4: "quarter",
    5: "fifth",
    6: "sixth",
    7: "seventh",
    8: "eighth",
    9: "ninth",
    10: "tenth",
}

Offers = Iterator[tuple[Node, float]]


def offers(order: int, mention: QuestionNumber, literal: Literal, role: Role) -> Offers:
    """The ways in which mention number `order` has the literal's value, with what the form adds to the fit."""
    yield from _OFFERS[mention.kind](order, mention, literal, role)


def offer_plain(order: int, mention: QuestionNumber, literal: Literal, role: Role) -> Offers:
    """A number as it stands, or behind `million`, in cents, in minutes."""
    part = QuestionPart(order, "whole")
    wanted = literal.value
    if literal.is_percent:
        return
    if wanted == mention.whole and (wanted != 1 or mention.text[0].isdigit()):
        yield part, -2.0 if role.has_hundred and mention.scale != 1 else 0.0
    elif mention.scale != 1 and wanted == mention.whole * mention.scale:
        yield Op("*", part, Plain(mention.scale)), 0.0
    elif mention.unit in ("cent", "penny") and wanted == mention.whole / 100:
        yield Op("/", part, Fixed("cents_per_dollar", HUNDRED)), 0.0
    elif mention.unit in ("minut", "min") and wanted == mention.whole / 60:
        yield Op("/", part, Fixed("minutes_per_hour", Fraction(60))), -1.0


def offer_percent(order: int, mention: QuestionNumber, literal: Literal, role: Role) -> Offers:
    """A percentage: 20 as 0.2, as 20 by the hundred, as what is left (0.8, 80) or comes to it (1.2, 120)."""
    part = QuestionPart(order, "whole")
    share = Op("/", part, Plain(HUNDRED))
    percent, wanted = mention.whole, literal.value
    if wanted == percent / 100:
        yield share, 2.0
    elif wanted == percent and (role.has_hundred or literal.is_percent or role.is_formula):
        yield part, 4.0 if role.has_hundred else 0.0
    elif wanted == 1 - percent / 100:
        yield Op("-", Plain(ONE), share), -SECOND_RANK
    elif wanted == 1 + percent / 100:
        yield Op("+", Plain(ONE), share), -SECOND_RANK
    elif wanted == 100 - percent and role.has_hundred:
        yield Op("-", Plain(HUNDRED), part), -SECOND_RANK
    elif wanted == 100 + percent and role.has_hundred:
        yield Op("+", Plain(HUNDRED), part), -SECOND_RANK


def offer_fraction(order: int, mention: QuestionNumber, literal: Literal, role: Role) -> Offers:
    """A fraction: as a quotient, its numerator or its denominator alone, or what is left of a whole."""
    above, below = QuestionPart(order, "numerator"), QuestionPart(order, "denominator")
    numerator, denominator, wanted = mention.numerator, mention.denominator, literal.value
    if literal.is_percent and wanted != numerator / denominator:
        return
    # More for a literal whose neighbour in the product is the fraction's other half.
    if role.is_factor:
        paired = 4.0 if denominator in role.divisors else -1.0
    else:
        paired = 2.0 if numerator == 1 else 4.0 if numerator in role.factors else -1.0
    if wanted == numerator / denominator and denominator != 1:
        yield Op("/", above, below), 2.0
    elif wanted == numerator and (role.is_factor and (numerator != 1 or denominator in role.divisors)):
        yield above, paired
    elif wanted == denominator and (role.is_divisor or role.is_factor):
        yield below, paired
    elif wanted == 1 - numerator / denominator:
        yield Op("-", Plain(ONE), Op("/", above, below)), -SECOND_RANK
    elif wanted == 1 + numerator / denominator:
        yield Op("+", Plain(ONE), Op("/", above, below)), -SECOND_RANK
    elif wanted == denominator - numerator and role.is_factor and denominator in role.divisors:
        yield Op("-", below, above), -SECOND_RANK / 2


def offer_mixed(order: int, mention: QuestionNumber, literal: Literal, role: Role) -> Offers:
    """A mixed number: whole and fraction together."""
    share = Op("/", QuestionPart(order, "numerator"), QuestionPart(order, "denominator"))
    if literal.value == mention.whole + mention.numerator / mention.denominator:
        yield Op("+", QuestionPart(order, "whole"), share), 2.0


def offer_times(order: int, mention: QuestionNumber, literal: Literal, role: Role) -> Offers:
    """A multiple such as `twice`: the factor, or its inverse."""
    factor = mention.whole
    name = "per_pair" if mention.is_weak else _TIMES_NAMES.get(int(factor), "times")
    weight = -1.0 if mention.is_weak else 1.0
    if literal.value == factor and (role.is_factor or role.is_divisor):
        yield Fixed(name, factor), weight
    elif literal.value == 1 / factor and role.is_factor:
        yield Op("/", Plain(ONE), Fixed(name, factor)), weight


def offer_share(order: int, mention: QuestionNumber, literal: Literal, role: Role) -> Offers:
    """A share such as `half`: the quotient, its divisor, or what is left of a whole."""
    parts, wanted = mention.whole, literal.value
    name = _SHARE_NAMES.get(int(parts), "share")
    if wanted == 1 / parts:
        yield Fixed(name, 1 / parts), 2.0
    elif wanted == parts and role.is_divisor:
        yield Fixed(f"{name}_divisor", parts), 2.0
    elif wanted == parts and role.is_factor:
        yield Fixed(f"{name}_inverse", parts), -1.0
    elif wanted == 1 - 1 / parts:
        yield Op("-", Plain(ONE), Fixed(name, 1 / parts)), -SECOND_RANK
    elif wanted == 1 + 1 / parts:
        yield Op("+", Plain(ONE), Fixed(name, 1 / parts)), -SECOND_RANK
    elif wanted == parts - 1 and role.is_factor and parts in role.divisors:
        yield Op("-", Fixed(f"{name}_divisor", parts), Plain(ONE)), -SECOND_RANK / 2


_OFFERS: dict[str, Callable[[int, QuestionNumber, Literal, Role], Offers]] = {
    "plain": offer_plain,
    "percent": offer_percent,
    "fraction": offer_fraction,
    "mixed": offer_mixed,
    "times": offer_times,
    "share": offer_share,
}
