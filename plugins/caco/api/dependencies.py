"""What routes get handed: ledger and store, the name of who is asking, what Airflow knows."""

import os
from functools import cache
from typing import Annotated, Protocol

from fastapi import Depends, Query, Request
from pydantic import BaseModel

from caco_tasks.connections import Connections
from caco_tasks.errors import ConfigError, LedgerError
from caco_tasks.ledger.analyst import Analyst
from caco_tasks.reports.archive import Archive
from caco_tasks.reports.overview import Failure
from caco_tasks.store import open_store


class ErrorReply(BaseModel):
    """What went wrong, in one sentence."""

    detail: str


class History(Protocol):
    """What only Airflow's database knows."""

    def failures(self, most: int) -> tuple[Failure, ...]:
        """The newest failed tasks of our DAGs."""


def open_archive() -> Archive:
    """Ledger and store, as the environment of the API server names them.

    Raises:
        LedgerError: it names none.
    """
    try:
        connections = Connections.from_environ(os.environ)
    except ConfigError as exc:
        raise LedgerError(str(exc)) from exc  # no fault of who asks
    if connections.analyst_url is None:
        raise LedgerError(
            "There is no ledger: start the local platform with `caco up`, or set CACO_LEDGER_ANALYST_URL."
        )
    return Archive(
        ledger=_analyst(connections.analyst_url), store=open_store(connections.store), connections=connections
    )


@cache
def _analyst(url: str) -> Analyst:
    """One pool of connections for all requests."""
    return Analyst(url)


def person_of(request: Request) -> str:
    """The name of who is asking."""
    return str(request.state.person)


def history_of(request: Request) -> History | None:
    """What Airflow knows."""
    history: History | None = request.app.state.history
    return history


ArchiveDep = Annotated[Archive, Depends(open_archive)]
PersonDep = Annotated[str, Depends(person_of)]
HistoryDep = Annotated[History | None, Depends(history_of)]
Cursor = Annotated[str | None, Query(max_length=500, description="`next_cursor` of the page before.")]
NO_NUL = r"^[^\x00]*$"  # which no text of Postgres holds
Text = Annotated[str | None, Query(min_length=1, max_length=200, pattern=NO_NUL)]
Day = Annotated[str | None, Query(pattern=r"^\d{4}-\d{2}-\d{2}$", description="YYYY-MM-DD, included.")]
Id = Annotated[str | None, Query(pattern=r"^[0-9A-Fa-f-]{6,36}$", description="An id, or six digits or more of it.")]
