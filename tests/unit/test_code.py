"""Finding the program in a reply."""

import pytest

from caco_tasks.llm.code import extract_code

PROGRAM = 'input = {"a": 1}\noutput = 2'

FOUND = {
    "a fence with a language": (f"Sure.\n```python\n{PROGRAM}\n```\nDone.", PROGRAM + "\n"),
    "a fence without one": (f"```\n{PROGRAM}\n```", PROGRAM + "\n"),
    "a fence that never closes": (f"```python\n{PROGRAM}", PROGRAM + "\n"),
    "the first of two": (f"```python\n{PROGRAM}\n```\n```python\nprint(7)\n```", PROGRAM + "\n"),
    "no fence at all": (f"\n{PROGRAM}\n\n", PROGRAM + "\n"),
    "no fence, and only an output": ("output = 2", "output = 2\n"),
    "a fence around what is no template": ("```python\nprint(7)\n```", "print(7)\n"),
    "backticks within the code": ("```python\na = '```'\nb = 1\n```", "a = '```'\nb = 1\n"),
}


@pytest.mark.parametrize(("reply", "code"), FOUND.values(), ids=FOUND)
def test_the_program_is_found(reply: str, code: str) -> None:
    assert extract_code(reply) == code


NOT_FOUND = {
    "nothing": "",
    "spaces": " \n ",
    "talk": "I cannot solve this problem.",
    "an output within a sentence": "The output = 2 is right.",
    "an indented output": "def f():\n    output = 2",
    "an empty fence": "```python\n\n```",
}


@pytest.mark.parametrize("reply", NOT_FOUND.values(), ids=NOT_FOUND)
def test_no_program_is_none(reply: str) -> None:
    assert extract_code(reply) is None
