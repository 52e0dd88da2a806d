"""What the trial asks of the platform: the three DAGs, run through Airflow's API, and what store and ledger then hold."""

import json
import time
from collections.abc import Mapping
from typing import Any

from engine import Engine, TrialError, say

from caco_tasks.platform.api import AirflowApi, TaskInstance

RUN_SECONDS = 1500
WORKERS = {"cpu": "worker-cpu", "gpu": "worker-gpu"}  # queue -> the service whose tasks it holds

# What must not change when a finished night is run again: outputs, what the models were asked, datasets, published rows.
FIGURES = """
SELECT (SELECT count(*) FROM output) AS outputs, (SELECT sum(requests) FROM output) AS requests,
  (SELECT string_agg(dataset || '/' || version || ' ' || state, ', ' ORDER BY dataset, version) FROM datasets) AS datasets,
  (SELECT count(*) FROM dataset_row) AS published,
  (SELECT string_agg(DISTINCT sandbox_level, ', ') FROM output) AS sandbox_levels
"""


def run_line(engine: Engine, api: AirflowApi, form: Mapping[str, Any]) -> list[TaskInstance]:
    """Seeds, the CodeGen that they start, and a nightly run; returns all their tasks.

    Raises:
        TrialError: one of them failed, or took more than 25 minutes.
    """
    for dag in ("caco_seeds", "caco_codegen", "caco_nightly"):
        _wait_until_known(api, dag)
    known = {run.dag_run_id for run in api.runs("caco_codegen")}
    api.unpause("caco_codegen")
    tasks = _run(engine, api, "caco_seeds", {name: form[name] for name in ("config", "partition")})
    started = _wait_for_new(api, "caco_codegen", known)
    tasks += _follow(engine, api, "caco_codegen", started)
    return tasks + run_night(engine, api, form)


def run_night(engine: Engine, api: AirflowApi, form: Mapping[str, Any]) -> list[TaskInstance]:
    """One nightly run; returns its tasks."""
    return _run(engine, api, "caco_nightly", form, partition_key=form["partition"])


def figures(engine: Engine) -> dict[str, Any]:
    """`FIGURES` of the ledger, as the analyst sees it."""
    rows: list[dict[str, Any]] = json.loads(engine.inside("worker-cpu", "caco", "sql", "--json", FIGURES))
    return rows[0]


def funnel(engine: Engine) -> dict[str, Any]:
    """The funnel of the newest nightly run."""
    found: dict[str, Any] = json.loads(engine.inside("worker-cpu", "caco", "funnel", "--json"))
    return found


def objects(engine: Engine, prefix: str) -> dict[str, str]:
    """The SHA-256 of every object of the store below `prefix`, by key."""
    script = (
        "import hashlib, json, os, sys\n"
        "from caco_tasks.connections import Connections\n"
        "from caco_tasks.store import open_store\n"
        "store = open_store(Connections.from_environ(os.environ).store)\n"
        "keys = store.list(sys.argv[1])\n"
        "print(json.dumps({key: hashlib.sha256(store.get(key)).hexdigest() for key in keys}))\n"
    )
    found: dict[str, str] = json.loads(engine.inside("worker-cpu", "python", "-c", script, prefix))
    return found


def check_queues(engine: Engine, tasks: list[TaskInstance]) -> None:
    """Every task ran in the worker of its queue.

    Raises:
        TrialError: one did not.
    """
    hosts = {service: engine.inspect(service)["Config"]["Hostname"] for service in WORKERS.values()}
    for task in tasks:
        wanted = hosts[WORKERS[str(task.queue)]]
        if task.hostname != wanted and task.state == "success":
            raise TrialError(f"The task {task.task_id} of the queue {task.queue} ran on {task.hostname}, not {wanted}.")
    count = {queue: sum(task.queue == queue for task in tasks) for queue in WORKERS}
    if not all(count.values()):
        raise TrialError(f"Not every queue had tasks: {count}.")
    say(f"  {count['cpu']} tasks of the queue cpu ran in worker-cpu, {count['gpu']} of the queue gpu in worker-gpu")


def _run(
    engine: Engine, api: AirflowApi, dag: str, form: Mapping[str, Any], *, partition_key: str | None = None
) -> list[TaskInstance]:
    api.unpause(dag)
    return _follow(engine, api, dag, api.trigger(dag, form, partition_key=partition_key))


def _follow(engine: Engine, api: AirflowApi, dag: str, run_id: str) -> list[TaskInstance]:
    begun = time.monotonic()
    while not (run := api.run(dag, run_id)).is_finished:
        if time.monotonic() - begun > RUN_SECONDS:
            raise TrialError(f"{dag} has not ended after {RUN_SECONDS} s; its tasks: {_states(api, dag, run_id)}")
        time.sleep(3)
    if run.state != "success":
        log = engine.inside(
            "worker-cpu", "sh", "-c", "tail -n 15 airflow/logs/dag_id=*/run_id=*/task_id=*/attempt*.log"
        )
        raise TrialError(f"{dag} failed; its tasks: {_states(api, dag, run_id)}\n{log[-8000:]}")
    say(f"  {dag}: success after {time.monotonic() - begun:.0f} s")
    return api.task_instances(dag, run_id)


def _states(api: AirflowApi, dag: str, run_id: str) -> str:
    return ", ".join(f"{task.task_id} {task.state}" for task in api.task_instances(dag, run_id))


def _wait_until_known(api: AirflowApi, dag: str) -> None:
    end = time.monotonic() + 120
    while not api.is_dag_known(dag):
        if time.monotonic() > end:
            raise TrialError(f"Airflow does not know the DAG {dag}: {api.import_errors() or 'no file is broken'}.")
        time.sleep(2)


def _wait_for_new(api: AirflowApi, dag: str, known: set[str]) -> str:
    end = time.monotonic() + 120
    while True:
        found = {run.dag_run_id for run in api.runs(dag)} - known
        if found:
            return found.pop()
        if time.monotonic() > end:
            raise TrialError(f"The asset started no run of {dag}.")
        time.sleep(2)
