"""A ledger as a whole: how it is reached, its schema and upkeep, how it is emptied, filled, backed up, and judged again."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, text

from caco_tasks.errors import LedgerError
from caco_tasks.ledger import claims as claiming
from caco_tasks.ledger import dump, loading, migrations, reverifications, upkeep
from caco_tasks.ledger.claims import RecordedClaims
from caco_tasks.ledger.connection import Database
from caco_tasks.store.reverification_record import ReverificationRecord, reverification_claims_uri
from caco_tasks.store.store import Store

# locks of a session and what ends them: any number of backups, or one housekeeping
_SHARED_HOLD = (
    "SELECT pg_try_advisory_lock_shared(hashtext('caco.store'))",
    "SELECT pg_advisory_unlock_shared(hashtext('caco.store'))",
)
_OWN_HOLD = (
    "SELECT pg_try_advisory_lock(hashtext('caco.store'))",
    "SELECT pg_advisory_unlock(hashtext('caco.store'))",
)

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")

_EMPTY = text(
    "TRUNCATE caco.run, caco.source, caco.audit, caco.dataset, caco.recall, caco.ablation, caco.selector CASCADE"
)


class WholeLedger:
    """What a ledger is before anybody asks for a run: see `caco_tasks.ledger.ledger.Ledger`."""

    def __init__(self, url: str) -> None:
        """Names the database: `postgresql://user:password@host:port/database`.

        Raises:
            LedgerError: `url` has another form.
        """
        self._database = Database(url)
        self._is_checked = False  # whether the schema is known to be of this version

    def __enter__(self) -> Self:
        """The ledger itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Gives the connections back."""
        self.close()

    def close(self) -> None:
        """Gives the connections back; the ledger can be used again after it."""
        self._database.close()

    def migrate(
        self,
        *,
        passwords: Mapping[str, str],
        folder: Path | None = None,
        patience_seconds: float = migrations.PATIENCE_SECONDS,
    ) -> list[str]:
        """Brings schema, views, roles and grants up to date and returns the files of `sql/` that were applied.

        Whoever is connected must be `caco_owner`, or be allowed to create it. `passwords` are set for the roles that
        they name; `folder` stands for `sql/`; `patience_seconds` is how long others may hold what it must change.

        Raises:
            LedgerError: a migration that was applied before has been changed since, or others held a lock for too long.
        """
        return migrations.migrate(self._database, passwords=passwords, folder=folder, patience_seconds=patience_seconds)

    def find_pending(self) -> list[str]:
        """The migrations that `migrate` would apply, in order.

        Raises:
            LedgerError: the ledger was made by a newer version, or one of its migrations was changed.
        """
        return migrations.find_pending(self._database)

    @contextmanager
    def alone(self, what: str) -> Iterator[None]:
        """Keeps all others out who name the same thing, until the body ends; whoever comes second waits for it.

        >>> with ledger.alone("caco-nano/2026-11-21-0123abcd"):  # doctest: +SKIP
        ...     publish_unless_it_is()
        """
        with self._database.connection() as connection, connection.begin():
            connection.execute(_LOCK, {"name": f"caco.alone {what}"})
            yield

    def attach_fates(self, partition: str) -> None:
        """Lets the fates of a date be seen that `load_output` left out with `attach` false; indexes them."""
        with self._transaction() as connection:
            loading.attach_fates(connection, partition)

    def pack(self) -> int:
        """Makes the indexes of fates small again that grew loose as dates were filled; returns how many there were.

        For housekeeping: a third of the room of a date that was filled output by output.
        """
        with self._transaction() as connection:
            return upkeep.pack(connection)

    def vacuum(self) -> list[str]:
        """Vacuums the tables of fates that have new rows; returns their names."""
        return upkeep.vacuum(self._database)

    def forget_fates(self, before: date) -> list[date]:
        """Drops which sample ended where, of dates before one; returns the dates. Counts, outputs and claims stay.

        A date is left that has a dataset which is not withdrawn, or a run of another pipeline than the nightly one.
        """
        with self._transaction() as connection:
            return upkeep.forget(connection, before)

    def run_ids(self) -> set[str]:
        """The ids of all runs."""
        with self._transaction() as connection:
            return {found.hex for found in connection.execute(text("SELECT run_id FROM caco.run")).scalars()}

    @contextmanager
    def replaced(self) -> Iterator[None]:
        """Empties the ledger for a body that fills it again: one transaction, so that a body that fails changes nothing.

        Raises:
            LedgerError: Postgres refuses, or goes away meanwhile.
        """
        with self._transaction():  # the schema is of this version
            pass
        with self._database.whole():
            self.empty()
            yield

    def empty(self) -> None:
        """Removes all that the store can give back; claims on fingerprints stay, for they decide who was first."""
        with self._transaction() as connection:
            connection.execute(_EMPTY)
            connection.execute(text("SELECT caco.drop_fates()"))

    @contextmanager
    def moment(self) -> Iterator[Connection]:
        """A look at the ledger as it is now, whatever is written meanwhile: a transaction that may not write."""
        with self._transaction():  # the schema is of this version
            pass
        with self._database.transaction() as connection:
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            yield connection

    def demand_empty(self) -> None:
        """Raises LedgerError where there is a row in any table."""
        with self._transaction() as connection:
            filled = dump.first_filled(connection)
        if filled is not None:
            raise LedgerError(
                f"The ledger at {self._database.name} is not empty (its table {filled} has rows): restore into a new one."
            )

    def fill(self, folder: Path) -> dict[str, int]:
        """Fills the ledger from the files of `dump.dump`, all or nothing; returns how many rows each table got.

        Raises:
            LedgerError: it is not empty.
        """
        self.demand_empty()
        with self._transaction() as connection:
            return dump.load(connection, folder)

    @contextmanager
    def holding_store(self, *, shared: bool) -> Iterator[None]:
        """Keeps housekeeping, which asks with `shared` false, from removing what a backup reads, and the other way round.

        Raises:
            LedgerError: the other one is at work.
        """
        lock, unlock = (text(statement) for statement in (_SHARED_HOLD if shared else _OWN_HOLD))
        with self._database.connection() as connection:
            if not connection.execute(lock).scalar_one():
                other = "housekeeping" if shared else "a backup"
                raise LedgerError(f"The store is held by {other}: run this again when that has ended.")
            connection.commit()  # the lock is the session's, and goes with it where this process is killed
            try:
                yield
            finally:
                connection.execute(unlock)
                connection.commit()

    @contextmanager
    def holding_releases(self, name: str) -> Iterator[None]:
        """Lets one make a release of a dataset at a time, since each names the one before; others wait."""
        with self._database.connection() as connection:
            connection.execute(
                text("SELECT pg_advisory_lock(hashtext('caco.release'), hashtext(:name))"), {"name": name}
            )
            connection.commit()  # the lock is the session's, and goes with it where this process is killed
            try:
                yield
            finally:
                statement = text("SELECT pg_advisory_unlock(hashtext('caco.release'), hashtext(:name))")
                connection.execute(statement, {"name": name})
                connection.commit()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """A transaction on a schema of this version."""
        with self._database.transaction() as connection:
            if not self._is_checked:
                migrations.demand_this_version(self._database, connection)
                self._is_checked = True
            yield connection

    def recorded_claims(self) -> RecordedClaims:
        """The claims as they stand, to be looked up and not added to."""
        return RecordedClaims(self._database)

    def register_reverification(self, record: ReverificationRecord, store: Store) -> None:
        """Registers a re-verification with the samples that moved, unless it is there.

        Raises:
            DamagedError: what the store has of these samples is not what the record says.
            StoreError: the store cannot be used.
        """
        with self._transaction() as connection:
            reverifications.insert_reverification(connection, record, store)
            uri = reverification_claims_uri(record.reverification_id)
            claiming.restore_claims(connection, store, uri, record.reverification_id)

    def keep_reverification_claims(self, reverification_id: str, store: Store) -> None:
        """Exports what the published rows of a re-verification claimed, so that a rebuilt ledger has it.

        Raises:
            StoreError: the store cannot be used.
        """
        with self._transaction() as connection:
            uri = reverification_claims_uri(reverification_id)
            claiming.export_claims(connection, store, uri, reverification_id)
