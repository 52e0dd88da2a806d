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

# names of fields, as `plain_key` writes them
_VERDICT_KEY = re.compile(
    r"(?:final|overall)?(?:verdict|judge?ment|decision|result|outcome|grade|conclusion|evaluation|assessment|label|"
    r"classification|answer)"
)
_GOOD_IF_TRUE = re.compile(
    r"(?:answer|solution)?(?:is)?(?:correct(?:ness)?|valid|success(?:ful)?|pass(?:ed)?|consistent|equivalent|match(?:es)?|"
    r"same|accept(?:able|ed)|agrees?|belongtogether)"
)
_POSED_IF_TRUE = re.compile(r"(?:problem|question)?(?:is)?(?:wellposed|answerable|solvable)")
_BAD_IF_TRUE = re.compile(r"(?:is|has|contains)?(?:wrong|incorrect|errors?|inconsistent)")
_NOT_POSED_IF_TRUE = re.compile(r"(?:problem|question)?(?:is)?(?:illposed|unanswerable)")
_STEP_KEY = re.compile(r"(?:first)?(?:disagreeing|error|wrong|incorrect)?step|firsterror")
_REASON_KEY = re.compile(r"reason|explanation|rationale|justification|comment")

_START = re.compile(r"\{\s*(?=[\"'“‘A-Za-z_])")
# a backslash that JSON does not know, or that begins a LaTeX command rather than an escape (\frac, \times, \right, \neq)
_LATEX = re.compile(
    r"\\(?:\\|(?P<one>[\"/]|u[0-9a-fA-F]{4}|n(?!(?:eq?|abla|u|ot|i|mid)\b)|[bfrt](?![A-Za-z]{2})))|(?P<alone>\\)"
)
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_FIELD = re.compile(
    r"[\"'“”‘’]?(?P<key>[A-Za-z_][A-Za-z_ -]{0,40})[\"'“”‘’]?\s*:\s*"
    r"(?P<value>\"[^\"\n]{0,200}\"|'[^'\n]{0,200}'|[“‘][^”’\n]{0,200}[”’]|[\w-]{1,40})"
    r"(?=\s*(?:,?\s*(?:\}|$)|,\s*[\"'“‘]?[A-Za-z_][A-Za-z_ -]{0,40}[\"'”’]?\s*:))"
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


def states_verdict(fields: Mapping[str, Any]) -> bool:
    """Whether an object is meant as a verdict, be it one that cannot be read."""
    return "verdict" in fields or fields_verdict(fields) is not None


def fields_verdict(fields: Mapping[str, Any]) -> VerdictWord | None:
    """The verdict that the fields of an object state, a nested one's included; None for none, or for two that differ."""
    is_named = any(_VERDICT_KEY.fullmatch(key) for key in fields)
    named = {said for key, value in fields.items() if _VERDICT_KEY.fullmatch(key) and (said := _word_of(value))}
    parts = {said for key, value in fields.items() if (said := _part_of(key, value))}
    if not named and not (is_named and not _nested(fields)):
        parts |= {said for inner in _nested(fields) if (said := fields_verdict(inner))}
        order: tuple[VerdictWord, ...] = ("ill-posed", "no", "yes")
        return next((word for word in order if word in parts), None)
    if len(named) != 1:
        return None
    (verdict,) = named
    if verdict == "yes" and (parts - {"yes"} or read_step(fields) is not None):
        return None  # it says yes, and names a fault
    is_good = any(_GOOD_IF_TRUE.fullmatch(key) and _part_of(key, value) == "yes" for key, value in fields.items())
    return None if verdict == "no" and is_good else verdict


def read_step(fields: Mapping[str, Any]) -> int | None:
    """The step that disagrees, counted from 1; None where no field names one (0, "none" and -1 name none)."""
    value = next((value for key, value in fields.items() if _STEP_KEY.fullmatch(key)), None)
    digits = None if isinstance(value, bool) else re.search(r"(?<![\d.-])\d{1,4}(?![\d.])", str(value)[:200])
    return int(digits[0]) or None if digits else None


def read_reason(fields: Mapping[str, Any]) -> str | None:
    """The sentence that gives the reason."""
    found = next((value for key, value in fields.items() if _REASON_KEY.fullmatch(key) and isinstance(value, str)), "")
    return " ".join(found.split()) or None


def plain_key(key: str) -> str:
    """A field's name in small letters alone: `is_correct`, `isCorrect` and "Is correct" are one."""
    return re.sub(r"[^a-z]", "", key.lower())


def _word_of(value: Any) -> VerdictWord | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return phrase_verdict(value) if isinstance(value, str) else None


def _part_of(key: str, value: Any) -> VerdictWord | None:
    """What one field says, if it is one that says whether something is right; 1 and 0 are taken as yes and no."""
    is_number = isinstance(value, int) and value in (0, 1)
    said: VerdictWord | None = ("yes" if value else "no") if is_number else _word_of(value)
    if _GOOD_IF_TRUE.fullmatch(key):
        return said
    if _POSED_IF_TRUE.fullmatch(key):
        return "ill-posed" if said == "no" else said
    if _BAD_IF_TRUE.fullmatch(key):
        return "no" if said == "yes" else "yes" if said == "no" else None
    return "ill-posed" if _NOT_POSED_IF_TRUE.fullmatch(key) and said == "yes" else None


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
        if fields.setdefault(key, value) != value and _VERDICT_KEY.fullmatch(key):
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
