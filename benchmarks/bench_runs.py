"""What benchmarks share: keys of a run without a platform, services over a store in a folder, and a clock."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from caco_tasks.config import RunConfig
from caco_tasks.connections import Connections, models_folder
from caco_tasks.identity import RunKeys, config_hash, pipeline_run_id
from caco_tasks.store import RunRecord
from caco_tasks.store.store import StoreSettings

DAY = "2026-11-01"


def keys_of(config: RunConfig) -> RunKeys:
    """The keys of a nightly run, as if it had been planned with models named `bench`."""
    run = RunRecord(
        run_id=pipeline_run_id("nightly", DAY, config),
        pipeline="nightly",
        partition=DAY,
        config_hash=config_hash("nightly", config),
        config=config.model_dump(mode="json"),
        code_version="bench",
        models={"codegen": "bench"},
    )
    return RunKeys(run, {})


def connections_in(folder: Path) -> Connections:
    """A store below `folder`, no ledger, and the public models of this machine."""
    return Connections(
        store=StoreSettings(root=f"file://{folder}/store"),
        ledger_url=None,
        cache=Path(folder) / "models",
        models=models_folder(os.environ),
    )


def seconds_of(work: Callable[[], Any]) -> float:
    """How long it takes, by the wall."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
