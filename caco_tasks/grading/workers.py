"""Worker processes that can be killed: each has its own process group, its limits and a wall-clock budget per pair."""

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

MEMORY_MB = 1536  # of address space, per worker
START_SECONDS = 90.0  # for a worker to import its libraries on a busy machine
MAX_REPLY_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class CheckerReply:
    """What became of one pair: equal or not, or None with the reason why nobody can tell."""

    key: int
    equal: bool | None
    seconds: float
    error: str | None
    killed: bool  # its worker had to be killed, or died


@dataclass(slots=True)
class _Worker:
    process: "subprocess.Popen[bytes]"
    deadline: float
    ready: bool = False
    key: int | None = None  # of the pair in hand
    started: float = 0.0
    buffer: bytes = b""

    def reply(self, equal: bool | None, error: str | None, *, killed: bool) -> CheckerReply:
        """What became of the pair in hand."""
        assert self.key is not None
        return CheckerReply(self.key, equal, time.monotonic() - self.started, error, killed)


@dataclass(slots=True)
class _Task:
    key: int
    line: bytes = field(repr=False)


class CheckerPool:
    """At most `workers` processes, started when there is work; not thread-safe.

    Raises:
        PlatformError: a worker does not start.
    """

    def __init__(self, workers: int, timeout_seconds: float) -> None:
        self._size = workers
        self._timeout_seconds = timeout_seconds
        self._workers: list[_Worker] = []
        self._waiting: deque[_Task] = deque()
        self._selector = selectors.DefaultSelector()

    @property
    def pending(self) -> int:
        """Pairs that were submitted and have no reply yet."""
        return len(self._waiting) + sum(worker.key is not None for worker in self._workers)

    def submit(self, key: int, gold: str, pred: str) -> None:
        """Queues a pair; its reply carries `key`."""
        line = json.dumps({"gold": gold, "pred": pred}).encode() + b"\n"
        self._waiting.append(_Task(key, line))
        self._assign()

    def poll(self, timeout_seconds: float | None = None) -> list[CheckerReply]:
        """The replies that are there; waits for one if none is, at most `timeout_seconds` (None: without limit)."""
        end = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        replies: list[CheckerReply] = []
        while not replies and self.pending:
            self._assign()
            deadlines = [worker.deadline for worker in self._workers if worker.key is not None or not worker.ready]
            now = time.monotonic()
            next_event = min([*deadlines, *([] if end is None else [end])], default=now)
            for key, _ in self._selector.select(max(0.0, next_event - now)):
                replies.extend(self._read_reply(key.data))
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
        for worker in self._workers:
            if self._waiting and worker.ready and worker.key is None:
                self._send_pair(worker, self._waiting.popleft())
        starting = sum(not worker.ready for worker in self._workers)
        while len(self._workers) < self._size and starting < len(self._waiting):
            self._start_worker()
            starting += 1

    def _send_pair(self, worker: _Worker, task: _Task) -> None:
        worker.key, worker.started = task.key, time.monotonic()
        worker.deadline = worker.started + self._timeout_seconds
        assert worker.process.stdin is not None
        try:
            worker.process.stdin.write(task.line)
            worker.process.stdin.flush()
        except BrokenPipeError:  # it died while idle: the pair is not to blame
            worker.key = None
            self._waiting.appendleft(task)
            self._remove(worker)

    def _start_worker(self) -> None:
        root = str(Path(caco_tasks.__file__).parents[1])
        command = [sys.executable, "-P", "-m", "caco_tasks.grading.worker", str(MEMORY_MB), str(self._timeout_seconds)]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": root, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"},
            cwd="/",
            start_new_session=True,
        )
        worker = _Worker(process, time.monotonic() + START_SECONDS)
        assert process.stdout is not None
        self._workers.append(worker)
        self._selector.register(process.stdout, selectors.EVENT_READ, worker)

    def _read_reply(self, worker: _Worker) -> list[CheckerReply]:
        assert worker.process.stdout is not None
        data = os.read(worker.process.stdout.fileno(), MAX_REPLY_BYTES)
        if not data:
            return self._bury(worker)
        worker.buffer += data
        line, newline, rest = worker.buffer.partition(b"\n")
        if not newline:
            return []
        worker.buffer = rest
        message: dict[str, Any] = json.loads(line)
        if not worker.ready:
            worker.ready = True
            return []
        reply = worker.reply(message["equal"], message["error"], killed=False)
        worker.key = None
        return [reply]

    def _bury(self, worker: _Worker) -> list[CheckerReply]:
        if not worker.ready:
            self._remove(worker)
            raise PlatformError(
                f"A grading worker ended while it started (exit code {worker.process.returncode}): "
                "check that math-verify is installed."
            )
        replies = [] if worker.key is None else [worker.reply(None, "its checker died", killed=True)]
        self._remove(worker)
        return replies

    def _kill_late(self) -> list[CheckerReply]:
        replies: list[CheckerReply] = []
        now = time.monotonic()
        for worker in [worker for worker in self._workers if worker.deadline <= now]:
            if not worker.ready:
                self._remove(worker)
                raise PlatformError(
                    f"A grading worker was not ready after {START_SECONDS:.0f} seconds: the machine is overloaded."
                )
            if worker.key is not None:
                replies.append(worker.reply(None, f"no result after {self._timeout_seconds:g} s", killed=True))
                self._remove(worker)
        return replies

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
