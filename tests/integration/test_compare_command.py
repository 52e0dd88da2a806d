"""`caco compare` on two runs that judged the same samples: what differs between them, as text, on a narrow terminal, as JSON."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass

import ledger_world
import pytest
from click.testing import CliRunner
from ledger_world import World, sample_id

from caco_tasks.cli import main
from caco_tasks.cli.environment import open_archive_here
from caco_tasks.cli.report_tables import comparison_tables
from caco_tasks.ledger import Ledger
from caco_tasks.reports.run_comparison import OnlyAccepted, compare_runs
from caco_tasks.store import Store


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two runs over the same samples: `a` with the first judge, `b` with the strict one."""

    a: str
    b: str
    ids: dict[int, str]  # of samples, by number


@pytest.fixture
def pair(asked: World, ledger: Ledger, store: Store) -> Pair:
    """Two runs that differ in their judges."""
    run = ledger_world.judge_again(ledger, store, asked)
    first = asked.run("nightly")
    return Pair(a=first.run_id, b=run.run_id, ids={number: sample_id(first, number) for number in range(14)})


def sections(said: str) -> dict[str, str]:
    """What stands below each heading."""
    parts = [part.partition("\n") for part in said.split("\n\n")]
    return {heading: body for heading, _, body in parts}


def test_two_runs_are_compared_in_words(pair: Pair) -> None:
    done = CliRunner().invoke(main, ["compare", pair.a[:8], pair.b])
    assert (done.exit_code, done.stderr) == (0, "")
    begin = done.stdout.splitlines()[:2]
    assert begin[0].startswith("a: nightly 2026-11-20, config first, run " + pair.a)
    assert begin[1].startswith("b: nightly 2026-11-20, config strict, run " + pair.b)
    found = sections(done.stdout)
    assert [line.split()[1::2] for line in found["Settings"].splitlines() if "│" in line] == [
        ["judge.times", "1", "5"],
        ["name", "first", "strict"],
    ]
    stages = {line.split()[1]: line for line in found["Stages"].splitlines() if "│" in line}
    assert "5/7 71.4%" in stages["judge"]
    assert "6/7 85.7%" in stages["judge"]
    assert "14.3 (-28.0–51.7)" in stages["judge"]  # after Newcombe
    assert "0.0 (-25.0–25.0)" in stages["sample"]
    assert "4/4 100.0%  │ –  " in stages["publish"]  # b has not come so far
    moved = [line.split()[1:4:2] for line in found["Reasons that moved"].splitlines() if "│" in line]
    assert moved == [["judge", "unparseable_judgement"], ["decontaminate", "benchmark_overlap"]]
    assert pair.ids[10] in found["Accepted by a alone: 1 of 14 shared samples"]
    only_b = found["Accepted by b alone: 2 of 14 shared samples"]
    assert [number for number, one in pair.ids.items() if one in only_b] == [7, 8]
    assert "Both have 14 samples in common" in found["What this can tell"]


def test_a_script_reads_what_differs(pair: Pair) -> None:
    done = CliRunner().invoke(main, ["compare", pair.a, pair.b, "--json"])
    found = json.loads(done.stdout)
    assert {one["setting"]: (one["a"], one["b"]) for one in found["settings"]} == {
        "judge.times": (1, 5),
        "name": ("first", "strict"),
    }
    [judge] = [one for one in found["stages"] if one["stage"] == "judge"]
    assert (judge["a"]["part"], judge["b"]["part"], judge["a_unknown"], judge["b_unknown"]) == (5, 6, 1, 0)
    assert judge["low"] < judge["difference"] < judge["high"]
    assert judge["is_clear"] is False
    assert found["shared_samples"] == 14
    assert [one["sample_id"] for one in found["only_a"]["first"]] == [pair.ids[10]]
    assert {one["reason"] for one in found["only_b"]["first"]} == {"inconsistent", "unparseable_judgement"}


def test_a_narrow_terminal_has_every_value_and_id_whole(pair: Pair) -> None:
    changes = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "NO_COLOR": "1", "COLUMNS": "40", "FORCE_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "caco_tasks.cli", "compare", pair.a, pair.b],
        env={**os.environ, **changes},
        capture_output=True,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    lines = {" ".join(line.split()) for line in done.stdout.splitlines()}
    ids = {f"sample {pair.ids[number]}" for number in (7, 8, 10)}
    reasons = {"reason unparseable_judgement", "reason benchmark_overlap"}
    assert {"stage judge", "a kept 5/7 71.4%", "b - a, points 14.3 (-28.0\\u201351.7)", *ids, *reasons} <= lines


def test_rows_that_were_not_counted_in_time_are_told(pair: Pair) -> None:
    with open_archive_here() as archive:
        found = compare_runs(archive, pair.a, pair.b)
    late = OnlyAccepted(count=None, is_capped=True, first=())
    tables = dict(comparison_tables(found.model_copy(update={"only_a": late}), is_all=False))
    assert tables["Accepted by a alone: not counted, as it took too long, of 14 shared samples"] == "No example."
