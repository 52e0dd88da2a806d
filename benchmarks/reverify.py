r"""How fast stored answers are judged again: samples a second by two processes, and what ten million would take.

The answers are those of the bank's families, each drawn anew, in the shares that docs/nano.md gives: of five, four agree, and
one ends in another answer or has a false equation on the way. They lie in the store as a nightly run leaves them, the
outputs of `solve`, `agree`, `judge` and `decontaminate`, 1,000 to a shard; `agree` has really judged them, without one of its
rules. Then that run is re-verified four times: from `agree` on, so that every check of every answer is worked out; with the
rule, which alone looks at what `agree` had passed; with another rule loosened, so that only what it rejected can move; and
again as the first time, where all is there.

Seconds are those of the wall and of the processors; `samples_a_second` and what follows from it go by the wall, and are of no
use where other work runs beside: `cpu_us_a_sample` then says more.

    caco bench reverify                             20,000 answers
    caco bench reverify --n 10000000                ten million: some hours to make, 60 GB of disk
"""

import json
import os
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from caco_tasks.reverification.reverify import Asked, plan_reverification, reverify
from caco_tasks.reverification.stored_run import StoredRun, keys_of_today
from caco_tasks.services import TaskServices

sys.path.insert(0, str(Path(__file__).parent))
from bench_runs import connections_in
from stored_answers import config_of, keys_of_answers, make_shard

N = 20_000
WORKERS = 2
STRICTER = "agree.input_not_used=reject"
GOAL = 10_000_000


def bench(n: int = N) -> dict[str, Any]:
    """Makes `n` stored answers and judges them again.

    Returns:
        How many there are and take how many bytes; for each way of judging again its seconds, samples a second, processor
        time of a sample, what moved, and the minutes that ten million would take at this speed.
    """
    with tempfile.TemporaryDirectory(prefix="caco-bench-") as folder:
        keys = keys_of_answers(n)
        shards = range(keys.config.sample_shards)
        with ProcessPoolExecutor(WORKERS, get_context("spawn")) as pool:
            made = list(pool.map(partial(make_shard, n=n, folder=folder), shards, chunksize=4))
        stored = StoredRun(
            run=keys.run,
            dataset=None,
            outputs={stage: [outputs[stage] for outputs in made] for stage in made[0]},
        )
        judge = partial(_judge_again, stored, folder)
        return {
            "answers": n,
            "bytes_on_disk": sum(one.bytes for outputs in made for one in outputs.values()),
            "agree_before": round(sum(one.passed for one in stored.outputs["agree"]) / n, 4),
            "every check": judge((STRICTER,), stage="agree"),
            "a rule stricter": judge((STRICTER,)),
            "a rule looser": judge(("agree.false_equation=off",)),
            "again": judge((STRICTER,), stage="agree"),
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1),
        }


def _judge_again(
    stored: StoredRun, folder: str, overrides: tuple[str, ...], *, stage: str | None = None
) -> dict[str, Any]:
    connections = connections_in(Path(folder))
    began, before = time.perf_counter(), _processor_seconds()
    asked = Asked(stored=stored, overrides=overrides, stage=stage, workers=WORKERS, by="bench")
    keys = keys_of_today(stored, overrides, TaskServices(connections, run=stored.run, config=config_of(1)).models)
    record = reverify(plan_reverification(asked, keys), connections, environ={})
    seconds, used = time.perf_counter() - began, _processor_seconds() - before
    return {
        "seconds": round(seconds, 2),
        "samples_a_second": round(record.read / seconds),
        "cpu_us_a_sample": round(1e6 * used / record.read, 1),
        "moved": record.rows,
        "newly_accepted": record.newly_accepted,
        "newly_rejected": record.newly_rejected,
        "minutes_for_10_million": round(GOAL * seconds / record.read / 60, 1),
        "minutes_for_10_million_by_cpu": round(GOAL * used / record.read / 60 / WORKERS, 1),
    }


def _processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(bench(*map(int, sys.argv[1:])), indent=1) + "\n")
