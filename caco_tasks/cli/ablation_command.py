"""The command `caco ablate`: what checks are worth, by the students of the rows with and without them."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from caco_tasks.cli.console import err, explain_errors, out, print_json, print_line, print_whole, show_progress
from caco_tasks.cli.environment import find_running_platform, open_ledger_as, today
from caco_tasks.cli.options import config_option, json_option, partition_option, set_option
from caco_tasks.errors import ConfigError


@click.command()
@partition_option
@config_option
@set_option
@click.option(
    "--table", "table_name", default="verification", show_default=True, help="A bundled table or a TOML file: the arms."
)
@click.option("--here", is_flag=True, help="Work in this process, also where a local platform is up.")
@click.option("--show", "is_shown", is_flag=True, help="Show the newest ablation of the table, and run nothing.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the table in Markdown.")
@json_option
@explain_errors
def ablate(
    partition: str | None,
    config: str,
    overrides: Sequence[str],
    table_name: str,
    here: bool,
    is_shown: bool,
    as_markdown: bool,
    as_json: bool,
) -> None:
    """Make the rows of one date with and without each check, train a student of each, and compare their scores.

    Where the local platform is up its Airflow does the work (the DAG caco_ablate), else this process. What is there is
    reused: a second call shows the table at once. Datasets of an ablation are never published.
    """
    if as_json and as_markdown:
        raise ConfigError("--json and --markdown both say what the output is: give one.")
    if is_shown:
        found = _find_results(table_name)
    else:
        found = _make_results(
            table_name, partition or today(), config, overrides, here=here, is_quiet=as_json or as_markdown
        )
    if as_json:
        print_json(found)
    elif as_markdown:
        from caco_tasks.cli.ablation_results import ablation_markdown

        click.echo(ablation_markdown(found))
    else:
        _show(found)


def _find_results(table_name: str) -> dict[str, Any]:
    from caco_tasks.ablation_tasks import finish_ablation

    with show_progress("reading the ledger"), open_ledger_as() as ledger:
        ablation_id, _ = ledger.find_ablation(table_name)
        return finish_ablation(ablation_id)


def _make_results(
    table_name: str, partition: str, config: str, overrides: Sequence[str], *, here: bool, is_quiet: bool
) -> dict[str, Any]:
    from caco_tasks.ablation_tasks import finish_ablation, work_through_ablation
    from caco_tasks.ablations.ablation_tables import load_table
    from caco_tasks.cli.dag_runs import check_settings, locate_config

    table = load_table(table_name)  # before the platform is looked for: the nearer mistake first
    check_settings(config, overrides, partition)
    state = None if here else find_running_platform()
    if state is None:
        with show_progress(f"planning the ablation '{table.name}'") as line:
            return work_through_ablation(
                table, partition=partition, config=locate_config(config), overrides=overrides, tell=line.update
            )
    from caco_tasks.cli.ablation_runs import follow_ablation

    ablation_id = follow_ablation(
        state, table_name, partition=partition, config=config, overrides=overrides, console=err if is_quiet else out
    )
    return finish_ablation(ablation_id)


def _show(found: Mapping[str, Any]) -> None:
    from caco_tasks.cli.ablation_results import ablation_notes, ablation_table

    print_line(f"{found['name']}: {found['title']}")
    print_line(f"config {found['config']}, {found['partition']}, ablation {found['ablation_id']}")
    print_whole(ablation_table(found))
    for note in ablation_notes(found):
        print_line(note)
