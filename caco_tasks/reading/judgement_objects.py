r"""JSON objects as models write them, and the verdict in the fields of one.

Models put LaTeX into JSON (`\sqrt`, `\(`), break lines in strings, leave a comma behind the last field, write single quotes
or Python's `True`. All of that is read; an object that was cut off, or whose fields contradict each other, is not.

>>> last = find_objects(r"So: {'verdict': 'no', 'reason': 'it is \(2\sqrt{3}\)',}")[-1]
>>> last.fields["reason"], fields_verdict(last.fields)
('it is \\(2\\sqrt{3}\\)', 'no')
"""

import ast
import json
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from caco_tasks.reading.verdict_words import VerdictWord, phrase_verdict

MAX_OBJECTS = 40  # of a reply, from its end
MAX_OBJECT_CHARS = 50_000

VERDICT_KEYS = frozenset(
    "verdict finalverdict overallverdict judgement judgment finaljudgement finaljudgment decision finaldecision result "
    "outcome grade conclusion evaluation assessment label classification answer finalanswer".split()
)
_GOOD_IF_TRUE = frozenset(
    "correct iscorrect correctness answercorrect answeriscorrect solutioncorrect solutioniscorrect valid isvalid success "
    "successful passed pass consistent isconsistent equivalent isequivalent match matches same acceptable accepted agree "
    "agrees belongtogether".split()
)
_POSED_IF_TRUE = frozenset("wellposed iswellposed problemwellposed answerable isanswerable solvable issolvable".split())
_BAD_IF_TRUE = frozenset(
    "wrong iswrong incorrect isincorrect haserror haserrors containserror containserrors inconsistent".split()
)
_NOT_POSED_IF_TRUE = frozenset("illposed isillposed unanswerable isunanswerable".split())
_STEP_KEYS = frozenset(
    "firstdisagreeingstep firsterrorstep firstwrongstep firstincorrectstep firsterror disagreeingstep errorstep wrongstep "
    "step".split()
)
_REASON_KEYS = frozenset("reason explanation rationale justification comment".split())

_START = re.compile(r"\{\s*(?=[\"'“‘A-Za-z_])")
# a backslash that JSON does not know, or that begins a LaTeX command rather than an escape (\frac, \times, \right, \neq)
_LATEX = re.compile(
    r"\\(?:\\|(?P<one>[\"/]|u[0-9a-fA-F]{4}|n(?!(?:eq?|abla|u|ot|i|mid)\b)|[bfrt](?![A-Za-z]{2})))|(?P<alone>\\)"
)
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_FIELD = re.compile(
    r"[\"'“”‘’]?(?P<key>[A-Za-z_][A-Za-z_ -]{0,40})[\"'“”‘’]?\s*:\s*"
    r"(?P<value>\"[^\"\n]{0,200}\"|'[^'\n]{0,200}'|[“‘][^”’\n]{0,200}[”’]|[\w-]{1,40})"
)


@dataclass(frozen=True, slots=True)
class FoundObject:
    """One object of a text: where it stands, and its fields by their names in letters alone."""

    start: int
    end: int
    fields: Mapping[str, Any]


def find_objects(text: str) -> list[FoundObject]:
    """The outermost objects of a text, in order; those that have no end are left out."""
    found: list[FoundObject] = []
    for start in _starts(text):
        if found and start < found[-1].end:
            continue
        end = _end_of(text, start)
        if end is not None:
            fields = _parse(text[start:end])
            if fields:
                found.append(FoundObject(start, end, fields))
    return found


def fields_verdict(fields: Mapping[str, Any]) -> VerdictWord | None:
    """The verdict that the fields of an object state, a nested one's included; None for none, or for two that differ."""
    named = {said for key, value in fields.items() if key in VERDICT_KEYS and (said := _word_of(value)) is not None}
    parts = {said for key, value in fields.items() if (said := _part_of(key, value)) is not None}
    if len(named) > 1 or (VERDICT_KEYS & fields.keys() and not named and not _nested(fields)):
        return None
    verdict = named.pop() if named else None
    if verdict is None:
        nested = {said for inner in _nested(fields) if (said := fields_verdict(inner)) is not None}
        parts |= nested
        order: tuple[VerdictWord, ...] = ("ill-posed", "no", "yes")
        return next((word for word in order if word in parts), None)
    if verdict == "yes" and (parts - {"yes"} or read_step(fields) is not None):
        return None  # it says yes, and names a fault
    if verdict == "no" and any(_part_of(key, fields[key]) == "yes" for key in _GOOD_IF_TRUE & fields.keys()):
        return None
    return verdict


def read_step(fields: Mapping[str, Any]) -> int | None:
    """The step that disagrees, counted from 1; None where no field names one (0, "none" and -1 name none)."""
    for key in fields:
        if key in _STEP_KEYS:
            value = fields[key]
            if isinstance(value, bool):
                return None
            digits = re.search(r"(?<![\d.-])\d{1,4}(?![\d.])", str(value)[:200])
            return int(digits[0]) or None if digits else None
    return None


def read_reason(fields: Mapping[str, Any]) -> str | None:
    """The sentence that gives the reason."""
    found = next((value for key, value in fields.items() if key in _REASON_KEYS and isinstance(value, str)), None)
    return " ".join(found.split()) or None if found else None


def plain_key(key: str) -> str:
    """A field's name in small letters alone: `is_correct`, `isCorrect` and "Is correct" are one."""
    return re.sub(r"[^a-z]", "", key.lower())


def _word_of(value: Any) -> VerdictWord | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return phrase_verdict(value) if isinstance(value, str) else None


def _part_of(key: str, value: Any) -> VerdictWord | None:
    """What one field says, if it is one that says whether something is right; 1 and 0 are taken as yes and no."""
    said: VerdictWord | None = (
        ("yes" if value else "no") if isinstance(value, int) and value in (0, 1) else _word_of(value)
    )
    if said is None or said == "ill-posed":
        return said if key in _GOOD_IF_TRUE | _POSED_IF_TRUE else None
    if key in _GOOD_IF_TRUE:
        return said
    if key in _POSED_IF_TRUE:
        return "yes" if said == "yes" else "ill-posed"
    if key in _BAD_IF_TRUE:
        return "no" if said == "yes" else "yes"
    return "ill-posed" if key in _NOT_POSED_IF_TRUE and said == "yes" else None


def _nested(fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    inner = [value for value in fields.values() if isinstance(value, dict)]
    return [{plain_key(str(key)): value for key, value in one.items()} for one in inner]


def _starts(text: str) -> Iterator[int]:
    starts = [found.start() for found in _START.finditer(text)]
    return iter(starts[-MAX_OBJECTS:])


def _end_of(text: str, start: int) -> int | None:
    """Where the brace at `start` is closed, braces in double quotes aside; None where it is not."""
    depth, quoted, skip = 0, False, False
    for place, char in enumerate(text[start : start + MAX_OBJECT_CHARS], start):
        if skip:
            skip = False
        elif quoted:
            quoted, skip = char != '"', char == "\\"
        elif char == '"':
            quoted = True
        elif char in "{}":
            depth += 1 if char == "{" else -1
            if depth == 0:
                return place + 1
    return None


def _parse(source: str) -> dict[str, Any]:
    """The fields of an object: as JSON, as JSON that was mended, as a Python literal, else those that can be told apart."""
    mended = _TRAILING_COMMA.sub(r"\1", _LATEX.sub(_escape, source))
    for read in (_read_json, _read_literal):
        try:
            value = read(mended)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(value, dict):
            return {plain_key(str(key)): inner for key, inner in value.items()}
    fields: dict[str, Any] = {}
    for field in _FIELD.finditer(source):
        key, value = plain_key(field["key"]), field["value"].strip("\"'“”‘’")
        if fields.setdefault(key, value) != value and key in VERDICT_KEYS:
            return {}  # two verdicts in what cannot be read
    return fields


def _read_json(source: str) -> Any:
    return json.loads(source, strict=False)  # a line break within a string is none of JSON's, and is meant


def _read_literal(source: str) -> Any:
    python = re.sub(r"(?<=[:\[,\s])(true|false|null)(?=\s*[,}\]])", lambda found: _PYTHON[found[1]], source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # of escapes that Python does not know
        return ast.literal_eval(python)


_PYTHON = {"true": "True", "false": "False", "null": "None"}


def _escape(found: re.Match[str]) -> str:
    return "\\\\" if found["alone"] else found[0]
