"""The answer to a query, in the form that its reader wants: table, one record below the other, CSV or JSON."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from typing import Any, Literal

import click

from caco_tasks.cli.console import print_line, print_whole, print_wide, record_lines
from caco_tasks.cli.tables import answer_table

Form = Literal["table", "vertical", "csv", "json"]


def print_answer(columns: Sequence[str], rows: Sequence[Sequence[Any]], form: Form | None) -> None:
    """Writes an answer to standard output; without a form as a table, or as records where that would break words."""
    match form:
        case "csv":  # as bytes: the same file in every locale
            for line in csv_lines(columns, rows):
                click.echo(line.encode("utf-8", "backslashreplace"), nl=False)
        case "json":
            click.echo(json.dumps(json_rows(columns, rows), allow_nan=False))
        case "vertical":
            for line in record_lines(columns, map(_texts, rows)):
                print_line(line)
        case "table":
            print_wide(answer_table(columns, map(_texts, rows)))
        case _:
            print_whole(answer_table(columns, map(_texts, rows)))


def json_rows(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """The rows as objects of which none loses a value: a name that comes again gets a number.

    >>> json_rows(["a", "a"], [(1, float("nan"))])
    [{'a': 1, 'a_2': 'NaN'}]
    """
    names = _unique_names(columns)
    return [dict(zip(names, map(as_json, row), strict=True)) for row in rows]


def csv_lines(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    r"""The lines of RFC 4180; NULL is bare and an empty text quoted, as Postgres writes them.

    >>> list(csv_lines(["a", "b"], [(None, "1, 2")]))
    ['a,b\r\n', ',"1, 2"\r\n']
    """
    for row in (columns, *rows):
        cells = ["" if value is None else _csv_cell(as_text(value) or "") for value in row]
        yield ",".join(cells) + "\r\n"


def as_text(value: Any) -> str | None:
    r"""A value as Postgres writes it, of which nothing is lost; None for NULL.

    >>> as_text(b"\x01\xff"), as_text(True), as_text({"a": [1]})
    ('\\x01ff', 'true', '{"a": [1]}')
    """
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case dict() | list() | tuple():
            return json.dumps(as_json(value), ensure_ascii=False)
        case _:
            found = as_json(value)
            return found if isinstance(found, str) else str(value)


def as_json(value: Any) -> Any:
    """A value as JSON can hold it, as Postgres writes it: what is no number there, no text and no list is text."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else _unbounded(value)
        case Decimal():
            return _number(value)
        case bytes() | bytearray() | memoryview():
            return "\\x" + bytes(value).hex()
        case date() | time():  # a datetime is a date
            return str(value)
        case Mapping():
            return {str(as_text(key)): as_json(one) for key, one in value.items()}
        case list() | tuple() | set():
            return [as_json(one) for one in value]
        case _:
            return str(value)


def _texts(row: Sequence[Any]) -> list[str | None]:
    return [as_text(value) for value in row]


def _unbounded(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _number(value: Decimal) -> Any:
    """An exact number: as a JSON number where that says the same, else as a text."""
    if not value.is_finite():
        return _unbounded(float(value))
    if value == value.to_integral_value() and value.as_tuple().exponent >= 0:  # type: ignore[operator]
        return int(value)
    return float(value) if Decimal(repr(float(value))) == value else str(value)


def _unique_names(columns: Sequence[str]) -> list[str]:
    names: list[str] = []
    for name in columns:
        others = {f"{name}_{number}" for number in range(2, len(columns) + 2)} - {*names, *columns}
        names.append(name if name not in names else min(others, key=lambda other: (len(other), other)))
    return names


def _csv_cell(text: str) -> str:
    if text and not set(text) & set(',"\r\n') and text == text.strip():
        return text
    return '"' + text.replace('"', '""') + '"'
