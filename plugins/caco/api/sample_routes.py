"""Samples: the table with its facets, the export of what it shows, and one of them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import StreamingResponse

from caco.api.dependencies import ArchiveDep, Cursor, Id, Text
from caco_tasks.reports.lineage_graph import DEPTH, MAX_DEPTH, LineageGraph, lineage_graph
from caco_tasks.reports.report_parts import OutcomeName
from caco_tasks.reports.sample_export import ExportFormat, export_samples
from caco_tasks.reports.sample_facets import SampleFacets, count_samples
from caco_tasks.reports.sample_list import MAX_SAMPLES, SampleFilter, SamplePage, list_samples
from caco_tasks.reports.sample_parts import SampleReport
from caco_tasks.reports.sample_report import sample_report

MEDIA_TYPES: dict[ExportFormat, str] = {"csv": "text/csv", "json": "application/json", "sql": "application/sql"}

SampleId = Annotated[
    str, Path(pattern=r"^[0-9A-Fa-f-]{6,36}$", description="Id of a sample, seed or attempt, or six digits or more.")
]

router = APIRouter(tags=["samples"])


def sample_filter(
    run: Id = None,
    stage: Text = None,
    outcome: OutcomeName | None = None,
    reason: Text = None,
    domain: Text = None,
    difficulty: Annotated[int | None, Query(ge=1, le=5)] = None,
    model: Text = None,
    text: Text = None,
) -> SampleFilter:
    """The filter of table, facets and export."""
    return SampleFilter(
        run=run,
        stage=stage,
        outcome=outcome,
        reason=reason,
        domain=domain,
        difficulty=difficulty,
        model=model,
        text=text,
    )


FilterDep = Annotated[SampleFilter, Depends(sample_filter)]


@router.get("/samples", operation_id="listSamples")
def get_samples(
    archive: ArchiveDep,
    wanted: FilterDep,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=MAX_SAMPLES)] = 50,
) -> SamplePage:
    """A page of the samples of a run, the newest nightly one where none is named."""
    return list_samples(archive, wanted, cursor=cursor, limit=limit)


@router.get("/samples/facets", operation_id="getSampleFacets")
def get_facets(archive: ArchiveDep, wanted: FilterDep) -> SampleFacets:
    """How many samples there are under each value of each filter."""
    return count_samples(archive, wanted)


@router.get("/samples/export", operation_id="exportSamples", response_class=StreamingResponse)
def get_export(
    archive: ArchiveDep, wanted: FilterDep, format_name: Annotated[ExportFormat, Query(alias="format")] = "csv"
) -> StreamingResponse:
    """Exactly what the filter shows, as a file; its last line says so where it was cut."""
    return StreamingResponse(
        export_samples(archive, wanted, format_name),
        media_type=MEDIA_TYPES[format_name],
        headers={"Content-Disposition": f'attachment; filename="samples.{format_name}"'},
    )


@router.get("/samples/{sample_id}", operation_id="getSample")
def get_sample(archive: ArchiveDep, sample_id: SampleId) -> SampleReport:
    """All of one sample."""
    return sample_report(archive, sample_id)


@router.get("/samples/{sample_id}/graph", operation_id="getSampleGraph")
def get_graph(
    archive: ArchiveDep, sample_id: SampleId, depth: Annotated[int, Query(ge=1, le=MAX_DEPTH)] = DEPTH
) -> LineageGraph:
    """Ancestors and descendants of a sample."""
    return lineage_graph(archive, sample_id, depth=depth)
