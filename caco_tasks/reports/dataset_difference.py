"""Two versions of a dataset beside each other: rows that came, went and changed, funnels, reasons, students' scores."""

from collections.abc import Iterator, Mapping
from typing import Any

from caco_tasks.errors import ConfigError
from caco_tasks.format import format_points
from caco_tasks.publishing.dataset_card import table
from caco_tasks.publishing.dataset_files import read_dataset
from caco_tasks.publishing.row_sets import CONTENT, RowSets, compare_rows, read_samples
from caco_tasks.reports.archive import Archive
from caco_tasks.reports.dataset_report import DatasetLine, DatasetScore, read_dataset_line, scores_of
from caco_tasks.reports.report_parts import Report, Share
from caco_tasks.reports.run_comparison import RunComparison, compare_runs

MAX_EXAMPLES = 20
MAX_REASONS = 10  # of a form that somebody reads before deciding
FORM_EXAMPLES = 3  # of each kind, in such a form
MAX_FORM_CHARS = 600  # of one text in it


class RowExample(Report):
    """One row that came, went or changed."""

    sample_id: str
    problem: str
    solution: str
    answer: str
    differs: tuple[str, ...]  # columns of a changed row that differ; empty of one that came or went
    before: str | None  # problem of a changed row as it was; None of any other
    stage: str | None  # where it ended in the other run; None: that run has no such sample, or it was not looked for
    reason: str | None


class RowChanges(Report):
    """Rows of one kind, with the first of them."""

    count: int
    first: tuple[RowExample, ...]


class DatasetDifference(Report):
    """How version `b` differs from version `a` of a dataset."""

    a: DatasetLine | None  # None: there is none before
    b: DatasetLine
    kept: int  # rows in both, alike
    came: RowChanges
    went: RowChanges
    changed: RowChanges
    renamed: int  # of those that came: the same words stand in a under another sample
    runs: RunComparison | None  # of the runs that made them; None: it is one run, or there is none before
    scores_a: tuple[DatasetScore, ...]
    scores_b: tuple[DatasetScore, ...]


def dataset_difference(archive: Archive, a: str | None, b: str) -> DatasetDifference:
    """Compares two datasets, each named name/version; with None, says what one is that has none before it.

    Raises:
        UnknownIdError: there is no such dataset.
        ConfigError: both are the same, or a name is none.
        CacoError: ledger or store cannot be used, or a file is not what was published.
    """
    if a == b:
        raise ConfigError(f"Both are the dataset '{b}': name two.")
    lines = [None if name is None else read_dataset_line(archive, name) for name in (a, b)]
    before, after = lines[0], lines[1]
    assert after is not None  # `b` is named
    record = None if a is None else read_dataset(archive.store, a)
    sets = compare_rows(archive.store, record, read_dataset(archive.store, b))
    is_same_run = before is not None and before.run.run_id == after.run.run_id
    runs = None if before is None or is_same_run else compare_runs(archive, before.run.run_id, after.run.run_id)
    return DatasetDifference(
        a=before,
        b=after,
        kept=sets.kept,
        **_examples(archive, a, b, sets, runs),
        renamed=sets.renamed,
        runs=runs,
        scores_a=() if a is None else scores_of(archive, a),
        scores_b=scores_of(archive, b),
    )


def difference_markdown(found: DatasetDifference) -> str:
    """The difference as a person reads it before saying whether `b` takes the place of `a`; texts are quoted as code."""
    rows = [("kept", found.kept), ("came", found.came.count), ("went", found.went.count)]
    rows += [("changed", found.changed.count), ("came with words that stood there before", found.renamed)]
    parts = [_describe_pair(found), table(("rows", "count"), rows)]
    if found.runs is not None:
        stages = [
            (
                one.stage,
                _share(one.a),
                _share(one.b),
                format_points(one.difference, one.low, one.high) + (" !" if one.is_clear else ""),
            )
            for one in found.runs.stages
        ]
        parts += ["**Funnel** (! : more than chance)", table(("stage", "before", "now", "points"), stages)]
        moved = [one for one in found.runs.reasons if one.difference][:MAX_REASONS]
        reasons = [(one.stage, one.words, _share(one.a), _share(one.b)) for one in moved]
        parts += ["**Reasons that moved**", table(("stage", "reason", "before", "now"), reasons)] if moved else []
        settings = [(one.setting, f"`{one.a}`", f"`{one.b}`") for one in found.runs.settings[:MAX_REASONS]]
        parts += ["**Settings**", table(("setting", "before", "now"), settings)] if settings else []
    for title, scores in (("before", found.scores_a), ("now", found.scores_b)):
        gains = [(one.benchmark, _share(one.student), _gain(one)) for one in scores]
        parts += [f"**Students, {title}**", table(("benchmark", "right", "gain, points"), gains)] if gains else []
    for title, changes in (("came", found.came), ("went", found.went), ("changed", found.changed)):
        parts += list(_quote_examples(title, changes))
    return "\n\n".join(parts)


def _describe_pair(found: DatasetDifference) -> str:
    b, a = found.b, found.a
    now = f"`{b.dataset}/{b.version}`, {b.state}, {b.rows:,} rows, by run `{b.run.run_id[:12]}`"
    if a is None:
        return f"{now}. Nothing counts for {b.partition} yet."
    return f"{now}, beside `{a.dataset}/{a.version}`, {a.state}, {a.rows:,} rows, which counts for {a.partition} now."


def _examples(
    archive: Archive, a: str | None, b: str, sets: RowSets, runs: RunComparison | None
) -> Mapping[str, RowChanges]:
    """The first rows of each kind, with what became of those that went."""
    ends = {} if runs is None else {one.sample_id: (one.stage, one.reason) for one in runs.only_a.first}
    # those of which it is known why they went come first
    went = sorted(sets.went, key=lambda sample: sample not in ends)
    shown = {"came": sets.came[:MAX_EXAMPLES], "changed": sets.changed[:MAX_EXAMPLES], "went": went[:MAX_EXAMPLES]}
    new = read_samples(archive.store, b, [*shown["came"], *shown["changed"]])
    old = {} if a is None else read_samples(archive.store, a, [*shown["went"], *shown["changed"]])
    counts = {"came": len(sets.came), "changed": len(sets.changed), "went": len(sets.went)}
    return {
        kind: RowChanges(count=counts[kind], first=tuple(_example(kind, one, old, new, ends) for one in samples))
        for kind, samples in shown.items()
    }


def _example(
    kind: str,
    sample: str,
    old: Mapping[str, Mapping[str, Any]],
    new: Mapping[str, Mapping[str, Any]],
    ends: Mapping[str, tuple[str, str | None]],
) -> RowExample:
    row, before = (old if kind == "went" else new)[sample], old.get(sample) if kind == "changed" else None
    stage, reason = ends.get(sample, (None, None))
    return RowExample(
        sample_id=sample,
        problem=row["instruction"],
        solution=row["output"],
        answer=row["answer"],
        differs=tuple(name for name in CONTENT if before is not None and before[name] != row[name]),
        before=None if before is None else before["instruction"],
        stage=stage,
        reason=reason,
    )


def _quote_examples(title: str, changes: RowChanges) -> Iterator[str]:
    for one in changes.first[:FORM_EXAMPLES]:
        why = f" ({one.stage}: {one.reason})" if one.stage else ""
        why += f" ({', '.join(one.differs)})" if one.differs else ""
        yield f"**{title}** `{one.sample_id}`{why}"
        yield quote_text(f"{one.problem}\n\n{one.solution}")


def quote_text(text: str) -> str:
    """A text as a block of code, of which nothing is drawn or fetched; its end is cut off where it is long."""
    shown = text if len(text) <= MAX_FORM_CHARS else f"{text[:MAX_FORM_CHARS]}…"
    return "\n".join(f"    {line}" for line in shown.splitlines())


def _share(share: Share | None) -> str:
    return "–" if share is None or share.share is None else f"{share.part}/{share.whole} ({100 * share.share:.1f} %)"


def _gain(score: DatasetScore) -> str:
    return format_points(score.gain, score.gain_low, score.gain_high)
