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
from caco_tasks.context import Context, stage_context
from caco_tasks.identity import RunKeys
from caco_tasks.pipeline import find_stage
from caco_tasks.records import PASS, JudgedRecord, Sample
from caco_tasks.runner import make_output, write_output
from caco_tasks.services import TaskServices
from caco_tasks.stages.agree import agree

sys.path.insert(0, str(Path(__file__).parent))
from bank_samples import samples
from bench_runs import connections_in, keys_of

ROWS = 10_000
ROUNDS = 3


def bench() -> dict[str, Any]:
    """Judges `ROWS` samples in each of `ROUNDS` rounds by both ways.

    Returns:
        Rows per second of the stage alone and under the runner (medians), the runner's share of the rate, and the
        milliseconds that a finished output takes when it is asked for again.
    """
    judged = [JudgedRecord(record=sample, verdict=PASS) for sample in samples(ROWS)]
    alone, under, again = [], [], []
    for _ in range(ROUNDS):
        with _task(judged) as (context, keys):
            context.services.grader()  # started once, for both
            alone.append(_seconds(lambda context=context: list(agree([row.record for row in judged], context))))
            under.append(_seconds(lambda context=context, keys=keys: make_output(context, keys)))
            again.append(_seconds(lambda context=context, keys=keys: make_output(context, keys)))
    ratios = [stage / whole for stage, whole in zip(alone, under, strict=True)]
    return {
        "rows": ROWS,
        "stage_alone_rows_per_second": round(ROWS / statistics.median(alone)),
        "under_the_runner_rows_per_second": round(ROWS / statistics.median(under)),
        "runner_to_stage": round(statistics.median(ratios), 3),
        "finished_output_again_ms": round(1000 * statistics.median(again), 2),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }


@contextmanager
def _task(judged: list[JudgedRecord[Sample]]) -> Iterator[tuple[Context, RunKeys]]:
    """A task of `agree` over an output of `solve` in a new store, and the keys of its run."""
    keys = keys_of(load_config("nano", ["shards=1", f"samples={ROWS}"]))
    with (
        tempfile.TemporaryDirectory(prefix="caco-bench-") as folder,
        TaskServices(connections_in(Path(folder)), run=keys.run, config=keys.config) as services,
    ):
        write_output(stage_context(keys, services, find_stage("nightly", "solve"), 0), keys, judged)
        yield stage_context(keys, services, find_stage("nightly", "agree"), 0), keys


def _seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


if __name__ == "__main__":
    sys.stdout.write(json.dumps(bench(), indent=1) + "\n")
