"""A program's syntax tree as text, blind to what is not the program: layout, comments, docstrings, its own names.

The tree is walked once. Names are written as places to be filled, since only the whole program tells which ones are
its own.
"""

import ast
import re
from collections.abc import Callable

from caco_tasks.checks.programs.program_source import MAX_NESTING, read_tree

_NAME = re.compile(r"\0([^\0]*)\0")
_NOT_WRITTEN = frozenset({"annotation", "returns", "type_comment", "kind", "type_ignores", "simple", "ctx"})


def tree_text(code: str, *, keep_literals: bool) -> str | None:
    """The normalised tree of `code` as text; None when it does not parse or is longer or deeper than the caps.

    Own names are numbered by appearance, imported ones written as where they come from; the keys of `input`, and names
    that are reached as attributes, stay. Without literals only their types are written.
    """
    tree = read_tree(code)
    if tree is None:
        return None
    try:
        return _Writer(tree, keep_literals=keep_literals).text()
    except _TooDeepError:
        return None


def input_keys(tree: ast.Module) -> frozenset[str]:
    """The keys of the dict that the program names `input`, where it is written out."""
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="input")], value=ast.Dict(keys=keys)):
                return frozenset(
                    key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)
                )
    return frozenset()


class _TooDeepError(Exception):
    """The tree is deeper than anything that walks it may recurse."""


class _Writer:
    """Walks a tree once and writes it down; the methods of `_HANDLERS` are those for nodes that are not written as they are."""

    def __init__(self, tree: ast.Module, *, keep_literals: bool) -> None:
        self._tree = tree
        self._keep_literals = keep_literals
        self._depth = 0
        self._parts: list[str] = []
        self._origins: dict[str, str] = {}  # imported names
        self._own: set[str] = set()  # names that the program binds otherwise
        self._parameters: set[str] = set()
        self._classes: list[ast.ClassDef] = []
        self._numbered: dict[str, str] = {}

    def text(self) -> str:
        for statement in self._tree.body:
            match statement:
                case ast.Expr(value=ast.Call(func=ast.Name(id="print"))):
                    pass  # what a program prints makes it no other one
                case _:
                    self._write(statement)
        kept = input_keys(self._tree) | {"input", "output"} | _members(self._classes)
        self._own -= kept
        self._origins = {name: where for name, where in self._origins.items() if name not in kept | self._own}
        return _NAME.sub(self._resolve_name, "".join(self._parts))

    def _resolve_name(self, found: re.Match[str]) -> str:
        name = found[1]
        if name.startswith("="):  # a keyword of a call: the program's own only where it is a parameter
            name = name[1:]
            if name not in self._parameters:
                return name
        if name in self._own:
            return self._numbered.setdefault(name, f"v{len(self._numbered)}")
        return self._origins.get(name, name)

    def _write(self, node: ast.AST) -> None:
        handler = _HANDLERS.get(node.__class__)
        if handler is not None:
            handler(self, node)
        else:
            self._write_fields(node)

    def _write_fields(self, node: ast.AST) -> None:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise _TooDeepError
        head, fields = _SHAPES[node.__class__]
        self._parts.append(head)
        for field in fields:
            self._write_value(getattr(node, field, None))
        self._parts.append(")")
        self._depth -= 1

    def _write_value(self, value: object) -> None:
        if isinstance(value, ast.AST):
            self._write(value)
        elif isinstance(value, list):
            self._parts.append("[")
            for item in value:
                self._write_value(item)
            self._parts.append("]")
        else:
            self._parts.append(f"{value},")

    def write_name(self, node: ast.Name) -> None:
        if node.ctx.__class__ is not ast.Load:
            self._own.add(node.id)
        self._parts.append(f"\0{node.id}\0,")

    def write_constant(self, node: ast.Constant) -> None:
        self._parts.append(f"{node.value!r}," if self._keep_literals else f"{type(node.value).__name__},")

    def write_expression(self, node: ast.Expr) -> None:
        if node.value.__class__ is not ast.Constant:  # a docstring, or a value that nothing uses
            self._write_fields(node)

    def write_annotated(self, node: ast.AnnAssign) -> None:
        if node.value is None:
            self._write_fields(node)
        else:
            self._write_fields(ast.Assign(targets=[node.target], value=node.value))

    def write_argument(self, node: ast.arg) -> None:
        self._own.add(node.arg)
        self._parameters.add(node.arg)
        self._parts.append(f"\0{node.arg}\0,")

    def write_keyword(self, node: ast.keyword) -> None:
        self._parts.append("**" if node.arg is None else f"\0={node.arg}\0=")
        self._write(node.value)

    def write_definition(self, node: ast.FunctionDef | ast.ClassDef | ast.ExceptHandler) -> None:
        if isinstance(node, ast.ClassDef):
            self._classes.append(node)
        if node.name is not None:
            self._own.add(node.name)
            self._parts.append(f"\0{node.name}\0")
        self._write_fields(node)

    def write_declaration(self, node: ast.Global | ast.Nonlocal) -> None:
        names = ",".join(f"\0{name}\0" for name in node.names)
        self._parts.append(f"{node.__class__.__name__}({names})")

    def note_import(self, node: ast.Import) -> None:
        for alias in node.names:
            first = alias.name.partition(".")[0]
            self._origins[alias.asname or first] = alias.name if alias.asname else first

    def note_import_from(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self._parts.append(f"from {node.module} import *,")
            self._origins[alias.asname or alias.name] = f"{node.module}.{alias.name}"

    def skip(self, node: ast.AST) -> None:
        """A statement that does nothing."""


_HANDLERS: dict[type, Callable[..., None]] = {
    ast.Name: _Writer.write_name,
    ast.Constant: _Writer.write_constant,
    ast.Expr: _Writer.write_expression,
    ast.AnnAssign: _Writer.write_annotated,
    ast.arg: _Writer.write_argument,
    ast.keyword: _Writer.write_keyword,
    ast.FunctionDef: _Writer.write_definition,
    ast.AsyncFunctionDef: _Writer.write_definition,
    ast.ClassDef: _Writer.write_definition,
    ast.ExceptHandler: _Writer.write_definition,
    ast.Global: _Writer.write_declaration,
    ast.Nonlocal: _Writer.write_declaration,
    ast.Import: _Writer.note_import,
    ast.ImportFrom: _Writer.note_import_from,
    ast.Pass: _Writer.skip,
}


def _shape(kind: type[ast.AST]) -> tuple[str, tuple[str, ...]]:
    """What a node of a class begins with, and the fields of it that are written."""
    named = {ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler}  # written before the node
    skipped = _NOT_WRITTEN | {"name"} if kind in named else _NOT_WRITTEN
    return f"{kind.__name__}(", tuple(field for field in kind._fields if field not in skipped)


_SHAPES = {kind: _shape(kind) for kind in vars(ast).values() if isinstance(kind, type) and issubclass(kind, ast.AST)}


def _members(classes: list[ast.ClassDef]) -> set[str]:
    """Names that are reached as attributes, which are not renamed."""
    members: set[str] = set()
    for statement in (statement for one in classes for statement in one.body):
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            members.add(statement.name)
        else:
            members |= {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    return members
