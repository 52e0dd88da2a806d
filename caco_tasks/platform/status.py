"""The services of the local platform behind one protocol: how each is started, found and ended."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from caco_tasks.platform import airflow
from caco_tasks.platform.postgres import EmbeddedPostgres
from caco_tasks.platform.processes import ProcessId, identify, spawn, stop
from caco_tasks.platform.state import Home, Plan, Secrets, embedded_postgres, embedded_s3
from caco_tasks.platform.swift import EmbeddedSwift

STOP_SECONDS = {"api-server": 3}  # it stops answering at once, but its process lingers
AIRFLOW_STOP_SECONDS = 15
LOG_BYTES = 20_000_000  # above it a log is put aside at the next start: two of them are all that a service keeps
FULL_MB = 50  # with less free on the disk, whatever ends has ended for want of room

ENDED_LAST = ("api-server", "s3", "postgres")  # in this order, after the services that use them


class Service(Protocol):
    """One long-lived process, or a family of them under one leader."""

    name: str

    def start(self) -> None:
        """Starts it; returns before it is ready where that takes long."""

    def stop(self) -> None:
        """Ends it and all its children."""

    def process(self) -> ProcessId | None:
        """Its leader, or None where it does not run."""


class Postgres:
    """The embedded Postgres as a service."""

    name = "postgres"

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        self._server.start()

    def stop(self) -> None:
        """Ends it in good order."""
        self._server.stop()

    def process(self) -> ProcessId | None:
        """The postmaster."""
        pid = self._server.pid()
        return None if pid is None else identify(pid)


class S3:
    """The embedded S3 store as a service."""

    name = "s3"

    def __init__(self, server: EmbeddedSwift) -> None:
        self._server = server

    def start(self) -> None:
        """Starts the server without waiting for it."""
        rotate(self._server.log_file)
        self._server.start(wait=False)

    def stop(self) -> None:
        """Ends it."""
        self._server.stop()

    def process(self) -> ProcessId | None:
        """The server's only process."""
        return self._server.process()

    def wait_until_ready(self) -> None:
        """Returns when it answers."""
        self._server.wait_until_ready()


class AirflowCommand:
    """One command of Airflow as a service; it leads a session of its own."""

    def __init__(
        self, name: str, arguments: tuple[str, ...], *, log_file: Path, environment: Mapping[str, str]
    ) -> None:
        self.name = name
        self._arguments = arguments
        self._log_file = log_file
        self._environment = environment
        self._process: ProcessId | None = None

    def start(self) -> None:
        """Starts it; processes that its last start left behind are ended first."""
        self.stop()
        rotate(self._log_file)
        # through a module of ours, which has the kernel end it when the supervisor is killed
        module = [sys.executable, "-m", "caco_tasks.platform.airflow_child", str(os.getpid())]
        self._process = spawn([*module, *self._arguments], log_file=self._log_file, environment=self._environment)

    def stop(self) -> None:
        """Ends it: SIGTERM, and after some seconds SIGKILL."""
        if self._process is not None:
            stop(self._process, patience_seconds=STOP_SECONDS.get(self.name, AIRFLOW_STOP_SECONDS))

    def process(self) -> ProcessId | None:
        """The leader of its session."""
        return self._process if self._process is not None and self._process.is_alive() else None


def data_services(home: Home, plan: Plan, own: Secrets) -> tuple[Postgres, S3 | None]:
    """Postgres, and the S3 store if the plan has one."""
    s3 = S3(embedded_s3(home, plan, own)) if plan.store == "s3" else None
    return Postgres(embedded_postgres(home, plan, own)), s3


def airflow_services(home: Home, environment: Mapping[str, str]) -> list[AirflowCommand]:
    """The four components of Airflow, in the order in which they are to be stopped."""
    return [
        AirflowCommand(name, arguments, log_file=home.log_file(name), environment=environment)
        for name, arguments in airflow.COMPONENTS.items()
    ]


def rotate(log_file: Path) -> None:
    """Renames a log that has grown large; the one renamed before it is deleted."""
    if log_file.exists() and log_file.stat().st_size > LOG_BYTES:
        log_file.replace(log_file.with_suffix(".log.1"))
