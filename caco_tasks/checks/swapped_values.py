"""Whether a problem gives its numbers to the inputs that they belong to, as far as the words around them tell.

A program names its inputs, and a problem says its numbers among words. Where the name `eggs_broken` fits the words around
the number that `eggs_collected` has, and the other way round, the two values were exchanged: every number is there, and
the problem is another one. Only pairs are looked at whose words tell them apart clearly.
"""

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from caco_tasks.records import Reason, Verdict, fail

MAX_CHARS = 20_000  # of a problem that are read
MAX_INPUTS = 20  # that are compared with each other
WORDS_AROUND = 8  # on each side of a number, up to the end of its sentence or to the next number
FADING = 0.2  # a word n places away counts 1 / (1 + FADING * n)
CLEARLY = 0.65  # by so much must the exchanged places fit better
STEM_CHARS = 5

_TOKEN = re.compile(r"[a-z]+|\d+(?:\.\d+)?|[.?!;:]", re.IGNORECASE)
_COMMON = frozenset(
    (
        *("an", "and", "are", "at", "by", "each", "for", "from", "in", "is"),
        *("number", "of", "on", "per", "the", "to", "total", "with"),
    )
)


@dataclass(frozen=True, slots=True)
class _Placed:
    """An input whose number stands in one place of the problem."""

    name: str
    number: str
    stems: frozenset[str]
    around: Mapping[str, float]  # stem -> how near it stands, 0 to 1


def exchanged_values(problem: str, input_json: str) -> Verdict | None:
    """A failure where two whole numbers of a program's input stand in each other's place; None where nothing shows it.

    `input_json` is the program's `input` as tagged JSON. Inputs of equal value, and numbers that the problem says twice,
    are not looked at.

    Raises:
        ValueError: `input_json` is not JSON.
    """
    inputs = json.loads(input_json)
    if not isinstance(inputs, dict):
        return None
    for first, second in itertools.combinations(_placed(problem[:MAX_CHARS], inputs), 2):
        if _gain(first, second) > CLEARLY:
            detail = f"{first.number} and {second.number}, the program's {first.name[:60]} and {second.name[:60]}"
            return fail(Reason.VALUES_EXCHANGED, detail)
    return None


def _placed(problem: str, inputs: Mapping[str, object]) -> list[_Placed]:
    tokens = _TOKEN.findall(problem.lower())
    numbers = [token for token in tokens if token[0].isdigit()]
    whole = {name: str(abs(value)) for name, value in inputs.items() if type(value) is int}
    values = list(whole.values())
    return [
        _Placed(name, number, _stems(name), _around(tokens, tokens.index(number)))
        for name, number in itertools.islice(whole.items(), MAX_INPUTS)
        if numbers.count(number) == 1 and values.count(number) == 1
    ]


def _stems(name: str) -> frozenset[str]:
    words = re.findall(r"[a-z]+", name.lower())
    return frozenset(word[:STEM_CHARS] for word in words if len(word) > 1 and word not in _COMMON)


def _around(tokens: Sequence[str], place: int) -> dict[str, float]:
    """The stems around a place, each with how near its nearest one stands."""
    found: dict[str, float] = {}
    for side in (tokens[place + 1 :], tokens[:place][::-1]):
        for distance, token in enumerate(_clause(side), 1):
            near = 1 / (1 + FADING * distance)
            found[token[:STEM_CHARS]] = max(near, found.get(token[:STEM_CHARS], 0.0))
    return found


def _clause(tokens: Sequence[str]) -> Iterator[str]:
    return itertools.takewhile(str.isalpha, tokens[:WORDS_AROUND])


def _gain(first: _Placed, second: _Placed) -> float:
    """By how much the words that tell two inputs apart fit better when their numbers are exchanged."""
    ours, theirs = first.stems - second.stems, second.stems - first.stems
    as_it_is = _fit(ours, first) + _fit(theirs, second)
    return _fit(ours, second) + _fit(theirs, first) - as_it_is


def _fit(stems: frozenset[str], placed: _Placed) -> float:
    return sum(placed.around.get(stem, 0.0) for stem in stems)
