"""Constants that a problem leaves unsaid, each with the words that call for it: seven days where weeks are meant."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache


@dataclass(frozen=True, slots=True)
class Constant:
    """A number that everybody knows, and the words without which it is not meant."""

    name: str
    value: Fraction
    triggers: tuple[str, ...]  # beginnings of words, one of which the question or the solution line must hold


_TABLE = """
days_per_week 7 week
workdays_per_week 5 weekday|work day|workday|school day|school week|work week|workweek
weekend_days 2 weekend
weeks_per_month 4 month&week
weeks_per_year 52 year&week
months_per_year 12 year|annual|yearly|month
months_per_half_year 6 half a year|half year
months_per_quarter 3 quarter
days_per_year 365 year
days_per_year 360 year
days_per_month 30 month|june|april|september|november
days_in_month 31 month|january|march|may|july|august|october|december
days_in_february 28 february
hours_per_day 24 day|daily|o'clock|overnight
minutes_per_hour 60 hour|minute|mph|o'clock
seconds_per_minute 60 second|minute
seconds_per_hour 3600 hour|second
hours_per_half_day 12 noon|midnight|p.m|pm|a.m|am
years_per_decade 10 decade
years_per_century 100 century|centuries
cents_per_dollar 100 cent|dollar|penn|$|coin|dime|nickel|quarter
quarter_cents 25 quarter
dime_cents 10 dime
nickel_cents 5 nickel
penny_cents 1 penn
quarter_dollars 0.25 quarter
dime_dollars 0.1 dime
nickel_dollars 0.05 nickel
penny_dollars 0.01 penn|cent
quarters_per_dollar 4 quarter
percent 100 percent|%
per_dozen 12 dozen
inches_per_foot 12 foot|feet|inch
feet_per_yard 3 yard
inches_per_yard 36 yard
feet_per_mile 5280 mile
centimeters_per_meter 100 meter|cm|centimet
millimeters_per_centimeter 10 mm|millimet
meters_per_kilometer 1000 kilomet|km
grams_per_kilogram 1000 kilogram|kg|gram
milliliters_per_liter 1000 liter|litre|ml
kilograms_per_ton 1000 ton
pounds_per_ton 2000 ton
ounces_per_pound 16 pound|ounce
ounces_per_cup 8 cup&ounce
cups_per_pint 2 pint
pints_per_quart 2 quart
cups_per_quart 4 quart
quarts_per_gallon 4 gallon
cups_per_gallon 16 gallon
pints_per_gallon 8 gallon
ounces_per_gallon 128 gallon
ounces_per_quart 32 quart
tablespoons_per_cup 16 tablespoon
teaspoons_per_tablespoon 3 tablespoon|teaspoon
sides_of_square 4 square|rhombus
sides_of_triangle 3 triang
sides_of_pentagon 5 pentagon
sides_of_hexagon 6 hexagon
sides_of_octagon 8 octagon
pairs_of_sides 2 rectang|perimeter|fence
triangle_halves 2 triang
triangle_angles 180 triang|angle|supplement
right_angle 90 angle|right|perpendicular|complement
circle_degrees 360 circle|degree|rotat
faces_of_cube 6 cube|dice|die
wheels_per_car 4 car|truck|vehicle|wheel
wheels_per_bicycle 2 bicycle|bike|motorcycle|wheel
wheels_per_tricycle 3 tricycle
legs_per_animal 4 leg|paw|hoof|hooves|foot|feet
legs_each 2 leg
legs_per_spider 8 spider|octopus|arachnid
legs_per_insect 6 insect|ant|bee|beetle
wings_per_bird 2 wing
eyes_each 2 eye
ears_each 2 ear
hands_each 2 hand|glove|mitten
feet_each 2 feet|foot|shoe|sock|boot|leg|skate|sneaker|slipper|sandal
fingers_per_hand 5 hand|finger
fingers_each 10 finger|toe
both 2 both|two-way
both_ways 2 round trip|round-trip|and back|back and forth|return|each way|one way|one-way|to and from|to and fro
per_pair 2 pair|couple|husband|wife|parents|married|partner
average_of_two 2 average|mean|midpoint|middle
halves 2 half|equally|evenly|split
twins 2 twin
triplets 3 triplet
quadruplets 4 quadruplet
players_in_duet 2 duet|duo
trio 3 trio
quartet 4 quartet
letters_of_alphabet 26 alphabet|letter
cards_per_deck 52 deck|card
squares_of_board 64 chess
planets 8 planet
states 50 states
seasons_per_year 4 season|year
quarters_per_year 4 quarter|year
innings_of_game 9 inning|baseball
quarters_per_game 4 quarter|basketball|football
voting_age 18 legal|adult
"""


def constants_for(value: Fraction, text: str) -> list[Constant]:
    """The constants of this value whose words `text` (a question and a solution line) holds."""
    lowered = text.lower()
    found = [constant for constant in _read_table().get(value, ()) if is_triggered(constant, lowered)]
    return list({constant.name: constant for constant in found}.values())


def is_triggered(constant: Constant, lowered: str) -> bool:
    """Whether a lower-case text holds one of the constant's triggers; `a&b` asks for both."""
    words = (trigger.split("&") for trigger in constant.triggers)
    return any(all(_trigger_pattern(word).search(lowered) for word in both) for both in words)


@cache
def _trigger_pattern(word: str) -> re.Pattern[str]:
    if not word[0].isalpha():
        return re.compile(re.escape(word))
    # A short word must be whole: "day" begins "days", but "ton" does not begin "tone".
    whole = r"(?:e?s)?\b" if len(word) <= 3 else ""
    return re.compile(rf"\b{re.escape(word)}{whole}")


@cache
def _read_table() -> dict[Fraction, list[Constant]]:
    table: dict[Fraction, list[Constant]] = {}
    for line in _TABLE.strip().splitlines():
        name, value, triggers = line.split(" ", 2)
        constant = Constant(name, Fraction(value), tuple(triggers.split("|")))
        table.setdefault(constant.value, []).append(constant)
    return table
