"""Values that a text gives capital letters: `A = 3 + 4 = 7 … A * B = 7 * 2`."""

from dataclasses import replace
from fractions import Fraction

from caco_tasks.checks.arithmetic.arithmetic_statement import MAX_SIDE_TOKENS, EqualityChain, Side
from caco_tasks.checks.arithmetic.arithmetic_tokens import ArithmeticToken
from caco_tasks.checks.arithmetic.arithmetic_values import values_of

MAX_NAMES = 26


class NamedValues:
    """The letters of a text and their values, as far as it was read; a letter that gets a second value has none."""

    def __init__(self) -> None:
        self._values: dict[str, Fraction | None] = {}

    def fill(self, statement: EqualityChain) -> None:
        """Puts the values into the sides of a statement that are unknown for nothing but such letters."""
        if not self._values:
            return
        for place, side in enumerate(statement.sides):
            if not side.is_known and side.has_operator and self._is_written_in_names(side.tokens):
                tokens = [self._replace_name(token) for token in side.tokens]
                statement.sides[place] = replace(side, tokens=tokens, is_known=True)

    def learn(self, statement: EqualityChain) -> None:
        """Takes the value of a letter from a statement that begins with it and computes it; any other takes it away."""
        name, sides = statement.sides[0].tokens, statement.sides[1:]
        if len(name) != 1 or not _is_name(name[0]):
            return
        values = [_value_of(side) for side in sides]
        value = values[-1] if any(side.has_operator for side in sides) and None not in values else None
        is_new = name[0].text not in self._values
        if value is not None and is_new and len(self._values) < MAX_NAMES:
            self._values[name[0].text] = value
        elif not is_new and value != self._values[name[0].text]:
            self._values[name[0].text] = None

    def _is_written_in_names(self, tokens: list[ArithmeticToken]) -> bool:
        """Whether each unknown token is a letter with a value that stands by itself between operators and brackets."""
        if len(tokens) >= MAX_SIDE_TOKENS:
            return False
        for place, token in enumerate(tokens):
            if token.kind != "unknown":
                continue
            before = tokens[place - 1].kind if place else "("
            behind = tokens[place + 1].kind if place + 1 < len(tokens) else ")"
            if self._values.get(token.text) is None or before not in ("op", "(") or behind not in ("op", ")"):
                return False
        return True

    def _replace_name(self, token: ArithmeticToken) -> ArithmeticToken:
        value = self._values.get(token.text)
        return token if token.kind != "unknown" or value is None else token._replace(kind="number", value=value)


def _is_name(token: ArithmeticToken) -> bool:
    return token.kind == "unknown" and len(token.text) == 1 and "A" <= token.text <= "Z"


def _value_of(side: Side) -> Fraction | None:
    if not side.is_known:
        return None
    value = next(values_of(side.tokens), None)
    return None if value is None else value.value
