"""Imports point one way, heavy libraries wait, Airflow stays outside, and only the edges read the environment."""

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "caco_tasks"
FILES = sorted(PACKAGE.rglob("*.py"))

# The arrows of CONTRIBUTING.md, drawn out: a part may import itself and what stands in a row before its own.
ROWS = (
    {"errors", "number_words", "plain_numerals"},
    {
        "addresses",
        "atomic",
        "boxed",
        "diversity",
        "domain_tags",
        "exact",
        "format",
        "gpu_figures",
        "ids",
        "numbers_in_text",
        "variety",
        "version",
        "work_log",
    },
    {"check_settings", "patience", "records", "stage_process"},
    {"generation_settings", "model_settings"},
    {"config", "steering"},
    {"bank", "killable", "pipeline", "reading", "sandbox", "store"},
    {"ablations", "grading", "llm", "sources", "trials"},
    {"identity"},
    {"convert", "counting", "ledger"},
    {"context", "platform"},
    {
        "audit",
        "backup",
        "checks",
        "connections",
        "dry_run",
        "gate",
        "housekeeping",
        "notifications",
        "publishing",
        "recall",
    },
    {"environments", "offspring", "selection"},
    {"dataset_tasks", "releases", "reports", "services", "stages", "steering_plan"},
    {"nano", "planning", "runner", "smol", "text_checks"},
    {"forecast", "reruns", "telemetry", "verification"},
    {"estimate"},
    {"tasks"},
    {
        "ablation_tasks",
        "audit_tasks",
        "diversity_tasks",
        "housekeeping_tasks",
        "recall_tasks",
        "release_tasks",
        "reverification",
        "select_tasks",
    },
    {"cli"},
)
RANK = {part: rank for rank, parts in enumerate(ROWS) for part in parts}
HEAVY = {
    "accelerate",
    "airflow",
    "boto3",
    "botocore",
    "datasets",
    "matplotlib",
    "obstore",
    "peft",
    "scipy",
    "tokenizers",
    "torch",
    "transformers",
    "trl",
    "vllm",
    "xgboost",
}
READS_THE_ENVIRONMENT = {"cli", "diversity_tasks", "tasks", "platform", "sandbox"}
NAMES_OF_THE_ENVIRONMENT = {"environ", "environb", "getenv", "putenv"}


def part_of(path: Path) -> str:
    """The module or package directly below `caco_tasks` that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(nodes: Iterator[ast.AST]) -> set[str]:
    """The dotted names that `nodes` import; of `from a import b`, both `a` and `a.b`."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            names |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def at_import(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run when a module is imported: no function's body, nothing for the type checker alone."""
    for child in ast.iter_child_nodes(node):
        is_for_types = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
        if not is_for_types and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from at_import(child)


def parts_imported(path: Path) -> set[str]:
    """The parts of the package that a file imports anywhere."""
    names = imported(ast.walk(tree_of(path)))
    below = {name.split(".")[1] for name in names if name.startswith("caco_tasks.")}
    return below & {part_of(file) for file in FILES}


def test_every_part_has_its_place_among_the_arrows() -> None:
    assert {part_of(path) for path in FILES} - {"__init__"} == set(RANK)


@pytest.mark.parametrize("part", sorted(RANK))
def test_imports_point_one_way(part: str) -> None:
    files = [path for path in FILES if part_of(path) == part]
    arrows = {other for path in files for other in parts_imported(path)} - {part}
    assert {other for other in arrows if RANK[other] >= RANK[part]} == set()


def test_dags_and_plugins_reach_the_library_and_nothing_reaches_them() -> None:
    outside = [*(PACKAGE.parent / "dags").glob("*.py"), *(PACKAGE.parent / "plugins").rglob("*.py")]
    assert any("caco_tasks" in name for path in outside for name in imported(ast.walk(tree_of(path))))
    taken = {name.split(".")[0] for path in FILES for name in imported(ast.walk(tree_of(path)))}
    assert taken & {path.stem for path in outside} == set()


def test_the_library_knows_nothing_of_airflow() -> None:
    users = [path for path in FILES if any(n.split(".")[0] == "airflow" for n in imported(ast.walk(tree_of(path))))]
    assert users == []


def test_heavy_libraries_are_imported_only_in_functions() -> None:
    found = {path.name: {n.split(".")[0] for n in imported(at_import(tree_of(path)))} & HEAVY for path in FILES}
    assert {name: heavy for name, heavy in found.items() if heavy} == {}


def test_sql_is_spoken_by_the_ledger_alone() -> None:
    speakers = {"sqlalchemy", "psycopg2"}
    users = {
        part_of(path) for path in FILES if {name.split(".")[0] for name in imported(ast.walk(tree_of(path)))} & speakers
    }
    assert users <= {"ledger", "platform"}
    assert "ledger" in users


def test_only_the_edges_read_the_environment() -> None:
    readers = {
        part_of(path)
        for path in FILES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute) and node.attr in NAMES_OF_THE_ENVIRONMENT and ast.unparse(node.value) == "os"
    }
    assert readers <= READS_THE_ENVIRONMENT
    assert "cli" in readers


def test_nobody_takes_the_environment_by_another_name() -> None:
    names = {name for path in FILES for name in imported(ast.walk(tree_of(path)))}
    assert {f"os.{name}" for name in NAMES_OF_THE_ENVIRONMENT} & names == set()


def test_no_two_test_files_have_one_name() -> None:
    names = Counter(path.name for path in PACKAGE.with_name("tests").rglob("test_*.py"))
    assert [
        name for name, count in names.items() if count > 1
    ] == []  # pytest would refuse the second one that it meets
