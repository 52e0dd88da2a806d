"""The records of a file, whatever holds them: JSON lines, a JSON list, Parquet, CSV or XML; gzip is seen through.

A record that cannot be parsed comes out as `Unreadable`, in its place; only a file that cannot be read as a whole is
an error. JSON lines, CSV and Parquet are streamed. Bytes that are not UTF-8 become lone surrogates, which the reader of
the record refuses, so that one bad byte costs one record.
"""

import csv
import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, Literal, cast

import pyarrow as pa
import pyarrow.parquet as pq

from caco_tasks.errors import SourceError
from caco_tasks.sources.fields import RecordError, Row, shown
from caco_tasks.sources.xml_rows import xml_rows

Container = Literal["json", "jsonl", "parquet", "csv", "xml"]

MAX_RECORD_BYTES = 1_000_000
MAX_DOCUMENT_BYTES = 1 << 30  # of a JSON list or an XML file, which are held in memory
PARQUET_BATCH_ROWS = 256

_SKIP_BYTES = 1 << 16
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A record that no row could be made of."""

    detail: str
    raw: str


def read_rows(path: Path, container: Container | None = None) -> Iterator[Row | Unreadable]:
    """The records of `path` in order, one row each; without `container`, the file's name tells it.

    Raises:
        SourceError: the file cannot be opened, is damaged, or is not of its container.
    """
    container = container or _container_of(path)
    try:
        if container == "parquet":
            yield from _parquet_rows(path)
            return
        with _opened(path) as stream:
            yield from _text_rows(stream, container, path)
    except (OSError, EOFError, zlib.error, pa.ArrowException) as exc:
        raise SourceError(f"The source file {path} cannot be read as {container}: {exc}.") from exc


def _container_of(path: Path) -> Container:
    suffixes = [suffix for suffix in path.suffixes if suffix != ".gz"]
    known: dict[str, Container] = {".jsonl": "jsonl", ".parquet": "parquet", ".csv": "csv", ".xml": "xml"}
    return known.get(suffixes[-1], "json") if suffixes else "json"


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as file:
        zipped = file.peek(2)[:2] == b"\x1f\x8b"
        yield cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if zipped else file


def _text_rows(stream: IO[bytes], container: Container, path: Path) -> Iterator[Row | Unreadable]:
    match container:
        case "xml":
            return xml_rows(_document(stream, path), path)
        case "csv":
            return _csv_rows(stream, path)
        case "json" if ".jsonl" not in path.suffixes and _starts_a_list(stream):
            return _attempts(map(_row, _json_list(_document(stream, path), path)))
        case _:
            return _attempts(map(_json_row, filter(str.strip, Lines(stream))))


class Lines:
    """The lines of a stream as text; one longer than `MAX_RECORD_BYTES` is skipped and raised as a `RecordError`.

    Iteration may go on after the error, with the next line.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._is_first = True

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        line = self._stream.readline(MAX_RECORD_BYTES + 1)
        if self._is_first:
            line, self._is_first = line.removeprefix(_BOM), False
        if not line:
            raise StopIteration
        if len(line) > MAX_RECORD_BYTES:
            self._skip_rest(line)
            raise RecordError(f"longer than {MAX_RECORD_BYTES} bytes", raw=_text(line))
        return _text(line)

    def _skip_rest(self, line: bytes) -> None:
        while line and not line.endswith(b"\n"):
            line = self._stream.readline(_SKIP_BYTES)


def _attempts(rows: Iterator[Row]) -> Iterator[Row | Unreadable]:
    while True:
        try:
            yield next(rows)
        except StopIteration:
            return
        except RecordError as exc:
            yield Unreadable(detail=str(exc), raw=exc.raw)
        except csv.Error as exc:
            yield Unreadable(detail=f"not CSV: {exc}", raw="")


def _row(found: Any) -> Row:
    if not isinstance(found, dict):
        raise RecordError(f"a {type(found).__name__}, not a record of named fields", raw=shown(found))
    return found


def _json_row(line: str) -> Row:
    try:
        return _row(json.loads(line))
    except (ValueError, RecursionError) as exc:
        raise RecordError(f"not JSON: {exc}", raw=line) from exc


def _starts_a_list(stream: IO[bytes]) -> bool:
    head: bytes = cast("gzip.GzipFile", stream).peek(256)
    return head.removeprefix(_BOM).lstrip()[:1] == b"["


def _document(stream: IO[bytes], path: Path) -> bytes:
    document = stream.read(MAX_DOCUMENT_BYTES + 1)
    if len(document) > MAX_DOCUMENT_BYTES:
        raise SourceError(f"The source file {path} is larger than {MAX_DOCUMENT_BYTES} bytes: make JSON lines of it.")
    return document


def _json_list(document: bytes, path: Path) -> Iterator[Any]:
    try:
        found = json.loads(_text(document.removeprefix(_BOM)))
    except (ValueError, RecursionError) as exc:
        raise SourceError(f"The source file {path} is not valid JSON: {exc}.") from exc
    return iter(found)


def _csv_rows(stream: IO[bytes], path: Path) -> Iterator[Row | Unreadable]:
    cells = csv.reader(Lines(stream), strict=True)
    try:
        header = next(cells, [])
    except (csv.Error, RecordError) as exc:
        raise SourceError(f"The source file {path} has no header line of CSV: {exc}.") from exc
    return _attempts(map(partial(_csv_row, header), filter(None, cells)))


def _csv_row(header: list[str], cells: list[str]) -> Row:
    if len(cells) != len(header):
        raise RecordError(f"{len(cells)} cells under a header of {len(header)}", raw=",".join(cells))
    return dict(zip(header, cells, strict=True))


def _parquet_rows(path: Path) -> Iterator[Row | Unreadable]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=PARQUET_BATCH_ROWS):
            yield from _batch_rows(batch)


def _batch_rows(batch: pa.RecordBatch) -> Iterator[Row | Unreadable]:
    try:
        rows = batch.to_pylist()
    except (ValueError, OverflowError):  # a text that is not UTF-8, or a date that Python cannot hold: find its row
        rows = None
    return iter(rows) if rows is not None else _attempts(map(partial(_batch_row, batch), range(batch.num_rows)))


def _batch_row(batch: pa.RecordBatch, index: int) -> Row:
    try:
        return _row(batch.slice(index, 1).to_pylist()[0])
    except (ValueError, OverflowError) as exc:
        raise RecordError(f"a value that cannot be read: {exc}") from exc


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="surrogateescape")
