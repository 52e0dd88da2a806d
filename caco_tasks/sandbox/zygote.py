"""A zygote: imports once, is shut in once, then forks a process per program.

One process (the template) holds the imports of its tier. On request it forks a slot, which has its own scratch
and pid namespace and runs one program at a time. A slot waits until a job lies in its channel but never reads
it: the child that it forks does, so that nothing of one program is in the memory that the next one starts from.
"""

import contextlib
import gc
import importlib
import os
import random
import select
import signal
import socket
import sys
import time
import warnings
from typing import Final, NoReturn

from caco_tasks.sandbox import harness, jail, kernel, protocol

_PRELOADED: Final = """
abc array bisect calendar cmath collections collections.abc contextlib copy dataclasses datetime decimal enum fractions
functools heapq io itertools json math numbers operator random re statistics string sys textwrap time types typing
"""

TIERS: Final = {"light": [], "numpy": ["numpy"], "sympy": ["numpy", "sympy"]}


def main(arguments: list[str]) -> NoReturn:
    """Serves the supervisor until it closes its end of the channel.

    The arguments are the channel's descriptor, the level, the tier and the deadline of a program in seconds. Sends
    `READY`, or in its place one line that says why this level cannot be had here.
    """
    descriptor, level, tier, wall_seconds = arguments
    os.dup2(int(descriptor), protocol.CHANNEL, inheritable=False)
    os.closerange(protocol.CHANNEL + 1, os.sysconf("SC_OPEN_MAX"))
    channel = socket.socket(fileno=protocol.CHANNEL)
    os.umask(0o022)
    try:
        _warm(tier)
        template = _shut_in(level)
    except Exception as exc:
        channel.send(f"{type(exc).__name__}: {exc}"[:1000].encode(errors="replace"))
        os._exit(1)
    if template:
        os.close(protocol.CHANNEL)
        os.waitpid(template, 0)
        os._exit(0)
    channel.send(protocol.READY)
    _serve_slots(channel, level, float(wall_seconds))


def _warm(tier: str) -> None:
    """Imports what programs use, touches what that builds on first use, and takes it all from the garbage collector."""
    for name in [*_PRELOADED.split(), *TIERS[tier]]:
        importlib.import_module(name)
    if tier == "sympy":
        _warm_sympy()
    harness.prepare()
    _forget_host()
    _lay_down_memory()


def _warm_sympy() -> None:
    import sympy

    x, y = sympy.symbols("x y")
    sympy.solve(x**2 - 5 * x + 6, x)
    sympy.solve([x + y - 3, x - y - 1], [x, y])
    sympy.solveset(x**2 - 4, x)
    sympy.expand((x + y) ** 3).factor()
    sympy.simplify(sympy.sin(x) ** 2 + sympy.cos(x) ** 2)
    sympy.diff(sympy.exp(x) * sympy.log(x), x)
    sympy.integrate(x**2 * sympy.exp(x), x)
    sympy.limit(sympy.sin(x) / x, x, 0)
    sympy.Matrix([[1, 2], [3, 4]]).inv()
    sympy.summation(x, (x, 1, y))
    sympy.factorint(5040)
    str(sympy.sqrt(8) / 3 + sympy.Rational(1, 3) + sympy.pi.evalf(20))


def _forget_host() -> None:
    """Leaves no environment, no arguments, and no search path outside the folders that programs may read."""
    os.environ.clear()
    sys.argv[:] = [harness.PROGRAM]
    folders = jail.python_folders()
    sys.path[:] = [path for path in sys.path if any(path.startswith(folder) for folder in folders)]
    sys.path_importer_cache.clear()
    warnings.simplefilter("ignore")


def _lay_down_memory() -> None:
    gc.collect()
    gc.freeze()
    kernel.collapse_heap(_heap_ranges())


def _heap_ranges() -> list[tuple[int, int]]:
    """Address ranges of private writable memory that belongs to no file."""
    found = []
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        for line in maps:
            span, mode, *rest = line.split()
            if mode == "rw-p" and (len(rest) == 3 or rest[-1] == "[heap]"):
                start, end = span.split("-")
                found.append((int(start, 16), int(end, 16)))
    return found


def _shut_in(level: str) -> int:
    """Puts the walls up: 0 in the process that serves, and its process id in the one, if any, that waits for it."""
    if len(os.listdir("/proc/self/task")) != 1:
        raise OSError("fork: an imported library has started threads")
    jail.enter(level)
    if level != "full":
        return 0
    template = os.fork()
    if template == 0:
        kernel.die_with_parent()
        kernel.allow_own_proc_files(False)
    return template


def _serve_slots(channel: socket.socket, level: str, wall_seconds: float) -> NoReturn:
    """Forks a slot for each request; ends when the supervisor's end of the channel closes."""
    random.seed(0)  # a fork in between has drawn a new state
    while True:
        message, descriptors, _, _ = socket.recv_fds(channel, 64, 1)
        if not message:
            os._exit(0)
        _reap_slots()
        if _fork_slot(level) == 0:
            _serve_jobs(descriptors[0], level, wall_seconds)
        os.close(descriptors[0])


def _reap_slots() -> None:
    with contextlib.suppress(ChildProcessError):  # there is none
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _fork_slot(level: str) -> int:
    if level != "full":
        return os.fork()
    return kernel.clone(kernel.CLONE_NEWPID | kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC)[0]


def _serve_jobs(descriptor: int, level: str, wall_seconds: float) -> NoReturn:
    """A slot: one child per job in the channel, until that closes or a program has soiled the scratch."""
    os.dup2(descriptor, protocol.CHANNEL)
    os.closerange(protocol.CHANNEL + 1, protocol.MAX_DESCRIPTORS)
    channel = socket.socket(fileno=protocol.CHANNEL)
    kernel.die_with_parent()
    jail.close_slot(level)
    scratch = jail.open_scratch(level)
    clean = jail.scratch_state(scratch)
    channel.send(protocol.READY)
    poller = select.poll()
    poller.register(channel, select.POLLIN)
    while poller.poll()[0][1] == select.POLLIN:
        report = _run_one(channel, level, wall_seconds)
        is_soiled = jail.scratch_state(scratch) != clean
        channel.send(protocol.REPORT.pack(*report._replace(is_soiled=is_soiled)))
        if is_soiled:
            break
    os._exit(0)


def _run_one(channel: socket.socket, level: str, wall_seconds: float) -> protocol.Report:
    """Forks the program whose job lies in the channel, and kills it with all it has started when its time is over."""
    start = time.monotonic()
    process, watch = _fork_program(level)
    if process == 0:
        harness.run(channel, has_namespaces=level == "full")
    is_late = not _has_ended(watch, channel, wall_seconds)
    if is_late:
        os.kill(process, signal.SIGKILL)
    _, status, usage = os.wait4(process, 0)
    os.close(watch)
    return protocol.Report(
        status=status,
        wall_seconds=time.monotonic() - start,
        user_seconds=usage.ru_utime,
        system_seconds=usage.ru_stime,
        peak_kib=usage.ru_maxrss,
        is_late=is_late,
        is_unread=status != 0 and _discard_job(channel),
        is_soiled=False,
    )


def _fork_program(level: str) -> tuple[int, int]:
    """The new process, 0 in itself, and a descriptor that becomes readable when it ends."""
    if level == "full":
        return kernel.clone(kernel.CLONE_NEWPID | kernel.CLONE_PIDFD)
    process = os.fork()
    return process, os.pidfd_open(process) if process else -1


def _has_ended(watch: int, channel: socket.socket, wall_seconds: float) -> bool:
    """Waits for the program's end: False when its time is over, or nobody waits for its result any more."""
    poller = select.poll()
    poller.register(watch, select.POLLIN)
    poller.register(channel, 0)  # only whether the other end has closed
    return any(descriptor == watch for descriptor, _ in poller.poll(wall_seconds * 1000))


def _discard_job(channel: socket.socket) -> bool:
    """Whether the job is still in the channel; if so it is thrown away unseen."""
    with contextlib.suppress(BlockingIOError):
        return bool(channel.recv(1, socket.MSG_DONTWAIT))
    return False
