"""Replies that nobody would write by hand: nothing raises, nothing hangs, and what was thought stays unread."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caco_tasks.reading import Cut, Reading, read_problem, read_program, read_solution

READERS = (read_program, read_problem, read_solution)
SECRET = "xyzzy"
WORDS = (
    *(
        " ",
        "\n",
        "\n\n",
        "`",
        "```",
        "```python\n",
        "\n```\n",
        "x = 1\n",
        "input = {'a': 1}\n",
        "output = 2\n",
        "def f():\n",
    ),
    *(
        " return 1\n",
        ">>> a\n",
        "Problem: ",
        "**Question 2:** ",
        "Answer: 5",
        "Solution:\n",
        "\\boxed{5}",
        "The answer is 4.",
    ),
    *(
        "What is 2 + 2?",
        "Sure! ",
        "Here is the problem:\n",
        "Let me know.",
        '"',
        "> ",
        "#### 5\n",
        "<b>",
        "</b>",
        "Q: ",
    ),
)
OTHER_MARKS = (
    "<think>",
    "<thinking>",
    "</thinking>",
    "[THINK]",
    "[/THINK]",
    "<reflection>",
    "</reflection>",
    "</details>",
)
MARKS = (*OTHER_MARKS, "</think>")
TURNS = (
    "<|im_end|>",
    "<|im_start|>",
    "Assistant:",
    "<|channel|>analysis<|message|>",
    "<|channel|>final<|message|>",
    "</s>",
)
OTHERS = (
    "<answer>",
    "</answer>",
    "<code>",
    "</code>",
    "<problem>",
    "</problem>",
    "<|Question Begin|>",
    "【答案】",
    "<eoe>",
)


def texts(*pieces: str) -> st.SearchStrategy[str]:
    """Texts put together of these pieces."""
    return st.lists(st.sampled_from(pieces), max_size=12).map("".join)


@given(texts(*WORDS, *MARKS, *TURNS, *OTHERS))
@settings(max_examples=150, deadline=None)
def test_whatever_is_put_together_is_read_or_not(text: str) -> None:
    for read in READERS:
        reading = read(text)
        assert reading.text is None or reading.text.strip()
        assert list(reading.cut) == [cut for cut in Cut if cut in reading.cut]


@given(texts(*WORDS), texts(*WORDS, *OTHER_MARKS), texts(*WORDS, *MARKS), texts(*WORDS, *OTHERS))
@settings(max_examples=150, deadline=None)
def test_what_stands_in_a_block_of_thinking_is_never_read(before: str, one: str, two: str, behind: str) -> None:
    text = f"{before}<think> {one}{SECRET}{two} </think>{behind}"
    for read in READERS:
        assert SECRET not in str(read(text).text)


@given(texts(*WORDS, *MARKS))
@settings(max_examples=100, deadline=None)
def test_what_was_read_once_holds_no_more_to_cut_as_thinking(text: str) -> None:
    for read in READERS:
        once = read(text).text or ""
        assert Cut.THINKING not in read(once).cut


ENDLESS = (
    *(
        "a",
        "\n",
        " \t\n",
        "\r",
        "`",
        "- ",
        "{",
        "# * _ ",
        "the ",
        "<think>",
        "</think>",
        "<think></thinking>",
        "<think a",
    ),
    *(
        "<answer>x</answer>",
        "```\n",
        "```python\nx = 1\n",
        "\\boxed{",
        "Question: a?\n",
        "step-by-step ",
        "the answer is ",
    ),
    *(
        "(answer ",
        "> a\n",
        ">>> a\n",
        "<|channel|>final",
        "<|im_end|>\n",
        "Here is the problem ",
        "def f(:\n",
        "#### 5\n",
    ),
    *("<|Question Begin|>", "【答案】C", "<details><summary>"),
)


@pytest.mark.parametrize("read", READERS)
def test_a_long_reply_costs_no_more_than_its_length(read: Callable[[str], Reading]) -> None:
    started = time.process_time()
    for piece in ENDLESS:
        text = piece * (100_000 // len(piece))
        read(f"input = {{'a': 1}}\noutput = 2\n{text}")
        read(f"{text}\nThe answer is 5.")
    # some ten times what it takes: one expression that goes back over the text would need minutes
    assert time.process_time() - started < 30
