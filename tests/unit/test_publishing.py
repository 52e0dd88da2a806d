"""Published rows, the files and states of a dataset, and the four export formats."""

import json
import warnings
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import making
import published
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from caco_tasks.context import Context
from caco_tasks.errors import ConfigError, ConservationError, DamagedError, StoreError
from caco_tasks.ids import file_sha256
from caco_tasks.publishing.dataset_files import WithdrawnWarning, dataset_rows, list_datasets, read_dataset
from caco_tasks.publishing.dataset_row import COLUMNS, SCHEMA, dataset_row
from caco_tasks.publishing.export import FORMATS, export
from caco_tasks.publishing.licences import Licence, combine_licences
from caco_tasks.publishing.states import change_state, read_state, read_states, stage_dataset
from caco_tasks.records import PASS, Finding, JudgedRecord, Program, PublishedRow, Reason, Sample
from caco_tasks.stages.publish import dataset_version, publish_rows
from caco_tasks.store import Store
from caco_tasks.store.manifest import manifest_uri

RUN = making.nightly_run(making.small_config(), seed_run_id="5" * 32, codegen_run_id="c" * 32)
NAME = "shop-words/2026-01-02-abc"
QUESTION = "What do 3 pens at 4 coins each cost?"
THOUGHT = "3 × 4 = 12.\nThe answer is \\boxed{12}."


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with a dataset of two files and three rows."""
    store = making.store_in(tmp_path)
    samples = [making.sample(name) for name in ("s0", "s1", "s2")]
    published.write_dataset(store, RUN, samples, name=NAME, rows_per_file=2)
    return store


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
    assert FORMATS == ("messages", "alpaca", "caco", "rlvr")


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


FILE = f"The file datasets/{NAME}/train-00001-of-00002.parquet of the dataset '{NAME}' is"
DAMAGES = {
    "a bit": (spoil_second_file, f"{FILE} damaged (its SHA-256 begins with"),
    "a file": (lose_second_file, f"{FILE} gone: restore it, or publish the dataset again."),
    "the manifest": (cut_manifest, f"datasets/{NAME}/manifest.json is damaged"),
}


@pytest.mark.parametrize(("damage", "said"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_dataset_is_not_exported(store: Store, tmp_path: Path, damage: Any, said: str) -> None:
    damage(tmp_path / "store" / "datasets" / NAME)
    with pytest.raises(DamagedError) as caught:
        export(store, NAME, format_name="caco", out=tmp_path / "out")
    assert str(caught.value).startswith(said)
    assert not list((tmp_path / "out").iterdir())


def test_a_dataset_file_of_other_columns_is_damage_in_words(store: Store, tmp_path: Path) -> None:
    row = dataset_row(making.sample(), published.row_origin(RUN)) | {"index": "first"}
    fields = [pa.field("index", pa.string()) if field.name == "index" else field for field in SCHEMA]
    path = tmp_path / "store" / "datasets" / NAME / "train-00000-of-00002.parquet"
    pq.write_table(pa.Table.from_pylist([row], schema=pa.schema(fields)), path)
    record = read_dataset(store, NAME)
    files = (record.files[0].model_copy(update={"sha256": file_sha256(str(path))}), record.files[1])
    changed = record.model_copy(update={"files": files}).model_dump_json()
    store.put(f"datasets/{NAME}/manifest.json", changed.encode())
    with pytest.raises(
        DamagedError, match=r"is damaged \(column index is text, this version wants a number\): restore"
    ):
        list(dataset_rows(store, NAME))


def test_a_published_row_has_every_column_and_each_is_explained() -> None:
    row = dataset_row(making.sample(index=7), published.row_origin(RUN))
    assert list(row) == SCHEMA.names == list(COLUMNS)
    assert pa.Table.from_pylist([row], schema=SCHEMA).to_pylist() == [row]


def test_the_page_on_datasets_explains_every_column() -> None:
    page = (Path(__file__).parents[2] / "docs" / "datasets.md").read_text()
    assert [name for name, said in COLUMNS.items() if f"| `{name}` | {said} |" not in page] == []
    assert [name for name in FORMATS if f"| `{name}` |" not in page] == []


def test_a_published_row_says_where_it_comes_from() -> None:
    finding = Finding(stage="agree", reason=Reason.WRONG_UNIT, detail="coins")
    origin = published.row_origin(RUN)
    row = dataset_row(making.sample(index=7, findings=(finding,)), origin)
    assert {name: row[name] for name in ("run_id", "partition", "seed_run", "codegen_run", "index", "draw")} == {
        "run_id": RUN.run_id,
        "partition": RUN.partition,
        "seed_run": "5" * 32,
        "codegen_run": "c" * 32,
        "index": 7,
        "draw": origin.draw,
    }
    assert (row["output_key"], row["code_version"]) == (origin.made.key, "0.1.0+gabc")
    assert (row["licence"], row["licence_note"], row["sources"]) == ("CC0-1.0", None, ["bank"])
    assert (row["findings"], row["difficulty"]) == (["wrong_unit"], None)
    for role in ("codegen", "reverser", "solver", "judge"):
        said = [row[f"{role}{what}"] for what in ("", "_prompt", "_request")]
        assert said == [f"{role}@1", f"nano_{role}.v1", f"request of {role}"]


DOMAINS = {
    "# domain: number theory\ninput = {}\n": "number theory",
    "\n# domain: algebra  \ninput = {}\n": "algebra",
    "# domain: unknown\ninput = {}\n": None,
    "# what it costs\ninput = {}\n": None,
    "input = {}\n# domain: algebra\n": None,
}


@pytest.mark.parametrize(("code", "domain"), DOMAINS.items())
def test_a_row_has_the_domain_that_its_program_was_written_under(code: str, domain: str | None) -> None:
    program = replace(making.sample().program, code=code)
    assert dataset_row(making.sample(program=program), published.row_origin(RUN))["domain"] == domain


@pytest.mark.parametrize("part", ["execution", "problem", "solution", "judgement", "program"])
def test_a_sample_without_one_of_its_parts_is_not_published(part: str) -> None:
    lacking: dict[str, Any] = {part: Program(program_id="p", code="") if part == "program" else None}
    with pytest.raises(ValueError, match="the sample s0 lacks a part"):
        dataset_row(making.sample(**lacking), published.row_origin(RUN))


COMBINED = {
    "one": ({"a": "MIT"}, Licence("MIT", None)),
    "the same twice": ({"a": "MIT", "b": "MIT"}, Licence("MIT", None)),
    "two": ({"a": "MIT", "b": "CC-BY-4.0"}, Licence("CC-BY-4.0 AND MIT", None)),
    "a choice": ({"a": "MIT OR Apache-2.0", "b": "CC0-1.0"}, Licence("CC0-1.0 AND (MIT OR Apache-2.0)", None)),
    "words": ({"a": "free for research (c) X"}, Licence("LicenseRef-free-for-research-c-X", None)),
    "two of one source": ({"a": ["MIT", "CC-BY-4.0"]}, Licence("CC-BY-4.0 AND MIT", None)),
    "not said": ({"a": "MIT", "b": "NOASSERTION"}, Licence(None, "the source b does not say its licence")),
    "two not said": ({"a": "unknown", "b": ""}, Licence(None, "the sources a, b do not say their licences")),
    "no seeds": ({}, Licence(None, "no seed program is on record behind the model that wrote the programs")),
}


@pytest.mark.parametrize(("by_source", "expected"), COMBINED.values(), ids=COMBINED)
def test_the_licence_of_a_dataset_is_that_of_all_its_sources(by_source: Any, expected: Licence) -> None:
    assert combine_licences(by_source) == expected


def publishing(folder: Path, *, passed: tuple[int, ...], rows_per_file: int) -> tuple[Context, list[list[Sample]]]:
    """A task of `publish` over outputs that passed so many samples, and these samples."""
    settings = {"name": "shop-words", "rows_per_file": rows_per_file}
    config = making.small_config(publish=settings, samples=10 * len(passed), shards=len(passed))
    context = making.context_in(folder, "publish", config)
    for shard, count in enumerate(passed):
        made = published.last_output(context.run, shard=shard, passed=count)
        assert made.key == context.inputs[shard]
        context.services.store.put(manifest_uri("decontaminate", made.key), made.model_dump_json().encode())
    return context, [[making.sample(f"s{shard}{row}") for row in range(count)] for shard, count in enumerate(passed)]


def test_rows_are_published_in_their_order_and_in_files_of_the_size_asked_for(tmp_path: Path) -> None:
    context, samples = publishing(tmp_path, passed=(3, 0, 2), rows_per_file=2)
    judged = list(publish_rows(chain(*samples), context, published.facts("MIT")))
    store, version = context.services.store, f"2026-01-02-{context.key[:8]}"
    assert dataset_version(context) == version
    names = [f"train-{number:05d}-of-00003.parquet" for number in range(3)]
    assert store.list("datasets") == sorted(
        f"datasets/shop-words/{version}/{name}"
        for name in [*names, "README.md", "croissant.json", "manifest.json", "state.json"]
    )
    rows = list(dataset_rows(store, f"shop-words/{version}"))
    assert [row["sample_id"] for row in rows] == ["s00", "s01", "s02", "s20", "s21"]
    assert [row["output_key"] for row in rows] == [context.inputs[0]] * 3 + [context.inputs[2]] * 2
    places = [(names[0], 0), (names[0], 1), (names[1], 0), (names[1], 1), (names[2], 0)]
    expected = [
        PublishedRow(sample_id=row["sample_id"], file=f, row=n) for row, (f, n) in zip(rows, places, strict=True)
    ]
    assert judged == [JudgedRecord(record=place, verdict=PASS) for place in expected]
    assert context.facts["artifacts"] == {"dataset": f"shop-words/{version}"}
    assert not list(context.work_folder().parent.iterdir())
    state = read_state(store, f"shop-words/{version}")
    assert state is not None
    assert (state.state, state.by) == ("staged", "publish")


def test_samples_are_written_as_they_come(tmp_path: Path) -> None:
    context, samples = publishing(tmp_path, passed=(4,), rows_per_file=1)
    read: list[str] = []

    def coming() -> Iterator[Sample]:
        for sample in samples[0]:
            read.append(sample.id)
            yield sample

    rows = publish_rows(coming(), context, published.facts("MIT"))
    for number in range(1, 5):
        assert next(rows).record.id == read[-1]
        assert len(read) == number


def test_a_run_without_a_row_left_has_a_dataset_without_rows(tmp_path: Path) -> None:
    context, _ = publishing(tmp_path, passed=(0,), rows_per_file=10)
    assert list(publish_rows([], context, published.facts())) == []
    [name] = list_datasets(context.services.store)
    assert list(dataset_rows(context.services.store, name)) == []
    assert [file.uri.rpartition("/")[2] for file in read_dataset(context.services.store, name).files] == [
        "train-00000-of-00001.parquet"
    ]


def test_fewer_rows_than_the_outputs_passed_are_not_published(tmp_path: Path) -> None:
    context, samples = publishing(tmp_path, passed=(3,), rows_per_file=10)
    with pytest.raises(ConservationError, match="3 rows passed every stage, 2 came to be published"):
        list(publish_rows(samples[0][:2], context, published.facts("MIT")))
    assert list_datasets(context.services.store) == []
    assert not list(context.work_folder().parent.iterdir())


def test_two_that_publish_at_once_give_one_whole_dataset(tmp_path: Path) -> None:
    context, samples = publishing(tmp_path, passed=(5,), rows_per_file=2)
    store, racers = (
        context.services.store,
        [publish_rows(samples[0], context, published.facts("MIT")) for _ in range(2)],
    )
    pairs = zip(*racers, strict=True)
    assert len({row.record.id for row in next(pairs)}) == 1
    assert len(list(context.work_folder().parent.iterdir())) == 2  # none in common, which the first to end would remove
    assert all(one == other for one, other in pairs)
    [name] = list_datasets(store)
    assert [row["sample_id"] for row in dataset_rows(store, name)] == [sample.sample_id for sample in samples[0]]
    assert not list(context.work_folder().parent.iterdir())


def test_publishing_again_gives_the_same_files_and_keeps_the_state(tmp_path: Path) -> None:
    context, samples = publishing(tmp_path, passed=(3,), rows_per_file=2)
    store = context.services.store
    list(publish_rows(samples[0], context, published.facts("MIT")))
    [name] = list_datasets(store)
    change_state(store, name, "withdrawn", by="ada", because="wrong answers")
    before = read_dataset(store, name)
    list(publish_rows(samples[0], context, published.facts("MIT")))
    assert read_dataset(store, name) == before
    assert [entry.state for entry in read_states(store, name)] == ["staged", "withdrawn"]


def test_a_dataset_goes_from_staged_to_published_to_withdrawn_and_back(store: Store) -> None:
    change_state(store, NAME, "withdrawn", by="ada", because="wrong answers in algebra")
    change_state(store, NAME, "published", by="ada", because="they were right")
    history = read_states(store, NAME)
    assert [(entry.state, entry.by) for entry in history] == [
        ("staged", "publish"),
        ("published", "gate"),
        ("withdrawn", "ada"),
        ("published", "ada"),
    ]
    assert history[2].because == "wrong answers in algebra"
    assert history[2].at <= history[3].at
    assert read_state(store, NAME) == history[-1]


def test_a_dataset_that_has_a_state_is_not_staged_again(store: Store) -> None:
    assert stage_dataset(store, NAME, by="publish", because="again").state == "published"
    assert len(read_states(store, NAME)) == 2


FORBIDDEN = {
    "as it is": (
        NAME,
        "published",
        "ada",
        rf"'{NAME}' is published \(by gate, .*: the gate passed\) and cannot become",
    ),
    "back": (NAME, "staged", "ada", "cannot become 'staged': it can become withdrawn"),
    "no such state": (NAME, "gone", "ada", "cannot become 'gone': it can become withdrawn"),
    "nobody": (NAME, "withdrawn", " ", "name both"),
    "no dataset": ("shop-words/7", "withdrawn", "ada", "There is no dataset 'shop-words/7' in file://"),
    "no version": ("shop-words", "withdrawn", "ada", "'shop-words' names no dataset: give NAME/VERSION"),
}


@pytest.mark.parametrize(("dataset", "state", "by", "said"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_a_change_that_cannot_be_is_refused_in_a_sentence(
    store: Store, dataset: str, state: str, by: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        change_state(store, dataset, state, by=by, because="why not")
    assert len(read_states(store, NAME)) == 2


def test_a_dataset_that_was_never_staged_cannot_be_withdrawn(store: Store) -> None:
    store.delete(f"datasets/{NAME}/state.json")
    assert read_state(store, NAME) is None
    with pytest.raises(ConfigError, match="was never staged: rerun the stage 'publish'"):
        change_state(store, NAME, "withdrawn", by="ada", because="wrong")


def test_a_withdrawn_dataset_is_read_with_a_warning(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    change_state(store, NAME, "withdrawn", by="ada", because="wrong answers")
    said = f"The dataset '{NAME}' is withdrawn (by ada: wrong answers): do not use it for anything new."
    with pytest.warns(WithdrawnWarning) as warned:
        rows = list(dataset_rows(store, NAME))
    assert (len(rows), [str(one.message) for one in warned], caplog.messages) == (3, [said], [said])


def test_a_dataset_withdrawn_while_it_is_read_says_so_at_the_end_and_loses_nothing(store: Store) -> None:
    rows = dataset_rows(store, NAME)
    with warnings.catch_warnings():
        first = next(rows)  # a warning would be an error here
    change_state(store, NAME, "withdrawn", by="ada", because="wrong answers")
    with pytest.warns(WithdrawnWarning, match="was withdrawn while it was read .*: all of its 3 rows were read"):
        rest = list(rows)
    assert [row["sample_id"] for row in [first, *rest]] == ["s0", "s1", "s2"]


def test_a_withdrawn_dataset_is_exported_whole_with_the_warning(store: Store, tmp_path: Path) -> None:
    change_state(store, NAME, "withdrawn", by="ada", because="wrong answers")
    with pytest.warns(WithdrawnWarning):
        assert export(store, NAME, format_name="caco", out=tmp_path)[1] == 3


def test_damaged_states_are_named(store: Store) -> None:
    store.put(f"datasets/{NAME}/state.json", b'{"history": []}')
    with pytest.raises(DamagedError, match=rf"datasets/{NAME}/state\.json is damaged \(history"):
        list(dataset_rows(store, NAME))
