"""What a program could have changed on this machine, so that two looks at it can be compared.

Each look is a table from the name of a thing to its state as text. Things that other programs of a machine change all the
time (its processes, sockets and shared memory) are looked at as far as this process or the sandbox has a part in them.
"""

import contextlib
import hashlib
import os
import re
import resource
import signal
import socket
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from caco_tasks.sandbox.jail import UNPRIVILEGED_ID

State = dict[str, str]

_DEVICES: Final = ("null", "zero", "full", "random", "urandom")
_TREES: Final = ("/etc", "/var/spool/cron", os.path.dirname(os.__file__))
_KERNEL_SETTINGS: Final = "/proc/sys"
_READING_CHANGES: Final = ("ns_last_pid", "stat_refresh", "flush")
_OF_ONE_INTERFACE: Final = re.compile(
    r"/net/[^/]+/(?:conf|neigh)/(?!all/|default/)"
)  # these come and go with containers
_SHARED_FOLDERS: Final = ("/dev/shm", "/dev/mqueue", "/tmp", "/var/tmp", "/run", "/")
_PLANTED: Final = b"planted"


class Canaries:
    """Files, a listening port, local sockets and another process's id, planted in `folder` for programs to reach for.

    The walls alone protect them: everybody may read, write and enter.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.chmod(0o777)
        for name, mode in (("open", 0o666), ("private", 0o600), ("command", 0o777)):
            (folder / name).write_bytes(_PLANTED)
            (folder / name).chmod(mode)
        (folder / "deep").mkdir(mode=0o777)
        (folder / "deep" / "file").write_bytes(_PLANTED)
        (folder / "link").symlink_to(folder / "open")
        os.link(folder / "open", folder / "second-name")
        os.mkfifo(folder / "pipe", 0o666)
        self._sockets = [
            _bound(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            _bound(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            _bound(socket.AF_UNIX, socket.SOCK_STREAM, str(folder / "socket")),
            _bound(socket.AF_UNIX, socket.SOCK_DGRAM, f"\0caco-canary-{os.getpid()}"),
        ]
        (folder / "socket").chmod(0o777)

    @property
    def ports(self) -> list[int]:
        """The port that takes connections, and the one that takes datagrams."""
        return [one.getsockname()[1] for one in self._sockets[:2]]

    @property
    def abstract_name(self) -> str:
        """The name of the local socket that has no file."""
        return str(self._sockets[3].getsockname()[1:].decode())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in self._sockets:
            one.close()

    def callers(self) -> State:
        """Whether anybody has connected or sent anything."""
        return {f"socket {place}": "quiet" if _is_quiet(one) else "called" for place, one in enumerate(self._sockets)}


def look(canaries: Canaries, offered: Iterable[str]) -> State:
    """The state of everything that is watched; `offered` are further paths that programs are told of."""
    found: State = canaries.callers()
    for root in (str(canaries.folder), *_TREES):
        found |= {f"file {path}": _file_state(path) for path in _walk(root)}
    found |= {f"contents {path}": _digest(path) for path in _walk(str(canaries.folder))}
    found |= {f"file {path}": _file_state(path) for path in (*offered, *(f"/dev/{name}" for name in _DEVICES))}
    return found | _kernel_settings() | _machine() | _left_behind() | _own_process()


def differences(before: State, after: State) -> list[str]:
    """What is not as it was: the thing, its state before and after; "absent" where there was none."""
    return [
        f"{thing}: {before.get(thing, 'absent')} -> {after.get(thing, 'absent')}"
        for thing in sorted(before.keys() | after.keys())
        if before.get(thing) != after.get(thing)
    ]


def descendants() -> list[int]:
    """The processes below this one; orphans among them, where this process adopts orphans."""
    found, layer = list[int](), [os.getpid()]
    while layer:
        layer = [child for pid in layer for child in _children(pid)]
        found += layer
    return found


def _bound(family: int, kind: int, address: tuple[str, int] | str) -> socket.socket:
    made = socket.socket(family, kind)
    made.bind(address)
    made.setblocking(False)
    if kind == socket.SOCK_STREAM:
        made.listen(64)
    return made


def _is_quiet(one: socket.socket) -> bool:
    try:
        if one.type == socket.SOCK_STREAM:
            one.accept()[0].close()
        else:
            one.recv(1)
    except BlockingIOError:
        return True
    return False


def _walk(root: str) -> Iterator[str]:
    yield root
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name != "__pycache__"]
        yield from (os.path.join(folder, name) for name in (*folders, *files))


def _file_state(path: str) -> str:
    try:
        found = os.lstat(path)
        attributes = os.listxattr(path, follow_symlinks=False)
        target = os.readlink(path) if stat.S_ISLNK(found.st_mode) else ""
    except OSError as exc:
        return f"{type(exc).__name__}"
    owner = f"{found.st_mode:o} {found.st_uid} {found.st_gid}"
    is_busy = stat.S_ISDIR(found.st_mode) and path.startswith(
        _TREES
    )  # others may write byte code there, a file of its own
    if is_busy or path.startswith("/proc/"):  # whose files are made anew when they are looked at
        return owner
    numbers = (found.st_size, found.st_rdev, found.st_nlink, found.st_ino)
    return f"{owner} {numbers} {found.st_mtime_ns} {found.st_ctime_ns} {attributes} {target}"


def _digest(path: str) -> str:
    if not stat.S_ISREG(os.lstat(path).st_mode):
        return "no file"
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _kernel_settings() -> State:
    """The values of all settings of the kernel that somebody may write: the others cannot be changed by a write."""
    found = State()
    for path in _walk(_KERNEL_SETTINGS):
        if path.endswith(_READING_CHANGES) or _OF_ONE_INTERFACE.search(path) or not os.path.isfile(path):
            continue
        if not os.stat(path).st_mode & 0o222:
            continue
        with contextlib.suppress(OSError):  # some may be written but not read
            found[f"setting {path}"] = Path(path).read_bytes().decode(errors="replace").strip()
    return found


def _machine() -> State:
    mounts = [line.split(" ", 1) for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    modules = (line.split()[0] for line in _lines("/proc/modules"))
    offset = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    return {
        **{f"mount {number}": text for number, text in mounts},
        **{f"module {name}": "loaded" for name in modules},
        **{f"swap {line.split()[0]}": "on" for line in _lines("/proc/swaps")[1:]},
        "name": " ".join(os.uname()[:2]),
        "clock": "right" if abs(offset - _CLOCK_OFFSET) < 1 else f"moved by {offset - _CLOCK_OFFSET:.0f} s",
    }


_CLOCK_OFFSET: Final = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def _left_behind() -> State:
    """Processes, shared memory, queues, semaphores, keys and files that the sandbox's programs could leave."""
    found = {f"process {pid}": "runs" for pid in descendants()}
    below = set(descendants())
    for row in _lines("/proc/sysvipc/shm")[1:]:
        creator = int(row.split()[4])
        if creator in below or not os.path.exists(f"/proc/{creator}"):  # else it is a living stranger's
            found[f"shared memory {row.split()[1]}"] = row
    for kind in ("msg", "sem"):
        found |= {f"{kind} {row.split()[1]}": row for row in _lines(f"/proc/sysvipc/{kind}")[1:]}
    found |= {f"keys of {UNPRIVILEGED_ID}": row for row in _lines("/proc/key-users") if f" {UNPRIVILEGED_ID}:" in row}
    for folder in _SHARED_FOLDERS:
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):  # others come and go
                    if entry.stat(follow_symlinks=False).st_uid == UNPRIVILEGED_ID:
                        found[f"file of the sandbox's user {entry.path}"] = "there"
    return found


def _own_process() -> State:
    """The state of this process, the supervisor: programs run below it and share some of what it has opened."""
    mask = os.umask(0o022)
    os.umask(mask)
    status = dict(line.split(":\t", 1) for line in _lines("/proc/self/status") if ":\t" in line)
    names = (
        "Uid",
        "Gid",
        "Groups",
        "CapEff",
        "CapPrm",
        "CapBnd",
        "NoNewPrivs",
        "Seccomp",
        "SigBlk",
        "SigIgn",
        "Threads",
    )
    limits = {name: getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")}
    return {
        **{f"own {name}": status.get(name, "") for name in names},
        **{f"own {name}": str(resource.getrlimit(number)) for name, number in limits.items()},
        **{f"own descriptor {number}": target for number, target in _descriptors()},
        "own mask": f"{mask:o}",
        "own folder": os.getcwd(),
        "own root": os.readlink("/proc/self/root"),
        "own rank": str((os.nice(0), os.sched_getscheduler(0), sorted(os.sched_getaffinity(0)))),
        "own score": Path("/proc/self/oom_score_adj").read_text().strip(),
        "own timer": str(signal.getitimer(signal.ITIMER_REAL)),
        "own group": str((os.getpgrp(), os.getsid(0))),
    }


def _descriptors() -> Iterator[tuple[str, str]]:
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # that of the listing itself
            yield number, os.readlink(f"/proc/self/fd/{number}")


def _children(pid: int) -> Iterator[int]:
    for task in os.listdir(f"/proc/{pid}/task") if os.path.exists(f"/proc/{pid}/task") else ():
        yield from map(int, " ".join(_lines(f"/proc/{pid}/task/{task}/children")).split())


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # this kernel has none, or it is not for us
        return []
