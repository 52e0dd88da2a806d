"""Tables of what the reports say: runs, comparisons of two, rejected samples, datasets."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from caco_tasks.cli.console import show_controls
from caco_tasks.cli.tables import answer_table
from caco_tasks.format import NOTHING, format_count, format_points, format_share

if TYPE_CHECKING:
    from caco_tasks.reports.dataset_report import DatasetReport
    from caco_tasks.reports.report_parts import Share
    from caco_tasks.reports.run_comparison import OnlyAccepted, RunComparison
    from caco_tasks.reports.run_list import RunLine
    from caco_tasks.reports.sample_list import SampleLine
    from caco_tasks.store.reverification_record import MoveCount

MAX_REASONS = 15
MAX_EXAMPLES = 5


def run_table(runs: "Sequence[RunLine]", *, id_chars: int | None = None) -> Table:
    """Runs, the newest first; with `id_chars` only so much of their ids, where a person is to name one."""
    table = Table("run", "pipeline", "date", "config", "state")
    for column in ("samples", "published", "kept", "$ a row", "outputs", "reused"):
        table.add_column(column, justify="right", no_wrap=True)
    for run in runs:
        about = (run.run_id[:id_chars], run.pipeline, run.partition, run.config, run.state.replace("_", " "))
        cost = NOTHING if run.cost_usd_per_row is None else f"{run.cost_usd_per_row:.4f}"
        counts = (format_count(run.sampled or None), format_count(run.published or None))
        outputs = f"{format_count(run.outputs)}/{format_count(run.outputs_expected)}"
        shares = (format_share(run.kept_share.share), cost, outputs, format_count(run.reused or None))
        table.add_row(*(Text(show_controls(cell)) for cell in (*about, *counts, *shares)))
    return table


def comparison_tables(found: "RunComparison", *, is_all: bool) -> Iterator[tuple[str, Table | str]]:
    """Two runs beside each other: what differs in their settings, stage by stage, reason by reason, and in single rows."""
    settings = [(one.setting, str(one.a), str(one.b)) for one in found.settings]
    yield "Settings", answer_table(("setting", "a", "b"), settings) if settings else "Both have the same settings."
    stages = [
        (
            one.stage,
            describe_share(one.a),
            describe_share(one.b),
            format_points(one.difference, one.low, one.high),
            "yes" if one.is_clear else "no",
            f"{one.a_cost_usd:.4f}",
            f"{one.b_cost_usd:.4f}",
        )
        for one in found.stages
    ]
    heads = ("stage", "a kept", "b kept", "b - a, points", "clear", "a $", "b $")
    yield "Stages", answer_table(heads, stages)
    moved = [one for one in found.reasons if one.difference] if not is_all else list(found.reasons)
    shown = moved if is_all else moved[:MAX_REASONS]
    rows = [
        (one.stage, one.reason, describe_share(one.a), describe_share(one.b), "yes" if one.is_clear else "no")
        for one in shown
    ]
    yield "Reasons that moved", answer_table(("stage", "reason", "a", "b", "clear"), rows) if rows else "None moved."
    for name, only in (("a", found.only_a), ("b", found.only_b)):
        first = only.first if is_all else only.first[:MAX_EXAMPLES]
        yield _describe_only(name, only, found.shared_samples), reject_table(first) if first else "No example."
    yield "What this can tell", found.note


def _describe_only(name: str, only: "OnlyAccepted", shared: int) -> str:
    count = "not counted, as it took too long," if only.count is None else format_count(only.count)
    more = " or more" if only.is_capped and only.count is not None else ""
    return f"Accepted by {name} alone: {count}{more} of {shared:,} shared samples"


def move_table(moves: "Sequence[MoveCount]") -> Table:
    """How samples ended and end now, the most frequent first."""
    table = Table("ended at", "as", "ends at", "as", title="Moved", title_justify="left")
    table.add_column("samples", justify="right")
    for move in moves:
        was, now = move.from_reason or move.from_outcome, move.to_reason or move.to_outcome
        table.add_row(move.from_stage, str(was), move.to_stage, str(now), format_count(move.samples))
    return table


def reject_table(rows: "Sequence[SampleLine]") -> Table:
    """Samples that ended, with the reason and what they are about; ids stay whole, to be copied."""
    heads = ("sample", "stage", "reason", "detail", "about")
    return answer_table(heads, [(one.sample_id, one.stage, one.reason, one.detail, one.title) for one in rows])


def dataset_sections(found: "DatasetReport") -> Iterator[tuple[str, list[str | Table]]]:
    """A dataset, section by section; sections with nothing in them are left out."""
    line = found.line
    standing = f" ({line.standing} among those of its date)" if line.standing else ""
    about = [
        f"{line.state}{standing}, {line.rows:,} rows, {line.bytes:,} bytes, for {line.partition}, by run {line.run.run_id}"
    ]
    if found.current is not None:
        about.append(f"{found.current} counts for {line.partition}: `caco dataset diff` compares, `promote` changes it")
    yield f"dataset {line.dataset}/{line.version}", [*about]
    states = [(one.at, one.state, one.by, one.because) for one in found.states]
    licences = [(one.source, one.revision, one.licence, one.seeds, one.link) for one in found.licences]
    files = [(one.uri, one.rows, one.bytes, one.sha256) for one in found.files]
    scores = [
        (
            one.benchmark,
            describe_share(one.base),
            describe_share(one.student),
            format_points(one.gain, one.gain_low, one.gain_high),
        )
        for one in found.scores
    ]
    rates = [
        (
            one.check_name,
            one.rows_judged,
            format_points(one.wrong_of_passed, one.wrong_of_passed_low, one.wrong_of_passed_high),
        )
        for one in found.audit_rates
    ]
    for heading, heads, rows in (
        ("States", ("at", "state", "by", "because"), states),
        ("Licences of the seeds behind it", ("source", "revision", "licence", "seeds", "link"), licences),
        ("Files", ("file", "rows", "bytes", "sha256"), files),
        ("Students trained on it", ("benchmark", "base", "student", "gain, points"), scores),
        ("Judged by people", ("check", "rows judged", "wrong of passed, %"), rates),
    ):
        if rows:
            yield heading, [answer_table(heads, rows)]
    yield "Load it", [line for one in found.load_commands for line in (f"# {one.title}", one.command)]


def describe_share(share: "Share | None") -> str:
    """A share as a table shows it: parts, whole, percent."""
    return NOTHING if share is None else f"{share.part:,}/{share.whole:,} {format_share(share.share)}"
