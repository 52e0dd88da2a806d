"""One statement of written arithmetic while it is read: its sides, its open brackets, and what belongs to it."""

import re
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from itertools import pairwise

from caco_tasks.checks.arithmetic.arithmetic_clause import Clause
from caco_tasks.checks.arithmetic.arithmetic_tokens import ArithmeticToken

MAX_SIDE_TOKENS = 200
OPERANDS = ("number", ")", "%", "!", "scale")  # kinds that end an operand
_COMPUTING = frozenset(["op", "frac", "sqrt", "binom", "!", "and"])  # kinds that say that there is something to compute

_CLOSED_FORMULA = re.compile(r"[\w)}]\$(?=[\s.,;:?)]|\Z)")
compiled = cache(re.compile)  # re has a cache of its own, which costs more than most of these patterns


@dataclass(slots=True)
class Side:
    """What stands between two equals signs."""

    tokens: list[ArithmeticToken] = field(default_factory=list)
    is_known: bool = True  # False: it holds a letter or something else that has no value
    units: set[str] = field(default_factory=set)
    is_certain: bool = True  # False: the words before it may ask for another value than its own
    is_about: bool = False  # it stands behind "≈"
    is_worded: bool = False  # it stands behind a word: "3 * 4 is 12"
    has_money: bool = False  # a sign of money or of LaTeX stands before it
    before: list[ArithmeticToken] = field(default_factory=list)  # the result that it may go on from: "18, + 12"

    @property
    def has_operator(self) -> bool:
        """Whether there is something to compute; a sign computes nothing, nor does a percent sign at the end."""
        if len(self.tokens) < 2:
            return bool(self.tokens) and self.tokens[0].kind in _COMPUTING
        kinds = [token.kind for token in self.tokens]
        if kinds[:1] == ["op"] and kinds[1:2] == ["number"] and not self.before:
            kinds = kinds[1:]
        if not _COMPUTING.isdisjoint(kinds) or "%" in kinds[:-1]:
            return True
        if "(" not in kinds:
            return False
        return any(first.kind in ("number", ")") and second.text == "(" for first, second in pairwise(self.tokens))


@dataclass(slots=True)
class EqualityChain:
    """Sides joined by equals signs; more than one, or there is nothing to check."""

    sides: list[Side] = field(default_factory=lambda: [Side()])
    remainder: Fraction | None = None  # `17 / 5 = 3 remainder 2`
    is_doubted: bool = False  # asked, or meant of remainders: it may be false as it stands


class StatementReader:
    """The statement in hand; subclasses say what each token does to it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[EqualityChain] = []
        self._chain = EqualityChain()
        self.side = self._chain.sides[0]
        self._outer: list[Side] = []  # sides whose bracket holds the statement in hand
        self._brackets: list[int] = []  # places of the open brackets of the side in hand
        self._clause = Clause()
        self.skip_to = 0
        self.is_spaced = True  # a space stands before this token
        self.signs = 0  # signs of money or of LaTeX right before this token
        self._is_tex = "\\" in text or _CLOSED_FORMULA.search(text) is not None  # or else a dollar sign is money
        self._in_formula = False
        self._result: list[ArithmeticToken] = []  # of the statement before, where only a comma stands between

    def finish(self) -> None:
        """Ends the statement in hand."""
        chain = self._chain
        self._result = []
        if len(chain.sides) > 1:
            if self._brackets:
                self._drop_remark(self._brackets[0])
            self.found.append(chain)
            if self.side.is_known and not self._outer:
                self._result = self.side.tokens
        elif not self.side.tokens:
            return
        self._begin(Side())

    def _drop_remark(self, place: int) -> None:
        """`= 48 (3 of each`: a bracket behind a result, with a space before it, that words end is one of the sentence."""
        tokens = self.side.tokens
        if place and tokens[place].text == " (" and tokens[place - 1].kind in OPERANDS:
            del tokens[place:]

    def _begin(self, side: Side) -> None:
        self._chain = EqualityChain([side])
        self.side = side
        self._brackets.clear()

    def _end(self, *, clause: bool = True) -> None:
        """A sentence, a line or a formula ends: so does everything in hand."""
        self.finish()
        self._result = []
        self._outer.clear()
        if clause:
            self._clause.reset()

    # brackets

    def _open(self, match: re.Match[str]) -> None:
        tokens = self.side.tokens
        if tokens and tokens[-1].kind in OPERANDS and self.signs > 1 and self.is_spaced:
            self.finish()
        elif not tokens and len(self._chain.sides) == 1:
            self._clause.note_number(self.signs)
        self._brackets.append(len(self.side.tokens))
        self._push("(", match[0] if not self.is_spaced else " " + match[0], match)

    def _close(self, match: re.Match[str]) -> None:
        if self._brackets:
            self._brackets.pop()
            return self._push(")", match[0], match)
        side = self.side
        if len(self._chain.sides) == 1:
            if len(side.tokens) == 1 and side.tokens[0].kind == "number" and self._starts_line(side.tokens[0]):
                return self._begin(Side())  # the number of a step: 1)
            if not side.tokens and not self._outer:
                return self._clause.note_break()
            self._begin(self._outer.pop() if self._outer else Side())
            return self._add_unknown(match)
        self.finish()
        if self._outer:
            self._begin(self._outer.pop())
        self._add_unknown(match)

    def _start_side(self, *, is_about: bool = False, is_worded: bool = False) -> None:
        side = self.side
        if self._brackets:
            place = self._brackets[-1]
            if len(self._chain.sides) > 1 or (place and side.tokens[place - 1].kind not in (*OPERANDS, "unknown")):
                side.is_known = False  # a bracket of the expression that nobody closed
            else:
                self._step_into_bracket()
        if not self.side.tokens:
            self.side.is_known = False
        elif len(self._chain.sides) == 1 and self._clause.is_other_value(self.side.tokens, is_worded=is_worded):
            self.side.is_certain = False
        self.side = Side(is_about=is_about, is_worded=is_worded)
        self._chain.sides.append(self.side)
        self._brackets.clear()

    def _step_into_bracket(self) -> None:
        """`5 apples (3 + 2 = 5)`: the statement stands in the bracket; what the bracket stands in, goes on behind it."""
        outer, place = self.side, self._brackets[-1]
        inner = outer.tokens[place + 1 :]
        known = all(token.kind != "unknown" for token in inner)
        del outer.tokens[place:]
        outer.is_known = False
        self._outer.append(outer)
        self._chain.sides[-1] = self.side = Side(tokens=inner, is_known=known, has_money=outer.has_money)
        self._clause.note_break()

    # helpers

    def _next_is(self, position: int, pattern: str) -> bool:
        return compiled(pattern).match(self.text, position) is not None

    def _starts_line(self, token: "re.Match[str] | ArithmeticToken") -> bool:
        start = begin = token.start if isinstance(token, ArithmeticToken) else token.start()
        while start > 0 and self.text[start - 1] in " \t" and begin - start < 8:
            start -= 1
        return start == 0 or self.text[start - 1] == "\n"

    def _add_unknown(self, match: re.Match[str]) -> None:
        self.side.is_known = False
        if self.side.tokens and self.side.tokens[-1].kind == "unknown":
            first = self.side.tokens.pop()
            self._add(ArithmeticToken("unknown", "", first.start, match.end()))
        else:
            self._push("unknown", match[0], match)

    def _push(self, kind: str, text: str, match: re.Match[str], *, is_word: bool = False) -> None:
        self._add(ArithmeticToken(kind, text, match.start(), match.end(), is_word=is_word))

    def _add(self, token: ArithmeticToken) -> None:
        if len(self.side.tokens) >= MAX_SIDE_TOKENS:
            self.side.is_known = False
        else:
            self.side.tokens.append(token)
