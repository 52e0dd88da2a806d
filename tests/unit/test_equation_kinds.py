"""Each kind of written arithmetic, right and wrong: the right statement passes, the wrong one of the same form is found."""

import time

import pytest

from caco_tasks.checks.arithmetic.equations import false_equations

KINDS = {
    "a negative result, rounded": ("4 - 19/3 = -2.33", "4 - 19/3 = -2.43"),
    "a negative result, about": (r"$-\frac{500}{7} \approx -71.43$", r"$-\frac{500}{7} \approx -71.53$"),
    "a percentage, rounded": ("14 / 48 * 100% = 29.17%", "14 / 48 * 100% = 29.71%"),
    "a share as a percentage": ("2/3 = 66.67%", "2/3 = 66.76%"),
    "a whole percentage": ("1/6 = 17%", "1/6 = 18%"),
    "a percentage on top": ("$80 + 10% = $88", "$80 + 10% = $89"),
    "a percentage off": ("$80 - 25% = $60", "$80 - 25% = $65"),
    "a percentage before a bracket": (r"$15\%(\$200) = \$30$", r"$15\%(\$200) = \$35$"),
    "percentages of several": (r"$20\%(50)+30\%(10)=13$", r"$20\%(50)+30\%(10)=14$"),
    "noise of floating points": ("26 / 6 = 4.333333333333333", "26 / 6 = 4.333333333433333"),
    "noise at the end": ("0.1 * 3 = 0.30000000000000004", "0.1 * 3 = 0.30000000040000000"),
    "million": ("3.6 million / 4 = 900,000", "3.6 million / 4 = 90,000"),
    "million on both sides": ("2 million + 5 million = 7 million", "2 million + 5 million = 8 million"),
    "thousand": ("12 thousand * 3 = 36,000", "12 thousand * 3 = 35,000"),
    "million and thousand": ("2 million / 4 = 500 thousand", "20 million / 4 = 5 thousand"),
    "million and a plain number": ("5 million + 3 = 5,000,003", "5 million + 3 = 8"),
    "a sum in dozens": ("1 + .5 + 1.5 dozen = 3 dozen", "1 + .5 + 1.5 dozen = 4 dozen"),
    "a result in millions": ("The budget is 32 / 2 = $16 million", "The budget is 32 / 2 = $17 million"),
    "dozen": ("5 dozen + 4 = 64", "5 dozen + 4 = 65"),
    "dozen as a unit": ("5 dozen * 12 = 60 eggs", "5 dozen * 12 = 62 eggs"),
    "recurring decimals": (r"$\frac{7}{11} = 0.\overline{63}$", r"$\frac{7}{11} = 0.\overline{36}$"),
    "recurring from the second on": (r"$\frac16 = 0.1\overline{6}$", r"$\frac16 = 0.\overline{16}$"),
    "a single digit under the bar": (r"$0.\overline{3} \cdot 3 = 1$", r"$0.\overline{3} \cdot 3 = 2$"),
    "a division by a fraction": ("18 / 1/4 = 72", "18 / 1/4 = 73"),
    "a division by a fraction, half spaced": ("18/ 1/4 = 72", "18/ 1/4 = 73"),
    "a division sign between fractions": ("2/3 ÷ 1/6 = 4", "2/3 ÷ 1/6 = 5"),
    "a division sign without spaces": ("6÷1/2=12", "6÷1/2=13"),
    "a division by one over": ("14 / 1 / 4 = 56", "14 / 1 / 4 = 57"),
    "powers side by side": ("$144 = 2^4 3^2$", "$144 = 2^4 3^3$"),
    "powers side by side in brackets": ("$144 = 2^{4} 3^{2}$", "$144 = 2^{4} 3^{3}$"),
    "exponents of one digit": ("$10^25^2 = 2500$", "$10^25^2 = 2600$"),
    "dollars and cents": ("$3.75 - $3.40 = 35 cents", "$3.75 - $3.40 = 45 cents"),
    "cents and dollars": ("25 cents * 6 = $1.50", "25 cents * 6 = $1.60"),
    "a sum that goes on in the next line": (
        "The edge is $3(8) - 2(5) = 24\n- 10 = 14$ cm.",
        "It is $3(8) - 2(5) = 24\n- 10 = 15$.",
    ),
    "a row that goes on": (
        r"\begin{align*} 2+3+4 &= 1 + 1 \\ &\qquad + 7 \end{align*}",
        r"\begin{align*} 2+3+4 &= 1 + 1 \\ &\qquad + 8 \end{align*}",
    ),
    "an en dash": ("7/8 – 3/8 = 4/8", "7/8 – 3/8 = 5/8"),
    "an en dash between amounts": ("$30 – $4.50 = $25.50", "$30 – $4.50 = $26.50"),
    "an em dash": ("30 — 4 = 26", "30 — 4 = 27"),
    "bold": ("Total = 16 × 3 = **48** pens", "Total = 16 × 3 = **49** pens"),
    "italics": ("So 16 × 3 = *48* pens", "So 16 × 3 = *49* pens"),
    "a power in Python": ("2**5 = 32", "2**5 = 23"),
    "a bold line": ("**Total: 7 + 6 = 13**", "**Total: 7 + 6 = 14**"),
    "a factorial at the equals sign": (r"$\frac{8!}{8}=7!=5040$", r"$\frac{8!}{8}=6!$"),
    "a factorial and its factors": (r"$4!=4\cdot3\cdot2=24$", r"$4!=4\cdot3\cdot2=25$"),
    "a unit with a power": ("a = 0.6 / 3 = 0.2 rad/s^2", "a = 0.6 / 3 = 0.3 rad/s^2"),
    "metres per second": ("40 / 8 = 5 m/s", "40 / 8 = 6 m/s"),
    "a mixed number with and": ("23/4 = 5 and 3/4", "23/4 = 6 and 3/4"),
    "a mixed number with and, in LaTeX": (
        r"$\frac{23}{4} = 5$ and $\frac{3}{4}$",
        r"$\frac{23}{4} = 6$ and $\frac{3}{4}$",
    ),
    "a mixed number as a factor": ("6 x 1 1/2 = 9", "6 x 1 1/2 = 10"),
    "a mixed number as a factor, in LaTeX": (r"$4 \cdot 2\frac{1}{4} = 9$", r"$4 \cdot 2\frac{1}{4} = 10$"),
    "a fraction of one sign": ("½ x 4/4 = 4/8", "½ x 4/4 = 5/8"),
    "a mixed number with a sign": ("2½ + 1½ = 4", "2½ + 1½ = 5"),
    "a quotient with remainder in LaTeX": (r"$50 \div 8 = 6 \text{ R }2$", r"$50 \div 8 = 6 \text{ R }3$"),
    "a remainder in words, in LaTeX": (
        r"$50 \div 8 = 6 \text{ remainder } 2$",
        r"$50 \div 8 = 6 \text{ remainder } 3$",
    ),
    "a rounded part of a sum": ("4 + 40/60 = 4 + 0.667 = 4.667", "4 + 40/60 = 4 + 0.767"),
    "about, with a rounded constant": (r"$7 \times 3.14159 \approx 21.99115$", r"$7 \times 3.14159 \approx 21.98115$"),
    "a power of ten": (r"$3.2 \times 10^4 = 32000$", r"$3.2 \times 10^4 = 3200$"),
    "about a power of ten": (r"$7^{12} \approx 1.38 \times 10^{10}$", r"$7^{12} \approx 1.38 \times 10^{11}$"),
    "scientific notation": ("4.5e3 * 2 = 9000", "4.5e3 * 2 = 900"),
    "because, and a negative number": ("So y = 7 because - 21/-3 = 7", "So y = 8 because - 21/-3 = 8"),
    "two display formulas": ("$$2^{-1}=2^{-1}$$ $$4^{-1}=(2^2)^{-1}$$", "$$2^{-1}=2^{-1}$$ $$4^{-1}=(2^3)^{-1}$$"),
    "a running total": ("3*5=15, +4=19, -9=10", "3*5=15, +4=20, -9=11"),
    "two sums and a comma": ("3 - 1 = 2, -4 + 9 = 5", "3 - 1 = 2, -4 + 9 = 6"),
    "a leading point": ("3 * .25 = .75", "3 * .25 = .57"),
    "superscripts": ("2⁵ - 10¹ = 22", "2⁵ - 10¹ = 23"),
    "a superscript in HTML": ("3<sup>4</sup> - 1 = 80", "3<sup>4</sup> - 1 = 81"),
    "signs in HTML": ("6 &times; 7 = <b>42</b>", "6 &times; 7 = <b>43</b>"),
    "degrees": (r"$90^\circ - 37^\circ = 53^\circ$", r"$90^\circ - 37^\circ = 63^\circ$"),
    "degrees with a sign": ("180° - 55° = 125°", "180° - 55° = 135°"),
    "in total": ("8 + 5 = 13 in total", "8 + 5 = 14 in total"),
    "two thirds of": ("two thirds of 60 + 5 = 45", "two thirds of 60 + 5 = 25"),
    "a share of the": ("1/4 of the 80 pens is 20, 1/4 of the 80 = 20", "1/4 of the 80 = 25"),
    "binomials": (r"$\binom{5}{2} \cdot 3 = 30$", r"$\binom{5}{2} \cdot 3 = 60$"),
    "a percentage in words behind a box": (r"$\frac{9}{20}=\boxed{45}$ percent", r"$\frac{9}{20}=\boxed{54}$ percent"),
    "is, at the beginning": ("So 12 * 4 is 48", "So 12 * 4 is 58"),
    "twenty of them": ("100 / 5 = 20 times 2 people came.", "100 / 5 = 30 times 2 people came."),
    "a statement in brackets behind a number": ("He has 5 pens (3 + 2 = 5).", "He has 5 pens (3 + 3 = 5)."),
    "a remark in brackets": ("3 * 6 = 18 (in total)", "3 * 6 = 19 (in total)"),
    "another statement between quotes": ('"2 + 5 = 7"', '"2 + 5 = 8"'),
    "a conclusion": (r"$6 + 3 = b \Rightarrow 6 + 3 = 9$", r"$6 + 3 = b \Rightarrow 6 + 3 = 8$"),
    "division by words": ("12 divided by 4 * 2 = 6", "12 divided by 4 * 2 = 7"),
    "weeks to days": ("3 weeks * 7 days/week = 21 days", "3 weeks * 7 days/week = 22 days"),
    "brackets side by side": ("(3)(4) = 12", "(3)(4) = 13"),
    "factorials side by side": (r"$\frac{6!}{3!2!} = 60$", r"$\frac{6!}{3!2!} = 61$"),
    "about, with two digits of pi": (
        r"$2 \times 3.14 \times 5 \approx 31.416$",
        r"$2 \times 3.14 \times 5 \approx 31.616$",
    ),
    "a rate": ("4 tickets * $90/ticket = $360", "4 tickets * $90/ticket = $370"),
    "a rate in a measure": ("15 / day * 6 days = $90", "15 / day * 6 days = $80"),
    "units of one measure": ("3 inches + 1 inch = 4 inches", "3 inches + 1 inch = 5 inches"),
    "a root as a power": (r"$16^{\frac{1}{2}} + 1 = 5$", r"$16^{\frac{1}{2}} + 1 = 6$"),
    "is, of a power": ("So 2^5 is 32.", "So 2^5 is 33."),
    "a percentage of something": ("10/40 = 25% of the pens", "10/40 = 26% of the pens"),
    "a list of sums": ("- 16 * 2 = 32\n- 32 * 2 = 64", "- 16 * 2 = 52\n- 32 * 2 = 64"),
    "a remark with words": (r"It is $3\cdot2=6$ (3 choices for each)", r"It is $3\cdot2=5$ (3 choices for each)"),
    "a number of a sentence behind it": (
        "Since $1+1+1=3$, 111 is divisible by 3.",
        "Since $1+1+1=2$, 111 is divisible by 3.",
    ),
    "the total of": (
        "It costs 2 dollars each for a total of 2*9 = 18",
        "It costs 2 dollars each for a total of 2*9 = 19",
    ),
    "what remains of a share": ("1/4 of the remaining 20 = 5", "1/4 of the remaining 20 = 6"),
    "the sum that a share is of": ("$1/8+1/8=1/4$ of the $2^8=256$ rows", "$1/8+1/8=3/4$ of the $2^8=256$ rows"),
    "a rounded factor": ("0.333 * 3 = 1", "0.323 * 3 = 1"),
    "a number that is no remainder": ("The last digit matters: 7 * 8 = 56.", "The last digit matters: 7 * 8 = 55."),
    "a dash behind the result": ("8 + 5 = 13 apples - that is all.", "8 + 5 = 14 apples - that is all."),
}
UNKNOWN = {
    "the digit of a power": "The units digit of $3^4$ is $1$.",
    "the digit of a product": "The last digit of 7 * 8 = 6.",
    "the largest power below": "The largest power of 5 less than 700 is $5^4$.",
    "the remainder of": "The remainder of 17 / 5 = 2.",
    "the square root of": "The square root of 9 + 16 = 5.",
    "the average of": "The average of 3 + 4 + 5 = 4",
    "the root, in LaTeX": r"$\sqrt[3]{8} + 1 = 3$",
    "called false": "Then $2=\\sqrt{16}+4$, and $2=4+4$ is not true, so 2 is no solution.",
    "a contradiction": "This gives 3 + 4 = 8, a contradiction.",
    "corrected at once": "3 + 4 = 8. Wait, that is 7.",
    "said not to be": "It is not the case that 2 + 2 = 5.",
    "supposed": "Suppose 3 + 4 = 8 apples.",
    "asked": "Is 3 + 4 = 8?",
    "labels": "Day 1 + Day 2 = 9",
    "labels in LaTeX": r"\text{Day }1 + 1 = 9",
    "a label and its value": "The price in week 2 = 7 * 3",
    "a function": r"$2f\left( \frac{1}{2} \right) = 6$",
    "a function with a spaced bracket": r"$g \left( 3 + 1 \right) = 6$",
    "a letter above a fraction": r"$\frac A{-3-1}+\frac B{-3+1}=0$",
    "a factor of conversion": r"$\frac{4\text{ quarts}}{1\text{ gallon}} = 1$",
    "a logarithm": r"$\log_x 8=\frac12$",
    "an absolute value": "|3 - 8| = 5",
    "a sequence with dots": "1 + 2 + ... + 9 = 45",
    "a plus-minus": r"$3 \pm 1 = 4$",
    "congruent": r"$3 \cdot 5 \equiv 1 \pmod 7$",
    "equal modulo": r"$3 \cdot 5 = 1 \pmod 7$",
    "a number of another base": "$12_5 + 1 = 8$",
    "names of triangles": "The triangles 9-12-15 = 3-4-5.",
    "an operation of the author's": r"$4 \# 2 = 4 + \frac{4}{2} + 1$, and $4 * 2 = 4 \cdot 2 + 3$",
    "subtract from": "Subtracting 3 from 5 + 2 = 4",
    "more than": "5 more than 3 + 4 = 12",
    "twice": "twice 6 + 3 = 18",
    "half the": "1/2 of what remains + 3 = 9",
    "products of letters": r"$\frac12 bh + 3 = 75$",
    "times of day": "9:30 - 8:15 = 75",
    "dates": "2024-03-12 - 2024-03-10 = 2",
    "a ratio": "6:9 = 2:3 and 6:9 + 1 = 4",
    "a division that goes wrong": "5/0 = 7",
    "digits beside a box": r"$200 + 55 = 2\boxed{55}$",
    "spaced thousands": "20 000 + 5 = 20 005",
    "an unknown sign": "3 ⊕ 5 = 6 + 1",
    "a range": "Pages 5–10 = 6",
    "rounded down in brackets": r"$\left[\frac{17}{5}\right] = 3$",
    "a bill beside a count": "2 $50 bills + 1 $10 bill = 3",
    "an operator that ends in nothing": ".5 + . 25 + .25 = 1",
    "a product of unlike measures": "3 hours * 20 minutes = 61",
    "boxes and pens": "2 boxes + 5 pens = 29 pens",
    "a name behind a slash": "12/count * 2 = 6",
    "a power described": "Since $2^{10}$ is 3 places away",
    "a share of a name": "1/3 of Solomon = 66/3",
    "hours and minutes": "255 ÷ 60 = 4 hours and 15 minutes",
    "the whole part in another unit": "44,346 ms ÷ 1000 = 44 seconds",
    "a bullet before a bracket": "- (-83) = 83",
    "subtracting": "Subtract 5 from 7 + 2 = 4",
    "not equal": "3 + 4 =/= 8",
}


@pytest.mark.parametrize("text", [right for right, _ in KINDS.values()], ids=KINDS)
def test_the_right_statement_is_computed_and_passes(text: str) -> None:
    found = false_equations(text)
    assert found.checked >= 1
    assert found.false == ()


@pytest.mark.parametrize("text", [wrong for _, wrong in KINDS.values()], ids=KINDS)
def test_the_wrong_statement_of_the_same_form_is_found(text: str) -> None:
    assert len(false_equations(text).false) >= 1


@pytest.mark.parametrize("text", UNKNOWN.values(), ids=UNKNOWN)
def test_what_is_not_understood_is_not_called_false(text: str) -> None:
    assert false_equations(text).false == ()


@pytest.mark.parametrize("text", ["3 ⊕ 5 = 6 + 1", r"$\frac12 bh + 3 = 75$", "Week 1 + Week 2 = 9", "x + 3 = 8"])
def test_what_is_not_understood_is_counted(text: str) -> None:
    found = false_equations(text)
    assert (found.checked, found.not_understood) == (0, 1)


def test_the_name_of_a_value_is_nothing_to_understand() -> None:
    assert false_equations("x = 5, y = 7 apples").not_understood == 0


def test_what_follows_an_unknown_statement_is_judged_again() -> None:
    assert false_equations("$x + 3 = 8$, so 5 + 3 = 9.").false == ("5 + 3 = 9",)


def test_a_drawing_is_no_arithmetic() -> None:
    found = false_equations("[asy]\npath p = 3 + 4 = 9; draw(0 - 1 = 4);\n[/asy]\nSo 3 + 4 = 7.")
    assert (found.checked, found.false) == (1, ())


@pytest.mark.parametrize(
    "text",
    [
        "week 1 + " * 12_000,
        "1 / 2 / 3 / " * 9_000 + " = 1",
        "*" * 100_000,
        "* a" * 30_000,
        "(1 = " * 20_000,
        "1/3 = 33% + 1% - " * 6_000,
        "\\text{" * 15_000,
        "3 – " * 25_000 + "= 1",
        "<b>" * 30_000,
        "[asy]" * 20_000,
        "1 \\overline{" * 8_000,
        "3 + 4 = 8 not " * 7_000,
        "5!=" * 30_000,
        "2\\frac{1}{2}%" * 7_000 + " = 1",
    ],
    ids=lambda text: text[:12],
)
def test_a_hundred_kilobytes_take_a_second_or_two(text: str) -> None:
    started = time.process_time()
    false_equations(text)
    assert time.process_time() - started < 3


def test_letters_with_a_computed_value_are_computed_with() -> None:
    text = "A = (3 + 4) = 7 and B = 2 * 5 = 10. Then A * B - A = 7 * 10 - 7 = 63."
    found = false_equations(text)
    assert (found.checked, found.false) == (4, ())
    assert false_equations(text.replace("7 * 10 - 7 = 63", "7 * 11 - 7 = 70")).false == ("A * B - A = 7 * 11 - 7",)


@pytest.mark.parametrize(
    "text",
    [
        "A = 3 + 4 = 7, then A = 4 + 5 = 9, so A + 1 = 8",
        "A = 3 + 4 = 7, so A_1 + 1 = 9",
        "A = 3 + 4 = 7, so 2A + 1 = 9",
        "A = 3 + 4 = 7, so A(2) + 1 = 9",
        "A = 3 + 4 = 7, so A + x = 9",
        "A = 9, so A + 1 = 8",
        "a = 3 + 4 = 7, so a + 1 = 9",
    ],
)
def test_other_letters_have_no_value(text: str) -> None:
    assert false_equations(text).false == ()
