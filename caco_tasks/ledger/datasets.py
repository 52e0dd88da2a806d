"""Published datasets: registered here, kept in the store."""

import hashlib
import json
from collections.abc import Iterator
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, text

from caco_tasks.errors import DamagedError, StoreError
from caco_tasks.ledger.connection import Value, copy_rows
from caco_tasks.store.registry import DatasetFile, DatasetRecord
from caco_tasks.store.store import Store

_INSERT_DATASET = text("""
    INSERT INTO caco.dataset (dataset, version, run_id, partition, rows, code_version, files, facts)
    VALUES (
        :dataset, :version, :run_id, CAST(:partition AS date), :rows, :code_version, CAST(:files AS jsonb),
        CAST(:facts AS jsonb))
    ON CONFLICT (dataset, version) DO NOTHING
    RETURNING dataset
""")
_SELECT_DATASET = text("SELECT * FROM caco.dataset WHERE dataset = :dataset AND version = :version")
_COPY_ROWS = "COPY caco.dataset_row (dataset, version, sample_id, uri, row) FROM STDIN"


def insert_dataset(connection: Connection, dataset: DatasetRecord, store: Store) -> DatasetRecord:
    """Registers a dataset and the sample of each of its rows, unless it is there, and returns the registered one."""
    values = json.loads(dataset.model_dump_json())
    as_json = {name: json.dumps(values[name]) for name in ("files", "facts")}
    if connection.execute(_INSERT_DATASET, {**values, **as_json}).first() is not None:
        copy_rows(connection, _COPY_ROWS, _dataset_rows(dataset, store))
        return dataset
    row = connection.execute(_SELECT_DATASET, {"dataset": dataset.dataset, "version": dataset.version}).one()
    return DatasetRecord.model_validate({**row._mapping, "partition": row.partition.isoformat()})


def _dataset_rows(dataset: DatasetRecord, store: Store) -> Iterator[tuple[Value, ...]]:
    for file in dataset.files:
        for row, sample_id in enumerate(_sample_ids(file, store)):
            yield dataset.dataset, dataset.version, sample_id, file.uri, row


def _sample_ids(file: DatasetFile, store: Store) -> list[str]:
    data = store.get(file.uri)
    if data is None:
        raise StoreError(f"There is no {file.uri} in {store.root}: publish the dataset again.")
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise DamagedError(
            f"{file.uri} is damaged (another SHA-256 than its manifest says): publish the dataset again."
        )
    try:
        found: list[str] = pq.read_table(BytesIO(data), columns=["sample_id"], use_threads=False)[
            "sample_id"
        ].to_pylist()
    except (pa.ArrowException, OSError, KeyError) as exc:
        raise DamagedError(f"{file.uri} is damaged (no column 'sample_id'): publish the dataset again.") from exc
    if len(found) != file.rows:
        raise DamagedError(f"{file.uri} has {len(found)} rows, its manifest says {file.rows}: publish it again.")
    return found
