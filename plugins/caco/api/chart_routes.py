"""Pictures as Vega-Lite specifications."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from caco.api.dependencies import NO_NUL, ArchiveDep, Id, Text
from caco_tasks.reports.charts import ChartName, chart

router = APIRouter(tags=["charts"])


@router.get("/charts/{name}", operation_id="getChart")
def get_chart(
    archive: ArchiveDep,
    name: ChartName,
    run: Id = None,
    model: Annotated[str | None, Query(min_length=1, max_length=300, pattern=NO_NUL)] = None,
    config: Text = None,
) -> dict[str, Any]:
    """A Vega-Lite specification with its data in it."""
    return chart(archive, name, run=run, model=model, config=config)
