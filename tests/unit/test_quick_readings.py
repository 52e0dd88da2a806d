"""What is read a quick way where texts are plain: it must be what the whole way reads."""

import itertools
import random
import re

import pytest

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import draw_problem
from caco_tasks.checks.arithmetic.arithmetic_text import plain
from caco_tasks.checks.arithmetic.arithmetic_tokens import TOKEN, ArithmeticToken, scan
from caco_tasks.checks.arithmetic.arithmetic_values import PLAIN, compute, read_plainly
from caco_tasks.checks.steps.shown_numbers import find_shown_numbers
from caco_tasks.numbers_in_text import mentions, read_fraction, whole

DRAWN = [draw_problem(family, number) for number, family in enumerate(FAMILIES)]
TEXTS = [
    *(text for one in DRAWN for text in (one.problem, one.solution)),
    "10^9 + 7 and 10 ** 9 - 7, 3 x 10^8, 3 \\times 10^8 m, 2 1/2 cups, 3-1/2 and 5 - 3/4 of 24 / 4 / 2",
    "12 \\frac{3}{4} and 1\\,250 or 1{,}250; $5 more than $\\$7$, (8) at 30 % of 40\\%, 5 dozen, 4 k, 2e5, 6 th, 7th",
    "27. \\overline{3} = 0.5\\overline{3}, 0.(3) and 12.\\bar 3; x 3 = 4 x 5, xX 3, sqrt(16), sqrt 16, sq. ft, cu.in",
    "it's well-known km/h a/b 3a ab2 x' -> => == =/= =? -= 3 - -2 - x * y / z + 1 =- 4, 1,200. 5 : 3 ; 2 ? 7\n\n8\n & 9\n\\\\ 10",
    "Nine.\n\\quad 5, \\text{so} 7. \\] 1.5.3 ٣ + ٤ = ٧ ½ 3½ 2²",
]
SIGNS = "0123456789 .,:;?=+-*/()[]{}$\\^_%!\n'xabEesqrtndh½²٣"


def _random_text(number: int) -> str:
    chance = random.Random(number)
    return "".join(chance.choice(SIGNS) for _ in range(40))


FUZZ = [_random_text(number) for number in range(3000)]
# the pattern without its short forms
WHOLE = re.compile(re.sub(r"\n *\| \(\?P<plain_[^\n]*", "", TOKEN.pattern), TOKEN.flags)


def test_short_forms_of_tokens_are_those_of_the_whole_pattern() -> None:
    assert "plain_word" not in WHOLE.pattern
    assert "P<word>" in WHOLE.pattern
    kinds = {"plain_word": "word", "plain_number": "number", "plain_op": "op", "plain_equals": "equals"}
    kinds |= {"plain_stop": "stop", "plain_line": "line"}
    seen = set()
    for text in map(plain, [*TEXTS, *FUZZ]):
        quick = [(kinds.get(str(one.lastgroup), one.lastgroup), one.span()) for one in scan(text)]
        seen |= {one.lastgroup for one in scan(text)}
        assert quick == [(one.lastgroup, one.span()) for one in WHOLE.finditer(text)], text
    assert seen > kinds.keys()


def test_shown_numbers_are_among_those_that_the_text_names() -> None:
    found = 0
    for text in [*TEXTS, *FUZZ]:
        named = {value for mention in mentions(text) for value in mention.values}
        for digits, place in find_shown_numbers(text).items():
            found += 1
            assert read_fraction(digits) in named, (digits, text)
            assert text[place:].startswith(digits)
    assert found > 500


@pytest.mark.parametrize("text", ["10^9 + 7", "3 1/2", "1\\,250", "5" * 2001, "x2", "1.5", "1,200", "-3", "7th"])
def test_numbers_that_may_be_part_of_others_are_not_shown(text: str) -> None:
    assert find_shown_numbers(text).keys() <= {"2"}, text


def test_plain_sides_have_the_value_that_the_calculator_gives() -> None:
    numbers = [0, 1, 2, 7, -3, 10**9 - 1, 10**9, 10**12]
    for left, sign, right in itertools.product(numbers, "+-*/÷^", numbers):
        tokens = [
            ArithmeticToken("number", str(left), 0, 1, whole(left)),
            ArithmeticToken("op", sign, 2, 3),
            ArithmeticToken("number", str(right), 4, 5, whole(right)),
        ]
        quick, whole_way = read_plainly(tokens), compute(tokens, PLAIN)
        assert quick is None or [one.value for one in quick] == [whole_way and whole_way.value]
        assert quick is None or [one.decimals for one in quick] == [whole_way and whole_way.decimals]
        assert quick is not None or sign == "^" or right == 0 or max(abs(left), abs(right)) >= 10**9
