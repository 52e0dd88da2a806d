"""Sources that hold code: MBPP, HumanEval and KodCode with their tests, and the bundled bank with its programs.

A test that compares a call of the entry point on literal arguments with a literal gives `input` and gold: the first one
that lies at no border of what the function is for, else the first that says anything, else the first.
"""

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Any

from caco_tasks.convert.annotation import annotation_of
from caco_tasks.convert.conversion import Conversion
from caco_tasks.records import Grade, Seed

MAX_CODE_CHARS = 30_000  # of one program or test
MAX_OPEN_BRACKETS = 50  # inside each other: the parser of Python has no cap of its own
MAX_LINE_OPERATORS = 400  # in one line, for the same reason


def convert_program(seed: Seed) -> Conversion | None:
    """The program of a seed of the bundled bank: there already, and the bank's tests show that its inputs matter."""
    code = annotation_of(seed).get("code")
    if not isinstance(code, str):
        return None
    return Conversion(code=code, grade=Grade.S)


def convert_tested(seed: Seed) -> Conversion | None:
    """The source's code, called as the test does that says most.

    Its grade is S, or B where the tests look at other functions that the problem may ask for as well.
    """
    annotation = annotation_of(seed)
    code, tests = annotation.get("code"), annotation.get("tests")
    entry, setup = annotation.get("entry_point"), annotation.get("setup")
    tree = parse_code(code)
    if tree is None or not isinstance(tests, list) or not isinstance(entry, str):
        return None
    calls = _find_calls(tests, {entry, "candidate"})
    call = max(calls, key=lambda call: call.weight, default=None)  # of equals the first
    function = next((one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == entry), None)
    values = call.arguments_of(function) if call and function else None
    if not call or not values:
        return None
    text = _write_program(str(code), tree, entry, values, setup=setup if isinstance(setup, str) else "")
    grade = Grade.B if annotation.get("rivals") else Grade.S
    return Conversion(code=text, grade=grade, gold=call.expected, are_inputs_proven=False)


@dataclass(frozen=True, slots=True)
class _TestCall:
    """One test: arguments and result as Python literals."""

    positional: Sequence[Any]
    keywords: Mapping[str, Any]
    expected: str

    @property
    def weight(self) -> int:
        """How much it says. 0: an argument or the result is None or empty; 1: each argument, or the result, is the least of
        its kind, as 0, 1 or one letter, at the border of what a function is for; 2: neither."""
        arguments = [_weigh(value) for value in (*self.positional, *self.keywords.values())]
        result = _weigh(ast.literal_eval(self.expected))
        return 0 if 0 in (*arguments, result) else min(max(arguments, default=0), result)

    def arguments_of(self, function: ast.FunctionDef) -> dict[str, Any] | None:
        """The arguments by parameter; None where a parameter takes several, or cannot be named."""
        taken = function.args
        names = [arg.arg for arg in taken.args]
        if taken.vararg or taken.kwarg or taken.posonlyargs or len(self.positional) > len(names):
            return None
        return {**dict(zip(names, self.positional, strict=False)), **self.keywords}


def _weigh(value: Any) -> int:
    """0 for None and what is empty; 1 for 0, 1, -1 and what has one part; 2 for all else; a truth value is as good as any."""
    if isinstance(value, bool):
        return 2
    if value is None or (isinstance(value, Sized) and not len(value)):
        return 0
    is_least = len(value) == 1 if isinstance(value, Sized) else value in (0, 1, -1)
    return 1 if is_least else 2


def parse_code(code: object) -> ast.Module | None:
    """The syntax tree of a source's code; None if it is no Python, or long or deep enough to be meant as harm."""
    if not isinstance(code, str) or len(code) > MAX_CODE_CHARS:
        return None
    depth = deepest = 0
    for char in code:
        depth = max(0, depth + (char in "([{") - (char in ")]}"))
        deepest = max(deepest, depth)
    longest = max((sum(char in "-+~*." for char in line) for line in code.splitlines()), default=0)
    if deepest > MAX_OPEN_BRACKETS or longest > MAX_LINE_OPERATORS:
        return None
    try:
        return ast.parse(code.removeprefix("\ufeff"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _find_calls(tests: Sequence[object], names: Collection[str]) -> Iterator[_TestCall]:
    """The assertions that compare a call of one of `names` on literals with a literal."""
    trees = [tree for tree in map(parse_code, tests) if tree is not None]
    for assertion in (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Assert)):
        call, expected = _split_assertion(assertion.test)
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in names):
            continue
        try:
            positional = [ast.literal_eval(arg) for arg in call.args]
            keywords = {word.arg: ast.literal_eval(word.value) for word in call.keywords if word.arg}
            ast.literal_eval(expected)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            continue
        # As the test writes it, not as Python prints it: the order of a set differs from one process to the next.
        yield _TestCall(positional, keywords, ast.unparse(expected))


def _split_assertion(test: ast.expr) -> tuple[ast.expr, ast.expr]:
    """What is called, and what it should return: `f(1) == 2`, `not f(1)`, `f(1)`."""
    match test:
        case ast.Compare(left=call, ops=[ast.Eq() | ast.Is()], comparators=[expected]):
            return call, expected
        case ast.UnaryOp(op=ast.Not(), operand=call):
            return call, ast.Constant(False)
    return test, ast.Constant(True)


def _write_program(code: str, tree: ast.Module, entry: str, values: Mapping[str, Any], *, setup: str) -> str:
    """The source's code in the unified template: its imports first, then the input, the rest, and the call."""
    code = code.removeprefix("\ufeff")
    head = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    taken = {line for node in head for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    # A line that an import shares with something else (import math; x = 1) stays where it is.
    shared = {line for node in tree.body if node not in head for line in range(node.lineno, (node.end_lineno or 0) + 1)}
    imports = [ast.unparse(node) for node in head if not shared & {node.lineno}]
    kept = [line for number, line in enumerate(code.splitlines(), 1) if number not in taken - shared]
    literal = "{" + ", ".join(f'"{name}": {value!r}' for name, value in values.items()) + "}"
    parts = [setup.strip(), "\n".join(imports), f"input = {literal}", "\n".join(kept).strip()]
    return "\n\n".join(part for part in parts if part) + f"\n\noutput = {entry}(**input)\nprint(output)\n"
