"""What the windows ask of two runs beside each other: the samples that both have, and those that only one accepted."""

from psycopg2.errors import QueryCanceled
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from caco_tasks.ledger.answer_rows import Row, read_rows

# both have a sample where its draw and number are in both: the origins of their first outputs say so, no sample is looked at
_RANGES = text("""
    SELECT output.origin ->> 'draw' AS draw, (output.origin ->> 'start')::bigint AS start,
        (output.origin ->> 'stop')::bigint AS stop
    FROM caco.run_output AS place
    JOIN caco.output USING (output_no)
    WHERE place.run_no = :run_no AND place.is_current AND place.stage = 'sample' AND output.origin ? 'draw'
        AND output.origin ? 'start'
    ORDER BY 1, 2
""")
# accepted by a, ended otherwise in b; outputs that both have hold the same, and are left out
_ONLY = """
    WITH of_a AS (
        SELECT place.output_no, output.partition FROM caco.run_output AS place JOIN caco.output USING (output_no)
        WHERE place.run_no = :a AND place.is_current AND place.stage = CAST(:last AS caco.stage)
            AND place.output_no NOT IN (SELECT output_no FROM caco.run_output WHERE run_no = :b AND is_current)
    ), of_b AS (
        SELECT place.output_no, output.partition, place.stage, place.shard
        FROM caco.run_output AS place JOIN caco.output USING (output_no)
        WHERE place.run_no = :b AND place.is_current AND output.failed + output.unknown > 0
            AND place.output_no NOT IN (SELECT output_no FROM caco.run_output WHERE run_no = :a AND is_current)
    ), accepted AS (
        SELECT fate.subject FROM caco.fate JOIN of_a USING (output_no, partition) WHERE fate.outcome = 'pass'
    )
    SELECT of_b.shard, CAST(of_b.stage AS text) AS stage, output.output_no, CAST(output.partition AS text) AS partition,
        output.uri, output.sha256, output.record, fate.row, caco.hex(fate.subject) AS subject_id,
        CAST(fate.outcome AS text) AS outcome, CAST(fate.reason AS text) AS reason, fate.detail
    FROM of_b
    JOIN caco.fate ON fate.output_no = of_b.output_no AND fate.partition = of_b.partition AND fate.outcome <> 'pass'
    JOIN caco.output ON output.output_no = of_b.output_no
    WHERE fate.subject IN (SELECT subject FROM accepted)
"""
_LIMIT = text("SELECT set_config('statement_timeout', :limit, true)")
_FIRST = text(f"{_ONLY} ORDER BY of_b.shard, of_b.stage, fate.row LIMIT :most")
_COUNT = text(f"SELECT count(*) FROM ({_ONLY} LIMIT :most) AS found")


def sample_ranges(connection: Connection, run_no: int) -> list[Row]:
    """Which numbers of which draws a run has sampled: `start` and, behind its last, `stop`."""
    return read_rows(connection, _RANGES, {"run_no": run_no})


def only_accepted(
    connection: Connection, a: int, b: int, *, last: str, first: int, most: int, seconds: float
) -> tuple[list[Row], int] | None:
    """Samples that the run number `a` accepted and `b` did not, as they ended in `b`, and how many there are.

    The `first` ones by shard, stage and row; counted up to `most`. None: looking for them took longer than so many seconds,
    as it may with millions of samples.
    """
    values = {"a": a, "b": b, "last": last}
    try:
        with connection.begin_nested():
            connection.execute(_LIMIT, {"limit": f"{round(1000 * seconds)}ms"})
            count = int(connection.execute(_COUNT, {**values, "most": most}).scalar_one())
            rows = read_rows(connection, _FIRST, {**values, "most": first}) if count else []
    except OperationalError as exc:
        if isinstance(exc.orig, QueryCanceled):
            return None
        raise
    return rows, count
