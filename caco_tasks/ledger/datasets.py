"""Datasets: registered here with their rows and their states, kept in the store."""

import json
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Connection, text

from caco_tasks.errors import DamagedError, LedgerError
from caco_tasks.ledger.bulk import copy_table
from caco_tasks.store.registry import DatasetFile, DatasetRecord, DatasetState
from caco_tasks.store.row_files import open_checked
from caco_tasks.store.store import Store

_INSERT = text("""
    INSERT INTO caco.dataset (dataset, version, run_id, partition, rows, code_version, files, facts)
    VALUES (
        :dataset, :version, CAST(:run_id AS uuid), CAST(:partition AS date), :rows, :code_version,
        CAST(:files AS jsonb), CAST(:facts AS jsonb))
    ON CONFLICT ON CONSTRAINT a_version_is_made_once DO NOTHING
    RETURNING dataset_no
""")
_SELECT = text("""
    SELECT dataset, version, run_id, partition, rows, code_version, files, facts
    FROM caco.dataset WHERE dataset = :dataset AND version = :version
""")
# locked, so that two changes at once get two numbers
_NUMBER = text("SELECT dataset_no FROM caco.dataset WHERE dataset || '/' || version = :name FOR NO KEY UPDATE")
_STATES = text("""
    SELECT CAST(state AS text) AS state, by, coalesce(because, '–') AS because, at
    FROM caco.dataset_state JOIN caco.dataset USING (dataset_no)
    WHERE dataset || '/' || version = :name ORDER BY number
""")
# a task that is tried again says the same of the same moment, which is one change
_ADD_STATE = text("""
    INSERT INTO caco.dataset_state (dataset_no, number, state, by, because, at)
    SELECT :dataset_no, count(*), CAST(:state AS caco.state), :by, :because, CAST(:at AS timestamptz)
    FROM caco.dataset_state WHERE dataset_no = :dataset_no
    HAVING NOT coalesce(bool_or(
        state = CAST(:state AS caco.state) AND by = :by AND at = CAST(:at AS timestamptz)), false)
""")
_NAMES = text("""
    SELECT dataset || '/' || version AS name FROM caco.datasets
    WHERE (CAST(:run_id AS uuid) IS NULL OR run_id = CAST(:run_id AS uuid))
        AND (CAST(:state AS text) IS NULL OR CAST(state AS text) = :state)
        -- a release stands with the run of its newest date, which did not make it
        AND (CAST(:run_id AS uuid) IS NULL OR NOT EXISTS (
            SELECT FROM caco.dataset AS one
            WHERE one.dataset = datasets.dataset AND one.version = datasets.version AND one.facts -> 'release' IS NOT NULL))
    GROUP BY dataset, version
    -- of one run, a version comes after the published one that supersedes it
    ORDER BY CAST(:run_id AS uuid) IS NOT NULL AND EXISTS (
            SELECT FROM caco.dataset AS later JOIN caco.dataset_state USING (dataset_no)
            WHERE later.supersedes = datasets.dataset || '/' || datasets.version AND state = 'published'),
        CAST(:run_id AS uuid) IS NOT NULL AND bool_or(is_current) DESC, max(partition) DESC, version DESC, dataset
""")


def insert_dataset(connection: Connection, dataset: DatasetRecord, store: Store) -> DatasetRecord:
    """Registers a dataset and the sample of each of its rows, unless it is there, and returns the registered one."""
    values = json.loads(dataset.model_dump_json())
    as_json = {name: json.dumps(values[name]) for name in ("files", "facts")}
    number = connection.execute(_INSERT, values | as_json).scalar()
    if number is not None:
        for place, file in enumerate(dataset.files):
            _copy_rows(connection, int(number), place, file, store)
        if dataset.tombstones is not None:
            _copy_tombstones(connection, int(number), dataset.tombstones, store)
        return dataset
    row = connection.execute(_SELECT, {"dataset": dataset.dataset, "version": dataset.version}).one()
    found = {**row._mapping, "run_id": row.run_id.hex, "partition": row.partition.isoformat()}
    return DatasetRecord.model_validate(found)


def insert_state(connection: Connection, name: str, change: DatasetState) -> None:
    """Writes down that a dataset, named name/version, has another state, unless that was done.

    Raises:
        LedgerError: there is no such dataset.
    """
    number = connection.execute(_NUMBER, {"name": name}).scalar()
    if number is None:
        raise LedgerError(f"There is no dataset '{name}' in the ledger: register it before its states.")
    connection.execute(_ADD_STATE, {"dataset_no": number, **change.model_dump(mode="json")})


def states_of(connection: Connection, name: str) -> list[DatasetState]:
    """All states of a dataset, oldest first."""
    return [DatasetState.model_validate(dict(row._mapping)) for row in connection.execute(_STATES, {"name": name})]


def dataset_names(connection: Connection, run_id: str | None, state: str | None) -> list[str]:
    """The datasets, as `name/version`, newest first; of one run or of all, in one state or in any."""
    return list(connection.execute(_NAMES, {"run_id": run_id, "state": state}).scalars())


def _copy_rows(connection: Connection, number: int, place: int, file: DatasetFile, store: Store) -> None:
    """The rows of one file: checked and read in batches, so that no dataset is too large."""
    start = 0
    for columns in _row_columns(file, store):
        count = len(columns["sample_id"])
        rows = pa.array(np.arange(start, start + count, dtype=np.int32))
        constants = {"dataset_no": number, "file": place}
        copy_table(connection, "dataset_row", {**columns, "row": rows}, constants=constants)
        start += count


def _copy_tombstones(connection: Connection, number: int, file: DatasetFile, store: Store) -> None:
    """The rows that were taken out of the version before."""
    names = ("sample_id", "reason", "by", "because", "at")
    try:
        with open_checked(store, file.uri, file.sha256) as opened:
            for batch in pq.ParquetFile(opened).iter_batches(columns=list(names), use_threads=False):
                columns = {name: batch.column(name) for name in names}
                copy_table(connection, "dataset_tombstone", columns, constants={"dataset_no": number})
    except (DamagedError, pa.ArrowException, OSError, KeyError) as exc:
        raise DamagedError(f"The tombstones {file.uri} are damaged ({exc}): take the rows out again.") from exc


def _row_columns(file: DatasetFile, store: Store) -> Iterator[dict[str, pa.Array]]:
    """What the ledger keeps of each row; program and output are null where the file does not say them."""
    try:
        # by batches: a file of a dataset has hundreds of megabytes, of which few columns are wanted
        with open_checked(store, file.uri, file.sha256) as opened:
            parquet = pq.ParquetFile(opened)
            named = [name for name in ("sample_id", "program_id", "output_key") if name in parquet.schema_arrow.names]
            for batch in parquet.iter_batches(columns=named, use_threads=False):
                ids = {name: _valid_ids(batch.column(name)) for name in named if name != "sample_id"}
                yield {"sample_id": batch.column("sample_id"), **ids}
    except DamagedError as exc:
        raise DamagedError(f"{file.uri} is damaged ({exc}): publish the dataset again.") from exc
    except (pa.ArrowException, OSError, KeyError) as exc:
        raise DamagedError(f"{file.uri} has no column sample_id: publish the dataset again.") from exc


def _valid_ids(column: pa.Array) -> pa.Array:
    """Ids; what is none, as in a dataset made by hand, is null."""
    return pc.if_else(pc.match_substring_regex(column, "^[0-9a-f]{32}$"), column, pa.scalar(None, pa.string()))
