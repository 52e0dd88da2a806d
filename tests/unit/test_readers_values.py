"""What stands in the columns of a table: narrow floats, lists, values that no seed can hold, and columns mapped to nothing."""

import json
import logging
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from caco_tasks.config import SourceSettings
from caco_tasks.errors import ConfigError
from caco_tasks.records import JudgedRecord, Reason, Seed
from caco_tasks.sources import read_source
from caco_tasks.store.record_rows import arrow_schema, from_row, to_row

ROW = {"problem": "1+1?", "answer": "2"}


def read(reader: str, path: Path, **settings: Any) -> list[JudgedRecord[Seed]]:
    return list(read_source(SourceSettings(name="mine", reader=reader, path=str(path), **settings)))


def read_row(folder: Path, row: dict[str, Any], **settings: Any) -> JudgedRecord[Seed]:
    path = folder / "rows.jsonl"
    path.write_text(json.dumps(row), encoding="utf-8")
    (judged,) = read("jsonl", path, **settings)
    return judged


def write_parquet(folder: Path, **columns: Any) -> Path:
    path = folder / "rows.parquet"
    count = max(map(len, columns.values()))
    problems = {} if "problem" in columns else {"problem": [f"{n}?" for n in range(count)]}
    pq.write_table(pa.table({**problems, **columns}), path)
    return path


@pytest.mark.parametrize(
    ("values", "kind", "golds"),
    [
        pytest.param([0.1, 3.14, 18, -2.5, None], pa.float32(), ["0.1", "3.14", "18", "-2.5", None], id="float32"),
        pytest.param([0.1, 3.14, 18, 2048], pa.float16(), ["0.1", "3.14", "18", "2048"], id="float16"),
        pytest.param([Decimal("2.50"), Decimal(0)], pa.decimal128(12, 8), ["2.50000000", "0"], id="decimal"),
        pytest.param([0.1, 1 / 3], pa.float64(), ["0.1", "0.3333333333333333"], id="float64"),
        pytest.param([[0.1, 2], [], [0.7]], pa.list_(pa.float32()), ["0.1; 2", None, "0.7"], id="lists"),
        pytest.param([[0.1, None]], pa.list_(pa.float32(), 2), [None], id="lists of two, one missing"),
    ],
)
def test_golds_of_narrow_floats_are_the_shortest_text_that_means_them(
    tmp_path: Path, values: list[Any], kind: pa.DataType, golds: list[str | None]
) -> None:
    judged = read("parquet", write_parquet(tmp_path, answer=pa.array(values, kind)))
    assert [seed.record.answer for seed in judged] == golds


def test_narrow_floats_within_records_are_shortened_too(tmp_path: Path) -> None:
    kind = pa.struct([("gold", pa.list_(pa.struct([("value", pa.float32())])))])
    path = write_parquet(tmp_path, reward=pa.array([{"gold": [{"value": 0.7}]}], kind))
    (judged,) = read("parquet", path, columns={"answer": "reward.gold.0.value"})
    assert judged.record.answer == "0.7"


def test_texts_that_are_stored_as_bytes_are_texts(tmp_path: Path) -> None:
    problems = pa.array([b"1+1?", b"caf\xc3\xa9?", b"\xff?"], pa.binary())
    path = write_parquet(tmp_path, problem=problems, answer=pa.array([b"2", b"3", b"4"], pa.binary()))
    assert [(seed.verdict.kept, seed.record.problem) for seed in read("parquet", path)] == [
        (True, "1+1?"),
        (True, "café?"),
        (False, ""),
    ]


@pytest.mark.parametrize(
    "column",
    [
        pytest.param(pa.array([1, -900_000], pa.date32()), id="date of the year 0"),
        pytest.param(pa.array([1, 2**50], pa.timestamp("ms")), id="time of a far year"),
        pytest.param(pa.array([1, 2], pa.timestamp("ms", "Mars/Olympus")), id="unknown time zone"),
        pytest.param(pa.array([1, 2**62], pa.duration("ms")), id="long duration"),
        pytest.param(pa.array([b"a", b"\xff"], pa.binary()).view(pa.string()), id="text that is not UTF-8"),
    ],
)
def test_a_value_that_python_cannot_hold_costs_only_who_needs_it(tmp_path: Path, column: "pa.Array[Any]") -> None:
    path = write_parquet(tmp_path, answer=["1", "2"], extra=column)
    assert [seed.record.answer for seed in read("parquet", path)] == ["1", "2"]
    wanted = read("parquet", path, columns={"domain": "extra"})
    assert (wanted[1].verdict.kept, wanted[1].record.domain, wanted[1].record.dropped) == (True, None, ("domain",))


def test_a_value_that_python_cannot_hold_costs_the_record_that_needs_it(tmp_path: Path) -> None:
    path = write_parquet(tmp_path, answer=pa.array([b"1", b"\xff", b"3"], pa.binary()).view(pa.string()))
    judged = read("parquet", path)
    assert [seed.verdict.reason for seed in judged] == [None, Reason.UNREADABLE_RECORD, None]
    assert "'answer' cannot be read" in (judged[1].verdict.detail or "")
    assert "1?" in (judged[1].record.raw or "")


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        pytest.param(["$2$"], "$2$", id="one"),
        pytest.param(["1", "3"], "1; 3", id="two"),
        pytest.param([1.0, 2.50, "x"], "1; 2.5; x", id="mixed"),
        pytest.param([], None, id="none"),
        pytest.param(["1", ""], None, id="one of them blank"),
        pytest.param(["1", None], None, id="one of them missing"),
        pytest.param(True, "True", id="truth value"),
    ],
)
def test_several_answers_are_joined(tmp_path: Path, answer: Any, gold: str | None) -> None:
    judged = read_row(tmp_path, {"problem": "?", "answer": answer})
    assert (judged.record.answer, judged.verdict.reason) == (gold, None if gold else Reason.NO_ANSWER)


@pytest.mark.parametrize(
    ("column", "value", "held"),
    [
        pytest.param("domain", ["Mathematics -> Algebra"], "Mathematics -> Algebra", id="list of one"),
        pytest.param("domain", 7, "7", id="number"),
        pytest.param("domain", 7.0, "7", id="whole float"),
        pytest.param("domain", float("nan"), None, id="NaN of a table"),
        pytest.param("domain", [], None, id="empty list"),
        pytest.param("difficulty", "3", 3, id="number in words"),
        pytest.param("difficulty", 4.5, 4, id="between"),
        pytest.param("difficulty", "", None, id="blank"),
        pytest.param("key", 12.0, "12", id="key as float"),
        pytest.param("annotation", "x+1=", '"x+1="', id="annotation that is not JSON"),
        pytest.param("annotation", {"a": [1]}, '{"a": [1]}', id="record as annotation"),
        pytest.param("solution", ["x", ], "x", id="solution in a list"),
    ],
)  # fmt: skip
def test_an_optional_column_of_another_type_is_read_as_text(
    tmp_path: Path, column: str, value: Any, held: str | int | None
) -> None:
    seed = read_row(tmp_path, {**ROW, column: value}).record
    assert (getattr(seed, column), seed.dropped) == (held, ())


@pytest.mark.parametrize(
    ("column", "value"),
    [
        pytest.param("domain", ["algebra", "sums"], id="list of two"),
        pytest.param("domain", {"name": "algebra"}, id="record"),
        pytest.param("domain", True, id="truth value"),
        pytest.param("domain", "a\0b", id="NUL"),
        pytest.param("difficulty", 8.0, id="beyond 5"),
        pytest.param("difficulty", 0, id="below 1"),
        pytest.param("difficulty", "hard", id="word"),
        pytest.param("difficulty", "nan", id="nan in words"),
        pytest.param("difficulty", float("inf"), id="infinite"),
        pytest.param("key", ["a", "b"], id="list as key"),
        pytest.param("key", "k" * 1_000, id="long key"),
        pytest.param("solution", ["x", "y"], id="two solutions"),
        pytest.param("licence", {"spdx": "MIT"}, id="record as licence"),
        pytest.param("annotation", [float("nan")], id="annotation that JSON cannot hold"),
    ],
)
def test_what_a_seed_cannot_hold_is_dropped_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, column: str, value: Any
) -> None:
    with caplog.at_level(logging.WARNING):
        judged = read_row(tmp_path, {**ROW, column: value})
    seed = judged.record
    assert (judged.verdict.kept, seed.dropped, seed.answer) == (True, (column,), "2")
    assert (seed.domain, seed.difficulty, seed.solution, seed.annotation) == (None, None, None, None)
    assert (seed.key, seed.licence) == ("0", "NOASSERTION")
    assert f"dropped what a seed cannot hold: {column} of 1 records" in caplog.text
    stored = pa.Table.from_pylist([to_row(judged)], schema=arrow_schema(Seed)).to_pylist()
    assert from_row(Seed, stored[0]) == judged


@pytest.mark.parametrize(
    ("reader", "row", "held"),
    [
        pytest.param("jsonl", {**ROW, "annotation": {"a": 1, "b": [float("nan")]}}, {"a": 1, "b": None}, id="table"),
        pytest.param("omni_math", {**ROW, "source": float("inf")}, {"origin": None, "domains": None}, id="benchmark"),
    ],
)
def test_an_annotation_keeps_what_json_can_hold(
    tmp_path: Path, reader: str, row: dict[str, Any], held: dict[str, Any]
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row), encoding="utf-8")
    (judged,) = read(reader, path)
    assert (json.loads(judged.record.annotation or ""), judged.record.dropped) == (held, ("annotation",))


def test_an_optional_column_that_a_record_lacks_is_counted_where_it_was_mapped(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(f"{json.dumps({**ROW, 'topic': 'sums'})}\n{json.dumps(ROW)}", encoding="utf-8")
    found = [(seed.record.domain, seed.record.dropped) for seed in read("jsonl", path, columns={"domain": "topic"})]
    assert found == [("sums", ()), (None, ("domain",))]
    assert read_row(tmp_path, {**ROW, "topic": None}, columns={"domain": "topic"}).record.dropped == ()


@pytest.mark.parametrize("field", ["solution", "key", "domain", "difficulty", "licence", "annotation"])
def test_any_optional_field_can_be_mapped_to_nothing(tmp_path: Path, field: str) -> None:
    seed = read_row(tmp_path, {**ROW, field: "3"}, columns={field: ""}).record
    plain = read_row(tmp_path, ROW).record
    assert (getattr(seed, field), seed.dropped) == (getattr(plain, field), ())


def test_an_answer_mapped_to_nothing_needs_tests(tmp_path: Path) -> None:
    with_tests = {**ROW, "annotation": {"code": "def f(): return 2", "tests": ["assert f() == 2"]}}
    kept = read_row(tmp_path, with_tests, columns={"answer": ""})
    lost = read_row(tmp_path, ROW, columns={"answer": ""})
    assert (kept.verdict.kept, kept.record.answer, lost.verdict.reason) == (True, None, Reason.NO_ANSWER)


def test_a_problem_cannot_be_mapped_to_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="maps 'problem' to no column"):
        read_row(tmp_path, ROW, columns={"problem": ""})


def test_positions_and_ids_of_one_source_never_meet(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    keys: list[Any] = [None, 0, 3, None, 2, ["x", "y"]]
    path.write_text("\n".join(json.dumps({**ROW, "key": key}) for key in keys), encoding="utf-8")
    judged = read("jsonl", path)
    assert [seed.record.key for seed in judged] == ["0", "0#1", "3", "3#3", "2#4", "5"]
    assert len({seed.record.seed_id for seed in judged}) == len(keys)
