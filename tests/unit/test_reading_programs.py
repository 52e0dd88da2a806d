"""The program in a reply: what a careful person copies out of it, and nothing else."""

import pytest

from caco_tasks.reading import read_program

PROGRAM = 'input = {"apples": 3}\n\ndef count(apples):\n    return 2 * apples\n\noutput = count(**input)\nprint(output)'
PLAN = "read the apples\nthen double them"
BROKEN = 'input = {"a": 1}\n\ndef f(a):\n    return a +\n\noutput = f(**input)'

FOUND = {
    "a fence with a language": f"Sure.\n```python\n{PROGRAM}\n```\nDone.",
    "a fence without one": f"```\n{PROGRAM}\n```",
    "a fence that never closes": f"```python\n{PROGRAM}",
    "an unclosed fence with words behind the code": f"```python\n{PROGRAM}\n\nThis doubles the apples, as was asked for.",
    "python3": f"```python3\n{PROGRAM}\n```",
    "py in capitals": f"```PY\n{PROGRAM}\n```",
    "tildes": f"~~~python\n{PROGRAM}\n~~~",
    "four backticks": f"````python\n{PROGRAM}\n````",
    "a fence that opens behind words": f"Here it is: ```python\n{PROGRAM}\n```",
    "a fence that closes behind the code": f"```python\n{PROGRAM}```",
    "a plan in the first fence": f"Plan:\n```\n{PLAN}\n```\nProgram:\n```python\n{PROGRAM}\n```",
    "a plan in Python": f"```python\n# read, double\n```\nThen:\n```python\n{PROGRAM}\n```",
    "a draft that is corrected": f"```python\n{PROGRAM.replace('2 *', '3 *')}\n```\nNo, twice.\n```python\n{PROGRAM}\n```",
    "an example of its use behind it": f"```python\n{PROGRAM}\n```\nUse it:\n```python\nprint(count(5))\n```",
    "what it prints behind it": f"```python\n{PROGRAM}\n```\n```output\n6\n```",
    "another language before it": f"```bash\npip install sympy\n```\n```python\n{PROGRAM}\n```",
    "no fence": f"\n{PROGRAM}\n\n",
    "no fence, words before and behind": f"Here is the program:\n\n{PROGRAM}\n\nIt prints the answer, which is six.",
    "no fence, and the next problem behind it": f"{PROGRAM}\n\nQuestion: A boat goes 3 km.\n\nimport math\nx = 2\n",
    "a fence within thinking": f"<think>\n```python\nprint(1)\n```\n</think>\n```python\n{PROGRAM}\n```",
    "no fence behind thinking": f"<think>double them</think>\n{PROGRAM}",
    "a stray end of thinking": f"so I double them\n```python\nx = 1\n```\n</think>\n```python\n{PROGRAM}\n```",
    "code tags": f"<code>\n{PROGRAM}\n</code>",
    "a fence in tags": f"<answer>\n```python\n{PROGRAM}\n```\n</answer>",
    "tags that never close": f"<python>\n{PROGRAM}",
    "markers": f"<|Solution Begin|>\n```python\n{PROGRAM}\n```\n<|Solution End|>\n<|Test Begin|>\n```python\nassert 1\n```\n",
    "square tags": f"[PYTHON]\n{PROGRAM}\n[/PYTHON]",
    "an end of turn": f"```python\n{PROGRAM}\n```<|im_end|>\n<|im_start|>user\n```python\nprint(2)\n```",
    "a list": "1. The program:\n   ```python\n" + "\n".join(f"   {line}" for line in PROGRAM.split("\n")) + "\n   ```",
    "tabs and carriage returns": f"```python\r\n{PROGRAM}\r\n```\r\n".replace("\n", "\r\n").replace("\r\r", "\r"),
    "the channels of gpt-oss": (
        "<|channel|>analysis<|message|>```python\nx = 1\n```<|end|><|start|>assistant<|channel|>final<|message|>"
        f"```python\n{PROGRAM}\n```<|return|>"
    ),
}


@pytest.mark.parametrize("reply", FOUND.values(), ids=FOUND)
def test_the_program_is_found(reply: str) -> None:
    found = read_program(reply).text
    assert found is not None
    assert [line for line in found.splitlines() if line] == [line for line in PROGRAM.splitlines() if line]
    assert found.endswith("\n")


OTHERS = {
    "no fence, and only an output": ("output = 2", "output = 2\n"),
    "a fence around what is no template": ("```python\nprint(7)\n```", "print(7)\n"),
    "backticks within the code": ("```python\na = '```'\nb = 1\n```", "a = '```'\nb = 1\n"),
    "a slip is the author's": (f"```python\n{BROKEN}\n```", BROKEN + "\n"),
    "a slip without a fence": (BROKEN, BROKEN + "\n"),
    "doctest prompts": ("```python\n>>> a = 2\n>>> def f(x):\n...     return x\n...\n>>> f(a)\n2\n```", None),
    "a line in one fence": ("```python print(3)```", "print(3)\n"),
    "shared indentation": ("```python\n    a = 1\n    print(a)\n```", "a = 1\nprint(a)\n"),
    "tests behind the function": (
        "```python\ndef f(x):\n    return x\n```\n```python\ndef test_f():\n    assert f(1) == 1\n```",
        "def f(x):\n    return x\n",
    ),
}


@pytest.mark.parametrize(("reply", "code"), OTHERS.values(), ids=OTHERS)
def test_what_is_no_template_is_read_too(reply: str, code: str | None) -> None:
    assert read_program(reply).text == (code or "a = 2\ndef f(x):\n    return x\n\nf(a)\n")


NOT_FOUND = {
    "nothing": "",
    "spaces": " \n ",
    "talk": "I cannot solve this problem.",
    "an output within a sentence": "The output = 2 is right.",
    "an empty fence": "```python\n\n```",
    "mathematics": "First, x = 2 * y.\nThen\n\nx = 4\n\nThe answer is 4.",
    "mathematics in a fence": "We find\n```\n3*x**2 + 2*x\n```\nas the derivative.",
    "a table in a fence": "```\n1 | 2 | 3\n```",
    "another language": "```cpp\nint main() { return 0; }\n```",
    "a query": "```sql\nSELECT 1\n```",
    "thinking alone": f"<think>\n```python\n{PROGRAM}\n```\n</think>\n",
    "thinking that never ends": f"<think>\nmaybe\n```python\n{PROGRAM}\n```",
    "an answer in tags": "<answer>42</answer>",
    "words in tags": "<solution> The answer is 21. </solution>",
}


@pytest.mark.parametrize("reply", NOT_FOUND.values(), ids=NOT_FOUND)
def test_no_program_is_none(reply: str) -> None:
    assert read_program(reply).text is None


def test_what_was_cut_is_named() -> None:
    reply = (
        f"<think>hm</think>Here is my first try.\n```python\nx = 1\n```\nAnd the program:\n```python\n{PROGRAM}\n```\n"
    )
    assert read_program(reply).cut == ("thinking", "talk", "draft")
    assert read_program(f"```python\n{PROGRAM}\n```").cut == ()
