"""The rows of Parquet files, each column read when it is first asked for: what nobody needs cannot fail.

Floats of half and single precision become the shortest text that means them, so 0.1 stays 0.1.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from caco_tasks.sources.fields import Row, UnreadableValue

BATCH_ROWS = 256

# a text that is not UTF-8, a date or a time zone that Python does not know, a time finer than its own
_VALUE_ERRORS = (ValueError, OverflowError, KeyError, pa.ArrowException)


def parquet_rows(path: Path) -> Iterator[Row]:
    """The rows of a file in order; a cell that Python cannot hold is an `UnreadableValue`.

    Raises:
        OSError, pyarrow.ArrowException: the file cannot be read, or is not Parquet.
    """
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=BATCH_ROWS):
            columns = _Columns(batch)
            yield from (_BatchRow(columns, index) for index in range(batch.num_rows))


def has_narrow_floats(kind: pa.DataType) -> bool:
    """Whether values of a type hold floats of less than double precision, at any depth."""
    if pa.types.is_float16(kind) or pa.types.is_float32(kind):
        return True
    return any(has_narrow_floats(kind.field(place).type) for place in range(kind.num_fields))


def shorten_floats(found: Any, kind: pa.DataType) -> Any:
    """A Python value of an Arrow type with its narrow floats as the doubles that are written alike.

    >>> shorten_floats(0.10000000149011612, pa.float32())
    0.1
    """
    if isinstance(found, float) and pa.types.is_floating(kind):
        narrow = {16: np.float16, 32: np.float32}.get(kind.bit_width)
        return float(str(narrow(found))) if narrow else found
    if isinstance(found, dict) and pa.types.is_struct(kind):
        return {name: shorten_floats(value, kind.field(name).type) for name, value in found.items()}
    if isinstance(found, list) and kind.num_fields == 1:
        return [shorten_floats(value, kind.field(0).type) for value in found]
    return found


class _Columns:
    """The columns of a batch as lists of Python values, made when they are first asked for."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self._batch = batch
        self._made: dict[str, list[Any]] = {}
        self.names = tuple(batch.schema.names)

    def __getitem__(self, name: str) -> list[Any]:
        if name not in self._made:
            if name not in self.names:
                raise KeyError(name)
            self._made[name] = _column_values(self._batch.column(self.names.index(name)))
        return self._made[name]


class _BatchRow(Mapping[str, Any]):
    """One row of a batch."""

    __slots__ = ("_columns", "_index")

    def __init__(self, columns: _Columns, index: int) -> None:
        self._columns, self._index = columns, index

    def __getitem__(self, name: str) -> Any:
        return self._columns[name][self._index]

    def __contains__(self, name: object) -> bool:  # without reading the column
        return name in self._columns.names

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns.names)

    def __len__(self) -> int:
        return len(self._columns.names)


def _column_values(column: "pa.Array[Any]") -> list[Any]:
    try:
        values: list[Any] = column.to_pylist()
    except _VALUE_ERRORS:
        values = [_cell_value(column, index) for index in range(len(column))]
    if has_narrow_floats(column.type):
        return [shorten_floats(value, column.type) for value in values]
    return values


def _cell_value(column: "pa.Array[Any]", index: int) -> Any:
    try:
        return column[index].as_py()
    except _VALUE_ERRORS as exc:
        return UnreadableValue(f"{exc}")
