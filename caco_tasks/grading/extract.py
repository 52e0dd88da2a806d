r"""The final answer of a solution: what is boxed, or follows "the answer is" or `####`, the last equation or number."""

import itertools
import re

from caco_tasks.boxed import Box, find_boxes, has_box, last_box

TAIL_CHARS = 20_000  # of a solution, from its end, that are searched
MAX_BOXES = 50  # that are looked at
BETWEEN_BOXES = 12  # characters between two boxes that are one answer
BETWEEN_BOXES_LISTED = 60  # the same, where a comma or `and` stands between them

_NEW_SENTENCE = re.compile(r"[.!?]\s+[A-Z]")
_LISTED = re.compile(r",|;|\b(?:and|or)\b")
_CUE = re.compile(
    r"(?:answers?|solutions?|results?|option|choice|values?)\b[^.\n:=]{0,60}?(?:\bis\b|\bare\b|:|=)(?:\s*:)?\s*(?=\S)"
    r"|\banswer\s*(?=\\\(|\$|\\\[|[-+]?\d)",
    re.IGNORECASE,
)
_FINAL_CUE = re.compile(r"final answer(?: is\b|\s*:)\s*:?", re.IGNORECASE)
_IS = re.compile(r"\b(?:is|are|equals?|was|were)\b\s*:?\s*(?=\S)", re.IGNORECASE)
_STRONG_CUE = re.compile(r"answer|option|choice", re.IGNORECASE)
_SENTENCE_END = re.compile(
    r"\n|[.!?](?=\s|$|\*)|(?<=\s)which\b|(?<=\s)because\b|(?<=\s)since\b|,\s+not\b", re.IGNORECASE
)
_MATH = re.compile(
    r"\$\$([^$]{1,600})\$\$|(?<!\\)\$((?:[^$\\\n]|\\.){1,600})\$"
    r"|\\\[((?:[^\\]|\\(?!\])){1,600})\\\]|\\\(((?:[^\\]|\\(?!\))){1,600})\\\)"
)
_WORDS = re.compile(r"(?<!\\)\b[A-Za-z]{3,}")
_EQUALS = re.compile(r"(?<![<>!:=\\])=(?!=)")
_COMMANDS = re.compile(r"\\[A-Za-z]+")
_NAME = re.compile(
    r"(?:[A-Za-z]|\\[A-Za-z]+)(?:_(?:\w|\{\w{1,20}\}))?'?|\w{1,20}\([^()]{1,40}\)|[A-Z]{2,3}|[A-Za-z][A-Za-z ]{2,40}"
)
_VALUE = re.compile(
    r"[-+]?\(?\\frac\s*\{[-\d]+\}\s*\{\d+\}|[-+]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?"
    r"(?:\s*/\s*\d+)?(?:\s*(?:%|percent))?"
)
_CHOICE = re.compile(r"\(([A-J])\)\s*[.!]?\s*$")
_LEAD = re.compile(
    r"^(?:\s|\*\*|[:=]|\b(?:therefore|thus|so|equal to|equals|exactly|approximately|about|indeed|simply|option)\b)+",
    re.I,
)
_TRAILING = " \t\n.,;:*"


def extract_answer(solution: str) -> str | None:
    r"""The final answer of a solution, as written there; None when there is none.

    In this order: the last `\boxed{...}` (with its neighbours, if several answers are boxed side by side; a "final
    answer" announced behind it counts instead), the rest of the line after the last `####`, what follows the last "the
    answer is", the last mathematics, the right side of the last equation, the last choice letter or number.
    """
    text = solution[-TAIL_CHARS:]
    for rule in RULES:
        answer = rule(text)
        if answer is not None and answer.strip(_TRAILING):
            return answer.strip(_TRAILING)
    return None


def has_solution_marks(text: str) -> bool:
    """Whether a text is more than a bare answer: it boxes something, announces an answer or has words around formulas."""
    if has_box(text) or "####" in text or _STRONG_CUE.search(text) is not None:
        return True
    outside = _MATH.sub(" ", text)
    return outside != text and len([word for word in _WORDS.findall(outside) if word.lower() != "and"]) >= 2


def find_boxed(text: str) -> str | None:
    """The last box, with its neighbours where several answers are boxed side by side."""
    found: list[Box] = []
    for box in itertools.islice(find_boxes(text), MAX_BOXES):
        if found and box.start < found[-1].start <= box.end:
            continue  # it holds the one before
        if found and not _belongs_together(text[box.end : found[-1].start], box.content, found[-1].content):
            break
        found.append(box)
    parts = [box.content.strip() for box in reversed(found)]
    return ", ".join(dict.fromkeys(parts)) if parts else None


def find_after_last_box(text: str) -> str | None:
    """What is announced as the final answer after the last box, which then was a step."""
    box = last_box(text)
    cue = next(iter(reversed(list(_FINAL_CUE.finditer(text)))), None)
    return _clause(text[cue.end() :]) if box and cue and cue.start() > box.start else None


def _belongs_together(between: str, first: str, second: str) -> bool:
    if first == second:
        return len(between) < BETWEEN_BOXES
    listed = _LISTED.search(between) is not None
    is_near = len(between) < BETWEEN_BOXES or (listed and len(between) < BETWEEN_BOXES_LISTED)
    return is_near and _NEW_SENTENCE.search(between) is None


def find_after_hashes(text: str) -> str | None:
    """The rest of the line after the last `####`."""
    _, mark, after = text.rpartition("####")
    return after.strip().split("\n", 1)[0] if mark else None


def find_after_cue(text: str) -> str | None:
    """What follows the last `the answer is`."""
    cues = [match for match in _CUE.finditer(text) if _STRONG_CUE.match(match[0])]
    # "The value is" counts only where no "the answer is" stands.
    cues = cues or list(_CUE.finditer(text))[-1:]
    for match in reversed(cues[-3:]):
        answer = _clause(text[match.end() :])
        if answer:
            return answer
    return None


def _clause(text: str) -> str | None:
    """The answer at the start of what follows a cue: its mathematics, the right side of its equation, or its words."""
    text = _LEAD.sub("", text[:2000])
    mathematics = _MATH.match(text)
    if mathematics is not None:
        return _joined_mathematics(text)
    end = _SENTENCE_END.search(text)
    clause = text[: end.start()] if end else text
    statement = list(_IS.finditer(clause))
    if statement and clause[statement[-1].end() :].strip(_TRAILING):
        return _clause(clause[statement[-1].end() :])
    inner = _MATH.search(clause)
    if inner is not None:
        return _right_side(_content(inner))
    value = _VALUE.search(clause)
    if value is not None and len(_WORDS.findall(clause[: value.start()])) >= 2:
        return _value_with_sign(clause, value)
    return _right_side(clause) or None


def _joined_mathematics(text: str) -> str:
    """Pieces of mathematics in a row, such as `$1$ and $2$`, with the unit behind the last."""
    parts: list[str] = []
    position = 0
    while (match := _MATH.match(text, position)) is not None:
        parts.append(_content(match).strip())
        separator = re.compile(r"\s*(?:,\s*and\b|,|\band\b|\bor\b)\s*").match(text, match.end())
        position = separator.end() if separator else match.end()
        if separator is None:
            break
    unit = re.compile(r"\s?(?:%|percent\b)").match(text, position)
    return (_right_side(parts[0]).strip() if len(parts) == 1 else ", ".join(parts)) + (unit[0] if unit else "")


def _content(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group is not None)


def find_last_mathematics(text: str) -> str | None:
    """The last piece of mathematics, unless a value follows it."""
    found = list(_MATH.finditer(text))
    if not found:
        return None
    rest = text[found[-1].end() :]
    return None if _VALUE.search(rest) else _right_side(_content(found[-1]))


def find_last_equation(text: str) -> str | None:
    """The right side of the last equation."""
    for line in reversed(text.splitlines()):
        if _EQUALS.search(line):
            after = _EQUALS.split(line)[-1]
            value = _VALUE.search(after)
            return _value_with_sign(after, value) if value else after
    return None


def find_last_value(text: str) -> str | None:
    """The last choice letter or number."""
    choice = _CHOICE.search(text)
    if choice is not None:
        return choice[1]
    found = list(_VALUE.finditer(text))
    return _value_with_sign(text, found[-1]) if found else None


def _value_with_sign(text: str, match: re.Match[str]) -> str:
    """The value, without a sign that is the minus or hyphen of the word or number before it."""
    value = match[0]
    is_operator = (
        value[0] in "+-"
        and match.start() > 0
        and (text[match.start() - 1].isalnum() or text[match.start() - 1] in ")}")
    )
    return value[1:] if is_operator else value


def _right_side(text: str) -> str:
    """What follows the last equals sign where a value is named or computed; all where the equation is the answer."""
    sides = _EQUALS.split(text)
    # (x, y) = (1, 2) and x = 1, y = 2 are answers as they stand.
    if len(sides) == 1 or any(mark in text for mark in (",", ";", r"\le", r"\ge", "<", ">")):
        return text
    left = sides[0].strip()
    is_computed = re.search(r"[A-Za-z]", _COMMANDS.sub("", left)) is None
    return sides[-1] if is_computed or _NAME.fullmatch(left) or len(sides) > 2 else text


RULES = (  # in the order in which they are tried
    find_after_last_box,
    find_boxed,
    find_after_hashes,
    find_after_cue,
    find_last_mathematics,
    find_last_equation,
    find_last_value,
)
