"""What strikes a running platform while it works: kills, restarts of Postgres, a full disk, a clock that jumps.

A disk is full for real: the platform's home lies on a file system of bounded size, which a file fills to its last byte for
some seconds; this takes root. A clock jumps by `fault_clock.c`, which tells every process of the platform but Postgres a time
of day that is off; this takes a C compiler. What cannot be tried on a machine is named in the result.
"""

import logging
import os
import random
import shutil
import signal
import struct
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from caco_tasks.errors import PlatformError
from caco_tasks.platform import airflow
from caco_tasks.platform.processes import ProcessId, descendants, identify, with_environment
from caco_tasks.platform.state import Home, embedded_postgres

PAUSES_SECONDS = {"kill": (4.0, 20.0), "Postgres restarts": (5.0, 40.0), "disk": (20.0, 90.0), "clock": (10.0, 40.0)}
FULL_SECONDS = (3.0, 10.0)
MIN_SECONDS_UP = 90.0  # between two kills of the supervisor: with it goes everything, and nights must come to their end
MAX_SECONDS_OFF = 60.0  # the clock, in both directions
POSTGRES_ENDS = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)  # in good order, at once, without a word
VICTIMS = (
    *("task", "stage", "zygote", "slot", "scheduler", "postgres", "s3") * 2,
    *("api-server", "triggerer", "dag-processor", "supervisor"),
)
UP_SECONDS = 900.0  # in which a person goes on trying `caco up`
LOOK_SECONDS = 1.0
BLOCK = 4096
SECOND = 10**9  # nanoseconds

log = logging.getLogger("caco.bench")


@dataclass(slots=True)
class Disk:
    """The file system that a platform's home lies on."""

    folder: Path

    def fill(self) -> None:
        """Leaves no byte free."""
        with self._ballast.open("ab") as file:
            free = os.statvfs(self.folder).f_bavail * os.statvfs(self.folder).f_frsize
            try:
                os.posix_fallocate(file.fileno(), 0, max(BLOCK, free - 16 * BLOCK))
                while True:
                    os.write(file.fileno(), bytes(BLOCK))
            except OSError:
                return

    def empty(self) -> None:
        """Gives the room back."""
        self._ballast.unlink(missing_ok=True)

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"


@dataclass(slots=True)
class Clock:
    """The time of day of all processes that are started with its environment."""

    file: Path
    library: Path

    def set(self, seconds_off: float) -> None:
        """Has it differ from this process's own by so much, from now on."""
        with self.file.open("r+b") as file:  # in its place: it is mapped
            file.write(struct.pack("=q", int(seconds_off * SECOND)))

    @property
    def environment(self) -> dict[str, str]:
        """What has a process live by it."""
        return {"LD_PRELOAD": str(self.library), "CACO_BENCH_CLOCK": str(self.file)}


@contextmanager
def bounded_disk(folder: Path, *, megabytes: int) -> Iterator[Disk | None]:
    """A new file system of that size in `folder`, or None where nobody may mount one; `folder` is there either way."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "none", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        yield None
        return
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def jumping_clock(folder: Path) -> Iterator[Clock | None]:
    """A clock for the processes that are started within, or None where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None or "LD_PRELOAD" in os.environ:
        yield None
        return
    folder.mkdir()
    clock = Clock(folder / "offset", folder / "clock.so")
    clock.file.write_bytes(bytes(8))
    source = Path(__file__).with_name("fault_clock.c")
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", clock.library, source, "-ldl"], check=True)
    os.environ.update(clock.environment)
    try:
        yield clock
    finally:
        for name in clock.environment:
            del os.environ[name]


@dataclass(slots=True, kw_only=True)
class Monkey:
    """Strikes one platform, as a seed has it, and counts what it has done."""

    home: Home
    up: Callable[[], object]  # `caco up`
    rng: random.Random
    disk: Disk | None
    clock: Clock | None
    struck: Counter[str] = field(default_factory=Counter)
    _due: dict[str, float] = field(default_factory=dict)
    _coming_back: threading.Thread | None = (
        None  # `caco up` after a kill of the supervisor, struck on the way like all else
    )
    _may_fall_at: float = 0.0  # the supervisor
    _gives_up: bool = False  # trying to come back

    def strike_until(self, is_over: Callable[[], bool], *, seconds: float) -> None:
        """Strikes again and again until all is over, or for so long; then makes good what it can."""
        acts = self._acts()
        for name in acts:
            self._plan(name)
        deadline = time.monotonic() + seconds
        try:
            while time.monotonic() < deadline and not is_over():
                time.sleep(LOOK_SECONDS)
                for name, act in acts.items():
                    if time.monotonic() >= self._due[name]:
                        act()
                        self._plan(name)
        finally:
            if self.disk is not None:
                self.disk.empty()
            if self.clock is not None:
                self.clock.set(0)
            self._wait_for_up()
            self._bring_back()  # whatever was killed last

    def _acts(self) -> dict[str, Callable[[], None]]:
        acts = {"kill": self._kill, "Postgres restarts": self._restart_postgres}
        if self.disk is not None:
            acts["disk"] = self._fill_disk
        if self.clock is not None:
            acts["clock"] = self._set_clock
        return acts

    def _plan(self, name: str) -> None:
        self._due[name] = time.monotonic() + self.rng.uniform(*PAUSES_SECONDS[name])

    def _note(self, what: str) -> None:
        self.struck[what] += 1
        log.info("%s", what)

    def _kill(self) -> None:
        """Kills -9 somebody, if there is such a process now; a supervisor is started again, as a person would do it."""
        victim = self.rng.choice(VICTIMS)
        if victim == "supervisor" and time.monotonic() < self._may_fall_at:
            return
        found = [one for one in self._find(victim) if one is not None and identify(one.pid) == one]
        if not found:
            return
        os.kill(self.rng.choice(found).pid, signal.SIGKILL)
        self._note(f"{victim} killed")
        if victim == "supervisor":
            self._may_fall_at = time.monotonic() + MIN_SECONDS_UP
            self._wait_for_up()
            self._coming_back = threading.Thread(target=self._bring_back)
            self._coming_back.start()

    def _find(self, victim: str) -> list[ProcessId | None]:
        supervisor = self.home.supervisor()
        if supervisor is None:
            return []
        if victim == "supervisor":
            return [supervisor.process()]
        if victim in supervisor.services:
            return [supervisor.services[victim].process()]
        scheduler = supervisor.services.get("scheduler")
        working = _working(scheduler.process() if scheduler is not None else None, self.home)
        return [one for one in working if _kind(one) == victim]

    def _restart_postgres(self) -> None:
        """Ends Postgres, in one of the ways in which it ends; the supervisor starts it again."""
        plan = self.home.plan()
        pid = embedded_postgres(self.home, plan, self.home.secrets()).pid() if plan is not None else None
        if pid is not None:
            os.kill(pid, self.rng.choice(POSTGRES_ENDS))
            self._note("Postgres restarted")

    def _fill_disk(self) -> None:
        assert self.disk is not None
        self.disk.fill()
        self._note("disk full")
        time.sleep(self.rng.uniform(*FULL_SECONDS))
        self.disk.empty()

    def _set_clock(self) -> None:
        assert self.clock is not None
        self.clock.set(self.rng.uniform(-MAX_SECONDS_OFF, MAX_SECONDS_OFF))
        self._note("clock jumped")

    def _wait_for_up(self) -> None:
        if self._coming_back is not None:
            self._gives_up = True  # after the try that is under way
            self._coming_back.join()
            self._gives_up = False

    def _bring_back(self) -> None:
        """`caco up`, until it has succeeded, as a person would try it, who would not be faster than the kill."""
        deadline = time.monotonic() + UP_SECONDS
        while time.monotonic() < deadline and not self._gives_up:
            time.sleep(1)
            try:
                self.up()
            except PlatformError as exc:
                log.warning("caco up: %s", exc)
            else:
                return


def _working(scheduler: ProcessId | None, home: Home) -> list[ProcessId | None]:
    """All processes that the scheduler has started, and those of tasks that have left it."""
    marked = [one for one in with_environment(airflow.task_mark(home)) if _kind(one) == "stage"]
    roots = [*marked, *([scheduler] if scheduler is not None else [])]
    return [
        identify(pid) for root in roots for pid in descendants(root.pid) if root is not scheduler or pid != root.pid
    ]


def _kind(process: ProcessId | None) -> str:
    """What a process is: a stage, the zygote of a sandbox, a slot that it forked, or a task that waits for its stage."""
    if process is None:
        return ""
    command = _command(process.pid)
    if b"sandbox/boot.py" in command:
        return "slot" if b"sandbox/boot.py" in _command(_parent(process.pid)) else "zygote"
    return "stage" if b"caco_tasks.cli" in command else "task"


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def untried(disk: Disk | None, clock: Clock | None) -> Mapping[str, str]:
    """What could not be tried here, and why."""
    told = {}
    if disk is None:
        told["disk full"] = "nobody may mount a file system here: it takes root"
    if clock is None:
        told["clock jumped"] = "there is no C compiler (cc)"
    return told
