"""`caco verify`: a published dataset, held against its own files and computed anew."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from caco_tasks.cli.console import explain_errors, print_json, print_line, print_whole, show_progress
from caco_tasks.cli.environment import open_store_here
from caco_tasks.cli.options import json_option, workers_option

if TYPE_CHECKING:
    from caco_tasks.verification.findings import Report


@click.command()
@click.argument("dataset", metavar="DATASET|FOLDER")
@workers_option
@json_option
@explain_errors
def verify(dataset: str, workers: int, as_json: bool) -> None:
    """Verify a dataset from its files alone: run every program, compare every answer, compute every equation.

    FOLDER is one that was published or exported; DATASET, as NAME/VERSION, is fetched from the store first. Hashes, counts,
    licences, ids and evidence are checked too. Neither ledger nor network is needed. The exit code is 0 only where
    everything was looked at and nothing is wrong.
    """
    from caco_tasks.config import load_config
    from caco_tasks.verification.verify import fetch_dataset, open_tools, verify_folder

    with TemporaryDirectory() as fetched, show_progress("verifying") as status_line:
        folder = Path(dataset)
        if not folder.is_dir():
            folder = Path(fetched)
            fetch_dataset(open_store_here(), dataset, folder)
        with open_tools(load_config("nano"), workers=workers) as tools:
            report = verify_folder(folder, tools, progress=lambda rows: status_line.update(f"{rows:,} rows verified"))
    if as_json:
        print_json(report.as_json())
    else:
        _print_report(report)
    if not report.is_whole:
        sys.exit(1)


def _print_report(report: "Report") -> None:
    from caco_tasks.cli.tables import answer_table
    from caco_tasks.verification.findings import CHECKS

    rows = [
        (name, count.looked_at, count.wrong, count.unknown, CHECKS[name].replace("`", ""))
        for name, count in report.checks.items()
    ]
    print_whole(answer_table(("check", "looked at", "wrong", "unknown", "what it says"), rows))
    for fault in report.faults:
        place = "" if fault.row is None else f", row {fault.row} ({fault.sample_id})"
        print_line(f"{fault.check}: {fault.file or 'dataset'}{place}: {fault.detail}")
    for note in report.notes:
        print_line(note)
    if report.not_understood:
        print_line(f"Of {report.not_understood:,} rows no equation could be followed.")
    if report.recorded:
        print_line(f"Of {report.recorded:,} rows the dataset itself records that an equation is false.")
    name, rows_done = report.dataset or report.folder, f"{report.rows:,} rows in {report.seconds:.1f} s"
    print_line(f"{name}: {rows_done}: {'all is right' if report.is_whole else 'not all is right'}.")
