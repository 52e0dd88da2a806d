"""Which function a coded problem asks for, when its tests look at helpers too."""

import json

import pytest

from caco_tasks.config import SourceSettings
from caco_tasks.convert import Conversion, convert
from caco_tasks.records import Grade, Seed
from caco_tasks.sources.asked_functions import find_asked

IS_ODD = "def is_odd(n):\n    return n % 2 == 1\n\n\n"
COUNT_ODD = "def count_odd(numbers):\n    return sum(1 for n in numbers if is_odd(n))\n"
HALVES = "def left_half(text):\n    return text[: len(text) // 2]\n\n\ndef right_half(text):\n    return text[len(text) // 2 :]\n"
BOTH_TESTED = ["assert is_odd(3) == True", "assert count_odd([3, 4, 7]) == 2"]
DEEP = "def a(n):\n    return n + 1\n\n\ndef b(n):\n    return a(n) * 2\n\n\ndef c(n):\n    return b(n) - 3\n"
TALKING = (
    IS_ODD.replace("return", '"""Used by count_odd(numbers)."""\n    # count_odd(n) calls it\n    return', 1)
    + COUNT_ODD
)

ASKED = {
    "a helper that stands first": ("Count the odd numbers.", IS_ODD + COUNT_ODD, BOTH_TESTED, "count_odd", ()),
    "a helper that stands last": ("Count the odd numbers.", COUNT_ODD + IS_ODD, BOTH_TESTED, "count_odd", ()),
    "a helper whose comment names its caller": ("Count them.", TALKING, BOTH_TESTED, "count_odd", ()),
    "a helper that is imported and not called": (
        "Count the odd numbers.",
        IS_ODD + COUNT_ODD,
        ["from solution import is_odd, count_odd", "assert count_odd([3]) == 1"],
        "count_odd",
        (),
    ),
    "both spelled": ("Write `count_odd`; let `is_odd` help.", IS_ODD + COUNT_ODD, BOTH_TESTED, "count_odd", ()),
    "only the helper spelled": ("Write is_odd(n).", IS_ODD + COUNT_ODD, BOTH_TESTED, "count_odd", ("is_odd",)),
    "a helper of a helper": ("Write it.", DEEP, ["assert a(1) == 2", "assert c(1) == 1"], "c", ()),
    "one spelled of two that stand alone": (
        "Write `right_half`.", HALVES, ["assert left_half('ab') == 'a'", "assert right_half('ab') == 'b'"], "right_half", ()
    ),
    "two that stand alone": (
        "Give the right half of a text.",
        HALVES,
        ["assert left_half('ab') == 'a'", "assert right_half('ab') == 'b'"],
        "right_half",
        ("left_half",),
    ),
    "two that call each other": (
        "Write it.",
        "def even(n):\n    return n == 0 or odd(n - 1)\n\n\ndef odd(n):\n    return n > 0 and even(n - 1)\n",
        ["assert even(2)", "assert odd(3)"],
        "even",
        ("odd",),
    ),
    "one alone": ("Write it.", IS_ODD, ["assert is_odd(3)"], "is_odd", ()),
    "a class": ("Write it.", "class Stack:\n    pass\n", ["s = Stack()", "assert s"], "Stack", ()),
}  # fmt: skip


@pytest.mark.parametrize(("problem", "code", "tests", "name", "rivals"), ASKED.values(), ids=ASKED)
def test_the_function_is_found_that_the_problem_asks_for(
    problem: str, code: str, tests: list[str], name: str, rivals: tuple[str, ...]
) -> None:
    asked = find_asked(problem, code, tests)
    assert asked is not None
    assert (asked.name, asked.rivals) == (name, rivals)


def test_tests_that_name_nothing_ask_for_nothing() -> None:
    assert find_asked("Write it.", IS_ODD, ["assert 1 == 1"]) is None
    assert find_asked("Write it.", "", []) is None


def test_hostile_code_takes_no_longer_than_it_is_long() -> None:
    names = "".join(f"def f{n}(x):\n    return f{n + 1}(x)\n\n\n" for n in range(2_000))
    asked = find_asked("f1 " * 20_000, names, ["assert f0(1) == 2", "assert f1999(1) == 2"])
    assert asked is not None
    assert asked.name == "f0"
    assert find_asked('"""' * 30_000, '"""' * 30_000, ["(" * 100_000]) is None


def made_of(**annotation: object) -> Conversion:
    seed = Seed(
        seed_id="0",
        source="s",
        revision="1",
        licence="CC0-1.0",
        key="0",
        problem="Write it.",
        solution=None,
        answer=None,
        annotation=json.dumps(annotation),
    )
    found = convert(seed, "kodcode")
    assert isinstance(found, Conversion)
    return found


def test_where_others_may_be_meant_the_grade_is_b() -> None:
    told = {"code": HALVES, "tests": ["assert left_half('abcd') == 'ab'"], "entry_point": "left_half"}
    assert made_of(**told).grade is Grade.S
    assert made_of(**told, rivals=["right_half"]).grade is Grade.B


BORDERS = {
    "zero": (["assert f(0) == 0", "assert f(6) == 12"], '{"n": 6}'),
    "one": (["assert f(1) == 2", "assert f(6) == 12"], '{"n": 6}'),
    "a list of one": (["assert f([5]) == [10]", "assert f([2, 4]) == [4, 8]"], '{"n": [2, 4]}'),
    "None": (["assert f(None) == 0", "assert f(1) == 2"], '{"n": 1}'),
    "a result that is empty": (["assert f('abc') == ''", "assert f('ab') == 'abab'"], "{\"n\": 'ab'}"),
    "no at a border": (["assert f(7) == False", "assert f(6) == 12"], '{"n": 7}'),
}


@pytest.mark.parametrize(("tests", "given"), BORDERS.values(), ids=BORDERS)
def test_a_program_is_called_as_a_test_does_that_is_no_border_case(tests: list[str], given: str) -> None:
    found = made_of(code="def f(n):\n    return n * 2\n", tests=tests, entry_point="f")
    assert f"input = {given}" in found.code


def test_a_kodcode_record_becomes_a_call_of_what_was_asked_for(tmp_path: object) -> None:
    from pathlib import Path

    from caco_tasks.sources import read_source

    record = {"question_id": "1", "question": "Count the odd numbers of a list.", "solution": IS_ODD + COUNT_ODD}
    path = Path(str(tmp_path), "rows.jsonl")
    path.write_text(
        json.dumps(record | {"test": "from solution import *\n\n\ndef test():\n    " + "\n    ".join(BOTH_TESTED)})
    )
    (judged,) = read_source(SourceSettings(name="k", reader="kodcode", path=str(path), revision="1"))
    found = convert(judged.record, "kodcode")
    assert isinstance(found, Conversion)
    assert "output = count_odd(**input)" in found.code
    assert found.gold == "2"
