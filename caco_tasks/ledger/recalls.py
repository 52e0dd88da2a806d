"""The recalls that were applied: kept here and in the store, `recalls/{recall_id}.json`."""

from typing import Any

from sqlalchemy import Connection, text

from caco_tasks.ledger.answer_rows import Row, read_rows
from caco_tasks.store.registry import RecallRecord

_INSERT = text("""
    INSERT INTO caco.recall (recall_id, kind, ancestor, by, because, at, unknown)
    VALUES (
        CAST(:recall_id AS uuid), :kind, :ancestor, :by, :because, CAST(:at AS timestamptz), CAST(:unknown AS text[]))
    ON CONFLICT (recall_id) DO UPDATE SET unknown = excluded.unknown
""")
_INSERT_THING = text("""
    INSERT INTO caco.recalled (recall_id, kind, name, degree, action, part, whole)
    VALUES (
        CAST(:recall_id AS uuid), :kind, :name, CAST(:degree AS caco.degree), CAST(:action AS caco.recall_action), :part,
        :whole)
    ON CONFLICT (recall_id, kind, name, degree)
        DO UPDATE SET action = excluded.action, part = excluded.part, whole = excluded.whole
""")
_OF_NAMES = text("""
    SELECT recalled.kind, recalled.name, CAST(recalled.degree AS text) AS degree, CAST(recalled.action AS text) AS action,
        recalled.part, recalled.whole, recall.kind AS ancestor_kind, recall.ancestor, recall.by, recall.because, recall.at,
        caco.hex(recall.recall_id) AS recall_id
    FROM caco.recalled JOIN caco.recall USING (recall_id)
    WHERE recalled.name = ANY(CAST(:names AS text[]))
    ORDER BY recall.at DESC, recalled.kind, recalled.degree LIMIT 100
""")
_TOMBSTONES = text("""
    SELECT dataset.dataset || '/' || dataset.version AS dataset, dataset.supersedes, tombstone.reason, tombstone.by,
        tombstone.because, tombstone.at
    FROM caco.dataset_tombstone AS tombstone JOIN caco.dataset USING (dataset_no)
    WHERE tombstone.sample_id = CAST(:sample_id AS uuid)
    ORDER BY tombstone.at, dataset.version LIMIT 100
""")
_REMOVED = text("""
    SELECT reason, by, because, at, count(*) AS rows FROM caco.dataset_tombstone
    WHERE dataset_no = :dataset_no GROUP BY reason, by, because, at ORDER BY count(*) DESC LIMIT 100
""")
_SUPERSEDED_BY = text("""
    SELECT dataset || '/' || version AS name FROM caco.dataset WHERE supersedes = :name ORDER BY dataset_no LIMIT 50
""")


def insert_recall(connection: Connection, recall: RecallRecord) -> None:
    """Writes a recall down with all that it touched; the same recall again adds what is new."""
    values: dict[str, Any] = recall.model_dump(mode="json", exclude={"touched"})
    connection.execute(_INSERT, values)
    if recall.touched:
        things = [{"recall_id": recall.recall_id, **one.model_dump(mode="json")} for one in recall.touched]
        connection.execute(_INSERT_THING, things)


def recalls_of(connection: Connection, names: list[str]) -> list[Row]:
    """What recalls said of things by their ids or names, the newest recall first."""
    return read_rows(connection, _OF_NAMES, {"names": names})


def tombstones_of(connection: Connection, sample_id: str) -> list[Row]:
    """The versions of datasets that a sample was taken out of."""
    return read_rows(connection, _TOMBSTONES, {"sample_id": sample_id})


def removed_from(connection: Connection, dataset_no: int) -> list[Row]:
    """How many rows a version lacks of the one before, by reason."""
    return read_rows(connection, _REMOVED, {"dataset_no": dataset_no})


def superseded_by(connection: Connection, name: str) -> list[str]:
    """The versions that are one, as name/version, without some rows."""
    return list(connection.execute(_SUPERSEDED_BY, {"name": name}).scalars())
