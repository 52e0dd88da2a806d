"""Numerals of Unicode as a keyboard writes them: `2½` is `2 1/2`, `x²` is `x^2`, `a₁₀` is `a_10`.

plain_numerals("1½ cups, 10⁹ + 7")        # "1 1/2 cups, 10^9 + 7"
"""

import re
import unicodedata

_VULGAR = "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_LOWERED = "₀₁₂₃₄₅₆₇₈₉"
_SIGNS = str.maketrans({"\u2212": "-", "\u2044": "/", "\u2215": "/", "\uff0d": "-", "\uff05": "%"})
_NUMERAL = re.compile(
    rf"(?P<vulgar>(?<!\d)[{_VULGAR}])|(?P<mixed>[{_VULGAR}])|(?P<raised>⁻?[{_RAISED}]+)|(?P<lowered>[{_LOWERED}]+)"
    r"|(?P<wide>[０-９]+)|(?P<space>(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d)))"
)


def plain_numerals(text: str) -> str:
    """The text with the digits and fractions of Unicode written in ASCII; other text as it is."""
    if text.isascii():
        return text
    return _NUMERAL.sub(_write_plainly, text.translate(_SIGNS))


def _write_plainly(match: re.Match[str]) -> str:
    plain = unicodedata.normalize("NFKC", match[0]).replace("\u2044", "/").replace("\u2212", "-")
    marks = {"mixed": " ", "raised": "^", "lowered": "_"}
    return "" if match["space"] else marks.get(str(match.lastgroup), "") + plain
