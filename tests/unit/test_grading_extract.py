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
        pytest.param("So the result is .5", ".5", id="leading point"),
        pytest.param("The answer is .25.", ".25", id="leading point behind a cue"),
        pytest.param("So the ratio of red to blue pens is 4:9.", "4:9", id="ratio"),
        pytest.param("The bus comes at 7:45.", "7:45", id="clock time"),
        pytest.param("She has 18 pens in all.\nA: 18", "18", id="a line A"),
        pytest.param("In the end 64 seats were taken, by my count.", "64", id="sentence without a cue"),
        pytest.param("Ann has 9 pens left after 2 days.", "9", id="value behind the verb"),
        pytest.param(
            "The gain is the price less the cost:\n\n$900 - $650 = $250.\n\nSo Ann gains $250.", "$250", id="money"
        ),
        pytest.param("The answer is $40 + $35 = $75.", "$75", id="money behind a cue"),
        pytest.param("The answer is 64, all told, so she keeps that many.", "64", id="a remark behind a comma"),
        pytest.param("The answer is 64, 65.", "64, 65", id="a list behind a cue"),
        pytest.param("The roots are 3 and -5.", "3 and -5", id="values in a sentence"),
        pytest.param("# Answer\n\n(3, 7)", "(3, 7)", id="heading"),
        pytest.param("**Final Answer**\n\n$\\frac{2}{7}$", r"\frac{2}{7}", id="heading in bold type"),
        pytest.param("We get \\boxed{x > 2} first.\n\n**Answer: D**", "D", id="letter behind the last box"),
        pytest.param("A step: \\boxed{15}.\n#### 30", "30", id="hashes behind the last box"),
        pytest.param("Hence \\boxed{15}. This answer is correct.", "15", id="a verdict behind the last box"),
        pytest.param("<think>Maybe \\boxed{15}? No.</think>\n<answer>12</answer>", "12", id="tags"),
        pytest.param("<think>It is 3.</think>The result is <solution> 4 </solution>.", "4", id="other tags"),
        pytest.param("\u3010\u89e3\u6790\u30112+2=4\n\u3010\u7b54\u6848\u3011C<eoa>", "C", id="Chinese heading"),
        pytest.param("\u6240\u4ee5\u7b54\u6848\u662fB\u3002", "B", id="Chinese cue"),
        pytest.param("The answer is 12<|im_end|>", "12", id="token of a chat template"),
        pytest.param("2+2 = <<2+2=4>>4 and <<4*3=12>>12 pens", "4", id="calculator"),
        pytest.param("Adding them, $a + b = 69$.", "69", id="value of a sum"),
        pytest.param("So the line is $2x + y = 69$.", "2x + y = 69", id="equation of a line"),
        pytest.param("\\begin{align*}\nx &= 2+3 \\\\\n&= 5.\n\\end{align*}", "5", id="aligned computation"),
        pytest.param("There are $3^2 = 9$ tiles in 2 rows.", "9", id="formula before a circumstance"),
        pytest.param("It needs 4 more than 3 nails.", "4", id="not the number behind than"),
    ],
)
def test_the_final_answer_is_found(solution: str, answer: str) -> None:
    assert extract_answer(solution) == answer


@pytest.mark.parametrize(
    "solution",
    ["", "   ", "I do not know.", "The answer is", "<think>It may be 5", "All are greater than 2."],
    ids=["empty", "blank", "words", "cut off", "thinking alone", "bound alone"],
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
        "$5 " * 300_000,
        "\\begin{align}" * 70_000,
        "(1,2" * 250_000,
        "<answer>" * 100_000,
        "A: \n" * 200_000,
        "1,111" * 200_000,
        "answer 1:" * 100_000,
    ],
    ids=[
        "boxes",
        "cues",
        "dollars",
        "delimiters",
        "equations",
        "words",
        "money",
        "environments",
        "points",
        "tags",
        "lines",
        "thousands",
        "answers",
    ],
)
def test_a_hostile_solution_takes_no_longer_than_its_tail(text: str) -> None:
    started = time.process_time()
    extract_answer(text)
    assert time.process_time() - started < 4
