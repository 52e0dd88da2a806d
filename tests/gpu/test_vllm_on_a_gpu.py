"""vLLM on a GPU, over the bundled CodeGen: the stage that samples, as a nightly run does."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import making
import pytest

from caco_tasks.config import load_config
from caco_tasks.model_settings import ModelSettings
from caco_tasks.records import JudgedRecord, Sample
from caco_tasks.store import Store, open_store
from caco_tasks.store.manifest import manifest_uri, parse_manifest
from caco_tasks.store.shards import read_shard
from caco_tasks.store.store import StoreSettings

PATIENCE_SECONDS = 900  # the first start compiles


def has_gpu() -> bool:
    """Whether vLLM and a GPU are here."""
    import torch

    return find_spec("vllm") is not None and torch.cuda.is_available()


pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not has_gpu(), reason="vLLM or a GPU is missing here")]


def test_a_stage_samples_thousands_on_a_gpu_and_replays_them(tmp_path: Path) -> None:
    config = load_config("smoke", ["samples=4000", "shards=2"])
    table = {"engine": "vllm", "model": "nano:codegen", "dtype": "bfloat16", "batch_rows": 512}
    table |= {"vllm": {"memory_fraction": 0.3}}
    codegen = ModelSettings.model_validate(config.models["codegen"].model_dump() | table)
    store = open_store(StoreSettings(root=f"file://{tmp_path}/store"))
    run = making.nightly_run(config.model_copy(update={"models": config.models | {"codegen": codegen}}))
    making.register(run, store)
    command = [sys.executable, "-m", "caco_tasks.cli", "stage", "sample", "--run", run.run_id, "--json"]
    env = {**os.environ, "CACO_STORE": store.root, "CACO_HOME": str(tmp_path)}

    def sample() -> list[dict[str, Any]]:
        words = [*command, "--shard", "0", "--shard", "1"]
        done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        return [json.loads(line) for line in done.stdout.splitlines()]

    counts = sample()
    assert [(shard["read"], shard["unknown"]) for shard in counts] == [(2000, 0)] * 2
    rows = rows_of(store, counts)
    assert sum("input = {" in row.record.program.code for row in rows) > 3500
    assert len({row.record.program.program_id for row in rows}) > 2000

    for uri in store.list("outputs"):
        store.delete(uri)
    assert rows_of(store, sample()) == rows


def rows_of(store: Store, counts: Sequence[dict[str, Any]]) -> list[JudgedRecord[Sample]]:
    """The rows of outputs, of which a command has told the counts."""
    uris = [manifest_uri(shard["stage"], shard["key"]) for shard in counts]
    manifests = [parse_manifest(store.get(uri) or b"", uri=uri) for uri in uris]
    return [row for manifest in manifests for row in read_shard(store, manifest.uri, Sample)]
