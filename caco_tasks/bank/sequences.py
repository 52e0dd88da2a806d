"""Sequences: terms and sums, recurrences, differences, telescoping sums, figurate numbers."""

from fractions import Fraction
from itertools import pairwise
from random import Random

from caco_tasks.bank.family import NAMES, Family, FamilyDraw
from caco_tasks.bank.steps import write_reduction

THEATRE_ROW = """
def seats_in_row(first_row_seats, extra_seats_per_row, row):
    rows_after_first = row - 1
    extra_seats = rows_after_first * extra_seats_per_row
    seats = first_row_seats + extra_seats
    return seats
"""


def draw_theatre_row(rng: Random) -> FamilyDraw:
    """The seats of a row that follows from the first."""
    first, extra, row = rng.randint(6, 40), rng.randint(2, 9), rng.randint(4, 20)
    # the first row itself adds none
    added = (row - 1) * extra
    return FamilyDraw(
        values={"first_row_seats": first, "extra_seats_per_row": extra, "row": row},
        problem=rng.choice(
            (
                (
                    f"The first row of a theatre has {first} seats. Every further row has {extra} seats more than the "
                    f"row before it. How many seats are in row {row}?"
                ),
                (
                    f"How many seats does row {row} of a theatre have, if each row has {extra} more seats than the "
                    f"previous one and row one has {first}?"
                ),
                (
                    f"{rng.choice(NAMES)} sits in row {row} of a theatre. From row to row the number of seats grows by "
                    f"{extra}, starting with {first} seats in the first row. Find the number of seats in that row."
                ),
            )
        ),
        solution=f"Row {row} comes {row} - 1 = {row - 1} rows after the first.\n"
        f"{row - 1} * {extra} = {added} seats are added.\n{first} + {added} = {first + added}.",
        answer=first + added,
    )


GROWING_SAVINGS = """
def total_of_growing_savings(first_week_coins, weekly_increase, weeks):
    last_week_coins = first_week_coins + (weeks - 1) * weekly_increase
    first_and_last = first_week_coins + last_week_coins
    total_coins = weeks * first_and_last // 2
    return total_coins
"""

# At most 150 coins in all.
_SAVINGS = tuple(
    (first, increase, weeks)
    for first in range(2, 16)
    for increase in range(2, 10)
    for weeks in range(4, 11)
    if weeks * (2 * first + (weeks - 1) * increase) <= 300
)


def draw_growing_savings(rng: Random) -> FamilyDraw:
    """All coins saved when each week brings some more than the last."""
    first, increase, weeks = rng.choice(_SAVINGS)
    growth = (weeks - 1) * increase
    last = first + growth
    ends = first + last
    who = rng.choice(NAMES)
    return FamilyDraw(
        values={"first_week_coins": first, "weekly_increase": increase, "weeks": weeks},
        problem=rng.choice(
            (
                (
                    f"{who} saves {first} coins in the first week and each week {increase} coins more than in the week "
                    f"before. How many coins are saved in {weeks} weeks?"
                ),
                (
                    f"For {weeks} weeks {who} puts coins into a jar: {first} in week one, and then always {increase} "
                    f"more than the week before. How many coins are in the jar at the end?"
                ),
                (
                    f"Weekly savings grow by {increase} coins from week to week and begin with {first} coins. Find the "
                    f"total number of coins saved after {weeks} weeks."
                ),
            )
        ),
        solution=f"{weeks} - 1 = {weeks - 1}. {weeks - 1} * {increase} = {growth}.\n"
        f"In the last week {first} + {growth} = {last} coins are saved.\n"
        f"First and last week: {first} + {last} = {ends}.\n"
        f"{weeks} * {ends} = {weeks * ends}. {weeks * ends} / 2 = {weeks * ends // 2}.",
        answer=weeks * ends // 2,
    )


YEAST_CELLS = """
def yeast_cells_left(yeast_cells, hourly_factor, hours, removed_cells):
    grown_cells = yeast_cells * hourly_factor**hours
    cells_left = grown_cells - removed_cells
    return cells_left
"""

# At most 200 cells in the end.
_YEASTS = tuple(
    (cells, factor, hours)
    for cells in range(2, 41)
    for factor in range(2, 6)
    for hours in range(2, 5)
    if cells * factor**hours <= 200
)


def draw_yeast_cells(rng: Random) -> FamilyDraw:
    """Yeast cells after some hours of growth and a removal."""
    cells, factor, hours = rng.choice(_YEASTS)
    sizes = [cells * factor**hour for hour in range(hours + 1)]
    # at least two cells are left
    removed = rng.randint(2, sizes[-1] - 2)
    steps = "\n".join(f"{before} * {factor} = {after}." for before, after in pairwise(sizes))
    return FamilyDraw(
        values={"yeast_cells": cells, "hourly_factor": factor, "hours": hours, "removed_cells": removed},
        problem=rng.choice(
            (
                (
                    f"A dish holds {cells} yeast cells. Every hour their number becomes {factor} times as large. After "
                    f"{hours} hours, {removed} cells are removed. How many cells are left?"
                ),
                (
                    f"How many yeast cells remain, if {cells} cells grow for {hours} hours by the factor {factor} each "
                    f"hour and {removed} cells are then taken out?"
                ),
                (
                    f"Yeast multiplies by {factor} in an hour. {rng.choice(NAMES)} starts with {cells} cells, waits "
                    f"{hours} hours and then removes {removed} cells. Find the number of cells left."
                ),
            )
        ),
        solution=f"{steps}\n{sizes[-1]} - {removed} = {sizes[-1] - removed}.",
        answer=sizes[-1] - removed,
    )


READING_DAYS = """
def pages_read_on_day(first_day_pages, second_day_pages, day):
    pages = [first_day_pages, second_day_pages]
    while len(pages) < day:
        pages.append(pages[-2] + pages[-1])
    pages_on_day = pages[day - 1]
    return pages_on_day
"""


def draw_reading_days(rng: Random) -> FamilyDraw:
    """The pages of a day when each day has as many as the two days before."""
    # the seventh day at most: the numbers grow as those of Fibonacci do
    first, second, day = rng.randint(2, 16), rng.randint(2, 16), rng.randint(4, 7)
    pages, steps = [first, second], []
    for today in range(3, day + 1):
        pages.append(pages[-2] + pages[-1])
        steps.append(f"Day {today}: {pages[-3]} + {pages[-2]} = {pages[-1]}.")
    who = rng.choice(NAMES)
    return FamilyDraw(
        values={"first_day_pages": first, "second_day_pages": second, "day": day},
        problem=rng.choice(
            (
                (
                    f"{who} reads {first} pages on the first day and {second} pages on the second day. From then on, "
                    f"each day brings as many pages as the two days before together. How many pages are read on day "
                    f"{day}?"
                ),
                (
                    f"How many pages does {who} read on day {day}, if every day from the third is the sum of the two "
                    f"previous days, the first day has {first} pages and the second has {second}?"
                ),
                (
                    f"The pages read per day form a sequence in which each number is the sum of the two before it. It "
                    f"starts with {first}, {second}. Find the number of pages for day {day}."
                ),
            )
        ),
        solution="\n".join(steps),
        answer=pages[-1],
    )


FISH_POND = """
def fish_in_pond(fish, yearly_factor, caught_per_year, years):
    for _ in range(years):
        grown_fish = fish * yearly_factor
        fish = grown_fish - caught_per_year
    return fish
"""


# Fewer fish are caught than live there, so that the pond never runs out.
_PONDS = tuple(
    (fish, factor, caught, years)
    for fish in range(6, 41)
    for factor in (2, 3)
    for caught in range(2, 31)
    for years in (2, 3, 4)
    if caught < fish and fish * factor**years - caught <= 250
)


def draw_fish_pond(rng: Random) -> FamilyDraw:
    """Fish in a pond that multiply and are caught each year."""
    fish, factor, caught, years = rng.choice(_PONDS)
    counts = [fish]
    for _ in range(years):
        counts.append(counts[-1] * factor - caught)
    steps = [
        f"Year {year}: {before} * {factor} = {before * factor}. {before * factor} - {caught} = {after}."
        for year, (before, after) in enumerate(pairwise(counts), start=1)
    ]
    return FamilyDraw(
        values={"fish": fish, "yearly_factor": factor, "caught_per_year": caught, "years": years},
        problem=rng.choice(
            (
                (
                    f"A pond has {fish} fish. Each year their number is multiplied by {factor}, and then {caught} fish "
                    f"are caught. How many fish are in the pond after {years} years?"
                ),
                (
                    f"How many fish live in a pond after {years} years, if there are {fish} now, and every year their "
                    f"number first grows by the factor {factor} and then falls by {caught}?"
                ),
                (
                    f"{rng.choice(NAMES)} catches {caught} fish at the end of each year. During a year the fish become "
                    f"{factor} times as many. Starting with {fish} fish, find their number after {years} years."
                ),
            )
        ),
        solution="\n".join(steps),
        answer=counts[-1],
    )


NEXT_TERM = """
def next_term_by_differences(terms):
    differences = [later - earlier for earlier, later in zip(terms, terms[1:])]
    second_difference = differences[1] - differences[0]
    next_difference = differences[-1] + second_difference
    next_term = terms[-1] + next_difference
    return next_term
"""


def draw_next_term(rng: Random) -> FamilyDraw:
    """The next term of a sequence whose differences grow evenly."""
    first, gap, growth = rng.randint(1, 25), rng.randint(1, 12), rng.randint(2, 9)
    gaps = [gap + growth * place for place in range(3)]
    terms = [first + sum(gaps[:place]) for place in range(3)]
    listed = ", ".join(map(str, terms))
    differences = " ".join(f"{later} - {earlier} = {later - earlier}." for earlier, later in pairwise(terms))
    return FamilyDraw(
        values={"terms": terms},
        problem=rng.choice(
            (
                f"The differences of the sequence {listed} grow by the same amount each time. What is the next term?",
                f"Which number continues the sequence {listed}, if its second differences are constant?",
                (
                    f"{rng.choice(NAMES)} writes down {listed} and goes on so that the steps between numbers keep "
                    f"growing by the same amount. Find the number that follows."
                ),
            )
        ),
        solution=f"Differences: {differences}\nThey grow by {gaps[1]} - {gaps[0]} = {growth}.\n"
        f"The next difference is {gaps[1]} + {growth} = {gaps[2]}.\n"
        f"{terms[-1]} + {gaps[2]} = {terms[-1] + gaps[2]}.",
        answer=terms[-1] + gaps[2],
    )


TELESCOPE = """
from fractions import Fraction

def telescoping_sum(numerator, first_k, last_k):
    first_part = Fraction(numerator, first_k)
    last_part = Fraction(numerator, last_k + 1)
    fraction_sum = first_part - last_part
    return fraction_sum
"""

# Sums that are no whole numbers.
_TELESCOPES = tuple(
    (numerator, first, last)
    for numerator in range(1, 10)
    for first in range(2, 11)
    for last in range(first + 2, first + 12)
    if first * (last + 1) <= 150 and numerator * (last + 1 - first) % (first * (last + 1))
)


def draw_telescope(rng: Random) -> FamilyDraw:
    """A telescoping sum of fractions."""
    numerator, first, last = rng.choice(_TELESCOPES)
    end = last + 1
    gap, bottom = end - first, first * end
    top = numerator * gap
    term = f"{numerator}/(k * (k + 1))"
    return FamilyDraw(
        values={"numerator": numerator, "first_k": first, "last_k": last},
        problem=rng.choice(
            (
                (
                    f"Add the fractions {term} for all whole numbers k from {first} to {last}. What is the sum as a "
                    f"fraction in lowest terms?"
                ),
                f"For k running from {first} up to {last}, what do the terms {term} add up to, as a reduced fraction?",
                (
                    f"A sum has one term {term} for each whole number k, the first with k equal to {first} and the "
                    f"last with k equal to {last}. Find the sum as a fraction in lowest terms."
                ),
            )
        ),
        solution=f"Each term is {numerator}/k - {numerator}/(k + 1), so all parts but two cancel.\n"
        f"{last} + 1 = {end}.\nWhat remains is {numerator}/{first} - {numerator}/{end}.\n"
        f"{end} - {first} = {gap}. {numerator} * {gap} = {top}. {first} * {end} = {bottom}.\n{write_reduction(top, bottom)}",
        answer=Fraction(top, bottom),
    )


COIN_FIGURES = """
def coins_in_figures(triangle_rows, square_side, spare_coins):
    triangle_coins = triangle_rows * (triangle_rows + 1) // 2
    square_coins = square_side * square_side
    all_coins = triangle_coins + square_coins + spare_coins
    return all_coins
"""


def draw_coin_figures(rng: Random) -> FamilyDraw:
    """The coins of a triangle, a square and the rest."""
    rows, side, spare = rng.randint(3, 12), rng.randint(2, 12), rng.randint(2, 20)
    double, square = rows * (rows + 1), side * side
    triangle = double // 2
    figures = triangle + square
    who = rng.choice(NAMES)
    return FamilyDraw(
        values={"triangle_rows": rows, "square_side": side, "spare_coins": spare},
        problem=rng.choice(
            (
                (
                    f"{who} lays a triangle of coins with {rows} rows: one coin in the first row, and one more in each "
                    f"further row. {who} also lays a full square with {side} coins along each side. {spare} coins are "
                    f"left. How many coins does {who} have?"
                ),
                (
                    f"A full square has {side} coins on each side. A triangle has {rows} rows with one coin, two "
                    f"coins, three coins and so on. With {spare} spare coins, how many coins are there in all?"
                ),
                (
                    f"Besides {spare} spare coins, there are coins in the shape of the triangular number with {rows} "
                    f"rows and coins in the shape of the square number with side {side}. Find the number of all coins."
                ),
            )
        ),
        solution=f"Triangle: {rows} * {rows + 1} = {double}. {double} / 2 = {triangle}.\n"
        f"Square: {side} * {side} = {square}.\n"
        f"{triangle} + {square} = {figures}. {figures} + {spare} = {figures + spare}.",
        answer=figures + spare,
    )


_DOMAIN = "sequences"

FAMILIES: tuple[Family, ...] = (
    Family(name="theatre_row", domain=_DOMAIN, difficulty=2, code=THEATRE_ROW, draw=draw_theatre_row),
    Family(name="growing_savings", domain=_DOMAIN, difficulty=3, code=GROWING_SAVINGS, draw=draw_growing_savings),
    Family(name="yeast_cells", domain=_DOMAIN, difficulty=3, code=YEAST_CELLS, draw=draw_yeast_cells),
    Family(name="reading_days", domain=_DOMAIN, difficulty=3, code=READING_DAYS, draw=draw_reading_days),
    Family(name="fish_pond", domain=_DOMAIN, difficulty=4, code=FISH_POND, draw=draw_fish_pond),
    Family(name="next_term", domain=_DOMAIN, difficulty=3, code=NEXT_TERM, draw=draw_next_term),
    Family(name="telescope", domain=_DOMAIN, difficulty=5, code=TELESCOPE, draw=draw_telescope),
    Family(name="coin_figures", domain=_DOMAIN, difficulty=3, code=COIN_FIGURES, draw=draw_coin_figures),
)
