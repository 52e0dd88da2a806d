"""What people ask of the ledger: the funnel, the reasons, and all the ancestors of a sample."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from caco_tasks.errors import LedgerError

_FUNNEL = text("""
    SELECT run_id, CAST(stage AS text) AS stage, shards, read, passed, failed, unknown, kept_share, seconds
    FROM caco.funnel WHERE run_id = :run_id ORDER BY funnel.stage
""")
_REASONS = text("""
    SELECT run_id, CAST(stage AS text) AS stage, CAST(outcome AS text) AS outcome, CAST(reason AS text) AS reason,
        records, share_of_read
    FROM caco.reject_reasons WHERE run_id = :run_id
    ORDER BY reject_reasons.stage, records DESC, reject_reasons.reason
""")
_OVERLAPS = text("""
    SELECT CAST(stage AS text) AS stage, benchmark, rule, records, items
    FROM caco.benchmark_overlap_report WHERE run_id = ANY(CAST(:run_ids AS text[]))
    ORDER BY benchmark_overlap_report.stage, benchmark, records DESC, rule
""")
_SAMPLES = text("SELECT sample_id FROM caco.sample WHERE starts_with(sample_id, :prefix) ORDER BY sample_id LIMIT 2")
_LINEAGE = text("""
    SELECT jsonb_build_object(
        'sample_id', sample.sample_id,
        'program', (
            SELECT jsonb_build_object('program_id', program_id, 'code_lines', code_lines, 'first_seen_in', run_id)
            FROM caco.program WHERE program.program_id = sample.program_id),
        'verdicts', (
            SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                'stage', stage, 'outcome', outcome, 'reason', reason, 'detail', detail, 'uri', shard.uri, 'row', row,
                'sha256', sha256)) ORDER BY stage)
            FROM caco.verdict JOIN caco.shard USING (run_id, stage, shard) WHERE subject_id = sample.sample_id),
        'texts', (
            SELECT jsonb_object_agg(text, jsonb_build_object('uri', uri, 'row', row))
            FROM caco.text_address WHERE subject_id = sample.sample_id),
        'execution', (
            SELECT to_jsonb(execution) - 'run_id' - 'subject_id' - 'shard' - 'program_id' - 'stage'
            FROM caco.execution WHERE subject_id = sample.sample_id AND stage = 'execute'),
        'requests', (
            SELECT jsonb_agg(to_jsonb(request_usage) - 'run_id' - 'subject_id' - 'shard' ORDER BY stage)
            FROM caco.request_usage WHERE subject_id = sample.sample_id),
        'overlaps', (
            SELECT coalesce(jsonb_agg(to_jsonb(benchmark_overlap) - 'run_id' - 'subject_id' - 'shard'), '[]')
            FROM caco.benchmark_overlap WHERE subject_id = sample.sample_id),
        'published_in', (
            SELECT coalesce(jsonb_agg(to_jsonb(dataset_row) - 'sample_id' ORDER BY dataset, version), '[]')
            FROM caco.dataset_row WHERE sample_id = sample.sample_id)
        ) AS lineage,
        sample.run_id
    FROM caco.sample WHERE sample.sample_id = :sample_id
""")
_RUN = text("""
    SELECT to_jsonb(run) - 'created_at' - 'config' - 'input_uris' AS run, run.seed_run_id, run.model_id
    FROM caco.run WHERE run_id = :run_id
""")
_CODEGEN = text("""
    SELECT to_jsonb(model) AS model, codegen.run_id
    FROM caco.run AS nightly
    JOIN caco.model USING (model_id)
    JOIN caco.run AS codegen ON codegen.run_id = model.run_id AND codegen.partition <= nightly.partition
    WHERE nightly.run_id = :run_id
    ORDER BY (codegen.config_hash = nightly.config_hash) DESC, codegen.partition DESC, codegen.run_id
    LIMIT 1
""")
_SOURCES = text("""
    SELECT coalesce(jsonb_agg(to_jsonb(of_run) ORDER BY source, revision, licence), '[]')
    FROM (
        SELECT source, revision, licence, count(*) AS seeds, count(*) FILTER (WHERE outcome = 'pass') AS verified
        FROM caco.seed LEFT JOIN caco.verdict ON verdict.run_id = seed.run_id
            AND verdict.subject_id = seed.seed_id AND verdict.stage = 'unify'
        WHERE seed.run_id = :run_id GROUP BY source, revision, licence
    ) AS of_run
""")
_DATASETS = text("""
    SELECT dataset || '/' || version FROM caco.dataset
    WHERE CAST(:run_id AS text) IS NULL OR run_id = :run_id ORDER BY partition DESC, version DESC, dataset
""")
_NAMED = text("""
    SELECT uri FROM caco.shard
    UNION SELECT unnest(inputs) FROM caco.shard
    UNION SELECT unnest(input_uris) FROM caco.run
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
    read: int
    passed: int
    failed: int
    unknown: int
    kept_share: float | None  # passed of read; None where nothing was read
    seconds: float  # of all shards together


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlapRow:
    """How many records of a stage overlap one benchmark by one rule."""

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


def funnel(connection: Connection, run_id: str) -> list[FunnelRow]:
    """The stages of a run, in the order in which records meet them."""
    return [FunnelRow(**row._mapping) for row in connection.execute(_FUNNEL, {"run_id": run_id})]


def reject_reasons(connection: Connection, run_id: str) -> list[RejectRow]:
    """The reasons of a run, by stage, the most frequent first."""
    return [RejectRow(**row._mapping) for row in connection.execute(_REASONS, {"run_id": run_id})]


def overlaps(connection: Connection, run_ids: Sequence[str]) -> list[OverlapRow]:
    """The overlaps with benchmarks that runs found, by stage and benchmark, the most frequent rule first."""
    return [OverlapRow(**row._mapping) for row in connection.execute(_OVERLAPS, {"run_ids": list(run_ids)})]


def sources(connection: Connection, run_id: str) -> list[SourceRow]:
    """The sources of a seeds run."""
    return [SourceRow(**row) for row in connection.execute(_SOURCES, {"run_id": run_id}).scalar_one()]


def datasets(connection: Connection, run_id: str | None) -> list[str]:
    """The published datasets, as `name/version`, newest first; of one run, or of all."""
    return list(connection.execute(_DATASETS, {"run_id": run_id}).scalars())


def named(connection: Connection) -> frozenset[str]:
    """Every object, model and dataset that is registered: paths, ids of models, folders of datasets."""
    return frozenset(connection.execute(_NAMED).scalars())


def lineage(connection: Connection, sample_id_or_prefix: str) -> dict[str, Any]:
    """All the ancestors of a sample, nested, ready for JSON.

    Raises:
        LedgerError: there is no such sample, or more than one.
    """
    found = connection.execute(_SAMPLES, {"prefix": sample_id_or_prefix}).scalars().all()
    if not sample_id_or_prefix or not found:
        raise LedgerError(f"There is no sample '{sample_id_or_prefix}' in the ledger: give the id of a published row.")
    if len(found) > 1:
        raise LedgerError(f"More than one sample begins with '{sample_id_or_prefix}': give more of its id.")
    row = connection.execute(_LINEAGE, {"sample_id": found[0]}).one()
    return {**row.lineage, "run": _run(connection, row.run_id)}


def _run(connection: Connection, run_id: str) -> dict[str, Any]:
    """A run, the model that it sampled from, the run that trained this, and the seeds behind both."""
    row = connection.execute(_RUN, {"run_id": run_id}).first()
    if row is None:
        return {"run_id": run_id, "missing": True}  # pinned, but never registered in this ledger
    run = dict(row.run)
    if run["pipeline"] == "seeds":
        return {**run, "sources": connection.execute(_SOURCES, {"run_id": run_id}).scalar_one()}
    trained = connection.execute(_CODEGEN, {"run_id": run_id}).first()
    if trained is not None:
        run["model"] = {**trained.model, "run": _run(connection, trained.run_id)}
    elif row.seed_run_id is not None:
        run["seed_run"] = _run(connection, row.seed_run_id)
    return run
