"""Models: all of them, and one."""

from typing import Annotated

from fastapi import APIRouter, Path

from caco.api.dependencies import NO_NUL, ArchiveDep
from caco_tasks.reports.model_report import ModelPage, ModelReport, list_models, model_report

router = APIRouter(tags=["models"])


@router.get("/models", operation_id="listModels")
def get_models(archive: ArchiveDep) -> ModelPage:
    """The models that were trained here, and those that were asked."""
    return list_models(archive)


@router.get("/models/{model_id:path}", operation_id="getModel")
def get_model(
    archive: ArchiveDep,
    model_id: Annotated[
        str, Path(min_length=1, max_length=300, pattern=NO_NUL, description="A model's id; it may hold slashes.")
    ],
) -> ModelReport:
    """All of a model."""
    return model_report(archive, model_id)
