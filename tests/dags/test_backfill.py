"""A real scheduler: seeds that start CodeGen by themselves, a backfill of three dates, done twice, and people who judge."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from caco_tasks.ledger import Ledger
from caco_tasks.platform import airflow, control
from caco_tasks.platform.api import AirflowApi, DagRun
from caco_tasks.platform.ports import free_port
from caco_tasks.platform.state import Home, PlatformState

ROOT = Path(__file__).parents[2]
TODAY = datetime.now(UTC).date()  # the last date: else the scheduler adds the run due today; at midnight it may
DATES = [str(TODAY - timedelta(days=days)) for days in (2, 1, 0)]
SMALL = {"config": "smoke", "samples": 6, "overrides": ["shards=1"]}
PATIENCE_SECONDS = 600


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, first_port: int) -> Iterator[PlatformState]:
    """The whole local platform in a home of its own, on ports of its own, with a store of files."""
    home = tmp_path_factory.mktemp("platform")
    ports = {name: free_port(first_port + 300 + 10 * n) for n, name in enumerate(("airflow", "postgres", "s3"))}
    try:
        yield control.up(home, project=ROOT, store="file", ports=ports)
    finally:
        control.down(home)


@pytest.fixture(scope="module")
def api(platform: PlatformState) -> Iterator[AirflowApi]:
    """Its API, with all DAGs known and unpaused."""
    with AirflowApi(platform.airflow_url, platform.airflow_user, platform.airflow_password) as client:
        for dag_id in ("caco_seeds", "caco_codegen", "caco_nightly"):
            wait_until(lambda name=dag_id: client.is_dag_known(name))  # type: ignore[misc]
            client.unpause(dag_id)
        yield client


@pytest.fixture(scope="module")
def codegen(api: AirflowApi) -> DagRun:
    """The run of caco_codegen that follows a run of caco_seeds."""
    seeds = api.trigger("caco_seeds", {"config": "smoke", "partition": DATES[0], "overrides": ["seeds.shards=1"]})
    wait_until(lambda: api.run("caco_seeds", seeds).is_finished)
    assert api.run("caco_seeds", seeds).state == "success"
    wait_until(lambda: any(run.is_finished for run in api.runs("caco_codegen")))
    return api.runs("caco_codegen")[0]


def test_finished_seeds_start_codegen_with_the_same_settings(api: AirflowApi, codegen: DagRun) -> None:
    assert codegen.dag_run_id.startswith("asset_triggered__")
    assert codegen.state == "success"
    assert len(api.runs("caco_codegen")) == 1


def test_a_backfill_of_three_dates_gives_three_runs_and_again_none(
    api: AirflowApi, codegen: DagRun, platform: PlatformState
) -> None:
    assert backfilled(api) == []
    assert backfill(platform)
    assert len(backfilled(api)) == 3
    wait_until(lambda: all(run.is_finished for run in backfilled(api)))
    runs = backfilled(api)
    assert [(run.partition_key, run.state) for run in runs] == [(date, "success") for date in DATES]
    before = contents(platform)
    assert {path.split("/")[1] for path in before if path.endswith("outputs/publish/00000.json")} == set(DATES)
    wait_until(lambda: backfill(platform))
    assert backfilled(api) == runs
    assert contents(platform) == before


def test_people_judge_the_rows_of_a_run_in_forms(api: AirflowApi, codegen: DagRun, platform: PlatformState) -> None:
    wait_until(lambda: api.is_dag_known("caco_audit"))
    api.unpause("caco_audit")
    run_id = api.trigger("caco_audit", {"rows": 1, "person": "ada"})
    path = f"/api/v2/dags/caco_audit/dagRuns/{run_id}"
    with browser(platform) as client:
        wait_until(lambda: bool(forms(client, path)))
        drawn = int(ask(platform, "SELECT count(*) FROM caco.audit_row")[0][0])
        wait_until(lambda: len(forms(client, path)) == drawn)
        bodies = [form["body"] for form in forms(client, path)]
        assert all("**program**" in body for body in bodies)
        for form in forms(client, path):  # a part that is not there cannot be wrong; a note may be left out
            parts = {part for part in ("program", "problem", "solution") if f"**{part}**" in form["body"]}
            assert {answer.removeprefix("wrong ") for answer in form["options"] if "wrong" in answer} == parts
            assert form["params"]["note"]["schema"]["type"] == ["null", "string"]
        wait_until(lambda: answer_forms(client, path) or api.run("caco_audit", run_id).is_finished)
    assert api.run("caco_audit", run_id).state == "success"
    said = ask(
        platform, "SELECT person, answer::text, wrong_part::text, note, count(*) FROM caco.audit GROUP BY 1, 2, 3, 4"
    )
    assert said == [("ada", "fail", "program", None, drawn)]


def test_a_person_decides_whether_a_staged_dataset_takes_the_place_of_the_one_that_counts(
    api: AirflowApi, codegen: DagRun, platform: PlatformState
) -> None:
    wait_until(lambda: api.is_dag_known("caco_promote"))
    api.unpause("caco_promote")
    sizes = [
        "",
        "publish.rows_per_file=7",
        "publish.rows_per_file=8",
    ]  # other versions of the same rows, and little work
    for size in sizes:  # the first counts; the others wait for a person
        form = {**SMALL, "partition": DATES[0], "release": "staged" if size else "publish"}
        run = api.trigger("caco_nightly", {**form, "overrides": [*SMALL["overrides"], *filter(None, [size])]})
        wait_until(lambda run=run: api.run("caco_nightly", run).is_finished)  # type: ignore[misc]
        assert api.run("caco_nightly", run).state == "success"
    wait_until(lambda: len(api.runs("caco_promote")) == 2)
    answered = {}
    with browser(platform) as client:
        paths = {
            run.dag_run_id: f"/api/v2/dags/caco_promote/dagRuns/{run.dag_run_id}" for run in api.runs("caco_promote")
        }
        wait_until(lambda: all(forms(client, path) for path in paths.values()))
        for run_id, path in paths.items():
            [shown] = forms(client, path)
            assert shown["options"] == ["Approve", "Reject"]
            assert "| publish.rows_per_file |" in shown["body"]
            assert "**Funnel**" in shown["body"]
            answer = "Approve" if "| `7` |" in shown["body"] else "Reject"
            wait_until(partial(ends_answered, client, api, run_id, answer))
            assert api.run("caco_promote", run_id).state == "success"
            answered[answer] = shown["subject"].split()[1]
    api.unpause("caco_promote", paused=True)
    query = f"SELECT dataset || '/' || version, state::text, standing FROM caco.dataset_standing WHERE partition = '{DATES[0]}'"
    standing = {name: rest for name, *rest in ask(platform, query)}
    assert standing.pop(answered["Approve"]) == ["published", "current"]
    assert standing.pop(answered["Reject"]) == ["staged", None]
    assert list(standing.values()) == [["published", "superseded"]]
    [decision] = ask(platform, "SELECT by, because FROM caco.dataset_promotion")
    assert decision == (platform.airflow_user, "looked at it")


def test_a_published_dataset_starts_its_evaluation_with_the_same_settings(
    api: AirflowApi, platform: PlatformState
) -> None:
    settings = {"partition": "2026-01-05", "config": "smoke", "overrides": ["publish.name=nowhere"]}
    with evaluation_of(settings, api, platform) as (client, run):
        place = f"/api/v2/dags/caco_evaluate/dagRuns/{run.dag_run_id}/taskInstances/plan/xcomEntries/settings"
        wait_until(lambda: client.get(place).status_code == 200)
        assert client.get(place).json()["value"] == settings


def test_a_published_dataset_of_a_config_without_an_evaluation_is_skipped(
    api: AirflowApi, platform: PlatformState
) -> None:
    settings = {"partition": "2026-01-06", "config": "single-gpu", "overrides": []}
    with evaluation_of(settings, api, platform) as (client, run):
        wait_until(lambda: api.run("caco_evaluate", run.dag_run_id).is_finished)
        assert api.run("caco_evaluate", run.dag_run_id).state == "success"
        tasks = client.get(f"/api/v2/dags/caco_evaluate/dagRuns/{run.dag_run_id}/taskInstances").json()
        assert {task["state"] for task in tasks["task_instances"]} == {"skipped"}


def test_a_release_starts_once_all_dates_of_its_week_were_announced(api: AirflowApi, platform: PlatformState) -> None:
    wait_until(lambda: api.is_dag_known("caco_release"))
    api.unpause("caco_release")
    with browser(platform) as client:
        [asset] = [one["id"] for one in client.get("/api/v2/assets").json()["assets"] if one["name"] == "caco_dataset"]
        for day in range(5, 12):  # from Monday to Sunday
            assert api.runs("caco_release") == []
            event = {"asset_id": asset, "partition_key": f"2026-01-{day:02d}", "extra": {}}
            assert client.post("/api/v2/assets/events", json=event).status_code == 200
        wait_until(lambda: any(run.is_finished for run in api.runs("caco_release")))
        # no dataset counts for a date of this week, which ends the task at once
        [run] = api.runs("caco_release")
        assert (run.partition_key, run.state) == ("2026-01-05", "failed")
        log = client.get(f"/api/v2/dags/caco_release/dagRuns/{run.dag_run_id}/taskInstances/release/logs/1")
        assert "No dataset counts for a date of 2026-W02" in log.text
    api.unpause("caco_release", paused=True)


@contextmanager
def evaluation_of(
    settings: dict[str, Any], api: AirflowApi, platform: PlatformState
) -> Iterator[tuple[httpx.Client, DagRun]]:
    """The run that a dataset starts which was published with some settings."""
    wait_until(lambda: api.is_dag_known("caco_evaluate"))
    api.unpause("caco_evaluate")
    key = settings["partition"]
    with browser(platform) as client:
        [asset] = [one["id"] for one in client.get("/api/v2/assets").json()["assets"] if one["name"] == "caco_dataset"]
        event = {"asset_id": asset, "partition_key": key, "extra": {"run_id": "of the nightly run", **settings}}
        assert client.post("/api/v2/assets/events", json=event).status_code == 200
        wait_until(lambda: any(run.partition_key == key for run in api.runs("caco_evaluate")))
        yield client, next(run for run in api.runs("caco_evaluate") if run.partition_key == key)
    api.unpause("caco_evaluate", paused=True)


@contextmanager
def browser(platform: PlatformState) -> Iterator[httpx.Client]:
    """A client that is logged in as a person's browser is."""
    login = {"username": platform.airflow_user, "password": platform.airflow_password}
    with httpx.Client(base_url=platform.airflow_url, timeout=30, trust_env=False) as client:
        client.headers["Authorization"] = f"Bearer {client.post('/auth/token', json=login).json()['access_token']}"
        yield client


def forms(client: httpx.Client, path: str) -> list[dict[str, Any]]:
    """The forms of a run that wait for an answer.

    A form is listed before its task waits, and Airflow 3.3 can lose an answer that is given in the moment between.
    """
    listed = client.get(f"{path}/hitlDetails?response_received=false").json()["hitl_details"]
    return [form for form in listed if form["task_instance"]["state"] == "awaiting_input"]


def ends_answered(client: httpx.Client, api: AirflowApi, run_id: str, answer: str) -> bool:
    """Answers the form of a promotion where one waits, also one that is asked again; whether the run has ended."""
    path, said = f"/api/v2/dags/caco_promote/dagRuns/{run_id}", {"params_input": {"reason": "looked at it"}}
    for _ in forms(client, path):
        place = f"{path}/taskInstances/ask/-1/hitlDetails"
        assert client.patch(place, json={**said, "chosen_options": [answer]}).status_code == 200
    return api.run("caco_promote", run_id).is_finished


def answer_forms(client: httpx.Client, path: str) -> bool:
    """Answers the forms that wait, one that is asked again too; False, for there may come more."""
    for form in forms(client, path):
        place = f"{path}/taskInstances/rows.ask/{form['task_instance']['map_index']}/hitlDetails"
        answer = {"chosen_options": ["wrong program"], "params_input": {"note": None}}
        assert client.patch(place, json=answer).status_code == 200
    return False


def ask(platform: PlatformState, query: str) -> list[tuple[Any, ...]]:
    """What the ledger answers."""
    with Ledger(platform.ledger_analyst_url) as ledger:
        return ledger.ask(query)[1]


def backfilled(api: AirflowApi) -> list[DagRun]:
    """The nightly runs of the three dates, by date."""
    runs = [run for run in api.runs("caco_nightly") if run.partition_key in DATES]
    return sorted(runs, key=lambda run: run.partition_key or "")


def backfill(platform: PlatformState) -> bool:
    """Asks Airflow's command line for a backfill of the three dates; False while it holds the one before to be open."""
    home = Home(Path(platform.store.root.removeprefix("file://")).parent)
    plan = home.plan()
    assert plan is not None
    environment = airflow.environment(home, plan, home.secrets(), inherited=os.environ, cores=2)
    command = [sys.executable, "-m", "airflow", "backfill", "create", "--dag-id", "caco_nightly"]
    command += ["--from-date", DATES[0], "--to-date", DATES[-1], "--max-active-runs", "3"]
    command += ["--dag-run-conf", json.dumps(SMALL)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0 or "AlreadyRunningBackfill" in said, said
    return done.returncode == 0


def contents(platform: PlatformState) -> dict[str, int]:
    """Every object of the store with the time of its last change."""
    root = Path(platform.store.root.removeprefix("file://"))
    return {str(path.relative_to(root)): path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}


def wait_until(is_true: Callable[[], bool]) -> None:
    """Returns when a condition holds; fails after ten minutes."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_true():
        assert time.monotonic() < deadline, "the scheduler took too long"
        time.sleep(1)
