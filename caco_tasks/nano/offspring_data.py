"""What writer and judge are taught beside the bank: composed and mutated programs, with problem and solution in its words.

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
from caco_tasks.offspring.input_units import MONEY, is_people
from caco_tasks.offspring.mutate import OPERATORS, Mutation
from caco_tasks.offspring.parents import Parent, make_parent
from caco_tasks.offspring.template import write_template

POOL_EACH = 16  # draws of each family that are joined with each other
OF_A_POOL = (360, 240, 600)  # compositions, mutations and plain problems that are taught from one pool
TAUGHT_OPERATORS = ("tax", "discount", "share", "leftover", "more", "repetition", "threshold")
FIRST_NUMBER = 2_000_000  # of seeds for the bank's draws: the other models, seeds and tests have those below

_CALLED = ("Let X be this number.", "Call this number X.", "Let X be the answer.")
_ANSWER_LINE = re.compile(r"\nThe answer is \\boxed\{.*\}\.\Z")

Drawn = tuple[BankProblem, Parent]


def offspring_problems(seed: int, *, skip: int = 0) -> Iterator[tuple[int, BankProblem]]:
    """The endless list of problems with their positions, from position `skip`; half of them are plain ones of the bank."""
    size = sum(OF_A_POOL)
    pools, within = divmod(skip, size)
    while True:
        rng = Random(f"offspring/{seed}/{pools}")
        first = FIRST_NUMBER + pools * POOL_EACH
        drawn = _draw_pool(first)
        problems = [
            *_composed(drawn, rng),
            *_mutated(drawn, rng),
            *_plain(OF_A_POOL[2], first, rng),
        ]
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


def _plain(count: int, first: int, rng: Random) -> list[BankProblem]:
    """Problems as they are, of all families alike: also of those of which no offspring are made."""
    return [draw_problem(rng.choice(FAMILIES), first + rng.randrange(POOL_EACH)) for _ in range(count)]


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
    (people,), value, noun = made.numbers.values(), parent.output, parent.counted
    share = value // people
    if noun is None:
        asked = (
            f"This amount is shared equally among {people} people. How many dollars is the share of each?",
            f"{people} people share this amount equally. How many dollars is that for each of them?",
        )
    else:
        asked = (
            f"The {noun} are shared equally among {people} people. How many {noun} does each of them get?",
            f"{people} people share these {noun} equally. How many {noun} are there for each?",
        )
    return rng.choice(asked), f"Each of {people} people has a share of {value} / {people} = {share}.", share


def _leftover(parent: Parent, made: Mutation, rng: Random) -> tuple[str, str, int]:
    (size,), value, noun = made.numbers.values(), parent.output, parent.counted
    grouped = value // size * size
    if noun is not None and is_people(noun):
        asked = (
            f"These {noun} form as many groups of {size} as they can. How many {noun} are in no group?",
            f"As many groups of {size} {noun} as possible are formed of them. How many {noun} are left over?",
        )
    else:
        asked = (
            f"These {noun} are put into groups of {size}, as many as possible. How many {noun} are left over?",
            f"As many groups of {size} {noun} as possible are made of them. How many {noun} are in no group?",
        )
    steps = f"In groups are {value // size} * {size} = {grouped}.\n{value} - {grouped} = {value % size} are left over."
    return rng.choice(asked), steps, value % size


def _more(parent: Parent, made: Mutation, rng: Random) -> tuple[str, str, int]:
    (more,), value, noun = made.numbers.values(), parent.output, parent.counted
    if parent.unit == MONEY:
        asked = (
            f"A fee of {more} dollars is added to this amount. How many dollars is it with the fee?",
            f"With a fee of {more} dollars on top of this amount, how many dollars is it?",
        )
    elif noun is not None and is_people(noun):
        asked = (
            f"Later {more} more {noun} join them. How many {noun} are there then?",
            f"They are joined by {more} more {noun}. How many {noun} is that in all?",
        )
    else:
        asked = (
            f"Later {more} more {noun} are added to them. How many {noun} are there then?",
            f"With {more} more {noun}, how many {noun} would there be?",
        )
    return rng.choice(asked), f"{value} + {more} = {value + more}.", value + more


def _repetition(parent: Parent, made: Mutation, rng: Random) -> tuple[str, str, int]:
    (days,), value = made.numbers.values(), parent.output
    asked = (
        f"The same happens on each of {days} days. How many dollars is that for all days together?",
        f"How many dollars is it in all, if the same happens on {days} days?",
    )
    return rng.choice(asked), f"For {days} days it is {value} * {days} = {value * days}.", value * days


def _threshold(parent: Parent, made: Mutation, rng: Random) -> tuple[str, str, int]:
    (limit, reduction), value = made.numbers.values(), parent.output
    asked = (
        f"If this amount is above {limit} dollars, it is reduced by {reduction} dollars. How many dollars is it in the end?",
        f"An amount above {limit} dollars is lowered by {reduction} dollars. How many dollars is it after that?",
    )
    left = value - reduction
    return rng.choice(asked), f"{value} is above {limit}, so it is reduced.\n{value} - {reduction} = {left}.", left


_SENTENCES = {
    "tax": _add_percent,
    "discount": _add_percent,
    "share": _share,
    "leftover": _leftover,
    "more": _more,
    "repetition": _repetition,
    "threshold": _threshold,
}
