"""Shards: judged records as parquet, named by their content, so that two attempts never overwrite each other."""

import hashlib
import re
from collections.abc import Sequence
from io import BytesIO
from typing import Any, TypedDict, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from caco_tasks.errors import DamagedError, StoreError
from caco_tasks.records import Judged, arrow_schema, from_row, to_row
from caco_tasks.store.store import Store

Record = TypeVar("Record")

NAME_CHARS = 16  # of the SHA-256, in the object's name
ROWS_PER_GROUP = 4096
ZSTD_LEVEL = 3

_NAMED_BY_CONTENT = re.compile(rf"-([0-9a-f]{{{NAME_CHARS}}})\.parquet$")


class Written(TypedDict):
    """What a manifest says of the object that was written."""

    uri: str  # relative to the store's root
    rows: int
    bytes: int
    sha256: str


def write_shard(store: Store, *, folder: str, shard: int, record: type, judged: Sequence[Judged[Any]]) -> Written:
    """Writes judged records of class `record` to `{folder}/{shard:05d}-{sha256[:16]}.parquet`.

    Raises:
        StoreError: the store cannot be used, or a record does not fit its schema.
    """
    data = encode_shard(record, judged)
    sha256 = hashlib.sha256(data).hexdigest()
    uri = f"{folder}/{shard:05d}-{sha256[:NAME_CHARS]}.parquet"
    store.put(uri, data)
    return Written(uri=uri, rows=len(judged), bytes=len(data), sha256=sha256)


def read_shard(store: Store, uri: str, record: type[Record], *, sha256: str | None = None) -> list[Judged[Record]]:
    """The judged records of an object, in the order in which they were written.

    The content is checked against `sha256`, or, where that is None, against the part of the hash in the object's name.

    Raises:
        StoreError: the store cannot be used or has no such object.
        DamagedError: the object is not what was written: another hash, no parquet, another schema.
    """
    data = store.get(uri)
    if data is None:
        raise StoreError(f"There is no shard {uri} in {store.root}: rerun the stage that writes it.")
    _check_hash(data, uri, sha256)
    as_class: type = record  # a TypeVar is not hashable to the type checker
    rows = _decode(data, uri, arrow_schema(as_class))
    try:
        return [from_row(record, row) for row in rows]
    except DamagedError as exc:
        raise DamagedError(f"The shard {uri} is damaged: {exc} Delete it and its manifest and rerun.") from exc


def encode_shard(record: type, judged: Sequence[Judged[Any]]) -> bytes:
    """Judged records of class `record` as parquet (zstd); equal records give equal bytes.

    Raises:
        StoreError: a record does not fit its schema.
    """
    try:
        table = pa.Table.from_pylist([to_row(row) for row in judged], schema=arrow_schema(record))
    except (pa.ArrowException, UnicodeError, OverflowError) as exc:
        raise StoreError(f"A {record.__name__} cannot be written ({exc}): mend the stage that made it.") from exc
    buffer = BytesIO()
    pq.write_table(
        table, buffer, compression="zstd", compression_level=ZSTD_LEVEL, row_group_size=ROWS_PER_GROUP, version="2.6"
    )
    return buffer.getvalue()


def _check_hash(data: bytes, uri: str, sha256: str | None) -> None:
    found = hashlib.sha256(data).hexdigest()
    name = _NAMED_BY_CONTENT.search(uri)
    expected = sha256 or (name.group(1) if name else "")
    if not found.startswith(expected):
        raise _damaged(uri, f"its SHA-256 begins with {found[:NAME_CHARS]}, not {expected[:NAME_CHARS]}")


def _decode(data: bytes, uri: str, schema: pa.Schema) -> list[dict[str, Any]]:
    try:
        table = pq.read_table(BytesIO(data), use_threads=False)
    except (pa.ArrowException, OSError) as exc:
        raise _damaged(uri, "it is not readable as parquet") from exc
    if not table.schema.equals(schema):
        raise _damaged(uri, f"its columns are not those of this version: {_difference(table.schema, schema)}")
    return list(table.to_pylist())


def _difference(found: pa.Schema, expected: pa.Schema) -> str:
    different = {str(field) for field in found} ^ {str(field) for field in expected}
    return ", ".join(sorted({field.partition(":")[0] for field in different})) or "their order"


def _damaged(uri: str, why: str) -> DamagedError:
    return DamagedError(f"The shard {uri} is damaged ({why}): delete it and its manifest and rerun its stage.")
