"""Where the numbers of steps come from beyond word problems: beside each source, a number of the same form from nowhere."""

import json

import pytest

from caco_tasks.check_settings import AgreeSettings
from caco_tasks.checks.steps.step_grounding import find_step_faults
from caco_tasks.records import Outcome, Reason, Verdict

# kind -> problem, a solution whose numbers have a source, the same form with one that has none, that number
ORIGINS: dict[str, tuple[str, str, str, str]] = {
    "a divisor, where divisors are meant": (
        "What is the sum of the factors of 28?",
        "1 + 28 + 14 + 7 + 4 = 54",
        "1 + 28 + 14 + 9 + 4 = 56",
        "9",
    ),
    "a multiple, where multiples are meant": (
        "How many multiples of 7 below 100 end in 3?",
        "7 * 19 = 133",
        "8 * 19 = 152",
        "8",
    ),
    "a prime, where primes are meant": (
        "What is the smallest number above 9 that has no prime factor below 10?",
        "11 * 13 = 143",
        "12 * 15 = 180",
        "12",
    ),
    "the base of a power, where powers are meant": (
        "What is the largest perfect square below 400?",
        "19^2 = 361",
        "19 + 342 = 361",
        "19",
    ),
    "an exponent": ("How often does 2 divide 1792?", "1792 / 2^8 = 7", "1792 / 256 = 7", "256"),
    "a factorisation of a known number": ("Factor 360.", "360 = 2^3 * 3^2 * 5", "350 = 2 * 5^2 * 7", "5"),
    "a number written as two parts": ("What is 95 squared?", "(90 + 5)^2 = 9025", "(90 + 7)^2 = 9409", "90"),
    "factors that go down by one": ("How many orders of 7 books?", "7 * 6 * 5 = 210", "9 * 8 * 5 = 360", "9"),
    "terms that go on as they began": (
        "A car rolls 28 feet in the first second and 7 feet less in each that follows.",
        "28 + 21 + 14 + 7 = 70",
        "28 + 21 + 13 + 7 = 69",
        "21",
    ),
    "terms that are halved": (
        "A ball falls from 100 feet and rises half as high each time.",
        "100 + 50 + 25 = 175",
        "100 + 50 + 30 = 180",
        "30",
    ),
    "one less of those that were there": (
        "What is the probability that 2 cards of 52 are both among the 4 aces?",
        "4/52 * 3/51 = 1/221",
        "4/52 * 7/43 = 7/559",
        "7",
    ),
    "a share of all, where chances are meant": (
        "A bag holds 5 red and 3 blue chips. What is the probability that one is red?",
        "5/8 * 8 = 5",
        "7/9 * 9 = 7",
        "7",
    ),
    "how many terms a mean has": (
        "What is the mean of 12, 17 and 25 points?",
        "(12 + 17 + 25) / 3 = 18",
        "(12 + 17 + 25) / 6 = 9",
        "6",
    ),
    "how many things are listed": (
        "On Mondays Joe takes an apple, an orange, a fig or a pear, each as likely. How likely is the same twice?",
        "4 * 4 = 16",
        "6 * 6 = 36",
        "6",
    ),
    "numbers of dice": (
        "Two dice are rolled. In how many of the cases does no 1 show?",
        "5 * 5 = 25, 36 - 25 = 11",
        "5 * 5 = 25, 38 - 25 = 13",
        "38",
    ),
    "numbers of two digits": ("How many two-digit numbers are there?", "99 - 9 = 90", "97 - 9 = 88", "97"),
    "the days of a week's part": (
        "Ned eats 8 apples a day from Monday to Thursday.",
        "8 * 4 = 32",
        "8 * 6 = 48",
        "6",
    ),
    "somebody and friends": ("Sue and 5 of her friends share 480 dollars.", "480 / 6 = 80", "480 / 8 = 60", "8"),
    "the parts of a clock's time": (
        "A call ran from 01:27:35.584 on. How many milliseconds after midnight was that?",
        "27 * 60000 + 35 * 1000 + 584 = 1655584",
        "28 * 60000 + 35 * 1000 + 584 = 1715584",
        "28",
    ),
    "what is left of a share, in parts": (
        "1/4 of 80 birds fly off.",
        "80 / 4 = 20, 20 * 3 = 60",
        "80 / 4 = 20, 20 * 7 = 140",
        "7",
    ),
    "sides of a polygon, less two": (
        "What do the angles of a polygon with 9 sides add up to?",
        "7 * 180 = 1260",
        "4 * 180 = 720",
        "4",
    ),
    "a number that letters touch": ("Two of 1d17 are thrown.", "17 * 17 = 289", "19 * 19 = 361", "19"),
    "a product that goes on": (
        "What is the product of 44 and 18?",
        "44 * 18 = 4 * 11 * 18. Again: 72 * 11 = 792",
        "44 * 18 = 4 * 11 * 18. Again: 72 * 13 = 936",
        "72",
    ),
    "the letters of a name": (
        "In how many ways can the letters of Stephan be arranged?",
        "7 * 6 * 5 * 4 * 3 * 2 = 5040",
        "9 * 5 * 4 = 180",
        "9",
    ),
    "how many whole numbers a range has": (
        "How many integers from 15 to 40 are there, without 3 of them?",
        "26 - 3 = 23",
        "28 - 3 = 25",
        "28",
    ),
    "a bound that is left out": (
        "A tile from 1 to 20 is drawn. What is the probability that it is less than 15?",
        "14/20 = 7/10",
        "17/20 = 0.85",
        "17",
    ),
    "a quantity in another unit": (
        "A plank is 9 feet long. How many pieces of 4 inches does it give?",
        "108 / 4 = 27",
        "104 / 4 = 26",
        "104",
    ),
    "a quantity of two units": (
        "A bus runs for 2 hours and 25 minutes, 3 times a day. How many minutes is that?",
        "145 * 3 = 435",
        "155 * 3 = 465",
        "155",
    ),
    "a percentage that was said": (
        "Half of 12 percent is added to 500.",
        "That is 6 percent. 500 * 1.06 = 530",
        "That is 6 percent. 500 * 1.08 = 540",
        "1.08",
    ),
    "a percentage set apart in LaTeX": (
        "A bill of 400 grows by 3$\\%$.",
        "400 * 1.03 = 412",
        "400 * 1.07 = 428",
        "1.07",
    ),
    "thousands set apart in LaTeX": ("Of $\\$6,\\!400$ half is saved.", "6400 / 2 = 3200", "6500 / 2 = 3250", "6500"),
    "a factor behind a command": ("Find $13\\times27$.", "27 * 13 = 351", "29 * 13 = 377", "29"),
    "a fraction without braces": ("Halve $\\frac37$.", "3 / 7 = 3/7", "9 / 7 = 9/7", "9"),
    "a count in words": (
        "The digits of 7208 are put in order.",
        "There are eighteen orders. 18 * 2 = 36",
        "There are eighteen orders. 19 * 2 = 38",
        "19",
    ),
    "a step in prose": (
        "Lay 4 rows of 6 tiles, and 5 rows of 8.",
        "These are 4 * 6 and 5 * 8 tiles. 24 + 40 = 64",
        "These are 4 * 6 and 5 * 8 tiles. 24 + 48 = 72",
        "48",
    ),
    "digits of what was computed": (
        "What is the digit sum of 50 * 57?",
        "50 * 57 = 2850. 2 + 8 + 5 + 0 = 15",
        "50 * 57 = 2850. 2 + 9 + 5 + 0 = 16",
        "9",
    ),
}  # fmt: skip


def look(problem: str, solution: str, *, output: str = "no number") -> list[Verdict]:
    """What is said of a solution beside a program without numbers."""
    rules = AgreeSettings().rules
    return list(find_step_faults(problem, solution, rules, input_json=json.dumps({}), output_text=output, code=""))


@pytest.mark.parametrize(("problem", "solution"), [case[:2] for case in ORIGINS.values()], ids=ORIGINS)
def test_a_number_has_its_source_in_the_words_of_a_field(problem: str, solution: str) -> None:
    assert look(problem, solution) == []


@pytest.mark.parametrize(("problem", "solution", "number"), [(p, s, n) for p, _, s, n in ORIGINS.values()], ids=ORIGINS)
def test_a_number_of_the_same_form_from_nowhere_is_found(problem: str, solution: str, number: str) -> None:
    (fault,) = look(problem, solution)
    assert (fault.outcome, fault.reason) == (Outcome.FAIL, Reason.UNGROUNDED_NUMBER)
    assert (fault.detail or "").startswith(f"{number} in ")
