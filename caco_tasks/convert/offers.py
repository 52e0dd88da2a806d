"""What a literal of a solution may be: a number of the question, an earlier result, or a constant that is meant."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from caco_tasks.convert.constants import constants_for, is_triggered
from caco_tasks.convert.expression import Fixed, Literal, Node, Op, Plain, Step
from caco_tasks.convert.number_forms import ONE, SECOND_RANK, offers
from caco_tasks.convert.question_numbers import QuestionNumber
from caco_tasks.convert.solution_steps import HUNDRED, HUNDREDTH, LiteralContext, Role, Statement
from caco_tasks.convert.stems import stem, stems

_STRUCTURE = 90.0
_CERTAIN = 99.0  # the score of what needs no words


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
    found = list(_offer_structure(literal, role, known))
    if any(candidate.score > _STRUCTURE for candidate in found):
        return found
    for order, mention in enumerate(known.mentions):
        fit = _fit(context, mention.unit, mention.near, mention.sentence)
        found += [
            BindingCandidate(node=node, source=f"m{order}", score=fit + bonus)
            for node, bonus in offers(order, mention, literal, role)
        ]
    found += _offer_steps(literal, context, known.steps)
    if literal.value != 1:
        found += _offer_constants(literal, role, statement, known)
    best: dict[str, BindingCandidate] = {}
    for candidate in found:
        if candidate.source not in best or candidate.score > best[candidate.source].score:
            best[candidate.source] = candidate
    return sorted(best.values(), key=lambda candidate: -candidate.score)


@dataclass(frozen=True, slots=True)
class KnownValues:
    """What is known where a literal stands: the question and the statements before."""

    question: str
    mentions: Sequence[QuestionNumber]
    steps: Sequence[tuple[int, Statement]]  # with their indices


def _offer_structure(literal: Literal, role: Role, known: KnownValues) -> Iterator[BindingCandidate]:
    """The 1 of a whole or of a share, and the 100 of a percentage: structure, not quantities."""
    wanted = literal.value
    has_percent = literal.is_percent or any(mention.kind == "percent" for mention in known.mentions)
    shares = {mention.whole for mention in known.mentions if mention.kind in ("share", "times")}
    is_one_of_shares = role.is_factor and bool(shares & set(role.divisors))
    if wanted == 1 and ((role.partner is not None and 0 < role.partner < 1) or is_one_of_shares):
        yield BindingCandidate(node=Plain(ONE), source="1", score=_CERTAIN)
    elif wanted == HUNDREDTH and has_percent:
        yield BindingCandidate(node=Plain(HUNDREDTH), source="100", score=_CERTAIN)
    elif wanted == HUNDRED and has_percent and (role.is_divisor or role.is_factor or role.partner is not None):
        percents = {mention.whole for mention in known.mentions if mention.kind == "percent"}
        others = {*role.factors, *role.divisors, role.partner}
        yield BindingCandidate(node=Plain(HUNDRED), source="100", score=6.0 if others & percents else 2.0)
    elif wanted == 1 and literal.is_percent:
        yield BindingCandidate(node=Plain(ONE), source="1", score=3.0)


def _offer_steps(
    literal: Literal, context: LiteralContext, steps: Sequence[tuple[int, Statement]]
) -> Iterator[BindingCandidate]:
    """The results of earlier steps; a later one is a little likelier."""
    for index, step in steps:
        node: Node = Step(index)
        penalty = 0.0
        if literal.value != step.shown:
            if step.shown < 1 or literal.value != step.shown / 100:
                continue
            node, penalty = Op("/", node, Plain(HUNDRED)), SECOND_RANK
        words = frozenset(stems(step.label) + stems(step.unit))
        first = step.unit.split()[:1]
        fit = _fit(context, stem(first[0]) if first else None, words, frozenset())
        yield BindingCandidate(node=node, source=f"s{index}", score=fit + 1.0 - penalty + 0.05 * index)


def _offer_constants(
    literal: Literal, role: Role, statement: Statement, known: KnownValues
) -> Iterator[BindingCandidate]:
    """The constant that the question's words call for, better still those of the solution's line too."""
    found = constants_for(literal.value, known.question)
    if not found or not (role.is_factor or role.is_divisor or literal.value > 4):
        return
    line = statement.text.lower()
    named = next((constant for constant in found if is_triggered(constant, line)), None)
    constant = named or found[0]
    node = Fixed(constant.name, constant.value)
    yield BindingCandidate(node=node, source=f"c:{constant.name}", score=0.5 if named else -1.0)


def _fit(context: LiteralContext, unit: str | None, near: frozenset[str], sentence: frozenset[str]) -> float:
    """How well the words around a literal match those around a number."""
    same_unit = 3.0 if unit is not None and unit == context.unit else 0.0
    close = 2.0 * len(context.near & near) + 1.0 * len((context.line - context.near) & near)
    return same_unit + close + 0.3 * len((context.line | context.near) & (sentence - near))
