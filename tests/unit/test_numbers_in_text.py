"""Numbers in a text: found in digits and in words, with every value that they may stand for."""

import re
from fractions import Fraction

import pytest

from caco_tasks.numbers_in_text import digits_pattern, mentions, without_separators
from caco_tasks.plain_numerals import plain_numerals


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
        ("3 million", {"3", "3000000"}),
        ("2.5 dozen", {"5/2", "30"}),
        ("two and a half million", {"2", "5/2", "2000000", "2500000"}),
        ("a million", {"1000000"}),
        ("fifteen hundred", {"1500"}),
        ("three sixteenths", {"3", "3/16"}),
        ("twenty-first", {"21"}),
        ("one hundred twenty-first", {"121"}),
        ("tenfold", {"10"}),
        ("20k", {"20", "20000"}),
        ("1.5e6", {"1500000"}),
        ("3 × 10^8", {"3", "300000000"}),
        ("10^9 + 7", {"1000000000", "1000000007"}),
        ("7 1/2 %", {"15/2", "3/40"}),
        ("2½", {"5/2"}),
        (r"2\frac{1}{2}", {"5/2"}),
        (r"\frac34", {"3", "4", "3/4"}),
        (r"\frac{120}{7}", {"120", "7", "120/7"}),
        (r"\frac{ 3 }4", {"3", "4", "3/4"}),
        (r"\frac{11!}{9!}", {"11"}),
        (r"\frac{12}{n}", {"12"}),
        (r"10,\!000", {"10000"}),
        ("1/4.", {"1", "4", "1/4"}),
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


@pytest.mark.parametrize(
    ("text", "is_exempt"),
    [
        ("3rd", True),
        ("x^2", True),
        ("x^{-3}", True),
        ("F_{12}", True),
        ("log_2", True),
        ("x₂", True),
        ("both", True),
        ("13", False),
        ("3x", False),
    ],
)
def test_what_only_names_a_number_is_exempt(text: str, is_exempt: bool) -> None:
    assert [mention.is_exempt for mention in mentions(text)] == [is_exempt]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("with one fifty-dollar bill", ["one", "fifty"]),
        ("five six", ["five", "six"]),
        ("a 3x4 grid", ["3", "4"]),
        ("2^{10} boxes", ["10", "2"]),
        ("in the ratio 3:5", ["3", "5"]),
    ],
)
def test_numbers_that_stand_side_by_side_are_read_each(text: str, numbers: list[str]) -> None:
    assert [mention.text for mention in mentions(text) if mention.text != "a"] == numbers


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("1½ cups", "1 1/2 cups"),
        ("10⁹ + 7", "10^9 + 7"),
        ("a₁₀", "a_10"),
        ("x⁻²", "x^-2"),
        ("４５", "45"),
        ("3 − 4", "3 - 4"),
    ],
)
def test_numerals_of_unicode_are_written_plainly(text: str, plain: str) -> None:
    assert plain_numerals(text) == plain


def test_a_mention_says_where_it_stands() -> None:
    text = "He has 15 % of forty-two pens."
    assert [text[one.start :][: len(one.text)] for one in mentions(text)] == ["15", "forty-two"]
