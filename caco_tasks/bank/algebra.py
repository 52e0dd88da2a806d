"""Algebra: equations, systems, powers, inequalities, and stories that lead to them."""

from random import Random

from caco_tasks.bank.family import NAMES, Family, FamilyDraw

LINEAR_EQUATION = """
def unknown_x(x_multiplier, added_number, equation_result):
    multiple_of_x = equation_result - added_number
    x = multiple_of_x // x_multiplier
    return x
"""

SUM_AND_DIFFERENCE = """
def larger_number(sum_of_two_numbers, difference_of_two_numbers):
    twice_larger = sum_of_two_numbers + difference_of_two_numbers
    larger = twice_larger // 2
    return larger
"""

CAFE_BILLS = """
def coffee_price(coffees, buns_monday, bill_monday, buns_tuesday, bill_tuesday):
    more_buns = buns_tuesday - buns_monday
    price_of_bun = (bill_tuesday - bill_monday) // more_buns
    coffees_cost = bill_monday - buns_monday * price_of_bun
    price_of_coffee = coffees_cost // coffees
    return price_of_coffee
"""

QUADRATIC_EQUATION = """
from math import isqrt

def larger_solution(x_times_subtracted, constant_added, right_side):
    product_of_solutions = constant_added - right_side
    discriminant = x_times_subtracted ** 2 - 4 * product_of_solutions
    difference_of_solutions = isqrt(discriminant)
    larger = (x_times_subtracted + difference_of_solutions) // 2
    return larger
"""

POLYNOMIAL = """
def polynomial_value(x, square_coefficient, linear_coefficient, constant_term):
    square_part = square_coefficient * x ** 2
    linear_part = linear_coefficient * x
    value = square_part + linear_part + constant_term
    return value
"""

MOTHER_AND_CHILD = """
def age_of_child(mother_times_as_old, years_ahead, age_sum_then):
    years_gained_together = 2 * years_ahead
    age_sum_now = age_sum_then - years_gained_together
    child_age = age_sum_now // (mother_times_as_old + 1)
    return child_age
"""

SALT_WATER = """
def salt_percent_of_mixture(weak_litres, weak_salt_percent, strong_litres, strong_salt_percent):
    weighted_sum = weak_litres * weak_salt_percent + strong_litres * strong_salt_percent
    mixture_litres = weak_litres + strong_litres
    mixture_percent = weighted_sum // mixture_litres
    return mixture_percent
"""

INEQUALITY = """
def largest_whole_number(multiplier, addend, upper_limit):
    limit_of_multiple = upper_limit - addend
    largest = (limit_of_multiple - 1) // multiplier
    return largest
"""

POWERS = """
def value_of_power(base, first_exponent, second_exponent, divisor_exponent):
    product_exponent = first_exponent + second_exponent
    quotient_exponent = product_exponent - divisor_exponent
    power = base ** quotient_exponent
    return power
"""

# The exponents whose powers stay small, by base.
LARGEST_EXPONENTS = {2: 7, 3: 4, 4: 3, 5: 3, 6: 2, 7: 2, 8: 2, 9: 2, 10: 2, 11: 2, 12: 2}


def draw_linear_equation(rng: Random) -> FamilyDraw:
    """A linear equation in x, solved for x."""
    # the solution is drawn and the right side follows, so that x is whole
    times, x, added = rng.randint(2, 12), rng.randint(2, 12), rng.randint(2, 40)
    multiple = times * x
    result = multiple + added
    return FamilyDraw(
        values={"x_multiplier": times, "added_number": added, "equation_result": result},
        problem=rng.choice(
            (
                f"Solve the equation {times} * x + {added} = {result} for x.",
                (
                    f"A number is multiplied by {times}, then {added} is added. The result is {result}. "
                    f"What is the number?"
                ),
                f"Adding {added} to {times} times a number x gives {result}. What is x?",
            )
        ),
        solution=f"{times} times x is {result} - {added} = {multiple}.\n{multiple} / {times} = {x}.",
        answer=x,
    )


def draw_sum_and_difference(rng: Random) -> FamilyDraw:
    """Sum and difference of two numbers give the larger one."""
    # sum and difference follow from the numbers: they are both even or both odd, as they must be
    smaller, difference = rng.randint(2, 60), rng.randint(2, 40)
    larger = smaller + difference
    total = larger + smaller
    return FamilyDraw(
        values={"sum_of_two_numbers": total, "difference_of_two_numbers": difference},
        problem=rng.choice(
            (
                f"The sum of two numbers is {total} and their difference is {difference}. What is the larger number?",
                f"Two numbers differ by {difference}. Together they make {total}. Find the larger of the two.",
                f"If x + y = {total} and x - y = {difference}, what is x?",
            )
        ),
        solution=f"Twice the larger number is {total} + {difference} = {2 * larger}.\n{2 * larger} / 2 = {larger}.",
        answer=larger,
    )


def draw_cafe_bills(rng: Random) -> FamilyDraw:
    """Two bills with as many coffees and different numbers of buns give the price of a coffee."""
    coffees, bun, first, more = rng.randint(2, 6), rng.randint(2, 6), rng.randint(2, 5), rng.randint(2, 5)
    second = first + more
    # no count of the problem equals the answer, so that copying a number is never right
    coffee = rng.choice([price for price in range(3, 15) if price not in (coffees, first, second)])
    coffees_cost, buns_cost = coffees * coffee, first * bun
    bill = coffees_cost + buns_cost
    second_bill = bill + more * bun
    return FamilyDraw(
        values={
            "coffees": coffees,
            "buns_monday": first,
            "bill_monday": bill,
            "buns_tuesday": second,
            "bill_tuesday": second_bill,
        },
        problem=rng.choice(
            (
                (
                    f"On Monday, {coffees} coffees and {first} buns cost {bill} dollars. On Tuesday, {coffees} coffees "
                    f"and {second} buns cost {second_bill} dollars. All prices stay the same. "
                    f"How many dollars does a coffee cost?"
                ),
                (
                    f"A cafe has one price for coffees and one for buns. {rng.choice(NAMES)} orders {coffees} coffees "
                    f"on both days: with {first} buns on Monday the bill is {bill} dollars, and with {second} buns on "
                    f"Tuesday it is {second_bill} dollars. What is the price of one coffee in dollars?"
                ),
                (
                    f"Tuesday's bill of {second_bill} dollars is for {second} buns and {coffees} coffees. Monday's "
                    f"bill of {bill} dollars is for {first} buns and again {coffees} coffees at the same prices. "
                    f"Find the price of a coffee in dollars."
                ),
            )
        ),
        solution=f"Tuesday has {second} - {first} = {more} more buns and costs {second_bill} - {bill} = {more * bun} "
        f"dollars more.\nA bun costs {more * bun} / {more} = {bun} dollars.\n"
        f"The buns on Monday cost {first} * {bun} = {buns_cost} dollars.\n"
        f"The coffees cost {bill} - {buns_cost} = {coffees_cost} dollars.\n"
        f"A coffee costs {coffees_cost} / {coffees} = {coffee} dollars.",
        answer=coffee,
    )


def draw_quadratic_equation(rng: Random) -> FamilyDraw:
    """A quadratic equation with whole positive solutions, of which the larger one is asked for."""
    # two different solutions, so that there is a larger one
    smaller, larger = sorted(rng.sample(range(1, 13), 2))
    right = rng.randint(2, 60)
    total, product = smaller + larger, smaller * larger
    added = product + right
    return FamilyDraw(
        values={"x_times_subtracted": total, "constant_added": added, "right_side": right},
        problem=rng.choice(
            (
                f"What is the larger solution of the equation x^2 - {total} * x + {added} = {right}?",
                f"Two numbers x satisfy x^2 + {added} - {total} * x = {right}. Find the larger of them.",
                (
                    f"From the square of x, {total} times x is subtracted and {added} is added. The result is {right}. "
                    f"What is the largest possible value of x?"
                ),
            )
        ),
        solution=f"{added} - {right} = {product}, so the two solutions have the sum {total} and the product "
        f"{product}.\n{smaller} + {larger} = {total} and {smaller} * {larger} = {product}, so they are {smaller} and "
        f"{larger}.\nThe larger one is {larger}.",
        answer=larger,
    )


def draw_polynomial(rng: Random) -> FamilyDraw:
    """The value of a quadratic polynomial at a whole number."""
    # x is small: its square is multiplied
    x, square, linear, constant = rng.randint(2, 6), rng.randint(2, 5), rng.randint(2, 12), rng.randint(2, 30)
    squared, second = square * x**2, linear * x
    formula = f"{square} * x^2 + {linear} * x + {constant}"
    return FamilyDraw(
        values={"x": x, "square_coefficient": square, "linear_coefficient": linear, "constant_term": constant},
        problem=rng.choice(
            (
                f"What is the value of {formula} for x = {x}?",
                f"Let x = {x}. Calculate {formula}.",
                f"A polynomial is given by p(x) = {formula}. What is p({x})?",
                f"Evaluate the polynomial {formula} at the point where x is {x}.",
            )
        ),
        solution=f"{x}^2 = {x**2}.\n{square} * {x**2} = {squared}.\n{linear} * {x} = {second}.\n"
        f"{squared} + {second} = {squared + second}.\n"
        f"{squared + second} + {constant} = {squared + second + constant}.",
        answer=squared + second + constant,
    )


def draw_mother_and_child(rng: Random) -> FamilyDraw:
    """An age now, from how many times as old the mother is and the sum of both ages in some years."""
    times, years = rng.randint(2, 6), rng.randint(2, 15)
    # the mother is at least 18 years older than her child and at most 60
    age = rng.randint(-(-18 // (times - 1)), 60 // times)
    parts, gained = times + 1, 2 * years
    now, who = age * parts, rng.choice(NAMES)
    then = now + gained
    return FamilyDraw(
        values={"mother_times_as_old": times, "years_ahead": years, "age_sum_then": then},
        problem=rng.choice(
            (
                (
                    f"{who}'s mother is {times} times as old as {who}. In {years} years, their ages will add up to "
                    f"{then}. How old is {who} now?"
                ),
                (
                    f"In {years} years, {who} and {who}'s mother will be {then} years old together. Today the mother "
                    f"is {times} times as old as {who}. What is {who}'s age today?"
                ),
                (
                    f"The ages of {who} and {who}'s mother will have the sum {then} after {years} more years. Now the "
                    f"mother's age is {times} times {who}'s age. Find {who}'s present age in years."
                ),
            )
        ),
        solution=f"In {years} years both gain 2 * {years} = {gained} years together.\n"
        f"Their ages now add up to {then} - {gained} = {now}.\n"
        f"That is {times} + 1 = {parts} times {who}'s age.\n{now} / {parts} = {age}.",
        answer=age,
    )


def draw_salt_water(rng: Random) -> FamilyDraw:
    """The strength of a mixture of weak and strong salt water."""
    weak, strong, weak_percent = rng.randint(2, 6), rng.randint(2, 6), rng.randint(2, 12)
    litres, weak_part = weak + strong, weak * weak_percent
    # only strengths that make the mixture's percentage whole; of any twelve in a row one does
    strong_percent = rng.choice([p for p in range(13, 31) if (weak_part + strong * p) % litres == 0])
    strong_part = strong * strong_percent
    total = weak_part + strong_part
    return FamilyDraw(
        values={
            "weak_litres": weak,
            "weak_salt_percent": weak_percent,
            "strong_litres": strong,
            "strong_salt_percent": strong_percent,
        },
        problem=rng.choice(
            (
                (
                    f"{weak} litres of weak salt water with {weak_percent} percent salt are mixed with {strong} litres "
                    f"of strong salt water with {strong_percent} percent salt. What percent of the mixture is salt?"
                ),
                (
                    f"{rng.choice(NAMES)} pours {strong} litres of salt water with {strong_percent} percent salt "
                    f"into {weak} litres of salt water with {weak_percent} percent salt. "
                    f"How many percent salt does the mixture hold?"
                ),
                (
                    f"Weak salt water is {weak_percent} percent salt and strong salt water is {strong_percent} percent "
                    f"salt. From {weak} litres of the weak and {strong} litres of the strong water a mixture is made. "
                    f"Find its salt content in percent."
                ),
            )
        ),
        solution=f"The weak water counts {weak} * {weak_percent} = {weak_part}.\n"
        f"The strong water counts {strong} * {strong_percent} = {strong_part}.\n"
        f"Together they count {weak_part} + {strong_part} = {total}.\n"
        f"The mixture has {weak} + {strong} = {litres} litres.\n{total} / {litres} = {total // litres} percent.",
        answer=total // litres,
    )


def draw_inequality(rng: Random) -> FamilyDraw:
    """The largest whole number that satisfies a linear inequality."""
    times, largest, added = rng.randint(3, 12), rng.randint(2, 12), rng.randint(2, 40)
    below, above = times * largest, times * (largest + 1)
    # above what the answer gives and not above what the next number gives
    bound = below + rng.randint(1, times)
    limit = bound + added
    return FamilyDraw(
        values={"multiplier": times, "addend": added, "upper_limit": limit},
        problem=rng.choice(
            (
                f"What is the largest whole number n with {times} * n + {added} < {limit}?",
                (
                    f"A whole number is multiplied by {times}, and {added} is added. The result is less than {limit}. "
                    f"How large can the number be at most?"
                ),
                f"Find the greatest whole number n for which the sum of {added} and {times} * n stays below {limit}.",
            )
        ),
        solution=f"{limit} - {added} = {bound}, so {times} times n must be less than {bound}.\n"
        f"{times} * {largest} = {below} is less than {bound}.\n"
        f"{times} * {largest + 1} = {above} is not less than {bound}.\nSo n is at most {largest}.",
        answer=largest,
    )


def draw_powers(rng: Random) -> FamilyDraw:
    """Powers of one base, multiplied and divided."""
    base, first, second = rng.choice(tuple(LARGEST_EXPONENTS)), rng.randint(2, 9), rng.randint(3, 9)
    total = first + second
    # the answer's exponent is drawn, and leaves the divisor one of at least 2
    exponent = rng.randint(2, min(LARGEST_EXPONENTS[base], total - 2))
    divisor = total - exponent
    return FamilyDraw(
        values={"base": base, "first_exponent": first, "second_exponent": second, "divisor_exponent": divisor},
        problem=rng.choice(
            (
                (
                    f"The product of {base}^{first} and {base}^{second} is divided by {base}^{divisor}. "
                    f"What number is the result?"
                ),
                f"Calculate {base}^{first} * {base}^{second} / {base}^{divisor} and write the result without a power.",
                f"How many times does {base}^{divisor} fit into {base}^{first} * {base}^{second}?",
            )
        ),
        solution=f"Multiplying adds the exponents: {first} + {second} = {total}.\n"
        f"Dividing subtracts them: {total} - {divisor} = {exponent}.\n{base}^{exponent} = {base**exponent}.",
        answer=base**exponent,
    )


FAMILIES: tuple[Family, ...] = (
    Family(name="linear_equation", domain="algebra", difficulty=2, code=LINEAR_EQUATION, draw=draw_linear_equation),
    Family(
        name="sum_and_difference", domain="algebra", difficulty=2, code=SUM_AND_DIFFERENCE, draw=draw_sum_and_difference
    ),
    Family(name="cafe_bills", domain="algebra", difficulty=4, code=CAFE_BILLS, draw=draw_cafe_bills),
    Family(
        name="quadratic_equation", domain="algebra", difficulty=5, code=QUADRATIC_EQUATION, draw=draw_quadratic_equation
    ),
    Family(name="polynomial", domain="algebra", difficulty=3, code=POLYNOMIAL, draw=draw_polynomial),
    Family(name="mother_and_child", domain="algebra", difficulty=4, code=MOTHER_AND_CHILD, draw=draw_mother_and_child),
    Family(name="salt_water", domain="algebra", difficulty=3, code=SALT_WATER, draw=draw_salt_water),
    Family(name="inequality", domain="algebra", difficulty=3, code=INEQUALITY, draw=draw_inequality),
    Family(name="powers", domain="algebra", difficulty=2, code=POWERS, draw=draw_powers),
)
