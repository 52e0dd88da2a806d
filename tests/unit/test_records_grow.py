"""Outputs of every released version are read by this one, and what may differ between versions is told from damage."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import making
import pyarrow as pa
import pytest

from caco_tasks import records
from caco_tasks.errors import DamagedError
from caco_tasks.pipeline import STAGES
from caco_tasks.records import PASS, Generation, JudgedRecord, Outcome, Program, Reason, Sample, Seed
from caco_tasks.store import Manifest, Store, open_store
from caco_tasks.store.columns import fit_batch
from caco_tasks.store.manifest import parse_manifest
from caco_tasks.store.shards import iterate_shard, read_shard, write_rows
from caco_tasks.store.store import StoreSettings

DATA = Path(__file__).parents[1] / "data"
RELEASED = sorted(DATA.glob("outputs-*"))


def outputs_of(folder: Path) -> tuple[Store, list[Manifest]]:
    """A store that a released version wrote, and the manifests in it."""
    store = open_store(StoreSettings(root=f"file://{folder}"))
    found = [uri for uri in store.list("outputs") if uri.endswith("/manifest.json")]
    return store, [parse_manifest(store.get(uri) or b"", uri=uri) for uri in found]


@pytest.mark.parametrize("folder", RELEASED, ids=lambda folder: folder.name)
def test_outputs_of_a_released_version_are_read(folder: Path) -> None:
    store, manifests = outputs_of(folder)
    for manifest in manifests:
        record = getattr(records, manifest.record)
        assert record is STAGES[manifest.stage].writes
        rows = read_shard(store, manifest.uri, record, sha256=manifest.sha256)
        verdicts = [row.verdict.outcome for row in rows]
        assert verdicts == [Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN]


def test_there_is_an_output_of_each_class_that_a_stage_writes() -> None:
    written = {manifest.record for manifest in outputs_of(RELEASED[0])[1]}
    assert written == {spec.writes.__name__ for spec in STAGES.values()}


def test_a_whole_sample_of_the_first_version_is_what_it_was() -> None:
    store, manifests = outputs_of(DATA / "outputs-0.1")
    [manifest] = [manifest for manifest in manifests if manifest.stage == "decontaminate"]
    sample = next(iterate_shard(store, manifest.uri, Sample)).record
    again = making.sample()
    assert (sample.program, sample.execution, sample.problem) == (again.program, again.execution, again.problem)
    assert (sample.index, sample.overlaps, sample.findings[0].reason) == (7, again.overlaps, Reason.WRONG_UNIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrownGeneration(Generation):
    """With a field more, deep within a sample."""

    temperature: float | None
    stop_words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrownProgram(Program):
    """Holds it."""

    generation: GrownGeneration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrownSample(Sample):
    """A later version of a sample."""

    program: GrownProgram
    topic: str | None
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShrunkGeneration:
    """An earlier version, which knew less."""

    request_id: str
    model_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShrunkProgram:
    """Holds it."""

    program_id: str
    generation: ShrunkGeneration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShrunkSample:
    """An earlier version of a sample."""

    sample_id: str
    program: ShrunkProgram


@pytest.fixture
def old_output(tmp_path: Path) -> tuple[Store, str]:
    """Two samples of this version, one without a generation."""
    bare = making.sample("s1", program=Program(program_id="p", code="", generation=None))
    judged = [JudgedRecord(record=making.sample(), verdict=PASS), JudgedRecord(record=bare, verdict=PASS)]
    store = making.store_in(tmp_path)
    return store, write_rows(store, folder="outputs", record=Sample, judged=judged)["uri"]


def test_a_field_that_an_output_lacks_reads_as_nothing(old_output: tuple[Store, str]) -> None:
    first, second = (row.record for row in read_shard(*old_output, GrownSample))
    assert (first.topic, first.tags) == (None, ())
    assert first.program.generation is not None
    assert (first.program.generation.temperature, first.program.generation.stop_words) == (None, ())
    assert first.program.generation.request_id == "request of codegen"
    assert second.program.generation is None
    assert replace(first.solution or making.solution()) == making.solution()


def test_a_field_that_a_reader_does_not_know_is_ignored(old_output: tuple[Store, str]) -> None:
    first, second = (row.record for row in read_shard(*old_output, ShrunkSample))
    assert first.program.generation == ShrunkGeneration(request_id="request of codegen", model_id="codegen@1")
    assert second == ShrunkSample(sample_id="s1", program=ShrunkProgram(program_id="p"))


def test_lists_of_records_grow_too() -> None:
    old = pa.RecordBatch.from_pylist([{"votes": [{"reply": "yes"}, {"reply": "no"}]}, {"votes": []}])
    vote = pa.struct([pa.field("reply", pa.string(), nullable=False), pa.field("step", pa.int64())])
    grown = fit_batch(old, pa.schema([pa.field("votes", pa.list_(vote), nullable=False)]))
    grown.validate(full=True)
    assert grown.to_pylist() == [
        {"votes": [{"reply": "yes", "step": None}, {"reply": "no", "step": None}]},
        {"votes": []},
    ]


TEXT, NUMBER = pa.string(), pa.int64()
DAMAGED = {
    "another type": (pa.field("domain", NUMBER), "column domain is text, this version wants a number"),
    "a required column": (
        pa.field("size", NUMBER, nullable=False),
        "column size is missing, this version wants a number",
    ),
    "a number with decimals": (
        pa.field("level", pa.float64()),
        "column level is a number, this version wants a decimal number",
    ),
    "a smaller number": (pa.field("level", pa.int32()), "column level is int64, this version wants int32"),
    "a list": (pa.field("domain", pa.list_(TEXT)), "column domain is text, this version wants a list"),
    "a record": (
        pa.field("level", pa.struct([("a", TEXT)])),
        "column level is a number, this version wants a record",
    ),
    "within a record": (
        pa.field("by", pa.struct([pa.field("model", pa.bool_())])),
        "column by.model is text, this version wants a truth value",
    ),
    "missing within a record": (
        pa.field("by", pa.struct([pa.field("cost", pa.float64(), nullable=False)])),
        "column by.cost is missing, this version wants a decimal number",
    ),
    "within a list": (
        pa.field("votes", pa.list_(pa.struct([pa.field("reply", NUMBER)]))),
        "column votes[].reply is text, this version wants a number",
    ),
}


@pytest.mark.parametrize(("field", "said"), DAMAGED.values(), ids=DAMAGED)
def test_what_does_not_fit_is_said_in_words(field: pa.Field, said: str) -> None:
    row = {"domain": "algebra", "level": 1, "by": {"model": "m"}, "votes": [{"reply": "yes"}]}
    with pytest.raises(DamagedError) as caught:
        fit_batch(pa.RecordBatch.from_pylist([row]), pa.schema([field]))
    assert str(caught.value) == said


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedOfAnotherType(Seed):
    """A seed whose domain is a number."""

    domain: int | None = None  # type: ignore[assignment]


def test_a_column_of_another_type_is_damage_of_the_whole_output(tmp_path: Path) -> None:
    store = making.store_in(tmp_path)
    judged: list[JudgedRecord[Any]] = [JudgedRecord(record=making.seed(), verdict=PASS)]
    uri = write_rows(store, folder="outputs", record=Seed, judged=judged)["uri"]
    with pytest.raises(DamagedError) as caught:
        read_shard(store, uri, SeedOfAnotherType)
    assert str(caught.value) == (
        f"The output {uri} is damaged (column domain is text, this version wants a number): "
        "delete it and its manifest and rerun its stage."
    )
