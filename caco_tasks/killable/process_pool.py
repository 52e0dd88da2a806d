"""The caller's side: worker processes, each with its own process group, its limits and a budget for each request."""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import caco_tasks
from caco_tasks.errors import PlatformError

READ_BYTES = 65_536  # of a reply, at a time
DYING_SECONDS = 0.5  # a process that closed its end is about to have an exit code


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerKind:
    """What the workers of a pool run, and what they may take."""

    module: str  # which calls `serve`
    task: str  # what it does, for errors: "compares answers"
    memory_mb: int  # of address space
    cpu_seconds: float  # of a request, which a busy machine does not stretch
    wall_seconds: float  # of a request that waits for the processor as well
    start_seconds: float  # to import its libraries, on a machine that has little time for it
    setup: Any = None  # JSON value that each gets first


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of one request: the worker's message, or why there is none."""

    key: int
    message: Any  # JSON value; None where there is an error
    seconds: float  # of wall time
    error: str | None = None  # not None: its worker died, or had to be killed
    is_late: bool = False  # it took too long


@dataclass(slots=True)
class _Worker:
    process: "subprocess.Popen[bytes]"
    deadline: float
    is_ready: bool = False
    key: int | None = None  # of the request in hand
    started: float = 0.0
    buffer: bytearray = field(default_factory=bytearray)


class KillablePool:
    """At most `size` processes, started when there is work; not thread-safe.

    Raises:
        PlatformError: a worker does not start.
    """

    def __init__(self, kind: WorkerKind, size: int) -> None:
        self._kind = kind
        self._size = size
        self._workers: list[_Worker] = []
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._selector = selectors.DefaultSelector()

    @property
    def pending(self) -> int:
        """Requests that were submitted and have no reply yet."""
        return len(self._waiting) + sum(worker.key is not None for worker in self._workers)

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers."""
        return [worker.process.pid for worker in self._workers]

    def submit(self, key: int, request: Any) -> None:
        """Queues a JSON value; its reply carries `key`."""
        self._waiting.append((key, json.dumps(request).encode() + b"\n"))
        self._assign()

    def poll(self, timeout_seconds: float | None = None) -> list[Reply]:
        """The replies that are there; waits for one if none is, at most `timeout_seconds` (None: without limit)."""
        end = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        replies: list[Reply] = []
        while not replies and self.pending:
            self._assign()
            deadlines = [worker.deadline for worker in self._workers if worker.key is not None or not worker.is_ready]
            now = time.monotonic()
            next_event = min([*deadlines, *([] if end is None else [end])], default=now)
            for key, _ in self._selector.select(max(0.0, next_event - now)):
                replies.extend(self._read(key.data))
            replies.extend(self._kill_late())
            if end is not None and time.monotonic() >= end:
                break
        self._assign()
        return replies

    def close(self) -> None:
        """Kills all workers."""
        for worker in list(self._workers):
            self._remove(worker)
        self._waiting.clear()
        self._selector.close()

    def _assign(self) -> None:
        for worker in list(self._workers):
            if self._waiting and worker.is_ready and worker.key is None:
                self._send(worker, *self._waiting.popleft())
        starting = sum(not worker.is_ready for worker in self._workers)
        while len(self._workers) < self._size and starting < len(self._waiting):
            self._start_worker()
            starting += 1

    def _send(self, worker: _Worker, key: int, line: bytes) -> None:
        worker.key, worker.started = key, time.monotonic()
        worker.deadline = worker.started + self._kind.wall_seconds
        if not self._write(worker, line):  # it died while idle: the request is not to blame
            worker.key = None
            self._waiting.appendleft((key, line))
            self._remove(worker)

    def _write(self, worker: _Worker, line: bytes) -> bool:
        assert worker.process.stdin is not None
        try:
            worker.process.stdin.write(line)
            worker.process.stdin.flush()
        except BrokenPipeError:
            return False
        return True

    def _start_worker(self) -> None:
        kind, root = self._kind, str(Path(caco_tasks.__file__).parents[1])
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", kind.module, str(kind.memory_mb), str(kind.cpu_seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": root, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"},
            cwd="/",
            start_new_session=True,
        )
        worker = _Worker(process, time.monotonic() + kind.start_seconds)
        assert process.stdout is not None
        self._workers.append(worker)
        self._selector.register(process.stdout, selectors.EVENT_READ, worker)
        self._write(worker, json.dumps(kind.setup).encode() + b"\n")  # one that died is found where it is read

    def _read(self, worker: _Worker) -> list[Reply]:
        assert worker.process.stdout is not None
        data = os.read(worker.process.stdout.fileno(), READ_BYTES)
        if not data:
            return self._bury(worker)
        worker.buffer += data
        if not data.endswith(b"\n"):  # it answers one request at a time
            return []
        message, worker.buffer = json.loads(worker.buffer), bytearray()
        if not worker.is_ready:
            worker.is_ready = True
            return []
        return self._reply(worker, message)

    def _bury(self, worker: _Worker) -> list[Reply]:
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.process.wait(DYING_SECONDS)
        self._remove(worker)
        code = worker.process.returncode
        if not worker.is_ready:
            raise PlatformError(
                f"A process that {self._kind.task} ended while it started (exit code {code}): check the installation."
            )
        return (
            self._late(worker)
            if code == -signal.SIGXCPU
            else self._reply(worker, error=f"its process ended with {code}")
        )

    def _kill_late(self) -> list[Reply]:
        replies: list[Reply] = []
        now = time.monotonic()
        for worker in [worker for worker in self._workers if worker.deadline <= now]:
            if not worker.is_ready:
                self._remove(worker)
                raise PlatformError(
                    f"A process that {self._kind.task} was not ready after {self._kind.start_seconds:.0f} s: the machine is "
                    "overloaded."
                )
            if worker.key is not None:
                replies.extend(self._late(worker))
                self._remove(worker)
        return replies

    def _late(self, worker: _Worker) -> list[Reply]:
        return self._reply(worker, error=f"no result after {self._kind.cpu_seconds:g} s", is_late=True)

    def _reply(
        self, worker: _Worker, message: Any = None, *, error: str | None = None, is_late: bool = False
    ) -> list[Reply]:
        """What became of the request in hand; nothing where there is none."""
        key, worker.key = worker.key, None
        return [] if key is None else [Reply(key, message, time.monotonic() - worker.started, error, is_late)]

    def _remove(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        process = worker.process
        assert process.stdin is not None
        assert process.stdout is not None
        self._selector.unregister(process.stdout)
        with contextlib.suppress(ProcessLookupError):  # it is gone already
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        with contextlib.suppress(BrokenPipeError):  # what was not sent yet goes nowhere
            process.stdin.close()
