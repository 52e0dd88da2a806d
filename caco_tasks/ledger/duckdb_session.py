"""Ledger and outputs in one question: DuckDB in this process, offline, over what the analyst may read.

DuckDB's own ways to Postgres and S3 are extensions that it would download. It is handed Arrow instead: the relations of the
ledger that a question names, read with the analyst's rights, and the outputs of a stage as a dataset whose files are
fetched from our store when, and only if, the question needs them.

    caco.NAME        tables and views of the ledger; ids are texts of 32 hex digits, JSON and arrays are texts
    outputs.STAGE    one row per run and record that the stage judged: run_id, partition, key, then the record's own columns
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from threading import Timer
from typing import Any, Protocol

import duckdb
import pyarrow as pa
import pyarrow.csv as csv
from psycopg2 import sql
from sqlalchemy import Connection, text

from caco_tasks.errors import LedgerError
from caco_tasks.ledger.connection import Database, id_range
from caco_tasks.ledger.migrations import demand_this_version
from caco_tasks.ledger.output_scan import PLACE, OutputDataset
from caco_tasks.ledger.recipes import Recipe
from caco_tasks.pipeline import STAGES
from caco_tasks.store.record_rows import arrow_schema
from caco_tasks.store.store import Store, StoreSettings, open_store

TIMEOUT_SECONDS = 300.0
NO_ID = ("f" * 32, "0" * 32)  # between these lies none

_NAMED = re.compile(r'\b"?(caco|outputs)"?\s*\.\s*"?(\w+)"?', re.IGNORECASE)
_OFFLINE: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_CLOSED = "SET enable_external_access = false; SET lock_configuration = true"
_COLUMNS = text("""
    SELECT attname AS name, CAST(atttypid AS regtype)::text AS type
    FROM pg_attribute
    WHERE attrelid = to_regclass('caco.' || quote_ident(:relation)) AND attnum > 0 AND NOT attisdropped
    ORDER BY attnum
""")
_OUTPUTS = text("""
    SELECT caco.hex(run.run_id) AS run_id, run.partition, caco.hex(output.key) AS key, output.uri
    FROM caco.run
    JOIN caco.run_output AS place USING (run_no)
    JOIN caco.output USING (output_no)
    WHERE place.is_current AND place.stage = CAST(:stage AS caco.stage)
        AND (CAST(:first AS uuid) IS NULL OR run.run_id BETWEEN CAST(:first AS uuid) AND CAST(:last AS uuid))
        AND (CAST(:partition AS date) IS NULL OR run.partition = CAST(:partition AS date))
    ORDER BY run.run_id, place.shard
""")
# of Postgres -> of Arrow; every other type comes as its text. Times are UTC, for zones are an extension of DuckDB
_TYPES = {
    "boolean": pa.bool_(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "double precision": pa.float64(),
    "numeric": pa.float64(),
    "date": pa.date32(),
    "timestamp with time zone": pa.timestamp("us"),
}


class Reachable(Protocol):
    """Where ledger and store are; satisfied by `caco_tasks.connections.Connections`."""

    @property
    def analyst_url(self) -> str | None:
        """Address of the ledger with the analyst's rights; None: there is none."""

    @property
    def store(self) -> StoreSettings:
        """Where the store is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What of the ledger a question may see: all runs, one run, or those of one date."""

    run_id: str | None = None  # or the beginning of it
    partition: str | None = None


EVERYTHING = Scope()


def ask_duckdb(
    connections: Reachable,
    query: str | Recipe,
    timeout_seconds: float | None = None,
    *,
    values: Mapping[str, str] | None = None,
    scope: Scope = EVERYTHING,
    max_rows: int | None = None,
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The columns and rows of a question, or of a recipe with some other values, over ledger and outputs.

    >>> ask_duckdb(connections, "SELECT sum(execution.cpu_seconds) FROM outputs.execute")  # doctest: +SKIP

    Raises:
        ConfigError: a value is of another name than the recipe has.
        LedgerError: the question is not one SELECT, DuckDB refuses it, it takes longer than it may, or the ledger cannot be
            used.
        StoreError: an output that it needs cannot be read.
    """
    if connections.analyst_url is None:
        raise LedgerError(
            "There is no ledger: start the local platform with `caco up`, or set CACO_LEDGER_ANALYST_URL."
        )
    wanted: dict[str, str] = {}
    if isinstance(query, Recipe):
        wanted = query.values(values or {})
        query = "".join(f"${part}" if place % 2 else part for place, part in enumerate(query.parts()))
    session = duckdb.connect(":memory:", config=_OFFLINE)
    outputs: list[OutputDataset] = []
    try:
        _demand_one_select(session, query)
        outputs += _offer_relations(session, connections, query, scope)
        session.execute(_CLOSED)  # from here on it sees what it was handed, and nothing else
        seconds = TIMEOUT_SECONDS if timeout_seconds is None else timeout_seconds
        return _answer(session, query, wanted, timeout_seconds=seconds, max_rows=max_rows)
    except duckdb.Error as exc:
        for failure in (one.failure for one in outputs if one.failure is not None):
            raise failure from exc
        raise LedgerError(f"DuckDB refused: {str(exc).strip().splitlines()[0].rstrip('.')}.") from exc
    finally:
        session.close()


def _demand_one_select(session: duckdb.DuckDBPyConnection, query: str) -> None:
    statements = session.extract_statements(query)
    allowed = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
    if len(statements) != 1 or statements[0].type not in allowed:
        found = ", ".join(statement.type.name for statement in statements) or "nothing"
        raise LedgerError(f"A question is one SELECT, and nothing that writes or changes settings: this is {found}.")


def _offer_relations(
    session: duckdb.DuckDBPyConnection, reached: Reachable, query: str, scope: Scope
) -> list[OutputDataset]:
    """Registers what the question names; a name within a text does no harm, it is only fetched for nothing."""
    named = sorted({(schema.lower(), name.lower()) for schema, name in _NAMED.findall(query)})
    database, outputs = Database(str(reached.analyst_url)), []
    try:
        with database.transaction() as connection:
            demand_this_version(database, connection)
            for schema, name in named:
                if schema == "outputs":
                    outputs.append(_output_dataset(connection, open_store(reached.store), name, scope))
                relation = outputs[-1] if schema == "outputs" else _ledger_table(connection, name, scope)
                if relation is not None:
                    session.register(f"{schema}__{name}", relation)
                    session.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")  # one of two words
                    session.execute(f'CREATE VIEW {schema}."{name}" AS SELECT * FROM "{schema}__{name}"')  # of \w only
    finally:
        database.close()
    return outputs


def _answer(
    session: duckdb.DuckDBPyConnection,
    query: str,
    values: Mapping[str, str],
    *,
    timeout_seconds: float,
    max_rows: int | None,
) -> tuple[list[str], list[tuple[Any, ...]]]:
    # DuckDB has no limit of its own
    timer = Timer(timeout_seconds, session.interrupt)
    timer.start()
    try:
        found = session.execute(query, dict(values) or None)
        rows = found.fetchall() if max_rows is None else found.fetchmany(max_rows)
        return [str(column[0]) for column in found.description or ()], rows
    except duckdb.InterruptException as exc:
        raise LedgerError(f"The question took longer than {timeout_seconds:g} s: ask for less, or for longer.") from exc
    finally:
        timer.cancel()


def _ledger_table(connection: Connection, relation: str, scope: Scope) -> pa.Table | None:
    """A table or view of the ledger, of the runs in scope where it names them; None: there is none of that name."""
    columns = {row.name: row.type for row in connection.execute(_COLUMNS, {"relation": relation})}
    if not columns:
        return None
    wanted = sql.SQL(", ").join(_as_text(name, kind) for name, kind in columns.items())
    select = sql.SQL("SELECT {} FROM {}").format(wanted, sql.Identifier("caco", relation))
    buffer = BytesIO()
    cursor = connection.connection.cursor()
    try:
        copy = sql.SQL("COPY ({}{}) TO STDOUT (FORMAT csv)").format(select, _within(columns, scope))
        cursor.copy_expert(copy, buffer)
    finally:
        cursor.close()
    types = {name: _TYPES.get(kind, pa.string()) for name, kind in columns.items()}
    if not buffer.tell():  # the reader of CSV refuses an empty file
        return pa.schema(list(types.items())).empty_table()
    buffer.seek(0)
    return csv.read_csv(
        buffer,
        read_options=csv.ReadOptions(column_names=list(types)),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=types,
            null_values=[""],  # Postgres quotes an empty text and leaves NULL bare
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )


def _as_text(name: str, kind: str) -> sql.Composable:
    """How a column is selected: ids and arrays of ids as the outputs write them, times in UTC."""
    column = sql.Identifier(name)
    if kind == "uuid":
        return sql.SQL("caco.hex({}) AS {}").format(column, column)
    if kind == "uuid[]":
        return sql.SQL("replace(to_json({})::text, '-', '') AS {}").format(column, column)
    if kind.endswith("[]"):
        return sql.SQL("to_json({})::text AS {}").format(column, column)
    if kind == "timestamp with time zone":
        return sql.SQL("({} AT TIME ZONE 'UTC') AS {}").format(column, column)
    return column


def _within(columns: Iterable[str], scope: Scope) -> sql.Composable:
    ids = None if scope.run_id is None else id_range(scope.run_id) or NO_ID
    limits = []
    if ids is not None and "run_id" in columns:
        limits.append(sql.SQL("run_id BETWEEN {} AND {}").format(sql.Literal(ids[0]), sql.Literal(ids[1])))
    if scope.partition is not None and "partition" in columns:
        limits.append(sql.SQL("partition = {}").format(sql.Literal(scope.partition)))
    return sql.SQL(" WHERE {}").format(sql.SQL(" AND ").join(limits)) if limits else sql.SQL("")


def _output_dataset(connection: Connection, store: Store, stage: str, scope: Scope) -> OutputDataset:
    """The current outputs of a stage in all runs in scope."""
    spec = STAGES.get(stage)
    if spec is None:
        raise LedgerError(f"There is no stage '{stage}' and so no outputs.{stage}: there are {', '.join(STAGES)}.")
    first, last = (None, None) if scope.run_id is None else id_range(scope.run_id) or NO_ID
    values = {"stage": stage, "first": first, "last": last, "partition": scope.partition}
    places = connection.execute(_OUTPUTS, values).mappings().all()
    # older outputs may lack a column
    schema = pa.schema([field.with_nullable(True) for field in (*PLACE, *arrow_schema(spec.writes))])
    return OutputDataset(store, schema, [dict(place) for place in places])
