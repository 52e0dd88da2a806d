"""What a command finds through the environment: the local platform, the ledger, the store."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from caco_tasks.cli.console import show_progress
from caco_tasks.errors import ConfigError, PlatformError

if TYPE_CHECKING:  # commands that need none of them start without loading them
    from caco_tasks.connections import Connections
    from caco_tasks.ledger import Ledger
    from caco_tasks.platform.state import PlatformState
    from caco_tasks.reports.archive import Archive
    from caco_tasks.store import Store

PROJECT = Path(__file__).resolve().parents[2]  # the checkout: `dags/`, `plugins/`, `sql/` lie beside the package
# role -> the variable that names the ledger for it
VARIABLES = {"writer": "CACO_LEDGER_URL", "owner": "CACO_LEDGER_OWNER_URL", "analyst": "CACO_LEDGER_ANALYST_URL"}


def today() -> str:
    """Today's date in UTC: the partition of a run that names none."""
    return datetime.now(UTC).date().isoformat()


def platform_home() -> Path:
    """The folder of the local platform."""
    from caco_tasks.connections import home_folder

    return home_folder(os.environ)


def find_connections() -> "Connections":
    """What can be reached from here.

    Raises:
        ConfigError: no store is named anywhere.
    """
    from caco_tasks.connections import Connections

    return Connections.from_environ(os.environ)


def require_platform() -> "PlatformState":
    """How to reach the local platform, whether it runs now or not.

    Raises:
        PlatformError: it was never started here.
    """
    from caco_tasks.platform.state import load_state

    state = load_state(platform_home())
    if state is None:
        raise PlatformError("The local platform was never started here: run `caco up`.")
    return state


def find_running_platform() -> "PlatformState | None":
    """The local platform, where it is healthy and works on the store and the ledger that commands use here."""
    from caco_tasks.platform.control import status
    from caco_tasks.platform.state import load_state

    state, reached = load_state(platform_home()), find_connections()
    # with another store or ledger in the environment, its Airflow would work on other runs than the commands do
    if state is None or (state.store, state.ledger_writer_url) != (reached.store, reached.ledger_url):
        return None
    return state if status(platform_home()).is_healthy else None


def ledger_address(role: str) -> str:
    """The URL of the ledger for a role: `writer`, `owner` or `analyst`.

    Raises:
        ConfigError: none is named anywhere.
    """
    from caco_tasks.connections import LedgerUrls

    url: str | None = getattr(LedgerUrls.from_environ(os.environ), role)
    if url is None:
        raise ConfigError(
            f"There is no ledger for the {role}: start the local platform with `caco up`, or set {VARIABLES[role]}."
        )
    return url


def open_ledger_as(role: str = "writer") -> "Ledger":
    """The ledger, as `writer`, `owner` or `analyst`.

    Raises:
        ConfigError: as `ledger_address`.
    """
    from caco_tasks.ledger import Ledger

    return Ledger(ledger_address(role))


@contextmanager
def open_archive_here() -> "Iterator[Archive]":
    """Ledger and store as the reports read them, with the analyst's rights; shows progress.

    Raises:
        ConfigError: no store is named anywhere.
        LedgerError: there is no ledger.
    """
    from caco_tasks.connections import LedgerUrls
    from caco_tasks.reports.archive import open_archive

    # whoever may write may look, too; the archive itself writes nothing
    url = LedgerUrls.from_environ(os.environ).writer or ledger_address("analyst")
    reached = find_connections()
    settled = replace(reached, analyst_url=reached.analyst_url or url)
    with show_progress("reading the ledger"), open_archive(settled) as archive:
        yield archive


def open_store_here() -> "Store":
    """The store.

    Raises:
        ConfigError: none is named anywhere.
    """
    from caco_tasks.store import open_store

    return open_store(find_connections().store)


def storage_options() -> dict[str, Any]:
    """What `datasets.load_dataset` needs to read from the store on S3; for a notebook or a script.

    >>> load_dataset("parquet", data_files="s3://…", storage_options=storage_options())  # doctest: +SKIP

    Raises:
        ConfigError: no store is named anywhere.
    """
    from caco_tasks.publishing.load_lines import s3_options

    return s3_options(find_connections().store)
