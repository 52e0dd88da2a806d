"""The one door to Postgres: how it is reached, and how its errors are said."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import psycopg2
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from caco_tasks.addresses import is_host
from caco_tasks.errors import LedgerError, LedgerUnreachableError, QuestionTimeoutError

CONNECT_SECONDS = 5  # a worker without its database should say so before its task times out

_GOES_OR_COMES = ("57P", "08", "533")  # SQLSTATE: shut down, starting, connection lost, too many connections
_REFUSED = re.compile(r"authentication failed|does not exist|pg_hba|no password|permission denied|SSL", re.IGNORECASE)


class Database:
    """A Postgres database, reached when first used."""

    def __init__(self, url: str) -> None:
        """Names the database.

        Raises:
            LedgerError: `url` is not `postgresql://user:password@host:port/database`.
        """
        self._url = _postgres_url(url)
        self._whole: Connection | None = None  # the one that all transactions are part of, while there is such a one
        self._engine: Engine = create_engine(
            # a restarted server has closed the connections of the pool
            self._url,
            pool_pre_ping=True,
            connect_args={"connect_timeout": CONNECT_SECONDS},
        )

    @property
    def name(self) -> str:
        """Where it is, for a reader: host, port and database, without the password."""
        return f"{self._url.host or 'localhost'}:{self._url.port or 5432}/{self._url.database}"

    @property
    def address(self) -> str:
        """Its URL without the password."""
        known = self._url.difference_update_query(["password", "passfile", "sslpassword"])
        return URL.create(
            "postgresql", known.username, host=known.host, port=known.port, database=known.database, query=known.query
        ).render_as_string()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction: committed where the body ends well, rolled back where it does not.

        Raises:
            LedgerError: Postgres does not answer or refuses.
        """
        if self._whole is not None:
            yield self._whole
            return
        with self.mending(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Makes one transaction of all those within the body: what it did is seen when it ends well, or never.

        Raises:
            LedgerError: as `transaction`.
        """
        with self.transaction() as connection:
            self._whole = connection
            try:
                yield
            finally:
                self._whole = None

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection whose transactions the body opens itself.

        Raises:
            LedgerError: Postgres does not answer or refuses.
        """
        with self.mending(), self._engine.connect() as connection:
            yield connection

    def close(self) -> None:
        """Gives the connections back."""
        self._engine.dispose()

    @contextmanager
    def mending(self) -> Iterator[None]:
        """Turns an error of the driver into a LedgerError.

        Raises:
            LedgerError: the body met such an error.
            LedgerUnreachableError: Postgres is away, or went away meanwhile.
            QuestionTimeoutError: a question took longer than it may.
        """
        try:
            yield
        except (SQLAlchemyError, psycopg2.Error) as exc:
            said, cause = _first_line(exc), _cause_of(exc)
            if isinstance(cause, psycopg2.errors.QueryCanceled):  # no fault of the server's: a limit was reached
                raise QuestionTimeoutError(
                    f"Postgres at {self.name} stopped the question ({said}): ask for less, or for longer."
                ) from exc
            if (isinstance(exc, DBAPIError) and exc.connection_invalidated) or isinstance(
                cause, psycopg2.OperationalError
            ):
                if isinstance(cause, psycopg2.errors.DiskFull):
                    raise LedgerError(
                        f"The disk of Postgres at {self.name} is full ({said}): free some space there and run again."
                    ) from exc
                kind = LedgerUnreachableError if _may_come_back(cause) else LedgerError
                raise kind(
                    f"Postgres at {self.name} cannot be used ({said}): start it with `caco up`, or mend its address, user "
                    "and password."
                ) from exc
            raise LedgerError(f"Postgres at {self.name} refused: {said}.") from exc


def is_lock_timeout(exc: Exception) -> bool:
    """Whether a statement waited longer for a lock than `lock_timeout` allows."""
    return isinstance(_cause_of(exc), psycopg2.errors.LockNotAvailable)


def clean(text: str | None) -> str | None:
    """The text as Postgres can hold it: a NUL becomes a backslash and 0."""
    return None if text is None else text.replace("\0", "\\0")


def hex_or_none(found: UUID | None) -> str | None:
    """An id as the store writes it: 32 hex digits."""
    return None if found is None else found.hex


def id_range(prefix: str) -> tuple[str, str] | None:
    """The first and the last id that begin so, given with or without hyphens; None: no id begins so.

    >>> id_range("AB-c")
    ('abc00000000000000000000000000000', 'abcfffffffffffffffffffffffffffff')
    """
    digits = prefix.replace("-", "").lower()
    if len(digits) > 32 or not set(digits) <= set("0123456789abcdef"):
        return None
    return digits.ljust(32, "0"), digits.ljust(32, "f")


def _postgres_url(text: str) -> URL:
    try:
        url = make_url(re.sub(r"^\s*postgres://", "postgresql://", text).strip())  # as libpq takes it, too
        is_read = url.host is None or is_host(url.host)
    except (ArgumentError, ValueError):  # whose words may hold a part of the password
        is_read = False
    if not is_read:
        raise LedgerError(
            "The ledger's address is not of the form postgresql://user:password@host:port/database: in the password, "
            "write @ as %40, : as %3A and / as %2F."
        ) from None
    if url.get_backend_name() != "postgresql":
        raise LedgerError(f"The ledger's address names {url.get_backend_name()}: it must begin with postgresql://.")
    return url.set(drivername="postgresql+psycopg2")


def _cause_of(exc: Exception) -> BaseException:
    """The driver's own error."""
    return exc.orig if isinstance(exc, DBAPIError) and exc.orig is not None else exc


def _may_come_back(cause: BaseException) -> bool:
    """Whether Postgres is away, as in a restart, and not one that refuses."""
    if isinstance(cause, psycopg2.Error) and cause.pgcode is not None:
        return cause.pgcode.startswith(_GOES_OR_COMES)
    return not _REFUSED.search(str(cause))  # libpq tells of a connection that was not made in words only


def _first_line(exc: Exception) -> str:
    cause = _cause_of(exc)
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0].rstrip(".")
