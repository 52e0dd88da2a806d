r"""Where a solution leaves plain arithmetic: algebra, functions, congruences, drawings, tables, sums with dots.

    find_other_mathematics("5 * 3 = 15, so x^2 - y = 9")  # 17: the place of the x

The checks of steps follow numbers through plain arithmetic alone. Behind other mathematics a number may come from what
they did not follow, so they cannot say that it comes from nowhere. Nothing is computed here: signs and letters are found.
"""

import re
import unicodedata

# Commands of LaTeX that arithmetic is written with, or that only shape the page.
_PLAIN_COMMANDS = (
    "frac dfrac tfrac cfrac times cdot div text textbf textit mathrm mathbf mbox boxed fbox left right big Big bigl bigr "
    "approx le ge leq geq lt gt ne neq quad qquad Rightarrow rightarrow Longrightarrow implies to therefore because "
    "displaystyle begin end hspace hline par item noindent degree circ"
).replace(" ", "|")
_PLAIN_SIGNS = "×÷·⋅−–—≈≠≤≥→⇒∴°²³½¼¾¢£€¥•“”‘’…"  # beyond ASCII
_ENVIRONMENTS = r"align|aligned|equation|gather|gathered|center|itemize|enumerate|split"
_FUNCTIONS = "sqrt|gcd|lcm|hcf|log|ln|sin|cos|tan|max|min|floor|ceil"
_WORDS = (
    "[Dd]iscriminant|[Dd]eterminant|[Dd]erivative|[Ii]ntegral|[Ll]ogarithm|[Cc]ongruen|[Mm]odulo\\b"
    "|[Mm]odular (?:arithmetic|inverse)"
)
_SIGN_BEHIND = r"\s?(?:[=^<>+*/]|\\(?:cdot|times|le|ge|ne|lt|gt)|[-\u2212](?:\s?\d|\s))"
# A letter is a variable where arithmetic stands beside it, but for units (5 m + 3 m, km/h) and words (a, I).
_VARIABLE = rf"""
      (?<![A-Za-z\\'’])[A-Za-z](?=\()
    | (?<![A-Za-z\\'’\d])[abd-fi-kn-rt-zABD-Z](?={_SIGN_BEHIND})
    | (?<![A-Za-z\\'’\d])(?<!\d\s)[cghlmsC](?={_SIGN_BEHIND})
    | (?<=[=+*^])\s?-?[b-zB-HJ-Z](?![A-Za-z'’]) | (?<=\d/)[A-Za-z](?![A-Za-z'’]) | (?<=\s/\s)[A-Za-z](?![A-Za-z'’])
    | (?<=\()-?[A-Za-z](?=[-+*/^=,]) | (?<=\s[-\u2212]\s)[b-zB-HJ-Z](?![A-Za-z'’])
    | (?<=\d)x(?=\s?[-+=)]) | (?<=\d)[abd-fi-kn-rt-wyzA-KM-Z](?![A-Za-z]) | (?<=\d)[A-Za-z](?=\^)
    | (?<=\}}\{{)[A-Za-z](?=\}}) | (?<=frac\{{)[A-Za-z](?=\}})
    | \$\s?-?[A-Za-z](?![A-Za-z]) | (?<![A-Za-z\\'’])[B-HJ-Zb-z]\$
"""
_SIGN = rf"""
      \[asy\] | \\[#&]
    | \\begin\s*\{{(?!(?:{_ENVIRONMENTS})\*?\}})
    | \\(?!(?:{_PLAIN_COMMANDS})(?![a-zA-Z]))[a-zA-Z]+
    | (?<=[-+*,])\s?(?:\.\.\.|…) | (?:\.\.\.|…)(?=\s?[-+*=,])
    | (?<=[\w}}\])])_(?=[\d{{]|[A-Za-z](?![A-Za-z]))
    | (?<![A-Za-z])(?:{_FUNCTIONS})(?=\s*\()
    | \b(?:{_WORDS})
    | [^\x00-\x7f{_PLAIN_SIGNS}]
"""
_OTHER_SIGN = re.compile(_SIGN, re.VERBOSE)
_OTHER_OR_VARIABLE = re.compile(rf"{_SIGN} | (?P<variable>{_VARIABLE})", re.VERBOSE)
_LATEX = re.compile(r"\$[^\s\d]|\\[\[(]|\\begin")
_RELATION = re.compile(r"[=<>≈≤≥≠]")


def find_other_mathematics(text: str) -> int:
    """The place of the first sign of mathematics beyond plain arithmetic; the text's length where there is none.

    `text` is one solution, in any markup; linear in its length. A letter without a relation on its line gives no number.
    """
    is_latex = _LATEX.search(text) is not None
    start = 0
    for line in [text] if is_latex else text.splitlines(keepends=True):
        place = _find_sign(line, with_variables=is_latex or _RELATION.search(line) is not None)
        if place is not None:
            return start + place
        start += len(line)
    return len(text)


def needs_other_mathematics(problem: str) -> bool:
    """Whether a problem holds signs, functions, tables or drawings beyond plain arithmetic, or letters in LaTeX.

    Letters in plain text (x + y = 80) are left to the steps, which say in words what they do with them.
    """
    return _find_sign(problem, with_variables=_LATEX.search(problem) is not None) is not None


def _find_sign(text: str, *, with_variables: bool) -> int | None:
    found = (_OTHER_OR_VARIABLE if with_variables else _OTHER_SIGN).finditer(text)
    return next((match.start() for match in found if _is_other_sign(match)), None)


def _is_other_sign(match: re.Match[str]) -> bool:
    """Whether a match is no single letter of a language, but a symbol, a digit set high or low, or a Greek letter."""
    sign = match[0]
    if len(sign) > 1 or sign.isascii():
        return True
    return unicodedata.category(sign) in ("Sm", "No", "So", "Lm") or "GREEK" in unicodedata.name(sign, "")
