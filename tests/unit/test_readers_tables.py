"""Any table by a column map: JSONL, Parquet, CSV and Hugging Face datasets."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from caco_tasks.config import SourceSettings
from caco_tasks.errors import ConfigError, SourceError
from caco_tasks.records import JudgedRecord, Reason, Seed
from caco_tasks.sources import read_source

COLUMNS = {"problem": "prompt", "answer": "gold"}


def read(reader: str, path: Path | str, **settings: Any) -> list[JudgedRecord[Seed]]:
    return list(read_source(SourceSettings(name="mine", reader=reader, path=str(path), **settings)))


def write_lines(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def test_all_fields_can_be_mapped_and_dots_go_into_records_and_lists(tmp_path: Path) -> None:
    row = {
        "meta": {"id": 12, "tags": ["algebra", "x"], "level": 4, "terms": "CC-BY-4.0"},
        "turns": [{"text": "Solve x+1=3."}, {"text": "x=2"}],
        "reward.gold": 2.0,
        "formula": '{"equation": "x+1=3"}',
    }
    columns = {
        "problem": "turns.0.text",
        "solution": "turns.1.text",
        "answer": "reward.gold",
        "key": "meta.id",
        "domain": "meta.tags.0",
        "difficulty": "meta.level",
        "licence": "meta.terms",
        "annotation": "formula",
    }
    (judged,) = read("jsonl", write_lines(tmp_path, row), columns=columns)
    seed = judged.record
    assert judged.verdict.kept
    assert (seed.problem, seed.solution, seed.answer, seed.key) == ("Solve x+1=3.", "x=2", "2", "12")
    assert (seed.domain, seed.difficulty, seed.licence) == ("algebra", 4, "CC-BY-4.0")
    assert seed.annotation == '{"equation": "x+1=3"}'


def test_a_field_that_is_not_mapped_comes_from_the_column_of_its_name(tmp_path: Path) -> None:
    (judged,) = read("jsonl", write_lines(tmp_path, {"problem": "1+1?", "answer": 2, "domain": "sums"}))
    assert (judged.record.answer, judged.record.domain, judged.record.licence) == ("2", "sums", "NOASSERTION")


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        pytest.param(504.0, "504", id="whole float"),
        pytest.param(2.5, "2.5", id="float"),
        pytest.param("7.00", "7", id="text of a whole number"),
        pytest.param(" 3/4 ", "3/4", id="text"),
        pytest.param(-3, "-3", id="int"),
        pytest.param(0, "0", id="zero"),
    ],
)
def test_answers_are_kept_in_their_shortest_form(tmp_path: Path, answer: Any, gold: str) -> None:
    (judged,) = read("jsonl", write_lines(tmp_path, {"problem": "?", "answer": answer}))
    assert judged.record.answer == gold


@pytest.mark.parametrize("answer", [None, "", "  "])
def test_a_blank_answer_is_no_answer(tmp_path: Path, answer: str | None) -> None:
    (judged,) = read("jsonl", write_lines(tmp_path, {"problem": "?", "answer": answer}))
    assert judged.verdict.reason is Reason.NO_ANSWER


@pytest.mark.parametrize(
    ("wrong", "detail"),
    [
        pytest.param({"answer": {"text": "2"}}, "neither text nor a number", id="a record as answer"),
        pytest.param({"answer": [[1], [2]]}, "neither text nor a number", id="lists in a list of answers"),
        pytest.param({"answer": float("nan")}, "not a finite number", id="not finite"),
        pytest.param({"answer": [1, float("inf")]}, "not a finite number", id="not finite in a list"),
        pytest.param({"problem": ["1+1?"]}, "a list, not text", id="problem"),
    ],
)
def test_a_mistyped_problem_or_answer_rejects_its_record(tmp_path: Path, wrong: dict[str, Any], detail: str) -> None:
    good = {"problem": "1+1?", "answer": 2}
    _, judged = read("jsonl", write_lines(tmp_path, good, {**good, **wrong}))
    assert judged.verdict.reason is Reason.UNREADABLE_RECORD
    assert detail in (judged.verdict.detail or "")


def test_a_map_to_a_column_that_no_record_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"without the column 'meta\.gold'"):
        read("jsonl", write_lines(tmp_path, {"problem": "?", "answer": 1}), columns={"answer": "meta.gold"})


def test_a_map_of_a_field_that_seeds_lack_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="maps 'question'"):
        read("jsonl", write_lines(tmp_path, {"problem": "?", "answer": 1}), columns={"question": "problem"})


def test_parquet_is_read_by_columns(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"prompt": ["1+1?", "2+2?", None], "gold": [2.0, None, 3.0]}), path)
    judged = read("parquet", path, columns=COLUMNS)
    assert [seed.verdict.reason for seed in judged] == [None, Reason.NO_ANSWER, Reason.UNREADABLE_RECORD]
    assert judged[0].record.answer == "2"


def test_csv_is_read_by_columns_and_bad_lines_are_rejected_alone(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    lines = ["prompt,gold", '"Sum of\n1, 1?",2', "too,many,cells", "few", "\xe9?,3", 'quo"te"d "x,4', '"1"x,5', "6?,6"]
    path.write_bytes("\r\n".join(lines).encode("latin-1"))
    judged = read("csv", path, columns=COLUMNS)
    assert [seed.verdict.kept for seed in judged] == [True, False, False, False, True, False, True]
    assert judged[0].record.problem == "Sum of\n1, 1?"
    assert "3 cells under a header of 2" in (judged[1].verdict.detail or "")


def test_an_absurdly_long_line_of_csv_is_rejected_alone(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("prompt,gold\n1?,1\n" + "x" * 1_500_000 + ",2\n" + "y" * 900_000 + ",3\n4?,4\n", encoding="utf-8")
    judged = read("csv", path, columns=COLUMNS)
    assert [seed.verdict.kept for seed in judged] == [True, False, True, True]
    assert (judged[1].verdict.detail, len(judged[2].record.problem)) == ("longer than 1000000 bytes", 900_000)


def test_a_list_in_a_json_file_is_read_by_columns(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps([{"prompt": "1+1?", "gold": 2}]), encoding="utf-8")
    (judged,) = read("jsonl", path, columns=COLUMNS)
    assert judged.record.answer == "2"


def test_a_dataset_on_the_hub_needs_a_revision() -> None:
    with pytest.raises(SourceError, match="needs a revision"):
        read("huggingface", "someone/some-set")
