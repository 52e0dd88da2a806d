"""Sources of several files: which are read, in what order, and what names their content."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from caco_tasks.config import SourceSettings
from caco_tasks.errors import SourceError
from caco_tasks.sources import read_source, source_revision


def settings(path: Path | str, reader: str = "jsonl", **more: Any) -> SourceSettings:
    return SourceSettings(name="src", reader=reader, path=str(path), **more)


def golds(path: Path | str, reader: str = "jsonl", **more: Any) -> list[str | None]:
    return [judged.record.answer for judged in read_source(settings(path, reader, **more))]


def write_lines(path: Path, *answers: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps({"problem": f"{n}?", "answer": n}) + "\n" for n in answers), encoding="utf-8")
    return path


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """A folder as one downloads it: shards of two kinds, and what tools keep beside them."""
    folder = tmp_path / "set"
    write_lines(folder / "train-00001.jsonl", 3)
    write_lines(folder / "train-00000.jsonl", 1, 2)
    write_lines(folder / "more" / "part.json", 4, 5)
    write_lines(folder / "_draft.jsonl", 6)
    write_lines(folder / ".cache" / "train.jsonl", 7)
    pq.write_table(pa.table({"problem": ["8?"], "answer": ["8"]}), folder / "train.parquet")
    (folder / "README.md").write_text("About the set.", encoding="utf-8")
    return folder


def test_a_folder_is_read_file_by_file_in_the_order_of_names(shards: Path) -> None:
    judged = list(read_source(settings(shards)))
    assert [seed.record.answer for seed in judged] == ["4", "5", "1", "2", "3"]
    assert [seed.record.key for seed in judged] == ["0", "1", "2", "3", "4"]
    assert golds(shards, limit=3) == ["4", "5", "1"]
    assert golds(shards, "parquet") == ["8"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("train-*.jsonl", ["1", "2", "3"]),
        ("train-0000[1-9].jsonl", ["3"]),
        ("**/*.json*", ["6", "4", "5", "1", "2", "3"]),
        ("*/part.json", ["4", "5"]),
        ("_*.jsonl", ["6"]),
    ],
)
def test_a_pattern_names_the_files(shards: Path, pattern: str, expected: list[str]) -> None:
    assert golds(shards / pattern) == expected


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "rows[1].jsonl", 1)
    write_lines(tmp_path / "rows1.jsonl", 2)
    assert golds(path) == ["1"]
    assert source_revision(settings(path)) != source_revision(settings(tmp_path / "rows1.jsonl"))


def test_a_relative_pattern_is_one_too(shards: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shards)
    assert golds("train-*.jsonl") == ["1", "2", "3"]
    assert source_revision(settings("*.jsonl")) == source_revision(settings(shards / "*.jsonl"))


@pytest.mark.parametrize("place", ["", "*.jsonl"])
def test_the_revision_is_of_all_files_and_not_of_where_they_lie(shards: Path, tmp_path: Path, place: str) -> None:
    first = source_revision(settings(shards / place))
    assert {judged.record.revision for judged in read_source(settings(shards / place))} == {first}
    moved = shutil.copytree(shards, tmp_path / "elsewhere")
    assert source_revision(settings(moved / place)) == first
    write_lines(moved / ".cache" / "train.jsonl", 9)
    os.utime(moved / "train-00000.jsonl", (1, 1))
    assert source_revision(settings(moved / place)) == first
    write_lines(moved / "train-00001.jsonl", 9)
    changed = source_revision(settings(moved / place))
    write_lines(moved / "train-00001.jsonl", 3)
    write_lines(moved / "train-00002.jsonl", 9)
    assert len({first, changed, source_revision(settings(moved / place))}) == 3


def test_the_revision_of_one_file_is_its_hash_wherever_it_lies(tmp_path: Path) -> None:
    one, other = write_lines(tmp_path / "a.jsonl", 1), write_lines(tmp_path / "b" / "c.jsonl", 1)
    assert source_revision(settings(one)) == source_revision(settings(other))
    assert source_revision(settings(tmp_path / "b")) != source_revision(settings(one))


def test_a_damaged_file_of_a_folder_is_named(shards: Path) -> None:
    write_lines(shards / "zz.jsonl.gz", 1)
    (shards / "zz.json").write_text('[{"problem": "?",', encoding="utf-8")
    with pytest.raises(SourceError, match=r"zz\.json is not valid JSON"):
        golds(shards)


def test_an_empty_file_beside_others_is_no_error(shards: Path) -> None:
    (shards / "train-00002.jsonl").write_text("", encoding="utf-8")
    assert golds(shards / "train-*.jsonl") == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("*.csv", "names no file: download them or mend it"),
        ("none", "does not exist"),
        ("more/part.json/*", "names no file"),
    ],
)
def test_no_file_is_an_error(shards: Path, place: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        golds(shards / place)


def test_a_folder_without_a_file_for_the_reader_is_an_error(shards: Path) -> None:
    with pytest.raises(SourceError, match="has no file that 'csv' reads"):
        golds(shards, "csv")
