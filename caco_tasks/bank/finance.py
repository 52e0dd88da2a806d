"""Finance: interest, discounts, profit, instalments, exchange, tips and taxes."""

from math import lcm
from random import Random

from caco_tasks.bank.family import NAMES, Family, FamilyDraw

SIMPLE_INTEREST = """
def simple_interest(loan, interest_percent, loan_years):
    interest_per_year = loan * interest_percent // 100
    interest = interest_per_year * loan_years
    return interest
"""

COAT_SALE = """
def coat_sale_price(coat_price, discount_percent, coupon_dollars):
    discount = coat_price * discount_percent // 100
    reduced_price = coat_price - discount
    price_to_pay = reduced_price - coupon_dollars
    return price_to_pay
"""

BICYCLE_PROFIT = """
def bicycle_profit(bicycles, buying_price, selling_price):
    profit_per_bicycle = selling_price - buying_price
    profit = profit_per_bicycle * bicycles
    return profit
"""

SHIRT_STALL = """
def shirts_to_break_even(stall_rent, shirt_cost, shirt_price):
    earned_per_shirt = shirt_price - shirt_cost
    shirts = stall_rent // earned_per_shirt
    return shirts
"""

PHONE_INSTALMENTS = """
def monthly_instalment(phone_price, down_payment, months):
    amount_owed = phone_price - down_payment
    instalment = amount_owed // months
    return instalment
"""

CURRENCY_EXCHANGE = """
def pounds_to_dollars(pounds, crowns_per_pound, crowns_per_dollar):
    crowns = pounds * crowns_per_pound
    dollars = crowns // crowns_per_dollar
    return dollars
"""

RESTAURANT_TIP = """
def share_of_each_friend(food_cost, drinks_cost, tip_percent, friends):
    bill = food_cost + drinks_cost
    tip = bill * tip_percent // 100
    total = bill + tip
    share = total // friends
    return share
"""

WAGE_TAX = """
def wage_after_tax(weekly_wage, tax_free_wage, tax_percent):
    taxed_wage = weekly_wage - tax_free_wage
    tax = taxed_wage * tax_percent // 100
    take_home_wage = weekly_wage - tax
    return take_home_wage
"""

SAVINGS_GROWTH = """
def savings_after_two_years(savings, growth_percent, deposit_after_first_year):
    after_first_year = savings + savings * growth_percent // 100
    after_deposit = after_first_year + deposit_after_first_year
    after_second_year = after_deposit + after_deposit * growth_percent // 100
    return after_second_year
"""


def draw_simple_interest(rng: Random) -> FamilyDraw:
    """Simple interest on a loan over some years."""
    hundreds, percent = rng.randint(2, 12), rng.randint(2, 9)
    yearly, loan, who = hundreds * percent, hundreds * 100, rng.choice(NAMES)
    # a high yearly interest runs for few years: the total stays near 200 dollars
    years = rng.randint(2, max(2, min(8, 200 // yearly)))
    return FamilyDraw(
        values={"loan": loan, "interest_percent": percent, "loan_years": years},
        problem=rng.choice(
            (
                (
                    f"{who} takes a loan of {loan} dollars at {percent} percent simple interest per year. "
                    f"How many dollars of interest are due for {years} years?"
                ),
                (
                    f"For {years} years, a bank lends {who} {loan} dollars. The simple interest is {percent} percent a "
                    f"year. How many dollars of interest does {who} pay in total?"
                ),
                (
                    f"At a yearly rate of {percent} percent, find the simple interest in dollars on a loan of {loan} "
                    f"dollars that runs for {years} years."
                ),
            )
        ),
        solution=f"1 percent of the loan is {loan} / 100 = {hundreds} dollars.\n"
        f"The interest for one year is {hundreds} * {percent} = {yearly} dollars.\n"
        f"For {years} years it is {yearly} * {years} = {yearly * years} dollars.",
        answer=yearly * years,
    )


def draw_coat_sale(rng: Random) -> FamilyDraw:
    """The price of a coat after a discount and a coupon."""
    # price and percentage are multiples of ten, so the discount is whole; the coupon never exceeds what is left
    tenth, tens, coupon = rng.randint(4, 25), rng.randint(1, 6), rng.randint(2, 14)
    price, percent, discount, who = 10 * tenth, 10 * tens, tens * tenth, rng.choice(NAMES)
    reduced = price - discount
    return FamilyDraw(
        values={"coat_price": price, "discount_percent": percent, "coupon_dollars": coupon},
        problem=rng.choice(
            (
                (
                    f"A coat costs {price} dollars. In the sale it is {percent} percent cheaper, and a coupon then "
                    f"takes off {coupon} dollars more. How many dollars must be paid?"
                ),
                (
                    f"{who} has a coupon for {coupon} dollars, to be used on the reduced price of a coat. Before the "
                    f"sale the coat cost {price} dollars, and the discount is {percent} percent. "
                    f"How many dollars does {who} pay for the coat?"
                ),
                (
                    f"With a discount of {percent} percent on a coat of {price} dollars, followed by {coupon} dollars "
                    f"off for a coupon, what is the final price of the coat in dollars?"
                ),
            )
        ),
        solution=f"10 percent of the price is {price} / 10 = {tenth} dollars.\n"
        f"{percent} percent is {tens} * {tenth} = {discount} dollars.\n"
        f"The reduced price is {price} - {discount} = {reduced} dollars.\n"
        f"With the coupon it is {reduced} - {coupon} = {reduced - coupon} dollars.",
        answer=reduced - coupon,
    )


def draw_bicycle_profit(rng: Random) -> FamilyDraw:
    """The profit on some bicycles."""
    bicycles, buying, gain = rng.randint(2, 9), rng.randint(40, 180), rng.randint(5, 22)
    selling, who = buying + gain, rng.choice(NAMES)
    return FamilyDraw(
        values={"bicycles": bicycles, "buying_price": buying, "selling_price": selling},
        problem=rng.choice(
            (
                (
                    f"A shop buys {bicycles} bicycles for {buying} dollars each and sells them for {selling} dollars "
                    f"each. How many dollars of profit does the shop make?"
                ),
                (
                    f"{who} sells bicycles at {selling} dollars apiece. Each one was bought for {buying} dollars. "
                    f"What is the profit in dollars on {bicycles} bicycles?"
                ),
                (
                    f"Every bicycle costs a dealer {buying} dollars. The dealer sells {bicycles} bicycles, each for "
                    f"{selling} dollars. Find the dealer's total profit in dollars."
                ),
            )
        ),
        solution=f"The profit on one bicycle is {selling} - {buying} = {gain} dollars.\n"
        f"For all bicycles it is {gain} * {bicycles} = {gain * bicycles} dollars.",
        answer=gain * bicycles,
    )


def draw_shirt_stall(rng: Random) -> FamilyDraw:
    """How many shirts pay the rent of a stall."""
    cost, earned, shirts = rng.randint(3, 15), rng.randint(2, 12), rng.randint(3, 12)
    # the rent follows from the number of shirts, so that it is covered exactly
    price, rent, who = cost + earned, earned * shirts, rng.choice(NAMES)
    return FamilyDraw(
        values={"stall_rent": rent, "shirt_cost": cost, "shirt_price": price},
        problem=rng.choice(
            (
                (
                    f"{who} rents a market stall for {rent} dollars and sells shirts there for {price} dollars each. "
                    f"A shirt costs {who} {cost} dollars. How many shirts must {who} sell to break even?"
                ),
                (
                    f"A trader buys shirts at {cost} dollars each and sells them at {price} dollars each. The rent of "
                    f"the stall is {rent} dollars. How many shirts must be sold to cover the rent exactly?"
                ),
                (
                    f"The rent for a stall is {rent} dollars. Each shirt sold there brings in {price} dollars, of "
                    f"which {cost} dollars go to the maker. Find the number of shirts at which there is neither profit "
                    f"nor loss."
                ),
            )
        ),
        solution=f"Each shirt earns {price} - {cost} = {earned} dollars.\n"
        f"The rent is covered by {rent} / {earned} = {shirts} shirts.",
        answer=shirts,
    )


def draw_phone_instalments(rng: Random) -> FamilyDraw:
    """One instalment of a phone with a down payment."""
    months, down = rng.randint(3, 12), rng.randint(10, 99)
    # at most 200 dollars are owed
    instalment = rng.randint(5, 200 // months if months < 10 else 12)
    owed, who = months * instalment, rng.choice(NAMES)
    price = owed + down
    return FamilyDraw(
        values={"phone_price": price, "down_payment": down, "months": months},
        problem=rng.choice(
            (
                (
                    f"{who} buys a phone for {price} dollars. {who} pays {down} dollars at once and the rest in "
                    f"{months} equal monthly instalments without interest. How many dollars is one instalment?"
                ),
                (
                    f"After a down payment of {down} dollars, a phone is paid off in equal parts over {months} months, "
                    f"without interest. The phone costs {price} dollars. How many dollars are paid each month?"
                ),
                (
                    f"For {months} months, {who} pays the same amount per month for a phone. Its price was {price} "
                    f"dollars, {down} of them were paid on the first day, and there is no interest. "
                    f"What is the monthly amount in dollars?"
                ),
            )
        ),
        solution=f"{price} - {down} = {owed} dollars are still to be paid.\n"
        f"{owed} / {months} = {instalment} dollars are paid each month.",
        answer=instalment,
    )


def draw_currency_exchange(rng: Random) -> FamilyDraw:
    """Pounds into dollars by a third currency."""
    per_pound, per_dollar = rng.sample(range(2, 13), 2)
    common = lcm(per_pound, per_dollar)
    # a multiple of both rates: pounds and dollars are whole, and there are at most 200 crowns
    crowns = common * rng.randint(2 if common <= 100 else 1, max(1, 200 // common))
    pounds, dollars = crowns // per_pound, crowns // per_dollar
    who = rng.choice(NAMES)
    return FamilyDraw(
        values={"pounds": pounds, "crowns_per_pound": per_pound, "crowns_per_dollar": per_dollar},
        problem=rng.choice(
            (
                (
                    f"A pound is worth {per_pound} crowns, and a dollar is worth {per_dollar} crowns. {who} changes "
                    f"{pounds} pounds into crowns and all the crowns into dollars. How many dollars does {who} get?"
                ),
                (
                    f"{who} has {pounds} pounds. A bank gives {per_pound} crowns for each pound and asks {per_dollar} "
                    f"crowns for each dollar. How many dollars can {who} buy with all the pounds?"
                ),
                (
                    f"One dollar costs {per_dollar} crowns and one pound costs {per_pound} crowns. "
                    f"How many dollars have the same value as {pounds} pounds?"
                ),
            )
        ),
        solution=f"{pounds} * {per_pound} = {crowns} crowns.\n{crowns} / {per_dollar} = {dollars} dollars.",
        answer=dollars,
    )


def draw_restaurant_tip(rng: Random) -> FamilyDraw:
    """One friend's share of a bill with tip."""
    friends, tens = rng.randint(2, 9), rng.randint(1, 3)
    # only bills whose total is shared without a rest
    tenth = rng.choice([t for t in range(3, 19) if t * (10 + tens) % friends == 0])
    bill, percent, tip = 10 * tenth, 10 * tens, tens * tenth
    drinks, total = rng.randint(8, bill // 2), bill + tip
    food = bill - drinks
    return FamilyDraw(
        values={"food_cost": food, "drinks_cost": drinks, "tip_percent": percent, "friends": friends},
        problem=rng.choice(
            (
                (
                    f"In a restaurant, {friends} friends pay {food} dollars for food and {drinks} dollars for drinks. "
                    f"They add a tip of {percent} percent and share the total equally. How many dollars does each "
                    f"friend pay?"
                ),
                (
                    f"A group of {friends} friends leaves a tip of {percent} percent on a restaurant bill. The drinks "
                    f"cost {drinks} dollars and the food {food} dollars. Everyone pays the same. "
                    f"What is the share of each friend in dollars, tip included?"
                ),
                (
                    f"The food costs {food} dollars, the drinks cost {drinks} dollars, and the tip is {percent} "
                    f"percent of both together. Find how many dollars each of the {friends} friends pays for an equal "
                    f"share of it all."
                ),
            )
        ),
        solution=f"The bill is {food} + {drinks} = {bill} dollars, and 10 percent of it is {bill} / 10 = {tenth} "
        f"dollars.\nThe tip is {tens} * {tenth} = {tip} dollars.\nThe total is {bill} + {tip} = {total} dollars.\n"
        f"Each friend pays {total} / {friends} = {total // friends} dollars.",
        answer=total // friends,
    )


def draw_wage_tax(rng: Random) -> FamilyDraw:
    """A wage after tax, part of which is free of tax."""
    tenth, tens, free = rng.randint(3, 20), rng.randint(1, 4), rng.randint(20, 100)
    # taxed part and percentage are multiples of ten, so the tax is whole
    taxed, percent, tax = 10 * tenth, 10 * tens, tens * tenth
    wage, who = taxed + free, rng.choice(NAMES)
    return FamilyDraw(
        values={"weekly_wage": wage, "tax_free_wage": free, "tax_percent": percent},
        problem=rng.choice(
            (
                (
                    f"{who} earns a weekly wage of {wage} dollars. The first {free} dollars are free of tax, and the "
                    f"rest is taxed at {percent} percent. How many dollars of the wage are left after tax?"
                ),
                (
                    f"A tax of {percent} percent is taken from the part of the weekly wage above {free} dollars. "
                    f"{who}'s weekly wage is {wage} dollars. How many dollars does {who} take home?"
                ),
                (
                    f"Up to {free} dollars a week no tax is paid, and above that the tax is {percent} percent. "
                    f"Find the take-home pay in dollars for a weekly wage of {wage} dollars."
                ),
            )
        ),
        solution=f"{wage} - {free} = {taxed} dollars are taxed.\n10 percent of that is {taxed} / 10 = {tenth} "
        f"dollars.\nThe tax is {tens} * {tenth} = {tax} dollars.\n{wage} - {tax} = {wage - tax} dollars are left.",
        answer=wage - tax,
    )


def draw_savings_growth(rng: Random) -> FamilyDraw:
    """Savings after two years of growth and a deposit in between."""
    tens = rng.randint(1, 5)
    # the higher the growth, the smaller the savings: results stay near 300 dollars
    tenth = rng.randint(3, 20 - 2 * tens)
    savings, percent, growth = 10 * tenth, 10 * tens, tens * tenth
    grown = savings + growth
    # brings the sum to a multiple of ten, so that the second growth is whole
    deposit = 10 * rng.randint(2, 7) - grown % 10
    base = grown + deposit
    second, who = tens * base // 10, rng.choice(NAMES)
    return FamilyDraw(
        values={"savings": savings, "growth_percent": percent, "deposit_after_first_year": deposit},
        problem=rng.choice(
            (
                (
                    f"{who} has savings of {savings} dollars, which grow by {percent} percent every year. After the "
                    f"growth of the first year, {who} deposits {deposit} dollars more. "
                    f"How many dollars are there after the second year?"
                ),
                (
                    f"An account grows by {percent} percent a year. It starts with {savings} dollars, and {deposit} "
                    f"dollars are added right after the first year's growth. "
                    f"What is the balance in dollars at the end of two years?"
                ),
                (
                    f"When the first of two years is over and its growth is paid, {who} adds {deposit} dollars to an "
                    f"account that began with {savings} dollars. The yearly growth is {percent} percent of the "
                    f"balance. Find the balance in dollars after both years."
                ),
            )
        ),
        solution=f"10 percent of {savings} is {savings} / 10 = {tenth}, so the first growth is {tens} * {tenth} = "
        f"{growth} dollars.\nAfter the first year there are {savings} + {growth} = {grown} dollars.\n"
        f"With the deposit there are {grown} + {deposit} = {base} dollars.\n"
        f"10 percent of {base} is {base} / 10 = {base // 10}, so the second growth is {tens} * {base // 10} = "
        f"{second} dollars.\nAfter the second year there are {base} + {second} = {base + second} dollars.",
        answer=base + second,
    )


FAMILIES: tuple[Family, ...] = (
    Family(name="simple_interest", domain="finance", difficulty=2, code=SIMPLE_INTEREST, draw=draw_simple_interest),
    Family(name="coat_sale", domain="finance", difficulty=3, code=COAT_SALE, draw=draw_coat_sale),
    Family(name="bicycle_profit", domain="finance", difficulty=2, code=BICYCLE_PROFIT, draw=draw_bicycle_profit),
    Family(name="shirt_stall", domain="finance", difficulty=2, code=SHIRT_STALL, draw=draw_shirt_stall),
    Family(
        name="phone_instalments", domain="finance", difficulty=2, code=PHONE_INSTALMENTS, draw=draw_phone_instalments
    ),
    Family(
        name="currency_exchange", domain="finance", difficulty=3, code=CURRENCY_EXCHANGE, draw=draw_currency_exchange
    ),
    Family(name="restaurant_tip", domain="finance", difficulty=4, code=RESTAURANT_TIP, draw=draw_restaurant_tip),
    Family(name="wage_tax", domain="finance", difficulty=3, code=WAGE_TAX, draw=draw_wage_tax),
    Family(name="savings_growth", domain="finance", difficulty=5, code=SAVINGS_GROWTH, draw=draw_savings_growth),
)
