"""Clock times and dates, which are no ratios and no subtractions."""

import re
from fractions import Fraction

_CLOCK = re.compile(
    r"(?P<hour>\d{1,2}):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d(?:\.\d{1,6})?))?\s*(?P<half>[ap]\.?\s?m\b\.?)?",
    re.IGNORECASE,
)
_HOUR_ALONE = re.compile(r"(?P<hour>\d{1,2})\s*(?:o'?clock\s*)?(?P<half>[ap]\.?\s?m\b\.?)", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?P<month>[A-Za-z]{3,9})\.?"
_DATES = (
    re.compile(r"(?P<year>\d{4})-(?P<number>\d{2})-(?P<day>\d{2})"),
    re.compile(rf"{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year>\d{{4}})"),
    re.compile(rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH},? (?P<year>\d{{4}})"),
)
_FULL_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_PADDED = re.compile(r"0\d:\d\d(?::\d\d(?:\.\d+)?)?|\d{1,2}:0\d(?::\d\d(?:\.\d+)?)?|\d{1,2}:\d\d:\d\d(?:\.\d+)?")
NOON = 12


def same_time(gold: str, pred: str) -> bool | None:
    """Whether two clock times are the same, to the second; None where one is none.

    A time without a.m. or p.m. agrees with both, and with the time of a 24-hour clock.
    """
    if not (gold[:1].isdigit() and pred[:1].isdigit() and (":" in gold or ":" in pred or "m" in gold.lower())):
        return None
    first, second = _CLOCK.fullmatch(gold), _CLOCK.fullmatch(pred)
    first, second = first or _HOUR_ALONE.fullmatch(gold), second or _HOUR_ALONE.fullmatch(pred)
    if first is None or second is None:
        return None
    times = _seconds(first), _seconds(second)
    if times[0] == times[1]:
        return True
    halves = first["half"], second["half"]
    hours = int(first["hour"]), int(second["hour"])
    # 2:30 may be meant for 2:30 p.m., 02:30 and 14:30 of a 24-hour clock may not
    is_open = None in halves and halves != (None, None) and max(hours) <= NOON
    return is_open and abs(times[0] - times[1]) == NOON * 3600


def is_padded(text: str) -> bool:
    """Whether digits around colons are padded as only those of a clock are: `7:05`, `01:30`."""
    return ":" in text and _PADDED.fullmatch(text) is not None


def _seconds(found: re.Match[str]) -> Fraction:
    hour, groups = int(found["hour"]), found.groupdict()
    if found["half"]:
        hour = hour % NOON + (NOON if found["half"][0] in "pP" else 0)
    return hour * 3600 + int(groups.get("minute") or 0) * 60 + Fraction(groups.get("second") or 0)


def date_of(text: str) -> tuple[int, int, int] | None:
    """Year, month and day of a date as `2024-01-05`, `January 5, 2024` or `5 Jan 2024`; None for anything else."""
    if not text[-2:].isdigit() or not 8 <= len(text) <= 30:
        return None
    for pattern in _DATES:
        found = pattern.fullmatch(text)
        if found is None:
            continue
        groups = found.groupdict()
        name = (groups.get("month") or "").lower()
        if name and name not in _FULL_MONTHS and name[:3] not in _MONTHS:
            return None
        month = _MONTHS.index(name[:3]) + 1 if name else int(groups["number"])
        return int(found["year"]), month, int(found["day"])
    return None
