"""Numbers in a text: read in digits and in words, written in words, with every value that they may stand for."""

import re
from fractions import Fraction

import pytest

from caco_tasks.numbers_in_text import (
    MAX_NUMBER,
    digits_pattern,
    mentions,
    number_of_words,
    read_cardinal,
    without_separators,
    words_of_number,
)


@pytest.mark.parametrize("number", [0, 7, 13, 20, 21, 99, 100, 105, 640, 1000, 1001, 20_300, 500_000, MAX_NUMBER])
def test_a_number_written_in_words_is_read_again(number: int) -> None:
    words = words_of_number(number)
    assert number_of_words(words) == number
    assert number_of_words(words.replace(" and ", " ").title()) == number


@pytest.mark.parametrize(
    "text",
    ["", "and", "hundred", "five six", "twenty twenty", "one hundred hundred", "two million", "five apples", "5"],
)
def test_other_words_are_no_number(text: str) -> None:
    assert number_of_words(text) is None


@pytest.mark.parametrize(
    ("words", "number", "taken"),
    [
        ("forty - eight apples", 48, 3),
        ("two hundred and five of", 205, 4),
        ("three million two thousand", 3_002_000, 4),
        ("five six", 5, 1),
        ("twenty and some", 20, 1),
        ("apples", 0, 0),
    ],
)
def test_a_cardinal_is_read_where_words_begin_with_one(words: str, number: int, taken: int) -> None:
    assert read_cardinal(words.split()) == (number, taken)


@pytest.mark.parametrize(("text", "plain"), [("1,250", "1250"), ("1{,}250.5", "1250.5"), (r"1\,250", "1250")])
def test_thousands_may_be_set_apart(text: str, plain: str) -> None:
    pattern = digits_pattern(",", r"\{,\}", r"\\,")
    assert re.fullmatch(pattern, text)
    assert without_separators(text) == plain


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("15 %", {"15", "3/20", "23/20", "17/20"}),
        ("2 1/2", {"5/2"}),
        ("3 million", {"3000000"}),
        ("two thirds", {"2", "2/3"}),
        ("two hundred and five", {"205"}),
        ("a hundred", {"100"}),
        ("quarters", {"4", "1/4"}),
        ("the third", {"3", "1/3"}),
        ("twice", {"2"}),
    ],
)
def test_a_mention_has_every_value_that_it_may_stand_for(text: str, values: set[str]) -> None:
    assert mentions(text)[0].values == {Fraction(value) for value in values}


@pytest.mark.parametrize(("text", "is_exempt"), [("3rd", True), ("x^2", True), ("both", True), ("13", False)])
def test_what_only_names_a_number_is_exempt(text: str, is_exempt: bool) -> None:
    assert [mention.is_exempt for mention in mentions(text)] == [is_exempt]
