"""For who asks questions: how to connect, what the tables mean, and questions that are ready to run."""

import math
import time
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from datetime import time as time_of_day
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from caco_tasks.errors import UnknownIdError
from caco_tasks.ledger import recipes, schema_queries
from caco_tasks.reports.archive import Archive
from caco_tasks.reports.report_parts import Json, Report

MAX_ROWS = 1_000
TIMEOUT_SECONDS = 20.0
MAX_VALUE_CHARS = 500
NO_NUL = r"^[^\x00]*$"  # which no text of Postgres holds


class ColumnReport(Report):
    """A column of a table or view."""

    name: str
    type: str
    is_nullable: bool
    comment: str | None


class RelationReport(Report):
    """A table or view."""

    name: str
    kind: str  # table or view
    comment: str | None
    columns: tuple[ColumnReport, ...]


class RecipeParameter(Report):
    """A value that a recipe asks for."""

    name: str
    label: str
    example: str


class Recipe(Report):
    """A question that is ready to run."""

    name: str
    title: str
    question: str
    answer: str  # what its rows are
    engine: str  # postgres or duckdb
    sql: str
    parameters: tuple[RecipeParameter, ...]


class AskReport(Report):
    """All that an analyst begins with."""

    url: str | None  # without the password; None: there is no analyst
    psql: str | None  # a command to paste
    relations: tuple[RelationReport, ...]
    recipes: tuple[Recipe, ...]


class RecipeRun(Report):
    """A recipe to run, by name."""

    recipe: str = Field(max_length=100)
    parameters: dict[str, Annotated[str, Field(max_length=MAX_VALUE_CHARS, pattern=NO_NUL)]] = Field(
        default={}, max_length=20
    )


class RecipeResult(Report):
    """What a recipe found."""

    recipe: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Json, ...], ...]
    is_cut: bool  # there are more rows
    seconds: float


def ask_report(archive: Archive) -> AskReport:
    """How to connect, the schema with its comments, and the cookbook.

    Raises:
        LedgerError: the ledger cannot be used.
    """
    with archive.ledger.reading() as connection:
        columns = schema_queries.list_columns(connection)
    url = archive.ledger.url
    return AskReport(
        url=url,
        psql=f"psql '{url}'",
        relations=tuple(_relations(columns)),
        recipes=tuple(
            Recipe(
                name=one.name,
                title=one.name.replace("_", " ").capitalize(),
                question=one.question,
                answer=one.answer,
                engine=one.engine,
                sql=one.sql,
                parameters=tuple(
                    RecipeParameter(name=name, label=name.replace("_", " "), example=value)
                    for name, value in one.defaults.items()
                ),
            )
            for one in recipes.list_recipes()
        ),
    )


def run_recipe(archive: Archive, wanted: RecipeRun) -> RecipeResult:
    """Runs a recipe of the cookbook as the analyst.

    Raises:
        UnknownIdError: there is no such recipe.
        ConfigError: it has no value of a name that is given.
        QuestionTimeoutError: it took too long.
        CacoError: ledger or store cannot be used.
    """
    found = next((one for one in recipes.list_recipes() if one.name == wanted.recipe), None)
    if found is None:
        raise UnknownIdError(f"There is no recipe '{wanted.recipe}' in the cookbook.")
    begun = time.monotonic()
    if found.engine == "duckdb":
        # only here: loading DuckDB takes longer than most pages
        from caco_tasks.ledger.duckdb_session import ask_duckdb

        columns, rows = ask_duckdb(archive.connections, found, TIMEOUT_SECONDS, values=dict(wanted.parameters))
    else:
        columns, rows = archive.ledger.ask(found, values=wanted.parameters, timeout_seconds=TIMEOUT_SECONDS)
    return RecipeResult(
        recipe=found.name,
        columns=tuple(columns),
        rows=tuple(tuple(plain_value(value) for value in row) for row in rows[:MAX_ROWS]),
        is_cut=len(rows) > MAX_ROWS,
        seconds=time.monotonic() - begun,
    )


def plain_value(value: Any) -> Json:
    """A value of an answer as JSON has it: what JSON has no form for, as not-a-number or bytes, is a text."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case UUID():
            return value.hex
        case datetime() | date() | time_of_day():
            return value.isoformat()
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex()
        case Mapping():
            return {str(name): plain_value(one) for name, one in value.items()}
        case list() | tuple():
            return [plain_value(one) for one in value]
    return str(value)


def _relations(columns: Sequence[Mapping[str, Any]]) -> list[RelationReport]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in columns:
        found.setdefault(row["relation"], []).append(row)
    return [
        RelationReport(
            name=name,
            kind=rows[0]["kind"],
            comment=rows[0]["relation_comment"],
            columns=tuple(
                ColumnReport(name=row["name"], type=row["type"], is_nullable=row["is_nullable"], comment=row["comment"])
                for row in rows
            ),
        )
        for name, rows in found.items()
    ]
