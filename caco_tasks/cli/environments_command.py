"""`caco environments`: verified rows made into environments for reinforcement learning, sampled and exported."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from caco_tasks.cli.command_group import WholeHelpGroup
from caco_tasks.cli.console import (
    err,
    explain_errors,
    print_heading,
    print_json,
    print_line,
    print_whole,
    show_progress,
)
from caco_tasks.cli.environment import find_connections, open_store_here
from caco_tasks.cli.options import folder_option, json_option, workers_option

if TYPE_CHECKING:
    from caco_tasks.environments.make import MadeRow
    from caco_tasks.environments.run import MakeReport

LEVELS = click.IntRange(1, 5)


@click.group(cls=WholeHelpGroup)
def environments() -> None:
    """Make rows into environments for reinforcement learning, sample them, and export them for trainers."""


@environments.command()
@click.argument("dataset", metavar="NAME/VERSION")
@folder_option
@click.option(
    "--min-instances", type=click.IntRange(10, 100_000), default=1000, show_default=True,
    help="Distinct valid instances that an environment must have.",
)  # fmt: skip
@click.option("--limit", type=click.IntRange(1), help="Look at so many rows only, the first ones.")
@workers_option
@json_option
@explain_errors
def make(dataset: str, target: Path, min_instances: int, limit: int | None, workers: int, as_json: bool) -> None:
    """Make the rows of a published dataset into environments; say of every other row why it is none.

    DIR gets environments.jsonl and report.json. Where a ledger is at hand, it keeps a row for each row that was looked at.
    """
    from caco_tasks.environments.run import make_folder
    from caco_tasks.publishing.dataset_files import read_dataset
    from caco_tasks.tasks import config_of, read_run

    store = open_store_here()
    with show_progress(f"reading {dataset}") as status_line:

        def show(report: "MakeReport") -> None:
            status_line.update(f"{report.rows:,} rows, {report.environments:,} environments")

        report = make_folder(
            store,
            dataset,
            config=config_of(read_run(store, read_dataset(store, dataset).run_id, find_connections())),
            out=target,
            min_instances=min_instances,
            limit=limit,
            workers=workers,
            progress=show,
        )
        is_kept = _keep(dataset, report.made)
    if as_json:
        print_json({**report.as_json(), "in_ledger": is_kept})
        return
    _print_report(report)
    if not is_kept:
        print_line("No ledger is at hand that has this dataset: nothing was written down there.", err)


def _keep(dataset: str, made: "list[MadeRow]") -> bool:
    """Writes the rows into the ledger, where there is one that knows the dataset."""
    from caco_tasks.environments.run import ledger_rows
    from caco_tasks.ledger import Ledger

    url = find_connections().ledger_url
    if url is None:
        return False
    with Ledger(url) as ledger:
        return ledger.register_environments(dataset, ledger_rows(made))


def _print_report(report: "MakeReport") -> None:
    from caco_tasks.cli.tables import answer_table

    rows = [("became an environment", report.environments, "")]
    rows += [
        (str(refusal), count, report.examples.get(str(refusal), "")) for refusal, count in report.refusals.most_common()
    ]
    print_whole(answer_table(("row", "rows", "for example"), rows))
    levels = ", ".join(f"{level}: {count:,}" for level, count in sorted(report.instances.items()))
    print_line(f"{sum(report.instances.values()):,} distinct instances were found valid; by level {levels or '–'}.")


@environments.command()
@click.argument("environment", metavar="ENV")
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path), default=Path(), help="Folder of `make`; default: here."
)
@click.option("--n", "count", type=click.IntRange(1, 10_000), default=10, show_default=True, help="How many.")
@click.option("--difficulty", "level", type=LEVELS, help="1 to 5; default: the lowest that it has.")
@json_option
@explain_errors
def sample(environment: str, folder: Path, count: int, level: int | None, as_json: bool) -> None:
    """Draw instances of an environment: ENV is its id or the beginning of it, or `first`."""
    from caco_tasks.environments.run import find_environment, open_sandbox, sample_json

    found = find_environment(folder, environment)
    chosen = level or min(found.levels)
    with open_sandbox(workers=1) as sandbox, show_progress("drawing"):
        drawn = sample_json(found, sandbox, level=chosen, count=count)
    if as_json:
        print_json({"environment_id": found.environment_id, "levels": list(found.levels), "instances": drawn})
        return
    if not drawn:
        print_line(f"It has no instances of difficulty {chosen}, but of {', '.join(map(str, found.levels))}.")
    for one in drawn:
        print_heading(f"{one['id']}, difficulty {one['level']}")
        print_line(f"{one['prompt']}\n\nAnswer: {one['answer']}\n")


@environments.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--format", "format_name", required=True,
    type=click.Choice(["verifiers", "nemo-gym", "reasoning-gym", "verl", "rlvr"]), help="What the trainer loads.",
)  # fmt: skip
@folder_option
@click.option("--each", type=click.IntRange(1), help="So many instances of each environment; default: all.")
@workers_option
@json_option
@explain_errors
def export(folder: Path, format_name: str, target: Path, each: int | None, workers: int, as_json: bool) -> None:
    """Write the instances of a folder of environments, each executed and checked again, with their answer check."""
    from caco_tasks.environments.export_formats import export_environments
    from caco_tasks.environments.run import open_sandbox

    with open_sandbox(workers=workers) as sandbox, show_progress("drawing") as status_line:
        counts = export_environments(
            folder,
            format_name=format_name,
            out=target,
            sandbox=sandbox,
            each=each,
            progress=lambda done, rows: status_line.update(f"{done:,} environments, {rows:,} instances"),
        )
    if as_json:
        print_json({"format": format_name, "path": str(target), **counts})
    else:
        print_line(f"{counts['instances']:,} instances of {counts['environments']:,} environments in {target}")
