r"""The final answer of a solution: what is boxed, or announced, or else what its last statement says."""

import itertools
import re

from caco_tasks.boxed import Box, find_boxes, has_box
from caco_tasks.grading.announcements import find_announced, is_announced
from caco_tasks.grading.formulas import FORMULA, without_formulas
from caco_tasks.grading.last_statement import find_last_statement
from caco_tasks.reading import read_solution

TAIL_CHARS = 20_000  # of a solution, from its end, that are searched
MAX_BOXES = 50  # that are looked at
BETWEEN_BOXES = 12  # characters between two boxes that are one answer
BETWEEN_BOXES_LISTED = 60  # the same, where a comma or `and` stands between them

_NEW_SENTENCE = re.compile(r"[.!?]\s+[A-Z]")
_NEW_STATEMENT = re.compile(
    r"\n|[.!?]\s+[A-Z]|\b(?i:so|thus|hence|therefore|then|since|because|we|gives?)\b"
)  # or a step
_LISTED = re.compile(r",|;|\b(?:and|or)\b")
# Marks of a reply as a model gave it: tags, tokens of a chat template, and the headings of Chinese solutions.
_REPLY_MARKS = ("[THINK", "[INST", "\u25c1", "\u3010")
_REPLY_TAG = re.compile(r"<(?:/?[A-Za-z_]{3,20}>|\||/s>)")
_CALCULATOR = re.compile(r"<<[^<>\n]{0,200}>>")
_HASHES = re.compile(r"####[ \t]*(?!#)")
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}")
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\s*\{[a-z*]+\}")
_SAID = frozenset({
    "is", "are", "was", "were", "be", "has", "have", "had", "will", "would", "can", "there", "so", "he", "she", "they",
    "we", "it", "therefore", "thus", "hence", "then", "get", "gets", "got", "since", "because", "which", "total", "gives",
    "give", "needs", "need", "takes", "take", "costs", "cost", "makes", "make", "made", "equals", "means", "left",
    "remain", "remains", "spent", "earned",
})  # fmt: skip
_TRAILING = " \t\n,;:*"
MARKS_OF_TWO_FORMULAS = 4  # dollars
MIN_ANNOUNCEMENT = 5  # characters of "A: 4" and the line before it
MIN_SOLUTION_WORDS = 4  # of a text of several lines


def extract_answer(solution: str) -> str | None:
    r"""The final answer of a solution, as written there; None when there is none.

    In this order: the last `\boxed{...}` (with its neighbours, if several answers are boxed side by side; an answer
    announced behind it counts instead), the rest of the line after the last `####`, what follows the last "the answer
    is", what the last statement says. A reply that still has its marks is read first, as `read_solution` does.
    """
    text = solution[-TAIL_CHARS:]
    if _has_reply_marks(text):
        text = (read_solution(solution).text or "")[-TAIL_CHARS:]
    for rule in RULES:
        answer = rule(text)
        if answer is not None and (answer := _trimmed(answer)):
            return answer
    return None


def _has_reply_marks(text: str) -> bool:
    return _REPLY_TAG.search(text) is not None or any(mark in text for mark in _REPLY_MARKS)


def _trimmed(answer: str) -> str:
    """Without blanks and marks around it; the point of `.5` is part of it."""
    return answer.strip(_TRAILING).rstrip(_TRAILING + ".").strip()


def has_solution_marks(text: str) -> bool:
    """Whether a text is more than a bare answer: it boxes something, announces an answer or has words around formulas."""
    if has_box(text) or "####" in text or is_announced(text) or _has_reply_marks(text):
        return True
    outside = without_formulas(text)
    if outside != text and len([word for word in _WORD.findall(outside) if word.lower() not in ("and", "or")]) >= 2:
        return True
    return "\n" in text.strip() and len(_words(text)) >= MIN_SOLUTION_WORDS


def holds_several(text: str, *, is_gold: bool) -> bool:
    """Whether a text without marks says several things in formulas, of which none is the answer alone.

    A gold answer does so with any two formulas between words, a solution only where it is one sentence.
    """
    marks = text.count("$") + 2 * (text.count(r"\(") + text.count(r"\["))
    if marks < MARKS_OF_TWO_FORMULAS or has_box(text) or "####" in text or is_announced(text) or _has_reply_marks(text):
        return False
    return (
        len(FORMULA.findall(text)) > 1
        and has_solution_marks(text)
        and (is_gold or _NEW_STATEMENT.search(text.strip()) is None)
    )


def is_prose(text: str) -> bool:
    """Whether a text without marks says its answer in a sentence: `so there are 12 of them`."""
    if " " not in text:
        return False
    words = _words(text)
    least = 1 if FORMULA.search(text) else 2
    return len(words) >= least and any(word.lower() in _SAID for word in words)


def _words(text: str) -> list[str]:
    return _WORD.findall(_ENVIRONMENT.sub("", text) if "\\" in text else text)


def find_boxed(text: str) -> str | None:
    """What is announced behind the last box, which then was a step; or the last box, with its neighbours side by side."""
    found: list[Box] = []
    for box in itertools.islice(find_boxes(text), MAX_BOXES):
        if not found and (announced := _announced_behind(text[box.end :])):
            return announced
        if found and box.start < found[-1].start <= box.end:
            continue  # it holds the one before
        if found and not _belongs_together(text[box.end : found[-1].start], box.content, found[-1].content):
            break
        found.append(box)
    parts = [box.content.strip() for box in reversed(found)]
    return ", ".join(dict.fromkeys(parts)) if parts else None


def _announced_behind(text: str) -> str | None:
    if len(text) < MIN_ANNOUNCEMENT or not ("####" in text or is_announced(text)):
        return None
    return find_after_hashes(text) or find_announced(text, is_after_box=True)


def _belongs_together(between: str, first: str, second: str) -> bool:
    if first == second:
        return len(between) < BETWEEN_BOXES
    listed = _LISTED.search(between) is not None
    is_near = len(between) < BETWEEN_BOXES or (listed and len(between) < BETWEEN_BOXES_LISTED)
    return is_near and _NEW_SENTENCE.search(between) is None


def find_stated(text: str) -> str | None:
    """What is announced, or else what the last statement says; the notes of a calculator, `<<2+2=4>>`, left out."""
    text = _CALCULATOR.sub("", text) if "<<" in text else text
    return find_announced(text) or find_last_statement(text)


def find_after_hashes(text: str) -> str | None:
    """The rest of the line after the last `####`, where that is no heading."""
    if "####" not in text:
        return None
    marks = list(_HASHES.finditer(text))
    if not marks:
        return None
    line = text[marks[-1].end() :].split("\n", 1)[0].strip()
    return (find_announced(line) if is_announced(line) else line) or None


RULES = (  # in the order in which they are tried
    find_boxed,
    find_after_hashes,
    find_stated,
)
