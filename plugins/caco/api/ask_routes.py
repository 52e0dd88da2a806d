"""For who asks questions: how to connect, what the tables mean, recipes and their results."""

from fastapi import APIRouter

from caco.api.dependencies import ArchiveDep
from caco_tasks.reports.cookbook import AskReport, RecipeResult, RecipeRun, ask_report, run_recipe

router = APIRouter(tags=["ask"])


@router.get("/ask", operation_id="getAsk")
def get_ask(archive: ArchiveDep) -> AskReport:
    """The analyst's address, the schema with its comments, and the cookbook."""
    return ask_report(archive)


@router.post("/ask/run", operation_id="runRecipe")
def post_recipe(archive: ArchiveDep, wanted: RecipeRun) -> RecipeResult:
    """Runs a recipe of the cookbook; nothing else can be run from a browser."""
    return run_recipe(archive, wanted)
