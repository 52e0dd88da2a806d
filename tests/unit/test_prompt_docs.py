"""The page on prompts names every template and every variable; the prompts that it shows are written by `make docs`."""

from pathlib import Path

from caco_tasks.llm.prompts import TEMPLATES_FOLDER, VARIABLES

PAGE = Path(__file__).parents[2] / "docs" / "prompts.md"


def test_the_page_names_every_template_and_variable() -> None:
    page = PAGE.read_text(encoding="utf-8")
    names = [path.stem for path in TEMPLATES_FOLDER.glob("*.txt")]
    variables = [f"${variable}" for variables in VARIABLES.values() for variable in variables]
    assert [word for word in [*names, *variables] if f"`{word}`" not in page] == []
