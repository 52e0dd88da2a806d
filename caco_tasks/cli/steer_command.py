"""`caco steer`: which programs a run with `[steer]` would draw, and why."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from caco_tasks.cli.console import explain_errors, print_json, print_line, print_whole, show_progress
from caco_tasks.cli.environment import today
from caco_tasks.cli.options import config_option, json_option, partition_option, set_option

if TYPE_CHECKING:
    from rich.table import Table

    from caco_tasks.steering import OpeningShare


@click.command()
@partition_option
@config_option
@set_option
@json_option
@explain_errors
def steer(partition: str | None, config: str, overrides: Sequence[str], as_json: bool) -> None:
    """Show what CodeGen would be told of how its programs begin, how often, and what earlier runs say of each beginning.

    The config needs a section [steer]; `--set steer.explore=0.2` gives it one. Nothing is asked or written.
    """
    from dataclasses import asdict

    from caco_tasks.cli.forecasts import forecast_steering

    with show_progress("reading how earlier runs ended"):
        run, found = forecast_steering(partition or today(), config, overrides)
    if as_json:
        print_json(
            {
                "run_id": run.run_id,
                "partition": run.partition,
                "pinned": run.steering,
                "problems": found.problems,
                "useful": found.useful,
                "openings": [asdict(one) for one in found.openings],
            }
        )
        return
    print_line(f"nightly {run.partition}, run {run.run_id}")
    low, high = found.settings.band
    rate = "" if found.settings.wants_every_row else f" with a pass rate from {low:g} to {high:g}"
    print_line(
        f"{found.useful:,} of {found.problems:,} problems of {len(found.runs)} earlier runs were accepted{rate}."
    )
    if not found.openings:
        print_line(
            "Nothing useful is known of runs asked alike: nothing is told, and CodeGen draws as without [steer]."
        )
        return
    print_line(f"CodeGen is told nothing for {found.settings.explore:.0%} of the samples; for the others:")
    print_whole(_openings_table(found.openings))


def _openings_table(openings: "Sequence[OpeningShare]") -> "Table":
    from rich.table import Table

    table = Table("domain", "begins", box=None)
    for column in ("problems", "useful", "expected", "share"):
        table.add_column(column, justify="right")
    for one in openings:
        begins = one.opening.rstrip().rpartition("\n")[2]
        table.add_row(
            one.domain or "–", begins, f"{one.problems:,}", f"{one.useful:,}", f"{one.expected:.0%}", f"{one.share:.1%}"
        )
    return table
