"""Converted programs are run, compared with gold and written out; the goals hold on the real sources."""

import json
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from public_data import require_public

from caco_tasks.config import SandboxSettings, SourceSettings
from caco_tasks.convert import Conversion, check, unify_file, unify_seeds
from caco_tasks.convert.golds import Gold, equals_when_rounded, read_golds
from caco_tasks.errors import StoreError
from caco_tasks.records import Grade, Outcome, Reason, Seed
from caco_tasks.sandbox import Job, Sandbox
from caco_tasks.sources import read_source

SLICE = 10  # every tenth record of the real sources

FIELDS = ["source", "key", "problem", "code", "input", "output", "gold", "grade", "outcome", "reason"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(SandboxSettings(workers=2)) as started:
        yield started


def seed(answer: str | None) -> Seed:
    return Seed(seed_id="0", source="s", revision="1", licence="CC0-1.0", key="0", problem="?", answer=answer)


def program(body: str, values: str = '{"a": 1}') -> str:
    parameters = ", ".join(json.loads(values))
    return f"input = {values}\n\n\ndef solve({parameters}):\n{body}\n\n\noutput = solve(**input)\nprint(output)\n"


def conversion(code: str, **more: Any) -> Conversion:
    return Conversion(**{"code": code, "grade": Grade.S, **more})


@pytest.mark.parametrize(
    ("result", "gold", "grade", "reason"),
    [
        pytest.param("24", "24", Grade.S, None, id="equal"),
        pytest.param("24.0", "24", Grade.S, None, id="float_of_whole_number"),
        pytest.param("2500", "2,500", Grade.S, None, id="thousands_comma"),
        pytest.param("0.1 + 0.2", "0.3", Grade.R, None, id="float_noise"),
        pytest.param("2 / 3", "0.67", Grade.R, None, id="rounded_at_the_decimals_shown"),
        pytest.param("2 / 3", "0.66", Grade.R, None, id="cut_at_the_decimals_shown"),
        pytest.param("24.4", "24", Grade.D, Reason.WRONG_ANSWER, id="no_rounding_to_whole_numbers"),
        pytest.param("10001", "10000", Grade.D, Reason.WRONG_ANSWER, id="no_relative_tolerance"),
        pytest.param("50", "0.5", Grade.D, Reason.WRONG_ANSWER, id="no_percent_rule"),
        pytest.param("True", "1", Grade.D, Reason.WRONG_ANSWER, id="a_truth_is_no_number"),
        pytest.param("float('inf')", "1", Grade.D, Reason.WRONG_ANSWER, id="infinite"),
        pytest.param("[3, 4]", "3; 4", Grade.S, None, id="several_answers"),
        pytest.param("[4, 3]", "3; 4", Grade.D, Reason.WRONG_ANSWER, id="several_answers_out_of_order"),
    ],
)
def test_output_equals_gold_exactly_or_is_graded_r_or_is_wrong(
    sandbox: Sandbox, result: str, gold: str, grade: Grade, reason: Reason | None
) -> None:
    one = conversion(program(f"    b = a\n    return {result}"))
    [ran] = sandbox.run([Job(code=one.code)])
    checked = check(one, ran, seed(gold))
    assert (checked.grade, checked.verdict.reason) == (grade, reason)


def test_a_dead_input_takes_the_grade_down_to_b(sandbox: Sandbox) -> None:
    one = conversion(program("    b = 2\n    return b"))
    [ran] = sandbox.run([Job(code=one.code)])
    checked = check(one, ran, seed("2"), dead_inputs=["a"])
    assert (checked.grade, checked.verdict.kept) == (Grade.B, True)


def test_a_missed_gold_is_disputed_where_the_source_itself_states_the_calculation(sandbox: Sandbox) -> None:
    one = conversion(program("    b = 2\n    return b"), states_answer=True)
    [ran] = sandbox.run([Job(code=one.code)])
    assert check(one, ran, seed("3")).verdict.reason is Reason.GOLD_DISPUTED


def test_a_program_shorter_than_the_template_asks_is_rejected(sandbox: Sandbox) -> None:
    one = conversion(program("    return a"))
    [ran] = sandbox.run([Job(code=one.code)])
    assert check(one, ran, seed("1")).verdict.reason is Reason.TEMPLATE_NOT_MET
    assert check(one, ran, seed("1"), min_lines=5).verdict.kept


def test_what_the_sandbox_rejects_keeps_its_reason(sandbox: Sandbox) -> None:
    one = conversion(program("    b = 0\n    return a / b"))
    [ran] = sandbox.run([Job(code=one.code)])
    checked = check(one, ran, seed("1"))
    assert (checked.grade, checked.verdict.reason) == (Grade.D, Reason.ERROR)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        pytest.param("12 (apples)", [12], id="unit"),
        pytest.param("-3.50", [Fraction(-7, 2)], id="negative"),
        pytest.param("2 1/2", [Fraction(5, 2)], id="mixed"),
        pytest.param("5:6", [Fraction(5, 6)], id="ratio"),
        pytest.param("3; 4", [3, 4], id="several"),
        pytest.param("4 π", None, id="irrational"),
        pytest.param("between 3 and 4", None, id="two_numbers"),
        pytest.param("Yes", None, id="words"),
        pytest.param("1/0", None, id="zero_denominator"),
        pytest.param("9" * 5000, None, id="too_long"),
    ],
)
def test_golds_are_read_as_exact_numbers(text: str, values: list[Fraction] | None) -> None:
    golds = read_golds(text)
    assert (golds and [gold.value for gold in golds]) == values


def test_a_gold_without_decimals_is_never_equal_by_rounding() -> None:
    assert not equals_when_rounded(Fraction(7, 2), Gold(Fraction(4), 0))
    assert equals_when_rounded(Fraction(-2, 3), Gold(Fraction("-0.7"), 1))


def gsm_line(question: str, solution: str) -> str:
    return json.dumps({"question": question, "answer": solution})


def test_a_file_becomes_programs_and_a_report_with_one_line_for_each_problem(tmp_path: Path, sandbox: Sandbox) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(
        "\n".join(
            [
                gsm_line("A box has 9 pens; 4 dry out. How many write?", "9-4=<<9-4=5>>5 pens.\n#### 5"),
                "no json",
                gsm_line("How many are 9 and 4?", "I think it is this.\n#### 13"),
            ]
        )
    )
    seen: list[int] = []
    settings = SourceSettings(name="mine", reader="gsm8k", path=str(source))
    report = unify_file(settings, tmp_path / "out", sandbox, seen.append)
    rows = [json.loads(line) for line in (tmp_path / "out" / "programs.jsonl").read_text().splitlines()]
    assert [list(row) for row in rows] == [FIELDS] * 3
    assert rows[0]["output"] == 5
    assert sorted(rows[0]["input"].values()) == [4, 9]
    assert [row["reason"] for row in rows] == [None, "unreadable_record", "no_program_found"]
    assert [row["code"] is None for row in rows] == [False, True, True]
    assert seen == [1, 2, 3]
    assert report == json.loads((tmp_path / "out" / "report.json").read_text())
    assert report == {
        "problems": 3, "converted": 1, "ran": 1, "verified": 1, "by_grade": {"S": 1},
        "by_reason": {"unreadable_record": 1, "no_program_found": 1},
    }  # fmt: skip


def test_unifying_twice_writes_the_same_bytes(tmp_path: Path, sandbox: Sandbox) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(gsm_line("A box has 9 pens; 4 dry out. How many write?", "9-4=<<9-4=5>>5 pens.\n#### 5"))
    settings = SourceSettings(name="mine", reader="gsm8k", path=str(source))
    for folder in ("one", "two"):
        unify_file(settings, tmp_path / folder, sandbox)
    for name in ("programs.jsonl", "report.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, sandbox: Sandbox) -> None:
    (tmp_path / "file").write_text("in the way")
    source = tmp_path / "in.jsonl"
    source.write_text(gsm_line("Take 4 of 9.", "9-4=<<9-4=5>>5\n#### 5"))
    settings = SourceSettings(name="mine", reader="gsm8k", path=str(source))
    with pytest.raises(StoreError, match="file"):
        unify_file(settings, tmp_path / "file", sandbox)


def test_an_argument_that_changes_nothing_is_found_by_running(tmp_path: Path, sandbox: Sandbox) -> None:
    source = tmp_path / "in.jsonl"
    code = "def keep(a, b):\n    c = a * 3\n    d = c + 1\n    return d"
    row = {"task_id": 1, "text": "Keep.", "code": code, "test_list": ["assert keep(2, 9) == 7"]}
    source.write_text(json.dumps(row))
    settings = SourceSettings(name="mine", reader="mbpp", path=str(source))
    [judged] = unify_seeds(read_source(settings), "mbpp", sandbox)
    assert (judged.record.grade, judged.verdict.outcome) == (Grade.B, Outcome.PASS)


TOTAL = "def total(a):\n    b = a or []\n    c = 0\n    for d in b:\n        c += d\n    return c"
BORDERS = {
    "None": (["assert total(None) == 0"], {"a": None}, Grade.B),
    "an empty list": (["assert total([]) == 0"], {"a": []}, Grade.B),
    "lists of nothing": (["assert total([[], []][0]) == 0", "assert total(()) == 0"], {"a": ()}, Grade.B),
    "a later test that says something": (
        ["assert total([]) == 0", "assert total([2, 5]) == 7"],
        {"a": [2, 5]},
        Grade.S,
    ),
}


@pytest.mark.parametrize(("tests", "given", "grade"), BORDERS.values(), ids=BORDERS)
def test_an_argument_that_has_nothing_to_change_is_not_taken_to_matter(
    tests: list[str], given: dict[str, Any], grade: Grade, tmp_path: Path, sandbox: Sandbox
) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(json.dumps({"task_id": 1, "text": "Add them.", "code": TOTAL, "test_list": tests}))
    settings = SourceSettings(name="mine", reader="mbpp", path=str(source))
    [judged] = unify_seeds(read_source(settings), "mbpp", sandbox)
    assert judged.record.program is not None
    assert f"input = {given!r}".replace("'", '"') in judged.record.program.code
    assert (judged.record.grade, judged.verdict.outcome) == (grade, Outcome.PASS)


def real(name: str, path: str) -> SourceSettings:
    return SourceSettings(name=name, reader=name, path=str(require_public(path)))


@pytest.mark.parametrize(
    ("name", "path", "min_share"),
    [
        pytest.param("gsm8k", "gsm8k/train.jsonl", 6900 / 7473, id="gsm8k"),
        pytest.param("svamp", "svamp/SVAMP.json", 0.99, id="svamp"),
        pytest.param("asdiv", "asdiv/ASDiv.xml", 0.85, id="asdiv"),
        pytest.param("mawps", "mawps/mawps_single_source.json", 0.95, id="mawps"),
        pytest.param("mathqa", "mathqa/dev.json", 0.53, id="mathqa"),
    ],
)
def test_every_tenth_problem_of_a_real_source_verifies_exactly_as_often_as_promised(
    sandbox: Sandbox, name: str, path: str, min_share: float
) -> None:
    judged = list(unify_seeds(islice(read_source(real(name, path)), 0, None, SLICE), name, sandbox))
    exact = [one.record for one in judged if one.verdict.kept and one.record.grade is not Grade.R]
    assert len(exact) >= min_share * len(judged)
    if name == "gsm8k":
        best = [record for record in exact if record.grade in (Grade.S, Grade.A_PLUS)]
        assert len(best) >= 2300 / 7473 * len(judged)
