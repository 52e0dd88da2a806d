"""Commands on datasets: list, show, withdraw, restore, export."""

import getpass
import warnings
from pathlib import Path
from typing import Any

import click

from caco_tasks.cli.command_group import WholeHelpGroup
from caco_tasks.cli.console import (
    err,
    explain_errors,
    has_room,
    out,
    print_heading,
    print_json,
    print_line,
    print_whole,
    show_progress,
)
from caco_tasks.cli.environment import open_archive_here, open_ledger_as, open_store_here
from caco_tasks.cli.options import folder_option, json_option
from caco_tasks.errors import ConfigError

because_option = click.option("--because", required=True, metavar="TEXT", help="Why; kept with the dataset.")
by_option = click.option("--by", metavar="NAME", help="Who decided it; default: the user of this machine.")


@click.group(cls=WholeHelpGroup)
def dataset() -> None:
    """List and show datasets, withdraw and restore them."""


@dataset.command(name="list")
@json_option
@explain_errors
def list_datasets(as_json: bool) -> None:
    """Show all datasets of the store with their states, and who gave them these and why."""
    from caco_tasks.cli.dataset_listing import find_datasets
    from caco_tasks.cli.tables import SHORT_ID, dataset_table

    with show_progress("looking through the store"):
        found = find_datasets(open_store_here())
    if as_json:
        print_json(found)
    elif found:
        table = dataset_table(found)
        print_whole(table if has_room(table) else dataset_table(found, id_chars=SHORT_ID))
    else:
        print_line("There is no dataset yet.")


@dataset.command(name="show")
@click.argument("name", metavar="NAME/VERSION")
@click.option("--card", "is_card", is_flag=True, help="Print the card, in Markdown, and nothing else.")
@click.option("--rows", type=click.IntRange(0, 100), default=0, show_default=True, help="Print so many rows too.")
@json_option
@explain_errors
def show_dataset(name: str, is_card: bool, rows: int, as_json: bool) -> None:
    """Show a dataset: its states, licences, files, scores, and how to load it."""
    from caco_tasks.cli.dataset_listing import find_dataset
    from caco_tasks.cli.report_tables import dataset_sections
    from caco_tasks.publishing.states import split_name
    from caco_tasks.reports.dataset_report import dataset_report, dataset_rows

    name = find_dataset(name)
    with open_archive_here() as archive:
        found = dataset_report(archive, *split_name(name))
        first = dataset_rows(archive, *split_name(name), limit=rows).rows if rows else ()
    if as_json:
        print_json({**found.model_dump(mode="json"), "rows": [row.model_dump(mode="json") for row in first]})
        return
    if is_card:
        if found.card is None:
            raise ConfigError(f"The store has no card of {name}.")
        click.echo(found.card)
        return
    for heading, content in dataset_sections(found):
        print_heading(heading)
        for each in content:
            if isinstance(each, str):
                print_line(each)
            else:
                print_whole(each)
    for row in first:
        print_heading(f"row {row.number}, sample {row.sample_id}")
        for text in (row.problem, row.solution, row.code):
            print_line(f"{text or ''}\n")


@dataset.command()
@click.argument("name", metavar="NAME/VERSION")
@because_option
@by_option
@click.option("--release-claims", is_flag=True, help="Let later runs make its programs and problems again.")
@json_option
@explain_errors
def withdraw(name: str, because: str, by: str | None, release_claims: bool, as_json: bool) -> None:
    """Take a dataset back: its files stay, and whoever reads them is warned."""
    from caco_tasks.cli.dataset_listing import read_dataset
    from caco_tasks.dataset_tasks import set_dataset_state

    store, who, told, released = open_store_here(), by or find_user(), err if as_json else out, None
    with open_ledger_as() as ledger:
        with show_progress(f"withdrawing {name}"):
            set_dataset_state(ledger, store, name, "withdrawn", by=who, because=because)
        print_line(f"{name} is withdrawn.", told)  # before the claims: should these fail, it is withdrawn all the same
        if release_claims:
            with show_progress("releasing claims"):
                released = ledger.release_claims(read_dataset(store, name).run_id, store)
            print_line(f"{released:,} claims of its run were released.", told)
    if as_json:
        print_json({**_describe_change(name, "withdrawn", who, because), "released_claims": released})


@dataset.command()
@click.argument("name", metavar="NAME/VERSION")
@because_option
@by_option
@json_option
@explain_errors
def restore(name: str, because: str, by: str | None, as_json: bool) -> None:
    """Publish a withdrawn dataset again; one whose gate never passed stays withdrawn."""
    from caco_tasks.cli.dataset_listing import read_dataset
    from caco_tasks.dataset_tasks import set_dataset_state
    from caco_tasks.publishing.states import read_states

    store = open_store_here()
    read_dataset(store, name)  # says so where there is none
    history = read_states(store, name)
    if history and history[-1].state != "withdrawn":
        raise ConfigError(f"The dataset '{name}' is {history[-1].state}: only a withdrawn one can be restored.")
    # what was only ever staged is for its gate to publish, not for a person
    if history and all(entry.state != "published" for entry in history):
        raise ConfigError(f"The dataset '{name}' was never published: run its pipeline again, and its gate decides.")
    who = by or find_user()
    with open_ledger_as() as ledger, show_progress(f"restoring {name}"):
        set_dataset_state(ledger, store, name, "published", by=who, because=because)
    if as_json:
        print_json(_describe_change(name, "published", who, because))
    else:
        print_line(f"{name} is published again.")


@click.command()
@click.argument("dataset", metavar="NAME/VERSION|NAME/DATE")
@click.option(
    "--format",
    "format_name",
    required=True,
    type=click.Choice(["messages", "alpaca", "caco", "rlvr", "parquet"]),
    help="What the trainer reads; parquet: the published files themselves, with card and manifest.",
)
@folder_option
@json_option
@explain_errors
def export(dataset: str, format_name: str, target: Path, as_json: bool) -> None:
    """Write a published dataset in the format that a trainer reads; of a date, the version that counts for it."""
    from caco_tasks.cli.dataset_listing import find_dataset
    from caco_tasks.publishing.dataset_files import WithdrawnWarning
    from caco_tasks.publishing.export import export as write

    dataset = find_dataset(dataset)
    with warnings.catch_warnings(), show_progress(f"exporting {dataset}"):
        warnings.simplefilter("ignore", WithdrawnWarning)  # it is logged too, and a person wants one line
        if format_name == "parquet":
            path, rows = target, _copy_files(dataset, target)
        else:
            path, rows = write(open_store_here(), dataset, format_name=format_name, out=target)
    if as_json:
        print_json({"dataset": dataset, "format": format_name, "path": str(path), "rows": rows})
    else:
        print_line(f"{rows:,} rows in {path}")


def _describe_change(name: str, state: str, by: str, because: str) -> dict[str, Any]:
    """A state that a dataset was given, with the names that `dataset list` has."""
    return {"dataset": name, "state": state, "by": by, "because": because}


def _copy_files(name: str, target: Path) -> int:
    """Copies the published files of a dataset, with card and manifest; returns its rows."""
    from caco_tasks.publishing.dataset_files import read_dataset
    from caco_tasks.publishing.states import read_state
    from caco_tasks.verification.verify import fetch_dataset

    store = open_store_here()
    rows = read_dataset(store, name).rows
    fetch_dataset(store, name, target)
    state = read_state(store, name)
    if state is not None and state.state == "withdrawn":
        print_line(f"The dataset '{name}' was withdrawn by {state.by}: {state.because}", err)
    return rows


def find_user() -> str:
    """The name of this machine's user.

    Raises:
        ConfigError: the machine knows none, as in some containers.
    """
    try:
        return getpass.getuser()  # from the environment, else by the number of the user
    except (KeyError, OSError) as exc:
        raise ConfigError("This machine does not know the name of its user: give --by NAME.") from exc
