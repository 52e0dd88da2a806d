"""What the windows ask of runs: pages of them, how far each stage is, what it cost, who planned it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

from caco_tasks.errors import AmbiguousIdError, UnknownIdError
from caco_tasks.ledger.answer_rows import Row, read_one, read_rows
from caco_tasks.ledger.connection import id_range

# newest first, in an order without ties, so that a page can begin behind the last row of the one before
_PAGE = text("""
    SELECT run_no, caco.hex(run_id) AS run_id, pipeline, CAST(partition AS text) AS partition, config_hash, config, models,
        planned_at, created_at, coalesce(planned_at, created_at) AS ordered_at
    FROM caco.run
    WHERE (CAST(:pipeline AS text) IS NULL OR pipeline = :pipeline)
        AND (CAST(:config AS text) IS NULL OR config ->> 'name' = :config)
        AND (CAST(:first AS date) IS NULL OR partition >= CAST(:first AS date))
        AND (CAST(:last AS date) IS NULL OR partition <= CAST(:last AS date))
        AND (CAST(:run_ids AS uuid[]) IS NULL OR run_id = ANY(CAST(:run_ids AS uuid[])))
        AND (CAST(:after_partition AS date) IS NULL
            OR (partition, coalesce(planned_at, created_at), run_id)
                < (CAST(:after_partition AS date), CAST(:after_at AS timestamptz), CAST(:after_id AS uuid)))
    ORDER BY partition DESC, coalesce(planned_at, created_at) DESC, run_id DESC
    LIMIT :most
""")
_COUNTS = text("""
    SELECT pipeline, config ->> 'name' AS config, count(*) AS runs
    FROM caco.run
    WHERE (CAST(:first AS date) IS NULL OR partition >= CAST(:first AS date))
        AND (CAST(:last AS date) IS NULL OR partition <= CAST(:last AS date))
    GROUP BY pipeline, config ->> 'name'
    ORDER BY count(*) DESC, config ->> 'name', pipeline
    LIMIT 1000
""")
# what was replaced by a later attempt was paid for, too
_STAGES = text("""
    SELECT place.run_no, CAST(place.stage AS text) AS stage,
        count(*) FILTER (WHERE place.is_current) AS shards,
        count(*) FILTER (WHERE place.is_current AND place.is_reused) AS reused,
        coalesce(sum(output.read) FILTER (WHERE place.is_current), 0)::bigint AS read,
        coalesce(sum(output.passed) FILTER (WHERE place.is_current), 0)::bigint AS passed,
        coalesce(sum(output.failed) FILTER (WHERE place.is_current), 0)::bigint AS failed,
        coalesce(sum(output.unknown) FILTER (WHERE place.is_current), 0)::bigint AS unknown,
        coalesce(sum(output.recorded) FILTER (WHERE place.is_current), 0)::bigint AS recorded,
        coalesce(sum(output.prompt_tokens) FILTER (WHERE NOT place.is_reused), 0)::bigint AS prompt_tokens,
        coalesce(sum(output.completion_tokens) FILTER (WHERE NOT place.is_reused), 0)::bigint AS completion_tokens,
        coalesce(sum(output.requests) FILTER (WHERE NOT place.is_reused), 0)::bigint AS requests,
        coalesce(sum(output.replayed) FILTER (WHERE NOT place.is_reused), 0)::bigint AS replayed,
        coalesce(sum(output.cost_usd) FILTER (WHERE NOT place.is_reused), 0) AS cost_usd,
        coalesce(sum(output.seconds) FILTER (WHERE NOT place.is_reused), 0) AS seconds,
        max(output.loaded_at) AS last_output_at
    FROM caco.run_output AS place
    JOIN caco.output USING (output_no)
    WHERE place.run_no = ANY(CAST(:run_nos AS integer[]))
    GROUP BY place.run_no, place.stage
    ORDER BY place.run_no, place.stage
""")
_ASKED = text("""
    SELECT DISTINCT CAST(place.stage AS text) AS stage, output.models, output.prompts
    FROM caco.run_output AS place
    JOIN caco.output USING (output_no)
    WHERE place.run_no = :run_no AND place.is_current AND output.models <> '{}'
    LIMIT 1000
""")
_DATASETS = text("""
    SELECT caco.hex(run_id) AS run_id, dataset, version, rows, CAST(state AS text) AS state, is_current
    FROM caco.datasets
    WHERE run_id = ANY(CAST(:run_ids AS uuid[]))
    ORDER BY run_id, is_current DESC, version DESC, dataset
    LIMIT 2000
""")
_TRIGGERS = text("""
    SELECT caco.hex(run_id) AS run_id, dag_id, dag_run_id, triggered_at
    FROM caco.run_trigger
    WHERE run_id = ANY(CAST(:run_ids AS uuid[]))
    ORDER BY run_id, triggered_at DESC
    LIMIT 2000
""")
_BY_TRIGGER = text("""
    SELECT caco.hex(run_id) FROM caco.run_trigger
    WHERE dag_id = :dag_id AND dag_run_id = :dag_run_id
    ORDER BY triggered_at DESC, run_id
    LIMIT 1
""")
_BY_PREFIX = text("""
    SELECT caco.hex(run_id) FROM caco.run
    WHERE run_id BETWEEN CAST(:first AS uuid) AND CAST(:last AS uuid) ORDER BY run_id LIMIT 2
""")
_NEWEST = text("""
    SELECT caco.hex(run_id) FROM caco.run WHERE pipeline = :pipeline
    ORDER BY partition DESC, coalesce(planned_at, created_at) DESC, run_id DESC LIMIT 1
""")
_RECORD = text("""
    SELECT run_no, caco.hex(run_id) AS run_id, pipeline, CAST(partition AS text) AS partition, config_hash, config, requested,
        code_version, models, prompts, sources, benchmarks, training, caco.hex(seed_run_id) AS seed_run_id,
        caco.hex(codegen_run_id) AS codegen_run_id, model_id, dataset, planned_at, created_at
    FROM caco.run WHERE run_id = CAST(:run_id AS uuid)
""")
_REASONS = text("""
    SELECT CAST(place.stage AS text) AS stage, CAST(said.outcome AS text) AS outcome, CAST(said.reason AS text) AS reason,
        sum(said.records)::bigint AS records
    FROM caco.run_output AS place
    JOIN caco.output_reason AS said USING (output_no)
    WHERE place.run_no = :run_no AND place.is_current
    GROUP BY place.stage, said.outcome, said.reason
    ORDER BY place.stage, sum(said.records) DESC, said.reason
""")
_EVALUATIONS = text("""
    SELECT caco.hex(run_id) AS run_id, pipeline, CAST(partition AS text) AS partition, config ->> 'name' AS config
    FROM caco.run WHERE pipeline = 'evaluate' AND dataset = ANY(:datasets)
    ORDER BY partition DESC, planned_at DESC NULLS LAST, run_id
    LIMIT 100
""")
_REFERENCES = text("""
    SELECT caco.hex(run_id) AS run_id, pipeline, CAST(partition AS text) AS partition, config ->> 'name' AS config,
        own_datasets
    FROM caco.run WHERE run_id = ANY(CAST(:run_ids AS uuid[]))
""")
_NOW = text("SELECT clock_timestamp()")


def page_of_runs(
    connection: Connection,
    *,
    pipeline: str | None = None,
    config: str | None = None,
    first: str | None = None,
    last: str | None = None,
    run_ids: Sequence[str] | None = None,
    after: tuple[str, str, str] | None = None,
    most: int,
) -> list[Row]:
    """Runs, the newest partition first, behind the place `after`: partition, `ordered_at` and id of a row."""
    behind = after or (None, None, None)
    values: dict[str, Any] = {"pipeline": pipeline, "config": config, "first": first, "last": last, "most": most}
    values |= {"run_ids": None if run_ids is None else list(run_ids)}
    values |= {"after_partition": behind[0], "after_at": behind[1], "after_id": behind[2]}
    return read_rows(connection, _PAGE, values)


def count_runs(connection: Connection, *, first: str | None, last: str | None) -> list[Row]:
    """How many runs of each pipeline and config a range of dates has, the most first."""
    return read_rows(connection, _COUNTS, {"first": first, "last": last})


def stage_counts(connection: Connection, run_nos: Sequence[int]) -> list[Row]:
    """What runs read, passed and paid at each stage, by run and stage."""
    return read_rows(connection, _STAGES, {"run_nos": list(run_nos)})


def asked_models(connection: Connection, run_no: int) -> list[Row]:
    """The models and prompts that the outputs of a run asked, by stage."""
    return read_rows(connection, _ASKED, {"run_no": run_no})


def datasets_of_runs(connection: Connection, run_ids: Sequence[str]) -> list[Row]:
    """The datasets of runs; of each run, what it consists of now before all others, the newest first."""
    return read_rows(connection, _DATASETS, {"run_ids": list(run_ids)})


def triggers_of_runs(connection: Connection, run_ids: Sequence[str]) -> list[Row]:
    """The runs of the scheduler that planned runs, of each the newest first."""
    return read_rows(connection, _TRIGGERS, {"run_ids": list(run_ids)})


def run_of_trigger(connection: Connection, dag_id: str, dag_run_id: str) -> str | None:
    """The run that a run of the scheduler planned, the newest where it planned several."""
    found = connection.execute(_BY_TRIGGER, {"dag_id": dag_id, "dag_run_id": dag_run_id}).scalar()
    return None if found is None else str(found)


def find_run_id(connection: Connection, prefix: str) -> str:
    """The whole id of a run.

    Raises:
        UnknownIdError: no run begins so.
        AmbiguousIdError: more than one does.
    """
    ids = id_range(prefix) if prefix else None
    found = connection.execute(_BY_PREFIX, {"first": ids[0], "last": ids[1]}).scalars().all() if ids else []
    if not found:
        raise UnknownIdError(f"There is no run '{prefix}' in the ledger: `caco runs` lists those that are there.")
    if len(found) > 1:
        raise AmbiguousIdError(f"More than one run begins with '{prefix}': give more of its id.")
    return str(found[0])


def newest_run_id(connection: Connection, pipeline: str) -> str | None:
    """The id of the newest run of a pipeline, by partition and then by when it was planned."""
    found = connection.execute(_NEWEST, {"pipeline": pipeline}).scalar()
    return None if found is None else str(found)


def run_record(connection: Connection, run_id: str) -> Row:
    """All that is registered of a run that is there."""
    return read_one(connection, _RECORD, {"run_id": run_id})


def reason_counts(connection: Connection, run_no: int) -> list[Row]:
    """How many records each stage of a run did not pass, by reason; `outcome` is None where a rule only recorded it."""
    return read_rows(connection, _REASONS, {"run_no": run_no})


def evaluations_of(connection: Connection, datasets: Sequence[str]) -> list[Row]:
    """The runs that trained on datasets, each named name/version, newest first."""
    return read_rows(connection, _EVALUATIONS, {"datasets": list(datasets)})


def run_references(connection: Connection, run_ids: Sequence[str]) -> dict[str, Row]:
    """Pipeline, partition, config and `own_datasets` of runs, by id; those that are not registered are left out."""
    found = read_rows(connection, _REFERENCES, {"run_ids": list(run_ids)})
    return {str(row["run_id"]): row for row in found}


def time_of(connection: Connection) -> Any:
    """The server's clock."""
    return connection.execute(_NOW).scalar_one()
