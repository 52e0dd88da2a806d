"""Reading the source of an untrusted program without running it, and without letting it exhaust the parser.

A program gets here after it ran in the sandbox. Length and nesting are capped before and after parsing, so that
everything that walks the tree afterwards may recurse.
"""

import ast
import re
from collections.abc import Iterator, Sequence

MAX_CODE_CHARS = 20_000
MAX_NESTING = 100

_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_SIGNS_IN_A_ROW = re.compile(r"(?:[-+~]\s*|not\s+){40}")


def parse_program(code: str) -> ast.Module | None:
    """The syntax tree of `code`; None when it does not parse or is longer or deeper than the caps."""
    tree = read_tree(code)
    return tree if tree is not None and _measure_depth(tree) <= MAX_NESTING else None


def read_tree(code: str) -> ast.Module | None:
    """As `parse_program`, of a tree that may be too deep: whoever walks it counts."""
    if len(code) > MAX_CODE_CHARS or _measure_bracket_depth(code) > MAX_NESTING or _SIGNS_IN_A_ROW.search(code):
        return None
    try:
        return ast.parse(without_mark(code))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None  # a null byte is a ValueError before 3.12, a stack overflow of the parser is a MemoryError


def without_mark(code: str) -> str:
    """The source without a byte order mark at its start, which editors write and Python skips in files only."""
    return code.removeprefix("\ufeff")


def find_entry_function(tree: ast.Module) -> ast.FunctionDef | None:
    """The function whose call gives `output`; None when `output` is not made by calling a function of the program."""
    value = find_output_expression(tree)
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Name):
        return None
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == value.func.id]
    return found[-1] if found else None


def find_output_expression(tree: ast.Module) -> ast.expr | None:
    """What the last top-level assignment to `output` assigns."""
    for node in reversed(tree.body):
        if isinstance(node, ast.Assign) and any(_is_name(target, "output") for target in node.targets):
            return node.value
        if isinstance(node, ast.AnnAssign) and _is_name(node.target, "output"):
            return node.value
    return None


def walk_own_nodes(scope: ast.FunctionDef | ast.Module) -> Iterator[ast.AST]:
    """The nodes of a function's or a module's body, without those of functions and classes defined inside it."""
    waiting: list[ast.AST] = list(reversed(scope.body))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))


def find_returned_expressions(tree: ast.Module) -> list[tuple[ast.expr, Sequence[ast.stmt]]]:
    """Every expression that may become `output`, beside the block of statements that it closes.

    None of them where `output` is not made by one function, and something else than plain assignments has a part in it.
    """
    function = find_entry_function(tree)
    if function is not None:
        returns = [node.value for node in walk_own_nodes(function) if isinstance(node, ast.Return)]
        return [(value, function.body) for value in returns if value is not None]
    nodes = list(walk_own_nodes(tree))
    values = [value for value in _assigned_to_output(nodes) if value is not None]
    stores = sum(_is_name(node, "output") and isinstance(node.ctx, ast.Store) for node in nodes)  # type: ignore[attr-defined]
    return [(value, tree.body) for value in values] if len(values) == stores else []


def _assigned_to_output(nodes: Sequence[ast.AST]) -> Iterator[ast.expr | None]:
    """What plain assignments to `output` assign."""
    for node in nodes:
        if isinstance(node, ast.Assign) and any(_is_name(target, "output") for target in node.targets):
            yield node.value
        if isinstance(node, ast.AnnAssign) and _is_name(node.target, "output"):
            yield node.value


def find_origin(expression: ast.expr, block: Sequence[ast.stmt]) -> ast.expr:
    """Follows a name back to what a straight line of assignments in `block` gave it.

    A name that a loop, a branch or an augmented assignment may change is not followed.
    """
    for _ in range(MAX_NESTING):  # `a = b; b = a` would be followed for ever
        if not isinstance(expression, ast.Name):
            break
        value = _find_last_assigned(expression, block)
        if value is None:
            break
        expression = value
    return expression


def _find_last_assigned(name: ast.Name, block: Sequence[ast.stmt]) -> ast.expr | None:
    stores = [
        node
        for statement in block
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and node.id == name.id and isinstance(node.ctx, ast.Store)
    ]
    if not stores:
        return None
    # the last of all stores, in loops and branches too: where it is no plain assignment, the name is not followed
    last = max(stores, key=lambda node: (node.lineno, node.col_offset))
    if (last.lineno, last.col_offset) > (name.lineno, name.col_offset):
        return None
    assigned = (one for one in block if isinstance(one, ast.Assign))
    return next((one.value for one in assigned if len(one.targets) == 1 and one.targets[0] is last), None)


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _measure_bracket_depth(code: str) -> int:
    """How deep brackets nest; few brackets are not looked at, only counted."""
    depth = deepest = 0
    if (few := sum(map(code.count, _OPENING))) <= MAX_NESTING:  # many times faster, and true of nearly all programs
        return few
    for char in code:
        if char in _OPENING:
            depth += 1
            deepest = max(deepest, depth)
        elif char in _CLOSING:
            depth -= 1
    return deepest


def _measure_depth(tree: ast.AST) -> int:
    depth, level = 0, [tree]
    while level and depth <= MAX_NESTING:
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        depth += 1
    return depth
