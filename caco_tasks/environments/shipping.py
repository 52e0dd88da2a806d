"""The answer check as a package of its own, for a trainer that has nothing of this project: `caco_reward`.

It is the exact part of `caco_tasks.grading`, copied file by file with its imports renamed, so that both say the same. It
needs Python 3.11 and mpmath. What it would leave to a computer algebra system it does not decide.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import caco_tasks
from caco_tasks.errors import ConfigError

PACKAGE = "caco_reward"
ROOTS = ("caco_tasks.grading.compare",)
_SOURCE = Path(caco_tasks.__file__).parent
_HEAD = '"""The exact comparison of answers of the project Caco (Apache-2.0), copied by an export of environments."""\n'

REWARD = '''"""The reward of an answer: 1.0 where it equals the known one, 0.0 where it differs or cannot be understood.

    >>> reward("So there are 12 of them. The answer is 12.", "12")
    1.0
"""

from caco_reward.grading.compare import Decision, compare_exactly


def reward(completion: str, answer: str) -> float:
    """1.0 for a completion whose final answer is `answer`, else 0.0; what is unknown earns nothing."""
    return 1.0 if is_right(completion, answer) else 0.0


def is_right(completion: str, answer: str) -> bool | None:
    """Whether the final answer of a completion is `answer`; None where nobody can tell."""
    if not completion.strip():
        return False
    decision = compare_exactly(answer, completion)
    return decision.equal if isinstance(decision, Decision) else None
'''


def write_reward_package(folder: Path) -> list[str]:
    """Writes the package `caco_reward` into `folder`; returns the names of the modules that were copied."""
    target = folder / PACKAGE
    texts = dict(_closure(ROOTS))
    for name, text in texts.items():
        path = target.joinpath(*name.split(".")[1:]).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("caco_tasks.", f"{PACKAGE}."), encoding="utf-8")
    for path in {target, *(one.parent for one in target.rglob("*.py"))}:
        (path / "__init__.py").write_text(_HEAD, encoding="utf-8")
    (target / "reward.py").write_text(REWARD, encoding="utf-8")
    return sorted(texts)


def _closure(roots: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Every module of this project that the roots import, and its text with each name imported from where it stands."""
    seen: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        text = _path_of(name).with_suffix(".py").read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("caco_tasks"):
                origins = _origins(node)
                waiting += origins.values()
                if set(origins.values()) != {node.module}:
                    lines = [f"from {origin} import {one}" for one, origin in origins.items()]
                    text = text.replace(ast.unparse(node), "\n".join(lines))
        yield name, text


def _origins(node: ast.ImportFrom) -> dict[str, str]:
    """The module in which each imported name stands: of a package, the one that the package's own file takes it from."""
    module = str(node.module)
    if _path_of(module).with_suffix(".py").exists():
        return {alias.name: module for alias in node.names}
    inner = ast.parse((_path_of(module) / "__init__.py").read_text(encoding="utf-8"))
    named = {
        alias.name: str(one.module) for one in ast.walk(inner) if isinstance(one, ast.ImportFrom) for alias in one.names
    }
    lacking = [alias.name for alias in node.names if alias.name not in named]
    if lacking:
        raise ConfigError(f"The package {module} does not say where {lacking[0]} comes from.")
    return {alias.name: named[alias.name] for alias in node.names}


def _path_of(name: str) -> Path:
    return _SOURCE.joinpath(*name.split(".")[1:])
