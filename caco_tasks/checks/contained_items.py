"""Short protected items that stand whole inside a longer text, between sentences that only talk about them.

    text = "Here is a tricky one: Solve 3x + 5 = 26 for x. Thanks!"
    ContainedItems([["3", "x", "+", "5", "=", "26", "for", "x"]]).find(text, words(text))   # [0]

Few words are common property, so the item must be all that the text computes with: nothing else in it may hold a number,
an operator or a variable, and the item must begin and end where sentences do.
"""

import re
from collections import Counter
from collections.abc import Sequence

from caco_tasks.checks.decontamination.normal_text import is_number, is_unspaced, words
from caco_tasks.checks.decontamination.problem_frames import without_frame, without_label

MOST_SENTENCES = 40  # of a text that is looked at this closely

# where a sentence ends, or one begins behind a formula without a full stop
_BORDER = re.compile(r"(?<=[.!?:;\]])\s+|(?<=[.!?:;]\$)\s+|\n+|(?<=[。？！：；])|\s(?=[A-Z][a-z]*(?:\s|'))")
_COMPUTED = frozenset("+-/^=%")
_OPERATORS = _COMPUTED | {"<", ">"}
_MATHEMATICS_WORDS = "sqrt pi sin cos tan log ln plus minus squared cubed infty sum int leq geq neq degrees"
_MATHEMATICS = frozenset(_MATHEMATICS_WORDS.split())
_TALK_LETTERS = frozenset("aiqs1")
_ABOUT_THE_ANSWER = frozenset(("answer", "round", "rounded", "decimal"))
_LEAST_WORDS = 6  # of an item without a number or an operator

Triple = tuple[str, str, str]


class ContainedItems:
    """Short items, found by the run of three words that fewest of them have."""

    def __init__(self, texts: Sequence[Sequence[str]]) -> None:
        """Takes the words of the items, without their frames; an empty one is never found."""
        triples = [[*zip(text, text[1:], text[2:], strict=False)] for text in texts]
        counts = Counter(triple for item in triples for triple in set(item))
        self._texts = texts
        self._items: dict[Triple, list[int]] = {}
        for place, item in enumerate(triples):
            if item and _is_specific(texts[place]):
                self._items.setdefault(min(item, key=lambda triple: counts[triple]), []).append(place)

    def find(self, text: str, tokens: Sequence[str]) -> list[int]:
        """The places of the items that `text`, whose words are `tokens`, holds whole."""
        known = self._items
        named = [triple for triple in zip(tokens, tokens[1:], tokens[2:], strict=False) if triple in known]
        if not named:
            return []
        wanted = {tuple(self._texts[place]): place for triple in named for place in known[triple]}
        return [wanted[core] for core in _cores_of(text, {len(core) for core in wanted}) if core in wanted]


def _cores_of(text: str, lengths: set[int]) -> list[tuple[str, ...]]:
    """The words of each run of sentences of `text` that has nothing but talk around it, without their frame."""
    sentences = [words(one) for one in _BORDER.split(without_label(text)) if one.strip()]
    if len(sentences) > MOST_SENTENCES:
        return []
    told = [place for place, sentence in enumerate(sentences) if not _only_talks(sentence)]
    # what computes must lie in the run; where nothing does, any run may be the problem
    starts = range(told[0] + 1) if told else range(len(sentences))
    cores = (
        tuple(without_frame([word for sentence in sentences[start:end] for word in sentence]))
        for start in starts
        for end in range((told[-1] if told else start) + 1, len(sentences) + 1)
    )
    return [core for core in cores if len(core) in lengths]


def _only_talks(sentence: Sequence[str]) -> bool:
    """Whether a sentence holds no mathematics, or only says how the answer should look."""
    if not _ABOUT_THE_ANSWER.isdisjoint(sentence) and _COMPUTED.isdisjoint(sentence):
        return True
    return not any(
        (is_number(word) and word != "1")  # as in "a tricky one"
        or word in _OPERATORS
        or word in _MATHEMATICS
        or (len(word) == 1 and word not in _TALK_LETTERS and not is_unspaced(word))
        for word in sentence
    )


def _is_specific(text: Sequence[str]) -> bool:
    """Whether so few words can be anybody's at all: they hold a number or an operator, or are not so few."""
    return len(text) >= _LEAST_WORDS or any(is_number(word) or word in _OPERATORS for word in text)
