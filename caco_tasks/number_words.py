"""The English words of whole numbers, read and written; for all who read them: grader, checks, converter.

number_of_words("one hundred and five")       # 105
words_of_number(48)                           # "forty-eight"
read_cardinal(["two", "hundred", "pens"])     # (200, 2)
"""

import re
from collections.abc import Sequence

MAX_WORD_CHARS = 100  # of a number in words
MAX_NUMBER = 999_999  # that is read and written in words

ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = (
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
)  # fmt: skip
CARDINALS = {word: value for value, word in enumerate(ONES)} | {
    word: 10 * place for place, word in enumerate(TENS, start=2)
}
ORDINALS = (
    "zeroth", "first", "second", "third", "fourth", "fifth", "sixth",
    "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth", "thirteenth",
    "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth",
)  # fmt: skip
SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
DENOMINATORS = {
    "half": 2, "halves": 2, "third": 3, "thirds": 3, "fourth": 4, "fourths": 4, "quarter": 4, "quarters": 4,
    "fifth": 5, "fifths": 5, "sixth": 6, "sixths": 6, "seventh": 7, "sevenths": 7, "eighth": 8, "eighths": 8,
    "ninth": 9, "ninths": 9, "tenth": 10, "tenths": 10, "twelfth": 12, "twelfths": 12, "twentieth": 20,
    "twentieths": 20, "hundredth": 100, "hundredths": 100,
}  # fmt: skip
MULTIPLES = {
    "twice": 2, "double": 2, "doubles": 2, "doubled": 2, "doubling": 2, "thrice": 3, "triple": 3, "triples": 3,
    "tripled": 3, "tripling": 3, "quadruple": 4, "quadruples": 4, "quadrupled": 4, "quintuple": 5, "dozen": 12,
    "dozens": 12,
}  # fmt: skip
_WORD = re.compile(r"[A-Za-z]+")


def number_of_words(text: str) -> int | None:
    """The number that `text` spells, such as `forty-eight` or `one hundred and five`; None if it is anything else."""
    if len(text) > MAX_WORD_CHARS or not text[:1].isalpha():
        return None
    words = [word for word in _WORD.findall(text.lower()) if word != "and"]
    number, taken = read_cardinal(words)
    if not words or taken < len(words) or number > MAX_NUMBER:
        return None
    # Written again it must be the same: "twenty five six" adds up too.
    spelled = [word for word in _WORD.findall(words_of_number(number)) if word != "and"]
    return number if spelled == words else None


def words_of_number(number: int) -> str:
    """A whole number from 0 to 999,999 in words, as in `one hundred and five`."""
    if number < 20:
        return ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return TENS[tens - 2] + (f"-{ONES[ones]}" if ones else "")
    size, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    most, rest = divmod(number, size)
    link = " and " if rest and rest < 100 else " "
    return f"{words_of_number(most)} {name}{link if rest else ''}{words_of_number(rest) if rest else ''}"


def read_cardinal(words: Sequence[str]) -> tuple[int, int]:
    """The number that `words` begin with, and how many of them say it (hyphens count as words); (0, 0) if none."""
    total = current = taken = 0
    for place, word in enumerate(map(str.lower, words)):
        if word in CARDINALS and _may_add(current, CARDINALS[word]):
            current += CARDINALS[word]
        elif word == "hundred" and taken:
            current *= 100
        elif word in SCALES and taken:
            total, current = total + current * SCALES[word], 0
        elif word in ("-", "and") and taken and _joins(words, place):
            continue  # it counts only together with the word behind it
        else:
            break
        taken = place + 1
    return total + current, taken


def _may_add(current: int, more: int) -> bool:
    """Whether a cardinal may follow: `twenty` then `five`, `hundred` then `twenty`, but not `five` then `six`."""
    rest = current % 100
    return current == 0 or (rest == 0 and current >= 100) or (rest >= 20 and rest % 10 == 0 and 0 < more < 10)


def _joins(words: Sequence[str], place: int) -> bool:
    """Whether a hyphen stands between two cardinals, or an `and` between a scale and a cardinal."""
    before = words[place - 1].lower()
    is_inside = before in CARDINALS if words[place] == "-" else before in SCALES
    return is_inside and place + 1 < len(words) and words[place + 1].lower() in CARDINALS
