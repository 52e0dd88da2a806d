"""What was read in a reply, and what was cut away to get there."""

from dataclasses import dataclass
from enum import StrEnum


class Cut(StrEnum):
    """What a reply may hold besides what was asked for. Manifests count them by these names."""

    THINKING = "thinking"  # a block of thinking before the answer
    TALK = "talk"  # words to the reader, before or behind what was asked for
    HEADER = "header"  # a title such as "Problem:", the marker or the tag around it
    FENCE = "fence"  # a Markdown fence around it
    QUOTES = "quotes"  # quotation marks around the whole
    ANSWER = "answer"  # an answer, a hint or a solution behind a problem
    DRAFT = "draft"  # an earlier version or a plan, given up for a later one
    FURTHER = "further"  # further problems or programs that nobody asked for
    PROMPT = "prompt"  # the prompts of an interpreter and what it prints


@dataclass(frozen=True, slots=True)
class Reading:
    """What a careful person takes out of a reply."""

    text: str | None  # None: there is nothing of the kind, or nobody can say which of several it is
    cut: tuple[Cut, ...] = ()  # what was cut away, each once, in the order of `Cut`


def read_as(text: str | None, cut: set[Cut]) -> Reading:
    """A reading; a text of blanks alone is nothing."""
    return Reading(text if text and text.strip() else None, tuple(one for one in Cut if one in cut))
