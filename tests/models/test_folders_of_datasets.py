"""Folders in the form of the Hub, read by the package `datasets`: as sources and as benchmarks."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from caco_tasks.check_settings import BenchmarkSettings, DecontaminationSettings
from caco_tasks.checks.decontamination.overlap import BenchmarkIndex, index_hash
from caco_tasks.config import SourceSettings
from caco_tasks.errors import SourceError
from caco_tasks.records import JudgedRecord, Seed
from caco_tasks.sources import read_source

COLUMNS = {"problem": "prompt", "answer": "gold"}
TRAM = (
    "A tram leaves the harbour with 48 passengers. At the museum 17 of them get off and 25 others get on. "
    "At the market half of the passengers get off. How many passengers are then on the tram?"
)
ITEMS = [{"id": "tram", "text": TRAM, "gold": "#### 28"}]


def read(reader: str, path: Path | str, **settings: Any) -> list[JudgedRecord[Seed]]:
    return list(read_source(SourceSettings(name="mine", reader=reader, path=str(path), **settings)))


def found(index: BenchmarkIndex, text: str) -> list[tuple[str, str]]:
    return [(overlap.item, overlap.rule) for overlap in index.overlaps(text, None)]


def test_a_folder_of_data_files_is_read_as_a_huggingface_dataset(tmp_path: Path) -> None:
    pytest.importorskip("datasets", reason="the package datasets is not installed")
    folder = tmp_path / "set"
    folder.mkdir()
    pq.write_table(pa.table({"prompt": ["1+1?", "2+2?"], "gold": ["2", "4"]}), folder / "train.parquet")
    judged = read("huggingface", folder, columns=COLUMNS)
    assert [seed.record.answer for seed in judged] == ["2", "4"]
    assert len({seed.record.revision for seed in judged}) == 1


def test_a_folder_that_save_to_disk_wrote_is_read_as_a_huggingface_dataset(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="the package datasets is not installed")
    rows = datasets.Dataset.from_dict({"prompt": ["1+1?"], "gold": [2]})
    datasets.DatasetDict({"train": rows, "check": rows}).save_to_disk(str(tmp_path / "set"))
    (judged,) = read("huggingface", tmp_path / "set", columns=COLUMNS, split="check")
    assert judged.record.answer == "2"


def test_narrow_floats_of_a_dataset_are_the_shortest_text_that_means_them(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="the package datasets is not installed")
    rows = pa.table({"prompt": ["a", "b"], "gold": pa.array([[0.1], [3.14, 18]], pa.list_(pa.float32()))})
    (tmp_path / "files").mkdir()
    pq.write_table(rows, tmp_path / "files" / "train.parquet")
    datasets.Dataset(rows).save_to_disk(str(tmp_path / "saved"))
    for folder in ("files", "saved"):
        judged = read("huggingface", tmp_path / folder, columns=COLUMNS)
        assert [seed.record.answer for seed in judged] == ["0.1", "3.14; 18"]


def test_a_column_that_nobody_asks_for_is_not_decoded(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="the package datasets is not installed")
    pictures = pa.array(
        [{"bytes": b"no picture", "path": "a.png"}], pa.struct({"bytes": pa.binary(), "path": pa.string()})
    )
    days = pa.array([-900_000], pa.date32())  # of the year 0, which Python does not know
    rows = pa.table({"prompt": ["a"], "reward": [{"gold": "1"}], "day": days, "picture": pictures})
    saved = datasets.Dataset(rows).cast_column("picture", datasets.Image())
    saved.save_to_disk(str(tmp_path / "saved"))
    (tmp_path / "files").mkdir()
    pq.write_table(rows, tmp_path / "files" / "train.parquet")
    for folder in ("saved", "files"):
        (judged,) = read("huggingface", tmp_path / folder, columns={"problem": "prompt", "answer": "reward.gold"})
        assert judged.record.answer == "1"
        with pytest.raises(SourceError, match="of source 'mine' cannot be read"):
            read("huggingface", tmp_path / folder, columns={"problem": "prompt", "answer": "day"})


def test_a_folder_without_data_is_no_huggingface_dataset(tmp_path: Path) -> None:
    pytest.importorskip("datasets", reason="the package datasets is not installed")
    with pytest.raises(SourceError, match="of source 'mine' cannot be read"):
        read("huggingface", tmp_path)


def hub_like(folder: Path, rows: list[dict[str, object]]) -> BenchmarkSettings:
    (folder / "data").mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), folder / "data" / "test-00000-of-00001.parquet")
    return BenchmarkSettings(
        name="trams",
        path=str(folder),
        format="huggingface",
        problem_column="text",
        answer_column="gold",
        id_column="id",
    )


def test_a_dataset_of_the_hub_is_a_benchmark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("datasets", reason="the package datasets is not installed")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    benchmark = hub_like(tmp_path / "trams", [{**item, "gold": str(item["gold"])} for item in ITEMS])
    index = BenchmarkIndex.build(DecontaminationSettings(benchmarks=(benchmark,)))
    assert found(index, TRAM) == [("tram", "exact")]
    (tmp_path / "trams" / "data" / "more.txt").write_text("changed", encoding="utf-8")
    assert index_hash(DecontaminationSettings(benchmarks=(benchmark,))) != index.hash
