"""`unify` with a model behind an endpoint: several attempts, declining, and code seeds whose tests are their gold."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from endpoints import Endpoint, replies_of, served_model, serving, text_of
from test_unifier import SEED, config_of, unified

from caco_tasks.config import load_config
from caco_tasks.errors import ConfigError
from caco_tasks.records import JudgedRecord, Reason, Seed, SeedProgram

PROGRAM = """```python
input = {"pens": 3, "price": 4}

def total_price(pens, price):
    shelf = [price] * pens
    total = sum(shelf)
    return total

output = total_price(**input)
print(output)
```"""
WRONG = PROGRAM.replace("sum(shelf)", "sum(shelf) + 1")
STATED = PROGRAM.replace("sum(shelf)", "12")
DECLINED = "The text asks for a proof.\n\nNO PROGRAM: a proof is wanted."
SHOP = replace(SEED, problem="Three pens cost 4 coins each. What do they cost?", answer="12")


def asked(folder: Path, texts: Sequence[str], *seeds: Seed, attempts: int = 1) -> tuple[list[Any], Endpoint]:
    """What `unify` says of seeds whose model gives these replies, and what the server was asked."""
    with serving(replies_of(texts)) as server:
        nano = {"model": "nano:codegen", "prompt": "nano_program.v1"}
        unifier = served_model(server.base_url, "unify.v2")
        models = {role: nano for role in ("codegen", "reverser", "solver", "judge")} | {"unifier": unifier}
        sources = [{"name": "words", "reader": "jsonl"}, {"name": "code", "reader": "mbpp"}]
        config = config_of(
            models=models,
            unify={"attempts": attempts},
            seeds={"sources": sources},
            sandbox={"timeout_seconds": 60, "workers": 1},
            grading={"timeout_seconds": 60},
        )
        return unified(folder, config, *seeds), server


def outcome(row: JudgedRecord[SeedProgram]) -> tuple[Reason | None, int | None]:
    """Why a seed has no program, and the attempt that ended it."""
    return row.verdict.reason, row.record.unifier_attempt


def test_the_first_attempt_that_verifies_wins(tmp_path: Path) -> None:
    (row,), server = asked(tmp_path, [WRONG, PROGRAM, STATED], SHOP, attempts=4)
    assert outcome(row) == (None, 2)
    assert len(server.asked) == 2
    assert len({body["seed"] for _, _, body in server.asked}) == 2
    assert row.record.program.code in PROGRAM


def test_all_attempts_are_paid_for_by_the_program(tmp_path: Path) -> None:
    (row,), _ = asked(tmp_path, ["no code", WRONG, PROGRAM], SHOP, attempts=3)
    made = row.record.program.generation
    assert (made.prompt_tokens, made.completion_tokens, made.cost_usd) == (30, 60, 30.0)


def test_only_seeds_without_a_program_are_asked_again(tmp_path: Path) -> None:
    other = replace(SHOP, seed_id="s1", problem="What do three pens at 4 coins cost on a day of rain?", answer="13")
    (one, two), server = asked(tmp_path, [PROGRAM, WRONG], SHOP, other, attempts=2)
    assert (outcome(one), outcome(two)) == ((None, 1), (None, 2))
    assert sum(SHOP.problem in text_of(body) for _, _, body in server.asked) == 1
    assert len(server.asked) == 3


def test_a_seed_whose_attempts_all_fail_keeps_the_last_reason(tmp_path: Path) -> None:
    (row,), server = asked(tmp_path, [DECLINED, WRONG], SHOP, attempts=3)
    assert outcome(row) == (Reason.WRONG_ANSWER, 3)
    assert len(server.asked) == 3


def test_one_attempt_asks_once(tmp_path: Path) -> None:
    (row,), server = asked(tmp_path, [WRONG, PROGRAM], SHOP)
    assert (outcome(row), len(server.asked)) == ((Reason.WRONG_ANSWER, 1), 1)


def test_attempts_need_a_temperature() -> None:
    with pytest.raises(ConfigError, match=r"unify\.attempts is 2, and models\.unifier\.temperature 0"):
        config_of(unify={"attempts": 2})
    assert load_config("smoke", ["unify.attempts=2"]).unify.attempts == 2  # it has no unifier


DECLINES = {
    "in a line of its own": ("NO PROGRAM: a drawing is wanted", "a drawing is wanted"),
    "after words": (DECLINED, "a proof is wanted"),
    "without a reason": ("NO PROGRAM", "it gives no reason"),
    "in bold": ("**NO PROGRAM:** the answer follows from nothing stated.", "the answer follows from nothing stated"),
    "after thinking": ("<think>input = 3? NO, no.</think>\n\nNO PROGRAM: a proof", "a proof"),
}


@pytest.mark.parametrize(("reply", "why"), DECLINES.values(), ids=DECLINES)
def test_a_model_that_declines_is_taken_at_its_word(reply: str, why: str, tmp_path: Path) -> None:
    (row,), _ = asked(tmp_path, [reply], SHOP)
    assert (row.verdict.reason, row.verdict.detail) == (Reason.NO_PROGRAM_FOUND, f"the unifier declined: {why}")


NO_DECLINES = {
    "words before the program": (f"I looked for NO PROGRAM of yours.\n\n{PROGRAM}", None),
    "in thinking alone": ("<think>\nNO PROGRAM: too hard?\n</think>\nI cannot say.", Reason.NO_CODE_FOUND),
    "in the middle of a line": ("There is NO PROGRAM here", Reason.NO_CODE_FOUND),
    "a word that begins alike": ("NO PROGRAMMING was needed.", Reason.NO_CODE_FOUND),
}


@pytest.mark.parametrize(("reply", "reason"), NO_DECLINES.values(), ids=NO_DECLINES)
def test_what_is_no_decline_is_not_taken_for_one(reply: str, reason: Reason | None, tmp_path: Path) -> None:
    (row,), _ = asked(tmp_path, [reply], SHOP)
    assert row.verdict.reason is reason


REFERENCE = "def middle(a, b, c):\n    return sorted([a, b, c])[1]"
RIGHT = """```python
input = {"a": 5, "b": 9, "c": 2}

def middle(a, b, c):
    ordered = sorted([a, b, c])
    found = ordered[1]
    return found

output = middle(**input)
print(output)
```"""


def coded(tests: Sequence[str], *, code: str = REFERENCE, entry: str = "middle", setup: str = "") -> Seed:
    """A code seed that no converter turns into a program: its reference is too short for the template."""
    annotation: Mapping[str, Any] = {"code": code, "tests": list(tests), "entry_point": entry, "setup": setup}
    return replace(
        SEED,
        source="code",
        problem="Find the middle one of three numbers.",
        solution=code,
        answer=None,
        annotation=json.dumps(annotation),
    )


ASSERTIONS = ("assert middle(1, 2, 3) == 2", "assert middle(9, 2, 5) == 5")
PYTEST = """
import pytest
from solution import middle

def test_order():
    assert middle(7, 1, 3) == 3

class TestMore:
    def test_equal_ones(self):
        assert middle(4, 4, 1) == pytest.approx(4)

def test_words():
    with pytest.raises(TypeError):
        middle(1, "two", 3)
"""
CHECK = "def check(candidate):\n    assert candidate(3, 1, 2) == 2\n    assert candidate(0, 0, 8) == 0\n"
TESTS = {"assertions": ASSERTIONS, "as pytest finds them": (PYTEST,), "a checking function": (CHECK,)}


@pytest.mark.parametrize("tests", TESTS.values(), ids=TESTS)
def test_the_tests_of_a_code_seed_are_its_gold(tests: Sequence[str], tmp_path: Path) -> None:
    wrong = RIGHT.replace("ordered[1]", "ordered[2]")
    (row,), server = asked(tmp_path, [wrong, RIGHT], coded(tests), attempts=2)
    assert outcome(row) == (None, 2)
    assert (row.record.seed.answer, row.record.execution.output_text, row.record.grade) == ("5", "5", None)
    text = text_of(server.asked[0][2])
    own = text.rpartition("Now your turn")[2]
    assert "Name the function `middle`" in text
    assert (tests[0].strip() in own, REFERENCE in own, "Final answer" in own) == (True, True, False)


AT_FAULT = {
    "another result": (RIGHT.replace("ordered[1]", "ordered[0]"), Reason.WRONG_ANSWER),
    "right for its own input alone": (RIGHT.replace("ordered[1]", "5 if ordered[1] == 5 else 0"), Reason.WRONG_ANSWER),
    "another name": (RIGHT.replace("middle", "median"), Reason.WRONG_ANSWER),
    "an end before the tests": (
        RIGHT.replace("print(output)", "import sys\nsys.exit(0)").replace("ordered[1]", "ordered[0]"),
        Reason.WRONG_ANSWER,
    ),
    "no input that matters": (RIGHT.replace("sorted([a, b, c])", "[2, 5, 9] if a else [a, b, c]"), Reason.WRONG_ANSWER),
}


@pytest.mark.parametrize(("reply", "reason"), AT_FAULT.values(), ids=AT_FAULT)
def test_a_program_that_fails_its_seed_s_tests_is_no_seed_program(reply: str, reason: Reason, tmp_path: Path) -> None:
    (row,), _ = asked(tmp_path, [reply], coded(ASSERTIONS))
    assert row.verdict.reason is reason
    assert row.verdict.detail is not None
    assert row.verdict.detail.startswith("the source's tests: ")


NOT_ASKED = {
    "tests that pass for everything": coded(["assert middle is not None"]),
    "tests that the source's own code fails": coded(["assert middle(1, 2, 3) == 3"]),
    "tests that need what is not there": coded(["import no_such_module\nassert middle(1, 2, 3) == 2"]),
    "tests that need more of pytest": coded(
        [
            "import pytest\n@pytest.fixture\ndef three(): return 3\ndef test_it(three):\n    assert middle(1, 2, three) == 2"
        ]
    ),
    "no tests": coded([]),
    "a class": coded(["assert Middle(1, 2, 3).it == 2"], code="class Middle:\n    pass", entry="Middle"),
}


@pytest.mark.parametrize("seed", NOT_ASKED.values(), ids=NOT_ASKED)
def test_tests_that_say_nothing_are_no_gold(seed: Seed, tmp_path: Path) -> None:
    (row,), server = asked(tmp_path, [RIGHT], seed)
    assert (server.asked, row.verdict.kept) == ([], False)
