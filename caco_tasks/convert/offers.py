"""What a literal of a solution may be: a number of the question, an earlier result, or a constant that is meant."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from caco_tasks.convert.constants import constants_for, is_triggered
from caco_tasks.convert.expression import Fixed, Literal, Node, Op, Plain, QuestionPart, Step
from caco_tasks.convert.question_numbers import QuestionNumber
from caco_tasks.convert.solution_steps import HUNDRED, HUNDREDTH, LiteralContext, Role, Statement
from caco_tasks.convert.stems import stem, stems

ONE = Fraction(1)
_STRUCTURE = 90.0
_CERTAIN = 99.0  # the score of what needs no words
_SECOND_RANK = 2.0  # what a candidate loses that needs a calculation of its own, such as 100 - 20
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


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingCandidate:
    """One thing that a literal may be, and how well its words fit."""

    node: Node
    source: str  # what is taken: "m3" a mention, "s2" a step, "c:NAME" a constant, "1" or "100" a plain number
    score: float
    is_whole: bool = True  # whether taking it counts as using it


def candidates(literal: Literal, role: Role, statement: Statement, known: "KnownValues") -> list[BindingCandidate]:
    """All that `literal` may be, best first; empty if nothing in the problem or before it has that value."""
    context = statement.contexts.get(literal.place, LiteralContext())
    found = list(_plain(literal, role, known))
    if any(candidate.score > _STRUCTURE for candidate in found):
        return found
    for order, mention in enumerate(known.mentions):
        fit = _fit(context, mention.unit, mention.near, mention.sentence)
        found += [
            BindingCandidate(node=node, source=f"m{order}", score=fit + bonus)
            for node, bonus in offers(order, mention, literal, role)
        ]
    found += _steps(literal, context, known.steps)
    if literal.value != 1:
        found += _constants(literal, role, statement, known)
    return sorted(_once(found), key=lambda candidate: -candidate.score)


@dataclass(frozen=True, slots=True)
class KnownValues:
    """What is known where a literal stands: the question and the statements before."""

    question: str
    mentions: Sequence[QuestionNumber]
    steps: Sequence[tuple[int, Statement]]  # with their indices


def offers(order: int, mention: QuestionNumber, literal: Literal, role: Role) -> Iterator[tuple[Node, float]]:
    """The ways in which mention number `order` has the literal's value, with what the form adds to the fit."""
    yield from _OFFERS[mention.kind](order, mention, literal, role)


def _plain_offers(order: int, mention: QuestionNumber, literal: Literal, role: Role) -> Iterator[tuple[Node, float]]:
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


def _percent_offers(order: int, mention: QuestionNumber, literal: Literal, role: Role) -> Iterator[tuple[Node, float]]:
    part = QuestionPart(order, "whole")
    share = Op("/", part, Plain(HUNDRED))
    percent, wanted = mention.whole, literal.value
    if wanted == percent / 100:
        yield share, 2.0
    elif wanted == percent and (role.has_hundred or literal.is_percent or role.is_formula):
        yield part, 4.0 if role.has_hundred else 0.0
    elif wanted == 1 - percent / 100:
        yield Op("-", Plain(ONE), share), -_SECOND_RANK
    elif wanted == 1 + percent / 100:
        yield Op("+", Plain(ONE), share), -_SECOND_RANK
    elif wanted == 100 - percent and role.has_hundred:
        yield Op("-", Plain(HUNDRED), part), -_SECOND_RANK
    elif wanted == 100 + percent and role.has_hundred:
        yield Op("+", Plain(HUNDRED), part), -_SECOND_RANK


def _fraction_offers(order: int, mention: QuestionNumber, literal: Literal, role: Role) -> Iterator[tuple[Node, float]]:
    above, below = QuestionPart(order, "numerator"), QuestionPart(order, "denominator")
    numerator, denominator, wanted = mention.numerator, mention.denominator, literal.value
    if literal.is_percent and wanted != numerator / denominator:
        return
    paired = _pairing(role, numerator, denominator)
    if wanted == numerator / denominator and denominator != 1:
        yield Op("/", above, below), 2.0
    elif wanted == numerator and (role.is_factor and (numerator != 1 or denominator in role.divisors)):
        yield above, paired
    elif wanted == denominator and (role.is_divisor or role.is_factor):
        yield below, paired
    elif wanted == 1 - numerator / denominator:
        yield Op("-", Plain(ONE), Op("/", above, below)), -_SECOND_RANK
    elif wanted == 1 + numerator / denominator:
        yield Op("+", Plain(ONE), Op("/", above, below)), -_SECOND_RANK
    elif wanted == denominator - numerator and role.is_factor and denominator in role.divisors:
        yield Op("-", below, above), -_SECOND_RANK / 2


def _pairing(role: Role, numerator: Fraction, denominator: Fraction) -> float:
    """More for a literal whose neighbour in the product is the fraction's other half."""
    if role.is_factor:
        return 4.0 if denominator in role.divisors else -1.0
    if numerator == 1:
        return 2.0
    return 4.0 if numerator in role.factors else -1.0


def _mixed_offers(order: int, mention: QuestionNumber, literal: Literal, role: Role) -> Iterator[tuple[Node, float]]:
    share = Op("/", QuestionPart(order, "numerator"), QuestionPart(order, "denominator"))
    if literal.value == mention.whole + mention.numerator / mention.denominator:
        yield Op("+", QuestionPart(order, "whole"), share), 2.0


def _times_offers(order: int, mention: QuestionNumber, literal: Literal, role: Role) -> Iterator[tuple[Node, float]]:
    factor = mention.whole
    name = "per_pair" if mention.is_weak else _TIMES_NAMES.get(int(factor), "times")
    weight = -1.0 if mention.is_weak else 1.0
    if literal.value == factor and (role.is_factor or role.is_divisor):
        yield Fixed(name, factor), weight
    elif literal.value == 1 / factor and role.is_factor:
        yield Op("/", Plain(ONE), Fixed(name, factor)), weight


def _share_offers(order: int, mention: QuestionNumber, literal: Literal, role: Role) -> Iterator[tuple[Node, float]]:
    parts, wanted = mention.whole, literal.value
    name = _SHARE_NAMES.get(int(parts), "share")
    if wanted == 1 / parts:
        yield Fixed(name, 1 / parts), 2.0
    elif wanted == parts and role.is_divisor:
        yield Fixed(f"{name}_divisor", parts), 2.0
    elif wanted == parts and role.is_factor:
        yield Fixed(f"{name}_inverse", parts), -1.0
    elif wanted == 1 - 1 / parts:
        yield Op("-", Plain(ONE), Fixed(name, 1 / parts)), -_SECOND_RANK
    elif wanted == 1 + 1 / parts:
        yield Op("+", Plain(ONE), Fixed(name, 1 / parts)), -_SECOND_RANK
    elif wanted == parts - 1 and role.is_factor and parts in role.divisors:
        yield Op("-", Fixed(f"{name}_divisor", parts), Plain(ONE)), -_SECOND_RANK / 2


_OFFERS: dict[str, Callable[[int, QuestionNumber, Literal, Role], Iterator[tuple[Node, float]]]] = {
    "plain": _plain_offers,
    "percent": _percent_offers,
    "fraction": _fraction_offers,
    "mixed": _mixed_offers,
    "times": _times_offers,
    "share": _share_offers,
}


def _plain(literal: Literal, role: Role, known: KnownValues) -> Iterator[BindingCandidate]:
    """The 1 of a whole or of a share, and the 100 of a percentage: structure, not quantities."""
    wanted = literal.value
    has_percent = literal.is_percent or any(mention.kind == "percent" for mention in known.mentions)
    if (wanted == 1 and role.partner is not None and 0 < role.partner < 1) or (
        wanted == 1 and role.is_factor and any(_is_share_of(mention, role) for mention in known.mentions)
    ):
        yield BindingCandidate(node=Plain(ONE), source="1", score=_CERTAIN)
    elif wanted == HUNDREDTH and has_percent:
        yield BindingCandidate(node=Plain(HUNDREDTH), source="100", score=_CERTAIN)
    elif wanted == HUNDRED and has_percent and (role.is_divisor or role.is_factor or role.partner is not None):
        percents = {mention.whole for mention in known.mentions if mention.kind == "percent"}
        others = {*role.factors, *role.divisors, role.partner}
        yield BindingCandidate(node=Plain(HUNDRED), source="100", score=6.0 if others & percents else 2.0)
    elif wanted == 1 and literal.is_percent:
        yield BindingCandidate(node=Plain(ONE), source="1", score=3.0)


def _is_share_of(mention: QuestionNumber, role: Role) -> bool:
    return mention.kind in ("share", "times") and mention.whole in role.divisors


def _steps(
    literal: Literal, context: LiteralContext, steps: Sequence[tuple[int, Statement]]
) -> Iterator[BindingCandidate]:
    for index, step in steps:
        node = _step_node(literal, index, step.shown)
        if node is not None:
            words = frozenset(stems(step.label) + stems(step.unit))
            first = step.unit.split()[:1]
            fit = _fit(context, stem(first[0]) if first else None, words, frozenset())
            penalty = 0.0 if isinstance(node, Step) else _SECOND_RANK
            yield BindingCandidate(node=node, source=f"s{index}", score=fit + 1.0 - penalty + 0.05 * index)


def _step_node(literal: Literal, index: int, shown: Fraction) -> Node | None:
    if literal.value == shown:
        return Step(index)
    if shown >= 1 and literal.value == shown / 100:
        return Op("/", Step(index), Plain(HUNDRED))
    return None


def _constants(literal: Literal, role: Role, statement: Statement, known: KnownValues) -> list[BindingCandidate]:
    """The constant that the question's words call for, better still those of the solution's line too."""
    found = constants_for(literal.value, known.question)
    if not found or not (role.is_factor or role.is_divisor or literal.value > 4):
        return []
    line = statement.text.lower()
    named = next((constant for constant in found if is_triggered(constant, line)), None)
    constant = named or found[0]
    node = Fixed(constant.name, constant.value)
    return [BindingCandidate(node=node, source=f"c:{constant.name}", score=0.5 if named else -1.0)]


def _fit(context: LiteralContext, unit: str | None, near: frozenset[str], sentence: frozenset[str]) -> float:
    """How well the words around a literal match those around a number."""
    same_unit = 3.0 if unit is not None and unit == context.unit else 0.0
    close = 2.0 * len(context.near & near) + 1.0 * len((context.line - context.near) & near)
    return same_unit + close + 0.3 * len((context.line | context.near) & (sentence - near))


def _once(found: list[BindingCandidate]) -> list[BindingCandidate]:
    """The best candidate of each source."""
    best: dict[str, BindingCandidate] = {}
    for candidate in found:
        if candidate.source not in best or candidate.score > best[candidate.source].score:
            best[candidate.source] = candidate
    return list(best.values())
