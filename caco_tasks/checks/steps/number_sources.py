"""Sources of a number beside those that a text states: a quantity in another unit, and the words of a field.

Where a text speaks of divisors, a divisor of a given number needs no other source; likewise multiples, primes, powers.
The words decide, not the number alone.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence, Set
from fractions import Fraction

from caco_tasks.checks.numbers.measures import find_measures

MAX_WHOLE = 10**6  # of numbers that are looked at for divisors, powers and primes

_FIELDS = {
    "divisor": re.compile(
        r"\bfactors\b|\bfactors? of\b|\b(?:prime|common) factor|\bfactori[sz]|\bdivisors?\b|\bgreatest common\b|\bgc[df]\b"
    ),
    "multiple": re.compile(r"\bmultiples? of\b|\bdivisible\b|\bleast common\b|\bcommon multiples?\b|\blcm\b"),
    "prime": re.compile(r"\bprimes?\b"),
    "choice": re.compile(r"\bprobab|\breplacement\b|\barrange|\bpermut|\bchoos|\border"),
    "sequence": re.compile(r"\b(?:arithmetic|geometric) (?:sequence|series|progression)"),
    "power": re.compile(
        r"\bperfect (?:square|cube|power)|\bpowers? of\b|\bbinary\b|\b(?:cubes|squares|powers) (?:that|less|between)\b"
    ),
}
_FIELD_NUMBERS = tuple(
    (re.compile(rf"\b(?:{words})"), frozenset(map(Fraction, numbers)))
    for words, numbers in (
        ("dice|die", (2, 3, 4, 5, 6, 36, 216)),
        ("deck|playing cards|standard cards", (4, 12, 13, 26, 51, 52)),
        (r"(?:two|three|four|[234])[- ]digit", (4, 5, 9, 90, 99, 900, 999, 9000, 9999)),
        ("vowel|consonant", (5, 21)),
        ("cubes?\\b", (6, 8, 12)),
        ("clock", (6, 12, 30, 60, 360)),
        ("tetrahedr", (4, 6)),
        ("octahedr", (6, 8, 12)),
        ("interior angles?", (180, 360)),
        ("heptagon", (7,)),
        ("nonagon", (9,)),
        ("decagon", (10,)),
        ("dodecagon", (12,)),
    )
)  # the words of a field -> the numbers that everybody in it knows
_MODULUS = re.compile(r"\b(?:multiples? of|divisible by|divides?(?: evenly)? by)\s\$?(\d{1,6})\b")
_DIGITS = re.compile(r"\d{1,15}")
_SIDES = re.compile(r"\b(\d{1,4})(?: sides\b|-sided (?:convex |regular )?polygon|-gon\b)")
_NAME = re.compile(r"\b[A-Z][A-Za-z]{2,}\b")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WEEKDAYS = re.compile(rf"\b({'|'.join(_DAYS)})s? (?:to|through|until) ({'|'.join(_DAYS)})\b")
_WITH_OTHERS = re.compile(
    r"\b[A-Z]\w+ and (?:(?:his|her|their|the) )?(?:other )?(\d{1,4}) (?:of (?:his|her|their) )?(?:\w+ )?friends\b"
)
_CLOCK = re.compile(r"\b\d{1,2}:\d\d:\d\d(?:\.\d{1,6})?")
_LETTERS = re.compile(r"\bletters?\b|\brearrangements?\b")
_COUNTED = re.compile(r"\bprobabilit|\bintegers?\b|\bwhole numbers?\b|\bnumbers? (?:from|between|less|greater)\b")
_BOUND = re.compile(r"\b(less|fewer|below|greater|more|above)(?: than)? \$?(\d{1,9})\b(?![.,]\d)")
_RANGE = re.compile(r"\b(\d{1,9})\$? (?:to|through|and) \$?(\d{1,9})\b(?![.,]\d)")
_ITEM = r"[\w.$\\'-]{1,40}(?: [\w.$\\'-]{1,40}){0,3}"
_TERM = r"\$?\d[\d.]{0,20}\$?"
_LIST = re.compile(
    rf"(?<![\w.$\\'-]){_ITEM}(?:, {_ITEM}){{1,40}},? (?:and|or) (?!so on)|{_TERM}(?:,\s?{_TERM}){{2,60}}"
    rf"|{_TERM}(?:,\s?{_TERM}){{1,60}},?\s(?:and|or)\s{_TERM}"
)


def find_field_numbers(problem: str) -> Iterator[Fraction]:
    """Numbers that a problem's words bring along: quantities in other units, pairs of dice, the letters of its names."""
    yield from (value for measured in find_measures(problem) for value in measured.values)
    yield from (Fraction(digits) for digits in _DIGITS.findall(problem))  # 20 in 1d20
    for sides in map(int, _SIDES.findall(problem)):
        yield from map(Fraction, (sides - 2, sides - 3, sides * (sides - 3) // 2))  # of a polygon
    lowered = problem.lower()
    for words, numbers in _FIELD_NUMBERS:
        if words.search(lowered):
            yield from numbers
    for first, last in _WEEKDAYS.findall(problem):
        yield Fraction((_DAYS.index(last) - _DAYS.index(first)) % 7 + 1)
    yield from (Fraction(number) + 1 for number in _WITH_OTHERS.findall(problem))  # Ann and 5 friends are 6
    for clock in _CLOCK.findall(problem):
        yield from map(Fraction, (*re.findall(r"\d+", clock), 3600, 60_000, 3_600_000))
    if _COUNTED.search(lowered):
        for match in _BOUND.finditer(lowered):
            yield Fraction(match[2]) + (-1 if match[1] in ("less", "fewer", "below") else 1)
        yield from (Fraction(match[2]) - Fraction(match[1]) + 1 for match in _RANGE.finditer(lowered))
    if _LETTERS.search(lowered):
        yield from {Fraction(len(name)) for name in _NAME.findall(problem)}


def count_lists(problem: str) -> Iterator[Fraction]:
    """How many things the lists of a problem hold: 4 for `8, 10, 12 and 15`."""
    for match in _LIST.finditer(problem):
        commas = len(re.findall(r",(?!\s*(?:and|or)\b)", match[0]))
        yield Fraction(commas + 1 + (re.search(r"\b(?:and|or)\b", match[0]) is not None))


def find_fields(text: str) -> frozenset[str]:
    """The fields whose words a text holds."""
    lowered = text.lower()
    return frozenset(name for name, words in _FIELDS.items() if words.search(lowered))


def find_moduli(text: str) -> set[Fraction]:
    """The numbers of which a text calls others multiples."""
    return {Fraction(number) for number in _MODULUS.findall(text) if int(number)}


def is_of_field(number: Fraction, stated: Iterable[Fraction], moduli: Iterable[Fraction], fields: Set[str]) -> bool:
    """Whether a whole number is one that the words of a field call for.

    A divisor of a number that the problem states, a multiple of one of `moduli`, a prime, a power.
    """
    if not fields or number.denominator != 1 or not 1 < number <= MAX_WHOLE:
        return False
    whole = int(number)
    others = [int(one) for one in stated if one.denominator == 1 and one > 2]
    return (
        ("divisor" in fields and any(one % whole == 0 for one in others))
        or ("multiple" in fields and any(number % one == 0 for one in moduli))
        or ("prime" in fields and is_prime(whole))
        or ("sequence" in fields and any(whole + 1 == one for one in others))
        or ("power" in fields and is_power(whole))
    )


def is_prime(number: int) -> bool:
    """Whether a number from 2 to `MAX_WHOLE` is prime."""
    return all(number % divisor for divisor in range(2, int(number**0.5) + 1))


def is_power(number: int) -> bool:
    """Whether a number from 2 to `MAX_WHOLE` is a whole number to the second power or a higher one."""
    return any(round(number ** (1 / exponent)) ** exponent == number for exponent in range(2, number.bit_length()))


def is_progression(terms: Sequence[Fraction], known: Set[Fraction]) -> bool:
    """Whether at least three terms go on from a known one by a known difference or factor: 28 + 21 + 14 + 7."""
    if len(terms) < 3 or terms[0] not in known or not all(terms):
        return False
    differences = {after - before for before, after in itertools.pairwise(terms)}
    factors = {after / before for before, after in itertools.pairwise(terms)}
    if len(differences) > 1 and len(factors) > 1:
        return False
    step = abs(differences.pop()) if len(differences) == 1 else factors.pop()
    return bool(step) and (step == 1 or step in known or 1 / step in known)
