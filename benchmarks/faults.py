"""Whole nights on a really running platform, which is struck all the while.

The platform is `caco up` in a home of its own, with its S3 store, and models behind an endpoint. As a seed has it, a task, a
stage, a sandbox, any service or the supervisor is killed (-9), Postgres restarts every 5 to 40 seconds, the disk is full for
some seconds, and the clock jumps (`fault_monkey.py`). All nights must end well by themselves; their datasets are held against
those of the same nights run in peace on the library, and no row may be lost or doubled.

    caco bench faults                        100 nights, four at once: hours
    caco bench faults --n 4
"""

import json
import logging
import os
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from caco_tasks.config import load_config
from caco_tasks.errors import PlatformError
from caco_tasks.identity import pipeline_run_id
from caco_tasks.ledger import Ledger
from caco_tasks.platform import control
from caco_tasks.platform.api import AirflowApi
from caco_tasks.platform.ports import free_port
from caco_tasks.platform.state import Home, PlatformState
from caco_tasks.store import Store, open_store

sys.path.insert(0, str(Path(__file__).parent))
import fault_history
from fault_attempts import load_what_was_used
from fault_monkey import Monkey, bounded_disk, jumping_clock, untried
from fault_night import LAYOUT, World, served_models

NIGHTS = 100
PROGRAMS = 20_000  # so that hardly two are equal: which of two is kept is for the shard that comes first, in peace too
SEED = 20260101
FIRST_DAY = date(2026, 9, 1)
FIRST_PORT = 28000
SECONDS_OF_A_NIGHT = 900  # and more of them at once than one
DISK_MB, DISK_MB_OF_A_NIGHT = 1200, 10
RETRY_DELAY_SECONDS = "5"  # of a task whose try has failed
ROOT = Path(__file__).parents[1]

log = logging.getLogger("caco.bench")


def bench(n: int = NIGHTS, seed: int = SEED) -> dict[str, Any]:
    """Runs `n` nights, four at once, until all have ended.

    Returns:
        Nights, how many succeeded and left the dataset that they leave in peace, what struck them how often, what could not
        be tried here, and what was found wrong.
    """
    begun = time.monotonic()
    days = [str(FIRST_DAY + timedelta(days=number)) for number in range(n)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="caco-faults-")))
        world = stack.enter_context(World(folder / "world", programs=PROGRAMS))
        # all shards of a stage in one task: half the tasks, and Airflow is what takes the time
        overrides = (*LAYOUT, *served_models(world.outside.endpoint_port), "runner.shards_per_task=2")
        world.planned = replace(world.planned, overrides=overrides)
        expected = {day: _in_peace(world, day) for day in days}
        world.outside.asked()
        disk = stack.enter_context(bounded_disk(folder / "disk", megabytes=DISK_MB + n * DISK_MB_OF_A_NIGHT))
        clock = stack.enter_context(jumping_clock(folder / "clock"))
        home = Home(folder / "disk" / "home")
        stack.callback(control.down, home.folder)
        ports = {what: free_port(FIRST_PORT + 10 * place) for place, what in enumerate(("airflow", "postgres", "s3"))}

        def up() -> PlatformState:
            return control.up(home.folder, project=ROOT, store="s3", ports=ports)

        os.environ["CACO_RETRY_DELAY_SECONDS"] = RETRY_DELAY_SECONDS
        stack.callback(os.environ.pop, "CACO_RETRY_DELAY_SECONDS")
        state = up()
        monkey = Monkey(home=home, up=up, rng=random.Random(seed), disk=disk, clock=clock)
        _run_nights(state, days, overrides, monkey)
        found = {day: _look_at(state, day, overrides, expected[day]) for day in days}
        asked = [number for _, number in world.outside.asked()]
    violations = [f"{day}: {told}" for day, said in found.items() for told in said]
    return {
        "nights": n,
        "as_in_peace": sum(not said for said in found.values()),
        "violations": len(violations),
        "what_was_violated": violations[:20],
        "struck": dict(sorted(monkey.struck.items())),
        "not_tried": untried(disk, clock),
        "replies_asked_for": len(asked),
        "asked_for_again": len(asked) - len(set(asked)),  # that were under way, and not kept yet, at a kill
        "seconds": round(time.monotonic() - begun),
    }


def _in_peace(world: World, day: str) -> dict[str, str]:
    """The hash of each file of the dataset that a night leaves which nothing disturbs."""
    world.planned = replace(world.planned, partition=day)
    with world.night() as night:
        found = night.run({}, None)
    load_what_was_used(found.attempts)
    if found.violations:
        raise RuntimeError(f"The night of {day} went wrong in peace: {found.violations[0]}")
    return {key: sha256 for key, sha256 in found.content["datasets"].items() if not key.endswith("/state.json")}


def _run_nights(state: PlatformState, days: list[str], overrides: tuple[str, ...], monkey: Monkey) -> None:
    """Triggers all nights, and has them struck until they have ended."""
    conf = {"config": "smoke", "overrides": list(overrides)}
    with AirflowApi(state.airflow_url, state.airflow_user, state.airflow_password, timeout_seconds=5) as api:
        while not api.is_dag_known("caco_nightly"):
            time.sleep(1)
        api.unpause("caco_nightly")
        waiting = [api.trigger("caco_nightly", conf, partition_key=day, run_id=f"night-{day}") for day in days]

        def is_over() -> bool:
            while waiting and _is_finished(api, waiting[0]):
                log.info("%s has ended", waiting.pop(0))
            return not waiting

        monkey.strike_until(is_over, seconds=SECONDS_OF_A_NIGHT * len(days))


def _is_finished(api: AirflowApi, run: str) -> bool:
    try:
        return api.run("caco_nightly", run).is_finished
    except PlatformError:  # it is away: looked at again
        return False


def _look_at(state: PlatformState, day: str, overrides: tuple[str, ...], expected: dict[str, str]) -> list[str]:
    """What is wrong with a night, now that it has ended."""
    store, told = open_store(state.store), list[str]()
    run_id = pipeline_run_id("nightly", day, load_config("smoke", overrides))
    with AirflowApi(state.airflow_url, state.airflow_user, state.airflow_password, patience_seconds=180) as api:
        run = api.run("caco_nightly", f"night-{day}")
    if run.state != "success":
        told.append(f"its run is {run.state}")
    if _hashes(store, day) != expected:
        told.append("its dataset is not that of a night in peace")
    with Ledger(state.ledger_writer_url) as ledger:
        ledger.conservation(run_id)
        published = ledger.datasets(run_id, state="published")
        states = [entry.state for name in published for entry in ledger.dataset_states(name)]
    if states != ["staged", "published"]:
        told.append(f"its dataset has the states {states}")
    return told


def _hashes(store: Store, day: str) -> dict[str, str]:
    """Of the files of a date's datasets, as `_in_peace` has them."""
    found = fault_history.datasets(store)
    return {key: sha256 for key, sha256 in found.items() if f"/{day}-" in key and not key.endswith("/state.json")}


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    sys.stdout.write(json.dumps(bench(*map(int, sys.argv[1:])), indent=1) + "\n")
