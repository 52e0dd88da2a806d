"""The exact front end: decides most pairs of answers without any algebra system, and says which it leaves to one.

Order: the same whole number or text; choices and words; numbers with units; trees (exact fractions, decimals by the
digits shown, constants to 60 digits, expressions at fixed points, lists, sets, intervals, matrices, relations). What
`caco_tasks.grading.parse` cannot read, and what would have to be solved, becomes a `Question` for math-verify.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from caco_tasks.grading.algebra_questions import Question, same_but_for_names
from caco_tasks.grading.congruences import is_congruent, is_remainder, split_base, split_modulus
from caco_tasks.grading.equality import compare_trees
from caco_tasks.grading.extract import TAIL_CHARS, extract_answer, has_solution_marks, holds_several, is_prose
from caco_tasks.grading.normal_form import clean
from caco_tasks.grading.parse import parse
from caco_tasks.grading.phrases import spell_phrase
from caco_tasks.grading.scalars import YES_NO
from caco_tasks.grading.syntax_tree import Node, Number, Operation, Symbol, Words
from caco_tasks.grading.times import date_of, is_padded, same_time
from caco_tasks.grading.tokens import MAX_CHARS, UnreadableAnswer
from caco_tasks.grading.units import Quantity, split_unit
from caco_tasks.grading.units_of_measure import measure_of
from caco_tasks.number_words import number_of_words

MAX_BARE_CHARS = 120  # of an answer in words
DEGREES, RADIANS = measure_of("degree"), measure_of("radian")
MAX_QUESTION_CHARS = 4000  # of each text that is sent to math-verify

_DEGREE = Operation("/", (Symbol("pi"), Number(Fraction(180))))
_INTEGER = re.compile(r"([-+]?)0*(\d+)")
_CHOICE = re.compile(r"\(?([A-J])\)?")
_CHOSEN = re.compile(
    r"(?:\(([A-J])\)|(?i:option |choice )?([B-HJ])[).:]?|(?i:option |choice )?([AI])(?:[).:]|(?=\s*$)))(?:\s.*)?"
)
_NAMED_CHOICE = re.compile(r"(?:\(([A-J])\)|([A-J])[).:])\s.+")
_OTHER_CHOICE = re.compile(r"[A-J]\)?\s*(?:,|;|/|&|\b(?:and|or)\b)\s*\(?[A-J](?![A-Za-z])")
_SPACES = re.compile(r"(?<!\d)\s|\s(?!\d)")
_MATHEMATICS = re.compile(r"[\\^_=<>]|\d\s*[-+*/]|[-+*/]\s*\d")
_POINT = re.compile(r"[.,]\d|%")  # it tells numbers apart
_WORD_OR_TIME = re.compile(r"[^\W\d_]|:|\d{4}-")
_LONG_WORD = re.compile(r"[^\W\d_]{3,}")
_MIXED = re.compile(r"(-?)(\d{1,9}) (\d{1,9}/\d{1,9})")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?")  # no subtraction
# letters and counts in turn, as in the run-length code "r2b3": their order says something, where a product has none
_CODE = re.compile(r"(?:[A-Za-z]\d+){2,}")
_COUNTS_FIRST = re.compile(r"(?:\d+[A-Za-z]){2,}")
_LETTERS = re.compile(r"\(?[A-J]\)?(?:\s*,?\s*\(?[A-J]\)?){1,9}")


@dataclass(frozen=True, slots=True)
class Decision:
    """The front end's answer; `equal` is None when the pair is beyond what any method here reads."""

    equal: bool | None
    method: str
    detail: str | None = None


def compare_exactly(gold: str, pred: str) -> Decision | Question:
    """Decides whether `pred` is the answer `gold`, or hands the pair on; in bounded time, whatever the texts."""
    # Most pairs of a run end here, before anything is cleaned.
    whole = _compare_integers(gold, pred)
    if whole is not None:
        return whole
    # What is as written but for spaces and a full stop at the end, nobody has to understand.
    if (words := gold.rstrip(" .\n").split()) and words == pred.rstrip(" .\n").split():
        return Decision(True, "text")
    gold, pred = _short(gold), _short(pred)
    if len(gold) > MAX_CHARS or len(pred) > MAX_CHARS:
        too_long = f"an answer is longer than {MAX_CHARS} characters"
        return Decision(True, "text") if _squeezed(gold) == _squeezed(pred) else Decision(None, "text", too_long)
    (gold, is_part), (pred, is_part_of_pred) = _final(gold, is_gold=True), _final(pred, is_gold=False)
    if (is_part or is_part_of_pred) and _squeezed(gold) != _squeezed(pred):
        return Decision(None, "text", "an answer says several things in words and formulas")
    if _squeezed(gold) == _squeezed(pred):
        return Decision(bool(_squeezed(gold)), "text")
    decision = _compare_integers(gold, pred) or _compare_words(gold, pred) or _compare_quantities(gold, pred)
    if decision is not None:
        return decision
    if len(gold) > MAX_QUESTION_CHARS or len(pred) > MAX_QUESTION_CHARS:
        return Decision(None, "text", f"an answer that cannot be read is longer than {MAX_QUESTION_CHARS} characters")
    if same_but_for_names(gold, pred):
        return Decision(True, "expression")
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
def _final(text: str, *, is_gold: bool) -> tuple[str, bool]:
    """The answer in a text that may be a whole solution, cleaned; and whether that would be a part of what it says."""
    text = spell_phrase(text)
    if holds_several(text, is_gold=is_gold):
        return clean(text), True
    if has_solution_marks(text) or (not is_gold and is_prose(text)):
        # A solution that comes to no answer is none, but a few words may be all of it: "no such answer exists".
        text = extract_answer(text) or (text if len(text) <= MAX_BARE_CHARS else "")
        text = spell_phrase(text)
    return clean(text), False


def _squeezed(text: str) -> str:
    return _SPACES.sub("", text)


def _compare_words(gold: str, pred: str) -> Decision | None:
    if not (_WORD_OR_TIME.search(gold) or _WORD_OR_TIME.search(pred)):
        return None
    choice = _CHOICE.fullmatch(gold)
    if choice is not None:
        chosen = None if _OTHER_CHOICE.search(pred) else _CHOSEN.fullmatch(pred)
        return (
            Decision(chosen is not None and choice[1] in chosen.groups(), "choice")
            if len(pred) > 1 or pred.isupper()
            else None
        )
    named = _NAMED_CHOICE.fullmatch(gold)
    if named is not None and _CHOICE.fullmatch(pred) is not None:
        return Decision((named[1] or named[2]) == pred.strip("()"), "choice")
    first, second = _folded(gold), _folded(pred)
    if first == second:
        return Decision(True, "text")
    chosen_letters = _letters(gold), _letters(pred)
    if None not in chosen_letters:
        return Decision(chosen_letters[0] == chosen_letters[1], "choice")
    decision = _compare_times(gold, pred) or _compare_codes(gold, pred)
    if decision is not None:
        return decision
    is_words = [re.fullmatch(r"[A-Za-z][A-Za-z' -]{2,}", text) is not None for text in (gold, pred)]
    # Two names, two words: different, unless one of them is mathematics.
    if all(is_words) and not any(_is_name(text) for text in (gold, pred)):
        return Decision(False, "text")
    return None


def _compare_codes(gold: str, pred: str) -> Decision | None:
    """Two codes of letters and counts that are not the same text are different; None for other texts."""
    texts = (gold, pred)
    are_codes = all(_CODE.fullmatch(text) or _COUNTS_FIRST.fullmatch(text) for text in texts)
    # with the counts first on both sides it may be a time, as 1h30m
    return Decision(gold == pred, "text") if are_codes and any(map(_CODE.fullmatch, texts)) else None


def _compare_times(gold: str, pred: str) -> Decision | None:
    timed = same_time(gold, pred)
    if timed is not None:
        return Decision(timed, "text")
    if is_padded(gold) or is_padded(pred):
        return Decision(False, "text")
    dates = date_of(gold), date_of(pred)
    if dates != (None, None) or _is_moment(gold) or _is_moment(pred):
        return Decision(None not in dates and dates[0] == dates[1], "text")
    return None


def _is_moment(text: str) -> bool:
    return text[4:5] == "-" and _DATE.fullmatch(text) is not None


def _letters(text: str) -> set[str] | None:
    """The letters of several choices, as `A, C` or `AC`; None for other texts."""
    if not _LETTERS.fullmatch(text):
        return None
    letters = re.findall(r"[A-J]", text)
    # DAB is a word
    return None if text.isalpha() and letters != sorted(set(letters)) else set(letters)


def _is_name(text: str) -> bool:
    """Whether letters alone may be mathematics: `pi`, `oo`."""
    try:
        return not isinstance(parse(text), Words)
    except UnreadableAnswer:
        return False


def _folded(text: str) -> str:
    folded = (
        " ".join(re.findall(r"[^\W_]+", text.casefold()))
        if text
        and not _MATHEMATICS.search(text)
        and not _POINT.search(text)
        and (_LONG_WORD.search(text) or text.casefold() == "no")
        else text
    )
    return YES_NO.get(folded, folded)


def _compare_quantities(gold: str, pred: str) -> Decision | None:
    """Compares as mathematics, with and without units; None where one side cannot be read."""
    (gold, modulus), (pred, other_modulus) = split_modulus(gold), split_modulus(pred)
    if modulus and other_modulus:
        return (
            _compare_modulo(is_congruent, gold, pred, modulus)
            if modulus == other_modulus
            else Decision(False, "relation")
        )
    decision = None
    if modulus:
        decision = _compare_modulo(is_remainder, gold, pred, modulus)
    elif other_modulus:
        decision = _compare_modulo(is_remainder, pred, gold, other_modulus)
    if decision is not None:
        return decision
    (gold, base), (pred, other_base) = split_base(gold), split_base(pred)
    if base is not None or other_base is not None:
        is_one_base = base is None or other_base is None or base == other_base
        return Decision(is_one_base and gold.lower().lstrip("0") == pred.lower().lstrip("0"), "text")
    first, second = split_unit(gold), split_unit(pred)
    trees = _tree(first.text), _tree(second.text)
    if trees[0] is None or trees[1] is None:
        # A side that is not mathematics cannot equal one that is.
        unread = [text for text, tree in zip((gold, pred), trees, strict=True) if tree is None]
        return None if all(map(_MATHEMATICS.search, unread)) else Decision(False, "text")
    return _compare_measured(first, trees[0], second, trees[1])


def _compare_modulo(
    same: Callable[[Node, Node, int], bool | None], first: str, second: str, modulus: int
) -> Decision | None:
    """Compares by one of the two relations that a modulus has: 17 and 2 are congruent, and 2 is the remainder of 17."""
    trees = _tree(first), _tree(second)
    result = None if trees[0] is None or trees[1] is None else same(trees[0], trees[1], modulus)
    return None if result is None else Decision(result, "relation")


def _compare_measured(gold: Quantity, gold_tree: Node, pred: Quantity, pred_tree: Node) -> Decision | None:
    """Compares two numbers with their units; a missing unit, or words that are none, agree with every unit."""
    equal, method = compare_trees(gold_tree, pred_tree)
    measures = gold.measure, pred.measure
    if DEGREES in measures and (None in measures or RADIANS in measures):
        if not equal or RADIANS in measures:
            trees = [  # in radians; what has no unit is so already
                Operation("*", (tree, _DEGREE)) if one.measure == DEGREES else tree
                for one, tree in ((gold, gold_tree), (pred, pred_tree))
            ]
            equal, method = compare_trees(*trees)
    elif gold.measure is not None and pred.measure is not None and gold.measure != pred.measure:
        if gold.measure.dimensions != pred.measure.dimensions:
            return Decision(False, "unit", f"{gold.unit} is not {pred.unit}")
        sizes = [Number(one.size) for one in (gold.measure, pred.measure)]
        scaled = [Operation("*", (size, tree)) for size, tree in zip(sizes, (gold_tree, pred_tree), strict=True)]
        equal, method = compare_trees(*scaled)[0], "unit"
    return None if equal is None else Decision(equal, method)


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
