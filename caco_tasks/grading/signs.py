"""Unicode signs of mathematics, spelled in ASCII or LaTeX; numbers in superscript, subscript and recurring decimals."""

import re
from fractions import Fraction

MAX_RECURRING_DIGITS = 400  # of a recurring decimal that is read

_VULGAR = {
    "\u00bd": (1, 2), "\u2153": (1, 3), "\u2154": (2, 3), "\u00bc": (1, 4), "\u00be": (3, 4), "\u2155": (1, 5),
    "\u2156": (2, 5), "\u2157": (3, 5), "\u2158": (4, 5), "\u2159": (1, 6), "\u215a": (5, 6), "\u2150": (1, 7),
    "\u215b": (1, 8), "\u215c": (3, 8), "\u215d": (5, 8), "\u215e": (7, 8), "\u2151": (1, 9), "\u2152": (1, 10),
}  # fmt: skip
SIGNS = str.maketrans(
    {
        **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},  # full width
        **dict.fromkeys("\u2212\u2013\u2014\u2012\u2010\u2011", "-"),
        **dict.fromkeys("\u00a0\u2009\u202f\u2002\u2003\u3000\t\n\r\f\v", " "),
        **dict.fromkeys("\u201c\u201d\u2033", '"'),
        **dict.fromkeys("\u2018\u2019\u2032", "'"),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u2061\u2062", ""),
        **dict.fromkeys("\u00b7\u22c5\u2219\u2022", r"\cdot "),
        **dict.fromkeys("\u2264\u2a7d\u2266", r"\le "),
        **dict.fromkeys("\u2265\u2a7e\u2267", r"\ge "),
        **dict.fromkeys("\u2205\u00d8", r"\emptyset "),
        **{sign: rf"\frac{{{above}}}{{{below}}}" for sign, (above, below) in _VULGAR.items()},
        "\u00d7": r"\times ", "\u2217": "*", "\u00f7": "/", "\u2044": "/", "\u2215": "/", "\u2236": ":",
        "\u03c0": r"\pi ", "\u03b8": r"\theta ", "\u221e": r"\infty ", "\u2260": r"\ne ", "\u2248": r"\approx ",
        "\u2261": r"\equiv ", "\u2208": r"\in ", "\u222a": r"\cup ", "\u2229": r"\cap ", "\u2216": r"\setminus ",
        "\u00b1": r"\pm ", "\u2213": r"\mp ", "\u00b0": r"\degree ", "\u221a": r"\sqrt ", "\u221b": r"\sqrt[3]",
        "\u221c": r"\sqrt[4]", "\u211d": r"\mathbb{R}", "\u2124": r"\mathbb{Z}", "\u27e8": r"\langle ",
        "\u27e9": r"\rangle ", "\u2223": "|", "\u2220": r"\angle ", "\u2026": "...",
        "\u3001": ",", "\u3002": ".", "\u00b5": "\u03bc",
    }
)  # fmt: skip
_RAISED = str.maketrans(
    "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u207a\u207b\u207f", "0123456789+-n"
)
_LOWERED = str.maketrans(
    "\u2080\u2081\u2082\u2083\u2084\u2085\u2086\u2087\u2088\u2089\u208a\u208b\u2099", "0123456789+-n"
)
_RAISED_RUN = re.compile("[\u2070\u00b9\u00b2\u00b3\u2074-\u207b\u207f]+")
_LOWERED_RUN = re.compile("[\u2080-\u208b\u2099]+")
_SMALL_FRACTION = re.compile("([\u2070\u00b9\u00b2\u00b3\u2074-\u2079]+)[\u2044/]([\u2080-\u2089]+)")
_RECURRING = re.compile(
    r"(?<![\d.])(?P<whole>\d*)\.(?P<head>\d*)(?:"
    r"\\(?:overline|bar|overbar)\s*\{?(?P<bar>\d+)\}?|\((?P<bracket>\d+)\)(?!\s*[\d^/*])"
    r"|\\dot\s*\{?(?P<first>\d)\}?(?:(?P<between>\d*)\\dot\s*\{?(?P<last>\d)\}?)?"
    r"|(?P<shown>(?<=\d))\s?(?:\.\.\.|\\(?:l?dots|cdots)(?![a-zA-Z])))"
)
_OVERLINED = re.compile("((?:\\d\u0305)+)")
# The end of a decimal that goes on: one digit three times, or a block twice.
_REPEATED = re.compile(r"(\d)\1\1+\Z|(\d{2,6}?)\2+\Z")


def spell_signs(text: str) -> str:
    """The text in ASCII and LaTeX, where a sign has such a spelling; linear in its length."""
    if text.isascii():
        return text
    if "\u0305" in text:
        text = _OVERLINED.sub(lambda found: rf"\overline{{{found[1].replace(chr(0x305), '')}}}", text)
    text = _SMALL_FRACTION.sub(
        lambda found: rf"\frac{{{found[1].translate(_RAISED)}}}{{{found[2].translate(_LOWERED)}}}", text
    )
    text = _RAISED_RUN.sub(lambda found: f"^{{{found[0].translate(_RAISED)}}}", text)
    text = _LOWERED_RUN.sub(lambda found: f"_{{{found[0].translate(_LOWERED)}}}", text)
    return text.translate(SIGNS)


def spell_recurring(text: str) -> str:
    r"""The text with recurring decimals as fractions: `0.1\overline{6}`, `0.1(6)`, `0.1\dot{6}` and `0.1666...` are 1/6."""
    return _RECURRING.sub(_fraction_of, text)


def _fraction_of(found: re.Match[str]) -> str:
    head, period = found["head"], found["bar"] or found["bracket"]
    if found["first"]:
        period = found["first"] + (found["between"] or "") + (found["last"] or "")
    elif period is None:
        repeated = _REPEATED.search(head[-MAX_RECURRING_DIGITS:])
        if repeated is None:
            return found[0]
        head, period = head[: len(head) - len(repeated[0])], repeated[1] or repeated[2]
    if len(found["whole"] + head + period) > MAX_RECURRING_DIGITS:
        return found[0]
    scale = 10 ** len(head)
    value = Fraction(int((found["whole"] or "0") + head), scale) + Fraction(
        int(period), scale * (10 ** len(period) - 1)
    )
    return f"({value.numerator}/{value.denominator})"
