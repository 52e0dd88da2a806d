"""Commands on which datasets count: compare two versions, promote one, go back."""

import click

from caco_tasks.cli.console import explain_errors, print_heading, print_json, print_line, print_whole, show_progress
from caco_tasks.cli.dataset_commands import because_option, by_option, dataset, find_user
from caco_tasks.cli.environment import open_archive_here, open_ledger_as
from caco_tasks.cli.options import json_option
from caco_tasks.errors import ConfigError

__all__ = ["dataset"]  # the group, with the commands of this file in it


@dataset.command(name="diff")
@click.argument("a", metavar="NAME/VERSION")
@click.argument("b", metavar="NAME/VERSION")
@json_option
@explain_errors
def diff_datasets(a: str, b: str, as_json: bool) -> None:
    """Show how one version differs from another: rows, funnels, reasons, students' scores, and examples."""
    from caco_tasks.cli.difference_tables import difference_sections
    from caco_tasks.reports.dataset_difference import dataset_difference

    with open_archive_here() as archive, show_progress(f"comparing {a} and {b}"):
        found = dataset_difference(archive, a, b)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    for heading, content in difference_sections(found):
        print_heading(heading)
        for each in content:
            if isinstance(each, str):
                print_line(each)
            else:
                print_whole(each)


@dataset.command(name="promote")
@click.argument("name", metavar="NAME/VERSION")
@because_option
@by_option
@json_option
@explain_errors
def promote_dataset(name: str, because: str, by: str | None, as_json: bool) -> None:
    """Make a version the one that counts for its date; a staged one is published, if its run passes its gate."""
    from caco_tasks.release_tasks import promote

    with show_progress(f"promoting {name}"):
        done = promote(name, by=by or find_user(), because=because)
    if as_json:
        print_json(done)
    elif done["changed"]:
        instead = f" instead of {done['replaced']}" if done["replaced"] else ""
        print_line(f"{name} counts for {done['partition']}{instead}.")
    else:
        print_line(f"{name} counts for {done['partition']} already: nothing was changed.")


@dataset.command(name="roll-back")
@click.argument("name", metavar="NAME[/VERSION]")
@click.option("--date", "day", metavar="D", help="The date to go back on, where no version is named.")
@because_option
@by_option
@json_option
@explain_errors
def roll_back_dataset(name: str, day: str | None, because: str, by: str | None, as_json: bool) -> None:
    """Let the version of a date count again that did so before the last promotion."""
    from caco_tasks.release_tasks import roll_back

    dataset_name, partition = _name_date(name, day)
    with show_progress(f"rolling {dataset_name} of {partition} back"):
        done = roll_back(dataset_name, partition, by=by or find_user(), because=because)
    if as_json:
        print_json(done)
    else:
        print_line(f"{done['dataset']} counts for {partition} again instead of {done['replaced']}.")


def _name_date(name: str, day: str | None) -> tuple[str, str]:
    """Name and date of what is to be rolled back.

    Raises:
        ConfigError: neither a version nor a date is named, or the version does not count for its date.
    """
    from caco_tasks.cli.dataset_listing import read_dataset
    from caco_tasks.planning import check_partition

    if "/" not in name:
        if day is None:
            raise ConfigError(f"Name the version that counts now, as {name}/VERSION, or the date: --date YYYY-MM-DD.")
        check_partition(day)
        return name, day
    from caco_tasks.cli.environment import open_store_here

    record = read_dataset(open_store_here(), name)
    with open_ledger_as() as ledger:
        standing = ledger.standing(name)
    if standing != "current":
        raise ConfigError(
            f"The dataset '{name}' does not count for {record.partition}: it is {standing or 'not published'}."
        )
    return record.dataset, record.partition
