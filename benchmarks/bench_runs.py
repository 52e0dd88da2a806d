"""What benchmarks share: keys and whole runs without a platform, services over a store in a folder, and a clock."""

import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from caco_tasks import tasks
from caco_tasks.config import RunConfig
from caco_tasks.connections import Connections, models_folder
from caco_tasks.identity import RunKeys, config_hash, pipeline_run_id
from caco_tasks.ledger import Ledger
from caco_tasks.ledger.migrations import ANALYST, OWNER, WRITER
from caco_tasks.pipeline import stages_of
from caco_tasks.platform.ports import free_port
from caco_tasks.platform.postgres import EmbeddedPostgres
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


def run_through(pipeline: str, day: str, config: str, overrides: Sequence[str]) -> str:
    """One pipeline of one day, as its DAG runs it, in the store and ledger that the environment names; the run's id."""
    planned = tasks.plan(pipeline, partition=day, config=config, overrides=overrides)
    run_id = str(planned["run_id"])
    for spec in stages_of(pipeline):
        if spec.name == "publish":
            tasks.gate(run_id)
        for shard in [0] if spec.gathers else planned["shards"]:
            tasks.work(spec.name, run_id, shard, os.environ)
            tasks.load(run_id, spec.name, shard)
    tasks.finish(run_id)
    return run_id


@contextmanager
def own_line(folder: Path, *, port: int) -> Iterator[str]:
    """A ledger of its own, and below `folder` home and store, which the environment names from then on; the ledger's address.

    Postgres does not wait for the disk: what is measured is not how fast that is.
    """
    with tempfile.TemporaryDirectory(prefix="caco-bench-ledger-") as place:
        server = EmbeddedPostgres(
            Path(place) / "postgres",
            port=free_port(port),
            password=secrets.token_hex(8),
            settings={"fsync": "off", "full_page_writes": "off"},
        )
        server.start()
        try:
            words = {role: secrets.token_hex(8) for role in (OWNER, WRITER, ANALYST)}
            server.ensure_database("bench", owner=OWNER, password=words[OWNER])
            with Ledger(server.url("bench", OWNER, words[OWNER])) as ledger:
                ledger.migrate(passwords=words)
            url = server.url("bench", WRITER, words[WRITER])
            os.environ["CACO_HOME"], os.environ["CACO_STORE"] = f"{folder}/home", f"file://{folder}/store"
            os.environ["CACO_LEDGER_URL"] = url
            yield url
        finally:
            server.stop()


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
