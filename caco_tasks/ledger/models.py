"""The registry of trained models."""

import json
from typing import Any

from sqlalchemy import Connection, Row, text

from caco_tasks.store.registry import ModelRecord

_INSERT = text("""
    INSERT INTO caco.model (
        model_id, run_id, role, parent, data_hash, config, metrics, uri, sha256, accepted, refused_because)
    VALUES (
        :model_id, :run_id, :role, :parent, :data_hash, CAST(:config AS jsonb), CAST(:metrics AS jsonb), :uri, :sha256,
        :accepted, :refused_because)
    ON CONFLICT (run_id, model_id) DO NOTHING
""")
_SELECT = text("SELECT * FROM caco.model WHERE run_id = :run_id AND model_id = :model_id")
_ACCEPTED = text("""
    SELECT model.* FROM caco.model JOIN caco.run USING (run_id)
    WHERE model.accepted AND model.role = :role AND run.partition <= CAST(:partition AS date)
        AND (CAST(:config_hash AS text) IS NULL OR run.config_hash = :config_hash)
    ORDER BY run.partition DESC, run.planned_at DESC NULLS LAST, run.created_at DESC, model.model_id
    LIMIT 1
""")


def insert_model(connection: Connection, model: ModelRecord) -> ModelRecord:
    """Registers a model, unless it is there, and returns the registered one."""
    values = json.loads(model.model_dump_json())
    as_json = {name: json.dumps(values[name]) for name in ("config", "metrics")}
    connection.execute(_INSERT, {**values, **as_json})
    return _model(connection.execute(_SELECT, {"run_id": model.run_id, "model_id": model.model_id}).one())


def newest_accepted(
    connection: Connection, partition: str, *, role: str, config_hash: str | None
) -> ModelRecord | None:
    """The accepted model of the latest run up to a partition."""
    values = {"partition": partition, "role": role, "config_hash": config_hash}
    row = connection.execute(_ACCEPTED, values).first()
    return None if row is None else _model(row)


def _model(row: Row[Any]) -> ModelRecord:
    return ModelRecord.model_validate(dict(row._mapping))
