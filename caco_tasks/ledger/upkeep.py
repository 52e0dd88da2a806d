"""What housekeeping does to the fates: small indexes, vacuumed tables, and old dates that go."""

from datetime import date

from sqlalchemy import Connection, text

from caco_tasks.ledger.connection import Database

_PACK = text("SELECT caco.pack_fates()")
_FORGET = text("SELECT forgotten FROM caco.forget_fates(:before) AS forgotten ORDER BY 1")
# Rows are only ever added, so a table that was frozen once needs nothing more until others come.
_UNFROZEN = text(r"""
    SELECT relname FROM pg_class
    WHERE relnamespace = 'caco'::regnamespace AND relkind = 'r' AND relname ~ '^fate_\d{4}_\d{2}_\d{2}$'
        AND coalesce(relallfrozen, 0) < pg_relation_size(oid) / current_setting('block_size')::integer
    ORDER BY relname
""")


def pack(connection: Connection) -> int:
    """Makes indexes small again that grew loose as dates were filled; returns how many."""
    return int(connection.execute(_PACK).scalar_one())


def vacuum(database: Database) -> list[str]:
    """Freezes the tables of fates that have new rows, and looks at what they hold; returns their names.

    Without it Postgres itself comes one day, over all of them at once, while a night is loading.

    Raises:
        LedgerError: Postgres does not answer or refuses.
    """
    with database.connection() as connection:
        alone = connection.execution_options(isolation_level="AUTOCOMMIT")  # VACUUM is no part of a transaction
        names = list(alone.execute(_UNFROZEN).scalars())
        for name in names:
            alone.exec_driver_sql(f"VACUUM (FREEZE, ANALYZE, SKIP_LOCKED) caco.{name}")
    return names


def forget(connection: Connection, before: date) -> list[date]:
    """Drops the fates of dates before one, as `caco.forget_fates` says; returns the dates."""
    return list(connection.execute(_FORGET, {"before": before}).scalars())
