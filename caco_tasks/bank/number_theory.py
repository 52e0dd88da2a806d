"""Number theory: common divisors and multiples, remainders, primes, digits, powers, bases."""

from itertools import pairwise
from math import gcd, lcm
from random import Random

from caco_tasks.bank.family import NAMES, Family, FamilyDraw
from caco_tasks.bank.steps import write_list

RIBBON_PIECES = """
def longest_equal_piece(red_ribbon, blue_ribbon):
    longer, shorter = max(red_ribbon, blue_ribbon), min(red_ribbon, blue_ribbon)
    while shorter:
        longer, shorter = shorter, longer % shorter
    longest_piece = longer
    return longest_piece
"""


def _euclid_steps(longer: int, shorter: int) -> list[str]:
    steps = []
    while shorter:
        steps.append(f"{longer} mod {shorter} = {longer % shorter}.")
        longer, shorter = shorter, longer % shorter
    return steps


# Lengths with a common divisor that is worth a cut, found in two to four steps of Euclid's algorithm.
_RIBBONS = tuple(
    (red, blue)
    for red in range(12, 121)
    for blue in range(12, 121)
    if red != blue and gcd(red, blue) > 4 and 2 <= len(_euclid_steps(max(red, blue), min(red, blue))) <= 4
)


def draw_ribbon_pieces(rng: Random) -> FamilyDraw:
    """The longest pieces into which two ribbons can be cut without a rest."""
    red, blue = rng.choice(_RIBBONS)
    piece = gcd(red, blue)
    steps = "\n".join(_euclid_steps(max(red, blue), min(red, blue)))
    return FamilyDraw(
        values={"red_ribbon": red, "blue_ribbon": blue},
        problem=rng.choice(
            (
                (
                    f"A red ribbon is {red} cm long and a blue ribbon is {blue} cm long. Both are cut into pieces of "
                    f"the same length with nothing left over. How long, in cm, can the pieces be at most?"
                ),
                (
                    f"What is the greatest length in cm of equal pieces into which a red ribbon of {red} cm and a blue "
                    f"ribbon of {blue} cm can both be cut without waste?"
                ),
                (
                    f"{rng.choice(NAMES)} cuts {blue} cm of blue ribbon and {red} cm of red ribbon into equal pieces, "
                    f"using up both ribbons. Find the greatest possible length of a piece in cm."
                ),
            )
        ),
        solution=f"{steps}\nThe last divisor is {piece}, so the pieces are {piece} cm long.",
        answer=piece,
    )


TRAM_AND_BUS = """
def minutes_until_tram_and_bus_meet(tram_minutes, bus_minutes):
    minutes = tram_minutes
    while minutes % bus_minutes != 0:
        minutes += tram_minutes
    return minutes
"""

# Intervals that meet at the second to fourth tram: one multiple is too easy, many are tedious to write.
_TIMETABLES = tuple(
    (tram, bus)
    for tram in range(5, 61)
    for bus in range(4, 31)
    if 2 <= lcm(tram, bus) // tram <= 4 and lcm(tram, bus) <= 200
)


def draw_tram_and_bus(rng: Random) -> FamilyDraw:
    """When tram and bus leave together again."""
    tram, bus = rng.choice(_TIMETABLES)
    together = lcm(tram, bus)
    times = range(tram, together + 1, tram)
    later = [f"{before} + {tram} = {time}. {time} mod {bus} = {time % bus}." for before, time in pairwise(times)]
    return FamilyDraw(
        values={"tram_minutes": tram, "bus_minutes": bus},
        problem=rng.choice(
            (
                (
                    f"A tram leaves every {tram} minutes and a bus every {bus} minutes. They have just left together. "
                    f"After how many minutes will they leave together again?"
                ),
                (
                    f"At noon a bus and a tram start at the same time. A bus starts every {bus} minutes, a tram every "
                    f"{tram} minutes. How many minutes after noon do both start together for the next time?"
                ),
                (
                    f"Trams run every {tram} minutes, buses run every {bus} minutes, and both are at the stop now. "
                    f"In how many minutes are they next there at the same moment?"
                ),
            )
        ),
        solution="\n".join([f"{tram} mod {bus} = {tram % bus}.", *later, f"Both leave after {together} minutes."]),
        answer=together,
    )


EGG_BOXES = """
def eggs_left_over(eggs, box_size):
    left_over = eggs % box_size
    return left_over
"""


def draw_egg_boxes(rng: Random) -> FamilyDraw:
    """Eggs left over when full boxes are packed."""
    box_size, boxes = rng.randint(4, 12), rng.randint(2, 12)
    # 0 is not drawn: the problem speaks of eggs that are left
    left_over = rng.randint(1, box_size - 1)
    packed = box_size * boxes
    eggs, who = packed + left_over, rng.choice(NAMES)
    return FamilyDraw(
        values={"eggs": eggs, "box_size": box_size},
        problem=rng.choice(
            (
                (
                    f"{who} packs {eggs} eggs into boxes of {box_size}, filling as many boxes as possible. "
                    f"How many eggs are left over?"
                ),
                (
                    f"An egg box holds {box_size} eggs. There are {eggs} eggs. How many eggs remain after as many "
                    f"boxes as possible have been filled?"
                ),
                f"How many of {eggs} eggs do not fit when only full boxes of {box_size} eggs are packed?",
            )
        ),
        solution=f"{boxes} full boxes hold {boxes} * {box_size} = {packed} eggs.\n{eggs} - {packed} = {left_over}.",
        answer=left_over,
    )


CHAIR_ROWS = """
def ways_to_form_equal_rows(chairs, fewest_per_row):
    row_lengths = [length for length in range(fewest_per_row, chairs + 1) if chairs % length == 0]
    ways = len(row_lengths)
    return ways
"""


def _find_divisors(number: int) -> list[int]:
    return [divisor for divisor in range(1, number + 1) if number % divisor == 0]


# Numbers with enough divisors to choose from and few enough to list.
_CHAIRS = tuple(chairs for chairs in range(12, 145) if 4 <= len(_find_divisors(chairs)) <= 12)


def draw_chair_rows(rng: Random) -> FamilyDraw:
    """In how many ways chairs can stand in equal rows of a least length."""
    chairs, fewest = rng.choice(_CHAIRS), rng.randint(2, 6)
    divisors = _find_divisors(chairs)
    # divisors come in pairs, of which the smaller one is at most the root
    pairs = " ".join(f"{small} * {chairs // small} = {chairs}." for small in divisors if small * small <= chairs)
    allowed = [divisor for divisor in divisors if divisor >= fewest]
    return FamilyDraw(
        values={"chairs": chairs, "fewest_per_row": fewest},
        problem=rng.choice(
            (
                (
                    f"{chairs} chairs are put into rows of equal length, with at least {fewest} chairs in each row. "
                    f"How many different row lengths are possible?"
                ),
                (
                    f"Every row must have the same number of chairs, and no fewer than {fewest}. In how many ways can "
                    f"{chairs} chairs be set up in rows?"
                ),
                (
                    f"{rng.choice(NAMES)} sets up all {chairs} chairs of a hall in equal rows. A row needs {fewest} "
                    f"chairs or more. Count the possible row lengths."
                ),
            )
        ),
        solution=f"{pairs}\nThe divisors of {chairs} are {write_list(divisors)}.\n"
        f"At least {fewest}: {write_list(allowed)}.\nTheir count is {len(allowed)}.",
        answer=len(allowed),
    )


PRIME_LOCKERS = """
def is_prime(number):
    return number > 1 and all(number % divisor != 0 for divisor in range(2, number))


def stickers_for_prime_lockers(first_locker, last_locker, stickers_each):
    prime_lockers = [locker for locker in range(first_locker, last_locker + 1) if is_prime(locker)]
    stickers = len(prime_lockers) * stickers_each
    return stickers
"""


def _find_primes(first: int, last: int) -> list[int]:
    return [number for number in range(first, last + 1) if len(_find_divisors(number)) == 2]


# Stretches of lockers with two primes or more.
_LOCKERS = tuple(
    (first, last)
    for first in range(2, 90)
    for last in range(first + 5, first + 16)
    if len(_find_primes(first, last)) >= 2
)


def draw_prime_lockers(rng: Random) -> FamilyDraw:
    """Stickers for all lockers with a prime number."""
    (first, last), each = rng.choice(_LOCKERS), rng.randint(2, 9)
    primes = _find_primes(first, last)
    stickers = len(primes) * each
    return FamilyDraw(
        values={"first_locker": first, "last_locker": last, "stickers_each": each},
        problem=rng.choice(
            (
                (
                    f"The lockers of a hall are numbered from {first} to {last}. Every locker whose number is prime "
                    f"gets {each} stickers. How many stickers are needed?"
                ),
                (
                    f"{rng.choice(NAMES)} puts {each} stickers on each locker with a prime number. How many stickers "
                    f"is that for the lockers {first} to {last}?"
                ),
                (
                    f"Each prime-numbered locker is marked with {each} stickers, the other lockers with none. The "
                    f"first locker has number {first}, the last has number {last}. Find the total number of stickers."
                ),
            )
        ),
        solution=f"The prime numbers from {first} to {last} are {write_list(primes)}.\nThat makes {len(primes)} lockers.\n"
        f"{len(primes)} * {each} = {stickers} stickers.",
        answer=stickers,
    )


TICKET_DIGITS = """
def smallest_addition_for_multiple_of_nine(ticket_number):
    digit_sum = sum(int(digit) for digit in str(ticket_number))
    remainder = digit_sum % 9
    missing = (9 - remainder) % 9
    return missing
"""

# Three digits, no multiple of nine: there the answer would be nothing or nine.
_TICKETS = tuple(number for number in range(101, 1000) if number % 9)


def draw_ticket_digits(rng: Random) -> FamilyDraw:
    """What is to be added to a digit sum for a multiple of nine."""
    ticket = rng.choice(_TICKETS)
    first, second, third = map(int, str(ticket))
    two, three = first + second, first + second + third
    return FamilyDraw(
        values={"ticket_number": ticket},
        problem=rng.choice(
            (
                f"What is the smallest number that must be added to the ticket number {ticket} to get a multiple of 9?",
                (
                    f"{rng.choice(NAMES)} has a ticket with the number {ticket}. By how much must this number grow, at "
                    f"least, until 9 divides it?"
                ),
                f"The next ticket number divisible by 9 wins. How many numbers after {ticket} is the winning ticket?",
            )
        ),
        solution=f"The digit sum: {first} + {second} = {two}. {two} + {third} = {three}.\n"
        f"{three} mod 9 = {three % 9}.\n9 - {three % 9} = {9 - three % 9}.",
        answer=9 - three % 9,
    )


POWER_REMAINDER = """
def remainder_of_power(base, exponent, divisor):
    remainder = base % divisor
    for _ in range(exponent - 1):
        remainder = remainder * base % divisor
    return remainder
"""

# Powers above their divisor that leave a remainder.
_POWERS = tuple(
    (base, exponent, divisor)
    for divisor in range(4, 16)
    for base in range(2, min(divisor, 13))
    for exponent in range(2, 6)
    if base**exponent > divisor and base**exponent % divisor
)


def draw_power_remainder(rng: Random) -> FamilyDraw:
    """The remainder of a power."""
    base, exponent, divisor = rng.choice(_POWERS)
    # reduced after each multiplication, as one does it by hand
    remainders = [base**power % divisor for power in range(1, exponent + 1)]
    steps = "\n".join(
        f"{before} * {base} = {before * base}. {before * base} mod {divisor} = {after}."
        for before, after in pairwise(remainders)
    )
    return FamilyDraw(
        values={"base": base, "exponent": exponent, "divisor": divisor},
        problem=rng.choice(
            (
                f"What is the remainder when {base}^{exponent} is divided by {divisor}?",
                (
                    f"A product has {exponent} factors, and every factor is {base}. Which remainder does the product "
                    f"leave on division by {divisor}?"
                ),
                f"On division by {divisor}, find the remainder of the power with base {base} and exponent {exponent}.",
            )
        ),
        solution=f"Start with {base}.\n{steps}",
        answer=remainders[-1],
    )


BASE_DIGITS = """
def number_from_digits(digits, number_base):
    number = 0
    for digit in digits:
        number = number * number_base + digit
    return number
"""


def _split_digits(number: int, base: int) -> list[int]:
    return [*_split_digits(number // base, base), number % base] if number else []


def draw_base_digits(rng: Random) -> FamilyDraw:
    """The value of a number written in another base."""
    base = rng.randint(4, 9)
    # three digits or more in every base
    number = rng.randint(base * base, 250)
    digits = _split_digits(number, base)
    steps, value = [f"Start with {digits[0]}."], digits[0]
    for digit in digits[1:]:
        shifted = value * base
        steps.append(f"{value} * {base} = {shifted}. {shifted} + {digit} = {shifted + digit}.")
        value = shifted + digit
    return FamilyDraw(
        values={"digits": digits, "number_base": base},
        problem=rng.choice(
            (
                (
                    f"In base {base} a number has, from left to right, the digits {write_list(digits)}. "
                    f"What is this number in the decimal system?"
                ),
                f"The digits {write_list(digits)}, read in base {base}, stand for which decimal number?",
                (
                    f"{rng.choice(NAMES)} writes the digits {write_list(digits)} next to each other. Convert the number "
                    f"from base {base} to the decimal system."
                ),
            )
        ),
        solution="\n".join(steps),
        answer=number,
    )


_DOMAIN = "number_theory"

FAMILIES: tuple[Family, ...] = (
    Family(name="ribbon_pieces", domain=_DOMAIN, difficulty=3, code=RIBBON_PIECES, draw=draw_ribbon_pieces),
    Family(name="tram_and_bus", domain=_DOMAIN, difficulty=3, code=TRAM_AND_BUS, draw=draw_tram_and_bus),
    Family(name="egg_boxes", domain=_DOMAIN, difficulty=1, code=EGG_BOXES, draw=draw_egg_boxes),
    Family(name="chair_rows", domain=_DOMAIN, difficulty=3, code=CHAIR_ROWS, draw=draw_chair_rows),
    Family(name="prime_lockers", domain=_DOMAIN, difficulty=3, code=PRIME_LOCKERS, draw=draw_prime_lockers),
    Family(name="ticket_digits", domain=_DOMAIN, difficulty=2, code=TICKET_DIGITS, draw=draw_ticket_digits),
    Family(name="power_remainder", domain=_DOMAIN, difficulty=4, code=POWER_REMAINDER, draw=draw_power_remainder),
    Family(name="base_digits", domain=_DOMAIN, difficulty=3, code=BASE_DIGITS, draw=draw_base_digits),
)
