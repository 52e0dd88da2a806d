"""What words do to a statement: operators, equality, units, remainders, and prose, which ends it."""

import re
from fractions import Fraction

from caco_tasks.checks.arithmetic.arithmetic_statement import OPERANDS, StatementReader, compiled
from caco_tasks.checks.arithmetic.arithmetic_tokens import ArithmeticToken
from caco_tasks.checks.arithmetic.arithmetic_words import (
    ABOUT,
    ARTICLES,
    EQUALITIES,
    FUNCTIONS,
    OPERATIONS,
    OPERATORS,
    PROSE,
    SCALE_WORDS,
    SPECIAL,
    is_prose,
    may_be_unit,
    share_of_word,
)
from caco_tasks.grading.units_of_measure import measure

_UNITS_THEN_OPERATOR = re.compile(
    r"[A-Za-z'’/-]{2,60}(?:\s+[A-Za-z]{2,30}){0,3}\)?"
    r"\s*(?=[-+*/\u00d7\u00b7\u00f7\u2212\u2013=≈]|[xX]\s?[$(]?\d|\\times|\\cdot|\\div|\\approx)"
)
_AMOUNT = rf"\s+(?:(?:{'|'.join(sorted(ARTICLES))})\s+){{0,2}}(?:[-$\\(£€]*[\d.]|\\[dt]?frac|half|one|a\s+(?:half|third|quarter))"
_FRACTION_ALONE = (
    r"\s*(?:\$|\\\$|a\s+)?\(?(?:\d+\s?/\s?\d+|\\[dt]?frac\s?(?:\d\d|\{\d+\}\{\d+\})|[½⅓⅔¼¾]|half\b|quarter\b)"
    r"(?![\d.,]*\)?\$?\s*(?:[-+*/×·÷=^(]|\\[a-z]))"
)


class WordReader(StatementReader):
    """Reads the words of a text and the labels of a formula."""

    def _read_word(self, match: re.Match[str]) -> None:
        word, lower = match[0], match[0].lower()
        tokens = self.side.tokens
        is_first = not tokens and len(self._chain.sides) == 1
        if (
            is_first
            and len(word) > 2
            and lower not in SPECIAL
            and "-" not in word
            and is_prose(word)
            and not self.text.startswith("(", match.end())
        ):
            self._result = []
            return self._clause.note_word(lower, had_number=False)
        last = tokens[-1].kind if tokens else ""
        if last in OPERANDS and self._read_word_behind_operand(match, lower):
            return
        share = share_of_word(lower, self._clause.word)
        if last in ("", "op") and share is not None and self._next_is(match.end(), r"\s+of\b"):
            return self._add(ArithmeticToken("number", word, match.start(), match.end(), share))
        if tokens and tokens[-1].text == "of" and lower in ARTICLES:
            return
        if not tokens and len(self._chain.sides) > 1 and lower in ABOUT:
            self.side.is_about = True
            return
        is_called = self._next_is(match.end(), r"\(") or (
            lower in FUNCTIONS and self._next_is(match.end(), r"\s?[({\\\d]")
        )
        if len(word) == 1 and (self._in_formula or not self._next_is(match.end(), r"\s+[\w$]")):
            return self._add_unknown(match)
        is_name = (
            not self._is_tex and len(word) > 1 and word.isupper() and self.is_spaced and last in OPERANDS
        )  # "500 BC"
        is_tight = last in OPERANDS and not self.is_spaced and len(word) <= 3 and not measure(word)
        if is_tight or is_called or not (is_prose(word) or is_name) or not self._may_break(match, last):
            return self._add_unknown(match)
        self._break_at(lower, match)

    def _may_break(self, match: re.Match[str], last: str) -> bool:
        """Whether the statement may end before a word of prose: not behind an operator, nor where an operator follows."""
        tokens = self.side.tokens
        if last == "(" and len(tokens) > 1 and tokens[-2].kind in OPERANDS and tokens[-1].text[0] == " ":
            tokens.pop()  # "= 48 (in total)"
            self._brackets.pop()
            return True
        if last in ("op", "frac", "sqrt", "binom", "and", "("):
            return False
        if not tokens:
            return len(self._chain.sides) == 1
        is_followed = match[0].lower() not in PROSE and self._next_is(
            match.end(), r"\s*(?:[-+*/^×·÷−–=_]|\\(?:times|cdot|div|frac))"
        )
        return not is_followed

    def _break_at(self, word: str, match: re.Match[str]) -> None:
        had_number = bool(self.side.tokens) and self.side.tokens[-1].kind != "unknown" and len(self._chain.sides) == 1
        if self._chain.remainder is None and word in ("mod", "modulo", "followed"):
            self._chain.is_doubted = True
        self.finish()
        self._result = []
        self._clause.note_word(word, had_number=had_number)
        if (
            word == "and"
            and had_number
            and self._next_is(match.end(), r"\s+(?:a\s+)?\d/\d|\s*\$?\\[dt]?frac\s?\{?\d[\d}]")
        ):
            self._clause.is_blocked = True  # "12 and 1/4" may be one number

    def _read_word_behind_operand(self, match: re.Match[str], word: str) -> bool:
        """Operators, scales, equalities, remainders and units; whether it was one."""
        if word in OPERATORS and word != "x" and self._next_is(match.end(), r"[ ~]*(?:[-\\$(]|\.?\d)"):
            if word == "mod" and len(self._chain.sides) > 1:
                self._chain.is_doubted = True
            self._push("op", OPERATORS[word], match, is_word=True)
        elif word in ("divided", "multiplied") and (by := OPERATIONS.match(self.text, match.start())):
            self._push("op", "/" if word == "divided" else "*", match, is_word=True)
            self.skip_to = by.end()
        elif word == "of" and self._ends_in_share():
            return self._read_share(match)
        elif word in SCALE_WORDS and self.side.tokens[-1].kind == "number":
            self._push("scale", word, match)
        elif word in ("percent", "pct"):
            self._push("%", match[0], match)
        elif word in EQUALITIES and self._is_equality(word, match):
            self._start_side(is_worded=True)
        elif word in ("remainder", "r") and self._next_is(match.end(), r"\s*(?:of\s+)?\d"):
            self._read_remainder(match)
        elif word == "and" and self._next_is(match.end(), _FRACTION_ALONE):
            self._push("and", "and", match, is_word=True)
        else:
            return self._take_unit(match)
        return True

    def _read_share(self, match: re.Match[str]) -> bool:
        """`1/3 of`: of an amount, which it multiplies, of something without a number, or of what the sentence speaks of."""
        if self._next_is(match.end(), _AMOUNT):
            self._push("op", "of", match, is_word=True)
            return True
        if _UNITS_THEN_OPERATOR.match(self.text, match.start()) is None:
            return False
        self._add_unknown(match)
        return True

    def _ends_in_share(self) -> bool:
        """Whether a fraction or a percentage stands before `of`, which then multiplies."""
        tokens = self.side.tokens
        kinds = [token.kind if token.kind != "op" else token.text for token in tokens[-3:]]
        is_share = kinds[-1] in ("%", ")") or kinds[-2:] == ["/", "number"] or tokens[-1].value.denominator != 1
        return is_share or any(token.kind == "frac" for token in tokens[-7:])

    def _is_equality(self, word: str, match: re.Match[str]) -> bool:
        operators = [token.text for token in self.side.tokens[1:] if token.kind == "op"]
        if (
            self.side.units
            or len(self._chain.sides) > 1
            or not (operators and operators != ["/"])
            or not self._next_is(match.end(), r"\s+(?:equal\s+to\s+|exactly\s+)?\$?-?\d")
        ):
            return False
        if word == "is":
            equal = compiled(r"\s+(?:equal\s+to|exactly)\b").match(self.text, match.end())
            self.skip_to = equal.end() if equal else 0
        return True

    def _read_remainder(self, match: re.Match[str]) -> None:
        number = compiled(r"[\s}~]*(?:of\s+)?(\d{1,30})").match(self.text, match.end())
        if number is not None:
            self._chain.remainder = Fraction(int(number[1]))
            self.skip_to = number.end()
        self.finish()

    def _take_unit(self, match: re.Match[str]) -> bool:
        """Words behind a number are its unit when arithmetic goes on behind them, or when they end the statement."""
        word = match[0]
        if not may_be_unit(word) or (len(word) < 2 and not measure(word)):
            return False
        is_attached = not self.is_spaced or self.side.tokens[-1].kind == ")"
        if is_attached and len(word) <= 3 and not measure(word):
            return False  # letters of a formula, as in 2ab
        if "/" in word and not any(map(measure, word.split("/"))) and len(word) < 6:
            return False
        power = compiled(r"\s?\^\s?(?:\{-?\d\}|-?\d)|[²³]").match(self.text, match.end())
        if power is not None and is_prose(word):
            self.side.units.add(f"{word.lower()}{power[0]}")
            self.skip_to = power.end()
            return True
        if _UNITS_THEN_OPERATOR.match(self.text, match.start()) is None or not is_prose(word):
            if not (word.lower() == "in" and self._next_is(match.end(), r"\s+[A-Za-z]")):
                self.side.units.add(word.lower())
            more = compiled(r",?[ ~]+(?:and[ ~]+)?\d+(?:\.\d+)?[ ~]*([A-Za-z]+)").match(self.text, match.end())
            if more is not None and word != "in" and measure(word) and measure(more[1]):
                self._chain.is_doubted = True  # "4 hours and 15 minutes"
            return False
        self.side.units.add(word.lower())
        return True

    def _take_rate(self, match: re.Match[str]) -> bool:
        """`$90/ticket`, `25 / day`: a slash and a word behind a number are its unit."""
        word = compiled(r"\s?([A-Za-z]{2,20})(?![A-Za-z\d(\\^_])").match(self.text, match.end())
        if word is None or not is_prose(word[1]) or word[1].lower() in PROSE:
            return False
        self.side.units.add("/" + word[1].lower())
        self.skip_to = word.end()
        return True

    def _read_label(self, match: re.Match[str]) -> None:
        """Words in LaTeX: the unit of a number, a word that ends the statement, or else something unknown."""
        tokens = self.side.tokens
        label = match[0].partition("{")[2].partition("}")[0].strip(" ~.,()").lower()
        if label in ("r", "remainder", "rem") and tokens and self._next_is(match.end(), r"[\s{~\\]*\d"):
            self.skip_to = match.end()
            number = compiled(r"[\s{~\\]*(\d{1,30})").match(self.text, match.end())
            if number is not None:
                self._chain.remainder, self.skip_to = Fraction(int(number[1])), number.end()
            return self.finish()
        first = label.partition(" ")[0]
        if first in ("mod", "modulo"):
            self._chain.is_doubted = True
            return self._add_unknown(match)
        if first in PROSE and first != "per" and not measure(first) and (not tokens or tokens[-1].kind in OPERANDS):
            return self._break_at(first, match)
        if tokens and tokens[-1].kind in OPERANDS:
            self.side.units.add(label)
            return
        self._add_unknown(match)
