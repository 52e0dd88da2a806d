"""What the offspring writer is taught: composed and mutated programs of the bank, with problem and solution in the bank's words.

A composition joins two drawn problems where the answer of the first is a number of the second, so both solutions hold as they
are. A mutation goes on from a drawn problem with one more sentence and one more step. None of these texts is published: a run
asks the model that learnt from them, which has to write for programs that it never saw.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from random import Random

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import BankProblem, Family, draw_problem
from caco_tasks.offspring.compose import compose, fitting_inputs
from caco_tasks.offspring.input_units import MONEY
from caco_tasks.offspring.mutate import OPERATORS, Mutation
from caco_tasks.offspring.parents import Parent, make_parent
from caco_tasks.offspring.template import write_template

POOL_EACH = 16  # draws of each family that are joined with each other
OF_A_POOL = (400, 400, 400)  # compositions, mutations and plain problems that are taught from one pool
TAUGHT_OPERATORS = ("tax", "discount", "share", "leftover", "more", "repetition", "threshold")
FIRST_NUMBER = 2_000_000  # of seeds for the bank's draws: the other models, seeds and tests have those below

_CALLED = ("Let X be this number.", "Call this number X.", "Let X be the answer.")
_ANSWER_LINE = re.compile(r"\nThe answer is \\boxed\{.*\}\.\Z")

Drawn = tuple[BankProblem, Parent]


def offspring_problems(seed: int, *, skip: int = 0) -> Iterator[tuple[int, BankProblem]]:
    """The endless list of problems with their positions, from position `skip`; a third each composed, mutated and plain."""
    size = sum(OF_A_POOL)
    pools, within = divmod(skip, size)
    while True:
        rng = Random(f"offspring/{seed}/{pools}")
        drawn = _draw_pool(FIRST_NUMBER + pools * POOL_EACH)
        problems = [*_composed(drawn, rng), *_mutated(drawn, rng), *(rng.choice(drawn)[0] for _ in range(OF_A_POOL[2]))]
        rng.shuffle(problems)
        for place, problem in enumerate(problems):
            if place >= within:
                yield pools * size + place, problem
        pools, within = pools + 1, 0


def composed_problem(first: Drawn, second: Drawn, name: str, rng: Random) -> BankProblem | None:
    """Two drawn problems as one; None where the programs do not fit, or the number is not said once in the second."""
    (one, parent), (other, follower) = first, second
    value = str(follower.program.values[name])
    program = compose(parent.program, follower.program, name)
    places = list(re.finditer(r"(?<![\d.])\d+(?!\d)", other.problem))
    found = [place for place in places if place.group() == value]
    if program is None or len(found) != 1:
        return None
    referring = f"{other.problem[: found[0].start()]}X{other.problem[found[0].end() :]}"
    return replace(
        other,
        key=f"{one.key}+{other.key}",
        problem=f"{one.problem} {rng.choice(_CALLED)} {referring}",
        solution=f"{_steps_of(one)}\nSo X is {value}.\n{other.solution}",
        program=write_template(program),
    )


def mutated_problem(drawn: Drawn, operator: str, rng: Random) -> BankProblem | None:
    """A drawn problem that goes on; None where the operator does not fit its program."""
    problem, parent = drawn
    made = OPERATORS[operator](parent, rng)
    if made is None:
        return None
    asked, steps, answer = _SENTENCES[operator](parent, made, rng)
    return replace(
        problem,
        key=f"{problem.key}+{operator}",
        problem=f"{problem.problem} {asked}",
        solution=f"{_steps_of(problem)}\n{steps}\nThe answer is \\boxed{{{answer}}}.",
        answer=str(answer),
        program=write_template(made.program),
    )


def drawn_parent(family: Family, number: int) -> Drawn | None:
    """A problem of the bank and its program as a parent; None where its answer is no whole number."""
    problem = draw_problem(family, number)
    if not problem.answer.lstrip("-").isdecimal():
        return None
    parent = make_parent(problem.program, int(problem.answer), program_id=problem.key, seed_id=problem.key)
    return None if parent is None else (problem, parent)


def _draw_pool(first: int) -> list[Drawn]:
    numbers = range(first, first + POOL_EACH)
    return [drawn for family in FAMILIES for number in numbers if (drawn := drawn_parent(family, number)) is not None]


def _composed(drawn: list[Drawn], rng: Random) -> Iterator[BankProblem]:
    by_output: dict[int, list[Drawn]] = defaultdict(list)
    for one in drawn:
        by_output[one[1].output].append(one)
    made = 0
    while made < OF_A_POOL[0]:
        second = rng.choice(drawn)
        name = rng.choice(list(second[1].program.values))
        value = second[1].program.values[name]
        firsts = by_output.get(value, []) if type(value) is int else []
        firsts = [first for first in firsts if name in fitting_inputs(first[1], second[1])]
        problem = composed_problem(rng.choice(firsts), second, name, rng) if firsts else None
        if problem is not None:
            made += 1
            yield problem


def _mutated(drawn: list[Drawn], rng: Random) -> Iterator[BankProblem]:
    made = 0
    while made < OF_A_POOL[1]:
        problem = mutated_problem(rng.choice(drawn), rng.choice(TAUGHT_OPERATORS), rng)
        if problem is not None:
            made += 1
            yield problem


def _steps_of(problem: BankProblem) -> str:
    """A solution without its closing line."""
    return _ANSWER_LINE.sub("", problem.solution)


def _add_percent(parent: Parent, made: Mutation, rng: Random) -> tuple[str, str, int]:
    (name, percent), value = next(iter(made.numbers.items())), parent.output
    part = value * percent // 100
    found = f"{value} * {percent} / 100 = {part} dollars"
    if name == "tax_rate":
        asked = (
            f"A tax of {percent} percent is added to this amount. How many dollars is it with the tax?",
            f"On top of it comes a tax of {percent} percent. What is the amount in dollars with the tax?",
        )
        return rng.choice(asked), f"The tax is {found}.\n{value} + {part} = {value + part} dollars.", value + part
    asked = (
        f"Then {percent} percent is taken off this amount as a discount. How many dollars are left?",
        f"This amount is reduced by a discount of {percent} percent. What is it then in dollars?",
    )
    return rng.choice(asked), f"The discount is {found}.\n{value} - {part} = {value - part} dollars.", value - part


def _share(parent: Parent, made: Mutation, rng: Random) -> tuple[str, str, int]:
    (people,), value = made.numbers.values(), parent.output
    share = value // people
    if parent.unit == MONEY:
        asked = f"This amount is shared equally among {people} people. How many dollars is the share of each?"
    else:
        asked = f"They are shared equally among {people} people. How many are there for each of them?"
    return asked, f"Each of {people} people has a share of {value} / {people} = {share}.", share


def _leftover(parent: Parent, made: Mutation, rng: Random) -> tuple[str, str, int]:
    (size,), value = made.numbers.values(), parent.output
    grouped = value // size * size
    asked = (
        f"They are put into groups of {size}, as many as possible. How many are left over?",
        f"As many groups of {size} as possible are made of them. How many are in no group?",
    )
    steps = f"In groups are {value // size} * {size} = {grouped}.\n{value} - {grouped} = {value % size} are left over."
    return rng.choice(asked), steps, value % size


def _more(parent: Parent, made: Mutation, rng: Random) -> tuple[str, str, int]:
    (more,), value = made.numbers.values(), parent.output
    if parent.unit == MONEY:
        asked = f"A fee of {more} dollars is added to this amount. How many dollars is it with the fee?"
    else:
        asked = f"Later {more} more are added to this number. What is the number then?"
    return asked, f"{value} + {more} = {value + more}.", value + more


def _repetition(parent: Parent, made: Mutation, rng: Random) -> tuple[str, str, int]:
    (days,), value = made.numbers.values(), parent.output
    what = "How many dollars is that" if parent.unit == MONEY else "What is the number"
    asked = f"The same happens on each of {days} days. {what} for all days together?"
    return asked, f"For {days} days it is {value} * {days} = {value * days}.", value * days


def _threshold(parent: Parent, made: Mutation, rng: Random) -> tuple[str, str, int]:
    (limit, reduction), value = made.numbers.values(), parent.output
    kind, unit = ("amount", " dollars") if parent.unit == MONEY else ("number", "")
    asked = f"If this {kind} is above {limit}{unit}, it is reduced by {reduction}{unit}. What is the {kind} in the end?"
    left = value - reduction
    return asked, f"{value} is above {limit}, so it is reduced.\n{value} - {reduction} = {left}.", left


_SENTENCES = {
    "tax": _add_percent,
    "discount": _add_percent,
    "share": _share,
    "leftover": _leftover,
    "more": _more,
    "repetition": _repetition,
    "threshold": _threshold,
}
