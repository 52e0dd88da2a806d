"""`caco ablate` as a command: it makes the arms and their students, shows them again, and refuses what it cannot do in words."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, text
from whole_line import CONFIG, DAY, Place

from caco_tasks.cli.ablation_results import HEADS
from caco_tasks.cli.main import main

TABLE = """
title = "Is the comparison of answers worth its rows?"
sizes = [3]
repeats = 1
reference = "all checks"

[[arms]]
name = "all checks"

[[arms]]
name = "answers not compared"
set = ["agree.answers_differ=off"]
"""
SETTINGS = ("--config", CONFIG, "--partition", DAY, "--set", "evaluate.max_items=4")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(TABLE)
    return path


def ablate(*words: str) -> Result:
    """The command, where the environment says."""
    return CliRunner().invoke(main, ["ablate", *words], env={"COLUMNS": "200"})


def every_output(line: Place) -> Iterator[Any]:
    engine = create_engine(line.writer_url)
    with engine.connect() as connection:
        yield from connection.execute(
            text("SELECT caco.hex(run_id), stage, shard FROM caco.run_output JOIN caco.run USING (run_no)")
        )
    engine.dispose()


def test_arms_are_made_scored_and_shown_again(line: Place, table: Path) -> None:
    words = ("--here", "--table", str(table), *SETTINGS)
    made = ablate(*words, "--json")
    assert made.exit_code == 0, made.output
    found = json.loads(made.stdout)
    assert [arm["arm"] for arm in found["arms"]] == ["all checks", "answers not compared"]
    assert {(one["arm"], one["students"], one["items"] + one["unknown"]) for one in found["results"]} == {
        ("all checks", 1, 4),
        ("answers not compared", 1, 4),
    }
    before = set(every_output(line))
    assert {cell["run_id"] for cell in found["cells"]} <= {run_id for run_id, _, _ in before}

    again = ablate(*words, "--json")
    assert json.loads(again.stdout) == found
    assert set(every_output(line)) == before  # nothing was made anew
    shown = ablate("--show", "--table", "own", "--json")
    assert json.loads(shown.stdout) == found

    markdown = ablate("--show", "--table", "own", "--markdown").stdout
    lines = [one for one in markdown.splitlines() if one.startswith("|")]
    assert lines[0] == f"| {' | '.join(HEADS)} |"
    assert [one.split(" | ")[2] for one in lines[2:]] == ["the base", "all checks", "answers not compared"]
    assert "there is no verdict" in markdown
    told = ablate("--show", "--table", "own").stdout
    assert told.startswith("own: Is the comparison of answers worth its rows?")
    assert f"config {CONFIG}, {DAY}, ablation {found['ablation_id']}" in told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--json", "--markdown"), "--json and --markdown both say what the output is: give one."),
        (
            ("--here", "--table", "verfication"),
            "There is no table 'verfication', the nearest is 'verification': give a TOML file or one of",
        ),
        (("--here", "--config", "smok"), "smok"),
        (("--here", *SETTINGS[:2], "--partition", "2026-02-31"), "2026-02-31"),
        (("--here", *SETTINGS, "--set", "screen.none=off"), "screen.none"),
        (("--here", *SETTINGS, "--table", "sources"), "compares sources, and the config 'smoke' has one"),
        (("--here", "--config", "single-gpu", "--partition", DAY), "has no section [evaluate]"),
        (("--show", "--table", "verification"), "There is no ablation 'verification' in the ledger"),
    ],
    ids=["both outputs", "table", "config", "date", "setting", "one source", "no evaluation", "nothing to show"],
)
def test_what_cannot_be_done_is_said_before_anything_is_made(line: Place, words: tuple[str, ...], said: str) -> None:
    before = line.manifests()
    done = ablate(*words)
    assert done.exit_code != 0
    assert said in " ".join(done.output.split())
    assert line.manifests() == before


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('title = "Is', "title = Is", "own.toml"),
        ("sizes = [3]", "sizes = [3, 3]", "a size comes twice"),
        ('reference = "all checks"', 'reference = "none"', "the reference 'none' is none of its arms"),
        ('set = ["agree.answers_differ=off"]', "set = []", "have the same settings: there is nothing to compare"),
        ('set = ["agree.answers_differ=off"]', 'set = ["agree.answers=off"]', "agree.answers"),
    ],
    ids=["no TOML", "sizes", "reference", "equal arms", "unknown setting"],
)
def test_a_table_that_is_not_right_is_refused_in_words(line: Place, table: Path, old: str, new: str, said: str) -> None:
    table.write_text(TABLE.replace(old, new))
    done = ablate("--here", "--table", str(table), *SETTINGS)
    assert done.exit_code != 0
    assert said in " ".join(done.output.split())
