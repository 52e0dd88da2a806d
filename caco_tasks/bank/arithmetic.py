"""Arithmetic: buying, sharing, counting, comparing."""

from random import Random

from caco_tasks.bank.family import NAMES, Family, FamilyDraw

PENS = """
def total_price(pens, pen_price):
    total = pens * pen_price
    return total
"""

EGG_CARTONS = """
def cartons_filled(eggs_collected, eggs_broken, eggs_per_carton):
    whole_eggs = eggs_collected - eggs_broken
    cartons = whole_eggs // eggs_per_carton
    return cartons
"""

SCHOOL_BUSES = """
def buses_needed(pupils, teachers, bus_seats):
    travellers = pupils + teachers
    full_buses = travellers // bus_seats
    without_seat = travellers % bus_seats
    buses = full_buses + 1 if without_seat > 0 else full_buses
    return buses
"""

STICKERS = """
def stickers_left_over(stickers, children):
    stickers_each = stickers // children
    stickers_given = stickers_each * children
    left_over = stickers - stickers_given
    return left_over
"""

MARBLES = """
def marbles_in_all(blue_marbles, red_times_blue, green_fewer_than_red):
    red_marbles = blue_marbles * red_times_blue
    green_marbles = red_marbles - green_fewer_than_red
    marbles = blue_marbles + red_marbles + green_marbles
    return marbles
"""

TRAM_PASSENGERS = """
def passengers_after_stop(tram_passengers, passengers_off, passengers_on):
    passengers_staying = tram_passengers - passengers_off
    passengers = passengers_staying + passengers_on
    return passengers
"""

BOOK_PAGES = """
def pages_left(book_pages, pages_per_day, days_reading):
    pages_read = pages_per_day * days_reading
    pages_unread = book_pages - pages_read
    return pages_unread
"""

TRIP_TIME = """
def minutes_left(trip_hours, trip_minutes, minutes_travelled):
    whole_trip_minutes = trip_hours * 60 + trip_minutes
    remaining_minutes = whole_trip_minutes - minutes_travelled
    return remaining_minutes
"""

TEMPERATURES = """
def temperature_drop(day_temperature, night_temperature):
    drop_in_degrees = day_temperature - night_temperature
    return drop_in_degrees
"""

ROADSIDE_TREES = """
def price_of_trees(road_metres, metres_between_trees, tree_price):
    gaps = road_metres // metres_between_trees
    trees = gaps + 1
    total_price = trees * tree_price
    return total_price
"""


def draw_pens(rng: Random) -> FamilyDraw:
    """The price of some pens."""
    pens = rng.randint(2, 12)
    # ten pens or more are cheap, so that no total is above 200
    pen_price = rng.randint(2, 22 if pens < 10 else 12)
    who = rng.choice(NAMES)
    return FamilyDraw(
        values={"pens": pens, "pen_price": pen_price},
        problem=rng.choice(
            (
                f"{who} buys {pens} pens. Each pen costs {pen_price} dollars. How many dollars does {who} pay?",
                f"A pen costs {pen_price} dollars. How many dollars do {pens} pens cost?",
                f"{who} needs {pens} pens at {pen_price} dollars each. What is the total price in dollars?",
            )
        ),
        solution=f"{pens} pens cost {pens} * {pen_price} = {pens * pen_price} dollars.",
        answer=pens * pen_price,
    )


def draw_egg_cartons(rng: Random) -> FamilyDraw:
    """How many cartons whole eggs fill."""
    size, cartons, broken = rng.randint(6, 12), rng.randint(3, 12), rng.randint(2, 20)
    # the cartons are drawn, so that none stays half full
    whole = size * cartons
    eggs, who = whole + broken, rng.choice(NAMES)
    return FamilyDraw(
        values={"eggs_collected": eggs, "eggs_broken": broken, "eggs_per_carton": size},
        problem=rng.choice(
            (
                (
                    f"{who} collects {eggs} eggs, but {broken} of them are broken. The other eggs are packed in "
                    f"cartons of {size} eggs. How many cartons are filled?"
                ),
                (
                    f"An egg carton holds {size} eggs. On a farm, {eggs} eggs are collected and {broken} of them "
                    f"break. How many cartons can be filled with the whole eggs?"
                ),
                (
                    f"Of the {eggs} eggs that the hens laid, {who} throws away {broken} broken ones and packs the "
                    f"rest, {size} in each carton. Find the number of full cartons."
                ),
            )
        ),
        solution=f"{eggs} - {broken} = {whole} eggs are whole.\n{whole} / {size} = {cartons} cartons are filled.",
        answer=cartons,
    )


def draw_school_buses(rng: Random) -> FamilyDraw:
    """How many buses a school trip needs."""
    seats, full, teachers = rng.randint(8, 25), rng.randint(2, 7), rng.randint(2, 9)
    # 0 is drawn too: then the last bus is full and none is added
    left = rng.randint(0, seats - 1)
    seated = full * seats
    people = seated + left
    pupils, buses = people - teachers, full + (left > 0)
    more = f"They need one more bus: {full} + 1 = {buses}." if left else f"So {buses} buses are enough."
    return FamilyDraw(
        values={"pupils": pupils, "teachers": teachers, "bus_seats": seats},
        problem=rng.choice(
            (
                (
                    f"A school trip is planned for {pupils} pupils and {teachers} teachers. Each bus has {seats} "
                    f"seats. How many buses are needed?"
                ),
                (
                    f"Buses with {seats} seats bring {pupils} pupils and their {teachers} teachers to a museum. "
                    f"What is the smallest number of buses that is enough for all of them?"
                ),
                (
                    f"Together with {teachers} teachers, {pupils} pupils go on an excursion. They rent buses with "
                    f"{seats} seats each, and everyone needs a seat. How many buses must they rent at least?"
                ),
            )
        ),
        solution=f"{pupils} + {teachers} = {people} people travel.\n{full} * {seats} = {seated} people fill {full} "
        f"buses.\n{people} - {seated} = {left} without a seat.\n{more}",
        answer=buses,
    )


def draw_stickers(rng: Random) -> FamilyDraw:
    """How many stickers are left after equal sharing."""
    children, each = rng.randint(3, 12), rng.randint(3, 15)
    # fewer than there are children, or each would get one more
    left = rng.randint(0, children - 1)
    given = each * children
    stickers, who = given + left, rng.choice(NAMES)
    return FamilyDraw(
        values={"stickers": stickers, "children": children},
        problem=rng.choice(
            (
                (
                    f"{who} has {stickers} stickers and shares them equally among {children} children, as many as "
                    f"possible to each. How many stickers are left over?"
                ),
                (
                    f"There are {children} children in a group. Each gets the same number of stickers out of a box of "
                    f"{stickers} stickers, and as many as possible are given. How many stickers stay in the box?"
                ),
                (
                    f"{stickers} stickers are divided fairly among {children} children, and only whole stickers are "
                    f"given. What is the smallest number of stickers that must be left over?"
                ),
            )
        ),
        solution=f"Each child gets {each} stickers: {each} * {children} = {given}.\n"
        f"The number left over is {stickers} - {given} = {left}.",
        answer=left,
    )


def draw_marbles(rng: Random) -> FamilyDraw:
    """All marbles, where colours are given by comparison with others."""
    blue, times = rng.randint(3, 12), rng.randint(2, 6)
    red = blue * times
    # at least two green marbles are left
    fewer = rng.randint(2, red - 2)
    green, who = red - fewer, rng.choice(NAMES)
    total = blue + red + green
    return FamilyDraw(
        values={"blue_marbles": blue, "red_times_blue": times, "green_fewer_than_red": fewer},
        problem=rng.choice(
            (
                (
                    f"{who} has {blue} blue marbles, {times} times as many red marbles, and {fewer} fewer green "
                    f"marbles than red marbles. How many marbles does {who} have in all?"
                ),
                (
                    f"In a bag there are blue, red and green marbles. There are {fewer} fewer green marbles than red "
                    f"ones and {times} times as many red marbles as blue ones. There are {blue} blue marbles. "
                    f"How many marbles are in the bag?"
                ),
                (
                    f"A box holds {blue} blue marbles. The number of red marbles is {times} times the number of blue "
                    f"marbles, and the number of green marbles is {fewer} less than the number of red marbles. "
                    f"Find the total number of marbles in the box."
                ),
            )
        ),
        solution=f"{blue} * {times} = {red} marbles are red.\n{red} - {fewer} = {green} marbles are green.\n"
        f"{blue} + {red} = {blue + red}.\n{blue + red} + {green} = {total} marbles in all.",
        answer=total,
    )


def draw_tram_passengers(rng: Random) -> FamilyDraw:
    """Passengers on a tram after a stop."""
    riding, getting_on = rng.randint(12, 70), rng.randint(2, 40)
    # at least two stay on the tram
    getting_off = rng.randint(2, riding - 2)
    staying = riding - getting_off
    return FamilyDraw(
        values={"tram_passengers": riding, "passengers_off": getting_off, "passengers_on": getting_on},
        problem=rng.choice(
            (
                (
                    f"There are {riding} passengers on a tram. At the next stop {getting_off} get off and {getting_on} "
                    f"get on. How many passengers are on the tram then?"
                ),
                (
                    f"At a stop, {getting_off} people leave a tram that carried {riding} passengers, and {getting_on} "
                    f"new passengers enter. How many passengers does the tram carry now?"
                ),
                (
                    f"{getting_on} passengers board a tram after {getting_off} others have got off. Before the stop "
                    f"the tram had {riding} passengers. How many passengers does it have after the stop?"
                ),
            )
        ),
        solution=f"{riding} - {getting_off} = {staying} passengers stay on the tram.\n"
        f"{staying} + {getting_on} = {staying + getting_on} passengers are on the tram after the stop.",
        answer=staying + getting_on,
    )


def draw_book_pages(rng: Random) -> FamilyDraw:
    """Pages of a book left to read."""
    daily, days, unread = rng.randint(5, 20), rng.randint(3, 9), rng.randint(5, 100)
    read, who = daily * days, rng.choice(NAMES)
    pages = read + unread
    return FamilyDraw(
        values={"book_pages": pages, "pages_per_day": daily, "days_reading": days},
        problem=rng.choice(
            (
                (
                    f"{who} reads a book of {pages} pages. For {days} days, {who} has read {daily} pages a day. "
                    f"How many pages are left to read?"
                ),
                (
                    f"Reading {daily} pages per day, how many pages of a book with {pages} pages has {who} not yet "
                    f"read after {days} days?"
                ),
                (
                    f"After {days} days of reading {daily} pages each day, {who} puts a book aside. The book has "
                    f"{pages} pages. How many pages has {who} still to read?"
                ),
            )
        ),
        solution=f"{daily} * {days} = {read} pages are read.\n{pages} - {read} = {unread} pages are left.",
        answer=unread,
    )


def draw_trip_time(rng: Random) -> FamilyDraw:
    """Minutes left of a trip whose length is given in hours and minutes."""
    # a trip lasts two hours or more, so 110 minutes never end it
    hours, minutes, travelled = rng.randint(2, 4), rng.randint(5, 55), rng.randint(10, 110)
    in_hours, who = hours * 60, rng.choice(NAMES)
    whole = in_hours + minutes
    return FamilyDraw(
        values={"trip_hours": hours, "trip_minutes": minutes, "minutes_travelled": travelled},
        problem=rng.choice(
            (
                (
                    f"A train trip takes {hours} hours and {minutes} minutes. {who} has been on the train for "
                    f"{travelled} minutes. How many minutes of the trip are left?"
                ),
                (
                    f"{who} left {travelled} minutes ago on a train trip that lasts {hours} hours and {minutes} "
                    f"minutes. In how many minutes will {who} arrive?"
                ),
                (
                    f"After {travelled} minutes on the train, {who} looks at the ticket: the whole trip takes {hours} "
                    f"hours and {minutes} minutes. How many minutes remain?"
                ),
            )
        ),
        solution=f"{hours} hours are {hours} * 60 = {in_hours} minutes.\n{in_hours} + {minutes} = {whole} minutes "
        f"is the whole trip.\n{whole} - {travelled} = {whole - travelled} minutes are left.",
        answer=whole - travelled,
    )


def draw_temperatures(rng: Random) -> FamilyDraw:
    """The difference of a day and a night temperature."""
    # the night is below zero: subtracting a negative number is what is tested
    day, night = rng.randint(2, 25), rng.randint(-20, -2)
    return FamilyDraw(
        values={"day_temperature": day, "night_temperature": night},
        problem=rng.choice(
            (
                (
                    f"During the day the temperature is {day} degrees. At night it falls to {night} degrees. "
                    f"By how many degrees does the temperature drop?"
                ),
                (
                    f"The thermometer shows {night} degrees at night. During the day before, it showed {day} degrees. "
                    f"How many degrees colder is it at night than during the day?"
                ),
                (
                    f"What is the difference in degrees between a day temperature of {day} degrees and a night "
                    f"temperature of {night} degrees?"
                ),
            )
        ),
        solution=f"{day} - ({night}) = {day - night} degrees.",
        answer=day - night,
    )


def draw_roadside_trees(rng: Random) -> FamilyDraw:
    """The price of trees planted along a road at equal distances."""
    between, gaps, price = rng.randint(3, 12), rng.randint(3, 11), rng.randint(3, 12)
    # a tree stands at both ends of the road
    road, trees = between * gaps, gaps + 1
    return FamilyDraw(
        values={"road_metres": road, "metres_between_trees": between, "tree_price": price},
        problem=rng.choice(
            (
                (
                    f"Trees are planted along one side of a road of {road} metres, one every {between} metres, with a "
                    f"tree at both ends. A tree costs {price} dollars. How many dollars do all the trees cost?"
                ),
                (
                    f"A young tree costs {price} dollars. A town plants a row of them beside a road that is {road} "
                    f"metres long. The row starts and ends with a tree, and neighbouring trees are {between} metres "
                    f"apart. How many dollars does the town pay for the trees?"
                ),
                (
                    f"Neighbouring trees in a row stand {between} metres apart. The row is as long as the road, {road} "
                    f"metres, with a tree at the start and at the end. At {price} dollars for each tree, "
                    f"what is the total price of the trees in dollars?"
                ),
            )
        ),
        solution=f"{road} / {between} = {gaps} gaps.\nThere is one more tree than gaps: {gaps} + 1 = {trees} trees.\n"
        f"{trees} * {price} = {trees * price} dollars.",
        answer=trees * price,
    )


FAMILIES: tuple[Family, ...] = (
    Family(name="pens", domain="arithmetic", difficulty=1, code=PENS, draw=draw_pens),
    Family(name="egg_cartons", domain="arithmetic", difficulty=2, code=EGG_CARTONS, draw=draw_egg_cartons),
    Family(name="school_buses", domain="arithmetic", difficulty=3, code=SCHOOL_BUSES, draw=draw_school_buses),
    Family(name="stickers", domain="arithmetic", difficulty=2, code=STICKERS, draw=draw_stickers),
    Family(name="marbles", domain="arithmetic", difficulty=3, code=MARBLES, draw=draw_marbles),
    Family(name="tram_passengers", domain="arithmetic", difficulty=1, code=TRAM_PASSENGERS, draw=draw_tram_passengers),
    Family(name="book_pages", domain="arithmetic", difficulty=2, code=BOOK_PAGES, draw=draw_book_pages),
    Family(name="trip_time", domain="arithmetic", difficulty=2, code=TRIP_TIME, draw=draw_trip_time),
    Family(name="temperatures", domain="arithmetic", difficulty=1, code=TEMPERATURES, draw=draw_temperatures),
    Family(name="roadside_trees", domain="arithmetic", difficulty=3, code=ROADSIDE_TREES, draw=draw_roadside_trees),
)
