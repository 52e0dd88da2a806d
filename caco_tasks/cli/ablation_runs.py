"""The run of the DAG caco_ablate: triggered in the local Airflow and followed to the end."""

import time
from collections import Counter
from collections.abc import Sequence

from rich.console import Console

from caco_tasks.ablation_tasks import plan_ablation
from caco_tasks.ablations.ablation_tables import bundled_tables, load_table
from caco_tasks.cli.console import print_line
from caco_tasks.cli.dag_runs import locate_config, open_airflow, wait_for_dag
from caco_tasks.cli.progress import ENDED, POLL_SECONDS
from caco_tasks.errors import PlatformError
from caco_tasks.platform.api import AirflowApi, TaskInstance
from caco_tasks.platform.state import PlatformState

DAG_ID = "caco_ablate"


def follow_ablation(
    state: PlatformState, table_name: str, *, partition: str, config: str, overrides: Sequence[str], console: Console
) -> str:
    """Triggers the DAG, writes a line whenever one of its steps has come further, and returns the ablation's id.

    Raises:
        ConfigError: as `plan_ablation`, before anything is triggered.
        PlatformError: the DAG does not parse, or its run failed.
    """
    table, located = load_table(table_name), locate_config(config)
    planned = plan_ablation(table, partition=partition, config=located, overrides=overrides)
    told = table_name if table_name in bundled_tables() else locate_config(table_name)
    conf = {"table": told, "partition": partition, "config": located, "overrides": list(overrides)}
    with open_airflow(state) as api:
        wait_for_dag(api, DAG_ID)
        api.unpause(DAG_ID)  # a fresh platform starts with all DAGs paused
        note = f"{table.name}, {config}, {partition} · ablation {planned['ablation_id'][:12]}"
        dag_run_id = api.trigger(DAG_ID, conf, note=note)
        address = f"{api.url}/dags/{DAG_ID}/runs/{dag_run_id}"
        console.print(f"[bold]{DAG_ID}[/bold] for {partition}: {address}", soft_wrap=True)
        _follow(api, dag_run_id, console)
    return str(planned["ablation_id"])


def _follow(api: AirflowApi, dag_run_id: str, console: Console) -> None:
    written: dict[str, str] = {}
    while True:
        state = api.run(DAG_ID, dag_run_id).state  # first: what is counted below is then not older than it
        instances = api.task_instances(DAG_ID, dag_run_id)
        for step in dict.fromkeys(one.task_id for one in sorted(instances, key=lambda one: str(one.start_date or "~"))):
            line = _describe_step([one for one in instances if one.task_id == step])
            if line and line != written.get(step):
                print_line(f"  {step.rpartition('.')[2]:<14}{line}", console)
                written[step] = line
        if state in ENDED:
            break
        time.sleep(POLL_SECONDS)
    failed = sorted({one.task_id for one in instances if one.state == "failed"})
    if state != "success":
        raise PlatformError(
            f"The run {dag_run_id} of {DAG_ID} failed in {', '.join(failed) or 'no task'}: see its log at "
            f"{api.url}/dags/{DAG_ID}/runs/{dag_run_id}."
        )


def _describe_step(instances: Sequence[TaskInstance]) -> str:
    """How far the tasks of one step are; nothing where none has begun."""
    states = Counter(one.state or "waiting" for one in instances)
    if set(states) <= {"waiting", "scheduled"}:
        return ""
    rest = [
        f"{count} {name}" for name, count in sorted(states.items()) if name not in ("success", "waiting", "scheduled")
    ]
    return ", ".join([f"{states['success']}/{len(instances)} done", *rest])
