"""What people ask of a run: its funnel, its reasons, its sources; and what housekeeping must leave."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from caco_tasks.ledger.connection import hex_or_none

_FUNNEL = text("""
    SELECT run_id, CAST(stage AS text) AS stage, shards, reused, read, passed, failed, unknown, recorded, kept_share,
        seconds
    FROM caco.funnel WHERE run_id = CAST(:run_id AS uuid) ORDER BY funnel.stage
""")
_REASONS = text("""
    SELECT run_id, CAST(stage AS text) AS stage, CAST(outcome AS text) AS outcome, CAST(reason AS text) AS reason,
        records, share_of_read
    FROM caco.reject_reasons WHERE run_id = CAST(:run_id AS uuid)
    ORDER BY reject_reasons.stage, records DESC, reject_reasons.reason
""")
_OVERLAPS = text("""
    SELECT CAST(stage AS text) AS stage, benchmark, rule, records, items
    FROM caco.benchmark_overlap_report WHERE run_id = ANY(CAST(:run_ids AS uuid[]))
    ORDER BY benchmark_overlap_report.stage, benchmark, records DESC, rule
""")
_SOURCES = text("""
    SELECT source, revision, licence, problems AS seeds, verified
    FROM caco.yield_by_seed_source WHERE run_id = CAST(:run_id AS uuid) ORDER BY source, revision, licence
""")
# the model that a run samples from, the datasets that this learnt from, the models that they were sampled from, and so on
_TRAININGS_BEHIND = text("""
    WITH RECURSIVE behind (run_id) AS (
        SELECT codegen_run_id FROM caco.run WHERE run_id = CAST(:run_id AS uuid)
        UNION
        SELECT night.codegen_run_id
        FROM behind
        JOIN caco.run AS trained ON trained.run_id = behind.run_id
        CROSS JOIN LATERAL jsonb_object_keys(trained.own_datasets) AS learnt (name)
        JOIN caco.dataset ON dataset.dataset || '/' || dataset.version = learnt.name
        JOIN caco.run AS night ON night.run_id = dataset.run_id
    )
    SELECT trained.run_id, trained.seed_run_id, trained.own_datasets
    FROM behind
    LEFT JOIN caco.run AS trained ON trained.run_id = behind.run_id
    ORDER BY trained.partition DESC NULLS LAST, trained.run_id
""")
# attempts that were replaced are reached, too: they are on record, and what was kept of them lies only there
_NAMED = text("""
    SELECT caco.hex(key) FROM caco.output WHERE output_no IN (SELECT output_no FROM caco.run_output)
    UNION SELECT uri FROM caco.output WHERE output_no IN (SELECT output_no FROM caco.run_output)
    UNION SELECT caco.hex(unnest(inputs)) FROM caco.output WHERE output_no IN (SELECT output_no FROM caco.run_output)
    UNION SELECT caco.hex(unnest(input_keys)) FROM caco.run
    UNION SELECT model_id FROM caco.run WHERE model_id IS NOT NULL
    UNION SELECT model_id FROM caco.model
    UNION SELECT parent FROM caco.model WHERE parent IS NOT NULL
    UNION SELECT 'datasets/' || dataset || '/' || version FROM caco.dataset
    UNION SELECT file ->> 'uri' FROM caco.dataset CROSS JOIN LATERAL jsonb_array_elements(files) AS file
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelRow:
    """One stage of one run: what came in and what became of it."""

    run_id: str
    stage: str
    shards: int
    reused: int = 0  # of the shards, those that another run had made
    read: int
    passed: int
    failed: int
    unknown: int
    recorded: int = 0  # findings of rules that only record
    kept_share: float | None  # None: nothing was read
    seconds: float  # spent by this run, over all its shards


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlapRow:
    """How many rejected records of a run overlap one benchmark, by one rule."""

    stage: str
    benchmark: str
    rule: str
    records: int
    items: int  # of the benchmark


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectRow:
    """How many records of one run a stage did not pass, for one reason."""

    run_id: str
    stage: str
    outcome: str  # "fail" or "unknown"
    reason: str
    records: int
    share_of_read: float  # of what the stage read


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """One source of a seeds run."""

    source: str
    revision: str
    licence: str
    seeds: int
    verified: int  # seeds whose program ran and gave the gold answer


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingBehind:
    """A training that had a part in what a run samples, however many rounds ago."""

    run_id: str | None  # None: of a model that was not trained here
    seed_run_id: str | None  # None: as run_id
    own_datasets: tuple[str, ...]  # that it learnt from beside seeds, as name/version


def funnel(connection: Connection, run_id: str) -> list[FunnelRow]:
    """The stages of a run, in the order in which records meet them."""
    found = connection.execute(_FUNNEL, {"run_id": run_id})
    return [FunnelRow(**{**row._mapping, "run_id": row.run_id.hex}) for row in found]


def reject_reasons(connection: Connection, run_id: str) -> list[RejectRow]:
    """The reasons of a run, by stage, the most frequent first."""
    found = connection.execute(_REASONS, {"run_id": run_id})
    return [RejectRow(**{**row._mapping, "run_id": row.run_id.hex}) for row in found]


def overlaps(connection: Connection, run_ids: Sequence[str]) -> list[OverlapRow]:
    """The overlaps with benchmarks that runs found, by stage and benchmark, the most frequent rule first."""
    return [OverlapRow(**row._mapping) for row in connection.execute(_OVERLAPS, {"run_ids": list(run_ids)})]


def sources(connection: Connection, run_id: str) -> list[SourceRow]:
    """The sources of a seeds run."""
    return [SourceRow(**row._mapping) for row in connection.execute(_SOURCES, {"run_id": run_id})]


def trainings_behind(connection: Connection, run_id: str) -> list[TrainingBehind]:
    """The trainings behind what a run samples: of its model, and of those that wrote what this learnt from, and so on."""
    return [
        TrainingBehind(
            run_id=hex_or_none(row.run_id),
            seed_run_id=hex_or_none(row.seed_run_id),
            own_datasets=tuple(row.own_datasets or ()),
        )
        for row in connection.execute(_TRAININGS_BEHIND, {"run_id": run_id})
    ]


def named(connection: Connection) -> frozenset[str]:
    """All that runs and datasets reach: keys and paths of outputs, ids of models, folders and files of datasets."""
    return frozenset(connection.execute(_NAMED).scalars())
