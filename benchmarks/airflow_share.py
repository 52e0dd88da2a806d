"""What Airflow takes of a nightly run of many small shards: from its own tables, how long tasks wait, and how long they run.

A platform of its own runs one date in 64 shards of two samples, with models behind an endpoint that answers at once: next to
no work, so what is seen is Airflow. Each task has waited (from the end of the one before it, in the same shard, to its own
start), then it ran, and within that the stage worked, as its manifest says. Where more tasks are ready than may run at once,
waiting is a queue and no cost; what counts then is how much of the slots was taken.

    caco bench airflow_share                 64 shards: a quarter of an hour on two cores
    caco bench airflow_share --n 16
"""

import json
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from caco_tasks.config import load_config
from caco_tasks.identity import pipeline_run_id
from caco_tasks.ledger import Ledger
from caco_tasks.pipeline import mapped_stages
from caco_tasks.platform import control
from caco_tasks.platform.airflow import MAX_TASKS_AT_ONCE
from caco_tasks.platform.api import AirflowApi
from caco_tasks.platform.state import Home, PlatformState, embedded_postgres

sys.path.insert(0, str(Path(__file__).parent))
from fault_night import served_models
from fault_wires import Outside

SHARDS = 64
SAMPLES_OF_A_SHARD = 2
DAY, DAG, DAG_RUN = "2026-11-20", "caco_nightly", "shares"
MAX_SECONDS = 3600
ROOT = Path(__file__).parents[1]

INSTANCES = text("""
    SELECT task_id, map_index, scheduled_dttm, queued_dttm, start_date, end_date
    FROM task_instance WHERE dag_id = :dag AND run_id = :run AND start_date IS NOT NULL
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One task of a run, as Airflow's table has it."""

    task_id: str
    map_index: int  # of the shard; -1: not mapped
    scheduled_dttm: datetime  # all that it waits for has ended, and the scheduler has seen it
    queued_dttm: datetime  # a slot is free
    start_date: datetime
    end_date: datetime

    @property
    def seconds(self) -> float:
        """How long it ran."""
        return (self.end_date - self.start_date).total_seconds()


def bench(n: int = SHARDS) -> dict[str, Any]:
    """Runs a night of `n` shards.

    Returns:
        Tasks and seconds of the run; the medians of what a task waits for the scheduler, for a slot, and for its process; of
        what it runs, and of that the stage's own; what of the slots' time was taken; and what of the run was a stage's work.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="caco-share-")))
        outside = Outside(0)
        stack.callback(outside.close)
        overrides = (f"samples={n * SAMPLES_OF_A_SHARD}", f"shard_samples={SAMPLES_OF_A_SHARD}")
        overrides += served_models(outside.endpoint_port)
        home = Home(folder / "home")
        stack.callback(control.down, home.folder)
        state = control.up(home.folder, project=ROOT, store="file")
        _run(state, overrides)
        found = _instances(home)
        with Ledger(state.ledger_writer_url) as ledger:
            run_id = pipeline_run_id("nightly", DAY, load_config("smoke", overrides))
            worked = sum(row.seconds for row in ledger.outlays(run_id))
    return shares(found, worked_seconds=worked, shards=n)


def shares(found: Sequence[Instance], *, worked_seconds: float, shards: int) -> dict[str, Any]:
    """What the instances of a run say, of which stages have worked so many seconds."""
    funnel = {f"funnel.{spec.name}": place for place, spec in enumerate(mapped_stages("nightly"))}
    lines = [
        sorted(
            (one for one in found if one.map_index == shard and one.task_id in funnel),
            key=lambda one: funnel[one.task_id],
        )
        for shard in range(shards)
    ]
    mapped = [one for line in lines for one in line]
    pairs = [pair for line in lines for pair in pairwise(line)]
    begun, ended = min(one.start_date for one in mapped), max(one.end_date for one in mapped)
    seconds, ran = (ended - begun).total_seconds(), sum(one.seconds for one in mapped)
    return {
        "shards": shards,
        "tasks": len(mapped),
        "seconds_of_the_run": round(
            (max(one.end_date for one in found) - min(one.start_date for one in found)).total_seconds()
        ),
        "seconds_of_its_shards": round(seconds),
        "median_seconds_of_a_task": {
            "until it is scheduled": _median(
                (after.scheduled_dttm - before.end_date).total_seconds() for before, after in pairs
            ),
            "until a slot is free": _median((one.queued_dttm - one.scheduled_dttm).total_seconds() for one in mapped),
            "until its process is there": _median((one.start_date - one.queued_dttm).total_seconds() for one in mapped),
            "running": _median(one.seconds for one in mapped),
        },
        "slots": MAX_TASKS_AT_ONCE,
        "slots_taken": round(ran / (MAX_TASKS_AT_ONCE * seconds), 3),
        "seconds_that_tasks_ran": round(ran),
        "seconds_that_stages_worked": round(worked_seconds),
        "share_outside_of_stages": round(1 - worked_seconds / ran, 3),
    }


def _run(state: PlatformState, overrides: Iterable[str]) -> None:
    conf = {"config": "smoke", "overrides": list(overrides)}
    deadline = time.monotonic() + MAX_SECONDS
    login = (state.airflow_user, state.airflow_password)
    with AirflowApi(state.airflow_url, *login, patience_seconds=120) as api:
        while not api.is_dag_known(DAG):
            time.sleep(1)
        api.unpause(DAG)
        api.trigger(DAG, conf, partition_key=DAY, run_id=DAG_RUN)
        while not api.run(DAG, DAG_RUN).is_finished:
            if time.monotonic() > deadline:
                raise TimeoutError(f"The run has not ended in {MAX_SECONDS} seconds.")
            time.sleep(2)
        if (run := api.run(DAG, DAG_RUN)).state != "success":
            raise RuntimeError(f"The run is {run.state}.")


def _instances(home: Home) -> list[Instance]:
    plan = home.plan()
    assert plan is not None
    engine = create_engine(embedded_postgres(home, plan, home.secrets()).url("airflow"))
    with engine.connect() as connection:
        rows = connection.execute(INSTANCES, {"dag": DAG, "run": DAG_RUN}).mappings().all()
    engine.dispose()
    return [Instance(**row) for row in rows]


def _median(seconds: Iterable[float]) -> float:
    return round(statistics.median(seconds), 2)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    sys.stdout.write(json.dumps(bench(*map(int, sys.argv[1:])), indent=1) + "\n")
