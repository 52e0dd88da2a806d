"""The supervisor's side: a zygote process, the slots that it forks, and one job at a time in each slot."""

import contextlib
import json
import os
import secrets
import select
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from caco_tasks.errors import SandboxError
from caco_tasks.sandbox import interpreter, protocol
from caco_tasks.sandbox.jobs import Job
from caco_tasks.sandbox.verdicts import Facts, Limits

BOOT_SECONDS: Final = 120.0  # a zygote on a busy machine
SLOT_SECONDS: Final = 30.0
GRACE_SECONDS: Final = 5.0  # after a deadline, for the slot to report it

_BOOT: Final = Path(__file__).with_name("boot.py")


class SlotLost(Exception):
    """A slot, or its zygote, has ended or does not answer."""


class LevelRefusedError(SandboxError):
    """This machine does not allow a level of protection; the message names what it refused."""


class Zygote:
    """One zygote process, shut in at `level`, with a tier's imports and a hash seed.

    Raises:
        LevelRefusedError: this machine does not allow the level.
    """

    def __init__(self, *, level: str, tier: str, hash_seed: int, limits: Limits) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._channel = ours
        with theirs:
            self._process = _spawn(_make_start(theirs.fileno(), level, tier, limits), hash_seed)
        self._ready = False

    def wait_until_ready(self) -> None:
        """Waits until the zygote has imported its modules and shut itself in."""
        if self._ready:
            return
        answer = _receive(self._channel, BOOT_SECONDS)
        if answer != protocol.READY:
            self.close()
            raise LevelRefusedError(answer.decode(errors="replace") or "the zygote ended at its start")
        self._ready = True

    def slot(self) -> "Slot":
        """A new slot.

        Raises:
            SlotLost: the zygote is gone.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                self.wait_until_ready()
                socket.send_fds(self._channel, [protocol.NEW_SLOT], [theirs.fileno()])
            except (OSError, LevelRefusedError) as exc:
                ours.close()
                raise SlotLost(f"The zygote is gone: {exc}") from exc
        if _receive(ours, SLOT_SECONDS) != protocol.READY:
            ours.close()
            raise SlotLost("A slot ended at its start.")
        return Slot(self, ours)

    def close(self) -> None:
        """Ends the zygote and everything that it has forked."""
        self._channel.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, 9)
        self._process.wait()


class Slot:
    """Runs one program at a time."""

    def __init__(self, zygote: Zygote, channel: socket.socket) -> None:
        self.zygote = zygote
        self.channel = channel
        self.is_soiled = False
        self.nonce = b""
        self.deadline = 0.0  # on the monotonic clock, for the slot's answer
        self._files: tuple[int, int] | None = None

    def start(self, job: Job, limits: Limits) -> None:
        """Sends a job to the slot.

        Raises:
            SlotLost: the slot is gone.
        """
        self.nonce = secrets.token_bytes(protocol.NONCE_BYTES)
        self._files = (_memory_file("stdout"), _memory_file("result"))
        message, descriptors = _pack_job(job, self.nonce, self._files)
        try:
            socket.send_fds(self.channel, [message], descriptors)
        except OSError as exc:
            raise SlotLost(f"The slot is gone: {exc}") from exc
        finally:
            for descriptor in descriptors[2:]:
                os.close(descriptor)
        self.deadline = time.monotonic() + limits.wall_seconds + GRACE_SECONDS

    def finish(self, limits: Limits) -> Facts:
        """The facts of the job's end, once `channel` is readable.

        Raises:
            SlotLost: the slot ended without a report.
        """
        message = _take_message(self.channel)
        if len(message) != protocol.REPORT_BYTES or self._files is None:
            raise SlotLost("The slot ended while it ran a program.")
        report = protocol.read_report(message)
        self.is_soiled = report.is_soiled
        stdout, result = self._files
        stdout_bytes = os.fstat(stdout).st_size
        facts = Facts(
            report=report,
            frame=_start_of(result, os.fstat(result).st_size, protocol.frame_bytes(limits.output_bytes)),
            stdout=_start_of(stdout, stdout_bytes, limits.output_bytes),
            stdout_bytes=stdout_bytes,
        )
        self._close_files()
        return facts

    def close(self) -> None:
        """Ends the slot, and with it a program that it is running."""
        self._close_files()
        self.channel.close()

    def _close_files(self) -> None:
        for descriptor in self._files or ():
            os.close(descriptor)
        self._files = None


def _make_start(channel: int, level: str, tier: str, limits: Limits) -> protocol.Start:
    return protocol.Start(
        channel=channel,
        level=level,
        tier=tier,
        module_folders=interpreter.module_folders(),
        import_path=interpreter.import_path(),
        wall_seconds=limits.wall_seconds,
        cpu_seconds=limits.cpu_seconds,
        memory_mb=limits.memory_mb,
        output_bytes=limits.output_bytes,
    )


def _spawn(start: protocol.Start, hash_seed: int) -> subprocess.Popen[bytes]:
    environment = {
        "PYTHONHASHSEED": str(hash_seed),
        "PYTHONUTF8": "1",
        "PYTHONNODEBUGRANGES": "1",  # columns in tracebacks, which nobody reads, would cost a program one part in twenty
        "MALLOC_ARENA_MAX": "1",  # a heap of 64 MB of addresses per thread would count as memory
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
    return subprocess.Popen(
        [sys.executable, "-P", "-s", "-S", str(_BOOT), json.dumps(start._asdict())],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[start.channel],
        cwd="/",
        start_new_session=True,
    )


def _memory_file(name: str) -> int:
    return os.memfd_create(name, os.MFD_CLOEXEC)


def _start_of(descriptor: int, size: int, most: int) -> bytes:
    return os.pread(descriptor, min(size, most), 0) if size else b""


def _pack_job(job: Job, nonce: bytes, files: tuple[int, int]) -> tuple[bytes, list[int]]:
    """The job as one message, and the descriptors to send along; what is too long lies in a third file."""
    code = job.code.encode("utf-8", "surrogatepass")
    override = b"" if job.input_json is None else job.input_json.encode("utf-8", "surrogatepass")
    head = protocol.JobHead(
        nonce=nonce,
        variant=job.variant,
        code_bytes=len(code),
        input_bytes=-1 if job.input_json is None else len(override),
    )
    message = protocol.pack_job(head, code, override)
    if len(message) <= protocol.INLINE_BYTES:
        return message, list(files)
    long = _memory_file("job")
    with open(long, "wb", closefd=False) as file:
        file.write(message[protocol.HEAD.size :])
    return message[: protocol.HEAD.size], [*files, long]


def _receive(channel: socket.socket, seconds: float) -> bytes:
    """One message, or nothing where the other end has closed.

    Raises:
        SlotLost: none has come within `seconds`.
    """
    if not _is_readable(channel, seconds):
        raise SlotLost("No answer in time.")
    return _take_message(channel)


def _take_message(channel: socket.socket) -> bytes:
    """The message that is there, or nothing where the other end has closed.

    Raises:
        SlotLost: there is none.
    """
    try:
        return channel.recv(4096, socket.MSG_DONTWAIT)
    except ConnectionResetError:
        return b""
    except BlockingIOError:
        raise SlotLost("No answer in time.") from None


def _is_readable(channel: socket.socket, seconds: float) -> bool:
    poller = select.poll()  # select() itself takes no descriptor above 1023
    poller.register(channel, select.POLLIN)
    return bool(poller.poll(seconds * 1000))
