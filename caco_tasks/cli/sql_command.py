"""`caco sql`: the ledger, and with `--engine duckdb` the stored outputs too, asked as the read-only analyst."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import click

from caco_tasks.cli.console import explain_errors, print_line, show_progress
from caco_tasks.cli.environment import find_connections, ledger_address, open_ledger_as
from caco_tasks.errors import ConfigError

if TYPE_CHECKING:
    from caco_tasks.cli.query_output import Form
    from caco_tasks.ledger.recipes import Recipe

Answer = tuple[list[str], list[tuple[Any, ...]]]


class QueryCommand(click.Command):
    """A command whose argument may begin with a comment of SQL, as `caco sql "$(cat FILE)"` has it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Takes what begins with `-- ` for the query and not for an option."""
        queries = [arg for arg in args if arg.startswith(("-- ", "--\n"))]
        if queries and "--" not in args:
            args = [*(arg for arg in args if arg not in queries), "--", *queries]
        return super().parse_args(ctx, args)


@click.command(cls=QueryCommand)
@click.argument("query", required=False)
@click.option(
    "-f", "--file", "source", type=click.File(encoding="utf-8"), help="A file with the query; - reads standard input."
)
@click.option(
    "--recipe",
    "recipe_name",
    metavar="[NAME]",
    is_flag=False,
    flag_value="",
    help="A query of the cookbook; no NAME: list them.",
)
@click.option("--set", "changes", multiple=True, metavar="K=V", help="Change a value of a recipe or of a file.")
@click.option(
    "--engine",
    type=click.Choice(["postgres", "duckdb"]),
    help="postgres: the ledger; duckdb: ledger and stored outputs together. Default: what the recipe or file names, else "
    "postgres.",
)
@click.option("--run", "run_id", help="With duckdb: only what one run consists of, by the beginning of its id.")
@click.option("--partition", help="With duckdb: only runs of one date, YYYY-MM-DD.")
@click.option("--timeout", type=click.FloatRange(0.1, 86_400), help="Seconds until the query is given up.")
@click.option(
    "--csv", "form", flag_value="csv", help="Print CSV (RFC 4180, UTF-8); NULL is bare, an empty text quoted."
)
@click.option("--vertical", "form", flag_value="vertical", help="Print a line for each value, record below record.")
@click.option(
    "--table", "form", flag_value="table", help="Print a table, also where the terminal is too narrow for it."
)
@click.option("--json", "form", flag_value="json", help="Print JSON for a script to read.")
@explain_errors
def sql(
    query: str | None,
    source: TextIO | None,
    recipe_name: str | None,
    changes: Sequence[str],
    engine: str | None,
    form: "Form | None",
    **limits: Any,
) -> None:
    """Ask the ledger in SQL, as the read-only analyst; without QUERY, file and recipe it opens psql.

    Nothing is cut: where a terminal is too narrow for a table, records stand one below the other. In JSON a column's name
    that comes twice gets a number, NaN and infinity are texts, and bytes are hex behind \\x.
    """
    from caco_tasks.cli.query_output import print_answer

    if recipe_name == "":
        _list_recipes(form)
        return
    asked = _find_query(query, source, recipe_name)
    if asked is None:
        if engine == "duckdb" or form is not None or changes:
            raise ConfigError("There is no query: give a QUERY, -f FILE or --recipe NAME.")
        _open_psql()
        return
    values = _split_changes(changes)
    if (engine or asked.engine) == "duckdb":
        columns, rows = _ask_duckdb(asked, values, **limits)
    elif limits["run_id"] is not None or limits["partition"] is not None:
        raise ConfigError("Postgres takes no --run and no --partition: name them in the query, or use --engine duckdb.")
    else:
        with open_ledger_as("analyst") as ledger, show_progress("asking Postgres"):
            columns, rows = ledger.ask(asked, values=values, timeout_seconds=limits["timeout"])
    print_answer(columns, rows, form)


def _list_recipes(form: "Form | None") -> None:
    from caco_tasks.cli.query_output import print_answer
    from caco_tasks.ledger.recipes import list_recipes

    rows = [(one.name, one.engine, one.question, dict(one.defaults) or None) for one in list_recipes()]
    print_answer(("recipe", "engine", "question", "set"), rows, form)
    if form is None:
        print_line("Ask one with: caco sql --recipe NAME [--set K=V]")


def _find_query(query: str | None, source: TextIO | None, recipe_name: str | None) -> "Recipe | None":
    from caco_tasks.ledger.recipes import find_recipe, parse_recipe

    if sum(one is not None for one in (query, source, recipe_name)) > 1:
        raise ConfigError("There is more than one query: give a QUERY, or -f FILE, or --recipe NAME.")
    if recipe_name is not None:
        return find_recipe(recipe_name)
    if source is not None:
        try:
            return parse_recipe(source.name, source.read())
        except UnicodeDecodeError as exc:
            raise ConfigError(
                f"The file {source.name} is not text in UTF-8: {exc.reason} at byte {exc.start}."
            ) from exc
    return None if query is None else parse_recipe("QUERY", query)


def _split_changes(changes: Sequence[str]) -> dict[str, str]:
    for change in changes:
        if "=" not in change:
            raise ConfigError(f"--set {change} is not of the form name=value.")
    return {name: value for name, _, value in (change.partition("=") for change in changes)}


def _open_psql() -> None:
    from caco_tasks.platform.postgres import psql

    command = psql(ledger_address("analyst"))
    # psql takes the place of this process: signals and terminal are all its own
    os.execvp(command[0], command)


def _ask_duckdb(
    query: "Recipe", values: Mapping[str, str], run_id: str | None, partition: str | None, timeout: float | None
) -> Answer:
    # only here: loading DuckDB takes longer than most commands
    from caco_tasks.ledger.duckdb_session import Scope, ask_duckdb
    from caco_tasks.planning import check_partition

    if partition is not None:
        check_partition(partition)
    with show_progress("reading what the query names"):
        scope = Scope(run_id=run_id, partition=partition)
        return ask_duckdb(find_connections(), query, timeout, values=values, scope=scope)
