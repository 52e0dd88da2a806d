"""A real scheduler: seeds that start CodeGen by themselves, and a backfill of three dates, done twice."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from caco_tasks.platform import airflow, control
from caco_tasks.platform.api import AirflowApi, DagRun
from caco_tasks.platform.ports import free_port
from caco_tasks.platform.state import Home, PlatformState

ROOT = Path(__file__).parents[2]
TODAY = datetime.now(UTC).date()  # the last date, or the scheduler would add the run that is due today
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
    assert api.runs("caco_nightly") == []
    assert backfill(platform)
    assert len(api.runs("caco_nightly")) == 3
    wait_until(lambda: all(run.is_finished for run in api.runs("caco_nightly")))
    runs = api.runs("caco_nightly")
    assert sorted((run.partition_key, run.state) for run in runs) == [(date, "success") for date in DATES]
    before = contents(platform)
    assert {path.split("/")[1] for path in before if path.endswith("publish/00000.manifest.json")} == set(DATES)
    wait_until(lambda: backfill(platform))
    assert api.runs("caco_nightly") == runs
    assert contents(platform) == before


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
