"""Whether a night is the same night while Postgres restarts, the disk is full and tasks are killed: on the library, in seconds.

What `caco bench faults` does to a platform, without Airflow, so that CI can afford it. A night of two shards runs task by task;
all the while Postgres ends in one of its ways and is started again, and the disk below store and Postgres is filled to its
last byte for a moment. Every third task is killed (-9) at a moment that a seed draws. A task that fails is tried again, as
Airflow would, and what comes out is held against a night in peace, as `crash_points.py` does it. Filling a disk takes root.
"""

import json
import logging
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from caco_tasks.errors import PlatformError
from caco_tasks.platform.postgres import EmbeddedPostgres

sys.path.insert(0, str(Path(__file__).parent))
from fault_attempts import load_what_was_used
from fault_monkey import POSTGRES_ENDS, Disk, bounded_disk, untried
from fault_night import Struck, World

NIGHTS = 50
SEED = 20260101
DISK_MB = 600
PATIENCE_SECONDS = "120"  # of a task, with a Postgres that is away
PAUSE_SECONDS = (1.0, 5.0)  # between two outages
FULL_SECONDS = (0.2, 1.5)
MAX_TOLD = 20

log = logging.getLogger("caco.bench")


def bench(n: int = NIGHTS, seed: int = SEED) -> dict[str, Any]:
    """Runs `n` nights.

    Returns:
        Nights, how many left all that a night in peace leaves, attempts at tasks by how they ended, outages by kind, what could
        not be tried here, and what was found wrong.
    """
    begun, found, struck = time.monotonic(), list[Struck](), Counter[str]()
    os.environ["CACO_PATIENCE_SECONDS"] = PATIENCE_SECONDS
    try:
        with (
            tempfile.TemporaryDirectory(prefix="caco-outages-") as name,
            bounded_disk(Path(name) / "disk", megabytes=DISK_MB) as disk,
            World(Path(name) / "disk" / "world") as world,
        ):
            with world.night() as night:
                calm = night.run({}, None)
            load_what_was_used(calm.attempts)
            for number in range(n):
                rng = random.Random(seed + number)
                with world.night() as night:
                    with disturbed(world.postgres, disk, rng.randrange(2**32)) as counted:
                        night.outlast(rng)
                    struck.update(counted)
                    found.append(night.look(calm))
                log.info("night %d: %s", number + 1, found[-1].violations or "as undisturbed")
    finally:
        del os.environ["CACO_PATIENCE_SECONDS"]
    violations = [*calm.violations, *(told for one in found for told in one.violations)]
    return {
        "nights": len(found),
        "as_in_peace": sum(not one.violations for one in found),
        "violations": len(violations),
        "what_was_violated": violations[:MAX_TOLD],
        "attempts": dict(sorted(Counter(attempt.ended for one in found for attempt in one.attempts).items())),
        "outages": dict(sorted(struck.items())),
        "not_tried": {what: why for what, why in untried(disk, None).items() if what == "disk full"},
        "seconds": round(time.monotonic() - begun),
    }


@contextmanager
def disturbed(postgres: EmbeddedPostgres, disk: Disk | None, seed: int) -> Iterator[Counter[str]]:
    """Has Postgres restart and the disk full, from another process, until the body ends; both are well then."""
    counted = Counter[str]()
    ours, theirs = multiprocessing.get_context("fork").Pipe()
    process = multiprocessing.get_context("fork").Process(target=_disturb, args=(theirs, postgres, disk, seed))
    process.start()
    try:
        yield counted
    finally:
        ours.send("enough")
        counted.update(ours.recv())
        process.join()


def _disturb(pipe: Connection, postgres: EmbeddedPostgres, disk: Disk | None, seed: int) -> None:
    rng, counted = random.Random(seed), Counter[str]()
    while not pipe.poll(rng.uniform(*PAUSE_SECONDS)):
        if disk is not None and rng.random() < 0.5:
            disk.fill()
            counted["disk full"] += 1
            time.sleep(rng.uniform(*FULL_SECONDS))
            disk.empty()
        elif pid := postgres.pid():
            os.kill(pid, rng.choice(POSTGRES_ENDS))
            counted["Postgres restarted"] += 1
        _start(postgres)
    _start(postgres)
    pipe.send(counted)


def _start(postgres: EmbeddedPostgres) -> None:
    """Has Postgres run, whatever it just died of."""
    time.sleep(0.2)
    for _ in range(600):
        with suppress(PlatformError):  # one that was killed takes a moment to go
            postgres.start()
            return
        time.sleep(0.1)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    sys.stdout.write(json.dumps(bench(*map(int, sys.argv[1:])), indent=1) + "\n")
