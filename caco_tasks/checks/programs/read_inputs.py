"""Which keys of `input` a program reads: by a parameter's name, by subscript, or all at once.

What reads all inputs at once (`input.values()`, a loop over `**named`) reads each: whether one of them matters is for the
runs under changed inputs to show.
"""

import ast
from collections.abc import Collection, Iterator

_READING_CALLS = frozenset({"get", "pop", "setdefault", "itemgetter"})  # whose first argument may be a key
_READING_ALL = frozenset({"values", "items", "keys", "copy"})
_TAKING_ALL = frozenset(
    {"dict", "enumerate", "filter", "iter", "len", "list", "map", "max", "min", "set", "sorted", "sum", "tuple", "zip"}
)


def find_unread(tree: ast.Module, keys: Collection[str]) -> list[str]:
    """The keys that no expression reads."""
    nodes = list(ast.walk(tree))
    read = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    read |= set(_constant_keys(nodes))
    unread = [key for key in keys if key not in read]
    return [] if unread and _reads_all(nodes, _holders(nodes)) else unread


def _constant_keys(nodes: Collection[ast.AST]) -> Iterator[str]:
    """Keys that are written out where a dict is read."""
    for node in nodes:
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            yield str(node.slice.value)
        elif isinstance(node, ast.Call) and _called_name(node) in _READING_CALLS:
            yield from (str(one.value) for one in node.args if isinstance(one, ast.Constant))


def _holders(nodes: Collection[ast.AST]) -> set[str]:
    """The names under which all inputs are held: `input`, `**named`, and a parameter that is given `input` itself."""
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)]
    found = {"input"} | {one.args.kwarg.arg for one in functions if one.args.kwarg is not None}
    named = {one.name: one.args.args for one in functions if not isinstance(one, ast.Lambda)}
    for call in (node for node in nodes if isinstance(node, ast.Call)):
        parameters = named.get(_called_name(call) or "", [])
        pairs = zip(call.args, parameters, strict=False)
        found |= {parameter.arg for value, parameter in pairs if isinstance(value, ast.Name) and value.id == "input"}
    return found


def _reads_all(nodes: Collection[ast.AST], holders: Collection[str]) -> bool:
    """Whether anything goes through all that one of the names holds."""

    def holds(node: ast.AST | None) -> bool:
        return isinstance(node, ast.Name) and node.id in holders

    for node in nodes:
        match node:
            case ast.Attribute(value=value, attr=attr) if attr in _READING_ALL and holds(value):
                return True
            case ast.For(iter=value) | ast.comprehension(iter=value) | ast.Starred(value=value) if holds(value):
                return True
            case ast.Call(args=args) if _called_name(node) in _TAKING_ALL and any(map(holds, args)):
                return True
            case ast.Subscript(value=value, slice=key) if holds(value) and not isinstance(key, ast.Constant):
                return True
    return False


def _called_name(call: ast.Call) -> str | None:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", None)
