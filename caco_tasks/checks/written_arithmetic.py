"""Finds written arithmetic in a text: cuts it into statements of sides that are joined by equals signs, in one pass."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

from caco_tasks.grading.units import measure
from caco_tasks.numbers_in_text import digits_pattern, without_separators

MAX_CHARS = 200_000  # of a text that are read
MAX_SIDE_TOKENS = 200
MAX_DIGITS = 60  # of one number

_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\u00a0]+|\\[,;:! ]|\\?\$|[€£¥`]|&|\\left(?![a-zA-Z])|\\right(?![a-zA-Z])|\\[()\[\]]|~|\*\*(?!\s*[-+\d(.]))
    | (?P<line>(?:\n|\\\\)[\s&]*)
    | (?P<number>NUMBER)
    | (?P<about>≈|\\approx(?![a-zA-Z])|~=)
    | (?P<approx>[<>≤≥≠]=?|!=|\\(?:le|ge|leq|geq|ne|neq|lt|gt)(?![a-zA-Z]))
    | (?P<equals>={1,2}(?![=>]))
    | (?P<frac>\\[dtc]?frac(?![a-zA-Z]))
    | (?P<sqrt>\\sqrt(?=\s*\{)|(?<![A-Za-z.])sqrt(?=\()|√(?=[\d({]))
    | (?P<op>\*\*|//|[-+*/^\u00d7\u00b7\u00f7\u2212⋅]|\\(?:times|cdot|div|bmod|mod)(?![a-zA-Z]))
    | (?P<cross>[xX](?=[ ]?[$(.]{0,2}\d))
    | (?P<percent>\\?%)
    | (?P<open>[({]|\[)
    | (?P<close>[)}\]])
    | (?P<bang>!)
    | (?P<power>[²³])
    | (?P<label>\\(?:text|mathrm|mbox)\s*\{[\s~]*[A-Za-z][A-Za-z .~]*\}(?:\s*\^\s*(?:\{[23]\}|[23]))?)
    | (?P<text>\\(?:text|mathrm|mbox|boxed|textbf|mathbf)\s*(?=\{))
    | (?P<word>[A-Za-z]+(?:/[A-Za-z]+)*)
    | (?P<command>\\[a-zA-Z]+)
    | (?P<stop>[.,;:?](?=\s|$|[A-Z"')]|\\|\$))
    | (?P<other>.)
    """.replace("NUMBER", digits_pattern(",", r"\{,\}")),
    re.VERBOSE | re.DOTALL,
)
_NUMERAL = r"(?<![\d.,/$])(\d{1,30}(?:\.\d+)?)(?![\d,./]|\s*%)"
# Words are read as arithmetic only where a result follows: "5 more than 12 is 17", not "5 more than 12 people".
_THEN = r"(?=\s+(?:is|equals|makes|gives)\s+\$?-?\d)"
_PHRASES = (
    (re.compile(rf"\b(?:the )?sum of {_NUMERAL} and {_NUMERAL}{_THEN}", re.IGNORECASE), r"\1 + \2"),
    (re.compile(rf"\b(?:the )?product of {_NUMERAL} and {_NUMERAL}{_THEN}", re.IGNORECASE), r"\1 * \2"),
    (re.compile(rf"{_NUMERAL} more than {_NUMERAL}{_THEN}", re.IGNORECASE), r"\2 + \1"),
    (re.compile(rf"{_NUMERAL} (?:less|fewer) than {_NUMERAL}{_THEN}", re.IGNORECASE), r"\2 - \1"),
    (re.compile(rf"\b(?:twice|double) {_NUMERAL}{_THEN}", re.IGNORECASE), r"2 * \1"),
    (
        re.compile(rf"(?<!= ){_NUMERAL} divided by {_NUMERAL}\s+(?:is|equals|gives)\s+(?=\$?-?\d)", re.IGNORECASE),
        r"\1 / \2 = ",
    ),
    (re.compile(r"(?<=\d) multiplied by(?= \$?\d)", re.IGNORECASE), " *"),
    (re.compile(r"(?<=\d)[ -]per ?cent\b", re.IGNORECASE), "%"),
)  # arithmetic in words -> in signs
_THIN = re.compile(r"\\!|(?<=\d)\\,(?=\d{3}(?!\d))")
_OPERATORS = {
    "\u00d7": "*",
    "\u00b7": "*",
    "\u22c5": "*",
    "\u00f7": "/",
    "\u2212": "-",
    "**": "^",
    "\\times": "*",
    "\\cdot": "*",
    "\\div": "/",
    "\\bmod": "mod",
    "\\mod": "mod",
    "x": "*",
    "X": "*",
    "mod": "mod",
    "plus": "+",
    "minus": "-",
    "times": "*",
    "of": "of",
}
_compiled = cache(re.compile)  # re has a cache of its own, which costs more than most of these patterns
_SHARES = {"half": Fraction(1, 2), "quarter": Fraction(1, 4), "third": Fraction(1, 3)}
_EQUALITIES = frozenset({"equals", "makes", "gives"})
# Behind these a bracket holds arguments, not a factor.
_FUNCTIONS = frozenset(
    [
        "sin",
        "cos",
        "tan",
        "log",
        "ln",
        "gcd",
        "lcm",
        "max",
        "min",
        "sqrt",
        "floor",
        "ceil",
        "round",
        "abs",
        "exp",
        "sum",
        "len",
        "hcf",
    ]
)


@dataclass(frozen=True, slots=True)
class ArithmeticToken:
    """A piece of arithmetic: `number`, `op`, `(`, `)`, `%`, `!`, `frac`; with its place in the text."""

    kind: str
    text: str
    start: int
    end: int
    value: Fraction = Fraction(0)
    decimals: int | None = None


@dataclass(slots=True)
class Side:
    """What stands between two equals signs."""

    tokens: list[ArithmeticToken] = field(default_factory=list)
    is_known: bool = True  # False: it holds a letter or something else that has no value
    units: set[str] = field(default_factory=set)
    is_about: bool = False  # it stands behind "≈"

    @property
    def has_operator(self) -> bool:
        """Whether there is something to compute; a percent sign computes only where something follows it."""
        kinds = [token.kind for token in self.tokens]
        return any(kind in ("op", "frac", "sqrt", "!") for kind in kinds) or "%" in kinds[:-1]


@dataclass(slots=True)
class EqualityChain:
    """Sides joined by equals signs; more than one, or there is nothing to check."""

    sides: list[Side] = field(default_factory=lambda: [Side()])
    remainder: Fraction | None = None  # `17 / 5 = 3 remainder 2`


def plain(text: str) -> str:
    """The part of a text that is read: without LaTeX's thin spaces in numbers, and with arithmetic in words as signs."""
    text = _THIN.sub("", text[:MAX_CHARS].replace("{,}", ",").replace(",\\!", ","))
    for phrase, signs in _PHRASES:
        text = phrase.sub(signs, text)
    return text


def find_equality_chains(text: str) -> Iterator[EqualityChain]:
    """The statements of a text with at least two sides, in order; linear in the text's length."""
    reader = _ChainReader(text)
    for match in _TOKEN.finditer(reader.text):
        yield from reader.read(match)
    yield from reader.finish()


class _ChainReader:
    """One pass over the tokens: collects a statement until something ends it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._chain = EqualityChain()
        self._skip_to = 0
        self._spaced = True  # a space stands before this token
        self._after_letter = (
            False  # a letter or a function stands right before: what follows belongs to something unknown
        )

    def read(self, match: re.Match[str]) -> Iterator[EqualityChain]:
        if match.start() < self._skip_to:
            return
        kind = str(match.lastgroup)
        if kind == "space":
            self._spaced = True
            return
        if kind in ("other", "stop", "approx", "line", "command"):
            yield from self.break_off(kind, match)
        elif kind == "word" or (kind == "cross" and not self.is_times()):
            yield from self.read_word(match)
        elif kind in ("equals", "about"):
            self.start_side(is_about=kind == "about")
        elif kind == "label":
            yield from self.read_label(match)
        else:
            self.add(kind, match)
        self._spaced = False

    def finish(self) -> Iterator[EqualityChain]:
        """Ends the statement in hand."""
        chain, self._chain = self._chain, EqualityChain()
        if len(chain.sides) > 1:
            yield chain

    @property
    def side(self) -> Side:
        return self._chain.sides[-1]

    def start_side(self, *, is_about: bool = False) -> None:
        if not self.side.tokens:
            self.side.is_known = False
        self._chain.sides.append(Side(is_about=is_about))
        self._after_letter = False

    def break_off(self, kind: str, match: re.Match[str]) -> Iterator[EqualityChain]:
        if kind == "line" and (
            self.next_is(match.end(), r"=(?![=>])") or (self.side.tokens and self.side.tokens[-1].kind == "op")
        ):
            return
        if kind in ("other", "command"):
            self.side.is_known &= not self.side.tokens or (self._spaced and kind == "other")
        yield from self.finish()
        self._after_letter = kind in ("other", "command") and match[0] not in "\"'“”\u2018\u2019\u2014\u2013…#•→"
        if self._after_letter:
            self.side.is_known = False

    def read_label(self, match: re.Match[str]) -> Iterator[EqualityChain]:
        """Words in LaTeX: the unit of a number, or else something unknown."""
        tokens = self.side.tokens
        if tokens and tokens[-1].kind in ("number", ")", "%"):
            self.side.units.add(match[0].partition("{")[2].partition("}")[0].strip(" ~").lower())
            return
        self.side.is_known &= not tokens
        yield from self.finish()
        self.side.is_known = False

    def read_word(self, match: re.Match[str]) -> Iterator[EqualityChain]:
        word = match[0].lower()
        if word in _OPERATORS and word != "x" and self.side.tokens and (word != "of" or self.ends_in_share()):
            self.push("op", _OPERATORS[word], match)
        elif word in _SHARES and self.next_is(match.end(), r"\s+of\b"):
            self.add_number(match, _SHARES[word], None)
        elif self.is_equality(word, match):
            self.start_side()
        elif word in ("remainder", "r") and self.side.tokens and self.next_is(match.end(), r"\s*(?:of\s+)?\d"):
            yield from self.read_remainder(match)
        elif not self.take_unit(match):
            yield from self.read_unknown_word(match)

    def ends_in_share(self) -> bool:
        """Whether a fraction or a percentage stands before `of`, which then multiplies."""
        kinds = [token.kind if token.kind != "op" else token.text for token in self.side.tokens[-3:]]
        is_share = (
            kinds[-1] in ("%", ")") or kinds[-2:] == ["/", "number"] or self.side.tokens[-1].text.lower() in _SHARES
        )
        return is_share or any(token.kind == "frac" for token in self.side.tokens[-7:])

    def is_equality(self, word: str, match: re.Match[str]) -> bool:
        operators = [token.text for token in self.side.tokens[1:] if token.kind == "op"]
        if (
            self.side.units
            or not (operators and operators != ["/"])
            or not self.next_is(match.end(), r"\s+(?:equal\s+to\s+|exactly\s+)?\$?-?\d")
        ):
            return False
        if word == "is":
            equal = re.compile(r"\s+(?:equal\s+to|exactly)\b").match(self.text, match.end())
            self._skip_to = equal.end() if equal else 0
        return word == "is" or word in _EQUALITIES

    def read_remainder(self, match: re.Match[str]) -> Iterator[EqualityChain]:
        number = re.compile(r"\s*(?:of\s+)?(\d{1,30})").match(self.text, match.end())
        if number is not None:
            self._chain.remainder = Fraction(int(number[1]))
            self._skip_to = number.end()
        yield from self.finish()

    def take_unit(self, match: re.Match[str]) -> bool:
        """Words behind a number are its unit when arithmetic goes on behind them, or when they end the statement."""
        tokens = self.side.tokens
        if not tokens or tokens[-1].kind not in ("number", ")", "%") or len(match[0]) < 2:
            return False
        is_attached = not self._spaced or tokens[-1].kind == ")"
        if is_attached and len(match[0]) <= 3 and not measure(match[0]):
            return False  # letters of a formula, as in 2ab
        following = _UNITS_THEN_OPERATOR.match(self.text, match.start())
        if following is None:
            self.side.units.add(match[0].lower())
            return False
        self.side.units.add(following[1].lower())
        self._skip_to = following.end(1)
        return True

    def read_unknown_word(self, match: re.Match[str]) -> Iterator[EqualityChain]:
        is_letter = len(match[0]) == 1
        tokens = self.side.tokens
        if tokens and (tokens[-1].kind in ("op", "frac") or not self._spaced or (is_letter and match[0] not in "AI")):
            self.side.is_known = False
        yield from self.finish()
        is_called = self.next_is(match.end(), r"\s?\(" if match[0].lower() in _FUNCTIONS or is_letter else r"\(")
        goes_on = self.next_is(
            match.end(),
            r"[-\u2212]|\s*(?:[*/^+\u00d7\u00b7\u00f7_]|-\s|\*\*(?!\s*[A-Za-z\n])|\u2212|\\times|\\cdot|\\div|\\frac)",
        )
        is_mixed = (
            match[0] == "and" and bool(tokens) and self.next_is(match.end(), r"\s*(?:a\s+)?\d+\s?/\s?\d|\s*\\frac")
        )
        self.side.is_known = not (
            is_called or goes_on or is_mixed or (is_letter and self.next_is(match.end(), r"\d|\s*-"))
        )

    def next_is(self, position: int, pattern: str) -> bool:
        return _compiled(pattern).match(self.text, position) is not None

    def add(self, kind: str, match: re.Match[str]) -> None:
        if kind == "number":
            self.add_literal(match)
        elif kind in ("op", "cross"):
            self.add_operator(match)
        elif kind in ("open", "close"):
            self.push("(" if kind == "open" else ")", match[0], match)
        elif kind == "power":
            self.push("op", "^", match)
            self.add_number(match, Fraction("²³".index(match[0]) + 2), None)
        elif kind != "text":
            self.push({"percent": "%", "bang": "!"}.get(kind, kind), match[0], match)

    def add_literal(self, match: re.Match[str]) -> None:
        digits = without_separators(match[0])
        if len(digits) > MAX_DIGITS:
            self.side.is_known = False
            return
        if self.side.tokens and self.side.tokens[-1].kind == "frac" and len(digits) > 1 and digits.isdigit():
            self.side.is_known &= len(digits) == 2
            self.add_number(match, Fraction(digits[0]), None)
            digits = digits[1:]
        _, point, after = digits.partition(".")
        self.add_number(match, Fraction(digits), len(after) if point else None)

    def is_times(self) -> bool:
        """Whether an x stands between two numbers, as in `5 x 3`."""
        return bool(self.side.tokens) and self.side.tokens[-1].kind in ("number", ")", "%")

    def add_operator(self, match: re.Match[str]) -> None:
        op = _OPERATORS.get(match[0], match[0])
        is_first = not self.side.tokens
        is_sign = op in "+-" and not self.next_is(match.end(), r"\s")
        is_bullet = op in "-*^" and self.starts_line(match)
        if is_first and len(self._chain.sides) == 1 and not is_sign and not is_bullet:
            self.side.is_known = False
        if is_first and op == "-" and self.starts_line(match) and self.next_is(match.end(), r"\s"):
            return  # a bullet
        if is_first and match[0] in ("*", "**") and self.starts_line(match):
            self.side.is_known = True  # a bullet, or bold type
            return
        self.push("op", op, match)

    def starts_line(self, match: re.Match[str]) -> bool:
        start = match.start()
        while start > 0 and self.text[start - 1] in " \t" and match.start() - start < 8:
            start -= 1
        return start == 0 or self.text[start - 1] == "\n"

    def add_number(self, match: re.Match[str], value: Fraction, decimals: int | None) -> None:
        self.append(ArithmeticToken("number", match[0], match.start(), match.end(), value, decimals))

    def push(self, kind: str, text: str, match: re.Match[str]) -> None:
        self.append(ArithmeticToken(kind, text, match.start(), match.end()))

    def append(self, token: ArithmeticToken) -> None:
        if len(self.side.tokens) >= MAX_SIDE_TOKENS:
            self.side.is_known = False
        else:
            self.side.tokens.append(token)


_UNITS_THEN_OPERATOR = re.compile(
    r"([A-Za-z]{2,30}(?:/[A-Za-z]{1,20})*)(?:\s+[A-Za-z]{2,30}){0,2}\)?"
    r"\s*(?=[-+*/\u00d7\u00b7\u00f7\u2212=]|[xX]\s?[$(]?\d|\\times|\\cdot|\\div)"
)
