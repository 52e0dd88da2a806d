"""The code of each stage as a hash, so that nobody changes what a stage says without being asked: `make snapshots`.

The hash is blind to comments, docstrings and layout. It covers the file of a stage and, of what that imports, whatever has a
part in its verdicts and texts; not where outputs lie, how they are counted or which engine a model runs in.
"""

import ast
import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import caco_tasks
from caco_tasks.pipeline import STAGES

PACKAGE = Path(caco_tasks.__file__).parent
SNAPSHOT = Path(__file__).with_name("stage_code.json")
HASH_CHARS = 16

HAVE_A_PART = (  # packages and modules of caco_tasks
    "bank",
    "boxed",
    "checks",
    "convert",
    "exact",
    "grading",
    "llm.encoding",
    "llm.examples",
    "llm.finetune",
    "llm.prompts",
    "llm.training",
    "number_words",
    "numbers_in_text",
    "offspring",
    "plain_numerals",
    "publishing.dataset_row",
    "reading",
    "sandbox.harness",
    "sandbox.values",
    "sandbox.verdicts",
    "selection",
    "sources",
    "stages",
    "trials",
    "variety",
)
HAVE_NONE = ("grading.grade_file", "grading.algebra_worker")  # files and processes
SERVICES = {  # what stands behind a service of the context, which no import shows
    "grader": ("grading.compare",),
    "sandbox": ("sandbox.harness", "sandbox.values", "sandbox.verdicts"),
}
HASHED_ELSEWHERE = {  # worked examples are in the hashes of prompts
    "llm.prompts": ("bank",),
    "stages.shared.few_shot": ("bank",),
}


def stage_code() -> dict[str, Any]:
    """What the snapshot says: the version and the hash of every stage, and the hashes of the modules that they are made of."""
    modules = {name: module_hash(name) for stage in STAGES for name in modules_of(stage)}
    stages = {name: {"version": spec.version, "code": stage_hash(name)} for name, spec in STAGES.items()}
    return {"stages": stages, "modules": dict(sorted(modules.items()))}


def stage_hash(stage: str) -> str:
    """The hash of all modules that a stage is made of."""
    return _hash([[name, module_hash(name)] for name in modules_of(stage)])


@cache
def modules_of(stage: str) -> tuple[str, ...]:
    """The modules of caco_tasks that have a part in what a stage says, sorted."""
    found: set[str] = set()
    waiting = [f"stages.{stage}"]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [other for other in _reached(name) if _has_a_part(name, other)]
    return tuple(sorted(found))


@cache
def module_hash(name: str) -> str:
    """The hash of the code of one module."""
    return code_hash(_path(name).read_text(encoding="utf-8"))


def code_hash(source: str) -> str:
    """The hash of what some code says, without comments, docstrings and layout; the same in every version of Python."""
    return _hash(_plain(ast.parse(source)))


def main() -> None:
    """Writes the snapshot anew."""
    SNAPSHOT.write_text(json.dumps(stage_code(), indent=1) + "\n", encoding="utf-8")


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:HASH_CHARS]


def _plain(node: Any) -> Any:
    """A syntax tree as lists. Fields that are empty are left out, for newer versions of Python have more of them."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, ast.AST):
        return ascii(node)  # repr shows what this version of Unicode knows
    body = {name: value for name, value in ast.iter_fields(node) if value not in (None, [])}
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(node):
        body["body"] = node.body[1:]
    return [type(node).__name__, *([name, _plain(value)] for name, value in sorted(body.items()))]


def _reached(name: str) -> Iterator[str]:
    """The modules that a module imports from, and those behind the services that it asks for."""
    for node in ast.walk(_tree(name)):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("caco_tasks"):
            for alias in node.names:
                yield _defining_module(_below_package(str(node.module)), alias.name)
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value).endswith("services"):
            yield from SERVICES.get(node.attr, ())


def _defining_module(module: str, name: str) -> str:
    """Where a name that is imported from a module is defined: there, below it, or where a package takes it from."""
    below = f"{module}.{name}".removeprefix(".")
    if _path(below).is_file():
        return below
    if _path(module).name == "__init__.py":
        for node in _tree(module).body:
            if isinstance(node, ast.ImportFrom) and name in {alias.asname or alias.name for alias in node.names}:
                return _defining_module(_below_package(str(node.module)), name)
    return module


def _has_a_part(importer: str, name: str) -> bool:
    elsewhere: Sequence[str] = HASHED_ELSEWHERE.get(importer, ())
    return _is_among(name, HAVE_A_PART) and not _is_among(name, HAVE_NONE) and not _is_among(name, elsewhere)


def _is_among(name: str, parts: Sequence[str]) -> bool:
    return any(name == part or name.startswith(f"{part}.") for part in parts)


def _below_package(module: str) -> str:
    return module.removeprefix("caco_tasks").removeprefix(".")


def _path(name: str) -> Path:
    path = PACKAGE.joinpath(*name.split(".")) if name else PACKAGE
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def _tree(name: str) -> ast.Module:
    return ast.parse(_path(name).read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
