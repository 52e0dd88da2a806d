"""Rows of datasets as environments: what became of each, written and read."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, text

from caco_tasks.ledger.answer_rows import Row, read_first, read_rows
from caco_tasks.ledger.whole_ledger import WholeLedger

_NUMBER = text("SELECT dataset_no FROM caco.dataset WHERE dataset || '/' || version = :name")
_INSERT = text("""
    INSERT INTO caco.environment (
        dataset_no, sample_id, environment_id, program_id, maker_version, inputs, conditions, instances,
        example_problem, example_answer, refusal, detail)
    VALUES (
        :dataset_no, CAST(:sample_id AS uuid), CAST(:environment_id AS uuid), CAST(:program_id AS uuid), :maker_version,
        CAST(:inputs AS jsonb), CAST(:conditions AS jsonb), CAST(:instances AS jsonb),
        :example_problem, :example_answer, :refusal, :detail)
    ON CONFLICT ON CONSTRAINT a_row_is_made_once DO UPDATE SET
        (environment_id, program_id, maker_version, inputs, conditions, instances, example_problem, example_answer, refusal,
         detail, made_at) =
        (excluded.environment_id, excluded.program_id, excluded.maker_version, excluded.inputs, excluded.conditions,
         excluded.instances, excluded.example_problem, excluded.example_answer, excluded.refusal, excluded.detail, now())
""")
_OF_SAMPLE = text("""
    SELECT dataset.dataset || '/' || dataset.version AS dataset, caco.hex(environment_id) AS environment_id, instances, inputs,
        example_problem, example_answer, refusal, detail
    FROM caco.environment JOIN caco.dataset USING (dataset_no) WHERE sample_id = CAST(:sample_id AS uuid)
    ORDER BY environment_id IS NULL, made_at DESC LIMIT 1
""")
_LEVELS = text("""
    SELECT CAST(found.key AS integer) AS level, count(*) AS environments,
        CAST(sum(CAST(found.value AS bigint)) AS bigint) AS instances
    FROM caco.environment JOIN caco.dataset USING (dataset_no), LATERAL jsonb_each_text(environment.instances) AS found
    WHERE dataset || '/' || version = :name GROUP BY level ORDER BY level
""")
_EXAMPLES = text("""
    SELECT caco.hex(sample_id) AS sample_id, example_problem, example_answer, instances
    FROM caco.environment JOIN caco.dataset USING (dataset_no)
    WHERE dataset || '/' || version = :name AND environment_id IS NOT NULL
    ORDER BY environment_id LIMIT :most
""")
_OF_DATASET = text("""
    SELECT refusal, rows, instances FROM caco.environment_yield
    WHERE dataset || '/' || version = :name ORDER BY refusal IS NOT NULL, rows DESC, refusal
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentRow:
    """What the ledger keeps of one row of a dataset; None in all but the last two where it became no environment."""

    sample_id: str
    maker_version: int = 1
    environment_id: str | None = None
    program_id: str | None = None
    inputs: Mapping[str, Sequence[str]] | None = None  # name -> the least and the most
    conditions: Mapping[str, int] | None = None
    instances: Mapping[str, int] | None = None  # by level
    example_problem: str | None = None
    example_answer: str | None = None
    refusal: str | None = None  # None: it is an environment
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentYield:
    """How many rows of a dataset became environments, or did not for one reason."""

    refusal: str | None  # None: they became environments
    rows: int
    instances: int | None


class EnvironmentLedger(WholeLedger):
    """What a ledger keeps of environments."""

    def register_environments(self, dataset: str, rows: Sequence[EnvironmentRow]) -> bool:
        """Writes down what became of rows of a dataset, named name/version; False where this ledger does not know it."""
        with self._transaction() as connection:
            return insert_environments(connection, dataset, rows)


def insert_environments(connection: Connection, dataset: str, rows: Sequence[EnvironmentRow]) -> bool:
    """Writes down what became of rows of a dataset, named name/version; False where the ledger does not know it."""
    number = connection.execute(_NUMBER, {"name": dataset}).scalar()
    if number is None:
        return False
    found = [{"dataset_no": number, **_bound(row)} for row in rows]
    if found:
        connection.execute(_INSERT, found)
    return True


def environment_of(connection: Connection, sample_id: str) -> Row | None:
    """The environment that a sample became last, or why it became none, with the dataset; None: nobody has tried."""
    return read_first(connection, _OF_SAMPLE, {"sample_id": sample_id})


def levels_of(connection: Connection, dataset: str) -> list[Row]:
    """How many environments and instances a dataset, named name/version, has at each level."""
    return read_rows(connection, _LEVELS, {"name": dataset})


def examples_of(connection: Connection, dataset: str, *, most: int) -> list[Row]:
    """Some environments of a dataset, named name/version, each with one instance."""
    return read_rows(connection, _EXAMPLES, {"name": dataset, "most": most})


def environments_of(connection: Connection, dataset: str) -> list[EnvironmentYield]:
    """What became of the rows of a dataset, named name/version; the environments first."""
    rows = connection.execute(_OF_DATASET, {"name": dataset})
    return [
        EnvironmentYield(
            refusal=row.refusal, rows=row.rows, instances=None if row.instances is None else int(row.instances)
        )
        for row in rows
    ]


def _bound(row: EnvironmentRow) -> dict[str, Any]:
    values = asdict(row)
    as_json = {name: values[name] and json.dumps(values[name]) for name in ("inputs", "instances")}
    conditions = None if row.conditions is None else json.dumps(row.conditions)
    return {**values, **as_json, "conditions": conditions}
