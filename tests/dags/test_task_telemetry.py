"""Spans and metrics of a stage's task, which Airflow runs in a process of its own and sends by its settings."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from otlp import ReceivedSpan, collecting

from caco_tasks import tasks
from caco_tasks.ledger import Ledger
from caco_tasks.platform import airflow as platform

pytestmark = pytest.mark.filterwarnings("default")  # Airflow's own deprecations are not ours to mend

DAGS = Path(__file__).parents[2] / "dags"
DAG = """
import sys
sys.path.append({dags!r})
from airflow.sdk import dag
from caco_common import stage_and_load

@dag(schedule=None)
def probe():
    stage_and_load(stage="seeds", run_id={run_id!r}, shards=[0, 1])

probe()
"""
# what an executor does with a task that the scheduler has queued
RUN_TASK = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from airflow.api_fastapi.execution_api.app import InProcessExecutionAPI
from airflow.dag_processing.dagbag import BundleDagBag
from airflow.executors.workloads.task import ExecuteTask
from airflow.models.dag import DagModel
from airflow.models.dagbundle import DagBundleModel
from airflow.models.serialized_dag import SerializedDagModel
from airflow.sdk.api.client import Client
from airflow.sdk.execution_time.supervisor import supervise_task
from airflow.serialization.serialized_objects import LazyDeserializedDAG
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, TaskInstanceState
from airflow.utils.types import DagRunTriggeredByType, DagRunType

folder = Path(sys.argv[1])
bag = BundleDagBag(folder, bundle_path=folder, bundle_name="dags-folder")
with create_session() as session:
    session.add(DagBundleModel(name="dags-folder"))
    session.flush()
    session.add(DagModel(dag_id="probe", bundle_name="dags-folder", relative_fileloc="probe.py"))
    session.flush()
    written = LazyDeserializedDAG.from_dag(bag.dags["probe"])
    SerializedDagModel.write_dag(written, bundle_name="dags-folder", session=session)
    session.flush()
    run = SerializedDagModel.get_dag("probe", session=session).create_dagrun(
        run_id="manual__1", run_after=datetime.now(UTC), run_type=DagRunType.MANUAL, state=DagRunState.RUNNING,
        triggered_by=DagRunTriggeredByType.TEST, session=session,
    )
    [instance] = run.get_task_instances(session=session)
    instance.state = TaskInstanceState.QUEUED
    session.flush()
    work = ExecuteTask.make(instance)
client = Client(base_url=None, token="", dry_run=True, transport=InProcessExecutionAPI().transport)
client.base_url = "http://in-process.invalid./"  # the same that Airflow's own in-process client has
sys.exit(
    supervise_task(
        ti=work.ti, bundle_info=work.bundle_info, dag_rel_path=work.dag_rel_path, token="", client=client,
        subprocess_logs_to_stdout=True,
    )
)
"""


def test_a_task_sends_its_spans_and_counts_by_the_settings_of_airflow(
    ledger_url: str, airflow_database: None, tmp_path: Path
) -> None:
    run_id = tasks.plan("seeds", partition="2026-11-01", config="smoke")["run_id"]
    (tmp_path / "probe.py").write_text(DAG.format(dags=str(DAGS), run_id=run_id))
    with collecting() as collector:
        told = platform.signal_environment({platform.TELEMETRY_URL: collector.url})
        environ = {
            **os.environ,
            **told,
            platform.TELEMETRY_URL: collector.url,
            "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path),
        }
        command = [sys.executable, "-c", RUN_TASK, str(tmp_path)]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    found = {span.span_id: span for span in collector.spans()}
    shards = [span for span in found.values() if span.name.startswith("shard ")]
    assert sorted(span.name for span in shards) == ["shard 0", "shard 1"]
    for shard in shards:
        assert names_above(shard, found)[:2] == ["stage seeds", "worker.stage_and_load"]
        assert shard.seconds > 0
    assert len({span.trace_id for span in shards}) == 1
    with Ledger(ledger_url) as ledger:
        [row], reasons = ledger.funnel(run_id), ledger.reject_reasons(run_id)
    for outcome in ("passed", "failed", "unknown"):
        assert collector.total("caco.records", caco_stage="seeds", caco_outcome=outcome) == getattr(row, outcome)
    for reason in reasons:
        assert collector.total("caco.reasons", caco_reason=reason.reason) == reason.records
    assert collector.total("caco.shard.duration", caco_stage="seeds") == row.shards == 2
    assert "airflow.ti.start" in collector.names()


def names_above(span: ReceivedSpan, found: dict[str, ReceivedSpan]) -> list[str]:
    """The names of the spans that one lies in, as far as they were sent."""
    names = []
    while span.parent_id in found:
        span = found[span.parent_id]
        names.append(span.name)
    return names
