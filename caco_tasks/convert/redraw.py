"""Seed problems with other numbers: problem, solution, program and answer changed together, so that they agree.

A converted seed says of each input of its program where the question states it, and of each number of an annotated
solution what it is. New numbers of like kind are drawn, written in the places of the old ones, and everything that
follows from them is computed anew (the idea: GSM-Symbolic, arXiv 2410.05229, there with templates written by hand).
A draw is kept if every step stays what it was (whole, positive, of like size), the order of the numbers is the same, and
the converter, given the new texts, finds the same program.

    for new in redraw_all(seeds, "gsm8k", sandbox, draws=3):
        new.problem, new.solution, new.code, new.answer
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random

from caco_tasks.convert.binding import Bound, own_numbers, results, trial_numbers
from caco_tasks.convert.conversion import Conversion
from caco_tasks.convert.expression import QuestionPart, Step, Unknown, Values, leaves
from caco_tasks.convert.fixed_numbers import find_movable, is_fixed_whole, keeps_idioms
from caco_tasks.convert.grades import check
from caco_tasks.convert.number_draws import NumberDraw, draw_number, keeps_order
from caco_tasks.convert.question_numbers import QuestionNumber, find_numbers
from caco_tasks.convert.rendering import shown_number
from caco_tasks.convert.solution_lines import write_steps
from caco_tasks.convert.solution_tokens import (
    Traced,
    UntracedError,
    replaced_spans,
    rewrite,
    states_truth,
    trace,
)
from caco_tasks.convert.unify_sources import CHUNK_SEEDS, convert
from caco_tasks.exact import NoValueError
from caco_tasks.ids import random_seed
from caco_tasks.records import Grade, Seed
from caco_tasks.sandbox import Job, Sandbox

MAX_DRAWS = 60  # tries at one set of new numbers
KEPT_SHARE = 0.15  # of the numbers that stay as they were in a try
MAX_DECIMALS = 2  # of a result, unless the old one had more
MAX_GROWTH = 6  # of a result
_INPUT_LINE = re.compile(r"^input = \{(.*)\}$", re.MULTILINE)
_INPUT_NAME = re.compile(r'"(\w+)": ')
_ANNOTATION = re.compile(r"<<[^<>]*>>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Redrawn:
    """A solved problem with its program: a seed's own, or one with other numbers."""

    seed: Seed
    draw: int  # 0: with the seed's own numbers
    problem: str
    solution: str | None  # without calculator annotations
    code: str
    answer: str  # what the program prints
    grade: Grade  # of the seed's conversion


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """A seed taken apart: what may change, and what each number of its solution is."""

    seed: Seed
    conversion: Conversion
    bound: Bound
    mentions: Sequence[QuestionNumber]
    movable: Sequence[int]
    traced: Sequence[Traced] | None  # None: there is no solution
    steps: Mapping[int, Fraction]


def redraw(seed: Seed, conversion: Conversion, reader: str, random: Random) -> Redrawn | None:
    """The seed with other numbers; None if its texts cannot be changed safely or no draw fits.

    `conversion` is what the converter of `reader` made of `seed`. The answer is the result of the exact arithmetic;
    `redraw_all` also runs the program.
    """
    plan = _make_plan(seed, conversion)
    if plan is None:
        return None
    for _ in range(MAX_DRAWS):
        draws = _draw(plan, random)
        new = draws and _apply(plan, draws, reader)
        if new:
            return new
    return None


def redraw_all(seeds: Iterable[Seed], reader: str, sandbox: Sandbox, *, draws: int) -> Iterator[Redrawn]:
    """Each seed of grade A or better whose program gives gold, and up to `draws` versions with other numbers, in order.

    The numbers follow from the seed's id. Programs that do not print the expected answer are left out.

    Raises:
        ConfigError: there is no converter for the reader's sources.
    """
    waiting = iter(seeds)
    while chunk := list(itertools.islice(waiting, CHUNK_SEEDS)):
        found = [one for seed in chunk for one in _redraw_seed(seed, reader, draws)]
        ran = sandbox.run(Job(code=one.code) for one, _ in found)
        rejected: set[str] = set()
        for (one, conversion), result in zip(found, ran, strict=True):
            text = (result.execution.output_text or "").strip()
            if one.draw == 0 and not check(conversion, result, one.seed).verdict.kept:
                rejected.add(one.seed.seed_id)
            if one.seed.seed_id not in rejected and result.verdict.kept and _is_number(text, one.answer):
                yield replace(one, answer=text)


def _redraw_seed(seed: Seed, reader: str, draws: int) -> Iterator[tuple[Redrawn, Conversion]]:
    conversion = convert(seed, reader)
    if isinstance(conversion, str) or conversion.bound is None or not conversion.grade.reaches(Grade.A):
        return
    if len(conversion.bound.finals) != 1:
        return
    mentions = find_numbers(seed.problem)
    own = own_numbers(mentions)
    answer = shown_number(results(conversion.bound.statements, own)[conversion.bound.finals[0]])
    solution = _without_annotations(_solution_text(seed)) if seed.solution else _make_solution(conversion.bound, own)
    yield Redrawn(
        seed=seed, draw=0, problem=seed.problem, solution=solution, code=conversion.code, answer=answer,
        grade=conversion.grade,
    ), conversion  # fmt: skip
    seen = {seed.problem}
    for draw in range(1, draws + 1):
        new = redraw(seed, conversion, reader, Random(random_seed("redraw", seed.seed_id, draw)))
        if new is not None and new.problem not in seen:
            seen.add(new.problem)
            yield replace(new, draw=draw), conversion


def _make_plan(seed: Seed, conversion: Conversion) -> _Plan | None:
    bound = conversion.bound
    if bound is None or not conversion.grade.reaches(Grade.A) or len(bound.finals) != 1:
        return None
    mentions = find_numbers(seed.problem)
    own = own_numbers(mentions)
    steps = results(bound.statements, own)
    is_exact = all(steps[index] == one.shown for index, one in bound.statements.items())
    are_plain = all(amount > 0 and _count_decimals(amount) is not None for amount in steps.values())
    if not is_exact or not are_plain or is_fixed_whole(seed.problem, mentions, bound, steps):
        return None
    text = _solution_text(seed)
    movable = find_movable(seed.problem, mentions, bound, solution=text, grade=conversion.grade)
    if not movable or not keeps_idioms(seed.problem, text, [mentions[order] for order in movable]):
        return None
    trials = [
        {
            part: amount if part.mention in movable else own[part]
            for part, amount in trial_numbers(mentions, offset).items()
        }
        for offset in (0, 5)
    ]
    try:
        known = [_known_values(bound, numbers) for numbers in (own, *trials)]
        traced = trace(text, mentions, bound, known[0], known[1:]) if text else None
    except (UntracedError, NoValueError):
        return None
    return _Plan(
        seed=seed, conversion=conversion, bound=bound, mentions=mentions, movable=movable, traced=traced, steps=steps
    )


def _known_values(bound: Bound, numbers: Mapping[QuestionPart, Fraction]) -> Values:
    """The numbers of a question and the results of all steps."""
    values: dict[QuestionPart | Step | Unknown, Fraction] = {part: amount for part, amount in numbers.items()}
    values |= {Step(index): amount for index, amount in results(bound.statements, numbers).items()}
    return values


def _draw(plan: _Plan, random: Random) -> dict[int, NumberDraw] | None:
    """New numbers for some of the movable ones, in the order of size of the old ones; None if this try is no good."""
    found: dict[int, NumberDraw] = {}
    for order in plan.movable:
        if random.random() < KEPT_SHARE:
            continue
        new = draw_number(plan.mentions[order], random)
        if new is not None and new.text != plan.mentions[order].text:
            found[order] = new
    return found if found and keeps_order(plan.mentions, found) else None


def _apply(plan: _Plan, draws: Mapping[int, NumberDraw], reader: str) -> Redrawn | None:
    numbers = own_numbers(plan.mentions)
    for order, new in draws.items():
        numbers[QuestionPart(order, "whole")] = new.whole
        numbers[QuestionPart(order, "numerator")] = new.numerator
        numbers[QuestionPart(order, "denominator")] = new.denominator
    try:
        values = _known_values(plan.bound, numbers)
        if not _keeps_kinds(plan, values):
            return None
        solution = rewrite(_solution_text(plan.seed), plan.traced, values) if plan.traced else None
    except (NoValueError, UntracedError):
        return None
    spans = [(plan.mentions[order].start, plan.mentions[order].end, new.text) for order, new in sorted(draws.items())]
    problem = replaced_spans(plan.seed.problem, spans)
    code = _with_inputs(plan.conversion.code, plan.bound, numbers)
    if code is None or not _reads_as(problem, plan.mentions, numbers):
        return None
    answer = shown_number(values[Step(plan.bound.finals[0])])
    if solution is not None and not _converts_to(code, plan, reader, problem, solution, answer):
        return None
    return Redrawn(
        seed=plan.seed, draw=1, problem=problem, code=code, answer=answer, grade=plan.conversion.grade,
        solution=_make_solution(plan.bound, numbers) if solution is None else _without_annotations(solution),
    )  # fmt: skip


def _keeps_kinds(plan: _Plan, values: Values) -> bool:
    """Whether every step is what it was: whole, or with as few decimals; at least one, or below; of like size."""
    for index, old in plan.steps.items():
        new = values[Step(index)]
        decimals, most = _count_decimals(new), max(_count_decimals(old) or 0, MAX_DECIMALS)
        if new <= 0 or decimals is None or (old.denominator == 1) != (new.denominator == 1) or decimals > most:
            return False
        if (old < 1) != (new < 1) or (old > 1 and new <= 1):
            return False
        if new > MAX_GROWTH * old + 20 or new * MAX_GROWTH < old - 20:
            return False
    old, new = plan.steps[plan.bound.finals[0]], values[Step(plan.bound.finals[0])]
    stated = {values[QuestionPart(order, "whole")] for order in range(len(plan.mentions))}
    return new != old and (new not in stated or old in {mention.whole for mention in plan.mentions})


def _count_decimals(amount: Fraction) -> int | None:
    """The digits behind the point that a number needs; None if no four are enough."""
    return next((count for count in range(5) if (amount * 10**count).denominator == 1), None)


def _with_inputs(code: str, bound: Bound, numbers: Mapping[QuestionPart, Fraction]) -> str | None:
    """The program with other values in its `input`."""
    parts = {leaf for one in bound.statements.values() for leaf in leaves(one.tree) if isinstance(leaf, QuestionPart)}
    order = ("whole", "numerator", "denominator")
    amounts = [numbers[part] for part in sorted(parts, key=lambda part: (part.mention, order.index(part.field)))]
    line = _INPUT_LINE.search(code)
    names = _INPUT_NAME.findall(line[1]) if line else []
    if line is None or len(names) != len(amounts):
        return None
    pairs = ", ".join(f'"{name}": {shown_number(amount)}' for name, amount in zip(names, amounts, strict=True))
    return f"{code[: line.start()]}input = {{{pairs}}}{code[line.end() :]}"


def _reads_as(problem: str, mentions: Sequence[QuestionNumber], numbers: Mapping[QuestionPart, Fraction]) -> bool:
    """Whether the new question has the numbers that it should have, of the old kinds."""
    found = find_numbers(problem)
    return [one.kind for one in found] == [one.kind for one in mentions] and own_numbers(found) == numbers


def _converts_to(code: str, plan: _Plan, reader: str, problem: str, solution: str, answer: str) -> bool:
    """Whether the converter finds the same program in the new texts, and their equations are true."""
    if not states_truth(solution):
        return False
    again = replace(plan.seed, problem=problem, solution=f"{solution.rstrip()}\n#### {answer}", answer=answer)
    found = convert(again, reader)
    return not isinstance(found, str) and found.code == code and found.grade.reaches(Grade.A)


def _solution_text(seed: Seed) -> str:
    """The solution without the line that repeats the answer; empty if there is none."""
    return (seed.solution or "").partition("####")[0]


def _without_annotations(solution: str) -> str:
    return _ANNOTATION.sub("", solution).strip()


def _make_solution(bound: Bound, numbers: Mapping[QuestionPart, Fraction]) -> str | None:
    """The steps of a program as lines such as `12 - 8 = 4`, for a source without solutions; None if one cannot be."""
    try:
        values = _known_values(bound, numbers)
        lines = [line for one in bound.statements.values() for line in write_steps(one.tree, values)]
    except (NoValueError, UntracedError):
        return None
    answer = shown_number(values[Step(bound.finals[0])])
    return "\n".join([*lines, f"The answer is {answer}."])


def _is_number(text: str, answer: str) -> bool:
    try:
        return Fraction(text) == Fraction(answer)
    except (ValueError, ZeroDivisionError):
        return False
