"""Problems with a fault, each of the form of a right one in test_problem_conventions.py: each is caught."""

import pytest
from problem_cases import SUM, Case, faults_of

from caco_tasks.records import Reason

WRONG: dict[str, tuple[Reason, Case]] = {
    "another half hour": (
        Reason.NAMES_NO_INPUT,
        (
            "A play lasts from half past 2 until quarter to 4 in the afternoon. How many minutes?",
            {"h1": 14, "m1": 30, "h2": 16, "m2": 45},
            135,
            "x = h2 * 60 + m2 - h1 * 60 - m1",
        ),
    ),
    "another month": (
        Reason.NAMES_NO_INPUT,
        (
            "Jo was born on April 9, 2011. How old?",
            {"born": {"$type": "date", "value": "2011-06-09"}},
            13,
            "x = f(born)",
        ),
    ),
    "another count": (
        Reason.NAMES_NO_INPUT,
        ("Find 1 + 2 + ... + n for n = 46, using n(n+1)/2.", {"n": 45}, 1035, "x = sum(range(n + 1))"),
    ),
    "no logarithm": (
        Reason.FOREIGN_NUMBER,
        ("Given log_{10} 2 \\approx 0.401, how many digits has 2^{60}?", {"n": 60}, 19, "len(str(2 ** n))"),
    ),
    "another weekday": (
        Reason.NAMES_NO_INPUT,
        ("Today is Tuesday. Which weekday is it in 50 days?", {"day": 4, "n": 50}, "Wednesday", "d = ['Wednesday']"),
    ),
    "three on one side": (
        Reason.FOREIGN_NUMBER,
        (
            "Find the larger root of x^2 - 7x + 10 = 3.",
            {"a": 1, "b": -7, "c": 10},
            5,
            "x = (-b + (b * b - 4 * a * c) ** 0.5) / 2",
        ),
    ),
    "units digit for hundreds": (
        Reason.NAMES_NO_INPUT,
        ("What is the units digit of 3^{41}?", {"base": 3, "power": 41, "modulus": 100}, 3, "x = pow(a, b, m)"),
    ),
    "last three digits for two": (
        Reason.NAMES_NO_INPUT,
        ("What are the last three digits of 7^{55}?", {"base": 7, "power": 55, "modulus": 100}, 43, "pow(a, b, m)"),
    ),
    "numbers of four digits for three": (
        Reason.NAMES_NO_INPUT,
        (
            "How many 4-digit numbers are multiples of 17?",
            {"low": 100, "high": 999, "step": 17},
            53,
            "x = count(low, high)",
        ),
    ),
    "numbers of four digits, three in the program": (
        Reason.FOREIGN_NUMBER,
        ("How many 4-digit numbers are multiples of 17?", {"step": 17}, 53, "x = 999 // step - 99 // step"),
    ),
    "another index": (
        Reason.NAMES_NO_INPUT,
        ("F_1 = F_2 = 1 and F_n = F_{n-1} + F_{n-2}. Find F_{31}.", {"n": 30}, 832040, "a, b = b, a + b"),
    ),
    "a recurrence with more": (
        Reason.FOREIGN_NUMBER,
        ("F_1 = F_2 = 1 and F_n = F_{n-1} + F_{n-2} + 6. Find F_{30}.", {"n": 30}, 832040, "a, b = b, a + b"),
    ),
    "three places, of a program that rounds to two": (
        Reason.FOREIGN_NUMBER,
        ("What is 22 / 7, rounded to 3 decimal places?", {"a": 22, "b": 7}, 3.14, "x = round(a / b, 2)"),
    ),
    "two places in words, of a program that rounds to one": (
        Reason.FOREIGN_NUMBER,
        (
            "What is the mean of 12, 15 and 20, to two decimal places?",
            {"v": [12, 15, 20]},
            15.7,
            "x = round(mean(v), 1)",
        ),
    ),
    "no value of pi": (
        Reason.FOREIGN_NUMBER,
        (
            "Use π ≈ 3.15. How long is the edge of a circle of radius 4?",
            {"radius": 4},
            25.13272,
            "x = 2 * math.pi * radius",
        ),
    ),
    "another pi than the program's": (
        Reason.FOREIGN_NUMBER,
        (
            "Use π ≈ 3.1416. How long is the edge of a circle of radius 4?",
            {"radius": 4},
            25.12,
            "x = 2 * 3.14 * radius",
        ),
    ),
    "no root": (
        Reason.FOREIGN_NUMBER,
        (
            "Take \\sqrt{2} \\approx 1.5. How long is the side of a square with diagonal 8?",
            {"d": 8},
            5.6,
            "x = d / 2 ** 0.5",
        ),
    ),
    "another modulus": (
        Reason.FOREIGN_NUMBER,
        (
            "Find 2^{50} modulo 10^9 + 9.",
            {"base": 2, "exponent": 50},
            898961331,
            "x = pow(base, exponent, 1_000_000_007)",
        ),
    ),
    "another row": (
        Reason.NAMES_NO_INPUT,
        (
            "What is the 20th term of 5, 9, 13, 17, ...?",
            {"first": 5, "difference": 3, "n": 20},
            62,
            "x = f + (n - 1) * d",
        ),
    ),
    "a morning": (
        Reason.NAMES_NO_INPUT,
        ("A bus leaves at 1:00 AM and drives 4 hours. At what hour is it there?", {"start": 13, "hours": 4}, 17, SUM),
    ),
    "another full hour": (
        Reason.NAMES_NO_INPUT,
        (
            "How much oil at 6 ml an hour from 2:00 PM to 8:00 PM?",
            {"rate": 6, "start": 2, "end": 7},
            30,
            "x = r * (e - s)",
        ),
    ),
    "minutes from nowhere": (
        Reason.FOREIGN_NUMBER,
        (
            "How much oil at 6 ml an hour from 2:00 PM to 7:45 PM?",
            {"rate": 6, "start": 2, "end": 7},
            30,
            "x = r * (e - s)",
        ),
    ),
    "another time between": (
        Reason.NAMES_NO_INPUT,
        (
            "A shop is open from 9 am to 6 pm and sells 12 pens an hour. How many a day?",
            {"hours": 8, "pens": 12},
            96,
            "x = h * p",
        ),
    ),
    "another time than the text": (
        Reason.NAMES_NO_INPUT,
        (
            "A film starts at 6:30 AM and lasts 95 minutes. When does it end?",
            {"start": "18:30", "min": 95},
            "20:05",
            "x = f(s)",
        ),
    ),
    "the answer, and not the share": (
        Reason.LEAKS_ANSWER,
        (
            "Of 50 hooks 20% are bent, so that 20 pairs hang. How many pairs?",
            {"hooks": 50, "share": 0.2},
            20,
            "x = (h - h * s) / 2",
        ),
    ),
    "another float": (
        Reason.NAMES_NO_INPUT,
        ("A third of 24 cups is milk. How many cups?", {"share": 0.34, "cups": 24}, 8, "x = share * cups"),
    ),
    "another fraction": (
        Reason.NAMES_NO_INPUT,
        ("She uses 2/3 of 60 eggs. How many?", {"share": 0.663, "eggs": 60}, 40, "x = share * eggs"),
    ),
    "a longer month": (
        Reason.NAMES_NO_INPUT,
        ("A cat eats 2 tins a day. How many in the month of June?", {"tins": 2, "days": 31}, 62, "x = tins * days"),
    ),
    "nothing that is free": (
        Reason.NAMES_NO_INPUT,
        (
            "The first ride is cheap, each other costs 4 dollars. What do 9 rides cost?",
            {"first": 0, "more": 4, "rides": 9},
            32,
            SUM,
        ),
    ),
    "seventy minutes": (
        Reason.FOREIGN_NUMBER,
        (
            "There are 70 minutes in an hour. How many hours are 300 minutes?",
            {"minutes": 300},
            5,
            "x = timedelta(minutes=m)",
        ),
    ),
    "a list of another length": (
        Reason.NAMES_NO_INPUT,
        (
            "Ann has 5 apples and 3 pears. How many fruits has she?",
            {"apples": ["Gala", "Gala", "Fuji", "Fuji"], "pears": [12, 15, 11]},
            7,
            "def solve(apples, pears):\n    return len(apples) + len(pears)\n",
        ),
    ),
    "a list that matters by what it holds": (
        Reason.NAMES_NO_INPUT,
        ("Ann has 3 pears. What do they weigh?", {"pears": [12, 15, 11]}, 38, "x = sum(pears) * len(pears) / 3"),
    ),
    "more of the first numbers": (
        Reason.NAMES_NO_INPUT,
        ("Add the first nine positive integers.", {"items": [*range(1, 11)]}, 55, "x = sum(items)"),
    ),
    "four kinds of three": (
        Reason.FOREIGN_NUMBER,
        ("A cook has 4 kinds of rice: 12 kg, 7 kg and 9 kg. How much is that?", {"a": 12, "b": 7, "c": 9}, 28, SUM),
    ),
    "a count that what is taken in order does not have": (
        Reason.FOREIGN_NUMBER,
        (
            "A nurse has 4 shifts. The first shift takes 7 hours, the second shift 9, the third shift 5. How long is that?",
            {"a": 7, "b": 9, "c": 5},
            21,
            SUM,
        ),
    ),
    "a bold answer": (
        Reason.LEAKS_ANSWER,
        ("A shop has **14** hats and 9 caps, **23** in all. How many is that?", {"hats": 14, "caps": 9}, 23, SUM),
    ),
    "a bold number from nowhere": (
        Reason.FOREIGN_NUMBER,
        ("A shop has **14** hats, 9 caps and **31** coats. How many hats and caps?", {"hats": 14, "caps": 9}, 23, SUM),
    ),
    "other decades": (
        Reason.NAMES_NO_INPUT,
        ("A wall is three decades old. How many months is that?", {"years": 20}, 240, "x = years * 12"),
    ),
    "compounded otherwise": (
        Reason.NAMES_NO_INPUT,
        (
            "500 dollars grow at 3% a year, compounded monthly, for 6 years. How much is it then?",
            {"sum": 500, "rate": 0.03, "times": 4, "years": 6},
            598.21,
            "x = sum * (1 + rate / times) ** (times * years)",
        ),
    ),
    "another percentage": (
        Reason.NAMES_NO_INPUT,
        ("34% of 60 pupils swim. How many?", {"share": 0.3333333333333333, "n": 60}, 20, "x = s * n"),
    ),
    "a label that is no name of an input": (
        Reason.FOREIGN_NUMBER,
        (
            "A stem plot has the leaves 1, 6 and 8 at stem 4, and 0, 3 at stem 9. How many values has it?",
            {"stem_4": [1, 6, 8], "stem_7": [0, 3]},
            5,
            "def solve(stem_4, stem_7):\n    return len(stem_4) + len(stem_7)\n",
        ),
    ),
    "one label alone": (
        Reason.FOREIGN_NUMBER,
        ("Box 17 holds 14 toys and another box 19. How many?", {"first": 14, "second": 19}, 33, SUM),
    ),
    "a year": (
        Reason.FOREIGN_NUMBER,
        ("In 2021 Tom read 12 pages, and 15 later. How many?", {"first": 12, "second": 15}, 27, SUM),
    ),
    "a leak in a condition": (
        Reason.LEAKS_ANSWER,
        (
            "How many of 4, 5, 8 are even, if the answer is 2?",
            {"items": [4, 5, 8]},
            2,
            "x = sum(i % 2 == 0 for i in items)",
        ),
    ),
    "the result, which is an input as well": (
        Reason.LEAKS_ANSWER,
        (
            "Of 27, 21 and 14 cm find the median. The result should be 21.",
            {"items": [27, 21, 14]},
            21,
            "x = median(items)",
        ),
    ),
    "a name of the program": (
        Reason.LEAKS_CODE,
        ("Let n_1 = 14 and n_total = n_1 + 23. What is it?", {"n_1": 14, "n": 23}, 37, "n_total = n_1 + n"),
    ),
    "a remark and no question": (
        Reason.NO_QUESTION,
        ("6 cups cost 4 dollars each. Assume that there is no tax.", {"n": 6, "p": 4}, 24, "x = n * p"),
    ),
    "what is given behind the question": (
        Reason.NO_QUESTION,
        ("How much is that? A shop sells 6 hats at 8 dollars each.", {"n": 6, "p": 8}, 48, "x = n * p"),
    ),
    "a title, and no question": (
        Reason.NO_QUESTION,
        ("6 hats at 8 dollars each are sold to Mr. Brown.", {"n": 6, "p": 8}, 48, "x = n * p"),
    ),
    "another bill": (
        Reason.NAMES_NO_INPUT,
        (
            "Ann pays two pens at $7 each with one twenty-dollar bill. What is left?",
            {"pens": 2, "price": 7, "bill": 50},
            36,
            "x = b",
        ),
    ),
    "other seats": (
        Reason.NAMES_NO_INPUT,
        (
            "A hall has sixteen hundred seats in 30 rows. How many a row?",
            {"seats": 1500, "rows": 30},
            50,
            "x = seats / rows",
        ),
    ),
    "zero of something": (
        Reason.FOREIGN_NUMBER,
        ("Ann has 6 cups, 0 forks and 9 plates. How many things?", {"cups": 6, "plates": 9}, 15, "x = cups + plates"),
    ),
}


@pytest.mark.parametrize(("reason", "case"), WRONG.values(), ids=WRONG.keys())
def test_a_false_neighbour_is_caught(reason: Reason, case: Case) -> None:
    assert reason in [fault.reason for fault in faults_of(case)]
