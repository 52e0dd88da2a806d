"""Tables and trees of the command line: funnels, forecasts, scores, lineages, answers to queries."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from caco_tasks.cli.console import print_line, show_controls
from caco_tasks.format import (
    NOTHING,
    format_count,
    format_interval,
    format_p,
    format_points,
    format_share,
)

if TYPE_CHECKING:  # figures of benchmarks are shown without the ledger
    from caco_tasks.estimate import StageEstimate
    from caco_tasks.forecast import StageForecast
    from caco_tasks.ledger import FunnelRow, GainRow, RejectRow, ScoreRow

SHORT_ID = 12  # digits of an id that people type
READABLE = 24  # characters of a text side by side with others; with fewer, words stand one below the other
MAX_REASONS = 3
MAX_LIST = 24  # entries of a list in a tree; a curve of a training has hundreds of points
ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # copied whole, never wrapped


def funnel_table(rows: "Sequence[FunnelRow]", reasons: "Sequence[RejectRow]") -> Table:
    """The funnel of a run: one line a stage, with its most frequent reasons.

    Shards that another run had made, and findings of rules that only record, have columns where there are any.
    """
    has_reused, has_recorded = any(row.reused for row in rows), any(row.recorded for row in rows)
    table = Table("stage", title="Funnel", title_justify="left")
    extra = [*(["reused"] if has_reused else []), *(["recorded"] if has_recorded else [])]
    for column in ("read", "passed", "failed", "unknown", "kept", *extra):
        table.add_column(column, justify="right")
    table.add_column("most frequent reasons")
    for row in rows:
        counts = map(format_count, (row.read, row.passed, row.failed, row.unknown))
        reused = [f"{row.reused}/{row.shards}" if row.reused else NOTHING] if has_reused else []
        recorded = [format_count(row.recorded or None)] if has_recorded else []
        table.add_row(
            row.stage, *counts, format_share(row.kept_share), *reused, *recorded, _frequent_reasons(row.stage, reasons)
        )
    if has_reused:
        table.caption, table.caption_justify = "reused: shards that another run had made.", "left"
    return table


def cut_away_line(cut_away: Mapping[str, Mapping[str, int]]) -> str:
    """What was cut away from the replies of each stage, in one line."""
    stages = [
        f"{stage} {', '.join(f'{name} {format_count(replies)}' for name, replies in counts.items())}"
        for stage, counts in cut_away.items()
        if counts
    ]
    return f"Cut away from replies: {'; '.join(stages)}."


def funnel_json(
    rows: "Sequence[FunnelRow]",
    reasons: "Sequence[RejectRow]",
    run: Mapping[str, Any],
    *,
    cut_away: Mapping[str, Mapping[str, int]],
) -> dict[str, Any]:
    """The funnel for scripts: `stages`, each with counts, reasons and what was cut away from replies; and `published`."""
    stages = {
        row.stage: {
            "read": row.read,
            "passed": row.passed,
            "failed": {r.reason: r.records for r in reasons if r.stage == row.stage and r.outcome == "fail"},
            "unknown": row.unknown,
            "unknown_by_reason": {r.reason: r.records for r in reasons if r.stage == row.stage and r.outcome != "fail"},
            "shards": row.shards,
            "reused": row.reused,
            "recorded": row.recorded,
            "cut_away": dict(cut_away.get(row.stage, {})),
            "seconds": row.seconds,
        }
        for row in rows
    }
    published = stages["publish"]["passed"] if "publish" in stages else 0
    return {**run, "stages": stages, "published": published}


def forecast_table(forecasts: "Sequence[StageForecast]") -> Table:
    """What a run would reuse and make, stage by stage."""
    table = Table("stage", title="Plan", title_justify="left")
    for column in ("shards", "reused", "to make", "model calls"):
        table.add_column(column, justify="right")
    for each in forecasts:
        figures = (each.shards, each.reused, each.shards - each.reused, each.model_calls)
        table.add_row(each.stage, *map(format_count, figures))
    return table


def summarize_forecast(forecasts: "Sequence[StageForecast]") -> str:
    """A forecast in one sentence."""
    shards, reused = sum(each.shards for each in forecasts), sum(each.reused for each in forecasts)
    calls = sum(each.model_calls for each in forecasts)
    if reused == shards:
        return f"All {shards:,} outputs are there: this run makes nothing and asks no model."
    asks = f"asks models at most {calls:,} times" if calls else "asks no model"
    return f"Of {shards:,} outputs {reused:,} are there and reused; this run makes {shards - reused:,} and {asks}."


def estimate_table(stages: "Sequence[StageEstimate]") -> Table:
    """What each stage asks of GPUs, and the sum; the numbers in brackets are those of `estimate_notes`."""
    table = Table("stage", "model", title="Estimate", title_justify="left", show_footer=True)
    for column in ("requests", "tokens in", "tokens out", "tokens/s"):
        table.add_column(column, justify="right")
    hours = [stage.gpu_hours for stage in stages if stage.gpu_hours is not None]
    table.add_column("GPUs", justify="right", footer="sum")
    table.add_column("GPU-hours", justify="right", footer=_format_hours(sum(hours) if hours else None))
    sources = _speed_sources(stages)
    for stage in stages:
        counts = map(format_count, (stage.requests, stage.prompt_tokens, stage.completion_tokens))
        speed = format_count(None if stage.tokens_per_second is None else round(stage.tokens_per_second))
        mark = "" if stage.tokens_per_second is None else f" [{sources.index(stage.speed_from) + 1}]"
        cells = (stage.stage, stage.model, *counts, speed + mark, str(stage.gpus), _format_hours(stage.gpu_hours))
        table.add_row(*map(Text, cells))
    return table


def estimate_notes(stages: "Sequence[StageEstimate]", shares_from: str) -> list[str]:
    """What stands below an estimate: the sources of its figures, and what they leave out."""
    notes = [f"[{number}] {source}." for number, source in enumerate(_speed_sources(stages), 1)]
    hours = sum(stage.gpu_hours or 0.0 for stage in stages)
    most = max((stage.gpus for stage in stages), default=0)
    if hours and most:
        notes.append(f"On {most} GPUs, the most that a task leases, {_format_hours(hours / most)} hours at least.")
    notes.append(f"Shares that pass a stage: {shares_from}. Requests are the most that these leave.")
    assumed = [stage.stage for stage in stages if stage.tokens_from == "assumed"]
    if assumed:
        notes.append(f"Tokens are assumed, not measured, in {', '.join(assumed)}.")
    unknown = [stage.stage for stage in stages if stage.gpu_hours is None]
    if unknown:
        notes.append(f"Not in the sum, as no figure is known: {', '.join(unknown)}.")
    return notes


def _speed_sources(stages: "Sequence[StageEstimate]") -> list[str]:
    """Where the speeds of some stages are from, each source once."""
    return list(dict.fromkeys(stage.speed_from for stage in stages if stage.tokens_per_second is not None))


def _format_hours(hours: float | None) -> str:
    return NOTHING if hours is None else f"{hours:,.1f}"


def dataset_table(datasets: Sequence[Mapping[str, Any]], *, id_chars: int | None = None) -> Table:
    """Datasets with their states, and who gave them these and why; names and ids stay whole, to be copied.

    With `id_chars` the ids of runs have only so many digits.
    """
    table = Table()
    table.add_column("dataset", no_wrap=True)
    table.add_column("state")
    table.add_column("rows", justify="right")
    table.add_column("run", no_wrap=True)
    table.add_column("by", overflow="fold")
    longest = max((len(str(each["because"])) for each in datasets), default=0)
    table.add_column("because", overflow="fold", min_width=min(longest, READABLE))
    table.add_column("at, UTC", no_wrap=True)
    for each in datasets:
        words = [str(each[name] or NOTHING) for name in ("by", "because", "at")]
        counts = (each["state"] or NOTHING, format_count(each["rows"]))
        cells = (each["dataset"], *counts, each["run"][:id_chars], *words)
        table.add_row(*(Text(show_controls(cell)) for cell in cells))
    return table


def score_table(rows: "Sequence[ScoreRow]", gains: "Sequence[GainRow]") -> Table:
    """The scores of a run, in percent: a line for each benchmark and contender, the gain beside the student."""
    table = Table("benchmark", "who", title="Scores", title_justify="left", box=None, pad_edge=False)
    # greedy answers alone have no pass@k, and the room goes to the others
    has_k = any(row.k for row in rows)
    for column in ("right of", "pass@1 %", *(["pass@k %"] if has_k else []), "gain, points", "p"):
        table.add_column(column, justify="right", no_wrap=True)
    found = {gain.benchmark: gain for gain in gains}
    for row in rows:
        gain = found.get(row.benchmark) if row.contender == "student" else None
        right = f"{row.right_answers:,}/{row.items:,}" + (f" ?{row.unknown:,}" if row.unknown else "")
        first = format_points(row.pass_at_1, row.pass_at_1_low, row.pass_at_1_high)
        of_k = [format_points(row.pass_at_k, row.pass_at_k_low, row.pass_at_k_high)] if has_k else []
        compared = (
            (format_points(gain.gain, gain.gain_low, gain.gain_high), format_p(gain.p)) if gain else [NOTHING] * 2
        )
        table.add_row(row.benchmark, row.contender, right, first, *of_k, *compared)
    table.caption = _explain_scores(rows)
    table.caption_justify = "left"
    return table


def _explain_scores(rows: "Sequence[ScoreRow]") -> str:
    """What stands below the scores: the intervals, and which benchmarks the dataset was held against."""
    # each once, in the order of the rows
    protected = list(dict.fromkeys(row.benchmark for row in rows if row.is_protected))
    notes = ["In brackets 95 % intervals; ? could not be decided, and counts as neither."]
    ks = sorted({row.k for row in rows if row.k})
    notes += [f"k is {', '.join(map(str, ks))}."] if ks else []
    return " ".join([*notes, f"The dataset is decontaminated against: {', '.join(protected) or 'none of these'}."])


def answer_table(columns: Iterable[str], rows: Iterable[Sequence[Any]]) -> Table:
    """The answer to a query: long texts are wrapped, ids stay whole."""
    names, cells = list(columns), [[NOTHING if value is None else str(value) for value in row] for row in rows]
    table = Table()
    for number, name in enumerate(names):
        longest = max((len(line) for row in cells for line in row[number].splitlines()), default=0)
        longest_id = max((len(row[number]) for row in cells if ID.fullmatch(row[number])), default=0)
        # rich takes width from every column alike, down to one letter, unless it is told how much one needs
        table.add_column(Text(name), overflow="fold", min_width=max(longest_id, min(longest, READABLE)))
    for row in cells:
        table.add_row(*(Text(show_controls(cell)) for cell in row))  # as text: a value with brackets is no markup
    return table


def figure_tables(figures: Mapping[str, Any]) -> list[Table]:
    """What a benchmark measured: its plain figures in one table, and one for each group of named rows."""
    groups = {name: rows for name, rows in figures.items() if isinstance(rows, Mapping) and rows and _is_group(rows)}
    plain = [(name, _format_figure(value)) for name, value in figures.items() if name not in groups]
    tables = [answer_table(("what", "figure"), plain)] if plain else []
    for name, rows in groups.items():
        columns = list(dict.fromkeys(column for row in rows.values() for column in row))
        lines = ([row, *(_format_figure(found.get(column)) for column in columns)] for row, found in rows.items())
        tables.append(answer_table((name.replace("_", " "), *columns), lines))
    return tables


def _is_group(rows: Mapping[str, Any]) -> bool:
    return all(isinstance(row, Mapping) and "share" not in row for row in rows.values())


def _format_figure(value: Any) -> Any:
    """A figure as a person reads it: a share with its interval, counts by name."""
    if not isinstance(value, Mapping):
        return value
    if {"n", "of", "share", "low", "high"} == set(value):
        interval = format_interval(value["share"], value["low"], value["high"])
        return f"{format_count(value['n'])} of {format_count(value['of'])}: {interval}"
    return ", ".join(f"{name}: {_format_figure(one)}" for name, one in value.items())


def lineage_tree(lineage: Mapping[str, Any]) -> Tree:
    """All the ancestors of a sample, as a tree."""
    tree = Tree(f"[bold]sample {lineage['sample_id']}[/bold]")
    _grow(tree, {key: value for key, value in lineage.items() if key != "sample_id"})
    return tree


def print_row(console: Console, row: Mapping[str, Any]) -> None:
    """Prints one published row, as a reader would want to see it."""
    for name in ("instruction", "output", "answer", "code"):
        console.print(f"[bold]{name}[/bold]")
        print_line(str(row[name]).strip(), console)
        console.print()


def _grow(tree: Tree, value: Any) -> None:
    for key, entry in value.items() if isinstance(value, Mapping) else enumerate(value):
        if isinstance(entry, list) and len(entry) > MAX_LIST:
            tree.add(f"[cyan]{key}[/cyan]: {len(entry)} values, in `caco lineage --json`")
        elif isinstance(entry, Mapping) and isinstance(key, int) and "stage" in entry:
            _grow(tree.add(f"[cyan]{entry['stage']}[/cyan]"), {k: v for k, v in entry.items() if k != "stage"})
        elif isinstance(entry, Mapping | list) and entry:
            _grow(tree.add(f"[cyan]{key}[/cyan]"), entry)
        elif not isinstance(entry, Mapping | list) and entry is not None:
            tree.add(f"{key}: {escape(show_controls(str(round(entry, 4) if isinstance(entry, float) else entry)))}")


def _frequent_reasons(stage: str, reasons: "Sequence[RejectRow]") -> str:
    own = sorted((r for r in reasons if r.stage == stage), key=lambda r: -r.records)
    shown = [f"{r.reason} {r.records:,}" for r in own[:MAX_REASONS]]
    return ", ".join(shown) + (f", {len(own) - MAX_REASONS} more" if len(own) > MAX_REASONS else "")
