"""What is left to the algebra system, and which of its answers can be believed: it skips what it cannot read."""

import itertools
import re
from dataclasses import dataclass

from caco_tasks.grading.tokens import (
    CLOSING,
    CONSTANTS,
    EMPTY,
    END,
    FUNCTIONS,
    GREEK,
    LOGIC,
    MATRICES,
    PRODUCTS,
    RELATIONS,
    ROUND_UP_DOWN,
    SETS,
    UNKNOWN_FUNCTIONS,
    UnreadableAnswer,
    tokens,
)

_OF_ALGEBRA = frozenset([
    r"\int", r"\iint", r"\iiint", r"\oint", r"\sum", r"\prod", r"\lim", r"\to", r"\rightarrow", r"\frac", r"\sqrt", r"\binom",
    r"\det", r"\begin", r"\end", r"\pm", r"\mp", r"\lvert", r"\rvert", r"\vert", r"\prime", r"\degree", r"\circ", r"\Reals",
    r"\partial", r"\deg", r"\cdots", r"\ldots", r"\dots", r"\\", "\\\\", r"\|", r"\}", r"\rbrace", r"\rbrack", r"\rfloor",
    r"\rceil", r"\overline", r"\bar",
])  # fmt: skip
_KNOWN_COMMANDS = (
    _OF_ALGEBRA
    | RELATIONS.keys()
    | PRODUCTS.keys()
    | SETS.keys()
    | LOGIC.keys()
    | CLOSING.keys()
    | ROUND_UP_DOWN.keys()
)
_KNOWN_NAMES = FUNCTIONS.keys() | CONSTANTS.keys() | GREEK | MATRICES | {"array", "cases"}
_BOUND = re.compile(r"\\(?:sum|prod)\s*(?:\\limits\s*)?(?:\^\s*(?:\{[^{}]*\}|\w)\s*)?_\s*\{\s*([a-z])\s*=")
_OPERATOR = re.compile(
    r"\\(sum|prod|int)\s*(?:\\limits\s*)?"
    r"(?:\^\s*(?P<above>\{[^{}]*\}|\w|\\infty)\s*_\s*(?P<below>\{[^{}]*\}|\w)|_\s*(?P<low>\{[^{}]*\}|\w)\s*\^\s*(?P<high>\{[^{}]*\}|\w|\\infty))"
)
BOUND_NAMES = "\ue000\ue001\ue002\ue003"


@dataclass(frozen=True, slots=True)
class Question:
    """A pair that needs math-verify, cleaned."""

    gold: str
    pred: str

    @property
    def is_understood(self) -> bool:
        """Whether nothing in it would be skipped."""
        return is_mathematics(self.gold) and is_mathematics(self.pred)


def is_mathematics(text: str) -> bool:
    """Whether all tokens of a text are known, so that none of it would be skipped."""
    try:
        found = list(tokens(text))
    except UnreadableAnswer:
        return False
    for token, following in itertools.pairwise([*found, END]):
        name = token.text.lstrip("\\")
        if token.text in UNKNOWN_FUNCTIONS and following.text == "(":
            return False  # it would be taken for a factor
        if (
            token.kind == "command"
            and token.text not in _KNOWN_COMMANDS
            and name not in _KNOWN_NAMES
            and token.text not in EMPTY
        ):
            return False
        if token.kind == "word" and len(name) > 2 and name not in _KNOWN_NAMES:
            return False
    return True


def same_but_for_names(gold: str, pred: str) -> bool:
    """Whether two sums or products differ only in the names of their indices and the order of their bounds."""
    if not (_OPERATOR.search(gold) and _OPERATOR.search(pred)):
        return False
    return _with_indices_renamed(gold) == _with_indices_renamed(pred)


def _with_indices_renamed(text: str) -> str:
    for new, old in zip(BOUND_NAMES, dict.fromkeys(_BOUND.findall(text)), strict=False):
        text = re.sub(rf"(?<![A-Za-z\\]){old}(?![A-Za-z])", new, text)
    ordered = _OPERATOR.sub(
        lambda found: (
            rf"\{found[1]}_{_braced(found['below'] or found['low'])}^{_braced(found['above'] or found['high'])}"
        ),
        text,
    )
    return re.sub(r"\s+", "", ordered)


def _braced(bound: str) -> str:
    return bound if bound.startswith("{") else f"{{{bound}}}"
