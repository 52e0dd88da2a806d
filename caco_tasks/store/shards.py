"""The rows of outputs: judged records as parquet, named by their content, so that two attempts never overwrite each other.

Rows are written and read a group at a time; `read_shard` alone holds all of an output. What an older or a newer version
wrote is read as `caco_tasks.store.columns` says.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TypedDict, TypeVar

import pyarrow as pa

from caco_tasks.errors import DamagedError
from caco_tasks.ids import file_sha256
from caco_tasks.records import JudgedRecord
from caco_tasks.store.record_rows import arrow_schema, from_row, to_row
from caco_tasks.store.row_files import RowFile, open_checked, read_groups, select
from caco_tasks.store.store import Store

Record = TypeVar("Record")

NAME_CHARS = 16  # of the SHA-256, in the object's name

_NAMED_BY_CONTENT = re.compile(rf"[-/]([0-9a-f]{{{NAME_CHARS}}})\.parquet$")


class Written(TypedDict):
    """What a manifest says of the object that was written."""

    uri: str  # relative to the store's root
    rows: int
    bytes: int
    sha256: str


def write_rows(store: Store, *, folder: str, record: type, judged: Iterable[JudgedRecord[Any]]) -> Written:
    """Writes judged records of class `record` to `{folder}/{sha256[:16]}.parquet` as they come.

    Raises:
        StoreError: the store or the temporary folder cannot be used, or a record does not fit its schema.
    """
    with _unnamed_file() as path:
        rows = _write_file(path, record, judged)
        sha256 = file_sha256(str(path))
        uri = f"{folder}/{sha256[:NAME_CHARS]}.parquet"
        store.put_file(uri, path)
        return Written(uri=uri, rows=rows, bytes=path.stat().st_size, sha256=sha256)


def iterate_shard(
    store: Store, uri: str, record: type[Record], *, sha256: str | None = None
) -> Iterator[JudgedRecord[Record]]:
    """The judged records of an object, in the order in which they were written.

    The content is checked first, against `sha256`, or, where that is None, against the part of the hash in the name.

    Raises:
        StoreError: the store cannot be used or has no such object.
        DamagedError: the object is not what was written, or its columns are not those of `record`; says in words why.
    """
    for batch in read_batches(store, uri, record, sha256=sha256):
        with naming_damage(uri):
            found = [from_row(record, row) for row in batch.to_pylist()]
        yield from found


def read_shard(
    store: Store, uri: str, record: type[Record], *, sha256: str | None = None
) -> list[JudgedRecord[Record]]:
    """All judged records of an object at once; as `iterate_shard`."""
    return list(iterate_shard(store, uri, record, sha256=sha256))


def read_batches(
    store: Store, uri: str, record: type, *, sha256: str | None = None, columns: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """The rows of an object as Arrow, some thousands at a time, with the columns of `record`, or those of them named.

    Raises:
        StoreError, DamagedError: as `iterate_shard`.
    """
    name = _NAMED_BY_CONTENT.search(uri)
    expected = sha256 or (name.group(1) if name else "")
    with naming_damage(uri), open_checked(store, uri, expected) as file:
        yield from read_groups(file, select(arrow_schema(record), columns))


def encode_shard(record: type, judged: Iterable[JudgedRecord[Any]]) -> bytes:
    """Judged records of class `record` as parquet; the bytes that `write_rows` would write.

    Raises:
        StoreError: a record does not fit its schema.
    """
    with _unnamed_file() as path:
        _write_file(path, record, judged)
        return path.read_bytes()


@contextmanager
def naming_damage(uri: str) -> Iterator[None]:
    """Says of what a DamagedError is, and what to do."""
    try:
        yield
    except DamagedError as exc:
        why = str(exc).removesuffix(".")
        raise DamagedError(
            f"The output {uri} is damaged ({why}): delete it and its manifest and rerun its stage."
        ) from exc


@contextmanager
def _unnamed_file() -> Iterator[Path]:
    """The path, in this process, of a temporary file without a name: its room is free again however the process ends."""
    with TemporaryFile() as file:
        yield Path(f"/proc/self/fd/{file.fileno()}")


def _write_file(path: Path, record: type, judged: Iterable[JudgedRecord[Any]]) -> int:
    with RowFile(path, arrow_schema(record), what=f"A {record.__name__}") as file:
        for row in judged:
            file.add(to_row(row))
    return file.rows
