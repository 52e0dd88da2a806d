"""A zygote: imports once, is shut in once, then forks a process per program.

One process (the template) holds the imports of its tier. On request it forks a slot, which has its own scratch
and pid namespace and runs one program at a time. A slot waits until a job lies in its channel but never reads
it: the child that it forks does, so that nothing of one program is in the memory that the next one starts from.
"""

import contextlib
import gc
import importlib
import json
import os
import random
import select
import signal
import site
import socket
import sys
import time
import warnings
from typing import Final, NoReturn

from caco_tasks.sandbox import harness, jail, kernel, protocol, watch

# What most programs import. Each megabyte costs every program some 50 microseconds of page tables.
_COMMON: Final = """
array bisect cmath collections collections.abc contextlib copy datetime decimal enum fractions functools heapq io
itertools json math numbers operator random re statistics string time typing
"""
_RARE: Final = "calendar dataclasses textwrap"

TIERS: Final = {
    "light": _COMMON,
    "numpy": f"{_COMMON} {_RARE} numpy numpy.random",
    "sympy": f"{_COMMON} {_RARE} numpy sympy",
}


def main(arguments: str) -> NoReturn:
    """Serves the supervisor until it closes its end of the channel.

    `arguments` is a `protocol.Start` as JSON. Sends `READY`, or in its place one line that says why this level cannot
    be had here.
    """
    start = protocol.Start(**json.loads(arguments))
    os.dup2(start.channel, protocol.CHANNEL, inheritable=False)
    os.closerange(protocol.CHANNEL + 1, os.sysconf("SC_OPEN_MAX"))
    channel = socket.socket(fileno=protocol.CHANNEL)
    os.umask(0o022)
    try:
        _be_killed_first()
        _warm(start)
        template = _shut_in(start)
    except Exception as exc:
        channel.send(f"{type(exc).__name__}: {exc}"[:1000].encode(errors="replace"))
        os._exit(1)
    if template:
        os.close(protocol.CHANNEL)
        os.waitpid(template, 0)
        os._exit(0)
    channel.send(protocol.READY)
    _serve_slots(channel, start)


def _be_killed_first() -> None:
    """Makes a kernel that runs out of memory end programs before anything else; they are tried again."""
    with open("/proc/self/oom_score_adj", "w", encoding="ascii") as score:
        score.write("1000")


def _warm(start: protocol.Start) -> None:
    """Imports what programs use, has it build what it builds on first use, and takes it all from the garbage collector."""
    sys.path[:] = start.import_path
    for name in TIERS[start.tier].split():
        importlib.import_module(name)
    if start.tier == "sympy":
        _warm_sympy()
    harness.prepare(cpu_seconds=start.cpu_seconds, output_bytes=start.output_bytes)
    _forget_host()
    harness.rehearse()
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
    """Removes the host's environment and arguments."""
    os.environ.clear()
    sys.argv[:] = sys.orig_argv[:] = [harness.PROGRAM]
    sys.path_importer_cache.clear()
    site.setquit()  # `exit` and `quit`, which a start without `site` leaves out
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


def _shut_in(start: protocol.Start) -> int:
    """Shuts this process in; returns 0 in the process that serves, and its process id in one that waits for it."""
    if len(os.listdir("/proc/self/task")) != 1:
        raise OSError("fork: an imported library has started threads")
    jail.enter(start.level, jail.python_folders(start.module_folders))
    if start.level != "full":
        return 0
    template = kernel.clone(0)  # not os.fork, whose hooks write all over the memory that is to stay shared
    if template == 0:
        kernel.die_with_parent()
        kernel.allow_own_proc_files(False)
    return template


def _serve_slots(channel: socket.socket, start: protocol.Start) -> NoReturn:
    """Forks a slot for each request; ends when the supervisor's end of the channel closes."""
    random.seed(0)  # a fork in between has drawn a new state
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed(0)
    while True:
        message, descriptors, _, _ = socket.recv_fds(channel, 64, 1)
        if not message:
            os._exit(0)
        _reap_slots()
        if _fork_slot(start.level) == 0:
            _serve_jobs(descriptors[0], start)
        os.close(descriptors[0])


def _reap_slots() -> None:
    with contextlib.suppress(ChildProcessError):  # there is none
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _fork_slot(level: str) -> int:
    if level != "full":
        return os.fork()
    return kernel.clone(kernel.CLONE_NEWPID | kernel.CLONE_NEWIPC)


def _serve_jobs(descriptor: int, start: protocol.Start) -> NoReturn:
    """A slot: one child per job in the channel, until that closes or a program has soiled the scratch."""
    os.dup2(descriptor, protocol.CHANNEL)
    os.closerange(protocol.CHANNEL + 1, protocol.MAX_DESCRIPTORS)
    channel = socket.socket(fileno=protocol.CHANNEL)
    kernel.die_with_parent()
    jail.close_slot(
        start.level,
        address_bytes=harness.address_bytes() + (start.memory_mb << 20),
        file_bytes=max(protocol.FILE_BYTES, protocol.frame_bytes(start.output_bytes)),
    )
    scratch = jail.open_scratch(start.level)
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGCHLD,))  # to wait for it instead
    has_scratch = scratch >= 0
    clean = watch.folder_state(scratch) if has_scratch else ()
    channel.send(protocol.READY)
    poller = select.poll()
    poller.register(channel, select.POLLIN)
    while poller.poll()[0][1] == select.POLLIN:
        _run_one(channel, start.level, start.wall_seconds)
        watch.report.is_soiled = has_scratch and watch.folder_state(scratch) != clean
        channel.send(watch.report)
        if watch.report.is_soiled:
            break
    os._exit(0)


def _run_one(channel: socket.socket, level: str, wall_seconds: float) -> None:
    """Forks a process for the job in the channel, kills it with all it has started when its time is over, and reports."""
    start = time.monotonic()
    watch.start()
    process = kernel.clone(kernel.CLONE_NEWPID) if level == "full" else os.fork()
    if process == 0:
        harness.run(channel, has_namespaces=level == "full")
    if not _has_ended(process, channel, start + wall_seconds):
        os.kill(process, signal.SIGKILL)
        watch.report.is_late = True
    watch.take(process)
    if watch.report.is_late:
        watch.wait(0)  # the news of this death is not to be taken for that of the next program
    watch.report.wall_seconds = time.monotonic() - start
    watch.report.is_unread = watch.report.status != 0 and _discard_job(channel)


def _has_ended(process: int, channel: socket.socket, deadline: float) -> bool:
    """Waits for the child's end: False when its time is over, or nobody waits for its result any more."""
    while True:
        watch.wait(deadline - time.monotonic())
        if watch.has_ended(process):  # the signal may be an earlier child's
            return True
        if time.monotonic() >= deadline or _is_closed(channel):
            return False


def _is_closed(channel: socket.socket) -> bool:
    poller = select.poll()
    poller.register(channel, 0)
    return bool(poller.poll(0))


def _discard_job(channel: socket.socket) -> bool:
    """Whether the job is still in the channel; if so it is discarded unread."""
    with contextlib.suppress(BlockingIOError):
        return bool(channel.recv(1, socket.MSG_DONTWAIT))
    return False
