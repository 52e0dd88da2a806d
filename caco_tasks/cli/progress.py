"""Following a run: what Airflow does, and what the ledger has counted, until the run ends."""

import time
from collections import Counter
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.live import Live
from rich.table import Table

from caco_tasks.errors import PlatformError
from caco_tasks.ledger import FunnelRow, Ledger
from caco_tasks.platform.api import AirflowApi, TaskInstance
from caco_tasks.stages import PIPELINES

POLL_SECONDS = 2.0
DAGS = {"seeds": "caco_seeds", "codegen": "caco_codegen", "nightly": "caco_nightly"}

Look = Callable[[], tuple[str, Sequence[TaskInstance], Sequence[FunnelRow]]]


def follow(api: AirflowApi, ledger: Ledger, *, pipeline: str, dag_run_id: str, run_id: str, console: Console) -> None:
    """Shows a DAG run stage by stage until it ends; lines instead of a live table where the console is no terminal.

    Raises:
        PlatformError: the run failed; the message names the tasks that did.
    """
    dag_id = DAGS[pipeline]

    def look() -> tuple[str, Sequence[TaskInstance], Sequence[FunnelRow]]:
        state = api.run(dag_id, dag_run_id).state
        return state, api.task_instances(dag_id, dag_run_id), ledger.funnel(run_id)

    show = _show_live if console.is_terminal else _show_lines
    state, tasks, _ = show(pipeline, look, console)
    if state != "success":
        failed = sorted({task.task_id for task in tasks if task.state == "failed"})
        raise PlatformError(
            f"The run {dag_run_id} of {dag_id} failed in {', '.join(failed) or 'no task'}: see its log at "
            f"{api.url}/dags/{dag_id}/runs/{dag_run_id}."
        )


def wait_for_run(api: AirflowApi, dag_id: str, known: set[str], *, patience_seconds: float) -> str:
    """The id of a run of a DAG that is not among the `known` ones, as soon as there is one.

    Raises:
        PlatformError: none came in time.
    """
    end = time.monotonic() + patience_seconds
    while time.monotonic() < end:
        fresh = [run.dag_run_id for run in api.runs(dag_id) if run.dag_run_id not in known]
        if fresh:
            return fresh[-1]
        time.sleep(POLL_SECONDS)
    raise PlatformError(f"Airflow started no run of {dag_id} within {patience_seconds:.0f} s: see the scheduler's log.")


def progress_table(pipeline: str, tasks: Sequence[TaskInstance], funnel: Sequence[FunnelRow]) -> Table:
    """Stage by stage: shards done, what was read and kept so far."""
    table = Table("stage", "shards", box=None)
    for column in ("read", "passed", "failed", "unknown"):
        table.add_column(column, justify="right")
    counts = {row.stage: row for row in funnel}
    for stage in PIPELINES[pipeline]:
        row = counts.get(stage)
        numbers = [f"{n:,}" for n in (row.read, row.passed, row.failed, row.unknown)] if row else ["–"] * 4
        table.add_row(stage, _shards(stage, tasks), *numbers)
    return table


def _show_live(pipeline: str, look: Look, console: Console) -> tuple[str, Sequence[TaskInstance], Sequence[FunnelRow]]:
    with Live(console=console, refresh_per_second=4) as live:
        while True:
            seen = look()
            live.update(progress_table(pipeline, seen[1], seen[2]))
            if seen[0] in ("success", "failed"):
                return seen
            time.sleep(POLL_SECONDS)


def _show_lines(pipeline: str, look: Look, console: Console) -> tuple[str, Sequence[TaskInstance], Sequence[FunnelRow]]:
    said: dict[str, str] = {}
    while True:
        seen = look()
        counts = {row.stage: row for row in seen[2]}
        for stage in PIPELINES[pipeline]:
            line = _line(stage, _shards(stage, seen[1]), counts.get(stage))
            if line != said.get(stage, _line(stage, "–", None)):
                console.print(line, highlight=False)
                said[stage] = line
        if seen[0] in ("success", "failed"):
            return seen
        time.sleep(POLL_SECONDS)


def _line(stage: str, shards: str, row: FunnelRow | None) -> str:
    kept = f": {row.passed:,} passed, {row.failed:,} failed, {row.unknown:,} unknown of {row.read:,}" if row else ""
    return f"  {stage:<14}{shards}{kept}"


def _shards(stage: str, tasks: Sequence[TaskInstance]) -> str:
    own = [task for task in tasks if task.task_id.rpartition(".")[2] == stage]
    if not own or (own[0].map_index == -1 and own[0].state is None):
        return "–"
    states = Counter(task.state or "waiting" for task in own)
    rest = [f"{count} {state}" for state, count in states.items() if state not in ("success", "waiting")]
    return f"{states['success']}/{len(own)} shards done" + (f", {', '.join(rest)}" if rest else "")
