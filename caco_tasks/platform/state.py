"""The layout of the platform's home, and the small files by which its processes know of each other.

```
home/  (0700)
├── platform.json      how to reach everything: what the command line and the tasks read
├── secrets.json       passwords and keys, made once
├── plan.json          project, store and ports of the last `up`
├── supervisor.json    the supervisor, its phase, and every service with pid and start time
├── *.lock             held while `up` or `down` runs, and by the supervisor as long as it lives
├── logs/              one file per service
├── postgres/  s3/  store/  airflow/
```
"""

import base64
import contextlib
import fcntl
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from caco_tasks.atomic import write_bytes
from caco_tasks.errors import PlatformError
from caco_tasks.platform.ports import LOOPBACK
from caco_tasks.platform.postgres import EmbeddedPostgres
from caco_tasks.platform.processes import ProcessId
from caco_tasks.platform.swift import EmbeddedSwift
from caco_tasks.store.store import StoreSettings

AIRFLOW_USER = "admin"
# login -> role of Airflow's simple auth manager; a viewer sees everything, an auditor answers forms and starts runs too
AIRFLOW_ACCOUNTS = {AIRFLOW_USER: "admin", "auditor": "user", "viewer": "viewer"}
ACCESS_KEY = "caco:writer"  # account:user, as Swift needs it
BUCKET = "caco"
DEFAULT_PORTS = {"airflow": 8080, "postgres": 15432, "s3": 18333}  # not 5432: a machine's own Postgres may be there

StoreKind = Literal["s3", "file"]
Phase = Literal["starting", "running", "stopping", "stopped", "failed"]
Model = TypeVar("Model", bound=BaseModel)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Ports(_File):
    """Where the services listen, on the loopback address."""

    airflow: int = Field(ge=1, le=65535)
    postgres: int = Field(ge=1, le=65535)
    s3: int = Field(ge=1, le=65535)


class Plan(_File):
    """What `up` chose, for the supervisor to start."""

    project: Path  # the folder that holds `dags` and `plugins`
    store: StoreKind
    ports: Ports


class Secrets(_File):
    """Passwords and keys, made once from the system's randomness."""

    airflow_password: str
    airflow_auditor_password: str = ""  # of a home from before there were such accounts: made when it is read
    airflow_viewer_password: str = ""
    fernet_key: str
    jwt_secret: str
    api_secret_key: str
    postgres_password: str  # of the superuser
    postgres_airflow_password: str
    postgres_owner_password: str
    postgres_writer_password: str
    postgres_analyst_password: str
    s3_secret_key: str

    @property
    def airflow_passwords(self) -> dict[str, str]:
        """The password of each login."""
        return {
            AIRFLOW_USER: self.airflow_password,
            "auditor": self.airflow_auditor_password,
            "viewer": self.airflow_viewer_password,
        }


class PlatformState(_File):
    """How the command line and the tasks reach the platform."""

    project: Path
    airflow_url: str
    airflow_user: str
    airflow_password: str
    airflow_others: dict[str, str] = {}  # login of an account that is no administrator -> password
    ledger_owner_url: str
    ledger_writer_url: str
    ledger_analyst_url: str
    store: StoreSettings
    pids: dict[str, int] = {}  # service -> pid when it was last started


class ServiceRecord(_File):
    """One service as the supervisor last saw it."""

    state: Literal["starting", "running", "waiting", "given up", "stopped"]
    pid: int | None = None
    started_ticks: int | None = None
    started_at: float = 0.0  # seconds since 1970
    restarts: int = 0

    def process(self) -> ProcessId | None:
        """The service's process, dead or alive; None where it never had one."""
        if self.pid is None or self.started_ticks is None:
            return None
        return ProcessId(pid=self.pid, started_ticks=self.started_ticks)

    def is_running(self) -> bool:
        """Whether the supervisor saw it running and its process lives."""
        process = self.process()
        return self.state == "running" and process is not None and process.is_alive()


class SupervisorState(_File):
    """The supervisor and the services that it watches."""

    pid: int
    started_ticks: int
    phase: Phase
    message: str  # what it is doing, or in the phase "failed" what went wrong
    services: dict[str, ServiceRecord] = {}

    def process(self) -> ProcessId:
        """The supervisor that wrote this, dead or alive."""
        return ProcessId(pid=self.pid, started_ticks=self.started_ticks)

    def is_alive(self) -> bool:
        """Whether the supervisor that wrote this still runs."""
        return self.process().is_alive()


@dataclass(frozen=True, slots=True)
class Home:
    """The folder below which the platform keeps everything."""

    folder: Path

    @property
    def logs(self) -> Path:
        """Where every service has its log."""
        return self.folder / "logs"

    @property
    def airflow(self) -> Path:
        """`AIRFLOW_HOME`."""
        return self.folder / "airflow"

    def log_file(self, service: str) -> Path:
        """The log of a service."""
        match service:
            case "postgres":
                return self.folder / "postgres" / "postgres.log"
            case "s3":
                return self.folder / "s3" / "swift.log"
        return self.logs / f"{service}.log"

    def make(self) -> None:
        """Makes the folders, private to the user.

        Raises:
            PlatformError: the place cannot be written.
        """
        try:
            for folder in (self.folder, self.logs, self.airflow):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                folder.chmod(0o700)  # a folder that was there, or a umask, may say otherwise
            self.write("probe", "")  # a full disk or a quota lets folders be made, and no files
            (self.folder / "probe").unlink()
        except OSError as exc:
            raise PlatformError(
                f"The platform's home {self.folder} cannot be written ({exc.strerror}): choose another folder."
            ) from exc

    @contextlib.contextmanager
    def lock(self, holder: str) -> Iterator[None]:
        """Keeps a second process of the same kind out, until the end of this one at the latest.

        Args:
            holder: the kind: "command" for `up` and `down`, "supervisor" for the supervisor.

        Raises:
            PlatformError: another one holds the lock.
        """
        with (self.folder / f"{holder}.lock").open("w") as file:  # the kernel drops the lock when the process ends
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as exc:
                raise PlatformError(
                    f"Another {holder} is at work on the platform in {self.folder}: wait for its end."
                ) from exc
            yield

    def write(self, name: str, text: str) -> None:
        """Replaces a file as a whole, readable for the user alone."""
        write_bytes(self.folder / name, text.encode(), mode=0o600)

    def save(self, name: str, model: BaseModel) -> None:
        """Writes a model to a file."""
        self.write(name, model.model_dump_json(indent=2) + "\n")

    def load(self, name: str, model: type[Model]) -> Model | None:
        """Reads a model from a file; None where there is no file.

        Raises:
            PlatformError: the file cannot be read or holds something else.
        """
        try:
            return model.model_validate_json((self.folder / name).read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValidationError) as exc:
            raise PlatformError(
                f"{self.folder / name} cannot be understood: run `caco down`, remove the file and run `caco up`."
            ) from exc

    def plan(self) -> Plan | None:
        """The last plan."""
        return self.load("plan.json", Plan)

    def supervisor(self) -> SupervisorState | None:
        """What the last supervisor wrote last."""
        return self.load("supervisor.json", SupervisorState)

    def secrets(self) -> Secrets:
        """The platform's secrets, made now if there are none."""
        found = self.load("secrets.json", Secrets)
        if found is None:
            fernet_key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()  # the form that Fernet needs
            others = {name: secrets.token_hex(16) for name in Secrets.model_fields if name != "fernet_key"}
            found = Secrets(fernet_key=fernet_key, **others)
            self.save("secrets.json", found)
        missing = {name: secrets.token_hex(16) for name, value in found if not value}
        if missing:
            found = found.model_copy(update=missing)
            self.save("secrets.json", found)
        return found


def load_state(home: Path) -> PlatformState | None:
    """How to reach the platform of `home`; None where it never came up. It may have stopped since.

    Raises:
        PlatformError: the file cannot be read.
    """
    return Home(home.absolute()).load("platform.json", PlatformState)


def describe(home: Home, plan: Plan, own: Secrets) -> PlatformState:
    """How the platform of a plan is reached, pids left out."""
    postgres = embedded_postgres(home, plan, own)
    return PlatformState(
        project=plan.project,
        airflow_url=f"http://{LOOPBACK}:{plan.ports.airflow}",
        airflow_user=AIRFLOW_USER,
        airflow_password=own.airflow_password,
        airflow_others={name: word for name, word in own.airflow_passwords.items() if name != AIRFLOW_USER},
        ledger_owner_url=postgres.url("caco", "caco_owner", own.postgres_owner_password),
        ledger_writer_url=postgres.url("caco", "caco_writer", own.postgres_writer_password),
        ledger_analyst_url=postgres.url("caco", "caco_analyst", own.postgres_analyst_password),
        store=_describe_store(home, plan, own),
    )


def embedded_postgres(home: Home, plan: Plan, own: Secrets) -> EmbeddedPostgres:
    """The Postgres of a plan."""
    return EmbeddedPostgres(home.folder / "postgres", port=plan.ports.postgres, password=own.postgres_password)


def embedded_s3(home: Home, plan: Plan, own: Secrets) -> EmbeddedSwift:
    """The S3 store of a plan."""
    return EmbeddedSwift(home.folder / "s3", port=plan.ports.s3, access_key=ACCESS_KEY, secret_key=own.s3_secret_key)


def _describe_store(home: Home, plan: Plan, own: Secrets) -> StoreSettings:
    if plan.store == "file":
        return StoreSettings(root=f"file://{home.folder / 'store'}")
    return StoreSettings(
        root=f"s3://{BUCKET}",
        endpoint_url=embedded_s3(home, plan, own).endpoint_url,
        access_key=ACCESS_KEY,
        secret_key=own.s3_secret_key,
    )
