"""Values that stand in each other's place, told by the words around them; a fraction is one place."""

import json
from typing import Any

import pytest

from caco_tasks.checks.problems.exchanged_values import find_exchanged_values

PROBLEM = "The hen laid 14 eggs in spring. In autumn 23 goose eggs were found."


def exchanged(problem: str, given: dict[str, Any]) -> bool:
    return bool(list(find_exchanged_values(problem, json.dumps(given))))


def test_two_values_in_each_others_place_are_found() -> None:
    assert not exchanged(PROBLEM, {"hen_eggs": 14, "goose_eggs": 23})
    assert exchanged(PROBLEM, {"hen_eggs": 23, "goose_eggs": 14})


@pytest.mark.parametrize("slash", ["/", " / "])
def test_the_words_behind_a_fraction_belong_to_both_of_its_numbers(slash: str) -> None:
    problem = f"Of all pupils 1{slash}8 are absent. Then 3{slash}5 present pupils sit in the hall. How many sit?"
    right = {"absent_numerator": 1, "absent_denominator": 8, "present_numerator": 3, "present_denominator": 5}
    assert not exchanged(problem, right)
    wrong = {"absent_numerator": 3, "absent_denominator": 5, "present_numerator": 1, "present_denominator": 8}
    assert exchanged(problem, wrong)


def test_what_stands_before_a_comma_belongs_to_the_number_before_it() -> None:
    problem = "Of 60 guests, 31 play cards, 22 dance and 9 do both. How many do neither?"
    assert not exchanged(problem, {"cards_players": 31, "dancers": 22, "cards_and_dancing": 9})
    exchanged_names = {"guests": 31, "players": 60, "dancers": 22}
    assert exchanged(
        "There are 60 guests, of whom 31 players sit. Then 22 dancers come. How many now?", exchanged_names
    )


def test_words_of_any_equation_tell_no_input_apart() -> None:
    assert not exchanged(
        "Solve the equation 6 * x + 25 = 67 for x.", {"multiplier": 6, "added": 25, "equation_result": 67}
    )
