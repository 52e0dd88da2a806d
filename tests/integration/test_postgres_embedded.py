"""The embedded server: started, found again, recovered, refused; always with a password, never beyond the loopback address."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from caco_tasks.errors import PlatformError
from caco_tasks.platform.ports import LOOPBACK, free_port, is_free
from caco_tasks.platform.postgres import VERSION, EmbeddedPostgres
from caco_tasks.platform.processes import wait_until

PASSWORD = "it's a s€cret/with@signs:"


@pytest.fixture
def server(tmp_path: Path, first_port: int) -> Iterator[EmbeddedPostgres]:
    """A server that has not been started."""
    made = EmbeddedPostgres(tmp_path / "a folder" / "pg", port=free_port(first_port + 200), password=PASSWORD)
    yield made
    made.stop()


def answer(server: EmbeddedPostgres, query: str, database: str = "postgres") -> object:
    """One value, asked by the superuser."""
    engine = create_engine(server.url(database))
    try:
        with engine.connect() as connection:
            return connection.execute(text(query)).scalar_one()
    finally:
        engine.dispose()


def test_a_server_is_started_found_again_stopped_and_started_with_its_data(server: EmbeddedPostgres) -> None:
    assert not server.is_running()
    server.start()
    server.ensure_database("caco")
    server.ensure_database("caco")
    pid = server.pid()
    again = EmbeddedPostgres(server.folder, port=server.port, password=PASSWORD)
    again.start()
    assert again.pid() == pid
    assert str(answer(server, "SHOW server_version", "caco")).startswith(f"{VERSION}.")
    server.stop()
    server.stop()
    assert not again.is_running()
    assert is_free(server.port)
    server.start()
    assert answer(server, "SELECT count(*) FROM pg_database WHERE datname = 'caco'") == 1


def test_nobody_gets_in_without_the_password_and_nobody_from_outside(server: EmbeddedPostgres) -> None:
    server.start()
    for wrong in ("", "guess"):
        engine = create_engine(server.url("postgres", password=wrong))
        with pytest.raises(OperationalError, match="password"):
            engine.connect()
    assert answer(server, "SHOW password_encryption") == "scram-sha-256"
    assert answer(server, "SHOW listen_addresses") == LOOPBACK
    assert answer(server, "SHOW unix_socket_directories") == ""
    assert server.folder.stat().st_mode & 0o077 == 0
    kept = [path for path in server.folder.rglob("*") if path.is_file() and path.name.startswith("password")]
    assert kept == []


def test_an_owner_gets_a_database_of_its_own_and_a_new_password_each_time(server: EmbeddedPostgres) -> None:
    server.start()
    for password in ("first", "sec'ond"):
        server.ensure_database("caco", owner="caco_owner", password=password)
        engine = create_engine(server.url("caco", "caco_owner", password))
        with engine.begin() as connection:
            connection.execute(text("CREATE SCHEMA IF NOT EXISTS mine"))
        engine.dispose()
    with pytest.raises(OperationalError, match="password"):
        create_engine(server.url("caco", "caco_owner", "first")).connect()


@pytest.mark.parametrize("name", ["", "Caco", "a b", "a;b", 'a"b', "1a"])
def test_a_name_that_needs_quoting_is_refused(server: EmbeddedPostgres, name: str) -> None:
    with pytest.raises(PlatformError, match="no database name"):
        server.ensure_database(name)


def test_a_server_that_was_killed_is_started_again_with_its_data(server: EmbeddedPostgres) -> None:
    server.start()
    server.ensure_database("caco")
    pid = server.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not server.is_running(), seconds=10)
    server.start()
    assert server.pid() != pid
    assert answer(server, "SELECT 1", "caco") == 1


def test_the_number_of_somebody_elses_process_in_the_pid_file_is_no_server(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        lines = [str(stranger.pid), str(server.folder / "data"), "0", str(server.port), "", LOOPBACK, "1 2", "ready"]
        (server.folder / "data" / "postmaster.pid").write_text("\n".join(lines) + "\n")
        assert not server.is_running()
        server.stop()
        server.start()
        assert stranger.poll() is None
        assert server.pid() != stranger.pid
        stranger.kill()


def test_a_taken_port_is_named(server: EmbeddedPostgres) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((LOOPBACK, server.port))
        other.listen()
        with pytest.raises(PlatformError, match=f"Port {server.port} for Postgres is taken"):
            server.start()
    assert not server.folder.exists()


def test_a_running_server_is_not_moved_to_another_port(server: EmbeddedPostgres) -> None:
    server.start()
    moved = EmbeddedPostgres(server.folder, port=server.port + 1, password=PASSWORD)
    with pytest.raises(PlatformError, match=f"runs already, on port {server.port}"):
        moved.start()


def test_the_data_of_another_version_are_refused_and_left_alone(server: EmbeddedPostgres) -> None:
    (server.folder / "data").mkdir(parents=True)
    (server.folder / "data" / "PG_VERSION").write_text("16\n")
    with pytest.raises(PlatformError, match="of Postgres 16, not 18"):
        server.start()
    assert (server.folder / "data" / "PG_VERSION").read_text() == "16\n"


def test_a_folder_left_by_a_killed_first_start_is_made_anew(server: EmbeddedPostgres) -> None:
    (server.folder / "data.new" / "base").mkdir(parents=True)
    server.start()
    assert answer(server, "SELECT 1") == 1
    assert not (server.folder / "data.new").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, first_port: int) -> None:
    (tmp_path / "file").write_text("in the way")
    server = EmbeddedPostgres(tmp_path / "file" / "pg", port=free_port(first_port + 200), password="x")
    with pytest.raises(PlatformError, match="cannot write to"):
        server.start()


def test_a_setting_that_does_not_exist_is_told_with_the_reason(tmp_path: Path, first_port: int) -> None:
    server = EmbeddedPostgres(
        tmp_path / "pg", port=free_port(first_port + 200), password="x", settings={"no_such_setting": "1"}
    )
    with pytest.raises(PlatformError, match="no_such_setting"):
        server.start()
    assert not server.is_running()
