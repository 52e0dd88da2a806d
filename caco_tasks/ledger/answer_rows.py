"""The rows of an answer by the names of their columns."""

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import Connection, TextClause

Row = Mapping[str, Any]


def read_rows(connection: Connection, statement: TextClause, values: Mapping[str, Any] | None = None) -> list[Row]:
    """All rows of an answer; the statement says how many there are at most."""
    return cast(list[Row], list(connection.execute(statement, values).mappings()))


def read_first(connection: Connection, statement: TextClause, values: Mapping[str, Any] | None = None) -> Row | None:
    """The first row of an answer; None where there is none."""
    return cast(Row | None, connection.execute(statement, values).mappings().first())


def read_one(connection: Connection, statement: TextClause, values: Mapping[str, Any] | None = None) -> Row:
    """The row of an answer that has exactly one."""
    return cast(Row, connection.execute(statement, values).mappings().one())
