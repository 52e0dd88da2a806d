"""Binding: which number of the question, or which earlier result, each literal of a solution is.

Literals of one value that have more than one thing to be are settled together. Every way to share the things out is
scored by the words around them and by what would be left unused; ways that compute the same function of the question's
numbers are no rivals. What remains between the best way and the next different one is the certainty of the grade.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from fractions import Fraction

from caco_tasks.convert.expression import (
    Fixed,
    Literal,
    Node,
    QuestionPart,
    Step,
    Unknown,
    leaves,
    substitute,
    value,
)
from caco_tasks.convert.offers import BindingCandidate, KnownValues, candidates
from caco_tasks.convert.question_numbers import QuestionNumber
from caco_tasks.convert.solution_steps import Statement, roles, twins
from caco_tasks.exact import NoValueError
from caco_tasks.records import Grade

MAX_WAYS = 300  # of sharing out, for literals of one value
MAX_WAYS_IN_ALL = 1500  # in one program
CLEAR_MARGIN = 3.0  # a lead in score that settles rivals
_UNUSED_STEP = 4.0
_UNUSED_MENTION = 1.5
_OUT_OF_ORDER = 0.3
_SAME_TWICE = 3.0
_TRIAL_NUMBERS = (7919, 104729, 1299709, 611953, 15485863, 179424673, 32452843, 86028121, 49979687, 122949823)


class Certainty(IntEnum):
    """How a literal came to be bound."""

    SURE = 0  # nothing else it could be
    SETTLED = 1  # by the words around it
    OPEN = 2  # rivals remain
    UNGROUNDED = 3  # nothing in the problem has its value


@dataclass(frozen=True, slots=True)
class Bound:
    """A solution whose literals are bound, without the statements that its result does not need."""

    statements: Mapping[int, Statement]  # the live ones, by index, in order
    finals: tuple[int, ...]  # indices of the statements whose results are the answer
    certainty: Certainty
    used: frozenset[int]  # mentions of the question
    grade: Grade


def bind(
    question: str, mentions: Sequence[QuestionNumber], statements: Sequence[Statement], finals: Sequence[int]
) -> Bound:
    """Binds every literal of the statements up to the last of `finals`, and grades the whole.

    Raises:
        NoValueError: a value on the way cannot be computed.
    """
    kept = statements[: max(finals) + 1]
    program = _Solution(mentions, kept, tuple(finals), [twins(statement.tree) for statement in kept])
    options = _options(question, mentions, program.statements)
    chosen = {place: found[0] for place, found in options.items() if found}
    doubts: dict[int, Certainty] = {place: Certainty.UNGROUNDED for place, found in options.items() if not found}
    budget = MAX_WAYS_IN_ALL
    for places in _groups(program, options):
        ways = _ways([options[place] for place in places], min(MAX_WAYS, budget))
        budget -= len(ways)
        chosen, certainty = _settle(program, chosen, places, ways)
        doubts.update(dict.fromkeys(places, certainty))
    return _bound(program, chosen, doubts)


@dataclass(frozen=True, slots=True)
class _Solution:
    mentions: Sequence[QuestionNumber]
    statements: Sequence[Statement]
    finals: tuple[int, ...]
    twins: Sequence[Sequence[Sequence[int]]]


Choice = dict[int, BindingCandidate]
Way = tuple[BindingCandidate, ...]


def _options(
    question: str, mentions: Sequence[QuestionNumber], statements: Sequence[Statement]
) -> dict[int, list[BindingCandidate]]:
    found: dict[int, list[BindingCandidate]] = {}
    for index, statement in enumerate(statements):
        known = KnownValues(question, mentions, list(enumerate(statements[:index])))
        part = roles(statement)
        for leaf in leaves(statement.tree):
            if isinstance(leaf, Literal) and leaf.place not in found:  # solving repeats literals: the first use decides
                found[leaf.place] = candidates(leaf, part[leaf.place], statement, known)
    return found


def _groups(program: _Solution, options: Mapping[int, list[BindingCandidate]]) -> list[list[int]]:
    """The places of literals that have a choice, those of one value together."""
    groups: dict[Fraction, list[int]] = defaultdict(list)
    for statement in program.statements:
        for leaf in leaves(statement.tree):
            if isinstance(leaf, Literal) and len(options[leaf.place]) > 1 and leaf.place not in groups[leaf.value]:
                groups[leaf.value].append(leaf.place)
    return [places for places in groups.values() if places]


def _ways(options: Sequence[Sequence[BindingCandidate]], max_ways: int) -> list[Way]:
    """The ways to share out; if there are too many, only those with the two best candidates, or the best alone."""
    for most in (None, 3, 2, 1):
        kept = [list(found[:most]) for found in options]
        count = 1
        for found in kept:
            count *= len(found)
        if count <= max(max_ways, 1):
            return list(itertools.product(*kept))
    return []


def _settle(program: _Solution, chosen: Choice, places: Sequence[int], ways: Sequence[Way]) -> tuple[Choice, Certainty]:
    scored = sorted(((_score(program, chosen, places, way), order) for order, way in enumerate(ways)), reverse=True)
    lead, best = scored[0]
    winner = {**chosen, **dict(zip(places, ways[best], strict=True))}
    if len(ways) == 1:
        return winner, Certainty.OPEN  # too many to look at
    function = _function(program, winner)
    for score, order in scored[1:]:
        other = {**chosen, **dict(zip(places, ways[order], strict=True))}
        if _function(program, other) != function:
            return winner, Certainty.SETTLED if lead - score >= CLEAR_MARGIN else Certainty.OPEN
    return winner, Certainty.SURE


def _score(program: _Solution, chosen: Choice, places: Sequence[int], way: Way) -> float:
    taken = {**chosen, **dict(zip(places, way, strict=True))}
    used = {candidate.source for candidate in taken.values()}
    score = sum(candidate.score for candidate in way)
    score -= _UNUSED_STEP * sum(
        f"s{index}" not in used for index in range(len(program.statements)) if index not in program.finals
    )
    counted = (order for order, mention in enumerate(program.mentions) if not mention.is_weak)
    score -= _UNUSED_MENTION * sum(f"m{order}" not in used for order in counted)
    score -= _SAME_TWICE * len(_taken_twice(program, taken, range(len(program.statements))))
    sources = [candidate.source for candidate in way if candidate.source[0] == "m"]
    return score - _OUT_OF_ORDER * sum(int(a[1:]) > int(b[1:]) for a, b in itertools.pairwise(sources))


def _taken_twice(program: _Solution, taken: Choice, indices: Iterable[int]) -> list[str]:
    """The sources that one product or one sum takes more than once."""
    found = []
    for index in indices:
        for places in program.twins[index]:
            sources = [taken[place].source for place in places if place in taken]
            found += [source for source in set(sources) if sources.count(source) > 1]
    return found


def _function(program: _Solution, chosen: Choice) -> tuple[Fraction, ...] | None:
    """The answer on two sets of trial numbers: what the program computes, whatever its wording."""
    try:
        return tuple(
            result for offset in (0, 5) for result in _answers(program, chosen, trial_numbers(program.mentions, offset))
        )
    except NoValueError:
        return None


def trial_numbers(mentions: Sequence[QuestionNumber], offset: int) -> dict[QuestionPart, Fraction]:
    """Arbitrary values for all parts of the question's numbers, different for each."""
    parts = [
        QuestionPart(order, field) for order in range(len(mentions)) for field in ("whole", "numerator", "denominator")
    ]
    numbers = itertools.cycle(_TRIAL_NUMBERS[offset:] + _TRIAL_NUMBERS[:offset])
    return {part: Fraction(next(numbers) + 7 * place) for place, part in enumerate(parts)}


def _answers(program: _Solution, chosen: Choice, numbers: Mapping[QuestionPart, Fraction]) -> list[Fraction]:
    found = results(dict(enumerate(_bound_statements(program, chosen))), numbers)
    return [found[index] for index in program.finals]


def results(statements: Mapping[int, Statement], numbers: Mapping[QuestionPart, Fraction]) -> dict[int, Fraction]:
    """The result of each bound statement, by index, for the given numbers of the question.

    Raises:
        NoValueError: a value cannot be computed.
    """
    values: dict[QuestionPart | Step | Unknown, Fraction] = {part: amount for part, amount in numbers.items()}
    for index, statement in statements.items():
        values[Step(index)] = value(statement.tree, values)
    return {index: values[Step(index)] for index in statements}


def own_numbers(mentions: Sequence[QuestionNumber]) -> dict[QuestionPart, Fraction]:
    """The values that the question itself gives to the parts of its numbers."""
    return {
        QuestionPart(order, field): getattr(mention, field)
        for order, mention in enumerate(mentions)
        for field in ("whole", "numerator", "denominator")
    }


def _bound_statements(program: _Solution, chosen: Choice) -> list[Statement]:
    def swap(leaf: Node) -> Node:
        return chosen[leaf.place].node if isinstance(leaf, Literal) and leaf.place in chosen else leaf

    return [replace(statement, tree=substitute(statement.tree, swap)) for statement in program.statements]


def _bound(program: _Solution, chosen: Choice, doubts: Mapping[int, Certainty]) -> Bound:
    statements = _bound_statements(program, chosen)
    live = _live(statements, program.finals)
    places = [
        leaf.place for index in live for leaf in leaves(program.statements[index].tree) if isinstance(leaf, Literal)
    ]
    certainty = max((doubts.get(place, Certainty.SURE) for place in places), default=Certainty.SURE)
    if _is_doubtful(program, chosen, statements, live):
        certainty = max(certainty, Certainty.OPEN)
    used = _used(program, chosen, places)
    kept = {index: statements[index] for index in live}
    return Bound(kept, program.finals, certainty, used, _grade(program, kept, certainty, used))


def _is_doubtful(program: _Solution, chosen: Choice, statements: Sequence[Statement], live: Sequence[int]) -> bool:
    """Whether the solution's own course says more than its live statements do."""
    return (
        any(program.statements[index].is_rounded for index in live)
        or any(source[0] == "m" for source in _taken_twice(program, chosen, live))
        or any(_is_shadowed(program.statements[index], chosen) for index in live)
        or _leaves_steps(program, statements, live)
    )


def _is_shadowed(statement: Statement, chosen: Choice) -> bool:
    """Whether a literal bound to the question may as well be a result that the solution only states."""
    found = [leaf for leaf in leaves(statement.tree) if isinstance(leaf, Literal) and leaf.value in statement.shadows]
    return any(leaf.place in chosen and chosen[leaf.place].source[0] in "mc" for leaf in found)


def _leaves_steps(program: _Solution, statements: Sequence[Statement], live: Sequence[int]) -> bool:
    """Whether a step is left unused that no live one repeats: the solution compared it, or used it unsaid."""
    if len(live) == len(statements):
        return False
    try:
        found = results(dict(enumerate(statements)), trial_numbers(program.mentions, 0))
    except NoValueError:
        return True
    kept = {found[index] for index in live}
    return any(result not in kept for result in found.values())


def _used(program: _Solution, chosen: Choice, places: Iterable[int]) -> frozenset[int]:
    sources = {chosen[place].source for place in places if place in chosen}
    return frozenset(int(source[1:]) for source in sources if source[0] == "m")


def _live(statements: Sequence[Statement], finals: Sequence[int]) -> list[int]:
    """The statements that `finals` need, in order."""
    needed = set(finals)
    for index in range(max(finals), -1, -1):
        if index in needed:
            needed |= {leaf.index for leaf in leaves(statements[index].tree) if isinstance(leaf, Step)}
    return sorted(needed)


def _grade(program: _Solution, kept: Mapping[int, Statement], certainty: Certainty, used: frozenset[int]) -> Grade:
    if certainty is not Certainty.SURE:
        return {Certainty.SETTLED: Grade.A, Certainty.OPEN: Grade.B, Certainty.UNGROUNDED: Grade.C}[certainty]
    if not used or not _has_operation(kept) or not every_part_matters(kept, program.mentions, program.finals):
        return Grade.B
    counted = {order for order, mention in enumerate(program.mentions) if not mention.is_weak}
    return Grade.S if counted <= used else Grade.A_PLUS


def _has_operation(kept: Mapping[int, Statement]) -> bool:
    return any(not isinstance(statement.tree, QuestionPart | Step | Fixed | Literal) for statement in kept.values())


def every_part_matters(
    kept: Mapping[int, Statement], mentions: Sequence[QuestionNumber], finals: Sequence[int]
) -> bool:
    """Whether changing any one number that the statements take from the question changes the result."""
    parts = {leaf for statement in kept.values() for leaf in leaves(statement.tree) if isinstance(leaf, QuestionPart)}
    try:
        own = own_numbers(mentions)
        before = _picked(results(kept, own), finals)
        return all(
            _changes(kept, {**own, part: own[part] + more}, finals, before) for part in parts for more in (17, 40)
        )
    except NoValueError:
        return False


def _changes(
    kept: Mapping[int, Statement],
    numbers: Mapping[QuestionPart, Fraction],
    finals: Sequence[int],
    before: list[Fraction],
) -> bool:
    try:
        return _picked(results(kept, numbers), finals) != before
    except NoValueError:
        return True


def _picked(found: Mapping[int, Fraction], finals: Sequence[int]) -> list[Fraction]:
    return [found[index] for index in finals]
