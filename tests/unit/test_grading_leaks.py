"""Faults of a back-translated problem, each told from its innocent neighbour."""

import json
import time
from typing import Any

import pytest

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import Family, draw_problem
from caco_tasks.check_settings import ReverseSettings
from caco_tasks.checks.problems.problem_rules import find_problem_faults
from caco_tasks.checks.rules import apply_rules
from caco_tasks.records import PASS, Reason, Verdict

CODE = """input = {"pens": 12, "pen_price": 4}

def total_price(pens, pen_price):
    total = pens * pen_price
    return total

output = total_price(**input)
print(output)
"""
GOOD = "A shop sells 12 pens at 4 dollars each. How much do they cost?"


def problem_faults(problem: str, **program: str) -> Verdict:
    """What all rules together say of a problem."""
    rules = ReverseSettings().rules
    return apply_rules(find_problem_faults(problem, rules, **program), rules, stage="reverse")[0]


def reason_of(
    problem: str, values: dict[str, Any] | None = None, output: str = "48", code: str = CODE
) -> Reason | None:
    given = json.dumps({"pens": 12, "pen_price": 4} if values is None else values)
    return problem_faults(problem, input_json=given, output_text=output, code=code).reason


def test_a_sound_problem_passes() -> None:
    verdict = problem_faults(GOOD, input_json='{"pens": 12, "pen_price": 4}', output_text="48", code=CODE)
    assert verdict == PASS


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_the_problems_of_the_bank_pass(family: Family) -> None:
    drawn = draw_problem(family, 3)
    namespace: dict[str, Any] = {}
    exec(drawn.program.partition("\ndef ")[0], namespace)  # our own program, up to its first function
    verdict = problem_faults(
        drawn.problem,
        input_json=json.dumps(
            namespace["input"], default=lambda value: {"$type": type(value).__name__, "value": str(value)}
        ),
        output_text=drawn.answer,
        code=drawn.program,
    )
    assert verdict == PASS


@pytest.mark.parametrize("problem", ["", "  \n", "12 4 ?", "?"], ids=["empty", "blank", "numbers", "mark"])
def test_a_problem_without_words_is_empty(problem: str) -> None:
    assert reason_of(problem) is Reason.EMPTY


@pytest.mark.parametrize(
    "addition",
    [
        "```python\nx = 1\n```",
        "def total(a): pass",
        'Use input["pens"].',
        "Call print(total).",
        "See total_price.",
        "if a == b",
        "import math",
    ],
    ids=["fence", "def", "input", "print", "name of the program", "comparison", "import"],
)
def test_code_in_a_problem_is_a_leak(addition: str) -> None:
    assert reason_of(f"{GOOD}\n{addition}\n{GOOD}") is Reason.LEAKS_CODE


@pytest.mark.parametrize(
    "text",
    [
        "He imports 12 pens from 4 towns. How many?",
        "Let a_1 = 12 and a_2 = 4. Find a_1 times a_2.",
        "He returns 12 of 4 pens?",
    ],
    ids=["import as a word", "subscripts", "return as a word"],
)
def test_words_that_look_like_code_are_no_leak(text: str) -> None:
    assert reason_of(text, code=CODE + "# 1 2") is None


@pytest.mark.parametrize(
    ("problem", "values", "output"),
    [
        pytest.param(f"{GOOD} The answer is 48.", None, "48", id="stated"),
        pytest.param(
            "They cost 48 dollars: 12 pens at 4 dollars. How much is that?", None, "48", id="number that is no input"
        ),
        pytest.param("12 pens of 4 kinds. The answer is 12. How many?", None, "12", id="stated, and an input as well"),
        pytest.param("12 pens at 4 dollars cost forty-eight? The answer is forty-eight.", None, "48", id="in words"),
        pytest.param("Sort 3, 1, 2 to get [1, 2, 3]. What is it?", {"items": [3, 1, 2]}, "[1, 2, 3]", id="list"),
        pytest.param("Reverse the word abc to find cba. What is it?", {"word": "abc"}, "cba", id="text"),
    ],
)
def test_a_problem_that_gives_its_answer_away_is_a_leak(
    problem: str, values: dict[str, Any] | None, output: str
) -> None:
    assert reason_of(problem, values, output, code="print(1)" if values else CODE) is Reason.LEAKS_ANSWER


def test_an_answer_that_is_also_an_input_may_be_named() -> None:
    assert reason_of("What is 12 to the power of 1, plus 0?", {"base": 12, "one": 1, "zero": 0}, "12") is None


@pytest.mark.parametrize(
    "problem",
    ["A shop sells pens at 4 dollars each. What do they cost?", "A shop sells 12 pens. What do they cost?"],
    ids=["first value", "second value"],
)
def test_a_problem_must_name_every_number_of_the_input(problem: str) -> None:
    assert reason_of(problem) is Reason.NAMES_NO_INPUT


@pytest.mark.parametrize(
    ("problem", "values"),
    [
        pytest.param("A dozen pens cost four dollars each. What do they cost?", {"pens": 12, "price": 4}, id="words"),
        pytest.param("A town has 1,250,000 people. How many?", {"people": 1250000}, id="thousands commas"),
        pytest.param("A town has 1.5 million people. How many?", {"people": 1500000}, id="millions"),
        pytest.param("It fell to 7 degrees below zero. How cold is it?", {"degrees": -7}, id="negative in words"),
        pytest.param("A discount of 15% is given. How much is it?", {"rate": 0.15}, id="percent"),
        pytest.param(
            "He eats 3/4 of it. What is left?", {"share": {"$type": "Fraction", "value": "3/4"}}, id="fraction"
        ),
        pytest.param("He eats three quarters of it. What is left?", {"share": 0.75}, id="fraction in words"),
        pytest.param("He eats half of it. What is left?", {"share": {"$type": "Fraction", "value": "1/2"}}, id="half"),
        pytest.param("Add 3, 5 and 8. What is the sum?", {"items": [3, 5, 8]}, id="list"),
        pytest.param(
            "Add the numbers from 3 to 9. What is the sum?", {"items": [3, 4, 5, 6, 7, 8, 9]}, id="run by its ends"
        ),
        pytest.param('How many vowels has the word "Banana7"?', {"word": "banana7"}, id="string"),
        pytest.param("What is 2^7?", {"base": 2, "exponent": 7}, id="exponent"),
        pytest.param("Who is on the 5th place?", {"place": 5}, id="ordinal"),
        pytest.param("How many triples are there?", {"size": 3}, id="idiom"),
        pytest.param("Of 4 numbers 3, 5, 8, 9, find the sum.", {"items": [3, 5, 8, 9]}, id="length of a list"),
        pytest.param("Ann has 3 pens and Bob 5. How many?", {"pens": {"Ann": 3, "Bob": 5}}, id="dict"),
    ],
)
def test_numbers_may_be_named_in_many_ways(problem: str, values: dict[str, Any]) -> None:
    assert reason_of(problem, values, "99999", code="") is None


@pytest.mark.parametrize(
    ("problem", "values"),
    [
        pytest.param("Add 3 and 5. What is the sum?", {"items": [3, 5, 8]}, id="element missing"),
        pytest.param("Add 3 and 5. What is the sum?", {"items": [3, 3, 5]}, id="repeat missing"),
        pytest.param("How many vowels has the word?", {"word": "banana"}, id="string missing"),
    ],
)
def test_a_list_or_a_text_must_be_named_whole(problem: str, values: dict[str, Any]) -> None:
    assert reason_of(problem, values, "99999", code="") is Reason.NAMES_NO_INPUT


@pytest.mark.parametrize(
    "problem",
    [
        "Over 7 days a shop sells 12 pens at 4 dollars. What do they cost?",
        "12 of ninety pens cost 4 dollars each. What do they cost?",
    ],
    ids=["digits", "words"],
)
def test_a_number_from_elsewhere_is_foreign(problem: str) -> None:
    assert reason_of(problem) is Reason.FOREIGN_NUMBER


def test_a_literal_of_the_program_may_be_named() -> None:
    problem = "Over 7 days a shop sells 12 pens at 4 dollars. What do they cost?"
    assert reason_of(problem, code=CODE.replace("pens * pen_price", "pens * pen_price * 7 // 7")) is None


@pytest.mark.parametrize(
    "problem",
    [
        "A shop sells 12 pens at 4 dollars.",
        "How much? 12 pens cost 4 dollars each.",
        "When 12 pens cost 4 dollars each, nobody buys them.",
        "A shop sells pens: there are 12, and a pen is 4 dollars.",
    ],
    ids=["statement", "question first", "statement that begins like a question", "verbs of questions in a statement"],
)
def test_a_problem_must_end_in_a_question_or_a_task(problem: str) -> None:
    assert reason_of(problem) is Reason.NO_QUESTION


@pytest.mark.parametrize(
    "problem",
    [
        "12 pens cost 4 dollars each. Find the total.",
        "12 pens cost 4 dollars each. What is the total? Give your answer in dollars.",
        "If 12 pens cost 4 dollars each, determine the total.",
    ],
    ids=["task", "question and instruction", "task in a clause"],
)
def test_a_task_sentence_is_a_question(problem: str) -> None:
    assert reason_of(problem) is None


def test_a_hostile_problem_takes_no_long_time() -> None:
    started = time.process_time()
    for text in (
        "1/" * 500_000,
        "the answer is " * 80_000,
        "one hundred " * 90_000,
        "a_b" * 300_000,
        "\\frac{" * 160_000,
    ):
        reason_of("what " + text, {"items": list(range(2000)), "texts": ["ab" * number for number in range(300)]})
    assert time.process_time() - started < 10
