"""Sources that hold code: MBPP, HumanEval and KodCode with their tests, and the bundled bank with its programs.

The first test that compares a call of the entry point on literal arguments with a literal gives `input` and gold.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from caco_tasks.convert.annotation import annotation_of
from caco_tasks.convert.conversion import Conversion
from caco_tasks.records import Grade, Seed

MAX_CODE_CHARS = 30_000
MAX_OPEN_BRACKETS = 50
MAX_LINE_OPERATORS = 400


def convert_program(seed: Seed) -> Conversion | None:
    """The program of a seed of the bundled bank: there already, and the bank's tests show that its inputs matter."""
    code = annotation_of(seed).get("code")
    if not isinstance(code, str):
        return None
    return Conversion(code=code, grade=Grade.S)


def convert_tested(seed: Seed) -> Conversion | None:
    """The source's code, called with the arguments of its first usable test."""
    annotation = annotation_of(seed)
    code, tests = annotation.get("code"), annotation.get("tests")
    tree = _parsed(code)
    if tree is None or not isinstance(tests, list):
        return None
    called = [name for name in (annotation.get("entry_point"), "candidate") if isinstance(name, str)]
    example = next(_examples(tests, called), None)
    entry = annotation.get("entry_point")
    if example is None or not isinstance(entry, str):
        return None
    values = _named(example, _function(tree, entry))
    if not values:
        return None
    setup = annotation.get("setup")
    text = _program(str(code), tree, entry, values, setup=setup if isinstance(setup, str) else "")
    return Conversion(
        code=text,
        grade=Grade.S,
        gold=example.expected,
        are_inputs_proven=False,
    )


@dataclass(frozen=True, slots=True)
class _TestCall:
    """One test: arguments and result as Python literals."""

    positional: Sequence[Any]
    keywords: Mapping[str, Any]
    expected: str


def _parsed(code: object) -> ast.Module | None:
    """The syntax tree of a source's code; None if it is no Python, or long or deep enough to be meant as harm."""
    if not isinstance(code, str) or len(code) > MAX_CODE_CHARS or _is_deep(code):
        return None
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _is_deep(code: str) -> bool:
    depth = deepest = 0
    for char in code:
        depth = max(0, depth + (char in "([{") - (char in ")]}"))
        deepest = max(deepest, depth)
    longest = max((sum(char in "-+~*." for char in line) for line in code.splitlines()), default=0)
    return deepest > MAX_OPEN_BRACKETS or longest > MAX_LINE_OPERATORS


def _examples(tests: Sequence[object], called: Sequence[str]) -> Iterator[_TestCall]:
    for test in tests:
        tree = _parsed(test)
        for node in ast.walk(tree) if tree else ():
            if isinstance(node, ast.Assert):
                yield from _example(node.test, called)


def _example(test: ast.expr, called: Sequence[str]) -> Iterator[_TestCall]:
    expected: ast.expr = ast.Constant(True)
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq | ast.Is):
        expected, test = test.comparators[0], test.left
    elif isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test, expected = test.operand, ast.Constant(False)
    if not (isinstance(test, ast.Call) and isinstance(test.func, ast.Name) and test.func.id in called):
        return
    try:
        positional = [ast.literal_eval(arg) for arg in test.args]
        keywords = {word.arg: ast.literal_eval(word.value) for word in test.keywords if word.arg}
        result = repr(ast.literal_eval(expected))
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return
    yield _TestCall(positional, keywords, result)


def _function(tree: ast.Module, name: str) -> ast.FunctionDef | None:
    return next((node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name), None)


def _named(example: _TestCall, function: ast.FunctionDef | None) -> dict[str, Any] | None:
    """The arguments by parameter; None where a parameter takes several, or cannot be named."""
    if function is None or function.args.vararg or function.args.kwarg or function.args.posonlyargs:
        return None
    names = [arg.arg for arg in function.args.args]
    if len(example.positional) > len(names):
        return None
    return {**dict(zip(names, example.positional, strict=False)), **example.keywords}


def _program(code: str, tree: ast.Module, entry: str, values: Mapping[str, Any], *, setup: str) -> str:
    lines = code.splitlines()
    head = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    taken = {line for node in head for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    shared = {line for node in tree.body if node not in head for line in range(node.lineno, (node.end_lineno or 0) + 1)}
    imports = [ast.unparse(node) for node in head if not shared & {node.lineno}]
    kept = [line for number, line in enumerate(lines, 1) if number not in taken - shared]
    parts = [setup.strip(), "\n".join(imports), f"input = {_literal(values)}", "\n".join(kept).strip()]
    return "\n\n".join(part for part in parts if part) + f"\n\noutput = {entry}(**input)\nprint(output)\n"


def _literal(values: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f'"{name}": {value!r}' for name, value in values.items()) + "}"
