"""The part of a text in which written arithmetic is looked for: without what is no text, and with its words as signs."""

import html
import re
from functools import lru_cache

MAX_CHARS = 200_000  # of a text that are read

_NUMERAL = r"(?<![\d.,/$])(\d{1,30}(?:\.\d+)?)(?![\d,./]|\s*%)"
# Words are read as arithmetic only where a result follows: "5 more than 12 is 17", not "5 more than 12 people".
_THEN = r"(?=\s+(?:is|equals|makes|gives)\s+\$?-?\d)"
_ALONE = r"(?<!\bof )(?<!\bthan )"
_PHRASES = (
    ("sum of", rf"\b(?:the )?sum of {_NUMERAL} and {_NUMERAL}{_THEN}", r"\1 + \2"),
    ("product of", rf"\b(?:the )?product of {_NUMERAL} and {_NUMERAL}{_THEN}", r"\1 * \2"),
    ("more than", rf"{_ALONE}{_NUMERAL} more than {_NUMERAL}{_THEN}", r"\2 + \1"),
    ("fewer than", rf"{_ALONE}{_NUMERAL} fewer than {_NUMERAL}{_THEN}", r"\2 - \1"),
    ("less than", rf"{_ALONE}{_NUMERAL} less than {_NUMERAL}{_THEN}", r"\2 - \1"),
    ("twice", rf"\btwice {_NUMERAL}{_THEN}", r"2 * \1"),
    ("double", rf"\bdouble {_NUMERAL}{_THEN}", r"2 * \1"),
    ("divided", rf"(?<!= ){_NUMERAL} divided by {_NUMERAL}\s+(?:is|equals|gives)\s+(?=\$?-?\d)", r"\1 / \2 = "),
    ("multiplied", r"(?<=\d) multiplied by(?= \$?\d)", " *"),
    ("cent", r"(?<=\d)[ -]per ?cent\b", "%"),
)  # arithmetic in words -> in signs, each tried where its first words stand
_SIGNS = tuple((words, re.compile(pattern, re.IGNORECASE), signs) for words, pattern, signs in _PHRASES)
_THIN = re.compile(r"\\!|(?<=\d)\\,(?=\d{3}(?!\d))")
_DRAWING = re.compile(r"\[asy\].*?(?:\[/asy\]|\Z)", re.DOTALL)
_CODE = re.compile(r"^```[ ]*[A-Za-z]\w*.*?(?:^```|\Z)", re.DOTALL | re.MULTILINE)
_TAGS = (
    (re.compile(r"<sup>\s*([-+]?\d{1,20})\s*</sup>", re.IGNORECASE), r"^{\1}"),
    (re.compile(r"<sub>", re.IGNORECASE), "_"),
    (re.compile(r"<(?:br|/?p|/?div|/?li|/?tr|/?td|/?h\d)\s*/?>", re.IGNORECASE), "\n"),
    (re.compile(r"</?(?:b|i|u|em|strong|span|sup|sub|mark|code)(?:\s[^<>]{0,200})?>", re.IGNORECASE), ""),
)
_MARK = re.compile(r"[*_][^\s*_]")  # no emphasis is without it
_EMPHASIS = re.compile(
    r"(?<![^\s(\[=:≈$])(\*{1,3}|_{1,3})(?=[^\s*_])([^*_\n]{0,200}[^\s*_])\1(?![\w*])(?!(?<=[^*]\*)\s*\d)"
)


@lru_cache(maxsize=4)  # several checks look at one solution, one after the other
def plain(text: str) -> str:
    """The part of a text that is read: without drawings, code, tags and emphasis, and with words of arithmetic as signs."""
    text = text[:MAX_CHARS]
    if "[asy]" in text:
        text = _DRAWING.sub("\n", text)
    if "```" in text:
        text = _CODE.sub("\n", text)
    if "</" in text or "<br" in text:
        for tag, sign in _TAGS:
            text = tag.sub(sign, text)
    if "&" in text and ";" in text:
        text = html.unescape(text)
    text = text.replace("{,}", ",").replace(",\\!", ",")
    if "\\!" in text or "\\," in text:
        text = _THIN.sub("", text)
    if _MARK.search(text) is not None:
        text = _EMPHASIS.sub(r"\2", text)
    lowered = text.lower()
    for words, phrase, signs in _SIGNS:
        if words in lowered:
            text = phrase.sub(signs, text)
    return text[:MAX_CHARS]
