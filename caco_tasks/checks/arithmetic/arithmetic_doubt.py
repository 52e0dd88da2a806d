"""Whether the words around a statement take it back: it is supposed, asked, called false, or corrected at once."""

import re

CHARS_BEFORE = 80  # of a statement that are looked at
CHARS_BEHIND = 140

_SUPPOSED = re.compile(
    r"\b(?:suppos(?:e|ing)|assum(?:e|ing)|pretend\w*|rules?)\b[^.;:!?\n]*$"
    r"|\b(?:whether|not the case that|instead of|not|never|cannot|can't|isn't|wrongly|mistakenly|incorrectly|if"
    r"|claim(?:s|ed|ing)?)"
    r"(?:\s+\w+)?\s*[$(\\]*$",
    re.IGNORECASE,
)
_CALLED_FALSE = re.compile(
    r"\b(?:not (?:true|valid|correct|right|possible|satisf\w*|hold|the case|a (?:valid|real|true) \w+)"
    r"|(?:is|are|was) (?:clearly |obviously |also )?(?:false|untrue|wrong|incorrect|impossible|absurd|invalid|nonsense)"
    r"|(?:doesn't|does not|don't|do not|didn't|did not|cannot|can't|won't|will not) (?:work|hold|satisf\w*|check|match)"
    r"|contradict\w*|impossible|absurd\w*|extraneous|no (?:real |possible )?solutions?|never (?:true|happens?)|wait[,.!-]"
    r"|oops|sorry|correction|made (?:a|an) (?:mistake|error)|typo|should have been|(?:it|that|this) should be|nonsense)"
    r"|^[\s$)\\*]*(?:[✗✘❌]|\(?(?:no|false|wrong|incorrect)\b)",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\bdigits?\b", re.IGNORECASE)
_REMAINDERS = re.compile(r"\bmod|\bremainders?\b|\bcongru|\bparity\b|\bclock\b", re.IGNORECASE)
_NUMBERS = re.compile(r"(?<![\d.,])\d{1,6}(?![\d.,])")
_PARAGRAPH = re.compile(r"\n\s*\n")


def is_taken_back(text: str, start: int, end: int) -> bool:
    """Whether the words before or behind the statement from `start` to `end` say that it may be false."""
    before = text[max(0, start - CHARS_BEFORE) : start]
    behind = _PARAGRAPH.split(text[end : end + CHARS_BEHIND], maxsplit=1)[0]
    return bool(_SUPPOSED.search(before) or _CALLED_FALSE.search(behind))


def find_moduli(text: str, start: int, end: int) -> set[int]:
    """The moduli that the words around a statement speak of, of whose remainders alone it may be true."""
    window = text[max(0, start - 2 * CHARS_BEFORE) : end + CHARS_BEFORE]
    moduli = {10, 100, 1000} if _DIGITS.search(window) else set()
    if _REMAINDERS.search(window):
        around = f"{text[max(0, start - 2 * CHARS_BEFORE) : start]} {text[end : end + CHARS_BEFORE]}"
        moduli |= {2, 12, *map(int, _NUMBERS.findall(around))}
    return moduli - {0, 1}
