"""A program of the unified template, taken apart and put together: imports, `input`, helpers, one function, `output`.

What is read here is untrusted: it is only parsed, by `program_source`, which caps length and nesting, and whatever is not of
the template, or has more in its function than plain steps, is left alone.
"""

import ast
import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from caco_tasks.checks.programs.program_source import parse_program

MAX_STEPS = 24  # statements of a function, those in loops and branches too
MAX_NAME_CHARS = 48
MAX_TEXT_CHARS = 2000  # of a program that is made

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.Global, ast.Nonlocal)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateProgram:
    """A program of the unified template whose function ends in `return NAME`, its only one.

    >>> program = read_template("input = {'pens': 3}\\ndef f(pens):\\n    p = pens * 2\\n    return p\\noutput = f(**input)")
    >>> program.values, program.result
    ({'pens': 3}, 'p')
    """

    imports: tuple[ast.stmt, ...]
    values: Mapping[str, Any]  # of `input`, in its order
    helpers: tuple[ast.FunctionDef, ...]
    name: str  # of the function
    parameters: tuple[str, ...]
    steps: tuple[ast.stmt, ...]  # without the return
    result: str  # the name that it returns

    @property
    def bound(self) -> frozenset[str]:
        """The names that the function binds: parameters, steps, and those of loops."""
        stored = (node.id for node in self.nodes() if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load))
        return frozenset(self.parameters) | frozenset(stored)

    @property
    def outer(self) -> frozenset[str]:
        """The names that the program binds outside of its function."""
        aliases = (alias for node in self.imports for alias in node.names)  # type: ignore[attr-defined]
        imported = {(alias.asname or alias.name).partition(".")[0] for alias in aliases}
        return frozenset({*imported, *(helper.name for helper in self.helpers), self.name, "input", "output"})

    def nodes(self) -> Iterator[ast.AST]:
        """All nodes of the steps."""
        for step in self.steps:
            yield from ast.walk(step)


def read_template(code: str) -> TemplateProgram | None:
    """A program taken apart; None where it is not of the template, or not as plain as this module needs it."""
    tree = parse_program(code)
    if tree is None:
        return None
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    rest = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef)]
    if not functions or not 2 <= len(rest) <= 3 or any(map(_is_star, imports)):
        return None
    values, name = _input_values(rest[0]), functions[-1].name
    if values is None or ast.unparse(rest[1]) != f"output = {name}(**input)":
        return None
    if len(rest) == 3 and ast.unparse(rest[2]) != "print(output)":
        return None
    return _of_function(functions[-1], values, imports, functions[:-1])


def write_template(program: TemplateProgram) -> str:
    """The program's text, laid out as the seed bank lays out its own."""
    imports = "".join(f"{ast.unparse(node)}\n" for node in program.imports)
    inputs = ", ".join(f'"{key}": {value!r}' for key, value in program.values.items())
    helpers = "".join(f"{ast.unparse(node)}\n\n\n" for node in program.helpers)
    steps = "\n".join(ast.unparse(step) for step in program.steps)
    body = "\n".join(f"    {line}" for line in [*steps.splitlines(), f"return {program.result}"])
    function = f"def {program.name}({', '.join(program.parameters)}):\n{body}"
    return f"{imports}input = {{{inputs}}}\n\n{helpers}{function}\n\noutput = {program.name}(**input)\nprint(output)\n"


def renamed(nodes: Sequence[ast.stmt], names: Mapping[str, str]) -> tuple[ast.stmt, ...]:
    """Copies of statements in which names stand under other names."""
    copies = [copy.deepcopy(node) for node in nodes]
    for node in (inner for one in copies for inner in ast.walk(one)):
        if isinstance(node, ast.Name):
            node.id = names.get(node.id, node.id)
    return tuple(copies)


def _of_function(
    function: ast.FunctionDef,
    values: dict[str, Any],
    imports: Sequence[ast.stmt],
    helpers: Sequence[ast.FunctionDef],
) -> TemplateProgram | None:
    arguments = function.args
    parameters = tuple(argument.arg for argument in arguments.args)
    others = (arguments.posonlyargs, arguments.kwonlyargs, arguments.defaults, arguments.vararg, arguments.kwarg)
    steps = [step for step in function.body if not _is_text(step)]
    if any(others) or function.decorator_list or set(parameters) != set(values) or len(steps) < 2:
        return None
    inner = [node for step in steps for node in ast.walk(step)]
    returns = [node for node in inner if isinstance(node, ast.Return)]
    if len(returns) != 1 or returns[0] is not steps[-1] or not isinstance(returns[0].value, ast.Name):
        return None
    if (
        any(isinstance(node, _SCOPES) for node in inner)
        or sum(isinstance(node, ast.stmt) for node in inner) > MAX_STEPS
    ):
        return None
    return TemplateProgram(
        imports=tuple(imports),
        values={key: values[key] for key in values},
        helpers=tuple(helpers),
        name=function.name,
        parameters=parameters,
        steps=tuple(steps[:-1]),
        result=returns[0].value.id,
    )


def _input_values(node: ast.stmt) -> dict[str, Any] | None:
    match node:
        case ast.Assign(targets=[ast.Name(id="input")], value=ast.Dict() as table):
            try:
                values = ast.literal_eval(table)
            except (ValueError, TypeError, MemoryError, RecursionError):
                return None  # something that has to be computed, or a key that cannot be one
            named = all(isinstance(key, str) and key.isidentifier() for key in values)
            return values if named and values else None
    return None


def _is_star(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
