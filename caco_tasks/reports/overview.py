"""What one wants to know first: what runs now, how the last nights went, what failed, what waits, what is new."""

from collections.abc import Mapping, Sequence
from typing import Any

from caco_tasks.ledger import audit_queries, run_queries
from caco_tasks.ledger.analyst import Connection
from caco_tasks.pipeline import stages_of
from caco_tasks.reports.archive import Archive
from caco_tasks.reports.dataset_report import DatasetLine, newest_dataset
from caco_tasks.reports.report_parts import Report, RunRef
from caco_tasks.reports.run_list import RunLine, describe_runs
from caco_tasks.reports.run_state import run_standing

NIGHTS = 30
LOOKED_AT = 40  # runs of any pipeline, the newest, among which those under way are looked for
MAX_FAILURES = 20


class StageProgress(Report):
    """How far a stage has come."""

    stage: str
    shards: int
    shards_expected: int | None
    read: int
    passed: int


class RunningRun(Report):
    """A run under way."""

    line: RunLine
    stages: tuple[StageProgress, ...]


class Failure(Report):
    """Something that went wrong, in words."""

    run: RunRef | None
    what: str  # gate, dry run, or the task
    sentence: str
    at: str | None
    airflow_path: str | None  # below Airflow's base URL


class Overview(Report):
    """The first page."""

    running: tuple[RunningRun, ...]
    nightly: tuple[RunLine, ...]  # newest first
    failures: tuple[Failure, ...]  # newest first
    audits_waiting: int
    audit_draws: int
    newest_dataset: DatasetLine | None
    hint: str | None  # what to do where there is nothing yet


def overview(archive: Archive, *, failures: Sequence[Failure] = (), nights: int = NIGHTS) -> Overview:
    """The first page; `failures` are those that the ledger does not know of, such as Airflow's.

    Raises:
        LedgerError: the ledger cannot be used.
    """
    with archive.ledger.reading() as connection:
        newest = run_queries.page_of_runs(connection, most=LOOKED_AT)
        lines = describe_runs(connection, newest)
        nightly = [line for line in lines if line.pipeline == "nightly"]
        if len(nightly) < nights and len(newest) == LOOKED_AT:
            page = run_queries.page_of_runs(connection, pipeline="nightly", most=nights)
            nightly = describe_runs(connection, page)
        running = [
            RunningRun(line=line, stages=_progress(connection, run))
            for run, line in zip(newest, lines, strict=True)
            if line.is_live
        ]
        audits = audit_queries.count_waiting(connection)
        dataset = newest_dataset(archive, connection)
    known = [*failures, *_gate_failures(nightly), *_stopped(lines)]
    return Overview(
        running=tuple(running),
        nightly=tuple(nightly[:nights]),
        failures=tuple(sorted(known, key=lambda one: one.at or "", reverse=True)[:MAX_FAILURES]),
        audits_waiting=audits["rows"],
        audit_draws=audits["draws"],
        newest_dataset=dataset,
        hint=_what_to_do(lines),
    )


def _progress(connection: Connection, run: Mapping[str, Any]) -> tuple[StageProgress, ...]:
    rows = {row["stage"]: row for row in run_queries.stage_counts(connection, [run["run_no"]])}
    expected = run_standing(run, list(rows.values()), None, run["created_at"]).expected
    return tuple(
        StageProgress(
            stage=spec.name,
            shards=rows[spec.name]["shards"] if spec.name in rows else 0,
            shards_expected=expected.get(spec.name),
            read=rows[spec.name]["read"] if spec.name in rows else 0,
            passed=rows[spec.name]["passed"] if spec.name in rows else 0,
        )
        for spec in stages_of(run["pipeline"])
    )


def _gate_failures(lines: Sequence[RunLine]) -> list[Failure]:
    return [
        Failure(
            run=_reference(line),
            what="gate",
            sentence=line.gate_sentence or "Its gate did not let it pass.",
            at=line.last_output_at,
            airflow_path=line.airflow.path if line.airflow else None,
        )
        for line in lines
        if line.state == "gate_failed"
    ]


def _stopped(lines: Sequence[RunLine]) -> list[Failure]:
    return [
        Failure(
            run=_reference(line),
            what="stopped",
            sentence=f"{line.outputs} of {line.outputs_expected or 'an unknown number of'} outputs are there, and none came "
            "since: look at its tasks in Airflow, and clear the failed one.",
            at=line.last_output_at,
            airflow_path=line.airflow.path if line.airflow else None,
        )
        for line in lines
        if line.state == "stopped"
    ]


def _reference(line: RunLine) -> RunRef:
    return RunRef(run_id=line.run_id, pipeline=line.pipeline, partition=line.partition, config=line.config)


def _what_to_do(lines: Sequence[RunLine]) -> str | None:
    pipelines = {line.pipeline for line in lines}
    if not pipelines:
        return (
            "Nothing was run yet: trigger caco_seeds, which starts caco_codegen; then caco_nightly samples every night."
        )
    if "nightly" not in pipelines:
        return "No nightly run was planned yet: trigger caco_nightly once caco_codegen has accepted a model."
    return None
