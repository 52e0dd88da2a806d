"""Datasets: the table, one of them, and its rows."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from caco.api.dependencies import ArchiveDep, Cursor
from caco_tasks.reports.dataset_report import (
    MAX_DATASETS,
    MAX_ROWS,
    DatasetPage,
    DatasetReport,
    DatasetRows,
    dataset_report,
    dataset_rows,
    list_datasets,
)
from caco_tasks.reports.environment_report import DatasetEnvironments, dataset_environments

Name = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_\-]*$", max_length=100)]
Version = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$", max_length=100)]

router = APIRouter(tags=["datasets"])


@router.get("/datasets", operation_id="listDatasets")
def get_datasets(
    archive: ArchiveDep, cursor: Cursor = None, limit: Annotated[int, Query(ge=1, le=MAX_DATASETS)] = 50
) -> DatasetPage:
    """A page of datasets, the newest first."""
    return list_datasets(archive, cursor=cursor, limit=limit)


@router.get("/datasets/{name}/{version}", operation_id="getDataset")
def get_dataset(archive: ArchiveDep, name: Name, version: Version) -> DatasetReport:
    """All of a dataset but its rows."""
    return dataset_report(archive, name, version)


@router.get("/datasets/{name}/{version}/rows", operation_id="getDatasetRows")
def get_rows(
    archive: ArchiveDep,
    name: Name,
    version: Version,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=MAX_ROWS)] = 20,
) -> DatasetRows:
    """Some rows of a dataset, in its order."""
    return dataset_rows(archive, name, version, cursor=cursor, limit=limit)


@router.get("/datasets/{name}/{version}/environments", operation_id="getDatasetEnvironments")
def get_environments(archive: ArchiveDep, name: Name, version: Version) -> DatasetEnvironments:
    """What became of its rows that were to be environments for reinforcement learning."""
    return dataset_environments(archive, f"{name}/{version}")
