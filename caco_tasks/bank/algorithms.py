"""Algorithms: sorting, stacks, lines, runs, shortest ways, traced by hand on short lists."""

from collections.abc import Sequence
from itertools import accumulate, combinations, groupby, pairwise
from random import Random

from caco_tasks.bank.family import NAMES, Family, FamilyDraw
from caco_tasks.bank.steps import write_list


def _write_sums(numbers: Sequence[int]) -> str:
    sums = pairwise(accumulate(numbers))
    return ", ".join(f"{old} + {new - old} = {new}" for old, new in sums)


PARCEL_RANK = """
def parcel_at_rank(parcel_weights, rank):
    sorted_weights = sorted(parcel_weights)
    chosen_weight = sorted_weights[rank - 1]
    return chosen_weight
"""


def draw_parcel_rank(rng: Random) -> FamilyDraw:
    """The weight at a given rank when parcels are sorted."""
    weights = rng.sample(range(1, 30), rng.randint(4, 6))
    # neither the lightest nor the heaviest, which need no sorting
    rank, ordered = rng.randint(2, len(weights) - 1), sorted(weights)
    return FamilyDraw(
        values={"parcel_weights": weights, "rank": rank},
        problem=rng.choice(
            (
                (
                    f"Parcels weigh {write_list(weights)} kilograms. They are sorted from lightest to heaviest. "
                    f"How heavy is parcel number {rank} in this order?"
                ),
                (
                    f"{rng.choice(NAMES)} puts the lightest parcel first and the heaviest last. The weights are "
                    f"{write_list(weights)} kilograms. Which weight is at place {rank}?"
                ),
                (
                    f"Find the weight with rank {rank}, counted from the lightest, among parcels of {write_list(weights)} "
                    "kilograms."
                ),
            )
        ),
        solution=f"Sorted: {write_list(ordered)}.\nNumber {rank} in this order is {ordered[rank - 1]}.",
        answer=ordered[rank - 1],
    )


RECORD_DAYS = """
from itertools import accumulate

def count_record_days(temperatures):
    highest_so_far = list(accumulate(temperatures, max))
    records = set(highest_so_far)
    record_days = len(records)
    return record_days
"""


def draw_record_days(rng: Random) -> FamilyDraw:
    """How many days set a new highest temperature."""
    temperatures = rng.sample(range(1, 30), rng.randint(4, 6))
    # a first day that stays the highest would be the only record
    if temperatures[0] == max(temperatures):
        temperatures.reverse()
    highs = list(accumulate(temperatures, max))
    records = sorted(set(highs))
    return FamilyDraw(
        values={"temperatures": temperatures},
        problem=rng.choice(
            (
                (
                    f"The temperatures of some days in a row were {write_list(temperatures)} degrees. A day is a record day "
                    "if it is warmer than every day before it; the first day counts too. How many record days were there?"
                ),
                (
                    f"{rng.choice(NAMES)} notes the daily temperatures {write_list(temperatures)}. Counting the first day, "
                    "how many days set a new highest temperature?"
                ),
                (
                    "A new record is a temperature above all earlier ones, and the first temperature is always a record. "
                    f"How many records are in the daily temperatures {write_list(temperatures)}?"
                ),
            )
        ),
        solution=f"Highest so far: {write_list(highs)}.\nRecords: {write_list(records)}.\n"
        f"Counting them: {' + '.join('1' for _ in records)} = {len(records)}.",
        answer=len(records),
    )


CARD_STACK = """
def sum_of_card_stack(stack_moves):
    stack = []
    for card in stack_moves:
        stack = stack + [card] if card > 0 else stack[:-1]
    stack_sum = sum(stack)
    return stack_sum
"""


def draw_card_stack(rng: Random) -> FamilyDraw:
    """The sum of the cards left after cards were put on a stack and taken off."""
    moves = rng.sample(range(1, 30), 4)
    # 0 takes a card off, and never from an empty stack: two cards or more came before
    moves.insert(rng.randint(2, 4), 0)
    # the last move may take off, put on, or be missing, so that the number of moves varies
    moves += rng.choice(([], [0], [rng.randint(1, 29)]))
    stacks: list[list[int]] = [[]]
    for card in moves:
        stacks.append([*stacks[-1], card] if card else stacks[-1][:-1])
    left = stacks[-1]
    return FamilyDraw(
        values={"stack_moves": moves},
        problem=rng.choice(
            (
                (
                    f"The moves {write_list(moves)} build a stack of cards. A positive number puts a card with that number "
                    "on top, and 0 takes the top card away. What is the sum of the cards left?"
                ),
                (
                    "A stack of cards starts empty. Each number of a list puts a card with this number on top, except "
                    f"that 0 removes the top card. The list is {write_list(moves)}. What do the remaining cards add up to?"
                ),
                (
                    f"{rng.choice(NAMES)} reads {write_list(moves)} from left to right, adding each number to the top of a "
                    "stack of cards, but at 0 throwing the top card away. Find the sum of the stack at the end."
                ),
            )
        ),
        solution=f"Stack after each move: {'; '.join(map(write_list, stacks[1:]))}.\nSum: {_write_sums(left)}.",
        answer=sum(left),
    )


CARD_LINE = """
def front_card_after_moves(cards_in_line, front_to_back_moves):
    moves_left = front_to_back_moves % len(cards_in_line)
    moved_line = cards_in_line[moves_left:] + cards_in_line[:moves_left]
    front_card = moved_line[0]
    return front_card
"""


def draw_card_line(rng: Random) -> FamilyDraw:
    """The front card of a line after cards were moved from front to back."""
    cards, moves = rng.sample(range(1, 30), rng.randint(3, 6)), rng.randint(4, 30)
    # whole rounds change nothing
    left = moves % len(cards)
    moved = cards[left:] + cards[:left]
    return FamilyDraw(
        values={"cards_in_line": cards, "front_to_back_moves": moves},
        problem=rng.choice(
            (
                (
                    f"Cards lie in a line: {write_list(cards)}, the first is the front card. The front card is moved to the "
                    f"back, {moves} times in all. Which card is at the front then?"
                ),
                (
                    f"In one move the front card of a line goes to its back. After {moves} moves, which card is in front "
                    f"if the line was {write_list(cards)} from front to back?"
                ),
                (
                    f"{rng.choice(NAMES)} has the cards {write_list(cards)} in a line and {moves} times puts the front card "
                    "at the end. Find the number of the card now in front."
                ),
            )
        ),
        solution=f"There are {len(cards)} cards: {moves} mod {len(cards)} = {left}.\n"
        f"Moves that count: {left}, so the line becomes {write_list(moved)}.\nThe front card is {moved[0]}.",
        answer=moved[0],
    )


OTHER_BASE = """
def value_of_digits(digits, base):
    value = 0
    for digit in digits:
        value = value * base + int(digit)
    return value
"""


def draw_other_base(rng: Random) -> FamilyDraw:
    """The value of a number whose digits are given in another base."""
    # bases with few digits, so that the values stay small; those with more numbers to draw stand twice
    base, length = rng.choice(((2, 5), (3, 4), (4, 3), (4, 4), (4, 4), (5, 3), (5, 3), (6, 3), (6, 3)))
    # no leading zero
    numbers = [rng.randint(1, base - 1), *(rng.randint(0, base - 1) for _ in range(length - 1))]
    digits, value, steps = "".join(map(str, numbers)), numbers[0], [f"Start with {numbers[0]}."]
    for digit in numbers[1:]:
        steps.append(f"{value} * {base} = {value * base}, {value * base} + {digit} = {value * base + digit}.")
        value = value * base + digit
    return FamilyDraw(
        values={"digits": digits, "base": base},
        problem=rng.choice(
            (
                f'What is the value of the digits "{digits}" in base {base}, as an ordinary decimal number?',
                f'A number is written in base {base} with the digits "{digits}". Write it in base ten.',
                (
                    f'{rng.choice(NAMES)} reads the digits "{digits}" on a machine that counts in base {base}. '
                    "Which decimal number is it?"
                ),
            )
        ),
        solution="\n".join(steps),
        answer=value,
    )


BEST_PAIR = """
from itertools import combinations

def best_pair_of_books(book_prices, budget):
    pair_prices = [first + second for first, second in combinations(book_prices, 2)]
    affordable = [price for price in pair_prices if price <= budget]
    max_spent = max(affordable, default=0)
    return max_spent
"""


def draw_best_pair(rng: Random) -> FamilyDraw:
    """The most that two books can cost within a budget."""
    prices = rng.sample(range(2, 30), rng.randint(3, 4))
    pairs = list(combinations(prices, 2))
    sums = [first + second for first, second in pairs]
    # at least one pair is affordable and at least one is not
    budget = rng.randint(min(sums), max(sums) - 1)
    affordable = [price for price in sums if price <= budget]
    return FamilyDraw(
        values={"book_prices": prices, "budget": budget},
        problem=rng.choice(
            (
                (
                    f"Books cost {write_list(prices)} dollars. {rng.choice(NAMES)} buys exactly two of them and can spend at "
                    f"most {budget} dollars. What is the most dollars the two books can cost?"
                ),
                (
                    f"With a budget of {budget} dollars, two different books are bought from a shelf with the prices "
                    f"{write_list(prices)} dollars. What is the largest possible total in dollars?"
                ),
                (
                    f"The prices of some books are {write_list(prices)} dollars. Find the highest total of two of the books "
                    f"that is not above the budget of {budget} dollars."
                ),
            )
        ),
        solution=f"Pairs: {', '.join(f'{a} + {b} = {a + b}' for a, b in pairs)}.\n"
        f"At most {budget}: {write_list(affordable)}.\nThe largest of these is {max(affordable)}.",
        answer=max(affordable),
    )


RIBBON_RUNS = """
from itertools import groupby

def encode_ribbon(ribbon):
    runs = [(color, len(list(run))) for color, run in groupby(ribbon)]
    encoded = "".join(f"{color}{length}" for color, length in runs)
    return encoded
"""


def draw_ribbon_runs(rng: Random) -> FamilyDraw:
    """The run-length code of a coloured ribbon."""
    # the fourth colour may equal the third: two runs then become one
    colors = rng.sample("rgby", 3) + rng.sample("rgby", 1)
    ribbon = "".join(color * rng.randint(1, 4) for color in colors[: rng.randint(3, 4)])
    runs = ["".join(run) for _, run in groupby(ribbon)]
    codes = [f"{run[0]}{len(run)}" for run in runs]
    return FamilyDraw(
        values={"ribbon": ribbon},
        problem=rng.choice(
            (
                (
                    f'A ribbon has the colors "{ribbon}". Shorten it by writing each run of equal letters as the letter '
                    "and the length of the run."
                ),
                (
                    f'Write the run-length code of the ribbon "{ribbon}": every letter once per run, followed by how '
                    "often it stands there in a row."
                ),
                (
                    "A ribbon of beads is coded by replacing equal letters in a row by the letter and their number. "
                    f'What is the code of the ribbon "{ribbon}"?'
                ),
            )
        ),
        solution=f"Runs: {', '.join(runs)}.\nLetters with lengths: {', '.join(codes)}.\nJoined: {''.join(codes)}.",
        answer="".join(codes),
    )


SHORTEST_WAY = """
def shortest_way_to_school(home_to_bridge, home_to_park, bridge_to_park, bridge_to_school, park_to_school):
    park_over_bridge = home_to_bridge + bridge_to_park
    to_park = min(home_to_park, park_over_bridge)
    school_from_bridge = home_to_bridge + bridge_to_school
    school_from_park = to_park + park_to_school
    shortest = min(school_from_bridge, school_from_park)
    return shortest
"""


def draw_shortest_way(rng: Random) -> FamilyDraw:
    """The length of the shortest way through a small net of roads."""
    bridge, park, across = rng.randint(2, 30), rng.randint(10, 50), rng.randint(2, 15)
    from_bridge, from_park = rng.randint(15, 60), rng.randint(2, 40)
    to_park = min(park, bridge + across)
    one, two = bridge + from_bridge, to_park + from_park
    roads = (
        f"home to bridge {bridge}",
        f"home to park {park}",
        f"bridge to park {across}",
        f"bridge to school {from_bridge}",
        f"park to school {from_park}",
    )
    # no order of the roads gives the way away
    mixed = rng.sample(roads, len(roads))
    return FamilyDraw(
        values={
            "home_to_bridge": bridge,
            "home_to_park": park,
            "bridge_to_park": across,
            "bridge_to_school": from_bridge,
            "park_to_school": from_park,
        },
        problem=rng.choice(
            (
                (
                    f"One-way roads and their minutes: {', '.join(roads)}. "
                    "How many minutes does the shortest way from home to school take?"
                ),
                (
                    f"{rng.choice(NAMES)} walks from home to school on one-way paths. The minutes are: "
                    f"{', '.join(mixed)}. What is the least time in minutes?"
                ),
                (
                    "Find the minutes of the fastest way from home to school, if every road goes one way only and takes "
                    f"this many minutes: {', '.join(mixed)}."
                ),
            )
        ),
        solution=f"To the park over the bridge: {bridge} + {across} = {bridge + across}.\n"
        f"The smaller of {park} and {bridge + across} is {to_park}.\n"
        f"To school from the bridge: {bridge} + {from_bridge} = {one}.\n"
        f"To school from the park: {to_park} + {from_park} = {two}.\nThe smaller of {one} and {two} is {min(one, two)}.",
        answer=min(one, two),
    )


SORTING_SWAPS = """
from itertools import combinations

def count_neighbor_swaps(book_numbers):
    wrong_pairs = [(left, right) for left, right in combinations(book_numbers, 2) if left > right]
    swaps = len(wrong_pairs)
    return swaps
"""


def draw_sorting_swaps(rng: Random) -> FamilyDraw:
    """How many swaps of neighbours sort a row of books."""
    books = rng.sample(range(1, 30), rng.randint(3, 5))
    # sorted books need no swap
    if books == sorted(books):
        books.reverse()
    # each swap of neighbours removes one pair that stands in the wrong order, so counting pairs counts swaps
    smaller = [sum(other < book for other in books[place + 1 :]) for place, book in enumerate(books)]
    counts = ", ".join(f"{book} has {count}" for book, count in zip(books, smaller, strict=True))
    return FamilyDraw(
        values={"book_numbers": books},
        problem=rng.choice(
            (
                (
                    f"Books with the numbers {write_list(books)} stand on a shelf. Only neighbors may be swapped. "
                    "How many swaps are needed at least to sort them from smallest to largest?"
                ),
                (
                    f"{rng.choice(NAMES)} sorts the book numbers {write_list(books)} in increasing order by swapping two "
                    "books that are next to each other. What is the smallest number of swaps?"
                ),
                (
                    "In a row of books, a pair is wrong if the left number is larger than the right one, neighbors or "
                    f"not. Each swap of neighbors can mend one wrong pair. How many swaps sort {write_list(books)}?"
                ),
            )
        ),
        solution=f"Smaller numbers to the right: {counts}.\nSum: {_write_sums(smaller)}.",
        answer=sum(smaller),
    )


FAMILIES: tuple[Family, ...] = (
    Family(name="parcel_rank", domain="algorithms", difficulty=1, code=PARCEL_RANK, draw=draw_parcel_rank),
    Family(name="record_days", domain="algorithms", difficulty=2, code=RECORD_DAYS, draw=draw_record_days),
    Family(name="card_stack", domain="algorithms", difficulty=3, code=CARD_STACK, draw=draw_card_stack),
    Family(name="card_line", domain="algorithms", difficulty=2, code=CARD_LINE, draw=draw_card_line),
    Family(name="other_base", domain="algorithms", difficulty=3, code=OTHER_BASE, draw=draw_other_base),
    Family(name="best_pair", domain="algorithms", difficulty=4, code=BEST_PAIR, draw=draw_best_pair),
    Family(name="ribbon_runs", domain="algorithms", difficulty=2, code=RIBBON_RUNS, draw=draw_ribbon_runs),
    Family(name="shortest_way", domain="algorithms", difficulty=5, code=SHORTEST_WAY, draw=draw_shortest_way),
    Family(name="sorting_swaps", domain="algorithms", difficulty=3, code=SORTING_SWAPS, draw=draw_sorting_swaps),
)
