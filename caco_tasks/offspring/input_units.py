"""What a name of a program counts or measures, read from its words: `pen_price` is money, `eggs_collected` a count.

Units of measure are those that answers are compared in (`grading.units_of_measure`). A name that tells nothing has no unit,
and nothing fits it.
"""

from functools import lru_cache

from caco_tasks.grading.units_of_measure import measure_of, singular

COUNT = "count"
MONEY = "money"
NUMBER = "number"  # a pure one: the value of a formula, a digit sum


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# a factor or a share is no amount, however its name goes on
_NO_AMOUNT = _words(
    "percent percentage probability chance ratio rate factor times multiplier exponent strength power fraction divisor "
    "twice half rank place position day row index base mean median average most ohms amperes series "
    # counted, but nothing that could be shared, packed or bought
    "ways routes pairs swaps choices draws runs moves claims meetings presses"
)
_MONEY = _words(
    "price prices cost costs bill wage wages savings interest tip tax discount budget rent payment profit "
    "instalment coupon fee fees salary loan deposit fare income earned earnings spent owed paid money revenue expenses"
)
_NUMBER = _words("x y number numbers value sum digit digits term addend constant coefficient product remainder")
_LENGTH = _words("length width height distance perimeter fence side")
_TEMPERATURE = _words("temperature temperatures celsius fahrenheit degrees")
_OTHER_CURRENCIES = _words("crowns pounds euros yen rupees")
_SHORT_MEASURES = _words("cm mm km kg ml feet")
_NO_PLURAL = ("ss", "us", "is")
_NO_S = ("people", "children", "fish")
# nobody shares passengers
_PEOPLE = _words(
    "people children pupils students teachers passengers runners players singers drummers friends guests workers knights "
    "knaves islanders visitors members customers boys girls adults drivers neighbours neighbors employees women men"
)
# counted, and part of something that stays whole: nobody hands out seats of a row or pages of a book
_PARTS = _words(
    "seats pages games buses cells creams rows rooms floors tables teams matches goals points scores stairs steps houses "
    "classes trips visits records lines sides edges corners stops shelves chapters lessons questions problems answers"
)


@lru_cache(maxsize=4096)
def unit_of(name: str) -> str | None:
    """The unit of what a name stands for; None: its words tell nothing.

    >>> unit_of("pen_price"), unit_of("eggs_collected"), unit_of("trip_minutes"), unit_of("tax_percent")
    ('money', 'count', 'time 60', None)
    """
    words = [word for word in name.lower().split("_") if word and not word.isdecimal()]
    if not words or _NO_AMOUNT.intersection(words) or _OTHER_CURRENCIES.intersection(words):
        return None
    if (
        "per" in words[1:]
    ):  # pages a day are pages, a price for each is a price; what else is divided has a unit of its own
        before = unit_of("_".join(words[: words.index("per")]))
        return before if before in (COUNT, MONEY) else None
    measured = next(filter(None, map(_measured, reversed(words))), None)
    if measured is not None:
        return measured
    if _MONEY.intersection(words):
        return MONEY
    for unit, known in (
        ("length", _LENGTH),
        ("temperature", _TEMPERATURE),
        ("area", {"area"}),
        ("age", {"age", "old"}),
    ):
        if known.intersection(words):
            return unit
    if _NUMBER.intersection(words):
        return NUMBER
    return COUNT if any(map(_is_plural, words)) else None


def counted_word(name: str) -> str | None:
    """What a name counts, in the plural: the first such word; None: it has none.

    >>> counted_word("eggs_left_over"), counted_word("people_in_bus"), counted_word("left_over")
    ('eggs', 'people', None)
    """
    return next((word for word in name.lower().split("_") if _is_plural(word)), None)


def is_people(word: str) -> bool:
    """Whether people are counted, who can join and form groups, and are not shared."""
    return word in _PEOPLE


def is_handed_out(word: str) -> bool:
    """Whether things are counted that can be shared, packed in groups, and be more."""
    return word not in _PEOPLE and word not in _PARTS


def _measured(word: str) -> str | None:
    """The unit of measure that a word names: in the plural, or by a sign that is no word, as `second` is an ordinal too."""
    if word in ("dollars", "cents"):
        return MONEY
    if word not in _SHORT_MEASURES and singular(word) == word:
        return None
    measure = measure_of(word)
    if measure is None or len(word) < 2:
        return None
    return " ".join(
        [*(name if power == 1 else f"{name}^{power}" for name, power in measure.dimensions), str(measure.size)]
    )


def _is_plural(word: str) -> bool:
    return (len(word) > 3 and word.endswith("s") and not word.endswith(_NO_PLURAL)) or word in _NO_S
