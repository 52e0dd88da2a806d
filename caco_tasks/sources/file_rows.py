"""The records of a file, whatever holds them: JSON lines, a JSON list, Parquet, CSV or XML; gzip is seen through.

A record that cannot be parsed comes out as `UnreadableRow`, in its place; only a file that cannot be read as a whole is
an error. JSON lines, CSV and Parquet are streamed. Bytes that are not UTF-8 become lone surrogates, which the reader of
the record refuses, so that one bad byte costs one record.
"""

import csv
import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, Literal, cast

import pyarrow as pa
import pyarrow.parquet as pq

from caco_tasks.errors import SourceError
from caco_tasks.sources.fields import RecordError, Row, as_json
from caco_tasks.sources.xml_rows import xml_rows

Container = Literal["json", "jsonl", "parquet", "csv", "xml"]

MAX_RECORD_BYTES = 1_000_000
MAX_DOCUMENT_BYTES = 1 << 30  # of a JSON list or an XML file, which are held in memory
PARQUET_BATCH_ROWS = 256

_SKIP_BYTES = 1 << 16  # read at once of a line that is too long
_BOM = b"\xef\xbb\xbf"  # begins files of some editors, and is no part of the first record


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableRow:
    """A record that no row could be made of."""

    detail: str
    raw: str


def read_rows(path: Path, container: Container | None = None) -> Iterator[Row | UnreadableRow]:
    """The records of `path` in order, one row each; without `container`, the file's name says what it is.

    Raises:
        SourceError: the file cannot be opened, is damaged, or is not of its container.
    """
    container = container or container_of(path)
    try:
        if container == "parquet":
            yield from _parquet_rows(path)
            return
        with path.open("rb") as file:
            zipped = file.peek(2)[:2] == b"\x1f\x8b"  # by its first bytes: names are often wrong
            stream = cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if zipped else file
            # `peek` takes nothing out of the stream, which is read from its beginning afterwards
            starts_a_list = cast("gzip.GzipFile", stream).peek(256).removeprefix(_BOM).lstrip()[:1] == b"["
            match container:
                case "xml":
                    yield from xml_rows(_read_document(stream, path), path)
                case "csv":
                    yield from _csv_rows(stream, path)
                case "json" if ".jsonl" not in path.suffixes and starts_a_list:
                    yield from _json_list_rows(stream, path)
                case _:
                    yield from _catch_errors(map(_json_row, filter(str.strip, Lines(stream))))
    except (OSError, EOFError, zlib.error, pa.ArrowException) as exc:
        raise SourceError(f"The source file {path} cannot be read as {container}: {exc}.") from exc


def container_of(path: Path) -> Container:
    """What holds the records of a file, by its name; "json" where the name does not say."""
    suffixes = [suffix for suffix in path.suffixes if suffix != ".gz"]
    known: dict[str, Container] = {".jsonl": "jsonl", ".parquet": "parquet", ".csv": "csv", ".xml": "xml"}
    return known.get(suffixes[-1], "json") if suffixes else "json"


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
            raw = _decode(line)
            while line and not line.endswith(b"\n"):  # iteration goes on with the next line
                line = self._stream.readline(_SKIP_BYTES)
            raise RecordError(f"longer than {MAX_RECORD_BYTES} bytes", raw=raw)
        return _decode(line)


def _catch_errors(rows: Iterator[Row]) -> Iterator[Row | UnreadableRow]:
    # not a loop over `rows`: one record's error must not end the others
    while True:
        try:
            yield next(rows)
        except StopIteration:
            return
        except RecordError as exc:
            yield UnreadableRow(detail=str(exc), raw=exc.raw)
        except csv.Error as exc:
            yield UnreadableRow(detail=f"not CSV: {exc}", raw="")


def _require_record(found: Any) -> Row:
    if not isinstance(found, dict):
        raise RecordError(f"a {type(found).__name__}, not a record of named fields", raw=as_json(found))
    return found


def _json_row(line: str) -> Row:
    try:
        return _require_record(json.loads(line))
    except (ValueError, RecursionError) as exc:
        raise RecordError(f"not JSON: {exc}", raw=line) from exc


def _read_document(stream: IO[bytes], path: Path) -> bytes:
    document = stream.read(MAX_DOCUMENT_BYTES + 1)
    if len(document) > MAX_DOCUMENT_BYTES:
        raise SourceError(f"The source file {path} is larger than {MAX_DOCUMENT_BYTES} bytes: make JSON lines of it.")
    return document


def _json_list_rows(stream: IO[bytes], path: Path) -> Iterator[Row | UnreadableRow]:
    document = _read_document(stream, path)
    try:
        found = json.loads(_decode(document.removeprefix(_BOM)))
    except (ValueError, RecursionError) as exc:
        raise SourceError(f"The source file {path} is not valid JSON: {exc}.") from exc
    return _catch_errors(map(_require_record, found))


def _csv_rows(stream: IO[bytes], path: Path) -> Iterator[Row | UnreadableRow]:
    cells = csv.reader(Lines(stream), strict=True)
    try:
        header = next(cells, [])
    except (csv.Error, RecordError) as exc:
        raise SourceError(f"The source file {path} has no header line of CSV: {exc}.") from exc

    def to_row(cells: list[str]) -> Row:
        if len(cells) != len(header):
            raise RecordError(f"{len(cells)} cells under a header of {len(header)}", raw=",".join(cells))
        return dict(zip(header, cells, strict=True))

    return _catch_errors(map(to_row, filter(None, cells)))


def _parquet_rows(path: Path) -> Iterator[Row | UnreadableRow]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=PARQUET_BATCH_ROWS):
            try:
                rows = batch.to_pylist()
            except (
                ValueError,
                OverflowError,
            ):  # a text that is not UTF-8, or a date that Python cannot hold: find its row
                yield from _catch_errors(map(partial(_batch_row, batch), range(batch.num_rows)))
            else:
                yield from rows


def _batch_row(batch: pa.RecordBatch, index: int) -> Row:
    try:
        return _require_record(batch.slice(index, 1).to_pylist()[0])
    except (ValueError, OverflowError) as exc:
        raise RecordError(f"a value that cannot be read: {exc}") from exc


def _decode(line: bytes) -> str:
    # bytes that are not UTF-8 become lone surrogates, which the reader of the record refuses
    return line.decode("utf-8", errors="surrogateescape")
