"""Bulk loading: Arrow columns as the text of a COPY, made column by column, without one Python object for a row."""

from collections.abc import Mapping
from io import BytesIO

import pyarrow as pa
import pyarrow.compute as pc
from psycopg2 import sql
from sqlalchemy import Connection

ROWS_PER_COPY = 131_072  # bounds the memory of one statement
NULL = "\\N"

# in this order: the backslashes of the later ones must not be doubled; Postgres has no NUL, so it becomes a backslash and 0
_ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"), ("\0", "\\\\0"))


def copy_table(
    connection: Connection, table: str, columns: Mapping[str, pa.Array], *, constants: Mapping[str, str | int]
) -> None:
    """Sends columns of equal length into a table of the schema `caco`; `constants` are the same in each row."""
    names = sql.SQL(", ").join(map(sql.Identifier, (*constants, *columns)))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier("caco", table), names)
    same = pa.scalar("\t".join(str(value) for value in constants.values()))
    rows = pa.table(dict(columns))
    cursor = connection.connection.cursor()
    try:
        for batch in rows.to_batches(max_chunksize=ROWS_PER_COPY):
            if not batch.num_rows:
                continue
            fields = [*([same] if constants else []), *map(_field_text, batch.columns)]
            lines = pc.binary_join_element_wise(pc.binary_join_element_wise(*fields, "\t"), "", "\n")
            # an array of texts keeps them one behind the other in one buffer: that is the file
            offsets = memoryview(lines.buffers()[1]).cast("i")
            text = memoryview(lines.buffers()[2])[offsets[lines.offset] : offsets[lines.offset + len(lines)]]
            cursor.copy_expert(statement, BytesIO(text))
    finally:
        cursor.close()


def storable(text: pa.Array) -> pa.Array:
    """Texts as Postgres can hold them: a NUL becomes a backslash and 0."""
    return pc.replace_substring(text, "\0", "\\0")


def _field_text(column: pa.Array) -> pa.Array:
    if pa.types.is_boolean(column.type):
        text = pc.if_else(column, "t", "f")
    elif pa.types.is_string(column.type):
        text = column
        for letter, escaped in _ESCAPES:
            text = pc.replace_substring(text, letter, escaped)
    else:
        text = column.cast(pa.string())  # numbers in their shortest form that reads back the same
    return pc.fill_null(text, NULL)
