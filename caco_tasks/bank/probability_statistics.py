"""Probability and statistics: means, medians, modes, ranges; urns, wheels and expected values."""

from fractions import Fraction
from itertools import accumulate, pairwise
from random import Random

from caco_tasks.bank.family import NAMES, Family, FamilyDraw
from caco_tasks.bank.steps import write_list, write_reduction

MEAN_SCORE = """
def mean_of_scores(scores):
    score_sum = sum(scores)
    mean_score = score_sum // len(scores)
    return mean_score
"""


def draw_mean_score(rng: Random) -> FamilyDraw:
    """The mean of some scores."""
    scores = [rng.randint(6, 29) for _ in range(rng.randint(3, 5))]
    # the sum becomes a multiple of the count, so that the mean is whole; it takes away at most 4 of 6 or more
    scores[0] -= sum(scores) % len(scores)
    total, count = sum(scores), len(scores)
    sums = " ".join(f"{before} + {after - before} = {after}." for before, after in pairwise(accumulate(scores)))
    who = rng.choice(NAMES)
    return FamilyDraw(
        values={"scores": scores},
        problem=rng.choice(
            (
                f"{who} scored {write_list(scores)} points in {count} games. What was the mean score?",
                f"What is the average of the scores {write_list(scores)}?",
                (
                    f"The scores of a game night are {write_list(scores)}. If all games had ended with the same score and "
                    f"the same total, what would that score be?"
                ),
            )
        ),
        solution=f"{sums}\nThere are {count} scores: {total} / {count} = {total // count}.",
        answer=total // count,
    )


MEDIAN_HEIGHT = """
def median_plant_height(plant_heights):
    sorted_heights = sorted(plant_heights)
    middle_place = len(sorted_heights) // 2
    median_height = sorted_heights[middle_place]
    return median_height
"""


def draw_median_height(rng: Random) -> FamilyDraw:
    """The median of an odd number of heights."""
    heights = rng.sample(range(2, 30), rng.choice((3, 5)))
    ordered, middle = sorted(heights), len(heights) // 2
    place = {1: "2nd", 2: "3rd"}[middle]
    return FamilyDraw(
        values={"plant_heights": heights},
        problem=rng.choice(
            (
                f"The plants on a windowsill are {write_list(heights)} cm tall. What is the median height in cm?",
                f"{rng.choice(NAMES)} measures plants of {write_list(heights)} cm. Find the median of these heights.",
                f"When plants of {write_list(heights)} cm are lined up by height, how many cm tall is the middle one?",
            )
        ),
        solution=f"Sorted: {write_list(ordered)}.\nThe middle one is the {place}: {ordered[middle]}.",
        answer=ordered[middle],
    )


TEMPERATURE_RANGE = """
def temperature_range(temperatures):
    highest, lowest = max(temperatures), min(temperatures)
    difference = highest - lowest
    return difference
"""


def draw_temperature_range(rng: Random) -> FamilyDraw:
    """The range of some temperatures."""
    temperatures = rng.sample(range(2, 30), rng.randint(4, 6))
    highest, lowest = max(temperatures), min(temperatures)
    return FamilyDraw(
        values={"temperatures": temperatures},
        problem=rng.choice(
            (
                f"On different days it was {write_list(temperatures)} degrees warm. What is the temperature range?",
                (
                    f"{rng.choice(NAMES)} reads {write_list(temperatures)} degrees on a thermometer at different times. "
                    f"By how many degrees does the highest exceed the lowest?"
                ),
                f"Find the difference between the warmest and the coldest of the temperatures {write_list(temperatures)}.",
            )
        ),
        solution=f"The highest is {highest} and the lowest is {lowest}.\n{highest} - {lowest} = {highest - lowest}.",
        answer=highest - lowest,
    )


COMMON_GOALS = """
from collections import Counter

def most_common_goals(goals_per_match):
    match_counts = Counter(goals_per_match)
    most_common = max(match_counts, key=match_counts.get)
    return most_common
"""


def draw_common_goals(rng: Random) -> FamilyDraw:
    """The most common number of goals."""
    mode, *others = rng.sample(range(10), rng.randint(3, 4))
    times = rng.randint(2, 3)
    # all other numbers stand once, so that there is one mode
    goals = [mode] * times + others
    rng.shuffle(goals)
    return FamilyDraw(
        values={"goals_per_match": goals},
        problem=rng.choice(
            (
                f"A team scored {write_list(goals)} goals in its matches. Which number of goals occurred most often?",
                f"What is the mode of the goals per match, if the matches brought {write_list(goals)} goals?",
                f"{rng.choice(NAMES)} notes the goals of each match: {write_list(goals)}. Find the most frequent number.",
            )
        ),
        solution=f"Sorted: {write_list(sorted(goals))}.\nOnly one number occurs more than once, {times} times: {mode}.",
        answer=mode,
    )


NOT_GREEN = """
from fractions import Fraction

def probability_not_green(red_balls, blue_balls, green_balls):
    other_balls = red_balls + blue_balls
    all_balls = other_balls + green_balls
    probability = Fraction(other_balls, all_balls)
    return probability
"""


def draw_not_green(rng: Random) -> FamilyDraw:
    """The chance not to draw a green ball."""
    red, blue, green = (rng.randint(2, 12) for _ in range(3))
    others, balls = red + blue, red + blue + green
    return FamilyDraw(
        values={"red_balls": red, "blue_balls": blue, "green_balls": green},
        problem=rng.choice(
            (
                (
                    f"An urn contains {red} red, {blue} blue and {green} green balls. One ball is drawn at random. "
                    f"What is the probability, as a fraction in lowest terms, that it is not green?"
                ),
                (
                    f"{rng.choice(NAMES)} draws one ball from an urn with {green} green balls, {red} red balls and "
                    f"{blue} blue balls. Give the probability of a colour other than green as a reduced fraction."
                ),
                (
                    f"What fraction of the time, in lowest terms, does a random draw from {blue} blue, {green} green "
                    f"and {red} red balls give a ball that is not green?"
                ),
            )
        ),
        solution=f"Not green: {red} + {blue} = {others}.\nAll balls: {others} + {green} = {balls}.\n"
        f"{write_reduction(others, balls)}",
        answer=Fraction(others, balls),
    )


TWO_BAGS = """
from fractions import Fraction

def probability_of_two_gold_coins(gold_in_bag, silver_in_bag, gold_in_box, silver_in_box):
    bag_probability = Fraction(gold_in_bag, gold_in_bag + silver_in_bag)
    box_probability = Fraction(gold_in_box, gold_in_box + silver_in_box)
    both_probability = bag_probability * box_probability
    return both_probability
"""


def draw_two_bags(rng: Random) -> FamilyDraw:
    """The chance to draw gold from a bag and from a box."""
    bag, box = rng.randint(4, 12), rng.randint(4, 12)
    # two coins of each metal at least, so that no chance is 0 or 1
    bag_gold, box_gold = rng.randint(2, bag - 2), rng.randint(2, box - 2)
    bag_silver, box_silver = bag - bag_gold, box - box_gold
    return FamilyDraw(
        values={
            "gold_in_bag": bag_gold,
            "silver_in_bag": bag_silver,
            "gold_in_box": box_gold,
            "silver_in_box": box_silver,
        },
        problem=rng.choice(
            (
                (
                    f"A bag holds {bag_gold} gold and {bag_silver} silver coins, a box holds {box_gold} gold and "
                    f"{box_silver} silver coins. One coin is drawn at random from each. What is the probability, as a "
                    f"fraction in lowest terms, that both are gold?"
                ),
                (
                    f"{rng.choice(NAMES)} takes one coin blindly from a box with {box_gold} gold coins and "
                    f"{box_silver} silver coins, and one from a bag with {bag_gold} gold coins and {bag_silver} silver "
                    f"coins. Give the probability of two gold coins as a reduced fraction."
                ),
                (
                    f"In a bag, {bag_gold} coins are gold and {bag_silver} are silver; in a box, {box_gold} are gold "
                    f"and {box_silver} are silver. How likely, as a fraction in lowest terms, are two gold coins when "
                    f"one coin is picked from each at random?"
                ),
            )
        ),
        solution=f"The bag has {bag_gold} + {bag_silver} = {bag} coins, the box {box_gold} + {box_silver} = {box}.\n"
        f"Both gold: {bag_gold} * {box_gold} = {bag_gold * box_gold} of {bag} * {box} = {bag * box} cases.\n"
        f"{write_reduction(bag_gold * box_gold, bag * box)}",
        answer=Fraction(bag_gold * box_gold, bag * box),
    )


SPINNER = """
from fractions import Fraction

def probability_of_multiple(sectors, divisor):
    multiples = [number for number in range(1, sectors + 1) if number % divisor == 0]
    probability = Fraction(len(multiples), sectors)
    return probability
"""

# Sectors with two to nine multiples: these are listed.
_SPINNERS = tuple(
    (sectors, divisor) for sectors in range(6, 61) for divisor in range(2, 13) if 2 <= sectors // divisor <= 9
)


def draw_spinner(rng: Random) -> FamilyDraw:
    """The chance that a spinner stops on a multiple of a number."""
    sectors, divisor = rng.choice(_SPINNERS)
    multiples = list(range(divisor, sectors + 1, divisor))
    return FamilyDraw(
        values={"sectors": sectors, "divisor": divisor},
        problem=rng.choice(
            (
                (
                    f"A spinner has equal sectors numbered from 1 to {sectors}. What is the probability, as a fraction "
                    f"in lowest terms, that it stops on a multiple of {divisor}?"
                ),
                (
                    f"{rng.choice(NAMES)} wins when the number on a spinner is divisible by {divisor}. The {sectors} "
                    f"equal sectors carry the numbers 1, 2, 3 and so on. Give the probability of winning as a reduced "
                    f"fraction."
                ),
                (
                    f"How likely is a multiple of {divisor} on a spinner with {sectors} equal sectors that are "
                    f"numbered in order, starting at 1? Answer with a fraction in lowest terms."
                ),
            )
        ),
        solution=f"The multiples of {divisor} up to {sectors} are {write_list(multiples)}.\n"
        f"Their count is {len(multiples)}.\n"
        f"{write_reduction(len(multiples), sectors)}",
        answer=Fraction(len(multiples), sectors),
    )


LUCKY_WHEEL = """
def expected_win_per_spin(winning_fields, losing_fields, prize):
    fields = winning_fields + losing_fields
    wins_in_one_round = winning_fields * prize
    expected_win = wins_in_one_round // fields
    return expected_win
"""

# Wheels that pay a whole number of dollars on average.
_WHEELS = tuple(
    (winning, losing, prize)
    for winning in range(2, 10)
    for losing in range(2, 25)
    for prize in range(3, 31)
    if winning * prize <= 200 and winning * prize % (winning + losing) == 0
)


def draw_lucky_wheel(rng: Random) -> FamilyDraw:
    """What a wheel pays on average."""
    winning, losing, prize = rng.choice(_WHEELS)
    fields, wins = winning + losing, winning * prize
    return FamilyDraw(
        values={"winning_fields": winning, "losing_fields": losing, "prize": prize},
        problem=rng.choice(
            (
                (
                    f"A lucky wheel has {winning} winning fields and {losing} losing fields, all equally likely. A "
                    f"winning field pays {prize} dollars, a losing field nothing. What is the expected win per spin in "
                    f"dollars?"
                ),
                (
                    f"{rng.choice(NAMES)} gets {prize} dollars when a lucky wheel stops on one of its {winning} "
                    f"winning fields, and nothing on its {losing} losing fields. All fields are equally likely. How "
                    f"many dollars does a spin bring on average?"
                ),
                (
                    f"Find the fair price in dollars of one spin of a lucky wheel with {losing} losing fields and "
                    f"{winning} winning fields of equal size, if the prize on a winning field is {prize} dollars."
                ),
            )
        ),
        solution=f"The wheel has {winning} + {losing} = {fields} fields.\n"
        f"All fields together pay {winning} * {prize} = {wins} dollars.\n"
        f"On average a spin pays {wins} / {fields} = {wins // fields} dollars.",
        answer=wins // fields,
    )


_DOMAIN = "probability_statistics"

FAMILIES: tuple[Family, ...] = (
    Family(name="mean_score", domain=_DOMAIN, difficulty=2, code=MEAN_SCORE, draw=draw_mean_score),
    Family(name="median_height", domain=_DOMAIN, difficulty=2, code=MEDIAN_HEIGHT, draw=draw_median_height),
    Family(name="temperature_range", domain=_DOMAIN, difficulty=1, code=TEMPERATURE_RANGE, draw=draw_temperature_range),
    Family(name="common_goals", domain=_DOMAIN, difficulty=1, code=COMMON_GOALS, draw=draw_common_goals),
    Family(name="not_green", domain=_DOMAIN, difficulty=2, code=NOT_GREEN, draw=draw_not_green),
    Family(name="two_bags", domain=_DOMAIN, difficulty=4, code=TWO_BAGS, draw=draw_two_bags),
    Family(name="spinner", domain=_DOMAIN, difficulty=3, code=SPINNER, draw=draw_spinner),
    Family(name="lucky_wheel", domain=_DOMAIN, difficulty=3, code=LUCKY_WHEEL, draw=draw_lucky_wheel),
)
