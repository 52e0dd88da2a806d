"""How varied runs are, as it was measured: see `caco_tasks.diversity`."""

from typing import Any

from sqlalchemy import Connection, text

from caco_tasks.ledger.answer_rows import Row, read_first
from caco_tasks.store.registry import DiversityRecord

_FIGURES = (
    "rows, spread, nearest_mean, nearest_median, near_rows, effective_clusters, vendi, earlier_mean, earlier_near_rows"
)
_INSERT = text(f"""
    INSERT INTO caco.diversity (
        diversity_id, run_id, dataset, embedder, of_rows, shown, measured_at, code_version, {_FIGURES})
    VALUES (
        CAST(:diversity_id AS uuid), CAST(:run_id AS uuid), :dataset, :embedder, :of_rows, :shown,
        CAST(:measured_at AS timestamptz), :code_version,
        {", ".join(f":{name}" for name in _FIGURES.split(", "))})
    ON CONFLICT DO NOTHING
    RETURNING diversity_id
""")
_INSERT_DOMAIN = text(f"""
    INSERT INTO caco.diversity_domain (diversity_id, domain, {_FIGURES})
    VALUES (CAST(:diversity_id AS uuid), :domain, {", ".join(f":{name}" for name in _FIGURES.split(", "))})
""")
_INSERT_CLUSTER = text("""
    INSERT INTO caco.diversity_cluster (diversity_id, number, words, rows)
    VALUES (CAST(:diversity_id AS uuid), :number, CAST(:words AS text[]), :rows)
""")
_INSERT_EARLIER = text("""
    INSERT INTO caco.diversity_earlier (diversity_id, name, rows, nearest_mean, near_rows)
    VALUES (CAST(:diversity_id AS uuid), :name, :rows, :nearest_mean, :near_rows)
""")
_OF_RUN = text("""
    SELECT caco.hex(diversity_id) AS diversity_id, dataset, embedder, measured_at, rows, of_rows, spread, nearest_mean,
        near_rows, effective_clusters, vendi, earlier_mean, earlier_near_rows,
        ARRAY(
            SELECT name FROM caco.diversity_earlier AS other
            WHERE other.diversity_id = diversity.diversity_id ORDER BY name
        ) AS earlier
    FROM caco.diversity WHERE run_id = CAST(:run_id AS uuid)
    ORDER BY measured_at DESC, diversity_id LIMIT 1
""")


def insert_diversity(connection: Connection, record: DiversityRecord) -> None:
    """Registers a measurement, unless it is there."""
    values: dict[str, Any] = record.model_dump(mode="json")
    key = {"diversity_id": record.diversity_id}
    if connection.execute(_INSERT, values | values["whole"]).first() is None:
        return
    for statement, rows in (
        (_INSERT_DOMAIN, [{"domain": name, **figures} for name, figures in values["domains"].items()]),
        (_INSERT_CLUSTER, [{"number": number, **one} for number, one in enumerate(values["clusters"])]),
        (_INSERT_EARLIER, values["earlier"]),
    ):
        for row in rows:
            connection.execute(statement, row | key)


def newest_diversity(connection: Connection, run_id: str) -> Row | None:
    """The newest measurement of a run."""
    return read_first(connection, _OF_RUN, {"run_id": run_id})
