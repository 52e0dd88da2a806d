"""Commands and services under other people's variables: the embedded Postgres and the embedded store are reached all the same."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from caco_tasks.platform.inherited_environment import python_environment
from caco_tasks.platform.ports import free_port
from caco_tasks.store.store import StoreSettings

ODD = {
    "PGSSLMODE": "require",
    "PGSERVICE": "nowhere",
    "PGOPTIONS": "-c search_path=nowhere -c default_transaction_read_only=on",
    "PGHOST": "db.invalid",
    "PGHOSTADDR": "192.0.2.1",
    "PGPORT": "1",
    "PGTARGETSESSIONATTRS": "standby",
    "PGREQUIREAUTH": "none",
    "PGCLIENTENCODING": "nonsense",
    "PGTZ": "nowhere",
    "AWS_PROFILE": "work",
    "AWS_CONFIG_FILE": "/nowhere",
    "AWS_CA_BUNDLE": "/nowhere",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "bad",
    "http_proxy": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "socks4://127.0.0.1:9",
    "ALL_PROXY": "socks5://127.0.0.1:9",
    "NO_PROXY": "intranet,fd00::/8",
    "no_proxy": "intranet,fd00::/8",
    "SSL_CERT_FILE": "/nowhere",
    "REQUESTS_CA_BUNDLE": "/nowhere",
    "SSLKEYLOGFILE": "/nowhere/keys",
}

# as the supervisor and the tasks of Airflow do it, whose environment is made by `python_environment`
USE_ALL = """
import json, ssl, sys, httpx, psycopg2, boto3
from caco_tasks.ledger import Ledger
from caco_tasks.store.s3_store import S3Store
from caco_tasks.store.store import StoreSettings
url, settings = sys.argv[1], StoreSettings.model_validate_json(sys.argv[2])
with Ledger(url) as ledger:
    found = ledger.runs()
with psycopg2.connect(url.replace("+psycopg2", "")) as connection, connection.cursor() as cursor:
    cursor.execute("SHOW timezone")
    zone = cursor.fetchone()[0]
store = S3Store(settings)
store.put("runs/a", b"x")
status = httpx.get(settings.endpoint_url + "/healthcheck", verify=ssl.create_default_context()).status_code
print(json.dumps([len(found), zone, store.list("runs"), status]))
"""


def run_python(arguments: list[str], environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    command, place = [sys.executable, *arguments], Path(__file__).parents[2]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, cwd=place)


@pytest.fixture
def odd(tmp_path: Path) -> dict[str, str]:
    """This process' environment, with all that is odd in it."""
    return {**os.environ, **ODD, "CACO_HOME": str(tmp_path / "home"), "HOME": str(tmp_path)}


def test_services_and_tasks_reach_what_is_here(
    odd: dict[str, str], ledger_address: tuple[str, str, str], s3_settings: StoreSettings
) -> None:
    arguments = ["-c", USE_ALL, ledger_address[1], s3_settings.model_dump_json()]
    done = run_python(arguments, python_environment(odd))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[1:] == ["UTC", ["runs/a"], 200]
    assert run_python(arguments, odd).returncode != 0  # as it would be without


def test_commands_reach_what_is_here(
    odd: dict[str, str], ledger_address: tuple[str, str, str], s3_settings: StoreSettings
) -> None:
    urls = zip(("CACO_LEDGER_OWNER_URL", "CACO_LEDGER_URL", "CACO_LEDGER_ANALYST_URL"), ledger_address, strict=True)
    keys = {"CACO_S3_ACCESS_KEY": str(s3_settings.access_key), "CACO_S3_SECRET_KEY": str(s3_settings.secret_key)}
    where = {"CACO_STORE": s3_settings.root, "CACO_S3_ENDPOINT": str(s3_settings.endpoint_url)}
    environ = {**odd, **dict(urls), **keys, **where}
    for command in (["runs", "--json"], ["dataset", "list", "--json"], ["ledger", "rebuild"], ["sql", "SELECT 1"]):
        done = run_python(["-m", "caco_tasks.cli", *command], environ)
        assert done.returncode == 0, f"{command}: {done.stderr}"


def test_the_embedded_store_starts(odd: dict[str, str], tmp_path: Path, first_port: int) -> None:
    """Started by a process whose environment is odd."""
    code = (
        "import sys; from pathlib import Path; from caco_tasks.platform.swift import EmbeddedSwift;"
        "from caco_tasks.platform.inherited_environment import settle_own; import os; settle_own(os.environ);"
        "node = EmbeddedSwift(Path(sys.argv[1]), port=int(sys.argv[2]), access_key='a:b', secret_key='c');"
        "node.start(); node.stop()"
    )
    done = run_python(
        ["-c", code, str(tmp_path / "s3"), str(free_port(first_port + 170))], {**odd, "EVENTLET_HUB": "no"}
    )
    assert done.returncode == 0, done.stderr
