"""Nights that are struck as the crash table has it end as the night that nobody disturbed; two at once end as one."""

import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import crash_points  # noqa: E402
import fault_history  # noqa: E402
import twins  # noqa: E402
from fault_attempts import Attempt, Task  # noqa: E402
from fault_night import judge_attempt  # noqa: E402
from fault_table import BOUNDARIES, FAULTS, SITUATIONS  # noqa: E402

CASES = 60


def test_a_night_is_the_same_night_wherever_its_tasks_are_struck() -> None:
    found = crash_points.bench(n=CASES, seed=1)
    assert found["what_was_violated"] == []
    assert found["cases"] >= CASES
    assert found["killed"] > CASES / 3
    assert all(sum(by_fault.values()) for by_fault in found["situation"].values())


def test_twins_leave_one_dataset() -> None:
    found = twins.bench(n=1)
    assert found["what_was_violated"] == []
    assert (found["pairs"], found["one_dataset"]) == (1, 1)


def struck(fault: str, ended: str, **more: object) -> Attempt:
    """An attempt at a task that was struck, or was to be."""
    case = f"manifest, {fault}, retry"
    facts = {"has_struck": True, "ended": ended, "case": case} | more
    return Attempt(task=Task(name="finish"), who="victim", **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("attempt", "told"),
    [
        (struck("after", "done"), "killed, and says that it is done"),
        (struck("slow", "error"), "only slow"),
        (struck("error", "error", is_expected=False), "nobody says in a sentence"),
        (struck("error", "hung"), "hangs"),
        (struck("before", "killed", has_struck=False), "nobody struck"),
        (struck("before", "killed", kept_before=frozenset({3, 4}), asked=[4, 5]), "1 replies that were kept were paid"),
    ],
)
def test_what_an_attempt_must_not_do_is_told(attempt: Attempt, told: str) -> None:
    [found] = judge_attempt(attempt)
    assert told in found


@pytest.mark.parametrize("attempt", [struck("torn", "killed"), struck("error", "error"), struck("slow", "done")])
def test_what_an_attempt_may_do_is_not_told(attempt: Attempt) -> None:
    assert judge_attempt(attempt) == []


def test_a_night_that_differs_is_told_where() -> None:
    one = {"rows": [{"id": 1, "verdict": "pass"}], "manifest": {"read": 1}}
    other = {"rows": [{"id": 1, "verdict": "fail"}], "manifest": {"read": 2}}
    assert fault_history.differences(one, one) == []
    assert fault_history.differences(one, other) == [
        "manifest: read: 2 instead of 1",
        "rows: verdict: fail instead of pass",
    ]


def test_the_table_names_every_cell_once() -> None:
    names = [boundary.name for boundary in BOUNDARIES]
    assert len(names) == len(set(names))
    assert len(names) * len(FAULTS) * len(SITUATIONS) == crash_points.count_cells()
