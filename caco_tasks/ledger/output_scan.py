"""The outputs of a stage as one table that is scanned: files are fetched when, and only if, a question needs their rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import fs

from caco_tasks.errors import DamagedError, StoreError
from caco_tasks.store.store import Store

# what is known of every output before it is opened
PLACE = (pa.field("run_id", pa.string()), pa.field("partition", pa.date32()), pa.field("key", pa.string()))

_PARQUET = ds.ParquetFileFormat()


class OutputDataset(ds.FileSystemDataset):  # type: ignore[misc]  # pyarrow has no types
    """The outputs of a stage as DuckDB scans them: their run, date and key are known before one is opened.

    Files are fetched here, one after the other, by the thread that asks: were they opened from Arrow's own threads, those
    would wait for Python while Python waits for them.
    """

    def __init__(self, store: Store, schema: pa.Schema, places: Sequence[Mapping[str, Any]]) -> None:
        """Names the outputs: `places` has the columns of `PLACE` and the uri of each."""
        self.store = store
        self.failure: StoreError | None = None  # what DuckDB would only quote
        fragments = []
        for place in places:
            known = [ds.field(field.name) == pa.scalar(place[field.name]) for field in PLACE]
            fragments.append(_PARQUET.make_fragment(place["uri"], fs.LocalFileSystem(), reduce(and_, known)))
        super().__init__(fragments, schema, _PARQUET, fs.LocalFileSystem())

    def scanner(self, columns: Sequence[str] | None = None, filter: Any = None, **options: Any) -> "OutputScan":
        """What DuckDB calls: the columns and rows that it wants."""
        return OutputScan(self, columns, filter)


@dataclass(frozen=True, slots=True)
class OutputScan:
    """One reading of outputs, narrowed to columns and rows."""

    dataset: OutputDataset
    columns: Sequence[str] | None  # None: all
    condition: Any  # an expression of pyarrow; None: all rows

    def to_reader(self) -> pa.RecordBatchReader:
        """The rows, output by output."""
        schema = self.dataset.schema
        chosen = schema if self.columns is None else pa.schema([schema.field(name) for name in self.columns])
        return pa.RecordBatchReader.from_batches(chosen, self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for fragment in self.dataset.get_fragments(filter=self.condition):
            data = self._fetch(fragment.path)
            opened = _PARQUET.make_fragment(pa.BufferReader(data), partition_expression=fragment.partition_expression)
            scanner = ds.Scanner.from_fragment(
                opened, schema=self.dataset.schema, columns=self.columns, filter=self.condition, use_threads=False
            )
            yield from scanner.to_table().to_batches()

    def _fetch(self, uri: str) -> pa.Buffer:
        """All of a file: outputs are small, and a store has no seek."""
        try:
            data = self.dataset.store.get(uri)
            if data is None:
                raise DamagedError(f"There is no {uri} in {self.dataset.store.root}: rerun the stage that writes it.")
        except StoreError as exc:
            self.dataset.failure = exc
            raise
        return pa.py_buffer(data)
