"""The messages between the supervisor, its zygotes and their programs: heads of fixed size, no pickles."""

import ctypes
import struct
from typing import Final, NamedTuple

NONCE_BYTES: Final = 16
INLINE_BYTES: Final = 48_000  # a longer job travels in a memory file
FILE_BYTES: Final = 4 << 20  # most that a program may write into one file; the result and stdout are files

CHANNEL: Final = 3  # descriptor of a slot's channel to the supervisor, and of a zygote's
MAX_DESCRIPTORS: Final = 64
RESULT: Final = 4  # descriptor that a program's result goes to

READY: Final = b"ready"
NEW_SLOT: Final = b"slot"

HEAD: Final = struct.Struct(f"={NONCE_BYTES}sIIi")


class Start(NamedTuple):
    """A zygote's settings, as a JSON object on its command line."""

    channel: int  # descriptor
    level: str
    tier: str
    module_folders: list[str]  # that programs may read
    import_path: list[str]
    wall_seconds: float  # these and the following: what each program may use
    cpu_seconds: int
    memory_mb: int
    output_bytes: int


class JobHead(NamedTuple):
    """The head of a job, before the text of its program and of its input."""

    nonce: bytes
    variant: int
    code_bytes: int
    input_bytes: int  # -1: the program keeps its own input


class _Use(ctypes.Structure):
    """The kernel's `struct rusage`."""

    _fields_ = (
        ("user", ctypes.c_long * 2),  # seconds and microseconds
        ("system", ctypes.c_long * 2),
        ("peak_kib", ctypes.c_long),
        ("unread", ctypes.c_long * 13),
    )


class RawReport(ctypes.Structure):
    """A report as it travels: parts that the kernel has written, and the slot's own."""

    _fields_ = (
        ("wall_seconds", ctypes.c_double),
        ("use", _Use),
        ("cpu_limits", ctypes.c_int64 * 2),  # the soft and the hard one
        ("status", ctypes.c_int),
        ("is_late", ctypes.c_bool),
        ("is_unread", ctypes.c_bool),
        ("is_soiled", ctypes.c_bool),
    )


REPORT_BYTES: Final = ctypes.sizeof(RawReport)


class Report(NamedTuple):
    """The kernel's facts of a program that has ended, as its slot reports them; the program has no part in it."""

    status: int  # as from wait4
    wall_seconds: float
    user_seconds: float
    system_seconds: float
    peak_kib: int
    cpu_limit: int  # in seconds, -1: none; a program can lower its own
    is_late: bool  # killed at the deadline
    is_unread: bool  # the program's process was lost before it took the job
    is_soiled: bool  # something is left in the scratch: the slot ends after this


def read_report(message: bytes) -> Report:
    """The report that has come as `REPORT_BYTES` of a `RawReport`."""
    raw = RawReport.from_buffer_copy(message)
    user, system = raw.use.user, raw.use.system
    return Report(
        status=raw.status,
        wall_seconds=raw.wall_seconds,
        user_seconds=user[0] + user[1] / 1e6,
        system_seconds=system[0] + system[1] / 1e6,
        peak_kib=raw.use.peak_kib,
        cpu_limit=raw.cpu_limits[1],
        is_late=raw.is_late,
        is_unread=raw.is_unread,
        is_soiled=raw.is_soiled,
    )


def frame_bytes(output_bytes: int) -> int:
    """The most that a result can take: two values and their texts, each with every character escaped."""
    return 4 * output_bytes + (1 << 18)


def pack_job(head: JobHead, code: bytes, input_json: bytes) -> bytes:
    """A job as one message."""
    return HEAD.pack(*head) + code + input_json


def unpack_job(message: bytes) -> tuple[JobHead, bytes, bytes | None]:
    """The head, the code and the input, if any, of a job."""
    head = JobHead(*HEAD.unpack_from(message))
    code_end = HEAD.size + head.code_bytes
    return head, message[HEAD.size : code_end], message[code_end:] if head.input_bytes >= 0 else None
