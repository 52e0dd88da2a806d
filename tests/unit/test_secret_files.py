"""Passwords and keys that files hold, as the secrets of a container do."""

from pathlib import Path

import pytest

from caco_tasks.connections import Connections, LedgerUrls, read_secret
from caco_tasks.errors import ConfigError

URL = "postgresql+psycopg2://caco_writer@postgres:5432/caco"


@pytest.fixture
def secret(tmp_path: Path) -> str:
    """A file with a password that an address must quote, and the end of line that an editor leaves."""
    path = tmp_path / "password"
    path.write_text("p@ss/word:1\n")
    return str(path)


@pytest.mark.parametrize(
    ("role", "prefix"),
    [("writer", "CACO_LEDGER"), ("owner", "CACO_LEDGER_OWNER"), ("analyst", "CACO_LEDGER_ANALYST")],
)
def test_the_ledger_s_password_comes_from_its_file(role: str, prefix: str, secret: str, tmp_path: Path) -> None:
    environ = {f"{prefix}_URL": URL, f"{prefix}_PASSWORD_FILE": secret, "CACO_HOME": str(tmp_path)}
    whole = "postgresql+psycopg2://caco_writer:p%40ss%2Fword%3A1@postgres:5432/caco"
    assert getattr(LedgerUrls.from_environ(environ), role) == whole


def test_a_password_in_the_address_counts_before_a_file(secret: str, tmp_path: Path) -> None:
    url = URL.replace("caco_writer@", "caco_writer:own@")
    environ = {"CACO_LEDGER_URL": url, "CACO_LEDGER_PASSWORD_FILE": secret, "CACO_HOME": str(tmp_path)}
    assert LedgerUrls.from_environ(environ).writer == url


def test_an_address_without_a_password_stays_as_it_is(tmp_path: Path) -> None:
    assert LedgerUrls.from_environ({"CACO_LEDGER_URL": URL, "CACO_HOME": str(tmp_path)}).writer == URL


def test_the_keys_of_the_store_come_from_their_files(secret: str, tmp_path: Path) -> None:
    environ = {"CACO_STORE": "s3://caco", "CACO_S3_SECRET_KEY_FILE": secret, "CACO_S3_ACCESS_KEY": "key"}
    store = Connections.from_environ({**environ, "CACO_HOME": str(tmp_path)}).store
    assert (store.access_key, store.secret_key) == ("key", "p@ss/word:1")


def test_the_variable_itself_counts_before_its_file(secret: str) -> None:
    assert read_secret({"NAME": "own", "NAME_FILE": secret}, "NAME") == "own"


@pytest.mark.parametrize("content", [None, "", " \n", b"\xff"], ids=["missing", "empty", "blank", "no text"])
def test_a_file_without_a_secret_is_told_by_its_path_alone(content: str | bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "password"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError, match=rf"The file {path}, which NAME_FILE names, (cannot be read|is empty)"):
        read_secret({"NAME_FILE": str(path)}, "NAME")
