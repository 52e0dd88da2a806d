"""Which numbers of a seed may be others, and which its text or the world fixes.

A number stays that everybody knows (24 hours, 16 ounces of a pound, a date, a 20-dollar bill), that counts what the text
then names one by one, that the text states twice, or that may stand in the program for two reasons. A whole seed stays as
it is if the question states what follows from its other numbers, or if its numbers are a row that goes on by itself.
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction

from caco_tasks.convert.binding import Bound
from caco_tasks.convert.constants import constants_for
from caco_tasks.convert.expression import QuestionPart, leaves
from caco_tasks.convert.question_numbers import QuestionNumber
from caco_tasks.convert.stems import stem
from caco_tasks.records import Grade

SMALL_COUNT = 6  # up to here a count may be that of things which the text lists
RIVAL_COUNT = 4  # up to here a number has so many rivals that words alone do not settle it
# What the world fixes, by the stem of what is counted.
_KNOWN = {"hour": (12, 24), "day": (7, 28, 30, 31, 360, 365), "month": (12,), "week": (52,)}
_PARTS = frozenset(
    map(
        stem,
        ["wheels", "legs", "arms", "eyes", "ears", "hands", "fingers", "toes", "tires", "paws", "wings", "sides",
         "corners", "faces", "angles", "edges", "seasons", "quarters", "halves", "innings", "periods", "way", "person",
         "bedroom", "story", "digits"],
    )
)  # fmt: skip
_FIXED_AFTER = re.compile(
    r"[\s-]*(?:(?:dollar|cent)s?[\s-]*)?(?:bills?|notes?|coins?)\b|\s*(?:a\.?m\b|p\.?m\b|o'clock)|:\d|/\d|(?:st|nd|rd|th)\b",
    re.IGNORECASE,
)
_FIXED_BEFORE = re.compile(
    r"(?:\d:|\d/|\b(?:january|february|march|april|may|june|july|august|september|october|november|december|grade|room"
    r"|level|number|no\.|chapter|day|week|year|page|version|type|size|route|highway|bus|world war|the other|all|"
    r"the remaining|remaining|other)[\s-]*#?)$",
    re.IGNORECASE,
)
_LISTED = re.compile(
    r":|\b(?:first|second|third|fourth|last|latter|former|each other|oldest|youngest|respectively|"
    r"one of (?:the|them|his|her|these|those)|the others?|another)\b|\b\w+, [\w ]+,? and\b|\b[A-Z]\w+ and [A-Z]\w+",
)
_NUMBER_LIST = re.compile(r"\d[\w%]*,\s+(?:\$?\d[\w%]*,\s+)*(?:and\s+)?\$?\d|[Ff]irst\b|[Ss]econd\b")
_MEASURES = frozenset(
    map(
        stem,
        ["hours", "minutes", "seconds", "weeks", "months", "years", "miles", "feet", "inches", "meters", "kilometers",
         "km", "yards", "pounds", "ounces", "grams", "kilograms", "kg", "cups", "gallons", "liters", "tablespoons",
         "teaspoons", "dollars", "cents", "points", "pages", "percent", "times", "slices", "pieces", "boxes", "bags",
         "packs", "apples", "eggs"],
    )
)  # fmt: skip
# Times of day, and rows of numbers that go on by themselves.
_UNSAFE = re.compile(
    r"\bpatterns?\b|\bcontinu\w+|\bsequence|\btrend|\bconsecutive|\d:\d\d|\d\s?[ap]\.?m\b|o'clock|\bnoon\b|\bmidnight\b",
    re.IGNORECASE,
)
# Words that state how two numbers compare or that they are one: with other numbers they would be wrong.
_SAME = re.compile(r"\b(?:the same (?:number|amount)|also|as well|again|equally|neither|exactly)\b", re.IGNORECASE)
# Words for 2, 3, 4, 12 in a solution, which stay: the question must have one of the same number.
_IDIOMS = {
    2: re.compile(r"\b(?:twice|doubl\w+|double|half|halves|halved|both|pairs?|couple)\b", re.IGNORECASE),
    3: re.compile(r"\b(?:thrice|tripl\w+|triple|third|thirds)\b", re.IGNORECASE),
    4: re.compile(r"\b(?:quadrupl\w+|quarters?|fourths?)\b", re.IGNORECASE),
    12: re.compile(r"\bdozens?\b", re.IGNORECASE),
}


def is_fixed_whole(
    problem: str, mentions: Sequence[QuestionNumber], bound: Bound, steps: Mapping[int, Fraction]
) -> bool:
    """Whether the seed must keep all its numbers.

    True for times of day, for a row of numbers that goes on by itself, and where the question states what follows from
    its other numbers. `steps` are the results of the program's steps.
    """
    percents = [mention.whole for mention in mentions if mention.kind == "percent"]
    if _UNSAFE.search(problem) or (len(percents) > 1 and sum(percents) == 100):
        return True
    plain = [mention.whole for mention in mentions if mention.kind == "plain"]
    if any(a * c == b * b and a != b for a, b, c in zip(plain, plain[1:], plain[2:], strict=False)):
        return True
    used = [mentions[order].whole for order in sorted(bound.used) if mentions[order].kind != "percent"]
    pairs = [(a, b) for a, b in itertools.combinations(used, 2) if min(a, b) > 2]
    totals = {a + b for a, b in pairs}
    derived = totals | {abs(a - b) for a, b in pairs} | {a * b for a, b in pairs} | set(steps.values())
    unused = [
        mention.whole
        for order, mention in enumerate(mentions)
        if order not in bound.used and mention.kind == "plain" and not mention.is_weak
    ]
    return bool(derived & set(unused)) or any(amount in totals for amount in used if amount >= 10)


def find_movable(
    problem: str, mentions: Sequence[QuestionNumber], bound: Bound, *, solution: str, grade: Grade
) -> list[int]:
    """The positions of the numbers that may be others, in order; all of them are used by the program."""
    parts = [leaf for one in bound.statements.values() for leaf in leaves(one.tree) if isinstance(leaf, QuestionPart)]
    unused = {mention.whole for order, mention in enumerate(mentions) if order not in bound.used}
    found = []
    for order in sorted(bound.used):
        mention = mentions[order]
        fields = [part.field for part in parts if part.mention == order]
        has_equal = any(other.whole == mention.whole for other in mentions if other is not mention)
        is_repeated = mention.whole in unused or (has_equal and bool(_SAME.search(problem)))
        if not is_repeated and _is_bound_once(mention, fields, grade) and is_movable(problem, mention, solution):
            found.append(order)
    return found


def keeps_idioms(problem: str, solution: str, movable: Sequence[QuestionNumber]) -> bool:
    """Whether the words for numbers in the solution (twice, half), which stay, are not about a number that changes."""
    for amount, words in _IDIOMS.items():
        if not words.search(solution):
            continue
        forms = {Fraction(amount), Fraction(1, amount), Fraction(100, amount)}
        is_about_changed = any(
            one.whole == amount or (one.kind != "plain" and forms & {one.whole, one.denominator}) for one in movable
        )
        if is_about_changed or not words.search(problem):
            return False
    return True


def is_movable(question: str, mention: QuestionNumber, solution: str) -> bool:
    """Whether a number of the question may be another: not if the world or the rest of the text fixes it."""
    if mention.is_weak or mention.kind in ("times", "share"):
        return False
    if _FIXED_AFTER.match(question, mention.end) or _FIXED_BEFORE.search(question[: mention.start]):
        return False
    match mention.kind:
        case "fraction":
            return mention.text[0].isdecimal() and 0 < mention.numerator < mention.denominator
        case "percent":
            return 1 < mention.whole < 100 and mention.whole.denominator == 1
        case _:
            return mention.whole > 1 and not _is_known(mention) and not _is_listed(question, mention, solution)


def _is_bound_once(mention: QuestionNumber, fields: Sequence[str], grade: Grade) -> bool:
    """Whether the program takes the number whole, and a small one for one reason only, which the binder is sure of."""
    if mention.kind == "fraction":
        return set(fields) == {"numerator", "denominator"}
    if mention.kind != "plain":
        return True
    has_rivals = grade is Grade.A and mention.whole <= RIVAL_COUNT
    return not has_rivals and not (mention.whole <= SMALL_COUNT and len(fields) > 1)


def _is_known(mention: QuestionNumber) -> bool:
    """Whether everybody knows the number, so that no other can stand there: ounces of a pound, wheels, a year."""
    unit = mention.unit or ""
    is_year = 1500 <= mention.whole <= 2100 and mention.text.isdecimal() and not mention.is_money
    in_date = bool({"in", "since", "until"} & set(mention.before[-1:])) or not mention.after
    words = " ".join((*mention.before, *mention.after))
    is_constant = not mention.is_money and bool(constants_for(mention.whole, words))
    return (
        is_constant
        or mention.whole in _KNOWN.get(unit, ())
        or (is_year and in_date)
        or (unit in _PARTS and mention.whole <= 12)
    )


def _is_listed(question: str, mention: QuestionNumber, solution: str) -> bool:
    """Whether the number may count things that the text goes on to name one by one."""
    if mention.is_money or mention.whole > 10 or mention.whole.denominator != 1:
        return False
    rest = question[mention.end :]
    if _NUMBER_LIST.search(rest):
        return True
    if mention.whole > SMALL_COUNT:
        return False
    is_measured = mention.unit in _MEASURES
    steps = re.search(r"\b(?:first|second|third|last) ", solution, re.IGNORECASE)
    return bool(steps) or (not is_measured and bool(_LISTED.search(rest)))
