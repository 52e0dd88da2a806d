"""Whether a problem gives its numbers to the inputs that they belong to, as far as the words around them tell.

A program names its inputs, and a problem says its numbers among words. Where the name `eggs_broken` fits the words around
the number that `eggs_collected` has, and the other way round, the two values were exchanged: every number is there, and
the problem is another one. Only pairs are looked at whose words tell them apart clearly.
"""

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from caco_tasks.records import Reason, Verdict, fail

MAX_CHARS = 20_000  # of a problem that are read
MAX_INPUTS = 20  # that are compared with each other
WORDS_AROUND = 8  # on each side of a number, up to the end of its sentence or to the next number
PAUSE = 2  # words that a comma counts for
FADING = 0.2  # a word n places away counts 1 / (1 + FADING * n)
CLEARLY = 0.65  # by so much must the exchanged places fit better
STEM_CHARS = 5  # `collected` and `collection` are one word

_TOKEN = re.compile(r"[a-z]+|\d+(?:\.\d+)?(?:\s?/\s?\d+(?:\.\d+)?)?|[.?!;:]|,(?!\d)", re.IGNORECASE)
_COMMON = frozenset(
    (
        *("an", "and", "are", "at", "by", "each", "for", "from", "in", "is"),
        *("number", "of", "on", "per", "the", "to", "total", "with"),
        *("equation", "result", "value"),
    )
)


@dataclass(frozen=True, slots=True)
class InputPlace:
    """An input, and the place of the problem where its number stands."""

    name: str
    number: str
    stems: frozenset[str]  # of the words of its name
    around: Mapping[str, float]  # stem -> how near it stands, 0 to 1

    def fit(self, stems: frozenset[str]) -> float:
        """How well the words of a name fit the words around this place."""
        return sum(self.around.get(stem, 0.0) for stem in stems)


def find_exchanged_values(problem: str, input_json: str) -> Iterator[Verdict]:
    """A failure where two whole numbers of a program's input stand in each other's place; at most one.

    `input_json` is the program's `input` as tagged JSON. Inputs of equal value, and numbers that the problem says twice,
    are not looked at.

    Raises:
        ValueError: `input_json` is not JSON.
    """
    inputs = json.loads(input_json)
    places = _find_places(problem[:MAX_CHARS], inputs) if isinstance(inputs, dict) else []
    for first, second in itertools.combinations(places, 2):
        # words that both names share tell nothing
        ours, theirs = first.stems - second.stems, second.stems - first.stems
        gain = second.fit(ours) + first.fit(theirs) - (first.fit(ours) + second.fit(theirs))
        if gain > CLEARLY:
            detail = f"{first.number} and {second.number}, the program's {first.name[:60]} and {second.name[:60]}"
            yield fail(Reason.VALUES_EXCHANGED, detail)
            return


def _find_places(problem: str, inputs: Mapping[str, object]) -> list[InputPlace]:
    tokens = _TOKEN.findall(problem.lower())
    # both numbers of a fraction stand where it stands
    numbers = [(part.strip(), at) for at, token in enumerate(tokens) if token[0].isdigit() for part in token.split("/")]
    counts = Counter(number for number, _ in numbers)
    at_token = dict(numbers)
    whole = {name: str(abs(value)) for name, value in inputs.items() if type(value) is int}
    values = list(whole.values())
    return [
        InputPlace(name, number, _stem_name(name), _weigh_words_around(tokens, at_token[number]))
        for name, number in itertools.islice(whole.items(), MAX_INPUTS)
        if counts[number] == 1 and values.count(number) == 1
    ]


def _stem_name(name: str) -> frozenset[str]:
    words = re.findall(r"[a-z]+", name.lower())
    # a single letter is a name such as `n`, which stands near every number
    return frozenset(word[:STEM_CHARS] for word in words if len(word) > 1 and word not in _COMMON)


def _weigh_words_around(tokens: Sequence[str], place: int) -> dict[str, float]:
    """The stems around a place, each with how near its nearest one stands."""
    found: dict[str, float] = {}
    for side in (tokens[place + 1 : place + 1 + WORDS_AROUND], tokens[max(0, place - WORDS_AROUND) : place][::-1]):
        distance = 0
        for token in itertools.takewhile(lambda token: token.isalpha() or token == ",", side):
            distance += PAUSE if token == "," else 1
            if token != "," and distance <= WORDS_AROUND:
                near = 1 / (1 + FADING * distance)
                found[token[:STEM_CHARS]] = max(near, found.get(token[:STEM_CHARS], 0.0))
    return found
