"""`caco stage` with a real model, without Airflow."""

import json
from pathlib import Path

import making
import pytest
from click.testing import CliRunner, Result

from caco_tasks.cli import main


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which no platform was ever started, and an environment that names no ledger."""
    for name in ("CACO_LEDGER_URL", "CACO_LEDGER_OWNER_URL", "CACO_LEDGER_ANALYST_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CACO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CACO_STORE", making.store_settings(tmp_path).root)
    return tmp_path


@pytest.fixture
def planned(home: Path) -> str:
    """A run that is planned in a store, without a ledger; its id."""
    return making.register(making.nightly_run(making.small_config()), making.store_in(home)).run_id


def caco(*arguments: str) -> Result:
    """What a command says."""
    return CliRunner().invoke(main, arguments)


def test_a_stage_runs_without_airflow_and_is_then_left_alone(home: Path, planned: str) -> None:
    first = caco("stage", "sample", "--run", planned, "--shard", "0", "--json")
    assert first.exit_code == 0, first.stderr
    counts = json.loads(first.stdout)
    assert (counts["stage"], counts["run_id"], counts["read"]) == ("sample", planned, 10)
    assert counts["read"] == counts["passed"] + counts["failed"] + counts["unknown"]
    before = sorted((path, path.stat().st_mtime_ns) for path in home.rglob("*"))
    again = caco("stage", "sample", "--run", planned[:8], "--shard", "0")
    assert again.stdout.startswith(f"sample 0: {counts['passed']} passed, {counts['failed']} failed, 0 unknown of 10 (")
    assert sorted((path, path.stat().st_mtime_ns) for path in home.rglob("*")) == before
