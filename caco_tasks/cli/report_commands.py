"""Commands that show what became of runs: funnel, runs, compare, scores."""

import click

from caco_tasks.cli.console import (
    explain_errors,
    has_room,
    print_heading,
    print_json,
    print_line,
    print_whole,
    show_progress,
)
from caco_tasks.cli.environment import open_archive_here, open_ledger_as
from caco_tasks.cli.options import json_option


@click.command()
@click.argument("run_id", metavar="[RUN]", required=False)
@json_option
@explain_errors
def funnel(run_id: str | None, as_json: bool) -> None:
    """Show what became of the records of a run; the newest nightly run by default."""
    from caco_tasks.cli.tables import cut_away_line, funnel_json, funnel_table
    from caco_tasks.store.manifest import sum_cut_away
    from caco_tasks.tasks import find_run

    with open_ledger_as() as ledger, show_progress("reading the ledger"):
        found = find_run(ledger, run_id, pipeline=None if run_id is not None else "nightly")
        rows, reasons = ledger.funnel(found.run_id), ledger.reject_reasons(found.run_id)
        cut_away = {row.stage: sum_cut_away(ledger.outputs(found.run_id, row.stage)) for row in rows}
    if as_json:
        about = {"run_id": found.run_id, "pipeline": found.pipeline, "partition": found.partition}
        print_json(funnel_json(rows, reasons, about, cut_away=cut_away))
    else:
        print_line(f"{found.pipeline} {found.partition}, run {found.run_id}")
        print_whole(funnel_table(rows, reasons))
        if any(cut_away.values()):
            print_line(cut_away_line(cut_away))


@click.command()
@click.option("--pipeline", help="Only runs of nightly, seeds, codegen or evaluate; default: all.")
@click.option("--config", help="Only runs with a config of this name.")
@click.option("--newest", type=click.IntRange(1, 200), default=20, show_default=True, help="How many.")
@json_option
@explain_errors
def runs(pipeline: str | None, config: str | None, newest: int, as_json: bool) -> None:
    """List the newest runs: how far each has come, what it published, and what a row of it cost."""
    from caco_tasks.cli.report_tables import run_table
    from caco_tasks.cli.tables import SHORT_ID
    from caco_tasks.pipeline import stages_of
    from caco_tasks.reports.run_list import RunFilter, list_runs

    if pipeline is not None:
        stages_of(pipeline)  # says so where there is none
    with open_archive_here() as archive:
        page = list_runs(archive, RunFilter(pipeline=pipeline, config=config), limit=newest)
    if as_json:
        click.echo(page.model_dump_json())
    elif page.rows:
        table = run_table(page.rows)
        # twelve digits name a run, and a terminal has seldom room for more beside the counts
        print_whole(table if has_room(table) else run_table(page.rows, id_chars=SHORT_ID))
    else:
        print_line("The ledger knows no such run yet.")


@click.command()
@click.argument("a")
@click.argument("b")
@click.option("--all", "is_all", is_flag=True, help="Every reason and example, not only the first.")
@json_option
@explain_errors
def compare(a: str, b: str, is_all: bool, as_json: bool) -> None:
    """Compare two runs: settings, what each stage kept with intervals, reasons that moved, rows that only one accepted.

    A and B are ids of runs of one pipeline, or the beginnings of them.
    """
    from caco_tasks.cli.report_tables import comparison_tables
    from caco_tasks.reports.run_comparison import compare_runs

    with open_archive_here() as archive:
        found = compare_runs(archive, a, b)
    if as_json:
        click.echo(found.model_dump_json())
        return
    for name, run in (("a", found.a), ("b", found.b)):
        print_line(f"{name}: {run.pipeline} {run.partition}, config {run.config}, run {run.run_id}, {run.state}")
    for heading, content in comparison_tables(found, is_all=is_all):
        print_heading(heading)
        if isinstance(content, str):
            print_line(content)
        else:
            print_whole(content)


@click.command()
@click.argument("run_id", metavar="[RUN]", required=False)
@json_option
@explain_errors
def scores(run_id: str | None, as_json: bool) -> None:
    """Show what a student and its base score; of the newest evaluation by default."""
    from dataclasses import asdict

    from caco_tasks.cli.tables import score_table
    from caco_tasks.tasks import find_run

    with open_ledger_as() as ledger, show_progress("reading the ledger"):
        found = find_run(ledger, run_id, pipeline="evaluate")
        rows, gains = ledger.scores(found.run_id), ledger.score_gains(found.run_id)
    if as_json:
        about = {"run_id": found.run_id, "partition": found.partition, "dataset": found.dataset}
        print_json({**about, "scores": [*map(asdict, rows)], "gains": [*map(asdict, gains)]})
    else:
        print_line(f"evaluate {found.partition}, run {found.run_id}, trained on {found.dataset}")
        print_whole(score_table(rows, gains))
