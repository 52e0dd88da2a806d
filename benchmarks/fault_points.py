"""Faults at the edge between a task and its machine: the process is killed, or the system refuses, at a point of our choice.

Nothing of the library is replaced. Python reports every file that is opened or renamed to audit hooks, before it happens; a
hook that kills is a kill at that point, and one that raises OSError is a system call that failed. Torn files are made by the
kernel: it ends a process in the middle of a write where a file grows over a limit (`RLIMIT_FSIZE`).
"""

import atexit
import errno
import json
import os
import re
import resource
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from caco_tasks.atomic import DRAFT

PLAN_VARIABLE = "CACO_BENCH_FAULT"  # how a plan reaches a process that a task starts
LEASED = "caco.bench.leased"  # what a task of a night reports once it has its GPUs
SLOW_SECONDS = 0.15
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
BROKEN = OSError(errno.EIO, os.strerror(errno.EIO))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where and how a process is to be struck."""

    kind: str  # as `fault_table.Boundary.kind`
    folder: str  # of the store, or of the GPU locks
    pattern: str
    fault: str
    nth: int
    variant: int
    mark: str  # a file that is made when the fault strikes

    def to_json(self) -> str:
        """The plan for `PLAN_VARIABLE`."""
        return json.dumps({name: getattr(self, name) for name in self.__slots__})


class _Striker:
    """An audit hook that strikes once."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._pattern = plan, re.compile(plan.pattern)
        self._left = plan.nth
        self._is_due = False  # what the fault comes after has just been begun
        self._has_struck = False

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if self._has_struck:
            return
        match self._plan.kind:
            case "file" if event in ("open", "os.rename"):
                self._look_at_file(event, args)
            case "lease" if event in ("open", LEASED):
                self._look_at_lease(event, args)
            case "hand-over" if event in ("open", "os.rename"):
                self._look_at_end(event, args)

    def _look_at_file(self, event: str, args: tuple[Any, ...]) -> None:
        if self._is_due:  # the folder of a renamed file is opened to be forced to the disk
            self._strike()
        if event == "os.rename":
            if self._matches(args[1]):
                self._rename()
        elif self._plan.fault in ("torn", "error", "slow"):
            size = self._size_of_draft(args[0])
            if size is not None:
                self._open_draft(size)

    def _open_draft(self, size: int) -> None:
        match self._plan.fault, self._plan.variant % 3:
            case "torn", _:
                self._tear(size // 2, signal.SIG_DFL)
            case "error", 0:
                self._tear(size // 2, signal.SIG_IGN)  # the write itself fails
            case "error", 1:
                self._strike(FULL)
            case "slow", _:
                time.sleep(SLOW_SECONDS)

    def _rename(self) -> None:
        match self._plan.fault, self._plan.variant % 3:
            case "before", _:
                self._left -= 1
                if self._left == 0:
                    self._strike()
            case "after", _:
                self._left -= 1
                self._is_due = self._left == 0
            case "error", 2:
                self._left -= 1
                if self._left == 0:
                    self._strike(BROKEN)
            case "slow", _:
                self._note()
                time.sleep(SLOW_SECONDS)

    def _look_at_lease(self, event: str, args: tuple[Any, ...]) -> None:
        name = Path(os.fsdecode(args[0])).name if event == "open" and not isinstance(args[0], int) else ""
        match self._plan.fault:
            case "before" | "error" if name.startswith("gpu-"):
                self._strike(None if self._plan.fault == "before" else OSError(errno.EACCES, "Permission denied"))
            case "torn" if name == "queue":  # at the second opening it holds a ticket and no GPU
                self._left, is_first = self._left - 1, self._left == self._plan.nth
                if not is_first:
                    self._strike()
            case "after" if event == LEASED:
                self._strike()
            case "slow" if event == LEASED:
                self._note()
                time.sleep(SLOW_SECONDS)

    def _look_at_end(self, event: str, args: tuple[Any, ...]) -> None:
        if self._is_due:
            self._is_due = False
            match self._plan.fault:
                case "before":
                    self._strike()
                case "after":
                    atexit.register(self._strike)  # once it has said what it made
                case "torn":
                    self._tear(10, signal.SIG_DFL)
                case "error":
                    self._tear(10, signal.SIG_IGN)
                case "slow":
                    self._note()
                    time.sleep(SLOW_SECONDS)
        self._is_due = event == "os.rename" and self._matches(args[1])

    def _matches(self, path: Any) -> bool:
        place = os.fsdecode(path) if not isinstance(path, int) else ""
        return place.startswith(self._plan.folder) and bool(
            self._pattern.fullmatch(place[len(self._plan.folder) + 1 :])
        )

    def _size_of_draft(self, path: Any) -> int | None:
        """The bytes that a draft which is opened now will have, where it becomes what the plan names."""
        if isinstance(path, int) or DRAFT not in os.fsdecode(path):
            return None
        frame = _putting(sys._getframe(1))
        if frame is None or not self._pattern.fullmatch(frame.f_locals["key"]):
            return None
        if self._plan.fault == "error" and self._plan.variant % 3 == 2:
            return None
        if self._plan.fault != "slow":
            self._left -= 1
            if self._left:
                return None
        data = frame.f_locals.get("data")
        return len(data) if data is not None else frame.f_locals["path"].stat().st_size

    def _tear(self, most_bytes: int, action: signal.Handlers) -> None:
        """From here on no file may grow over a size: the kernel ends the process, or refuses, in the middle of the write."""
        self._note()
        signal.signal(signal.SIGXFSZ, action)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))
        self._has_struck = True

    def _strike(self, error: OSError | None = None) -> None:
        self._note()
        self._has_struck = True
        if error is not None:
            raise error
        os.kill(os.getpid(), signal.SIGKILL)

    def _note(self) -> None:
        has_struck, self._has_struck = self._has_struck, True  # it opens a file, which is reported here, too
        Path(self._plan.mark).touch()
        self._has_struck = has_struck


def strike(plan: Plan) -> None:
    """Has this process struck as planned; it cannot be taken back."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a torn write leaves no picture of the process
    sys.addaudithook(_Striker(plan))


def strike_as_planned() -> None:
    """Has the process of a stage struck by the plan in its environment; its own children are left alone."""
    if PLAN_VARIABLE in os.environ and "caco_tasks.cli" in sys.orig_argv:
        strike(Plan(**json.loads(os.environ[PLAN_VARIABLE])))


def _putting(frame: FrameType | None) -> FrameType | None:
    """The call of the store that writes an object, among those that are under way."""
    while frame is not None and frame.f_code.co_qualname not in ("FileStore.put", "FileStore.put_file"):
        frame = frame.f_back
    return frame
