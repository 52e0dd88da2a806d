r"""Answers with a modulus or the base of their digits: `3 \pmod 7`, `1011_2`."""

import re
from fractions import Fraction

from caco_tasks.exact import NoValueError
from caco_tasks.grading.exact_value import exact
from caco_tasks.grading.relations import settled, value_of
from caco_tasks.grading.syntax_tree import Node

_MODULUS = re.compile(
    r"\s*(?:\\pmod\s*\{?\s*(\d{1,18})\s*\}?|\(\s*\\?(?:b?mod|text\{mod\})\s*\{?\s*(\d{1,18})\s*\}?\s*\)"
    r"|(?<=[\d ])\\?mod(?:ulo)?\s+(\d{1,18}))\s*$"
)
_BASED = re.compile(
    r"(?P<digits>[\dA-Fa-f]*\d[\dA-Fa-f]*)\s*(?:_\s*\{?\s*(?P<low>\d{1,2})\s*\}?|\(?\s*(?:in )?base[ -](?P<named>\d{1,2})\s*\)?)"
)


def split_modulus(text: str) -> tuple[str, int | None]:
    r"""A congruence without its modulus, and the modulus: `x \equiv 3` and 7; None where there is none."""
    found = _MODULUS.search(text) if "mod" in text else None
    if found is None:
        return text, None
    return text[: found.start()], int(next(group for group in found.groups() if group))


def split_base(text: str) -> tuple[str, int | None]:
    """The digits of a number with the base written beside it, and that base; None where there is none."""
    found = _BASED.fullmatch(text) if "_" in text or "base" in text else None
    return (found["digits"], int(found["low"] or found["named"])) if found else (text, None)


def is_congruent(gold: Node, pred: Node, modulus: int) -> bool | None:
    """Whether two whole numbers, labelled or not, are congruent; None where one is none."""
    values = _value(gold), _value(pred)
    if values[0] is None or values[1] is None:
        return None
    difference = values[0] - values[1]
    return difference.denominator == 1 and difference.numerator % modulus == 0


def is_remainder(whole: Node, remainder: Node, modulus: int) -> bool | None:
    """Whether a whole number leaves this remainder: 17 leaves 2 modulo 5; None where one is none.

    A number below the modulus may be its own, also below zero: -2 modulo 5 is -2.
    """
    values = _value(whole), _value(remainder)
    if values[0] is None or values[1] is None:
        return None
    if values[0] == values[1]:
        return values[0] < modulus
    return 0 <= values[1] < modulus and is_congruent(whole, remainder, modulus) is True


def _value(node: Node) -> Fraction | None:
    try:
        return exact(value_of(settled(node)))
    except NoValueError:
        return None
