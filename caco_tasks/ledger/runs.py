"""The runs: registered once, found by the beginning of their id."""

import json
from typing import Any

from sqlalchemy import Connection, Row, text

from caco_tasks.errors import LedgerError
from caco_tasks.store.manifest import RunRecord

_INSERT = text("""
    INSERT INTO caco.run (
        run_id, pipeline, partition, config_hash, config, code_version, planned_at, seed_run_id, model_id,
        accepted_yield, input_uris, dataset, dataset_sha256)
    VALUES (
        :run_id, :pipeline, CAST(:partition AS date), :config_hash, CAST(:config AS jsonb), :code_version,
        CAST(:planned_at AS timestamptz), :seed_run_id, :model_id,
        :accepted_yield, CAST(:input_uris AS text[]), :dataset, :dataset_sha256)
    ON CONFLICT (run_id) DO NOTHING
""")
_FIND = text("""
    SELECT * FROM caco.run
    WHERE starts_with(run_id, :prefix) AND (CAST(:pipeline AS text) IS NULL OR pipeline = :pipeline)
    ORDER BY run_id = :prefix DESC, partition DESC, planned_at DESC NULLS LAST,
        created_at DESC, run_id
    LIMIT 2
""")


def insert_run(connection: Connection, run: RunRecord) -> RunRecord:
    """Registers a run, unless it is there, and returns the registered one."""
    values = json.loads(run.model_dump_json())
    connection.execute(_INSERT, {**values, "config": json.dumps(values["config"])})
    found = find_run(connection, run.run_id, None)
    if found is None:
        raise LedgerError(f"The run {run.run_id} vanished while it was registered: register it again.")
    return found


def find_run(connection: Connection, run_id_or_prefix: str | None, pipeline: str | None) -> RunRecord | None:
    """The run whose id begins so; with None the newest.

    Raises:
        LedgerError: more than one begins so.
    """
    rows = connection.execute(_FIND, {"prefix": run_id_or_prefix or "", "pipeline": pipeline}).all()
    if not rows:
        return None
    if run_id_or_prefix and len(rows) > 1 and rows[0].run_id != run_id_or_prefix:
        raise LedgerError(f"More than one run begins with '{run_id_or_prefix}': give more of its id.")
    return _run(rows[0])


def _run(row: Row[Any]) -> RunRecord:
    values = {name: value for name, value in row._mapping.items() if name != "created_at"}
    return RunRecord.model_validate({**values, "partition": values["partition"].isoformat()})
