"""What the documentation repeats from the code is what the code says: `make docs` writes it, and these tests compare."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest

from caco_tasks.llm.prompts import VARIABLES
from caco_tasks.model_settings import ModelSettings
from caco_tasks.pipeline import STAGES
from caco_tasks.sources import READERS

ROOT = Path(__file__).parents[2]


def load_generator() -> ModuleType:
    """`docs/generate.py`, which is a script and no part of a package."""
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(ROOT / "docs"))  # as Python does for a script; generate.py imports diagram.py
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(ROOT / "docs"))
    return module


GENERATOR = load_generator()


def page(name: str) -> str:
    """A page, by its path below the project."""
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "part"), [pytest.param(*key, id="-".join(key)) for key in GENERATOR.BLOCKS])
def test_a_generated_part_is_what_the_code_says(name: str, part: str) -> None:
    text = page(name)
    assert GENERATOR.write_page(text, part, GENERATOR.BLOCKS[name, part]()) == text, "run `make docs`"


@pytest.mark.parametrize("picture", GENERATOR.PICTURES)
def test_a_picture_is_what_the_code_draws(picture: str) -> None:
    assert page(picture) == GENERATOR.PICTURES[picture](), "run `make docs`"


def test_a_table_of_the_ledger_is_in_its_picture_or_named_as_alone() -> None:
    tables = re.findall(r"^CREATE TABLE caco\.(\w+)", page("sql/schema.sql"), re.MULTILINE)
    drawn = set(re.findall(r">(\w+)</text>", page("docs/ledger.svg")))
    alone = set(
        re.findall(r"`(\w+)`", page("docs/schema.md").partition("\nWithout a foreign key: ")[2].partition("\n")[0])
    )
    assert set(tables) == (drawn & set(tables)) | alone
    assert not drawn & alone


def test_the_picture_has_an_arrow_for_each_pair_of_tables_of_which_one_refers_to_the_other() -> None:
    pairs = {(one.table, one.target) for one in GENERATOR.references(page("sql/schema.sql"))}
    assert page("docs/ledger.svg").count('<path d="M') - 1 == len(pairs) > 15  # the tip of the arrows is a path, too


def test_every_marker_belongs_to_a_part_that_is_written() -> None:
    pages = [path for path in [ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]]
    marked = {
        (path.relative_to(ROOT).as_posix(), part)
        for path in pages
        for part in re.findall(r"<!-- generated: (\S+) -->", path.read_text(encoding="utf-8"))
    }
    assert marked == set(GENERATOR.BLOCKS)


def test_a_part_that_is_not_in_its_page_is_named() -> None:
    assert GENERATOR.write_page("<!-- generated: a -->\nold\n<!-- end of a -->\n", "a", "new").splitlines()[1] == "new"
    with pytest.raises(ValueError, match="the part 'b' stands 0 times"):
        GENERATOR.write_page("", "b", "new")


def test_the_stages_that_reasons_name_are_there() -> None:
    rows = re.findall(r"^\| `\w+` \| ([\w, ]+) \| (?:fail|unknown) \|", page("docs/reasons.md"), re.MULTILINE)
    assert {stage for row in rows for stage in row.split(", ")} <= set(STAGES)
    assert len(rows) > 50


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_has_its_row_on_the_page_of_sources(reader: str) -> None:
    table = page("docs/sources.md").partition("## Readers")[2].partition("\n\n- ")[0]
    assert f"`{reader}`" in table


@pytest.mark.parametrize("engine", get_args(ModelSettings.model_fields["engine"].annotation))
def test_an_engine_has_its_row_on_the_page_of_engines(engine: str) -> None:
    assert f"\n| `{engine}` |" in page("docs/engines.md")


def test_a_role_says_what_its_prompt_may_name() -> None:
    assert {spec.role for spec in STAGES.values() if spec.role is not None} <= set(VARIABLES)


def test_every_page_is_in_the_index() -> None:
    index = page("docs/README.md")
    names = sorted(path.name for path in (ROOT / "docs").glob("*.md") if path.name not in ("README.md", "index.md"))
    assert [name for name in names if f"]({name})" not in index] == []
