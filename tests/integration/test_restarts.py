"""A Postgres that really restarts, and a store that is not there: what waits for them, and what does not."""

import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from caco_tasks import tasks
from caco_tasks.errors import LedgerError, LedgerUnreachableError, StoreUnreachableError
from caco_tasks.ledger import Ledger
from caco_tasks.ledger.connection import Database
from caco_tasks.platform.ports import free_port
from caco_tasks.platform.postgres import EmbeddedPostgres
from caco_tasks.store import open_store
from caco_tasks.store.store import StoreSettings


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
