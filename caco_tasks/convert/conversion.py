"""What a converter makes of a seed: a complete program and the grade of its binding."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from caco_tasks.convert.binding import Bound, bind, own_numbers, results
from caco_tasks.convert.question_numbers import QuestionNumber
from caco_tasks.convert.rendering import render
from caco_tasks.convert.solution_steps import Statement
from caco_tasks.exact import NoValueError
from caco_tasks.records import Grade, Seed

_DECIMAL = re.compile(r"\.\d*[1-9]")  # 0.50, and not 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """A program found without a model."""

    code: str  # complete, in the unified template
    grade: Grade  # before the program was run and compared
    gold: str | None = None  # the answer as a Python literal, where the source states it in its tests
    states_answer: bool = (
        False  # the source itself gives this calculation as its answer: if it misses gold, gold is in doubt
    )
    are_inputs_proven: bool = True  # whether every input is known to change the output; if not, running has to show it
    bound: Bound | None = field(default=None, repr=False, compare=False)  # what it was rendered from; None: from code


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundConversion:
    """A conversion and the results that its exact arithmetic gives."""

    conversion: Conversion
    results: tuple[Fraction, ...]


def attempt(
    seed: Seed, mentions: Sequence[QuestionNumber], statements: Sequence[Statement], finals: Sequence[int]
) -> BoundConversion | None:
    """Binds and renders; None if a value cannot be computed or no number of the question is taken."""
    try:
        bound = bind(seed.problem, mentions, statements, finals)
        found = results(bound.statements, own_numbers(mentions))
        code = render(mentions, bound.statements, bound.finals, as_decimal=bool(_DECIMAL.search(seed.answer or "")))
    except (NoValueError, OverflowError):
        return None
    if "input = {}" in code:
        return None
    conversion = Conversion(code=code, grade=bound.grade, bound=bound)
    return BoundConversion(conversion=conversion, results=tuple(found[index] for index in bound.finals))


def best_of(attempts: Sequence[BoundConversion], golds: Sequence[Fraction]) -> Conversion | None:
    """The conversion whose results are the golds, of the best grade; failing that the first one."""
    right = [one.conversion for one in attempts if list(one.results) == list(golds)]
    if right:
        return min(right, key=lambda conversion: list(Grade).index(conversion.grade))
    return attempts[0].conversion if attempts else None
