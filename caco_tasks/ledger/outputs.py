"""The outputs: registered once by their key, shared by runs, given back as the manifests that they were loaded from."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from caco_tasks.ledger.connection import hex_or_none
from caco_tasks.store.manifest import Manifest, RunOutput, RunRecord

_INSERT = text("""
    INSERT INTO caco.output (
        key, stage, shard, attempt, previous, keeps_known, inputs, recipe, origin, run_no, partition, code_version,
        seconds, record, uri, rows, bytes, sha256, read, passed, failed, unknown, kept, recorded, models, prompts, requests,
        prompt_tokens, completion_tokens, cost_usd, replayed, cut_off, cut_away, sandbox_version, sandbox_level, artifacts)
    SELECT
        CAST(:key AS uuid), CAST(:stage AS caco.stage), :shard, :attempt, CAST(:previous AS uuid), :keeps_known,
        CAST(:inputs AS uuid[]), CAST(:recipe AS jsonb), CAST(:origin AS jsonb), run_no, CAST(:partition AS date),
        :code_version, :seconds, :record, :uri, :rows, :bytes, :sha256, :read, :passed, :failed, :unknown, :kept, :found,
        CAST(:models AS text[]), CAST(:prompts AS text[]), :requests, :prompt_tokens, :completion_tokens, :cost_usd,
        :replayed, :cut_off, CAST(:cut_away AS jsonb), :sandbox_version, :sandbox_level, CAST(:artifacts AS jsonb)
    FROM caco.run WHERE run_id = CAST(:run_id AS uuid)
    ON CONFLICT ON CONSTRAINT one_output_per_key DO NOTHING
    RETURNING output_no
""")
_MANIFEST = """
    SELECT
        output.key, CAST(output.stage AS text) AS stage, output.shard, output.attempt, output.previous,
        output.keeps_known, output.inputs, output.recipe, output.origin, maker.run_id, maker.pipeline, output.partition,
        output.code_version, output.seconds, output.record, output.uri, output.rows, output.bytes, output.sha256,
        output.read, output.passed, output.failed, output.unknown, output.kept, output.models, output.prompts,
        output.requests, output.prompt_tokens, output.completion_tokens, output.cost_usd, output.replayed,
        output.cut_off, output.cut_away, output.sandbox_version, output.sandbox_level, output.artifacts,
        said.reasons, said.recorded
    FROM caco.output
    JOIN caco.run AS maker ON maker.run_no = output.run_no
    CROSS JOIN LATERAL (
        SELECT
            coalesce(jsonb_object_agg(reason, records) FILTER (WHERE NOT is_recorded), '{}') AS reasons,
            coalesce(jsonb_object_agg(reason, records) FILTER (WHERE is_recorded), '{}') AS recorded
        FROM (
            SELECT reason, outcome IS NULL AS is_recorded, sum(records) AS records FROM caco.output_reason
            WHERE output_reason.output_no = output.output_no GROUP BY reason, outcome IS NULL
        ) AS counted
    ) AS said
"""
# built from our own texts alone
_BY_KEY = text(f"{_MANIFEST} WHERE output.key = CAST(:key AS uuid)")
_OF_RUN = text(f"""
    {_MANIFEST}
    JOIN caco.run_output AS place ON place.output_no = output.output_no AND place.is_current
    JOIN caco.run ON run.run_no = place.run_no
    WHERE run.run_id = CAST(:run_id AS uuid) AND place.stage = CAST(:stage AS caco.stage)
    ORDER BY place.shard
""")
_MADE_FROM = text(f"""
    {_MANIFEST}
    WHERE output.stage = CAST(:stage AS caco.stage) AND output.inputs @> ARRAY[CAST(:key AS uuid)]
    ORDER BY output.output_no DESC
""")
_INSERT_REASONS = text("""
    INSERT INTO caco.output_reason (output_no, outcome, reason, records)
    VALUES (:output_no, CAST(:outcome AS caco.outcome), CAST(:reason AS caco.reason), :records)
""")
# the place is locked by its run's row, so that two attempts that come at once leave one that is current
_LOCK_RUN = text("SELECT run_no FROM caco.run WHERE run_id = CAST(:run_id AS uuid) FOR NO KEY UPDATE")
# not those of a newer attempt: who comes late with an older output changes nothing
_RETIRE = text("""
    UPDATE caco.run_output SET is_current = false
    WHERE run_no = :run_no AND stage = CAST(:stage AS caco.stage) AND shard = :shard AND is_current
        AND attempt <= :attempt
        AND output_no <> (SELECT output_no FROM caco.output WHERE key = CAST(:key AS uuid))
""")
_PLACE = text("""
    INSERT INTO caco.run_output (run_no, stage, shard, output_no, attempt, is_reused, is_current)
    SELECT
        :run_no, CAST(:stage AS caco.stage), :shard, output_no, :attempt, run_no <> :run_no,
        NOT EXISTS (
            SELECT FROM caco.run_output AS newer
            WHERE newer.run_no = :run_no AND newer.stage = CAST(:stage AS caco.stage) AND newer.shard = :shard
                AND newer.is_current AND newer.output_no <> output.output_no)
    FROM caco.output WHERE key = CAST(:key AS uuid)
    ON CONFLICT ON CONSTRAINT an_output_is_in_one_place_of_a_run DO UPDATE
    SET attempt = greatest(run_output.attempt, EXCLUDED.attempt), is_current = EXCLUDED.is_current
""")
_PLACES = text("""
    SELECT place.run_no, place.shard, place.attempt, place.is_current
    FROM caco.run_output AS place JOIN caco.output USING (output_no) WHERE key = CAST(:key AS uuid)
""")
# fates have no foreign key, and go by themselves
_FORGET_FATES = text("""
    DELETE FROM caco.fate USING caco.output
    WHERE fate.output_no = output.output_no AND fate.partition = output.partition AND output.key = CAST(:key AS uuid)
""")
_FORGET = text("DELETE FROM caco.output WHERE key = CAST(:key AS uuid)")
_RESTORE_PLACE = text("""
    INSERT INTO caco.run_output (run_no, stage, shard, output_no, attempt, is_reused, is_current)
    SELECT :run_no, stage, :shard, output_no, :attempt, run_no <> :run_no, :is_current
    FROM caco.output WHERE key = CAST(:key AS uuid)
""")
_RUN_OUTPUTS = text("""
    SELECT run.run_id, CAST(place.stage AS text) AS stage, place.shard, output.key, place.attempt, place.is_reused
    FROM caco.run JOIN caco.run_output AS place USING (run_no) JOIN caco.output USING (output_no)
    WHERE run.run_id = CAST(:run_id AS uuid) AND place.is_current
    ORDER BY place.stage, place.shard
""")
_PASSED = text(
    "SELECT count(*) AS outputs, sum(passed) AS passed FROM caco.output WHERE key = ANY(CAST(:keys AS uuid[]))"
)


def insert_output(connection: Connection, manifest: Manifest) -> int | None:
    """Registers an output, unless its key or, to be told apart by the caller, its run's absence is in the way."""
    values = manifest.model_dump(mode="json")
    as_json = {name: json.dumps(values[name]) for name in ("recipe", "origin", "cut_away", "artifacts")}
    return connection.execute(_INSERT, values | as_json | {"found": sum(manifest.recorded.values())}).scalar()


def insert_reasons(connection: Connection, output_no: int, counts: Sequence[dict[str, Any]]) -> None:
    """Writes down how many records of an output have which outcome and reason."""
    if counts:
        connection.execute(_INSERT_REASONS, [{"output_no": output_no, **count} for count in counts])


def place_output(connection: Connection, run: RunRecord, manifest: Manifest, *, shard: int, attempt: int) -> bool:
    """Notes that a run consists of an output, the newest attempt of its place; False: the run is not registered."""
    run_no = connection.execute(_LOCK_RUN, {"run_id": run.run_id}).scalar()
    if run_no is None:
        return False
    values = {"run_no": run_no, "stage": manifest.stage, "shard": shard, "attempt": attempt, "key": manifest.key}
    connection.execute(_RETIRE, values)
    connection.execute(_PLACE, values)
    return True


def forget_output(connection: Connection, key: str) -> list[dict[str, Any]]:
    """Removes an output and all that its rows said; returns the places of runs that it had, for `restore_places`."""
    places = [dict(row._mapping) for row in connection.execute(_PLACES, {"key": key})]
    connection.execute(_FORGET_FATES, {"key": key})
    connection.execute(_FORGET, {"key": key})
    return places


def restore_places(connection: Connection, key: str, places: Sequence[dict[str, Any]]) -> None:
    """Gives an output that was made anew the places of the one before."""
    if places:
        connection.execute(_RESTORE_PLACE, [{"key": key, **place} for place in places])


def find_output(connection: Connection, key: str) -> Manifest | None:
    """The registered manifest of a key."""
    row = connection.execute(_BY_KEY, {"key": key}).first()
    return None if row is None else _manifest(row)


def outputs_of(connection: Connection, run_id: str, stage: str) -> list[Manifest]:
    """What a run consists of at a stage, by shard."""
    return [_manifest(row) for row in connection.execute(_OF_RUN, {"run_id": run_id, "stage": stage})]


def made_from(connection: Connection, stage: str, key: str) -> list[Manifest]:
    """The outputs of a stage that were made from another output, in any run and with any settings, the newest first."""
    return [_manifest(row) for row in connection.execute(_MADE_FROM, {"stage": stage, "key": key})]


def run_outputs(connection: Connection, run_id: str) -> list[RunOutput]:
    """What a run consists of, by stage and shard."""
    found = connection.execute(_RUN_OUTPUTS, {"run_id": run_id})
    return [RunOutput.model_validate({**row._mapping, "run_id": row.run_id.hex, "key": row.key.hex}) for row in found]


def passed_of(connection: Connection, keys: Sequence[str]) -> int | None:
    """How many records outputs passed; None where one of them is not registered."""
    row = connection.execute(_PASSED, {"keys": list(keys)}).one()
    return int(row.passed) if row.outputs == len(set(keys)) else None


def _manifest(row: Row[Any]) -> Manifest:
    ids = {"key": row.key.hex, "previous": hex_or_none(row.previous), "run_id": row.run_id.hex}
    more = {"inputs": [key.hex for key in row.inputs], "partition": row.partition.isoformat()}
    return Manifest.model_validate({**row._mapping, **ids, **more})
