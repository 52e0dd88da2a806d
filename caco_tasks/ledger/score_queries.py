"""What the windows ask of evaluations: which there are, and the items of which base and student differ."""

from sqlalchemy import Connection, text

from caco_tasks.ledger.answer_rows import Row, read_rows

_EVALUATIONS = text("""
    SELECT run.run_no, caco.hex(run.run_id) AS run_id, run.pipeline, CAST(run.partition AS text) AS partition,
        run.config ->> 'name' AS config, run.dataset, run.config -> 'evaluate' -> 'train' ->> 'base' AS base, run.planned_at,
        (SELECT count(*) FROM caco.run_output AS place
            WHERE place.run_no = run.run_no AND place.is_current AND place.stage = 'evaluate') AS shards,
        coalesce((run.config -> 'evaluate' ->> 'draws')::integer, 0) AS draws
    FROM caco.run
    WHERE run.pipeline = 'evaluate'
    ORDER BY run.partition DESC, coalesce(run.planned_at, run.created_at) DESC, run.run_id DESC
    LIMIT :most
""")
# the greedy answers of both, side by side; an item that nobody has answered is in neither
_ITEMS = text("""
    SELECT * FROM (
        SELECT benchmark, item, base, student, base_id, student_id,
            CASE
                WHEN base IS NULL OR student IS NULL OR base = 'unknown' OR student = 'unknown' THEN 'unknown'
                WHEN base = 'fail' AND student = 'pass' THEN 'gained'
                WHEN base = 'pass' AND student = 'fail' THEN 'lost'
                WHEN base = 'pass' THEN 'both_right'
                ELSE 'both_wrong'
            END AS moved
        FROM (
            SELECT attempt.benchmark, attempt.item,
                max(CAST(attempt.outcome AS text)) FILTER (WHERE attempt.contender = 'base') AS base,
                max(CAST(attempt.outcome AS text)) FILTER (WHERE attempt.contender = 'student') AS student,
                max(caco.hex(attempt.attempt_id)) FILTER (WHERE attempt.contender = 'base') AS base_id,
                max(caco.hex(attempt.attempt_id)) FILTER (WHERE attempt.contender = 'student') AS student_id
            FROM caco.run_output AS place
            JOIN caco.attempt USING (output_no)
            WHERE place.run_no = :run_no AND place.is_current AND attempt.number = 0
                AND (CAST(:benchmark AS text) IS NULL OR attempt.benchmark = :benchmark)
            GROUP BY attempt.benchmark, attempt.item
        ) AS side_by_side
    ) AS judged
    WHERE (CAST(:moved AS text) IS NULL OR moved = :moved)
        AND (CAST(:after_benchmark AS text) IS NULL OR (benchmark, item) > (:after_benchmark, :after_item))
    ORDER BY benchmark, item
    LIMIT :most
""")
_ADDRESSES = text("""
    SELECT caco.hex(fate.subject) AS subject_id, fate.row, output.output_no, output.uri, output.sha256, output.record,
        CAST(fate.reason AS text) AS reason
    FROM caco.run_output AS place
    JOIN caco.output USING (output_no)
    JOIN caco.fate ON fate.output_no = output.output_no AND fate.partition = output.partition
    WHERE place.run_no = :run_no AND place.is_current AND place.stage = 'evaluate'
        AND fate.subject = ANY(CAST(:ids AS uuid[]))
""")


def list_evaluations(connection: Connection, *, most: int) -> list[Row]:
    """The runs of the pipeline evaluate, newest first."""
    return read_rows(connection, _EVALUATIONS, {"most": most})


def items_of(
    connection: Connection,
    run_no: int,
    *,
    moved: str | None,
    benchmark: str | None,
    after: tuple[str, str] | None,
    most: int,
) -> list[Row]:
    """The items of a run by benchmark and item, behind one of them, with the greedy answers of base and student."""
    values = {"run_no": run_no, "moved": moved, "benchmark": benchmark, "most": most}
    values |= {"after_benchmark": after[0] if after else None, "after_item": after[1] if after else None}
    return read_rows(connection, _ITEMS, values)


def addresses_of(connection: Connection, run_no: int, attempt_ids: list[str]) -> list[Row]:
    """Where the texts of attempts lie."""
    return read_rows(connection, _ADDRESSES, {"run_no": run_no, "ids": attempt_ids})
