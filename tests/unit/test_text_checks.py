"""The checks behind `caco check`, one line at a time: what each asks for, says and does not judge."""

import io
import json
from typing import Any

import pytest

from caco_tasks.config import load_config
from caco_tasks.records import Outcome
from caco_tasks.text_checks.checks import CHECKS, KINDS, find_fault, look
from caco_tasks.text_checks.lines import MAX_LINE_BYTES, InputLine, read_lines
from caco_tasks.text_checks.results import CheckResult

CONFIG = load_config("nano")
CODE = 'input = {"crates": 4, "jars": 6}\n\n\ndef count(crates, jars):\n    return crates * jars\n\n\noutput = count(**input)\n'
PROBLEM = "A cellar has 4 crates of 6 jars each. How many jars are there?"


def say(**record: Any) -> tuple[str, str | None, Any]:
    """Outcome, reason and value of a line that can be checked."""
    assert find_fault(record) is None
    found = look(record, CONFIG)
    return found.outcome.value, found.reason, found.value


def test_a_false_equation_fails_and_is_named_as_it_is_written() -> None:
    found = look({"check": "equations", "text": "First 6 + 7 = 13, then 13 * 2 = 27."}, CONFIG)
    assert found == CheckResult(Outcome.FAIL, "false_equation", "13 * 2 = 27")


def test_true_equations_pass_and_are_counted() -> None:
    found = look({"check": "equations", "text": "First 6 + 7 = 13, then 13 * 2 = 26."}, CONFIG)
    assert (found.outcome, found.detail) == (Outcome.PASS, "2 computed")


def test_a_text_without_a_statement_passes_and_says_so() -> None:
    found = look({"check": "equations", "text": "The sun came out at last."}, CONFIG)
    assert (found.outcome, found.detail) == (Outcome.PASS, "no statement")


def test_the_answer_of_a_solution_is_its_value() -> None:
    assert say(check="answer", solution="4 * 6 = 24. The answer is 24.") == ("pass", None, "24")
    assert say(check="answer", solution="Who knows?") == ("fail", "no_final_answer", None)


STEPS = {"check": "steps", "problem": PROBLEM, "input": {"crates": 4, "jars": 6}, "output": 24, "code": CODE}


def test_steps_are_held_against_problem_and_program() -> None:
    assert say(**STEPS, solution="There are 4 * 6 = 24 jars. The answer is 24.")[0] == "pass"
    assert say(**STEPS, solution="There are 17 + 7 = 24 jars. The answer is 24.")[:2] == ("fail", "ungrounded_number")


def test_the_program_need_not_be_told_for_steps_and_the_input_may_be_text() -> None:
    line = {name: value for name, value in STEPS.items() if name != "code"} | {"input": '{"crates": 4, "jars": 6}'}
    assert say(**line, solution="There are 4 * 6 = 24 jars. The answer is 24.")[0] == "pass"


def test_a_problem_is_held_against_its_program() -> None:
    line = {"check": "problem", "input": {"crates": 4, "jars": 6}, "output": 24, "code": CODE}
    assert say(**line, problem=PROBLEM)[0] == "pass"
    assert say(**line, problem="A cellar has 4 crates of jars. How many jars are there?")[:2] == (
        "fail",
        "names_no_input",
    )
    assert say(**line, problem=f"{PROBLEM} The answer is 24.")[0] == "fail"


@pytest.mark.parametrize(
    ("output", "shown"),
    [(24, "24"), (24.0, "24.0"), (True, "True"), ("24", "24"), ([1, "a"], "[1, 'a']"), (None, "None")],
)
def test_an_output_is_what_the_program_would_print(output: Any, shown: str) -> None:
    from caco_tasks.text_checks.checks import _read_values

    assert _read_values({"input": {}, "output": output}) == ("{}", shown)


def test_an_output_may_be_tagged() -> None:
    from caco_tasks.text_checks.checks import _read_values

    third = {"$type": "Fraction", "value": "1/3"}
    assert _read_values({"input": {}, "output": third}) == ("{}", "1/3")


BAD_VALUES = [
    ([1], 1),
    ("{", 1),
    ("3", 1),
    ({}, {"$type": "Fraction", "value": "x"}),
    (None, 1),
    ({"a": 1e999}, 1),
    ({}, 1e999),
    ('{"a": NaN}', 1),
]


@pytest.mark.parametrize(("given", "output"), BAD_VALUES, ids=str)
def test_values_that_are_none_of_a_program_are_not_judged(given: Any, output: Any) -> None:
    line = {"check": "problem", "problem": PROBLEM, "code": CODE, "input": given, "output": output}
    assert say(**line)[:2] == ("unknown", "unreadable_record")


LARGE = [{"$type": "Fraction", "value": f"{'7' * 400}/3"}, {"$type": "Decimal", "value": f"{'7' * 320}.5"}, 10**400]


@pytest.mark.parametrize("value", LARGE, ids=["fraction", "decimal", "integer"])
def test_a_number_that_no_float_holds_is_judged_like_any_other(value: Any) -> None:
    line = {
        "problem": f"{PROBLEM} There are {'7' * 400} shelves.",
        "input": {"jars": value},
        "output": 24,
        "code": CODE,
    }
    assert say(check="problem", **line)[0] == "fail"
    assert say(check="problem", **line | {"input": {"jars": [value, 3.14]}})[0] == "fail"
    assert say(check="steps", **line, solution="There are 4 * 6 = 24 jars. The answer is 24.")[0] == "pass"


def test_statements_that_are_not_understood_are_unknown_and_counted() -> None:
    found = look({"check": "equations", "text": "Let x + 3 = 7 * y and blarg(3) * 2 = 9."}, CONFIG)
    assert found == CheckResult(Outcome.UNKNOWN, "not_understood", "0 computed, 2 not understood")
    found = look({"check": "equations", "text": "blarg(3) * 2 = 9, and 3 * 4 = 12."}, CONFIG)
    assert found == CheckResult(Outcome.PASS, None, "1 computed, 1 not understood")


def test_a_copy_of_the_protected_item_overlaps_and_another_problem_does_not() -> None:
    item = "Lena fills 14 boxes with 9 lemons each and gives 3 boxes away. How many lemons does she have in the end?"
    assert say(check="overlap", problem=item, benchmark_item=item)[:2] == ("fail", "benchmark_overlap")
    assert say(check="overlap", problem=PROBLEM, benchmark_item=item)[:2] == ("pass", None)


READ = {
    "program": ("Here it is:\n```python\nprice = 3\nprint(price)\n```\n", "price = 3\nprint(price)\n"),
    "problem": (f"<think>A cellar, then.</think>\n{PROBLEM}", PROBLEM),
    "solution": ("<think>30?</think>There are 4 * 6 = 24 jars. The answer is \\boxed{24}.", "24"),
    "judgement": ('It fits. {"verdict": "no"}', "no"),
}
NOTHING = {
    "program": ("I cannot help with that.", "fail", "no_code_found"),
    "problem": ("<think>What shall I ask?</think>", "fail", "empty"),
    "solution": ("", "fail", "no_final_answer"),
    "judgement": ("Hm.", "unknown", "unparseable_judgement"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_read_in_a_reply_is_the_value(kind: str) -> None:
    reply, value = READ[kind]
    assert say(check="reading", kind=kind, reply=reply) == ("pass", None, value)
    reply, outcome, reason = NOTHING[kind]
    assert say(check="reading", kind=kind, reply=reply) == (outcome, reason, None)


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "no check": ({}, "'check' is missing or not a text: there are equations, answer"),
    "an unknown check": ({"check": "spelling"}, "there is no check 'spelling'"),
    "a check that is no text": ({"check": [1]}, "'check' is missing or not a text"),
    "nothing to check": ({"check": "equations"}, "'text' is missing"),
    "no text": ({"check": "equations", "text": 4}, "'text' is not a text"),
    "a null": ({"check": "answer", "solution": None}, "'solution' is not a text"),
    "one field of several": ({"check": "overlap", "problem": "x"}, "'benchmark_item' is missing"),
    "code that is no text": ({**STEPS, "solution": "x", "code": 4}, "'code' is not a text"),
    "an unknown kind": (
        {"check": "reading", "kind": "poem", "reply": ""},
        "there is no kind 'poem': there are program",
    ),
}


@pytest.mark.parametrize(("record", "said"), FAULTS.values(), ids=FAULTS)
def test_what_cannot_be_checked_says_why(record: dict[str, Any], said: str) -> None:
    assert (find_fault(record) or "").startswith(said)


def test_a_value_that_is_nested_too_deep_to_be_passed_on_is_told() -> None:
    deep: list[Any] = []
    for _ in range(200_000):  # Python 3.13 writes 5,000
        deep = [deep]
    assert find_fault({**STEPS, "solution": "x", "output": deep}) == "'output' is nested too deep"


def test_every_field_of_a_check_is_asked_for() -> None:
    for name, check in CHECKS.items():
        whole = {"check": name, **dict.fromkeys(check.fields, "program")}
        assert find_fault(whole) is None
        for field in check.fields:
            assert find_fault({key: value for key, value in whole.items() if key != field}) == f"'{field}' is missing"


def lines_of(text: bytes) -> list[InputLine]:
    """The lines of a file."""
    return list(read_lines(io.BytesIO(text)))


BAD_LINES = {
    b"not json": (None, "not JSON"),
    b"": (None, "not JSON"),
    b"[1, 2]": (None, "not a JSON object"),
    b"null": (None, "not a JSON object"),
    b'{"id": NaN}': (None, "not JSON"),
    b'{"id": 5, "text": "\xff"}': (5, "not UTF-8"),
    b'{"id": "\xff"}': (None, "not UTF-8"),
    b'{"id": 5, "text": "caf\xe9': (None, "not UTF-8"),
    b"[" * 100_000: (None, "not JSON"),
}


@pytest.mark.parametrize(("line", "said"), BAD_LINES.items(), ids=range(len(BAD_LINES)))
def test_a_line_that_cannot_be_read_keeps_its_place_and_its_id(line: bytes, said: tuple[Any, str]) -> None:
    before, bad, behind = lines_of(b'{"id": 1}\n' + line + b'\n{"id": 2}')
    assert (before.identity, behind.identity, behind.number) == (1, 2, 3)
    assert (bad.identity, bad.fault, bad.record, bad.number) == (*said, None, 2)


def test_a_line_that_is_too_long_is_skipped_and_not_held() -> None:
    long = b'{"id": 1, "text": "' + b"9" * (2 * MAX_LINE_BYTES) + b'"}\n'
    first, second = lines_of(long + b'{"id": 2}\n')
    assert (first.identity, first.bytes) == (None, 0)
    assert first.fault == f"longer than {MAX_LINE_BYTES:,} bytes"
    assert second.record == {"id": 2}


def test_the_longest_line_is_read_and_a_mark_at_the_start_is_no_part_of_it() -> None:
    head, tail = b'\xef\xbb\xbf{"id": 1, "text": "', b'"}'
    [line] = lines_of(head + b"9" * (MAX_LINE_BYTES - len(head) - len(tail)) + tail)
    assert (line.identity, line.fault, line.bytes) == (1, None, MAX_LINE_BYTES)


def test_odd_ids_come_back() -> None:
    ids: list[Any] = ["\ud800", "é", {"a": [1]}, None, 1e300, True]
    lines = lines_of(b"\n".join(json.dumps({"id": one}).encode() for one in ids))
    assert [line.identity for line in lines] == ids
