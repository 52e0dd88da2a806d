"""A program made to say what its steps are: whether a quotient is exact, a step negative, which way an `if` goes.

The noted program calls three functions that the probe gives it (`_caco_op`, `_caco_call`, `_caco_note`); it computes what
the plain one computes.
"""

import ast
from dataclasses import dataclass

from caco_tasks.checks.programs.program_source import parse_program

GIVEN = "_caco_given"  # the name that stands in the place of the program's own `input`
ROUNDING = frozenset({"int", "round", "floor", "ceil", "isqrt", "sqrt"})
MAX_LITERAL = 10**15  # a larger number stands for none of a text
MAX_TEXT = 80  # characters of a step that a condition names
_OPERATORS = {ast.FloorDiv: "//", ast.Mod: "%", ast.Div: "/"}
_LOOPS = (ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.AsyncFor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of a program that the probe watches."""

    kind: str  # "division", "quotient", "rounding", "absolute", "branch", "value", "loop_value"
    text: str  # as the program writes it


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbedProgram:
    """A program whose `input` can be given, as it is and with notes of its steps."""

    plain: str
    noted: str
    steps: tuple[Step, ...]
    literals: frozenset[float]  # the numbers that it holds besides its input


def prepare_program(code: str) -> ProbedProgram | None:
    """The program for the probe; None if it cannot be parsed or does not assign one plain `input`."""
    tree = parse_program(code)
    if tree is None:
        return None
    given = [node for node in tree.body if _assigns_input(node)]
    if len(given) != 1:
        return None
    given[0].value = ast.copy_location(ast.Name(GIVEN, ast.Load()), given[0])  # type: ignore[attr-defined]
    constants = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    numbers = [value for value in constants if isinstance(value, int | float) and not isinstance(value, bool)]
    literals = frozenset(float(number) for number in numbers if abs(number) < MAX_LITERAL)
    plain = ast.unparse(ast.fix_missing_locations(tree))
    noter = _Noter()
    noted = ast.unparse(ast.fix_missing_locations(noter.visit(tree)))
    return ProbedProgram(plain=plain, noted=noted, steps=tuple(noter.steps), literals=literals)


def _assigns_input(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Assign)
        and len(node.targets) == 1
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == "input"
    )


class _Noter(ast.NodeTransformer):
    """Puts calls of the probe's functions around what it watches."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._loops = 0
        self._functions = 0

    def visit(self, node: ast.AST) -> ast.AST:
        is_loop, is_function = isinstance(node, _LOOPS), isinstance(node, ast.FunctionDef)
        self._loops += is_loop
        self._functions += is_function
        found: ast.AST = super().visit(node)
        self._loops -= is_loop
        self._functions -= is_function
        return found

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Division: whether it is exact, or its quotient whole."""
        sign = _OPERATORS.get(type(node.op))
        if sign is None:
            return self.generic_visit(node)
        step = self._add("quotient" if sign == "/" else "division", node)
        self.generic_visit(node)
        return _call("_caco_op", ast.Constant(step), ast.Constant(sign), node.left, node.right)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Rounding: whether it changes anything; and of what sign the argument of `abs` is."""
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
        kind = "rounding" if name in ROUNDING else "absolute" if name == "abs" else None
        if kind is None or not node.args or node.keywords or any(isinstance(one, ast.Starred) for one in node.args):
            return self.generic_visit(node)
        step = self._add(kind, node)
        self.generic_visit(node)
        return _call("_caco_call", ast.Constant(step), ast.Constant(name), node.func, *node.args)

    def visit_If(self, node: ast.If) -> ast.AST:
        """Which way it goes, outside of loops."""
        step = self._add("branch", node.test) if not self._loops else None
        self.generic_visit(node)
        if step is not None:
            node.test = _call("_caco_note", ast.Constant(step), node.test)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        """As an `if`."""
        step = self._add("branch", node.test) if not self._loops else None
        self.generic_visit(node)
        if step is not None:
            node.test = _call("_caco_note", ast.Constant(step), node.test)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        """The value of a named step."""
        is_step = self._functions and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
        step = self._add(self._value_kind(), node) if is_step else None
        self.generic_visit(node)
        if step is not None:
            node.value = _call("_caco_note", ast.Constant(step), node.value)
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        """The value that a function returns."""
        step = self._add(self._value_kind(), node) if node.value is not None else None
        self.generic_visit(node)
        if step is not None and node.value is not None:
            node.value = _call("_caco_note", ast.Constant(step), node.value)
        return node

    def _value_kind(self) -> str:
        return "loop_value" if self._loops else "value"

    def _add(self, kind: str, node: ast.AST) -> int:
        self.steps.append(Step(kind=kind, text=" ".join(ast.unparse(node).split())[:MAX_TEXT]))
        return len(self.steps) - 1


def _call(name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(func=ast.Name(name, ast.Load()), args=list(arguments), keywords=[])
