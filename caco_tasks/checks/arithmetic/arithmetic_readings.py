"""The values that a side of a statement may have: whole, or without what belongs to the sentence that it stands in."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from caco_tasks.checks.arithmetic.arithmetic_statement import Side
from caco_tasks.checks.arithmetic.arithmetic_tokens import ArithmeticToken
from caco_tasks.checks.arithmetic.arithmetic_values import SideValue, read_plainly, values_of

MAX_CUTS = 4  # of one side


class SideReading(NamedTuple):
    """The values of a side: whole, or without the words of a sentence that begins or ends in it."""

    whole: Sequence[SideValue]
    as_first: Sequence[SideValue]  # without its beginning
    as_last: Sequence[SideValue]  # without its end
    is_certain: bool  # the whole has a value, and means nothing else

    @property
    def left(self) -> Sequence[SideValue]:
        """Its values where an equals sign stands behind it."""
        return [*self.whole, *self.as_first] if self.as_first else self.whole

    @property
    def right(self) -> Sequence[SideValue]:
        """Its values where an equals sign stands before it."""
        return [*self.whole, *self.as_last] if self.as_last else self.whole


def read_side(side: Side, *, is_first: bool, is_last: bool) -> SideReading:
    """The values that a side may have: whole, or without its sentence's words and numbers."""
    tokens = side.tokens
    if side.is_known and not side.before and (plainest := read_plainly(tokens)) is not None:
        return SideReading(plainest, (), (), side.is_certain)
    if not side.is_known or not tokens or any(map(_is_split_number, tokens, tokens[1:])):
        return SideReading((), (), (), is_certain=False)
    whole = list(values_of(tokens))
    if side.before:
        whole += values_of([*side.before, *tokens])
    first = [value for place in _find_beginnings(tokens, is_first) for value in values_of(tokens[place:])]
    last = [value for place in _find_ends(tokens, is_last) for value in values_of(tokens[:place])]
    has_conjunction = is_first and any(token.kind == "and" for token in tokens)
    is_certain = (
        side.is_certain and bool(whole) and not (has_conjunction or _is_floor(tokens, whole) or _is_annotated(tokens))
    )
    return SideReading(whole, first, last, is_certain)


def _find_joints(tokens: list[ArithmeticToken]) -> list[int]:
    """Where two operands have but a space between: a product, a mixed number, or two things of the sentence."""
    return [
        place
        for place, (before, token) in enumerate(itertools.pairwise(tokens), start=1)
        if token.start > before.end
        and before.kind in ("number", ")", "%", "!", "scale")
        and token.kind in ("number", "(", "frac", "sqrt")
    ]


def _find_beginnings(tokens: list[ArithmeticToken], is_first: bool) -> list[int]:
    """Where a side may begin: `a tenth of the 30 + 5`, and, if it is the first one, `In 2020 12 * 4`."""
    if len(tokens) < 2:
        return []
    apart = [
        place
        for place, (before, token) in enumerate(itertools.pairwise(tokens), start=1)
        if before.text == "of" and token.start > before.end + 2 and place < len(tokens) - 1
    ]
    return [*(_find_joints(tokens)[-MAX_CUTS:] if is_first else ()), *apart[:MAX_CUTS]]


def _find_ends(tokens: list[ArithmeticToken], is_last: bool) -> list[int]:
    """Where a result may end: at a word that is an operator only to some, and, in the last side, at a space."""
    if len(tokens) < 2:
        return []
    ends = [place for place, token in enumerate(tokens) if token.is_word and place]
    if is_last:
        ends += _find_joints(tokens)
        ends += [len(tokens) - 1] if tokens[-1].kind == "!" else []
    return ends[:MAX_CUTS]


def _is_split_number(before: ArithmeticToken, token: ArithmeticToken) -> bool:
    """`80 000`: one number to some, two to others."""
    return (
        before.kind == token.kind == "number"
        and len(before.text) <= 3
        and len(token.text) == 3
        and token.text.isdigit()
    )


def _is_floor(tokens: Sequence[ArithmeticToken], values: Sequence[SideValue]) -> bool:
    """`[7/2]` may be the whole part of 7/2."""
    return (
        tokens[0].text.strip() == "["
        and tokens[-1].text == "]"
        and all(value.value.denominator != 1 for value in values)
    )


def _is_annotated(tokens: Sequence[ArithmeticToken]) -> bool:
    """`12 * 5² (25)`: the number in brackets says what stands before it comes to."""
    for place in range(1, len(tokens) - 2):
        number = tokens[place + 1]
        if tokens[place].text == " (" and number.kind == "number" and tokens[place + 2].kind == ")":
            return any(
                value.value == number.value
                for start in (0, place - 3, place - 1)
                for value in values_of(tokens[max(0, start) : place])
            )
    return False
