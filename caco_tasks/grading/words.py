"""Whole numbers in English words, both ways, up to a million."""

import re

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_VALUES = {word: value for value, word in enumerate(_ONES)} | {
    word: 10 * (place + 2) for place, word in enumerate(_TENS)
}
_WORD = re.compile(r"[a-z]+")
MAX_CHARS = 100
MAX_NUMBER = 999_999


def number_of_words(text: str) -> int | None:
    """The number that `text` spells, such as `forty-eight` or `one hundred and five`; None if it is anything else."""
    if len(text) > MAX_CHARS or not text[:1].isalpha():
        return None
    words = [word for word in _WORD.findall(text.lower()) if word != "and"]
    for number in _candidates(words):
        if [word for word in _WORD.findall(words_of_number(number)) if word != "and"] == words:
            return number
    return None


def words_of_number(number: int) -> str:
    """A whole number from 0 to 999,999 in words, as in `one hundred and five`."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens - 2] + (f"-{_ONES[ones]}" if ones else "")
    size, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    most, rest = divmod(number, size)
    link = " and " if rest and rest < 100 else " "
    return f"{words_of_number(most)} {name}{link if rest else ''}{words_of_number(rest) if rest else ''}"


def _candidates(words: list[str]) -> list[int]:
    """The number that the words add up to, if all are number words."""
    total = part = 0
    for word in words:
        if word in _VALUES:
            part += _VALUES[word]
        elif word == "hundred":
            part *= 100
        elif word == "thousand":
            total, part = total + part * 1000, 0
        else:
            return []
    return [total + part] if words and total + part <= MAX_NUMBER else []
