r"""The words of a problem, blind to how it is set: the form in which problems are compared with protected ones.

    words("Ma\u00adria packs **twelve** jars of $x^2$&nbsp;cm.")   # ["maria", "packs", "12", "jars", "of", "x", "^", "2", "cm"]
    words("书比钢笔贵9元")                                          # ["书", "比", "钢", "笔", "贵", "9", "元"]

Multiplication is not told apart from standing side by side: `2*x` is `2x`, and the asterisks of emphasis are gone.
"""

import re
import unicodedata
from fractions import Fraction

from caco_tasks.boxed import last_box
from caco_tasks.checks.decontamination.markup import without_markup
from caco_tasks.number_words import CARDINALS, DENOMINATORS, SCALES, read_cardinal

_COMMAND = re.compile(r"\\(?:([a-z]+)\*?|[^a-z])")
_LAYOUT_COMMANDS = (
    "left right big bigl bigr bigg biggl biggr displaystyle textstyle scriptstyle limits text textbf textit textrm "
    "textsf texttt textsc textnormal emph underline overline bar vec overrightarrow widehat hat mathrm mathbf mathit "
    "mathsf mathcal mathbb mathfrak boldsymbol bold bf rm it cal operatorname mathop mbox hbox boxed fbox phantom "
    "hphantom cdot times ast quad qquad ldots cdots dots dotsb dotsc dotsm dotso vdots hline hfill newline par item "
    "noindent medskip bigskip smallskip allowbreak centering tag label ensuremath"
)
_LAYOUT = frozenset(_LAYOUT_COMMANDS.split())
_OPERATORS = {
    "div": "/", "frac": "/", "over": "/", "le": "leq", "leqslant": "leq", "ge": "geq", "geqslant": "geq", "ne": "neq",
    "lt": "<", "gt": ">", "degree": "degrees", "to": "rightarrow", "longrightarrow": "rightarrow", "dbinom": "binom",
    "tbinom": "binom", "implies": "rightarrow", "varphi": "phi", "varepsilon": "epsilon", "bigtriangleup": "triangle",
    "lvert": "", "rvert": "", "vert": "", "mid": "", "colon": "", "pounds": "",
}  # fmt: skip
_BLOCK = re.compile(
    r"\\(?:begin|end)\s*\{[a-z]+\*?\}(?:\s*\{[lcrp|@\s]*\})?|\\(?:[hv]space\*?|(?:text)?color)\s*\{[^{}]*\}"
)
_FRACTION = re.compile(r"\\[dtc]?frac\s*(?:\{([^{}]*)\}|([0-9a-z]))\s*(?:\{([^{}]*)\}|([0-9a-z]))")
_NESTED_FRACTIONS = 4  # so deep are they read from the inside
_DEGREES = re.compile(r"\^\s{0,3}\{?\s{0,3}\\circ(?![a-z])(?:\s{0,3}\})?")
_THOUSANDS = re.compile(r"(?<=\d)(?:,|\{,\}|\\,|,?\\!,?(?:\\!)?)(?=\d{3}(?!\d))")
_QUOTES = re.compile(r"['`]")
_PERCENT = re.compile(r"\bper ?cent\b")
_DASH = re.compile(r"(?<=[^\W\d_]{2}) ?-{1,3}\s?(?=[^\W\d_]{2})")
_LONG_DASH = re.compile(r"--+")
_RELATION = re.compile(r"[<>!]=")
_RELATIONS = {"<=": " leq ", ">=": " geq ", "!=": " neq "}
_DECIMAL = re.compile(r"\.[0-9]")
_LONG_DECIMAL = re.compile(r"(?<![\d.])\.(?=\d)|(?<=\d)\.0+(?!\d)|(\.\d*?[1-9])0+(?!\d)")

# Letters that are written without spaces between words: each is a word of its own. Thai, Lao, Tibetan, Burmese, Khmer,
# kana and Han.
_UNSPACED = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e80-\u0ece\u0edc-\u0edf\u0f40-\u0fbc\u1000-\u103f\u1050-\u109d\u1780-\u17d3"
    "\u3005\u3041-\u3096\u30a1-\u30fa\u30fc\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_FIRST_UNSPACED = "\u0e01"
_ASCII_WORDS = re.compile(r"[0-9]+(?:\.[0-9]+)?|[a-z]+|[-+/^=<>%]")
_WORDS = re.compile(rf"[0-9]+(?:\.[0-9]+)?|[{_UNSPACED}]|(?:(?![{_UNSPACED}])[^\W\d_])+|[-+/^=<>%]")
_HAN_NUMBER = re.compile("(?<![0-9.])[0-9.]*+[〇零一二两兩三四五六七八九十百千万萬亿億]+")
_HAN_DIGITS = dict(zip("〇零一二两兩三四五六七八九", (0, 0, 1, 2, 2, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
_HAN_UNITS = {"十": 10, "百": 100, "千": 1000}
_HAN_SCALES = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_FOREIGN_DIGIT = re.compile(r"(?![0-9])\d")
_ACCENTS = re.compile("[\u0300-\u036f]+")

_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_SYMBOLS = str.maketrans(
    {character: f"^{digit}" for digit, character in enumerate(_SUPERSCRIPTS)}
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d", "-")
    | dict.fromkeys("\u00d7\u22c5\u00b7\u2219\u2217\u2062", " ")
    | dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bc\uff07\u201c\u201d\u201e\u2033", "'")
    | {"\u00f7": "/", "\u2044": "/", "\u2215": "/", "\uff0f": "/", "\u2236": ":", "\u00a0": " ", "\u202f": " "}
    | {
        "≤": " leq ", "⩽": " leq ", "≦": " leq ", "≥": " geq ", "⩾": " geq ", "≧": " geq ", "≠": " neq ",
        "°": " degrees ", "℃": " degrees c", "℉": " degrees f", "√": " sqrt ", "∞": " infty ", "±": " pm ",
        "∈": " in ", "∉": " notin ", "∪": " cup ", "∩": " cap ", "⊂": " subset ", "⊆": " subseteq ", "∅": " emptyset ",
        "∠": " angle ", "△": " triangle ", "▵": " triangle ", "⊥": " perp ", "∥": " parallel ", "≅": " cong ",
        "∼": " sim ", "≈": " approx ", "≡": " equiv ", "∑": " sum ", "∏": " prod ", "∫": " int ", "→": " rightarrow ",
        "⇒": " rightarrow ", "⌊": " lfloor ", "⌋": " rfloor ", "⌈": " lceil ", "⌉": " rceil ", "∘": " circ ",
        "…": " ", "½": " 1/2 ", "⅓": " 1/3 ", "⅔": " 2/3 ", "¼": " 1/4 ", "¾": " 3/4 ", "⅛": " 1/8 ", "％": "%",
    }
    | {
        letter: f" {name} "
        for name, letters in {
            "alpha": "αΑ", "beta": "βΒ", "gamma": "γΓ", "delta": "δΔ∆", "epsilon": "εϵ", "theta": "θΘϑ", "lambda": "λΛ",
            "mu": "μµ", "pi": "πΠ", "rho": "ρ", "sigma": "σΣ", "tau": "τ", "phi": "φϕΦ", "psi": "ψΨ", "omega": "ωΩ",
        }.items()
        for letter in letters
    }
)  # fmt: skip


def words(text: str) -> list[str]:
    """The words, numbers and operators of `text`, in order, and the single letters of scripts without spaces.

    Without markup and drawings, NFKC, lower case, without accents, LaTeX layout, punctuation and thousands commas;
    numbers in words are digits, and symbols have one spelling.
    """
    text = without_markup(text)
    if not text.isascii():
        text = _spell_symbols(text)
    text = text.lower()
    if "\\" in text:
        text = _without_latex(text)
    elif "," in text:
        text = _THOUSANDS.sub("", text)
    text = _one_spelling(text)
    if text.isascii():
        return _join_numbers(_ASCII_WORDS.findall(text))
    return _join_numbers(_WORDS.findall(text))


def is_number(token: str) -> bool:
    """Whether a token of `words` is a number."""
    return "0" <= token < ":"


def is_unspaced(token: str) -> bool:
    """Whether a token of `words` is a single letter of a script without spaces between words."""
    return token >= _FIRST_UNSPACED and len(token) == 1


def final_answer(text: str) -> str:
    """The final answer of `text`, spelt one way: after `####`, in the last \\boxed{}, or all of it."""
    box = None if "####" in text else last_box(text)
    tokens = words(box.content if box else text.rpartition("####")[2])
    joined = "".join(tokens)
    if len(joined) < 40 and _NUMBER.fullmatch(" ".join(tokens)):
        try:
            return str(Fraction(joined))
        except ZeroDivisionError:
            pass  # 1/0 stays as it is written
    return " ".join(tokens)


_NUMBER = re.compile(r"(?:- )?[0-9.]+(?: / [0-9]+)?")


def _spell_symbols(text: str) -> str:
    """NFKC in letters without accents, with the signs of mathematics as the commands that LaTeX has for them."""
    text = text.translate(_SYMBOLS)
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKD", text)
    text = unicodedata.normalize("NFKC", _ACCENTS.sub("", text)).translate(_SYMBOLS)
    text = _FOREIGN_DIGIT.sub(lambda found: str(unicodedata.digit(found[0])), text)
    return _HAN_NUMBER.sub(_read_han_number, text) if _HAN_NUMBER.search(text) else text


def _without_latex(text: str) -> str:
    """A text in lower case whose commands are words, or nothing where they only set it."""
    text = _THOUSANDS.sub("", text)
    text = _DEGREES.sub(" degrees ", _BLOCK.sub(" ", text))
    for _ in range(_NESTED_FRACTIONS if "frac" in text else 0):
        text, count = _FRACTION.subn(r" \1\2 / \3\4 ", text)
        if not count:
            break
    return _COMMAND.sub(_read_command, text)


def _read_command(found: re.Match[str]) -> str:
    name = found[1]
    if name is None:
        return found[0][1:] if found[0][1] in "%" else " "
    if name in _LAYOUT:
        return ""
    return f" {_OPERATORS.get(name, name)} "


def _one_spelling(text: str) -> str:
    """Percents, decimals, dashes and relations in one spelling."""
    text = _QUOTES.sub("", text)
    if "cent" in text:
        text = _PERCENT.sub("%", text)
    if "-" in text:
        text = _LONG_DASH.sub("-", _DASH.sub(" ", text))
    if "=" in text:
        text = _RELATION.sub(lambda found: _RELATIONS[found[0]], text)
    if _DECIMAL.search(text):
        text = _LONG_DECIMAL.sub(_read_decimal, text)
    return text


def _read_decimal(found: re.Match[str]) -> str:
    return found[1] or ("0." if found[0] == "." else "")


_STARTS = frozenset(CARDINALS)
_MAX_DIGITS = 15  # of a number in front of `million`


def _join_numbers(tokens: list[str]) -> list[str]:
    """Numbers in words as digits: `twenty five` is 25, `two thirds` 2 / 3, `5 million` 5000000."""
    if _STARTS.isdisjoint(tokens) and SCALES.keys().isdisjoint(tokens):
        return tokens
    joined: list[str] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        value, taken = read_cardinal(tokens[place : place + 20]) if token in _STARTS else (None, 1)
        if value is not None:
            token = str(value)
        elif token in SCALES and joined and is_number(joined[-1]) and len(joined[-1]) < _MAX_DIGITS:
            token = _multiply(joined.pop(), SCALES[token])
        elif token in SCALES and joined and joined[-1] == "a":
            joined[-1], token = str(SCALES[token]), ""
        joined += [token] if token else []
        place += taken
        if value is not None and place < len(tokens) and tokens[place] in DENOMINATORS:
            joined += ["/", str(DENOMINATORS[tokens[place]])]
            place += 1
    return joined


def _multiply(number: str, scale: int) -> str:
    value = Fraction(number) * scale
    return str(value) if value.denominator == 1 else str(float(value))


def _read_han_number(found: re.Match[str]) -> str:
    """A number in Han characters, which may begin with digits (`3万`), as digits; as it is where it is none."""
    total, section, digit = Fraction(0), Fraction(0), None
    digits = re.match(r"[0-9.]*", found[0])
    head = digits[0] if digits else ""
    rest = found[0][len(head) :]
    if len(found[0]) > 20 or (head and not re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", head)):
        return found[0]
    if head:
        if rest[0] in _HAN_DIGITS:
            return found[0]
        digit = Fraction(head)
    for character in rest:
        if character in _HAN_DIGITS:
            if digit is not None:
                return "".join(str(_HAN_DIGITS.get(one, one)) for one in found[0])
            digit = Fraction(_HAN_DIGITS[character]) or None
        elif character in _HAN_UNITS:
            section, digit = section + (1 if digit is None else digit) * _HAN_UNITS[character], None
        else:
            total, section, digit = (total + section + (digit or 0)) * _HAN_SCALES[character], Fraction(0), None
    value = total + section + (digit or 0)
    return str(value) if value.denominator == 1 else found[0]
