"""The program in a model's reply.

Where a reply holds several, the one in the unified template counts, of several such the last: plans and drafts come
first. Text that is no Python is never a program, whatever stands around it.
"""

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from caco_tasks.reading.cuts import Cut, Reading, read_as
from caco_tasks.reading.fences import Fence, find_fences
from caco_tasks.reading.turn import read_turn

MAX_PARSED_CHARS = 20_000  # of a program; a longer one is no program that the sandbox would take
MAX_CANDIDATES = 40  # the last ones are looked at
MAX_CUTS = 25  # of lines that are cut from a text until it is Python

PYTHON = frozenset({"python", "python3", "py", "py3", "ipython", "ipython3", "pycon", "python-repl", "doctest", "sage"})
_TAGS = "execute|solution|code|python|program|answer|final_code|tool_code"
_PAIR = re.compile(
    rf"<(?P<name>{_TAGS})(?:\s[^<>\n]{{0,60}})?>|<\|\s?(?:Solution|Code|Program)[ _]Begin\s?\|>", re.IGNORECASE
)
_PAIR_END = re.compile(rf"</(?P<name>{_TAGS})>|<\|\s?(?:Solution|Code|Program)[ _]End\s?\|>", re.IGNORECASE)
_BRACKETS = re.compile(r"\[(/?)PYTHON\]")
_TEMPLATE = re.compile(r"^(input|output)[ \t]*=(?!=)", re.MULTILINE)
_CODE_LINE = re.compile(
    r"^(?:import [A-Za-z_]\w*|from [A-Za-z_][\w.]* import |(?:async )?def [A-Za-z_]\w*\(|class [A-Za-z_]\w*[(:]"
    r"|input[ \t]*=[ \t]*[{d]|output[ \t]*=(?!=)|@[A-Za-z_]\w*)",
    re.MULTILINE,
)
_NEXT_QUESTION = re.compile(
    r"^[ \t]*(?:#{1,4} |\*\*)?(?:Question|Problem|Exercise|Task|Q|Example|Explanation|Answer|Note|Instruction)"
    r"(?: ?\d{1,3})?(?:\*\*)?:",
    re.MULTILINE | re.IGNORECASE,
)
_WORDS = re.compile(r"[A-Z*>-]|\d{1,3}[.)] ")  # how a line of prose begins, less comments
_SYNTAX = frozenset("=(){}[]")
_LEADS_IN = re.compile(r"#|[A-Za-z_]\w*[ \t]*=[^=]")
_PROMPT = re.compile(r"^[ \t]*(?:>>>|\.\.\.)(?: |$)|^[ \t]*In ?\[\d{0,4}\]: ?")
_SIGNS_IN_A_ROW = re.compile(r"(?:[-+~]\s*|not\s+){40}")
MAX_BRACKETS = 2_000


@dataclass(frozen=True, slots=True)
class _Candidate:
    code: str
    rank: int  # 3: the unified template, 2: runs as it stands, 1: Python by its language alone, 0: no program
    is_fenced: bool


def read_program(text: str) -> Reading:
    """The program of a reply, dedented, with one line break at its end; None where it holds none."""
    said, cut = read_turn(text)
    candidates = list(_candidates(said))[-MAX_CANDIDATES:]
    ranked = [candidate for candidate in candidates if candidate.rank]
    if not ranked:
        return read_as(None, cut)
    best = max(candidate.rank for candidate in ranked)
    of_the_best = [candidate for candidate in ranked if candidate.rank == best]
    chosen = _last_alone(of_the_best)
    if len(ranked) > 1:
        cut.add(Cut.DRAFT)
    code, had_prompts = _without_prompts(chosen.code)
    if had_prompts:
        cut.add(Cut.PROMPT)
    if len(said.split()) > len(chosen.code.split()) + 4 * len(candidates):
        cut.add(Cut.TALK)
    return read_as(f"{code}\n", cut)


def _candidates(said: str) -> Iterator[_Candidate]:
    """What may be the program, in order: what tags mark, else fenced blocks, else the text or a part of it."""
    marked = list(_marked(said))
    if marked:
        yield from marked
        return
    fences = list(find_fences(said))
    if fences:
        found = [_of_fence(fence) for fence in fences[-MAX_CANDIDATES:]]
        yield from found
        if any(candidate.rank for candidate in found):
            return
        said = _outside(said, fences)
    bare = _bare_code(said)
    if bare is not None:
        yield _Candidate(bare, max(1, _rank(bare, is_python=False)), is_fenced=False)


def _marked(said: str) -> Iterator[_Candidate]:
    """The programs between tags; a tag that never closes goes up to the end of the text."""
    said = _BRACKETS.sub(lambda mark: f"<{mark[1]}python>", said)
    position = 0
    for begin in _PAIR.finditer(said):
        if begin.start() < position:
            continue
        end = next((one for one in _PAIR_END.finditer(said, begin.end()) if one["name"] == begin["name"]), None)
        inner = said[begin.end() : end.start() if end else len(said)]
        position = end.end() if end else len(said)
        fences = list(find_fences(inner))
        for fence in fences:
            candidate = _of_fence(fence)
            if candidate.rank:
                yield candidate
        is_python = (begin["name"] or "code").lower() not in ("solution", "answer")
        if not fences and (rank := _rank(code := _tidy(inner), is_python=is_python)):
            yield _Candidate(code, rank, is_fenced=True)


def _of_fence(fence: Fence) -> _Candidate:
    code = _tidy(fence.body)
    if not code.strip() or (fence.info and fence.info not in PYTHON):
        return _Candidate("", 0, is_fenced=True)
    if not fence.is_closed and _parse(code) is None and (part := _before_words(code)) is not None:
        code = part
    return _Candidate(code, _rank(code, is_python=fence.info in PYTHON), is_fenced=True)


def _rank(code: str, *, is_python: bool) -> int:
    """How surely a text is the program that was asked for; `is_python` is what its fence says."""
    code, _ = _without_prompts(code)
    if not code.strip():
        return 0
    tree = _parse(code)
    if len({found[1] for found in _TEMPLATE.finditer(code)}) == 2:
        return 3
    if tree is None:
        # a program with a slip of its author is one for the sandbox to refuse
        return 1 if is_python or _CODE_LINE.search(code) else 0
    if all(isinstance(node, ast.Expr) and not isinstance(node.value, ast.Call) for node in tree.body):
        return 1 if is_python and tree.body and not _is_formula(tree) else 0
    return 2 if is_python or _is_more_than_names(tree) else 0


def _is_formula(tree: ast.Module) -> bool:
    return not any(isinstance(node, ast.Call | ast.Name) for node in ast.walk(tree))


def _is_more_than_names(tree: ast.Module) -> bool:
    """Whether Python without a language is code and not a line of mathematics, such as `x = 2 * y` about no `y`."""
    if any(not isinstance(node, ast.Expr | ast.Assign | ast.AnnAssign) for node in tree.body):
        return True
    if any(_is_print(node) for node in tree.body):
        return True
    stored = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    loaded = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return loaded <= stored | _BUILTINS and any(isinstance(node, ast.Assign) for node in tree.body)


def _is_print(node: ast.stmt) -> bool:
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "print"


_BUILTINS = frozenset(dir(__builtins__) if not isinstance(__builtins__, dict) else __builtins__)


def _last_alone(candidates: Sequence[_Candidate]) -> _Candidate:
    """The last candidate that needs no name which only an earlier one defines: examples of use come behind a program."""
    defined: set[str] = set()
    chosen = candidates[0]
    for candidate in candidates:
        tree = _parse(_without_prompts(candidate.code)[0])
        own, used = _names(tree) if tree is not None else (set(), set())
        if not (used - own) & defined and not (own and own <= {name for name in own if name.startswith("test")}):
            chosen = candidate
        defined |= own
    return chosen


def _names(tree: ast.Module) -> tuple[set[str], set[str]]:
    """The names that a program defines at its top, and those that it reads anywhere."""
    own: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            own.add(node.name)
        elif isinstance(node, ast.Assign):
            own |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            own |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return own, used


def _bare_code(said: str) -> str | None:
    """Code that stands in the text without a fence: all of it, or what reads like a program up to the words behind it."""
    whole = _tidy(said)
    if _PROMPT.match(whole):
        return whole
    if (tree := _parse(whole)) is not None:
        return whole if any(not isinstance(node, ast.Expr) for node in tree.body) else None
    first = _CODE_LINE.search(whole)
    if first is None:
        return None
    code = _with_lines_before(whole, first.start())
    following = _NEXT_QUESTION.search(code)
    part = code[: following.start()].rstrip() if following else code
    if _parse(part) is None and (leading := _before_words(part)) is not None:
        return leading
    return part if _parse(part) is not None or _TEMPLATE.search(part) or not _has_words(part) else None


def _with_lines_before(text: str, start: int) -> str:
    """The text from `start`, with the comments, assignments and empty lines right before it."""
    lines = text[:start].splitlines(keepends=True)
    while lines and (not lines[-1].strip() or _LEADS_IN.match(lines[-1])):
        start -= len(lines.pop())
    return text[start:].lstrip("\n")


def _has_words(code: str) -> bool:
    return any(map(_is_prose, code[:MAX_PARSED_CHARS].splitlines()))


def _is_prose(line: str) -> bool:
    return (
        _WORDS.match(line) is not None
        and not _SYNTAX & set(line[:60])
        and len(re.findall("[A-Za-z]{2,}", line[:200])) > 2
    )


def _before_words(code: str) -> str | None:
    """The lines of a program up to the words behind it; None where no words are what keeps it from being Python."""
    lines = code[:MAX_PARSED_CHARS].splitlines()
    kept = len(lines)
    for _ in range(MAX_CUTS):
        bad = _first_bad_line("\n".join(lines[:kept]))
        if bad is None:
            break
        kept = min(bad, kept) - 1
    tree = _parse("\n".join(lines[:kept]))
    behind = next((line for line in lines[kept:] if line.strip()), "")
    if tree is None or all(isinstance(node, ast.Expr) for node in tree.body) or not _is_prose(behind):
        return None
    return "\n".join(lines[:kept]).rstrip()


def _first_bad_line(code: str) -> int | None:
    """The number of the line that is no Python; None where all are."""
    try:
        _compile(code)
    except SyntaxError as exc:
        return exc.lineno or 1
    except (ValueError, RecursionError, MemoryError):
        return 1
    return None


def _parse(code: str) -> ast.Module | None:
    """The syntax tree; None for what is no Python, or more than the parser can be trusted with."""
    if len(code) > MAX_PARSED_CHARS or sum(map(code.count, "([{")) > MAX_BRACKETS or _SIGNS_IN_A_ROW.search(code):
        return None
    try:
        return _compile(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _compile(code: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of backslashes in the strings of others
        return ast.parse(code)


def _without_prompts(code: str) -> tuple[str, bool]:
    """The code that was typed at an interpreter's prompts, without what it printed; any other code as it is."""
    lines = code.splitlines()
    first = next((line for line in lines if line.strip()), "")
    if not _PROMPT.match(first):
        return code, False
    typed = [line[found.end() :] for line in lines if (found := _PROMPT.match(line))]
    return "\n".join(typed).strip("\n"), True


def _tidy(code: str) -> str:
    """Without empty lines around it, and without the indentation that all its lines share."""
    code = code.replace("\r\n", "\n").rstrip()
    blank = len(code) - len(code.lstrip())  # the first line keeps its indentation
    lines = code[code.rfind("\n", 0, blank) + 1 :].split("\n")
    indents = [line[: len(line) - len(line.lstrip())] for line in lines if line.strip()]
    shared = min(indents, key=len, default="")
    if not all(indent.startswith(shared) for indent in indents):  # tabs among spaces
        shared = ""
    return "\n".join(line.removeprefix(shared) for line in lines)


def _outside(said: str, fences: Sequence[Fence]) -> str:
    kept, position = [], 0
    for fence in fences:
        kept.append(said[position : fence.start])
        position = fence.end
    return "\n".join([*kept, said[position:]])
