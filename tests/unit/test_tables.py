"""What the command line shows: figures, funnels, forecasts, scores, progress; nothing is cut off."""

import io
import time

import pytest
from rich.console import Console
from rich.table import Table

from caco_tasks.cli import console as consoles
from caco_tasks.cli.progress import Snapshot, format_step, list_steps, progress_table
from caco_tasks.cli.tables import (
    answer_table,
    figure_tables,
    forecast_table,
    funnel_json,
    funnel_table,
    lineage_tree,
    score_table,
    summarize_forecast,
)
from caco_tasks.forecast import StageForecast
from caco_tasks.ledger import FunnelRow, GainRow, RejectRow, ScoreRow
from caco_tasks.platform.api import TaskInstance

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


def text_of(table: Table, *, width: int = 200) -> str:
    """What a terminal of this width shows of a table."""
    console = Console(file=io.StringIO(), width=width)
    console.print(table, crop=False)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def funnel_row(stage: str, **changes: object) -> FunnelRow:
    counts = {"shards": 4, "read": 1000, "passed": 900, "failed": 90, "unknown": 10, "kept_share": 0.9, "seconds": 1.5}
    return FunnelRow(**({"run_id": "r", "stage": stage} | counts | changes))  # type: ignore[arg-type]


REASONS = [
    RejectRow(run_id="r", stage="screen", outcome="fail", reason=reason, records=records, share_of_read=0.1)
    for reason, records in {"few_lines": 50, "no_function": 20, "banned_import": 15, "dead_input": 5}.items()
]


def test_a_funnel_names_its_most_frequent_reasons() -> None:
    text = text_of(funnel_table([funnel_row("screen")], REASONS))
    assert "few_lines 50, no_function 20, banned_import 15, 1 more" in text
    assert "1,000" in text
    assert "90.0%" in text
    assert "reused" not in text
    assert "recorded" not in text


def test_a_funnel_says_what_another_run_had_made_and_what_was_only_recorded() -> None:
    text = text_of(funnel_table([funnel_row("sample", reused=3), funnel_row("screen", recorded=12)], []))
    lines = {line.split()[1]: line.split() for line in text.splitlines() if "1,000" in line}
    assert "3/4" in lines["sample"]
    assert "12" in lines["screen"]
    assert "reused: shards that another run had made." in text


def test_a_script_reads_the_same_of_a_funnel() -> None:
    found = funnel_json(
        [funnel_row("screen", reused=3, recorded=12)], REASONS, {"run_id": "r"}, cut_away={"screen": {"thinking": 2}}
    )
    screen = found["stages"]["screen"]
    assert (screen["shards"], screen["reused"], screen["recorded"], screen["failed"]["few_lines"]) == (4, 3, 12, 50)
    assert (found["run_id"], found["published"]) == ("r", 0)


def forecast(stage: str, shards: int, reused: int, calls: int) -> StageForecast:
    return StageForecast(stage=stage, shards=shards, reused=reused, model_calls=calls)


def test_a_forecast_says_what_is_reused_and_made_and_asked() -> None:
    stages = [forecast("sample", 4, 4, 0), forecast("judge", 4, 0, 1234), forecast("publish", 1, 0, 0)]
    lines = [line.split() for line in text_of(forecast_table(stages)).splitlines()]
    assert ["│", "judge", "│", "4", "│", "0", "│", "4", "│", "1,234", "│"] in lines
    assert summarize_forecast(stages) == (
        "Of 9 outputs 4 are there and reused; this run makes 5 and asks models at most 1,234 times."
    )


def test_a_forecast_of_a_finished_run_says_so() -> None:
    assert summarize_forecast([forecast("sample", 4, 4, 0)]) == (
        "All 4 outputs are there: this run makes nothing and asks no model."
    )
    assert summarize_forecast([forecast("agree", 4, 0, 0)]).endswith("makes 4 and asks no model.")


IDS = ["0" * 32, "a" * 64, "01234567-89ab-cdef-0123-456789abcdef"]


@pytest.mark.parametrize("width", [40, 80, 200])
def test_ids_in_an_answer_are_never_cut_off(width: int) -> None:
    text = text_of(answer_table(["key", "sha256", "sample", "text"], [[*IDS, "word " * 50]]), width=width)
    assert [one for one in IDS if one not in text] == []


def test_a_long_text_in_an_answer_is_wrapped_and_none_of_it_lost() -> None:
    text = text_of(answer_table(["uri", "count"], [["outputs/" + "x" * 200, None]]), width=60)
    assert text.count("x") == 200
    assert "–" in text


def test_an_answer_in_a_file_has_a_line_for_each_row(capsys: pytest.CaptureFixture[str]) -> None:
    consoles.print_whole(answer_table(["text"], [["word " * 100]]))
    assert "word " * 99 in capsys.readouterr().out


@pytest.mark.parametrize("width", [20, 40, 60])
def test_a_table_that_a_terminal_would_break_words_of_is_told_record_by_record(width: int) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=width, no_color=True, highlight=False)
    consoles.print_whole(funnel_table([funnel_row("sample"), funnel_row("execute")], []), console)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert lines[:2] == ["Funnel", "-- 1 --"]
    assert [line.split() for line in lines if line.startswith(("stage", "read"))] == [
        ["stage", "sample"],
        ["read", "1,000"],
        ["stage", "execute"],
        ["read", "1,000"],
    ]


def test_progress_is_a_line_now_and_then_in_a_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(consoles, "FIRST_LINE_SECONDS", 0.01)
    monkeypatch.setattr(consoles, "NEXT_LINE_SECONDS", 0.01)
    with consoles.show_progress("reading") as line:
        for text in ("reading", "1,000 rows read"):
            line.update(text)
            while text not in capsys.readouterr().err:  # pytest ends it where it never comes
                time.sleep(0.01)


def test_a_quick_command_shows_no_progress_in_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    with consoles.show_progress("reading"):
        pass
    assert capsys.readouterr().err == ""


def task(task_id: str, state: str | None, map_index: int = -1) -> TaskInstance:
    return TaskInstance(task_id=task_id, map_index=map_index, state=state, try_number=1)


def test_the_checks_of_a_dag_stand_where_they_are_made() -> None:
    tasks = [task(name, None) for name in ("plan", "dry_run", "gate", "publish", "finish", "announce")]
    steps = list(list_steps("nightly", tasks))
    assert steps[:2] == ["dry_run", "sample"]
    assert steps[-5:] == ["decontaminate", "gate", "publish", "finish", "announce"]
    assert list(list_steps("seeds", [task("finish", None)])) == ["seeds", "unify", "finish"]
    assert list(list_steps("codegen", tasks)) == ["dry_run", "train", "gate", "finish", "announce"]


def test_progress_counts_shards_and_names_what_was_reused() -> None:
    mapped = [task("funnel.sample", "success", 0), task("funnel.sample", "success", 1)]
    mapped += [task("funnel.execute", "running", 0), task("funnel.execute", "success", 1)]
    tasks = [*mapped, task("gate", None), task("publish", None), task("finish", None)]
    funnel = [funnel_row("sample", reused=1, shards=2), funnel_row("execute", shards=1)]
    text = text_of(progress_table("nightly", Snapshot(state="running", tasks=tasks, funnel=funnel)))
    assert "2/2 shards done, 1 reused" in text
    assert "1/2 shards done, 1 running" in text
    waiting = [line.split() for line in text.splitlines() if line.strip().startswith("gate")]
    assert waiting == [["gate", "–", "–", "–", "–", "–"]]


def test_a_check_that_ended_is_done_or_failed() -> None:
    tasks = [task("gate", "failed"), task("dry_run", "success"), task("finish", "upstream_failed")]
    text = text_of(progress_table("nightly", Snapshot(state="failed", tasks=tasks, funnel=[])))
    states = {line.split()[0]: " ".join(line.split()[1:-4]) for line in text.splitlines()[1:]}
    assert (states["gate"], states["dry_run"], states["finish"]) == ("1 failed", "done", "1 upstream_failed")


def test_a_line_of_progress_has_the_counts() -> None:
    line = format_step("sample", "4/4 shards done", funnel_row("sample"))
    assert line == "  sample        4/4 shards done: 900 passed, 90 failed, 10 unknown of 1,000"
