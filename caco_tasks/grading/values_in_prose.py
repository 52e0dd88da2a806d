r"""Values as they stand in prose: numbers with their signs, fractions, ratios, clock times, points."""

import re

_NUMBER = r"(?:(?:\d{1,3}(?:,\d{3})+(?![\d,])|\d+)(?:\.\d+)?|(?<![\d.])\.\d+)"
_SIGNED = rf"[-+\u2212]?\$?{_NUMBER}"
VALUE = re.compile(
    rf"\(\s*{_SIGNED}(?:\s*,\s*{_SIGNED})+\s*\)"
    r"|[-+\u2212]?\(?\\frac\s*\{[-\d]+\}\s*\{\d+\}"
    rf"|{_SIGNED}(?:[eE][-+]?\d+)?(?:(?:\s?:\s?\d+(?:\.\d+)?)+|(?:\s\d+)?\s?/\s?\d+)?(?:\s?(?:%|percent\b))?(?!-[A-Za-z]{2})"
)
# A number behind these words bounds the answer, or is none: "greater than 2", "at least 3", "not 5".
_BOUNDING = re.compile(
    r"(?:\bthan|\bat (?:least|most)|\b(?:over|under|above|below|between|except(?: for)?|not|without|exceeds?|up to"
    r"|minus|from|instead of|out of))\s*(?:or equal to\s*)?\Z",
    re.IGNORECASE,
)
_ADJUNCT = re.compile(
    r"\b(?:in|by|every|each|first|last|next|base|modulo|mod|step|case|line|equation|example|problem)\s*\Z",
    re.IGNORECASE,
)
LOOKED_BACK = 40  # characters before a value in which words bound it


def value_at(text: str, match: re.Match[str]) -> str:
    """The value of a match of `VALUE`, without a sign that is the minus or hyphen of the word or number before it."""
    value = match[0]
    is_operator = (
        value[0] in "+-\u2212"
        and match.start() > 0
        and (text[match.start() - 1].isalnum() or text[match.start() - 1] in ")}")
    )
    return value[1:] if is_operator else value


def is_bounding(text: str, match: re.Match[str]) -> bool:
    """Whether the words before a value say that the answer is not this value: `more than 3`."""
    return _BOUNDING.search(text[max(0, match.start() - LOOKED_BACK) : match.start()]) is not None


def is_adjunct(text: str, match: re.Match[str]) -> bool:
    """Whether the words before a value make it a circumstance of the statement: `in 3 days`, `the first 8`, `case 2`."""
    return _ADJUNCT.search(text[max(0, match.start() - LOOKED_BACK) : match.start()]) is not None
