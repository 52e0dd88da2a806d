"""The recipes of docs/extending.md hold: followed in a copy of the project, the tests that they write pass there."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
COPIED = (
    *("caco_tasks", "sql", "dags", "plugins", "docs", "docker", "benchmarks", "tests"),
    *("pyproject.toml", "README.md", "CONTRIBUTING.md", "CHANGELOG.md"),
)

_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"`([\w./]+\.\w+)`")
_NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)`")

STAGE_CODE, SCHEMA = "tests/snapshots/stage_code.py", "tests/integration/schema_snapshot.py"  # `make snapshots`
OPENAPI, DOCS = "docs/openapi.py", "docs/generate.py"  # `make docs`
BUILD = (
    ["npm", "ci", "--no-audit", "--no-fund"],
    *(["npm", "run", step] for step in ("client", "types", "lint", "build")),
)

# what a recipe tells to run, and the tests that hold its files to each other
THEN: dict[str, tuple[list[str], list[str]]] = {
    "A stage that asks a model": (
        [STAGE_CODE, SCHEMA, DOCS],
        [
            *("tests/unit/test_pipeline.py", "tests/unit/test_llm.py", "tests/unit/test_stage_code.py"),
            "tests/integration/test_ledger_schema.py",
        ],
    ),
    "A source reader": ([STAGE_CODE, DOCS], ["tests/unit/test_readers.py"]),
    "A page in Airflow's UI": ([OPENAPI, DOCS], ["tests/dags/test_plugin.py", "tests/dags/test_windows_api.py"]),
    "An engine": ([STAGE_CODE, DOCS], ["tests/unit/test_llm.py"]),
    "A view, or a column": (
        [SCHEMA, DOCS],
        ["tests/integration/test_ledger_views.py", "tests/integration/test_ledger_schema.py"],
    ),
}
ALWAYS = [
    *("tests/unit/test_docs.py", "tests/unit/test_docs_generated.py", "tests/unit/test_prompt_docs.py"),
    "tests/unit/test_imports.py",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block of a recipe, and the file that it is for."""

    language: str
    path: str
    text: str


def sections() -> dict[str, str]:
    """The recipes by their headings."""
    _, *parts = _SECTION.split(PAGE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def blocks(section: str) -> Iterator[Block]:
    """The blocks of a recipe; each belongs to the file that was named last before it."""
    path, end = "", 0
    for fence in _FENCE.finditer(section):
        between = section[end : fence.start()].strip().rpartition("\n\n")[2]  # the paragraph before it
        names = [] if between.startswith("|") else _FILE.findall(between)
        path, end = names[0] if names else path, fence.end()
        yield Block(language=fence[1], path=path, text=fence[2])


def apply_change(text: str, diff: str, path: str) -> str:
    """A text after a change, whose kept and removed lines must stand in it exactly once."""
    lines = diff.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if not line.startswith("+"))
    after = "".join(line[1:] for line in lines if not line.startswith("-"))
    whole_lines = re.compile(rf"(?m)^{re.escape(before)}")
    found = len(whole_lines.findall(text))
    assert found == 1, f"these lines stand {found} times in {path}; mend docs/extending.md:\n{before}"
    return whole_lines.sub(lambda _: after, text)


def follow(recipe: str, folder: Path) -> dict[str, str]:
    """Does what a recipe says in a copy of the project; returns the files that it touched and how: "new" or "diff"."""
    touched = {}
    for block in blocks(sections()[recipe]):
        path = folder / block.path
        if block.language == "diff":
            assert path.is_file(), f"{block.path} is not there; mend docs/extending.md"
            path.write_text(apply_change(path.read_text(encoding="utf-8"), block.text, block.path), encoding="utf-8")
        else:
            assert not path.exists(), f"{block.path} is there already; mend docs/extending.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        touched[block.path] = "diff" if block.language == "diff" else "new"
    return touched


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project, whose weights are those of the original."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "weights", "node_modules")
            )
        else:
            shutil.copy(ROOT / name, folder / name)
    (folder / "caco_tasks" / "nano" / "weights").symlink_to(ROOT / "caco_tasks" / "nano" / "weights")
    return folder


@pytest.mark.parametrize("recipe", sections())
def test_a_recipe_can_be_followed_and_its_tests_pass(recipe: str, project: Path, first_port: int) -> None:
    touched = follow(recipe, project)
    python = [path for path in touched if path.endswith(".py")]
    tests = [path for path in python if path.startswith("tests/") and touched[path] == "new"]
    assert tests
    generators, guards = THEN[recipe]
    for command in (
        *([script] for script in generators),
        ["-m", "ruff", "check", "--no-cache", *python],
        ["-m", "ruff", "format", "--check", "--no-cache", *python],
        ["-m", "pytest", "-p", "no:cacheprovider", *tests, *guards, *ALWAYS],
    ):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=project,
            env={**os.environ, "PYTHONPATH": str(project), "CACO_TEST_PORT": str(first_port + 200)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-2000:]}"


@pytest.mark.skipif(shutil.which("npm") is None, reason="building the pages needs Node")
def test_the_page_of_its_recipe_is_built_with_checked_types(project: Path) -> None:
    follow("A page in Airflow's UI", project)
    pages = project / "plugins" / "caco" / "www"
    subprocess.run([sys.executable, OPENAPI], cwd=project, env={**os.environ, "PYTHONPATH": str(project)}, check=True)
    install, *steps = BUILD
    if subprocess.run(install, cwd=pages, capture_output=True, timeout=300, check=False).returncode:
        pytest.skip("npm could not install what the pages are built with")
    for step in steps:
        done = subprocess.run(step, cwd=pages, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
    guard = ["-m", "pytest", "-p", "no:cacheprovider", "tests/unit/test_pages_bundle.py"]
    subprocess.run([sys.executable, *guard], cwd=project, env={**os.environ, "PYTHONPATH": str(project)}, check=True)


def test_the_tests_that_a_recipe_names_are_there() -> None:
    named = set(_NAMED_TEST.findall(PAGE)) - {
        block.path for section in sections().values() for block in blocks(section)
    }
    assert len(named) > 5
    assert sorted(name for name in named if not (ROOT / name).is_file()) == []


def test_a_change_that_does_not_fit_is_named() -> None:
    assert apply_change("a\nb\nc\n", " a\n+x\n-b\n", "some.py") == "a\nx\nc\n"
    with pytest.raises(AssertionError, match=r"these lines stand 2 times in some\.py"):
        apply_change("a\na\n", " a\n+b\n", "some.py")
