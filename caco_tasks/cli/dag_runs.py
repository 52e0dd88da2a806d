"""Runs of DAGs: what is asked for, triggered in the local Airflow and followed to the end."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from caco_tasks.cli.progress import DAGS, MAX_OUTAGE_SECONDS, follow
from caco_tasks.config import RunConfig, bundled_configs, load_config
from caco_tasks.errors import PlatformError
from caco_tasks.identity import pipeline_run_id
from caco_tasks.ledger import Ledger
from caco_tasks.llm.prompts import check_prompts
from caco_tasks.planning import check_partition
from caco_tasks.platform.api import AirflowApi
from caco_tasks.platform.state import PlatformState
from caco_tasks.store import RunRecord

MAX_DAG_WAIT_SECONDS = 90.0  # generous: a fresh platform reads its DAG files while it still starts


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is asked for: one date, one config."""

    partition: str
    config: str
    overrides: tuple[str, ...] = ()

    def settings(self) -> RunConfig:
        """The settings of all its runs."""
        return load_config(self.config, self.overrides)

    def run_id(self, pipeline: str) -> str:
        """The id that the pipeline's run over this date with this config has."""
        return pipeline_run_id(pipeline, self.partition, self.settings())

    def note(self, pipeline: str) -> str:
        """What tells its run of the pipeline from others in Airflow's lists."""
        size = [f"{self.settings().samples:,} samples"] if pipeline == "nightly" else []
        told = ", ".join([self.config, self.partition, *size, *self.overrides])
        return f"{told} · run {self.run_id(pipeline)[:12]}"

    @property
    def conf(self) -> dict[str, Any]:
        """The trigger form's fields."""
        return {"partition": self.partition, "config": locate_config(self.config), "overrides": list(self.overrides)}


def check_settings(config: str, overrides: Sequence[str], partition: str | None = None) -> RunConfig:
    """The settings of a run, looked at before anything starts.

    Raises:
        ConfigError: config, an override, a prompt or the partition is wrong.
    """
    if partition is not None:
        check_partition(partition)
    settings = load_config(config, overrides)
    check_prompts(settings)
    return settings


def locate_config(config: str) -> str:
    """The name of a bundled config, or the whole path of a file: Airflow works in another folder."""
    return config if config in bundled_configs() else str(Path(config).absolute())


def open_airflow(state: PlatformState) -> AirflowApi:
    """The Airflow of the local platform, waited for where it is away in the middle of a run that is followed."""
    login = (state.airflow_user, state.airflow_password)
    return AirflowApi(state.airflow_url, *login, patience_seconds=MAX_OUTAGE_SECONDS)


def trigger_job(api: AirflowApi, ledger: Ledger, job: Job, pipeline: str, console: Console) -> None:
    """Triggers the DAG of a pipeline for a job, and follows it.

    Raises:
        PlatformError: as `trigger_run`.
    """
    run_id, partition = job.run_id(pipeline), job.partition
    trigger_run(
        api, ledger, pipeline, console, conf=job.conf, run_id=run_id, partition=partition, note=job.note(pipeline)
    )


def resume_run(state: PlatformState, ledger: Ledger, run: RunRecord, console: Console) -> None:
    """Has Airflow go on with a run that is there, with what its record says, and follows it.

    Raises:
        PlatformError: as `trigger_run`.
    """
    conf = {"run_id": run.run_id}  # the DAG plans by what the run was asked for
    with open_airflow(state) as api:
        trigger_run(api, ledger, run.pipeline, console, conf=conf, run_id=run.run_id, partition=run.partition)


def trigger_run(
    api: AirflowApi,
    ledger: Ledger,
    pipeline: str,
    console: Console,
    *,
    conf: Mapping[str, Any],
    run_id: str,
    partition: str,
    note: str | None = None,
) -> None:
    """Triggers the DAG of a pipeline with the fields `conf` of its form, and follows the run `run_id` that it works on.

    Raises:
        PlatformError: the DAG does not parse, or the run failed.
    """
    dag_id = DAGS[pipeline]
    wait_for_dag(api, dag_id)
    api.unpause(dag_id)  # a fresh platform starts with all DAGs paused
    # only the timetable of caco_nightly knows partitions
    dag_run_id = api.trigger(dag_id, conf, partition_key=partition if pipeline == "nightly" else None, note=note)
    address = f"{api.url}/dags/{dag_id}/runs/{dag_run_id}"
    console.print(f"[bold]{dag_id}[/bold] for {partition}: {address}", soft_wrap=True)
    follow(api, ledger, pipeline=pipeline, dag_run_id=dag_run_id, run_id=run_id, console=console)


def wait_for_dag(api: AirflowApi, dag_id: str) -> None:
    """Waits until Airflow has read a DAG.

    Raises:
        PlatformError: a DAG file does not parse, or Airflow never reads this one.
    """
    end = time.monotonic() + MAX_DAG_WAIT_SECONDS
    while not api.is_dag_known(dag_id):
        errors = api.import_errors()  # of any file: the one that we wait for may be the broken one
        if errors:
            path, error = next(iter(errors.items()))
            raise PlatformError(f"The DAG file {path} does not parse: {error.strip().splitlines()[-1]}")
        if time.monotonic() > end:
            raise PlatformError(f"Airflow does not know the DAG {dag_id}: see the log of the DAG processor.")
        time.sleep(1)
