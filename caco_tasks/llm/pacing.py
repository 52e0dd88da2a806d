"""How many requests a server is asked at once: fewer when it is busy, slowly more when all goes well.

Additive increase, multiplicative decrease, as in TCP: the width is halved once for each round of trouble, and grows by one
for each round without. All timing is that of the running event loop, in seconds.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

LONGEST_PAUSE_SECONDS = 600.0  # a server that asks for a longer pause is asked again after this one


class Pace:
    """Turns at a server."""

    def __init__(self, most: int) -> None:
        self._most, self._width, self._under_way = most, float(most), 0
        self._halved_at = self._not_before = 0.0
        self._freed = asyncio.Condition()

    @property
    def width(self) -> int:
        """Requests that may be under way now."""
        return int(self._width)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[float]:
        """Waits for a turn, and for the end of a pause; gives the time at which it began."""
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

    def went_well(self) -> None:
        """A request was answered."""
        self._width = min(float(self._most), self._width + 1 / self._width)

    def was_busy(self, begun: float, pause_seconds: float) -> None:
        """The server could not answer a request that began at `begun`; nobody asks it again before the pause is over."""
        if begun >= self._halved_at:
            self._width, self._halved_at = max(1.0, self._width / 2), _now()
        self._not_before = max(self._not_before, _now() + min(pause_seconds, LONGEST_PAUSE_SECONDS))


def _now() -> float:
    return asyncio.get_running_loop().time()
