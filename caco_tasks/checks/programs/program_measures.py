"""How long and how deep a program is, how it begins, and its shape: what a sample is sorted by when its difficulty is looked at.

Only the syntax tree is read. Of a program that cannot be read, or is longer or deeper than the caps, nothing is known.

>>> found = measure_program('input = {"a": 3}\\n\\ndef f(a):\\n    b = a + 1\\n    return b * 2\\n\\noutput = f(**input)\\n')
>>> found.steps, found.depth, found.opening
(2, 2, 'input = {"a": ')
"""

import ast
import re
from collections.abc import Iterable

from caco_tasks.checks.fingerprints import program_fingerprint
from caco_tasks.checks.programs.program_source import parse_program
from caco_tasks.domain_tags import domain_of
from caco_tasks.records import ProgramMeasures

# The tag, imports, and the input up to its first value; the space is a part of it, as tokens begin behind it. A model is told
# it, so it holds no letter that a control token or a template could be made of.
_OPENING = re.compile(
    r"\A(?:# domain: [\w ,/&-]{1,80}\n)?(?:(?:import|from) [\w ,.*]{1,100}\n){0,10}input = \{([\"'])[\w -]{1,60}\1: "
)
_NO_STEP = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Pass, ast.Global, ast.Nonlocal)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_OUTPUT = "output"
_MAX_CALLS = 50  # functions that call each other; what lies deeper counts as 1


def measure_program(code: str) -> ProgramMeasures:
    """What is known of a program by its text."""
    tree = parse_program(code)
    return ProgramMeasures(
        steps=None if tree is None else _count_steps(tree),
        depth=None if tree is None else _Depths(tree).of_output(),
        domain=domain_of(code),
        opening=find_opening(code),
        shape=program_fingerprint(code, keep_literals=False),
    )


def find_opening(code: str) -> str | None:
    """The beginning of a program up to the first value of its input; None: it does not begin so."""
    found = _OPENING.match(code)
    return found[0] if found else None


def _count_steps(tree: ast.Module) -> int:
    """The statements that compute something, each once however often it runs: what stands in functions, and at the top
    level all but `input`, `output` and what is printed."""
    return sum(_is_step(node) for node in ast.walk(tree) if isinstance(node, ast.stmt)) - sum(map(_is_frame, tree.body))


def _is_step(node: ast.stmt) -> bool:
    is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return not isinstance(node, _NO_STEP) and not is_docstring


def _is_frame(node: ast.stmt) -> bool:
    """Whether a statement of the top level belongs to the template, as `print(output)` does."""
    match node:
        case ast.Assign(targets=[ast.Name(id="input")]):
            return True
        case ast.Assign(targets=[ast.Name(id="output")], value=ast.Call(keywords=[ast.keyword(arg=None)])):
            return True
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"))):
            return True
    return False


class _Depths:
    """For each name, how many values were computed one from the other until its own: an input and a literal are 0.

    A computed value is one more than the deepest that it is made of, or that a condition or loop around it depends on; a copy
    is as deep as what it copies. A loop is gone through once. A call of a function of the program is as deep as what it is
    given and the function together; where functions call themselves, the call counts as 1.
    """

    def __init__(self, tree: ast.Module) -> None:
        self._functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        self._known: dict[str, int] = {}
        self._under_way: set[str] = set()
        self._names: dict[str, int] = {}
        self._returned = 0
        self._walk(tree.body, 0)

    def of_output(self) -> int:
        """The depth of the program's `output`."""
        return self._names.get(_OUTPUT, 0)

    def _of_function(self, name: str) -> int:
        if name in self._under_way or len(self._under_way) > _MAX_CALLS:
            return 1
        if name not in self._known:
            self._under_way.add(name)
            outer = self._names, self._returned
            self._names, self._returned = {}, 0
            self._walk(self._functions[name].body, 0)
            self._known[name] = self._returned
            self._names, self._returned = outer
            self._under_way.discard(name)
        return self._known[name]

    def _walk(self, statements: Iterable[ast.AST], around: int) -> None:
        for node in statements:
            if isinstance(node, _SCOPES):
                continue
            match node:
                case ast.Assign(targets=targets, value=value):
                    self._bind(targets, max(around, self._of_value(value)))
                case ast.AugAssign(target=target, value=value):
                    self._bind([target], max(around, self._of_parts(target), self._of_value(value)) + 1)
                case ast.AnnAssign(target=target, value=ast.expr() as value):
                    self._bind([target], max(around, self._of_value(value)))
                case ast.Return(value=ast.expr() as value):
                    self._returned = max(self._returned, around, self._of_value(value))
                case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name() as changed)) as call):
                    self._bind([changed], max(around, self._of_parts(call)) + 1)  # as `found.append(value)`
                case _:
                    self._walk_block(node, around)

    def _walk_block(self, node: ast.AST, around: int) -> None:
        """A condition, a loop or the like: what is bound within depends on what decides over it."""
        match node:
            case ast.For(target=target, iter=values):
                self._bind([target], max(around, self._of_value(values)))
            case ast.If(test=test) | ast.While(test=test):
                around = max(around, self._of_value(test))
        for name in _BLOCKS:
            self._walk(getattr(node, name, ()), around)

    def _bind(self, targets: Iterable[ast.AST], depth: int) -> None:
        for target in targets:
            for node in ast.walk(target):
                if isinstance(node, ast.Name):
                    # of several branches or rounds the deepest counts
                    self._names[node.id] = max(depth, self._names.get(node.id, 0))

    def _of_value(self, value: ast.expr) -> int:
        """The depth of a value that is bound: one more than its parts, unless it is a copy or a call of an own function."""
        is_own = isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in self._functions
        is_plain = is_own or isinstance(value, ast.Name | ast.Constant) or not self._reads_names(value)
        return self._of_parts(value) + (not is_plain)

    def _reads_names(self, value: ast.AST) -> bool:
        return any(isinstance(node, ast.Name) for node in ast.walk(value))

    def _of_parts(self, node: ast.AST) -> int:
        match node:
            case ast.Name(id=name):
                return self._names.get(name, 0)
            case ast.Call(func=ast.Name(id=name)) if name in self._functions:
                given = max(map(self._of_parts, (*node.args, *node.keywords)), default=0)
                return given + self._of_function(name)
        return max(map(self._of_parts, ast.iter_child_nodes(node)), default=0)
