"""The training data of the nano models: the bundled bank, in the same prompts that the stages use.

Each round of the endless list of training problems draws one problem of every family, in shuffled order, with seed numbers
from `FIRST_TRAINING_NUMBER` up; the numbers below it are left to seeds and to tests.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import zip_longest
from random import Random

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import BankProblem, Family, draw_problem
from caco_tasks.domain_tags import tag_line
from caco_tasks.llm.prompts import Prompt, load_prompt

FIRST_TRAINING_NUMBER = 1_000_000

ROLES = ("codegen", "writer", "judge")
# a writer and a judge that also learn `offspring_data`, for the config nano-mix
OFFSPRING, OFFSPRING_JUDGE = "offspring", "offspring_judge"

TAGGED_SHARE = 0.75  # of the programs that CodeGen learns from

SPECIAL_TOKENS = (
    "<|pad|>",
    "<|end|>",
    "<|program|>",
    "<|reverse|>",
    "<|output|>",
    "<|problem|>",
    "<|solve|>",
    "<|solution|>",
    "<|judge|>",
    "<|code|>",
    "<|verdict|>",
)

KINDS = ("problem number", "program number", "program of another draw", "solution number", "operator")
TAUGHT_KINDS = KINDS[
    :3
]  # those that a comparison of the numbers in problem and program shows; the judge learns no others

_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A prompt and the completion to learn; the loss counts on the completion alone."""

    prompt: str
    completion: str


def training_problems(seed: int, *, skip: int = 0) -> Iterator[tuple[int, BankProblem]]:
    """The endless list of training problems with their positions, from position `skip`."""
    rounds, within = divmod(skip, len(FAMILIES))
    while True:
        # each round has random numbers of its own, so that a resumed training need not repeat those before it
        order = Random(f"{seed}/{rounds}").sample(range(len(FAMILIES)), len(FAMILIES))
        for place in range(within, len(order)):
            family = FAMILIES[order[place]]
            yield rounds * len(FAMILIES) + place, draw_problem(family, FIRST_TRAINING_NUMBER + rounds)
        rounds, within = rounds + 1, 0


def examples_of(role: str, problem: BankProblem, rng: Random) -> list[Example]:
    """The training examples that one problem gives to the model of `role`."""
    match role:
        case "codegen":
            # most with the domain before them, as `train.domain_tags` has it; the others, so that it can do without
            tag = tag_line(problem.domain) if rng.random() < TAGGED_SHARE else ""
            return [Example(prompt=_prompt("nano_program.v1").render(), completion=tag + problem.program)]
        case "writer" | "offspring":
            reverse = _prompt("nano_reverse.v1").render(code=problem.program, output=problem.answer)
            solve = _prompt("nano_solve.v1").render(problem=problem.problem)
            return [
                Example(prompt=reverse, completion=problem.problem),
                Example(prompt=solve, completion=problem.solution),
            ]
        case "judge" | "offspring_judge":
            return [judge_example(problem), judge_example(problem, plant(problem, rng, TAUGHT_KINDS))]
    raise ValueError(f"no nano model has the role {role}")


def judge_example(problem: BankProblem, planted: BankProblem | None = None) -> Example:
    """A question to the judge: about a true problem, or about one in which an inconsistency was planted.

    The judge writes each number of the program's `input` beside the one that the problem states for it. `stages.judge`
    compares them: so small a model copies well and compares badly.
    """
    shown = planted or problem
    prompt = _prompt("nano_judge.v1").render(problem=shown.problem, solution=shown.solution, code=shown.program)
    pairs = zip_longest(_input_numbers(shown), _stated_numbers(problem, shown), fillvalue="-")
    compared = " ".join(f"{of_program}={of_problem}" for of_program, of_problem in pairs)
    return Example(prompt=prompt, completion=compared)


def plant(problem: BankProblem, rng: Random, kinds: Sequence[str] = KINDS) -> BankProblem:
    """The problem with one inconsistency of one of `kinds`; where none of them fits, a false last answer."""
    for kind in rng.sample(kinds, len(kinds)):
        planted = _plant_kind(problem, kind, rng)
        if planted != problem:
            return planted
    # a problem without a number, whose program has no operator and no other draw
    return replace(problem, solution=problem.solution.replace(problem.answer, problem.answer + "1"))


def is_planted(problem: BankProblem, other: BankProblem, kind: str) -> bool:
    """Whether the inconsistency that `other` has is of `kind`, rather than the false answer that stands in for it."""
    changed = {"problem number": "problem", "solution number": "solution"}.get(kind, "program")
    return bool(getattr(problem, changed) != getattr(other, changed))


def family_of(problem: BankProblem) -> Family:
    """The family that a problem was drawn from."""
    return next(family for family in FAMILIES if family.name == problem.family)


def _plant_kind(problem: BankProblem, kind: str, rng: Random) -> BankProblem:
    match kind:
        case "problem number":
            return replace(problem, problem=_change_number(problem.problem, rng))
        case "solution number":
            return replace(problem, solution=_change_number(problem.solution, rng))
        case "program number":
            return replace(problem, program=_change_number(problem.program, rng))
        case "program of another draw":
            return replace(problem, program=draw_problem(family_of(problem), rng.randrange(10**9)).program)
        case _:
            return replace(problem, program=_swap_operator(problem.program, rng))


def _input_numbers(problem: BankProblem) -> list[str]:
    """The numbers of the program's `input`, in order."""
    line = next(line for line in problem.program.splitlines() if line.startswith("input = "))
    return _NUMBER.findall(line)


def _stated_numbers(problem: BankProblem, shown: BankProblem) -> list[str]:
    """What the shown problem text states for each number of the true program's `input`."""
    numbers = _input_numbers(problem)
    # a planted number stands where the true one stood, so both texts have as many
    before, after = _NUMBER.findall(problem.problem), _NUMBER.findall(shown.problem)
    for old, new in zip(before, after, strict=True):
        if old != new and old in numbers:
            numbers[numbers.index(old)] = new
    return numbers


def _change_number(text: str, rng: Random) -> str:
    numbers = list(_NUMBER.finditer(text))
    if not numbers:
        return text
    found = rng.choice(numbers)
    # by little, as a slip would be: a number out of all proportion is too easy to see
    changed = max(0, int(found.group()) + rng.choice((-10, -2, -1, 1, 2, 3, 10)))
    return text[: found.start()] + str(changed) + text[found.end() :]


def _swap_operator(program: str, rng: Random) -> str:
    places = [match.start(1) for match in re.finditer(r" ([-+*]) ", program)]
    if not places:
        return program
    place = rng.choice(places)
    other = rng.choice([operator for operator in "+-*" if operator != program[place]])
    return program[:place] + other + program[place + 1 :]


@cache
def _prompt(name: str) -> Prompt:
    return load_prompt(name, variables=frozenset(("code", "output", "problem", "solution")))
