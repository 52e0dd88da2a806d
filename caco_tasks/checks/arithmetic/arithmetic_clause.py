"""What the words of a clause say of the arithmetic behind them: a label, a property of it, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from caco_tasks.checks.arithmetic.arithmetic_tokens import ArithmeticToken
from caco_tasks.checks.arithmetic.arithmetic_words import (
    CONNECTIVES,
    DETERMINERS,
    FUNCTIONS,
    JOINING,
    LABELS,
    MEANS,
    NEAR_PROPERTIES,
    PROPERTIES,
    is_multiple,
    names_operation,
)

WORDS_OF_A_PROPERTY = 3  # that may stand between it and what it is of: "the root of the sum of"
WORDS_OF_A_UNIT = 2  # that may stand between a number and the `of` that multiplies it


@dataclass(slots=True)
class Clause:
    """The words since the last stop, as far as they matter; one is kept for a whole text, and reset."""

    word: str = ""  # the last one, lower case; empty at the beginning
    word_before: str = ""  # the one before
    is_blocked: bool = False  # the arithmetic to come is part of something that was said in words
    is_counted: bool = False  # "5 boxes of": the number to come is multiplied
    names_property: bool = False  # "the units digit of"
    words_since_property: int = 99
    names_mean: bool = False  # "the average of", which is not their sum
    names_operation: bool = False  # "subtracting"
    words_since_number: int = 99
    before_number: str = ""  # the word right before the first number of the statement in hand
    is_label: bool = False  # that word and the number are a name: "day 2"

    def reset(self) -> None:
        """A stop, or the end of a line or formula."""
        self.note_break()
        self.names_property = self.names_mean = self.names_operation = False

    def note_break(self) -> None:
        """A mark that parts the words before from the arithmetic behind."""
        self.word = self.word_before = self.before_number = ""
        self.is_blocked = self.is_counted = False
        self.words_since_number = self.words_since_property = 99

    def note_word(self, word: str, *, had_number: bool) -> None:
        """A word of prose; `had_number` says whether a number or a statement stands right before it."""
        self.words_since_number = 1 if had_number else self.words_since_number + 1
        self.words_since_property = 0 if word in NEAR_PROPERTIES else self.words_since_property + 1
        self.before_number = ""
        self.is_counted = word in ("of", "than") and self.words_since_number <= WORDS_OF_A_UNIT + 1
        if word in CONNECTIVES:
            self.is_blocked = self.names_property = self.names_mean = self.names_operation = False
            self.words_since_property = 99
        elif had_number:
            self.is_blocked = word in JOINING and self.names_operation and not self.is_blocked
        elif word in PROPERTIES:
            self.names_property = True
        elif word in MEANS:
            self.names_mean = True
        if names_operation(word):
            self.names_operation = True
        self.word_before, self.word = self.word, word

    def note_number(self, signs: int) -> None:
        """The first number or bracket of a statement; `signs` of money or LaTeX stand before it."""
        self.before_number = self.word if not signs else f"${self.word}"
        is_counted = self.words_since_number == 1 or self.word_before in DETERMINERS
        self.is_label = not signs and self.word in LABELS and not is_counted

    @property
    def may_begin_with_sign(self) -> bool:
        """Whether a minus sign with a space behind it may belong to the number that follows."""
        return self.word in CONNECTIVES

    def is_other_value(self, tokens: Sequence[ArithmeticToken], *, is_worded: bool) -> bool:
        """Whether the words before the first side of a statement may ask for another value than what it computes to."""
        word = self.before_number.lstrip("$")
        if self.is_blocked or self.is_counted or word in FUNCTIONS or is_multiple(word):
            return True
        signs = {token.text for token in tokens if token.kind in ("op", "frac")}
        if self.words_since_property <= WORDS_OF_A_PROPERTY or (self.names_mean and signs == {"+"}):
            return True
        if is_worded:
            return self.names_property or (bool(word) and word not in CONNECTIVES and word not in ("the", "and", "if"))
        if tokens[0].kind == "number" and tokens[0].value.denominator == 1 and self.is_label:
            return True
        is_alone = len(tokens) == 1 and bool(self.before_number) and not self.before_number.startswith("$")
        return is_alone and word not in CONNECTIVES
