"""The page on prompts shows what is really asked. After a change of a template: `python tests/unit/test_prompt_docs.py`."""

import re
from pathlib import Path

import pytest

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import draw_problem
from caco_tasks.config import RoleName
from caco_tasks.llm.prompts import TEMPLATES_FOLDER, VARIABLES, load_prompt
from caco_tasks.stages.shared.few_shot import bank_examples, variety

PAGE = Path(__file__).parents[2] / "docs" / "prompts.md"
SHOWN: dict[str, RoleName] = {
    "unify.v1": "unifier",
    "program.v1": "codegen",
    "reverse.v1": "reverser",
    "solve.v1": "solver",
    "judge.v1": "judge",
}
BLOCK = r"<!-- {} -->\n~~~~text\n(.*?)\n~~~~"


def rendered(name: str) -> str:
    """A prompt as an engine gets it, about one problem of the bank."""
    problem = draw_problem(next(family for family in FAMILIES if family.name == "fish_pond"), 900_000)
    told = {
        "problem": problem.problem,
        "solution": problem.solution,
        "answer": problem.answer,
        "code": problem.program.strip(),
        "output": problem.answer,
        **variety("the sample of docs/prompts.md"),
    }
    prompt = load_prompt(name, variables=VARIABLES[SHOWN[name]])
    told |= prompt.showing(bank_examples())
    text = prompt.render(**{variable: told[variable] for variable in prompt.variables})
    return f"[system]\n{prompt.system}\n\n[user]\n{text}" if prompt.is_chat else text.rstrip("\n")


@pytest.mark.parametrize("name", SHOWN)
def test_the_page_shows_the_prompt_as_it_is(name: str) -> None:
    (block,) = re.findall(BLOCK.format(re.escape(name)), PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert block == rendered(name), "run tests/unit/test_prompt_docs.py"


def test_the_page_names_every_template_and_variable() -> None:
    page = PAGE.read_text(encoding="utf-8")
    names = [path.stem for path in TEMPLATES_FOLDER.glob("*.txt")]
    variables = [f"${variable}" for variables in VARIABLES.values() for variable in variables]
    assert [word for word in [*names, *variables] if f"`{word}`" not in page] == []


def main() -> None:
    """Writes the prompts of the page anew."""
    page = PAGE.read_text(encoding="utf-8")
    for name in SHOWN:
        block = f"<!-- {name} -->\n~~~~text\n{rendered(name)}\n~~~~"
        page = re.sub(BLOCK.format(re.escape(name)), lambda _, block=block: block, page, flags=re.DOTALL)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
