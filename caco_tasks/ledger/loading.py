"""One shard into the tables: everything that is written here follows from its manifest and its rows."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from psycopg2 import errors
from sqlalchemy import Connection, Row, text
from sqlalchemy.exc import IntegrityError

from caco_tasks.errors import ConservationError, DamagedError, LedgerError
from caco_tasks.ledger import rows
from caco_tasks.ledger.claims import CLAIMING_STAGES, keep_claims
from caco_tasks.ledger.connection import copy_rows
from caco_tasks.ledger.models import insert_model
from caco_tasks.records import Judged
from caco_tasks.store.manifest import Manifest
from caco_tasks.store.registry import parse_model
from caco_tasks.store.shards import read_shard
from caco_tasks.store.store import Store

_INSERT_SHARD = text("""
    INSERT INTO caco.shard (
        run_id, stage, shard, partition, record, uri, rows, bytes, sha256, read, passed, failed, unknown, reasons,
        inputs, code_version, models, prompts, sandbox_version, sandbox_level, prompt_tokens, completion_tokens,
        cost_usd, replayed, seconds, artifacts)
    VALUES (
        :run_id, CAST(:stage AS caco.stage), :shard, CAST(:partition AS date), :record, :uri, :rows, :bytes, :sha256,
        :read, :passed, :failed, :unknown, CAST(:reasons AS jsonb), CAST(:inputs AS text[]), :code_version,
        CAST(:models AS text[]), CAST(:prompts AS text[]), :sandbox_version, :sandbox_level, :prompt_tokens,
        :completion_tokens, :cost_usd, :replayed, :seconds, CAST(:artifacts AS jsonb))
    ON CONFLICT ON CONSTRAINT one_shard_per_run_stage_and_number DO NOTHING
    RETURNING shard
""")
_SELECT_SHARDS = text("""
    SELECT run.pipeline, shard.* FROM caco.shard JOIN caco.run USING (run_id)
    WHERE run_id = :run_id AND stage = CAST(:stage AS caco.stage)
        AND (CAST(:shard AS integer) IS NULL OR shard = :shard)
    ORDER BY shard
""")
_INSERT_SOURCES = text("""
    INSERT INTO caco.source (source, revision, licence)
    SELECT DISTINCT source, revision, licence
    FROM unnest(CAST(:sources AS text[]), CAST(:revisions AS text[]), CAST(:licences AS text[]))
        AS found (source, revision, licence)
    ORDER BY source, revision, licence
    ON CONFLICT DO NOTHING
""")
_INSERT_SEEDS = text("""
    INSERT INTO caco.seed (
        run_id, seed_id, source, revision, licence, key, domain, difficulty, grade, program_id)
    SELECT :run_id, seed_id, source, revision, licence, key, domain, difficulty, CAST(grade AS caco.grade), program_id
    FROM unnest(
        CAST(:seed_ids AS text[]), CAST(:sources AS text[]), CAST(:revisions AS text[]), CAST(:licences AS text[]),
        CAST(:keys AS text[]), CAST(:domains AS text[]), CAST(:difficulties AS smallint[]), CAST(:grades AS text[]),
        CAST(:program_ids AS text[])
    ) AS found (seed_id, source, revision, licence, key, domain, difficulty, grade, program_id)
    ORDER BY seed_id
    ON CONFLICT (run_id, seed_id) DO UPDATE
    SET grade = coalesce(EXCLUDED.grade, seed.grade), program_id = coalesce(EXCLUDED.program_id, seed.program_id)
""")  # `seeds` and `unify` may be loaded in either order
_INSERT_PROGRAMS = text("""
    INSERT INTO caco.program (program_id, partition, uri, row, run_id, stage, code_chars, code_lines)
    SELECT DISTINCT ON (program_id)
        program_id, CAST(:partition AS date), :uri, row, :run_id, CAST(:stage AS caco.stage), chars, lines
    FROM unnest(
        CAST(:program_ids AS text[]), CAST(:rows AS integer[]), CAST(:chars AS integer[]), CAST(:lines AS integer[])
    ) AS found (program_id, row, chars, lines)
    ORDER BY program_id, row
    ON CONFLICT (program_id) DO UPDATE
    SET partition = EXCLUDED.partition, uri = EXCLUDED.uri, row = EXCLUDED.row, run_id = EXCLUDED.run_id,
        stage = EXCLUDED.stage, code_chars = EXCLUDED.code_chars, code_lines = EXCLUDED.code_lines
    WHERE (EXCLUDED.partition, EXCLUDED.uri, EXCLUDED.row) < (program.partition, program.uri, program.row)
""")  # the earliest place wins, so the order of loading does not matter

_COPY_VERDICTS = (
    "COPY caco.verdict (run_id, stage, subject_id, partition, shard, row, outcome, reason, detail, checked, "
    "method) FROM STDIN"
)
_COPY_SAMPLES = "COPY caco.sample (sample_id, run_id, shard, row, partition, program_id) FROM STDIN"
_COPY_ATTEMPTS = "COPY caco.attempt (run_id, attempt_id, shard, row, contender, benchmark, item, number) FROM STDIN"
_COPY_EXECUTIONS = (
    "COPY caco.execution (run_id, stage, subject_id, shard, program_id, output_type, is_error, wall_seconds, "
    "cpu_seconds, peak_memory_mb, sandbox_level) FROM STDIN"
)
_COPY_USAGE = (
    "COPY caco.request_usage (run_id, stage, subject_id, shard, request_id, model_id, prompt, finish_reason, "
    "prompt_tokens, completion_tokens, seconds, cost_usd, is_replayed) FROM STDIN"
)
_COPY_OVERLAPS = (
    "COPY caco.benchmark_overlap (run_id, stage, subject_id, number, shard, benchmark, item, rule, score, "
    "matched_text) FROM STDIN"
)
_COPY_VOTES = (
    "COPY caco.judge_vote (run_id, subject_id, number, shard, prompt, request_id, outcome, reason, "
    "first_disagreeing_step) FROM STDIN"
)

_BULK: Sequence[tuple[Sequence[str], Callable[[Manifest, rows.Judgeds], Iterator[rows.Row]], str]] = (
    (("sample",), rows.sample_rows, _COPY_SAMPLES),
    (("evaluate",), rows.attempt_rows, _COPY_ATTEMPTS),
    (("unify", "execute"), rows.execution_rows, _COPY_EXECUTIONS),
    (rows.ASKING_STAGES, rows.usage_rows, _COPY_USAGE),
    (("seeds", "reverse", "decontaminate"), rows.overlap_rows, _COPY_OVERLAPS),
    (("judge",), rows.vote_rows, _COPY_VOTES),
)  # stages -> rows -> table


def read_checked(manifest: Manifest, store: Store) -> list[Judged[Any]]:
    """The rows of a manifest, held against its hash and its counts.

    Raises:
        DamagedError: they are not what the manifest says.
        StoreError: the store cannot be used or has no such object.
    """
    record = rows.RECORDS.get(manifest.record)
    if record is None:
        raise DamagedError(
            f"The manifest of {manifest.uri} names no record class: '{manifest.record}'; rerun its stage."
        )
    judged: list[Judged[Any]] = read_shard(store, manifest.uri, record, sha256=manifest.sha256)
    outcomes = Counter(str(one.verdict.outcome) for one in judged)
    found = (len(judged), outcomes["pass"], outcomes["fail"], outcomes["unknown"])
    said = (manifest.rows, manifest.passed, manifest.failed, manifest.unknown)
    if found != said:
        raise DamagedError(
            f"The shard {manifest.uri} has rows, passed, failed, unknown {found}, its manifest says {said}: "
            "delete both and rerun the stage."
        )
    return judged


def load(connection: Connection, manifest: Manifest, judged: list[Judged[Any]], store: Store) -> bool:
    """Registers a manifest and loads its rows, unless another one was first; whether it was this one.

    Raises:
        LedgerError: the run is not registered.
        ConservationError: a record of the shard came in another shard already.
    """
    try:
        if not connection.execute(_INSERT_SHARD, _shard_values(manifest)).all():
            return False
        _load_rows(connection, manifest, judged, store)
    except (IntegrityError, errors.IntegrityError) as exc:
        raise _explained(exc, manifest) from exc
    return True


def registered(connection: Connection, run_id: str, stage: str, shard: int | None = None) -> list[Manifest]:
    """The registered manifests of a stage, or of one of its shards, by shard."""
    found = connection.execute(_SELECT_SHARDS, {"run_id": run_id, "stage": stage, "shard": shard}).all()
    return [_manifest(row) for row in found]


def canonical(manifest: Manifest) -> Manifest:
    """The manifest as it comes back from JSON: what has no JSON, such as NaN, becomes None."""
    return Manifest.model_validate_json(manifest.model_dump_json())


def _load_rows(connection: Connection, manifest: Manifest, judged: list[Judged[Any]], store: Store) -> None:
    where = {"run_id": manifest.run_id, "partition": manifest.partition, "uri": manifest.uri, "stage": manifest.stage}
    if manifest.stage in ("seeds", "unify"):
        seeds = rows.seed_columns(judged)
        connection.execute(_INSERT_SOURCES, {name: seeds[name] for name in ("sources", "revisions", "licences")})
        connection.execute(_INSERT_SEEDS, {"run_id": manifest.run_id, **seeds})
    if manifest.stage in ("unify", "sample"):
        connection.execute(_INSERT_PROGRAMS, {**where, **rows.program_columns(manifest, judged)})
    if "model" in manifest.artifacts:
        insert_model(connection, parse_model(manifest.artifacts["model"], uri=manifest.uri))
    for stages, make, statement in _BULK:
        if manifest.stage in stages:
            copy_rows(connection, statement, make(manifest, judged))
    copy_rows(connection, _COPY_VERDICTS, rows.verdict_rows(manifest, judged))
    if manifest.stage in CLAIMING_STAGES:
        keep_claims(connection, store, manifest, [rows.subject_id(one.record) for one in judged])


def _shard_values(manifest: Manifest) -> dict[str, Any]:
    values = manifest.model_dump(mode="json")
    as_json = {name: json.dumps(values[name]) for name in ("reasons", "artifacts")}
    return {**values, **as_json}


def _manifest(row: Row[Any]) -> Manifest:
    values = {name: value for name, value in row._mapping.items() if name != "loaded_at"}
    return Manifest.model_validate({**values, "partition": values["partition"].isoformat()})


def _explained(exc: Exception, manifest: Manifest) -> LedgerError | ConservationError:
    cause = getattr(exc, "orig", exc)
    if isinstance(cause, errors.ForeignKeyViolation):
        return LedgerError(f"The run {manifest.run_id} is not in the ledger: register it before its shards.")
    what = " ".join(str(cause).split())
    return ConservationError(
        f"Stage '{manifest.stage}', shard {manifest.shard} of run {manifest.run_id} holds a record that another shard "
        f"brought already ({what[:200]}): delete its manifest and rerun it."
    )
