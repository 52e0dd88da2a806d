"""A nightly run that is late: Airflow writes its deadline down, and what it calls when that has passed tells people."""

import asyncio
import importlib
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ledger_world
import pytest
from endpoints import Endpoint

from caco_tasks.ledger import Ledger
from caco_tasks.notifications import describe_funnel
from caco_tasks.store import open_store
from caco_tasks.store.manifest import RunTrigger
from caco_tasks.store.store import StoreSettings

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import BundleDagBag

pytestmark = pytest.mark.filterwarnings("default")  # Airflow's own deprecations are not ours to mend

DAGS = Path(__file__).parents[2] / "dags"
HOURS = 30.0


@pytest.fixture
def parse(airflow_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Parses the DAGs with a value of CACO_LATE_AFTER_HOURS, which is read where they are."""

    def parse_with(hours: str) -> "BundleDagBag":
        from airflow.dag_processing.dagbag import BundleDagBag

        monkeypatch.setenv("CACO_LATE_AFTER_HOURS", hours)
        sys.modules.pop("caco_common", None)
        return BundleDagBag(DAGS, bundle_path=DAGS, bundle_name="dags-folder")

    yield parse_with
    monkeypatch.undo()
    if "caco_common" in sys.modules:  # other files expect it as it was
        importlib.reload(sys.modules["caco_common"])


@pytest.mark.parametrize(("hours", "deadlines"), [("", [24.0]), ("6.5", [6.5]), ("0", None)])
def test_a_nightly_run_is_late_after_a_day_or_as_many_hours_as_are_set(
    parse: Any, hours: str, deadlines: list[float] | None
) -> None:
    bag = parse(hours)
    assert bag.import_errors == {}
    found = bag.dags["caco_nightly"].deadline
    assert (found and [alert.interval.total_seconds() / 3600 for alert in found]) == deadlines
    assert {dag_id for dag_id, dag in bag.dags.items() if dag.deadline} <= {"caco_nightly"}


def test_a_missed_deadline_tells_of_the_run_with_its_funnel(
    parse: Any, airflow_database: None, hook: Endpoint, ledger_url: str
) -> None:
    store = open_store(StoreSettings(root=os.environ["CACO_STORE"]))
    with Ledger(ledger_url) as ledger:
        world = ledger_world.build(store)
        ledger_world.load(ledger, store, world)
        run = world.run("nightly")
        note = {"run_id": run.run_id, "dag_id": "caco_nightly", "dag_run_id": "scheduled__running"}
        ledger.register_trigger(run, RunTrigger(**note, triggered_at=datetime.now(UTC)), store)
        rows = ledger.funnel(run.run_id)
    queue_and_miss(parse(str(HOURS)), "scheduled", state="running")
    [(path, _, told)] = hook.asked
    assert path == "/v1/hooks/T0"
    assert (told["kind"], told["dag"], told["run"], told["task"]) == ("late", "caco_nightly", "scheduled__running", "")
    assert told["sentence"].startswith("It was queued more than 30 hours ago and is still running")
    assert [row.stage for row in rows][:2] == ["sample", "execute"]
    assert told["funnel"] == describe_funnel(rows)
    assert told["link"].endswith("/dags/caco_nightly/runs/scheduled__running")


@pytest.mark.parametrize(
    ("run_type", "state"), [("backfill", "running"), ("scheduled", "failed"), ("manual", "success")]
)
def test_nobody_is_told_of_a_date_of_a_backfill_or_of_a_run_that_has_ended(
    parse: Any, airflow_database: None, hook: Endpoint, ledger_url: str, run_type: str, state: str
) -> None:
    queue_and_miss(parse(str(HOURS)), run_type, state=state)
    assert hook.asked == []


def queue_and_miss(bag: "BundleDagBag", run_type: str, *, state: str) -> None:
    """Has Airflow make a run, takes its deadline as missed as the scheduler does, and runs what the triggerer would."""
    from airflow.models import Deadline
    from airflow.models.dag import DagModel
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.serialization.serialized_objects import LazyDeserializedDAG
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType
    from sqlalchemy import select

    with create_session() as session:
        session.merge(DagBundleModel(name="dags-folder"))
        session.flush()
        session.merge(DagModel(dag_id="caco_nightly", bundle_name="dags-folder"))
        session.flush()
        written = LazyDeserializedDAG.from_dag(bag.dags["caco_nightly"])
        SerializedDagModel.write_dag(written, bundle_name="dags-folder", session=session)
        session.flush()
        run = SerializedDagModel.get_dag("caco_nightly", session=session).create_dagrun(
            run_id=f"{run_type}__{state}",
            run_after=datetime.now(UTC),
            run_type=DagRunType(run_type),
            state=DagRunState.QUEUED,
            triggered_by=DagRunTriggeredByType.TIMETABLE,
            session=session,
        )
        session.flush()
        deadline = session.scalars(select(Deadline).where(Deadline.dagrun_id == run.id)).one()
        assert deadline.deadline_time - run.queued_at == timedelta(hours=HOURS)
        run.state = DagRunState(state)
        session.flush()
        deadline.handle_miss(session)
        session.flush()
        path, kwargs = deadline.callback.trigger.classpath, deadline.callback.trigger.kwargs
    asyncio.run(run_trigger(path, kwargs))


async def run_trigger(path: str, kwargs: dict[str, Any]) -> None:
    """Runs a trigger to its end, which is a success."""
    from airflow.sdk._shared.module_loading import import_string

    said = [event.payload["state"] async for event in import_string(path)(**kwargs).run()]
    assert said == ["running", "success"]
