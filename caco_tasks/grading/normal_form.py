"""One spelling for the many ways to write the same mathematics: LaTeX dressing off, Unicode signs to ASCII or LaTeX."""

import re

from caco_tasks.grading.signs import spell_recurring, spell_signs

_BLANKS = str.maketrans(dict.fromkeys("\t\n\r\f\v", " "))
_ESCAPED_TWICE = re.compile(r"\\\\(?=[a-zA-Z])")
_SIZES = re.compile(
    r"\\(?:left|right|[bB]igg?[lrm]?|displaystyle|textstyle|limits|nolimits|!|m(?:left|right))(?![a-zA-Z])\.?"
)
_THIN = re.compile(r"\\!\s*")
_SPACES = re.compile(
    r"(?<!\\)\\(?:[,;:> ]|quad(?![a-zA-Z])|qquad(?![a-zA-Z])|noindent(?![a-zA-Z])|hspace\{[^{}]*\})|~|\s+"
)
_FRACTIONS = re.compile(r"\\[dtc]frac(?![a-zA-Z])")
_BINOMIALS = re.compile(r"\\[dt]binom(?![a-zA-Z])")
_OVERS = {"over": "frac", "choose": "binom"}
_WRAPPERS = re.compile(
    r"\\(?:text[a-z]*|math(?:rm|bf|it|sf|tt|cal|bb|ord|normal)|mbox|hbox|fbox|boxed"
    r"|operatorname\*?|boldsymbol|bm|ensuremath|rm)"
    r"\s*\{([^{}]*)\}"
)
_STYLES = re.compile(r"\{?\\(?:rm|bf|it|mathrm|mathbf|mathit|mathbb|text)(?![a-zA-Z{])")
_MODULES = re.compile(r"(?<![\w.\\])(?:np|numpy|sp|sympy|mpmath|math|fractions|decimal|datetime)\.(?=[A-Za-z])")
_AND = re.compile(r"(?:,\s*)?(?<![a-zA-Z\\])(?:and|or)(?![a-zA-Z])", re.IGNORECASE)
_GROUPED = re.compile(r"(?<![\d.,\w])\d{1,3}(?:,\d{3})+(?![\d,])")
_GROUPED_BY_SPACE = re.compile(r"[-+]?\d{1,3}(?: \d{3})+(?:\.\d+)?")
_SCALES = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_SCALED = re.compile(rf"(?<=\d)[ ~-]?({'|'.join(_SCALES)})s?(?![a-zA-Z])", re.IGNORECASE)
_DOZENS = re.compile(r"(?<=\d)\s?dozens?(?![a-zA-Z])", re.IGNORECASE)
_TIMES_TEN = re.compile(r"(?<=\d)\s*[xX]\s*(?=10\s*\^)")
_TWO_LETTERS = re.compile(r"[A-Za-z]{2}")
_OVER = re.compile(r"\{([^{}]*)\\(over|choose)(?![a-zA-Z])([^{}]*)\}")
_UNEQUAL = re.compile(r"=\s?/\s?=|<>|\\not\s*=|/=")
_NOT_MORE = re.compile(r"(?<![=<>])=<")
_LOG_BASE = re.compile(r"\\?log(10|2)\s*(?=\()")
_ANGLED = re.compile(r"\\langle(.*?)\\rangle")
_ANGLED_PLAIN = re.compile(r"<([^<>=|]*,[^<>=|]*)>")
_MIXED_BY_AND = re.compile(r"(?<![\d/.])(\d+) and (\d+\s?/\s?\d+)(?![\d/])")
_MATRIX_BY_BLANKS = re.compile(r"\[\s*(-?[\d./]+(?:\s+-?[\d./]+)*(?:\s*;\s*-?[\d./]+(?:\s+-?[\d./]+)*)+)\s*\]")
_APPROXIMATELY = re.compile(
    r"\A\s*(?:(?:approximately|approx\.?|about|roughly|around|exactly|precisely)\s|\\approx(?![a-z])|~)\s*", re.I
)
_CIRCLE = r"\s*\^?\s*(?:\{\s*\\(?:circ|degree)\s*\}|\\circ(?![a-z])|\\degree(?![a-z]))"
_DEGREES = re.compile(
    rf"\\?((?<![a-z])(?:sin|cos|tan|cot|sec|csc|cis))\s*(?:\(\s*(\d+(?:\.\d+)?){_CIRCLE}\s*\)|\{{?\s*(\d+(?:\.\d+)?){_CIRCLE})"
)
_CHOOSE = re.compile(
    r"(?<![\w.\\])(?:\{\}\s*)?(?:_?\{?(?P<n>\d{1,4})\}?\s?C\s?_?\{?(?P<k>\d{1,4})\}?|C\s?\(\s*(?P<n1>\d{1,4})\s*,\s*(?P<k1>\d{1,4})\s*\)"
    r"|C_\{?(?P<n2>\d{1,4})\}?\^\{?(?P<k2>\d{1,4})\}?)(?![\w.])"
)
_ANGLE = re.compile(r"(?:(?<![A-Za-z])m\s*)?\\angle\s*\{?\s*([A-Z]{1,3})\s*\}?(?=\s*=)")
_REALS = re.compile(r"\\(?:mathbb|mathbf|Bbb)\s*(?:\{\s*R\s*\}|R(?![a-zA-Z]))|\\R(?![a-zA-Z])")
_IN_REALS = re.compile(r",\s*[a-z]\s*\\in\s*\\Reals\s*\Z|\A\s*[a-z]\s*\\in\s*\\Reals\s*,")
_BUILDER = re.compile(r"\s*\\?\{\s*([a-z])\s*(?:\\in\s*\\Reals\s*)?(?:\\mid|[:|])\s*(.*?)\s*\\?\}\s*", re.DOTALL)
_INEQUALITY = re.compile(r"[<>]|!=|\\(?:l|g|n)(?:e|eq|t|eqslant)(?![a-zA-Z])")
_LOGIC = re.compile(
    r"\s*,?\s*(?:(?<![a-zA-Z\\])(and|or)(?![a-zA-Z])|\\(land|lor|wedge|vee)(?![a-zA-Z]))\s*", re.IGNORECASE
)
_LOGIC_SIGNS = {
    "and": r" \land ",
    "land": r" \land ",
    "wedge": r" \land ",
    "or": r" \lor ",
    "lor": r" \lor ",
    "vee": r" \lor ",
}
_BRACKETS = re.compile(r"[(\[]|\\\{")
_DELIMITERS = re.compile(r"\\[()]|\\\[|\\\]|\\?\$")
# One sign of money before a number, or behind it, and no other dollar: two of them are the marks of a formula.
_MONEY = re.compile(r"\A\s*(?:\$\s*)?[-+]?\s*(\\?\$|[\u20ac\u00a3\u00a5\u20b9])\s?(?=[-+]?\.?\d)")
_MONEY_BEHIND = re.compile(r"\d\s?(\\?\$|[\u20ac\u00a3\u00a5\u20b9])\s*\.?\s*\Z")
_CURRENCIES = {"$": "dollars", "\u20ac": "euros", "\u00a3": "pounds", "\u00a5": "yen", "\u20b9": "rupees"}
_CURRENCY_SIGNS = re.compile("[\u20ac\u00a3\u00a5\u20b9]")
_PLAIN_NUMBER = re.compile(r"[-+]?(?:[\d,. ]*\d(?:\*10\^\d+)?|\(\d+/\d+\))")
_LEADING = " ,;:="
_TRAILING = " .,;:\\"
_QUOTES = {'"': '"', "'": "'", "`": "`"}
NESTED_WRAPPERS = 4


def clean(text: str) -> str:
    """The text with dressing removed; linear in its length. The result is a mixture of LaTeX and plain mathematics."""
    currency = _find_currency(text)
    text = spell_signs(text) if not text.isascii() else text.translate(_BLANKS)
    # A JSON string that was escaped twice; in a matrix two backslashes end a row.
    if "matrix" not in text and "array" not in text and "cases" not in text:
        text = _ESCAPED_TWICE.sub(r"\\", text)
    text = _DELIMITERS.sub(" ", text) if "$" in text or "\\" in text else text
    if "\\" in text:
        text = _clean_latex(text)
    text = _without_builder(text) if "{" in text and ("|" in text or ":" in text or r"\mid" in text) else text
    text = _CURRENCY_SIGNS.sub("", text) if not text.isascii() else text
    text = _plain_forms(text)
    text = text.replace("{,}", ",")  # 1{,}000
    # Python's power, unless the text begins in bold type.
    text = text.replace("**", "^") if "**" in text and not text.startswith("**") else text.replace("**", " ")
    text = _TIMES_TEN.sub("*", text) if "10" in text else text
    if _TWO_LETTERS.search(text):
        text = _plain_words(text)
    text = " ".join(text.split()).lstrip(_LEADING).rstrip(_TRAILING)
    if len(text) >= 2 and _QUOTES.get(text[0]) == text[-1] and text[0] not in text[1:-1]:
        text = text[1:-1].strip()
    # Inside brackets a comma separates: (1,234) is a pair.
    if "," in text and not _BRACKETS.search(text):
        text = _GROUPED.sub(lambda match: match[0].replace(",", ""), text)
    text = text.replace(" ", "") if _GROUPED_BY_SPACE.fullmatch(text) else text
    return f"{text} {currency}" if currency and _PLAIN_NUMBER.fullmatch(text) else text


def _plain_words(text: str) -> str:
    """The words of scales, lists and modules of Python as signs."""
    text = _DOZENS.sub("*12", text) if "dozen" in text else text
    text = _SCALED.sub(lambda found: f"*10^{_SCALES[found[1].lower()]}", text)
    return _MODULES.sub("", _AND.sub(",", text))


def _find_currency(text: str) -> str | None:
    """The currency of an amount of money, in words; None where a text is none."""
    if "$" not in text and (text.isascii() or not _CURRENCY_SIGNS.search(text)):
        return None
    found = _MONEY.match(text) or _MONEY_BEHIND.search(text)
    if found is None:
        return None
    sign = found[1][-1]
    is_marked = found[1].startswith("\\") or text.count("$") <= 1
    return _CURRENCIES[sign] if is_marked else None


def _plain_forms(text: str) -> str:
    """The one spelling of forms that have several in LaTeX and plain text alike."""
    text = _APPROXIMATELY.sub("", text, count=1)
    if "=" in text or "<" in text:
        text = _NOT_MORE.sub("<=", _UNEQUAL.sub("!=", text))
        text = _ANGLED_PLAIN.sub(r"(\1)", text)
    if "log" in text:
        text = _LOG_BASE.sub(r"\\log_{\1}", text)
    if ";" in text:
        text = _MATRIX_BY_BLANKS.sub(_matrix_of, text)
    if "." in text:
        text = spell_recurring(text)
    if "C" in text and any(map(str.isdigit, text)):
        text = _CHOOSE.sub(_binomial_of, text)
    if " and " in text or " or " in text or "\\" in text:
        text = _plain_logic(text)
    return _MIXED_BY_AND.sub(r"\1 \2", text) if " and " in text else text


def _plain_logic(text: str) -> str:
    """And and or between inequalities as signs; elsewhere they separate the items of a list."""
    if _INEQUALITY.search(text):
        return _LOGIC.sub(lambda found: _LOGIC_SIGNS[(found[1] or found[2]).lower()], text)
    return text


def _binomial_of(found: re.Match[str]) -> str:
    above, below = (found[name] or found[f"{name}1"] or found[f"{name}2"] for name in "nk")
    return rf"\binom{{{above}}}{{{below}}}"


def _without_builder(text: str) -> str:
    r"""The condition of `\{t : t > 2\}`, of a variable that is always x; any other text as it is."""
    found = _BUILDER.fullmatch(text)
    if found is None or not _INEQUALITY.search(found[2]):
        return text
    return re.sub(rf"(?<![A-Za-z\\]){found[1]}(?![A-Za-z])", "x", found[2])


def _matrix_of(found: re.Match[str]) -> str:
    rows = [", ".join(row.split()) for row in found[1].split(";")]
    return f"[{', '.join(f'[{row}]' for row in rows)}]"


def _clean_latex(text: str) -> str:
    if r"\over" in text or r"\choose" in text:
        text = _OVER.sub(lambda found: rf"\{_OVERS[found[2]]}{{{found[1]}}}{{{found[3]}}}", text)
    if r"\langle" in text:
        text = _ANGLED.sub(r"(\1)", text)
    if "R" in text:
        text = _REALS.sub(r"\\Reals ", text)
    text = text.replace(r"\colon", ":")
    if r"\Reals" in text:
        text = _IN_REALS.sub("", text)
    text = _ANGLE.sub(r"A_{\1}", text) if r"\angle" in text else text
    text = text.replace(r"\%", "%").replace(r"\_", "_").replace(",\\ ", ", ")
    text = _THIN.sub("", text)
    text = _BINOMIALS.sub(r"\\binom", _FRACTIONS.sub(r"\\frac", _SIZES.sub(" ", text)))
    # From the inside out: \text{\mathbf{5}} takes two rounds.
    for _ in range(NESTED_WRAPPERS):
        text, found = _WRAPPERS.subn(r" \1 ", text)
        if not found:
            break
    text = _DEGREES.sub(lambda found: rf"\{found[1]}({found[2] or found[3]}*\pi/180)", text)
    return _STYLES.sub(lambda match: "{" if match[0].startswith("{") else " ", _SPACES.sub(" ", text))
