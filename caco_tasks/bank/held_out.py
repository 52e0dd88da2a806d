"""Problems of the bank that nothing was trained on: seeds have numbers from 0 up, the nano models' training from 1,000,000 up."""

from collections.abc import Iterator

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import BankProblem, draw_problem

FIRST_HELD_OUT_NUMBER = 500_000


def held_out_problems(each: int) -> Iterator[BankProblem]:
    """`each` problems of every family, of numbers that no model was trained on."""
    for family in FAMILIES:
        yield from (draw_problem(family, FIRST_HELD_OUT_NUMBER + number) for number in range(each))
