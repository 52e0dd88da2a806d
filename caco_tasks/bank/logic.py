"""Logic: truth values, sets, orders, parity, calendars, certainty."""

from random import Random

from caco_tasks.bank.family import NAMES, Family, FamilyDraw

CLUBS = """
def pupils_in_no_club(pupils, chess_players, singers, chess_and_singing):
    in_some_club = chess_players + singers - chess_and_singing
    in_no_club = pupils - in_some_club
    return in_no_club
"""


def draw_clubs(rng: Random) -> FamilyDraw:
    """Pupils in neither of two clubs."""
    # the four parts are drawn and the clubs follow, so that no part is negative
    only_chess, only_singing, both, none = (rng.randint(2, 15) for _ in range(4))
    chess, singers, some = only_chess + both, only_singing + both, only_chess + only_singing + both
    pupils = some + none
    return FamilyDraw(
        values={"pupils": pupils, "chess_players": chess, "singers": singers, "chess_and_singing": both},
        problem=rng.choice(
            (
                (
                    f"Of {pupils} pupils, {chess} play chess, {singers} sing and {both} do both. "
                    "How many pupils neither play chess nor sing?"
                ),
                (
                    f"In a class {both} pupils sing and play chess. In all {singers} sing, {chess} play chess, and the "
                    f"class has {pupils} pupils. How many do neither?"
                ),
                (
                    f"There are {chess} chess players and {singers} singers among {pupils} pupils; {both} pupils are "
                    "counted in both groups. Find the number of pupils in no group."
                ),
            )
        ),
        solution=f"Both groups added: {chess} + {singers} = {chess + singers}.\n"
        f"Nobody counted twice: {chess + singers} - {both} = {some}.\nIn no group: {pupils} - {some} = {none}.",
        answer=none,
    )


WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

WEEKDAY = """
def weekday_after(start_day, days_later):
    week = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    position = week.index(start_day)
    later_position = (position + days_later) % 7
    later_day = week[later_position]
    return later_day
"""


def draw_weekday(rng: Random) -> FamilyDraw:
    """The weekday after some days."""
    # more than a week, or counting on would be enough
    position, days = rng.randrange(7), rng.randint(8, 99)
    start, rest = WEEK[position], days % 7
    later = WEEK[(position + rest) % 7]
    passed = ", ".join(WEEK[(position + step) % 7] for step in range(rest + 1))
    return FamilyDraw(
        values={"start_day": start, "days_later": days},
        problem=rng.choice(
            (
                f"Today is {start}. Which day of the week is it {days} days later?",
                (
                    f"{rng.choice(NAMES)} starts a trip on a {start} and comes home {days} days later. "
                    "On which weekday is that?"
                ),
                f"Name the weekday that comes {days} days after a {start}.",
            )
        ),
        solution=f"Whole weeks change nothing: {days} mod 7 = {rest}.\nCount {rest} days: {passed}.",
        answer=later,
    )


TRUE_CLAIMS = """
def count_true_claims(secret_number, claimed_above, claimed_below):
    is_above = secret_number > claimed_above
    is_below = secret_number < claimed_below
    is_even = secret_number % 2 == 0
    true_claims = is_above + is_below + is_even
    return true_claims
"""


def draw_true_claims(rng: Random) -> FamilyDraw:
    """How many of three claims about a number are true."""
    secret = rng.randint(10, 60)
    # never the number itself: claims differ in `above` and `below`, not in `at least`
    above, below = (secret + rng.choice((-1, 1)) * rng.randint(1, 9) for _ in range(2))
    one, two, three = rng.sample(NAMES, 3)
    claims = (secret > above, secret < below, secret % 2 == 0)
    words = ["true" if claim else "false" for claim in claims]
    first = int(claims[0]) + int(claims[1])
    return FamilyDraw(
        values={"secret_number": secret, "claimed_above": above, "claimed_below": below},
        problem=rng.choice(
            (
                (
                    f'The secret number is {secret}. {one} says "it is above {above}", {two} says "it is below {below}" '
                    f'and {three} says "it is even". How many of the claims are true?'
                ),
                (
                    f"Three claims are made about a secret number: it is even, it is above {above}, it is below {below}. "
                    f"The number is {secret}. How many claims are right?"
                ),
                (
                    f"{one} claims that a secret number is less than {below}, {two} that it is more than {above}, "
                    f"{three} that it can be halved into whole numbers. Count the true claims if the number is {secret}."
                ),
            )
        ),
        solution=f"{secret} is above {above}: {words[0]}, {int(claims[0])}.\n"
        f"{secret} is below {below}: {words[1]}, {int(claims[1])}.\n{secret} is even: {words[2]}, {int(claims[2])}.\n"
        f"True claims: {int(claims[0])} + {int(claims[1])} = {first}, {first} + {int(claims[2])} = {sum(claims)}.",
        answer=sum(claims),
    )


KNIGHTS = """
def more_knights_than_knaves(islanders, says_ice_is_cold):
    knights = says_ice_is_cold
    knaves = islanders - knights
    difference = knights - knaves
    return difference
"""


def draw_knights(rng: Random) -> FamilyDraw:
    """Knights minus knaves on an island, from how many say what is true."""
    # more knights than knaves, so that the difference is positive
    knaves, more = rng.randint(2, 50), rng.randint(2, 50)
    knights = knaves + more
    everyone = knights + knaves
    return FamilyDraw(
        values={"islanders": everyone, "says_ice_is_cold": knights},
        problem=rng.choice(
            (
                (
                    f"On an island knights always tell the truth and knaves always lie. Of {everyone} islanders, {knights} "
                    "say that ice is cold and the others deny it. How many more knights than knaves are there?"
                ),
                (
                    f'Each of {everyone} islanders is a truthful knight or a lying knave. Asked "Is ice cold?", {knights} '
                    "answer yes and the rest answer no. By how many do the knights outnumber the knaves?"
                ),
                (
                    f"{knights} people on an island claim that ice is cold; all the other islanders claim it is not. Knaves "
                    f"only lie, knights never do, and there are {everyone} islanders. Find knights minus knaves."
                ),
            )
        ),
        solution=f"Ice is cold, so the knights are the {knights} who say so.\n"
        f"Knaves: {everyone} - {knights} = {knaves}.\nKnights minus knaves: {knights} - {knaves} = {more}.",
        answer=more,
    )


LAMP = """
def is_lamp_on(morning_presses, evening_presses):
    presses = morning_presses + evening_presses
    is_odd = presses % 2 == 1
    lamp_on = "Yes" if is_odd else "No"
    return lamp_on
"""


def draw_lamp(rng: Random) -> FamilyDraw:
    """Whether a lamp is on after its switch was pressed a number of times."""
    morning, evening = rng.randint(2, 60), rng.randint(2, 60)
    presses = morning + evening
    word, answer = ("odd", "Yes") if presses % 2 else ("even", "No")
    return FamilyDraw(
        values={"morning_presses": morning, "evening_presses": evening},
        problem=rng.choice(
            (
                (
                    f"A lamp is off. Its switch is pressed {morning} times in the morning and {evening} times in the "
                    "evening; each press turns it on or off. Is the lamp on at the end? Answer Yes or No."
                ),
                (
                    f"Each press of a button changes a lamp from off to on or from on to off. It starts off and gets "
                    f"{evening} presses in the evening after {morning} presses in the morning. Is it on then, Yes or No?"
                ),
                (
                    f"{rng.choice(NAMES)} plays with the switch of a lamp that is off at first: {morning} presses in the "
                    f"morning, {evening} in the evening. Say Yes if the lamp ends up on, and No otherwise."
                ),
            )
        ),
        solution=f"Presses: {morning} + {evening} = {presses}.\nParity: {presses} mod 2 = {presses % 2}.\n"
        f"The number of presses is {word}, so the lamp is {'on' if answer == 'Yes' else 'off'}.",
        answer=answer,
    )


BETWEEN = """
def children_between(line_length, place_from_front, place_from_back):
    behind_first_child = line_length - place_from_front
    between = behind_first_child - place_from_back
    return between
"""


def draw_between(rng: Random) -> FamilyDraw:
    """How many people stand between two in a line."""
    front, back, between = rng.randint(2, 20), rng.randint(2, 20), rng.randint(1, 20)
    # the two do not stand side by side: somebody is between
    length = front + back + between
    one, two = rng.sample(NAMES, 2)
    return FamilyDraw(
        values={"line_length": length, "place_from_front": front, "place_from_back": back},
        problem=rng.choice(
            (
                (
                    f"In a line of {length} children {one} has place {front} from the front and {two} has place {back} "
                    f"from the back. How many children stand between {one} and {two}?"
                ),
                (
                    f"{two} is number {back} counted from the back of a line, {one} is number {front} counted from the "
                    f"front. The line has {length} children. How many are between the two?"
                ),
                (
                    f"Counting from the front {one} comes at place {front}; counting from the back {two} comes at place "
                    f"{back}. Find how many of the {length} children in line are between them."
                ),
            )
        ),
        solution=f"Behind {one}: {length} - {front} = {length - front}.\n"
        f"Without {two} and everyone behind: {length - front} - {back} = {between}.",
        answer=between,
    )


CAKE_SCHEDULE = """
def cake_finish_time(mix_minutes, bake_minutes, cream_minutes, decorate_minutes):
    cake_ready = mix_minutes + bake_minutes
    both_ready = max(cake_ready, cream_minutes)
    finished = both_ready + decorate_minutes
    return finished
"""


def draw_cake_schedule(rng: Random) -> FamilyDraw:
    """When a cake is finished whose cream is made meanwhile."""
    mix, bake, decorate = rng.randint(5, 30), rng.randint(20, 60), rng.randint(5, 30)
    cake = mix + bake
    # either of the two may be ready last, never both at once
    cream = rng.choice((rng.randint(5, cake - 1), cake + rng.randint(1, 20)))
    ready, (one, two) = max(cake, cream), rng.sample(NAMES, 2)
    return FamilyDraw(
        values={"mix_minutes": mix, "bake_minutes": bake, "cream_minutes": cream, "decorate_minutes": decorate},
        problem=rng.choice(
            (
                (
                    f"{one} mixes a cake for {mix} minutes and then bakes it for {bake} minutes. Meanwhile {two} makes "
                    f"cream for {cream} minutes. When both are ready, they decorate for {decorate} minutes. How many "
                    "minutes does it all take?"
                ),
                (
                    f"Decorating a cake takes {decorate} minutes and needs the cream and the baked cake. The cream takes "
                    f"{cream} minutes. At the same time the cake is mixed in {mix} minutes and then baked in {bake} "
                    "minutes. After how many minutes is everything finished?"
                ),
                (
                    f"Find the shortest time in minutes for a cake: mixing {mix}, then baking {bake}; the cream {cream}, "
                    f"made alongside by a second cook; last, when cake and cream are ready, decorating {decorate}."
                ),
            )
        ),
        solution=f"The cake is ready after {mix} + {bake} = {cake} minutes.\n"
        f"The larger of {cake} and {cream} is {ready}.\nAll is finished after {ready} + {decorate} = "
        f"{ready + decorate} minutes.",
        answer=ready + decorate,
    )


SURE_RED = """
def balls_to_be_sure_of_red(green_balls, blue_balls, wanted_red_balls):
    not_red = green_balls + blue_balls
    balls_to_draw = not_red + wanted_red_balls
    return balls_to_draw
"""


def draw_sure_red(rng: Random) -> FamilyDraw:
    """How many balls must be drawn to be sure of some red ones."""
    green, blue, red = rng.randint(2, 30), rng.randint(2, 30), rng.randint(2, 12)
    other = green + blue
    return FamilyDraw(
        values={"green_balls": green, "blue_balls": blue, "wanted_red_balls": red},
        problem=rng.choice(
            (
                (
                    f"A dark bag holds {green} green balls, {blue} blue balls and plenty of red balls. How many balls must "
                    f"be drawn to be sure of at least {red} red ones?"
                ),
                (
                    f"{rng.choice(NAMES)} wants {red} red balls from a bag of many red, {blue} blue and {green} green "
                    "balls, but cannot see the colors. How many balls are surely enough, and no more than needed?"
                ),
                (
                    f"To be certain of {red} red balls, what is the least number to take blindly from a bag with {blue} "
                    f"blue and {green} green balls and more than enough red ones?"
                ),
            )
        ),
        solution=f"In the worst case all other balls come first: {green} + {blue} = {other}.\n"
        f"Then the red ones: {other} + {red} = {other + red}.",
        answer=other + red,
    )


FAMILIES: tuple[Family, ...] = (
    Family(name="clubs", domain="logic", difficulty=3, code=CLUBS, draw=draw_clubs),
    Family(name="weekday", domain="logic", difficulty=2, code=WEEKDAY, draw=draw_weekday),
    Family(name="true_claims", domain="logic", difficulty=3, code=TRUE_CLAIMS, draw=draw_true_claims),
    Family(name="knights", domain="logic", difficulty=2, code=KNIGHTS, draw=draw_knights),
    Family(name="lamp", domain="logic", difficulty=2, code=LAMP, draw=draw_lamp),
    Family(name="between", domain="logic", difficulty=2, code=BETWEEN, draw=draw_between),
    Family(name="cake_schedule", domain="logic", difficulty=3, code=CAKE_SCHEDULE, draw=draw_cake_schedule),
    Family(name="sure_red", domain="logic", difficulty=3, code=SURE_RED, draw=draw_sure_red),
)
