"""The rules of `screen` that need nothing but the program and its one execution.

`min_lines`, unused inputs and empty outputs are rules of the reference code of arXiv 2510.04081. The others close what
readers held against it: programs that run and say nothing. A rule gives one line of evidence, or None.
"""

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from caco_tasks.check_settings import ScreenSettings
from caco_tasks.checks.programs.forbidden_names import find_forbidden
from caco_tasks.checks.programs.program_source import (
    find_origin,
    find_returned_expressions,
    parse_program,
    without_mark,
)
from caco_tasks.checks.programs.read_inputs import find_unread
from caco_tasks.checks.rules import RuleTable, find_faults
from caco_tasks.records import Execution, Reason, Sample, Verdict, fail

_HEADINGS = "instruction|input|response|output|problem|solution|question|answer"
_THING_ASKED_FOR = "answer|code|function|implementation|program|response|script|solution"
_TALK = (
    rf"here(?: is|'s) (?:the|a|an|your|my)\b[^\n]{{0,60}}\b(?:{_THING_ASKED_FOR})\b|sure[,!]|certainly[,!]"
    r"|of course[,!]|i hope (?:this|that)\b|let me know\b|feel free to\b|as an ai\b|i(?:'m| am) (?:sorry|unable)\b"
)
_ONE_TYPE = r"[\w.]++(?:\[[^\]\n]*+\])?"
_TYPE = rf" *{_ONE_TYPE}(?: *\| *{_ONE_TYPE})*+ *(?:[=,)#]|$)"  # `user: str | None = ...` is an annotation
_LINE_START = r"^(?:[^\w\n]|_)*+"  # possessive, as all that may be long: a hostile text costs what it is long
PROSE = (
    ("a code fence", re.compile(r"```|~~~")),
    ("a chat marker", re.compile(r"<\|[^|\n]{1,40}\|>|\[/?INST\]|<</?SYS>>|</?s>")),
    ("a prompt heading", re.compile(rf"(?<!#)#{{3,}}+ *+(?:{_HEADINGS})\b", re.I)),
    (
        "a speaker",
        re.compile(rf"{_LINE_START}(?:(?:human|user|assistant|ai) *:\s(?!{_TYPE})|system *: *you )", re.I | re.M),
    ),
    ("talk to the reader", re.compile(rf"{_LINE_START}(?:{_TALK})", re.I | re.M)),
    (
        "an unfilled place",
        re.compile(r"\b(?:your code here|your solution here|to be implemented)\b|#[^\n\"'#]*\b(?:TODO|FIXME)\b"),
    ),
)
MAX_PROSE_WORDS = 40  # in one string that stands alone outside a function

# calls that give back the value of their one argument, in another type at most
_COPYING_CALLS = frozenset({"int", "float", "str", "list", "tuple", "copy", "deepcopy"})
_NOT_FINITE = re.compile(r"[-+]?(?:s?nan|inf|infinity|oo|zoo)(?:\*I)?", re.I)
_EMPTY: tuple[object, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramCase:
    """A program that ran, as its rules see it."""

    code: str
    tree: ast.Module
    execution: Execution
    inputs: Mapping[str, Any]  # tagged JSON, parsed
    output: Any  # tagged JSON, parsed
    settings: ScreenSettings


def find_program_faults(sample: Sample, settings: ScreenSettings) -> Iterator[Verdict]:
    """The faults that a sample's program shows without another run.

    A program that cannot be read ends the search: no rule can be looked at, so no setting lets it pass.
    """
    execution = sample.execution
    if execution is None or execution.output_json is None or execution.input_json is None:
        yield fail(Reason.UNSERIALISABLE, "the execution kept no input or no output")
        return
    # first, because it needs no parsing
    if settings.output_size != "off" and len(execution.output_text or "") > settings.max_output_chars:
        yield fail(Reason.OUTPUT_SIZE, f"the output has more than {settings.max_output_chars} characters")
    case = _read_case(sample.program.code, execution, settings)
    if isinstance(case, Verdict):
        yield case
    else:
        yield from find_faults(case, RULES, settings.rules)


def _read_case(code: str, execution: Execution, settings: ScreenSettings) -> ProgramCase | Verdict:
    """The program and its values, parsed; or the verdict on what cannot be read."""
    code = without_mark(code)
    tree = parse_program(code)
    if tree is None:
        return fail(Reason.SYNTAX, "the program is longer, or nested deeper, than is read outside the sandbox")
    try:
        inputs, output = json.loads(execution.input_json or ""), json.loads(execution.output_json or "")
    except (ValueError, RecursionError) as exc:
        return fail(Reason.UNSERIALISABLE, f"the kept values cannot be read back: {exc}")
    if not isinstance(inputs, dict) or "$type" in inputs or not inputs:
        return fail(Reason.TEMPLATE_NOT_MET, "`input` is not a dict of named values")
    return ProgramCase(code=code, tree=tree, execution=execution, inputs=inputs, output=output, settings=settings)


def find_prose(case: ProgramCase) -> str | None:
    """Prompts, chat or fences left in the code, or an essay in a string that stands alone."""
    for name, pattern in PROSE:
        found = pattern.search(case.code)
        if found is not None:
            return f"{name}: {' '.join(found[0].split())[:80]}"
    for text in map(_lone_text, case.tree.body[1:]):
        if text is not None and len(text.split()) > MAX_PROSE_WORDS:
            return f"a text of {len(text.split())} words outside the function"
    return None


def find_forbidden_name(case: ProgramCase) -> str | None:
    """A module off the allow list, or a name that loads or runs other code."""
    return find_forbidden(case.tree, case.settings.allowed_imports)


def find_missing_lines(case: ProgramCase) -> str | None:
    """Fewer than `min_lines` lines that are not blank, a comment, an import or a docstring."""
    lines = count_real_lines(case.code, case.tree)
    return f"{lines} real lines of {case.settings.min_lines}" if lines < case.settings.min_lines else None


def find_unused_input(case: ProgramCase) -> str | None:
    """A key of `input` that no expression reads, by name, by subscript or with all others."""
    unread = find_unread(case.tree, case.inputs)
    return f"never read: {', '.join(unread)}" if unread else None


def find_empty_output(case: ProgramCase) -> str | None:
    """An output that says nothing: None, or an empty text or collection."""
    output = case.output
    # zero and False are answers
    is_empty = not isinstance(output, bool | int | float) and output in _EMPTY
    has_no_items = isinstance(output, dict) and "$type" in output and not output.get("items", 1)
    return "the output is empty" if is_empty or has_no_items else None


def find_non_finite_value(case: ProgramCase) -> str | None:
    """An infinity or a not-a-number anywhere in the output."""
    found = next((text for text in _list_number_texts(case.output) if _NOT_FINITE.fullmatch(text)), None)
    return None if found is None else f"the output holds {found[:80]}"


def find_literal_answer(case: ProgramCase) -> str | None:
    """The only value that the function ever returns is written into it."""
    origins = [find_origin(value, block) for value, block in find_returned_expressions(case.tree)]
    # two different literals are a decision, a literal beside a result a special case: both may be honest
    texts = {ast.unparse(value) for value in origins if _is_literal(value)}
    if len(texts) != 1 or not all(map(_is_literal, origins)):
        return None
    return f"returns {texts.pop()[:80]} as written"


def find_copied_input(case: ProgramCase) -> str | None:
    """The output is an input, or a copy of one."""
    copied = {
        _find_copied_name(find_origin(value, block), block) for value, block in find_returned_expressions(case.tree)
    }
    key = copied.pop() if len(copied) == 1 else None
    # equal by name and by value: a name may have been assigned to in a loop since
    if key is None or key not in case.inputs or case.inputs[key] != case.output:
        return None
    return f"returns the input {key} as it is"


RULES: RuleTable[ProgramCase] = (
    (Reason.PROSE_LEFT, find_prose),
    (Reason.FORBIDDEN, find_forbidden_name),
    (Reason.TOO_SHORT, find_missing_lines),
    (Reason.UNUSED_INPUT, find_unused_input),
    (Reason.NO_OUTPUT, find_empty_output),
    (Reason.NON_FINITE, find_non_finite_value),
    (Reason.ANSWER_AS_LITERAL, find_literal_answer),
    (Reason.TRIVIAL, find_copied_input),
)


def count_real_lines(code: str, tree: ast.Module) -> int:
    """Lines of `code` that are not blank, a comment, an import or part of a string that stands alone."""
    silent: set[int] = set()
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Expr) and _lone_text(node) is not None
        if isinstance(node, ast.Import | ast.ImportFrom) or is_text:
            silent.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))  # type: ignore[attr-defined]
    lines = enumerate(map(str.strip, re.split(r"\r\n|\r|\n", code)), 1)
    return sum(1 for number, line in lines if number not in silent and line and not line.startswith("#"))


def _lone_text(node: ast.AST) -> str | None:
    value = node.value if isinstance(node, ast.Expr) else None
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


def _list_number_texts(value: Any) -> Iterator[str]:
    """The texts of tagged numbers anywhere in tagged JSON; plain strings are the program's own words."""
    if isinstance(value, list):
        for item in value:
            yield from _list_number_texts(item)
    elif isinstance(value, dict):
        number = value.get("value") if "$type" in value else None
        yield from (str(part) for part in (number if isinstance(number, list) else [number]) if part is not None)
        for item in value.values():
            yield from _list_number_texts(item)


def _is_literal(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp):
        return _is_literal(node.operand)
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return bool(node.elts) and all(map(_is_literal, node.elts))
    return isinstance(node, ast.Constant)


def _find_copied_name(node: ast.expr, block: Sequence[ast.stmt]) -> str | None:
    """The name that `node` is a copy of."""
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
        return _find_copied_name(find_origin(node.args[0], block), block) if name in _COPYING_CALLS else None
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value) if isinstance(node.value, ast.Name) and node.value.id == "input" else None
    return node.id if isinstance(node, ast.Name) else None
