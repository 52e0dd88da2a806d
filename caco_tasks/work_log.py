"""What a stage says while it works: where it goes on, how far it is, how it ended, in the log of whoever waits for it.

Lines come every few seconds at most, so that a stage of an hour has a few hundred.
"""

import logging
import signal
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

SECONDS_BETWEEN_LINES = 10.0

Thing = TypeVar("Thing")

log = logging.getLogger("caco_tasks.work")


def show_work() -> None:
    """Writes the lines of this process to its error output, bare, as a command does that a person or a task waits for."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False


def counted(things: Iterable[Thing], of: int | None, what: str) -> Iterator[Thing]:
    """The things as they come, with a line every few seconds that says how many of how many there were, and how fast.

    >>> for reply in counted(engine.answers(requests), len(requests), "replies of the judge"): ...
    """
    begun = shown = time.monotonic()
    for number, thing in enumerate(things, 1):
        yield thing
        now = time.monotonic()
        if now - shown >= SECONDS_BETWEEN_LINES:
            shown = now
            total = f" of {of:,}" if of is not None else ""
            log.info("%s: %s%s, %.3g a second", what, f"{number:,}", total, number / (now - begun))


def describe_exit(code: int) -> str:
    """How a process ended, in words: its exit code as `subprocess` has it, or as a shell that ran it.

    >>> describe_exit(-9)
    'was killed (SIGKILL), by a person or by the system for want of memory'
    """
    number = -code if code < 0 else code - 128 if 128 < code < 160 else 0
    names = {known.value: known.name for known in signal.Signals}
    if number not in names:
        return f"ended with exit code {code}"
    causes = {
        signal.SIGKILL: ", by a person or by the system for want of memory",
        signal.SIGTERM: ", by a person or because its machine was shut down",
        signal.SIGSEGV: ", by a fault in compiled code",
        signal.SIGBUS: ", by a fault in compiled code or for want of shared memory",
    }
    return f"was killed ({names[number]}){causes.get(signal.Signals(number), '')}"
