"""What the steps of a solution begin with, use and reach, and whether a problem gives each input its own number."""

import json
from random import Random
from time import process_time
from typing import Any

import pytest

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import Family, draw_problem
from caco_tasks.check_settings import AgreeSettings
from caco_tasks.checks.problems.exchanged_values import find_exchanged_values
from caco_tasks.checks.rules import apply_rules
from caco_tasks.checks.steps.step_grounding import find_step_faults
from caco_tasks.records import PASS, Reason, Verdict

EGGS = "On a farm, 126 eggs are collected and 16 of them break. A carton holds 10 eggs. How many cartons are filled?"
EGG_VALUES = {"eggs_collected": 126, "eggs_broken": 16, "eggs_per_carton": 10}
EGG_STEPS = "126 - 16 = 110 eggs are whole.\n110 / 10 = 11 cartons are filled.\nThe answer is \\boxed{11}."


def step_faults(problem: str, solution: str, **program: str) -> Verdict:
    rules = AgreeSettings().rules
    return apply_rules(find_step_faults(problem, solution, rules, **program), rules, stage="agree")[0]


def faults(solution: str, problem: str = EGGS, output: str = "11", code: str = "", **values: Any) -> Verdict:
    """What the check says of a solution, by default one about eggs."""
    return step_faults(problem, solution, input_json=json.dumps(values or EGG_VALUES), output_text=output, code=code)


SOUND: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "a percentage as its decimal": ("What is 15% of 80?", "0.15 * 80 = 12", "12", {"rate": 15, "whole": 80}),
    "what is left of a percentage": ("80 less 15 percent?", "80 * 85 / 100 = 68", "68", {"rate": 15, "whole": 80}),
    "a share, and what is left of it": ("A third of 60 is sold. What is left?", "60 * 2/3 = 40", "40", {"all": 60}),
    "a raise by a percentage": ("60 and 50% more?", "60 * 1.50 = 90", "90", {"boxes": 60, "percent": 50}),
    "a percentage beside the whole": (
        "$80,000 and 40% more?",
        "80,000 * 140% = 112,000",
        "112000",
        {"pay": 80000, "rise": 40},
    ),
    "a number in words": ("Sixteen cows and 40 pigs?", "16 + 40 = 56", "56", {"cows": 16, "pigs": 40}),
    "a constant that the words call for": ("How many minutes are 14 hours?", "14 * 60 = 840", "840", {"hours": 14}),
    "a factor that is tried": (
        "How many 25s are in 170?",
        "6 * 25 = 150. 170 - 150 = 20. So 6.",
        "6",
        {"a": 170, "b": 25},
    ),
    "a neighbour": ("How many pairs of 15 boys?", "15 * 14 = 210. 210 / 2 = 105", "105", {"boys": 15}),
    "parts of a known sum": (
        "Two parts of 35, product 286?",
        "13 + 22 = 35, 13 * 22 = 286. 22.",
        "22",
        {"s": 35, "p": 286},
    ),
    "digits": ("What is the digit sum of 583?", "5 + 8 = 13. 13 + 3 = 16", "16", {"number": 583}),
    "a side of a chain that was computed in the head": (
        "4 less than twice 23?",
        "2 * 23 - 4 = 46 - 4 = 42",
        "42",
        {"n": 23},
    ),
    "a slash of a unit": ("500 a day for 7 days?", "$500/day * 7 days = $3500/week", "3500", {"pay": 500, "days": 7}),
    "letters": ("Find x in 20x = 300.", "20x + 300 = 40x, 300 = 20x, 300 / 20 = 15", "15", {"a": 20, "b": 300}),
    "a small count that is worked off": (
        "Double 21 for 3 years?",
        "From 21: 42, 84, then 84 * 2 = 168",
        "168",
        {"n": 21, "years": 3},
    ),
    "words as an answer": ("60 and 12 presses?", "60 + 12 = 72 is even.", "No", {"a": 60, "b": 12}),
    "an answer that is said and not computed": (
        "The larger of 58 and 39?",
        "58 > 39. So 58.",
        "58",
        {"a": 58, "b": 39},
    ),
    "thousands": ("1,200 and 300?", "1,200 + 300 = 1,500", "1500", {"a": 1200, "b": 300}),
}

SOUND |= {
    "a dropped half of a fraction's numbers": ("2/5 of 1 is gone?", "1 - 2/5 = \\frac{3}{5}", "3/5", {"a": 1}),
    "a fraction of two results": ("Of 12 * 3 cases 5 are good?", "12 * 3 = 36. So 5 / 36 = 5/36", "5/36", {"a": 12}),
    "an answer that words reason towards": (
        "Which of the 29 numbers is it?",
        "Of the 29 numbers, those that end in 3 are odd, and 2 + 1 = 3. Only the last but one is left, which is \\boxed{27}.",
        "27",
        {"numbers": 29},
    ),
    "an input that other words use": (
        "Ann and Ben split 24 cards. After 7 rounds Ben gives her 3 more. How many has Ann?",
        "Both won the same number of rounds but for one that nobody won, so the rounds change nothing. 24 / 2 = 12. 12 + 3 = 15.",
        "15",
        {"cards": 24, "rounds": 7, "given": 3},
    ),
    "an input that is capped by another one": (
        "Of 16 red and 30 blue marbles, how many must be drawn to be sure of 7 alike?",
        "At most 7 - 1 = 6 of each come first: 6 red and 6 blue. 6 + 6 = 12. 12 + 1 = 13.",
        "13",
        {"red_marbles": 16, "blue_marbles": 30, "alike": 7},
    ),
    "a date, an ordinal and a choice that nobody needs": (
        "On March 14, 1998 the 21st guest bought 30 cups at 6 coins. What did they cost? (A) 150 (B) 180",
        "30 * 6 = 180",
        "180",
        {"day": 14, "year": 1998, "guest": 21, "cups": 30, "price": 6, "choice": 150},
    ),
}

UNSOUND: dict[str, tuple[str, Reason, str]] = {
    "a step is missing": (EGG_STEPS.partition("\n")[2], Reason.UNGROUNDED_NUMBER, "110 in '110 / 10 = 11'"),
    "a number was misread": (EGG_STEPS.replace("126 - 16 = 110", "136 - 26 = 110"), Reason.UNGROUNDED_NUMBER, "136"),
    "a true step from a wrong number": (EGG_STEPS.replace("126 - 16 = 110", "126 - 36 = 90"), Reason.UNGROUNDED_NUMBER, "36"),
    "an input is not used": ("126 / 10 = 12.6, about 11.\nThe answer is \\boxed{11}.", Reason.INPUT_NOT_USED, "eggs_broken"),
    "no steps at all": ("The answer is \\boxed{11}.", Reason.INPUT_NOT_USED, "126"),
    "no step gives the answer": (
        EGG_STEPS.replace("110 / 10 = 11 cartons are filled.\n", "10 in each."),
        Reason.ANSWER_NOT_REACHED,
        "no step gives 11",
    ),
}  # fmt: skip


def test_a_sound_solution_passes() -> None:
    assert faults(EGG_STEPS) == PASS


@pytest.mark.parametrize(("problem", "solution", "output", "values"), SOUND.values(), ids=SOUND)
def test_a_number_may_come_from_many_places(problem: str, solution: str, output: str, values: dict[str, Any]) -> None:
    assert faults(f"{solution}", problem, output, **values) == PASS


@pytest.mark.parametrize(("solution", "reason", "detail"), UNSOUND.values(), ids=UNSOUND)
def test_a_gap_in_the_steps_is_found(solution: str, reason: Reason, detail: str) -> None:
    verdict = faults(solution)
    assert verdict.reason is reason
    assert detail in (verdict.detail or "")


def test_a_constant_of_the_program_needs_no_other_source() -> None:
    problem, steps = "What are 90 degrees Celsius in Fahrenheit?", "90 / 5 = 18, 18 * 9 = 162, 162 + 32 = 194"
    assert faults(steps, problem, "194", celsius=90).reason is Reason.UNGROUNDED_NUMBER
    assert faults(steps, problem, "194", code="return celsius // 5 * 9 + 32", celsius=90) == PASS


UNITS: dict[str, tuple[str, str, bool]] = {
    "the unit asked for": ("How many minutes are left of 200 after 57?", "200 - 57 = 143 minutes.", True),
    "another spelling": ("How long is it, in metres, if 200 lose 57?", "200 - 57 = 143 m.", True),
    "no unit": ("How many minutes are left of 200 after 57?", "200 - 57 = 143.", True),
    "no unit asked for": ("What is left of 200 after 57?", "200 - 57 = 143 minutes.", True),
    "something that is no measure": ("How many apples are left of 200 after 57?", "200 - 57 = 143 pears.", True),
    "a rate": ("How many km per hour are 200 less 57?", "200 - 57 = 143 m.", True),
    "in total is no inch": ("How many dollars are left of 200 after 57?", "200 - 57 = $143 in total.", True),
    "in all is no inch": ("How many metres are left of 200 after 57?", "200 - 57 = 143 in all.", True),
    "an inch at the end": ("How many metres are left of 200 after 57?", "200 - 57 = 143 in.", False),
    "a letter that may be thousands": ("How many dollars are left of 200 after 57?", "200 - 57 = 143 k.", True),
    "a rate behind the last step": (
        "Of 200 ml, 57 are lost. How many grams are 429 / 3?",
        "200 - 57 = 143 ml. 429 / 3 = 143 grams per ml.",
        True,
    ),
    "another unit behind the step": ("How many hours are left of 200 after 57?", "200 - 57 = 143 minutes.", False),
    "another unit behind the answer": ("How many dollars of 200 after 57?", "200 - 57 = 143. So \\boxed{143} cents.", False),
    "another unit in LaTeX": ("How long is it in km, if 200 lose 57?", "200 - 57 = $143\\text{ cm}$", False),
}  # fmt: skip


@pytest.mark.parametrize(("problem", "solution", "is_right"), UNITS.values(), ids=UNITS)
def test_the_answer_is_in_the_unit_that_is_asked_for(problem: str, solution: str, is_right: bool) -> None:
    verdict = faults(solution, problem, "143", whole=200, part=57)
    assert verdict.reason is (None if is_right else Reason.WRONG_UNIT)


@pytest.mark.parametrize(
    "values",
    [{}, {"a": True}, {"a": None}, {"a": [1, 2]}, {"a": "x"}, {"a": {"$type": "Fraction", "value": "1/0"}}],
    ids=str,
)
def test_inputs_that_are_no_numbers_need_not_be_named(values: dict[str, Any]) -> None:
    problem, solution = "How much is it?", "1 + 1 = 2"
    assert step_faults(problem, solution, input_json=json.dumps(values), output_text="2", code="") == PASS


@pytest.mark.parametrize(
    "text",
    [
        "9" * 100_000,
        "1 + 1 = 2. " * 20_000,
        "17 * 19 = 323 " * 10_000,
        "\\frac{" * 30_000,
        "é" * 100_000,
        "\x00\ud800 2 1/0 = 7",
    ],
    ids=["digits", "true", "from nowhere", "deep", "letters", "odd signs"],
)
def test_a_hostile_solution_takes_no_long_time(text: str) -> None:
    started = process_time()
    faults(text, text)
    assert process_time() - started < 4


@pytest.mark.parametrize("family", [one for one in FAMILIES if one.name != "marbles_alike"], ids=lambda one: one.name)
def test_the_solutions_of_the_bank_pass(family: Family) -> None:
    for number in range(2):
        drawn = family.draw(Random(f"steps/{number}"))
        solution = f"{drawn.solution}\nThe answer is \\boxed{{{drawn.answer}}}."
        given = json.dumps(dict(drawn.values))
        program = draw_problem(family, number).program
        verdict = step_faults(drawn.problem, solution, input_json=given, output_text=str(drawn.answer), code=program)
        assert verdict == PASS, drawn.problem


def test_an_input_that_another_one_caps_may_go_unnamed_and_is_lost() -> None:
    problem = "Of 16 red and 30 blue marbles, how many must be drawn to be sure of 7 alike?"
    verdict = faults("At most 7 - 1 = 6 of each: 6 + 6 = 12. 12 + 1 = 13.", problem, "13", red=16, blue=30, alike=7)
    assert verdict.reason is Reason.INPUT_NOT_USED


EXCHANGED: dict[str, tuple[str, bool]] = {
    "as it is": (EGGS, False),
    "two values exchanged": (
        "Of the 16 eggs collected, 126 broken ones are thrown away. Cartons hold 10. How many?",
        True,
    ),
    "the same words, as it is": (
        "Of the 126 eggs collected, 16 broken ones are thrown away. Cartons hold 10. How many?",
        False,
    ),
    "without telling words": ("Take 126, 16 and 10. What comes out?", False),
    "a value that is said twice": (f"{EGGS} Only 16 break of 126.", False),
    "in another order": ("A carton holds 10 eggs. How many are filled, if 16 eggs broke of the 126 collected?", False),
    "no numbers": ("How many cartons are filled?", False),
}


@pytest.mark.parametrize(("problem", "is_exchanged"), EXCHANGED.values(), ids=EXCHANGED)
def test_exchanged_values_show_in_the_words_around_them(problem: str, is_exchanged: bool) -> None:
    found = [fault.reason for fault in find_exchanged_values(problem, json.dumps(EGG_VALUES))]
    assert found == ([Reason.VALUES_EXCHANGED] if is_exchanged else [])


@pytest.mark.parametrize("given", ["[]", "3", "{}", '{"a": [1]}', '{"a": 5, "b": 5}', '{"a": true, "b": 0.5}'])
def test_inputs_that_cannot_be_told_apart_are_not_exchanged(given: str) -> None:
    assert list(find_exchanged_values("There are 5 and 0.5 and 1.", given)) == []


def test_a_long_problem_takes_no_long_time() -> None:
    started = process_time()
    list(find_exchanged_values("7 eggs " * 200_000, json.dumps({f"eggs_{n}": n for n in range(5000)})))
    assert process_time() - started < 2
