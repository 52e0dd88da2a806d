"""The sandbox as its users see it: any number of programs in, one outcome each, in order.

One thread, no queue: `run` hands programs to free slots and waits for whichever ends first. Runs may be nested,
one inside the loop over another: they share the slots.
"""

import math
import platform
import select
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import metadata
from types import TracebackType
from typing import Final, NamedTuple, Self

from caco_tasks.config import SandboxSettings
from caco_tasks.errors import SandboxError
from caco_tasks.sandbox import probe, verdicts
from caco_tasks.sandbox.jobs import Job, ProgramResult
from caco_tasks.sandbox.slots import LevelRefusedError, Slot, SlotLost, Zygote
from caco_tasks.sandbox.syscalls import MACHINE, NUMBERS
from caco_tasks.sandbox.verdicts import Limits

BEHAVIOUR: Final = 4  # raised with each change of what a program may do or of how its end is judged
LEVELS: Final = ("full", "partial", "basic")  # from best to worst
TRIES: Final = 2  # of a program whose process was lost, or that was only slow
WINDOW: Final = 16  # outcomes kept per worker while an earlier program is still running
VARIANTS_KEPT: Final = 2  # zygotes of so many variants, besides variant 0, stay ready


class _Kind(NamedTuple):
    """Which zygote a program needs."""

    tier: str
    variant: int


@dataclass(slots=True)
class _Ticket:
    """One job of one run, on its way."""

    job: Job
    tries: int = 0
    ran: ProgramResult | None = None


@dataclass(slots=True)
class _Busy:
    slot: Slot
    ticket: _Ticket
    kind: _Kind


@dataclass(slots=True)
class _Family:
    """A zygote and those of its slots that are free."""

    zygote: Zygote
    free: list[Slot] = field(default_factory=list)


class Sandbox:
    """Runs untrusted programs, each in a process of its own, behind the best walls that this machine allows.

    A context manager. It starts at the first use: `level` names the walls that hold, found by attacking them, and
    `version` everything else on which an outcome depends.

    Raises:
        SandboxError: at the first use, if less than `settings.min_level` can be had.
    """

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        self._limits = Limits(
            cpu_seconds=math.ceil(settings.timeout_seconds),
            wall_seconds=settings.timeout_seconds,
            memory_mb=settings.memory_mb,
            output_bytes=settings.output_bytes,
        )
        self._level = ""
        self._families: dict[_Kind, _Family] = {}
        self._busy: dict[int, _Busy] = {}  # by descriptor of the slot's channel
        self._again: deque[_Ticket] = deque()
        self._poller = select.poll()
        self.version = _version()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def level(self) -> str:
        """Which protections hold: "full", "partial" or "basic"."""
        if not self._level:
            self._level = self._start()
        return self._level

    def run(self, jobs: Iterable[Job]) -> Iterator[ProgramResult]:
        """Runs each job; yields one outcome per job, in their order.

        At most `workers` programs run at once, and a bounded number of outcomes is held back, so `jobs` may be endless.

        Raises:
            SandboxError: this machine does not allow the level that the settings demand.
        """
        coming = iter(jobs)
        tickets: deque[_Ticket] = deque()
        most = WINDOW * self._settings.workers
        try:
            while True:
                is_over = not self._take(coming, tickets, most)
                while tickets and tickets[0].ran is not None:
                    yield _outcome(tickets.popleft())
                if is_over and not tickets:
                    return
                if is_over or len(self._busy) >= self._settings.workers or len(tickets) >= most:
                    self._step()
        finally:
            self._abandon(tickets)

    def close(self) -> None:
        """Ends every process of the sandbox; it starts afresh if it is used again."""
        for busy in self._busy.values():
            self._poller.unregister(busy.slot.channel)
            busy.slot.close()
        self._busy.clear()
        for kind in list(self._families):
            self._drop(kind)
        self._level = ""

    def _take(self, coming: Iterator[Job], tickets: deque[_Ticket], most: int) -> bool:
        """Starts programs while there are free slots; False when no job is left."""
        self.level  # noqa: B018 -- starts the sandbox
        while self._again and len(self._busy) < self._settings.workers:
            self._submit(self._again.popleft())
        while len(self._busy) < self._settings.workers and len(tickets) < most:
            job = next(coming, None)
            if job is None:
                return False
            tickets.append(_Ticket(job))
            self._submit(tickets[-1])
        return True

    def _submit(self, ticket: _Ticket) -> None:
        kind = _Kind(_tier(ticket.job.code), ticket.job.variant)
        ticket.tries += 1
        try:
            slot = self._free_slot(kind)
            slot.start(ticket.job, self._limits)
        except SlotLost as exc:
            self._drop(kind)
            self._retry_or_give_up(ticket, str(exc))
            return
        self._busy[slot.channel.fileno()] = _Busy(slot, ticket, kind)
        self._poller.register(slot.channel, select.POLLIN)

    def _free_slot(self, kind: _Kind) -> Slot:
        family = self._families.get(kind)
        if family is None:
            self._make_room(kind.variant)
            family = self._families[kind] = _Family(self._zygote(kind, self._level))
        return family.free.pop() if family.free else family.zygote.slot()

    def _zygote(self, kind: _Kind, level: str) -> Zygote:
        return Zygote(level=level, tier=kind.tier, hash_seed=kind.variant, limits=self._limits)

    def _step(self) -> None:
        """Waits for the next program to end, or for a slot to miss its deadline."""
        soonest = min((busy.slot.deadline for busy in self._busy.values()), default=0.0)
        wait_seconds = max(0.0, soonest - time.monotonic())
        for descriptor, _ in self._poller.poll(wait_seconds * 1000):
            self._finish(self._release(descriptor))
        now = time.monotonic()
        for descriptor in [number for number, busy in self._busy.items() if busy.slot.deadline < now]:
            if descriptor in self._busy:
                self._lose(self._release(descriptor), "The slot did not answer after its deadline.")

    def _release(self, descriptor: int) -> _Busy:
        busy = self._busy.pop(descriptor)
        self._poller.unregister(descriptor)
        return busy

    def _finish(self, busy: _Busy) -> None:
        try:
            facts = busy.slot.finish(self._limits)
        except SlotLost as exc:
            self._lose(busy, str(exc))
            return
        self._put_back(busy)
        is_lost = verdicts.was_lost(facts.report)
        if is_lost or (verdicts.was_only_slow(facts.report, self._limits) and busy.ticket.tries < TRIES):
            self._retry_or_give_up(busy.ticket, "The process was killed from outside, perhaps for want of memory.")
            return
        busy.ticket.ran = verdicts.judge(facts, busy.slot.nonce, self._limits, level=self._level)

    def _put_back(self, busy: _Busy) -> None:
        family = self._families.get(busy.kind)
        if busy.slot.is_soiled or family is None or family.zygote is not busy.slot.zygote:
            busy.slot.close()
        else:
            family.free.append(busy.slot)

    def _lose(self, busy: _Busy, detail: str) -> None:
        busy.slot.close()
        family = self._families.get(busy.kind)
        if family is not None and family.zygote is busy.slot.zygote:
            self._drop(busy.kind)
        self._retry_or_give_up(busy.ticket, detail)

    def _retry_or_give_up(self, ticket: _Ticket, detail: str) -> None:
        if ticket.tries < TRIES:
            self._again.append(ticket)
        else:
            ticket.ran = verdicts.lost(detail, level=self._level)

    def _drop(self, kind: _Kind) -> None:
        """Ends a zygote and its slots; programs that are running in them come back as lost."""
        family = self._families.pop(kind, None)
        if family is not None:
            for slot in family.free:
                slot.close()
            family.zygote.close()

    def _make_room(self, variant: int) -> None:
        """Ends the zygotes of the variant that has been there longest, if a new one would be too many."""
        running = {busy.kind.variant for busy in self._busy.values()}
        others = list(dict.fromkeys(kind.variant for kind in self._families if kind.variant not in (0, variant)))
        if variant and len(others) >= VARIANTS_KEPT and others[0] not in running:
            for kind in [kind for kind in self._families if kind.variant == others[0]]:
                self._drop(kind)

    def _abandon(self, tickets: deque[_Ticket]) -> None:
        """Ends the programs of a run whose outcomes nobody reads any more."""
        mine = {id(ticket) for ticket in tickets if ticket.ran is None}
        for descriptor in [number for number, busy in self._busy.items() if id(busy.ticket) in mine]:
            self._release(descriptor).slot.close()
        self._again = deque(ticket for ticket in self._again if id(ticket) not in mine)

    def _start(self) -> str:
        """The best level that this machine allows: its zygote stands and its walls have been attacked."""
        if not NUMBERS:
            raise SandboxError(f"There is no jail for {MACHINE}: run programs on x86_64 or aarch64.")
        refusals = []
        for level in LEVELS[: LEVELS.index(self._settings.min_level) + 1]:
            refusal = self._try_level(level)  # the reason why it cannot be had; empty: it holds
            if not refusal:
                return level
            refusals.append(f"{level}: {refusal}")
        raise SandboxError(
            f"Programs cannot be run at level '{self._settings.min_level}' or better here ({'; '.join(refusals)}): "
            "allow user namespaces and seccomp, use a Python that others can read, or lower sandbox.min_level."
        )

    def _try_level(self, level: str) -> str:
        """Starts the first zygote at `level`, attacks it, and keeps it; returns why not where that fails, else nothing."""
        kind = _Kind("light", 0)
        zygote = self._zygote(kind, level)
        try:
            zygote.wait_until_ready()
            with tempfile.NamedTemporaryFile(mode="w") as secret:
                found = probe.holes(self._run_attack(zygote.slot(), probe.attack(secret.name), level), level)
        except (LevelRefusedError, SlotLost) as exc:
            zygote.close()
            return str(exc)
        if found:
            zygote.close()
            return ", ".join(found)
        self._families[kind] = _Family(zygote)
        return ""

    def _run_attack(self, slot: Slot, attack: Job, level: str) -> ProgramResult:
        slot.start(attack, self._limits)
        poller = select.poll()
        poller.register(slot.channel, select.POLLIN)
        poller.poll((slot.deadline - time.monotonic()) * 1000)
        facts = slot.finish(self._limits)
        slot.close()
        return verdicts.judge(facts, slot.nonce, self._limits, level=level)


def _outcome(ticket: _Ticket) -> ProgramResult:
    if ticket.ran is None:
        raise SandboxError("A program has no outcome: this is a fault of the sandbox, please report it.")
    return ticket.ran


def _tier(code: str) -> str:
    """The zygote whose imports suit the program; a wrong guess only costs it the import, or a larger fork."""
    if "sympy" in code:
        return "sympy"
    return "numpy" if any(name in code for name in ("numpy", "scipy", "pandas")) else "light"


def _version() -> str:
    libraries = "".join(f"-{name}{metadata.version(name)}" for name in ("numpy", "sympy"))
    return f"{BEHAVIOUR}-python{platform.python_version()}{libraries}"
