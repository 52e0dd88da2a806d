"""Imports and names that a program may not use, because they load or run other code, or lead to it.

A name that the program gives to a value of its own is its own: a shop may `open` at nine. The sandbox is what keeps programs
in; this rule keeps them from looking like a way out.
"""

import ast
from collections.abc import Collection, Iterator

FORBIDDEN_NAMES = frozenset(
    {"__import__", "__builtins__", "breakpoint", "compile", "eval", "exec", "globals", "locals", "open", "vars"}
)
# special attributes that are an operator by its long name, or what a class calls of its parent
HARMLESS_ATTRIBUTES = frozenset(
    f"__{name}__"
    for name in (
        *(
            "abs",
            "add",
            "bool",
            "contains",
            "divmod",
            "doc",
            "enter",
            "eq",
            "exit",
            "float",
            "floordiv",
            "ge",
            "getitem",
        ),
        *("gt", "hash", "index", "init", "int", "invert", "iter", "le", "len", "lt", "mod", "mul", "name", "ne", "neg"),
        *(
            "next",
            "pos",
            "post_init",
            "pow",
            "radd",
            "repr",
            "reversed",
            "rmul",
            "round",
            "rsub",
            "str",
            "sub",
            "truediv",
        ),
    )
)
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Place = tuple[int, int]  # line and column
_LAST: _Place = (1 << 30, 0)


def find_forbidden(tree: ast.Module, allowed_imports: Collection[str]) -> str | None:
    """An import off the list, or a forbidden name, that a program uses, in words."""
    has_names = False
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            has_names = has_names or node.id in FORBIDDEN_NAMES
        elif isinstance(node, ast.Attribute):
            if node.attr.startswith("__") and _is_special(node.attr):
                return f"use of {node.attr}"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for module in _imported(node):
                if module.partition(".")[0] not in allowed_imports:
                    return f"import of {module or 'a relative module'}"
    return _find_foreign_name(tree) if has_names else None


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    """The modules that a statement imports; of a relative import an empty name."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or "" if not node.level else ""]


def _find_foreign_name(tree: ast.Module) -> str | None:
    """A forbidden name that is read where the program has given it to no value of its own."""
    waiting: list[tuple[ast.AST, frozenset[str]]] = [(tree, _bound_in(tree))]
    while waiting:
        node, own = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in FORBIDDEN_NAMES - own:
            return f"use of {node.id}"
        inside = own | _bound_in(node) if isinstance(node, _Function) else own
        for child in ast.iter_child_nodes(node):
            waiting.append((child, own if isinstance(child, ast.arguments) else inside))
    return None


def _is_special(name: str) -> bool:
    """Whether an attribute is one of Python's own, and no operator."""
    return name.startswith("__") and name.endswith("__") and name not in HARMLESS_ATTRIBUTES


def _bound_in(scope: ast.AST) -> frozenset[str]:
    """Forbidden names that a module or function gives to its own values: parameters, and what it assigns before it reads it."""
    parameters: set[str] = set()
    stored: dict[str, _Place] = {}
    read: dict[str, _Place] = {}
    waiting = [(child, False) for child in ast.iter_child_nodes(scope)]
    while waiting:
        node, is_inner = waiting.pop()
        if isinstance(node, ast.arg) and not is_inner:
            parameters.add(node.arg)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            read[node.id] = min(read.get(node.id, _LAST), (node.lineno, node.col_offset))
        for name, place in () if is_inner else _stores_of(node):
            stored[name] = min(stored.get(name, _LAST), place)
        is_inner = is_inner or isinstance(node, _Function | ast.ClassDef)
        waiting += [(child, is_inner) for child in ast.iter_child_nodes(node)]
    assigned = {name for name, place in stored.items() if read.get(name, _LAST) >= place}
    return frozenset((parameters | assigned) & FORBIDDEN_NAMES)


def _stores_of(node: ast.AST) -> Iterator[tuple[str, _Place]]:
    """The names that an assignment or a loop gives to values, and the place from which on they have them."""
    match node:
        case ast.Assign(targets=targets, value=value):
            pass
        case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
            targets = [target]
        case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
            targets = [target]
        case _:
            return
    place = (value.end_lineno or value.lineno, value.end_col_offset or 0)
    for name in (one for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)):
        if isinstance(name.ctx, ast.Store):
            yield name.id, place
