"""`caco demo` and `caco run`: the main job on a platform that is up, followed to its end."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from caco_tasks import tasks
from caco_tasks.atomic import write_bytes
from caco_tasks.cli.progress import DAGS, follow, wait_for_run
from caco_tasks.cli.tables import funnel_table, lineage_tree, row_panel
from caco_tasks.config import load_config
from caco_tasks.errors import ConservationError, GateError, PlatformError
from caco_tasks.ids import run_id as make_run_id
from caco_tasks.ledger import Ledger
from caco_tasks.platform.api import AirflowApi
from caco_tasks.platform.state import PlatformState
from caco_tasks.publishing.export import dataset_rows
from caco_tasks.store import Store, open_store

DAG_PATIENCE_SECONDS = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is asked for: one date, one config."""

    partition: str
    config: str
    overrides: tuple[str, ...] = ()

    def run_id(self, pipeline: str) -> str:
        """The id that the pipeline's run over this date with this config has."""
        return make_run_id(pipeline, self.partition, load_config(self.config, self.overrides).fingerprint())

    @property
    def conf(self) -> dict[str, Any]:
        """The trigger form's fields."""
        return {"partition": self.partition, "config": self.config, "overrides": list(self.overrides)}


def run_demo(state: PlatformState, job: Job, console: Console) -> None:
    """Seeds, CodeGen, a night: from nothing to a published dataset; what is done already is left as it is.

    Raises:
        PlatformError: a DAG does not parse, or a run failed.
    """
    with _api(state) as api, Ledger(state.ledger_writer_url) as ledger:
        if _is_done(ledger, job.run_id("nightly")):
            console.print("This run is finished and its dataset published: there is nothing to do.")
        else:
            _run_all(api, ledger, job, console)
        show_result(state, ledger, job.run_id("nightly"), console)


def run_nightly(state: PlatformState, job: Job, console: Console) -> None:
    """Triggers `caco_nightly` for one date and follows it.

    Raises:
        PlatformError: the DAG does not parse, or the run failed.
    """
    with _api(state) as api, Ledger(state.ledger_writer_url) as ledger:
        _trigger(api, ledger, job, "nightly", console)
        show_result(state, ledger, job.run_id("nightly"), console)


def show_result(state: PlatformState, ledger: Ledger, run_id: str, console: Console) -> None:
    """The funnel, one published row with all its ancestors, and where everything is."""
    store = open_store(state.store)
    console.print()
    console.print(funnel_table(ledger.funnel(run_id), ledger.reject_reasons(run_id)))
    for dataset in ledger.datasets(run_id)[:1]:
        row = next(dataset_rows(store, dataset), None)
        if row is not None:
            console.rule("one published row")
            row_panel(console, row)
            console.print(lineage_tree(ledger.lineage(row["sample_id"])))
        console.rule("where it is")
        _say_where(store, dataset, state, console)


def demo_job(home: Path, config: str, overrides: Sequence[str]) -> Job:
    """The demo's job: the date of its first start is kept, so that a second start goes on with the same run."""
    path = home / "demo.json"
    if path.is_file():
        partition = str(json.loads(path.read_text())["partition"])
    else:
        partition = today()
        write_bytes(path, json.dumps({"partition": partition}).encode() + b"\n")
    return Job(partition=partition, config=config, overrides=tuple(overrides))


def today() -> str:
    """Today's date in UTC."""
    return datetime.now(UTC).date().isoformat()


def _is_done(ledger: Ledger, run_id: str) -> bool:
    """Whether the run's dataset is published and its gate passed."""
    if not ledger.datasets(run_id):
        return False
    try:
        tasks.gate(run_id)
    except (ConservationError, GateError):
        return False
    return True


def _run_all(api: AirflowApi, ledger: Ledger, job: Job, console: Console) -> None:
    for dag_id in DAGS.values():
        _wait_for_dag(api, dag_id)
    model = ledger.accepted_model(job.partition)
    if model is None or ledger.shards(job.run_id("codegen"), "train") == []:
        known = {run.dag_run_id for run in api.runs(DAGS["codegen"])}
        api.unpause(DAGS["codegen"])
        _trigger(api, ledger, job, "seeds", console)
        console.print(f"[bold]{DAGS['codegen']}[/bold], started by the seed programs")
        started = wait_for_run(api, DAGS["codegen"], known, patience_seconds=DAG_PATIENCE_SECONDS)
        run_id = job.run_id("codegen")
        follow(api, ledger, pipeline="codegen", dag_run_id=started, run_id=run_id, console=console)
    _trigger(api, ledger, job, "nightly", console)


def _trigger(api: AirflowApi, ledger: Ledger, job: Job, pipeline: str, console: Console) -> None:
    dag_id = DAGS[pipeline]
    _wait_for_dag(api, dag_id)
    api.unpause(dag_id)
    partition_key = job.partition if pipeline == "nightly" else None
    dag_run_id = api.trigger(dag_id, job.conf, partition_key=partition_key)
    console.print(f"[bold]{dag_id}[/bold] for {job.partition}: {api.url}/dags/{dag_id}/runs/{dag_run_id}")
    run_id = job.run_id(pipeline)
    follow(api, ledger, pipeline=pipeline, dag_run_id=dag_run_id, run_id=run_id, console=console)


def _wait_for_dag(api: AirflowApi, dag_id: str) -> None:
    end = time.monotonic() + DAG_PATIENCE_SECONDS
    while not api.is_dag_known(dag_id):
        errors = api.import_errors()
        if errors:
            path, error = next(iter(errors.items()))
            raise PlatformError(f"The DAG file {path} does not parse: {error.strip().splitlines()[-1]}")
        if time.monotonic() > end:
            raise PlatformError(f"Airflow does not know the DAG {dag_id}: see the log of the DAG processor.")
        time.sleep(1)


def _say_where(store: Store, dataset: str, state: PlatformState, console: Console) -> None:
    lines = [
        f"Dataset     {store.root}/datasets/{dataset}",
        "Load it     " + _loading(state, dataset),
        f"Export      caco export {dataset} --format messages --out out",
        f"Airflow     {state.airflow_url}  login {state.airflow_user}, password {state.airflow_password}",
        'Ask         caco sql "SELECT * FROM caco.funnel"',
    ]
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _loading(state: PlatformState, dataset: str) -> str:
    if state.store.root.startswith("file://"):
        return (
            f'datasets.load_dataset("parquet", data_files="{state.store.root[7:]}/datasets/{dataset}/train-*.parquet")'
        )
    return f'caco export {dataset} --format caco --out out; datasets.load_dataset("json", data_files="out/train.jsonl")'


def _api(state: PlatformState) -> AirflowApi:
    return AirflowApi(state.airflow_url, state.airflow_user, state.airflow_password)
