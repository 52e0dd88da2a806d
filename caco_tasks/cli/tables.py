"""How the command line shows things: funnels, lineages, progress."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from caco_tasks.ledger import FunnelRow, GainRow, RejectRow, ScoreRow

REASONS_SHOWN = 3
LONGEST_LIST = 24  # in a tree; a curve of a training has hundreds of points


def funnel_table(rows: Sequence[FunnelRow], reasons: Sequence[RejectRow]) -> Table:
    """The funnel of a run: one line a stage, with its most frequent reasons."""
    table = Table("stage", title="Funnel", title_justify="left")
    for column in ("read", "passed", "failed", "unknown", "kept"):
        table.add_column(column, justify="right")
    table.add_column("most frequent reasons")
    for row in rows:
        kept = f"{row.kept_share:.1%}" if row.kept_share is not None else "–"
        counts = [f"{count:,}" for count in (row.read, row.passed, row.failed, row.unknown)]
        table.add_row(row.stage, *counts, kept, _frequent(row.stage, reasons))
    return table


def funnel_json(rows: Sequence[FunnelRow], reasons: Sequence[RejectRow], run: Mapping[str, Any]) -> dict[str, Any]:
    """The funnel for scripts: `stages`, each with counts and reasons, and `published`."""
    stages = {
        row.stage: {
            "read": row.read,
            "passed": row.passed,
            "failed": {r.reason: r.records for r in reasons if r.stage == row.stage and r.outcome == "fail"},
            "unknown": row.unknown,
            "unknown_by_reason": {r.reason: r.records for r in reasons if r.stage == row.stage and r.outcome != "fail"},
            "seconds": row.seconds,
        }
        for row in rows
    }
    published = stages["publish"]["passed"] if "publish" in stages else 0
    return {**run, "stages": stages, "published": published}


def score_table(rows: Sequence[ScoreRow], gains: Sequence[GainRow]) -> Table:
    """The scores of a run, in percent: a line for each benchmark and contender, the gain beside the student."""
    table = Table("benchmark", "who", title="Scores", title_justify="left", box=None, pad_edge=False)
    has_k = any(row.k for row in rows)
    for column in ("right of", "pass@1 %", *(["pass@k %"] if has_k else []), "gain, points", "p"):
        table.add_column(column, justify="right", no_wrap=True)
    found = {gain.benchmark: gain for gain in gains}
    for row in rows:
        gain = found.get(row.benchmark) if row.contender == "student" else None
        right = f"{row.right_answers:,}/{row.items:,}" + (f" ?{row.unknown:,}" if row.unknown else "")
        first = _points(row.pass_at_1, row.pass_at_1_low, row.pass_at_1_high)
        of_k = [_points(row.pass_at_k, row.pass_at_k_low, row.pass_at_k_high)] if has_k else []
        compared = [_points(gain.gain, gain.gain_low, gain.gain_high), f"{gain.p:.1g}"] if gain else ["–", "–"]
        table.add_row(row.benchmark, row.contender, right, first, *of_k, *compared)
    table.caption = _about_scores(rows)
    table.caption_justify = "left"
    return table


def _points(share: float | None, low: float | None, high: float | None) -> str:
    """A share with its interval, in percent and without the sign, to save room."""
    if share is None or low is None or high is None:
        return "–"
    return f"{100 * share:.1f} ({100 * low:.1f}–{100 * high:.1f})"


def _about_scores(rows: Sequence[ScoreRow]) -> str:
    """What stands below the scores: the intervals, and which benchmarks the dataset was held against."""
    protected = list(dict.fromkeys(row.benchmark for row in rows if row.is_protected))
    said = ["In brackets 95 % intervals; ? could not be decided, and counts as neither."]
    ks = sorted({row.k for row in rows if row.k})
    said += [f"k is {', '.join(map(str, ks))}."] if ks else []
    return " ".join([*said, f"The dataset is decontaminated against: {', '.join(protected) or 'none of these'}."])


def spread(share: float | None, low: float | None, high: float | None) -> str:
    """A share with its interval, in percent."""
    return "–" if share is None or low is None or high is None else f"{share:.1%} ({low:.1%} – {high:.1%})"


def answer_table(columns: Iterable[str], rows: Iterable[Sequence[Any]]) -> Table:
    """The answer to a query."""
    table = Table(*columns)
    for row in rows:
        table.add_row(*(Text("–" if value is None else str(value)) for value in row))
    return table


def figure_tables(figures: Mapping[str, Any]) -> list[Table]:
    """What a benchmark measured: its plain figures in one table, and one for each group of named rows."""
    groups = {name: rows for name, rows in figures.items() if isinstance(rows, Mapping) and rows and _is_group(rows)}
    plain = [(name, _figure(value)) for name, value in figures.items() if name not in groups]
    tables = [answer_table(("what", "figure"), plain)] if plain else []
    for name, rows in groups.items():
        columns = list(dict.fromkeys(column for row in rows.values() for column in row))
        lines = ([row, *(_figure(found.get(column)) for column in columns)] for row, found in rows.items())
        tables.append(answer_table((name.replace("_", " "), *columns), lines))
    return tables


def _is_group(rows: Mapping[str, Any]) -> bool:
    return all(isinstance(row, Mapping) and "share" not in row for row in rows.values())


def _figure(value: Any) -> Any:
    """A figure as a person reads it: a share with its interval, counts by name."""
    if not isinstance(value, Mapping):
        return value
    if {"n", "of", "share", "low", "high"} == set(value):
        return f"{value['n']:,} of {value['of']:,}: {spread(value['share'], value['low'], value['high'])}"
    return ", ".join(f"{name}: {_figure(one)}" for name, one in value.items())


def lineage_tree(lineage: Mapping[str, Any]) -> Tree:
    """All the ancestors of a sample, as a tree."""
    tree = Tree(f"[bold]sample {lineage['sample_id']}[/bold]")
    _grow(tree, {key: value for key, value in lineage.items() if key != "sample_id"})
    return tree


def row_panel(console: Console, row: Mapping[str, Any]) -> None:
    """One published row, as a reader would want to see it."""
    for name in ("instruction", "output", "answer", "code"):
        console.print(f"[bold]{name}[/bold]")
        console.print(str(row[name]).strip(), markup=False, highlight=False)
        console.print()


def _grow(tree: Tree, value: Any) -> None:
    entries = value.items() if isinstance(value, Mapping) else enumerate(value)
    for key, entry in entries:
        if isinstance(entry, list) and len(entry) > LONGEST_LIST:
            tree.add(f"[cyan]{key}[/cyan]: {len(entry)} values, in `caco lineage --json`")
        elif isinstance(entry, Mapping | list) and entry:
            _grow(tree.add(f"{_label(key, entry)}"), _rest(entry))
        elif not isinstance(entry, Mapping | list) and entry is not None:
            tree.add(f"{key}: {_plain(entry)}")


def _label(key: Any, entry: Any) -> str:
    named = isinstance(key, int) and isinstance(entry, Mapping)
    return f"[cyan]{entry.get('stage', key) if named else key}[/cyan]"


def _rest(entry: Any) -> Any:
    return {key: value for key, value in entry.items() if key != "stage"} if isinstance(entry, Mapping) else entry


def _plain(value: Any) -> str:
    return escape(str(round(value, 4) if isinstance(value, float) else value))


def _frequent(stage: str, reasons: Sequence[RejectRow]) -> str:
    own = sorted((r for r in reasons if r.stage == stage), key=lambda r: -r.records)
    shown = [f"{r.reason} {r.records:,}" for r in own[:REASONS_SHOWN]]
    return ", ".join(shown) + (f", {len(own) - REASONS_SHOWN} more" if len(own) > REASONS_SHOWN else "")
