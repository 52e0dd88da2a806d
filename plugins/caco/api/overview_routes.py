"""The first page."""

from typing import Annotated

from fastapi import APIRouter, Query

from caco.api.dependencies import ArchiveDep, HistoryDep
from caco_tasks.reports.overview import NIGHTS, Overview, overview

FAILURES = 20

router = APIRouter(tags=["overview"])


@router.get("/overview", operation_id="getOverview")
def get_overview(
    archive: ArchiveDep, history: HistoryDep, nights: Annotated[int, Query(ge=1, le=366)] = NIGHTS
) -> Overview:
    """What runs now, how the last nightly runs went, what failed, what waits, what is new."""
    failures = history.failures(FAILURES) if history is not None else ()
    return overview(archive, failures=failures, nights=nights)
