"""The process that keeps the local platform up: `python -m caco_tasks.platform.supervisor HOME`.

It starts Postgres and the S3 store, brings both schemas up to date, starts the components of Airflow, and from then on
restarts services that die, with growing pauses, until one has ended by itself too often; what was killed from outside, or
ended while the disk was full or Postgres or the store away, comes back for ever. SIGHUP has it try again what it gave up,
SIGTERM ends everything in order. When it is killed, the kernel sends its children SIGTERM; processes that are left even so
are ended by the next `up`, which finds them in `supervisor.json`.
"""

import logging
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

from caco_tasks.errors import CacoError, PlatformError
from caco_tasks.platform import airflow
from caco_tasks.platform.processes import identify, reap, send, take_exit_code, wait_until
from caco_tasks.platform.state import (
    Home,
    Phase,
    Plan,
    Secrets,
    ServiceRecord,
    SupervisorState,
    describe,
    embedded_postgres,
)
from caco_tasks.platform.status import ENDED_LAST, FULL_MB, AirflowCommand, Service, airflow_services, data_services

POLL_SECONDS = 0.5
MIGRATE_SECONDS = 300
MAX_DEATHS = 5  # by itself, within the period; one more and the service is left alone
PERIOD_SECONDS = 600
LONGEST_PAUSE_SECONDS = 30
PAUSE_PERIOD_SECONDS = 60  # a pause doubles with each death in it that was no kill
SETTLED_SECONDS = (
    60  # after the start of Postgres or the store: what needs it and ends before that may have ended for it
)

# what a person, a script or the kernel in want of memory sends; a program that fails ends otherwise
FROM_OUTSIDE = (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP)

log = logging.getLogger("caco.supervisor")


class StopRequest(BaseException):
    """SIGTERM came; not an Exception, so that no library takes it for a failure of its own."""


class Supervisor:
    """Starts, watches and stops the services of one home."""

    def __init__(self, home: Home, *, inherited: Mapping[str, str]) -> None:
        plan = home.plan()
        if plan is None:
            raise PlatformError(f"There is no plan in {home.folder}: start the platform with `caco up`.")
        self._home = home
        self._plan: Plan = plan
        self._secrets: Secrets = home.secrets()
        cores = len(os.sched_getaffinity(0))  # those that a container or taskset leaves us
        self._environment = airflow.environment(home, plan, self._secrets, inherited=inherited, cores=cores)
        self._phase: Phase = "starting"
        self._message = ""
        self._is_reachable = False
        self._watches: list[Watch] = []
        self._is_asked_again = False
        self._is_unsaved = False  # the disk had no room for the state

    def ask_again(self) -> None:
        """Has services that were given up tried again, at the next look."""
        self._is_asked_again = True

    def run(self) -> None:
        """Runs until SIGTERM.

        Raises:
            CacoError: something did not start; everything is stopped again by then.
        """
        try:
            self._start()
            self._enter("running", "everything is started")
            while True:
                time.sleep(POLL_SECONDS)
                reap()
                if self._is_asked_again:
                    self._is_asked_again = False
                    for watch in self._watches:
                        watch.forgive()
                if any([watch.look() for watch in self._watches]) or self._is_unsaved:  # a list: all are looked at
                    self._save_state()
        except StopRequest:
            self._stop("stopped", "stopped on demand")
        except (CacoError, OSError) as exc:
            self._stop("failed", str(exc))
            raise

    def _start(self) -> None:
        """Starts everything; what takes long and needs nothing of the rest goes on beside it."""
        postgres, s3 = data_services(self._home, self._plan, self._secrets)
        if s3 is not None:
            self._enter("starting", "the S3 store")
            self._launch(s3)
        self._enter("starting", "Postgres")
        self._launch(postgres)
        server = embedded_postgres(self._home, self._plan, self._secrets)
        server.ensure_database("airflow", owner="airflow", password=self._secrets.postgres_airflow_password)
        server.ensure_database("caco", owner="caco_owner", password=self._secrets.postgres_owner_password)
        migration = self._begin_airflow_migration()
        self._migrate_ledger()
        if s3 is not None:
            s3.wait_until_ready()
            self._make_bucket()
        self._finish_airflow_migration(migration)
        airflow.write_passwords(self._home, self._secrets)
        self._is_reachable = True
        self._enter("starting", "Airflow")
        for component in airflow_services(self._home, self._environment):
            self._launch(component)

    def _begin_airflow_migration(self) -> "Watch | None":
        # Airflow's own command takes seconds even where nothing is to be done.
        if airflow.schema_is_current(self._home, self._plan, self._secrets):
            return None
        self._enter("starting", "the schema of Airflow's database")
        log_file = self._home.log_file("migrate")
        return self._launch(
            AirflowCommand("migrate", airflow.MIGRATE, log_file=log_file, environment=self._environment)
        )

    def _finish_airflow_migration(self, migration: "Watch | None") -> None:
        if migration is None:
            return
        ended = wait_until(lambda: migration.service.process() is None, seconds=MIGRATE_SECONDS, pause=0.1)
        self._watches.remove(migration)  # before anything is looked at: it is not to be started again
        if not ended or not airflow.schema_is_current(self._home, self._plan, self._secrets):
            migration.service.stop()
            raise PlatformError(
                f"Airflow's database could not be set up: the reason is at the end of {self._home.log_file('migrate')}."
            )

    def _migrate_ledger(self) -> None:
        from caco_tasks.ledger import Ledger

        self._enter("starting", "the schema of the ledger")
        state = describe(self._home, self._plan, self._secrets)
        passwords = {
            "caco_owner": self._secrets.postgres_owner_password,
            "caco_writer": self._secrets.postgres_writer_password,
            "caco_analyst": self._secrets.postgres_analyst_password,
        }
        with Ledger(state.ledger_owner_url) as ledger:
            ledger.migrate(passwords=passwords)

    def _make_bucket(self) -> None:
        from caco_tasks.store.s3_store import S3Store

        S3Store(describe(self._home, self._plan, self._secrets).store).ensure_bucket()

    def _launch(self, service: Service) -> "Watch":
        watch = Watch(service, is_excused=lambda: self._is_excused(service))
        self._watches.append(watch)
        watch.start()
        self._save_state()  # at once: the next `up` must find it, should this process be killed
        return watch

    def _enter(self, phase: Phase, message: str) -> None:
        self._phase, self._message = phase, message
        log.info("%s: %s", phase, message)
        self._save_state()

    def _save_state(self) -> None:
        """Writes the state of the services for the next `up`, and for clients once there is something to reach.

        A platform that runs outlives a full disk: there it is written when there is room again.
        """
        try:
            self._home.save("supervisor.json", _make_state(self._phase, self._message, self._watches))
            if self._is_reachable:
                pids = {watch.service.name: watch.record.pid for watch in self._watches if watch.record.pid is not None}
                state = describe(self._home, self._plan, self._secrets).model_copy(update={"pids": pids})
                self._home.save("platform.json", state)
        except OSError as exc:
            if self._phase != "running":
                raise
            if not self._is_unsaved:
                log.warning("the state of the services cannot be written (%s): tried again until it can", exc.strerror)
            self._is_unsaved = True
        else:
            self._is_unsaved = False

    def _is_excused(self, service: Service) -> bool:
        """Whether a service that ended could not do otherwise: the disk is full, or what it needs was away just now."""
        if shutil.disk_usage(self._home.folder).free < FULL_MB << 20:
            return True
        needed = [watch for watch in self._watches if watch.service.name in ("postgres", "s3")]
        return service.name not in ("postgres", "s3") and any(watch.is_unsettled() for watch in needed)

    def _stop(self, phase: Phase, message: str) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # we are stopping; a second one must not interrupt it
        self._phase, self._message = "stopping", message
        for watch in self._watches:
            watch.ask_to_end()
        by_name = {watch.service.name: watch for watch in self._watches}
        first = [watch for name, watch in by_name.items() if name not in ENDED_LAST]
        for watch in [*first, *(by_name[name] for name in ENDED_LAST if name in by_name)]:
            log.info("stopping %s", watch.service.name)
            watch.stop()
        reap()
        self._home.save("supervisor.json", _make_state(phase, message, self._watches))


class Watch:
    """One service, how often it died, and when it may start again."""

    def __init__(
        self, service: Service, *, first_pause_seconds: float = 1, is_excused: Callable[[], bool] = lambda: False
    ) -> None:
        """Names the service. The pause before a restart doubles with each death but a kill; one that is excused costs no more."""
        self.service = service
        self._is_excused = is_excused
        self._first_pause_seconds = first_pause_seconds
        self.record = ServiceRecord(state="starting")
        self._deaths: list[float] = []  # of the last minute, without kills
        self._own_deaths: list[float] = []  # that nobody from outside has brought about
        self._start_at = 0.0
        self._started_at = 0.0  # by the clock that does not jump

    def start(self) -> None:
        """Starts the service."""
        self.service.start()
        self._started_at = time.monotonic()
        process = self.service.process()
        self.record = ServiceRecord(
            state="running",
            pid=process.pid if process else None,
            started_ticks=process.started_ticks if process else None,
            started_at=time.time(),
            restarts=self.record.restarts,
        )

    def ask_to_end(self) -> None:
        """Sends SIGTERM to a service that no other needs while it ends, so that these end side by side."""
        process = self.service.process()
        if process is not None and self.service.name not in ENDED_LAST:
            send(process, signal.SIGTERM)

    def stop(self) -> None:
        """Ends the service."""
        self.service.stop()
        self.record = self.record.model_copy(update={"state": "stopped"})

    def is_unsettled(self) -> bool:
        """Whether it is away, or was started again a moment ago."""
        is_young = time.monotonic() < self._started_at + SETTLED_SECONDS
        return self.service.process() is None or (self.record.restarts > 0 and is_young)

    def look(self) -> bool:
        """Notes a death, or starts the service again when its pause is over; returns whether anything changed."""
        match self.record.state:
            case "running" if self.service.process() is None:
                self._count_death()
            case "waiting" if time.monotonic() >= self._start_at:
                self._restart()
            case _:
                return False
        return True

    def forgive(self) -> None:
        """Has a service that was given up started at the next look, as if it had never died."""
        if self.record.state == "given up":
            log.info("%s is tried again", self.service.name)
            self._deaths, self._own_deaths, self._start_at = [], [], 0.0
            self.record = self.record.model_copy(update={"state": "waiting"})

    def _count_death(self) -> None:
        died = time.monotonic()  # a wall clock may jump
        was_killed = self.record.state != "waiting" and self._was_killed()
        is_own = not was_killed and not self._is_excused()
        self._deaths = [death for death in self._deaths if death > died - PAUSE_PERIOD_SECONDS]
        self._deaths += [died] * (not was_killed)
        self._own_deaths = [death for death in self._own_deaths if death > died - PERIOD_SECONDS] + [died] * is_own
        if len(self._own_deaths) > MAX_DEATHS:
            log.error("%s ended by itself %d times in ten minutes and is left alone", self.service.name, MAX_DEATHS + 1)
            self.record = self.record.model_copy(update={"state": "given up"})
            return
        growth = 1 if was_killed else 2 ** (len(self._deaths) - 1)
        pause = min(LONGEST_PAUSE_SECONDS, self._first_pause_seconds * growth)
        log.warning("%s died and is started again in %g s", self.service.name, pause)
        self._start_at = died + pause
        self.record = self.record.model_copy(update={"state": "waiting"})

    def _was_killed(self) -> bool:
        """Whether it ended from outside; of Postgres, which leaves its starter, taken as given: it would not start either."""
        if self.record.pid is None:  # it was gone before anybody could look
            return False
        code = take_exit_code(self.record.pid)
        return code is None or code in FROM_OUTSIDE

    def _restart(self) -> None:
        self.record = self.record.model_copy(update={"restarts": self.record.restarts + 1})
        try:
            self.start()
        except (CacoError, OSError) as exc:  # a start that fails counts as one more death
            log.warning("%s does not start: %s", self.service.name, exc)
            self._count_death()


def main(arguments: Sequence[str], inherited: Mapping[str, str]) -> int:
    """Runs a supervisor; the exit status is 0 after SIGTERM, 1 when something did not start."""
    os.umask(0o077)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    signal.signal(signal.SIGTERM, _request_stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    home = Home(Path(arguments[0]))
    try:
        with home.lock("supervisor"):
            supervisor = Supervisor(home, inherited=inherited)
            signal.signal(signal.SIGHUP, lambda _number, _frame: supervisor.ask_again())
            supervisor.run()
    except (CacoError, OSError) as exc:
        log.error("%s", exc)
        return 1
    return 0


def _request_stop(_number: int, _frame: FrameType | None) -> None:
    raise StopRequest


def _make_state(phase: Phase, message: str, watches: list[Watch]) -> SupervisorState:
    own = identify(os.getpid())
    return SupervisorState(
        pid=os.getpid(),
        started_ticks=own.started_ticks if own else 0,
        phase=phase,
        message=message,
        services={watch.service.name: watch.record for watch in watches},
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
