"""What `caco demo` and `caco run` ask Airflow for."""

import ast
import shlex
import subprocess
from pathlib import Path

import pytest

from caco_tasks.cli.dag_runs import Job, check_settings, locate_config
from caco_tasks.cli.demo import demo_job, paste_lines
from caco_tasks.cli.environment import find_running_platform, today
from caco_tasks.config import CONFIGS_FOLDER, load_config
from caco_tasks.errors import ConfigError
from caco_tasks.identity import pipeline_run_id
from caco_tasks.platform.state import PlatformState
from caco_tasks.store import open_store
from caco_tasks.store.store import StoreSettings


def test_a_demo_started_again_is_the_same_run(tmp_path: Path) -> None:
    first = demo_job(tmp_path, "smoke", ["samples=7"])
    assert first.partition == today()
    (tmp_path / "demo.json").write_text('{"partition": "2026-01-02"}')
    again = demo_job(tmp_path, "smoke", ["samples=7"])
    assert again == Job(partition="2026-01-02", config="smoke", overrides=("samples=7",))
    assert again.run_id("nightly") == pipeline_run_id("nightly", "2026-01-02", load_config("smoke", ["samples=7"]))


def test_the_note_on_a_run_in_airflow_tells_it_from_others() -> None:
    job = Job(partition="2026-01-02", config="smoke", overrides=("samples=7", "judge.times=3"))
    run = job.run_id("nightly")[:12]
    assert job.note("nightly") == f"smoke, 2026-01-02, 7 samples, samples=7, judge.times=3 · run {run}"
    assert Job(partition="2026-01-02", config="smoke").note("seeds").startswith("smoke, 2026-01-02 · run ")


@pytest.mark.parametrize("kind", ["file", "s3"])
def test_the_last_lines_of_a_demo_can_be_pasted(tmp_path: Path, kind: str) -> None:
    root = f"file://{tmp_path}/store" if kind == "file" else "s3://caco"
    settings = StoreSettings(root=root, endpoint_url=None if kind == "file" else "http://127.0.0.1:1")
    state = PlatformState(
        project=tmp_path,
        airflow_url="http://127.0.0.1:8080",
        airflow_user="admin",
        airflow_password="it's $HOME",
        ledger_owner_url="o",
        ledger_writer_url="w",
        ledger_analyst_url="a",
        store=settings,
    )
    lines = list(paste_lines(open_store(settings), "toys/1", state))
    subprocess.run(["bash", "-n", "-c", "\n".join(lines)], check=True)
    commands = [line for line in lines if not line.startswith("#")]
    [loading] = [line for line in commands if "load_dataset" in line]
    ast.parse(shlex.split(loading)[2])
    assert ("storage_options()" in loading) is (kind == "s3")  # no key of the store is shown


def test_the_form_names_a_config_where_airflow_finds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text((CONFIGS_FOLDER / "smoke.toml").read_text(encoding="utf-8"))
    assert locate_config("smoke") == "smoke"
    job = Job(partition="2026-01-02", config="mine.toml", overrides=("shards=2",))
    assert job.conf == {
        "partition": "2026-01-02",
        "config": str(tmp_path / "mine.toml"),
        "overrides": ["shards=2"],
    }


def test_settings_are_looked_at_before_anything_starts() -> None:
    assert check_settings("smoke", [], "2026-01-02") == load_config("smoke")
    with pytest.raises(ConfigError, match="'2026-02-30' is not a date"):
        check_settings("smoke", [], "2026-02-30")
    with pytest.raises(ConfigError, match="nothing"):
        check_settings("smoke", ["models.judge.prompt=nothing"])


def test_a_platform_that_was_never_started_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACO_HOME", str(tmp_path))
    monkeypatch.setenv("CACO_STORE", f"file://{tmp_path}/store")
    assert find_running_platform() is None
