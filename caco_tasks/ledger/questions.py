"""Questions that people ask in SQL of their own: what the driver cannot read comes as Postgres wrote it.

Postgres knows dates that Python does not (the year 20000, infinity, before Christ); they come as texts instead of ending
the whole answer.
"""

from collections.abc import Callable, Mapping
from typing import Any

from psycopg2 import extensions, sql
from sqlalchemy import Connection, text

from caco_tasks.ledger.recipes import Recipe

Reader = Callable[[Any, Any], Any]


def _or_text(read: Reader) -> Reader:
    def read_or_keep(value: Any, cursor: Any) -> Any:
        if value is not None and "infinity" in value:
            return value  # which the driver takes for the last day that Python knows
        try:
            return read(value, cursor)
        except (ValueError, OverflowError):
            return value

    return read_or_keep


# name, number of the type in Postgres, number of the type of its arrays, the driver's reader
_TIMES: tuple[tuple[str, int, int, Reader], ...] = (
    ("DATE", 1082, 1182, extensions.PYDATE),
    ("TIMESTAMP", 1114, 1115, extensions.PYDATETIME),
    ("TIMESTAMPTZ", 1184, 1185, extensions.PYDATETIMETZ),
    ("INTERVAL", 1186, 1187, extensions.PYINTERVAL),
)


def ask(
    connection: Connection,
    query: str | Recipe,
    values: Mapping[str, str],
    *,
    timeout_seconds: float | None,
    max_rows: int | None,
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Columns and rows of one statement, or the first rows; of a recipe with its values bound."""
    if timeout_seconds is not None:
        limit = {"limit": f"{max(1, round(1000 * timeout_seconds))}ms"}
        connection.execute(text("SELECT set_config('statement_timeout', :limit, true)"), limit)
    driver: Any = connection.connection.dbapi_connection
    for name, number, of_arrays, read in _TIMES:
        of_one = extensions.new_type((number,), name, _or_text(read))
        extensions.register_type(of_one, driver)
        extensions.register_type(extensions.new_array_type((of_arrays,), f"{name}[]", of_one), driver)
    statement = query if isinstance(query, str) else _bound(query, values).as_string(driver)
    # without parameters: a % is a %; a stream is a cursor of the server, which keeps the rows that nobody fetches
    options = connection.execution_options(no_parameters=True, stream_results=max_rows is not None)
    result = options.exec_driver_sql(statement)
    if not result.returns_rows:
        return [], []
    rows = result if max_rows is None else result.fetchmany(max_rows)
    return list(result.keys()), [tuple(row) for row in rows]


def _bound(recipe: Recipe, values: Mapping[str, str]) -> sql.Composed:
    parts = recipe.parts()
    return sql.Composed(sql.Literal(values[part]) if place % 2 else sql.SQL(part) for place, part in enumerate(parts))
