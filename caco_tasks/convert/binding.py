"""Binding: which number of the question, or which earlier result, each literal of a solution is.

Literals of one value that have more than one thing to be are settled together. Every way to share the things out is
scored by the words around them and by what would be left unused; ways that compute the same function of the question's
numbers are no rivals. What remains between the best way and the next different one is the certainty of the grade.
"""

import itertools
import math
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
    literals,
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
_FIELDS = ("whole", "numerator", "denominator")
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
    solution = _Solution(mentions, kept, tuple(finals), [twins(statement.tree) for statement in kept])
    options = solution.find_candidates(question)
    chosen = {place: found[0] for place, found in options.items() if found}
    doubts: dict[int, Certainty] = {place: Certainty.UNGROUNDED for place, found in options.items() if not found}
    budget = MAX_WAYS_IN_ALL
    for places in solution.group_rivals(options):
        ways = _share_out([options[place] for place in places], min(MAX_WAYS, budget))
        budget -= len(ways)
        chosen, certainty = solution.settle(chosen, places, ways)
        doubts.update(dict.fromkeys(places, certainty))
    return solution.with_grade(chosen, doubts)


Choice = dict[int, BindingCandidate]
Way = tuple[BindingCandidate, ...]


def _share_out(options: Sequence[Sequence[BindingCandidate]], max_ways: int) -> list[Way]:
    """The ways to share out; if there are too many, only those with the two best candidates, or the best alone."""
    for most in (None, 3, 2, 1):
        kept = [list(found[:most]) for found in options]
        if math.prod(map(len, kept)) <= max(max_ways, 1):
            return list(itertools.product(*kept))
    return []


@dataclass(frozen=True, slots=True)
class _Solution:
    """A solution whose literals are to be bound."""

    mentions: Sequence[QuestionNumber]
    statements: Sequence[Statement]
    finals: tuple[int, ...]
    twins: Sequence[Sequence[Sequence[int]]]  # by statement: places of equal literals in one product or sum

    def find_candidates(self, question: str) -> dict[int, list[BindingCandidate]]:
        """What each literal may be, by its place."""
        found: dict[int, list[BindingCandidate]] = {}
        for index, statement in enumerate(self.statements):
            known = KnownValues(question, self.mentions, list(enumerate(self.statements[:index])))
            part = roles(statement)
            for leaf in literals(statement.tree):
                if leaf.place not in found:  # solving repeats literals: the first use decides
                    found[leaf.place] = candidates(leaf, part[leaf.place], statement, known)
        return found

    def group_rivals(self, options: Mapping[int, list[BindingCandidate]]) -> list[list[int]]:
        """The places of literals that have a choice, those of one value together."""
        groups: dict[Fraction, list[int]] = defaultdict(list)
        for statement in self.statements:
            for leaf in literals(statement.tree):
                if len(options[leaf.place]) > 1 and leaf.place not in groups[leaf.value]:
                    groups[leaf.value].append(leaf.place)
        return [places for places in groups.values() if places]

    def settle(self, chosen: Choice, places: Sequence[int], ways: Sequence[Way]) -> tuple[Choice, Certainty]:
        """The best way to share out, and how sure it is: the next best may compute the same after all."""
        scored = sorted(((self.score(chosen, places, way), order) for order, way in enumerate(ways)), reverse=True)
        lead, best = scored[0]
        winner = {**chosen, **dict(zip(places, ways[best], strict=True))}
        if len(ways) == 1:
            return winner, Certainty.OPEN  # too many to look at
        function = self.function(winner)
        for score, order in scored[1:]:
            other = {**chosen, **dict(zip(places, ways[order], strict=True))}
            if self.function(other) != function:
                return winner, Certainty.SETTLED if lead - score >= CLEAR_MARGIN else Certainty.OPEN
        return winner, Certainty.SURE

    def score(self, chosen: Choice, places: Sequence[int], way: Way) -> float:
        """How well a way fits: by the words around, less what it leaves unused, takes twice or takes out of order."""
        taken = {**chosen, **dict(zip(places, way, strict=True))}
        used = {candidate.source for candidate in taken.values()}
        score = sum(candidate.score for candidate in way)
        score -= _UNUSED_STEP * sum(
            f"s{index}" not in used for index in range(len(self.statements)) if index not in self.finals
        )
        score -= _UNUSED_MENTION * sum(f"m{order}" not in used for order in self.counted())
        score -= _SAME_TWICE * len(self.taken_twice(taken, range(len(self.statements))))
        sources = [candidate.source for candidate in way if candidate.source[0] == "m"]
        return score - _OUT_OF_ORDER * sum(int(a[1:]) > int(b[1:]) for a, b in itertools.pairwise(sources))

    def counted(self) -> set[int]:
        """The numbers of the question that a solution should take: "a pair" may be no quantity."""
        return {order for order, mention in enumerate(self.mentions) if not mention.is_weak}

    def taken_twice(self, taken: Choice, indices: Iterable[int]) -> list[str]:
        """The sources that one product or one sum takes more than once."""
        found = []
        for index in indices:
            for places in self.twins[index]:
                sources = [taken[place].source for place in places if place in taken]
                found += [source for source in set(sources) if sources.count(source) > 1]
        return found

    def function(self, chosen: Choice) -> list[Fraction] | None:
        """The answer on two sets of trial numbers: what the program computes, whatever its wording."""
        bound = dict(enumerate(self.bound_statements(chosen)))
        try:
            found = [results(bound, trial_numbers(self.mentions, offset)) for offset in (0, 5)]
        except NoValueError:
            return None
        return [values[index] for values in found for index in self.finals]

    def bound_statements(self, chosen: Choice) -> list[Statement]:
        """The statements with what was chosen in the place of their literals."""

        def swap(leaf: Node) -> Node:
            return chosen[leaf.place].node if isinstance(leaf, Literal) and leaf.place in chosen else leaf

        return [replace(statement, tree=substitute(statement.tree, swap)) for statement in self.statements]

    def with_grade(self, chosen: Choice, doubts: Mapping[int, Certainty]) -> Bound:
        """The statements that the answer needs, bound and graded."""
        statements = self.bound_statements(chosen)
        needed = set(self.finals)
        for index in range(max(self.finals), -1, -1):
            if index in needed:
                needed |= {leaf.index for leaf in leaves(statements[index].tree) if isinstance(leaf, Step)}
        live = sorted(needed)
        places = [leaf.place for index in live for leaf in literals(self.statements[index].tree)]
        certainty = max((doubts.get(place, Certainty.SURE) for place in places), default=Certainty.SURE)
        if self.is_doubtful(chosen, statements, live):
            certainty = max(certainty, Certainty.OPEN)
        sources = {chosen[place].source for place in places if place in chosen}
        used = frozenset(int(source[1:]) for source in sources if source[0] == "m")
        kept = {index: statements[index] for index in live}
        return Bound(kept, self.finals, certainty, used, self.grade(kept, certainty, used))

    def is_doubtful(self, chosen: Choice, statements: Sequence[Statement], live: Sequence[int]) -> bool:
        """Whether the solution's own course says more than its live statements do."""
        if any(self.statements[index].is_rounded for index in live):
            return True
        if any(source[0] == "m" for source in self.taken_twice(chosen, live)):
            return True
        for index in live:
            statement = self.statements[index]
            shadowed = [leaf for leaf in literals(statement.tree) if leaf.value in statement.shadows]
            # Bound to the question, it may as well be a result that the solution only states.
            if any(leaf.place in chosen and chosen[leaf.place].source[0] in "mc" for leaf in shadowed):
                return True
        return self.leaves_steps(statements, live)

    def leaves_steps(self, statements: Sequence[Statement], live: Sequence[int]) -> bool:
        """Whether a step is left unused that no live one repeats: the solution compared it, or used it unsaid."""
        if len(live) == len(statements):
            return False
        try:
            found = results(dict(enumerate(statements)), trial_numbers(self.mentions, 0))
        except NoValueError:
            return True
        kept = {found[index] for index in live}
        return any(result not in kept for result in found.values())

    def grade(self, kept: Mapping[int, Statement], certainty: Certainty, used: frozenset[int]) -> Grade:
        """S if it is sure and takes every number of the question; less by what is unsure or missing."""
        if certainty is not Certainty.SURE:
            return {Certainty.SETTLED: Grade.A, Certainty.OPEN: Grade.B, Certainty.UNGROUNDED: Grade.C}[certainty]
        has_operation = any(not isinstance(one.tree, QuestionPart | Step | Fixed | Literal) for one in kept.values())
        if not used or not has_operation or not every_part_matters(kept, self.mentions, self.finals):
            return Grade.B
        return Grade.S if self.counted() <= used else Grade.A_PLUS


def trial_numbers(mentions: Sequence[QuestionNumber], offset: int) -> dict[QuestionPart, Fraction]:
    """Arbitrary values for all parts of the question's numbers, different for each."""
    parts = [QuestionPart(order, field) for order in range(len(mentions)) for field in _FIELDS]
    numbers = itertools.cycle(_TRIAL_NUMBERS[offset:] + _TRIAL_NUMBERS[:offset])
    return {part: Fraction(next(numbers) + 7 * place) for place, part in enumerate(parts)}


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
        for field in _FIELDS
    }


def every_part_matters(
    kept: Mapping[int, Statement], mentions: Sequence[QuestionNumber], finals: Sequence[int]
) -> bool:
    """Whether changing any one number that the statements take from the question changes the result."""
    parts = {leaf for statement in kept.values() for leaf in leaves(statement.tree) if isinstance(leaf, QuestionPart)}
    own = own_numbers(mentions)
    try:
        before = _select(results(kept, own), finals)
    except NoValueError:
        return False
    for part, more in itertools.product(parts, (17, 40)):
        try:
            after = _select(results(kept, {**own, part: own[part] + more}), finals)
        except NoValueError:
            continue  # it matters: with the change there is no result at all
        if after == before:
            return False
    return True


def _select(found: Mapping[int, Fraction], finals: Sequence[int]) -> list[Fraction]:
    return [found[index] for index in finals]
