"""Commands on datasets: list, withdraw, restore, export."""

import getpass
import warnings
from pathlib import Path

import click

from caco_tasks.cli.console import explain_errors, out, print_json, print_whole
from caco_tasks.cli.environment import open_ledger_as, open_store_here
from caco_tasks.cli.options import folder_option, json_option
from caco_tasks.errors import ConfigError

because_option = click.option("--because", required=True, metavar="TEXT", help="Why; kept with the dataset.")
by_option = click.option("--by", metavar="NAME", help="Who decided it; default: the user of this machine.")


@click.group()
def dataset() -> None:
    """List published datasets, withdraw and restore them."""


@dataset.command(name="list")
@json_option
@explain_errors
def list_datasets(as_json: bool) -> None:
    """Show all datasets of the store with their states, and who gave them these and why."""
    from caco_tasks.cli.dataset_listing import find_datasets
    from caco_tasks.cli.tables import dataset_table

    found = find_datasets(open_store_here())
    if as_json:
        print_json(found)
    elif found:
        print_whole(dataset_table(found))
    else:
        out.print("There is no dataset yet.")


@dataset.command()
@click.argument("name", metavar="NAME/VERSION")
@because_option
@by_option
@click.option("--release-claims", is_flag=True, help="Let later runs make its programs and problems again.")
@explain_errors
def withdraw(name: str, because: str, by: str | None, release_claims: bool) -> None:
    """Take a dataset back: its files stay, and whoever reads them is warned."""
    from caco_tasks.cli.dataset_listing import read_dataset
    from caco_tasks.tasks import set_dataset_state

    store = open_store_here()
    with open_ledger_as() as ledger:
        set_dataset_state(ledger, store, name, "withdrawn", by=by or find_user(), because=because)
        out.print(f"{name} is withdrawn.", soft_wrap=True)
        if release_claims:
            released = ledger.release_claims(read_dataset(store, name).run_id, store)
            out.print(f"{released:,} claims of its run were released.")


@dataset.command()
@click.argument("name", metavar="NAME/VERSION")
@because_option
@by_option
@explain_errors
def restore(name: str, because: str, by: str | None) -> None:
    """Publish a withdrawn dataset again; one whose gate never passed stays withdrawn."""
    from caco_tasks.cli.dataset_listing import read_dataset
    from caco_tasks.publishing.states import read_states
    from caco_tasks.tasks import set_dataset_state

    store = open_store_here()
    read_dataset(store, name)  # says so where there is none
    history = read_states(store, name)
    if history and history[-1].state != "withdrawn":
        raise ConfigError(f"The dataset '{name}' is {history[-1].state}: only a withdrawn one can be restored.")
    # what was only ever staged is for its gate to publish, not for a person
    if history and all(entry.state != "published" for entry in history):
        raise ConfigError(f"The dataset '{name}' was never published: run its pipeline again, and its gate decides.")
    with open_ledger_as() as ledger:
        set_dataset_state(ledger, store, name, "published", by=by or find_user(), because=because)
    out.print(f"{name} is published again.", soft_wrap=True)


@click.command()
@click.argument("dataset")
@click.option("--format", "format_name", required=True, help="messages, alpaca, caco or rlvr.")
@folder_option
@explain_errors
def export(dataset: str, format_name: str, target: Path) -> None:
    """Write a published dataset, NAME/VERSION, in the format that a trainer reads."""
    from caco_tasks.publishing.dataset_files import WithdrawnWarning
    from caco_tasks.publishing.export import export as write

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WithdrawnWarning)  # it is logged too, and a person wants one line
        path, rows = write(open_store_here(), dataset, format_name=format_name, out=target)
    click.echo(f"{rows} rows in {path}")


def find_user() -> str:
    """The name of this machine's user.

    Raises:
        ConfigError: the machine knows none, as in some containers.
    """
    try:
        return getpass.getuser()  # from the environment, else by the number of the user
    except (KeyError, OSError) as exc:
        raise ConfigError("This machine does not know the name of its user: give --by NAME.") from exc
