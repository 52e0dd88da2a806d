"""What may hold the records of a source: packed files, JSON documents, joined files, CSV with quotes that stay open."""

import bz2
import csv
import gzip
import io
import json
import lzma
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caco_tasks.config import SourceSettings
from caco_tasks.errors import SourceError
from caco_tasks.records import JudgedRecord, Reason, Seed
from caco_tasks.sources import read_source
from caco_tasks.sources.csv_rows import csv_rows

ROWS = [{"problem": f"What is {n} plus 1?", "answer": f"{n + 1}"} for n in range(4)]
GOLDS = ["1", "2", "3", "4"]
LINES = "\n".join(map(json.dumps, ROWS))
BOM = "\ufeff"


def read(path: Path, reader: str = "jsonl", **settings: Any) -> list[JudgedRecord[Seed]]:
    return list(read_source(SourceSettings(name="src", reader=reader, path=str(path), **settings)))


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def golds(judged: list[JudgedRecord[Seed]]) -> list[str | None]:
    return [seed.record.answer for seed in judged if seed.verdict.kept]


def zstandard(content: bytes) -> bytes:
    packed = pa.BufferOutputStream()
    with pa.CompressedOutputStream(packed, "zstd") as stream:
        stream.write(content)
    return bytes(packed.getvalue())


def zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("rows.jsonl", content)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress), ("zst", zstandard), ("zstd", zstandard)],
)
def test_packed_files_are_read_whatever_is_packed_and_however_named(
    tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]
) -> None:
    half = LINES.index("\n", len(LINES) // 2) + 1
    joined = pack(LINES[:half].encode()) + pack(LINES[half:].encode())  # as `cat` joins packed files
    table = "problem,answer\n" + "\n".join(f"{row['problem']},{row['answer']}" for row in ROWS)
    assert golds(read(write(tmp_path, f"rows.jsonl.{suffix}", joined))) == GOLDS
    assert golds(read(write(tmp_path, "rows.jsonl", pack(LINES.encode())))) == GOLDS
    assert golds(read(write(tmp_path, f"list.json.{suffix}", pack(json.dumps(ROWS).encode())))) == GOLDS
    assert golds(read(write(tmp_path, f"rows.csv.{suffix}", pack(table.encode())), "csv")) == GOLDS


@pytest.mark.parametrize(
    ("content", "kind"),
    [(zipped(LINES.encode()), "ZIP"), (b"7z\xbc\xaf\x27\x1c", "7z"), (b"Rar!\x1a\x07\x00", "RAR")],
)
def test_an_archive_is_refused_by_its_name(tmp_path: Path, content: bytes, kind: str) -> None:
    with pytest.raises(SourceError, match=f"is a {kind} archive: unpack it"):
        read(write(tmp_path, "rows.jsonl", content))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
@pytest.mark.parametrize(("reader", "name"), [("jsonl", "rows.jsonl"), ("csv", "rows.csv")])
def test_another_encoding_is_named(tmp_path: Path, reader: str, name: str, encoding: str) -> None:
    with pytest.raises(SourceError, match="is not UTF-8 but UTF-16 or UTF-32: save it as UTF-8"):
        read(write(tmp_path, name, LINES.encode(encoding)), reader)


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json", "rows"])
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(LINES, id="lines"),
        pytest.param("[\n" + ",\n".join(map(json.dumps, ROWS)) + "\n]\n", id="list, a record a line"),
        pytest.param(json.dumps(ROWS), id="list on one line"),
        pytest.param(json.dumps(ROWS, indent=2), id="indented list"),
        pytest.param(json.dumps({"version": "1", "data": ROWS}), id="object around the list"),
        pytest.param(json.dumps({"version": "1", "tags": [{"a": 1}], "rows": ROWS}, indent=1), id="indented object"),
        pytest.param('{"data": [\n' + ",\n".join(map(json.dumps, ROWS)) + "\n]}", id="object, a record a line"),
        pytest.param("\n".join(json.dumps(row, indent=2) for row in ROWS), id="indented records"),
        pytest.param(json.dumps(ROWS[:2]) + "\n" + BOM + json.dumps(ROWS[2:]), id="two lists joined"),
        pytest.param(f"{BOM}\n  {json.dumps(ROWS)}", id="blanks before the list"),
    ],
)
def test_json_is_told_by_what_it_is_and_not_by_its_name(tmp_path: Path, name: str, content: str) -> None:
    judged = read(write(tmp_path, name, content))
    assert (golds(judged), len(judged)) == (GOLDS, 4)
    assert [seed.record.key for seed in judged] == ["0", "1", "2", "3"]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_record_that_holds_records_is_one_record(tmp_path: Path, indent: int | None) -> None:
    row = ROWS[0] | {"similar": ROWS[1:]}
    assert golds(read(write(tmp_path, "row.json", json.dumps(row, indent=indent)))) == ["1"]


def test_of_two_lists_of_records_none_is_guessed(tmp_path: Path) -> None:
    path = write(tmp_path, "both.json", json.dumps({"train": ROWS[:2], "test": ROWS[2:]}))
    with pytest.raises(SourceError, match="Nothing in source 'src'"):
        read(path)


def test_a_list_that_is_a_line_is_one_bad_record(tmp_path: Path) -> None:
    first, *others = read(write(tmp_path, "rows.jsonl", f"[1, 2]\n{LINES}"))
    assert (first.verdict.reason, golds(others)) == (Reason.UNREADABLE_RECORD, GOLDS)


def test_bad_lines_at_the_start_do_not_make_a_document_of_lines(tmp_path: Path) -> None:
    judged = read(write(tmp_path, "rows.jsonl", '{"problem": "cut\n{"problem": "off\n' + LINES))
    assert [seed.verdict.kept for seed in judged] == [False, False, True, True, True, True]


def test_marks_of_byte_order_within_joined_files_are_left_out(tmp_path: Path) -> None:
    lines = f"{BOM}{json.dumps(ROWS[0])}\n{BOM}{json.dumps(ROWS[1])}\n{BOM}\n{json.dumps(ROWS[2])}\n"
    table = f"{BOM}problem,answer\n0?,1\n{BOM}problem,answer\n{BOM}1?,2\n"
    assert golds(read(write(tmp_path, "rows.jsonl", lines))) == GOLDS[:3]
    judged = read(write(tmp_path, "rows.csv", table), "csv")
    assert [(seed.record.problem, seed.record.answer) for seed in judged] == [("0?", "1"), ("1?", "2")]


def test_lines_that_two_files_share_where_they_were_joined_are_two_records(tmp_path: Path) -> None:
    lines = f"{json.dumps(ROWS[0])}\n{json.dumps(ROWS[1])}{BOM}{json.dumps(ROWS[2])}\n{json.dumps(ROWS[3])}"
    assert golds(read(write(tmp_path, "rows.jsonl", lines))) == GOLDS
    bad = f"{json.dumps(ROWS[0])}\n{json.dumps(ROWS[1])}[1]\n{json.dumps(ROWS[2])},{json.dumps(ROWS[3])}\n"
    judged = read(write(tmp_path, "bad.jsonl", bad))
    assert [seed.verdict.kept for seed in judged] == [True, False, False]
    assert "Extra data" in (judged[1].verdict.detail or "")


def test_records_that_commas_separate_are_not_lines_of_which_the_last_is_good(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is not valid JSON"):
        read(write(tmp_path, "rows.jsonl", ",\n".join(map(json.dumps, ROWS))))


def test_a_mark_of_byte_order_within_a_text_stays(tmp_path: Path) -> None:
    (seed,) = read(write(tmp_path, "rows.csv", f'problem,answer\n"a\n{BOM}b",1\n'), "csv")
    assert seed.record.problem == f"a\n{BOM}b"


def test_a_number_that_python_cannot_read_costs_only_who_needs_it(tmp_path: Path) -> None:
    digits = "7" * 5_000
    told = json.dumps(ROWS[0])[:-1]
    wanted = '{"problem": "?", "answer": ' + digits + "}"
    for name, content in (
        ("rows.jsonl", f'{told}, "size": {digits}}}\n{wanted}'),
        ("rows.json", f'[{told}, "size": {digits}}}, {wanted}]'),
    ):
        kept, lost = read(write(tmp_path, name, content))
        assert (kept.record.answer, lost.verdict.reason) == ("1", Reason.UNREADABLE_RECORD)
        assert "'answer' cannot be read" in (lost.verdict.detail or "")


FIFTY = "".join(f"p{n},{n}\n" for n in range(50))


@pytest.mark.parametrize(
    ("table", "kept", "raws"),
    [
        pytest.param(f'q,1\n"a,2\n{FIFTY}', ["1", *map(str, range(50))], ['"a,2\n'], id="never closed"),
        pytest.param('"a,2\n"b,3\n"c","4"\nd,5\n', ["4", "5"], ['"a,2\n', '"b,3\n'], id="two never closed"),
        pytest.param('"a,2\n"b\nc",3\nd,4\n', ["3", "4"], ['"a,2\n'], id="a cell of two lines behind"),
        pytest.param('"said "hi"\none, two\nend",5\nd,6\n', ["6"], ['"said "hi"\none, two\nend",5\n'], id="bare quotes"),
        pytest.param('"a\nsays "go" twice\nor so",5\nd,6\n', ["6"], ['"a\nsays "go" twice\nor so",5\n'], id="within"),
        pytest.param('"said "hi" there",5\none,6\n', ["6"], ['"said "hi" there",5\n'], id="bare quotes on one line"),
        pytest.param('one\na, b\nend",5\nd,6\n', ["6"], ['one\na, b\nend",5\n'], id="never opened"),
        pytest.param('"a\nb\nc, d\nend\n"f",6\n', ["6"], ['"a\nb\nc, d\nend\n'], id="never closed, text behind"),
        pytest.param('one\na,1\n"b\nc",2\n', ["1", "2"], ["one\n"], id="too few cells, records behind"),
        pytest.param('one\na,1\nthe 5"" nail,2\n', ["1", "2"], ["one\n"], id="too few cells, quotes behind"),
        pytest.param('"a""b\nc",1\n"d"\n', ["1"], ['"d"\n'], id="too few cells"),
        pytest.param('"x\n\n""y"" z,\n",1\nb,2\n', ["1", "2"], [], id="quotes within quotes"),
    ],
)  # fmt: skip
def test_an_open_quote_costs_its_own_record(tmp_path: Path, table: str, kept: list[str], raws: list[str]) -> None:
    judged = read(write(tmp_path, "rows.csv", f"problem,answer\n{table}"), "csv")
    assert golds(judged) == kept
    assert [seed.record.raw for seed in judged if not seed.verdict.kept] == raws


@pytest.mark.parametrize(
    ("name", "table"),
    [
        pytest.param("rows.tsv", 'problem\tanswer\n"a, b;\nc"\t1\n"d\t2\n"e, f"\t"3"\n', id="tabs"),
        pytest.param("rows.csv", 'problem;answer\n"a, b;\nc";1\n"d;2\n"e, f";"3"\n', id="semicolons"),
    ],
)
def test_a_header_without_commas_says_what_separates_cells(tmp_path: Path, name: str, table: str) -> None:
    judged = read(write(tmp_path, name, table), "csv")
    assert [seed.record.problem for seed in judged] == ["a, b;\nc", "", "e, f"]
    assert golds(judged) == ["1", "3"]


CELL = st.text(alphabet='ab1 ,"\n', max_size=8)


@given(rows=st.lists(st.tuples(CELL, CELL), max_size=6), quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_what_the_csv_module_writes_is_read_as_it_was(rows: list[tuple[str, str]], quoting: Any) -> None:
    written = io.StringIO(newline="")
    csv.writer(written, quoting=quoting).writerows([("problem", "answer"), *rows])
    stream: Any = io.BufferedReader(io.BytesIO(written.getvalue().encode()))
    assert list(csv_rows(stream, Path("rows.csv"))) == [{"problem": one, "answer": two} for one, two in rows]


def test_cells_may_be_as_long_as_a_record(tmp_path: Path) -> None:
    long, too_long = f"{'word ' * 1_000}\n" * 190, f"{'word ' * 1_000}\n" * 210
    table = f'problem,answer\n"{long}",1\n"{too_long}",2\nb,3\n'
    judged = read(write(tmp_path, "rows.csv", table), "csv")
    assert golds(judged) == ["1", "3"]
    assert (judged[1].verdict.detail, len(judged[1].record.raw or "")) == ("longer than 1000000 bytes", 2_000)


@pytest.mark.parametrize(
    ("header", "line"),
    [
        pytest.param("problem,answer", '"a,2', id="each line opens a quote"),
        pytest.param(",".join(["problem", "answer", *map(str, range(5_000))]), 'a","b', id="each line opens it anew"),
        pytest.param("problem,answer", '"a ""b"" c', id="doubled quotes"),
        pytest.param("problem,answer", '"a "b" c', id="bare quotes"),
    ],
)
def test_hostile_quotes_take_no_longer_than_their_length(tmp_path: Path, header: str, line: str) -> None:
    path = write(tmp_path, "rows.csv", f"{header}\n{',' * (header.count(','))}\n" + f"{line}\n" * 6_000)
    start = time.process_time()
    with pytest.raises(SourceError, match="Nothing in source"):
        read(path, "csv")
    read_source_all(path, header)
    assert time.process_time() - start < 5


def read_source_all(path: Path, header: str) -> None:
    """Reads past the first thousand records, which a good one before them allows."""
    cells = ["p", "1", *("" for _ in range(header.count(",") - 1))]
    first, _, rest = path.read_text(encoding="utf-8").partition("\n")
    path.write_text(f"{first}\n{','.join(cells)}\n{rest}", encoding="utf-8")
    assert golds(read(path, "csv"))[0] == "1"
