"""`caco sql`: the ledger, and with `--engine duckdb` the stored outputs too, asked as the read-only analyst."""

import os
from typing import Any

import click

from caco_tasks.cli.console import explain_errors, print_json, print_whole
from caco_tasks.cli.environment import find_connections, ledger_address, open_ledger_as
from caco_tasks.cli.options import json_option
from caco_tasks.errors import ConfigError


@click.command()
@click.argument("query", required=False)
@click.option(
    "--engine",
    type=click.Choice(["postgres", "duckdb"]),
    default="postgres",
    show_default=True,
    help="postgres: the ledger; duckdb: ledger and stored outputs together.",
)
@click.option("--timeout", type=click.FloatRange(0.1, 86_400), help="Seconds until the query is given up.")
@json_option
@explain_errors
def sql(query: str | None, engine: str, timeout: float | None, as_json: bool) -> None:
    """Ask the ledger in SQL, as the read-only analyst; without QUERY it opens psql."""
    from caco_tasks.cli.tables import answer_table

    if engine == "duckdb":
        columns, rows = _ask_duckdb(query, timeout)
    elif query is None:
        _open_psql()
        return
    else:
        with open_ledger_as("analyst") as ledger:
            columns, rows = ledger.ask(query, timeout_seconds=timeout)
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_whole(answer_table(columns, rows))


def _open_psql() -> None:
    from caco_tasks.platform.postgres import psql

    command = psql(ledger_address("analyst"))
    os.execvp(command[0], command)


def _ask_duckdb(query: str | None, timeout: float | None) -> tuple[list[str], list[tuple[Any, ...]]]:
    if query is None:
        raise ConfigError("There is no query: only Postgres has a prompt to open, so give duckdb a QUERY.")
    from caco_tasks.ledger.duckdb_session import ask_duckdb

    columns, rows = ask_duckdb(find_connections(), query, timeout)
    return columns, rows
