"""What crosses stage boundaries: rows of Arrow and back, verdicts that cannot be misread, grades in their order."""

from dataclasses import replace
from typing import Any

import making
import pyarrow as pa
import pytest

from caco_tasks.errors import DamagedError
from caco_tasks.records import (
    PASS,
    Grade,
    JudgedRecord,
    Outcome,
    Program,
    Reason,
    Sample,
    Seed,
    SeedProgram,
    Verdict,
    fail,
    unknown,
)
from caco_tasks.store.record_rows import arrow_schema, from_row, to_row

BARE = Seed(seed_id="s", source="a", revision="r", licence="l", key="k", problem="p")
UNANSWERED = making.solution(answer=None)
NEITHER_INPUT_NOR_OUTPUT = replace(
    making.execution(), input_json=None, output_json=None, output_text=None, output_type=None, error="ZeroDivisionError"
)
RECORDS: dict[str, Any] = {
    "a full seed": making.seed(),
    "a bare seed": BARE,
    "a full seed program": making.seed_program(),
    "a seed without a program": SeedProgram(seed=BARE),
    "a full sample": making.sample(),
    "a sample with two overlaps": making.sample(overlaps=making.sample().overlaps * 2),
    "a sample with several solutions": making.sample(
        solution=replace(making.solutions(("3 × 4 = 12", "12"), ("", None)), pass_rate=0.5, majority_answer="12")
    ),
    "a fresh sample": Sample(sample_id="s", program=Program(program_id="p", code="")),
    "a sample whose program failed": making.sample(execution=NEITHER_INPUT_NOR_OUTPUT, problem=None, solution=None),
    "a sample without an answer": making.sample(solution=UNANSWERED, judgement=None, overlaps=()),
    "text of every kind": replace(BARE, problem="Ω\n\t\0 \U0001f600 \u2028 ''"),
}
VERDICTS = {
    "passed": PASS,
    "failed": fail(Reason.ERROR, "ValueError on line 3"),
    "failed without a word": fail(Reason.TIME),
    "unknown": unknown(Reason.CHECKER_TIMEOUT, "after 5 s"),
}


@pytest.mark.parametrize("verdict", VERDICTS.values(), ids=VERDICTS)
@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_a_judged_record_comes_back_from_arrow_as_it_was(record: Any, verdict: Verdict) -> None:
    judged = JudgedRecord(record=record, verdict=verdict)
    kind: type = type(record)
    table = pa.Table.from_pylist([to_row(judged)], schema=arrow_schema(kind))
    table.validate(full=True)
    assert [from_row(kind, row) for row in table.to_pylist()] == [judged]


@pytest.mark.parametrize("record", [Seed, SeedProgram, Sample])
def test_a_column_is_nullable_exactly_where_a_field_may_be_none(record: type) -> None:
    fields = {field.name: field for field in arrow_schema(record)}
    assert list(fields)[-3:] == ["outcome", "reason", "detail"]
    may_be_none = {name for name, kind in record.__annotations__.items() if "None" in str(kind)}
    assert {name for name, field in fields.items() if field.nullable} == may_be_none | {"reason", "detail"}


def test_generations_lie_within_programs_as_a_nested_column() -> None:
    program = arrow_schema(Sample).field("program").type
    assert program.field("generation").type.field("prompt_tokens").type == pa.int64()
    assert arrow_schema(Sample).field("overlaps").type.value_type.field("score").type == pa.float64()


ROWS: dict[str, tuple[dict[str, Any], str]] = {
    "a missing field": ({"seed_id": None}, "valid string"),
    "a value of another type": ({"difficulty": "hard"}, "valid integer"),
    "an unknown outcome": ({"outcome": "perhaps"}, "'pass', 'fail' or 'unknown'"),
    "an unknown reason": ({"outcome": "fail", "reason": "bad_luck"}, "'unreadable_record'"),
    "a failure without a reason": ({"outcome": "fail"}, "cannot have the reason"),
    "a pass with a reason": ({"reason": "time"}, "cannot have the reason"),
    "an outcome that is missing": ({"outcome": None}, "Input should be"),
}


@pytest.mark.parametrize(("change", "said"), ROWS.values(), ids=ROWS)
def test_a_row_that_is_no_record_is_damaged(change: dict[str, Any], said: str) -> None:
    row = to_row(JudgedRecord(record=BARE, verdict=PASS)) | change
    with pytest.raises(DamagedError, match=r"^A row is not a Seed: ") as caught:
        from_row(Seed, row)
    assert said in str(caught.value)


def test_a_row_without_one_of_its_columns_is_damaged() -> None:
    row = to_row(JudgedRecord(record=BARE, verdict=PASS))
    del row["problem"]
    with pytest.raises(DamagedError, match="required"):
        from_row(Seed, row)


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.UNKNOWN])
def test_only_a_pass_has_no_reason(outcome: Outcome) -> None:
    with pytest.raises(ValueError, match="cannot have the reason None"):
        Verdict(outcome)
    with pytest.raises(ValueError, match="a verdict of pass cannot have the reason time"):
        Verdict(Outcome.PASS, Reason.TIME)


def test_only_what_passed_is_kept() -> None:
    assert [verdict.kept for verdict in (PASS, fail(Reason.TIME), unknown(Reason.ENGINE_LOST))] == [True, False, False]


def test_reasons_are_named_as_they_are_written() -> None:
    assert [reason.value for reason in Reason] == [reason.name.lower() for reason in Reason]


def test_grades_reach_themselves_and_what_is_below() -> None:
    order = [Grade(name) for name in ("S", "A+", "A", "B", "C", "R", "D")]
    assert order == list(Grade)
    reached = [[grade.reaches(least) for least in order] for grade in order]
    assert reached == [[column >= row for column in range(7)] for row in range(7)]
