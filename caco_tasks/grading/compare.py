"""The exact front end: decides most pairs of answers without any algebra system, and says which it leaves to one.

Order: the same whole number or text; choices and words; numbers with units; trees (exact fractions, decimals by the
digits shown, constants to 60 digits, expressions at fixed points, lists, sets, intervals, matrices, relations). What
`caco_tasks.grading.parse` cannot read, and what would have to be solved, becomes a `Question` for math-verify.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from caco_tasks.grading.equality import compare_trees
from caco_tasks.grading.extract import TAIL_CHARS, extract_answer, has_solution_marks
from caco_tasks.grading.normal_form import clean
from caco_tasks.grading.parse import parse
from caco_tasks.grading.syntax_tree import Node, Words
from caco_tasks.grading.tokens import MAX_CHARS, UnreadableAnswer
from caco_tasks.grading.units import split_unit, units_agree
from caco_tasks.numbers_in_text import number_of_words

MAX_QUESTION_CHARS = 4000  # of each text that is sent to math-verify

_INTEGER = re.compile(r"([-+]?)0*(\d+)")
_CHOICE = re.compile(r"\(?([A-J])\)?")
_CHOSEN = re.compile(r"(?:\(([A-J])\)|(?i:option |choice )?([A-J])[).:]?)(?:\s.*)?")
_SPACES = re.compile(r"(?<!\d)\s|\s(?!\d)|[{}]")
_MATHEMATICS = re.compile(r"[\\^_=<>]|\d\s*[-+*/]|[-+*/]\s*\d")
_LONG_WORD = re.compile(r"[^\W\d_]{3,}")
_MIXED = re.compile(r"(-?)(\d{1,9}) (\d{1,9}/\d{1,9})")
_YES_NO = {"yes": "true", "no": "false"}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?")  # no subtraction
_TIME = re.compile(r"\d{1,2}:\d{2}\s*[ap]\.?m\.?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Decision:
    """The front end's answer; `equal` is None when the pair is beyond what any method here reads."""

    equal: bool | None
    method: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A pair that needs math-verify, cleaned."""

    gold: str
    pred: str


def compare_exactly(gold: str, pred: str) -> Decision | Question:
    """Decides whether `pred` is the answer `gold`, or hands the pair on; in bounded time, whatever the texts."""
    # Most pairs of a run end here, before anything is cleaned.
    whole = _compare_integers(gold, pred)
    if whole is not None:
        return whole
    gold, pred = _short(gold), _short(pred)
    if len(gold) > MAX_CHARS or len(pred) > MAX_CHARS:
        too_long = f"an answer is longer than {MAX_CHARS} characters"
        return Decision(True, "text") if _squeezed(gold) == _squeezed(pred) else Decision(None, "text", too_long)
    gold, pred = _final(gold), _final(pred)
    if _squeezed(gold) == _squeezed(pred):
        return Decision(bool(_squeezed(gold)), "text")
    decision = _compare_integers(gold, pred) or _compare_words(gold, pred) or _compare_quantities(gold, pred)
    if decision is not None:
        return decision
    if len(gold) > MAX_QUESTION_CHARS or len(pred) > MAX_QUESTION_CHARS:
        return Decision(None, "text", f"an answer that cannot be read is longer than {MAX_QUESTION_CHARS} characters")
    return Question(gold, pred) if gold and pred else Decision(False, "text")


def _compare_integers(gold: str, pred: str) -> Decision | None:
    first, second = _INTEGER.fullmatch(gold.strip()), _INTEGER.fullmatch(pred.strip())
    if first is None or second is None:
        return None
    same_sign = (first[1] == "-") == (second[1] == "-") or first[2] == second[2] == "0"
    return Decision(same_sign and first[2] == second[2], "integer")


def _short(text: str) -> str:
    """A text, or the end of a solution that is longer than an answer may be."""
    end = text[-TAIL_CHARS:]
    return end if len(text) > MAX_CHARS and has_solution_marks(end) else text


@lru_cache(maxsize=4096)
def _final(text: str) -> str:
    """The answer in a text that may be a whole solution, cleaned."""
    if has_solution_marks(text):
        text = extract_answer(text) or text
    return clean(text)


def _squeezed(text: str) -> str:
    return _SPACES.sub("", text)


def _compare_words(gold: str, pred: str) -> Decision | None:
    choice = _CHOICE.fullmatch(gold)
    if choice is not None:
        chosen = _CHOSEN.fullmatch(pred)
        return (
            Decision(chosen is not None and choice[1] in chosen.groups(), "choice")
            if len(pred) > 1 or pred.isupper()
            else None
        )
    first, second = _folded(gold), _folded(pred)
    if first == second:
        return Decision(True, "text")
    if _TIME.fullmatch(gold) and _TIME.fullmatch(pred):
        return Decision(_compact(gold) == _compact(pred), "text")
    # Equal dates were equal texts.
    if _DATE.fullmatch(gold) or _DATE.fullmatch(pred):
        return Decision(False, "text")
    is_words = [re.fullmatch(r"[A-Za-z][A-Za-z' -]{2,}", text) is not None for text in (gold, pred)]
    # Two names, two words: different, unless one of them is mathematics.
    if all(is_words) and not any(_is_name(text) for text in (gold, pred)):
        return Decision(False, "text")
    return None


def _compact(text: str) -> str:
    return re.sub(r"[\s.]", "", text.casefold())


def _is_name(text: str) -> bool:
    """Whether letters alone may be mathematics: `pi`, `oo`."""
    try:
        return not isinstance(parse(text), Words)
    except UnreadableAnswer:
        return False


def _folded(text: str) -> str:
    folded = (
        " ".join(re.findall(r"[^\W_]+", text.casefold()))
        if text and not _MATHEMATICS.search(text) and (_LONG_WORD.search(text) or text.casefold() == "no")
        else text
    )
    return _YES_NO.get(folded, folded)


def _compare_quantities(gold: str, pred: str) -> Decision | None:
    """Compares as mathematics, with and without units; None where one side cannot be read."""
    first, second = split_unit(gold), split_unit(pred)
    trees = _tree(first.text), _tree(second.text)
    if trees[0] is None or trees[1] is None:
        # A side that is not mathematics cannot equal one that is.
        unread = [text for text, tree in zip((gold, pred), trees, strict=True) if tree is None]
        return None if all(map(_MATHEMATICS.search, unread)) else Decision(False, "text")
    equal, method = compare_trees(trees[0], trees[1])
    if equal is None:
        return None
    if equal and not units_agree(first.unit, second.unit):
        return Decision(False, "unit", f"{first.unit} is not {second.unit}")
    return Decision(equal, method)


@lru_cache(maxsize=4096)
def _tree(text: str) -> Node | None:
    number = number_of_words(text)
    mixed = _MIXED.fullmatch(text)
    if number is not None or mixed is not None:
        text = str(number) if mixed is None else f"{mixed[1]}({mixed[2]}+{mixed[3]})"
    try:
        return parse(text)
    except (UnreadableAnswer, RecursionError):
        return None
