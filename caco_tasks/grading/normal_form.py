"""One spelling for the many ways to write the same mathematics: LaTeX dressing off, Unicode signs to ASCII or LaTeX."""

import re

_SIGNS = str.maketrans(
    {
        **dict.fromkeys("\u2212\u2013\u2014\u2012", "-"),
        **dict.fromkeys("\u00a0\u2009\u202f\u2002\u2003\t\n\r\f\v", " "),
        **dict.fromkeys("“”″", '"'),
        **dict.fromkeys("\u2018\u2019\u2032", "'"),
        **dict.fromkeys("\u200b\u200c\u200d\ufeff", ""),
        "\u00d7": r"\times ",
        "·": r"\cdot ",
        "÷": "/",
        "\u2044": "/",
        "π": r"\pi ",
        "∞": r"\infty ",
        "√": r"\sqrt ",
        "≤": r"\le ",
        "≥": r"\ge ",
        "≠": r"\ne ",
        "≈": r"\approx ",
        "∈": r"\in ",
        "\u222a": r"\cup ",
        "∩": r"\cap ",
        "±": r"\pm ",
        "∅": r"\emptyset ",
        "°": r"\degree ",
        "⁰": "^{0}",
        "¹": "^{1}",
        "²": "^{2}",
        "³": "^{3}",
        "⁴": "^{4}",
        "½": r"\frac{1}{2}",
        "¼": r"\frac{1}{4}",
        "¾": r"\frac{3}{4}",
        "€": "",
        "£": "",
        "¥": "",
    }
)
_ESCAPED_TWICE = re.compile(r"\\\\(?=[a-zA-Z])")
_SIZES = re.compile(
    r"\\(?:left|right|[bB]igg?[lrm]?|displaystyle|textstyle|limits|nolimits|!|m(?:left|right))(?![a-zA-Z])\.?"
)
_THIN = re.compile(r"\\!\s*")
_SPACES = re.compile(
    r"(?<!\\)\\(?:[,;:> ]|quad(?![a-zA-Z])|qquad(?![a-zA-Z])|noindent(?![a-zA-Z])|hspace\{[^{}]*\})|~|\s+"
)
_FRACTIONS = re.compile(r"\\[dtc]frac(?![a-zA-Z])")
_WRAPPERS = re.compile(
    r"\\(?:text[a-z]*|math(?:rm|bf|it|sf|tt|cal|bb|ord|normal)|mbox|hbox|fbox|boxed"
    r"|operatorname\*?|boldsymbol|bm|ensuremath|rm)"
    r"\s*\{([^{}]*)\}"
)
_STYLES = re.compile(r"\{?\\(?:rm|bf|it|mathrm|mathbf|mathit|text)(?![a-zA-Z{])")
_MODULES = re.compile(r"(?<![\w.\\])(?:np|numpy|sp|sympy|mpmath|math|fractions|decimal|datetime)\.(?=[A-Za-z])")
_AND = re.compile(r"(?:,\s*)?(?<![a-zA-Z\\])(?:and|or)(?![a-zA-Z])", re.IGNORECASE)
_GROUPED = re.compile(r"(?<![\d.,\w])\d{1,3}(?:,\d{3})+(?![\d,])")
_GROUPED_BY_SPACE = re.compile(r"[-+]?\d{1,3}(?: \d{3})+(?:\.\d+)?")
_SCALES = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_SCALED = re.compile(rf"(?<=\d)[ ~-]?({'|'.join(_SCALES)})s?(?![a-zA-Z])", re.IGNORECASE)
_TIMES_TEN = re.compile(r"(?<=\d)\s*[xX]\s*(?=10\s*\^)")
_DEGREES = re.compile(
    r"(\\(?:sin|cos|tan|cot|sec|csc))\s*[({]?\s*(\d+(?:\.\d+)?)\s*\^?\s*(?:\{\s*\\circ\s*\}|\\circ|\\degree)\s*[)}]?"
)
_BRACKETS = re.compile(r"[(\[]|\\\{")
_DELIMITERS = re.compile(r"\\[()]|\\\[|\\\]|\\?\$")
_LEADING = " ,;:="
_TRAILING = " .,;:\\"
_QUOTES = {'"': '"', "'": "'", "`": "`"}
NESTED_WRAPPERS = 4


def clean(text: str) -> str:
    """The text with dressing removed; linear in its length. The result is a mixture of LaTeX and plain mathematics."""
    text = text.translate(_SIGNS)
    # A JSON string that was escaped twice; in a matrix two backslashes end a row.
    if "matrix" not in text and "array" not in text and "cases" not in text:
        text = _ESCAPED_TWICE.sub(r"\\", text)
    text = _DELIMITERS.sub(" ", text) if "$" in text or "\\" in text else text
    if "\\" in text:
        text = _clean_latex(text)
    text = text.replace("{,}", ",")  # 1{,}000
    # Python's power, unless the text begins in bold type.
    text = text.replace("**", "^") if "**" in text and not text.startswith("**") else text.replace("**", " ")
    text = _TIMES_TEN.sub("*", _SCALED.sub(lambda found: f"*10^{_SCALES[found[1].lower()]}", text))
    text = _MODULES.sub("", _AND.sub(",", text))
    text = " ".join(text.split()).lstrip(_LEADING).rstrip(_TRAILING)
    if len(text) >= 2 and _QUOTES.get(text[0]) == text[-1] and text[0] not in text[1:-1]:
        text = text[1:-1].strip()
    # Inside brackets a comma separates: (1,234) is a pair.
    if "," in text and not _BRACKETS.search(text):
        text = _GROUPED.sub(lambda match: match[0].replace(",", ""), text)
    return text.replace(" ", "") if _GROUPED_BY_SPACE.fullmatch(text) else text


def _clean_latex(text: str) -> str:
    text = text.replace(r"\%", "%").replace(r"\_", "_").replace(",\\ ", ", ")
    text = _DEGREES.sub(r"\1(\2*\\pi/180)", _THIN.sub("", text))
    text = _FRACTIONS.sub(r"\\frac", _SIZES.sub(" ", text))
    # From the inside out: \text{\mathbf{5}} takes two rounds.
    for _ in range(NESTED_WRAPPERS):
        text, found = _WRAPPERS.subn(r" \1 ", text)
        if not found:
            break
    return _STYLES.sub(lambda match: "{" if match[0].startswith("{") else " ", _SPACES.sub(" ", text))
