r"""What a LaTeX text boxes: `\boxed{...}`, `\fbox{...}`, `\boxed x`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_COMMAND = re.compile(r"\\(?:boxed|fbox)(?![a-zA-Z])\s*")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
# A box without braces goes up to a space, a separator or the end of the formula or sentence; in 3,000 is no separator.
_BARE = re.compile(r"(?:[^\s$,;{}]|(?<=\d),(?=\d{3}(?!\d))|\{[^{}]*\})+")


@dataclass(frozen=True, slots=True)
class Box:
    """One box: where its command starts, where its content ends, and the content as written."""

    start: int
    end: int
    content: str
    is_closed: bool  # False: its brace is never closed, and the content goes to the end of its line


def find_boxes(text: str) -> Iterator[Box]:
    """The boxes of a text, the last one first; of nested ones the inner comes before the outer."""
    for command in reversed(list(_COMMAND.finditer(text))):
        box = _read_braced(text, command) if text.startswith("{", command.end()) else _read_bare(text, command)
        if box is not None:
            yield box


def last_box(text: str) -> Box | None:
    """The last box of a text; None where it has none."""
    return next(find_boxes(text), None)


def has_box(text: str) -> bool:
    """Whether a text boxes anything, be it empty."""
    return _COMMAND.search(text) is not None


def _read_braced(text: str, command: re.Match[str]) -> Box:
    depth, start = 0, command.end() + 1
    for brace in _BRACE.finditer(text, command.end()):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)  # an escaped brace belongs to the content
        if depth == 0 and brace[0] == "}":
            return Box(command.start(), brace.end(), text[start : brace.start()], is_closed=True)
    line = text[start:].split("\n", 1)[0]
    return Box(command.start(), start + len(line), line, is_closed=False)


def _read_bare(text: str, command: re.Match[str]) -> Box | None:
    found = _BARE.match(text, command.end())
    return Box(command.start(), found.end(), found[0].rstrip("."), is_closed=True) if found else None
