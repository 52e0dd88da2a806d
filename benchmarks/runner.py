"""What the runner adds to a stage: reading a shard, counting, keeping, writing rows and manifest.

The stage `agree` judges the same samples under the runner and alone, in turns, on a store of files. Seconds are those of
this process's cores, which a busy machine does not stretch.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from caco_tasks.config import load_config
from caco_tasks.connections import Connections
from caco_tasks.context import Context
from caco_tasks.records import PASS, Judged, Sample
from caco_tasks.runner import run_shard
from caco_tasks.services import TaskServices
from caco_tasks.stages.agree import agree
from caco_tasks.store import RunRecord
from caco_tasks.store.shards import write_shard
from caco_tasks.store.store import StoreSettings

sys.path.insert(0, str(Path(__file__).parent))
from bank_samples import samples

ROWS = 10_000
ROUNDS = 3


def bench() -> dict[str, Any]:
    """Judges `ROWS` samples in each of `ROUNDS` rounds by both ways.

    Returns:
        Rows per second of the stage alone and under the runner (medians), the runner's share of the rate, and the
        milliseconds that a finished shard takes when it is asked for again.
    """
    judged = [Judged(record=sample, verdict=PASS) for sample in samples(ROWS)]
    alone, under, again = [], [], []
    for _ in range(ROUNDS):
        with _task(judged) as (context, uri):
            context.services.grader()  # started once, for both
            alone.append(_seconds(lambda context=context: list(agree([row.record for row in judged], context))))
            under.append(_seconds(lambda context=context, uri=uri: run_shard(context, [uri])))
            again.append(_seconds(lambda context=context, uri=uri: run_shard(context, [uri])))
    ratios = [stage / whole for stage, whole in zip(alone, under, strict=True)]
    return {
        "rows": ROWS,
        "stage_alone_rows_per_second": round(ROWS / statistics.median(alone)),
        "under_the_runner_rows_per_second": round(ROWS / statistics.median(under)),
        "runner_to_stage": round(statistics.median(ratios), 3),
        "finished_shard_again_ms": round(1000 * statistics.median(again), 2),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }


@contextmanager
def _task(judged: list[Judged[Sample]]) -> Iterator[tuple[Context, str]]:
    """A task of `agree` over a shard in a new store, and the address of that shard."""
    config = load_config("nano", ["shards=1", f"samples={ROWS}"])
    run = RunRecord(
        run_id="0" * 32,
        pipeline="nightly",
        partition="2026-11-01",
        config_hash=config.fingerprint(),
        config=config.model_dump(mode="json"),
        code_version="bench",
    )
    with tempfile.TemporaryDirectory(prefix="caco-bench-") as folder:
        connections = Connections(
            store=StoreSettings(root=f"file://{folder}/store"), ledger_url=None, cache=Path(folder, "cache")
        )
        with TaskServices(connections, run=run, config=config) as resources:
            written = write_shard(resources.store, folder="in", shard=0, record=Sample, judged=judged)
            yield Context(run=run, config=config, stage="agree", shard=0, services=resources), written["uri"]


def _seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


if __name__ == "__main__":
    sys.stdout.write(json.dumps(bench(), indent=1) + "\n")
