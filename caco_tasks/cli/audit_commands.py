"""`caco audit`: a random draw of rows for people to judge, and their answers."""

from pathlib import Path

import click

from caco_tasks.cli.command_group import WholeHelpGroup
from caco_tasks.cli.console import explain_errors, print_json, show_progress
from caco_tasks.cli.options import always_json_option, folder_option
from caco_tasks.errors import ConfigError


@click.group(cls=WholeHelpGroup)
def audit() -> None:
    """Put a random draw of rows before people, and take their answers."""


@audit.command()
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option(
    "--rows",
    type=click.IntRange(1, 1000),
    default=5,
    show_default=True,
    help="Of each stratum at most; see docs/audit.md.",
)
@folder_option
@always_json_option
@explain_errors
def draw(run_id: str | None, rows: int, target: Path, as_json: bool) -> None:
    """Draw rows of a nightly run, the newest by default, and write a page on which a person judges them."""
    from caco_tasks.audit import write_sheet
    from caco_tasks.audit_tasks import audit_draw

    with show_progress("drawing rows"):
        drawn = audit_draw(run_id, rows)
        files = write_sheet(drawn, target)
    print_json({"draw": drawn.draw_id, "rows": len(drawn.rows), "files": [str(file) for file in files]})


@audit.command()
@click.option("--file", "source", required=True, type=click.Path(path_type=Path), help="The answers, as saved.")
@click.option("--person", required=True, help="Who answered.")
@always_json_option
@explain_errors
def answer(source: Path, person: str, as_json: bool) -> None:
    """Take a person's answers: all of the file, or none."""
    from caco_tasks.audit_tasks import audit_answers

    name = person.strip()
    if not name:
        raise ConfigError("The name of the person is empty: give --person.")
    with show_progress("loading answers"):
        counts = audit_answers(source, name)
    print_json(counts)
