"""`caco grade --jsonl`: one line out for one line in, in order, whatever the lines are."""

import json
import os
from pathlib import Path

import pytest

from caco_tasks.config import GradingSettings
from caco_tasks.errors import SourceError
from caco_tasks.grading import VERSION, grade_jsonl

LINES = [
    b'{"id": 1, "gold": "48", "pred": "The answer is \\\\boxed{48}."}',
    b'{"id": 2, "gold": "48", "pred": "49"}',
    b"not json",
    b'{"id": 3, "gold": "48"}',
    b'{"id": 4, "gold": 48, "pred": "48"}',
    b'{"id": 5, "gold": "\xff", "pred": "48"}',
    b"[1, 2]",
    b"",
    b'{"id": 6, "gold": "' + b"9" * 1_000_000 + b'", "pred": "1"}',
    b'{"id": null, "gold": "1/2", "pred": "0.5"}',
]


def grade(folder: Path, lines: list[bytes]) -> tuple[dict[str, int], list[dict[str, object]]]:
    source, target = folder / "in.jsonl", folder / "out.jsonl"
    source.write_bytes(b"\n".join(lines) + b"\n")
    counts = grade_jsonl(source, target, GradingSettings())
    return counts, [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]


def test_every_line_gets_a_line_in_its_place(tmp_path: Path) -> None:
    counts, rows = grade(tmp_path, LINES)
    assert [row["outcome"] for row in rows] == ["pass", "fail", *["unknown"] * 6, "fail", "pass"]
    assert [row["id"] for row in rows] == [1, 2, None, 3, 4, None, None, None, 6, None]
    assert counts == {"read": 10, "pass": 2, "fail": 2, "unknown": 6}


def test_a_line_that_cannot_be_read_says_where_and_why(tmp_path: Path) -> None:
    _, rows = grade(tmp_path, LINES)
    unreadable = {row["line"]: row["detail"] for row in rows if row["reason"] == "unreadable_record"}
    assert unreadable == {
        3: "not JSON",
        4: "'pred' is missing or not a string",
        5: "'gold' is missing or not a string",
        6: "not UTF-8",
        7: "not a JSON object",
        8: "not JSON",
    }


def test_a_verdict_carries_reason_method_and_seconds(tmp_path: Path) -> None:
    _, rows = grade(tmp_path, LINES[:2])
    told = {key: rows[1][key] for key in ("reason", "method", "version")}
    assert told == {"reason": "answers_differ", "method": "integer", "version": VERSION}
    assert isinstance(rows[0]["seconds"], float)


def test_odd_ids_come_back_and_the_output_is_strict_json(tmp_path: Path) -> None:
    ids = [b'"\\ud800"', b'"\xc3\xa9"', b'{"a": [1]}', b"NaN", b"-Infinity"]
    _, rows = grade(tmp_path, [b'{"id": ' + one + b', "gold": "1", "pred": "1"}' for one in ids])
    assert [row["id"] for row in rows] == ["\ud800", "\u00e9", {"a": [1]}, None, None]
    assert [row["reason"] for row in rows] == [None, None, None, "unreadable_record", "unreadable_record"]


def test_the_end_of_an_enormous_solution_is_read(tmp_path: Path) -> None:
    talk = b"Let me think again. " * 50_000
    lines = [b'{"gold": "5", "pred": "' + talk + end + b'"}' for end in (b"The answer is 5.", b"The answer is 6.", b"")]
    _, rows = grade(tmp_path, lines)
    assert [row["outcome"] for row in rows] == ["pass", "fail", "unknown"]


def test_a_target_that_is_no_file_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe, (reading, writing) = tmp_path / "out", os.pipe()
    pipe.symlink_to(f"/dev/fd/{writing}")
    (tmp_path / "in").write_bytes(b'{"id": 1, "gold": "2", "pred": "2"}\n')
    grade_jsonl(tmp_path / "in", pipe, GradingSettings())
    os.close(writing)
    with open(reading, "rb") as told:
        assert json.loads(told.read())["outcome"] == "pass"
    assert pipe.is_symlink()


def test_an_empty_file_gives_an_empty_file(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(b"")
    assert grade_jsonl(source, target, GradingSettings())["read"] == 0
    assert target.read_bytes() == b""


def test_a_missing_source_is_named_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nothing\.jsonl"):
        grade_jsonl(tmp_path / "nothing.jsonl", tmp_path / "out.jsonl", GradingSettings())
    assert os.listdir(tmp_path) == []
