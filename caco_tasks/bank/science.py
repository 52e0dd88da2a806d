"""Science: motion, forces, electricity, heat and chemistry with whole numbers."""

from random import Random

from caco_tasks.bank.family import NAMES, Family, FamilyDraw

AVERAGE_SPEED = """
def average_speed(first_km, first_hours, second_km, second_hours):
    total_km = first_km + second_km
    total_hours = first_hours + second_hours
    km_per_hour = total_km // total_hours
    return km_per_hour
"""


def draw_average_speed(rng: Random) -> FamilyDraw:
    """The average speed over two parts of a trip."""
    first_hours, second_hours, speed = rng.randint(2, 4), rng.randint(2, 5), rng.randint(8, 20)
    hours = first_hours + second_hours
    total = speed * hours
    # no part is shorter than a quarter of the way
    first = rng.randint(total // 4, total * 3 // 4)
    second = total - first
    return FamilyDraw(
        values={
            "first_km": first,
            "first_hours": first_hours,
            "second_km": second,
            "second_hours": second_hours,
        },
        problem=rng.choice(
            (
                (
                    f"{rng.choice(NAMES)} cycles {first} km in {first_hours} hours and then {second} km in {second_hours} "
                    "hours. What is the average speed of the whole tour in km per hour?"
                ),
                (
                    f"The first part of a bike tour takes {first_hours} hours for {first} km, the second part takes "
                    f"{second_hours} hours for {second} km. How many km per hour is that on average?"
                ),
                (
                    f"A bike tour has two parts: {first} km and {second} km. They last {first_hours} and {second_hours} "
                    "hours. Find the average speed over both parts in km per hour."
                ),
            )
        ),
        solution=f"Distance: {first} + {second} = {total} km.\nTime: {first_hours} + {second_hours} = {hours} hours.\n"
        f"Average speed: {total} / {hours} = {speed} km per hour.",
        answer=speed,
    )


STONE_DENSITY = """
def stone_density(stone_grams, water_ml_before, water_ml_after):
    stone_ml = water_ml_after - water_ml_before
    grams_per_ml = stone_grams // stone_ml
    return grams_per_ml
"""


def draw_stone_density(rng: Random) -> FamilyDraw:
    """The density of a stone from its mass and the water that it displaces."""
    volume, density, before = rng.randint(5, 25), rng.randint(2, 8), rng.randint(20, 90)
    grams, after = volume * density, before + volume
    return FamilyDraw(
        values={"stone_grams": grams, "water_ml_before": before, "water_ml_after": after},
        problem=rng.choice(
            (
                (
                    f"A stone of {grams} grams is put into water and sinks. The water level rises from {before} ml to "
                    f"{after} ml. What is the density of the stone in grams per ml?"
                ),
                (
                    f"A measuring glass shows {before} ml of water before and {after} ml after a stone is sunk in it. "
                    f"The stone has a mass of {grams} grams. How many grams has each ml of the stone?"
                ),
                (
                    f"{rng.choice(NAMES)} lowers a stone into a glass, so that the water goes up to {after} ml; it was at "
                    f"{before} ml. On the scale the stone shows {grams} grams. Find its density in grams per ml."
                ),
            )
        ),
        solution=f"Volume of the stone: {after} - {before} = {volume} ml.\n"
        f"Density is mass divided by volume: {grams} / {volume} = {density} grams per ml.",
        answer=density,
    )


SERIES_CURRENT = """
def current_in_series(battery_volts, lamp_ohms, heater_ohms):
    total_ohms = lamp_ohms + heater_ohms
    amperes = battery_volts // total_ohms
    return amperes
"""


def draw_series_current(rng: Random) -> FamilyDraw:
    """The current through two resistances in series."""
    lamp, heater, amperes = rng.randint(2, 12), rng.randint(2, 12), rng.randint(2, 9)
    ohms = lamp + heater
    # the current is drawn and the voltage follows, so that the division is exact
    volts = ohms * amperes
    return FamilyDraw(
        values={"battery_volts": volts, "lamp_ohms": lamp, "heater_ohms": heater},
        problem=rng.choice(
            (
                (
                    f"A lamp of {lamp} ohms and a heater of {heater} ohms are connected in series to a battery of {volts} "
                    "volts. How many amperes flow?"
                ),
                (
                    f"A battery gives {volts} volts. The current runs through a heater with {heater} ohms and then "
                    f"through a lamp with {lamp} ohms. What is the current in amperes?"
                ),
                (
                    f"Find the current in amperes in a series circuit: lamp {lamp} ohms, heater {heater} ohms, battery "
                    f"{volts} volts."
                ),
            )
        ),
        solution=f"Resistance in series: {lamp} + {heater} = {ohms} ohms.\n"
        f"Current is voltage divided by resistance: {volts} / {ohms} = {amperes} amperes.",
        answer=amperes,
    )


SLED_WORK = """
def net_work_on_sled(pull_newtons, friction_newtons, sled_meters):
    net_newtons = pull_newtons - friction_newtons
    joules = net_newtons * sled_meters
    return joules
"""


def draw_sled_work(rng: Random) -> FamilyDraw:
    """The work of pulling a sled against friction."""
    net, friction, meters = rng.randint(2, 20), rng.randint(2, 30), rng.randint(2, 9)
    # the pull is stronger than the friction, so the sled moves
    pull = net + friction
    return FamilyDraw(
        values={"pull_newtons": pull, "friction_newtons": friction, "sled_meters": meters},
        problem=rng.choice(
            (
                (
                    f"{rng.choice(NAMES)} pulls a sled with {pull} newtons over {meters} meters against a friction of "
                    f"{friction} newtons. How much net work in joules is done on the sled?"
                ),
                (
                    f"A sled moves {meters} meters. It is pulled forward by {pull} newtons while friction holds it back "
                    f"with {friction} newtons. What is the net work in joules?"
                ),
                (
                    f"Friction of {friction} newtons acts against a pull of {pull} newtons on a sled. Find the joules of "
                    f"net work along {meters} meters."
                ),
            )
        ),
        solution=f"Net force: {pull} - {friction} = {net} newtons.\n"
        f"Work is force times distance: {net} * {meters} = {net * meters} joules.",
        answer=net * meters,
    )


CART_CRASH = """
def speed_after_coupling(moving_cart_kg, moving_cart_speed, resting_cart_kg):
    momentum = moving_cart_kg * moving_cart_speed
    coupled_kg = moving_cart_kg + resting_cart_kg
    common_speed = momentum // coupled_kg
    return common_speed
"""


def draw_cart_crash(rng: Random) -> FamilyDraw:
    """The common speed of two carts that couple."""
    common = rng.randint(2, 8)
    # the cart is faster alone than coupled, and a heavy one is slow: momenta stay below 240
    products = [(kg, v) for kg in range(2, 26) for v in range(common + 1, 13) if kg <= 12 or v <= 9]
    # only where the mass of both is whole
    kg, speed = rng.choice([(kg, v) for kg, v in products if kg * v % common == 0])
    momentum = kg * speed
    coupled = momentum // common
    resting = coupled - kg
    return FamilyDraw(
        values={"moving_cart_kg": kg, "moving_cart_speed": speed, "resting_cart_kg": resting},
        problem=rng.choice(
            (
                (
                    f"A cart of {kg} kg rolls at {speed} meters per second into a resting cart of {resting} kg, and they "
                    "stay coupled. What is their common speed in meters per second?"
                ),
                (
                    f"A resting cart has {resting} kg. Another cart of {kg} kg, moving at {speed} meters per second, hits "
                    "it and sticks to it. How many meters per second do both move afterwards?"
                ),
                (
                    f"Two carts couple when they meet: one of {kg} kg with a speed of {speed} meters per second and one of "
                    f"{resting} kg at rest. Find the speed of the pair in meters per second."
                ),
            )
        ),
        solution=f"Momentum before: {kg} * {speed} = {momentum}.\nMass of both: {kg} + {resting} = {coupled} kg.\n"
        f"Momentum stays the same: {momentum} / {coupled} = {common} meters per second.",
        answer=common,
    )


HYDROGEN_MOLES = """
def moles_of_hydrogen(sample_grams, grams_per_mole, hydrogens_per_molecule):
    sample_moles = sample_grams // grams_per_mole
    hydrogen_moles = sample_moles * hydrogens_per_molecule
    return hydrogen_moles
"""


def draw_hydrogen_moles(rng: Random) -> FamilyDraw:
    """The moles of hydrogen atoms in a sample."""
    molar, hydrogens = rng.randint(12, 48), rng.randint(2, 8)
    # a sample has at most 240 grams
    moles = rng.randint(2, min(9, 240 // molar))
    grams = moles * molar
    return FamilyDraw(
        values={"sample_grams": grams, "grams_per_mole": molar, "hydrogens_per_molecule": hydrogens},
        problem=rng.choice(
            (
                (
                    f"A substance has {molar} grams per mole and {hydrogens} hydrogen atoms in each molecule. How many "
                    f"moles of hydrogen atoms are in {grams} grams?"
                ),
                (
                    f"A sample of {grams} grams is a pure substance with a molar mass of {molar} grams per mole. Every "
                    f"molecule holds {hydrogens} hydrogen atoms. How many moles of hydrogen atoms does the sample hold?"
                ),
                (
                    f"Each molecule of a substance contains {hydrogens} atoms of hydrogen. One mole of it weighs {molar} "
                    f"grams. Find the moles of hydrogen atoms in a sample of {grams} grams."
                ),
            )
        ),
        solution=f"Moles of the substance: {grams} / {molar} = {moles}.\n"
        f"Moles of hydrogen atoms: {moles} * {hydrogens} = {moles * hydrogens}.",
        answer=moles * hydrogens,
    )


DILUTION = """
def water_for_dilution(acid_liters, acid_strength, wanted_strength):
    acid_grams = acid_liters * acid_strength
    wanted_liters = acid_grams // wanted_strength
    water_liters = wanted_liters - acid_liters
    return water_liters
"""


def draw_dilution(rng: Random) -> FamilyDraw:
    """The water that thins an acid to a wanted strength."""
    # only where the thinned acid has whole liters; its strength is below that of the acid
    liters, strength, wanted = rng.choice(
        [(n, s, w) for n in range(2, 10) for s in range(3, 31) for w in range(2, s) if n * s % w == 0]
    )
    grams = liters * strength
    total = grams // wanted
    return FamilyDraw(
        values={"acid_liters": liters, "acid_strength": strength, "wanted_strength": wanted},
        problem=rng.choice(
            (
                (
                    f"There are {liters} liters of acid with a strength of {strength} grams per liter. How many liters of "
                    f"water must be added to get a strength of {wanted} grams per liter?"
                ),
                (
                    f"An acid shall be thinned from {strength} to {wanted} grams per liter with water. At the start there "
                    f"are {liters} liters. How many liters of water are needed?"
                ),
                (
                    f"{rng.choice(NAMES)} needs acid of only {wanted} grams per liter but has {liters} liters with "
                    f"{strength} grams in each liter. Find the liters of water to pour in."
                ),
            )
        ),
        solution=f"Grams of acid: {liters} * {strength} = {grams}.\n"
        f"Liters after thinning: {grams} / {wanted} = {total}.\nWater: {total} - {liters} = {total - liters} liters.",
        answer=total - liters,
    )


HALF_LIFE = """
def grams_after_decay(start_grams, half_life_days, passed_days):
    half_lives = passed_days // half_life_days
    grams_left = start_grams // 2**half_lives
    return grams_left
"""


def draw_half_life(rng: Random) -> FamilyDraw:
    """What is left of a substance after some half-lives."""
    halvings, half_life = rng.randint(2, 4), rng.randint(2, 20)
    # the rest is drawn, so that every halving is whole, and the start has at most 240 grams
    left = rng.randint(2, 240 // 2**halvings)
    days = halvings * half_life
    amounts = [left * 2**times for times in range(halvings, -1, -1)]
    halves = ", ".join(f"{amount} / 2 = {amount // 2}" for amount in amounts[:-1])
    return FamilyDraw(
        values={"start_grams": amounts[0], "half_life_days": half_life, "passed_days": days},
        problem=rng.choice(
            (
                (
                    f"A radioactive substance has a half-life of {half_life} days. How many of {amounts[0]} grams are "
                    f"left after {days} days?"
                ),
                (
                    f"Every {half_life} days half of a substance decays. At the start there are {amounts[0]} grams, and "
                    f"{days} days pass. How many grams remain?"
                ),
                (
                    f"{amounts[0]} grams of a substance decay for {days} days. Find the grams left if its half-life is "
                    f"{half_life} days."
                ),
            )
        ),
        solution=f"Half-lives passed: {days} / {half_life} = {halvings}.\nHalve {halvings} times: {halves} grams.",
        answer=left,
    )


FAHRENHEIT = """
def fahrenheit_after_heating(room_celsius, heating_celsius):
    final_celsius = room_celsius + heating_celsius
    fifths = final_celsius // 5
    final_fahrenheit = fifths * 9 + 32
    return final_fahrenheit
"""


def draw_fahrenheit(rng: Random) -> FamilyDraw:
    """A temperature in Fahrenheit after heating."""
    fifths = rng.randint(2, 20)
    # a multiple of 5, so that it is whole in Fahrenheit too
    celsius = 5 * fifths
    room = rng.randint(2, min(40, celsius - 2))
    rise = celsius - room
    return FamilyDraw(
        values={"room_celsius": room, "heating_celsius": rise},
        problem=rng.choice(
            (
                (
                    f"Water at {room} degrees Celsius is heated by {rise} degrees Celsius. "
                    "What is its temperature then in degrees Fahrenheit?"
                ),
                (
                    f"Heating raises the temperature of water by {rise} degrees Celsius. Before, it was {room} degrees "
                    "Celsius. How many degrees Fahrenheit is it afterwards?"
                ),
                (
                    f"Find the Fahrenheit temperature of water that starts at {room} degrees Celsius and gets {rise} "
                    "degrees Celsius warmer."
                ),
            )
        ),
        solution=f"In Celsius: {room} + {rise} = {celsius}.\nDivide by 5: {celsius} / 5 = {fifths}.\n"
        f"Times 9: {fifths} * 9 = {fifths * 9}.\nPlus 32: {fifths * 9} + 32 = {fifths * 9 + 32}.",
        answer=fifths * 9 + 32,
    )


FAMILIES: tuple[Family, ...] = (
    Family(name="average_speed", domain="science", difficulty=3, code=AVERAGE_SPEED, draw=draw_average_speed),
    Family(name="stone_density", domain="science", difficulty=2, code=STONE_DENSITY, draw=draw_stone_density),
    Family(name="series_current", domain="science", difficulty=2, code=SERIES_CURRENT, draw=draw_series_current),
    Family(name="sled_work", domain="science", difficulty=2, code=SLED_WORK, draw=draw_sled_work),
    Family(name="cart_crash", domain="science", difficulty=3, code=CART_CRASH, draw=draw_cart_crash),
    Family(name="hydrogen_moles", domain="science", difficulty=2, code=HYDROGEN_MOLES, draw=draw_hydrogen_moles),
    Family(name="dilution", domain="science", difficulty=3, code=DILUTION, draw=draw_dilution),
    Family(name="half_life", domain="science", difficulty=3, code=HALF_LIFE, draw=draw_half_life),
    Family(name="fahrenheit", domain="science", difficulty=4, code=FAHRENHEIT, draw=draw_fahrenheit),
)
