"""Commands on selectors: train one, list them, see whether what they skipped was rightly skipped."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from caco_tasks.cli.command_group import WholeHelpGroup
from caco_tasks.cli.console import explain_errors, print_heading, print_json, print_line, print_whole, show_progress
from caco_tasks.cli.environment import open_ledger_as, open_store_here, today
from caco_tasks.cli.options import config_option, json_option, set_option

if TYPE_CHECKING:
    from rich.table import Table

    from caco_tasks.store.selector_record import SelectorRecord


@click.group(cls=WholeHelpGroup)
def select() -> None:
    """Skip samples that will hardly be accepted: learn from earlier nights, and audit what was skipped."""


@select.command()
@click.option("--before", metavar="DATE", help="Learn from dates before this one; default: today.")
@config_option
@set_option
@json_option
@explain_errors
def train(before: str | None, config: str, overrides: tuple[str, ...], as_json: bool) -> None:
    """Train a selector on the fates of earlier runs; later runs of the config use the newest one.

    Learns from runs whose models, prompts and checks from reverse on are those of the config, and holds the newest dates out.
    """
    from caco_tasks.config import load_config
    from caco_tasks.select_tasks import describe_selector, train_selector

    store, settings = open_store_here(), load_config(config, overrides)
    with open_ledger_as() as ledger, show_progress("reading earlier runs") as status_line:
        record = train_selector(ledger, store, settings, before=before or today(), told=status_line.update)
    if as_json:
        print_json(describe_selector(record))
    else:
        _print_selector(record)


@select.command(name="list")
@json_option
@explain_errors
def list_selectors(as_json: bool) -> None:
    """List the selectors, those that learnt from the newest dates first."""
    with open_ledger_as() as ledger, show_progress("reading the ledger"):
        rows = [dict(row) for row in ledger.selectors()]
    if as_json:
        print_json([row | {"trained_at": row["trained_at"].isoformat()} for row in rows])
        return
    if not rows:
        print_line("There is no selector yet: `caco select train` makes one.")
        return
    heads = ("selector", "config", "until", "runs", "skips below", "rows for 1,000 tokens", "without")
    print_whole(_table(heads, [_listed(row) for row in rows]))


@select.command()
@click.argument("run", metavar="RUN")
@json_option
@explain_errors
def audit(run: str, as_json: bool) -> None:
    """Show what the selector of a run skipped, and by the explored samples how often it was wrong."""
    from caco_tasks.tasks import find_run

    with open_ledger_as() as ledger, show_progress("counting fates"):
        found = find_run(ledger, run, pipeline="nightly")
        rows = [dict(row) for row in ledger.selection_audit(found.run_id)]
    if as_json:
        print_json({"run_id": found.run_id, "selection": found.selection, "rows": rows})
        return
    print_line(f"Run {found.run_id}, {found.partition}: {_told(found.selection)}")
    if rows:
        heads = (
            "stage",
            "domain",
            "judged",
            "skipped",
            "explored",
            "wrongly below",
            "95 %",
            "kept",
            "accepted",
            "expected",
            "recall",
        )
        print_whole(_table(heads, [_audited(row) for row in rows]))


def _told(selection: dict[str, Any]) -> str:
    if not selection:
        return "its config has no [select]."
    use = "uses" if selection["is_used"] else "does not use"
    return f"{use} the selector {selection['selector'] or '–'}: {selection['because']}."


def _listed(row: dict[str, Any]) -> tuple[str, ...]:
    thresholds = ", ".join(f"{stage} {value:.2f}" for stage, value in sorted(row["thresholds"].items()))
    expected = row["expected"]
    rates = (f"{expected[name]:.2f}" for name in ("rows_per_1000_tokens", "rows_per_1000_tokens_without"))
    return (row["selector_id"][:12], row["config"], row["until"], str(row["runs"]), thresholds, *rates)


def _audited(row: dict[str, Any]) -> tuple[str, ...]:
    interval = "–" if row["false_skips"] is None else f"{row['false_skips_low']:.0%} to {row['false_skips_high']:.0%}"
    accepted = row["kept_accepted"] / row["kept"] if row["kept"] else None
    return (
        row["stage"],
        row["domain"] or "all",
        *(f"{row[name]:,}" for name in ("judged", "skipped", "explored")),
        _share(row["false_skips"]),
        interval,
        f"{row['kept']:,}",
        _share(accepted),
        _share(row["expected_kept"]),
        _share(row["recall"]),
    )


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _print_selector(record: "SelectorRecord") -> None:
    print_line(
        f"Selector {record.selector_id}: learnt from {len(record.run_ids):,} runs up to {record.until}, in which "
        f"{record.prior:.0%} of the samples that reached reverse were accepted."
    )
    heads = ("stage", "learnt from", "held out", "AUC", "Brier", "calibration error", "skips below")
    rows = [
        (
            name,
            f"{one.rows:,}",
            f"{one.held_out:,}",
            "–" if one.auc is None else f"{one.auc:.3f}",
            f"{one.brier:.3f}",
            f"{one.calibration_error:.3f}",
            f"{one.threshold:.3f}",
        )
        for name, one in record.stages.items()
    ]
    print_whole(_table(heads, rows))
    for name, stage in record.stages.items():
        print_heading(f"Reliability before {name}, on held-out rows")
        bins = [(f"{one.rows:,}", f"{one.expected:.2f}", f"{one.observed:.2f}") for one in stage.reliability]
        print_whole(_table(("rows", "chance", "accepted"), bins))
    expected = record.expected
    print_line(
        f"On held-out rows: {expected['rows_per_1000_tokens']:.2f} accepted rows for 1,000 tokens, "
        f"{expected['rows_per_1000_tokens_without']:.2f} without, {expected['rows_per_1000_tokens_at_best']:.2f} were every fate "
        f"known; {expected['recall']:.0%} of the accepted rows are kept."
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> "Table":
    from rich.table import Table

    table = Table(box=None)
    for number, head in enumerate(heads):
        table.add_column(head, justify="left" if number == 0 else "right")
    for row in rows:
        table.add_row(*row)
    return table
