"""What a program costs in the sandbox, beside other ways to run one.

CPU is that of the whole process tree: the supervisor, the zygotes and the programs. There are two floors. "Fork" is a warm
process that forks, runs the program in the child, and waits: what a fork per program costs, and no protection at all.
"In process" is the program in the warm process itself, for the second time, so that all of its caches are filled, plus an
empty fork: no way of running each program in a process of its own reaches it, for it copies no page that is written to.
The reference starts a Manager and a Process per program.
"""

import contextlib
import ctypes
import inspect
import json
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from caco_tasks.config import SandboxSettings
from caco_tasks.sandbox import Job, Sandbox, slots, zygote

sys.path.insert(0, str(Path(__file__).parent))
from sandbox_corpus import HOSTILE, corpus

Figures = dict[str, float]

WORKERS = 2
TURNS = 5  # of one worker and of all cores
SLOW_PROGRAMS = 30  # for the ways that start an interpreter per program
_WALLED = slots._BOOT
_IMPORTS = {kind: f"import {', '.join(names.split())}\n" for kind, names in zygote.TIERS.items()}
_WARM = {
    "plain": _IMPORTS["light"],
    "numpy": _IMPORTS["numpy"],
    "sympy": f"{_IMPORTS['sympy']}{inspect.getsource(zygote._warm_sympy)}\n_warm_sympy()",
}
_ADOPT_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER
_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")

_FLOOR = """
import gc, io, json, os, resource, sys, time
programs = json.load(sys.stdin)
WARM
true_stdout, sys.stdout = sys.stdout, io.StringIO()
def run(code):
    exec(compile(code, "<program>", "exec"), {"__name__": "__main__"})
def cpu():
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
def fork(code):
    pid = os.fork()
    if pid == 0:
        if code is not None:
            run(code)
        os._exit(0)
    os.waitpid(pid, 0)
def seconds(way, arguments):
    start = cpu()
    for argument in arguments:
        way(argument)
    return (cpu() - start) / len(programs)
gc.collect(); gc.freeze()
forked = seconds(fork, programs)
seconds(run, programs)
again = seconds(run, programs)
empty = seconds(fork, [None] * len(programs))
sys.stdout = true_stdout
json.dump({"fork": forked, "in process": again + empty}, sys.stdout)
"""


def bench() -> dict[str, Any]:
    """Runs the corpus in the sandbox and the other ways.

    Returns:
        Per way: "cpu_ms" per program, "programs_per_core_second", "p50_ms" and "p99_ms" of the wall time, and how many
        of how many programs passed; and the ratios that the goals are set in.
    """
    mixed = corpus()
    plain = [code for kind, code in mixed if kind == "plain"]
    ways: dict[str, Any] = {
        "sandbox, mix": in_sandbox([code for _, code in mixed]),
        "sandbox, plain": in_sandbox(plain),
        "sandbox, sympy": in_sandbox([code for kind, code in mixed if kind == "sympy"]),
        "sandbox, numpy": in_sandbox([code for kind, code in mixed if kind == "numpy"]),
        "sandbox, mix, 10 % hostile": among_hostile([code for _, code in mixed]),
        "no walls, mix": in_sandbox([code for _, code in mixed], kind=Unwalled),
        "no walls, plain": in_sandbox(plain, kind=Unwalled),
        **floors("mix", mixed),
        **floors("plain", [("plain", code) for code in plain]),
        **on_cores("mix", [code for _, code in mixed]),
        **on_cores("plain", plain),
    }
    few = [code for _, code in mixed[:: len(mixed) // SLOW_PROGRAMS]]
    ways["python -I, mix"] = one_by_one(few, _in_interpreter)
    ways["manager process, mix"] = one_by_one(few, _in_manager_process)
    if shutil.which("bwrap"):
        ctypes.CDLL(None).prctl(_ADOPT_ORPHANS, 1, 0, 0, 0)
        ways["bubblewrap, mix"] = one_by_one(few, _in_bubblewrap)
    return {"ways": ways, "ratios": _ratios(ways), "cores": os.cpu_count(), "load": os.getloadavg()[0]}


class Unwalled(Sandbox):
    """The same zygotes, slots and harness without namespaces, filter, limits and scratch."""

    def _start(self) -> str:
        slots._BOOT = Path(__file__).with_name("sandbox_unwalled.py")  # type: ignore[misc]
        return "full"

    def close(self) -> None:
        """Ends it, and lets the next sandbox have its walls."""
        super().close()
        slots._BOOT = _WALLED  # type: ignore[misc]


def in_sandbox(
    codes: list[str], *, timeout_seconds: float = 20.0, kind: type[Sandbox] = Sandbox, hostile: Sequence[int] = ()
) -> Figures:
    """The programs in a warm sandbox, at the best level that this machine has; `hostile` are the places of attacks."""
    with kind(SandboxSettings(workers=WORKERS, timeout_seconds=timeout_seconds)) as sandbox:
        list(sandbox.run(Job(code=code) for code in codes[: 20 * WORKERS]))
        start, before = time.perf_counter(), time.process_time() + tree_cpu_seconds()
        ran = list(sandbox.run(Job(code=code) for code in codes))
        cpu_seconds = time.process_time() + tree_cpu_seconds() - before
        wall_seconds = time.perf_counter() - start
    honest = [outcome for place, outcome in enumerate(ran) if place not in hostile]
    cpu_seconds -= sum(ran[place].execution.cpu_seconds for place in hostile)
    passed = sum(outcome.verdict.kept for outcome in honest)
    return _figures(cpu_seconds, [outcome.execution.wall_seconds for outcome in honest], passed) | {
        "programs_per_second": round(len(codes) / wall_seconds, 1)
    }


def on_cores(name: str, codes: list[str]) -> dict[str, Figures]:
    """The programs on one worker and on one for each core, in turns, so that both meet the same neighbours."""
    counts = {"one worker": 1, "all cores": os.cpu_count() or 1}
    cpu_seconds, walls = dict.fromkeys(counts, 0.0), {way: list[float]() for way in counts}
    with contextlib.ExitStack() as stack:
        sandboxes = {
            way: stack.enter_context(Sandbox(SandboxSettings(workers=workers, timeout_seconds=20.0)))
            for way, workers in counts.items()
        }
        for sandbox in sandboxes.values():
            list(sandbox.run(Job(code=code) for code in codes[: 20 * WORKERS]))
        for _ in range(TURNS):
            for way, sandbox in sandboxes.items():
                start, before = time.perf_counter(), time.process_time() + tree_cpu_seconds()
                list(sandbox.run(Job(code=code) for code in codes))
                cpu_seconds[way] += time.process_time() + tree_cpu_seconds() - before
                walls[way].append(time.perf_counter() - start)
    return {
        f"{way}, {name}": {
            "cpu_ms": round(1000 * cpu_seconds[way] / TURNS / len(codes), 3),
            "programs_per_second": round(len(codes) / statistics.median(walls[way]), 1),
        }
        for way in counts
    }


def among_hostile(codes: list[str]) -> Figures:
    """The programs, with an attack in the place of each tenth; some of these burn all the time that they are given.

    "cpu_ms" and the rate are those of the honest programs: all CPU but what the attacks themselves used.
    """
    attacks = list(HOSTILE.values())
    places = range(9, len(codes), 10)
    replaced = {place: attacks[number % len(attacks)] for number, place in enumerate(places)}
    return in_sandbox(
        [replaced.get(place, code) for place, code in enumerate(codes)], timeout_seconds=1.0, hostile=places
    )


def floors(name: str, programs: list[tuple[str, str]]) -> dict[str, Figures]:
    """Each kind of program in a warm process with that kind's imports, and in bare forks of it."""
    cpu_seconds = {"fork": 0.0, "in process": 0.0}
    for kind in sorted({kind for kind, _ in programs}):
        codes = [code for other, code in programs if other == kind]
        script = _FLOOR.replace("WARM", _WARM[kind])
        told = subprocess.run(
            [sys.executable, "-I", "-c", script], input=json.dumps(codes), capture_output=True, text=True, check=True
        )
        for way, seconds in json.loads(told.stdout).items():
            cpu_seconds[way] += seconds * len(codes)
    return {f"floor, {way}, {name}": {"cpu_ms": 1000 * cpu / len(programs)} for way, cpu in cpu_seconds.items()}


def one_by_one(codes: list[str], way: Callable[[str], bool]) -> Figures:
    """Each program by `way`, which starts and ends a process for it and says whether it passed."""
    before, walls, passed = _own_cpu_seconds(), [], 0
    for code in codes:
        start = time.perf_counter()
        passed += way(code)
        walls.append(time.perf_counter() - start)
    return _figures(_own_cpu_seconds() - before, walls, passed)


def tree_cpu_seconds() -> float:
    """CPU seconds of all living processes below this one, and of those that they have waited for."""
    seen: dict[int, tuple[int, float]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
                seen[int(entry.name)] = (int(fields[1]), sum(int(ticks) for ticks in fields[11:15]) * _TICK_SECONDS)
    return sum(cpu for pid, (_, cpu) in seen.items() if pid != os.getpid() and _is_below(pid, os.getpid(), seen))


def _is_below(pid: int, ancestor: int, seen: dict[int, tuple[int, float]]) -> bool:
    while pid in seen:
        if pid == ancestor:
            return True
        pid = seen[pid][0]
    return False


def _own_cpu_seconds() -> float:
    return sum(os.times()[:4])


def _figures(cpu_seconds: float, walls: list[float], passed: int) -> Figures:
    cuts = statistics.quantiles(walls, n=100) if len(walls) > 1 else walls * 99
    return {
        "cpu_ms": round(1000 * cpu_seconds / len(walls), 3),
        "programs_per_core_second": round(len(walls) / max(cpu_seconds, 1e-9), 1),
        "p50_ms": round(1000 * statistics.median(walls), 2),
        "p99_ms": round(1000 * cuts[98], 2),
        "passed": passed,
        "programs": len(walls),
    }


def _ratios(ways: dict[str, Figures]) -> dict[str, float]:
    pairs = {
        "sandbox to a bare fork, mix": ("sandbox, mix", "floor, fork, mix"),
        "sandbox to a bare fork, plain": ("sandbox, plain", "floor, fork, plain"),
        "sandbox to in process, mix": ("sandbox, mix", "floor, in process, mix"),
        "sandbox to in process, plain": ("sandbox, plain", "floor, in process, plain"),
        "walls to none, mix": ("sandbox, mix", "no walls, mix"),
        "walls to none, plain": ("sandbox, plain", "no walls, plain"),
        "CPU on all cores to one worker, mix": ("all cores, mix", "one worker, mix"),
        "CPU on all cores to one worker, plain": ("all cores, plain", "one worker, plain"),
        "manager process to sandbox, mix": ("manager process, mix", "sandbox, mix"),
        "python -I to sandbox, mix": ("python -I, mix", "sandbox, mix"),
        "bubblewrap to sandbox, mix": ("bubblewrap, mix", "sandbox, mix"),
    }
    cores = os.cpu_count() or 1
    linear = {
        f"linear from one core to all, {name}": round(
            ways[f"all cores, {name}"]["programs_per_second"]
            / ways[f"one worker, {name}"]["programs_per_second"]
            / cores,
            2,
        )
        for name in ("mix", "plain")
    }
    return linear | {
        name: round(ways[over]["cpu_ms"] / ways[under]["cpu_ms"], 2)
        for name, (over, under) in pairs.items()
        if over in ways
    }


def _in_interpreter(code: str) -> bool:
    done = subprocess.run([sys.executable, "-I", "-c", code], stdout=subprocess.DEVNULL, timeout=60, check=False)
    return done.returncode == 0


def _in_bubblewrap(code: str) -> bool:
    jail = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev", "--die-with-parent"]
    command = [*jail, sys.executable, "-I", "-c", code]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, timeout=60, check=False)
    with contextlib.suppress(ChildProcessError):  # none is left
        while True:
            os.wait()  # it leaves its first process to whoever adopts it, and with that the program's CPU time
    return done.returncode == 0


def _in_manager_process(code: str) -> bool:
    """As the reference code does it: a Manager for the result, a Process for the program, five seconds."""
    context = multiprocessing.get_context("fork")
    with context.Manager() as manager:
        result = manager.dict()
        process = context.Process(target=_exec_into, args=(code, result))
        process.start()
        process.join(60)
        return "output" in result


def _exec_into(code: str, result: Any) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        exec(compile(code, "<program>", "exec"), names)
    result["output"] = repr(names["output"])


if __name__ == "__main__":
    sys.stdout.write(json.dumps(bench(), indent=1) + "\n")
