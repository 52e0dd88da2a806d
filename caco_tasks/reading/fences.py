"""Markdown fences of a text, read line by line: closed or not, indented or not, one behind the other."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# at the start of a line, in a list or a quotation, or behind a sentence that leads to it
_OPEN = re.compile(r"^(?P<before>.*?)(?P<marks>`{3,}|~{3,})[ \t]*(?P<info>[^`~\n]*)$")
_INDENT = re.compile(r"[ \t>*\-+]*(?:\d{1,3}[.)][ \t]*)?")
_IN_ONE_LINE = re.compile(r"^[ \t]*```[ \t]*(?:(?P<info>python3?|py3?)[ \t]+)?(?P<body>[^`\n]+)```[ \t]*$")


@dataclass(frozen=True, slots=True)
class Fence:
    """One fenced block."""

    start: int  # of its opening line, or of the marks in it
    end: int  # behind its closing line, or of the text
    info: str  # the word behind the opening marks, in small letters; "" where there is none
    body: str
    is_closed: bool


def find_fences(text: str) -> Iterator[Fence]:
    """The fences of a text in order. One that the text's end or the next fence with a language cuts off is not closed."""
    if "```" not in text and "~~~" not in text:
        return
    opened: re.Match[str] | None = None
    start = body_start = position = 0
    for line in text.splitlines(keepends=True):
        line_start, position = position, position + len(line)
        bare = line.rstrip("\r\n")
        if opened is not None:
            body_end, is_next = _end_of_body(bare, opened)
            if body_end is None:
                continue
            yield _fence(opened, start, position, text[body_start : line_start + body_end], is_closed=not is_next)
            opened = None
            if not is_next:
                continue
        if one := _IN_ONE_LINE.match(bare):
            yield Fence(line_start, position, (one["info"] or "").lower(), one["body"].strip(), is_closed=True)
        elif (opened := _opening(bare)) is not None:
            body_start, start = position, line_start + (opened.start("marks") if _is_behind_words(opened) else 0)
    if opened is not None:
        yield _fence(opened, start, len(text), text[body_start:], is_closed=False)


def _end_of_body(line: str, opened: re.Match[str]) -> tuple[int | None, bool]:
    """Where in a line the body of a fence ends (None: not in this line), and whether the line opens the next fence."""
    stripped, marks = line.strip(" \t>"), opened["marks"][0] * 3
    if marks not in stripped:
        return None, False
    if not stripped.strip(marks[0]) and len(stripped) >= len(opened["marks"]):
        return 0, False
    again = _opening(line)
    if again is not None and _language(again) and not _is_behind_words(again):
        return 0, True
    if stripped.endswith(marks) and stripped.count(marks) == 1:
        return line.rfind(marks), False
    return None, False


def _opening(line: str) -> re.Match[str] | None:
    """An opening line of a fence: alone in its line, or, with a language, behind the words that lead to it."""
    if "```" not in line and "~~~" not in line:
        return None
    found = _OPEN.match(line)
    return found if found is not None and (not _is_behind_words(found) or _language(found)) else None


def _is_behind_words(opened: re.Match[str]) -> bool:
    return _INDENT.fullmatch(opened["before"]) is None


def _language(opened: re.Match[str]) -> str:
    info = opened["info"].strip().strip("{}.").lower().split()
    return info[0] if info and re.fullmatch(r"[\w+#.-]{1,20}", info[0]) else ""


def _fence(opened: re.Match[str], start: int, end: int, body: str, *, is_closed: bool) -> Fence:
    return Fence(start, end, _language(opened), body, is_closed=is_closed)
