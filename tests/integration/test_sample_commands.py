"""What the terminal shows of samples, runs and datasets, over a loaded ledger: whole, in words, and as JSON."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import pytest
from click.testing import CliRunner
from ledger_world import World, sample_id
from scored import write_evaluation

from caco_tasks.cli import console, main
from caco_tasks.ledger import Ledger
from caco_tasks.store import Store

pytestmark = pytest.mark.usefixtures("asked")


def caco(*words: str) -> str:
    """What a command that ends well says."""
    done = CliRunner().invoke(main, words)
    assert (done.exit_code, done.stderr) == (0, ""), (done.stderr, done.exception)
    return done.stdout


def caco_json(*words: str) -> Any:
    """What it says for scripts."""
    return json.loads(caco(*words, "--json"))


def test_a_rejected_sample_is_shown_with_its_texts_and_why(asked: World) -> None:
    subject = sample_id(asked.run("nightly"), 6)
    said = caco("show", subject[:12])
    for part in (subject, "Rejected at agree: answers_differ", "7 is not 8", "How many?", "It is 8.", "input['n'] + 1"):
        assert part in said
    found = caco_json("show", subject)
    assert (found["stage"], found["reason"], found["problem"]) == ("agree", "answers_differ", "How many?")


def test_a_published_sample_says_where_and_what_a_recall_would_touch(asked: World) -> None:
    subject = sample_id(asked.run("nightly"), 13)
    said = caco("show", subject)
    assert "Passed every stage" in said
    assert "If it were taken back" in said


def test_a_sample_overlapping_a_benchmark_names_the_items(asked: World) -> None:
    said = caco("show", sample_id(asked.run("nightly"), 9))
    assert "gsm8k, 17: ngram 0.75" in said


def test_a_lineage_is_short_with_its_texts_and_whole_on_demand(asked: World) -> None:
    subject = sample_id(asked.run("nightly"), 13)
    short, whole = caco("lineage", subject), caco("lineage", subject, "--all")
    assert len(short.splitlines()) < 40
    for part in ("How many?", "It is 8.", asked.run("nightly").run_id, asked.run("seeds").run_id, "toy v1, MIT: 4 of"):
        assert part in short
    assert "sha256" in whole
    assert "sha256" not in short
    assert caco_json("lineage", subject)["sample_id"] == subject


def test_rejects_are_listed_by_stage_and_reason(asked: World) -> None:
    said = caco("rejects", "--stage", "agree")
    assert sample_id(asked.run("nightly"), 6) in said
    assert "7 is not 8" in said
    rows = caco_json("rejects", "--reason", "benchmark_overlap")["rows"]
    assert [row["sample_id"] for row in rows] == [sample_id(asked.run("nightly"), 9)]
    rows = caco_json("rejects", "--unknown")["rows"]
    assert [row["reason"] for row in rows] == ["unparseable_judgement"]
    assert caco("rejects", "--stage", "publish") == "Nothing was rejected under these conditions.\n"


def test_runs_are_listed_with_what_they_published(asked: World) -> None:
    said = caco("runs")
    for pipeline in ("seeds", "codegen", "nightly"):
        assert f" {asked.run(pipeline).run_id} " in said
    assert f" {asked.run('nightly').run_id} " in caco("dataset", "list")
    [nightly] = caco_json("runs", "--pipeline", "nightly")["rows"]
    assert (nightly["run_id"], nightly["published"], nightly["sampled"]) == (asked.run("nightly").run_id, 4, 14)
    assert caco("runs", "--config", "none-of-this-name") == "The ledger knows no such run yet.\n"


ROOM = [("runs", 40, 12), ("runs", 130, 12), ("runs", 160, 32), ("dataset list", 95, 12), ("dataset list", 160, 32)]


@pytest.mark.parametrize(("command", "columns", "digits"), ROOM)
def test_a_terminal_without_room_for_whole_ids_has_enough_of_them_to_name_a_run(
    asked: World, command: str, columns: int, digits: int
) -> None:
    changes = {"NO_COLOR": "1", "COLUMNS": str(columns), "FORCE_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "caco_tasks.cli", *command.split()],
        env={**os.environ, **changes},
        capture_output=True,
        text=True,
        check=True,
    )
    run_id = asked.run("nightly").run_id
    assert re.findall(rf"\b{run_id[:12]}[0-9a-f]*\b", done.stdout) == [run_id[:digits]]
    assert done.stdout.startswith("-- 1 --") is (columns == 40)
    assert caco_json("funnel", run_id[:digits])["run_id"] == run_id


def test_a_dataset_is_shown_with_its_state_licences_and_how_to_load_it(asked: World) -> None:
    name = f"toys/{asked.datasets[0].version}"
    said = caco("dataset", "show", name)
    for part in (
        "published (current among those of its date), 4 rows",
        "MIT",
        "CC0-1.0",
        asked.datasets[0].files[0].uri,
        "load_dataset",
        f"caco export {name}",
    ):
        assert part in said
    assert caco_json("dataset", "show", name)["line"]["rows"] == 4


def test_an_evaluation_has_no_share_above_one(asked: World, ledger: Ledger, store: Store) -> None:
    run = write_evaluation(store, ledger, dataset="toys/1")  # three rows learnt, a hundred answers
    [found] = caco_json("runs", "--pipeline", "evaluate")["rows"]
    assert (found["run_id"], found["sampled"], found["kept"]) == (run.run_id, 100, 27)
    assert found["kept_share"]["share"] == 0.27


READING = {
    "runs": "reading the ledger",
    "funnel": "reading the ledger",
    "rejects": "reading the ledger",
    "show {sample}": "reading the ledger",
    "lineage {sample} --all": "reading the ledger",
    "compare {nightly} {seeds}": "reading the ledger",
    "dataset show toys/1": "reading the ledger",
    "dataset list": "looking through the store",
    "status": "asking the services",
    "doctor": "looking at this machine",
    "plan --estimate": "estimating",
    "rerun {nightly} --stage seeds": "preparing new attempts",
    "ledger migrate": "migrating the ledger",
}


@pytest.mark.parametrize("command", READING)
def test_what_may_take_long_shows_progress_in_a_log(
    asked: World, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(console, "FIRST_LINE_SECONDS", 0.0)
    ids = {pipeline: asked.run(pipeline).run_id for pipeline in ("seeds", "nightly")}
    words = command.format(sample=sample_id(asked.run("nightly"), 6), **ids).split()
    assert f"{READING[command]}\n" in CliRunner().invoke(main, words).stderr


def test_a_dataset_is_withdrawn_and_restored_and_a_script_reads_it(asked: World) -> None:
    name = f"toys/{asked.datasets[0].version}"
    done = CliRunner().invoke(
        main, ["dataset", "withdraw", name, "--because", "b", "--by", "ada", "--release-claims", "--json"]
    )
    about = {"dataset": name, "because": "b", "by": "ada"}
    assert json.loads(done.stdout) == {**about, "state": "withdrawn", "released_claims": 0}
    assert done.stderr.startswith(f"{name} is withdrawn.\n")
    assert caco_json("dataset", "list")[0]["state"] == "withdrawn"
    assert caco_json("dataset", "restore", name, "--because", "b", "--by", "ada") == {**about, "state": "published"}
    assert caco("dataset", "withdraw", name, "--because", "c") == f"{name} is withdrawn.\n"


def test_a_ledger_that_is_up_to_date_says_so(asked: World) -> None:
    assert caco("ledger", "migrate") == "Up to date.\n"
    assert caco_json("ledger", "migrate") == {"applied": []}


REFUSED = {
    "no sample": (["show", "00"], "There is no"),
    "no id": (["lineage", "zzz"], "is no id of a sample"),
    "scores of a nightly run": (["scores", "{nightly}"], "is one of 'nightly', and this is told of runs of 'evaluate'"),
    "a run that there is none": (["funnel", "00000000"], "`caco runs` lists those that are there"),
    "an empty id of a funnel": (["funnel", ""], "There is no run ''"),
    "an empty id of scores": (["scores", ""], "There is no run ''"),
    "an empty id of a rerun": (["rerun", "", "--stage", "judge"], "There is no run ''"),
    "an empty id of a draw": (["audit", "draw", "", "--out", "sheets"], "There is no run ''"),
    "an empty id of rejects": (["rejects", ""], "There is no run ''"),
    "a run beside itself": (["compare", "{nightly}", "{nightly}"], ""),
    "two pipelines": (["compare", "{nightly}", "{seeds}"], ""),
    "a misspelt stage": (["rejects", "--stage", "agre"], "There is no stage 'agre', the nearest is 'agree': there are"),
    "a misspelt reason": (
        ["rejects", "--reason", "answer_differ"],
        ", the nearest is 'answers_differ': docs/reasons.md",
    ),
    "no card": (["dataset", "show", "{dataset}", "--card"], "The store has no card of toys/"),
    "no pipeline": (["runs", "--pipeline", "weekly"], "There is no pipeline 'weekly'"),
    "no dataset": (["dataset", "show", "toys/none"], "There is no dataset 'toys/none'"),
    "no name of one": (["dataset", "show", "toys"], "'toys' names no dataset"),
}


@pytest.mark.parametrize(("words", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_there_is_one_sentence(asked: World, words: list[str], said: str) -> None:
    ids = {pipeline: asked.run(pipeline).run_id for pipeline in ("seeds", "codegen", "nightly")}
    ids["dataset"] = f"toys/{asked.datasets[0].version}"
    done = CliRunner().invoke(main, [word.format(**ids) for word in words])
    assert done.exit_code == 1, done.exception
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


WALKED = [
    "runs",
    "funnel",
    "rejects",
    "scores",
    "show {sample}",
    "lineage {sample}",
    "lineage {sample} --all",
    "dataset list",
    "dataset show {dataset}",
    "housekeeping",
    "plan --estimate",
    "sql --recipe where_rows_are_lost",
    "ledger migrate",
]


# said on a busy machine
PROGRESS = {"reading the ledger", "looking through the store", "migrating the ledger", "estimating"}


def start(asked: World, command: str, changes: dict[str, str], stdout: int | IO[bytes]) -> tuple[int, bytes, str]:
    """Exit code, output and error output of a command in a process of its own; not what it says when it has to wait."""
    words = command.format(
        sample=sample_id(asked.run("nightly"), 6), dataset=f"toys/{asked.datasets[0].version}"
    ).split()
    done = subprocess.run(
        [sys.executable, "-m", "caco_tasks.cli", *words],
        env={**os.environ, **changes},
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
    )
    told = [line for line in done.stderr.decode().splitlines() if line not in PROGRESS]
    return done.returncode, done.stdout or b"", "\n".join(told)


@pytest.fixture
def scored(asked: World, ledger: Ledger, store: Store) -> World:
    """The three runs, and an evaluation beside them."""
    write_evaluation(store, ledger, dataset="toys/1")
    return asked


@pytest.mark.parametrize("command", WALKED)
def test_a_command_is_whole_in_ascii_without_colour_and_at_40_columns(scored: World, command: str) -> None:
    changes = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "NO_COLOR": "1", "COLUMNS": "40", "FORCE_COLOR": "1"}
    code, said, told = start(scored, command, changes, subprocess.PIPE)
    assert (code, told) == (0, "")
    assert said.isascii()
    assert b"\x1b[3" not in said  # no colour
    assert b"..." not in said


@pytest.mark.parametrize("command", WALKED)
def test_a_full_disk_behind_a_command_is_one_sentence(scored: World, command: str) -> None:
    with Path("/dev/full").open("wb") as full:
        code, _, told = start(scored, command, {}, full)
    assert (code, told) == (1, "caco: The output cannot be written: No space left on device.")


@pytest.mark.parametrize("command", WALKED)
def test_a_reader_of_a_command_may_go_away(scored: World, command: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        code, _, told = start(scored, command, {}, pipe)
    assert (code, told) == (1, "")
