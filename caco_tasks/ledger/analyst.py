"""The ledger for the windows: read-only, as the analyst, and each question bounded in time."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, text

from caco_tasks.ledger import migrations, questions
from caco_tasks.ledger.connection import Database
from caco_tasks.ledger.recipes import Recipe

__all__ = ["Analyst", "Connection"]

TIMEOUT_SECONDS = 10.0

_LIMIT = text("SELECT set_config('statement_timeout', :limit, true), set_config('transaction_read_only', 'on', true)")


class Analyst:
    """One ledger that is only looked at. A context manager; it connects when first asked for something."""

    def __init__(self, url: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        """Names the database: `postgresql://user:password@host:port/database`.

        Raises:
            LedgerError: `url` has another form.
        """
        self._database = Database(url)
        self._limit = {"limit": f"{max(1, round(1000 * timeout_seconds))}ms"}
        self._is_checked = False  # whether the schema is known to be of this version

    def __enter__(self) -> Self:
        """The ledger itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Gives the connections back."""
        self._database.close()

    @property
    def url(self) -> str:
        """Its address, without the password."""
        return self._database.address

    def ask(
        self, recipe: Recipe, *, values: Mapping[str, str], timeout_seconds: float
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Columns and rows of a recipe with some of its values changed.

        Raises:
            ConfigError: a value is of another name than the recipe has.
            QuestionTimeoutError: it took longer than it may.
            LedgerError: Postgres does not answer or refuses.
        """
        wanted = recipe.values(values)
        with self.reading() as connection:
            return questions.ask(connection, recipe, wanted, timeout_seconds=timeout_seconds, max_rows=None)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that reads one state of the ledger.

        Raises:
            LedgerError: Postgres does not answer or refuses, or the schema is of another version.
            QuestionTimeoutError: one question took longer than it may.
        """
        with self._database.transaction() as connection:
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            connection.execute(_LIMIT, self._limit)
            if not self._is_checked:
                migrations.demand_this_version(self._database, connection)
                self._is_checked = True
            yield connection
