"""Spans and metrics of a stage that leases GPUs, sent by OpenTelemetry's own SDK to a collector."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import making
import pytest
from endpoints import Body, Endpoint, Said, completion, serving
from otlp import Collector, collecting

from caco_tasks.config import load_config
from caco_tasks.model_settings import ModelSettings
from caco_tasks.store import RunRecord, open_store
from caco_tasks.store.store import StoreSettings

PROGRAM = 'input = {"pens": 3}\n\ndef cost(pens):\n    return pens * 4\n\noutput = cost(**input)\nprint(output)\n'
# what Airflow's settings [traces] and [metrics] do in the process of a task
WORK_AND_SEND = """
import json, sys
from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from caco_tasks import tasks
from caco_tasks.errors import CacoError
trace.set_tracer_provider(TracerProvider())
trace.get_tracer_provider().add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())]))
for shards in json.loads(sys.argv[2]):
    try:
        tasks.stage_all("sample", sys.argv[1], shards)
    except CacoError as exc:
        print("failed:", exc)
trace.get_tracer_provider().shutdown()
metrics.get_meter_provider().shutdown()
"""


@pytest.fixture
def server() -> Iterator[Endpoint]:
    """A model that writes the same program again and again."""

    def answer(body: Body, times: int) -> Said:
        return completion({"text": PROGRAM}, tokens=10)

    with serving(answer) as endpoint:
        yield endpoint


def register(tmp_path: Path, **codegen: Any) -> RunRecord:
    """A run of two shards whose programs come from this model."""
    config = load_config("smoke", ["samples=4", "shards=2"])
    settings = ModelSettings.model_validate(config.models["codegen"].model_dump() | codegen)
    changed = config.model_copy(update={"models": config.models | {"codegen": settings}})
    return making.register(making.nightly_run(changed), open_store(StoreSettings(root=f"file://{tmp_path}/store")))


def work(run: RunRecord, collector: Collector, tmp_path: Path, *tasks: list[int]) -> str:
    """Does tasks of some shards each, in a process that sends what they tell; returns what it printed."""
    environ = {
        **os.environ,
        "CACO_STORE": f"file://{tmp_path}/store",
        "CACO_HOME": str(tmp_path),
        "CACO_GPUS": "2",
        "CACO_GPU_LOCKS": str(tmp_path / "locks"),
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta",
    }
    environ.pop("CACO_LEDGER_URL", None)
    command = [sys.executable, "-c", WORK_AND_SEND, run.run_id, json.dumps(tasks)]
    return subprocess.run(command, env=environ, check=True, capture_output=True, text=True, timeout=300).stdout


def test_a_stage_tells_of_its_shards_and_their_tokens_once(server: Endpoint, tmp_path: Path) -> None:
    run = register(tmp_path, engine="openai", model="m", endpoint={"base_url": server.base_url})
    with collecting() as collector:
        assert "failed:" not in work(run, collector, tmp_path, [0], [0, 1], [0, 1])
    spans = collector.spans()
    shards = [(span.name, span.attributes["caco.is_reused"]) for span in spans if span.name.startswith("shard")]
    assert shards == [("shard 0", False), ("shard 0", True), ("shard 1", False), ("shard 0", True), ("shard 1", True)]
    stages = {span.span_id: span for span in spans if span.name == "stage sample"}
    assert len(stages) == 3
    assert {span.parent_id for span in spans if span.name != "stage sample"} == set(stages)
    assert {span.attributes["caco.run_id"] for span in stages.values()} == {run.run_id}
    assert collector.total("caco.records", caco_stage="sample") == 4
    assert collector.total("caco.tokens", caco_token_kind="prompt") == 40
    assert collector.total("caco.tokens", caco_token_kind="completion") == 80
    assert collector.total("caco.replies", caco_is_replayed=False) == 4
    assert collector.total("caco.shard.duration") == 2
    assert "lease GPUs" not in {span.name for span in spans}  # the endpoint has them


def test_a_stage_tells_of_the_gpus_that_it_leased_and_of_its_failure(tmp_path: Path) -> None:
    run = register(tmp_path, model="nano:codegen", device="cuda:9")  # one that no machine of ours shows to a lease
    with collecting() as collector:
        assert "failed:" in work(run, collector, tmp_path, [0])
    found = {span.name: span for span in collector.spans()}
    assert set(found) == {"stage sample", "lease GPUs"}
    assert (found["stage sample"].is_error, found["lease GPUs"].is_error) == (True, False)
    assert found["lease GPUs"].parent_id == found["stage sample"].span_id
    assert found["lease GPUs"].attributes["caco.gpus"] == 1
    assert collector.total("caco.gpu.wait", caco_stage="sample") == 1
    assert "caco.gpu.leased" in collector.names()
    assert collector.total("caco.gpu.leased") == 0  # taken and given back
    assert "caco.records" not in collector.names()
