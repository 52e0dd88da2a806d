"""Algorithms: sorting, stacks, lines, runs, shortest ways, traced by hand on short lists."""

from collections.abc import Sequence
from itertools import accumulate, combinations, groupby, pairwise
from random import Random

from caco_tasks.bank.family import NAMES, Drawn, Family


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _running_sum(numbers: Sequence[int]) -> str:
    sums = pairwise(accumulate(numbers))
    return ", ".join(f"{old} + {new - old} = {new}" for old, new in sums)


PARCEL_RANK = """
def parcel_at_rank(parcel_weights, rank):
    sorted_weights = sorted(parcel_weights)
    chosen_weight = sorted_weights[rank - 1]
    return chosen_weight
"""


def _parcel_rank(rng: Random) -> Drawn:
    weights = rng.sample(range(1, 30), rng.randint(4, 6))
    rank, ordered = rng.randint(2, len(weights) - 1), sorted(weights)
    return Drawn(
        values={"parcel_weights": weights, "rank": rank},
        problem=rng.choice(
            (
                (
                    f"Parcels weigh {_listed(weights)} kilograms. They are sorted from lightest to heaviest. "
                    f"How heavy is parcel number {rank} in this order?"
                ),
                (
                    f"{rng.choice(NAMES)} puts the lightest parcel first and the heaviest last. The weights are "
                    f"{_listed(weights)} kilograms. Which weight is at place {rank}?"
                ),
                (
                    f"Find the weight with rank {rank}, counted from the lightest, among parcels of {_listed(weights)} "
                    "kilograms."
                ),
            )
        ),
        solution=f"Sorted: {_listed(ordered)}.\nNumber {rank} in this order is {ordered[rank - 1]}.",
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


def _record_days(rng: Random) -> Drawn:
    temperatures = rng.sample(range(1, 30), rng.randint(4, 6))
    if temperatures[0] == max(temperatures):
        temperatures.reverse()
    highs = list(accumulate(temperatures, max))
    records = sorted(set(highs))
    return Drawn(
        values={"temperatures": temperatures},
        problem=rng.choice(
            (
                (
                    f"The temperatures of some days in a row were {_listed(temperatures)} degrees. A day is a record day "
                    "if it is warmer than every day before it; the first day counts too. How many record days were there?"
                ),
                (
                    f"{rng.choice(NAMES)} notes the daily temperatures {_listed(temperatures)}. Counting the first day, "
                    "how many days set a new highest temperature?"
                ),
                (
                    "A new record is a temperature above all earlier ones, and the first temperature is always a record. "
                    f"How many records are in the daily temperatures {_listed(temperatures)}?"
                ),
            )
        ),
        solution=f"Highest so far: {_listed(highs)}.\nRecords: {_listed(records)}.\n"
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


def _card_stack(rng: Random) -> Drawn:
    moves = rng.sample(range(1, 30), 4)
    moves.insert(rng.randint(2, 4), 0)
    moves += rng.choice(([], [0], [rng.randint(1, 29)]))
    stacks: list[list[int]] = [[]]
    for card in moves:
        stacks.append([*stacks[-1], card] if card else stacks[-1][:-1])
    left = stacks[-1]
    return Drawn(
        values={"stack_moves": moves},
        problem=rng.choice(
            (
                (
                    f"The moves {_listed(moves)} build a stack of cards. A positive number puts a card with that number "
                    "on top, and 0 takes the top card away. What is the sum of the cards left?"
                ),
                (
                    "A stack of cards starts empty. Each number of a list puts a card with this number on top, except "
                    f"that 0 removes the top card. The list is {_listed(moves)}. What do the remaining cards add up to?"
                ),
                (
                    f"{rng.choice(NAMES)} reads {_listed(moves)} from left to right, adding each number to the top of a "
                    "stack of cards, but at 0 throwing the top card away. Find the sum of the stack at the end."
                ),
            )
        ),
        solution=f"Stack after each move: {'; '.join(map(_listed, stacks[1:]))}.\nSum: {_running_sum(left)}.",
        answer=sum(left),
    )


CARD_LINE = """
def front_card_after_moves(cards_in_line, front_to_back_moves):
    moves_left = front_to_back_moves % len(cards_in_line)
    moved_line = cards_in_line[moves_left:] + cards_in_line[:moves_left]
    front_card = moved_line[0]
    return front_card
"""


def _card_line(rng: Random) -> Drawn:
    cards, moves = rng.sample(range(1, 30), rng.randint(3, 6)), rng.randint(4, 30)
    left = moves % len(cards)
    moved = cards[left:] + cards[:left]
    return Drawn(
        values={"cards_in_line": cards, "front_to_back_moves": moves},
        problem=rng.choice(
            (
                (
                    f"Cards lie in a line: {_listed(cards)}, the first is the front card. The front card is moved to the "
                    f"back, {moves} times in all. Which card is at the front then?"
                ),
                (
                    f"In one move the front card of a line goes to its back. After {moves} moves, which card is in front "
                    f"if the line was {_listed(cards)} from front to back?"
                ),
                (
                    f"{rng.choice(NAMES)} has the cards {_listed(cards)} in a line and {moves} times puts the front card "
                    "at the end. Find the number of the card now in front."
                ),
            )
        ),
        solution=f"There are {len(cards)} cards: {moves} mod {len(cards)} = {left}.\n"
        f"Moves that count: {left}, so the line becomes {_listed(moved)}.\nThe front card is {moved[0]}.",
        answer=moved[0],
    )


OTHER_BASE = """
def value_of_digits(digits, base):
    value = 0
    for digit in digits:
        value = value * base + int(digit)
    return value
"""


def _other_base(rng: Random) -> Drawn:
    base, length = rng.choice(((2, 5), (3, 4), (4, 3), (4, 4), (4, 4), (5, 3), (5, 3), (6, 3), (6, 3)))
    numbers = [rng.randint(1, base - 1), *(rng.randint(0, base - 1) for _ in range(length - 1))]
    digits, value, steps = "".join(map(str, numbers)), numbers[0], [f"Start with {numbers[0]}."]
    for digit in numbers[1:]:
        steps.append(f"{value} * {base} = {value * base}, {value * base} + {digit} = {value * base + digit}.")
        value = value * base + digit
    return Drawn(
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


def _best_pair(rng: Random) -> Drawn:
    prices = rng.sample(range(2, 30), rng.randint(3, 4))
    pairs = list(combinations(prices, 2))
    sums = [first + second for first, second in pairs]
    budget = rng.randint(min(sums), max(sums) - 1)
    affordable = [price for price in sums if price <= budget]
    return Drawn(
        values={"book_prices": prices, "budget": budget},
        problem=rng.choice(
            (
                (
                    f"Books cost {_listed(prices)} dollars. {rng.choice(NAMES)} buys exactly two of them and can spend at "
                    f"most {budget} dollars. What is the most dollars the two books can cost?"
                ),
                (
                    f"With a budget of {budget} dollars, two different books are bought from a shelf with the prices "
                    f"{_listed(prices)} dollars. What is the largest possible total in dollars?"
                ),
                (
                    f"The prices of some books are {_listed(prices)} dollars. Find the highest total of two of the books "
                    f"that is not above the budget of {budget} dollars."
                ),
            )
        ),
        solution=f"Pairs: {', '.join(f'{a} + {b} = {a + b}' for a, b in pairs)}.\n"
        f"At most {budget}: {_listed(affordable)}.\nThe largest of these is {max(affordable)}.",
        answer=max(affordable),
    )


RIBBON_RUNS = """
from itertools import groupby

def encode_ribbon(ribbon):
    runs = [(color, len(list(run))) for color, run in groupby(ribbon)]
    encoded = "".join(f"{color}{length}" for color, length in runs)
    return encoded
"""


def _ribbon_runs(rng: Random) -> Drawn:
    colors = rng.sample("rgby", 3) + rng.sample("rgby", 1)
    ribbon = "".join(color * rng.randint(1, 4) for color in colors[: rng.randint(3, 4)])
    runs = ["".join(run) for _, run in groupby(ribbon)]
    codes = [f"{run[0]}{len(run)}" for run in runs]
    return Drawn(
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


def _shortest_way(rng: Random) -> Drawn:
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
    mixed = rng.sample(roads, len(roads))
    return Drawn(
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


def _sorting_swaps(rng: Random) -> Drawn:
    books = rng.sample(range(1, 30), rng.randint(3, 5))
    if books == sorted(books):
        books.reverse()
    smaller = [sum(other < book for other in books[place + 1 :]) for place, book in enumerate(books)]
    counts = ", ".join(f"{book} has {count}" for book, count in zip(books, smaller, strict=True))
    return Drawn(
        values={"book_numbers": books},
        problem=rng.choice(
            (
                (
                    f"Books with the numbers {_listed(books)} stand on a shelf. Only neighbors may be swapped. "
                    "How many swaps are needed at least to sort them from smallest to largest?"
                ),
                (
                    f"{rng.choice(NAMES)} sorts the book numbers {_listed(books)} in increasing order by swapping two "
                    "books that are next to each other. What is the smallest number of swaps?"
                ),
                (
                    "In a row of books, a pair is wrong if the left number is larger than the right one, neighbors or "
                    f"not. Each swap of neighbors can mend one wrong pair. How many swaps sort {_listed(books)}?"
                ),
            )
        ),
        solution=f"Smaller numbers to the right: {counts}.\nSum: {_running_sum(smaller)}.",
        answer=sum(smaller),
    )


FAMILIES: tuple[Family, ...] = (
    Family(name="parcel_rank", domain="algorithms", difficulty=1, code=PARCEL_RANK, draw=_parcel_rank),
    Family(name="record_days", domain="algorithms", difficulty=2, code=RECORD_DAYS, draw=_record_days),
    Family(name="card_stack", domain="algorithms", difficulty=3, code=CARD_STACK, draw=_card_stack),
    Family(name="card_line", domain="algorithms", difficulty=2, code=CARD_LINE, draw=_card_line),
    Family(name="other_base", domain="algorithms", difficulty=3, code=OTHER_BASE, draw=_other_base),
    Family(name="best_pair", domain="algorithms", difficulty=4, code=BEST_PAIR, draw=_best_pair),
    Family(name="ribbon_runs", domain="algorithms", difficulty=2, code=RIBBON_RUNS, draw=_ribbon_runs),
    Family(name="shortest_way", domain="algorithms", difficulty=5, code=SHORTEST_WAY, draw=_shortest_way),
    Family(name="sorting_swaps", domain="algorithms", difficulty=3, code=SORTING_SWAPS, draw=_sorting_swaps),
)
