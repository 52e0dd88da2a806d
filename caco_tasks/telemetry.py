"""Spans and metrics of stages, by the API of OpenTelemetry: run → stage → shard, rows, reasons, tokens, GPUs.

Whoever runs the tasks sets up where they go; Airflow does, by its settings `[traces]` and `[metrics]`. Where nobody has,
all of this does nothing. Names and attributes are in `docs/observability.md`; a span of the stage lies in that of Airflow's task.
"""

import time
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.metrics import Counter, Histogram, MeterProvider, UpDownCounter

from caco_tasks.identity import RunKeys
from caco_tasks.platform.gpus import Lease
from caco_tasks.runner import find_output
from caco_tasks.store import Manifest, RunRecord, Store

SCOPE = "caco"
NANOSECONDS = 1_000_000_000

# what a counter counts: its unit, and what it is
COUNTERS = {
    "caco.records": ("{record}", "Records that a stage judged, by outcome."),
    "caco.reasons": ("{record}", "Records that a stage did not pass, by reason."),
    "caco.tokens": ("{token}", "Tokens of prompts and replies, replayed ones too."),
    "caco.replies": ("{reply}", "Replies of models, new and replayed."),
    "caco.cost": ("{USD}", "Paid for replies, by the price table of the config."),
}


@contextmanager
def stage_span(run: RunRecord, stage: str, shards: Sequence[int]) -> Iterator[None]:
    """A span around the work on some shards of one stage of a run; an error is noted in it, and goes on."""
    attributes: dict[str, Any] = {
        "caco.run_id": run.run_id,
        "caco.pipeline": run.pipeline,
        "caco.partition": run.partition,
        "caco.stage": stage,
        "caco.shards": list(shards),
    }
    with trace.get_tracer(SCOPE).start_as_current_span(f"stage {stage}", attributes=attributes):
        yield


@contextmanager
def lease_span(leasing: AbstractContextManager[Lease], stage: str) -> Iterator[Lease]:
    """Enters a lease of GPUs within a span, which shows the waiting for them, and counts them until it is left."""
    begun = time.monotonic()
    with ExitStack() as held:
        with trace.get_tracer(SCOPE).start_as_current_span("lease GPUs") as span:
            lease = held.enter_context(leasing)
            span.set_attribute("caco.gpus", len(lease.gpus))
        if lease.gpus:
            counter, attributes = _leased_gpus(metrics.get_meter_provider()), {"caco.stage": stage}
            counter.add(len(lease.gpus), attributes)
            held.callback(counter.add, -len(lease.gpus), attributes)
            _histogram("caco.gpu.wait").record(time.monotonic() - begun, attributes)
        yield lease


def record_outputs(
    store: Store, keys: RunKeys, stage: str, results: Sequence[Mapping[str, Any]], *, there: Container[int]
) -> None:
    """A span for each shard that a stage's process told of, and the counts of those that were not `there` before it."""
    for told in results:
        shard = int(told["shard"])
        key = keys.key(stage, shard)
        manifest = None if shard in there else find_output(store, stage, key)
        if manifest is None:
            attributes: dict[str, Any] = {"caco.stage": stage, "caco.shard": shard, "caco.output": key}
            attributes["caco.is_reused"] = True
            trace.get_tracer(SCOPE).start_span(f"shard {shard}", attributes=attributes).end()
        else:
            _record_output(manifest, shard=shard, began_at=told["began_at"], ended_at=told["ended_at"])


def _record_output(manifest: Manifest, *, shard: int, began_at: float, ended_at: float) -> None:
    """The span of an output that was made just now, between two moments in seconds since 1970, and its counts as metrics."""
    span = trace.get_tracer(SCOPE).start_span(
        f"shard {shard}",
        start_time=int(began_at * NANOSECONDS),
        attributes={
            "caco.stage": manifest.stage,
            "caco.shard": shard,
            "caco.output": manifest.key,
            "caco.is_reused": False,
            **{f"caco.{name}": getattr(manifest, name) for name in ("read", "passed", "failed", "unknown")},
            **{f"caco.reasons.{reason}": count for reason, count in manifest.reasons.items()},
            "caco.prompt_tokens": manifest.prompt_tokens,
            "caco.completion_tokens": manifest.completion_tokens,
        },
    )
    span.end(int(ended_at * NANOSECONDS))
    _count(manifest)
    _histogram("caco.shard.duration").record(ended_at - began_at, _stage_attributes(manifest))


def _count(manifest: Manifest) -> None:
    stage = _stage_attributes(manifest)
    for outcome in ("passed", "failed", "unknown"):
        _add("caco.records", getattr(manifest, outcome), {**stage, "caco.outcome": outcome})
    for reason, count in manifest.reasons.items():
        _add("caco.reasons", count, {**stage, "caco.reason": reason})
    _add("caco.tokens", manifest.prompt_tokens, {**stage, "caco.token_kind": "prompt"})
    _add("caco.tokens", manifest.completion_tokens, {**stage, "caco.token_kind": "completion"})
    _add("caco.replies", manifest.requests - manifest.replayed, {**stage, "caco.is_replayed": False})
    _add("caco.replies", manifest.replayed, {**stage, "caco.is_replayed": True})
    _add("caco.cost", manifest.cost_usd, stage)


def _add(name: str, amount: float, attributes: Mapping[str, Any]) -> None:
    if amount:
        _counter(metrics.get_meter_provider(), name).add(amount, attributes)


def _histogram(name: str) -> Histogram:
    return _make_histogram(metrics.get_meter_provider(), name)


# A task's process has a provider of its own, made after it was forked: an instrument belongs to one provider.
@cache
def _counter(provider: MeterProvider, name: str) -> Counter:
    unit, description = COUNTERS[name]
    return provider.get_meter(SCOPE).create_counter(name, unit=unit, description=description)


@cache
def _make_histogram(provider: MeterProvider, name: str) -> Histogram:
    return provider.get_meter(SCOPE).create_histogram(name, unit="s")


@cache
def _leased_gpus(provider: MeterProvider) -> UpDownCounter:
    return provider.get_meter(SCOPE).create_up_down_counter("caco.gpu.leased", unit="{gpu}", description="GPUs in use.")


def _stage_attributes(manifest: Manifest) -> dict[str, Any]:
    return {"caco.pipeline": manifest.pipeline, "caco.stage": manifest.stage}
