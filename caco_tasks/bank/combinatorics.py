"""Combinatorics: counting choices, pairs, orders and overlaps; the pigeonhole principle."""

from itertools import combinations
from random import Random

from caco_tasks.bank.family import NAMES, Family, FamilyDraw
from caco_tasks.bank.steps import write_list

ICE_CREAM = """
def different_ice_creams(flavours, toppings):
    ice_creams = flavours * toppings
    return ice_creams
"""


def draw_ice_cream(rng: Random) -> FamilyDraw:
    """Choices of one flavour and one topping."""
    flavours, toppings = rng.randint(2, 24), rng.randint(2, 9)
    return FamilyDraw(
        values={"flavours": flavours, "toppings": toppings},
        problem=rng.choice(
            (
                (
                    f"An ice cream shop offers {flavours} flavours and {toppings} toppings. How many different ice "
                    f"creams with one flavour and one topping can be ordered?"
                ),
                (
                    f"{rng.choice(NAMES)} picks one of {toppings} toppings and one of {flavours} flavours for an ice "
                    f"cream. How many choices are there?"
                ),
                (
                    f"Count the ice creams made of a single flavour and a single topping, if there are {flavours} "
                    f"flavours and {toppings} toppings."
                ),
            )
        ),
        solution=f"Each flavour goes with each topping: {flavours} * {toppings} = {flavours * toppings}.",
        answer=flavours * toppings,
    )


BRIDGE_ROADS = """
def routes_to_market(roads_to_bridge, roads_from_bridge, direct_roads):
    routes_over_bridge = roads_to_bridge * roads_from_bridge
    routes = routes_over_bridge + direct_roads
    return routes
"""


def draw_bridge_roads(rng: Random) -> FamilyDraw:
    """Routes over a bridge and past it."""
    to_bridge, from_bridge, direct = rng.randint(2, 12), rng.randint(2, 12), rng.randint(2, 9)
    over = to_bridge * from_bridge
    return FamilyDraw(
        values={"roads_to_bridge": to_bridge, "roads_from_bridge": from_bridge, "direct_roads": direct},
        problem=rng.choice(
            (
                (
                    f"{to_bridge} roads lead from the village to the bridge, and {from_bridge} roads lead on from the "
                    f"bridge to the market. Besides, {direct} direct roads join village and market. How many routes "
                    f"from the village to the market are there?"
                ),
                (
                    f"To get to the market, one can take one of {direct} direct roads, or first one of {to_bridge} "
                    f"roads to the bridge and then one of {from_bridge} roads from the bridge. In how many ways can "
                    f"one go to the market?"
                ),
                (
                    f"From the bridge {from_bridge} roads go to the market. {rng.choice(NAMES)} can reach the bridge "
                    f"on {to_bridge} roads, or avoid it on {direct} direct roads to the market. Count all routes to "
                    f"the market."
                ),
            )
        ),
        solution=f"Over the bridge there are {to_bridge} * {from_bridge} = {over} routes.\n"
        f"With the direct roads: {over} + {direct} = {over + direct}.",
        answer=over + direct,
    )


TWO_MEDALS = """
def ways_to_give_gold_and_silver(local_runners, guest_runners):
    runners = local_runners + guest_runners
    silver_choices = runners - 1
    ways = local_runners * silver_choices
    return ways
"""

# Numbers of runners with at most 200 ways.
_RUNNERS = tuple(
    (home, guests) for home in range(2, 10) for guests in range(2, 60) if home * (home + guests - 1) <= 200
)


def draw_two_medals(rng: Random) -> FamilyDraw:
    """Ways to give gold to a local runner and silver to any other."""
    home, guests = rng.choice(_RUNNERS)
    runners = home + guests
    # the winner is a local runner and may not win silver as well
    ways = home * (runners - 1)
    return FamilyDraw(
        values={"local_runners": home, "guest_runners": guests},
        problem=rng.choice(
            (
                (
                    f"{home} local runners and {guests} guest runners race. A local runner wins gold, and any other "
                    f"runner wins silver. In how many ways can the gold and the silver medal be given?"
                ),
                (
                    f"Gold is only for one of the {home} local runners. Silver can go to any other runner, local or "
                    f"guest, and there are {guests} guest runners. How many ways are there to give both medals?"
                ),
                (
                    f"A race with {guests} guest runners and {home} local runners has a local winner. Count the "
                    f"possible results for first and second place."
                ),
            )
        ),
        solution=f"There are {home} + {guests} = {runners} runners.\n"
        f"Gold has {home} choices, silver then has {runners} - 1 = {runners - 1} choices.\n"
        f"{home} * {runners - 1} = {ways}.",
        answer=ways,
    )


SOCK_PAIRS = """
from math import comb

def same_colour_sock_pairs(red_socks, blue_socks, green_socks):
    red_pairs = comb(red_socks, 2)
    blue_pairs = comb(blue_socks, 2)
    green_pairs = comb(green_socks, 2)
    same_colour_pairs = red_pairs + blue_pairs + green_pairs
    return same_colour_pairs
"""


def _count_pairs(colour: str, socks: int) -> str:
    ordered = socks * (socks - 1)
    return f"{colour}: {socks} * {socks - 1} = {ordered}. {ordered} / 2 = {ordered // 2}."


def draw_sock_pairs(rng: Random) -> FamilyDraw:
    """Pairs of socks of the same colour."""
    red, blue, green = (rng.randint(2, 12) for _ in range(3))
    red_pairs, blue_pairs, green_pairs = (socks * (socks - 1) // 2 for socks in (red, blue, green))
    two, pairs = red_pairs + blue_pairs, red_pairs + blue_pairs + green_pairs
    steps = f"{_count_pairs('Red', red)}\n{_count_pairs('Blue', blue)}\n{_count_pairs('Green', green)}"
    return FamilyDraw(
        values={"red_socks": red, "blue_socks": blue, "green_socks": green},
        problem=rng.choice(
            (
                (
                    f"A drawer holds {red} red socks, {blue} blue socks and {green} green socks. In how many ways can "
                    f"one choose two socks of the same colour?"
                ),
                (
                    f"How many pairs of equal colour can be picked from {red} red, {blue} blue and {green} green "
                    f"socks, if all socks are told apart?"
                ),
                (
                    f"{rng.choice(NAMES)} takes two socks that match in colour from {green} green socks, {blue} blue "
                    f"socks and {red} red socks. Count the possible choices."
                ),
            )
        ),
        solution=f"{steps}\n{red_pairs} + {blue_pairs} = {two}. {two} + {green_pairs} = {pairs}.",
        answer=pairs,
    )


LEAGUE_GAMES = """
def league_games_played(teams, meetings_per_pair, cancelled_games):
    team_pairs = teams * (teams - 1) // 2
    planned_games = team_pairs * meetings_per_pair
    played_games = planned_games - cancelled_games
    return played_games
"""


def draw_league_games(rng: Random) -> FamilyDraw:
    """Games of a league in which each pair meets several times and some games are cancelled."""
    # four teams that meet twice play 12 games, so at least one is left
    teams, meetings, cancelled = rng.randint(4, 10), rng.randint(2, 4), rng.randint(2, 11)
    ordered = teams * (teams - 1)
    pairs = ordered // 2
    planned = pairs * meetings
    return FamilyDraw(
        values={"teams": teams, "meetings_per_pair": meetings, "cancelled_games": cancelled},
        problem=rng.choice(
            (
                (
                    f"In a league of {teams} teams, every two teams meet {meetings} times. This season {cancelled} "
                    f"games were cancelled. How many games were played?"
                ),
                (
                    f"How many games did a league play, if {cancelled} of the planned games were cancelled and the "
                    f"plan was that each pair of its {teams} teams plays {meetings} games?"
                ),
                (
                    f"Every team of a league should play {meetings} games against each other team. There are {teams} "
                    f"teams, but {cancelled} games were called off. Find the number of games that took place."
                ),
            )
        ),
        solution=f"{teams} * {teams - 1} = {ordered}. {ordered} / 2 = {pairs} pairs of teams.\n"
        f"{pairs} * {meetings} = {planned} planned games.\n{planned} - {cancelled} = {planned - cancelled} games.",
        answer=planned - cancelled,
    )


CHESS_AND_DRUMS = """
def students_in_neither_group(students, chess_players, drummers, both_groups):
    in_some_group = chess_players + drummers - both_groups
    in_neither_group = students - in_some_group
    return in_neither_group
"""


def draw_chess_and_drums(rng: Random) -> FamilyDraw:
    """Students in neither of two groups."""
    # the four parts are drawn and the groups follow, so that no part is negative
    both, only_chess, only_drums, neither = (rng.randint(2, 20) for _ in range(4))
    chess, drums = both + only_chess, both + only_drums
    together, some = chess + drums, chess + drums - both
    students = some + neither
    return FamilyDraw(
        values={"students": students, "chess_players": chess, "drummers": drums, "both_groups": both},
        problem=rng.choice(
            (
                (
                    f"Of {students} students, {chess} play chess, {drums} play the drums and {both} do both. How many "
                    f"students do neither?"
                ),
                (
                    f"{chess} students are chess players and {drums} are drummers, where {both} are counted twice "
                    f"because they do both. The school has {students} students. How many neither play chess nor the "
                    f"drums?"
                ),
                (
                    f"A class trip has {students} students. The group of drummers has {drums} members, the chess group "
                    f"{chess}, and {both} students belong to both. Find the number of students in neither group."
                ),
            )
        ),
        solution=f"{chess} + {drums} = {together}.\n{together} - {both} = {some} students are in some group.\n"
        f"{students} - {some} = {neither}.",
        answer=neither,
    )


MARBLES_ALIKE = """
def draws_to_be_sure(red_marbles, blue_marbles, green_marbles, wanted_alike):
    max_per_colour = wanted_alike - 1
    unlucky_draws = sum(min(marbles, max_per_colour) for marbles in (red_marbles, blue_marbles, green_marbles))
    sure_draws = unlucky_draws + 1
    return sure_draws
"""


def draw_marbles_alike(rng: Random) -> FamilyDraw:
    """How many marbles must be drawn to be sure of some of one colour."""
    wanted = rng.randint(3, 9)
    # one colour at least has enough marbles, or nothing would be sure
    marbles = [rng.randint(wanted, wanted + 9), rng.randint(2, 18), rng.randint(2, 18)]
    rng.shuffle(marbles)
    red, blue, green = marbles
    # a colour with fewer marbles than wanted runs out first
    first, second, third = (min(colour, wanted - 1) for colour in marbles)
    two, unlucky = first + second, first + second + third
    return FamilyDraw(
        values={"red_marbles": red, "blue_marbles": blue, "green_marbles": green, "wanted_alike": wanted},
        problem=rng.choice(
            (
                (
                    f"A bag holds {red} red, {blue} blue and {green} green marbles. How many marbles must be drawn "
                    f"without looking to be sure of {wanted} marbles of the same colour?"
                ),
                (
                    f"{rng.choice(NAMES)} wants {wanted} marbles of one colour and draws blindly from a bag with "
                    f"{blue} blue marbles, {green} green marbles and {red} red marbles. How many marbles are enough in "
                    f"the worst case?"
                ),
                (
                    f"Find the smallest number of marbles that always contains {wanted} of equal colour, if they are "
                    f"taken in the dark from {red} red, {blue} blue and {green} green marbles."
                ),
            )
        ),
        solution=f"In the worst case at most {wanted} - 1 = {wanted - 1} marbles of each colour come first.\n"
        f"That is {first} red, {second} blue and {third} green.\n"
        f"{first} + {second} = {two}. {two} + {third} = {unlucky}.\n"
        f"One more marble decides: {unlucky} + 1 = {unlucky + 1}.",
        answer=unlucky + 1,
    )


TOY_PAIRS = """
from itertools import combinations

def affordable_toy_pairs(toy_prices, budget):
    pair_prices = [first + second for first, second in combinations(toy_prices, 2)]
    affordable_prices = [price for price in pair_prices if price <= budget]
    affordable_pairs = len(affordable_prices)
    return affordable_pairs
"""


def draw_toy_pairs(rng: Random) -> FamilyDraw:
    """How many pairs of toys can be paid for."""
    prices = rng.sample(range(2, 20), 4)
    sums = [first + second for first, second in combinations(prices, 2)]
    # at least one pair is affordable and at least one is not
    budget = rng.randint(min(sums), max(sums) - 1)
    affordable = [price for price in sums if price <= budget]
    steps = [
        " ".join(f"{price} + {other} = {price + other}." for other in prices[place + 1 :])
        for place, price in enumerate(prices[:-1])
    ]
    return FamilyDraw(
        values={"toy_prices": prices, "budget": budget},
        problem=rng.choice(
            (
                (
                    f"The toys in a shop cost {write_list(prices)} dollars. {rng.choice(NAMES)} has {budget} dollars. How "
                    f"many different pairs of two toys are affordable?"
                ),
                (
                    f"With {budget} dollars, how many pairs of different toys can be bought, if the prices of the toys "
                    f"are {write_list(prices)} dollars?"
                ),
                (
                    f"A present is made of two of the toys that cost {write_list(prices)} dollars, and its price is at "
                    f"most {budget} dollars. Count the possible presents."
                ),
            )
        ),
        solution="\n".join(
            [*steps, f"At most {budget}: {write_list(affordable)}.", f"Their count is {len(affordable)}."]
        ),
        answer=len(affordable),
    )


_DOMAIN = "combinatorics"

FAMILIES: tuple[Family, ...] = (
    Family(name="ice_cream", domain=_DOMAIN, difficulty=1, code=ICE_CREAM, draw=draw_ice_cream),
    Family(name="bridge_roads", domain=_DOMAIN, difficulty=2, code=BRIDGE_ROADS, draw=draw_bridge_roads),
    Family(name="two_medals", domain=_DOMAIN, difficulty=2, code=TWO_MEDALS, draw=draw_two_medals),
    Family(name="sock_pairs", domain=_DOMAIN, difficulty=3, code=SOCK_PAIRS, draw=draw_sock_pairs),
    Family(name="league_games", domain=_DOMAIN, difficulty=3, code=LEAGUE_GAMES, draw=draw_league_games),
    Family(name="chess_and_drums", domain=_DOMAIN, difficulty=3, code=CHESS_AND_DRUMS, draw=draw_chess_and_drums),
    Family(name="marbles_alike", domain=_DOMAIN, difficulty=4, code=MARBLES_ALIKE, draw=draw_marbles_alike),
    Family(name="toy_pairs", domain=_DOMAIN, difficulty=4, code=TOY_PAIRS, draw=draw_toy_pairs),
)
