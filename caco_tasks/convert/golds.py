"""Gold answers as exact numbers, and what it means for an output to equal one."""

import re
from dataclasses import dataclass
from fractions import Fraction

from caco_tasks.numbers_in_text import digits_pattern, without_separators

MAX_GOLD_CHARS = 200
_GOLD = re.compile(
    rf"(?<![\w.])(-\s?)?(?:\$\s?)?(?:(\d+)\s+(\d+)\s?/\s?(\d+)|(\d+)\s?/\s?(\d+)|({digits_pattern(',')}))"
)

_RATIO = re.compile(r"(\d{1,12}(?:\.\d{1,12})?)\s?:\s?(\d{1,12}(?:\.\d{1,12})?)")


@dataclass(frozen=True, slots=True)
class Gold:
    """One number of an answer."""

    value: Fraction
    decimals: int | None  # digits shown after the point; None of a fraction


def read_golds(answer: str | None) -> tuple[Gold, ...] | None:
    """The numbers of an answer, in order; several are parted by `;`, a ratio is its quotient; None of other text."""
    if answer is None or len(answer) > MAX_GOLD_CHARS:
        return None
    found = [_read_gold(part) for part in answer.split(";")]
    golds = tuple(gold for gold in found if gold is not None)
    return golds if len(golds) == len(found) else None


def _read_gold(text: str) -> Gold | None:
    if (ratio := _RATIO.fullmatch(text.strip())) and Fraction(ratio[2]):
        return Gold(Fraction(ratio[1]) / Fraction(ratio[2]), None)
    matches = list(_GOLD.finditer(text))
    rest = _GOLD.sub("", text)
    if len(matches) != 1 or re.search(r"[\d^√π:]|sqrt|none", rest):
        return None
    sign, whole, above, below, numerator, denominator, decimal = matches[0].groups()
    factor = -1 if sign else 1
    if decimal:
        bare = without_separators(decimal)
        return Gold(factor * Fraction(bare), len(bare.partition(".")[2]))
    if int(below or denominator) == 0:
        return None
    fraction = Fraction(int(above or numerator), int(below or denominator))
    return Gold(factor * (int(whole or 0) + fraction), None)


def equals_when_rounded(result: Fraction, gold: Gold) -> bool:
    """Whether `result`, rounded or cut at the decimals that the gold shows, is the gold; never if it shows none."""
    if not gold.decimals:
        return False
    scale = 10**gold.decimals
    return gold.value in (
        Fraction(round(result * scale), scale),
        Fraction(int(result * scale), scale),
        # Half away from zero, as people round; Python's round() goes to the even neighbour.
        Fraction(int(result * scale + (Fraction(1, 2) if result >= 0 else -Fraction(1, 2))), scale),
    )
