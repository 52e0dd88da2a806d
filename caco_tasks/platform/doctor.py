"""`caco doctor`: what this machine has, what it lacks, what follows from that, and how to get it. Changes nothing.

Each check is a function of its own that returns one finding; `doctor` lists them.
"""

import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from caco_tasks.config import SandboxSettings
from caco_tasks.errors import LedgerError, LedgerUnreachableError, PlatformError, SandboxError
from caco_tasks.platform.ports import is_free
from caco_tasks.platform.postgres import binaries
from caco_tasks.platform.state import DEFAULT_PORTS, Home
from caco_tasks.platform.swift import has_extended_attributes
from caco_tasks.sandbox import Sandbox

MIN_PYTHON = (3, 11)
MIN_DISK_MB, GOOD_DISK_MB = 500, 5_000
MIN_MEMORY_MB, GOOD_MEMORY_MB = 1_500, 4_000  # the idle platform takes about 1,000
MAX_NAMED = 5

# program -> what its absence means, and how to get it
_OPTIONAL_PROGRAMS = {
    "nvidia-smi": ("models run on the CPU", "a machine with a GPU and its driver"),
}


class Finding(BaseModel):
    """The result of one check."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    level: Literal["ok", "warning", "missing"]  # "missing": the platform does not work without it
    meaning: str  # what was found, and what follows from it
    remedy: str | None = None  # how to get it; None where nothing is needed


def doctor(home: Path, project: Path, *, ledger_url: str | None = None, left_out: Sequence[str] = ()) -> list[Finding]:
    """Checks everything that the platform of `home` for `project` needs; takes a few seconds.

    `left_out` is what of the environment could not be used, one sentence each.
    """
    place = Home(home.absolute())
    return [
        check_python(),
        check_virtual_environment(),
        check_variables(left_out),
        check_packages(project / "requirements.lock"),
        check_make(),
        check_disk(place),
        check_memory(),
        check_ports(place),
        check_extended_attributes(place),
        check_postgres(),
        check_ledger(ledger_url),
        check_sandbox(),
        check_weights(),
        *check_optional_programs(),
    ]


def check_python() -> Finding:
    """Whether this Python is new enough."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < MIN_PYTHON:
        return _missing("python", f"Python {version} is too old", "apt-get install python3.11 python3.11-venv")
    return _ok("python", f"Python {version}")


def check_virtual_environment() -> Finding:
    """Whether packages are installed apart from the system's."""
    if sys.prefix == sys.base_prefix:
        meaning = "not in a virtual environment, so other programs may change our packages"
        return _warning("virtual environment", meaning, "make install")
    return _ok("virtual environment", sys.prefix)


def check_variables(left_out: Sequence[str]) -> Finding:
    """Whether all variables of the environment that libraries read are such that they can be used."""
    if left_out:
        return _warning("variables", " ".join(left_out), "mend or unset them")
    return _ok("variables", "proxies and certificates can be used as they are set")


def check_packages(lock: Path) -> Finding:
    """Whether the installed packages are those of the lock."""
    if not lock.is_file():
        return _warning("packages", f"there is no {lock}, so nothing to compare with", "run it in the project's folder")
    pinned = re.findall(r"^([A-Za-z0-9_.\-]+)==([^\s;]+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
    installed = {name: _find_version(name) for name, _ in pinned}
    absent = [name for name, version in installed.items() if version is None]
    other = [f"{name} {installed[name]} for {version}" for name, version in pinned if installed[name] != version]
    if absent:
        return _missing("packages", f"{len(absent)} of {len(pinned)} are absent: {_some(absent)}", "make install")
    if other:
        return _warning(
            "packages", f"{len(other)} of {len(pinned)} differ from the lock: {_some(other)}", "make install"
        )
    return _ok("packages", f"all {len(pinned)} as locked")


def _find_version(name: str) -> str | None:
    try:
        return metadata.version(name).partition("+")[0]  # "2.13.0+cpu" is 2.13.0 built for CPUs
    except metadata.PackageNotFoundError:
        return None


def check_make() -> Finding:
    """Whether there is `make`."""
    if shutil.which("make") is None:
        return _warning("make", "`make demo` and `make test` do not work; `caco` does", "apt-get install make")
    return _ok("make", "found")


def check_disk(place: Home) -> Finding:
    """Whether the disk of the home has room."""
    free_mb = shutil.disk_usage(_existing(place.folder)).free // 2**20
    meaning = f"{free_mb} MB free"
    if free_mb < MIN_DISK_MB:
        return _missing("disk", f"{meaning}, too little to start", f"make room, at least {MIN_DISK_MB} MB")
    if free_mb < GOOD_DISK_MB:
        return _warning("disk", f"{meaning}, enough for small runs", f"{GOOD_DISK_MB} MB are comfortable")
    return _ok("disk", meaning)


def check_memory() -> Finding:
    """Whether the platform and small models fit into memory."""
    text = Path("/proc/meminfo").read_text(encoding="ascii")
    found = re.search(r"^MemAvailable:\s+(\d+) kB", text, re.MULTILINE)  # with caches that the kernel would give up
    free_mb = int(found[1]) // 1024 if found else 0
    meaning = f"{free_mb} MB available; the idle platform takes about 1,000"
    if free_mb < MIN_MEMORY_MB:
        return _missing("memory", meaning, f"close other programs: {MIN_MEMORY_MB} MB are needed")
    if free_mb < GOOD_MEMORY_MB:
        return _warning("memory", meaning, f"{GOOD_MEMORY_MB} MB are comfortable with the nano models")
    return _ok("memory", meaning)


def check_ports(place: Home) -> Finding:
    """Whether the usual ports are free, or the platform's own."""
    plan, supervisor = place.plan(), place.supervisor()
    if plan is not None and supervisor is not None and supervisor.is_alive():
        return _ok("ports", f"the platform is up on {_some([str(port) for port in plan.ports.model_dump().values()])}")
    taken = [f"{port} of {name}" for name, port in DEFAULT_PORTS.items() if not is_free(port)]
    if taken:
        return _warning(
            "ports", f"taken by others: {_some(taken)}; `caco up` takes the next free ones", "nothing to do"
        )
    return _ok("ports", "the usual ones are free")


def check_extended_attributes(place: Home) -> Finding:
    """Whether the file system of the home suits the S3 store."""
    folder = _existing(place.folder)
    if not has_extended_attributes(folder):
        meaning = f"{folder} cannot be written or its file system has none, so the S3 store cannot run there"
        return _warning("extended attributes", meaning, "another folder, or `caco up --store file`")
    return _ok("extended attributes", "the S3 store can run here")


def check_postgres() -> Finding:
    """Whether the binaries of Postgres are installed."""
    try:
        folder = binaries()
    except PlatformError as exc:
        return _missing("postgres", str(exc), "make install")
    return _ok("postgres", f"binaries in {folder}")


def check_ledger(url: str | None) -> Finding:
    """Whether the schema of the ledger is the one that this version was written for."""
    from caco_tasks.ledger import Ledger

    if url is None:
        return _ok("ledger", "there is none yet: `caco up` makes it")
    try:
        with Ledger(url) as ledger:
            pending = ledger.find_pending()
    except LedgerUnreachableError:
        return _ok("ledger", "Postgres is not up: `caco up` starts it, and applies the migrations that are pending")
    except LedgerError as exc:
        return _missing("ledger", str(exc), "the version of the package that the ledger was made by, or a newer one")
    if pending:
        meaning = f"{len(pending)} migrations are pending, and tasks are refused until then: {_some(pending)}"
        return _missing("ledger", meaning, "caco ledger migrate")
    return _ok("ledger", "its schema is that of this version")


def check_sandbox() -> Finding:
    """Starts the sandbox once, which tries by attack what it can wall off on this machine."""
    try:
        with Sandbox(SandboxSettings(workers=1)) as sandbox:
            level = sandbox.level
    except SandboxError as exc:
        return _missing("sandbox", str(exc), "an ordinary Linux account outside of a restricted container")
    if level != "full":
        meaning = f"level '{level}': programs are shut in, but with fewer walls than could be"
        return _warning("sandbox", meaning, "allow user namespaces: sysctl kernel.unprivileged_userns_clone=1")
    return _ok("sandbox", "level 'full'")


def check_weights() -> Finding:
    """Whether the bundled models are there."""
    folder = Path(__file__).parents[1] / "nano" / "weights"
    found = sorted(path.parent.name for path in folder.glob("*/model.safetensors"))
    if not found:
        meaning = "the bundled models are absent, so the nano config does not run"
        return _missing(
            "weights", meaning, "install the released package, or train: python -m caco_tasks.nano.pretrain --help"
        )
    return _ok("weights", f"bundled: {', '.join(found)}")


def check_optional_programs() -> Iterator[Finding]:
    """Programs that only some features need."""
    for program, (meaning, remedy) in _OPTIONAL_PROGRAMS.items():
        if shutil.which(program):
            yield _ok(program, "found")
        else:
            yield _warning(program, f"optional and not found: {meaning}", remedy)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    while not folder.is_dir():
        folder = folder.parent
    return folder


def _some(names: list[str]) -> str:
    more = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


def _ok(name: str, meaning: str) -> Finding:
    return Finding(name=name, level="ok", meaning=meaning)


def _warning(name: str, meaning: str, remedy: str) -> Finding:
    return Finding(name=name, level="warning", meaning=meaning, remedy=remedy)


def _missing(name: str, meaning: str, remedy: str) -> Finding:
    return Finding(name=name, level="missing", meaning=meaning, remedy=remedy)
