"""Limits how many requests a server gets at once: fewer when it is busy, slowly more when it answers.

Additive increase, multiplicative decrease, as in TCP: the limit is halved once for each round with errors, and grows by
one for each round without. All times are those of the running event loop, in seconds.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

LONGEST_PAUSE_SECONDS = 600.0  # a server that asks for a longer pause is asked again after this one


class Limiter:
    """The slots for requests to one server.

    >>> async with limiter.slot() as begun:
    ...     await client.post(...)
    ...     limiter.on_success()  # or limiter.on_busy(begun, pause_seconds)
    """

    def __init__(self, max_width: int) -> None:
        """Begins with `max_width` slots, which is also the most there will be."""
        self._max_width, self._width, self._under_way = max_width, float(max_width), 0
        self._halved_at = self._not_before = 0.0
        self._freed = asyncio.Condition()

    @property
    def width(self) -> int:
        """How many requests may be under way now."""
        return int(self._width)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[float]:
        """Waits for a free slot and for the end of a pause; yields the time at which the request begins."""
        async with self._freed:
            await self._freed.wait_for(lambda: self._under_way < self.width)
            self._under_way += 1
        try:
            await asyncio.sleep(max(0.0, self._not_before - _now()))
            yield _now()
        finally:
            self._under_way -= 1
            async with self._freed:
                self._freed.notify_all()

    def on_success(self) -> None:
        """Widens the limit a little: a request was answered."""
        self._width = min(float(self._max_width), self._width + 1 / self._width)

    def on_busy(self, begun: float, pause_seconds: float) -> None:
        """Halves the limit: a request that began at `begun` was not answered. None begins before the pause is over."""
        if begun >= self._halved_at:  # those that began before it are of the round that was counted already
            self._width, self._halved_at = max(1.0, self._width / 2), _now()
        self._not_before = max(self._not_before, _now() + min(pause_seconds, LONGEST_PAUSE_SECONDS))


def _now() -> float:
    return asyncio.get_running_loop().time()
