"""A ledger that is migrated while others work on it: nobody is held up, and each side is told what is the matter."""

import logging
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import ledger_world
import pytest
from ledger_world import World
from sqlalchemy import Engine, create_engine, text

from caco_tasks.errors import LedgerError
from caco_tasks.ledger import Ledger, migrations
from caco_tasks.ledger.migrations import sql_folder
from caco_tasks.platform.doctor import check_ledger
from caco_tasks.store import Store

HOLDER = r"\(caco_writer in process \d+\)"


@pytest.fixture
def next_version(tmp_path: Path) -> Path:
    """The `sql/` of a version that adds a column to a table which every task reads."""
    folder = Path(shutil.copytree(sql_folder(), tmp_path / "sql"))
    (folder / "migrations" / "9001_more.sql").write_text(
        "ALTER TABLE caco.run ADD COLUMN more integer; COMMENT ON COLUMN caco.run.more IS 'More; NULL: none.';"
    )
    return folder


@pytest.fixture
def writer(ledger_address: tuple[str, str, str]) -> Iterator[Engine]:
    """The same database as a task reaches it."""
    engine = create_engine(ledger_address[1])
    yield engine
    engine.dispose()


def columns(engine: Engine) -> list[str]:
    query = "SELECT attname FROM pg_attribute WHERE attrelid = 'caco.run'::regclass AND attname = 'more'"
    with engine.connect() as connection:
        return list(connection.execute(text(query)).scalars())


@contextmanager
def at_each_retry(act: Callable[[str], None]) -> Iterator[None]:
    """Acts whenever a migration says that it gives way."""

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            act(record.getMessage())

    listener = Listener()
    migrations.log.addHandler(listener)
    yield
    migrations.log.removeHandler(listener)


def test_a_migration_that_others_stand_in_the_way_of_gives_up_and_leaves_nothing(
    ledger_address: tuple[str, str, str], next_version: Path, writer: Engine
) -> None:
    with writer.connect() as task, Ledger(ledger_address[0]) as owner:
        task.execute(text("SELECT count(*) FROM caco.run"))  # and its transaction goes on
        with pytest.raises(
            LedgerError, match=rf"not changed \(migrations/9001_more\.sql\): others use the ledger {HOLDER} and did"
        ):
            owner.migrate(passwords={}, folder=next_version, patience_seconds=0)
    assert columns(writer) == []
    with Ledger(ledger_address[0]) as owner:
        owner.migrate(passwords={}, folder=next_version, patience_seconds=0)  # nobody holds the lock of migrations
    assert columns(writer) == ["more"]


def test_a_migration_holds_nobody_up_while_it_waits_and_goes_on_when_others_end(
    ledger_address: tuple[str, str, str], next_version: Path, writer: Engine
) -> None:
    said = []
    with writer.connect() as task, Ledger(ledger_address[0]) as owner:
        task.execute(text("SELECT count(*) FROM caco.run"))

        def work_on(message: str) -> None:
            said.append(message)
            with writer.begin() as another:  # a task that begins now is not queued behind the migration
                another.execute(text("SET LOCAL lock_timeout = '1s'"))
                another.execute(text("SELECT count(*) FROM caco.run"))
            task.rollback()

        with at_each_retry(work_on):
            owner.migrate(passwords={}, folder=next_version)
    assert len(said) == 1
    assert re.fullmatch(
        rf"migrations/9001_more\.sql gives way to others who use the ledger {HOLDER}, and tries again\.", said[0]
    )
    assert columns(writer) == ["more"]


def test_views_and_grants_give_way_too(
    ledger_address: tuple[str, str, str], next_version: Path, writer: Engine
) -> None:
    (next_version / "migrations" / "9001_more.sql").unlink()
    with (next_version / "views" / "funnel.sql").open("a") as file:
        file.write("-- one line more\n")
    with writer.connect() as task, Ledger(ledger_address[0]) as owner:
        task.execute(text("SELECT count(*) FROM caco.funnel"))
        with pytest.raises(LedgerError, match="the renewal of the views"):
            owner.migrate(passwords={}, folder=next_version, patience_seconds=0)
        assert task.execute(text("SELECT count(*) FROM caco.funnel")).scalar() == 0


def test_two_migrations_at_once_come_one_after_the_other(
    ledger_address: tuple[str, str, str], engine: Engine, next_version: Path
) -> None:
    with engine.connect() as first, Ledger(ledger_address[0]) as second:
        first.execute(text("SELECT pg_advisory_lock(hashtext('caco.migrate'))"))
        with pytest.raises(LedgerError, match=r"another migration goes on.*caco_owner in process"):
            second.migrate(passwords={}, folder=next_version, patience_seconds=0)
        with at_each_retry(lambda message: first.execute(text("SELECT pg_advisory_unlock_all()")).close()):
            second.migrate(passwords={}, folder=next_version)
    assert columns(engine) == ["more"]


def test_pending_migrations_are_named_in_order_and_by_the_doctor(
    ledger_address: tuple[str, str, str], engine: Engine
) -> None:
    assert check_ledger(ledger_address[2]).level == "ok"
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM caco.migration WHERE name >= 'migrations/0011' AND name < 'views'")
    names = sorted(f"migrations/{path.name}" for path in sql_folder().glob("migrations/*.sql"))[10:]
    with Ledger(ledger_address[2]) as analyst:  # who may look is enough
        assert analyst.find_pending() == names
    finding = check_ledger(ledger_address[2])
    assert (finding.level, finding.remedy) == ("missing", "caco ledger migrate")
    assert finding.meaning.startswith(f"{len(names)} migrations are pending")
    assert names[0] in finding.meaning


def test_the_doctor_tells_a_newer_ledger_from_one_that_is_not_up(
    ledger_address: tuple[str, str, str], engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO caco.migration VALUES ('migrations/0099_more.sql', repeat('0', 64))")
    newer = check_ledger(ledger_address[2])
    assert (newer.level, "newer version" in newer.meaning) == ("missing", True)
    away = check_ledger("postgresql://caco_writer@127.0.0.1:1/caco")
    assert (away.level, "not up" in away.meaning) == ("ok", True)
    assert check_ledger(None).level == "ok"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("INSERT INTO caco.migration VALUES ('migrations/0099_more.sql', repeat('0', 64))", id="older"),
        pytest.param("DELETE FROM caco.migration WHERE name = 'migrations/0012_analyzed_fates.sql'", id="newer"),
    ],
)
def test_a_worker_of_another_version_than_the_ledger_writes_nothing(
    ledger: Ledger, world: World, store: Store, engine: Engine, change: str
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(change)
    with pytest.raises(LedgerError, match=r"was made by an(other| earlier) version"):
        ledger_world.load(ledger, store, world)
    with engine.connect() as connection:
        written = [
            connection.exec_driver_sql(f"SELECT count(*) FROM caco.{table}").scalar_one()
            for table in ("run", "output", "fate", "seed")
        ]
    assert written == [0, 0, 0, 0]


def test_a_task_that_began_before_a_migration_goes_on_after_it(
    ledger: Ledger, ledger_address: tuple[str, str, str], world: World, store: Store, next_version: Path
) -> None:
    assert ledger.find_run(None) is None  # connected, and its schema looked at
    with Ledger(ledger_address[0]) as owner:
        owner.migrate(passwords={}, folder=next_version)
    ledger_world.load(ledger, store, world)  # what a version adds takes nothing away
    assert ledger.find_run(None, pipeline="nightly") == world.run("nightly")
