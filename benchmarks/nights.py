"""Whole nights on a really running platform, while something is killed every few seconds.

The platform is `caco up` in a home of its own, with its S3 store, and models behind an endpoint. A monkey kills -9 a task, a
stage, a sandbox, the scheduler, the triggerer, the DAG processor, the API server, the store, Postgres or the supervisor, as a
seed has it; a supervisor is followed by `caco up`, as a person would do it. All nights must end well by themselves, and their
datasets are held against those of the same nights run in peace on the library.

    caco bench nights --n 3                  three nights, at once: six minutes
    python benchmarks/nights.py 100
"""

import json
import logging
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from caco_tasks.config import load_config
from caco_tasks.errors import PlatformError
from caco_tasks.identity import pipeline_run_id
from caco_tasks.ledger import Ledger
from caco_tasks.platform import airflow, control
from caco_tasks.platform.api import AirflowApi
from caco_tasks.platform.ports import free_port
from caco_tasks.platform.processes import ProcessId, descendants, identify, with_environment
from caco_tasks.platform.state import Home, PlatformState
from caco_tasks.store import Store, open_store

sys.path.insert(0, str(Path(__file__).parent))
import fault_history
from fault_night import World

NIGHTS = 100
PROGRAMS = 20_000  # so that hardly two are equal: which of two is kept is for the shard that comes first, in peace too
SEED = 20260101
FIRST_DAY = date(2026, 9, 1)
FIRST_PORT = 28000
PAUSE_SECONDS = (4.0, 20.0)  # between two kills
SECONDS_OF_A_NIGHT = 900  # and more of them at once than one
VICTIMS = (
    *("task", "stage", "sandbox", "scheduler", "postgres", "s3") * 2,
    *("api-server", "triggerer", "dag-processor", "supervisor"),
)
ROOT = Path(__file__).parents[1]
WORDS = {"stage": b"caco_tasks.cli", "sandbox": b"sandbox/boot.py"}  # in the command lines of processes

log = logging.getLogger("caco.bench")


def bench(n: int = NIGHTS, seed: int = SEED) -> dict[str, Any]:
    """Runs `n` nights, four at once, until all have ended.

    Returns:
        Nights, how many succeeded and how many left the dataset that they leave in peace, the kills by victim, and what was
        found wrong.
    """
    begun = time.monotonic()
    days = [str(FIRST_DAY + timedelta(days=number)) for number in range(n)]
    with (
        tempfile.TemporaryDirectory(prefix="caco-nights-") as name,
        World(Path(name) / "world", programs=PROGRAMS) as world,
    ):
        world.planned = replace(world.planned, overrides=_without_key(world.planned.overrides))
        expected = {day: _in_peace(world, day) for day in days}
        world.outside.asked()
        home = Path(name) / "home"
        ports = {what: free_port(FIRST_PORT + 10 * place) for place, what in enumerate(("airflow", "postgres", "s3"))}

        def up() -> PlatformState:
            return control.up(home, project=ROOT, store="s3", ports=ports)

        try:
            state = up()
            killed = _run_nights(state, Home(home), days, world.planned.overrides, up, random.Random(seed))
            found = {day: _look_at(state, day, world.planned.overrides, expected[day]) for day in days}
        finally:
            control.down(home)
        asked = [number for _, number in world.outside.asked()]
    violations = [f"{day}: {told}" for day, said in found.items() for told in said]
    return {
        "nights": n,
        "as_in_peace": sum(not said for said in found.values()),
        "kills": sum(killed.values()),
        "violations": len(violations),
        "what_was_violated": violations[:20],
        "replies_asked_for": len(asked),
        "asked_for_again": len(asked) - len(set(asked)),  # that were under way, and not kept yet, at a kill
        "seconds": round(time.monotonic() - begun),
        "killed": dict(sorted(killed.items())),
    }


def _without_key(overrides: Iterable[str]) -> tuple[str, ...]:
    """The settings without the key by which the endpoint knows who asks: Airflow has no such connection here."""
    return tuple(one for one in overrides if "endpoint.connection" not in one)


def _in_peace(world: World, day: str) -> dict[str, str]:
    """The hash of each file of the dataset that a night leaves which nothing disturbs."""
    world.planned = replace(world.planned, partition=day)
    with world.night() as night:
        found = night.run({}, None)
    if found.violations:
        raise RuntimeError(f"The night of {day} went wrong in peace: {found.violations[0]}")
    return {key: sha256 for key, sha256 in found.content["datasets"].items() if not key.endswith("/state.json")}


def _run_nights(
    state: PlatformState,
    home: Home,
    days: list[str],
    overrides: tuple[str, ...],
    up: Callable[[], object],
    rng: random.Random,
) -> Counter[str]:
    """Triggers all nights, and kills until they have ended; how often who was killed."""
    killed, conf = Counter[str](), {"config": "smoke", "overrides": list(overrides)}
    login = (state.airflow_user, state.airflow_password)
    with AirflowApi(state.airflow_url, *login, patience_seconds=20) as api:
        while not api.is_dag_known("caco_nightly"):
            time.sleep(1)
        api.unpause("caco_nightly")
        runs = {day: api.trigger("caco_nightly", conf, partition_key=day, run_id=f"night-{day}") for day in days}
        deadline = time.monotonic() + SECONDS_OF_A_NIGHT * len(days)
        while time.monotonic() < deadline:
            time.sleep(rng.uniform(*PAUSE_SECONDS))
            if victim := _kill_one(home, rng):
                killed[victim] += 1
                log.info("killed: %s", victim)
            if victim == "supervisor":
                _bring_back(up)
            if all(_is_finished(api, run) for run in runs.values()):
                break
    _bring_back(up)  # whatever was killed last
    return killed


def _is_finished(api: AirflowApi, run: str) -> bool:
    try:
        return api.run("caco_nightly", run).is_finished
    except PlatformError:  # it is away: looked at again
        return False


def _bring_back(up: Callable[[], object]) -> None:
    """`caco up`, as often as a person would try it, who would not be faster than the kill."""
    time.sleep(1)
    for _ in range(3):
        try:
            up()
        except PlatformError as exc:
            log.warning("caco up: %s", exc)
        else:
            return


def _kill_one(home: Home, rng: random.Random) -> str:
    """Kills -9 somebody; who it was, or nothing where no such process is there now."""
    victim, supervisor = rng.choice(VICTIMS), home.supervisor()
    if supervisor is None:
        return ""
    found: list[ProcessId | None]
    if victim == "supervisor":
        found = [supervisor.process()]
    elif victim in supervisor.services:
        found = [supervisor.services[victim].process()]
    else:
        found = [one for one in _working(supervisor.services["scheduler"].process(), home) if _kind(one) == victim]
    living = [one for one in found if one is not None and identify(one.pid) == one]
    if not living:
        return ""
    os.kill(rng.choice(living).pid, signal.SIGKILL)
    return victim


def _working(scheduler: ProcessId | None, home: Home) -> list[ProcessId | None]:
    """All processes that the scheduler has started, and those of tasks that have left it."""
    marked = [one for one in with_environment(airflow.task_mark(home)) if _kind(one) == "stage"]
    roots = [*marked, *([scheduler] if scheduler is not None else [])]
    return [
        identify(pid) for root in roots for pid in descendants(root.pid) if root is not scheduler or pid != root.pid
    ]


def _kind(process: ProcessId | None) -> str:
    """What a process is: a stage, a sandbox, or a task that waits for its stage."""
    try:
        command = Path(f"/proc/{process.pid}/cmdline").read_bytes() if process is not None else b""
    except OSError:
        return ""
    return next((name for name, word in WORDS.items() if word in command), "task")


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
