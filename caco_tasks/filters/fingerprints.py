"""What makes two programs the same, or nearly: the fingerprints that `dedup` claims.

A program with other input numbers is another sample, so every literal counts; the keys of `input` carry the story of
the problem, so they count too. Names that only the program's own lines see do not.
"""

import ast
import math
import re
from collections.abc import Sequence
from functools import cache

from caco_tasks.context import Claims
from caco_tasks.filters.claims import claim_pairs
from caco_tasks.filters.source import parse_program
from caco_tasks.ids import content_id, program_id

PROGRAM_CLAIM = "program.v1"
BEHAVIOUR_CLAIM = "behaviour.v1"
NEAR_CLAIM = "near.v1"

SHINGLE_TOKENS = 3
BANDS = 8
MAX_BAND_ROWS = 64
LEAST_RECALL_OF_BAND = 0.25  # a pair exactly at the threshold meets in one band or more in 1 - 0.75**8 = 90 % of cases

_TOKEN = re.compile(
    r"#[^\n]*"
    r"|[rbfuRBFU]{0,2}(?P<doc>\"\"\"(?:[^\\]|\\.)*?\"\"\"|'''(?:[^\\]|\\.)*?''')"
    r"|[rbfuRBFU]{0,2}(?P<text>\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
    r"|(?P<number>(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][-+]?\d+)?[jJ]?|0[xXoObB][\da-fA-F_]+)"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<sign>\*\*=?|//=?|<<=?|>>=?|[-+*/%&|^=!<>]=|->|:=|[^\s\w])",
    re.S,
)


def claim_programs(claims: Claims, items: Sequence[tuple[str, str]]) -> list[str]:
    """Claims programs, given as pairs of owner and code; the winning owner of each, in order.

    Sampled programs claim under their sample_id, seed programs under their seed_id, so neither repeats the other.
    """
    return claim_pairs(claims, PROGRAM_CLAIM, ((owner, program_fingerprint(code)) for owner, code in items))


def program_fingerprint(code: str, *, keep_literals: bool = True) -> str:
    """The hash of a program's syntax tree, blind to layout, comments, docstrings, annotations and its own names.

    Without literals it names the program's shape: the same for one program under any numbers and texts. A program that
    cannot be read is hashed by its tokens.
    """
    tree = parse_program(code)
    if tree is None:
        return program_id(code)
    return content_id("tree", _Writer(tree, keep_literals=keep_literals).text())


def near_bands(code: str, jaccard: float) -> list[str]:
    """The hashes of a program's MinHash bands: two programs that share one are likely alike to `jaccard` or more.

    The sets compared are runs of three tokens, names and numbers kept. All literals enter every hash, so programs that
    differ in a number or a text never meet, however long they are.
    """
    from rensa import RMinHash  # type: ignore[import-untyped]

    literals, tokens = code_tokens(code)
    rows = band_rows(jaccard)
    minhash = RMinHash(num_perm=BANDS * rows, seed=1)
    minhash.update([" ".join(tokens[start : start + SHINGLE_TOKENS]) for start in range(max(1, len(tokens) - 2))])
    digest = minhash.digest()
    return [
        content_id("band", RMinHash.ALGORITHM_VERSION, rows, band, literals, digest[band * rows : (band + 1) * rows])
        for band in range(BANDS)
    ]


@cache
def band_rows(jaccard: float) -> int:
    """How many MinHash values make one band, for a threshold."""
    if jaccard == 1:
        return MAX_BAND_ROWS
    return min(MAX_BAND_ROWS, max(1, int(math.log(LEAST_RECALL_OF_BAND) / math.log(jaccard))))


def code_tokens(code: str) -> tuple[list[str], list[str]]:
    """The sorted literals of a program and its tokens in order, without comments and docstrings."""
    literals, tokens = [], []
    for found in _TOKEN.finditer(code):
        kind = found.lastgroup
        if kind is None or kind == "doc":
            continue
        text = found[kind]
        if kind == "text":
            text = repr(text[1:-1])
        if kind in ("text", "number"):
            literals.append(text)
        tokens.append(text)
    return sorted(literals), tokens


class _Writer:
    """Writes a syntax tree as text: own names by order of appearance, imported names by where they come from."""

    def __init__(self, tree: ast.Module, *, keep_literals: bool) -> None:
        self._tree = tree
        self._keep_literals = keep_literals
        self._keys = input_keys(tree)
        self._parameters: set[str] = set()
        self._bound = self._own_names(tree)
        self._renamed: dict[str, str] = {}
        self._parts: list[str] = []

    def text(self) -> str:
        for statement in self._tree.body:
            if not _is_print(statement):
                self._write(statement)
        return "".join(self._parts)

    def _own_names(self, tree: ast.Module) -> dict[str, str | None]:
        """Names that the program binds; imported ones beside their origin."""
        bound: dict[str, str | None] = {}
        for node in ast.walk(tree):
            match node:
                case ast.Name(id=name, ctx=ast.Store()) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    bound[name] = None
                case ast.arg(arg=name):
                    bound[name] = None
                    self._parameters.add(name)
                case ast.ExceptHandler(name=str(name)):
                    bound[name] = None
                case ast.Import(names=aliases):
                    bound |= {alias.asname or alias.name.partition(".")[0]: _imported(alias) for alias in aliases}
                case ast.ImportFrom(module=module, names=aliases):
                    bound |= {alias.asname or alias.name: f"{module}.{alias.name}" for alias in aliases}
        kept = self._keys | _class_members(tree) | {"input", "output"}
        return {name: where for name, where in bound.items() if name not in kept}

    def _name(self, name: str) -> str:
        if name not in self._bound:
            return name
        where = self._bound[name]
        return where if where is not None else self._renamed.setdefault(name, f"v{len(self._renamed)}")

    def _write(self, node: ast.AST) -> None:
        match node:
            case ast.Import() | ast.Pass():
                return
            case ast.ImportFrom(names=aliases) if all(alias.name != "*" for alias in aliases):
                return
            case ast.Expr(value=ast.Constant()):
                return  # a docstring, or a value that nothing uses
            case ast.Name(id=name):
                self._parts.append(self._name(name))
            case ast.Constant(value=value):
                self._parts.append(repr(value) if self._keep_literals else type(value).__name__)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                return self._write(ast.Assign(targets=[target], value=value))
            case ast.expr_context():
                return
            case _:
                self._write_fields(node)
        self._parts.append(",")

    def _write_fields(self, node: ast.AST) -> None:
        self._parts.append(f"{type(node).__name__}(")
        for field, value in ast.iter_fields(node):
            if field not in ("annotation", "returns", "type_comment", "kind", "type_ignores", "simple"):
                self._write_value(field, value, node)
        self._parts.append(")")

    def _write_value(self, field: str, value: object, node: ast.AST) -> None:
        if isinstance(value, ast.AST):
            self._write(value)
        elif isinstance(value, list):
            self._parts.append("[")
            for item in value:
                self._write_value(field, item, node)
            self._parts.append("]")
        elif isinstance(value, str):
            self._parts.append(f"{self._word(field, value, node)},")
        else:
            self._parts.append(f"{value},")

    def _word(self, field: str, word: str, node: ast.AST) -> str:
        is_keyword = isinstance(node, ast.keyword) and word in self._parameters
        is_own = field in ("name", "names") or isinstance(node, ast.arg) or is_keyword
        return self._name(word) if is_own else word


def input_keys(tree: ast.Module) -> frozenset[str]:
    """The keys of the dict that the program names `input`, where it is written out."""
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="input")], value=ast.Dict(keys=keys)):
                return frozenset(
                    key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)
                )
    return frozenset()


def _class_members(tree: ast.Module) -> set[str]:
    """Names that are reached as attributes, which are not renamed."""
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    members: set[str] = set()
    for statement in (statement for body in bodies for statement in body):
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            members.add(statement.name)
        else:
            members |= {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    return members


def _imported(alias: ast.alias) -> str:
    return alias.name if alias.asname else alias.name.partition(".")[0]


def _is_print(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"))):
            return True
    return False
