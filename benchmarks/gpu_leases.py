"""Whether leases of GPUs hold: eight tasks at once on one machine of pretended GPUs, while tasks and stages are killed.

Each task is a process that leases one, two or four of eight GPUs and starts a process for its stage, which works for some
milliseconds. Four in ten lose one of the two by kill −9, or both, while they wait or work. Who works on a GPU holds a
socket of its name that the kernel gives to one process at a time: it knows nothing of leases, and shows two on one GPU.
"""

import contextlib
import json
import logging
import os
import random
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from caco_tasks.platform import gpus

GPUS = 8
AT_ONCE = 8
WANTED = (1, 1, 1, 2, 1, 4, 1, 2)
KILLED_SHARE = 0.4
VICTIMS = (("task that waits",), ("task",), ("stage",), ("stage", "task"))
WORK_SECONDS = (0.005, 0.06)
LONG_WORK_SECONDS = {  # of a stage where kills are planned, by who is killed
    ("task",): 0.25,  # it must keep others away on its own
    ("stage",): 5.0,  # killed long before that, also where the machine is busy
    ("stage", "task"): 5.0,
}
MAX_DELAY_SECONDS = 0.01
PAUSE_SECONDS = 0.002
PATIENCE_SECONDS = 20
ROUNDS = 200
SEED = 20260101


@dataclass(slots=True, kw_only=True)
class PretendedTask:
    """A task that runs, and how it is to be killed."""

    begun: float
    told: int  # reading end of the pipe on which it tells its stage's process
    victims: tuple[str, ...]  # none: it is left alone
    delay: float  # seconds until they are killed, after the task or its stage has begun
    stage: int | None = None
    is_killed: bool = False


class Moments(logging.Handler):
    """When a task said that it waits, so that its ticket was drawn by then, and that it has its GPUs."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Notes the moment of a message, by its first word."""
        self.seen[record.msg.split()[0]] = time.monotonic()


@dataclass(slots=True, kw_only=True)
class Findings:
    """What was seen of all tasks."""

    killed: dict[str, int] = field(default_factory=dict)  # by who was killed
    failed: int = 0  # tasks that nobody killed and that did not end well


def bench() -> dict[str, Any]:
    """Runs `ROUNDS` rounds of eight tasks.

    Returns:
        Tasks, kills by victim, GPUs that two held at once, leases that were not given back, tasks that ended badly without
        being killed, the largest number of tasks that came later and were served before one that waited, and the seconds.
    """
    return simulate(rounds=ROUNDS)


def simulate(*, rounds: int, seed: int = SEED) -> dict[str, Any]:
    """Runs `rounds` times eight tasks, eight at once; figures as `bench`."""
    begun, rng = time.monotonic(), random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="caco-gpus-") as name:
        folder = Path(name)
        environ = {"CACO_GPUS": str(GPUS), "CACO_GPU_LOCKS": str(folder / "locks")}
        found = _run_tasks(rounds * AT_ONCE, folder, environ, rng)
        seconds = time.monotonic() - begun
        events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
        return {
            "tasks": rounds * AT_ONCE,
            "killed": dict(sorted(found.killed.items())),
            "served": sum(event["what"] == "served" for event in events),
            "two_on_one_gpu": sum(event["what"] == "taken" for event in events),
            "failed_unkilled": found.failed,
            "leaked_leases": _count_leaked(environ),
            "leaked_tickets": len(list((folder / "locks" / "tickets").iterdir())),
            "most_overtaken": _most_overtaken(events),
            "longest_wait_ms": round(1000 * max(e["at"] - e["begun"] for e in events if e["what"] == "served")),
            "seconds": round(seconds, 1),
        }


def _run_tasks(count: int, folder: Path, environ: Mapping[str, str], rng: random.Random) -> Findings:
    """Keeps eight tasks running until `count` have been; kills as each task's plan says."""
    running: dict[int, PretendedTask] = {}
    found, begun = Findings(), 0
    while begun < count or running:
        while begun < count and len(running) < AT_ONCE:
            pid, task = _start_task(WANTED[begun % len(WANTED)], folder, environ, rng)
            running[pid], begun = task, begun + 1
        for pid, task in list(running.items()):
            _kill_if_due(pid, task, found)
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                found.failed += status != 0 and not task.victims
                os.close(running.pop(pid).told)
            elif time.monotonic() > task.begun + PATIENCE_SECONDS:
                os.kill(pid, signal.SIGKILL)  # it starves: counted as failed, since nobody was to kill it
                task.victims = ()
        time.sleep(PAUSE_SECONDS / 2)
    return found


def _start_task(wanted: int, folder: Path, environ: Mapping[str, str], rng: random.Random) -> tuple[int, PretendedTask]:
    victims = rng.choice(VICTIMS) if rng.random() < KILLED_SHARE else ()
    work = LONG_WORK_SECONDS.get(victims) or rng.uniform(*WORK_SECONDS)
    delay = rng.uniform(0, MAX_DELAY_SECONDS)
    begun, (reading, writing) = time.monotonic(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        with _ending_here():
            _lease_and_work(wanted, folder, environ, work, writing)
    os.close(writing)
    os.set_blocking(reading, False)
    return pid, PretendedTask(begun=begun, told=reading, victims=victims, delay=delay)


def _lease_and_work(wanted: int, folder: Path, environ: Mapping[str, str], work: float, told: int) -> None:
    """What a task does: waits for its GPUs, starts its stage's process, and waits for the end of that."""
    begun, moments = time.monotonic(), Moments()
    gpus.log.addHandler(moments)
    gpus.log.setLevel(logging.INFO)
    with gpus.lease_gpus(wanted, environ, pause_seconds=PAUSE_SECONDS) as lease:
        served = moments.seen["Leased"]
        stage = os.fork()
        if stage == 0:
            with _ending_here():
                _work(lease.gpus, folder, work)
        os.write(told, stage.to_bytes(4, "big"))
        _note(folder, what="served", begun=begun, waiting=moments.seen.get("Waiting", served), at=served)
        os.waitpid(stage, 0)


def _work(leased: tuple[str, ...], folder: Path, seconds: float) -> None:
    """Holds each GPU's socket for so long; notes where another process has one."""
    for place, gpu in enumerate(leased):
        holder = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        # below the files of the lease: the kernel closes in order when a process is killed
        os.dup2(holder.fileno(), place)
        try:
            holder.bind(f"\0{folder}/{gpu}")
        except OSError:
            _note(folder, what="taken", gpu=gpu)
        os.close(holder.detach())
    time.sleep(seconds)


def _kill_if_due(pid: int, task: PretendedTask, found: Findings) -> None:
    """Kills the victims of a task when their time has come; a task that waits has no stage yet."""
    if task.is_killed or not task.victims:
        return
    if task.stage is None and task.victims != ("task that waits",):
        with contextlib.suppress(BlockingIOError):
            task.stage = int.from_bytes(os.read(task.told, 4), "big")
            task.begun = time.monotonic()
    if time.monotonic() < task.begun + task.delay or (task.stage is None and task.victims != ("task that waits",)):
        return
    task.is_killed = True
    for victim in task.victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(task.stage if victim == "stage" and task.stage else pid, signal.SIGKILL)
    name = " and ".join(task.victims)
    found.killed[name] = found.killed.get(name, 0) + 1


def _count_leaked(environ: Mapping[str, str]) -> int:
    """How many GPUs are not free once all tasks have ended."""
    deadline, free = time.monotonic() + 2, 0
    while free < GPUS and time.monotonic() < deadline:  # the stage of a killed task may work a little longer
        pid = os.fork()
        if pid == 0:
            signal.alarm(1)
            with _ending_here(), gpus.lease_gpus(GPUS, environ, pause_seconds=PAUSE_SECONDS):
                pass
        free = GPUS if os.waitpid(pid, 0)[1] == 0 else 0
    return GPUS - free


def _most_overtaken(events: list[dict[str, Any]]) -> int:
    """The most tasks that were started after a task had begun to wait, and were served before it."""
    served = sorted((event for event in events if event["what"] == "served"), key=lambda event: event["at"])
    return max(sum(other["begun"] > event["waiting"] for other in served[:place]) for place, event in enumerate(served))


def _note(folder: Path, **facts: object) -> None:
    descriptor = os.open(folder / "events.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(descriptor, json.dumps(facts).encode() + b"\n")
    os.close(descriptor)


@contextlib.contextmanager
def _ending_here() -> Iterator[None]:
    """Ends a forked process behind its body, whatever happens, so that it never goes on as its parent."""
    code = 1
    try:
        yield
        code = 0
    finally:
        os._exit(code)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(bench(), indent=1) + "\n")
