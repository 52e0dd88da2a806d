"""The registry of trained models."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

from caco_tasks.store.registry import ModelRecord

_INSERT = text("""
    INSERT INTO caco.model (
        output_no, model_id, run_id, role, parent, training, data_hash, config, metrics, uri, sha256, accepted,
        refused_because)
    VALUES (
        :output_no, :model_id, CAST(:run_id AS uuid), :role, :parent, :training, :data_hash, CAST(:config AS jsonb),
        CAST(:metrics AS jsonb), :uri, :sha256, :accepted, :refused_because)
""")
# of any run that has the output, for a run may share the training of another one, even of a later date
_ACCEPTED = """
    SELECT model.model_id, run.run_id, model.role, model.parent, model.training, model.data_hash, model.config,
        model.metrics, model.uri, model.sha256, model.accepted, model.refused_because
    FROM caco.model
    JOIN caco.run_output AS place ON place.output_no = model.output_no AND place.is_current
    JOIN caco.run ON run.run_no = place.run_no
    WHERE model.accepted AND model.role = :role AND run.partition <= CAST(:partition AS date)
        AND run.training = :training
"""
_NEWEST = text(f"""{_ACCEPTED}
    ORDER BY run.partition DESC, run.planned_at DESC NULLS LAST, run.created_at DESC, model.model_id LIMIT 1
""")
_FIRST = text(f"""{_ACCEPTED}
    ORDER BY run.partition, run.planned_at NULLS FIRST, run.created_at, model.model_id LIMIT 1
""")


_NEWEST_REFUSED = text("""
    SELECT model.model_id, model.refused_because
    FROM caco.model
    JOIN caco.run_output AS place ON place.output_no = model.output_no AND place.is_current
    JOIN caco.run ON run.run_no = place.run_no
    WHERE NOT model.accepted AND model.role = 'codegen' AND run.partition <= CAST(:partition AS date)
        AND run.training = :training
    ORDER BY run.partition DESC, run.planned_at DESC NULLS LAST, run.created_at DESC, model.model_id
    LIMIT 1
""")
# the same weights may come from another training, and an output may be loaded anew
_REFUSE_RECALLED = text("""
    UPDATE caco.model SET accepted = false, refused_because = 'Recalled by ' || said.by || ': ' || said.because
    FROM (
        SELECT DISTINCT ON (recalled.name) recalled.name, recall.by, recall.because
        FROM caco.recalled JOIN caco.recall USING (recall_id)
        WHERE recalled.kind IN ('model', 'student') AND recalled.action = 'withdraw'
            AND recalled.name = ANY(CAST(:models AS text[]))
        ORDER BY recalled.name, recall.at
    ) AS said
    WHERE model.model_id = said.name AND model.accepted
""")


def insert_model(connection: Connection, output_no: int, model: ModelRecord) -> None:
    """Registers the model that an output made."""
    values: dict[str, Any] = json.loads(model.model_dump_json())
    as_json = {name: json.dumps(values[name]) for name in ("config", "metrics")}
    connection.execute(_INSERT, {"output_no": output_no, **values, **as_json})
    refuse_recalled(connection, [model.model_id])


def refuse_recalled(connection: Connection, models: Sequence[str]) -> None:
    """Lets no later run sample from those of these models that a recall has withdrawn."""
    connection.execute(_REFUSE_RECALLED, {"models": list(models)})


def newest_refused(connection: Connection, partition: str, training: str) -> tuple[str, str] | None:
    """Id and reason of the CodeGen that was refused last of a training, up to a partition."""
    row = connection.execute(_NEWEST_REFUSED, {"partition": partition, "training": training}).first()
    return None if row is None else (row.model_id, row.refused_because or "nobody said why")


def newest_accepted(connection: Connection, partition: str, training: str, role: str) -> ModelRecord | None:
    """The accepted model of the latest run of that training up to a partition; its `run_id` is that run's."""
    values = {"partition": partition, "role": role, "training": training}
    return _read_model(connection.execute(_NEWEST, values).first())


def first_accepted(connection: Connection, partition: str, training: str, role: str) -> ModelRecord | None:
    """The accepted model of the earliest run of that training up to a partition; its `run_id` is that run's."""
    values = {"partition": partition, "role": role, "training": training}
    return _read_model(connection.execute(_FIRST, values).first())


def _read_model(row: Any) -> ModelRecord | None:
    return None if row is None else ModelRecord.model_validate({**row._mapping, "run_id": row.run_id.hex})
