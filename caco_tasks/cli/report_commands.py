"""Commands that show what became of runs and samples: funnel, runs, scores, lineage."""

import click

from caco_tasks.cli.console import explain_errors, out, print_json, print_whole
from caco_tasks.cli.environment import open_ledger_as
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

    with open_ledger_as() as ledger:
        found = find_run(ledger, run_id, pipeline=None if run_id else "nightly")
        rows, reasons = ledger.funnel(found.run_id), ledger.reject_reasons(found.run_id)
        cut_away = {row.stage: sum_cut_away(ledger.outputs(found.run_id, row.stage)) for row in rows}
    if as_json:
        about = {"run_id": found.run_id, "pipeline": found.pipeline, "partition": found.partition}
        print_json(funnel_json(rows, reasons, about, cut_away=cut_away))
    else:
        out.print(f"{found.pipeline} {found.partition}, run {found.run_id}", soft_wrap=True)
        print_whole(funnel_table(rows, reasons))
        if any(cut_away.values()):
            out.print(cut_away_line(cut_away))


@click.command()
@click.option("--pipeline", help="Only runs of nightly, seeds, codegen or evaluate; default: all.")
@click.option("--newest", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many.")
@json_option
@explain_errors
def runs(pipeline: str | None, newest: int, as_json: bool) -> None:
    """List the newest runs, and how far each has come."""
    from caco_tasks.cli.run_listing import find_runs
    from caco_tasks.cli.tables import run_table

    with open_ledger_as() as ledger:
        found = find_runs(ledger, pipeline=pipeline, max_runs=newest)
    if as_json:
        print_json(found)
    elif found:
        print_whole(run_table(found))
    else:
        out.print("The ledger knows no run yet.")


@click.command()
@click.argument("run_id", metavar="[RUN]", required=False)
@json_option
@explain_errors
def scores(run_id: str | None, as_json: bool) -> None:
    """Show what a student and its base score; of the newest evaluation by default."""
    from dataclasses import asdict

    from caco_tasks.cli.tables import score_table
    from caco_tasks.tasks import find_run

    with open_ledger_as() as ledger:
        found = find_run(ledger, run_id, pipeline="evaluate")
        rows, gains = ledger.scores(found.run_id), ledger.score_gains(found.run_id)
    if as_json:
        about = {"run_id": found.run_id, "partition": found.partition, "dataset": found.dataset}
        print_json({**about, "scores": [*map(asdict, rows)], "gains": [*map(asdict, gains)]})
    else:
        out.print(f"evaluate {found.partition}, run {found.run_id}, trained on {found.dataset}", soft_wrap=True)
        print_whole(score_table(rows, gains))


@click.command()
@click.argument("sample_id", metavar="SAMPLE")
@json_option
@explain_errors
def lineage(sample_id: str, as_json: bool) -> None:
    """Show all the ancestors of a sample: verdicts, texts, models, the seeds behind them."""
    from caco_tasks.cli.tables import lineage_tree

    with open_ledger_as() as ledger:
        found = ledger.lineage(sample_id)
    if as_json:
        print_json(found)
    else:
        print_whole(lineage_tree(found))
