"""What a task of Airflow reads and writes, as systems for lineage know it: datasets with schema and size, and the funnel.

All outputs of a stage are one dataset, named by their folder: what a task made is told by its key as the version. Names
and fields are in `docs/observability.md`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from caco_tasks.identity import BASE, RunKeys, model_of
from caco_tasks.ids import content_id
from caco_tasks.ledger import Ledger
from caco_tasks.pipeline import STAGES, StageSpec, find_stage, stage_before
from caco_tasks.store import Manifest, RunRecord, Store
from caco_tasks.store.record_rows import arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa

SOURCES = "sources"  # the namespace of what lies outside of the store


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageDataset:
    """A dataset that a task reads or writes."""

    name: str  # a folder below the store's root; of a source its name
    kind: str  # "FILE", "MODEL", or "SOURCE" for one outside of the store
    version: str | None = None  # which of the versions that lie there; None: not known before the task has ended
    schema: "pa.Schema | None" = None
    rows: int | None = None  # records that are read or were written; None: not known, or not made of rows
    bytes: int | None = None
    files: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFunnel:
    """What came into a stage, over some shards or all, and what became of it."""

    stage: str
    shards: int  # that are there
    read: int
    passed: int
    failed: int
    unknown: int
    reasons: dict[str, int]  # of failed and unknown records
    recorded: dict[str, int] = field(default_factory=dict)  # findings of rules that only record
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLineage:
    """What one task reads and writes, and the part of its run's funnel that it stands for."""

    run: RunRecord
    inputs: tuple[LineageDataset, ...] = ()
    outputs: tuple[LineageDataset, ...] = ()
    funnel: tuple[StageFunnel, ...] = ()


def stage_lineage(ledger: Ledger, store: Store, run: RunRecord, stage: str, shards: Sequence[int]) -> TaskLineage:
    """What a task reads and writes that works on some shards of a stage; what is not made yet has no size.

    Raises:
        ConfigError: the run has no such stage.
        LedgerError: the ledger does not answer.
    """
    spec, keys = find_stage(run.pipeline, stage), RunKeys.of(run, store)
    wanted = [keys.key(stage, shard) for shard in shards]
    made = [manifest for key in wanted if (manifest := ledger.find_output(key)) is not None]
    outputs = (_outputs_of(spec, wanted, made, rows=sum(manifest.rows for manifest in made)), *_artifacts(made))
    return TaskLineage(
        run=run, inputs=tuple(_inputs(ledger, spec, keys, shards)), outputs=outputs, funnel=(_add_up(stage, made),)
    )


def run_lineage(ledger: Ledger, run: RunRecord) -> TaskLineage:
    """The whole funnel of a run, for a task that stands for all of it; it reads and writes no dataset of its own."""
    reasons: dict[str, dict[str, int]] = {}
    for row in ledger.reject_reasons(run.run_id):
        reasons.setdefault(row.stage, {})[row.reason] = row.records
    counted = ("stage", "shards", "read", "passed", "failed", "unknown")
    funnel = [
        StageFunnel(**{name: getattr(row, name) for name in counted}, reasons=reasons.get(row.stage, {}))
        for row in ledger.funnel(run.run_id)
    ]
    return TaskLineage(run=run, funnel=tuple(funnel))


def _inputs(ledger: Ledger, spec: StageSpec, keys: RunKeys, shards: Sequence[int]) -> list[LineageDataset]:
    run = keys.run
    found = [*_read_outputs(ledger, spec, keys, shards)]
    if spec.name == "seeds":
        found += [LineageDataset(name=name, kind="SOURCE", version=version) for name, version in run.sources.items()]
    if spec.name == "student" and run.dataset is not None:
        name, version = run.dataset.split("/", 1)
        found.append(LineageDataset(name=f"datasets/{name}", kind="FILE", version=version))
    model = model_of(spec, run) if spec.role is not None or BASE in run.models else None
    if model is not None:
        found.append(LineageDataset(name=f"models/{model}", kind="MODEL"))
    return found


def _read_outputs(ledger: Ledger, spec: StageSpec, keys: RunKeys, shards: Sequence[int]) -> list[LineageDataset]:
    """The outputs of the stage before, of this run or of another one."""
    wanted = sorted({key for shard in shards for key in keys.inputs(spec, shard)})
    if not wanted:
        return []
    before = stage_before(keys.run.pipeline, spec.name)
    if before is not None and spec.gathers:  # all of them: one question instead of one for each
        manifests = ledger.outputs(keys.run.run_id, before.name)
    else:
        manifests = [manifest for key in wanted if (manifest := ledger.find_output(key)) is not None]
    name = before.name if before is not None else str(spec.after)
    # a stage reads what the one before it passed
    return [_outputs_of(STAGES[name], wanted, manifests, rows=sum(manifest.passed for manifest in manifests))]


def _outputs_of(spec: StageSpec, keys: Sequence[str], made: Sequence[Manifest], *, rows: int) -> LineageDataset:
    is_whole = len(made) == len(keys)
    return LineageDataset(
        name=f"outputs/{spec.name}",
        kind="FILE",
        version=keys[0] if len(keys) == 1 else content_id("outputs", list(keys)),
        schema=arrow_schema(spec.writes),
        rows=rows if is_whole else None,
        bytes=sum(manifest.bytes for manifest in made) if is_whole else None,
        files=len(made) if is_whole else None,
    )


def _artifacts(made: Sequence[Manifest]) -> list[LineageDataset]:
    """What outputs left besides their rows: a trained model, a dataset."""
    found = []
    for manifest in made:
        if "model" in manifest.artifacts:
            found.append(LineageDataset(name=f"models/{manifest.artifacts['model']['model_id']}", kind="MODEL"))
        if "dataset" in manifest.artifacts:
            found.append(_published(str(manifest.artifacts["dataset"]), rows=manifest.passed))
    return found


def _published(dataset: str, *, rows: int) -> LineageDataset:
    from caco_tasks.publishing.dataset_row import SCHEMA

    name, version = dataset.split("/", 1)
    return LineageDataset(name=f"datasets/{name}", kind="FILE", version=version, schema=SCHEMA, rows=rows)


def _add_up(stage: str, made: Sequence[Manifest]) -> StageFunnel:
    sums: dict[str, Any] = {
        name: sum(getattr(manifest, name) for manifest in made)
        for name in ("read", "passed", "failed", "unknown", "prompt_tokens", "completion_tokens", "cost_usd")
    }
    return StageFunnel(
        stage=stage,
        shards=len(made),
        reasons=_merge(manifest.reasons for manifest in made),
        recorded=_merge(manifest.recorded for manifest in made),
        **sums,
    )


def _merge(counts: Any) -> dict[str, int]:
    total: dict[str, int] = {}
    for each in counts:
        for name, count in each.items():
            total[name] = total.get(name, 0) + count
    return dict(sorted(total.items()))
