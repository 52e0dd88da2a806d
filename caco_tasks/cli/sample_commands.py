"""Commands on single samples: show, rejects, lineage."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from caco_tasks.cli.console import (
    explain_errors,
    print_heading,
    print_json,
    print_line,
    print_whole,
    show_progress,
)
from caco_tasks.cli.environment import open_archive_here, open_ledger_as
from caco_tasks.cli.options import json_option

if TYPE_CHECKING:
    from caco_tasks.reports.report_parts import OutcomeName
    from caco_tasks.reports.sample_parts import SampleReport


@click.command()
@click.argument("sample_id", metavar="SAMPLE")
@json_option
@explain_errors
def show(sample_id: str, as_json: bool) -> None:
    """Show a sample: its texts, what each stage said of it and why, who wrote it, and where it was published.

    SAMPLE may be the beginning of an id; seeds and answers to benchmarks have such ids too.
    """
    from caco_tasks.cli.sample_texts import sample_sections
    from caco_tasks.reports.sample_report import sample_report

    with open_archive_here() as archive:
        found = sample_report(archive, sample_id)
    if as_json:
        click.echo(found.model_dump_json())
        return
    for heading, content in sample_sections(found):
        print_heading(heading)
        for each in content:
            if isinstance(each, str):
                print_line(each)
            else:
                print_whole(each)


@click.command()
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option("--stage", help="Only those that ended at this stage.")
@click.option("--reason", help="Only those that ended for this reason.")
@click.option("--domain", help="Only those of a domain.")
@click.option("--text", help="Only those with these words in problem, solution or program.")
@click.option("--unknown", "is_unknown", is_flag=True, help="What could not be told, instead of what was rejected.")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="How many at most.")
@json_option
@explain_errors
def rejects(run_id: str | None, is_unknown: bool, limit: int, as_json: bool, **wanted: Any) -> None:
    """List samples that were rejected, with the reason and what they are about; of the newest nightly run by default."""
    from caco_tasks.cli.report_tables import reject_table
    from caco_tasks.reports.sample_list import SampleFilter, list_samples

    outcome: OutcomeName = "unknown" if is_unknown else "fail"
    with open_archive_here() as archive:
        page = list_samples(archive, SampleFilter(run=run_id, outcome=outcome, **wanted), limit=limit)
    if as_json:
        click.echo(page.model_dump_json())
    elif page.rows:
        print_whole(reject_table(page.rows))
        if page.next_cursor is not None:
            print_line(
                "There are more: --limit shows up to 200, and `caco sql --recipe examples_of_a_reason` any number."
            )
    else:
        print_line(f"Nothing {'stayed unknown' if is_unknown else 'was rejected'} under these conditions.")


@click.command()
@click.argument("sample_id", metavar="SAMPLE")
@click.option("--all", "is_all", is_flag=True, help="Everything, with addresses and hashes.")
@json_option
@explain_errors
def lineage(sample_id: str, is_all: bool, as_json: bool) -> None:
    """Show the ancestors of a sample: its texts, the run and model behind it, and the seeds that this learnt from."""
    from caco_tasks.cli.sample_texts import ancestor_lines, text_sections
    from caco_tasks.cli.tables import lineage_tree

    with open_ledger_as() as ledger, show_progress("reading the ledger"):
        found = ledger.lineage(sample_id)
    if as_json:
        print_json(found)
    elif is_all:
        print_whole(lineage_tree(found))
    else:
        for heading, texts in text_sections(_read_texts(found)):
            print_heading(heading)
            print_line(texts)
        print_heading("Ancestors")
        for line in ancestor_lines(found):
            print_line(line)
        print_line(f"More of it: caco show {found['sample_id']}, caco lineage {found['sample_id']} --all")


def _read_texts(found: Mapping[str, Any]) -> "SampleReport":
    """The report with the texts of a sample whose lineage is known."""
    from caco_tasks.reports.sample_report import sample_report

    with open_archive_here() as archive:
        return sample_report(archive, found["sample_id"])
