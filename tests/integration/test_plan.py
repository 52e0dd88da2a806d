"""`caco plan` and `caco runs`: what a run would do, told beforehand, and what the ledger knows of runs."""

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner, Result
from whole_line import CONFIG, DAY, NEXT_DAY, Place, ledger_content

from caco_tasks.cli import main
from caco_tasks.ledger import Ledger
from caco_tasks.pipeline import PIPELINES


def caco(*words: str) -> Result:
    """What a command says."""
    return CliRunner().invoke(main, words)


def plan(*words: str) -> Result:
    """What `caco plan` says of the smallest config."""
    return caco("plan", "--config", CONFIG, *words)


def test_a_plan_names_each_stage_with_shards_and_calls_for_a_script(line: Place) -> None:
    found = json.loads(plan("--partition", DAY, "--json").stdout)
    assert (found["run_id"], found["partition"]) == (line.runs["nightly"], DAY)
    assert [stage["stage"] for stage in found["stages"]] == [spec.name for spec in PIPELINES["nightly"]]
    assert all(set(stage) == {"stage", "shards", "reused", "model_calls"} for stage in found["stages"])
    assert set(found) == {"run_id", "partition", "stages"}


def test_a_plan_ends_with_a_sentence(line: Place) -> None:
    lines = plan("--partition", DAY).stdout.splitlines()
    assert lines[0] == f"nightly {DAY}, run {line.runs['nightly']}"
    assert lines[-1] == "All 19 outputs are there: this run makes nothing and asks no model."
    changed = plan("--partition", DAY, "--set", "agree.wrong_unit=record").stdout.splitlines()
    assert changed[-1] == "Of 19 outputs 12 are there and reused; this run makes 7 and asks no model."


def test_a_plan_is_of_the_nightly_run_of_today_where_nothing_else_is_said(line: Place) -> None:
    found = json.loads(plan("--json").stdout)
    assert found["partition"] == datetime.now(UTC).date().isoformat()
    assert found["stages"][0] == {"stage": "sample", "shards": 2, "reused": 0, "model_calls": 24}


@pytest.mark.parametrize("pipeline", ["seeds", "nightly"])
def test_a_plan_writes_nothing(line: Place, pipeline: str) -> None:
    listing, content = line.listing(), ledger_content(line.owner_url)
    assert plan(pipeline, "--partition", NEXT_DAY).exit_code == 0
    assert line.listing() == listing
    assert ledger_content(line.owner_url) == content


def test_a_registered_run_can_be_worked_on(line: Place) -> None:
    found = json.loads(plan("--partition", NEXT_DAY, "--register", "--json").stdout)
    assert found["shards"] == [0, 1]
    with Ledger(line.writer_url) as ledger:
        run = ledger.find_run(found["run_id"])
    assert run is not None
    assert run.requested == {"config": CONFIG, "overrides": []}
    again = plan("--partition", NEXT_DAY, "--register").stdout.splitlines()
    assert again[-1].endswith(f"it begins with: caco stage sample --run {found['run_id'][:12]} --shard 0")


def test_a_config_of_ones_own_is_registered_with_its_whole_path(line: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from caco_tasks.config import CONFIGS_FOLDER

    monkeypatch.chdir(line.folder)
    (line.folder / "mine.toml").write_text((CONFIGS_FOLDER / f"{CONFIG}.toml").read_text().replace("smoke", "mine"))
    found = json.loads(caco("plan", "--config", "mine.toml", "--partition", DAY, "--register", "--json").stdout)
    with Ledger(line.writer_url) as ledger:
        run = ledger.find_run(found["run_id"])
    assert run is not None
    assert run.requested["config"] == str(line.folder / "mine.toml")


def test_a_plan_says_what_must_come_first(line: Place) -> None:
    result = plan("codegen", "--partition", NEXT_DAY)
    assert result.exit_code == 1
    assert "There are no seed programs for" in result.stderr


def test_runs_are_listed_with_how_far_they_have_come(line: Place) -> None:
    plan("--partition", NEXT_DAY, "--register")
    found = json.loads(caco("runs", "--json").stdout)["rows"]
    assert [
        (run["partition"], run["pipeline"], run["state"], run["outputs"], run["outputs_expected"]) for run in found
    ] == [
        (NEXT_DAY, "nightly", "planned", 0, 19),
        (DAY, "nightly", "published", 19, 19),
        (DAY, "codegen", "complete", 1, 1),
        (DAY, "seeds", "complete", 4, 4),
    ]
    assert (found[0]["sampled"], found[1]["sampled"], found[1]["config"]) == (0, 24, CONFIG)
    only = json.loads(caco("runs", "--pipeline", "nightly", "--newest", "1", "--json").stdout)["rows"]
    assert only == found[:1]
    assert found[1]["run_id"][:12] in caco("runs").stdout
    assert "There is no pipeline 'weekly'" in caco("runs", "--pipeline", "weekly").stderr


def test_a_funnel_says_what_another_run_had_made(line: Place) -> None:
    changed = json.loads(plan("--partition", DAY, "--set", "judge.times=3", "--register", "--json").stdout)["run_id"]
    done = caco("stage", "sample", "--run", changed, "--shard", "1", "--json")
    counts = json.loads(done.stdout)
    assert (counts["shard"], counts["is_reused"], counts["run_id"]) == (1, True, line.runs["nightly"])
    text = caco("stage", "sample", "--run", changed, "--shard", "1").stdout
    assert f"made by run {line.runs['nightly'][:12]}" in text
