r"""Answers in words that stand for mathematics: `no solution`, `at least 4`, `two thirds`, `all real numbers except 2`."""

import re
from collections.abc import Callable

from caco_tasks.number_words import DENOMINATORS, ORDINALS, number_of_words

MAX_CHARS = 120

_NUMBER = r"[-+]?(?:\d[\d,]*(?:\.\d+)?(?:/\d+)?|\.\d+)"
_REALS = r"(?:the set of )?(?:all |any |every )?(?:the )?(?:real numbers?|reals)"
_BOUNDS = {
    ">=": "at least|no less than|not less than|greater than or equal to|more than or equal to|a minimum of",
    "<=": "at most|no more than|not more than|less than or equal to|fewer than or equal to|a maximum of|up to",
    ">": "greater than|more than|larger than|above|strictly greater than",
    "<": "less than|fewer than|smaller than|below|strictly less than",
}
_BEHIND = {">=": "or (?:more|greater|higher|above|larger)", "<=": "or (?:less|fewer|lower|below|smaller)"}
_SUBJECT = r"(?:(?P<name>[a-z]) (?:is |must be |can be |should be )?)?"


def spell_phrase(text: str) -> str:
    """An answer in words as mathematics; any other text as it is."""
    text = (
        _INTEGER_PARAMETER.sub(lambda found: rf", {found[1] or found[2]} \in \mathbb{{Z}}", text)
        if len(text) <= 4 * MAX_CHARS and "integer" in text
        else text
    )
    in_words = _TEXT.fullmatch(text) if "\\" in text and len(text) <= MAX_CHARS else None
    text = in_words[1] if in_words else text
    if len(text) > MAX_CHARS or "\\" in text or not _HAS_WORD.search(text):
        return text
    folded = " ".join(text.strip().strip("$").lower().rstrip(" .!").split())
    for pattern, spell in _PHRASES:
        found = pattern.fullmatch(folded)
        if found is not None:
            return spell(found) or text
    return text


_TEXT = re.compile(r"\s*\$?\s*\\(?:text|textbf|mathrm|mbox)\s*\{([^{}\\]*)\}\s*\$?\s*")
_INTEGER_PARAMETER = re.compile(
    r"[,;]?\s*\(?(?:(?:where|for|with)\s+)?\$?([a-zA-Z])\$?\s+(?:is |being |any )?(?:an |any )?integer\)?[.$\s]*\Z"
    r"|[,;]?\s*\(?for (?:any|all|every|some) integers? \$?([a-zA-Z])\$?\)?[.\s]*\Z"
)
_HAS_WORD = re.compile(r"[A-Za-z]{2}|\d(?:st|nd|rd|th)\b")


def _bound(op: str) -> Callable[[re.Match[str]], str]:
    def spell(found: re.Match[str]) -> str:
        if found["name"]:
            return f"{found['name']} {op} {found['number']}"
        intervals = {">=": r"[{}, \infty)", ">": r"({}, \infty)", "<=": r"(-\infty, {}]", "<": r"(-\infty, {})"}
        return intervals[op].format(found["number"])

    return spell


def _fraction(found: re.Match[str]) -> str | None:
    above = 1 if found["above"] in ("a", "an", None) else number_of_words(found["above"])
    below = DENOMINATORS.get(found["below"])
    if above is None or below is None:
        return None
    return f"{above}/{below}"


def _mixed(found: re.Match[str]) -> str | None:
    whole = int(found["whole"]) if found["whole"].isdigit() else number_of_words(found["whole"])
    above = 1 if found["above"] in ("a", "an") else number_of_words(found["above"])
    below = DENOMINATORS.get(found["below"])
    return None if whole is None or above is None or below is None else f"{whole * below + above}/{below}"


_PHRASES: list[tuple[re.Pattern[str], Callable[[re.Match[str]], str | None]]] = [
    (
        re.compile(
            r"(?:there (?:is|are|exists?) )?(?:no|zero) (?:such |real |integer |valid |possible |positive )*"
            r"(?:solutions?|roots?|numbers?|values?(?: of [a-z])?)(?: exists?)?(?: for [a-z])?"
            r"|(?:the )?(?:empty|null) set"
        ),
        lambda _: r"\emptyset",
    ),
    (
        re.compile(
            r"(?:it |the (?:limit|value) )?(?:is )?(?:undefined|not defined|does not exist|doesn't exist|d\.?n\.?e)"
        ),
        lambda _: "undefined",
    ),
    (re.compile(r"infinitely many(?: solutions)?|infinite(?: number of)? solutions"), lambda _: "infinitely many"),
    (re.compile(rf"{_REALS}(?: [a-z])?"), lambda _: r"\Reals"),
    (
        re.compile(
            rf"{_REALS}(?: [a-z])? (?:except(?: for)?|other than|but|excluding|not including) (?P<rest>[-\d./, and]+)"
        ),
        lambda found: rf"\Reals \setminus \{{{found['rest']}\}}",
    ),
    *[(re.compile(rf"{_SUBJECT}(?:{words}) (?P<number>{_NUMBER})"), _bound(op)) for op, words in _BOUNDS.items()],
    *[(re.compile(rf"{_SUBJECT}(?P<number>{_NUMBER}) {words}"), _bound(op)) for op, words in _BEHIND.items()],
    (
        re.compile(rf"(?:from |between )?({_NUMBER}) (?:to|and) ({_NUMBER}),? \(?inclusive\)?"),
        lambda found: f"[{found[1]}, {found[2]}]",
    ),
    (
        re.compile(rf"(?:from |between )?({_NUMBER}) (?:to|and) ({_NUMBER}),? \(?exclusive\)?"),
        lambda found: f"({found[1]}, {found[2]})",
    ),
    (re.compile(r"\d+(?: to \d+){1,4}"), lambda found: found[0].replace(" to ", ":")),
    (re.compile(r"(?P<above>an?|[a-z]+(?:-[a-z]+)?)[ -](?P<below>[a-z]+)"), _fraction),
    (re.compile(r"(?P<above>)(?P<below>half)"), lambda _: "1/2"),
    (re.compile(r"(?P<whole>\d{1,9}|[a-z -]+) and (?P<above>an?|[a-z]+)[ -](?P<below>[a-z]+)"), _mixed),
    (re.compile(r"(?:the )?(\d{1,9})(?:st|nd|rd|th)"), lambda found: found[1]),
    (re.compile(rf"(?:the )?({'|'.join(ORDINALS)})"), lambda found: str(ORDINALS.index(found[1]))),
]
