"""Programs from a file into a file: order and count stay, whatever the lines are."""

import json
from pathlib import Path
from typing import Any

import pytest

from caco_tasks.config import SandboxSettings
from caco_tasks.errors import SourceError
from caco_tasks.sandbox import exec_jsonl

SETTINGS = SandboxSettings(workers=2, timeout_seconds=20, least_level="full")
GOOD = json.dumps({"id": "g", "code": "input = {'a': 2}\noutput = (input['a'], 1 / 3)\nprint('hi')\n"})


def run(folder: Path, lines: list[bytes | str]) -> tuple[dict[str, int], list[dict[str, Any]]]:
    source, target = folder / "in.jsonl", folder / "out.jsonl"
    source.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines) + b"\n")
    counts = exec_jsonl(source, target, SETTINGS)
    return counts, [json.loads(line) for line in target.read_text().splitlines()]


def test_a_good_line_has_its_values_typed(tmp_path: Path) -> None:
    counts, (line,) = run(tmp_path, [GOOD])
    assert counts == {"pass": 1}
    assert line.pop("seconds") > 0
    assert line == {
        "id": "g",
        "outcome": "pass",
        "reason": None,
        "detail": None,
        "input": {"a": 2},
        "output": {"$type": "tuple", "items": [2, 0.3333333333333333]},
        "stdout": "hi\n",
    }


BAD = {
    "not JSON": (b"not json", "unknown"),
    "blank": (b"", "unknown"),
    "no object": (b"[1]", "unknown"),
    "no UTF-8": (b'{"id": 1, "code": "\xff"}', "unknown"),
    "nested without end": (b"[" * 200_000, "unknown"),
    "no code": (b'{"id": 7}', "fail"),
    "code that is no text": (b'{"id": 7, "code": 5}', "fail"),
}


@pytest.mark.parametrize(("text", "outcome"), BAD.values(), ids=BAD)
def test_a_line_without_a_program_has_a_line_with_its_number(text: bytes, outcome: str, tmp_path: Path) -> None:
    counts, lines = run(tmp_path, [GOOD, text, GOOD])
    assert [line["outcome"] for line in lines] == ["pass", outcome, "pass"]
    assert lines[1]["line"] == 2
    assert lines[1]["output"] is None
    assert counts == {"pass": 2, outcome: 1}


def test_order_and_count_are_those_of_the_lines(tmp_path: Path) -> None:
    given = [
        json.dumps({"id": n, "code": f"input = {{'a': 1}}\noutput = {n} + 1"}) if n % 4 else "broken" for n in range(60)
    ]
    _, lines = run(tmp_path, list(given))
    assert [line["output"] for line in lines] == [n + 1 if n % 4 else None for n in range(60)]
    assert [line["line"] for line in lines if "line" in line] == list(range(1, 61, 4))


def test_an_empty_file_gives_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "in").write_text("")
    assert exec_jsonl(tmp_path / "in", tmp_path / "out", SETTINGS) == {}
    assert (tmp_path / "out").read_text() == ""


def test_a_missing_source_is_named_and_leaves_no_target(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nowhere"):
        exec_jsonl(tmp_path / "nowhere", tmp_path / "out", SETTINGS)
    assert list(tmp_path.iterdir()) == []


def test_a_target_in_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "in").write_text(GOOD)
    with pytest.raises(SourceError, match="absent"):
        exec_jsonl(tmp_path / "in", tmp_path / "absent" / "out", SETTINGS)
