"""Processes by pid *and* start time, so that a number the kernel gave to somebody else is never mistaken for ours.

Everything is read from `/proc`. A zombie counts as gone: it holds no port, no memory and no file.
"""

import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from caco_tasks.atomic import write_bytes
from caco_tasks.errors import PlatformError

PR_SET_PDEATHSIG = 1

_PROC = Path("/proc")  # read directly: psutil would be one more package for four small files
_LOOPBACK_IN_HEX, _LISTENING = "0100007F", "0A"  # in /proc/net/tcp
_STATE, _PARENT, _SESSION, _THREADS, _STARTED = 0, 1, 3, 17, 19  # in /proc/PID/stat, behind the name


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessId:
    """One process, once and for all: its pid and the clock tick after boot at which it started."""

    pid: int
    started_ticks: int

    def is_alive(self) -> bool:
        """Whether this very process still runs."""
        return _started_ticks(self.pid) == self.started_ticks


def spawn(command: list[str], *, log_file: Path, environment: Mapping[str, str]) -> ProcessId:
    """Starts a process in a session of its own, its output appended to `log_file`; nobody waits for its end.

    Raises:
        PlatformError: the program or the log file cannot be opened.
    """
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),  # a terminal's Ctrl-C and hang-up are not for it
        (os.POSIX_SPAWN_OPEN, 1, str(log_file), append, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    try:
        pid = os.posix_spawn(command[0], command, environment, file_actions=files, setsid=True)
    except OSError as exc:
        raise PlatformError(f"{command[0]} cannot be started with its log in {log_file}: {exc.strerror}.") from exc
    return identify(pid) or ProcessId(pid=pid, started_ticks=-1)  # -1: gone at once


def write_pid_file(path: Path, process: ProcessId) -> None:
    """Writes a process to a file, whole or not at all."""
    write_bytes(path, f"{process.pid} {process.started_ticks}\n".encode())


def read_pid_file(path: Path) -> ProcessId | None:
    """The process that a file names; None where there is no file, or one that holds something else."""
    try:
        pid, ticks = path.read_text().split()
        return ProcessId(pid=int(pid), started_ticks=int(ticks))
    except (OSError, ValueError):
        return None


_ended: dict[int, int] = {}  # exit codes of children by process number, until they are asked for


def reap() -> None:
    """Collects the exit codes of children that ended, so that no zombie is left of them."""
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            _ended[ended[0]] = os.waitstatus_to_exitcode(ended[1])


def take_exit_code(pid: int) -> int | None:
    """The exit code of a child that has ended, once, as `subprocess` has it; None where it was no child of this process."""
    reap()
    return _ended.pop(pid, None)


def identify(pid: int) -> ProcessId | None:
    """The process that has `pid` now, or None where there is none."""
    ticks = _started_ticks(pid)
    return None if ticks is None else ProcessId(pid=pid, started_ticks=ticks)


def die_with_parent(parent: int) -> None:
    """Has the kernel send this process SIGTERM when the thread that started it ends; now, if `parent` has ended."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # it ended before we asked; the kernel does not send a signal after the fact
        os.kill(os.getpid(), signal.SIGTERM)


def stop(process: ProcessId, *, patience_seconds: float) -> None:
    """Ends a process that leads its session: SIGTERM, and after `patience_seconds` SIGKILL for the whole session.

    The session is killed even when its leader has ended in good order: children of it may be left.
    """
    if process.is_alive():
        send(process, signal.SIGTERM)
        wait_until(lambda: not process.is_alive(), seconds=patience_seconds)
    kill_session(process)


def kill_session(leader: ProcessId) -> None:
    """SIGKILL to every process of the session that `leader` led and still leads, if it lives.

    The kernel gives a number away only when no process, group or session has it any more: members found under the
    leader's number are its own unless that number belongs to a younger leader by now.
    """
    if not session_members(leader):
        return
    for pid in session_members(leader):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not session_members(leader), seconds=5)


def send(process: ProcessId, number: signal.Signals) -> None:
    """Sends a signal, unless the process has gone."""
    if process.is_alive():
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)


def wait_until(condition: Callable[[], bool], *, seconds: float, pause: float = 0.05) -> bool:
    """Whether `condition` came true within `seconds`; asked every `pause` seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def session_members(leader: ProcessId) -> list[int]:
    """The living processes of the session that `leader` leads or led, in whatever groups they are."""
    now = identify(leader.pid)
    if now is not None and now != leader:  # the number belongs to a younger process, and the session to that one
        return []
    members = [(pid, stat) for pid, stat in _all_stats() if int(stat[_SESSION]) == leader.pid]
    return [pid for pid, stat in members if not _is_gone(stat) and int(stat[_STARTED]) >= leader.started_ticks]


def listens(leader: ProcessId, port: int) -> bool:
    """Whether a process of the session that `leader` leads is the one that listens on `port` of the loopback address."""
    rows = [line.split() for line in (_PROC / "net" / "tcp").read_text().splitlines()[1:]]
    address = f"{_LOOPBACK_IN_HEX}:{port:04X}"
    # named as the links in /proc/PID/fd name them
    sockets = {f"socket:[{row[9]}]" for row in rows if row[1] == address and row[3] == _LISTENING}
    return any(sockets & _list_open_files(pid) for pid in session_members(leader))


def descendants(pid: int) -> list[int]:
    """`pid` and all its children's children, in no order."""
    children: dict[int, list[int]] = {}
    for child, stat in _all_stats():
        children.setdefault(int(stat[_PARENT]), []).append(child)
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        todo.extend(children.get(one, []))
    return found


def with_environment(entry: str) -> list[ProcessId]:
    """The processes of this user that were started with `NAME=value` in their environment."""
    wanted = entry.encode()
    found = []
    for pid, stat in _all_stats():
        with contextlib.suppress(OSError):  # the process has ended, or is another user's
            entries = (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
            if not _is_gone(stat) and wanted in entries:
                found.append(ProcessId(pid=pid, started_ticks=int(stat[_STARTED])))
    return found


def ancestors(pid: int) -> set[int]:
    """`pid` and its parents up to the first process."""
    found = set()
    while pid > 0 and pid not in found:  # the parent of the first process is 0
        found.add(pid)
        stat = _stat(pid)
        pid = int(stat[_PARENT]) if stat else 0
    return found


def memory_mb(pids: Iterable[int]) -> float:
    """The memory of processes in MB, shared pages counted by share (PSS); what cannot be read counts as 0."""
    total_kb = 0
    for pid in pids:
        with contextlib.suppress(OSError):  # the process has ended, or is another user's
            lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
            total_kb += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return round(total_kb / 1024, 1)


def _started_ticks(pid: int) -> int | None:
    stat = _stat(pid)
    return None if stat is None or _is_gone(stat) else int(stat[_STARTED])


def _is_gone(stat: list[str]) -> bool:
    return stat[_STATE] in "ZX" and int(stat[_THREADS]) <= 1  # else its threads are still closing files


def _all_stats() -> Iterable[tuple[int, list[str]]]:
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            stat = _stat(int(folder.name))
            if stat is not None:
                yield int(folder.name), stat


def _stat(pid: int) -> list[str] | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()  # the name before it may hold any bytes: a program can name itself


def _list_open_files(pid: int) -> set[str]:
    found = set()
    with contextlib.suppress(OSError):  # the process has ended, or is another user's
        for link in (_PROC / str(pid) / "fd").iterdir():
            with contextlib.suppress(OSError):
                found.add(str(link.readlink()))
    return found
