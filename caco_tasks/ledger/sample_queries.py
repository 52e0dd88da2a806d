"""What the windows ask of samples: where those of a run ended, place by place, and how many there are of each kind.

A run's samples stand in the order of the stages in which they ended, of shards and of rows, which is that of an index.
What became of them is asked output by output: the counts of an output say beforehand whether it holds any that are wanted,
and the rows of one output lie side by side in the table of its date. So a page costs the same whether the run has a
thousand samples or ten million.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from caco_tasks.errors import AmbiguousIdError, UnknownIdError
from caco_tasks.ledger.answer_rows import Row, read_rows
from caco_tasks.ledger.connection import id_range

# an output holds what ended in it: what it did not pass, and, in the last stage that has shards, what it passed
_OUTPUTS = text("""
    SELECT place.shard, CAST(place.stage AS text) AS stage, output.output_no, CAST(output.partition AS text) AS partition,
        output.uri, output.sha256, output.record, output.rows
    FROM caco.run_output AS place
    JOIN caco.output USING (output_no)
    WHERE place.run_no = :run_no AND place.is_current
        AND (CAST(:stage AS caco.stage) IS NULL OR place.stage = CAST(:stage AS caco.stage))
        AND (CAST(:shard AS integer) IS NULL
            OR (place.stage, place.shard) >= (CAST(:after_stage AS caco.stage), CAST(:shard AS integer)))
        AND CASE
            WHEN CAST(:outcome AS text) = 'pass' THEN place.stage = CAST(:last AS caco.stage) AND output.passed > 0
            WHEN CAST(:reason AS text) IS NOT NULL OR CAST(:outcome AS text) IS NOT NULL THEN EXISTS (
                SELECT FROM caco.output_reason AS said
                WHERE said.output_no = place.output_no AND said.outcome IS NOT NULL
                    AND (CAST(:outcome AS caco.outcome) IS NULL OR said.outcome = CAST(:outcome AS caco.outcome))
                    AND (CAST(:reason AS caco.reason) IS NULL OR said.reason = CAST(:reason AS caco.reason)))
            ELSE output.failed + output.unknown > 0 OR (place.stage = CAST(:last AS caco.stage) AND output.passed > 0)
            END
    ORDER BY place.stage, place.shard
    LIMIT :most
""")
_FATES = text("""
    SELECT wanted.place, fate.row, caco.hex(fate.subject) AS subject_id, CAST(fate.outcome AS text) AS outcome,
        CAST(fate.reason AS text) AS reason, fate.detail
    FROM unnest(CAST(:output_nos AS integer[]), CAST(:after_rows AS integer[])) WITH ORDINALITY
        AS wanted (output_no, after_row, place)
    JOIN caco.fate ON fate.output_no = wanted.output_no AND fate.row > wanted.after_row
    WHERE fate.partition = ANY(CAST(:partitions AS date[])) AND fate.output_no = ANY(CAST(:output_nos AS integer[]))
        AND (CAST(:outcome AS caco.outcome) IS NULL OR fate.outcome = CAST(:outcome AS caco.outcome))
        AND (CAST(:reason AS caco.reason) IS NULL OR fate.reason = CAST(:reason AS caco.reason))
    ORDER BY wanted.place, fate.row
    LIMIT :most
""")
_COUNTS = text("""
    SELECT stage, outcome, reason, sum(records)::bigint AS records
    FROM (
        SELECT CAST(place.stage AS text) AS stage, CAST(said.outcome AS text) AS outcome, CAST(said.reason AS text) AS reason,
            said.records
        FROM caco.run_output AS place
        JOIN caco.output_reason AS said USING (output_no)
        WHERE place.run_no = :run_no AND place.is_current AND said.outcome IS NOT NULL
        UNION ALL
        SELECT CAST(place.stage AS text), 'pass', NULL, output.passed
        FROM caco.run_output AS place
        JOIN caco.output USING (output_no)
        WHERE place.run_no = :run_no AND place.is_current AND place.stage = CAST(:last AS caco.stage) AND output.passed > 0
    ) AS ended
    GROUP BY stage, outcome, reason
""")
_SAMPLED = text("""
    SELECT caco.hex(run.run_id) AS run_id, CAST(run.partition AS text) AS partition, run.config ->> 'name' AS config,
        coalesce((
            SELECT sum(output.read) FROM caco.run_output AS place JOIN caco.output USING (output_no)
            WHERE place.run_no = run.run_no AND place.is_current AND place.stage = CAST(:first AS caco.stage)
        ), 0)::bigint AS sampled
    FROM (
        SELECT * FROM caco.run WHERE pipeline = :pipeline
        ORDER BY partition DESC, coalesce(planned_at, created_at) DESC, run_id DESC LIMIT :most
    ) AS run
    ORDER BY run.partition DESC, coalesce(run.planned_at, run.created_at) DESC, run.run_id DESC
""")
_MODELS = text("""
    SELECT place.shard, output.models, output.read
    FROM caco.run_output AS place
    JOIN caco.output USING (output_no)
    WHERE place.run_no = :run_no AND place.is_current AND place.stage = CAST(:stage AS caco.stage)
        AND (CAST(:shards AS integer[]) IS NULL OR place.shard = ANY(CAST(:shards AS integer[])))
""")
_PUBLISHED = text("""
    SELECT DISTINCT caco.hex(sample_id) FROM caco.dataset_row WHERE sample_id = ANY(CAST(:ids AS uuid[]))
""")
_ALL_OUTPUTS = text("""
    SELECT place.shard, output.output_no, output.uri, output.sha256, output.record, output.rows
    FROM caco.run_output AS place
    JOIN caco.output USING (output_no)
    WHERE place.run_no = :run_no AND place.is_current AND place.stage = CAST(:stage AS caco.stage)
    ORDER BY place.shard
""")
# a range of ids, not a pattern: the index of each date answers it
_SUBJECTS = text("""
    SELECT DISTINCT caco.hex(subject) FROM (
        SELECT subject FROM caco.fate
        WHERE subject BETWEEN CAST(:first AS uuid) AND CAST(:last AS uuid) ORDER BY subject LIMIT 100
    ) AS found LIMIT 2
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A row of an output of a run; what comes behind it is what a next page begins with."""

    shard: int
    stage: str
    row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which ends are asked for; None: any."""

    stage: str | None = None
    outcome: str | None = None
    reason: str | None = None


def outputs_with_ends(
    connection: Connection, run_no: int, wanted: Wanted, *, last: str, after: Place | None, most: int
) -> list[Row]:
    """The outputs of a run in which samples that are wanted ended, by stage and shard, from that of `after` on.

    `last` is the last stage of the pipeline that has shards.
    """
    values = {"run_no": run_no, "stage": wanted.stage, "outcome": wanted.outcome, "reason": wanted.reason}
    values |= {"shard": after.shard if after else None, "after_stage": after.stage if after else None}
    return read_rows(connection, _OUTPUTS, {**values, "last": last, "most": most})


def ends_in(
    connection: Connection, outputs: Sequence[Row], wanted: Wanted, *, after: Place | None, most: int
) -> list[Row]:
    """What ended in outputs, in their order and by row, behind `after`; `place` counts the outputs from 1."""
    begins = [
        after.row if after is not None and (one["shard"], one["stage"]) == (after.shard, after.stage) else -1
        for one in outputs
    ]
    values = {
        "output_nos": [one["output_no"] for one in outputs],
        "after_rows": begins,
        "partitions": sorted({one["partition"] for one in outputs}),
        "outcome": wanted.outcome,
        "reason": wanted.reason,
        "most": most,
    }
    return read_rows(connection, _FATES, values) if outputs else []


def count_ends(connection: Connection, run_no: int, *, last: str) -> list[Row]:
    """How many samples of a run ended at each stage, by outcome and reason."""
    return read_rows(connection, _COUNTS, {"run_no": run_no, "last": last})


def sampled_by_runs(connection: Connection, pipeline: str, *, first: str, most: int) -> list[Row]:
    """The newest runs of a pipeline with what their first stage read."""
    return read_rows(connection, _SAMPLED, {"pipeline": pipeline, "first": first, "most": most})


def models_of_shards(connection: Connection, run_no: int, stage: str, shards: Sequence[int] | None) -> list[Row]:
    """The models that the outputs of a stage asked, by shard."""
    values = {"run_no": run_no, "stage": stage, "shards": None if shards is None else list(shards)}
    return read_rows(connection, _MODELS, values)


def published_among(connection: Connection, sample_ids: Sequence[str]) -> set[str]:
    """Those of some samples that a dataset holds."""
    return set(connection.execute(_PUBLISHED, {"ids": list(sample_ids)}).scalars()) if sample_ids else set()


def outputs_of(connection: Connection, run_no: int, stage: str) -> list[Row]:
    """The outputs that a run consists of at a stage, by shard."""
    return read_rows(connection, _ALL_OUTPUTS, {"run_no": run_no, "stage": stage})


def find_subject(connection: Connection, prefix: str) -> str:
    """The whole id of a sample, seed or attempt that has ended.

    Raises:
        UnknownIdError: none begins so.
        AmbiguousIdError: more than one does.
    """
    ids = id_range(prefix) if prefix else None
    if ids is None:
        raise UnknownIdError(
            f"'{prefix}' is no id of a sample: an id, or the beginning of one, has the digits 0-9 and a-f."
        )
    found = connection.execute(_SUBJECTS, {"first": ids[0], "last": ids[1]}).scalars().all()
    if not found:
        raise UnknownIdError(
            f"There is no sample '{prefix}' in the ledger: one that was published or rejected has a place there, one that "
            "is still on its way has none yet."
        )
    if len(found) > 1:
        raise AmbiguousIdError(f"More than one sample begins with '{prefix}': give more of its id.")
    return str(found[0])
