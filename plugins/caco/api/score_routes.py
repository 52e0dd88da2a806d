"""Scores of students beside their bases."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from caco.api.dependencies import ArchiveDep, Cursor, Text
from caco_tasks.reports.ablation_report import AblationList, list_ablations
from caco_tasks.reports.score_report import MAX_ITEMS, ItemPage, Moved, ScoreHistory, score_history, scored_items

router = APIRouter(tags=["scores"])


@router.get("/scores", operation_id="getScores")
def get_scores(archive: ArchiveDep) -> ScoreHistory:
    """All evaluations, newest first."""
    return score_history(archive)


@router.get("/ablations", operation_id="listAblations")
def get_ablations(
    archive: ArchiveDep, run: Annotated[str | None, Query(pattern=r"^[0-9A-Fa-f-]{6,36}$")] = None
) -> AblationList:
    """The newest ablations; with a run, those of which it is an arm or a student."""
    return list_ablations(archive, run)


@router.get("/scores/{run_id}/items", operation_id="getScoredItems")
def get_items(
    archive: ArchiveDep,
    run_id: Annotated[str, Path(pattern=r"^[0-9A-Fa-f-]{6,36}$")],
    moved: Moved | None = None,
    benchmark: Text = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=MAX_ITEMS)] = 20,
) -> ItemPage:
    """Items of an evaluation, by how base and student differ."""
    return scored_items(archive, run_id, moved=moved, benchmark=benchmark, cursor=cursor, limit=limit)
