"""A hundred thousand programs through one sandbox, a tenth of them hostile: is every record right, and does anything grow?

Memory is that of this process, and of the processes below it that last (zygotes and templates: slots and programs come and
go), sampled as the programs go; the slope is a straight line through the later three quarters of the samples, when every
zygote stands.
"""

import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from caco_tasks.config import SandboxSettings
from caco_tasks.records import Reason
from caco_tasks.sandbox import Job, ProgramResult, Sandbox

PROGRAMS = 100_000
SAMPLES = 50
HOSTILE_EACH = 10  # one program in so many

# Hostile programs that end at once, and the reason that their record must have; None: it passes.
HOSTILE: dict[str, tuple[str, Reason | None]] = {
    "crash": ("import ctypes; ctypes.string_at(0)", Reason.ERROR),
    "exit": ("import os; os._exit(0)", Reason.ERROR),
    "fork": ("import os\nwhile True: os.fork()", Reason.FORBIDDEN),
    "network": ("import socket; socket.socket()", Reason.FORBIDDEN),
    "trace": ("import ctypes; ctypes.CDLL(None).ptrace(0, 0, 0, 0)", Reason.FORBIDDEN),
    "memory": ("x = [0] * 10**10", Reason.MEMORY),
    "flood": ("import os\nwhile True: os.write(1, b'x' * 65536)", Reason.OUTPUT_SIZE),
    "litter": ("open('left', 'w').write('x' * 4096); output = 1", None),
    "signals": ("import os\nfor n in range(2, 50): os.kill(n, 9)", Reason.ERROR),
    "group": ("import os; os.kill(0, 9)", Reason.FORBIDDEN),
    "own limit": ("import resource; resource.setrlimit(resource.RLIMIT_CPU, (0, 0))\nwhile True: pass", Reason.TIME),
    "cycle": ("output = []; output.append(output)", Reason.UNSERIALISABLE),
    "forgery": ("import os\nfor n in range(9):\n    try: os.write(n, b'x')\n    except OSError: pass\nos._exit(0)", Reason.ERROR),
}  # fmt: skip

# Plain ones; the last two are rare, so that every zygote has work.
HONEST = (
    "output = input['n'] * 7",
    "output = sum(n * 7 for n in range(input['n'], input['n'] + 1))",
    "from fractions import Fraction\noutput = int(Fraction(input['n'] * 21, 3))",
    "def f(n):\n    return n * 7\n\noutput = f(**input)",
)
RARE = (
    "import numpy\noutput = int(numpy.int64(input['n']) * 7)",
    "import sympy\noutput = int(sympy.Integer(input['n']) * 7)",
)
RARE_EACH = 100


class _Sample(NamedTuple):
    place: int  # programs done
    resident_mb: dict[int, float]  # by process


def bench(programs: int = PROGRAMS) -> dict[str, Any]:
    """Runs the programs on two workers.

    Returns:
        How many ran, how many records were wrong and which, programs per second, resident memory in MB with its slope
        in MB per 100,000 programs, and before, during and after: descriptors, processes and mounts.
    """
    before, most = _seen(), Counter[str]()
    samples: list[_Sample] = []
    wrong, kinds = Counter[str](), Counter[str]()
    start = time.perf_counter()
    with Sandbox(SandboxSettings(workers=2, timeout_seconds=20.0)) as sandbox:
        ran = sandbox.run(Job(code=_code(n)) for n in range(programs))
        for n, one in enumerate(ran):
            kinds[str(one.verdict.reason or one.verdict.outcome)] += 1
            wrong.update([] if _is_right(n, one) else [f"{_name(n)}: {one.verdict.reason}"])
            if n % max(1, programs // SAMPLES) == 0:
                samples.append(_Sample(n, {pid: _resident_mb(pid) for pid in [os.getpid(), *_below()]}))
                most |= Counter(_seen())
                _show(n, programs, time.perf_counter() - start, wrong.total())
        level = sandbox.level
    seconds = time.perf_counter() - start
    time.sleep(1)
    return {
        "programs": programs, "level": level, "seconds": round(seconds, 1),
        "programs_per_second": round(programs / seconds, 1),
        "outcomes": dict(kinds), "wrong_records": wrong.total(), "wrong": dict(wrong),
        "memory": _growth(samples), "before": before, "most": dict(most), "after": _seen(),
    }  # fmt: skip


def _name(n: int) -> str:
    if n % HOSTILE_EACH == HOSTILE_EACH - 1:
        return list(HOSTILE)[n // HOSTILE_EACH % len(HOSTILE)]
    return "rare" if n % RARE_EACH == 0 else "plain"


def _code(n: int) -> str:
    name = _name(n)
    if name in HOSTILE:
        body = HOSTILE[name][0]
    else:
        body = RARE[n // RARE_EACH % len(RARE)] if name == "rare" else HONEST[n % len(HONEST)]
    return f'input = {{"n": {n}}}\n{body}\nprint({n})\n'


def _is_right(n: int, ran: ProgramResult) -> bool:
    name = _name(n)
    if name in HOSTILE:
        return ran.verdict.reason is HOSTILE[name][1]
    execution = ran.execution
    told = (ran.verdict.kept, execution.input_json, execution.output_json, execution.stdout)
    return told == (True, f'{{"n": {n}}}', str(7 * n), f"{n}\n")


def _seen() -> dict[str, int]:
    return {
        "descriptors": len(os.listdir("/proc/self/fd")),
        "processes": len(_below()),
        "mounts": len(Path("/proc/self/mountinfo").read_text().splitlines()),
    }


def _resident_mb(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    except OSError:  # it has ended
        return 0.0


def _below() -> list[int]:
    """The processes below this one."""
    found, layer = [], [os.getpid()]
    while layer:
        layer = [child for pid in layer for child in _children(pid)]
        found += layer
    return found


def _children(pid: int) -> Iterator[int]:
    try:
        yield from map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    except OSError:
        return


def _growth(samples: list[_Sample]) -> dict[str, float]:
    late = samples[len(samples) // 4 :]
    lasting = set.intersection(*(set(sample.resident_mb) for sample in late)) - {os.getpid()}
    figures: dict[str, float] = {"lasting_processes": len(lasting)}
    for name, pids in (("supervisor", {os.getpid()}), ("zygotes", lasting)):
        sums = [sum(sample.resident_mb[pid] for pid in pids) for sample in late]
        slope = statistics.linear_regression([sample.place for sample in late], sums).slope
        figures[f"{name}_first_mb"], figures[f"{name}_last_mb"] = round(sums[0], 2), round(sums[-1], 2)
        figures[f"{name}_slope_mb_per_100000"] = round(slope * 100_000, 3)
    return figures


def _show(n: int, programs: int, seconds: float, wrong: int) -> None:
    sys.stderr.write(f"{n:>9,} of {programs:,} programs, {seconds:6.0f} s, {wrong} wrong records\n")
