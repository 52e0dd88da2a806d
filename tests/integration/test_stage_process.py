"""A stage's process: the GPUs that it gets, the time that it has, and the shards that it works on, with a store alone."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import making
import pytest
from endpoints import Body, Endpoint, Said, completion, serving

from caco_tasks import tasks
from caco_tasks.config import load_config
from caco_tasks.errors import CacoError, ConfigError, EngineError
from caco_tasks.model_settings import ModelSettings
from caco_tasks.platform.gpus import lease_gpus, locks_folder
from caco_tasks.platform.processes import descendants, identify, wait_until
from caco_tasks.store import RunRecord, Store, open_store
from caco_tasks.store.store import StoreSettings

PROGRAM = 'input = {"pens": 3}\n\ndef cost(pens):\n    return pens * 4\n\noutput = cost(**input)\nprint(output)\n'
PATIENCE_SECONDS = 120


def answer(body: Body, times: int) -> Said:
    """A program."""
    return completion({"text": PROGRAM}, tokens=10)


@pytest.fixture
def server() -> Iterator[Endpoint]:
    with serving(answer) as endpoint:
        yield endpoint


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An empty store on a machine with two GPUs, which the tasks find."""
    monkeypatch.setenv("CACO_STORE", f"file://{tmp_path}/store")
    monkeypatch.setenv("CACO_HOME", str(tmp_path))
    monkeypatch.delenv("CACO_LEDGER_URL", raising=False)
    monkeypatch.setenv("CACO_GPUS", "2")
    monkeypatch.setenv("CACO_GPU_LOCKS", str(tmp_path / "locks"))
    return open_store(StoreSettings(root=f"file://{tmp_path}/store"))


def nightly_run(store: Store, codegen: dict[str, Any], *overrides: str) -> RunRecord:
    """A run whose programs come from this model."""
    config = load_config("smoke", ["samples=6", "shards=3", *overrides])
    settings = ModelSettings.model_validate(config.models["codegen"].model_dump() | codegen)
    run = making.nightly_run(config.model_copy(update={"models": config.models | {"codegen": settings}}))
    return making.register(run, store)


def of_endpoint(server: Endpoint) -> dict[str, Any]:
    return {"engine": "openai", "model": "m", "endpoint": {"base_url": server.base_url}}


ON_A_GPU = {"model": "nano:codegen", "device": "cuda"}


def test_some_shards_are_made_by_one_process(server: Endpoint, store: Store) -> None:
    run = nightly_run(store, of_endpoint(server))
    tasks.stage("sample", run.run_id, 1)
    made = tasks.stage_all("sample", run.run_id, [0, 1, 2])
    assert [counts["shard"] for counts in made] == [0, 1, 2]
    assert [counts["read"] for counts in made] == [2, 2, 2]
    assert len(server.asked) == 6  # the finished shard was found


def test_a_stage_without_a_model_of_ours_waits_for_no_gpu(server: Endpoint, store: Store) -> None:
    run = nightly_run(store, of_endpoint(server))
    with lease_gpus(2, os.environ):
        assert tasks.stage("sample", run.run_id, 0)["read"] == 2


def test_a_stage_starts_when_its_gpus_are_free(store: Store) -> None:
    run = nightly_run(store, ON_A_GPU)
    ended: list[Exception] = []

    def work() -> None:
        try:
            tasks.stage("sample", run.run_id, 0)
        except EngineError as exc:  # there is no such device here, which the engine finds when it is started
            ended.append(exc)

    task = threading.Thread(target=work)
    tickets = locks_folder(os.environ) / "tickets"
    with lease_gpus(2, os.environ):
        task.start()
        assert wait_until(lambda: any(tickets.iterdir()), seconds=PATIENCE_SECONDS)
        time.sleep(0.5)
        assert any(tickets.iterdir())
        assert not ended
    task.join(PATIENCE_SECONDS)
    assert "The device 'cuda' cannot be used here" in str(ended[0])
    assert (locks_folder(os.environ) / "gpu-0").stat().st_size > 0
    assert list(tickets.iterdir()) == []


def test_more_gpus_than_there_are_end_a_task_before_anything_is_started(store: Store) -> None:
    run = nightly_run(store, {"engine": "vllm", "model": "nano:codegen", "vllm": {"tensor_parallel": 4}})
    with pytest.raises(
        ConfigError, match=r"^The stage 'sample' needs 4 GPUs at once, and this machine has 2 \(0, 1\): "
    ):
        tasks.stage("sample", run.run_id, 0)


def test_a_killed_task_gives_its_gpus_back_when_its_stage_has_ended(store: Store) -> None:
    run = nightly_run(store, ON_A_GPU)
    code = f"from caco_tasks import tasks; tasks.stage('sample', '{run.run_id}', 0)"
    task = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    assert wait_until(lambda: len(descendants(task.pid)) > 1, seconds=PATIENCE_SECONDS, pause=0.01)
    stage = [identify(pid) for pid in descendants(task.pid) if pid != task.pid]
    task.send_signal(signal.SIGKILL)
    task.wait()
    with lease_gpus(2, os.environ, pause_seconds=0.01):
        assert not any(process.is_alive() for process in stage if process is not None)


def test_a_stage_that_takes_too_long_is_ended_and_goes_on_with_more_time(server: Endpoint, store: Store) -> None:
    run = nightly_run(store, of_endpoint(server), "runner.stage_minutes.sample=0.002")
    with pytest.raises(
        CacoError, match=r"was ended after 0.002 minutes \(runner.stage_minutes\): what it had finished"
    ):
        tasks.stage("sample", run.run_id, 0)
    again = nightly_run(store, of_endpoint(server), "runner.stage_minutes.judge=0.002")
    assert again.run_id == run.run_id  # how long a stage may take changes no data
    assert tasks.stage("sample", again.run_id, 0)["read"] == 2
