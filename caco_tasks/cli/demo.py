"""`caco demo` and `caco run`: the main job on a platform that is up, followed to its end."""

import json
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from caco_tasks.atomic import write_bytes
from caco_tasks.cli.console import print_line, print_whole
from caco_tasks.cli.dag_runs import MAX_DAG_WAIT_SECONDS, Job, open_airflow, trigger_job, wait_for_dag
from caco_tasks.cli.environment import today
from caco_tasks.cli.progress import DAGS, follow, wait_for_run
from caco_tasks.cli.tables import funnel_table, lineage_tree, print_row
from caco_tasks.identity import TRAINED, training_hash
from caco_tasks.ledger import Ledger
from caco_tasks.platform.api import AirflowApi
from caco_tasks.platform.state import PlatformState
from caco_tasks.publishing.dataset_files import dataset_rows
from caco_tasks.publishing.load_lines import load_code
from caco_tasks.store import Store, open_store

# in the order in which each needs the one before
LINE = ("seeds", "codegen", "nightly")


def run_demo(state: PlatformState, job: Job, console: Console) -> dict[str, Any]:
    """Seeds, CodeGen, a nightly run: from nothing to a published dataset; what is done already is left as it is.

    Returns what the nightly run is and published.

    Raises:
        PlatformError: a DAG does not parse, or a run failed.
    """
    run_id = job.run_id("nightly")
    with open_airflow(state) as api, Ledger(state.ledger_writer_url) as ledger:
        if ledger.datasets(run_id, state="published"):
            print_line("This run is finished and its dataset published: there is nothing to do.", console)
        else:
            for pipeline in LINE:  # a DAG that does not parse is told before an hour of work, not after
                wait_for_dag(api, DAGS[pipeline])
            if not _has_codegen(ledger, job):
                _make_codegen(api, ledger, job, console)
            was_paused = api.is_paused(DAGS["nightly"])
            trigger_job(api, ledger, job, "nightly", console)
            if was_paused:
                api.unpause(DAGS["nightly"], paused=True)
                print_line(
                    f"{DAGS['nightly']} is paused again: unpause it in Airflow to have a run every night at 00:00 UTC.",
                    console,
                )
        show_result(state, ledger, run_id, console)
        return _describe_result(ledger, job)


def run_nightly(state: PlatformState, job: Job, console: Console) -> dict[str, Any]:
    """Triggers `caco_nightly` for one date and follows it; returns what the run is and published.

    Raises:
        PlatformError: the DAG does not parse, or the run failed.
    """
    with open_airflow(state) as api, Ledger(state.ledger_writer_url) as ledger:
        trigger_job(api, ledger, job, "nightly", console)
        show_result(state, ledger, job.run_id("nightly"), console)
        return _describe_result(ledger, job)


def _describe_result(ledger: Ledger, job: Job) -> dict[str, Any]:
    run_id = job.run_id("nightly")
    datasets = ledger.datasets(run_id, state="published")
    return {"run_id": run_id, "partition": job.partition, "config": job.config, "datasets": datasets}


def show_result(state: PlatformState, ledger: Ledger, run_id: str, console: Console) -> None:
    """The funnel, one published row with all its ancestors, and where everything is."""
    store = open_store(state.store)
    console.print()
    print_whole(funnel_table(ledger.funnel(run_id), ledger.reject_reasons(run_id)), console)
    for dataset in ledger.datasets(run_id, state="published")[:1]:  # the newest: reruns publish further ones
        row = next(dataset_rows(store, dataset), None)  # None: a gate that demands no row passed an empty one
        if row is not None:
            console.rule("one published row")
            print_row(console, row)
            print_whole(lineage_tree(ledger.lineage(row["sample_id"])), console)
        console.rule("where it is")
        _print_places(store, dataset, state, console)


def demo_job(home: Path, config: str, overrides: Sequence[str]) -> Job:
    """The demo's job: the date of its first start is kept, so that a second start goes on with the same run."""
    path = home / "demo.json"
    if path.is_file():
        partition = str(json.loads(path.read_text())["partition"])
    else:
        partition = today()
        write_bytes(path, json.dumps({"partition": partition}).encode() + b"\n")
    return Job(partition=partition, config=config, overrides=tuple(overrides))


def _has_codegen(ledger: Ledger, job: Job) -> bool:
    """Whether a nightly run finds the CodeGen that it samples from: one of its own config, or one from elsewhere."""
    settings = job.settings()
    if settings.models["codegen"].model != TRAINED:
        return True
    return ledger.accepted_model(job.partition, training_hash(settings)) is not None


def _make_codegen(api: AirflowApi, ledger: Ledger, job: Job, console: Console) -> None:
    """Reads the seeds, and follows the training that their programs start."""
    dag_id = DAGS["codegen"]
    # the run that the seed programs start has a name of Airflow's choice: it is told by being new
    known = {run.dag_run_id for run in api.runs(dag_id)}
    api.unpause(dag_id)
    trigger_job(api, ledger, job, "seeds", console)
    console.print(f"[bold]{dag_id}[/bold], started by the seed programs")
    started = wait_for_run(api, dag_id, known, max_seconds=MAX_DAG_WAIT_SECONDS)
    run_id = job.run_id("codegen")
    follow(api, ledger, pipeline="codegen", dag_run_id=started, run_id=run_id, console=console)


def _print_places(store: Store, dataset: str, state: PlatformState, console: Console) -> None:
    for line in paste_lines(store, dataset, state):
        print_line(line, console)


def paste_lines(store: Store, dataset: str, state: PlatformState) -> Iterator[str]:
    """Where everything is, as lines that a shell takes when all of them are pasted: what is no command is a comment."""
    python = shlex.quote(sys.executable)
    caco = f"{python} -m caco_tasks.cli" if shutil.which("caco") is None else "caco"
    yield f"# Airflow: {state.airflow_url}  login {state.airflow_user}, password {state.airflow_password}"
    yield f"# dataset: {store.root}/datasets/{dataset}; its published files, loaded where they lie by Hugging Face Datasets:"
    code = load_code(state.store, *dataset.split("/", 1))
    yield f"{python} -c {shlex.quote('; '.join([*filter(None, code.splitlines()), 'print(rows)']))}"
    yield "# for a trainer; every row computed anew; where the others were lost:"
    yield f"{caco} export {dataset} --format messages --out messages"
    yield f"{caco} verify {dataset}"
    yield f"{caco} sql --recipe where_rows_are_lost"
