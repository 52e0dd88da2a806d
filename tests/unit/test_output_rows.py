"""The rows of an output: the same rows give the same bytes and come back equal; what is not as it was written is refused."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import making
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from caco_tasks.errors import DamagedError, StoreError
from caco_tasks.records import (
    PASS,
    JudgedRecord,
    PublishedRow,
    Reason,
    Sample,
    Seed,
    SeedProgram,
    fail,
    unknown,
)
from caco_tasks.store import Store
from caco_tasks.store.record_rows import arrow_schema
from caco_tasks.store.row_files import ROWS_PER_GROUP
from caco_tasks.store.shards import Written, encode_shard, iterate_shard, read_batches, read_shard, write_rows

KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
import making
from pathlib import Path
from caco_tasks.records import PASS, JudgedRecord, Sample
from caco_tasks.store.row_files import ROWS_PER_GROUP
from caco_tasks.store.shards import write_rows

def rows():
    for number in range(ROWS_PER_GROUP + 1):
        yield JudgedRecord(record=making.sample(f"s{number}"), verdict=PASS)
    os.kill(os.getpid(), signal.SIGKILL)

write_rows(making.store_in(Path(sys.argv[1])), folder="outputs/sample/k", record=Sample, judged=rows())
"""
VERDICTS = (PASS, fail(Reason.TIME, "after 10 s"), unknown(Reason.CHECKER_TIMEOUT))


def test_a_process_that_is_killed_over_its_rows_leaves_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(Path(making.__file__).parent)]
    killed = subprocess.run(command, env={**os.environ, "TMPDIR": str(tmp_path / "tmp")}, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store in a folder."""
    return making.store_in(tmp_path)


@pytest.fixture
def rows() -> list[JudgedRecord[Sample]]:
    """Judged samples."""
    return [JudgedRecord(record=making.sample(f"s{n}", index=n), verdict=VERDICTS[n % 3]) for n in range(7)]


@pytest.fixture
def written(store: Store, rows: list[JudgedRecord[Sample]]) -> Written:
    """These rows in the store."""
    return write_rows(store, folder="outputs/sample/k", record=Sample, judged=rows)


def test_rows_come_back_as_they_were(store: Store, rows: list[JudgedRecord[Sample]], written: Written) -> None:
    assert read_shard(store, written["uri"], Sample, sha256=written["sha256"]) == rows
    assert list(iterate_shard(store, written["uri"], Sample)) == rows


@pytest.mark.parametrize("record", [Seed, SeedProgram, Sample, PublishedRow])
def test_an_output_without_rows_is_an_output(store: Store, record: type) -> None:
    empty = write_rows(store, folder="outputs", record=record, judged=[])
    assert empty["rows"] == 0
    assert read_shard(store, empty["uri"], record) == []


def test_an_output_is_named_by_its_content(store: Store, rows: list[JudgedRecord[Sample]], written: Written) -> None:
    data = store.get(written["uri"]) or b""
    assert written["sha256"] == hashlib.sha256(data).hexdigest()
    assert written["uri"] == f"outputs/sample/k/{written['sha256'][:16]}.parquet"
    assert (written["rows"], written["bytes"]) == (7, len(data))
    assert encode_shard(Sample, rows) == data
    assert encode_shard(Sample, rows[::-1]) != data


def test_rows_are_written_and_read_a_group_at_a_time(store: Store) -> None:
    alive: list[int] = []

    def made() -> Iterator[JudgedRecord[PublishedRow]]:
        for number in range(2 * ROWS_PER_GROUP + 1):
            alive.append(number)
            yield JudgedRecord(record=PublishedRow(sample_id=f"s{number}", file="f", row=number), verdict=PASS)

    uri = write_rows(store, folder="outputs", record=PublishedRow, judged=made())["uri"]
    metadata = pq.read_metadata(pa.BufferReader(store.get(uri)))
    sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    assert sizes == [ROWS_PER_GROUP, ROWS_PER_GROUP, 1]
    assert [batch.num_rows for batch in read_batches(store, uri, PublishedRow)] == sizes
    assert next(iterate_shard(store, uri, PublishedRow)).record.row == 0


def test_only_the_columns_that_are_asked_for_are_read(store: Store, written: Written) -> None:
    [batch] = read_batches(store, written["uri"], Sample, columns=["sample_id", "outcome"])
    assert batch.schema.names == ["sample_id", "outcome"]
    assert batch.column("outcome").to_pylist()[:3] == ["pass", "fail", "unknown"]


def test_a_stage_that_fails_half_way_writes_nothing(store: Store, rows: list[JudgedRecord[Sample]]) -> None:
    def broken() -> Iterator[JudgedRecord[Sample]]:
        yield rows[0]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_rows(store, folder="outputs", record=Sample, judged=broken())
    assert store.list("") == []


def test_rows_are_compressed_with_zstd(store: Store, written: Written) -> None:
    metadata = pq.read_metadata(pa.BufferReader(store.get(written["uri"])))
    columns = {metadata.row_group(0).column(number).compression for number in range(metadata.num_columns)}
    assert columns == {"ZSTD"}


@pytest.mark.parametrize("text", ["", "tab\tnul\0end", "题 \u2028 \U0001f40d", "\\N", "x" * 100_000])
def test_texts_of_any_letters_come_back(store: Store, rows: list[JudgedRecord[Sample]], text: str) -> None:
    changed = replace(rows[1].record, program=replace(rows[1].record.program, code=text))
    judged = [JudgedRecord(record=changed, verdict=rows[1].verdict)]
    assert read_shard(store, write_rows(store, folder="o", record=Sample, judged=judged)["uri"], Sample) == judged


def test_a_text_that_is_no_unicode_is_refused(rows: list[JudgedRecord[Sample]]) -> None:
    changed = replace(rows[1].record, program=replace(rows[1].record.program, code="\ud800"))
    with pytest.raises(StoreError, match=r"A Sample cannot be written .*: mend the stage that made it\."):
        encode_shard(Sample, [JudgedRecord(record=changed, verdict=rows[1].verdict)])


def test_an_output_that_is_not_there_is_named(store: Store) -> None:
    with pytest.raises(StoreError, match="no outputs/none"):
        read_shard(store, "outputs/none", Sample)


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
    store.put("outputs/part.parquet", b"PAR1 nothing PAR1")
    with pytest.raises(DamagedError, match="not readable as parquet"):
        read_shard(store, "outputs/part.parquet", Sample)


def test_an_output_of_other_records_is_damage(store: Store, written: Written) -> None:
    said = r"is damaged \(column seed_id is missing, this version wants text\): delete it and its manifest"
    with pytest.raises(DamagedError, match=said):
        read_shard(store, written["uri"], Seed)


def test_a_row_that_contradicts_itself_is_damage(store: Store, rows: list[JudgedRecord[Sample]]) -> None:
    table = pq.read_table(pa.BufferReader(encode_shard(Sample, rows)))
    reasons: Any = pa.array(["time"] * len(rows), pa.string())
    table = table.set_column(table.schema.get_field_index("reason"), pa.field("reason", pa.string()), reasons)
    sink = pa.BufferOutputStream()
    pq.write_table(table.cast(arrow_schema(Sample)), sink)
    store.put("outputs/odd.parquet", sink.getvalue().to_pybytes())
    with pytest.raises(DamagedError, match=r"outputs/odd\.parquet is damaged \(A row is not a Sample: the whole: "):
        read_shard(store, "outputs/odd.parquet", Sample)
