"""Commands on which datasets count and on releases of them: compare, promote, go back; make, list and verify releases."""

from typing import Any

import click

from caco_tasks.cli.command_group import WholeHelpGroup
from caco_tasks.cli.console import explain_errors, print_heading, print_json, print_line, print_whole, show_progress
from caco_tasks.cli.dataset_commands import because_option, by_option, dataset, find_user
from caco_tasks.cli.environment import open_archive_here, open_ledger_as, open_store_here
from caco_tasks.cli.options import json_option
from caco_tasks.errors import ConfigError


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
    record = read_dataset(open_store_here(), name)
    with open_ledger_as() as ledger:
        standing = ledger.standing(name)
    if standing != "current":
        raise ConfigError(
            f"The dataset '{name}' does not count for {record.partition}: it is {standing or 'not published'}."
        )
    return record.dataset, record.partition


@click.group(cls=WholeHelpGroup)
def release() -> None:
    """Make, list and verify weekly releases of datasets."""


@release.command(name="make")
@click.option("--week", metavar="W", help="Of ISO 8601, as 2026-W48; default: the last one that has ended.")
@click.option("--name", metavar="NAME", help="Of the dataset; default: every one that counts for a date of the week.")
@json_option
@explain_errors
def make_release(week: str | None, name: str | None, as_json: bool) -> None:
    """Make a release of the datasets that count for a week; the same datasets are the same release."""
    from caco_tasks.release_tasks import last_week, make_releases

    chosen = week or last_week()
    with show_progress(f"making the release of {chosen}"):
        made = make_releases(chosen, name)
    if as_json:
        print_json(made)
        return
    for one in made:
        is_new = "is made" if one["is_new"] else "is there already"
        print_line(f"{one['release']} {is_new}: {one['rows']:,} rows of {len(one['datasets'])} dates.")


@release.command(name="list")
@click.option("--name", metavar="NAME", help="Of the dataset; default: all.")
@json_option
@explain_errors
def list_releases(name: str | None, as_json: bool) -> None:
    """Show the releases, in the order in which they were made."""
    from caco_tasks.cli.tables import answer_table

    with show_progress("looking through the store"):
        found = [line for one in _released(name) for line in _describe_releases(one)]
    if as_json:
        print_json(found)
    elif found:
        heads = ("release", "rows", "dates", "previous", "state")
        print_whole(answer_table(heads, [[line[head] for head in heads] for line in found]))
    else:
        print_line("There is no release yet.")


@release.command(name="verify")
@click.option("--name", metavar="NAME", help="Of the dataset; default: all.")
@json_option
@explain_errors
def verify_release(name: str | None, as_json: bool) -> None:
    """Walk the chain of releases: every file against its manifest, every manifest against the release after it."""
    from caco_tasks.releases.release import verify_releases

    store, found = open_store_here(), []
    with show_progress("verifying releases") as line:
        for one in [name] if name else _released(None):
            found += verify_releases(store, one, progress=lambda done: line.update(f"{done} releases"))
    if as_json:
        print_json(found)
    else:
        for each in found:
            print_line(f"{each['release']}: {'; '.join(each['faults']) or 'as it was made'}")
    if any(each["faults"] for each in found):
        raise SystemExit(1)
    if not found:
        raise ConfigError("There is no release yet: `caco release make` makes one.")


def _released(name: str | None) -> list[str]:
    """The names of the datasets that were released."""
    from caco_tasks.publishing.dataset_files import list_datasets
    from caco_tasks.releases.release import SUFFIX

    names = {one.partition("/")[0] for one in list_datasets(open_store_here())}
    return [name] if name else sorted(one.removesuffix(SUFFIX) for one in names if one.endswith(SUFFIX))


def _describe_releases(name: str) -> list[dict[str, Any]]:
    from caco_tasks.publishing.states import read_state
    from caco_tasks.releases.release import releases_of

    store, lines = open_store_here(), []
    for one in releases_of(store, name):
        dataset_name, about = f"{one.dataset}/{one.version}", one.facts["release"]
        state = read_state(store, dataset_name)
        line = {"release": dataset_name, "rows": one.rows, "dates": len(about["members"])}
        lines.append({**line, "previous": about["previous"], "state": state.state if state else None})
    return lines


@dataset.command(name="push")
@click.argument("name", metavar="NAME/VERSION")
@click.option(
    "--to",
    "repository",
    required=True,
    metavar="ORG/NAME",
    help="Dataset repository of the Hub; made where it is not there.",
)
@click.option("--public", is_flag=True, help="Let everybody see a new repository; without it, its members alone.")
@json_option
@explain_errors
def push_dataset(name: str, repository: str, public: bool, as_json: bool) -> None:
    """Copy a published dataset to the Hugging Face Hub, with the token in HF_TOKEN."""
    import os
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from caco_tasks.cli.dataset_listing import find_dataset
    from caco_tasks.connections import read_secret
    from caco_tasks.publishing.hub import push_dataset as push

    token = read_secret(os.environ, "HF_TOKEN")
    if token is None:
        raise ConfigError("There is no token: set HF_TOKEN to one that may write, from the settings of the Hub.")
    endpoint = os.environ.get("HF_ENDPOINT") or None
    with show_progress(f"pushing {name} to {repository}"), TemporaryDirectory(prefix="caco-push-") as folder:
        store, place, name = open_store_here(), Path(folder), find_dataset(name)
        address = push(store, name, repository, token=token, endpoint=endpoint, is_private=not public, folder=place)
    if as_json:
        print_json({"dataset": name, "repository": repository, "commit": address})
    else:
        print_line(f"{name} is at {address}")
