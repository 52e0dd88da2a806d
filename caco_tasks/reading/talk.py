"""Phrases to the reader, with which models surround what they were asked for."""

import re

_SURE = (
    r"(?:sure(?: thing)?|certainly|of course|absolutely|okay|ok|alright|all right|great(?: question)?|no problem|"
    r"happy to help|gladly|understood|got it)"
)
_ABOUT = (
    r"(?:problem|question|puzzle|exercise|task|challenge|version|rewrit|rephras|variation|solution|program|code|"
    r"script|implementation|step|explanation|approach|how (?:to|you|we|i)\b|reply|response|text)"
)
_OPENING = re.compile(
    rf"\s{{0,50}}(?:[*_]{{0,3}}{_SURE}\b[!,.:]{{0,3}}\s{{0,5}})?"
    r"(?:(?:here(?:['\u2019]s| is| are)|below is|the following is|"
    r"i(?:['\u2019]ve| have) (?:written|created|made|crafted|come up with)|"
    r"(?:i(?:['\u2019]ll| will| can| would)|let me|let['\u2019]s)\s+(?:now\s+)?"
    r"(?:help|write|create|craft|present|provide|rewrite)\b)"
    rf"[^:\n.!?]{{0,100}}?\b{_ABOUT}[^:\n.!?]{{0,120}}(?::[*_]{{0,3}}|[.!]?\s{{0,3}}\n)\s{{0,5}})",
    re.IGNORECASE,
)
_SURE_ALONE = re.compile(rf"\s{{0,50}}{_SURE}\s?(?:[!.:]+\s+|,\s+(?=(?:here|let)\b)|\n)", re.IGNORECASE)
_CLOSING = re.compile(
    r"[*_>(\s]{0,5}(?:let me know\b|(?:i |we )?hope (?:this|that|it)\b|feel free\b|please (?:let me know|feel free)\b|"
    r"(?:would|do) you (?:like|want) (?:me|to see|another|a |the |more)\b|is there anything\b|"
    r"if you (?:have any|need|would like|want|'d like)\b|"
    r"happy (?:solving|learning|coding|to help)\b|good luck\b|enjoy\b|thank you\b|thanks\b|"
    r"i can also (?:write|make|create|change|add|provide|adapt)\b|"
    r"(?:this|the|my|so the|that) (?:answer|solution|result) is (?:correct|right|incorrect|wrong)[.! ]*$)",
    re.IGNORECASE,
)
_REMARK = re.compile(
    r"[*_>(\s]{0,5}(?:note:?[*_ ]{0,4}i\b|(?:note:?[*_ ]{0,4})?this (?:new |harder |revised |word |math )?"
    r"(?:problem|question|exercise|puzzle|version)"
    r" (?:requires|tests|uses|is designed|is based|involves|encourages|challenges|illustrates|demonstrates|combines|"
    r"assesses|captures|mirrors|preserves|corresponds|matches|reflects|follows|incorporates|introduces|can be solved|asks)\b)",
    re.IGNORECASE,
)
MAX_CLOSING_LINES = 6
MAX_CLOSING_CHARS = 600


def without_opening(text: str) -> tuple[str, bool]:
    """The text without a phrase to the reader at its start ("Sure! Here is the problem:"), and whether there was one."""
    had_any = False
    for pattern in (_SURE_ALONE, _OPENING):
        if (found := pattern.match(text)) and text[found.end() :].strip():
            text, had_any = text[found.end() :], True
    return text, had_any


def without_closing(text: str) -> tuple[str, bool]:
    """The text without phrases to the reader in its last lines ("Let me know if ..."), and whether there were any."""
    return _without_last_lines(text, _CLOSING)


def without_remarks(text: str) -> tuple[str, bool]:
    """The text without remarks on it in its last lines ("This problem tests ..."), and whether there were any."""
    return _without_last_lines(text, _REMARK)


def _without_last_lines(text: str, pattern: re.Pattern[str]) -> tuple[str, bool]:
    had_any = False
    for _ in range(MAX_CLOSING_LINES):
        text = text.rstrip()
        start = text.rfind("\n") + 1
        last = text[start:]
        is_rule = bool(last) and not last.strip("-*_= ")
        if not start or not (is_rule or (len(last) <= MAX_CLOSING_CHARS and pattern.match(last))):
            break
        text, had_any = text[:start], True
    return text, had_any
