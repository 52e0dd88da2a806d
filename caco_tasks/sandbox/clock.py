"""Another date and time for a program's second run, which shows whether its values depend on the clock."""

import datetime
import time
from collections.abc import Callable
from typing import Any, Final

_true_today = datetime.date.today
_SECONDS: Final = 34_567_891  # per variant: another year, month, weekday and hour


def shift(variant: int) -> None:
    """Sets this process's wall clock ahead by `variant` times 400 days and some hours, as far as Python shows it."""
    seconds = variant * _SECONDS
    true_time = time.time
    time.time = lambda: true_time() + seconds
    time.time_ns = lambda: int(time.time() * 1e9)
    for name in ("localtime", "gmtime", "ctime"):
        setattr(time, name, _at_shifted_time(getattr(time, name)))
    for name in ("strftime", "asctime"):
        setattr(time, name, _formatted(getattr(time, name), takes_format=name == "strftime"))
    _shift_datetime(datetime.timedelta(seconds=seconds))


def _at_shifted_time(function: Callable[..., Any]) -> Callable[..., Any]:
    def shifted(seconds: float | None = None) -> Any:
        return function(time.time() if seconds is None else seconds)

    return shifted


def _formatted(function: Callable[..., Any], *, takes_format: bool) -> Callable[..., Any]:
    def shifted(*args: Any) -> Any:
        return function(*args) if len(args) > takes_format else function(*args, time.localtime())

    return shifted


def _shift_datetime(ahead: datetime.timedelta) -> None:
    for shifted, name in ((_shifted_datetime(ahead), "datetime"), (_shifted_date(ahead), "date")):
        shifted.__name__ = shifted.__qualname__ = name
        shifted.__module__ = "datetime"
        setattr(datetime, name, shifted)


def _shifted_datetime(ahead: datetime.timedelta) -> type[datetime.datetime]:
    class Shifted(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            return super().now(tz) + ahead

        @classmethod
        def utcnow(cls) -> Any:
            return super().now(datetime.UTC).replace(tzinfo=None) + ahead

        @classmethod
        def today(cls) -> Any:
            return super().now() + ahead

    return Shifted


def _shifted_date(ahead: datetime.timedelta) -> type[datetime.date]:
    class Shifted(datetime.date):
        @classmethod
        def today(cls) -> Any:
            return _true_today() + ahead

    return Shifted
