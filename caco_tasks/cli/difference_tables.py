"""Tables of how one version of a dataset differs from another."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.table import Table

from caco_tasks.cli.report_tables import comparison_tables, describe_share
from caco_tasks.cli.tables import answer_table
from caco_tasks.format import format_count, format_points

if TYPE_CHECKING:
    from caco_tasks.reports.dataset_difference import DatasetDifference, RowChanges


def difference_sections(found: "DatasetDifference") -> Iterator[tuple[str, list[str | Table]]]:
    """A difference, section by section; sections with nothing in them are left out."""
    counts = [("kept", found.kept), ("came", found.came.count), ("went", found.went.count)]
    counts += [("changed", found.changed.count), ("came with words that stood there before", found.renamed)]
    names = [f"{one.dataset}/{one.version}" for one in (found.a, found.b) if one is not None]
    yield " → ".join(names), [answer_table(("rows", "count"), [(kind, format_count(n)) for kind, n in counts])]
    if found.runs is not None:
        for heading, content in list(comparison_tables(found.runs, is_all=False))[:3]:
            yield heading, [content]
    for name, scores in (("a", found.scores_a), ("b", found.scores_b)):
        rows = [
            (
                one.benchmark,
                describe_share(one.base),
                describe_share(one.student),
                format_points(one.gain, one.gain_low, one.gain_high),
            )
            for one in scores
        ]
        if rows:
            yield f"Students trained on {name}", [answer_table(("benchmark", "base", "student", "gain, points"), rows)]
    for kind, changes in (("Came", found.came), ("Went", found.went), ("Changed", found.changed)):
        if changes.first:
            yield f"{kind}: {changes.count:,}", [_example_table(changes)]


def _example_table(changes: "RowChanges") -> Table:
    rows = [
        (one.sample_id, one.problem, one.answer, one.stage or ", ".join(one.differs), one.reason)
        for one in changes.first
    ]
    return answer_table(("sample", "problem", "answer", "ended at, or differs", "reason"), rows)
