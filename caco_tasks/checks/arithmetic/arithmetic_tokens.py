"""The tokens of written arithmetic: every character of a text belongs to one, and what is not known is `unknown`."""

import re
import unicodedata
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from caco_tasks.numbers_in_text import digits_pattern, read_fraction, without_separators

MAX_DIGITS = 60  # of one number

VULGAR = {char: Fraction(unicodedata.numeric(char)).limit_denominator(10) for char in "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒"}
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
OPERATORS = {
    "\u00d7": "*", "\u00b7": "*", "\u22c5": "*", "\u2217": "*", "\u2219": "*", "\u00f7": "÷", "\u2044": "/",
    "\u2215": "/", "\u2212": "-", "\u2013": "-", "\u2014": "-", "**": "^", "\\times": "*", "\\cdot": "*",
    "\\div": "÷", "\\bmod": "mod", "\\mod": "mod", "＋": "+",
}  # fmt: skip
# The first alternatives, named `plain_…`, are what texts are made of, where nothing behind it could make it anything else:
# each is a short form of one further down, and saves trying all between. The order of the others matters.
TOKEN = re.compile(
    r"""
      (?P<blank>[ \t\u00a0\u2009\u202f\u200b\ufeff]+)
    | (?P<plain_word>[A-Za-z]{2,}(?![A-Za-z\d'\u2019/(-]|\.[ ]?[a-z]))
    | (?P<plain_number>\d+(?![\d{eEsnrt]|,\d|\.(?:[\d(]|\s*\\)))
    | (?P<plain_op>[-+*/](?=[ ]))
    | (?P<plain_equals>=(?=[ ]))
    | (?P<plain_stop>[.,;:?](?=[ \n](?![\s\\])))
    | (?P<plain_line>\n(?![\s&\\]))
    | (?=\d)(?:
          (?P<repeating>\d{0,60}\.\d{0,60}\s*\\(?:overline|bar|dot)\s*(?:\{\s*\d{1,60}\s*\}|\d)
            |\d{0,60}\.\d{0,60}(?:\d[\u0304\u0305\u0307])+|\d{1,60}\.\(\d{1,60}\))
        | (?P<ordinal>\d+(?:st|nd|rd|th)\b)
        | (?P<scientific>\d{1,40}(?:\.\d{1,40})?[eE][-+]?\d{1,3}(?![\d.a-zA-Z]))
        | (?P<number>NUMBER))
    | (?=[A-Za-z])(?:
          (?P<sqrt_word>(?<![A-Za-z.])sqrt(?=\())
        | (?P<cross>(?<![A-Za-z])[xX](?=[ ]?\\?[$(.]{0,2}\d|[ ]?[½⅓⅔¼¾]|[ ]?\\frac)|(?<=\s)[xX](?=[ ]-\d))
        | (?P<name>[A-Za-z]+\d[A-Za-z\d]*)
        | (?P<word>(?:sq|cu)\.[ ]?[a-z]{2,10}
            |[A-Za-z]+(?:['\u2019][A-Za-z]+|(?<=[A-Za-z]{2})-(?=[A-Za-z]{2})[A-Za-z]+)*(?:/[A-Za-z]+)*))
    | (?P<space>\\[,;:!>\ ]|`|&|~
        |\\(?:left|right|[bB]igg?[lrm]?|displaystyle|textstyle|limits|bf|rm)(?![a-zA-Z])\.?)
    | (?P<math>\\?\$|[€£¥₹]|\\[()])
    | (?P<display>\\[\[\]]
        |\\(?:begin|end)\s*\{(?:align|aligned|equation|gather|gathered|split|multline|eqnarray|flalign|center)\*?\}
        |\\(?:quad|qquad|[Rr]ightarrow|[Ll]ongrightarrow|implies|iff|to|[Ll]eftrightarrow|therefore|because)(?![a-zA-Z])
        |[→⇒⟹⇔∴]|[=-]>|={3,})
    | (?P<line>(?:\n|\\\\(?:\[\d{1,3}[a-z]{2}\])?)(?:[\s&]|\\q?quad(?![a-zA-Z]))*)
    | (?P<degree>°|º|\\degree(?![a-zA-Z])|\^\s*(?:\\circ(?![a-zA-Z])|\{\s*\\circ\s*\}))
    | (?P<repeating_part>\.\d{0,60}\s*\\(?:overline|bar|dot)\s*(?:\{\s*\d{1,60}\s*\}|\d)
        |\.\d{0,60}(?:\d[\u0304\u0305\u0307])+)
    | (?P<number_part>\.\d+)
    | (?P<vulgar>[½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒])
    | (?P<power>[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,20})
    | (?P<congruent>≡|\\equiv(?![a-zA-Z]))
    | (?P<about>≈|≃|≅|≒|\\(?:approx|simeq|cong|doteq)(?![a-zA-Z])|~=)
    | (?P<relation>=/=|≟|=\?|\?=|[<>≤≥≠]=?|(?<![\d)}\]])!==?|:=(?!=)|\\(?:[lg](?:e|eq|eqslant|t|l)|gg|neq?)(?![a-zA-Z])
        |\\not\s*=|\\(?:stackrel|overset)\s*\{[^{}\n]{0,20}\}\s*\{?=\}?)
    | (?P<equals>==?(?![=>])|＝)
    | (?P<frac>\\[dtc]?frac(?![a-zA-Z]))
    | (?P<binom>\\[dt]?binom(?![a-zA-Z]))
    | (?P<sqrt>\\sqrt(?=\s*\{)|√(?=[\d({]))
    | (?P<op>\*\*|//|[-+*/^\u00d7\u00b7\u00f7\u2212\u22c5\u2217\u2219\u2044\u2215＋]
        |\\(?:times|cdot|div|bmod|mod)(?![a-zA-Z]))
    | (?P<dash>[\u2013\u2014])
    | (?P<percent>\\?%|％)
    | (?P<open>[({\[（])
    | (?P<close>[)}\]）])
    | (?P<bang>!)
    | (?P<label>\\(?:text|mathrm|mbox|textrm|textnormal)\s*\{[\s~(]*[A-Za-z][A-Za-z .~,/-]*[\s)]*\}(?:\s*\^\s*(?:\{[23]\}|[23]))?)
    | (?P<boxed>\\(?:boxed|fbox|textbf|mathbf|boldsymbol|underline|textit|emph)\s*(?=\{))
    | (?P<ellipsis>\.{2,}|…|\\[lc]?dots(?:[bcm])?(?![a-zA-Z]))
    | (?P<stop>[.,;:?](?=\s|$|[A-Z"')\]”’*<]|\\|\$)|(?<=[A-Za-z)\]]):|[。，；：？、])
    | (?P<escaped>\\[^a-zA-Z\s])
    | (?P<neutral>["“”'‘’•●▪✓✔✅>]|\#(?=[\s#])|\|(?=\s)|(?<=\s)\|)
    | (?P<unknown>\\[a-zA-Z]+\*?|.)
    """.replace("NUMBER", digits_pattern(",", r"\{,\}")),
    re.VERBOSE | re.DOTALL,
)


class ArithmeticToken(NamedTuple):
    """A piece of arithmetic, with its place in the text.

    `kind` is `number`, `op`, `(`, `)`, `%`, `!`, `frac`, `sqrt`, `binom`, `scale` (million), `and` (of a mixed number) or
    `unknown`, which has no value.
    """

    kind: str
    text: str
    start: int
    end: int
    value: Fraction = Fraction(0)
    decimals: int | None = None  # digits shown behind the point; negative where an exponent moves it
    is_word: bool = False  # an operator that was written as a word


def scan(text: str) -> Iterator[re.Match[str]]:
    """The tokens of a plain text in order, without gaps; the group that matched is the kind."""
    return TOKEN.finditer(text)


def number_token(match: re.Match[str]) -> ArithmeticToken | None:
    """The number of a token in digits; None where it is longer than `MAX_DIGITS` or begins with a zero too many."""
    kind, text = match.lastgroup, match[0]
    if text.isdigit() and (len(text) == 1 or text[0] != "0") and len(text) <= MAX_DIGITS:
        return ArithmeticToken("number", text, match.start(), match.end(), read_fraction(text))
    if kind == "vulgar":
        return ArithmeticToken("number", text, match.start(), match.end(), VULGAR[text])
    if kind in ("repeating", "repeating_part"):
        return ArithmeticToken("number", text, match.start(), match.end(), _read_repeating(text))
    digits = without_separators(text)
    if len(digits) > MAX_DIGITS or (digits[0] == "0" and digits[1:2].isdigit()):
        return None
    mantissa, _, exponent = digits.lower().partition("e")
    _, point, behind = mantissa.partition(".")
    decimals = len(behind) - int(exponent or 0) if point or exponent else None
    value = Fraction(digits) if exponent or not point else Fraction(int(mantissa.replace(".", "")), 10 ** len(behind))
    return ArithmeticToken("number", text, match.start(), match.end(), value, decimals)


def _read_repeating(text: str) -> Fraction:
    r"""`0.1\overline{6}`, `0.(3)`, or a mark above the digits that come again."""
    whole, _, behind = text.partition(".")
    if "\\" in behind:
        once, again = re.findall(r"\d+", behind[: behind.index("\\")]), re.findall(r"\d+", behind[behind.index("\\") :])
        fixed, period = "".join(once), again[0]
    elif "(" in behind:
        fixed, period = "", behind.strip("()")
    else:
        period = "".join(re.findall(r"\d(?=[\u0304\u0305\u0307])", behind))
        fixed = re.match(r"\d*", behind)[0][:-1]  # type: ignore[index]
    value = Fraction(int(whole or 0)) + Fraction(int(fixed or 0), 10 ** len(fixed))
    return value + Fraction(int(period), (10 ** len(period) - 1) * 10 ** len(fixed))
