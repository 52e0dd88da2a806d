"""How benchmarks are shown: plain figures together, groups of rows apart, shares with their intervals."""

import io

from rich.console import Console

from caco_tasks.cli.tables import figure_tables, lineage_tree, score_table
from caco_tasks.ledger import GainRow, ScoreRow

SHARE = {"n": 9, "of": 10, "share": 0.9, "low": 0.5958, "high": 0.9821}


def shown(figures: dict[str, object]) -> str:
    """What a wide terminal shows."""
    console = Console(file=io.StringIO(), width=200)
    console.print(*figure_tables(figures))
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_a_group_of_rows_has_a_table_of_its_own() -> None:
    figures = {
        "rows": 10,
        "kinds_of_errors": {"swapped": {"caught": SHARE, "by": {"answers_differ": 9}}},
        "machine": "m",
    }
    assert len(figure_tables(figures)) == 2
    text = shown(figures)
    assert "kinds of errors" in text
    assert "9 of 10: 90.0% (59.6% – 98.2%)" in text
    assert "answers_differ: 9" in text


def test_a_benchmark_without_groups_has_one_table() -> None:
    figures = {"pairs_per_second": 10_300, "public_cases": {"right": 290, "methods": {"integer": 3}}}
    assert len(figure_tables(figures)) == 1
    assert "right: 290, methods: integer: 3" in shown(figures)


def test_a_share_alone_is_a_plain_figure() -> None:
    assert "9 of 10: 90.0%" in shown({"gsm8k": {"lost": SHARE}})


def test_a_curve_does_not_fill_the_tree_of_a_lineage() -> None:
    console = Console(file=io.StringIO(), width=200)
    found = {
        "sample_id": "5a",
        "model": {"curve": [[step, 0.3] for step in range(500)], "steps": 500, "grades": ["S", "A"]},
    }
    console.print(lineage_tree(found))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "curve: 500 values, in `caco lineage --json`" in text
    assert len(text.splitlines()) < 10


def score(contender: str, right: int, **changes: object) -> ScoreRow:
    interval = {f"pass_at_1{end}": right / 282 + shift for end, shift in {"": 0, "_low": -0.05, "_high": 0.06}.items()}
    asked = {"k": None, "pass_at_k": None, "pass_at_k_low": None, "pass_at_k_high": None}
    counts = {"items": 282, "right_answers": right, "wrong": 279 - right, "unknown": 3}
    found = {"benchmark": "olympiadbench", "contender": contender, "is_protected": True}
    return ScoreRow(**(found | counts | interval | asked | changes))  # type: ignore[arg-type]


def test_scores_fit_a_terminal_of_80_columns() -> None:
    gain = GainRow(
        benchmark="olympiadbench", items=282, gained=99, lost=3, gain=0.34, gain_low=0.28, gain_high=0.4, p=7e-26
    )
    console = Console(file=io.StringIO(), width=80)
    console.print(score_table([score("base", 4), score("student", 100)], [gain]))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "olympiadbench  student  100/282 ?3  35.5 (30.5–41.5)  34.0 (28.0–40.0)  7e-26" in text
    assert "decontaminated against: olympiadbench." in " ".join(text.split())


def test_scores_of_sampled_answers_have_a_column_of_their_own() -> None:
    sampled = score("base", 4, k=4, pass_at_k=0.1, pass_at_k_low=0.05, pass_at_k_high=0.2)
    console = Console(file=io.StringIO(), width=120)
    console.print(score_table([sampled], []))
    assert "10.0 (5.0–20.0)" in console.file.getvalue()  # type: ignore[attr-defined]
