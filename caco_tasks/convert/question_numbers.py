"""The numbers of a question as the converter binds them: what each is made of, and the words around it.

Digits, words, fractions, percentages, multiples such as "twice". The words themselves are those of
`caco_tasks.numbers_in_text`; here a number has one reading, because a program computes with it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from caco_tasks.convert.stems import plain_words, stem, stems
from caco_tasks.number_words import CARDINALS, DENOMINATORS, MULTIPLES, SCALES, read_cardinal
from caco_tasks.numbers_in_text import digits_pattern, without_separators

MAX_QUESTION_CHARS = 6_000
MAX_NUMBERS = 60
MAX_DIGITS = 24
LOOKAHEAD = 14  # words that one number in words may have

Kind = Literal["plain", "percent", "fraction", "mixed", "times", "share"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionNumber:
    """One number of the question and the words around it."""

    start: int  # character positions in the question
    end: int
    text: str
    kind: Kind
    whole: Fraction  # of a plain number, a percentage, a mixed number; the factor of "twice", the divisor of "half"
    numerator: Fraction = Fraction(0)
    denominator: Fraction = Fraction(1)
    scale: Fraction = Fraction(1)  # 1,000,000 in "2 million"
    is_weak: bool = False  # may well be no quantity: "pair", "3rd"
    is_money: bool = False
    after: tuple[str, ...] = ()  # the words that follow in its clause, nearest first
    before: tuple[str, ...] = ()  # the words that precede in its clause, nearest last
    near: frozenset[str] = frozenset()  # stems of the nearest words
    sentence: frozenset[str] = frozenset()  # stems of its sentence

    @property
    def unit(self) -> str | None:
        """The stem of the word that says what is counted: the first one after the number."""
        return stem(self.after[0]) if self.after else None


_WORD = re.compile(rf"{digits_pattern(',')}|[A-Za-z]+|[^\sA-Za-z\d]", re.ASCII)
_WEAK_MULTIPLES = {"pair": 2, "pairs": 2, "couple": 2}
_COINS = re.compile(r"\b(?:dimes?|nickels?|penn(?:y|ies)|coins?)\b", re.IGNORECASE)
# Behind "a third": a share (a third of, a third more), not one more of a row (a third friend).
_AFTER_SHARE = frozenset(["of", "as", "the", "that", "more", "less", "fewer", "are", "is", "were", "was", "full", ""])
_AFTER_SHARE |= frozenset(".,?")


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a rule saw: the number, and how many words it took."""

    taken: int
    kind: Kind
    whole: Fraction
    fraction: tuple[int, int] = (0, 1)
    scale: int = 1
    is_weak: bool = False


def find_numbers(question: str) -> list[QuestionNumber]:
    """The numbers of `question` in order, at most MAX_NUMBERS; a lone "one" is never a number."""
    text = question[:MAX_QUESTION_CHARS]
    words = list(_WORD.finditer(text))
    readings = list(_read_all(words, has_coins=bool(_COINS.search(text))))[:MAX_NUMBERS]
    bounds = [(words[place].start(), words[place + one.taken - 1].end()) for place, one in readings]
    return [_with_surroundings(text, one, bounds, order) for order, (_, one) in enumerate(readings)]


def _read_all(words: Sequence[re.Match[str]], *, has_coins: bool) -> Iterator[tuple[int, _Reading]]:
    place = 0
    while place < len(words):
        ahead = [word[0].lower() for word in words[place : place + LOOKAHEAD]] + [""] * 6
        if ahead[0][-1].isdecimal():
            is_ordinal = ahead[1] in ("st", "nd", "rd", "th") and words[place].end() == words[place + 1].start()
            reading = _read_digits(ahead, is_ordinal=is_ordinal)
        else:
            reading = _read_words(ahead, has_coins=has_coins)
        if reading is not None:
            yield place, reading
        place += reading.taken if reading is not None else 1


def _read_digits(ahead: Sequence[str], *, is_ordinal: bool) -> _Reading | None:
    if len(ahead[0]) > MAX_DIGITS:
        return None
    whole = Fraction(without_separators(ahead[0]))
    if ahead[1].isdecimal() and ahead[2] == "/" and ahead[3].isdecimal():
        # 2 1/2 is one number; 3 10/5 is not, nor is 2 2024/12.
        is_proper = len(ahead[1]) < 4 and len(ahead[3]) < 4 and 0 < int(ahead[1]) < int(ahead[3])
        if is_proper:
            return _Reading(4, "mixed", whole, (int(ahead[1]), int(ahead[3])))
    if ahead[1] == "/" and ahead[2].isdecimal() and ahead[0].isdecimal() and int(ahead[2][:MAX_DIGITS]) > 0:
        return _Reading(3, "fraction", whole, (int(whole), int(ahead[2][:MAX_DIGITS])))
    return _Reading(2, "plain", whole, is_weak=True) if is_ordinal else _read_with_suffix(whole, ahead, 1)


def _read_with_suffix(whole: Fraction, ahead: Sequence[str], taken: int) -> _Reading:
    """A number whose following words may make it a percentage, a mixed number or a multiple of a million."""
    after = list(ahead[taken:])
    if after[0] in ("%", "percent", "percents") or after[:2] == ["per", "cent"]:
        return _Reading(taken + 1 + (after[0] == "per"), "percent", whole)
    if after[:3] in (["and", "a", "half"], ["and", "one", "half"], ["and", "a", "quarter"]):
        return _Reading(taken + 3, "mixed", whole, (1, DENOMINATORS[after[2]]))
    if after[0] in SCALES:
        return _Reading(taken + 1, "plain", whole, scale=SCALES[after[0]])
    return _Reading(taken, "plain", whole)


def _read_words(ahead: Sequence[str], *, has_coins: bool) -> _Reading | None:
    first, second = ahead[:2]
    if first in CARDINALS:
        return _read_cardinal(ahead)
    if first in MULTIPLES:
        return _Reading(1, "times", Fraction(MULTIPLES[first]))
    if first in _WEAK_MULTIPLES:
        return _Reading(1, "times", Fraction(_WEAK_MULTIPLES[first]), is_weak=True)
    if first in ("half", "halves", "halved"):
        return _Reading(1, "share", Fraction(2))
    if first == "quarter":
        return None if has_coins else _Reading(1, "share", Fraction(4))
    if first in DENOMINATORS and second == "of" and first[-1] != "s":
        return _Reading(1, "share", Fraction(DENOMINATORS[first]))
    if first == "a" and second in DENOMINATORS and second not in ("half", "quarter") and ahead[2] in _AFTER_SHARE:
        return _Reading(2, "share", Fraction(DENOMINATORS[second]))
    return None


def _read_cardinal(ahead: Sequence[str]) -> _Reading | None:
    value, taken = read_cardinal([word for word in ahead if word])
    skip = ahead[taken] == "-"
    denominator = ahead[taken + skip]
    # "two thirds", "one third"; but "one thirds" is none.
    if denominator in DENOMINATORS and value < 100 and (value > 1 or denominator[-1] != "s"):
        return _Reading(taken + 1 + skip, "fraction", Fraction(value), (value, DENOMINATORS[denominator]))
    if value == 1:
        is_mixed = list(ahead[taken : taken + 3]) == ["and", "a", "half"]
        return _Reading(taken + 3, "mixed", Fraction(1), (1, 2)) if is_mixed else None
    return _read_with_suffix(Fraction(value), ahead, taken)


def _with_surroundings(text: str, one: _Reading, bounds: list[tuple[int, int]], order: int) -> QuestionNumber:
    """The number with the words of its clause, up to the numbers on either side, and of its sentence."""
    start, end = bounds[order]
    left = bounds[order - 1][1] if order else 0
    right = bounds[order + 1][0] if order + 1 < len(bounds) else len(text)
    after = plain_words(_split_clauses(text[end:right])[0])[:4]
    before = plain_words(_split_clauses(text[left:start])[-1])[-4:]
    is_money = text[:start].rstrip().endswith("$")
    sentence_start = max((stop.end() for stop in re.finditer(r"[.?!]\s", text[:start])), default=0)
    stop = re.search(r"[.?!](?:\s|$)", text[end:])
    sentence = text[sentence_start : end + stop.start() if stop else len(text)]
    return QuestionNumber(
        start=start, end=end, text=text[start:end], kind=one.kind, whole=one.whole,
        numerator=Fraction(one.fraction[0]), denominator=Fraction(one.fraction[1]), scale=Fraction(one.scale),
        is_weak=one.is_weak, is_money=is_money, after=tuple(after), before=tuple(before),
        near=frozenset(stems(" ".join(after)) + stems(" ".join(before)) + ["$"] * is_money),
        sentence=frozenset(stems(sentence)),
    )  # fmt: skip


def _split_clauses(text: str) -> list[str]:
    return re.split(r"[.;?!:]\s|[.;?!]$|\n", text)
