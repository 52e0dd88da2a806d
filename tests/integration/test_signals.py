"""What the platform tells others of, really brought up once: lineage, spans and metrics, and a nightly run that is late."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from endpoints import Body, Endpoint, Said, serving
from otlp import Collector, ReceivedSpan, collecting

from caco_tasks.ledger import Ledger
from caco_tasks.platform.api import AirflowApi
from caco_tasks.platform.control import down, up
from caco_tasks.platform.ports import free_port
from caco_tasks.platform.processes import wait_until
from caco_tasks.platform.state import PlatformState

pytestmark = pytest.mark.xdist_group("platform")

PROJECT = Path(__file__).parents[2]
DAY = "2026-11-20"
SECONDS = 180


class Told(NamedTuple):
    """A platform, what it told others of, and the run of Airflow that it did."""

    state: PlatformState
    lineage: Endpoint
    collector: Collector
    hook: Endpoint
    dag_run: str
    late_run: str


def thanks(body: Body, times: int) -> Said:
    """What others answer."""
    return Said(status=201)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, first_port: int) -> Iterator[Told]:
    """A platform that was told where to send all of it, once it made seeds, and had a nightly run that was late."""
    home = tmp_path_factory.mktemp("platform") / "home"
    ports = {name: free_port(first_port + 300 + 20 * place) for place, name in enumerate(("airflow", "postgres"))}
    with serving(thanks) as lineage, serving(thanks) as hook, collecting() as collector:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("OPENLINEAGE_URL", lineage.base_url.removesuffix("/v1"))
            patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
            patch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "2000")  # milliseconds; those of tasks come when they end
            patch.setenv("CACO_LATE_AFTER_HOURS", "0.0002")  # less than a second: no run is faster
            state = up(home, project=PROJECT, store="file", ports=ports)
        try:
            yield Told(state, lineage, collector, hook, *run_both(state, hook))
        finally:
            down(home)


def run_both(state: PlatformState, hook: Endpoint) -> tuple[str, str]:
    """Runs `caco_nightly`, which finds no CodeGen, and `caco_seeds`; the ids of both runs."""
    with AirflowApi(state.airflow_url, state.airflow_user, state.airflow_password, patience_seconds=120) as api:
        add_webhook(state, f"{hook.base_url}/hooks/T0")
        for dag in ("caco_nightly", "caco_seeds"):
            assert wait_until(lambda dag=dag: api.is_dag_known(dag), seconds=SECONDS, pause=0.5), api.import_errors()
            api.unpause(dag)
        late = api.trigger("caco_nightly", {"config": "smoke"}, partition_key=DAY)
        seeds = api.trigger("caco_seeds", {"config": "smoke", "partition": DAY})
        for dag, run in (("caco_nightly", late), ("caco_seeds", seeds)):
            assert wait_until(lambda dag=dag, run=run: api.run(dag, run).is_finished, seconds=SECONDS, pause=0.5)
        assert (api.run("caco_nightly", late).state, api.run("caco_seeds", seeds).state) == ("failed", "success")
    return seeds, late


def add_webhook(state: PlatformState, url: str) -> None:
    """Makes the Airflow connection `caco_webhook`."""
    with httpx.Client(base_url=state.airflow_url, trust_env=False) as client:
        login = {"username": state.airflow_user, "password": state.airflow_password}
        token = client.post("/auth/token", json=login).raise_for_status().json()["access_token"]
        connection = {"connection_id": "caco_webhook", "conn_type": "http", "host": url}
        headers = {"authorization": f"Bearer {token}"}
        client.post("/api/v2/connections", json=connection, headers=headers).raise_for_status()


def test_a_late_run_is_told_of_by_the_triggerer_and_a_failed_one_by_its_task(told: Told) -> None:
    assert wait_until(lambda: len({body["kind"] for _, _, body in told.hook.asked}) == 2, seconds=60, pause=0.5)
    found = {body["kind"]: body for _, _, body in told.hook.asked if body["dag"] == "caco_nightly"}
    assert {body["run"] for body in found.values()} == {told.late_run}
    assert found["failed"]["task"] == "plan"
    assert found["late"]["sentence"].startswith("It was queued more than 0.0002 hours ago and is still ")
    assert found["late"]["link"] == f"{told.state.airflow_url}/dags/caco_nightly/runs/{quoted(told.late_run)}"


def test_every_task_of_a_run_sends_lineage(told: Told) -> None:
    def kinds() -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for _, _, event in list(told.lineage.asked):
            if event["job"]["name"].startswith("caco_seeds"):
                found.setdefault(event["job"]["name"], []).append(event["eventType"])
        return {name: sorted(types) for name, types in found.items()}

    both, twice = ["COMPLETE", "START"], ["COMPLETE", "COMPLETE", "START", "START"]
    wanted = {
        "caco_seeds": both,
        "caco_seeds.plan": both,
        "caco_seeds.conversion.seeds": twice,
        "caco_seeds.conversion.unify": twice,
        "caco_seeds.finish": both,
    }
    assert wait_until(lambda: kinds() == wanted, seconds=60, pause=0.5), kinds()


def test_spans_lead_from_the_run_over_its_stages_to_their_shards(told: Told) -> None:
    def spans() -> dict[str, ReceivedSpan]:
        return {span.span_id: span for span in told.collector.spans()}

    def is_whole() -> bool:  # each process sends its own, in its own time
        found = spans()
        ended = {span.trace_id for span in found.values() if span.name == "dag_run.caco_seeds"}
        trace = [span for span in found.values() if span.trace_id in ended]
        return bool(trace) and all(span.parent_id in found for span in trace if span.parent_id)

    assert wait_until(is_whole, seconds=60, pause=0.5)
    found = spans()
    shards = [span for span in found.values() if span.name.startswith("shard ")]
    assert sorted((span.attributes["caco.stage"], span.name) for span in shards) == [
        (stage, f"shard {number}") for stage in ("seeds", "unify") for number in (0, 1)
    ]
    for shard in shards:
        above = list(ancestors(shard, found))
        stage = shard.attributes["caco.stage"]
        assert above[0] == f"stage {stage}"
        assert above[1].startswith(f"worker.conversion.{stage}[")
        assert above[-1] == "dag_run.caco_seeds"
        assert shard.seconds > 0
        assert shard.attributes["caco.is_reused"] is False
    failed = [span for span in found.values() if span.is_error]
    assert "dag_run.caco_nightly" in {span.name for span in failed}


def test_metrics_count_what_the_ledger_counts_and_airflow_adds_its_queues(told: Told) -> None:
    with Ledger(told.state.ledger_writer_url) as ledger:
        funnel = ledger.funnel_of_trigger("caco_seeds", told.dag_run)
    assert wait_until(lambda: "airflow.pool.open_slots" in told.collector.names(), seconds=60, pause=0.5)
    assert [row.stage for row in funnel] == ["seeds", "unify"]
    for row in funnel:
        for outcome in ("passed", "failed", "unknown"):
            counted = told.collector.total("caco.records", caco_stage=row.stage, caco_outcome=outcome)
            assert counted == getattr(row, outcome), (row.stage, outcome)
        assert told.collector.total("caco.shard.duration", caco_stage=row.stage) == row.shards


def ancestors(span: ReceivedSpan, found: dict[str, ReceivedSpan]) -> Iterator[str]:
    """The names of the spans above one, up to a root."""
    while span.parent_id:
        span = found[span.parent_id]
        yield span.name


def quoted(run: str) -> str:
    """The id of a run as a part of an address."""
    return run.replace(":", "%3A").replace("+", "%2B")
