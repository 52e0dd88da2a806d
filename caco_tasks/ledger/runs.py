"""The runs: registered once, found by the beginning of their id."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection, text

from caco_tasks.errors import LedgerError
from caco_tasks.ledger.connection import hex_or_none, id_range
from caco_tasks.store import Store
from caco_tasks.store.manifest import Manifest, RunRecord, RunTrigger, parse_stored, run_uri

_COLUMNS = """
    run_id, pipeline, partition, config_hash, config, requested, code_version, planned_at,
    models, prompts, sources, benchmarks, own_datasets, held_against, selection, steering,
    training, seed_run_id, codegen_run_id, model_id, accepted_yield, input_keys, dataset, dataset_sha256
"""
_INSERT = text("""
    INSERT INTO caco.run (
        run_id, pipeline, partition, config_hash, config, requested, code_version, planned_at,
        models, prompts, sources, benchmarks, own_datasets, held_against, selection, steering,
        training, seed_run_id, codegen_run_id, model_id, accepted_yield, input_keys, dataset, dataset_sha256)
    VALUES (
        CAST(:run_id AS uuid), :pipeline, CAST(:partition AS date), :config_hash, CAST(:config AS jsonb),
        CAST(:requested AS jsonb), :code_version, CAST(:planned_at AS timestamptz),
        CAST(:models AS jsonb), CAST(:prompts AS jsonb), CAST(:sources AS jsonb), CAST(:benchmarks AS jsonb),
        CAST(:own_datasets AS jsonb), CAST(:held_against AS jsonb), CAST(:selection AS jsonb), CAST(:steering AS jsonb),
        :training, CAST(:seed_run_id AS uuid), CAST(:codegen_run_id AS uuid), :model_id,
        :accepted_yield, CAST(:input_keys AS uuid[]), :dataset, :dataset_sha256)
    ON CONFLICT (run_id) DO UPDATE SET config = excluded.config WHERE run.config IS DISTINCT FROM excluded.config
""")
_FIND = text(f"""
    SELECT {_COLUMNS} FROM caco.run
    WHERE run_id BETWEEN CAST(:first AS uuid) AND CAST(:last AS uuid)
        AND (CAST(:pipeline AS text) IS NULL OR pipeline = :pipeline)
    ORDER BY partition DESC, planned_at DESC NULLS LAST, created_at DESC, run_id
    LIMIT :max_runs
""")
_INSERT_TRIGGER = text("""
    INSERT INTO caco.run_trigger (run_id, dag_id, dag_run_id, triggered_at)
    VALUES (CAST(:run_id AS uuid), :dag_id, :dag_run_id, CAST(:triggered_at AS timestamptz))
    ON CONFLICT DO NOTHING
""")
_JSON = (
    *("config", "requested", "models", "prompts", "sources", "benchmarks", "own_datasets", "held_against"),
    "selection",
    "steering",
)
_IDS = ("run_id", "seed_run_id", "codegen_run_id")


def insert_run(connection: Connection, run: RunRecord) -> RunRecord:
    """Registers a run, and returns the registered one: of one that is there only the settings change that no id holds."""
    values = json.loads(run.model_dump_json())
    connection.execute(_INSERT, values | {name: json.dumps(values[name]) for name in _JSON})
    # read back also when it was inserted: the caller gets what every later one will get
    found = find_run(connection, run.run_id, None)
    if found is None:
        raise LedgerError(f"The run {run.run_id} vanished while it was registered: register it again.")
    return found


def insert_trigger(connection: Connection, trigger: RunTrigger) -> None:
    """Notes which run of the scheduler planned a run; the first note counts."""
    connection.execute(_INSERT_TRIGGER, trigger.model_dump(mode="json"))


def find_run(connection: Connection, run_id_or_prefix: str | None, pipeline: str | None) -> RunRecord | None:
    """The run whose id begins so; with None the newest.

    Raises:
        LedgerError: more than one begins so.
    """
    if run_id_or_prefix == "":  # as an unset variable of a shell gives it: it names none
        return None
    rows = _find(connection, run_id_or_prefix or "", pipeline, max_runs=2)
    if run_id_or_prefix and len(rows) > 1:
        raise LedgerError(f"More than one run begins with '{run_id_or_prefix}': give more of its id.")
    return rows[0] if rows else None


def newest_runs(connection: Connection, pipeline: str | None, *, max_runs: int) -> Sequence[RunRecord]:
    """The newest runs, by partition and then by when they were planned."""
    return _find(connection, "", pipeline, max_runs=max_runs)


def _find(connection: Connection, prefix: str, pipeline: str | None, *, max_runs: int) -> Sequence[RunRecord]:
    ids = id_range(prefix)
    if ids is None:  # what is no id finds nothing, as an id that nobody has
        return []
    values = {"first": ids[0], "last": ids[1], "pipeline": pipeline, "max_runs": max_runs}
    found = []
    for row in connection.execute(_FIND, values):
        # the store writes ids as 32 hex digits and dates as text; Postgres gives objects of both
        as_stored = {name: hex_or_none(row._mapping[name]) for name in _IDS}
        more = {"partition": row.partition.isoformat(), "input_keys": [key.hex for key in row.input_keys]}
        found.append(RunRecord.model_validate({**row._mapping, **as_stored, **more}))
    return found


def demand_maker(connection: Connection, manifest: Manifest, store: Store) -> None:
    """Registers the run that made an output, which may be another than the one that has it now."""
    if find_run(connection, manifest.run_id, None) is None:
        uri = run_uri(manifest.partition, manifest.run_id)
        found = store.get(uri)
        if found is None:
            raise LedgerError(
                f"The run {manifest.run_id}, which made the output {manifest.key}, is neither in the ledger nor in the "
                "store: register it before its outputs."
            )
        insert_run(connection, parse_stored(RunRecord, found, uri=uri))
