"""`caco sql`: the ledger, and with `--engine duckdb` the stored outputs too, asked as the read-only analyst."""

import os
from typing import Any

import click

from caco_tasks.cli.console import err, explain_errors, print_json, print_whole
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
@click.option("--run", "run_id", help="With duckdb: only what one run consists of, by the beginning of its id.")
@click.option("--partition", help="With duckdb: only runs of one date, YYYY-MM-DD.")
@click.option("--timeout", type=click.FloatRange(0.1, 86_400), help="Seconds until the query is given up.")
@json_option
@explain_errors
def sql(
    query: str | None, engine: str, run_id: str | None, partition: str | None, timeout: float | None, as_json: bool
) -> None:
    """Ask the ledger in SQL, as the read-only analyst; without QUERY it opens psql."""
    from caco_tasks.cli.tables import answer_table

    if engine == "duckdb":
        columns, rows = _ask_duckdb(query, run_id, partition, timeout)
    elif run_id is not None or partition is not None:
        raise ConfigError("Postgres takes no --run and no --partition: name them in the query, or use --engine duckdb.")
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
    # psql takes the place of this process: signals and terminal are all its own
    os.execvp(command[0], command)


def _ask_duckdb(
    query: str | None, run_id: str | None, partition: str | None, timeout: float | None
) -> tuple[list[str], list[tuple[Any, ...]]]:
    if query is None:
        raise ConfigError("There is no query: only Postgres has a prompt to open, so give duckdb a QUERY.")
    # only here: loading DuckDB takes longer than most commands
    from caco_tasks.ledger.duckdb_session import Scope, ask_duckdb
    from caco_tasks.planning import check_partition

    if partition is not None:
        check_partition(partition)
    with err.status("reading what the query names"):
        return ask_duckdb(find_connections(), query, timeout, scope=Scope(run_id=run_id, partition=partition))
