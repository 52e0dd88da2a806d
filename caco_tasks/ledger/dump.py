"""The ledger as files: every table as it was at one moment, as compressed CSV, and back into an empty ledger.

The columns stand in the first line of each file. The fates of each date are a file of their own, named like their table.
"""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from psycopg2 import sql
from sqlalchemy import Connection, text

from caco_tasks.errors import LedgerError
from caco_tasks.store.manifest import manifest_uri, run_uri
from caco_tasks.store.registry import dataset_manifest_uri, model_manifest_uri
from caco_tasks.store.selector_record import selector_uri

END = ".csv.gz"
COMPRESSION = 1  # the texts shrink to a fifth; more effort saves little

_FATES = re.compile(r"fate_(\d{4})_(\d{2})_(\d{2})")

# Tables, each after those that it refers to; not the book of migrations, which belongs to the schema, nor parts of `fate`.
_TABLES = """
WITH RECURSIVE plain AS (
    SELECT oid, relname FROM pg_class WHERE relnamespace = 'caco'::regnamespace AND relkind = 'r' AND relname <> 'migration'
        AND NOT relispartition AND relname !~ '^fate_'
), depth AS (
    SELECT oid, relname, 0 AS level FROM plain
    UNION
    SELECT plain.oid, plain.relname, depth.level + 1 FROM depth
    JOIN pg_constraint ON confrelid = depth.oid AND contype = 'f' AND conrelid <> confrelid
    JOIN plain ON plain.oid = conrelid
)
SELECT relname FROM depth GROUP BY relname ORDER BY max(level), relname
"""
_FATE_TABLES = """
SELECT relname, relispartition FROM pg_class
WHERE relnamespace = 'caco'::regnamespace AND relkind = 'r' AND relname ~ '^fate_' ORDER BY relname
"""
_COLUMNS = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = 'caco' AND table_name = :table AND is_generated = 'NEVER' ORDER BY ordinal_position
"""
_COUNTED = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = 'caco' AND is_identity = 'YES' AND table_name !~ '^fate_'
"""


def dump(connection: Connection, folder: Path) -> dict[str, int]:
    """Writes every table into `folder` and returns how many rows each has; the transaction decides on the moment.

    Raises:
        LedgerError: the ledger is being rebuilt.
    """
    rows = {}
    for table in [*connection.execute(text(_TABLES)).scalars(), *_fate_tables(connection)]:
        columns = sql.SQL(", ").join(
            map(sql.Identifier, connection.execute(text(_COLUMNS), {"table": table}).scalars())
        )
        query = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT csv, HEADER)")
        with gzip.open(folder / f"{table}{END}", "wb", COMPRESSION) as file:
            rows[table] = _copy(connection, query.format(columns, sql.Identifier("caco", table)), file)
    return rows


def load(connection: Connection, folder: Path) -> dict[str, int]:
    """Fills the empty ledger from the files of `folder` and returns how many rows each table got."""
    rows = {}
    days = {
        path.name.removesuffix(END): day for path in sorted(folder.glob(f"fate_*{END}")) if (day := _day(path.name))
    }
    for day in days.values():
        connection.execute(text("SELECT caco.open_fates(CAST(:day AS date))"), {"day": day})
    for table in [*connection.execute(text(_TABLES)).scalars(), *days]:
        with gzip.open(folder / f"{table}{END}", "rb") as file:
            names = sql.SQL(", ").join(map(sql.Identifier, file.readline().decode().strip().split(",")))
            query = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(sql.Identifier("caco", table), names)
            rows[table] = _copy(connection, query, file)
    for day in days.values():
        connection.execute(text("SELECT caco.attach_fates(CAST(:day AS date))"), {"day": day})
    _count_on(connection)
    return rows


def schema(connection: Connection) -> dict[str, str]:
    """The migrations that made the schema, and their hashes: what a backup must be restored into."""
    query = text("SELECT name, sha256 FROM caco.migration WHERE starts_with(name, 'migrations/') ORDER BY name")
    return {name: sha256 for name, sha256 in connection.execute(query)}


def first_filled(connection: Connection) -> str | None:
    """The first table that has a row; None: the ledger is empty."""
    for table in [*connection.execute(text(_TABLES)).scalars(), "fate"]:
        cursor = connection.connection.cursor()
        cursor.execute(sql.SQL("SELECT FROM {} LIMIT 1").format(sql.Identifier("caco", table)))
        if cursor.rowcount:
            return str(table)
    return None


def named_objects(connection: Connection) -> Iterator[str]:
    """The keys of the objects that the ledger refers to: runs, outputs, datasets and their files, models, selectors."""
    for run in connection.execute(text("SELECT partition::text AS day, run_id FROM caco.run")):
        yield run_uri(run.day, run.run_id.hex)
    for output in connection.execute(text("SELECT stage, key, uri FROM caco.output")):
        yield manifest_uri(output.stage, output.key.hex)
        yield output.uri
    for dataset in connection.execute(text("SELECT dataset, version, files FROM caco.dataset")):
        yield dataset_manifest_uri(dataset.dataset, dataset.version)
        yield from (file["uri"] for file in dataset.files)
    for model_id in connection.execute(text("SELECT model_id FROM caco.model")).scalars():
        yield model_manifest_uri(model_id)
    for selector_id in connection.execute(text("SELECT selector_id FROM caco.selector")).scalars():
        yield selector_uri(selector_id.hex)


def _fate_tables(connection: Connection) -> list[str]:
    found = connection.execute(text(_FATE_TABLES)).all()
    if not all(is_attached for _, is_attached in found):
        raise LedgerError("The ledger is being rebuilt, or a rebuild was broken off: run `caco ledger rebuild` first.")
    return [name for name, _ in found]


def _day(name: str) -> str | None:
    match = _FATES.match(name)
    return "-".join(match.groups()) if match else None


def _count_on(connection: Connection) -> None:
    """Numbers that Postgres gives go on after the highest that is there."""
    for table, column in connection.execute(text(_COUNTED)).all():
        query = sql.SQL("SELECT setval(pg_get_serial_sequence({name}, {column}), max({field})) FROM {table}").format(
            name=sql.Literal(f"caco.{table}"),
            column=sql.Literal(column),
            field=sql.Identifier(column),
            table=sql.Identifier("caco", table),
        )
        connection.connection.cursor().execute(query)  # of an empty table: NULL, which changes nothing


def _copy(connection: Connection, query: sql.Composable, file: Any) -> int:
    cursor = connection.connection.cursor()
    try:
        cursor.copy_expert(query, file)
        return int(cursor.rowcount)
    finally:
        cursor.close()
