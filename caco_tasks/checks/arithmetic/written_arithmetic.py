"""Finds written arithmetic in a text: cuts it into statements of sides that are joined by equals signs, in one pass.

A statement ends where its sentence, its line or its formula ends, and at a word of prose. Everything else that has no
value (a letter, a command, a sign that nobody taught) becomes an unknown token of the side that it stands in: the side
goes on, and is not known. So no rest of a longer expression is ever taken for the whole.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import lru_cache

from caco_tasks.checks.arithmetic.arithmetic_prose import WordReader
from caco_tasks.checks.arithmetic.arithmetic_statement import OPERANDS, EqualityChain, Side
from caco_tasks.checks.arithmetic.arithmetic_text import plain
from caco_tasks.checks.arithmetic.arithmetic_tokens import OPERATORS, SUPERSCRIPTS, ArithmeticToken, number_token, scan

__all__ = ["ArithmeticToken", "EqualityChain", "Side", "find_equality_chains", "plain", "read_equality_chains"]

PREFIXES = {"frac": "frac", "binom": "binom"}  # of which others are roots
FORMULA_CHARS = 60  # behind a dash and a word, in which an equals sign makes a formula of them


@lru_cache(maxsize=4)  # equations and steps of one solution are looked at one after the other
def read_equality_chains(text: str) -> tuple[EqualityChain, ...]:
    """All statements of `find_equality_chains`, shared by whoever asks for the same text: only to be looked at."""
    return tuple(find_equality_chains(text))


def find_equality_chains(text: str) -> Iterator[EqualityChain]:
    """The statements of a plain text with at least two sides, in order; linear in the text's length."""
    reader = _ChainReader(text)
    found, readers = reader.found, READERS
    for match in scan(text):
        kind = match.lastgroup
        if kind == "blank" or kind == "space":
            reader.is_spaced = True
        elif match.start() >= reader.skip_to:
            readers[kind](reader, match)  # type: ignore[index]
            if kind != "math":
                reader.signs = 0
                reader.is_spaced = False
            if found:
                yield from found
                found.clear()
    reader.finish()
    yield from reader.found


class _ChainReader(WordReader):
    """One pass over the tokens: collects a statement until something ends it."""

    # what ends a statement

    def _read_stop(self, match: re.Match[str]) -> None:
        tokens = self.side.tokens
        sign = match[0]
        if sign == ":" and self.is_spaced and self._in_formula and tokens:
            return self._read_unknown(match)  # a ratio
        if tokens and tokens[-1].kind in ("op", "frac", "sqrt", "binom", "and"):
            return self._read_unknown(match)  # as in ". 84" behind a plus sign
        if sign == "," and tokens and tokens[-1].end == match.start() and self._next_is(match.end(), r" \d{3}(?!\d)"):
            return self._read_unknown(match)  # "14, 400" is one number to some
        if sign == "?":
            self._chain.is_doubted = True
        result = self.side.tokens if len(self._chain.sides) > 1 and self.side.is_known else []
        self._end()
        self._result = result if sign in ",;" else []

    def _read_line(self, match: re.Match[str]) -> None:
        if match[0].count("\n") > 1 and "\\" not in match[0]:
            self._in_formula = False
            return self._end()
        tokens = self.side.tokens
        is_open = (tokens and tokens[-1].kind == "op") or (not tokens and len(self._chain.sides) > 1)
        if is_open or self._next_is(match.end(), r"=(?![=>])|\\approx|≈"):
            self.is_spaced = True
            return
        if not tokens:
            self._end()
            self.is_spaced = True
            return
        is_row = match[0][0] == "\\"  # of which only one that leaves its first column empty goes on
        goes_on = r"[×/]\s*\d"
        if self._in_formula or is_row:
            goes_on = r"\\(?:times|cdot|div)|[-+\u2212*/×·]"
        is_formula_row = "&" in match[0] if is_row else not self._is_in_list(match)
        if is_formula_row and self._next_is(match.end(), goes_on):
            self.is_spaced = True
            return
        goes_on = r"\\[dt]?frac|[\d(]"
        if not is_row and not self.side.is_known and self._in_formula and self._next_is(match.end(), goes_on):
            self.is_spaced = True
            return
        self._end()
        self.is_spaced = True

    def _is_in_list(self, match: re.Match[str]) -> bool:
        """Whether the line that ends here begins with the sign that the next one begins with."""
        line = self.text[self.text.rfind("\n", 0, match.start()) + 1 : match.start()].lstrip()
        return line[:1] in ("-", "+", "*") and self.text.startswith(line[:2], match.end())

    def _read_display(self, match: re.Match[str]) -> None:
        text = match[0]
        if text in ("\\]", "\\[") or text.startswith(("\\b", "\\e")):
            self._in_formula = text == "\\[" or text.startswith("\\begin")
        elif "quad" in text and self._next_is(match.end(), r"[\s&]*[-+=]"):
            self.is_spaced = True
            return
        self._end()

    def _read_math(self, match: re.Match[str]) -> None:
        self.signs += 1
        if match[0] == "$" and self._is_tex:
            self._in_formula = not self._in_formula
            if self.text[match.start() - 1 : match.start()] == "$" and match.start() > 0:
                self._in_formula = self.text[match.start() + 1 : match.start() + 2] not in ("", " ", "\n")
                self._end()
        elif match[0] in ("\\(", "\\)"):
            self._in_formula = match[0] == "\\("
        tokens = self.side.tokens
        if match[0] == "\\$" and tokens and tokens[-1].kind in OPERANDS:
            self._read_unknown(match)
        if not tokens or tokens[-1].kind in ("op", "("):
            self.side.has_money = True

    def _read_relation(self, match: re.Match[str]) -> None:
        self.finish()
        self._outer.clear()
        self._clause.note_break()

    def _read_congruence(self, match: re.Match[str]) -> None:
        self._chain.is_doubted = True
        self.finish()
        self._chain.is_doubted = True

    def _read_neutral(self, match: re.Match[str]) -> None:
        self.finish()
        self._clause.note_break()

    def _read_ellipsis(self, match: re.Match[str]) -> None:
        tokens = self.side.tokens
        is_cut = tokens and tokens[-1].kind == "number" and (tokens[-1].decimals or 0) > 1 and not self.is_spaced
        if not tokens or (tokens[-1].kind in OPERANDS and not is_cut and match[0][0] != "\\"):
            return self._end()
        self._add_unknown(match)

    # numbers and signs

    def _read_number(self, match: re.Match[str]) -> None:
        tokens = self.side.tokens
        token = number_token(match)
        if tokens:
            last = tokens[-1].kind
            if last == "frac":
                return self._read_digits_of_fraction(match)
            if last in OPERANDS and self.signs > 1 and self.is_spaced:
                self.finish()  # two formulas side by side
            elif (
                last in OPERANDS
                and not (self.is_spaced or self.signs)
                and match.lastgroup != "vulgar"
                and last not in (")", "!")
            ):
                token = None
        elif len(self._chain.sides) == 1:
            self._clause.note_number(self.signs)
        if token is None:
            return self._add_unknown(match)
        self._add(token)

    def _read_digits_of_fraction(self, match: re.Match[str]) -> None:
        r"""`\frac12` is one half; so is `\frac 12`."""
        digits, start = match[0], match.start()
        if not digits.isdigit() or len(digits) > 2:
            return self._add_unknown(match)
        for place, digit in enumerate(digits):
            self._add(ArithmeticToken("number", digit, start + place, start + place + 1, Fraction(digit)))

    def _read_power(self, match: re.Match[str]) -> None:
        self._push("op", "^", match)
        exponent = match[0].translate(SUPERSCRIPTS)
        if not exponent.lstrip("+-"):
            return self._add_unknown(match)
        self._add(ArithmeticToken("number", match[0], match.start(), match.end(), Fraction(int(exponent))))

    def _read_prefix(self, match: re.Match[str]) -> None:
        tokens = self.side.tokens
        if not tokens and len(self._chain.sides) == 1:
            self._clause.note_number(self.signs)
        elif tokens and tokens[-1].kind in OPERANDS and self.signs > 1:
            self.finish()
        self._push(PREFIXES.get(match.lastgroup or "", "sqrt"), match[0], match)

    def _read_operator(self, match: re.Match[str]) -> None:
        op, tokens = OPERATORS.get(match[0], match[0]), self.side.tokens
        if tokens or len(self._chain.sides) > 1:
            if op == "-" and tokens and tokens[-1].kind in OPERANDS and self._is_dash(match):
                return
            if op == "/" and tokens and tokens[-1].kind in OPERANDS and self._take_rate(match):
                return
            if op == "^" and len(tokens) > 1 and tokens[-2].text == "^" and self._split_exponent():
                pass
            return self._push("op", op, match)
        if self._result and op in "+-*/":
            self.side.before = self._result
            return self._push("op", op, match)
        is_spaced = self._next_is(match.end(), r"\s")
        if self._starts_line(match) and op in "-*+^" and (is_spaced or op in "*^"):
            if op == "-":  # a bullet, or a minus sign
                self.side.before = [ArithmeticToken("op", op, match.start(), match.end())]
            return self._clause.note_break()
        if op not in "+-" or (is_spaced and not self._clause.may_begin_with_sign):
            return self._add_unknown(match)
        if len(self._chain.sides) == 1:
            self._clause.note_number(self.signs)
        self._push("op", op, match)

    def _is_dash(self, match: re.Match[str]) -> bool:
        """Whether a dash behind an operand ends the statement: words follow it, and no formula."""
        if self.is_spaced and self._next_is(match.end(), r"\s+[A-Za-z]{2}"):
            line = self.text[match.end() : match.end() + FORMULA_CHARS].partition("\n")[0]
            if "=" not in line:
                self._end()
                return True
        return False

    def _split_exponent(self) -> bool:
        """`10^35^0` is `10^3 5^0` to TeX, which takes one digit."""
        last = self.side.tokens[-1]
        if last.kind != "number" or len(last.text) < 2 or not last.text.isdigit():
            return False
        first, rest = last.text[0], last.text[1:]
        self.side.tokens[-1] = ArithmeticToken("number", first, last.start, last.start + 1, Fraction(first))
        self._add(ArithmeticToken("number", rest, last.start + 1, last.end, Fraction(rest)))
        return True

    def _read_dash(self, match: re.Match[str]) -> None:
        """A long dash: a minus sign with spaces around it, or before a number that nothing touches from the left."""
        tokens = self.side.tokens
        if not self._next_is(match.end(), r"\s*[\\$(.\d]"):
            return self._end()
        if not tokens:
            if len(self._chain.sides) > 1 or not self._next_is(match.end(), r"\s"):
                return self._push("op", "-", match)
            return self._clause.note_break()
        if tokens[-1].kind in OPERANDS and not self.is_spaced:
            return self._add_unknown(match)  # a minus sign, or from here to there
        self._push("op", "-", match)

    def _read_cross(self, match: re.Match[str]) -> None:
        tokens = self.side.tokens
        if tokens and tokens[-1].kind in (*OPERANDS, "unknown"):
            return self._push("op", "*", match)
        self._add_unknown(match)

    def _read_percent(self, match: re.Match[str]) -> None:
        if self.side.tokens:
            self._push("%", match[0] if not self.is_spaced else " %", match)

    def _read_degree(self, match: re.Match[str]) -> None:
        if not self.side.tokens or self.side.tokens[-1].kind not in OPERANDS:
            return self._add_unknown(match)
        self.side.units.add("degrees")

    def _read_bang(self, match: re.Match[str]) -> None:
        if self.side.tokens:
            self._push("!", "!", match)

    def _read_boxed(self, match: re.Match[str]) -> None:
        tokens = self.side.tokens
        if tokens and tokens[-1].kind in OPERANDS and not self.is_spaced:
            self._add_unknown(match)  # the digits of one number, some of them framed

    def _read_equality(self, match: re.Match[str]) -> None:
        self._start_side(is_about=match.lastgroup == "about")

    def _read_ordinal(self, match: re.Match[str]) -> None:
        if self.side.tokens:
            return self._add_unknown(match)
        self._clause.note_word("", had_number=False)

    def _read_unknown(self, match: re.Match[str]) -> None:
        if "pmod" in match[0]:
            self._chain.is_doubted = True
        self._add_unknown(match)


# What a reader does with each kind of token; `blank` and `space` are told apart from them before.
READERS: Mapping[str, Callable[[_ChainReader, re.Match[str]], None]] = {
    "plain_word": _ChainReader._read_word,
    "plain_number": _ChainReader._read_number,
    "plain_op": _ChainReader._read_operator,
    "plain_equals": _ChainReader._read_equality,
    "plain_stop": _ChainReader._read_stop,
    "plain_line": _ChainReader._read_line,
    "math": _ChainReader._read_math,
    "display": _ChainReader._read_display,
    "line": _ChainReader._read_line,
    "degree": _ChainReader._read_degree,
    "repeating": _ChainReader._read_number,
    "repeating_part": _ChainReader._read_number,
    "scientific": _ChainReader._read_number,
    "number": _ChainReader._read_number,
    "number_part": _ChainReader._read_number,
    "vulgar": _ChainReader._read_number,
    "power": _ChainReader._read_power,
    "congruent": _ChainReader._read_congruence,
    "about": _ChainReader._read_equality,
    "equals": _ChainReader._read_equality,
    "relation": _ChainReader._read_relation,
    "frac": _ChainReader._read_prefix,
    "binom": _ChainReader._read_prefix,
    "sqrt": _ChainReader._read_prefix,
    "sqrt_word": _ChainReader._read_prefix,
    "op": _ChainReader._read_operator,
    "dash": _ChainReader._read_dash,
    "cross": _ChainReader._read_cross,
    "percent": _ChainReader._read_percent,
    "open": _ChainReader._open,
    "close": _ChainReader._close,
    "bang": _ChainReader._read_bang,
    "label": _ChainReader._read_label,
    "boxed": _ChainReader._read_boxed,
    "name": _ChainReader._read_unknown,
    "word": _ChainReader._read_word,
    "ordinal": _ChainReader._read_ordinal,
    "ellipsis": _ChainReader._read_ellipsis,
    "stop": _ChainReader._read_stop,
    "neutral": _ChainReader._read_neutral,
    "unknown": _ChainReader._read_unknown,
    "escaped": _ChainReader._read_unknown,
}
