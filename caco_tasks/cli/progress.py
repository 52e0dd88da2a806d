"""The progress of a run: what Airflow does, and what the ledger has counted, until the run ends."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.live import Live
from rich.table import Table

from caco_tasks.errors import PlatformError
from caco_tasks.format import NOTHING, format_count
from caco_tasks.ledger import FunnelRow, Ledger
from caco_tasks.patience import repeated_while_unreachable
from caco_tasks.pipeline import STAGES, stages_of
from caco_tasks.platform.api import AirflowApi, TaskInstance

POLL_SECONDS = 2.0
MAX_OUTAGE_SECONDS = 180.0  # of Airflow or the ledger while a run is followed: the supervisor starts both again in less
# pipeline -> the DAG that runs it
DAGS = {"seeds": "caco_seeds", "codegen": "caco_codegen", "nightly": "caco_nightly", "evaluate": "caco_evaluate"}
ENDED = ("success", "failed")
COUNTS = ("read", "passed", "failed", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A DAG run at one moment."""

    state: str  # of the whole run, in Airflow's words
    tasks: Sequence[TaskInstance]
    funnel: Sequence[FunnelRow]


def follow(api: AirflowApi, ledger: Ledger, *, pipeline: str, dag_run_id: str, run_id: str, console: Console) -> None:
    """Shows a DAG run stage by stage until it ends; lines instead of a live table where the console is no terminal.

    Airflow and the ledger may be away for three minutes meanwhile.

    Raises:
        PlatformError: the run failed; the message names the tasks that did.
    """
    dag_id = DAGS[pipeline]
    count = repeated_while_unreachable(lambda: MAX_OUTAGE_SECONDS)(ledger.funnel)

    def take_snapshot() -> Snapshot:
        state = api.run(dag_id, dag_run_id).state  # first: what is counted below is then not older than it
        return Snapshot(state=state, tasks=api.task_instances(dag_id, dag_run_id), funnel=count(run_id))

    show = _show_live if console.is_terminal else _show_lines
    last = show(pipeline, take_snapshot, console)
    if last.state != "success":
        failed = sorted({task.task_id for task in last.tasks if task.state == "failed"})
        raise PlatformError(
            f"The run {dag_run_id} of {dag_id} failed in {', '.join(failed) or 'no task'}: see its log at "
            f"{api.url}/dags/{dag_id}/runs/{dag_run_id}."
        )


def wait_for_run(api: AirflowApi, dag_id: str, known: set[str], *, max_seconds: float) -> str:
    """The id of a run of a DAG that is not among the `known` ones, as soon as there is one.

    Raises:
        PlatformError: none came in time.
    """
    end = time.monotonic() + max_seconds
    while time.monotonic() < end:
        fresh = [run.dag_run_id for run in api.runs(dag_id) if run.dag_run_id not in known]
        if fresh:
            return fresh[-1]  # the newest come first, so this one started before the others
        time.sleep(POLL_SECONDS)
    raise PlatformError(f"Airflow started no run of {dag_id} within {max_seconds:.0f} s: see the scheduler's log.")


def list_steps(pipeline: str, tasks: Sequence[TaskInstance]) -> Iterator[str]:
    """The stages of a pipeline, and between them the other steps of its DAG: `dry_run`, `gate` and those at the end."""
    others = {task.task_id for task in tasks} - STAGES.keys()
    specs = stages_of(pipeline)
    # a first stage that gathers reads another pipeline, whose gate has passed
    gathering = [spec.name for spec in specs[1:] if spec.gathers]
    mapped = [spec.name for spec in specs if spec.name not in gathering]
    for step in ("dry_run", *mapped, "gate", *gathering, "finish", "diversity", "announce"):
        if step in STAGES or step in others:
            yield step


def progress_table(pipeline: str, snapshot: Snapshot) -> Table:
    """Step by step: shards done, what was read and kept so far, and what another run had made."""
    table = Table("stage", "shards", box=None)
    for column in COUNTS:
        table.add_column(column, justify="right")
    rows = {row.stage: row for row in snapshot.funnel}
    for step in list_steps(pipeline, snapshot.tasks):
        row = rows.get(step)
        counts = [format_count(getattr(row, name)) for name in COUNTS] if row else [NOTHING] * len(COUNTS)
        table.add_row(step, _describe_tasks(step, snapshot.tasks, row), *counts)
    return table


def _show_live(pipeline: str, take_snapshot: Callable[[], Snapshot], console: Console) -> Snapshot:
    with Live(console=console, refresh_per_second=4) as live:
        while True:
            snapshot = take_snapshot()
            live.update(progress_table(pipeline, snapshot))
            if snapshot.state in ENDED:
                return snapshot
            time.sleep(POLL_SECONDS)


def _show_lines(pipeline: str, take_snapshot: Callable[[], Snapshot], console: Console) -> Snapshot:
    """Writes a line whenever a step has come further."""
    written: dict[str, str] = {}
    while True:
        snapshot = take_snapshot()
        rows = {row.stage: row for row in snapshot.funnel}
        for step in list_steps(pipeline, snapshot.tasks):
            tasks = _describe_tasks(step, snapshot.tasks, rows.get(step))
            line = format_step(step, tasks, rows.get(step))
            if tasks != NOTHING and line != written.get(step):
                console.print(line, highlight=False, soft_wrap=True)
                written[step] = line
        if snapshot.state in ENDED:
            return snapshot
        time.sleep(POLL_SECONDS)


def format_step(step: str, tasks: str, row: FunnelRow | None) -> str:
    """One line on a step: its tasks, and its counts once there are any."""
    counts = f": {row.passed:,} passed, {row.failed:,} failed, {row.unknown:,} unknown of {row.read:,}" if row else ""
    return f"  {step:<14}{tasks}{counts}"


def _describe_tasks(step: str, tasks: Sequence[TaskInstance], row: FunnelRow | None) -> str:
    # mapped tasks stand in a group, as funnel.judge
    own = [task for task in tasks if task.task_id.rpartition(".")[2] == step]
    if not own or (own[0].map_index == -1 and own[0].state is None):  # not mapped yet: it is not known how many
        return NOTHING
    states = Counter(task.state or "waiting" for task in own)
    rest = [f"{count} {state}" for state, count in states.items() if state not in ("success", "waiting")]
    if step not in STAGES:  # a check is one task, without shards
        return ", ".join(rest) or ("done" if states["success"] else NOTHING)
    reused = [f"{row.reused} reused"] if row and row.reused else []
    return ", ".join([f"{states['success']}/{len(own)} shards done", *reused, *rest])
