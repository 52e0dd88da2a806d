"""Everything that a user can meet by name is in the documentation, and what it says of defaults and reasons is so."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import click
import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from caco_tasks import config
from caco_tasks.cli import main
from caco_tasks.model_settings import ModelSettings
from caco_tasks.pipeline import PIPELINES, STAGES
from caco_tasks.records import Grade, Outcome, Reason, fail, unknown
from caco_tasks.store.keys import FOLDERS

ROOT = Path(__file__).parents[2]
LISTS = {"sources": config.SourceSettings, "benchmarks": config.BenchmarkSettings}
LIKE_OTHERS = ("evaluate.train", "evaluate.ask", "evaluate.benchmarks")  # tables whose settings are told elsewhere
ROW = re.compile(r"^\| `([^`]+)` \| (.*?) \| (.*) \|$", re.MULTILINE)
PATH = re.compile(r"`((?:caco_tasks|tests|sql|dags|plugins|benchmarks|docs|docker)/[\w./-]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


@cache
def all_pages() -> str:
    """README and every page of `docs/`."""
    return "\n".join(path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


def page(name: str) -> str:
    """One page of `docs/`."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def is_told(word: str) -> bool:
    """Whether a page has `word` as a word of its own."""
    return re.search(rf"(?<![\w]){re.escape(word)}(?![\w])", all_pages()) is not None


def settings_of(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every setting that is no table, by its path."""
    for name, field in model.model_fields.items():
        below: Any = LISTS.get(name) or {"models": ModelSettings}.get(name) or field.annotation
        place = {"models": f"{path}models.ROLE."}.get(name, f"{path}{name}[]." if name in LISTS else f"{path}{name}.")
        below = next((one for one in get_args(below) if isinstance(one, type) and issubclass(one, BaseModel)), below)
        if f"{path}{name}" not in LIKE_OTHERS and isinstance(below, type) and issubclass(below, BaseModel):
            yield from settings_of(below, place)
        else:
            yield f"{path}{name}", field


def shown(field: FieldInfo) -> str:
    """A default as the page writes it."""
    if field.is_required():
        return "required"
    default: Any = field.default
    if default is None:
        return "–"
    value = default.value if isinstance(default, Grade) else list(default) if isinstance(default, tuple) else default
    return f"`{json.dumps(value)}`"


def commands(group: click.Group, before: str = "caco") -> Iterator[str]:
    """Every command, with the groups before it."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before} {name}")
        else:
            yield f"{before} {name}"


def named(pattern: str, files: Iterator[Path]) -> list[str]:
    """The names that `pattern` finds in files."""
    return sorted({name for file in files for name in re.findall(pattern, file.read_text(encoding="utf-8"))})


COMMANDS = sorted(commands(main))
TABLES = named(r"(?im)^CREATE TABLE caco\.(\w+)", (ROOT / "sql" / "migrations").glob("*.sql"))
VIEWS = sorted(path.stem for path in (ROOT / "sql" / "views").glob("*.sql"))
DAGS = named(r"@dag\([^@]*?\ndef (\w+)\(", (ROOT / "dags").glob("*.py"))


def test_the_settings_are_documented_with_their_defaults_and_no_others() -> None:
    told = {path: default for path, default, _ in ROW.findall(page("configuration.md"))}
    assert told == {path: shown(field) for path, field in settings_of(config.RunConfig)}


@pytest.mark.parametrize("name", [*config.bundled_configs(), *config.SETTINGS_THAT_CHANGE_NO_DATA])
def test_the_page_on_settings_names_bundled_configs_and_what_changes_no_data(name: str) -> None:
    assert f"`{name}`" in page("configuration.md")


def reasons_told() -> list[tuple[str, list[str], str]]:
    """Reason, stages and verdict of every row of the page on reasons."""
    rows = ROW.findall(page("reasons.md"))
    return [(reason, stages.split(", "), rest.split(" | ")[0]) for reason, stages, rest in rows]


def test_every_reason_is_explained_once() -> None:
    assert sorted(reason for reason, _, _ in reasons_told()) == sorted(reason.value for reason in Reason)


def test_reasons_are_given_by_stages_that_there_are() -> None:
    assert {stage for _, stages, _ in reasons_told() for stage in stages} <= set(STAGES)


def test_the_verdict_of_a_reason_is_the_one_that_the_code_gives() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "caco_tasks").rglob("*.py")))
    told = {reason: verdict for reason, _, verdict in reasons_told()}
    made = {
        outcome: {name.lower() for name in re.findall(rf"\b{word}\(\s*Reason\.([A-Z_]+)", code)}
        for word, outcome in ((fail.__name__, Outcome.FAIL), (unknown.__name__, Outcome.UNKNOWN))
    }
    never_failed = {reason for reason, verdict in told.items() if verdict == "unknown"}
    assert made[Outcome.UNKNOWN] - {"unreadable_record"} == never_failed
    assert made[Outcome.FAIL] & never_failed == set()


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_documented(stage: str) -> None:
    assert is_told(stage)


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_a_pipeline_has_a_dag_of_its_name(pipeline: str) -> None:
    assert f"caco_{pipeline}" in DAGS


@pytest.mark.parametrize("dag", DAGS)
def test_a_dag_is_documented(dag: str) -> None:
    assert is_told(dag)


@pytest.mark.parametrize("table", TABLES)
def test_a_table_is_documented(table: str) -> None:
    assert f"### `{table}`" in page("schema.md")


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_documented(view: str) -> None:
    assert f"| `{view}` |" in page("schema.md")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_documented(command: str) -> None:
    assert is_told(command)


def test_the_lists_are_not_empty() -> None:
    assert min(len(COMMANDS), len(TABLES), len(VIEWS)) >= 10
    assert len(DAGS) >= 3


def test_the_tree_of_the_readme_names_every_part_of_the_package() -> None:
    parts = {
        path.name
        for path in (ROOT / "caco_tasks").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    tree = set(
        re.findall(r"[\w./]+", (ROOT / "README.md").read_text(encoding="utf-8").partition("## Where things are")[2])
    )
    assert {part for part in parts - {"__init__.py"} if not {part, f"{part}/"} & tree} == set()


def paths_named() -> Iterator[str]:
    """Every file of the project that a page names; `NAME` and `VERSION` stand for one, recipes add some, `make site` others."""
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        if path.name != "extending.md":
            yield from PATH.findall(path.read_text(encoding="utf-8"))


def test_the_files_that_pages_name_are_there() -> None:
    named = {path for path in paths_named() if not re.search("NAME|NNNN|VERSION|docs/_build", path)}
    assert len(named) > 30
    assert sorted(path for path in named if not (ROOT / path).exists()) == []


def links() -> Iterator[tuple[str, Path]]:
    """Every link of a page to a file beside it."""
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in LINK.findall(path.read_text(encoding="utf-8")):
            if "://" not in target:
                yield f"{path.relative_to(ROOT)} -> {target}", path.parent / target


def test_links_between_pages_lead_somewhere() -> None:
    found = dict(links())
    assert len(found) > 10
    assert [name for name, path in found.items() if not path.exists()] == []


def test_the_page_on_storage_and_the_store_name_the_same_folders() -> None:
    page = (ROOT / "docs" / "storage.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| (`[^|]+) \|", page, re.MULTILINE)
    told = {path.split("/")[0] for cell in cells for path in re.findall(r"`([a-z]+/[^`]*)`", cell)}
    assert told == set(FOLDERS)  # a folder that the store does not know is in no backup
