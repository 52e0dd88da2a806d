"""Names for inputs and steps, from the words of the problem and of the solution."""

import builtins
import keyword
import re
from collections.abc import Iterable

from caco_tasks.convert.question_numbers import QuestionNumber

MAX_WORDS = 4  # of a name
MAX_NAME_CHARS = 40
# Names that would hide something in the program.
_TAKEN = frozenset(
    [*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "input", "output", "solve", "Fraction", "math"]
)
_LIST = (
    "a an the and or but if then so of to in on at by for from with as is are was were be been being am has have "
    "had it its his her he she they them their that this these those there which who whom would will can could "
    "should therefore thus hence since because now first next finally let us we us you your our do does did so "
)
_EMPTY_WORDS = frozenset(_LIST.split())


class Names:
    """Hands out identifiers, each once."""

    def __init__(self) -> None:
        """With every name still free."""
        self._given: set[str] = set()

    def give(self, *wishes: Iterable[str], fallback: str) -> str:
        """The first of `wishes` (words of a name) that is free; else `fallback` or the first wish with a number."""
        names = [name for name in map(identifier, wishes) if name]
        for name in names:
            if name not in self._given:
                return self._take(name)
        base = names[0] if names else fallback
        number = 2 if base in self._given else 1
        while f"{base}_{number}" in self._given:
            number += 1
        return self._take(base if base not in self._given and not names else f"{base}_{number}")

    def _take(self, name: str) -> str:
        self._given.add(name)
        return name


def identifier(words: Iterable[str]) -> str:
    """`words` as a lower-case ASCII identifier that hides no builtin; empty if there is nothing to make one of."""
    cleaned = [re.sub(r"[^a-z0-9]", "", word.lower()) for word in words]
    kept = [word for word in dict.fromkeys(cleaned) if word][: MAX_WORDS + 1]
    while len("_".join(kept)) > MAX_NAME_CHARS:
        kept.pop()
    name = "_".join(kept)
    if name and (name[0].isdigit() or name in _TAKEN):
        name = f"n_{name}"
    return name


def input_wishes(mention: QuestionNumber, field: str) -> list[list[str]]:
    """Names for a number of the question, the shortest first: what is counted, then with words around it."""
    kind = {"whole": ["percent"] if mention.kind == "percent" else []}.get(field, [field])
    money = ["dollars"] if mention.is_money else []
    after, before = list(mention.after), list(mention.before)
    short = after[:2] or before[-2:]
    if not short:
        return [[*money, *kind]] if money or kind else []
    around = [before[-1:] + after[:2], before[-2:] + after[:1], after[:3], after[1:3], before[-2:], before[-3:]]
    return [[*money, *words, *kind] for words in (short, *(words for words in around if words))]


def step_wishes(label: str, unit: str) -> list[list[str]]:
    """Names for a step: the first words of its line with the unit of its result, then other words of the line."""
    words = [word for word in label.split() if word not in _EMPTY_WORDS]
    units = [word for word in unit.split()[:1] if word not in words]
    if not words:
        return [units] if units else []
    firsts = [words[: MAX_WORDS - 1], words[:MAX_WORDS], words[-3:]]
    # a number behind a name says nothing to who reads it, and other words of the line do
    others = [words[start : start + size] for size in (3, 2) for start in range(1, len(words) - size + 1)]
    more = [word for word in unit.split() if word not in _EMPTY_WORDS and word not in words]
    behind = [[*words[:2], *more], [*words[:2], *more[1:]]] if more else []
    return [[*firsts[0], *units], *behind, *([*chosen, *units] for chosen in (*firsts[1:], *others))]
