"""Hostile problems for the checks of `reverse`: numbers in words, percents, units, dates, and answers in disguise."""

import json
from typing import Any

import pytest

from caco_tasks.check_settings import ReverseSettings
from caco_tasks.checks.problems.problem_rules import find_problem_faults
from caco_tasks.checks.rules import apply_rules
from caco_tasks.records import Reason, Verdict

Case = tuple[str, dict[str, Any], str, str]  # problem, input, output, code


def problem_faults(problem: str, **program: str) -> Verdict:
    """What all rules together say of a problem."""
    rules = ReverseSettings().rules
    return apply_rules(find_problem_faults(problem, rules, **program), rules, stage="reverse")[0]


def fault(case: Case) -> Reason | None:
    problem, given, output, code = case
    return problem_faults(problem, input_json=json.dumps(given), output_text=output, code=code).reason


SOUND: dict[str, Case] = {
    "percent for a share": (
        "A price of 80 dollars falls by 25%. What is it now?",
        {"price": 80, "rate": 0.25},
        "60",
        "output = 1",
    ),
    "a quarter": (
        "A price of 80 dollars falls by a quarter. What is it now?",
        {"price": 80, "rate": 0.25},
        "60",
        "output = 1",
    ),
    "percent in words": (
        "A price of 80 dollars falls by twenty-five percent. What is it now?",
        {"price": 80, "rate": 0.25},
        "60",
        "output = 1",
    ),
    "per cent": (
        "A price of 80 dollars falls by 25 per cent. What is it now?",
        {"price": 80, "rate": 25},
        "60",
        "output = 1",
    ),
    "a decimal percent": (
        "A price rises by 7.5% from 80. What is it now?",
        {"price": 80, "rate": 0.075},
        "86",
        "output = 1",
    ),
    "a mixed percent": (
        "A price rises by 7 1/2 % from 80. What is it now?",
        {"price": 80, "rate": 0.075},
        "86",
        "output = 1",
    ),
    "two dozen": (
        "Ben has two dozen eggs and eats five. How many are left?",
        {"eggs": 24, "eaten": 5},
        "19",
        "output = 1",
    ),
    "a dozen": ("Ben has a dozen eggs and eats five. How many are left?", {"eggs": 12, "eaten": 5}, "7", "output = 1"),
    "half a dozen": (
        "Ben has half a dozen eggs and eats five. How many are left?",
        {"eggs": 6, "eaten": 5},
        "1",
        "output = 1",
    ),
    "twice": (
        "Ben buys twice as many pens as Ann, who has 7. How many has Ben?",
        {"factor": 2, "ann": 7},
        "14",
        "output = 1",
    ),
    "three times": (
        "Ben buys three times as many pens as Ann, who has 7. How many has Ben?",
        {"factor": 3, "ann": 7},
        "21",
        "output = 1",
    ),
    "years": ("Ben was born in 1987. How old is he in 2024?", {"born": 1987, "now": 2024}, "37", "output = 1"),
    "sixty minutes written in the program": (
        "A trip takes 3 hours. Each of the 60 minutes of an hour costs 2 cents. How much is it?",
        {"hours": 3, "cents": 2},
        "360",
        "minutes = hours * 60",
    ),
    "sixty minutes as an input": (
        "A trip takes 3 hours of 60 minutes. How many minutes is it?",
        {"hours": 3, "minutes_per_hour": 60},
        "180",
        "output = 1",
    ),
    "sixty minutes nobody says": (
        "A trip takes 3 hours. How many minutes is it?",
        {"hours": 3, "minutes_per_hour": 60},
        "180",
        "output = 1",
    ),
    "seven days nobody says": (
        "He trains for 3 weeks. How many days is that?",
        {"weeks": 3, "days_per_week": 7},
        "21",
        "output = 1",
    ),
    "an ordinal": ("Who comes in on the 21st place of 30?", {"place": 21, "all": 30}, "9", "output = 1"),
    "an ordinal in words": (
        "Who comes in on the twenty-first place of 30?",
        {"place": 21, "all": 30},
        "9",
        "output = 1",
    ),
    "a date": (
        "What day is it 10 days after 2024-02-25?",
        {"date": "2024-02-25", "days": 10},
        "2024-03-06",
        "output = 1",
    ),
    "a date in words": (
        "What day is it 10 days after February 25, 2024?",
        {"date": "2024-02-25", "days": 10},
        "2024-03-06",
        "output = 1",
    ),
    "a date with its day first": (
        "What day is it 10 days after 25 February 2024?",
        {"date": "2024-02-25", "days": 10},
        "2024-03-06",
        "output = 1",
    ),
    "millions": (
        "A town of 1.5 million people grows by 2%. How many live there then?",
        {"people": 1500000, "rate": 0.02},
        "1530000",
        "output = 1",
    ),
    "a number inside another": (
        "Sum 12, 112 and 1200. What is the sum?",
        {"items": [12, 112, 1200]},
        "1324",
        "output = 1",
    ),
    "an answer inside another": (
        "A bag of 120 beans loses 8 of them. How many of 120 are left?",
        {"beans": 120, "lost": 8},
        "112",
        "output = 1",
    ),
    "an input inside the answer": (
        "Ann has 112 beads, twelve of them red. How many are not red?",
        {"beads": 112, "red": 12},
        "100",
        "output = 1",
    ),
    "an answer that is an input": ("What is 12 plus 0?", {"a": 12, "b": 0}, "12", "output = 1"),
    "units": (
        "A rope of 5 m is cut into 2 equal parts. How long is a part, in metres?",
        {"rope": 5, "parts": 2},
        "2.5",
        "output = 1",
    ),
    "a fraction in words": (
        "A tank holds three-quarters of 80 litres. How many litres?",
        {"share": 0.75, "tank": 80},
        "60",
        "output = 1",
    ),
    "a LaTeX fraction": (
        "A tank holds $\\frac{3}{4}$ of 80 litres. How many litres?",
        {"share": 0.75, "tank": 80},
        "60",
        "output = 1",
    ),
    "below zero": (
        "It is 5 degrees below zero and gets 7 degrees warmer. How warm is it?",
        {"now": -5, "rise": 7},
        "2",
        "output = 1",
    ),
    "matrices": (
        "Find the product of the matrices [[1, 2], [3, 4]] and [[5, 6], [7, 8]].",
        {"a": [[1, 2], [3, 4]], "b": [[5, 6], [7, 8]]},
        "[[19, 22], [43, 50]]",
        "output = 1",
    ),
    "a word that is its own answer": ('Reverse the string "level".', {"word": "level"}, "level", "output = 1"),
    "a truth value": ("Is it true that 7 is a prime? Answer True or False.", {"n": 7}, "True", "output = 1"),
    "a pair": ("Each of 3 boys has a pair of shoes. How many shoes?", {"boys": 3, "shoes_each": 2}, "6", "output = 1"),
    "hours and minutes": (
        "A car does 60 km in 1 hour 30 minutes. What is its speed in km per hour?",
        {"km": 60, "hours": 1.5},
        "40",
        "output = 1",
    ),
    "a time of day": (
        "A film runs 90 minutes and begins at 18:30. When does it end?",
        {"minutes": 90, "start": "18:30"},
        "20:00",
        "output = 1",
    ),
    "a price with cents": (
        "Tickets cost $4.50 each. What do 6 cost?",
        {"price": 4.5, "tickets": 6},
        "27.0",
        "output = 1",
    ),
    "cents for dollars": (
        "Tickets cost 50 cents each. What do 6 cost in dollars?",
        {"price": 0.5, "tickets": 6},
        "3.0",
        "output = 1",
    ),
    "a third": (
        "A third of 90 pupils swim. How many?",
        {"share": {"$type": "Fraction", "value": "1/3"}, "pupils": 90},
        "30",
        "output = 1",
    ),
    "one in five": ("One in 5 of 90 pupils swims. How many?", {"share": 0.2, "pupils": 90}, "18", "output = 1"),
    "thousands and percent": (
        "An interest of 3 % a year is paid on 2,000 euros. After 2 years, how much is there?",
        {"rate": 0.03, "sum": 2000, "years": 2},
        "2121.8",
        "output = 1",
    ),
    "equal values": (
        "Ann has 3 red, 3 blue and 4 green beads. How many has she?",
        {"red": 3, "blue": 3, "green": 4},
        "10",
        "output = 1",
    ),
}
FAULTY: dict[str, tuple[Reason, Case]] = {
    "the answer": (
        Reason.LEAKS_ANSWER,
        (
            "A price of 80 dollars falls by 25% to 60 dollars. What is it now?",
            {"price": 80, "rate": 0.25},
            "60",
            "output = 1",
        ),
    ),
    "the answer as money": (
        Reason.LEAKS_ANSWER,
        (
            "A price of 80 dollars falls by 25% to $60.00. What is it now?",
            {"price": 80, "rate": 0.25},
            "60",
            "output = 1",
        ),
    ),
    "the answer in words": (
        Reason.LEAKS_ANSWER,
        ("A price of 80 falls by 25% to sixty. What is it now?", {"price": 80, "rate": 0.25}, "60", "output = 1"),
    ),
    "the answer as a decimal": (
        Reason.LEAKS_ANSWER,
        ("Ben eats half, or 0.5, of 6 of 12 pies. What share is it?", {"eaten": 6, "pies": 12}, "1/2", "output = 1"),
    ),
    "the answer stated in words": (
        Reason.LEAKS_ANSWER,
        ("What is the sum of 3 and 5, if the answer is eight?", {"a": 3, "b": 5}, "8", "output = 1"),
    ),
    "a list side by side": (
        Reason.LEAKS_ANSWER,
        ("Sort 3, 1, 2 to get 1, 2, 3. What is it?", {"items": [3, 1, 2]}, "[1, 2, 3]", "output = 1"),
    ),
    "the answer in millions": (
        Reason.LEAKS_ANSWER,
        (
            "A town has 1,500,000 people and gains 30,000, so 1.53 million. How many then?",
            {"people": 1500000, "gain": 30000},
            "1530000",
            "output = 1",
        ),
    ),
    "no price": (
        Reason.NAMES_NO_INPUT,
        ("A price falls by 25%. What is it now?", {"price": 80, "rate": 0.25}, "60", "output = 1"),
    ),
    "a number short": (
        Reason.NAMES_NO_INPUT,
        ("Ben eats five eggs. How many are left of his eggs?", {"eggs": 24, "eaten": 5}, "19", "output = 1"),
    ),
    "a wrong percent": (
        Reason.NAMES_NO_INPUT,
        ("A price of 80 falls by 2.5%. What is it now?", {"price": 80, "rate": 0.25}, "60", "output = 1"),
    ),
    "a year from nowhere": (
        Reason.FOREIGN_NUMBER,
        ("In 1987 Ben had 24 eggs and ate 5. How many are left?", {"eggs": 24, "eaten": 5}, "19", "output = 1"),
    ),
    "a number from nowhere": (
        Reason.FOREIGN_NUMBER,
        ("Ben had 24 eggs and ate 5 of them, or 17. How many are left?", {"eggs": 24, "eaten": 5}, "19", "output = 1"),
    ),
    "a percent from nowhere": (
        Reason.FOREIGN_NUMBER,
        ("Ben had 24 eggs, ate 5 and 33% broke. How many are left?", {"eggs": 24, "eaten": 5}, "19", "output = 1"),
    ),
    "no question": (Reason.NO_QUESTION, ("Ben had 24 eggs and ate 5.", {"eggs": 24, "eaten": 5}, "19", "output = 1")),
    "a formula": (
        Reason.LEAKS_CODE,
        (
            "Ben had 24 eggs and ate 5. Compute eggs_left = eggs - eaten. How many?",
            {"eggs": 24, "eaten": 5},
            "19",
            "eggs_left = eggs - eaten",
        ),
    ),
}


@pytest.mark.parametrize("case", SOUND.values(), ids=SOUND.keys())
def test_a_problem_that_says_its_numbers_in_its_own_way_is_sound(case: Case) -> None:
    assert fault(case) is None


@pytest.mark.parametrize(("reason", "case"), FAULTY.values(), ids=FAULTY.keys())
def test_a_faulty_problem_is_told_by_its_reason(reason: Reason, case: Case) -> None:
    assert fault(case) is reason


@pytest.mark.parametrize(
    ("problem", "given"),
    [
        ("A trip takes 3 hours. How long is it?", {"hours": 3, "minutes_per_hour": 60}),
        ("A car does 60 km in 1 hour 20 minutes. What is its speed?", {"km": 60, "hours": 1.5}),
        ("What day is it 10 days after February 24, 2024?", {"date": "2024-02-25", "days": 10}),
        ("Tickets cost 55 cents each. What do 6 cost in dollars?", {"price": 0.5, "tickets": 6}),
        ("Ben has half a dozen eggs. How many are left of all of them?", {"eggs": 12}),
    ],
    ids=["sixty of nothing", "other minutes", "another day", "other cents", "half of them"],
)
def test_units_and_dates_name_only_what_they_say(problem: str, given: dict[str, Any]) -> None:
    assert fault((problem, given, "99999", "output = 1")) in (Reason.NAMES_NO_INPUT, Reason.FOREIGN_NUMBER)
