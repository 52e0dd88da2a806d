"""What the words around written arithmetic do to it: operators, names of shares and scales, labels, and words of prose."""

import re
from fractions import Fraction
from functools import lru_cache

from caco_tasks.grading.units_of_measure import measure
from caco_tasks.number_words import CARDINALS, DENOMINATORS, MULTIPLES, ORDINALS, SCALES

OPERATORS = {"plus": "+", "minus": "-", "times": "*", "mod": "mod", "x": "*", "X": "*"}
OPERATIONS = re.compile(r"(divided|multiplied)\s+by\b", re.IGNORECASE)
EQUALITIES = frozenset(["is", "equals", "makes", "gives"])
ABOUT = frozenset(["about", "approximately", "roughly", "around", "nearly", "almost"])
ARTICLES = frozenset(
    ["remaining", "other", "the", "a", "an", "his", "her", "its", "their", "these", "those", "all", "my", "our"]
)
SCALE_WORDS = {
    name: Fraction(value)
    for word, value in (SCALES | {"dozen": 12}).items()
    for name in (word, f"{word}s")
    if name != "hundreds"
}
# Behind these a bracket or a number is an argument, not a factor.
FUNCTIONS = frozenset(
    [
        "sin", "cos", "tan", "cot", "sec", "csc", "log", "ln", "lg", "gcd", "lcm", "floor", "ceil",
        "abs", "exp", "hcf", "gcf", "mod", "sqrt", "cbrt", "negative", "root", "cubed",
        "squared", "base",
    ]
)  # fmt: skip
# What they name of an expression is another value than the expression's own.
PROPERTIES = frozenset(
    [
        "root", "roots", "digit", "digits", "remainder", "remainders", "square", "squared", "cube", "cubed", "power",
        "powers", "inverse", "reciprocal", "mode", "logarithm", "factorial", "negative",
        "opposite", "divisor", "divisors", "factor", "factors", "multiple", "multiples", "gcd", "lcm", "gcf", "hcf",
        "percentage", "percent", "ceiling", "floor", "residue", "negation", "complement", "modulo", "mod",
        "largest", "smallest", "greatest",
    ]
)  # fmt: skip
NEAR_PROPERTIES = PROPERTIES - frozenset(
    [
        "power",
        "powers",
        "divisor",
        "divisors",
        "factor",
        "factors",
        "multiple",
        "multiples",
        "largest",
        "smallest",
        "floor",
        "ceiling",
        "greatest",
    ]
)  # those that a result behind an equals sign may be of, too
MEANS = frozenset(["average", "averages", "mean", "median"])
DETERMINERS = frozenset(
    [
        *ORDINALS,
        "each",
        "every",
        "a",
        "an",
        "per",
        "the",
        "this",
        "that",
        "one",
        "last",
        "next",
        "his",
        "her",
        "their",
        "my",
    ]
)
# Two numbers stand behind these, joined by a word: "subtract 3 from 5 * 2".
_OPERATION_NAMES = re.compile(
    r"(?:sum|difference|product|quotient|ratio"
    r"|(?:add|subtract|multiply|multipli|divid|combin|take|taking|remov|deduct|increas|decreas)\w*)$"
)
JOINING = frozenset(["and", "from", "by", "to", "with", "into"])
# A number behind these is a name, not an amount.
LABELS = frozenset(
    [
        "week", "day", "month", "year", "step", "case", "person", "group", "team", "stage", "round", "game", "question",
        "problem", "figure", "chapter", "page", "room", "class", "grade", "level", "trip", "box", "bag", "bus", "house",
        "lot", "row", "column", "line", "side", "shop", "store", "worker", "student", "friend", "child", "player",
        "train", "plane", "section", "phase", "item", "option", "method", "approach", "equation", "number",
        "quiz", "exam", "season", "session", "task", "zone", "part",
        "lap", "flight", "floor", "truck", "car", "example", "exercise",
        "station", "quarter", "lane", "scenario", "position", "month", "period",
        "weeks", "days", "months", "years", "steps", "rows", "pages", "rounds", "cases", "nr", "theorem", "lemma",
    ]
)  # fmt: skip
# They begin a clause of their own: what stood before them does not belong to the arithmetic behind them.
CONNECTIVES = frozenset(
    [
        "so", "then", "thus", "hence", "therefore", "that", "since", "because", "but", "now", "which", "get", "gets",
        "give", "know", "as", "where", "while", "means", "mean", "see", "find", "obtain", "when", "is", "are", "was",
        "were", "be", "equals", "equal", "gives", "makes", "leaves", "leaving", "giving", "making", "i.e", "compute",
        "calculate", "calculating", "computing", "check", "note", "following", "evaluate", "have", "has", "had", "having",
        "yields", "becomes", "did", "do", "just", "only", "finally", "next", "first", "second", "third", "also", "yet",
        "say", "conclude", "or", "similarly", "likewise", "meaning", "be", "total",
    ]
)  # fmt: skip
# Prose: no unit, no variable, and no part of a formula.
PROSE = CONNECTIVES | frozenset(
    [
        "and", "or", "if", "for", "from", "in", "on", "at", "with", "by", "the", "a", "an", "of", "to", "we", "he", "she",
        "they", "it", "i", "you", "us", "him", "them", "after", "before", "per", "each", "every", "plus", "minus", "times",
        "not", "no", "his", "her", "my", "our", "up", "go", "am", "than", "more", "less", "fewer", "this", "these",
        "there", "will", "would", "can", "must", "should", "could", "left", "out", "off", "over", "into", "using",
    ]
)  # fmt: skip
_NOT_BEFORE_OPERATOR = PROSE - frozenset(
    [
        "per", "each", "every", "left", "more", "less", "fewer", "a", "an", "of", "the", "in", "on", "first", "second",
        "third", "next", "total", "only", "out",
    ]
)  # fmt: skip
_SHORT_UNITS = frozenset(
    ["sq", "cu", "gb", "mb", "kb", "tb", "pt", "qt", "kw", "ok", "ah", "oh", "mr", "ms", "ed", "mph", "kwh"]
)
SPECIAL = FUNCTIONS | DENOMINATORS.keys()  # words that are looked at more closely, wherever they stand
_CAPITALS = re.compile(r"[A-Z]{1,4}$")


@lru_cache(maxsize=4096)
def is_prose(word: str) -> bool:
    """Whether a word is one of a sentence, and no variable, product of variables or name of points: `so`, not `ab`."""
    if len(word) == 1:
        return word in "aAI"
    if word.lower() in PROSE or measure(word):
        return True
    return word.lower() in _SHORT_UNITS or (len(word) > 2 and not _CAPITALS.match(word))


def may_be_unit(word: str) -> bool:
    """Whether a word may stand between a number and the operator behind it: `apples`, `per`, not `and`."""
    return word.lower() not in _NOT_BEFORE_OPERATOR


def share_of_word(word: str, before: str) -> Fraction | None:
    """The share that `word` names, counted by the word before: `third` is 1/3, `thirds` behind `two` 2/3."""
    if word not in DENOMINATORS and "-" not in word:
        return None
    head, _, tail = word.rpartition("-")
    below = DENOMINATORS.get(tail)
    count = CARDINALS.get(head or before.lower())
    if below is None or (head and count is None):
        return None
    if count is None:
        return None if tail.endswith("s") or tail == "halves" else Fraction(1, below)
    return Fraction(count, below)


@lru_cache(maxsize=4096)
def names_operation(word: str) -> bool:
    """Whether two numbers stand behind a word, joined by another: `sum`, `subtracting`."""
    return _OPERATION_NAMES.match(word) is not None


def is_multiple(word: str) -> bool:
    """Whether the number behind a word is multiplied by it: `twice`, `half`."""
    return word in MULTIPLES or word in ("half", "third", "quarter")
