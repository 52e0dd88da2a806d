"""The schema, from the files of `sql/`: migrations once and in order, views and grants whenever they changed."""

import hashlib
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import psycopg2
from psycopg2 import sql
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from caco_tasks.errors import LedgerError
from caco_tasks.ledger.connection import Database, is_lock_timeout

OWNER, WRITER, ANALYST = "caco_owner", "caco_writer", "caco_analyst"
ANALYST_TIMEOUT = "5min"  # of one statement, unless the analyst sets another
ANALYST_IDLE = "10min"  # of a transaction that nobody goes on with: its locks would stop a migration

LOCK_TIMEOUT = "2s"  # of one try: tasks that want the same table wait behind it, and no longer than this
LOCK_PAUSE_SECONDS = 3.0  # in which those tasks get on
PATIENCE_SECONDS = 300.0  # until a migration gives up

log = logging.getLogger(__name__)
Result = TypeVar("Result")


def migrate(
    database: Database,
    *,
    passwords: Mapping[str, str],
    folder: Path | None = None,
    patience_seconds: float = PATIENCE_SECONDS,
) -> list[str]:
    """Brings the schema up to date and returns the files that were applied, such as `migrations/0001_types.sql`.

    Roles that are missing are created, and the passwords given for roles are set. Each migration is a transaction of
    its own; views are dropped and made anew, together, when one of their files changed. Where others hold the locks that
    one of them needs, it gives way after `LOCK_TIMEOUT` and tries again, for `patience_seconds` in all.

    Raises:
        LedgerError: an applied migration was changed or is gone, others held a lock for too long, Postgres does not
            answer, or refuses.
    """
    folder, until = folder or sql_folder(), time.monotonic() + patience_seconds
    # the lock is of the session, not of a transaction: each migration commits by itself
    with database.connection() as connection, _alone(connection, until):
        _ensure_roles(connection, passwords)
        applied = _applied(connection)
        _demand_unchanged(applied, folder)
        new = [path for path in sorted(folder.glob("migrations/*.sql")) if _name(path, folder) not in applied]
        for path in new:
            apply = partial(_apply, connection, path, folder)
            _give_way(connection, apply, until, name=_name(path, folder), role=OWNER)
        views = partial(_refresh_views, connection, folder, applied)
        renewed = _give_way(connection, views, until, name="the renewal of the views", role=OWNER)
        grants = partial(_run_file, connection, folder / "grants.sql")
        _give_way(connection, grants, until, name="grants.sql", role=OWNER)
    return [_name(path, folder) for path in new] + renewed


def find_pending(database: Database) -> list[str]:
    """The migrations that this package has and the ledger has not; all of them where there is no ledger.

    Raises:
        LedgerError: the ledger was made by a newer or another version, Postgres does not answer, or refuses.
    """
    folder = sql_folder()
    with database.connection() as connection:
        applied = _applied(connection)
    _demand_unchanged(applied, folder)
    return sorted({_name(path, folder) for path in folder.glob("migrations/*.sql")} - set(applied))


def demand_this_version(database: Database, connection: Connection) -> None:
    """Whether the schema is the one that this package was written for.

    Raises:
        LedgerError: it was made by another version, or there is none.
    """
    folder = sql_folder()
    # migrations only: views that are older than the package still answer, in the words that they had
    wanted = {_name(path, folder): _sha256(path) for path in sorted(folder.glob("migrations/*.sql"))}
    if connection.execute(text("SELECT to_regclass('caco.migration')")).scalar() is None:
        raise LedgerError(f"There is no ledger at {database.name} yet: run `caco ledger migrate`.")
    query = text("SELECT name, sha256 FROM caco.migration WHERE starts_with(name, 'migrations/')")
    found = {name: sha256 for name, sha256 in connection.execute(query)}
    if found == wanted:
        return
    if set(found) < set(wanted) and found.items() <= wanted.items():
        raise LedgerError(
            f"The ledger at {database.name} was made by an earlier version ({min(set(wanted) - set(found))} is missing): "
            "run `caco ledger migrate`."
        )
    other = min(name for name, sha256 in found.items() if wanted.get(name) != sha256)
    raise LedgerError(
        f"The ledger at {database.name} was made by another version ({other} is not the one of this package): use that "
        "version, or fill an empty database with `caco ledger migrate` and `caco ledger rebuild`."
    )


def sql_folder() -> Path:
    """The folder `sql/`: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    return next(folder for folder in (package / "sql", package.parent / "sql") if folder.is_dir())


def _give_way(
    connection: Connection, work: Callable[[], Result], until: float, *, name: str, role: str | None = None
) -> Result:
    """A transaction that waits for locks a moment at a time, so that nobody waits long behind it.

    What it makes belongs to `role`, whoever is connected. `until` is a time of the monotonic clock.

    Raises:
        LedgerError: others held a lock until then; nothing of the work was done.
    """
    while True:
        connection.execute(text("SELECT set_config('lock_timeout', :limit, true)"), {"limit": LOCK_TIMEOUT})
        if role is not None:
            _compose(connection, sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
        try:
            done = work()
        except (DBAPIError, psycopg2.Error) as exc:
            connection.rollback()
            if not is_lock_timeout(exc):
                raise
            holders = _holders(connection)
            if time.monotonic() + LOCK_PAUSE_SECONDS > until:
                raise LedgerError(
                    f"The schema was not changed ({name}): others use the ledger ({holders}) and did not end. Let them "
                    "end, or end them with pg_terminate_backend, and run `caco ledger migrate` again."
                ) from exc
            log.warning("%s gives way to others who use the ledger (%s), and tries again.", name, holders)
            time.sleep(LOCK_PAUSE_SECONDS)
        else:
            connection.commit()
            return done


def _holders(connection: Connection) -> str:
    """Who holds locks on the ledger, as `caco_writer in process 4711`."""
    query = text("""
        SELECT DISTINCT usename || ' in process ' || pid FROM pg_locks JOIN pg_stat_activity USING (pid)
            LEFT JOIN pg_class ON pg_class.oid = relation
        WHERE granted AND pid <> pg_backend_pid() AND datname = current_database()
            AND (locktype = 'advisory' OR relnamespace = to_regnamespace('caco'))
        ORDER BY 1 LIMIT 5
    """)
    found = list(connection.execute(query).scalars())
    connection.rollback()
    return ", ".join(found) or "who just ended"


@contextmanager
def _alone(connection: Connection, until: float) -> Iterator[None]:
    """Two that migrate at once do so one after the other."""
    lock = text("SELECT pg_advisory_lock(hashtext('caco.migrate'))")
    _give_way(connection, lambda: connection.execute(lock), until, name="another migration goes on")
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(hashtext('caco.migrate'))"))
        connection.commit()


def _ensure_roles(connection: Connection, passwords: Mapping[str, str]) -> None:
    unknown = set(passwords) - {OWNER, WRITER, ANALYST}
    if unknown:
        raise LedgerError(f"There is no role '{min(unknown)}' in the ledger: use {OWNER}, {WRITER} and {ANALYST}.")
    there = set(connection.execute(text("SELECT rolname FROM pg_roles")).scalars())
    for role in (OWNER, WRITER, ANALYST):
        if role not in there:
            rights = " CREATEROLE" if role == OWNER else ""
            _compose(connection, sql.SQL("CREATE ROLE {} LOGIN" + rights).format(sql.Identifier(role)))
        if role in passwords:
            change = sql.SQL("ALTER ROLE {} PASSWORD {}")
            _compose(connection, change.format(sql.Identifier(role), sql.Literal(passwords[role])))
    _limit_analyst(connection)
    _let_owner_build(connection)
    connection.commit()


def _limit_analyst(connection: Connection) -> None:
    """Roles belong to the whole server: set once only, for two databases that set it at once disturb each other."""
    may_make = text("SELECT has_database_privilege(:role, current_database(), 'TEMPORARY')")
    if connection.execute(may_make, {"role": ANALYST}).scalar():  # everybody may, in a new database, and fill the disk
        database = connection.execute(text("SELECT current_database()")).scalar_one()
        revoke = sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC")
        _compose(connection, revoke.format(sql.Identifier(database)))
    settings = connection.execute(text("SELECT rolconfig FROM pg_roles WHERE rolname = :role"), {"role": ANALYST})
    # search_path: an analyst writes funnel for caco.funnel
    wanted = [
        f"statement_timeout={ANALYST_TIMEOUT}",
        f"idle_in_transaction_session_timeout={ANALYST_IDLE}",
        "default_transaction_read_only=on",
        "search_path=caco",
    ]
    if settings.scalar() != wanted:
        for name, value in (setting.split("=") for setting in wanted):
            change = sql.SQL("ALTER ROLE {} SET {} = {}")
            _compose(connection, change.format(sql.Identifier(ANALYST), sql.Identifier(name), sql.Literal(value)))


def _let_owner_build(connection: Connection) -> None:
    """Where somebody else is connected, the owner must be let into the database and over the other roles."""
    user, database = connection.execute(text("SELECT current_user, current_database()")).one()
    if user == OWNER:  # which owns the database, and made the other roles
        return
    grant = sql.SQL("GRANT CREATE, CONNECT, TEMPORARY ON DATABASE {} TO {}")
    _compose(connection, grant.format(sql.Identifier(database), sql.Identifier(OWNER)))
    connection.execute(text("GRANT caco_writer, caco_analyst TO caco_owner WITH ADMIN OPTION"))


def _applied(connection: Connection) -> dict[str, str]:
    if connection.execute(text("SELECT to_regclass('caco.migration')")).scalar() is None:  # an empty database
        connection.commit()
        return {}
    rows = connection.execute(text("SELECT name, sha256 FROM caco.migration")).all()
    connection.commit()
    return {name: sha256 for name, sha256 in rows}


def _demand_unchanged(applied: Mapping[str, str], folder: Path) -> None:
    for name in sorted(name for name in applied if name.startswith("migrations/")):
        path = folder / name
        if not path.is_file():
            raise LedgerError(f"The ledger was made by a newer version, whose {name} is not here: update the package.")
        if _sha256(path) != applied[name]:
            raise LedgerError(f"The applied migration {name} was changed: restore it and write a new one instead.")


def _refresh_views(connection: Connection, folder: Path, applied: Mapping[str, str]) -> list[str]:
    """Makes all views anew where any of them changed, appeared or went."""
    paths = sorted(folder.glob("views/*.sql"))
    wanted = {_name(path, folder): _sha256(path) for path in paths}
    there = {name: sha256 for name, sha256 in applied.items() if name.startswith("views/")}
    if wanted == there:
        return []
    found = connection.execute(text("SELECT viewname FROM pg_views WHERE schemaname = 'caco'")).scalars().all()
    if found:  # all in one statement, so that it does not matter which reads which
        names = sql.SQL(", ").join(sql.Identifier("caco", name) for name in found)
        _compose(connection, sql.SQL("DROP VIEW {}").format(names))
    connection.execute(text("DELETE FROM caco.migration WHERE starts_with(name, 'views/')"))
    for path in _after_what_they_read(paths):
        _apply(connection, path, folder)
    return list(wanted)


def _after_what_they_read(paths: Sequence[Path]) -> Iterator[Path]:
    """Views in an order in which each comes after those that it reads."""
    waiting = {path.stem: path for path in paths}
    while waiting:
        reads = {}
        for name, path in waiting.items():
            statement = re.sub(r"^--.*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
            reads[name] = set(re.findall(r"\bcaco\.(\w+)", statement)) - {name}  # a header may name others
        free = [name for name in waiting if not reads[name] & set(waiting)]
        if not free:
            raise LedgerError(f"The views {', '.join(waiting)} read each other: none of them can be made first.")
        yield from (waiting.pop(name) for name in free)


def _apply(connection: Connection, path: Path, folder: Path) -> None:
    _run_file(connection, path)
    note = text("INSERT INTO caco.migration (name, sha256) VALUES (:name, :sha256)")
    connection.execute(note, {"name": _name(path, folder), "sha256": _sha256(path)})


def _run_file(connection: Connection, path: Path) -> None:
    _compose(connection, sql.SQL(path.read_text(encoding="utf-8")))


def _compose(connection: Connection, statement: sql.Composable) -> None:
    """Runs a statement whose names and literals the driver has quoted; roles and passwords cannot be bound."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(statement)
    finally:
        cursor.close()


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
