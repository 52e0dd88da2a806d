"""Runs: the table, the matrix, two beside each other, and one of them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from caco.api.dependencies import NO_NUL, ArchiveDep, Cursor, Day, Text
from caco_tasks.reports.report_parts import RunRef, StateName
from caco_tasks.reports.reverification_report import RunReverifications, run_reverifications
from caco_tasks.reports.run_comparison import RunComparison, compare_runs
from caco_tasks.reports.run_diversity import DiversityReport, run_diversity
from caco_tasks.reports.run_list import MAX_RUNS, RunFilter, RunMatrix, RunPage, list_runs, run_matrix
from caco_tasks.reports.run_report import RunReport, run_by_airflow, run_report

RunId = Annotated[str, Path(pattern=r"^[0-9A-Fa-f-]{6,36}$", description="Id of a run, or six digits or more of it.")]
OneOfTwo = Annotated[str, Query(pattern=r"^[0-9A-Fa-f-]{6,36}$")]

router = APIRouter(tags=["runs"])


@router.get("/runs", operation_id="listRuns")
def get_runs(
    archive: ArchiveDep,
    config: Text = None,
    state: StateName | None = None,
    pipeline: Text = None,
    partition_from: Annotated[Day, Query(alias="from")] = None,
    partition_to: Annotated[Day, Query(alias="to")] = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=MAX_RUNS)] = 50,
) -> RunPage:
    """A page of runs, the newest partition first, with the counts of the filters."""
    wanted = RunFilter(
        config=config, state=state, pipeline=pipeline, partition_from=partition_from, partition_to=partition_to
    )
    return list_runs(archive, wanted, cursor=cursor, limit=limit)


@router.get("/runs/matrix", operation_id="getRunMatrix")
def get_run_matrix(
    archive: ArchiveDep,
    pipeline: Annotated[str, Query(min_length=1, max_length=50, pattern=NO_NUL)] = "nightly",
    partition_from: Annotated[Day, Query(alias="from")] = None,
    partition_to: Annotated[Day, Query(alias="to")] = None,
) -> RunMatrix:
    """Dates beside stages; without a range, the newest thirty dates."""
    return run_matrix(archive, pipeline=pipeline, partition_from=partition_from, partition_to=partition_to)


@router.get("/runs/compare", operation_id="compareRuns")
def get_comparison(archive: ArchiveDep, a: OneOfTwo, b: OneOfTwo) -> RunComparison:
    """Two runs of one pipeline beside each other."""
    return compare_runs(archive, a, b)


@router.get("/runs/by-airflow", operation_id="findRunByAirflow")
def get_run_by_airflow(
    archive: ArchiveDep,
    dag_id: Annotated[str, Query(min_length=1, max_length=250, pattern=NO_NUL)],
    airflow_run_id: Annotated[str, Query(min_length=1, max_length=250, pattern=NO_NUL)],
) -> RunRef:
    """The run that a run of Airflow planned."""
    return run_by_airflow(archive, dag_id=dag_id, dag_run_id=airflow_run_id)


@router.get("/runs/{run_id}", operation_id="getRun")
def get_run(archive: ArchiveDep, run_id: RunId) -> RunReport:
    """All of a run but its diversity."""
    return run_report(archive, run_id)


@router.get("/runs/{run_id}/diversity", operation_id="getRunDiversity")
def get_diversity(archive: ArchiveDep, run_id: RunId) -> DiversityReport:
    """How varied the samples of a run are, seen in some of its rows."""
    return run_diversity(archive, run_id)


@router.get("/runs/{run_id}/reverifications", operation_id="getRunReverifications")
def get_reverifications(archive: ArchiveDep, run_id: RunId) -> RunReverifications:
    """What newer checks or settings say of the samples of a run, and which of them moved."""
    return run_reverifications(archive, run_id)
