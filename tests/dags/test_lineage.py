"""Lineage as OpenLineage knows it: events of really run tasks, received over HTTP and held against the specification."""

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import attrs
import pytest
from endpoints import Body, Said, serving
from ledger_world import World
from openlineage.client.event_v2 import RunEvent

from caco_tasks import tasks
from caco_tasks.identity import RunKeys
from caco_tasks.ledger import Ledger
from caco_tasks.pipeline import PIPELINES
from caco_tasks.platform.airflow import SETTINGS
from caco_tasks.store import RunRecord
from caco_tasks.store.manifest import manifest_uri

pytestmark = pytest.mark.filterwarnings("default")  # Airflow's own deprecations are not ours to mend

DAGS = Path(__file__).parents[2] / "dags"
FORM = {"config": "smoke", "partition": "2026-11-01"}
RUN_SEEDS = """
import json, sys
from pathlib import Path
from airflow.dag_processing.dagbag import BundleDagBag
bag = BundleDagBag(Path(sys.argv[1]), bundle_path=Path(sys.argv[1]), bundle_name="dags-folder")
print(bag.dags["caco_seeds"].test(run_conf=json.loads(sys.argv[2])).state)
"""


def thanks(body: Body, times: int) -> Said:
    """What a system for lineage answers."""
    return Said(status=201)


@pytest.fixture(scope="module")
def received(ledger_url: str, airflow_database: None) -> list[tuple[str, Body]]:
    """What was received, by path: a run of `caco_seeds` whose second shard fails, in a process that sends lineage."""
    run_id = tasks.plan("seeds", partition="2026-11-01", config="smoke")["run_id"]
    store = Path(os.environ["CACO_STORE"].removeprefix("file://"))
    record = RunRecord.model_validate_json((store / f"runs/2026-11-01/{run_id}/run.json").read_text())
    damaged = store / manifest_uri("unify", RunKeys(record, {}).key("unify", 1))
    damaged.parent.mkdir(parents=True)
    damaged.write_text("damaged")
    with serving(thanks) as endpoint:
        wanted = {f"AIRFLOW__OPENLINEAGE__{name.upper()}": value for name, value in SETTINGS["openlineage"].items()}
        environ = {**os.environ, **wanted, "OPENLINEAGE_URL": endpoint.base_url.removesuffix("/v1")}
        command = [sys.executable, "-c", RUN_SEEDS, str(DAGS), json.dumps(FORM)]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=300, check=False)
    assert "failed" in done.stdout.splitlines(), done.stdout[-3000:] + done.stderr[-3000:]
    return [(path, body) for path, _, body in endpoint.asked]


def of(received: list[tuple[str, Body]], job: str) -> list[Body]:
    """The events of a job."""
    return [event for _, event in received if event["job"]["name"] == job]


def test_every_task_tells_when_it_starts_and_how_it_ends(received: list[tuple[str, Body]]) -> None:
    assert {path for path, _ in received} == {"/api/v1/lineage"}
    told = {
        (event["job"]["name"], event["eventType"], event["run"]["runId"])
        for _, event in received
        if event["job"]["namespace"] == "caco"
    }
    assert len(told) == len(received)
    kinds = {job: sorted(kind for name, kind, _ in told if name == job) for job, _, _ in told}
    assert kinds == {
        "caco_seeds": ["FAIL"],  # it is the scheduler that tells of the start of a run
        "caco_seeds.plan": ["COMPLETE", "START"],
        "caco_seeds.conversion.seeds": ["COMPLETE", "COMPLETE", "START", "START"],
        "caco_seeds.conversion.unify": ["COMPLETE", "FAIL", "START", "START"],
        "caco_seeds.finish": ["FAIL", "START"],
    }
    [of_dag] = {event["run"]["runId"] for event in of(received, "caco_seeds")}
    for _, event in received:
        if event["job"]["name"] != "caco_seeds":
            assert event["run"]["facets"]["parent"]["run"]["runId"] == of_dag


def test_a_stage_names_what_it_reads_and_writes_with_schema_and_counts(
    received: list[tuple[str, Body]], ledger_url: str
) -> None:
    [event] = [event for event in of(received, "caco_seeds.conversion.unify") if event["eventType"] == "COMPLETE"]
    with Ledger(ledger_url) as ledger:
        [made] = ledger.outputs(event["run"]["facets"]["caco_funnel"]["run_id"], "unify")
        [*seeds] = ledger.outputs(made.run_id, "seeds")
    [read] = event["inputs"]
    root = os.environ["CACO_STORE"].removeprefix("file://")
    assert (read["namespace"], read["name"]) == ("file", f"{root.strip('/')}/outputs/seeds")
    assert read["facets"]["version"]["datasetVersion"] == made.inputs[0]
    assert read["inputFacets"]["inputStatistics"]["rowCount"] == seeds[0].passed == made.read
    [written] = event["outputs"]
    assert written["name"].endswith("/outputs/unify")
    assert written["facets"]["version"]["datasetVersion"] == made.key
    assert written["outputFacets"]["outputStatistics"] == {
        **written["outputFacets"]["outputStatistics"],
        "rowCount": made.rows,
        "size": made.bytes,
        "fileCount": 1,
    }
    columns = {field["name"]: field for field in written["facets"]["schema"]["fields"]}
    assert {"seed", "outcome", "reason"} <= set(columns), columns
    assert columns["outcome"]["type"] == "string"
    [stage] = event["run"]["facets"]["caco_funnel"]["stages"]
    counted = ("stage", "read", "passed", "failed", "unknown", "reasons")
    assert {name: stage[name] for name in counted} == {name: getattr(made, name) for name in counted}


def test_a_stage_that_fails_names_what_it_would_have_written_and_why_it_did_not(
    received: list[tuple[str, Body]],
) -> None:
    [event] = [event for event in of(received, "caco_seeds.conversion.unify") if event["eventType"] == "FAIL"]
    assert "damaged" in event["run"]["facets"]["errorMessage"]["message"]
    [written] = event["outputs"]
    assert written["name"].endswith("/outputs/unify")
    assert not written.get("outputFacets")
    [stage] = event["run"]["facets"]["caco_funnel"]["stages"]
    assert (stage["shards"], stage["read"]) == (0, 0)


def test_what_was_received_is_as_the_specification_says(received: list[tuple[str, Body]]) -> None:
    for _, event in received:
        check_event(event)


def test_a_facet_with_a_wrong_field_is_not_as_the_specification_says(received: list[tuple[str, Body]]) -> None:
    event = json.loads(json.dumps(received[-1][1]))
    event["job"]["facets"]["jobType"]["colour"] = "red"
    with pytest.raises(AssertionError, match="colour"):
        check_event(event)


def test_the_gate_tells_the_whole_funnel(world: World, airflow_home: Path) -> None:
    from caco.lineage import find_lineage

    run = world.run("nightly")
    found = find_lineage("gate", ([{"run_id": run.run_id, "shards": [0]}],), {})
    assert found is not None
    assert [stage.stage for stage in found[0].funnel] == [spec.name for spec in PIPELINES["nightly"]]
    assert found[0].funnel[0].reasons == {"cut_off": 1}
    assert find_lineage("plan", ("nightly",), {}) is None


def check_event(event: Body) -> None:
    """Holds an event against the specification: its frame, and every facet against the class that is generated from it."""
    assert {"run", "job", "eventTime", "producer", "schemaURL"} <= set(event)
    assert event["eventType"] in {"START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"}
    assert datetime.fromisoformat(event["eventTime"]).tzinfo is not None
    assert UUID(event["run"]["runId"])
    assert all(urlsplit(event[name]).scheme for name in ("producer", "schemaURL"))
    check_fields(RunEvent, event, where="event")
    for kind in ("run", "job"):
        for name, facet in event[kind]["facets"].items():
            check_facet(name, facet)
    for dataset in (*event["inputs"], *event["outputs"]):
        check_dataset(dataset)


def check_dataset(dataset: Body) -> None:
    for kind in ("facets", "inputFacets", "outputFacets"):
        for name, facet in (dataset.get(kind) or {}).items():
            check_facet(name, facet)


def check_facet(name: str, facet: Body) -> None:
    """It is one of the specification, with the fields that its class has, or one of ours or of Airflow's own."""
    assert {"_producer", "_schemaURL"} <= set(facet), name
    kind = generated_facets().get(facet["_schemaURL"])
    if not name.startswith("airflow") and not facet["_schemaURL"].startswith("urn:caco:"):
        assert kind is not None, (name, facet["_schemaURL"])
        check_fields(kind, facet, where=name)


def check_fields(kind: Any, value: Body, *, where: str) -> None:
    fields = {field.name: field for field in attrs.fields(kind)}
    left = set(value) - set(fields) - {"_deleted", "schemaURL"}
    assert not left, f"{where} has {left}"
    missing = {name for name, field in fields.items() if field.default is attrs.NOTHING} - set(value)
    assert not missing, f"{where} lacks {missing}"


def generated_facets() -> dict[str, Any]:
    """The classes of facets by the address of their schema."""
    import importlib
    import pkgutil

    import openlineage.client.generated as generated

    found = {}
    for module in pkgutil.iter_modules(generated.__path__):
        for each in vars(importlib.import_module(f"{generated.__name__}.{module.name}")).values():
            if isinstance(each, type) and attrs.has(each) and hasattr(each, "_get_schema"):
                found[each._get_schema()] = each
    return found
