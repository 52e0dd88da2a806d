"""Commands that look after the platform: ledger migrate, ledger rebuild, backup, restore, housekeeping, bench."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from caco_tasks.cli.command_group import WholeHelpGroup
from caco_tasks.cli.console import explain_errors, print_json, print_line, print_whole, show_progress
from caco_tasks.cli.environment import PROJECT, open_ledger_as, open_store_here
from caco_tasks.cli.options import always_json_option, json_option
from caco_tasks.errors import ConfigError
from caco_tasks.format import offer_nearest

if TYPE_CHECKING:
    from caco_tasks.backup import BackupRecord


@click.group(cls=WholeHelpGroup)
def ledger() -> None:
    """Look after the ledger in Postgres."""


@ledger.command()
@json_option
@explain_errors
def migrate(as_json: bool) -> None:
    """Bring schema, views, roles and grants up to date."""
    with open_ledger_as("owner") as owner, show_progress("migrating the ledger"):
        applied = owner.migrate(passwords={})
    if as_json:
        print_json({"applied": applied})
    else:
        print_line(f"Applied: {', '.join(applied)}." if applied else "Up to date.")


@ledger.command()
@click.option(
    "--forget-missing-runs", is_flag=True, help="Lose the runs of the ledger that are not in the store; else refused."
)
@always_json_option
@explain_errors
def rebuild(forget_missing_runs: bool, as_json: bool) -> None:
    """Empty the ledger and load it again from the store: the same content, or, where that fails, no change."""
    from caco_tasks.ledger import rebuild as load_again

    with open_ledger_as("owner") as owner, show_progress("loading from the store"):
        counts = load_again(owner, open_store_here(), forget_missing_runs=forget_missing_runs)
    print_json(counts)


@click.command()
@click.option(
    "--older-than",
    "days",
    type=click.IntRange(1, 3650),
    default=7,
    show_default=True,
    help="Only what nobody touched for so many days.",
)
@click.option("--delete", is_flag=True, help="Remove it; without this it is only counted.")
@click.option(
    "--fates-days",
    type=click.IntRange(0, 36500),
    default=0,
    show_default=True,
    metavar="DAYS",
    help="With --delete: days for which the ledger keeps which sample ended where, on dates that nobody publishes; 0: all.",
)
@json_option
@explain_errors
def housekeeping(days: int, delete: bool, fates_days: int, as_json: bool) -> None:
    """Count what nobody needs in the store and on this machine, and remove it on demand; tend the ledger's tables."""
    from caco_tasks import housekeeping_tasks
    from caco_tasks.cli.tables import answer_table
    from caco_tasks.housekeeping import KINDS

    with show_progress("looking through the store"):
        report = housekeeping_tasks.keep_house(older_than_days=days, delete=delete, fates_days=fates_days)
    if as_json:
        print_json(report)
        return
    rows = [(kind, one["things"], f"{one['bytes'] / 1e6:,.1f}", KINDS[kind]) for kind, one in report["found"].items()]
    print_whole(answer_table(("kind", "things", "MB", "what it is"), rows))
    forgotten = report["ledger"]["dates_forgotten"]
    if forgotten:
        print_line(f"The ledger no longer has which sample ended where on {', '.join(forgotten)}.")
    print_line("Removed." if delete else "Nothing was removed: run it again with --delete.")


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@json_option
@explain_errors
def backup(folder: Path, as_json: bool) -> None:
    """Write ledger and store into FOLDER, a new one on this machine; runs may be under way.

    Airflow's own database, and what workers keep on their disks, are not in it: neither is needed to go on.
    """
    from caco_tasks.backup import back_up

    with open_ledger_as() as writer, show_progress("backing up"):
        record = back_up(writer, open_store_here(), folder)
    _tell_backup(f"{folder} holds", record, as_json=as_json)


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@json_option
@explain_errors
def restore(folder: Path, as_json: bool) -> None:
    """Fill an empty ledger and an empty store from the backup in FOLDER, once all of it was found whole."""
    from caco_tasks.backup import restore as fill

    with open_ledger_as("owner") as owner, show_progress("restoring"):
        record = fill(owner, open_store_here(), folder)
    _tell_backup("Restored:", record, as_json=as_json)


def _tell_backup(what: str, record: "BackupRecord", *, as_json: bool) -> None:
    if as_json:
        print_json(record.model_dump(mode="json"))
        return
    rows = sum(record.rows.values())
    print_line(
        f"{what} the ledger of {record.made_at:%Y-%m-%d %H:%M} UTC ({rows:,} rows) and {record.objects:,} objects, "
        f"{record.bytes / 1e6:,.1f} MB."
    )


@click.command()
@click.argument("name")
@click.option("--config", help="The config whose models are measured, for benchmarks that can take any.")
@click.option("--each", type=click.IntRange(1), help="Rows of each kind, for benchmarks that can take more or fewer.")
@click.option("--n", type=click.IntRange(1), help="Cases, nights or pairs, for benchmarks that can take more or fewer.")
@click.option("--seed", type=int, help="What is drawn, for benchmarks that draw; the same seed draws the same.")
@click.option("--calls", type=click.IntRange(1), help="System calls to make, for benchmarks that make some.")
@json_option
@explain_errors
def bench(name: str, *, as_json: bool, **given: str | int | None) -> None:
    """Measure a part of the platform, as ratios within one run; needs a checkout, which holds `benchmarks/`.

    NAME is that of a file there, such as grading.
    """
    import inspect
    import runpy

    from caco_tasks.cli.tables import figure_tables

    folder = PROJECT / "benchmarks"
    # helpers of benchmarks lie beside them
    known = sorted(file.stem for file in folder.glob("*.py") if "def bench(" in file.read_text(encoding="utf-8"))
    if name not in known:
        there = ", ".join(known) or "none, without a checkout"
        raise ConfigError(f"There is no benchmark '{name}'{offer_nearest(name, known)}: there are {there}.")
    # so that a benchmark finds these helpers
    sys.path.insert(0, str(folder))
    measure = runpy.run_path(str(folder / f"{name}.py"))["bench"]
    options = {option: value for option, value in given.items() if value is not None}
    unknown = options.keys() - inspect.signature(measure).parameters.keys()
    if unknown:
        raise ConfigError(f"The benchmark '{name}' takes no --{min(unknown)}: leave it out.")
    with show_progress(f"measuring {name}"):
        figures = measure(**options)
    if as_json:
        print_json(figures)
    else:
        for table in figure_tables(figures):
            print_whole(table)
