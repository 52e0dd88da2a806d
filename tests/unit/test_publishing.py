"""Published rows, the four export formats, and the card."""

import hashlib
import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import making
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from caco_tasks.config import RunConfig
from caco_tasks.errors import ConfigError, DamagedError, StoreError
from caco_tasks.ledger import FunnelRow, OverlapRow, RejectRow, SourceRow
from caco_tasks.publishing.dataset_card import CardFacts, dataset_card
from caco_tasks.publishing.dataset_row import COLUMNS, SCHEMA, dataset_row
from caco_tasks.publishing.export import FORMATS, dataset_rows, export
from caco_tasks.store import Store
from caco_tasks.store.registry import DatasetFile, DatasetRecord, dataset_folder, dataset_manifest_uri

RUN = making.nightly_run(making.small_config())
NAME = "shop-words/2026-01-02-abc"
QUESTION = "What do 3 pens at 4 coins each cost?"
THOUGHT = "3 × 4 = 12.\nThe answer is \\boxed{12}."


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with a dataset of two files and three rows."""
    store = making.store_in(tmp_path)
    name, _, version = NAME.partition("/")
    files = tuple(
        write_file(store, f"{dataset_folder(name, version)}/train-{number:05d}-of-00002.parquet", names)
        for number, names in enumerate((["s0", "s1"], ["s2"]))
    )
    record = DatasetRecord(
        dataset=name, version=version, run_id="r", partition="2026-01-02", rows=3, code_version="0", files=files
    )
    store.put(dataset_manifest_uri(name, version), record.model_dump_json().encode())
    return store


def write_file(store: Store, uri: str, names: list[str]) -> DatasetFile:
    """One parquet file of a dataset."""
    rows = [dataset_row(making.sample(name), RUN) for name in names]
    buffer = BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), buffer, compression="zstd")
    data = buffer.getvalue()
    store.put(uri, data)
    return DatasetFile(uri=uri, rows=len(rows), bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


EXPORTED: dict[str, dict[str, Any]] = {
    "messages": {
        "messages": [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": THOUGHT}],
        "answer": "12",
        "sample_id": "s0",
    },
    "alpaca": {"instruction": QUESTION, "input": "", "output": THOUGHT, "sample_id": "s0"},
    "caco": {
        "instruction": QUESTION,
        "output": THOUGHT,
        "answer": "12",
        "code": making.CODE,
        "sample_id": "s0",
    },
    "rlvr": {
        "prompt": [{"role": "user", "content": QUESTION}],
        "answer": "12",
        "answer_type": "int",
        "sample_id": "s0",
    },
}


@pytest.mark.parametrize("name", EXPORTED)
def test_a_dataset_is_exported_row_by_row(store: Store, tmp_path: Path, name: str) -> None:
    path, rows = export(store, NAME, format_name=name, out=tmp_path / "out")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert lines[0] == EXPORTED[name]
    assert ([line["sample_id"] for line in lines], rows) == (["s0", "s1", "s2"], 3)
    assert list((tmp_path / "out").iterdir()) == [tmp_path / "out" / "train.jsonl"]


def test_the_formats_are_the_four_of_the_contract() -> None:
    assert list(FORMATS) == ["messages", "alpaca", "caco", "rlvr"]


def test_an_export_replaces_an_earlier_one(store: Store, tmp_path: Path) -> None:
    first = export(store, NAME, format_name="alpaca", out=tmp_path)[0].read_bytes()
    export(store, NAME, format_name="rlvr", out=tmp_path)
    assert export(store, NAME, format_name="alpaca", out=tmp_path)[0].read_bytes() == first


def test_an_unknown_format_is_named_and_nothing_is_made(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no export format 'csv': there are messages, alpaca, caco, rlvr"):
        export(store, NAME, format_name="csv", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_unknown_dataset_is_named_with_those_that_are_there(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=f"no dataset 'shop-words/7': there are {NAME}"):
        export(store, "shop-words/7", format_name="caco", out=tmp_path / "out")
    assert not (tmp_path / "out" / "train.jsonl").exists()


def test_an_empty_store_has_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there are none yet"):
        list(dataset_rows(making.store_in(tmp_path), "a/1"))


def spoil_second_file(folder: Path) -> None:
    """Changes one byte."""
    path = folder / "train-00001-of-00002.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def lose_second_file(folder: Path) -> None:
    """Removes it."""
    (folder / "train-00001-of-00002.parquet").unlink()


def cut_manifest(folder: Path) -> None:
    """Cuts the manifest in half."""
    path = folder / "manifest.json"
    path.write_bytes(path.read_bytes()[:100])


@pytest.mark.parametrize("damage", [spoil_second_file, lose_second_file, cut_manifest])
def test_a_damaged_dataset_is_not_exported(store: Store, tmp_path: Path, damage: Any) -> None:
    damage(tmp_path / "store" / "datasets" / NAME)
    with pytest.raises(DamagedError, match="damaged"):
        export(store, NAME, format_name="caco", out=tmp_path / "out")
    assert not (tmp_path / "out" / "train.jsonl").exists()


def test_a_published_row_has_every_column_and_each_is_explained() -> None:
    row = dataset_row(making.sample(), RUN)
    assert list(row) == SCHEMA.names == list(COLUMNS)
    assert pa.Table.from_pylist([row], schema=SCHEMA).to_pylist() == [row]
    assert (row["codegen"], row["reverser"]) == ("codegen@1", "reverser@1")
    assert (row["run_id"], row["partition"]) == (RUN.run_id, RUN.partition)


@pytest.mark.parametrize("part", ["execution", "problem", "solution", "judgement"])
def test_a_sample_without_one_of_its_parts_is_not_published(part: str) -> None:
    lacking: dict[str, Any] = {part: None}
    with pytest.raises(ValueError, match="the sample s0 lacks a part"):
        dataset_row(making.sample(**lacking), RUN)


def facts(*licences: str) -> CardFacts:
    """What a ledger could say of a small run."""
    counts = {"shards": 1, "unknown": 0, "kept_share": 0.75, "seconds": 1.0}
    return CardFacts(
        funnel=[FunnelRow(run_id="r", stage="sample", read=4, passed=3, failed=1, **counts)],  # type: ignore[arg-type]
        reasons=[
            RejectRow(run_id="r", stage="sample", outcome="fail", reason="cut_off", records=1, share_of_read=0.25)
        ],
        sources=[
            SourceRow(source=f"source {n}", revision="r1", licence=licence, seeds=5, verified=4)
            for n, licence in enumerate(licences)
        ],
        manifests={stage: [] for stage in ("sample", "reverse", "solve", "judge", "execute")},
    )


def card(config: RunConfig, *licences: str, published: int = 3) -> str:
    """The card of that run."""
    return dataset_card(facts(*licences), run=making.nightly_run(config), config=config, published=published)


def head_of(text: str) -> dict[str, Any]:
    """The YAML between the first two lines of dashes."""
    before, head, _ = text.split("---\n", 2)
    assert before == ""
    found: dict[str, Any] = yaml.safe_load(head)
    return found


LICENCES = {
    "all free": (("CC0-1.0",), "cc0-1.0"),
    "mixed": (("CC0-1.0", "MIT"), "other"),
    "not known": ((), "other"),
}


@pytest.mark.parametrize(("licences", "expected"), LICENCES.values(), ids=LICENCES)
def test_the_head_of_a_card_is_yaml_that_names_licence_and_files(licences: tuple[str, ...], expected: str) -> None:
    head = head_of(card(making.small_config(), *licences))
    assert (head["license"], head["pretty_name"]) == (expected, "shop-words")
    assert head["configs"][0]["data_files"] == [{"split": "train", "path": "train-*.parquet"}]


SIZES = [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (99_999, "10K<n<100K"), (2_000_000, "n>1M")]


@pytest.mark.parametrize(("rows", "size"), SIZES)
def test_the_head_of_a_card_tells_its_size(rows: int, size: str) -> None:
    assert head_of(card(making.small_config(), published=rows))["size_categories"] == [size]


def test_a_card_says_that_nothing_was_protected() -> None:
    assert "No benchmark was protected: the config names none" in card(making.small_config())


@pytest.mark.parametrize(("judge", "is_told"), [("Qwen/Qwen3-32B", True), ("some-org/Other-70B", False)])
def test_a_card_tells_when_judge_and_solver_are_of_one_family(judge: str, is_told: bool) -> None:
    roles = {role: {"model": "Qwen/Qwen3-8B", "prompt": "solve.v1"} for role in ("codegen", "reverser", "solver")}
    config = making.small_config(models=roles | {"judge": {"model": judge, "prompt": "judge.v1"}})
    assert ("Solver and judge are of one family of models (`qwen`)" in card(config)) is is_told


def test_a_card_names_the_protected_benchmarks() -> None:
    benchmarks = [{"name": "exam-a", "path": "a.jsonl"}, {"name": "exam-b", "path": "b.jsonl"}]
    text = card(making.small_config(decontamination={"benchmarks": benchmarks}))
    assert "Rows that overlap these benchmarks were removed: exam-a, exam-b." in text
    assert "No benchmark was protected" not in text


def test_a_card_counts_what_overlaps_which_benchmark() -> None:
    config = making.small_config(decontamination={"benchmarks": [{"name": "exam", "path": "a.jsonl"}]})
    found = replace(
        facts(), overlaps=[OverlapRow(stage="reverse", benchmark="exam", rule="masked", records=3, items=2)]
    )
    text = dataset_card(found, run=making.nightly_run(config), config=config, published=3)
    assert "| reverse | exam | `masked` | 3 | 2 |" in text


def test_a_card_tells_the_funnel_the_reasons_and_the_seeds() -> None:
    text = card(making.small_config(), "MIT")
    assert "| sample | 4 | 3 | 1 | 0 | 75.0% |" in text
    assert "Published: 3 of 4 sampled programs (75.0%)." in text
    assert "| sample | fail | `cut_off` | 1 | 25.0% |" in text
    assert "| source 0 | `r1` | MIT | 5 | 4 |" in text
    assert "its seeds are not known" not in text


def test_a_card_owns_up_to_small_models_and_to_one_writer_for_both() -> None:
    text = card(making.small_config())
    assert "The nano models are small" in text
    assert "written by one model" in text
