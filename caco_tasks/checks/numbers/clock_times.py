"""Times of day in a text, and the numbers that a program may hold for one: `6:30 pm` is 6, 18, 18.5, 30 or 1110.

[sorted(time.hours) for time in find_clock_times("from 1:00 PM to 5:00 PM")]
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from caco_tasks.number_words import ONES

MAX_GAP = 24  # characters between the two times of a span, as in "from 9 am in the morning until 5 pm"

_TIME = re.compile(
    r"(?<![\w:.,/])(?P<hour>\d{1,2})(?::(?P<minute>[0-5]\d)(?::[0-5]\d)?)?\s?(?P<half>[ap])\.?\s?m\b\.?"
    r"|(?<![\w:.,/])(?P<plain>[01]?\d|2[0-4]):(?P<past>[0-5]\d)(?::[0-5]\d)?(?![\d:])"
    r"|(?<![\w:.,/])(?P<full>\d{1,2})\s?o['’]?\s?clock\b"
    r"|(?<![\w:.,/])(?P<of_day>\d{1,2})(?::(?P<of_hour>[0-5]\d))?\s+in\s+the\s+(?P<time>morning|afternoon|evening)\b"
    rf"|\b(?P<part>half|quarter)\s+(?P<way>past|after|to|before)\s+(?P<at>\d{{1,2}}|{'|'.join(ONES[1:13])})\b"
    r"|\b(?P<named>noon|midnight)\b",
    re.IGNORECASE,
)
_SPAN = re.compile(r"\b(?:to|until|till|and|through)\b|[-–—]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ClockTime:
    """One time of day: where it stands, and the numbers that its hour and its minutes may be."""

    start: int
    end: int
    minutes_of_day: frozenset[int]  # two where morning and evening are not told apart
    hours: frozenset[Fraction]  # values of the hour, and of the time as one number
    minutes: frozenset[Fraction]  # values of the minutes, and of the time as one number
    is_full_hour: bool


def find_clock_times(text: str) -> Iterator[ClockTime]:
    """The times of a text, in order; a number alone is none."""
    for match in _TIME.finditer(text):
        if match["named"]:
            shown, minute = 12, 0
            starts = {12} if match["named"].lower() == "noon" else {0, 24}
        elif match["part"]:
            shown, minute = _read_part(match)
            starts = _read_hours(shown, "")
        else:
            shown = int(match["hour"] or match["plain"] or match["full"] or match["of_day"])
            minute = int(match["minute"] or match["past"] or match["of_hour"] or 0)
            half = match["half"] or (
                "" if match["time"] is None else "a" if match["time"].lower() == "morning" else "p"
            )
            starts = _read_hours(shown, half.lower())
        if shown <= 24:
            yield _make_time(match, shown, starts, minute)


def read_clock_text(text: str) -> frozenset[int]:
    """The minutes of the day that a whole text such as `18:30` may be; empty where it is no time."""
    found = list(itertools.islice(find_clock_times(text.strip()), 2))
    is_whole = len(found) == 1 and (found[0].start, found[0].end) == (0, len(text.strip()))
    return found[0].minutes_of_day if is_whole else frozenset()


def find_time_spans(text: str) -> Iterator[tuple[int, int, frozenset[Fraction]]]:
    """Two times with `to` or the like between them: start, end, and how long that is, in hours and in minutes."""
    for first, second in itertools.pairwise(find_clock_times(text)):
        between = text[first.end : second.start]
        if len(between) <= MAX_GAP and _SPAN.search(between) and not re.search(r"[.?!;]\s", between):
            lengths = {
                (late - early) % (24 * 60) for early in first.minutes_of_day for late in second.minutes_of_day
            } - {0}
            values = {Fraction(length) for length in lengths} | {Fraction(length, 60) for length in lengths}
            yield first.start, second.end, frozenset(values)


def _read_part(match: re.Match[str]) -> tuple[int, int]:
    """Hour and minutes of `half past six`, `quarter to 5`."""
    named = match["at"].lower()
    hour = int(named) if named.isdigit() else ONES.index(named)
    minutes = 30 if match["part"].lower() == "half" else 15
    return (hour, minutes) if match["way"].lower() in ("past", "after") else ((hour - 1) % 12, 60 - minutes)


def _read_hours(shown: int, half: str) -> set[int]:
    """The hours of the day, 0 to 24, that a shown hour may be."""
    if half == "a":
        return {shown % 12}
    if half == "p":
        return {shown % 12 + 12}
    return {shown, shown + 12} if shown <= 12 else {shown}


def _make_time(match: re.Match[str], shown: int, starts: set[int], minute: int) -> ClockTime:
    of_day = frozenset(hour * 60 + minute for hour in starts)
    whole = {Fraction(number) for number in of_day} | {Fraction(number, 60) for number in of_day}
    military = {Fraction(hour * 100 + minute) for hour in starts}
    hours = whole | military | {Fraction(shown)} | {Fraction(hour) for hour in starts}
    minutes = whole | military | {Fraction(minute), Fraction(minute, 60)}
    return ClockTime(match.start(), match.end(), of_day, frozenset(hours), frozenset(minutes), minute == 0)
