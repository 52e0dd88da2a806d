"""One attempt at a task of a night: a process of its own, which may be struck, and what is known of it afterwards.

The process is forked from one that has loaded the library, so that an attempt takes milliseconds. It does what the task of
the DAG does: leases GPUs, makes outputs, loads them into the ledger, and hands the counts to the one who waits.
"""

import contextlib
import importlib
import json
import os
import random
import selectors
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from caco_tasks import tasks
from caco_tasks.config import load_config
from caco_tasks.connections import key_variable
from caco_tasks.errors import CacoError
from caco_tasks.pipeline import StageSpec, count_shards, stages_of
from caco_tasks.platform.gpus import lease_gpus

sys.path.insert(0, str(Path(__file__).parent))
from fault_points import LEASED, PLAN_VARIABLE, Plan, strike

PATIENCE_SECONDS = 120.0  # for one task; more, and it hangs
LEASE_PAUSE_SECONDS = 0.02
TASKS_OF_A_NIGHT = 22
MAX_PAUSE_SECONDS = 0.2  # between two tasks of a night that runs on its own
CONNECTION = "served"  # of the endpoint: its key says who asks


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task of a night, as its DAG has it."""

    name: str  # of a stage, or plan, gate, finish; or night, which is all of them
    spec: StageSpec | None = None  # None: no stage
    shard: int = 0

    @property
    def label(self) -> str:
        """What the task is called in a finding."""
        return self.name if self.spec is None else f"{self.name} {self.shard}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What the first task of a night is asked for, and the run that the others are of."""

    partition: str
    overrides: tuple[str, ...]
    run_id: str = ""

    def tasks(self) -> list[Task]:
        """All tasks of the night, in the order in which its DAG has them."""
        config = load_config("smoke", self.overrides)
        found = [Task(name="plan")]
        for spec in stages_of("nightly"):
            if spec.name == "publish":
                found.append(Task(name="gate"))
            found += [Task(name=spec.name, spec=spec, shard=shard) for shard in range(count_shards(spec, config))]
        return [*found, Task(name="finish")]


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One attempt, and how it ended."""

    task: Task
    who: str  # whose key it asks the endpoint with: calm, victim, twin
    case: str = ""  # the cell of the table that struck it, or was to; empty: none
    has_struck: bool = False
    ended: str = ""  # done, killed, error, hung
    error: str = ""
    is_expected: bool = True  # whether the error is one of ours
    result: Any = None
    modules: tuple[str, ...] = ()  # that the process had to load
    cpu_seconds: float = 0.0  # of the process, and of those that it has waited for
    kept_before: frozenset[int] = frozenset()  # requests whose replies were in the store when it began
    asked: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Running:
    """An attempt under way."""

    attempt: Attempt
    pid: int
    go: int  # written to, it begins
    said: int  # where it writes what came of it


def begin(attempt: Attempt, planned: Planned, environ: Mapping[str, str], plan: Plan | None, log: Path) -> Running:
    """Forks the process of an attempt, which waits until `run` lets it go."""
    (going, go), (said, saying) = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        with _ending_here(log):
            os.close(go), os.close(said)
            os.read(going, 1)
            os.environ.update(environ)
            os.environ[key_variable(CONNECTION)] = attempt.who
            _work(attempt.task, planned, plan, saying)
    os.close(going), os.close(saying)
    return Running(attempt, pid, go, said)


def run(running: list[Running]) -> None:
    """Lets attempts go at once, waits for all of them, and writes down how each ended."""
    for one in running:
        os.write(one.go, b"g")
        os.close(one.go)
    is_whole = any(one.attempt.task.name == "night" for one in running)
    deadline = time.monotonic() + PATIENCE_SECONDS * (TASKS_OF_A_NIGHT if is_whole else 1)
    for one in running:
        is_hung = not _wait(one.pid, deadline)
        if is_hung:
            os.kill(one.pid, signal.SIGKILL)
        _, status, used = os.wait4(one.pid, 0)
        one.attempt.cpu_seconds = used.ru_utime + used.ru_stime
        code = os.waitstatus_to_exitcode(status)
        with os.fdopen(one.said, "rb") as pipe:
            _note_end(one.attempt, code, pipe.read(), is_hung)


def load_what_was_used(attempts: Iterable[Attempt]) -> None:
    """Imports what attempts have loaded, so that those forked from here on need not."""
    for name in sorted({name for attempt in attempts for name in attempt.modules} - sys.modules.keys()):
        with contextlib.suppress(ImportError, AttributeError):  # an optional part of a library, or made by hand
            importlib.import_module(name)


def _wait(pid: int, deadline: float) -> bool:
    descriptor = os.pidfd_open(pid)
    with selectors.DefaultSelector() as ready, os.fdopen(descriptor, "rb"):
        ready.register(descriptor, selectors.EVENT_READ)
        return bool(ready.select(max(0.0, deadline - time.monotonic())))


def _note_end(attempt: Attempt, code: int, said: bytes, is_hung: bool) -> None:
    if is_hung:
        attempt.ended = "hung"
    elif code < 0:
        attempt.ended = "killed"
    elif not said:  # it was killed before it said anything, or ended otherwise than by its own code
        attempt.ended, attempt.error, attempt.is_expected = "error", f"it ended with {code}", False
    else:
        told = json.loads(said)
        attempt.ended, attempt.result = ("done", told["result"]) if "result" in told else ("error", None)
        attempt.error, attempt.is_expected = told.get("error", ""), told.get("is_expected", True)
        attempt.modules = tuple(told["modules"])


def _work(task: Task, planned: Planned, plan: Plan | None, saying: int) -> None:
    before = set(sys.modules)
    if plan is not None and plan.kind == "hand-over":
        os.environ[PLAN_VARIABLE] = plan.to_json()
    elif plan is not None:
        strike(plan)
    try:
        told: dict[str, Any] = {
            "result": _perform(task, planned, has_process=plan is not None and plan.kind == "hand-over")
        }
    except Exception as exc:  # what a task may end with is judged by who reads this
        told = {"error": f"{type(exc).__name__}: {exc}", "is_expected": isinstance(exc, CacoError)}
    with os.fdopen(saying, "wb") as pipe:
        pipe.write(json.dumps({**told, "modules": sorted(sys.modules.keys() - before)}, default=str).encode())


def _perform(task: Task, planned: Planned, *, has_process: bool) -> Any:
    match task:
        case Task(name="plan"):
            trigger = ("caco_nightly", f"scheduled__{planned.partition}")
            return tasks.plan(
                "nightly",
                partition=planned.partition,
                config="smoke",
                overrides=planned.overrides,
                trigger=trigger,
            )
        case Task(name="gate"):
            return tasks.gate(planned.run_id)
        case Task(name="finish"):
            return tasks.finish(planned.run_id)
        case Task(name="night"):
            return _perform_all(planned, random.Random(task.shard))
    if has_process:
        tasks.stage_all(task.name, planned.run_id, [task.shard])
    else:
        count = 1 if task.spec is not None and task.spec.queue == "gpu" else 0
        with lease_gpus(count, os.environ, pause_seconds=LEASE_PAUSE_SECONDS):
            sys.audit(LEASED)
            list(tasks.work_all(task.name, planned.run_id, [task.shard], os.environ))
    return tasks.load(planned.run_id, task.name, task.shard)


def _perform_all(planned: Planned, rng: random.Random) -> Any:
    """A whole night, with pauses that let a twin come first, or second."""
    first, *others = planned.tasks()
    result = _perform(first, planned, has_process=False)
    for task in others:
        time.sleep(rng.uniform(0, MAX_PAUSE_SECONDS))
        _perform(task, replace(planned, run_id=result["run_id"]), has_process=False)
    return result


@contextlib.contextmanager
def _ending_here(log: Path) -> Iterator[None]:
    """Ends a forked process behind its body, whatever happens; what it prints goes into a file."""
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        yield
    finally:
        os._exit(0)
