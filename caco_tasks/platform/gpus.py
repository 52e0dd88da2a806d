"""The GPUs of this machine, and leases of them: a task takes as many as its model needs, and waits until they are free.

Nothing runs beside the tasks to hand GPUs out. A lease is a lock of the kernel (`flock`) on one file for each GPU. The
process that works on the GPUs inherits the open files, so that a lock ends when the last process that holds it has ended,
however it ended. Who waits holds a numbered ticket, a locked file too; only the holder of the lowest one that lives may
take GPUs, so that who wants four gets them among many who want one. `docs/deployment.md` says how a machine is set up.

>>> with lease_gpus(2, {"CACO_GPUS": "4", "CACO_GPU_LOCKS": "/tmp/example-of-locks"}) as lease:
...     print(lease.environment["CUDA_VISIBLE_DEVICES"])
0,1
"""

import contextlib
import fcntl
import logging
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from caco_tasks.errors import ConfigError, PlatformError
from caco_tasks.platform.processes import send, wait_until, with_environment

PAUSE_SECONDS = 0.5  # between two looks of a task that waits
QUERY_SECONDS = 60  # nvidia-smi takes a second for each GPU whose driver sleeps
LEFTOVERS_SECONDS = 10  # for killed processes to give their memory back

MARK = "CACO_GPU_LEASE"  # variable that the processes of a lease are known by

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """GPUs that belong to one task until it and all that inherited `descriptors` have ended."""

    gpus: tuple[str, ...] = ()
    descriptors: tuple[int, ...] = ()  # of the locked files: for `pass_fds` of the process that works on the GPUs
    environment: Mapping[str, str] = field(default_factory=dict)  # for that process: it sees these GPUs and no others


def visible_gpus(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The GPUs that tasks on this machine may use, as CUDA_VISIBLE_DEVICES names them; nothing of CUDA is loaded.

    `CACO_GPUS` is a list of them, or how many of the first ones; without it, those of `CUDA_VISIBLE_DEVICES`; without
    both, all that `nvidia-smi` lists.

    Raises:
        ConfigError: `CACO_GPUS` is neither a list nor a number, or larger than `CUDA_VISIBLE_DEVICES` is long.
        PlatformError: `nvidia-smi` does not answer.
    """
    ours, visible = environ.get("CACO_GPUS", "").strip(), environ.get("CUDA_VISIBLE_DEVICES")
    if "," in ours or (ours and not ours.isdecimal()):
        return _split_names(ours, variable="CACO_GPUS")
    seen = None if visible is None else _split_names(_up_to_invalid(visible), variable="CUDA_VISIBLE_DEVICES")
    if not ours:
        return _list_gpus() if seen is None else seen
    if seen is not None and int(ours) > len(seen):
        raise ConfigError(f"CACO_GPUS is {ours}, and CUDA_VISIBLE_DEVICES names {len(seen)} GPUs: lower CACO_GPUS.")
    return seen[: int(ours)] if seen is not None else tuple(map(str, range(int(ours))))


@contextlib.contextmanager
def lease_gpus(
    count: int, environ: Mapping[str, str], *, purpose: str = "It", pause_seconds: float = PAUSE_SECONDS
) -> Iterator[Lease]:
    """Waits for `count` GPUs of this machine, first come first served, and holds them.

    Where the machine has no GPU nothing is leased, and the engine decides whether it can do without. Where it has some
    and `count` is 0, the process that works is to see none of them. `purpose` begins the sentence of the error.

    Raises:
        ConfigError: the machine has fewer GPUs.
        PlatformError: the folder of the locks cannot be used, or as `visible_gpus`.
    """
    gpus = visible_gpus(environ)
    if not gpus:  # hidden where CACO_GPUS says that there shall be none, which PyTorch would not know
        yield Lease(environment={"CUDA_VISIBLE_DEVICES": ""} if environ.get("CACO_GPUS", "").strip() else {})
        return
    if count > len(gpus):
        raise ConfigError(
            f"{purpose} needs {count} GPUs at once, and this machine has {len(gpus)} ({', '.join(gpus)}): lower "
            "vllm.tensor_parallel or hardware.processes, or run it where there are more."
        )
    with contextlib.ExitStack() as held:
        taken = _wait_for_gpus(locks_folder(environ), gpus, count, held, pause_seconds) if count else {}
        mark = secrets.token_hex(16)
        _end_leftovers(taken)
        for descriptor in taken.values():
            os.pwrite(descriptor, mark.encode(), 0)
        yield Lease(
            gpus=tuple(taken),
            descriptors=tuple(taken.values()),
            environment={
                "CUDA_VISIBLE_DEVICES": ",".join(taken),
                "CUDA_DEVICE_ORDER": environ.get(
                    "CUDA_DEVICE_ORDER", "PCI_BUS_ID"
                ),  # numbers mean what nvidia-smi says
                MARK: mark,
            },
        )


def locks_folder(environ: Mapping[str, str]) -> Path:
    """The folder of the locks, which all tasks that share these GPUs must share: `CACO_GPU_LOCKS`, else one per user.

    Raises:
        PlatformError: it cannot be made, or belongs to somebody else.
    """
    named = environ.get("CACO_GPU_LOCKS")
    # not where TMPDIR says, which differs between processes that must meet
    folder = Path(named) if named else Path("/tmp") / f"caco-gpus-{os.geteuid()}"
    try:
        (folder / "tickets").mkdir(parents=True, exist_ok=True, mode=0o700)
        owner = folder.lstat().st_uid
    except OSError as exc:
        raise PlatformError(f"The GPU locks in {folder} cannot be used ({exc.strerror}): set CACO_GPU_LOCKS.") from exc
    if not named and owner != os.geteuid():
        raise PlatformError(f"The folder {folder} belongs to another user: remove it, or set CACO_GPU_LOCKS.")
    return folder


def _split_names(names: str, *, variable: str) -> tuple[str, ...]:
    found = tuple(name.strip() for name in names.split(",") if name.strip())
    if len(found) > len(set(found)) or any("/" in name or name.startswith((".", "-")) for name in found):
        raise ConfigError(f"{variable} is '{names}': name each GPU once, by number or UUID, or give a number of GPUs.")
    return found


def _up_to_invalid(visible: str) -> str:
    """The GPUs of a CUDA_VISIBLE_DEVICES that CUDA sees: a name such as -1 ends the list."""
    names = [name.strip() for name in visible.split(",")]
    ends = [place for place, name in enumerate(names) if name.startswith("-") or name == "NoDevFiles"]
    return ",".join(names[: ends[0]] if ends else names)


def _list_gpus() -> tuple[str, ...]:
    if shutil.which("nvidia-smi") is None:
        return ()
    try:
        done = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False, timeout=QUERY_SECONDS)
    except subprocess.TimeoutExpired as exc:
        raise PlatformError(
            f"nvidia-smi has not answered for {QUERY_SECONDS} seconds: look at the driver, or set CACO_GPUS."
        ) from exc
    lines = [line for line in done.stdout.splitlines() if line.startswith("GPU ")]  # those of MIG are indented
    return tuple(map(str, range(len(lines)))) if done.returncode == 0 else ()


def _wait_for_gpus(
    folder: Path, gpus: Sequence[str], count: int, held: contextlib.ExitStack, pause_seconds: float
) -> dict[str, int]:
    """Waits for this process's turn and for its GPUs; the locked file of each, which `held` closes."""
    with contextlib.ExitStack() as waiting:
        ticket = _draw_ticket(folder, waiting)
        is_told = False
        while True:
            with _locked(folder / "queue"):
                taken = _take_free(folder, gpus, count) if _is_first(folder, ticket) else {}
            if taken:
                log.info("Leased the GPUs %s", ", ".join(taken))
                for descriptor in taken.values():
                    held.callback(os.close, descriptor)
                return taken
            if not is_told:
                log.info("Waiting for %d of the GPUs %s", count, ", ".join(gpus))
                is_told = True
            time.sleep(pause_seconds)


def _draw_ticket(folder: Path, waiting: contextlib.ExitStack) -> Path:
    """A locked file whose number is higher than all others; it goes when `waiting` closes."""
    with _locked(folder / "queue"):
        numbers = [int(path.name) for path in (folder / "tickets").iterdir()]
        ticket = folder / "tickets" / f"{max(numbers, default=0) + 1:012d}"
        descriptor = _open_locked(ticket)
        assert descriptor is not None, "a new file that somebody else has locked"
        waiting.callback(os.close, descriptor)
        waiting.callback(ticket.unlink, missing_ok=True)  # before it is closed: an open one is never taken for dead
    return ticket


def _is_first(folder: Path, ticket: Path) -> bool:
    """Whether no ticket before this one lives; those of processes that have ended are removed."""
    for before in sorted((folder / "tickets").iterdir()):
        if before.name >= ticket.name:
            return True
        descriptor = _open_locked(before)
        if descriptor is None:
            return False
        before.unlink(missing_ok=True)
        os.close(descriptor)
    return True


def _take_free(folder: Path, gpus: Sequence[str], count: int) -> dict[str, int]:
    """The locked files of `count` free GPUs by their names; none where fewer are free."""
    taken: dict[str, int] = {}
    for gpu in gpus:
        descriptor = _open_locked(folder / f"gpu-{gpu}") if len(taken) < count else None
        if descriptor is not None:
            taken[gpu] = descriptor
    if len(taken) == count:
        return taken
    for descriptor in taken.values():
        os.close(descriptor)
    return {}


def _end_leftovers(taken: Mapping[str, int]) -> None:
    """Kills what is left of leases that have ended: children of a stage that was killed may still hold a GPU's memory."""
    marks = {os.pread(descriptor, 64, 0).decode(errors="replace") for descriptor in taken.values()} - {""}
    left = [process for mark in marks for process in with_environment(f"{MARK}={mark}")]
    for process in left:
        send(process, signal.SIGKILL)
    wait_until(lambda: not any(process.is_alive() for process in left), seconds=LEFTOVERS_SECONDS)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _open_locked(path: Path) -> int | None:
    """A file that is now locked by this process; None where another one has it locked."""
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as exc:
        raise PlatformError(f"The GPU lock {path} cannot be opened ({exc.strerror}): set CACO_GPU_LOCKS.") from exc
