"""Parquet files of rows, written and read a group of rows at a time: memory does not grow with their number."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from caco_tasks.errors import DamagedError, StoreError
from caco_tasks.store.columns import check_columns, fit_batch
from caco_tasks.store.file_store import COPY_BYTES, mending_os_errors
from caco_tasks.store.store import Store

ROWS_PER_GROUP = 4096
ZSTD_LEVEL = 3


class RowFile:
    """One parquet file (zstd) under way; equal rows give equal bytes, however they come.

    >>> with RowFile(path, arrow_schema(Seed), what="A Seed") as file:
    ...     file.add(to_row(judged))
    """

    def __init__(self, path: Path, schema: pa.Schema, *, what: str) -> None:
        """Opens the file; `what` is what a row of it is called in an error.

        Raises:
            StoreError: it cannot be written.
        """
        self.rows = 0
        self._path, self._schema, self._what = path, schema, what
        self._group: list[Mapping[str, Any]] = []
        with mending_os_errors(path):
            self._writer = pq.ParquetWriter(
                path, schema, compression="zstd", compression_level=ZSTD_LEVEL, version="2.6"
            )

    def __enter__(self) -> "RowFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self.abandon()

    def add(self, row: Mapping[str, Any]) -> None:
        """Takes a row; it is written with its group.

        Raises:
            StoreError: the disk is full, or a row of the group does not fit the schema.
        """
        self.rows += 1
        self._group.append(row)
        if len(self._group) == ROWS_PER_GROUP:
            self._write_group()

    def close(self) -> None:
        """Ends the file.

        Raises:
            StoreError: as `add`.
        """
        try:
            self._write_group()
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Gives the file up without the rows of its last group; whoever opened it deletes it."""
        with mending_os_errors(self._path):
            self._writer.close()

    def _write_group(self) -> None:
        group, self._group = self._group, []
        if not group:
            return
        try:
            table = pa.Table.from_pylist(group, schema=self._schema)
        except (pa.ArrowException, UnicodeError, OverflowError) as exc:
            raise StoreError(f"{self._what} cannot be written ({exc}): mend the stage that made it.") from exc
        with mending_os_errors(self._path):
            self._writer.write_table(table, row_group_size=ROWS_PER_GROUP)


@contextmanager
def open_checked(store: Store, uri: str, sha256: str) -> Iterator[BinaryIO]:
    """An object as a file to read from, once its content is what `sha256`, or a beginning of one, says.

    Raises:
        StoreError: the store cannot be used or has no such object.
        DamagedError: the content is another; only why, for the caller to say of what.
    """
    file = store.open(uri)
    if file is None:
        raise StoreError(f"There is no {uri} in {store.root}: rerun the stage that writes it.")
    with file:
        found = hashlib.sha256()
        with mending_os_errors(uri):
            while data := file.read(COPY_BYTES):
                found.update(data)
            file.seek(0)
        if not found.hexdigest().startswith(sha256):
            raise DamagedError(f"its SHA-256 begins with {found.hexdigest()[:16]}, not {sha256[:16]}")
        yield file


def read_groups(file: BinaryIO, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The rows of a parquet file with exactly the columns of `schema`, some thousands at a time.

    Raises:
        DamagedError: it is no parquet file, or as `columns.fit_batch`; only why, for the caller to say of what.
    """
    try:
        parquet = pq.ParquetFile(file)
        check_columns(parquet.schema_arrow, schema)
        known = [name for name in parquet.schema_arrow.names if name in schema.names]
        for batch in parquet.iter_batches(batch_size=ROWS_PER_GROUP, columns=known, use_threads=False):
            yield fit_batch(batch, schema)
    except (pa.ArrowException, OSError) as exc:
        raise DamagedError("it is not readable as parquet") from exc


def select(schema: pa.Schema, columns: Sequence[str] | None) -> pa.Schema:
    """The named columns of a schema, in the order of the schema; None: all."""
    return schema if columns is None else pa.schema([field for field in schema if field.name in columns])
