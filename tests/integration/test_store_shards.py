"""Shards: the same rows give the same bytes and come back equal; what is not as it was written is refused."""

import hashlib
from dataclasses import replace

import ledger_world
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ledger_world import World

from caco_tasks.errors import DamagedError, StoreError
from caco_tasks.records import Judged, Sample, Seed, SeedProgram, arrow_schema
from caco_tasks.store import RunRecord, Store, open_store
from caco_tasks.store.shards import Written, encode_shard, read_shard, write_shard
from caco_tasks.store.store import StoreSettings


@pytest.fixture
def rows(built_world: tuple[World, object]) -> list[Judged[Sample]]:
    """Judged samples."""
    run: RunRecord = built_world[0].run("nightly")
    return ledger_world.first_samples(run, 0, 7)


@pytest.fixture
def written(store: Store, rows: list[Judged[Sample]]) -> Written:
    """These rows in the store."""
    return write_shard(store, folder="runs/d/r/sample", shard=3, record=Sample, judged=rows)


def test_rows_come_back_as_they_were(store: Store, rows: list[Judged[Sample]], written: Written) -> None:
    assert read_shard(store, written["uri"], Sample, sha256=written["sha256"]) == rows


@pytest.mark.parametrize("record", [Seed, SeedProgram, Sample])
def test_a_shard_without_rows_is_a_shard(store: Store, record: type) -> None:
    empty = write_shard(store, folder="runs", shard=0, record=record, judged=[])
    assert empty["rows"] == 0
    assert read_shard(store, empty["uri"], record) == []


def test_a_shard_lies_in_s3_as_it_does_in_a_folder(s3_settings: StoreSettings, rows: list[Judged[Sample]]) -> None:
    store = open_store(s3_settings)
    written = write_shard(store, folder="runs", shard=0, record=Sample, judged=rows)
    assert read_shard(store, written["uri"], Sample) == rows


def test_every_stage_of_a_world_is_read_back_by_its_manifest(store: Store, world: World) -> None:
    classes = {"Seed": Seed, "SeedProgram": SeedProgram, "Sample": Sample}
    for manifest in world.manifests:
        found = read_shard(store, manifest.uri, classes[manifest.record], sha256=manifest.sha256)
        assert len(found) == manifest.rows


def test_a_shard_is_named_by_its_content(store: Store, rows: list[Judged[Sample]], written: Written) -> None:
    data = store.get(written["uri"]) or b""
    assert written["sha256"] == hashlib.sha256(data).hexdigest()
    assert written["uri"] == f"runs/d/r/sample/00003-{written['sha256'][:16]}.parquet"
    assert (written["rows"], written["bytes"]) == (7, len(data))
    assert encode_shard(Sample, rows) == data
    assert encode_shard(Sample, rows[::-1]) != data


def test_rows_are_compressed_with_zstd(store: Store, written: Written) -> None:
    metadata = pq.read_metadata(pa.BufferReader(store.get(written["uri"])))
    columns = {metadata.row_group(0).column(number).compression for number in range(metadata.num_columns)}
    assert columns == {"ZSTD"}


@pytest.mark.parametrize("text", ["", "tab\tnul\0end", "题 \u2028 \U0001f40d", "\\N", "x" * 100_000])
def test_texts_of_any_letters_come_back(store: Store, rows: list[Judged[Sample]], text: str) -> None:
    changed = replace(rows[1].record, program=replace(rows[1].record.program, code=text))
    judged = [Judged(record=changed, verdict=rows[1].verdict)]
    written = write_shard(store, folder="runs", shard=0, record=Sample, judged=judged)
    assert read_shard(store, written["uri"], Sample) == judged


def test_a_text_that_is_no_unicode_is_refused(store: Store, rows: list[Judged[Sample]]) -> None:
    changed = replace(rows[1].record, program=replace(rows[1].record.program, code="\ud800"))
    with pytest.raises(StoreError, match="A Sample cannot be written"):
        encode_shard(Sample, [Judged(record=changed, verdict=rows[1].verdict)])


def test_a_shard_that_is_not_there_is_named(store: Store) -> None:
    with pytest.raises(StoreError, match="no shard runs/none"):
        read_shard(store, "runs/none", Sample)


@pytest.mark.parametrize("damage", ["cut off", "one bit", "text"])
def test_damage_is_seen_by_the_name_alone(store: Store, written: Written, damage: str) -> None:
    data = store.get(written["uri"]) or b""
    middle = len(data) // 2
    flipped = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
    store.put(written["uri"], {"cut off": data[:-7], "one bit": flipped, "text": b"not parquet"}[damage])
    with pytest.raises(DamagedError, match=rf"{written['uri']} is damaged.*rerun its stage"):
        read_shard(store, written["uri"], Sample)


def test_another_hash_than_the_manifest_says_is_damage(store: Store, written: Written) -> None:
    with pytest.raises(DamagedError, match="SHA-256"):
        read_shard(store, written["uri"], Sample, sha256="0" * 64)


def test_what_is_no_parquet_is_damage_where_no_hash_is_known(store: Store) -> None:
    store.put("runs/part.parquet", b"PAR1 nothing PAR1")
    with pytest.raises(DamagedError, match="not readable as parquet"):
        read_shard(store, "runs/part.parquet", Sample)


def test_columns_of_another_version_are_named(store: Store, written: Written) -> None:
    with pytest.raises(DamagedError, match=r"columns are not those of this version.*seed_id"):
        read_shard(store, written["uri"], Seed)


def test_a_row_that_contradicts_itself_is_damage(store: Store, rows: list[Judged[Sample]]) -> None:
    table = pq.read_table(pa.BufferReader(encode_shard(Sample, rows)))
    reasons = pa.array(["time"] * len(rows), pa.string())
    table = table.set_column(table.schema.get_field_index("reason"), pa.field("reason", pa.string()), reasons)
    sink = pa.BufferOutputStream()
    pq.write_table(table.cast(arrow_schema(Sample)), sink)
    store.put("runs/odd.parquet", sink.getvalue().to_pybytes())
    with pytest.raises(DamagedError, match=r"runs/odd\.parquet is damaged: A row is not a"):
        read_shard(store, "runs/odd.parquet", Sample)
