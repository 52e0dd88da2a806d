"""An S3 store without root, Docker or settings in /etc: one node of OpenStack Swift in one folder.

It checks signatures, digests and part sizes as a real S3 does, supports multipart uploads, and keeps its objects over a
restart. It is a store for one machine: no replica, no auditor, and a conditional put is no lock. The metadata of objects
lie in extended attributes, so the folder's file system must support these.
"""

import contextlib
import os
import re
import secrets
import sys
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from caco_tasks.atomic import write_bytes
from caco_tasks.errors import PlatformError
from caco_tasks.platform.inherited_environment import python_environment
from caco_tasks.platform.ports import LOOPBACK, require_free
from caco_tasks.platform.processes import (
    ProcessId,
    read_pid_file,
    spawn,
    stop,
    wait_until,
    write_pid_file,
)

START_SECONDS = 60
STOP_SECONDS = 10
REGION = "us-east-1"  # what S3 clients assume where none is set

# Written without /etc/swift: `swift_dir` points at the node's own folder. Time limits are wide and backends never given up
# (`error_suppression_limit`), since with one device there is no other to turn to.
_PROXY_CONF = """\
[DEFAULT]
swift_dir = {folder}
log_level = WARNING

[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth copy slo dlo \
versioned_writes symlink proxy-server

[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
conn_timeout = 10
node_timeout = 60
error_suppression_limit = 1000000

[filter:cache]
paste.filter_factory = caco_tasks.platform.swift_node:cache_filter

[filter:tempauth]
use = egg:swift#tempauth
user_{account}_{user} = {secret_key} .admin

[filter:s3api]
use = egg:swift#s3api
location = {region}
s3_acl = false
multi_delete_concurrency = 4

[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_object_versioning = true
"""

# The filters of the pipeline that need no settings of their own.
_PLAIN_FILTERS = (
    "catch_errors",
    "gatekeeper",
    "healthcheck",
    "listing_formats",
    "bulk",
    "copy",
    "slo",
    "dlo",
    "symlink",
)

_BACKEND_CONF = """\
[DEFAULT]
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
log_level = WARNING

[app:main]
use = egg:swift#{server}
conn_timeout = 10
node_timeout = 60
"""


class EmbeddedSwift:
    """A single Swift node with an S3 API on the loopback address."""

    def __init__(self, folder: Path, *, port: int, access_key: str, secret_key: str) -> None:
        """Names the node; nothing starts yet.

        Args:
            folder: where settings, log and data live; made on start, private to the user.
            port: of the loopback address.
            access_key: of the form `account:user`, small letters and digits only.
            secret_key: letters and digits only.

        Raises:
            PlatformError: a key has another form.
        """
        if not re.fullmatch(r"[a-z0-9]+:[a-z0-9]+", access_key) or not re.fullmatch(r"[A-Za-z0-9]+", secret_key):
            raise PlatformError("The S3 keys are malformed: give account:user and a secret of letters and digits only.")
        self.folder = folder.absolute()
        self.port = port
        self.access_key = access_key
        self.secret_key = secret_key
        self.log_file = self.folder / "swift.log"
        self._pid_file = self.folder / "swift.pid"

    @property
    def endpoint_url(self) -> str:
        """Where S3 clients find the node; they must use path-style addresses and the region `us-east-1`."""
        return f"http://{LOOPBACK}:{self.port}"

    def start(self, *, wait: bool = True) -> None:
        """Starts the node, unless it runs; it ends with the thread that called this.

        Args:
            wait: return only when the node answers.

        Raises:
            PlatformError: the port is taken, the folder cannot be written or has no extended attributes, or the node
                does not answer within a minute.
        """
        if self.is_running():
            return
        require_free(self.port, "the S3 store")
        self._write_settings()
        arguments = [str(self.folder), str(self.port), str(os.getpid())]
        command = [sys.executable, "-m", "caco_tasks.platform.swift_node", *arguments]
        process = spawn(command, log_file=self.log_file, environment=python_environment(_needed_of(os.environ)))
        write_pid_file(self._pid_file, process)  # so that the next `up` finds it, should this process be killed
        if wait:
            self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Returns when the started node answers.

        Raises:
            PlatformError: it ended, or it does not answer within a minute.
        """
        # a node that has died ends the wait at once
        answered = wait_until(lambda: self._answers() or not self.is_running(), seconds=START_SECONDS, pause=0.1)
        if not answered or not self.is_running():
            raise PlatformError(f"The S3 store did not start: the reason is at the end of {self.log_file}.")

    def stop(self) -> None:
        """Ends the node, unless it has ended; what was stored stays."""
        process = self.process()
        if process is not None:
            stop(process, patience_seconds=STOP_SECONDS)
        self._pid_file.unlink(missing_ok=True)

    def is_running(self) -> bool:
        """Whether the node's process lives."""
        return self.process() is not None

    def process(self) -> ProcessId | None:
        """The node's process, or None where it does not run."""
        process = read_pid_file(self._pid_file)
        return process if process is not None and process.is_alive() else None

    def _answers(self) -> bool:
        connection = HTTPConnection(LOOPBACK, self.port, timeout=2)  # which knows of no proxy
        try:
            connection.request("GET", "/healthcheck")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def _write_settings(self) -> None:
        account, user = self.access_key.split(":")
        proxy = _PROXY_CONF.format(
            folder=self.folder, region=REGION, account=account, user=user, secret_key=self.secret_key
        )
        proxy += "".join(f"\n[filter:{name}]\nuse = egg:swift#{name}\n" for name in _PLAIN_FILTERS)
        try:
            (self.folder / "devices" / "disk").mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            # The salt of all paths is written once: with another one, nothing that is stored would be found again.
            if not (self.folder / "swift.conf").exists():
                self._write("swift.conf", f"[swift-hash]\nswift_hash_path_suffix = {secrets.token_hex(16)}\n")
            self._write("proxy.conf", proxy)
            for server in ("account", "container", "object"):
                self._write(f"{server}.conf", _BACKEND_CONF.format(folder=self.folder, server=server))
        except OSError as exc:
            raise PlatformError(f"The S3 store cannot write to {self.folder}: {exc.strerror}.") from exc
        require_extended_attributes(self.folder / "devices")

    def _write(self, name: str, text: str) -> None:
        write_bytes(self.folder / name, text.encode(), mode=0o600)  # settings hold the secret key


def _needed_of(inherited: Mapping[str, str]) -> dict[str, str]:
    """What the node takes over: where things are on this machine, and nothing that eventlet or Swift would read."""
    kept = ("PATH", "HOME", "TMPDIR", "LANG", "TZ", "LD_LIBRARY_PATH")
    return {name: inherited[name] for name in kept if name in inherited}


def require_extended_attributes(folder: Path) -> None:
    """Checks that files of `folder` can carry user attributes.

    Raises:
        PlatformError: the file system has none.
    """
    if not has_extended_attributes(folder):
        raise PlatformError(
            f"The file system of {folder} has no extended attributes, which the S3 store needs: "
            "use another folder or `caco up --store file`."
        )


def has_extended_attributes(folder: Path) -> bool:
    """Whether files of `folder`, which must exist, can carry user attributes."""
    probe = folder / f".xattr-{os.getpid()}"
    try:
        probe.touch()
        os.setxattr(probe, "user.swift.probe", b"x" * 1024)  # some file systems have room for a few bytes only
    except OSError:
        return False
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()
    return True
