"""How a slot watches its child and its scratch: system calls that write to as little memory as can be.

The functions of `os` and `signal` build objects of a dozen fields from what the kernel says. Each page that this process
writes to is shared with its child: it has to be copied while the child lives, and costs a fault afterwards. Here the kernel
writes into one place, and what it has written there is the report that goes to the supervisor.
"""

import ctypes
import os
import resource
import signal
from typing import Final, NoReturn

from caco_tasks.sandbox import protocol
from caco_tasks.sandbox.syscalls import NUMBERS

LOOK_UP_SECONDS: Final = 0.5  # how long `wait` waits at most

_CALL: Final = ctypes.PyDLL(None, use_errno=True).syscall
_CALL.restype = ctypes.c_long
_CALL.argtypes = (ctypes.c_long,) * 6
_WAITID, _WAIT4, _PRLIMIT = (NUMBERS.get(name, 0) for name in ("waitid", "wait4", "prlimit64"))
_SIGTIMEDWAIT, _STATX, _FSTATFS = (NUMBERS.get(name, 0) for name in ("rt_sigtimedwait", "statx", "fstatfs"))

_ENDED: Final = os.WEXITED | os.WNOHANG | os.WNOWAIT
_CPU: Final = int(resource.RLIMIT_CPU)
_SIGNALS_BYTES: Final = 8  # of the kernel's set of signals
_AT_EMPTY_PATH, _MODE_AND_CHANGE = 0x1000, 0x2 | 0x80  # of statx


class _Memory(ctypes.Structure):
    """What the kernel reads and writes; the parts up to `signal` are a child's, and set back before the next one."""

    _fields_ = (
        ("report", protocol.RawReport),
        ("signal", ctypes.c_int * 32),  # siginfo_t
        ("file", ctypes.c_uint32 * 64),  # struct statx
        ("files", ctypes.c_ulong * 16),  # struct statfs
        ("nanoseconds", ctypes.c_long * 2),  # struct timespec
        ("signals", ctypes.c_uint64),
        ("empty_path", ctypes.c_char),
    )


_memory: Final = _Memory(signals=1 << (signal.SIGCHLD - 1))
_ADDRESSES: Final = {name: ctypes.addressof(_memory) + getattr(_Memory, name).offset for name, _ in _Memory._fields_}
_REPORT, _SIGNAL, _FILE, _FILES, _TIME, _SIGNALS, _EMPTY_PATH = _ADDRESSES.values()
_LIMIT, _USE, _STATUS = (_REPORT + getattr(protocol.RawReport, name).offset for name in ("cpu_limits", "use", "status"))
_ONE_CHILD_BYTES: Final = _FILE - _REPORT

report: Final = _memory.report
_signal: Final = _memory.signal
_file: Final = _memory.file
_files: Final = _memory.files
_nanoseconds: Final = _memory.nanoseconds


def start() -> None:
    """Forgets the last child, of which the next one shall find nothing."""
    ctypes.memset(_REPORT, 0, _ONE_CHILD_BYTES)


def wait(seconds: float) -> None:
    """Waits for the end of some child, or until the time is over, not longer than `LOOK_UP_SECONDS`; 0 does not wait."""
    _nanoseconds[1] = int(min(LOOK_UP_SECONDS, max(0.0, seconds)) * 1e9)
    _CALL(_SIGTIMEDWAIT, _SIGNALS, 0, _TIME, _SIGNALS_BYTES, 0)


def has_ended(process: int) -> bool:
    """Whether the child has ended; it stays to be taken."""
    if _CALL(_WAITID, os.P_PID, process, _SIGNAL, _ENDED, 0) < 0:
        _fail("waitid")
    return int(_signal[4]) != 0  # si_pid


def take(process: int) -> None:
    """Writes the CPU limit of an ended child, its status and what it used into `report`, and lets it go."""
    if _CALL(_PRLIMIT, process, _CPU, 0, _LIMIT, 0) < 0:
        _fail("prlimit64")
    if _CALL(_WAIT4, process, _STATUS, 0, _USE, 0) < 0:
        _fail("wait4")


def folder_state(folder: int) -> tuple[int, ...]:
    """The state of an open folder in memory: two of them differ where anything in it was made, removed or changed."""
    if _CALL(_STATX, folder, _EMPTY_PATH, _AT_EMPTY_PATH, _MODE_AND_CHANGE, _FILE) < 0:
        _fail("statx")
    if _CALL(_FSTATFS, folder, _FILES, 0, 0, 0) < 0:
        _fail("fstatfs")
    return (
        _files[6],
        _file[7],
        _file[24],
        _file[25],
        _file[26],
    )  # free files; mode, seconds and nanoseconds of its change


def _fail(name: str) -> NoReturn:
    code = ctypes.get_errno()
    raise OSError(code, f"{name}: {os.strerror(code)}")
