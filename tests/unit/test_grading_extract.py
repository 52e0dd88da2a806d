"""The final answer of a solution, wherever it stands."""

import time

import pytest

from caco_tasks.grading import extract_answer


@pytest.mark.parametrize(
    ("solution", "answer"),
    [
        pytest.param(r"12 * 4 = 48. The answer is \boxed{48}.", "48", id="boxed"),
        pytest.param(r"So \boxed{\frac{1}{2}} it is.", r"\frac{1}{2}", id="boxed with nested braces"),
        pytest.param(r"First \boxed{3}, but checking again gives 4. Hence \boxed{4}.", "4", id="last of two boxes"),
        pytest.param(r"\boxed{1} and \boxed{2}", "1, 2", id="boxes side by side"),
        pytest.param(r"Each step gives \boxed{200}. Final answer: 10,455", "10,455", id="final answer behind a box"),
        pytest.param(r"So \boxed{12", "12", id="box never closed"),
        pytest.param("48/2 = 24\n48+24 = 72\n#### 72", "72", id="hashes"),
        pytest.param("She adds both. The answer is 42.", "42", id="the answer is"),
        pytest.param("The answer is: 3/4", "3/4", id="the answer is, colon"),
        pytest.param("**Answer:** 17 apples", "17 apples", id="bold cue and unit"),
        pytest.param("The answer is 12, not 13.", "12", id="another answer denied"),
        pytest.param("The answers are 3 and 5.", "3 and 5", id="several answers"),
        pytest.param("The answer is $x = 5$.", "5", id="named value"),
        pytest.param("The correct option is (B).", "(B)", id="choice"),
        pytest.param("Therefore the answer is 3.5 because it was halved.", "3.5", id="decimal before a reason"),
        pytest.param("Final Answer: Jane started 3 hours ago.", "3", id="value in a sentence"),
        pytest.param(r"Adding gives $2 + 3 = 5$.", "5", id="last mathematics"),
        pytest.param("First 3 + 4 = 7.\nThen 7 * 2 = 14 pens.", "14", id="last equation"),
        pytest.param("Altogether there are 19 birds on the roof.", "19", id="last number"),
        pytest.param("It drops from 5 to -3", "-3", id="negative number"),
        pytest.param("So the result is 4-3", "4-3", id="expression"),
    ],
)
def test_the_final_answer_is_found(solution: str, answer: str) -> None:
    assert extract_answer(solution) == answer


@pytest.mark.parametrize(
    "solution", ["", "   ", "I do not know.", "The answer is"], ids=["empty", "blank", "words", "cut off"]
)
def test_a_solution_without_an_answer_has_none(solution: str) -> None:
    assert extract_answer(solution) is None


@pytest.mark.parametrize(
    "text",
    [
        "\\boxed{" * 100_000,
        "the answer is " * 80_000,
        "$" * 1_000_000,
        "\\(" * 500_000,
        "1 = " * 250_000,
        "is " * 300_000,
    ],
    ids=["boxes", "cues", "dollars", "delimiters", "equations", "words"],
)
def test_a_hostile_solution_takes_no_longer_than_its_tail(text: str) -> None:
    started = time.process_time()
    extract_answer(text)
    assert time.process_time() - started < 4
