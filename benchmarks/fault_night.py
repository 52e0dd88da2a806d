"""Nights of one shard or two on the library, each task struck by some cases of the crash table, and what is found then."""

import os
import random
import secrets
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from sqlalchemy import create_engine, text

from caco_tasks.ledger import Ledger
from caco_tasks.ledger.migrations import ANALYST, OWNER, WRITER
from caco_tasks.platform.ports import free_port
from caco_tasks.platform.postgres import EmbeddedPostgres
from caco_tasks.store import Store, open_store
from caco_tasks.store.store import StoreSettings
from caco_tasks.version import code_version

sys.path.insert(0, str(Path(__file__).parent))
import fault_history
from fault_attempts import CONNECTION, Attempt, Planned, Running, Task, begin, run
from fault_points import Plan
from fault_table import KILLS, Case, crossed_by
from fault_wires import PROGRAMS, Outside

DAY = "2026-11-20"
LAYOUT = ("samples=16", "shard_samples=8", "runner.part_rows=4", "runner.reply_rows=3", "publish.rows_per_file=8")
MODELS = {"codegen": "program", "reverser": "reverse", "solver": "solve", "judge": "judge"}
FIRST_PORT = 27000
MAX_TRIES = 12  # of a task while the world is disturbed
KILLED_SHARE, KILL_WITHIN_SECONDS = 1 / 3, 0.5
PLACE_IN_RUN = r"runs/.*/outputs/.*"

Plans = Mapping[str, Sequence[Case]]  # by the label of the task


@dataclass(slots=True, kw_only=True)
class Struck:
    """What came of a night."""

    attempts: list[Attempt] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    drafts: int = 0  # files that killed writes have left in the store
    content: dict[str, Any] = field(default_factory=dict)  # all that is compared with another night


class World:
    """Postgres, the proxy and the endpoint, for any number of nights, and the night that nothing disturbed."""

    def __init__(self, folder: Path, *, programs: int = PROGRAMS) -> None:
        self.folder, self._programs = folder, programs
        self.postgres = EmbeddedPostgres(
            folder / "postgres",
            port=free_port(FIRST_PORT),
            password=secrets.token_hex(8),
            settings={"fsync": "off", "full_page_writes": "off"},  # it dies with the benchmark
        )
        self._passwords = {role: secrets.token_hex(8) for role in (OWNER, WRITER, ANALYST)}

    def __enter__(self) -> Self:
        code_version()  # asked of git once: forked attempts have the same answer, whatever becomes of the checkout
        self.postgres.start()
        self.postgres.ensure_database("template_faults", owner=OWNER, password=self._passwords[OWNER])
        with Ledger(self._url("template_faults", OWNER)) as ledger:
            ledger.migrate(passwords=self._passwords)
        self.outside = Outside(self.postgres.port, programs=self._programs)
        self.planned = Planned(partition=DAY, overrides=(*LAYOUT, *_models(self.outside.endpoint_port)))
        self.tasks = self.planned.tasks()
        return self

    def __exit__(self, *_: object) -> None:
        self.outside.close()
        self.postgres.stop()

    @contextmanager
    def night(self) -> Iterator["Night"]:
        """An empty store and an empty ledger, which go afterwards."""
        name = f"night_{secrets.token_hex(4)}"
        folder = self.folder / name
        folder.mkdir()
        self._administer(f"CREATE DATABASE {name} TEMPLATE template_faults STRATEGY FILE_COPY OWNER {OWNER}")
        try:
            yield Night(self, folder, ledger_url=self._url(name, WRITER), owner_url=self._url(name, OWNER))
        finally:
            self._administer(f"DROP DATABASE {name} WITH (FORCE)")
            shutil.rmtree(folder)

    def through_the_proxy(self, url: str) -> str:
        """The address of a ledger by way of the proxy."""
        return url.replace(f":{self.postgres.port}/", f":{self.outside.ledger_port}/")

    def _url(self, database: str, role: str) -> str:
        return self.postgres.url(database, role, self._passwords[role])

    def _administer(self, statement: str) -> None:
        engine = create_engine(self.postgres.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


class Night:
    """One night, task by task."""

    def __init__(self, world: World, folder: Path, *, ledger_url: str, owner_url: str) -> None:
        self._world, self._folder = world, folder
        self._ledger_url, self._owner_url = ledger_url, owner_url
        self._planned = world.planned
        self._store: Store = open_store(StoreSettings(root=f"file://{folder}/store"))
        self._known: dict[str, frozenset[int]] = {}
        self._marks = 0
        self._has_ended = False  # every task has succeeded
        self.found = Struck()

    def run(self, plans: Plans, calm: Struck | None) -> Struck:
        """Runs all tasks, each struck as planned and then mended by retries; holds what came of it against a calm night."""
        for task in self._world.tasks:
            attempts = self._perform(task, plans.get(task.label, ()))
            self.found.attempts += attempts
            violations = [said for attempt in attempts for said in judge_attempt(attempt)]
            if not any(attempt.ended == "done" for attempt in attempts):
                self.found.violations += [*violations, f"{task.label}: it never succeeded; the night ends here"]
                return self.found
            violations += self._look_at_output(task, calm)
            cases = ", then ".join(attempt.case for attempt in attempts if attempt.case)
            self.found.violations += [f"{task.label} [{cases}]: {said}" for said in violations]
        self._look_at_the_whole(calm)
        return self.found

    def run_at_once(self, nights: int, calm: Struck, seed: int) -> Struck:
        """Runs the same night so many times at once, each on its own; holds what came of it against a calm night."""
        attempts = [Attempt(task=Task(name="night", shard=seed + n), who=f"twin {n}") for n in range(nights)]
        run([self._begin(attempt, None, self._folder / "no mark") for attempt in attempts])
        self._world.outside.asked()
        self.found.attempts = attempts
        self.found.violations = [f"{one.who}: {told}" for one in attempts for told in judge_attempt(one)]
        if not self.found.violations:
            self._planned = replace(self._planned, run_id=attempts[0].result["run_id"])
            for task in self._world.tasks:
                self.found.violations += [f"{task.label}: {told}" for told in self._look_at_output(task, calm)]
            self._look_at_the_whole(calm)
        return self.found

    def outlast(self, rng: random.Random) -> None:
        """Runs all tasks while the world around them is disturbed, each until it succeeds; every third is killed once."""
        for task in self._world.tasks:
            for number in range(MAX_TRIES):
                attempt = Attempt(task=task, who="calm")
                running = self._begin(attempt, None, self._folder / "no mark")
                seconds = rng.uniform(0, KILL_WITHIN_SECONDS) if number == 0 and rng.random() < KILLED_SHARE else None
                with killed_after(seconds, running.pid):
                    run([running])
                self.found.attempts.append(attempt)
                if attempt.ended == "done":
                    break
                if attempt.ended == "hung" or not attempt.is_expected:
                    self.found.violations.append(f"{task.label}: it ended as {attempt.ended} ({attempt.error})")
            else:
                self.found.violations.append(f"{task.label}: it failed {MAX_TRIES} times; the night ends here")
                return
            if task.name == "plan":
                self._planned = replace(self._planned, run_id=attempt.result["run_id"])
        self._has_ended = True

    def look(self, calm: Struck) -> Struck:
        """Holds what came of the tasks that ran against a calm night."""
        self._world.outside.asked()
        if self._has_ended:
            for task in self._world.tasks:
                self.found.violations += [f"{task.label}: {told}" for told in self._look_at_output(task, calm)]
            self._look_at_the_whole(calm)
        return self.found

    def _look_at_output(self, task: Task, calm: Struck | None) -> list[str]:
        if task.spec is None:
            return []
        record = fault_history.find_run(self._store, self._planned.partition, self._planned.run_id)
        output = fault_history.read_output(self._store, record, task.spec.name, task.shard)
        self.found.content[task.label] = output
        return [] if calm is None else fault_history.differences(calm.content[task.label], output)

    def _perform(self, task: Task, cases: Sequence[Case]) -> list[Attempt]:
        """All attempts at a task: one for each case, and one in peace where the last has not succeeded."""
        attempts: list[Attempt] = []
        for case in cases:
            attempts += self._attempt(task, case)
            if attempts[-1].ended == "done":
                break
        victims = [attempt for attempt in attempts if attempt.who == "victim"]
        if not victims or victims[-1].ended != "done":
            attempts += self._attempt(task, None)
        for attempt in attempts:
            if task.name == "plan" and attempt.ended == "done":
                self._planned = replace(self._planned, run_id=attempt.result["run_id"])
        return attempts

    def _attempt(self, task: Task, case: Case | None) -> list[Attempt]:
        """One attempt, and a twin beside it where the case says so; the twin is not struck."""
        outside, kept = self._world.outside, fault_history.kept_replies(self._store, self._known)
        attempt = Attempt(task=task, who="victim" if case else "calm", case=case.name if case else "", kept_before=kept)
        mark = self._folder / f"struck-{self._marks}"
        self._marks += 1
        running = [self._begin(attempt, case, mark)]
        if case is not None and case.situation == "twin":
            running.append(self._begin(Attempt(task=task, who="twin", kept_before=kept), None, mark))
        if case is not None and case.boundary.kind in ("ledger", "reply"):
            outside.arm(
                kind=case.boundary.kind,
                pattern=case.boundary.pattern,
                fault=case.fault,
                nth=case.nth,
                variant=case.variant,
                pid=running[0].pid,
            )
        run(running[:: 1 if case is None or case.variant % 2 else -1])
        attempt.has_struck = outside.disarm() or mark.exists()
        asked = outside.asked()
        for one in running:
            one.attempt.asked = [number for who, number in asked if who == one.attempt.who]
        return [one.attempt for one in running]

    def _begin(self, attempt: Attempt, case: Case | None, mark: Path) -> Running:
        lone = case is not None and case.boundary.kind == "lease"
        url = self._ledger_url if case is None else self._world.through_the_proxy(self._ledger_url)
        environ = {
            "CACO_HOME": str(self._folder / "home"),
            "CACO_STORE": self._store.root,
            "CACO_LEDGER_URL": url,
            "CACO_GPUS": "1" if lone else "2",
            "CACO_GPU_LOCKS": str(self._folder / "locks"),
        }
        plan = None
        if case is not None and case.boundary.kind not in ("ledger", "reply"):
            place = self._folder / ("locks" if case.boundary.kind == "lease" else "store")
            plan = Plan(
                kind=case.boundary.kind,
                folder=str(place),
                pattern=case.boundary.pattern or PLACE_IN_RUN,
                fault=case.fault,
                nth=case.nth,
                variant=case.variant,
                mark=str(mark),
            )
        if plan is not None and plan.kind == "hand-over":
            environ |= self._reaching_into_stages()
        return begin(attempt, self._planned, environ, plan, self._folder / "night.log")

    def _reaching_into_stages(self) -> dict[str, str]:
        """What has Python run a plan in the process that a task starts for its stage."""
        site = self._folder / "site"
        site.mkdir(exist_ok=True)
        (site / "sitecustomize.py").write_text("import fault_points\n\nfault_points.strike_as_planned()\n")
        path = [str(site), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
        return {"PYTHONPATH": os.pathsep.join(filter(None, path))}

    def _look_at_the_whole(self, calm: Struck | None) -> None:
        places = [(task.spec.name, task.shard) for task in self._world.tasks if task.spec is not None]
        record = fault_history.find_run(self._store, self._planned.partition, self._planned.run_id)
        told = fault_history.adds_up(fault_history.manifests_of(self._store, record, places))
        self.found.content["datasets"] = fault_history.datasets(self._store)
        self.found.content["ledger"] = fault_history.ledger_content(self._owner_url)
        fault_history.kept_replies(self._store, self._known)
        forgotten = fault_history.forgotten_replies(self._store, self._known)
        told += [f"{forgotten} kept replies are in no index: who asks in another batch pays again"] if forgotten else []
        self.found.drafts = fault_history.drafts(self._folder)
        if calm is not None:
            told += fault_history.differences(calm.content["datasets"], self.found.content["datasets"])
            told += fault_history.differences(calm.content["ledger"], self.found.content["ledger"])
        self.found.violations += [f"the night: {said}" for said in told]


@contextmanager
def killed_after(seconds: float | None, pid: int) -> Iterator[None]:
    """Has a child killed -9 after so long, if it still runs then; by another process, for a thread would be forked along."""
    if seconds is None:
        yield
        return
    child = os.pidfd_open(pid)  # the number may be another's by then
    killer = os.fork()
    if killer == 0:
        time.sleep(seconds)
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(child, signal.SIGKILL)
        os._exit(0)
    os.close(child)
    yield
    os.waitpid(killer, 0)


def judge_attempt(attempt: Attempt) -> list[str]:
    """What an attempt has done that it must not do."""
    told = []
    fault = attempt.case.split(", ")[1] if attempt.case else ""
    is_struck = attempt.has_struck and attempt.who == "victim"
    if attempt.ended == "hung":
        told.append("it hangs")
    elif attempt.ended == "error" and not attempt.is_expected:
        told.append(f"it ends with an error that nobody says in a sentence ({attempt.error})")
    elif attempt.ended != "done" and not is_struck:
        told.append(f"an attempt that nobody struck ended as {attempt.ended} ({attempt.error})")
    elif is_struck and fault == "slow" and attempt.ended != "done":
        told.append(f"it was only slow, and ended as {attempt.ended} ({attempt.error})")
    elif is_struck and fault in KILLS and attempt.ended == "done":
        told.append("it was killed, and says that it is done")
    again = sorted(attempt.kept_before.intersection(attempt.asked))
    if again:
        told.append(f"{len(again)} replies that were kept were paid for again ({again[:3]})")
    return told


def draw_plans(tasks: Sequence[Task], used: Counter[str], rng: random.Random) -> dict[str, list[Case]]:
    """Some cases for every task of a night; cells that were used less are likelier."""
    return {task.label: _draw_cases(task, used, rng) for task in tasks}


def _draw_cases(task: Task, used: Counter[str], rng: random.Random) -> list[Case]:
    boundaries, cases, first = crossed_by(task.name, task.spec), list[Case](), 0
    length = rng.choice((1, 2, 3, 4))
    while first < len(boundaries) and len(cases) < length:
        is_last = len(cases) == length - 1
        cells = list(_cells(boundaries[first:], is_first=not cases, is_last=is_last, rng=rng))
        if not cells:
            break
        weights = [case.boundary.weight / (1 + used[case.name]) ** 3 for case in cells]
        [case] = rng.choices(cells, weights)
        used[case.name] += 1
        cases.append(case)
        first = boundaries.index(case.boundary) + 1
    return cases


def _cells(boundaries: Sequence[Any], *, is_first: bool, is_last: bool, rng: random.Random) -> Iterator[Case]:
    """The cells that may come next: what ends the sequence, a slow one or a twin, only at its end."""
    alone = "first attempt" if is_first else "retry"
    for boundary in boundaries:
        for fault in ("before", "after", "torn", "error", *(("slow",) if is_last else ())):
            ends_well = fault == "error" and boundary.kind == "reply"  # a request is tried again at once
            for situation in (alone, "twin") if is_last else (alone,):
                if is_last or not ends_well:
                    nth = rng.randint(1, boundary.most)
                    yield Case(boundary=boundary, fault=fault, situation=situation, nth=nth, variant=rng.randrange(6))


def _models(port: int) -> list[str]:
    """All models behind the endpoint, each with the key by which it knows who asks."""
    keys = [f"models.{role}.endpoint.connection={CONNECTION}" for role in MODELS]
    return [*served_models(port), *keys]


def served_models(port: int) -> tuple[str, ...]:
    """The settings that have every model of a night behind the endpoint at a port."""
    return tuple(
        f"models.{role}.{setting}"
        for role, prompt in MODELS.items()
        for setting in (
            "engine=openai",
            "model=served",
            'revision="1"',
            f"prompt=nano_{prompt}.v1",
            f"endpoint.base_url=http://127.0.0.1:{port}/v1",
        )
    )
