"""Whole numbers in English words: read, written, and told from other words."""

import pytest

from caco_tasks.number_words import MAX_NUMBER, number_of_words, read_cardinal, words_of_number


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
