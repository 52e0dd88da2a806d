"""Re-verifications: what is stored, judged again; counts by old and new end, and the samples that moved."""

import json

import pyarrow as pa
from sqlalchemy import Connection, text

from caco_tasks.errors import DamagedError
from caco_tasks.ledger.answer_rows import Row, read_rows
from caco_tasks.ledger.bulk import copy_table, storable
from caco_tasks.store.reverification_record import MOVED, ReverificationRecord
from caco_tasks.store.row_files import open_checked, read_groups
from caco_tasks.store.store import Store

_INSERT = text("""
    INSERT INTO caco.reverification (
        reverification_id, run_id, dataset, stage, overrides, recipes, only_unknown, asked, code_version, by, began_at,
        seconds, model_calls, read, newly_accepted, newly_rejected, uri, rows, sha256)
    VALUES (
        CAST(:reverification_id AS uuid), CAST(:run_id AS uuid), :dataset, CAST(:stage AS caco.stage),
        CAST(:overrides AS text[]), CAST(:recipes AS jsonb), :only_unknown, CAST(:asked AS text[]), :code_version, :by,
        CAST(:began_at AS timestamptz), :seconds, :model_calls, :read, :newly_accepted, :newly_rejected, :uri, :rows, :sha256)
    ON CONFLICT (reverification_id) DO NOTHING
    RETURNING reverification_no
""")
_INSERT_MOVE = text("""
    INSERT INTO caco.reverification_move (
        reverification_no, from_stage, from_outcome, from_reason, to_stage, to_outcome, to_reason, samples)
    VALUES (
        :number, CAST(:from_stage AS caco.stage), CAST(:from_outcome AS caco.outcome), CAST(:from_reason AS caco.reason),
        CAST(:to_stage AS caco.stage), CAST(:to_outcome AS caco.outcome), CAST(:to_reason AS caco.reason), :samples)
""")
_OF_RUN = text("""
    SELECT caco.hex(reverification_id) AS reverification_id, reverification_no, dataset, CAST(stage AS text) AS stage,
        overrides, only_unknown, asked, code_version, by, began_at, seconds, model_calls, read, newly_accepted,
        newly_rejected, rows AS moved
    FROM caco.reverification
    WHERE run_id = CAST(:run_id AS uuid)
    ORDER BY began_at DESC, reverification_no DESC
    LIMIT :most
""")
_MOVES = text("""
    SELECT reverification_no, CAST(from_stage AS text) AS from_stage, CAST(from_outcome AS text) AS from_outcome,
        CAST(from_reason AS text) AS from_reason, CAST(to_stage AS text) AS to_stage, CAST(to_outcome AS text) AS to_outcome,
        CAST(to_reason AS text) AS to_reason, samples
    FROM caco.reverification_move
    WHERE reverification_no = ANY(:numbers)
        AND (from_stage, from_outcome, from_reason) IS DISTINCT FROM (to_stage, to_outcome, to_reason)
    ORDER BY reverification_no, samples DESC, from_stage, from_reason, to_stage, to_reason
""")
# ids are hashes: the first of them are a random draw, and always the same one
_MOVED = text("""
    SELECT reverification_no, caco.hex(sample_id) AS sample_id, CAST(from_stage AS text) AS from_stage,
        CAST(from_outcome AS text) AS from_outcome, CAST(from_reason AS text) AS from_reason,
        CAST(to_stage AS text) AS to_stage, CAST(to_outcome AS text) AS to_outcome, CAST(to_reason AS text) AS to_reason,
        to_detail
    FROM caco.reverified_sample
    WHERE reverification_no = :number
        AND (CASE WHEN :accepted THEN to_outcome ELSE from_outcome END) = 'pass'
    ORDER BY sample_id
    LIMIT :most
""")


def insert_reverification(connection: Connection, record: ReverificationRecord, store: Store) -> None:
    """Registers a re-verification with its counts and the samples that moved, unless it is there."""
    values = record.model_dump(mode="json")
    values |= {"recipes": json.dumps(values["recipes"])}
    number = connection.execute(_INSERT, {name: values[name] for name in values if name != "counts"}).scalar()
    if number is None:
        return
    if record.counts:
        connection.execute(_INSERT_MOVE, [{"number": number, **count} for count in values["counts"]])
    try:
        with open_checked(store, record.uri, record.sha256) as file:
            for batch in read_groups(file, MOVED):
                columns = {name: batch.column(name) for name in MOVED.names}
                columns["to_detail"] = storable(pa.array(columns["to_detail"]))
                copy_table(connection, "reverified_sample", columns, constants={"reverification_no": int(number)})
    except DamagedError as exc:
        raise DamagedError(f"{record.uri} is damaged ({exc}): delete the folder that it is in, and re-verify.") from exc


def reverifications_of(connection: Connection, run_id: str, *, most: int) -> list[Row]:
    """The re-verifications of a run, the newest first."""
    return read_rows(connection, _OF_RUN, {"run_id": run_id, "most": most})


def moves_of(connection: Connection, numbers: list[int]) -> list[Row]:
    """What moved in some re-verifications, by old and new end, the most frequent first."""
    return read_rows(connection, _MOVES, {"numbers": numbers})


def moved_samples(connection: Connection, number: int, *, accepted: bool, most: int) -> list[Row]:
    """Samples that a re-verification newly accepts, or newly rejects, by id."""
    return read_rows(connection, _MOVED, {"number": number, "accepted": accepted, "most": most})
