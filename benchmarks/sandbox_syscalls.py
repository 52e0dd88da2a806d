"""Random system calls inside the jail: does the machine stay as it was, and the sandbox right?

Programs make calls by number, with arguments that could mean something (`syscall_program.py`), at each level that this machine
allows; each fourth program is an honest one with a known answer. Before and after, everything that a program could have
changed is looked at (`host_state.py`), among it files, ports and sockets that were planted for them. The same seed draws
the same programs.
"""

import contextlib
import ctypes
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from caco_tasks.config import SandboxSettings
from caco_tasks.records import Outcome
from caco_tasks.sandbox import Job, ProgramResult, Sandbox
from caco_tasks.sandbox.pool import LEVELS
from caco_tasks.sandbox.seccomp import DEADLY
from caco_tasks.sandbox.slots import LevelRefusedError
from caco_tasks.sandbox.syscalls import MACHINE, NUMBERS

sys.path.insert(0, str(Path(__file__).parent))
from host_state import Canaries, descendants, differences, look

CALLS: Final = 10_000_000
CALLS_EACH: Final = 8192  # that a program makes, if none ends it before
MOST: Final = 480  # numbers drawn are below: the kernel of this writing has some 470
THREADS: Final = 3
HONEST_EACH: Final = 4
SECONDS_TO_END: Final = 10.0
WORKERS: Final = 2 * (os.cpu_count() or 1)  # a call may wait

_PROGRAM: Final = Path(__file__).with_name("syscall_program.py").read_text(encoding="utf-8")
_OFFERED: Final = (
    "/etc/passwd",
    "/etc/shadow",
    "/etc/crontab",
    "/proc/sys/kernel/core_pattern",
    "/dev/mem",
    "/dev/kmsg",
)
_ADOPT_ORPHANS: Final = 36  # PR_SET_CHILD_SUBREAPER
_REPORT: Final = re.compile(r"<(\d) (\d+) (\d+) (\d+) (\d+)>")
_COUNTS: Final = ("made", "answered", "refused", "failed")


class _AtLevel(Sandbox):
    """A sandbox at one level, even where better ones can be had."""

    def __init__(self, level: str) -> None:
        super().__init__(SandboxSettings(workers=WORKERS, timeout_seconds=5.0, memory_mb=256))
        self._wanted = level

    def _start(self) -> str:
        refusal = self._try_level(self._wanted)
        if refusal:
            raise LevelRefusedError(f"{self._wanted}: {refusal}")
        return self._wanted


def bench(seed: int = 0, calls: int = CALLS) -> dict[str, Any]:
    """Makes at least `calls` system calls, drawn from `seed`, as many at each level.

    Returns:
        Per level: calls made, answered, refused (as not permitted or not known) and failed otherwise, programs and how
        they ended, wrong records of honest programs, lost programs, and what the zygotes grew by; and in "changed" what is
        not as it was outside.
    """
    ctypes.CDLL(None).prctl(_ADOPT_ORPHANS, 1, 0, 0, 0)  # so that nothing that a program starts could slip away
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    start = time.perf_counter()
    with (
        tempfile.TemporaryDirectory(prefix="caco-canaries-") as folder,
        Canaries(Path(folder)) as canaries,
        subprocess.Popen(["sleep", "infinity"], stdin=subprocess.DEVNULL) as sibling,
    ):
        for level in LEVELS:  # a Python that has never run here first writes its byte code
            with contextlib.suppress(LevelRefusedError), _AtLevel(level) as sandbox:
                sandbox.level  # noqa: B018 -- starts it
        _wait_until_alone(sibling.pid)
        before = look(canaries, _OFFERED)
        levels = {
            level: _at_level(level, f"{seed}/{level}", calls // len(LEVELS) + 1, canaries, sibling.pid)
            for level in LEVELS
        }
        _wait_until_alone(sibling.pid)
        after = look(canaries, _OFFERED)
        sibling.kill()
    return {
        "seed": seed,
        "calls": sum(found.get("made", 0) for found in levels.values()),
        "seconds": round(time.perf_counter() - start, 1),
        "changed": differences(before, after),
        "levels": levels,
    }


def _at_level(level: str, seed: str, calls: int, canaries: Canaries, sibling: int) -> dict[str, Any]:
    """The programs of one level."""
    counts, ends, wrong = Counter[str](), Counter[str](), 0
    growth: list[tuple[int, int]] = []
    with _AtLevel(level) as sandbox:
        try:
            sandbox.level  # noqa: B018 -- starts it
        except LevelRefusedError as exc:
            return {"refused here": str(exc)}
        lasting = set(descendants())
        ran = sandbox.run(_jobs(seed, canaries, [sibling, os.getpid(), *sorted(lasting)]))
        for place, one in enumerate(ran):
            if place % HONEST_EACH == 0:
                wrong += not _is_right(place, one)
                continue
            ends[str(one.verdict.reason or one.verdict.outcome)] += 1
            counts += _counts(one)
            growth.append(_use(lasting))
            if counts["made"] >= calls:
                break
            if place % 256 == 1:
                sys.stderr.write(f"{level}: {counts['made']:,} of {calls:,} calls, {wrong} wrong records\n")
    early, late = growth[len(growth) // 4 : len(growth) // 2 + 1], growth[3 * len(growth) // 4 :]
    return {
        **{name: counts[name] for name in _COUNTS},
        "programs": ends.total(),
        "ended": dict(ends),
        "wrong_records": wrong,
        "lost": ends["sandbox_lost"] + ends[Outcome.UNKNOWN],
        "zygotes_grew_kib": (_median_of(late, 0) - _median_of(early, 0)) * resource.getpagesize() >> 10,
        "zygotes_opened": _median_of(late, 1) - _median_of(early, 1),  # descriptors
    }


def _median_of(samples: list[tuple[int, int]], place: int) -> int:
    return statistics.median_low(sample[place] for sample in samples)


def _wait_until_alone(sibling: int) -> None:
    """Gives the processes of a closed sandbox time to go, and takes note of the end of those that were adopted."""
    deadline = time.monotonic() + SECONDS_TO_END
    while (left := set(descendants()) - {sibling}) and time.monotonic() < deadline:
        for pid in left:
            with contextlib.suppress(ChildProcessError):  # its own parent lives
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.1)


def _jobs(seed: str, canaries: Canaries, processes: list[int]) -> Iterator[Job]:
    paths = [
        str(canaries.folder / name)
        for name in ("open", "private", "command", "deep", "deep/file", "link", "pipe", "socket")
    ]
    given = {
        "numbers": NUMBERS, "deadly": DEADLY.split(), "most": MOST, "has_doors": MACHINE == "x86_64",
        "calls": CALLS_EACH, "threads": THREADS, "processes": processes,
        "paths": [*paths, str(canaries.folder), *_OFFERED, os.__file__],
        "ports": canaries.ports, "abstract_name": canaries.abstract_name,
    }  # fmt: skip
    place = 0
    while True:
        if place % HONEST_EACH == 0:
            yield Job(code=f"input = {{'n': {place}}}\noutput = input['n'] * 7\nprint(output)\n")
        else:
            yield Job(code=f"input = {given | {'seed': f'{seed}/{place}'}!r}\n{_PROGRAM}")
        place += 1


def _is_right(place: int, ran: ProgramResult) -> bool:
    execution = ran.execution
    told = (ran.verdict.kept, execution.input_json, execution.output_json, execution.stdout)
    return told == (True, f'{{"n": {place}}}', str(place * 7), f"{place * 7}\n")


def _counts(ran: ProgramResult) -> Counter[str]:
    """What a program's threads have reported; nothing of a report that its own calls have spoilt."""
    latest = dict[int, tuple[int, ...]]()
    for thread, *numbers in (map(int, found) for found in _REPORT.findall(ran.execution.stdout)):
        if thread < THREADS and numbers[0] <= CALLS_EACH:  # a call may have copied an older report elsewhere
            latest[thread] = max(latest.get(thread, ()), tuple(numbers))
    return sum((Counter(dict(zip(_COUNTS, numbers, strict=True))) for numbers in latest.values()), Counter())


def _use(processes: set[int]) -> tuple[int, int]:
    """Pages of memory and descriptors of those processes that still live."""
    pages = descriptors = 0
    for pid in processes:
        try:
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            descriptors += len(os.listdir(f"/proc/{pid}/fd"))
        except OSError:  # ended, or as a program's process has been made unreadable
            continue
    return pages, descriptors
