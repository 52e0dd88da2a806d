"""Waiting for a ledger or a store that is away for a moment, as in a restart of Postgres, without losing a task's try.

Work is repeated as a whole, which the functions that use this allow: what was finished before is found and kept.
"""

import logging
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

from caco_tasks.errors import ConfigError, LedgerUnreachableError, StoreUnreachableError

PATIENCE_VARIABLE = "CACO_PATIENCE_SECONDS"
FIRST_PAUSE_SECONDS = 1.0  # doubled each time
LAST_PAUSE_SECONDS = 15.0

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_log = logging.getLogger(__name__)
_is_waiting: ContextVar[bool] = ContextVar("is_waiting", default=False)


def patience_in(environ: Mapping[str, str]) -> float:
    """How long tasks wait, in seconds, as `CACO_PATIENCE_SECONDS` says; 0, not at all, where it is not set.

    Raises:
        ConfigError: it is no number.
    """
    given = environ.get(PATIENCE_VARIABLE) or "0"
    if not given.replace(".", "", 1).isdecimal():
        raise ConfigError(f"{PATIENCE_VARIABLE} is '{given}': give a number of seconds, such as 180.")
    return float(given)


def repeated_while_unreachable(
    patience_seconds: Callable[[], float],
) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Makes a function wait for a ledger or store that does not answer, so many seconds in all for each call.

    >>> @repeated_while_unreachable(lambda: 180.0)
    ... def load(run_id: str) -> int: ...
    """

    def decorate(work: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        @wraps(work)
        def patient(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
            if _is_waiting.get():  # called by such a function, which repeats the whole
                return work(*args, **kwargs)
            token = _is_waiting.set(True)
            try:
                return _repeat(lambda: work(*args, **kwargs), patience_seconds())
            finally:
                _is_waiting.reset(token)

        return patient

    return decorate


def _repeat(work: Callable[[], Result], patience_seconds: float) -> Result:
    waited, pause = 0.0, FIRST_PAUSE_SECONDS
    while True:
        try:
            return work()
        except (LedgerUnreachableError, StoreUnreachableError) as exc:
            if waited >= patience_seconds:
                raise
            _log.warning("%s Trying again in %g seconds.", exc, pause)
        time.sleep(pause)
        waited, pause = waited + pause, min(LAST_PAUSE_SECONDS, 2 * pause)
