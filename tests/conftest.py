"""Real services for the tests that ask for them: one Postgres and one Swift per session, a database and a bucket per test."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from botocore.exceptions import ClientError
from databases import cloned

from caco_tasks.ledger import Ledger
from caco_tasks.ledger.migrations import ANALYST, OWNER, WRITER
from caco_tasks.platform.ports import free_port
from caco_tasks.platform.postgres import EmbeddedPostgres
from caco_tasks.platform.swift import EmbeddedSwift
from caco_tasks.store.s3_store import S3Store
from caco_tasks.store.store import StoreSettings

FIRST_PORT = int(os.environ.get("CACO_TEST_PORT", "25000"))  # set where tests run tests, so that both find ports


class LedgerAddress(NamedTuple):
    """The same database, as each of the ledger's roles reaches it."""

    owner: str
    writer: str
    analyst: str


@pytest.fixture(scope="session")
def first_port(worker_id: str) -> int:
    """Where this worker begins to look for free ports, apart from the others."""
    return FIRST_PORT + 500 * (int(worker_id.removeprefix("gw")) if worker_id.startswith("gw") else 0)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory, first_port: int) -> Iterator[EmbeddedPostgres]:
    """A running server; nothing is forced to the disk, for it dies with the session."""
    server = EmbeddedPostgres(
        tmp_path_factory.mktemp("postgres"),
        port=free_port(first_port),
        password=secrets.token_hex(8),
        settings={"fsync": "off", "full_page_writes": "off"},
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def swift(tmp_path_factory: pytest.TempPathFactory, first_port: int) -> Iterator[EmbeddedSwift]:
    """A running S3 server."""
    server = EmbeddedSwift(
        tmp_path_factory.mktemp("swift"),
        port=free_port(first_port + 100),
        access_key="caco:tests",
        secret_key=secrets.token_hex(8),
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def s3_server(request: pytest.FixtureRequest) -> StoreSettings:
    """The S3 server of the tests: the one that `CACO_TEST_S3_ENDPOINT`, `_ACCESS_KEY` and `_SECRET_KEY` name, or our own."""
    named = {name: os.environ.get(f"CACO_TEST_S3_{name.upper()}") for name in ("access_key", "secret_key", "region")}
    given = {name: value for name, value in named.items() if value}
    if endpoint := os.environ.get("CACO_TEST_S3_ENDPOINT"):
        return StoreSettings(root="s3://caco-tests", endpoint_url=endpoint, **given)
    swift: EmbeddedSwift = request.getfixturevalue("swift")
    keys = {"access_key": swift.access_key, "secret_key": swift.secret_key}
    return StoreSettings(root="s3://caco-tests", endpoint_url=swift.endpoint_url, **keys)


@pytest.fixture(scope="session")
def bucket_settings(s3_server: StoreSettings) -> Iterator[StoreSettings]:
    """A bucket for the session; on a server of somebody else's it is removed at the end."""
    settings = s3_server.model_copy(update={"root": f"s3://caco-tests-{secrets.token_hex(4)}"})
    store = S3Store(settings)
    store.ensure_bucket()
    yield settings
    if "CACO_TEST_S3_ENDPOINT" not in os.environ:
        return  # our own goes as a whole
    for key in store.list(""):
        store.delete(key)
    with contextlib.suppress(ClientError):  # foreign objects, which a test put there, keep it
        store._client.delete_bucket(Bucket=store._bucket)


@pytest.fixture
def s3_settings(bucket_settings: StoreSettings) -> StoreSettings:
    """A store below a prefix that no other test has."""
    return bucket_settings.model_copy(update={"root": f"{bucket_settings.root}/{secrets.token_hex(4)}/prefix"})


@pytest.fixture
def no_bucket_settings(bucket_settings: StoreSettings) -> StoreSettings:
    """A store in a bucket that nobody made."""
    return bucket_settings.model_copy(update={"root": f"s3://caco-{secrets.token_hex(4)}/prefix"})


@pytest.fixture
def file_settings(tmp_path: Path) -> StoreSettings:
    """A store in a folder of its own."""
    return StoreSettings(root=f"file://{tmp_path}/store")


@pytest.fixture(scope="session")
def ledger_template(postgres: EmbeddedPostgres) -> dict[str, str]:
    """A database with the ledger's schema, to be cloned; returns the passwords of the roles."""
    passwords = {role: secrets.token_hex(8) for role in (OWNER, WRITER, ANALYST)}
    postgres.ensure_database("template_ledger", owner=OWNER, password=passwords[OWNER])
    with Ledger(postgres.url("template_ledger", OWNER, passwords[OWNER])) as ledger:
        ledger.migrate(passwords=passwords)
    return passwords


@pytest.fixture
def cloned_database() -> str:
    """The database that a test's own one is cloned from."""
    return "template_ledger"


@pytest.fixture
def ledger_address(
    postgres: EmbeddedPostgres, ledger_template: dict[str, str], cloned_database: str
) -> Iterator[LedgerAddress]:
    """A migrated database of the test's own."""
    with cloned(postgres, cloned_database) as name:
        yield LedgerAddress(*(postgres.url(name, role, ledger_template[role]) for role in (OWNER, WRITER, ANALYST)))


@pytest.fixture
def ledger(ledger_address: LedgerAddress) -> Iterator[Ledger]:
    """The ledger of that database, as the tasks reach it: with the writer's rights."""
    with Ledger(ledger_address.writer) as opened:
        yield opened
