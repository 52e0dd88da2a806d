"""The parquet files of a dataset, written and read one after the other, a group of rows at a time.

What is withdrawn can still be read: whoever reads it is told, at the beginning or, where it happened meanwhile, at the end.
"""

import logging
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from caco_tasks.errors import ConservationError, DamagedError, StoreError
from caco_tasks.ids import file_sha256
from caco_tasks.publishing.dataset_row import SCHEMA
from caco_tasks.publishing.states import read_state, split_name
from caco_tasks.records import PublishedRow
from caco_tasks.store import Store
from caco_tasks.store.file_store import mending_os_errors
from caco_tasks.store.manifest import parse_stored
from caco_tasks.store.registry import (
    DatasetFile,
    DatasetRecord,
    DatasetState,
    dataset_manifest_uri,
    is_dataset_manifest,
)
from caco_tasks.store.row_files import RowFile, open_checked, read_groups

log = logging.getLogger(__name__)


class WithdrawnWarning(UserWarning):
    """A dataset that is read was withdrawn: its rows are whole, and should not be used for anything new."""


class DatasetWriter:
    """Writes rows to `train-00000-of-000NN.parquet` and so on; each file goes to the store when it is full.

    >>> with DatasetWriter(store, folder, rows=120_000, rows_per_file=50_000, scratch=scratch) as writer:
    ...     for row in rows:
    ...         writer.add(row)
    >>> [file.rows for file in writer.files]
    [50000, 50000, 20000]
    """

    def __init__(self, store: Store, folder: str, *, rows: int, rows_per_file: int, scratch: Path) -> None:
        """Begins the first file.

        Args:
            store: where the files go.
            folder: of the dataset, in the store.
            rows: how many will come: the number of files stands in their names.
            rows_per_file: of all files but the last.
            scratch: a folder on this machine with room for one file; made where it is not there.

        Raises:
            StoreError: the folder cannot be written.
        """
        self.files: tuple[DatasetFile, ...] = ()
        self._store, self._folder = store, folder
        self._expected, self._size = rows, rows_per_file
        self._count = max(1, -(-rows // rows_per_file))  # a dataset without rows has one file that says its columns
        self._scratch = scratch
        with mending_os_errors(scratch):
            scratch.mkdir(parents=True, exist_ok=True)
        self._file = self._open()

    def __enter__(self) -> "DatasetWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._upload()
                written = sum(file.rows for file in self.files)
                if written != self._expected:
                    raise ConservationError(
                        f"{self._folder}: {self._expected} rows passed every stage, {written} came to be published; there "
                        "is no manifest, so nothing counts as published."
                    )
            else:
                self._file.abandon()
        finally:
            self._path.unlink(missing_ok=True)

    def add(self, row: Mapping[str, Any]) -> PublishedRow:
        """Writes a row, and says where it lies.

        Raises:
            StoreError: disk or store cannot be used, or a row does not fit the columns.
        """
        if self._file.rows == self._size:
            self._upload()
            self._file = self._open()
        self._file.add(row)
        return PublishedRow(sample_id=row["sample_id"], file=self._path.name, row=self._file.rows - 1)

    def _open(self) -> RowFile:
        self._path = self._scratch / f"train-{len(self.files):05d}-of-{self._count:05d}.parquet"
        return RowFile(self._path, SCHEMA, what="A row of the dataset")

    def _upload(self) -> None:
        self._file.close()
        uri = f"{self._folder}/{self._path.name}"
        self._store.put_file(uri, self._path)
        stored = DatasetFile(
            uri=uri, rows=self._file.rows, bytes=self._path.stat().st_size, sha256=file_sha256(str(self._path))
        )
        self.files += (stored,)
        self._path.unlink()  # the disk holds one file of the dataset at a time


def dataset_rows(store: Store, dataset: str) -> Iterator[dict[str, Any]]:
    """All rows of the dataset `name/version`, file by file; warns if it is withdrawn, or was while it was read.

    Raises:
        StoreError: there is no such dataset.
        DamagedError: one of its files is gone or not what was published.
    """
    for _, row in placed_rows(store, dataset):
        yield row


def record_rows(store: Store, record: DatasetRecord) -> Iterator[dict[str, Any]]:
    """All rows of the files that a manifest names, which need not be in the store yet.

    Raises:
        DamagedError: one of the files is gone or not what the manifest says.
    """
    for file in record.files:
        yield from _file_rows(store, f"{record.dataset}/{record.version}", file)


def placed_rows(store: Store, dataset: str) -> Iterator[tuple[PublishedRow, dict[str, Any]]]:
    """All rows of a dataset, each with the place where it lies; as `dataset_rows`."""
    record = read_dataset(store, dataset)
    begun = _withdrawal(store, dataset)
    if begun is not None:
        _warn(f"The dataset '{dataset}' is withdrawn (by {begun.by}: {begun.because}): do not use it for anything new.")
    for file in record.files:
        name = file.uri.rpartition("/")[2]
        for number, row in enumerate(_file_rows(store, dataset, file)):
            yield PublishedRow(sample_id=row["sample_id"], file=name, row=number), row
    ended = _withdrawal(store, dataset) if begun is None else None  # one warning is enough
    if ended is not None:
        _warn(
            f"The dataset '{dataset}' was withdrawn while it was read (by {ended.by}: {ended.because}): all of its "
            f"{record.rows} rows were read, but do not use them for anything new."
        )


def read_dataset(store: Store, dataset: str) -> DatasetRecord:
    """The manifest of the dataset `name/version`.

    Raises:
        StoreError: there is no such dataset.
        DamagedError: its manifest is not readable.
    """
    uri = dataset_manifest_uri(*split_name(dataset))
    manifest = store.get(uri)
    if manifest is None:
        raise StoreError(f"There is no dataset '{dataset}': there are {', '.join(list_datasets(store)) or 'none yet'}.")
    return parse_stored(DatasetRecord, manifest, uri=uri)


def list_datasets(store: Store) -> list[str]:
    """The datasets in a store as `name/version`, in any state."""
    return ["/".join(key.split("/")[1:3]) for key in store.list("datasets/") if is_dataset_manifest(key)]


def _file_rows(store: Store, dataset: str, file: DatasetFile) -> Iterator[dict[str, Any]]:
    if not store.exists(file.uri):  # asked here, for another remedy than `open_checked` names
        raise DamagedError(
            f"The file {file.uri} of the dataset '{dataset}' is gone: restore it, or publish the dataset again."
        )
    try:
        with open_checked(store, file.uri, file.sha256) as opened:
            for batch in read_groups(opened, SCHEMA):
                yield from batch.to_pylist()
    except DamagedError as exc:
        raise DamagedError(
            f"The file {file.uri} of the dataset '{dataset}' is damaged ({exc}): restore it, or publish the dataset again."
        ) from exc


def _withdrawal(store: Store, dataset: str) -> DatasetState | None:
    """The state of a dataset that is withdrawn; None for any other."""
    state = read_state(store, dataset)
    return state if state is not None and state.state == "withdrawn" else None


def _warn(sentence: str) -> None:
    log.warning("%s", sentence)
    warnings.warn(
        sentence, WithdrawnWarning, stacklevel=3
    )  # for who reads in a notebook, where nobody looks at the log
