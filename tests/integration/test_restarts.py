"""A Postgres that really restarts, and a store that is not there: what waits for them, and what does not."""

import secrets
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from caco_tasks import tasks
from caco_tasks.errors import LedgerError, LedgerUnreachableError, PlatformError, StoreUnreachableError
from caco_tasks.ledger import Ledger
from caco_tasks.ledger.connection import Database
from caco_tasks.platform.control import _require_progress, status
from caco_tasks.platform.ports import free_port
from caco_tasks.platform.postgres import EmbeddedPostgres
from caco_tasks.platform.processes import ProcessId
from caco_tasks.platform.state import Home, Plan, Ports
from caco_tasks.platform.supervisor import Supervisor
from caco_tasks.store import open_store
from caco_tasks.store.store import StoreSettings

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from fault_monkey import Disk, bounded_disk


@pytest.fixture
def server(tmp_path: Path, first_port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedPostgres]:
    """A server of its own with a ledger, which the tasks find, and an empty store."""
    server = EmbeddedPostgres(tmp_path / "pg", port=free_port(first_port + 300), password=secrets.token_hex(8))
    server.start()
    server.ensure_database("ledger")
    with Ledger(server.url("ledger")) as ledger:
        ledger.migrate(passwords={})
    monkeypatch.setenv("CACO_HOME", str(tmp_path))
    monkeypatch.setenv("CACO_STORE", f"file://{tmp_path}/store")
    monkeypatch.setenv("CACO_LEDGER_URL", server.url("ledger"))
    yield server
    server.stop()


def test_a_task_waits_for_a_postgres_that_restarts(server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACO_PATIENCE_SECONDS", "120")
    server.stop()
    back = threading.Timer(4.0, server.start)
    back.start()
    begun = time.monotonic()
    planned = tasks.plan("seeds", partition="2026-11-01", config="smoke")
    back.join()
    assert time.monotonic() - begun >= 4.0
    assert planned == tasks.plan("seeds", partition="2026-11-01", config="smoke")


def test_a_person_does_not_wait(server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CACO_PATIENCE_SECONDS", raising=False)
    server.stop()
    begun = time.monotonic()
    with pytest.raises(
        LedgerUnreachableError, match=r"^Postgres at \S+ cannot be used \(.*\): start it with `caco up`"
    ):
        tasks.plan("seeds", partition="2026-11-01", config="smoke")
    assert time.monotonic() - begun < 30


def test_a_transaction_that_a_restart_cut_off_is_not_called_refused(server: EmbeddedPostgres) -> None:
    database = Database(server.url("ledger"))

    def interrupted() -> None:
        with database.transaction() as connection:
            connection.execute(text("SELECT 1"))
            server.stop()
            server.start()
            connection.execute(text("SELECT 1"))

    with pytest.raises(LedgerUnreachableError):
        interrupted()
    with database.transaction() as connection:  # the pool has found out
        assert connection.execute(text("SELECT 1")).scalar() == 1
    database.close()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A disk of its own, small and in memory."""
    with bounded_disk(tmp_path / "disk", megabytes=400) as disk:
        if disk is None:
            pytest.skip("this machine lets nobody mount a disk")
        yield disk


def test_a_full_disk_of_postgres_is_named_and_all_goes_on_when_there_is_room_again(disk: Disk, first_port: int) -> None:
    server = EmbeddedPostgres(disk.folder / "pg", port=free_port(first_port + 320), password=secrets.token_hex(8))
    server.start()
    server.ensure_database("ledger")
    database = Database(server.url("ledger"))
    fill = text("INSERT INTO much SELECT generate_series(1, 2000000)")
    with database.transaction() as connection:
        connection.execute(text("CREATE UNLOGGED TABLE much (number integer)"))  # its rows take room, the log none
    disk.fill()
    with (
        pytest.raises(LedgerError, match=r"^The disk of Postgres at \S+ is full \(.*\): free some space there and run"),
        database.transaction() as connection,
    ):
        connection.execute(fill)
    disk.empty()
    with database.transaction() as connection:
        connection.execute(fill)
    database.close()
    server.stop()


def test_a_supervisor_outlives_a_full_disk_and_status_says_why_nothing_works(disk: Disk) -> None:
    home = Home(disk.folder / "home")
    home.make()
    home.save("plan.json", Plan(project=home.folder, store="file", ports=Ports(airflow=1001, postgres=1002, s3=1003)))
    supervisor = Supervisor(home, inherited={})
    supervisor._enter("running", "everything is started")
    disk.fill()
    supervisor._save_state()
    assert "is full: 0 MB are free" in status(home.folder).message
    with pytest.raises(OSError, match="No space left"):
        supervisor._enter("starting", "something")  # one that cannot start ends
    with pytest.raises(PlatformError, match=r"The disk of .* is full: 0 MB are free and 500 MB needed"):
        _require_progress(
            home, ProcessId(pid=2**22, started_ticks=-1), None
        )  # and `caco up`, which waits for it, says why
    disk.empty()
    supervisor._enter("running", "everything goes on")
    assert status(home.folder).message == "everything goes on"


@pytest.mark.parametrize("wrong", ["nobody", "no_such_database"])
def test_a_postgres_that_refuses_is_not_waited_for(
    server: EmbeddedPostgres, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CACO_PATIENCE_SECONDS", "120")
    url = server.url("ledger", "nobody", "wrong") if wrong == "nobody" else server.url(wrong)
    monkeypatch.setenv("CACO_LEDGER_URL", url)
    with pytest.raises(LedgerError) as caught:
        tasks.plan("seeds", partition="2026-11-01", config="smoke")
    assert not isinstance(caught.value, LedgerUnreachableError)


def test_a_store_that_is_not_there_may_come_back(first_port: int) -> None:
    address = f"http://127.0.0.1:{free_port(first_port + 310)}"
    settings = StoreSettings(root="s3://caco", endpoint_url=address, access_key="a", secret_key="b")
    with pytest.raises(StoreUnreachableError, match="does not answer"):
        open_store(settings).get("a/b")
