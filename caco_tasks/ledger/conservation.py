"""No record is lost or doubled between two stages: checked over a whole run, by counts and by ids."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, text

from caco_tasks.errors import ConservationError, LedgerError
from caco_tasks.ledger.flow import FRESH_STAGES, PIPELINES, shards_expected
from caco_tasks.store.manifest import RunRecord

_SHARDS = text("""
    SELECT CAST(stage AS text) AS stage, array_agg(shard ORDER BY shard) AS shards,
        sum(read) AS read, sum(passed) AS passed
    FROM caco.shard WHERE run_id = :run_id GROUP BY stage
""")
_STRANGE_INPUTS = text("""
    SELECT shard.shard, input.uri
    FROM caco.shard CROSS JOIN LATERAL unnest(shard.inputs) AS input (uri)
    WHERE shard.run_id = :run_id AND shard.stage = CAST(:stage AS caco.stage) AND NOT EXISTS (
        SELECT FROM caco.shard AS before
        WHERE before.run_id = :run_id AND before.stage = CAST(:before AS caco.stage) AND before.uri = input.uri)
    ORDER BY shard.shard, input.uri LIMIT 1
""")
_DIFFERENT_RECORDS = text("""
    SELECT
        count(*) FILTER (WHERE now_read.subject_id IS NULL) AS lost,
        count(*) FILTER (WHERE passed.subject_id IS NULL) AS invented
    FROM (
        SELECT subject_id FROM caco.verdict
        WHERE run_id = :run_id AND partition = CAST(:partition AS date)
            AND stage = CAST(:before AS caco.stage) AND outcome = 'pass'
    ) AS passed
    FULL JOIN (
        SELECT subject_id FROM caco.verdict
        WHERE run_id = :run_id AND partition = CAST(:partition AS date) AND stage = CAST(:stage AS caco.stage)
    ) AS now_read USING (subject_id)
    WHERE passed.subject_id IS NULL OR now_read.subject_id IS NULL
""")


def demand_conservation(connection: Connection, run: RunRecord, through: str | None) -> None:
    """Holds every stage of a run against the one before it, up to `through`, or to the last stage that has a shard.

    Raises:
        ConservationError: shards are missing; a stage read another number of records than the one before passed, other
            records, or a shard that is not the registered one.
        LedgerError: the run's pipeline has no stage `through`.
    """
    found = {row.stage: row for row in connection.execute(_SHARDS, {"run_id": run.run_id})}
    stages = _stages_to_check(run, through, found)
    for stage in stages:
        shards = found[stage].shards if stage in found else []
        _demand_all_shards(run, stage, shards)
    for before, stage in pairwise(stages):
        if stage in FRESH_STAGES:
            continue
        if found[stage].read != found[before].passed:
            raise ConservationError(
                f"Run {run.run_id}: stage '{stage}' read {found[stage].read} records, but '{before}' passed "
                f"{found[before].passed}: delete the manifests of '{stage}' and rerun it."
            )
        _demand_same_records(connection, run, before, stage)


def _stages_to_check(run: RunRecord, through: str | None, found: dict[str, Any]) -> Sequence[str]:
    stages = PIPELINES[run.pipeline]
    if through is None:
        last = max((stages.index(stage) for stage in found if stage in stages), default=-1)
        return stages[: last + 1]
    if through not in stages:
        raise LedgerError(f"The pipeline '{run.pipeline}' has no stage '{through}': use one of {', '.join(stages)}.")
    return stages[: stages.index(through) + 1]


def _demand_all_shards(run: RunRecord, stage: str, shards: Sequence[int]) -> None:
    expected = range(shards_expected(run.pipeline, stage, run.config))
    missing = [number for number in expected if number not in shards]
    if missing:
        raise ConservationError(
            f"Run {run.run_id}: stage '{stage}' has {len(shards)} of {len(expected)} shards, "
            f"{', '.join(map(str, missing[:10]))} missing: run and load them."
        )
    if len(shards) != len(expected):
        raise ConservationError(f"Run {run.run_id}: stage '{stage}' has {len(shards)} shards, not {len(expected)}.")


def _demand_same_records(connection: Connection, run: RunRecord, before: str, stage: str) -> None:
    values = {"run_id": run.run_id, "partition": run.partition, "before": before, "stage": stage}
    strange = connection.execute(_STRANGE_INPUTS, values).first()
    if strange is not None:
        raise ConservationError(
            f"Run {run.run_id}: shard {strange.shard} of stage '{stage}' read {strange.uri}, which is not the "
            f"registered shard of '{before}': delete its manifest and rerun it."
        )
    different = connection.execute(_DIFFERENT_RECORDS, values).one()
    if different.lost or different.invented:
        raise ConservationError(
            f"Run {run.run_id}: stage '{stage}' lost {different.lost} records that '{before}' passed and has "
            f"{different.invented} others: delete the manifests of '{stage}' and rerun it."
        )
