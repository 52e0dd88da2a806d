"""A task killed while a model answers: the replies that had come are not asked for again, whatever part they belong to."""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import making
import pyarrow.parquet as pq
import pytest

from caco_tasks.config import load_config
from caco_tasks.platform.processes import wait_until
from caco_tasks.records import Sample
from caco_tasks.store import RunRecord, Store, open_store
from caco_tasks.store.manifest import parse_manifest
from caco_tasks.store.shards import read_shard
from caco_tasks.store.store import StoreSettings

SAMPLES, TOGETHER = 96, 8
PATIENCE_SECONDS = 300


def nightly_run(store: Store) -> RunRecord:
    """A run of one shard in one part, whose replies are kept eight at a time; registered in the store alone."""
    settings = (f"samples={SAMPLES}", "shards=1", "runner.part_rows=1000", f"runner.reply_rows={TOGETHER}")
    model = ("models.codegen.model=nano:codegen", f"models.codegen.batch_rows={TOGETHER}")
    config = load_config("smoke", [*settings, *model])
    return making.register(making.nightly_run(config), store)


def kept(store: Store) -> list[dict[str, Any]]:
    """All replies in the store."""
    keys = [key for key in store.list("replies") if "/index/" not in key]
    return [row for key in keys for row in pq.read_table(io.BytesIO(store.get(key) or b"")).to_pylist()]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(StoreSettings(root=f"file://{tmp_path}/store"))


def test_a_task_killed_while_a_model_answers_asks_only_for_what_had_not_come(store: Store, tmp_path: Path) -> None:
    run = nightly_run(store)
    command = [sys.executable, "-m", "caco_tasks.cli", "stage", "sample", "--run", run.run_id, "--shard", "0"]
    env = {**os.environ, "CACO_STORE": store.root, "CACO_HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}
    worker = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        has_begun = wait_until(
            lambda: len(store.list("replies")) >= 2 or worker.poll() is not None, seconds=PATIENCE_SECONDS, pause=0.005
        )
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
    assert worker.wait() == -signal.SIGKILL, "it had ended before it was killed"
    assert has_begun
    before = kept(store)
    assert 2 * TOGETHER <= len(before) < SAMPLES
    assert store.list("outputs/sample") == []

    subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=True, timeout=PATIENCE_SECONDS)
    after = kept(store)
    assert len(after) == len({row["request_id"] for row in after}) == SAMPLES  # no request was answered twice
    assert [row for row in after if row["request_id"] in {one["request_id"] for one in before}] == before

    [uri] = [uri for uri in store.list("outputs/sample") if uri.endswith("/manifest.json")]
    manifest = parse_manifest(store.get(uri) or b"", uri=uri)
    assert (manifest.read, manifest.unknown, manifest.replayed) == (SAMPLES, 0, 0)
    made = {row.record.program.generation.request_id: row for row in read_shard(store, manifest.uri, Sample)}
    for row in before:
        generation = made[row["request_id"]].record.program.generation
        assert generation.seconds == row["seconds"]
