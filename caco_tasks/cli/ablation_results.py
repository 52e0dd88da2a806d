"""The results of an ablation as a table, in the terminal and in Markdown."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from caco_tasks.cli.console import show_controls
from caco_tasks.format import NOTHING, format_count, format_p, format_points

HEADS = ("benchmark", "rows", "arm", "students", "right, %", "difference, points", "p, Holm", "verdict")


def result_rows(found: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """The rows of the table, by benchmark, size and arm; first what the base of all students scores."""
    for benchmark in dict.fromkeys(one["benchmark"] for one in found["results"]):
        for one in found["base"]:
            if one["benchmark"] == benchmark:
                score = format_points(one["pass_at_1"], one["pass_at_1_low"], one["pass_at_1_high"])
                yield benchmark, "0", "the base", NOTHING, score, NOTHING, NOTHING, NOTHING
        for one in found["results"]:
            if one["benchmark"] == benchmark:
                yield benchmark, *_result_cells(one)
    yield from _rows_without_students(found)


def ablation_table(found: Mapping[str, Any]) -> Table:
    """The results for the terminal."""
    table = Table(box=None, pad_edge=False)
    for head in HEADS:
        is_word = head in ("benchmark", "arm", "verdict")
        table.add_column(head, justify="left" if is_word else "right", no_wrap=not is_word)
    for row in result_rows(found):
        table.add_row(*(Text(show_controls(cell)) for cell in row))
    return table


def ablation_markdown(found: Mapping[str, Any]) -> str:
    """The results in Markdown, with what they were made by and what stands below the table."""
    lines = [HEADS, ["---"] * len(HEADS), *result_rows(found)]
    table = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    about = f"{found['title']} (`{found['name']}`, config `{found['config']}`, {found['partition']})"
    return "\n\n".join([about, table, *ablation_notes(found)])


def ablation_notes(found: Mapping[str, Any]) -> Iterator[str]:
    """What a reader must know of the figures."""
    against = f"'{found['reference_arm']}'"
    if found["reference_size"] is not None:
        against += f" of {found['reference_size']:,} rows"
    yield (
        f"In brackets 95 % intervals. Differences are to {against}, over the items that both decided; p is of the exact McNemar "
        "test, corrected by Holm over the table."
    )
    noises = {one["benchmark"]: one["noise"] for one in found["results"] if one["noise"] is not None}
    if noises:
        told = ", ".join(f"{100 * noise:.1f} points on {name}" for name, noise in noises.items())
        yield (
            f"Students of the same rows differ by themselves: one standard deviation of a score between trainings is {told}. "
            "The intervals of differences hold it."
        )
    else:
        yield "Each cell has one student, so how much training differs by itself is not known, and there is no verdict."
    shared = list(_shared_arms(found))
    if shared:
        yield f"The very same rows, and so the same students: {'; '.join(shared)}."


def _result_cells(one: Mapping[str, Any]) -> tuple[str, ...]:
    verdict = one["verdict"] or ("the reference" if one["p"] is None else "not known")
    return (
        _describe_rows(one["size"], one["rows"]),
        one["arm"],
        format_count(one["students"]),
        format_points(one["score"], one["score_low"], one["score_high"]),
        _difference(one["difference"], one["difference_low"], one["difference_high"]),
        format_p(one["p_holm"]),
        verdict,
    )


def _difference(middle: float | None, low: float | None, high: float | None) -> str:
    if middle is None or low is None or high is None:
        return NOTHING
    return f"{100 * middle:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"


def _describe_rows(size: int | None, rows: int) -> str:
    return f"all: {rows:,}" if size is None else format_count(rows)


def _rows_without_students(found: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Arms of which no row came through."""
    for cell in found["cells"]:
        if cell["run_id"] is None and cell["repeat"] == 0:
            yield (NOTHING, "0", cell["arm"], "0", NOTHING, NOTHING, NOTHING, "no rows")


def _shared_arms(found: Mapping[str, Any]) -> Iterator[str]:
    by_run: dict[tuple[Any, str], list[str]] = {}
    for cell in found["cells"]:
        if cell["repeat"] == 0 and cell["run_id"] is not None:
            by_run.setdefault((cell["size"], cell["run_id"]), []).append(cell["arm"])
    for (size, _), arms in by_run.items():
        if len(arms) > 1:
            yield f"{_list_arms(arms)} ({'all rows' if size is None else f'{size:,} rows'})"


def _list_arms(arms: Sequence[str]) -> str:
    return ", ".join(f"'{arm}'" for arm in arms)
