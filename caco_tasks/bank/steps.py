"""Steps that the solutions of several families write out."""

from collections.abc import Iterable
from math import gcd


def write_list(numbers: Iterable[int]) -> str:
    """Numbers as a problem or a step lists them: "3, 5, 8"."""
    return ", ".join(map(str, numbers))


def write_reduction(numerator: int, denominator: int) -> str:
    """The step that brings a fraction to its lowest terms, or says that it is in them."""
    factor = gcd(numerator, denominator)
    if factor == 1:
        return f"{numerator}/{denominator} is in lowest terms."
    top, bottom = numerator // factor, denominator // factor
    divisions = f"{numerator} / {factor} = {top}. {denominator} / {factor} = {bottom}."
    return f"{numerator}/{denominator} can be reduced by {factor}: {divisions} That is {top}/{bottom}."
