"""The numbers of a question, wherever they stand: digits, words, fractions, percentages, multiples such as "twice"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from caco_tasks.convert.stems import plain_words, stem, stems

MAX_QUESTION_CHARS = 6_000
MAX_MENTIONS = 60

Kind = Literal["plain", "percent", "fraction", "mixed", "times", "share"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
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


_TOKEN = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+|[A-Za-z]+|[^\sA-Za-z\d]", re.ASCII)
_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
CARDINALS = {word: value for value, word in enumerate(_UNITS.split())} | {
    word: 20 + 10 * place for place, word in enumerate(_TENS.split())
}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
DENOMINATORS = {
    "half": 2, "halves": 2, "third": 3, "thirds": 3, "fourth": 4, "fourths": 4, "quarter": 4, "quarters": 4,
    "fifth": 5, "fifths": 5, "sixth": 6, "sixths": 6, "seventh": 7, "sevenths": 7, "eighth": 8, "eighths": 8,
    "ninth": 9, "ninths": 9, "tenth": 10, "tenths": 10, "twelfth": 12, "twelfths": 12, "twentieth": 20,
    "hundredth": 100, "hundredths": 100,
}  # fmt: skip
_TIMES = {
    "twice": 2, "double": 2, "doubles": 2, "doubled": 2, "doubling": 2, "thrice": 3, "triple": 3, "triples": 3,
    "tripled": 3, "tripling": 3, "quadruple": 4, "quadrupled": 4, "quadruples": 4, "quintuple": 5, "dozen": 12,
    "dozens": 12,
}  # fmt: skip
_WEAK_TIMES = {"pair": 2, "pairs": 2, "couple": 2}
_COINS = re.compile(r"\b(?:dimes?|nickels?|penn(?:y|ies)|coins?)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Found:
    """What a rule saw: the number, and how many tokens it took."""

    taken: int
    kind: Kind
    whole: Fraction
    fraction: tuple[int, int] = (0, 1)
    scale: int = 1
    is_weak: bool = False


def scan(question: str) -> list[Mention]:
    """The numbers of `question` in order, at most MAX_MENTIONS; a lone "one" is never a number."""
    text = question[:MAX_QUESTION_CHARS]
    tokens = [_Token(match[0], *match.span()) for match in _TOKEN.finditer(text)]
    spans = list(_found(tokens, has_coins=bool(_COINS.search(text))))[:MAX_MENTIONS]
    bounds = [(tokens[place].start, tokens[place + found.taken - 1].end) for place, found in spans]
    return [_mention(text, found, bounds, order) for order, (_, found) in enumerate(spans)]


def cardinal(words: list[str]) -> tuple[int, int]:
    """The number that `words` begin with, and how many of them say it (hyphens count as words); (0, 0) if none."""
    total = current = taken = 0
    place = 0
    while place < len(words):
        word = words[place].lower()
        if (
            word in CARDINALS
            and _fits(current, CARDINALS[word])
            and (place == 0 or words[place - 1] != "," or taken == 0)
        ):
            current += CARDINALS[word]
        elif word in _SCALES and taken:
            current, total = _scaled(current, total, _SCALES[word])
        elif not (word in ("-", "and") and taken and _goes_on(words, place)):
            break
        else:
            place += 1
            continue
        place += 1
        taken = place
    return total + current, taken


def _fits(current: int, more: int) -> bool:
    """Whether a cardinal may follow: `twenty` then `five`, `hundred` then `twenty`, but not `five` then `six`."""
    if current == 0:
        return True
    rest = current % 100
    return (rest == 0 and current >= 100) or (rest >= 20 and rest % 10 == 0 and 0 < more < 10)


def _scaled(current: int, total: int, scale: int) -> tuple[int, int]:
    return (current * 100, total) if scale == 100 else (0, total + current * scale)


def _goes_on(words: list[str], place: int) -> bool:
    following = words[place + 1].lower() if place + 1 < len(words) else ""
    previous = words[place - 1].lower()
    if words[place] == "-":
        return following in CARDINALS and previous in CARDINALS
    return following in CARDINALS and previous in _SCALES


def _found(tokens: list[_Token], *, has_coins: bool) -> Iterator[tuple[int, _Found]]:
    place = 0
    while place < len(tokens):
        token = tokens[place]
        found = _digits(tokens, place) if token.text[-1].isdecimal() else _words(tokens, place, has_coins=has_coins)
        if found is None:
            place += 1
        else:
            yield place, found
            place += found.taken


def _digits(tokens: list[_Token], place: int) -> _Found | None:
    text = [token.text for token in tokens[place : place + 6]] + [""] * 6
    if len(text[0]) > 24:
        return None
    whole = Fraction(text[0].replace(",", ""))
    if text[1].isdecimal() and text[2] == "/" and text[3].isdecimal() and _is_fraction(text[1], text[3]):
        return _Found(4, "mixed", whole, (int(text[1]), int(text[3])))
    if text[1] == "/" and text[2].isdecimal() and text[0].isdecimal() and int(text[2][:24]) > 0:
        return _Found(3, "fraction", whole, (int(whole), int(text[2][:24])))
    glued = place + 1 < len(tokens) and tokens[place].end == tokens[place + 1].start
    if text[1] in ("st", "nd", "rd", "th") and glued:
        return _Found(2, "plain", whole, is_weak=True)
    return _after_number(whole, [word.lower() for word in text[1:]], 1)


def _is_fraction(numerator: str, denominator: str) -> bool:
    return len(numerator) < 4 and len(denominator) < 4 and 0 < int(numerator) < int(denominator)


def _after_number(whole: Fraction, text: list[str], taken: int) -> _Found:
    """A number whose following words may make it a percentage, a mixed number or a multiple of a million."""
    if text[0] == "%" or text[0] in ("percent", "percents") or text[:2] == ["per", "cent"]:
        return _Found(taken + 1 + (text[0] == "per"), "percent", whole)
    if text[:3] in (["and", "a", "half"], ["and", "one", "half"], ["and", "a", "quarter"]):
        return _Found(taken + 3, "mixed", whole, (1, DENOMINATORS[text[2]]))
    if text[0] in _SCALES:
        return _Found(taken + 1, "plain", whole, scale=_SCALES[text[0]])
    return _Found(taken, "plain", whole)


def _words(tokens: list[_Token], place: int, *, has_coins: bool) -> _Found | None:
    text = [token.text.lower() for token in tokens[place : place + 14]] + [""] * 6
    if text[0] in CARDINALS:
        return _cardinal(text)
    if text[0] in _TIMES:
        return _Found(1, "times", Fraction(_TIMES[text[0]]))
    if text[0] in _WEAK_TIMES:
        return _Found(1, "times", Fraction(_WEAK_TIMES[text[0]]), is_weak=True)
    if text[0] in ("half", "halves", "halved"):
        return _Found(1, "share", Fraction(2))
    if text[0] == "quarter" and not has_coins:
        return _Found(1, "share", Fraction(4))
    if text[0] in DENOMINATORS and text[0] != "quarter" and text[1] == "of" and text[0][-1] != "s":
        return _Found(1, "share", Fraction(DENOMINATORS[text[0]]))
    if text[0] == "a" and text[1] in DENOMINATORS and text[1] not in ("half", "quarter") and _is_share(text[2]):
        return _Found(2, "share", Fraction(DENOMINATORS[text[1]]))
    return None


def _is_share(following: str) -> bool:
    """Whether `a third` is a share here, not one more of a row: `a third of`, not `a third friend`."""
    return following in (
        "of",
        "as",
        "the",
        "that",
        "more",
        "less",
        "fewer",
        "are",
        "is",
        "were",
        "was",
        "full",
        "",
        ".",
        ",",
        "?",
    )


def _cardinal(text: list[str]) -> _Found | None:
    value, taken = cardinal([word for word in text if word])
    rest = text[taken:]
    skip = rest[0] in ("-", "out") and rest[0] == "-"
    denominator = rest[1] if skip else rest[0]
    if denominator in DENOMINATORS and value < 100 and (value > 1 or _is_part(denominator)):
        return _Found(taken + 1 + skip, "fraction", Fraction(value), (value, DENOMINATORS[denominator]))
    if value == 1 or taken == 0:
        return _Found(taken + 3, "mixed", Fraction(1), (1, 2)) if rest[:3] == ["and", "a", "half"] else None
    return _after_number(Fraction(value), rest, taken)


def _is_part(denominator: str) -> bool:
    return denominator[-1] != "s"


def _mention(text: str, found: _Found, bounds: list[tuple[int, int]], order: int) -> Mention:
    start, end = bounds[order]
    left = bounds[order - 1][1] if order else 0
    right = bounds[order + 1][0] if order + 1 < len(bounds) else len(text)
    after = _clause(text[end:right])
    before = _clause(text[left:start], backward=True)
    money = text[:start].rstrip().endswith("$")
    near = stems(" ".join(after_words := plain_words(after)[:4])) + stems(
        " ".join(before_words := plain_words(before)[-4:])
    )
    return Mention(
        start=start, end=end, text=text[start:end], kind=found.kind, whole=found.whole,
        numerator=Fraction(found.fraction[0]), denominator=Fraction(found.fraction[1]), scale=Fraction(found.scale),
        is_weak=found.is_weak, is_money=money, after=tuple(after_words), before=tuple(before_words),
        near=frozenset([*near, "$"] if money else near), sentence=frozenset(stems(_sentence(text, start, end))),
    )  # fmt: skip


def _clause(text: str, *, backward: bool = False) -> str:
    pieces = re.split(r"[.;?!:]\s|[.;?!]$|\n", text)
    return pieces[-1] if backward else pieces[0]


def _sentence(text: str, start: int, end: int) -> str:
    breaks = [match.end() for match in re.finditer(r"[.?!]\s", text[:start])]
    following = re.search(r"[.?!](?:\s|$)", text[end:])
    return text[breaks[-1] if breaks else 0 : end + (following.start() if following else len(text))]


def unit_of(mention: Mention) -> str | None:
    """The stem of the word that says what is counted: the first one after the number."""
    return stem(mention.after[0]) if mention.after else None
