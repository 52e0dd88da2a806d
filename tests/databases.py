"""What the tests ask of a Postgres server besides the library."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, text

from caco_tasks.ledger.migrations import OWNER
from caco_tasks.platform.postgres import EmbeddedPostgres


@contextmanager
def cloned(postgres: EmbeddedPostgres, template: str) -> Iterator[str]:
    """A copy of a database that nobody is connected to, dropped at the end; its name."""
    name = f"ledger_{secrets.token_hex(4)}"
    administer(postgres, f"CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER}")
    yield name
    administer(postgres, f"DROP DATABASE {name} WITH (FORCE)")


def administer(postgres: EmbeddedPostgres, statement: str) -> None:
    """Runs a statement that no transaction may hold, as the superuser."""
    engine = create_engine(postgres.url("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
