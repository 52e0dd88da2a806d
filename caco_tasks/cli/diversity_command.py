"""The command that measures how varied the problems of a run or a dataset are."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from caco_tasks.cli.console import (
    err,
    explain_errors,
    print_heading,
    print_json,
    print_line,
    print_whole,
    show_progress,
)
from caco_tasks.cli.options import json_option

if TYPE_CHECKING:
    from rich.table import Table

    from caco_tasks.store.registry import DiversityFigures, DiversityRecord

COLUMNS = ("rows", "spread", "nearest", "near", "clusters", "Vendi", "to earlier", "near earlier")


@click.command()
@click.argument("subject", metavar="RUN|NAME/VERSION")
@click.option(
    "--against", multiple=True, metavar="RUN|NAME/VERSION", help="Earlier ones; default: the newest datasets before."
)
@click.option("--embedder", help="Another embedding model than the config's: a folder or a name on the Hub.")
@click.option("--picture", type=click.Path(path_type=Path), help="Folder to write the picture to, light and dark.")
@json_option
@explain_errors
def diversity(
    subject: str, against: tuple[str, ...], embedder: str | None, picture: Path | None, as_json: bool
) -> None:
    """Measure how varied the problems of a run or a dataset are, and how near they come to earlier ones."""
    from caco_tasks.diversity_tasks import measure_diversity
    from caco_tasks.publishing.diversity_picture import THEMES, draw_diversity

    with show_progress(f"measuring {subject}"):
        found = measure_diversity(subject, against=against, embedder=embedder)
    if found.hint is not None:
        print_line(found.hint, err)
    if picture is not None:
        picture.mkdir(parents=True, exist_ok=True)
        for theme in THEMES:
            (picture / f"diversity-{theme}.svg").write_bytes(draw_diversity(found.record, theme))
    if as_json:
        print_json({**found.record.model_dump(mode="json", exclude={"points"}), "hint": found.hint})
        return
    _print_record(found.record)


def _print_record(record: "DiversityRecord") -> None:
    print_line(
        f"{record.dataset or 'run ' + record.run_id}: {record.whole.rows:,} of {record.of_rows:,} rows, by {record.embedder}"
    )
    print_whole(_figures_table({"all": record.whole, **record.domains}))
    print_heading("Clusters")
    for one in record.clusters:
        print_line(f"{one.rows:>7,}  {' '.join(one.words)}")
    if record.earlier:
        print_heading("Earlier ones")
    for other in record.earlier:
        distance = "–" if other.nearest_mean is None else f"{other.nearest_mean:.3f}"
        print_line(f"{other.name}: nearest {distance} away on average, {other.near_rows:,} rows within 0.05")


def _figures_table(figures: "dict[str, DiversityFigures]") -> "Table":
    from rich.table import Table

    table = Table("domain", box=None)
    for column in COLUMNS:
        table.add_column(column, justify="right")
    for name, one in figures.items():
        values = (one.spread, one.nearest_mean, one.near_rows, one.effective_clusters, one.vendi, one.earlier_mean)
        table.add_row(name, f"{one.rows:,}", *map(_told, values), _told(one.earlier_near_rows))
    return table


def _told(value: float | None) -> str:
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.3g}"
