"""Malformed records are rejected one by one; files that are not what they claim to be are refused whole."""

import bz2
import gzip
import json
import lzma
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from caco_tasks.config import SourceSettings
from caco_tasks.errors import SourceError
from caco_tasks.records import JudgedRecord, Reason, Seed
from caco_tasks.sources import read_source
from caco_tasks.sources.rows import MAX_RECORD_BYTES
from caco_tasks.store.record_rows import arrow_schema, to_row

GOOD = b'{"question": "What is 2 plus 3?", "answer": "#### 5"}'
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20


def read(reader: str, path: Path, **settings: Any) -> list[JudgedRecord[Seed]]:
    return list(read_source(SourceSettings(name="src", reader=reader, path=str(path), **settings)))


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        pytest.param(b'{"question": "What', "not JSON", id="cut off"),
        pytest.param(b"[1, 2]", "a list, not a record", id="list"),
        pytest.param(b"7", "a int, not a record", id="number"),
        pytest.param(b'{"question": "caf\xe9?", "answer": "#### 5"}', "not valid UTF-8", id="latin-1"),
        pytest.param(b'{"question": "\\ud800?", "answer": "#### 5"}', "not valid UTF-8", id="lone surrogate"),
        pytest.param(b'{"question": "a\\u0000b", "answer": "#### 5"}', "NUL", id="nul"),
        pytest.param(b"[" * 200_000, "not JSON", id="deeply nested"),
        pytest.param(b'{"question": ' + b"9" * 5_000 + b', "answer": "#### 5"}', "cannot be read", id="huge number"),
        pytest.param(b'{"question": "' + b"x" * MAX_RECORD_BYTES + b'"}', "longer than", id="absurd size"),
        pytest.param(b'{"question": "  ", "answer": "#### 5"}', "is empty", id="blank problem"),
        pytest.param(b'{"question": "?", "answer": null}', "not text", id="null solution"),
    ],
)
def test_a_malformed_line_rejects_one_record_and_is_shown(tmp_path: Path, line: bytes, detail: str) -> None:
    first, bad, last = read("gsm8k", write(tmp_path, "rows.jsonl", b"\n".join([GOOD, line, GOOD])))
    assert first.verdict.kept
    assert last.verdict.kept
    assert bad.verdict.reason is Reason.UNREADABLE_RECORD
    assert detail in (bad.verdict.detail or "")
    assert 0 < len(bad.record.raw or "") <= 2_000
    assert [seed.record.key for seed in (first, bad, last)] == ["0", "1", "2"]
    pa.Table.from_pylist([to_row(bad)], schema=arrow_schema(Seed))  # can be stored


def test_a_record_without_the_marker_has_no_answer(tmp_path: Path) -> None:
    (judged,) = read("gsm8k", write(tmp_path, "rows.jsonl", b'{"question": "What?", "answer": "It is five."}'))
    assert (judged.verdict.reason, judged.record.problem, judged.record.answer) == (Reason.NO_ANSWER, "What?", None)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("rows.jsonl", PNG, id="png as jsonl"),
        pytest.param("rows.json", PNG, id="png as json"),
        pytest.param("rows.parquet", PNG, id="png as parquet"),
        pytest.param("rows.csv", PNG, id="png as csv"),
        pytest.param("rows.json", b"<corpus><Problem/></corpus>", id="xml as json"),
        pytest.param("rows.json", b'[{"question": "cut', id="cut off json"),
        pytest.param("rows.json", b"[" * 200_000, id="nested json"),
        pytest.param("rows.json", b"", id="empty"),
        pytest.param("rows.jsonl", b"\n \n", id="blank lines only"),
        pytest.param("rows.json", b"[]", id="empty list"),
        pytest.param("rows.jsonl", GOOD.decode().encode("utf-16"), id="utf-16"),
        pytest.param("rows.jsonl.gz", gzip.compress(GOOD * 50)[:-12], id="cut off gzip"),
        pytest.param("rows.jsonl.bz2", bz2.compress(GOOD * 50)[:-12], id="cut off bzip2"),
        pytest.param("rows.jsonl.xz", lzma.compress(GOOD * 50)[:-12], id="cut off xz"),
        pytest.param("rows.jsonl.xz", b"\xfd7zXZ\x00" + PNG, id="broken xz"),
        pytest.param("rows.jsonl.zst", b"\x28\xb5\x2f\xfd" + PNG, id="broken zstd"),
        pytest.param("rows.jsonl", b"[\n" + GOOD + b",\n" + GOOD, id="cut off list named jsonl"),
        pytest.param("rows.jsonl", b'{"data": [\n' + GOOD + b",\n" + GOOD, id="cut off object around a list"),
        pytest.param("rows.jsonl", b'{"problem": "of another source", "answer": "5"}', id="another source"),
    ],
)
def test_a_file_that_is_not_what_it_claims_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    path = write(tmp_path, name, content)
    with pytest.raises(SourceError) as caught:
        read("gsm8k", path)
    assert str(path) in str(caught.value)
    assert str(caught.value).endswith(".")


def test_a_stream_of_garbage_is_refused_without_reading_it_all(tmp_path: Path) -> None:
    path = write(tmp_path, "rows.jsonl", b"garbage\n" * 5_000 + GOOD)
    with pytest.raises(SourceError, match="Nothing in source"):
        read("gsm8k", path)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        pytest.param("missing.jsonl", "does not exist", id="missing"),
        pytest.param(".", "has no file that 'gsm8k' reads", id="empty folder"),
        pytest.param("*.jsonl", "names no file", id="pattern"),
    ],
)
def test_a_path_that_is_no_file_is_refused(tmp_path: Path, path: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read("gsm8k", tmp_path / path)


ENTITIES = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "%s">]>
<Corpus><Problem ID="1"><Body>b</Body><Question>&x;?</Question><Answer>1</Answer><Formula>1=1</Formula>
</Problem></Corpus>"""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(ENTITIES.replace(b"%s", b"boom" * 100), "declares a document type", id="entity"),
        pytest.param(ENTITIES.replace(b'"%s"', b'SYSTEM "file:///etc/passwd"'), "document type", id="outside entity"),
        pytest.param(b"<Corpus><Problem ID='1'>", "not valid XML", id="cut off"),
        pytest.param(b"<?xml version='1.0' encoding='none'?><Corpus/>", "not valid XML", id="strange encoding"),
        pytest.param(b"<Corpus></Corpus>", "holds no record", id="no problems"),
        pytest.param(GOOD, "not valid XML", id="json as xml"),
    ],
)
def test_hostile_or_foreign_xml_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read("asdiv", write(tmp_path, "corpus.xml", content))


def test_one_malformed_item_of_a_json_list_is_rejected_alone(tmp_path: Path) -> None:
    nested = b"[" * 900 + b"]" * 900
    path = write(
        tmp_path, "rows.json", b"[" + b",".join([GOOD, b'"text"', nested, b'{"question": "\xff"}', GOOD]) + b"]"
    )
    assert [judged.verdict.kept for judged in read("gsm8k", path)] == [True, False, False, False, True]


def test_a_mark_of_byte_order_is_no_error(tmp_path: Path) -> None:
    for name, content in (("a.jsonl", GOOD), ("a.json", b"[" + GOOD + b"]")):
        (judged,) = read("gsm8k", write(tmp_path, name, b"\xef\xbb\xbf" + content))
        assert judged.verdict.kept


def test_a_limit_counts_rejected_records_too(tmp_path: Path) -> None:
    path = write(tmp_path, "rows.jsonl", b"\n".join([b"broken", GOOD, GOOD]))
    assert [judged.verdict.kept for judged in read("gsm8k", path, limit=2)] == [False, True]
    assert [judged.verdict.kept for judged in read("gsm8k", path, limit=1)] == [False]


def test_an_id_that_a_source_uses_twice_gives_two_seeds(tmp_path: Path) -> None:
    row = {"iIndex": 1, "sQuestion": "How many?", "lEquations": ["x=1"], "lSolutions": [1]}
    lines = [json.dumps(row), "broken", json.dumps(row), json.dumps({**row, "iIndex": "1#2"})]
    judged = read("mawps", write(tmp_path, "rows.jsonl", "\n".join(lines).encode()))
    assert [seed.record.key for seed in judged] == ["1", "1#1", "1#2", "1#2#3"]


def test_memory_stays_flat_over_a_long_file_of_lines(tmp_path: Path) -> None:
    path = write(tmp_path, "rows.jsonl", (GOOD + b" " * 2_000 + b"\n") * 5_000)
    tracemalloc.start()
    count = sum(1 for _ in read_source(SourceSettings(name="src", reader="gsm8k", path=str(path))))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 5_000
    assert peak_bytes < path.stat().st_size / 10


def test_a_parquet_row_that_is_not_utf8_is_rejected_alone(tmp_path: Path) -> None:
    problems = pa.array([b"2+3?", b"\xff\xfe", b"3+3?"], pa.binary()).view(pa.string())
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"question": problems, "answer": ["#### 5", "#### 5", "#### 6"]}), path)
    judged = read("gsm8k", path)
    assert [seed.verdict.kept for seed in judged] == [True, False, True]
    assert judged[1].verdict.reason is Reason.UNREADABLE_RECORD
