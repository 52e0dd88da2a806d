"""Towers of powers that no machine can write out: their values modulo a prime."""

import math

from caco_tasks.exact import NoValueError
from caco_tasks.grading.exact_value import exact
from caco_tasks.grading.syntax_tree import Node, Number, Operation


def residue(node: Node, modulus: int) -> int:
    """The value of a tree of whole numbers modulo a prime, however high its powers tower.

    Raises:
        NoValueError: the tree is not built from whole numbers by + - * and ^.
    """
    if isinstance(node, Number) and node.value.denominator == 1:
        return int(node.value) % modulus
    if not isinstance(node, Operation) or node.name not in ("+", "*", "neg", "^"):
        raise NoValueError("not built from whole numbers")
    if node.name == "^":
        return _residue_of_power(node.args[0], node.args[1], modulus)
    args = [residue(arg, modulus) for arg in node.args]
    return {"+": sum(args), "*": math.prod(args), "neg": -args[0]}[node.name] % modulus


def _residue_of_power(base: Node, exponent: Node, modulus: int) -> int:
    """By Euler's theorem: a^e = a^(e mod phi + phi) modulo m for every e of at least log2(m)."""
    if modulus == 1:
        return 0
    small = _exponent_or_none(exponent)
    if small is not None:
        return pow(residue(base, modulus), small, modulus)
    totient = _totient(modulus)
    return pow(residue(base, modulus), residue(exponent, totient) + totient, modulus)


def _exponent_or_none(node: Node) -> int | None:
    """The exponent itself if it can be written out, None if it is too large for that.

    Raises:
        NoValueError: it is negative, not whole, or its size cannot be told.
    """
    try:
        value = exact(node)
    except NoValueError:
        if not _is_huge(node):
            raise
        return None
    if value < 0 or value.denominator != 1:
        raise NoValueError("not a whole exponent")
    return int(value)


def _is_huge(node: Node) -> bool:
    """Certainly more than 2**64: a power of a whole number above 1, or a sum or product of such."""
    if not isinstance(node, Operation):
        return False
    if node.name == "^":
        base, exponent = node.args
        if not (isinstance(base, Number) and base.value >= 2):
            return False
        try:
            return exact(exponent) >= 64
        except NoValueError:
            return _is_huge(exponent)
    rest = node.name in ("+", "*") and all(
        _is_huge(arg) or (isinstance(arg, Number) and arg.value >= 1) for arg in node.args
    )
    return rest and any(_is_huge(arg) for arg in node.args)


def _totient(number: int) -> int:
    result, rest, factor = number, number, 2
    while factor * factor <= rest:
        if rest % factor == 0:
            result -= result // factor
            while rest % factor == 0:
                rest //= factor
        factor += 1
    return result - result // rest if rest > 1 else result
