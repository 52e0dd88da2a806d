"""The runs as a table with filters, and as a matrix of dates and stages."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Literal
from urllib.parse import quote

from caco_tasks.errors import ConfigError
from caco_tasks.ledger import run_queries
from caco_tasks.ledger.analyst import Connection
from caco_tasks.pipeline import mapped_stages, stages_of
from caco_tasks.reports.archive import Archive, OpenLedger
from caco_tasks.reports.cursors import day_of, decode_cursor, encode_cursor, id_of, moment_of
from caco_tasks.reports.report_parts import (
    AirflowRun,
    DatasetRef,
    Facet,
    FacetValue,
    GateState,
    Report,
    Share,
    StateName,
    dataset_ref,
    share_of,
)
from caco_tasks.reports.run_state import config_or_none, run_standing

MAX_RUNS = 200  # of one page
MAX_MATRIX_RUNS = 400
MAX_LOOKED_AT = 1000  # runs, for a page of one state: a state is found by looking at a run
COUNTED_STATES = 200  # the newest runs, whose states are counted
MATRIX_DAYS = 30

CellState = Literal["missing", "partial", "complete"]


class RunLine(Report):
    """One run in a table."""

    run_id: str
    pipeline: str
    partition: str
    config: str
    config_hash: str
    models: dict[str, str]  # role -> model
    state: StateName
    gate: GateState | None  # None: the pipeline has no gate worth naming
    gate_sentence: str | None  # why it failed
    is_live: bool  # to be looked at again soon
    asked_samples: int | None  # None: the pipeline draws no samples, or its config is of another version
    sampled: int  # read by the first stage that has many shards; of a pipeline without one, by its first
    published: int  # rows of its newest dataset
    kept: int  # passed by the last stage that has many shards; of a pipeline without one, by its last
    kept_share: Share  # of sampled
    unknown: int
    cost_usd: float
    cost_usd_per_row: float | None  # None: nothing was published
    seconds: float  # of all outputs that the run made itself, added up
    tokens: int
    outputs: int
    outputs_expected: int | None  # None: its config is one of another version
    reused: int  # outputs that another run had made
    reused_share: float | None
    planned_at: str | None  # ISO 8601
    last_output_at: str | None
    dataset: DatasetRef | None
    airflow: AirflowRun | None  # the newest that planned it


class RunPage(Report):
    """A page of runs, the newest partition first."""

    rows: tuple[RunLine, ...]
    next_cursor: str | None  # None: this is the last page
    facets: tuple[Facet, ...]  # config, state, pipeline


class MatrixCell(Report):
    """How far one stage of one run has come."""

    stage: str
    state: CellState
    shards: int
    shards_expected: int | None
    reused: int
    read: int
    passed: int
    kept_share: float | None


class MatrixRow(Report):
    """One run of one date, stage by stage."""

    partition: str
    run_id: str
    config: str
    pipeline: str
    state: StateName
    cells: tuple[MatrixCell, ...]


class RunMatrix(Report):
    """Dates beside stages."""

    stages: tuple[str, ...]
    rows: tuple[MatrixRow, ...]  # newest date first; a date with several runs has several rows
    missing_dates: tuple[str, ...]  # within the range and before today, without any run of the pipeline
    is_cut: bool  # there are more runs in the range


class RunFilter(Report):
    """Which runs a page shows; None: all of them."""

    config: str | None = None
    state: StateName | None = None
    pipeline: str | None = None
    partition_from: str | None = None
    partition_to: str | None = None


def list_runs(archive: OpenLedger, wanted: RunFilter, *, cursor: str | None = None, limit: int = 50) -> RunPage:
    """A page of runs with the counts of its filters.

    With a state asked for, a page may end early: a run's state is found by looking at it, and so many are looked at.

    Raises:
        ConfigError: the cursor is not one of ours, or a date is none.
        LedgerError: the ledger cannot be used.
    """
    first, last = check_dates(wanted.partition_from, wanted.partition_to)
    after = _place_of(cursor)
    with archive.ledger.reading() as connection:
        rows: list[RunLine] = []
        next_cursor = None
        walk = _walk_runs(connection, wanted, first, last, after, size=limit + 1)
        for looked_at, (run, line) in enumerate(walk):
            if len(rows) == limit or looked_at == MAX_LOOKED_AT:
                next_cursor = encode_cursor(*after) if after is not None else None
                break
            after = _place(run)
            if wanted.state in (None, line.state):
                rows.append(line)
        facets = _count_facets(connection, wanted, first, last)
    return RunPage(rows=tuple(rows), next_cursor=next_cursor, facets=facets)


def _walk_runs(
    connection: Connection,
    wanted: RunFilter,
    first: str | None,
    last: str | None,
    after: tuple[str, str, str] | None,
    *,
    size: int,
) -> Iterator[tuple[Mapping[str, Any], RunLine]]:
    """The runs behind a place with their lines, whatever their state."""
    while True:
        page = run_queries.page_of_runs(
            connection,
            pipeline=wanted.pipeline,
            config=wanted.config,
            first=first,
            last=last,
            after=after,
            most=size,
        )
        yield from zip(page, describe_runs(connection, page), strict=True)
        if len(page) < size:
            return
        after = _place(page[-1])


def _place(run: Mapping[str, Any]) -> tuple[str, str, str]:
    return run["partition"], run["ordered_at"].isoformat(), run["run_id"]


def run_matrix(archive: Archive, *, pipeline: str, partition_from: str | None, partition_to: str | None) -> RunMatrix:
    """The runs of a range of dates, stage by stage; without a range, the newest thirty dates that have any.

    Raises:
        ConfigError: a date is none, or there is no such pipeline.
        LedgerError: the ledger cannot be used.
    """
    stages = tuple(spec.name for spec in stages_of(pipeline))
    first, last = check_dates(partition_from, partition_to)
    with archive.ledger.reading() as connection:
        page = run_queries.page_of_runs(connection, pipeline=pipeline, first=first, last=last, most=MAX_MATRIX_RUNS + 1)
        runs = page[:MAX_MATRIX_RUNS]
        days = sorted({run["partition"] for run in runs}, reverse=True)
        if first is None and len(days) > MATRIX_DAYS:
            days = days[:MATRIX_DAYS]
            runs = [run for run in runs if run["partition"] in days]
        counts = _by_run(run_queries.stage_counts(connection, [run["run_no"] for run in runs]))
        lines = describe_runs(connection, runs)
        today = run_queries.time_of(connection).date()
    rows = [_matrix_row(run, line, stages, counts) for run, line in zip(runs, lines, strict=True)]
    begin = first or (days[-1] if days else None)
    end = last or (days[0] if days else None)
    return RunMatrix(
        stages=stages,
        rows=tuple(rows),
        missing_dates=tuple(_days_without(begin, end, today, set(days))),
        is_cut=len(page) > MAX_MATRIX_RUNS,
    )


def describe_runs(connection: Connection, runs: Sequence[Mapping[str, Any]]) -> list[RunLine]:
    """The lines of runs, as rows of `run_queries.page_of_runs`, in their order."""
    ids = [run["run_id"] for run in runs]
    counts = _by_run(run_queries.stage_counts(connection, [run["run_no"] for run in runs]))
    datasets = _first_of_each(run_queries.datasets_of_runs(connection, ids))
    triggers = _first_of_each(run_queries.triggers_of_runs(connection, ids))
    now = run_queries.time_of(connection)
    return [
        _describe_run(run, counts.get(run["run_no"], []), datasets.get(run["run_id"]), triggers.get(run["run_id"]), now)
        for run in runs
    ]


def airflow_run(trigger: Mapping[str, Any]) -> AirflowRun:
    """Where Airflow shows one of its runs."""
    dag_id, dag_run_id = trigger["dag_id"], trigger["dag_run_id"]
    return AirflowRun(
        dag_id=dag_id,
        dag_run_id=dag_run_id,
        path=f"dags/{quote(dag_id, safe='')}/runs/{quote(dag_run_id, safe='')}",
        at=trigger["triggered_at"].isoformat(),
    )


def check_dates(first: str | None, last: str | None) -> tuple[str | None, str | None]:
    """A range of dates, in order.

    Raises:
        ConfigError: one of them is no date, or the range ends before it begins.
    """
    for day in (first, last):
        try:
            if day is not None:
                date.fromisoformat(day)
        except ValueError as exc:
            raise ConfigError(f"'{day[:20] if day else ''}' is no date: write it as 2026-11-30.") from exc
    if first is not None and last is not None and first > last:
        raise ConfigError(f"The range begins on {first} and ends before it, on {last}.")
    return first, last


def _describe_run(
    run: Mapping[str, Any],
    stages: Sequence[Mapping[str, Any]],
    dataset: Mapping[str, Any] | None,
    trigger: Mapping[str, Any] | None,
    now: Any,
) -> RunLine:
    standing = run_standing(run, stages, dataset["state"] if dataset else None, now)
    config = config_or_none(run["config"])
    by_stage = {row["stage"]: row for row in stages}
    ordered = [by_stage[spec.name] for spec in stages_of(run["pipeline"]) if spec.name in by_stage]
    # a stage of one shard reads other things than those with many: rows of a dataset, and not answers
    mapped = {spec.name for spec in mapped_stages(run["pipeline"])}
    line = [row for row in ordered if row["stage"] in mapped] or ordered
    sampled, kept = (line[0]["read"], line[-1]["passed"]) if line else (0, 0)
    published = dataset["rows"] if dataset else 0
    cost, outputs = sum(row["cost_usd"] for row in stages), sum(row["shards"] for row in stages)
    reused = sum(row["reused"] for row in stages)
    touched = [row["last_output_at"] for row in stages if row["last_output_at"] is not None]
    return RunLine(
        run_id=run["run_id"],
        pipeline=run["pipeline"],
        partition=run["partition"],
        config=str(run["config"].get("name", "")),
        config_hash=run["config_hash"],
        models=run["models"],
        state=standing.state,
        gate=standing.gate,
        gate_sentence=standing.sentence if standing.gate == "failed" else None,
        is_live=standing.is_live,
        asked_samples=config.samples if config is not None and run["pipeline"] == "nightly" else None,
        sampled=sampled,
        published=published,
        kept=kept,
        kept_share=share_of(kept, sampled),
        unknown=sum(row["unknown"] for row in stages),
        cost_usd=cost,
        cost_usd_per_row=cost / published if published else None,
        seconds=sum(row["seconds"] for row in stages),
        tokens=sum(row["prompt_tokens"] + row["completion_tokens"] for row in stages),
        outputs=outputs,
        outputs_expected=sum(standing.expected.values()) or None,
        reused=reused,
        reused_share=reused / outputs if outputs else None,
        planned_at=run["planned_at"].isoformat() if run["planned_at"] else None,
        last_output_at=max(touched).isoformat() if touched else None,
        dataset=dataset_ref(dataset) if dataset else None,
        airflow=airflow_run(trigger) if trigger else None,
    )


def _matrix_row(
    run: Mapping[str, Any], line: RunLine, stages: Sequence[str], counts: Mapping[int, list[Mapping[str, Any]]]
) -> MatrixRow:
    made = {row["stage"]: row for row in counts.get(run["run_no"], [])}
    expected = run_standing(run, list(made.values()), None, run["created_at"]).expected
    return MatrixRow(
        partition=line.partition,
        run_id=line.run_id,
        config=line.config,
        pipeline=line.pipeline,
        state=line.state,
        cells=tuple(_matrix_cell(stage, made.get(stage), expected.get(stage)) for stage in stages),
    )


def _matrix_cell(stage: str, row: Mapping[str, Any] | None, expected: int | None) -> MatrixCell:
    shards = row["shards"] if row else 0
    state: CellState = "missing" if not shards else "complete" if shards >= (expected or shards) else "partial"
    return MatrixCell(
        stage=stage,
        state=state,
        shards=shards,
        shards_expected=expected,
        reused=row["reused"] if row else 0,
        read=row["read"] if row else 0,
        passed=row["passed"] if row else 0,
        kept_share=row["passed"] / row["read"] if row and row["read"] else None,
    )


def _days_without(first: str | None, last: str | None, today: date, there: set[str]) -> Iterator[str]:
    """The days of a range, at most a year of them, that have no run and are not to come."""
    if first is None or last is None:
        return
    day, end = date.fromisoformat(first), min(date.fromisoformat(last), today)
    for _ in range(366):
        if day > end:
            return
        if day.isoformat() not in there:
            yield day.isoformat()
        day += timedelta(days=1)


def _count_facets(connection: Connection, wanted: RunFilter, first: str | None, last: str | None) -> tuple[Facet, ...]:
    rows = run_queries.count_runs(connection, first=first, last=last)
    configs, pipelines = Counter[str](), Counter[str]()
    for row in rows:
        if wanted.pipeline in (None, row["pipeline"]):
            configs[row["config"] or ""] += row["runs"]
        if wanted.config in (None, row["config"]):
            pipelines[row["pipeline"]] += row["runs"]
    newest = run_queries.page_of_runs(
        connection, pipeline=wanted.pipeline, config=wanted.config, first=first, last=last, most=COUNTED_STATES + 1
    )
    states = Counter(str(line.state) for line in describe_runs(connection, newest[:COUNTED_STATES]))
    is_complete = len(newest) <= COUNTED_STATES
    return (
        _facet("pipeline", "Pipeline", pipelines),
        _facet("config", "Config", configs),
        _facet("state", "State", states).model_copy(
            update={
                "is_complete": is_complete,
                "note": None if is_complete else f"Counted over the newest {COUNTED_STATES} runs.",
            }
        ),
    )


def _facet(name: str, label: str, counts: Mapping[str, int]) -> Facet:
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    values = [FacetValue(value=value, label=value.replace("_", " "), count=count) for value, count in ordered]
    return Facet(name=name, label=label, values=tuple(values))


def _place_of(cursor: str | None) -> tuple[str, str, str] | None:
    if cursor is None:
        return None
    partition, at, run_id = decode_cursor(cursor, 3)
    return day_of(partition), moment_of(at), id_of(run_id)


def _by_run(rows: Sequence[Mapping[str, Any]]) -> dict[int, list[Mapping[str, Any]]]:
    found: dict[int, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["run_no"], []).append(row)
    return found


def _first_of_each(rows: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        found.setdefault(row["run_id"], row)
    return found
