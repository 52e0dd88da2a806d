"""Ledger and store as the reports read them: as the analyst, who can only look, and never for longer than somebody waits."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from caco_tasks.connections import Connections
from caco_tasks.errors import LedgerError
from caco_tasks.ledger.analyst import Analyst
from caco_tasks.store import Store, open_store


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLedger:
    """What those reports are made of that read no texts: an analyst may have no store."""

    ledger: Analyst


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive(OpenLedger):
    """What reports are made of."""

    store: Store
    connections: Connections


@contextmanager
def open_archive(connections: Connections) -> Iterator[Archive]:
    """Ledger and store of these connections.

    Raises:
        LedgerError: there is no ledger.
        ConfigError: the store's root is none.
    """
    if connections.analyst_url is None:
        raise LedgerError(
            "There is no ledger: start the local platform with `caco up`, or set CACO_LEDGER_ANALYST_URL."
        )
    with Analyst(connections.analyst_url) as ledger:
        yield Archive(ledger=ledger, store=open_store(connections.store), connections=connections)
