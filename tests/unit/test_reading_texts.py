"""Problems and solutions in replies: thinking, headers, chat and what stands behind them are left out."""

import re

import pytest
from thinking_frames import HEADED, NO_END, THINKING

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import Family, draw_problem
from caco_tasks.grading import extract_answer
from caco_tasks.reading import read_problem, read_program, read_solution

PROBLEM = (
    "A farmer has 12 hens and buys 5 more. Each hen lays 2 eggs a day. How many eggs does the farmer get in a day?"
)
OTHER = "A tram carries 40 people, and 7 get off. How many are left?"
STEPS = "12 + 5 = 17 hens.\n17 * 2 = 34 eggs."
BOXED = STEPS + "\nThe answer is \\boxed{34}."


@pytest.mark.parametrize("frame", [*THINKING.values(), *HEADED.values()], ids=[*THINKING, *HEADED])
def test_nothing_of_a_thinking_block_is_read(frame: str) -> None:
    problem, solution = read_problem(frame.format(PROBLEM)), read_solution(frame.format(BOXED))
    assert problem.text == PROBLEM
    assert "secretly" not in str(solution.text)
    assert solution.text is not None
    assert solution.text.endswith(BOXED)
    assert "thinking" in problem.cut
    assert "thinking" in solution.cut


@pytest.mark.parametrize("frame", NO_END.values(), ids=NO_END)
def test_thinking_that_does_not_end_is_no_answer(frame: str) -> None:
    assert read_problem(frame.format(PROBLEM)).text is None
    assert read_solution(frame.format(BOXED)).text is None


def test_a_fact_named_solution_does_not_end_a_problem_that_asks_behind_it() -> None:
    text = "A chemist mixes this.\nSolution: 3 liters of brine\nWater: 2 liters\nHow many liters is that?"
    assert read_problem(text).text == text
    assert read_problem(f"{PROBLEM}\nSolution: 3 liters").text == PROBLEM


def test_an_answer_in_tags_ends_thinking_that_was_not_closed() -> None:
    assert read_solution("<think>so it is 34 <answer>34</answer>").text == "The answer is \\boxed{34}"
    assert read_solution("<think>maybe <answer>30</answer>, or secretly more").text is None


PROBLEMS = {
    "bare": PROBLEM,
    "a phrase before it": f"Here is the problem:\n\n{PROBLEM}",
    "a phrase in its line": f"Sure! Here's a word problem that fits the program: {PROBLEM}",
    "consent alone": f"Certainly!\n\n{PROBLEM}",
    "a bold header": f"**Problem:** {PROBLEM}",
    "a header with a colon outside": f"**Problem**: {PROBLEM}",
    "a title": f"### Problem\n\n{PROBLEM}",
    "a harder one": f"Problem (harder):\n{PROBLEM}",
    "a numbered one": f"Problem 1: {PROBLEM}",
    "a question": f"Question: {PROBLEM}",
    "tags": f"<problem>\n{PROBLEM}\n</problem>",
    "tags among words": f"I wrote this.\n<problem>{PROBLEM}</problem>\nEnjoy!",
    "markers": f"<|Analysis Begin|>\nsix steps\n<|Analysis End|>\n\n<|Question Begin|>\n{PROBLEM}\n<|Question End|>",
    "markers that do not close": f"<|Question Begin|>\n{PROBLEM}",
    "quotes": f'"{PROBLEM}"',
    "round quotes": f"\u201c{PROBLEM}\u201d",
    "a quotation": f"> {PROBLEM}",
    "a fence": f"```\n{PROBLEM}\n```",
    "a fence of text behind a phrase": f"Here is the problem:\n```text\n{PROBLEM}\n```",
    "all bold": f"**{PROBLEM}**",
    "an answer": f"{PROBLEM}\n\nAnswer: 34",
    "a bold answer": f"{PROBLEM}\n\n**Answer:** 34 eggs",
    "an answer in brackets": f"{PROBLEM} (Answer: 34)",
    "a hint": f"{PROBLEM}\n\nHint: count the hens first.",
    "a solution": f"Problem:\n{PROBLEM}\n\nSolution:\n{STEPS}\nThe answer is 34.",
    "a solution under a title": f"## Problem\n{PROBLEM}\n\n## Solution\n{STEPS}",
    "a solution without a header": f"{PROBLEM}\n\nThe answer is 34.",
    "a program": f"{PROBLEM}\n\n# solution using Python:\n\ndef solution():\n    return 34\n",
    "a rule and a remark": f"{PROBLEM}\n\n---\n\nThis problem tests addition.",
    "a remark and a question": f"{PROBLEM}\n\nNote: this problem can be solved in two steps.\nLet me know if you want another!",
    "a second problem": f"Problem 1: {PROBLEM}\n\nProblem 2: {OTHER}",
    "a final version": f"Draft problem: {OTHER}\n\nFinal problem: {PROBLEM}",
    "a model that runs on": f"{PROBLEM}\nAnswer: 34\n\nProblem: {OTHER}\nAnswer: 33",
    "a role": f"Assistant: {PROBLEM}",
}


@pytest.mark.parametrize("reply", PROBLEMS.values(), ids=PROBLEMS)
def test_the_problem_is_read_alone(reply: str) -> None:
    assert read_problem(reply).text == PROBLEM


AS_THEY_ARE = {
    "a list of choices": "What is 2 + 2?\nAnswer Choices:\n(a) 3\n(b) 4",
    "quotes inside": '"I have 3 pears", says Ann. "And I 4", says Bob. How many have they?',
    "a question about a problem": "Ann solves 3 problems a day and Bob 5. How many problems do they solve in 4 days?",
    "a hint of prices": "Here is what a shop sells: pens at 2, pads at 5. What do 3 pens and 2 pads cost?",
    "thoughts of a person": "Ann is thinking: 'What number times 4 is 20?' Which number is it?",
    "examples that are explained": "Write f.\n\n**Example 1:**\nInput: 2\nOutput: 4\nExplanation: 2 * 2 = 4.",
    "an answer that is asked for": "Solve 2x = 8. Give your answer as a whole number.",
    "a solution of salt": "A solution holds 3 g of salt in 60 g. What share of the solution is salt?",
    "braces": r"Find $f(x) = \left\{ x \right\}$ for $x = \frac{5}{2}$.",
    "a note on what is meant": "How many rows are there?\n\nNote: The row at the top counts, and this one is row 0.",
    "a note in brackets": "What is $n + n$ for a whole number $n$? (Answer in terms of $n$.)",
    "a label inside": "A tram carries 40 people, and 7 get off.\n\nQuestion: How many are left?",
    "a task inside": "You are given a list of heights.\n\n**Task:** Write a function that returns the greatest.",
    "a word in brackets": "What does the tag <b> mean, and what `<think>`?",
    "several lines": "A shop has 3 rules:\n\n1. Two for one.\n2. Ten off.\n\nWhat do 4 pens of 5 cost?",
}


@pytest.mark.parametrize("problem", AS_THEY_ARE.values(), ids=AS_THEY_ARE)
def test_a_problem_stays_as_it_is(problem: str) -> None:
    assert read_problem(problem).text == problem
    assert read_problem(problem).cut == ()


@pytest.mark.parametrize("reply", ["", " \n", "<think></think>", "Answer: 34", "Solution:\n12 + 5 = 17"])
def test_a_reply_without_a_problem_has_none(reply: str) -> None:
    assert read_problem(reply).text is None


SOLUTIONS = {
    "bare": BOXED,
    "a phrase before it": f"Sure! Here's a step-by-step solution:\n\n{BOXED}",
    "a header": f"**Solution:**\n{BOXED}",
    "a title": f"### Solution\n\n{BOXED}",
    "a phrase behind it": f"{BOXED}\n\nI hope this helps! Let me know if you have questions.",
    "the problem again": f"Problem: {PROBLEM}\n\nSolution: {BOXED}",
    "the next problem": f"{BOXED}\n\nProblem:\n{OTHER}\nSolution:\n40 - 7 = 33\nThe answer is \\boxed{{33}}.",
    "the next question": f"{BOXED}\nQ: {OTHER}\nA: 33",
    "the other side of a talk": f"{BOXED}\n\nHuman: {OTHER}\nAssistant: \\boxed{{33}}",
    "a loop": BOXED + "\nThis is right." * 40,
    "a fence": f"```\n{BOXED}\n```",
}


@pytest.mark.parametrize("reply", SOLUTIONS.values(), ids=SOLUTIONS)
def test_the_solution_is_read_alone(reply: str) -> None:
    assert read_solution(reply).text == BOXED


ANSWERS = {
    "tags": (f"{STEPS}\n<answer>34</answer>", "34"),
    "tags behind words that lead to them": (f"{STEPS}\nThe final answer is: <answer>34</answer>", "34"),
    "tags alone": ("<answer>34</answer>", "34"),
    "tags that do not close": (f"<think>x</think>\n<answer> {STEPS} \\boxed{{34}}", "34"),
    "a box in tags": (f"{STEPS}\n<answer>\\boxed{{34}}</answer>", "34"),
    "mathematics in tags": (f"{STEPS}\n<answer>$34$</answer>", "34"),
    "the last of several": (f"{STEPS}\n<answer>30</answer> is too simple.\n<answer>34</answer>", "34"),
    "thoughts and a solution": (f"<thought>{STEPS}</thought>\n<solution> 34 </solution>", "34"),
    "a sentence in tags": (f"<answer>{STEPS} The answer is 34.</answer>", "34"),
    "marks of an exam": ("【解析】12 + 5 = 17 <eoe>\n【答案】C <eoa>", "C"),
    "yes": ("Yes. 17 is a prime number.\nThe answer is Yes", "Yes"),
    "words": (f"{STEPS}\nFinal answer: 34", "34"),
}


@pytest.mark.parametrize(("reply", "answer"), ANSWERS.values(), ids=ANSWERS)
def test_the_final_answer_stays(reply: str, answer: str) -> None:
    read = read_solution(reply).text
    assert read is not None
    assert extract_answer(read) == answer
    assert re.search(r"</?(?:answer|solution)>|【", read) is None


LEFT = {
    "a question that the steps ask": "What is wanted? The eggs.\nQuestion: how many hens? 12 + 5 = 17.\n17 * 2 = \\boxed{34}",
    "a classic problem": "This is a classic problem. Let $x$ be the hens: 17.\nThe answer is \\boxed{34}.",
    "a solution that is required": "This mixture weighs 5 g.\nThis solution requires \\boxed{5} g of salt.",
    "yes at the start": "Yes. It is prime.\nThe answer is \\boxed{Yes}.",
    "reasoning as a header": "Reasoning: 12 + 5 = 17.\nAnswer: 17",
}


@pytest.mark.parametrize("solution", LEFT.values(), ids=LEFT)
def test_a_solution_stays_as_it_is(solution: str) -> None:
    assert read_solution(solution).text == solution


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_what_needs_no_cutting_stays_as_it_is(family: Family) -> None:
    for number in range(3):
        made = draw_problem(family, number)
        assert read_program(made.program).text == made.program.strip() + "\n"
        assert read_problem(made.problem).text == made.problem.strip()
        assert read_solution(made.solution).text == made.solution.strip()
