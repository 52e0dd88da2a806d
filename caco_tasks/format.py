"""Figures and names as people read them: counts, shares with their intervals, p values; alike in terminal, page and dataset card.

>>> format_count(1319), format_part(290, 300), format_interval(0.9, 0.5958, 0.9821)
('1,319', '96.7%', '90.0% (59.6% – 98.2%)')
"""

from collections.abc import Iterable
from difflib import get_close_matches

NOTHING = "–"  # where there is no figure


def format_count(count: int | None) -> str:
    """A count with thousands separators."""
    return NOTHING if count is None else f"{count:,}"


def format_share(share: float | None) -> str:
    """A share in percent."""
    return NOTHING if share is None else f"{share:.1%}"


def format_part(part: int, whole: int) -> str:
    """The share that a part is of a whole; none of an empty whole."""
    return format_share(part / whole if whole else None)


def format_range(low: float, high: float) -> str:
    """Both ends of an interval, in percent."""
    return f"{low:.1%} – {high:.1%}"


def format_interval(share: float | None, low: float | None, high: float | None) -> str:
    """A share with its interval, in percent."""
    if share is None or low is None or high is None:
        return NOTHING
    return f"{format_share(share)} ({format_range(low, high)})"


def format_points(share: float | None, low: float | None, high: float | None) -> str:
    """A share with its interval in percentage points, without the sign: for a column whose head has it."""
    if share is None or low is None or high is None:
        return NOTHING
    return f"{100 * share:.1f} ({100 * low:.1f}–{100 * high:.1f})"


def format_p(p: float | None) -> str:
    """A p value, to two digits."""
    return NOTHING if p is None else f"{p:.2g}"


def offer_nearest(name: str, known: Iterable[str]) -> str:
    """Words for a message about a name that is not there: the known one that it is most like, or nothing.

    >>> offer_nearest("sampels", ["samples", "shards"])
    ", the nearest is 'samples'"
    """
    near = get_close_matches(name, list(known), n=1)
    return f", the nearest is '{near[0]}'" if near else ""
