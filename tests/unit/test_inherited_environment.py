"""Other people's variables: loopback is reached, the world outside too, and what no library takes is left out and told of."""

import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import certifi
import httpx
import pytest

from caco_tasks.addresses import hide_secrets, is_loopback, parse_http_address
from caco_tasks.config import load_config
from caco_tasks.errors import ConfigError, LedgerError
from caco_tasks.ledger import Ledger
from caco_tasks.platform.inherited_environment import settle, settle_own
from caco_tasks.store.s3_client import open_client
from caco_tasks.store.store import StoreSettings, open_store

NOWHERE = "http://127.0.0.1:9"  # nobody listens there


@pytest.fixture
def server() -> Iterator[str]:
    """A server of this machine that answers every GET."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as opened:
        Thread(target=opened.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{opened.server_port}"
        opened.shutdown()


def told(**inherited: str) -> tuple[str, ...]:
    return settle(inherited).left_out


ODD = {
    "a proxy in capitals": {"HTTP_PROXY": NOWHERE},
    "a proxy in small letters": {"http_proxy": NOWHERE},
    "a proxy for everything": {"ALL_PROXY": NOWHERE, "all_proxy": NOWHERE},
    "a SOCKS proxy": {"ALL_PROXY": "socks5h://127.0.0.1:9"},
    "the SOCKS proxy of a desktop": {"ALL_PROXY": "socks://127.0.0.1:9/"},
    "an old SOCKS proxy": {"HTTP_PROXY": "socks4://127.0.0.1:9"},
    "a proxy without a number": {"HTTP_PROXY": "http://proxy:port"},
    "a proxy with a line break": {"HTTP_PROXY": "http://127.0.0.1:9\n"},
    "a range of IPv6": {"NO_PROXY": "intranet,fd00::/8", "HTTP_PROXY": NOWHERE},
    "IPv6 in brackets": {"NO_PROXY": "[::1],[fe80::1]", "HTTP_PROXY": NOWHERE},
    "letters beyond ASCII": {"no_proxy": "bücher.example", "HTTP_PROXY": NOWHERE},
    "no certificates": {"SSL_CERT_FILE": "/nowhere/ca.pem"},
    "no folder of certificates": {"SSL_CERT_DIR": "/nowhere"},
    "certificates that are none": {"SSL_CERT_FILE": __file__},
    "a log of keys": {"SSLKEYLOGFILE": "/nowhere/keys.log"},
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_a_client_of_any_library_reaches_this_machine(
    odd: dict[str, str], server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in {*os.environ} & {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"}:
        monkeypatch.delenv(name)
    for name, value in odd.items():
        monkeypatch.setenv(name, value)
    settled = settle(os.environ)
    for name in odd:
        monkeypatch.delenv(name)
    for name, value in settled.variables.items():
        monkeypatch.setenv(name, value)
    assert httpx.get(server, verify=ssl.create_default_context()).status_code == 204
    assert httpx.get(server).status_code == 204


def test_what_is_meant_for_the_world_outside_stays(tmp_path: Path) -> None:
    outside = {
        "HTTPS_PROXY": "http://ada:secret@proxy.example.org:3128",
        "ALL_PROXY": "socks5://127.0.0.1:1080",
        "http_proxy": "proxy.example.org:3128",
        "SSL_CERT_FILE": certifi.where(),
        "SSL_CERT_DIR": str(tmp_path),
        "AWS_PROFILE": "work",
        "SSLKEYLOGFILE": str(tmp_path / "keys.log"),
        "OPENAI_API_KEY": "k",
    }
    settled = settle(outside)
    assert settled.variables.items() >= outside.items()
    assert settled.left_out == ()
    assert httpx.Client(proxy=outside["ALL_PROXY"])  # needs a package of its own


def test_hosts_that_need_no_proxy_keep_their_place() -> None:
    given = "intranet, .corp.example ,*.lan,10.0.0.0/8,fd00::1,db:5432"
    expected = "intranet,.corp.example,.lan,10.0.0.0/8,fd00::1,db:5432,127.0.0.1,localhost,::1"
    assert settle({"NO_PROXY": given}).variables["no_proxy"] == expected
    assert settle({"no_proxy": "small", "NO_PROXY": "LARGE"}).variables["NO_PROXY"].startswith("small,127.")
    assert settle({"NO_PROXY": "a,*"}).variables["no_proxy"] == "*"


def test_what_is_left_out_is_told_of_without_its_password() -> None:
    assert told(HTTPS_PROXY="http://ada:se@cret@proxy:port") == (
        "HTTPS_PROXY is left out: 'http://proxy:port' is no proxy such as http://proxy:3128.",
    )
    assert told(no_proxy="fd00::/8") == ("fd00::/8 of no_proxy is left out: no range of IPv6 is understood there.",)
    assert told(REQUESTS_CA_BUNDLE="/nowhere") == ("REQUESTS_CA_BUNDLE is left out: /nowhere is not there.",)


def test_variables_of_postgres_stay_only_for_a_ledger_elsewhere() -> None:
    inherited = {"PGSSLMODE": "require", "PGSERVICE": "prod", "HOME": "/h"}
    assert not [name for name in settle(inherited).variables if name.startswith("PG")]
    own = dict(inherited, CACO_LEDGER_URL="postgresql://u:p@127.0.0.1:5432/caco")
    assert settle_own(own) == ()
    assert "PGSSLMODE" not in own
    elsewhere = dict(inherited, CACO_LEDGER_ANALYST_URL="postgresql://u:p@db.example.org/caco")
    [sentence] = settle_own(elsewhere)
    assert sentence.startswith("PGSERVICE, PGSSLMODE does not reach Airflow's tasks: write what it says into")
    assert elsewhere["PGSSLMODE"] == "require"


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.8.0.1", True), ("LOCALHOST", True), ("[::1]", True), ("127.example.org", False)],
)
def test_loopback_is_known_by_any_of_its_names(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.parametrize("given", ["http://127.0.0.1:9000", " https://s3.example.org/ ", "http://[::1]:9/base"])
def test_an_address_is_taken_without_what_surrounds_it(given: str) -> None:
    assert parse_http_address(given, name="It") == given.strip().removesuffix("/")


WITHOUT_SECRET = ("127.0.0.1:9000", "localhost", "ftp://x", "http://", "http://h:port", "http://h:99999", "http://[::1")
WITH_SECRET = (
    "http://ada:secret@h:1",
    "https://se:cret@h/x",
    "ada:secret@h",
    "http://h?token=secret",
    "http://h/#secret",
)


@pytest.mark.parametrize("given", [*WITHOUT_SECRET, *WITH_SECRET, "http://a b"])
def test_an_address_of_another_form_is_one_sentence_without_a_secret(given: str) -> None:
    with pytest.raises(ConfigError, match=r"^The endpoint .*\.$") as caught:
        parse_http_address(given, name="The endpoint")
    assert "cret" not in str(caught.value)


LEDGERS = (
    "postgresql://u:se@cret@h/db",
    "postgresql://u:cret",
    "postgresql://u:p@h:cret/db",
    "postgresql://u:s@[cret/c",
)


@pytest.mark.parametrize("given", [*LEDGERS, "mysql://u:cret@h/d", "cret"])
def test_a_ledger_of_another_form_is_one_sentence_without_a_secret(given: str) -> None:
    with pytest.raises(LedgerError, match=r"^The ledger's address .*\.$") as caught:
        Ledger(given)
    assert "cret" not in str(caught.value)
    assert caught.value.__cause__ is None  # in a log its words would follow


@pytest.mark.parametrize("given", ["postgres://u:p@127.0.0.1:1/caco", " postgresql://u:p%40ss@db.example.org/caco\n"])
def test_a_ledger_may_be_named_as_others_name_it(given: str) -> None:
    Ledger(given)


ROOTS = ("s3://key:se/cret@bucket/p", "s3://my bucket", "s3://b/../x", "s3://b//x", "gs://b", "/data", "file://host/x")


@pytest.mark.parametrize("given", ROOTS)
def test_a_root_of_another_form_is_one_sentence_without_a_secret(given: str) -> None:
    with pytest.raises(ConfigError, match=r"CACO_S") as caught:
        open_store(StoreSettings(root=given))
    assert "cret" not in str(caught.value)


def test_an_endpoint_of_a_store_and_its_keys_are_looked_at_before_anything_is_asked() -> None:
    with pytest.raises(
        ConfigError, match=r"^The S3 endpoint \(CACO_S3_ENDPOINT\) is '127.0.0.1:9000': write it as http:"
    ):
        open_store(StoreSettings(root="s3://bucket", endpoint_url="127.0.0.1:9000"))
    with pytest.raises(ConfigError, match="Only one of the store's two keys is given"):
        open_store(StoreSettings(root="s3://bucket", endpoint_url=NOWHERE, access_key="k")).get("key")


@pytest.mark.parametrize("given", ["http://u:se@cret@host:port/v1", "http://u:cret#word@host/v1", "http://[::1"])
def test_an_endpoint_of_a_model_is_one_sentence_without_a_secret(given: str) -> None:
    override = f"models.solver.endpoint.base_url={given}"
    with pytest.raises(ConfigError, match="is no address such as http://host:8000/v1") as caught:
        load_config("nano", [override])
    assert "cret" not in str(caught.value)


AMAZON = {
    "AWS_PROFILE": "work",
    "AWS_DEFAULT_PROFILE": "work",
    "AWS_CONFIG_FILE": __file__,
    "AWS_SHARED_CREDENTIALS_FILE": __file__,
    "AWS_ENDPOINT_URL_S3": NOWHERE,
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "bad",
    "AWS_STS_REGIONAL_ENDPOINTS": "bad",
    "AWS_MAX_ATTEMPTS": "many",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_DATA_PATH": "/nowhere",
    "HTTP_PROXY": NOWHERE,
}


def test_keys_that_are_given_go_before_all_that_boto3_would_find(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in AMAZON.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    keys = {"access_key": "key", "secret_key": "secret"}
    store = open_store(StoreSettings(root="s3://bucket", endpoint_url=server, **keys))
    assert store.get("runs/a") == b""  # of a server that says nothing to anything
    client = open_client(StoreSettings(root="s3://bucket", **keys), None)
    assert client.meta.endpoint_url == "https://s3.amazonaws.com"


def test_without_keys_boto3_searches_as_it_always_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text("[profile work]\nendpoint_url = https://s3.corp.example\n")
    (tmp_path / "credentials").write_text("[work]\naws_access_key_id = ours\naws_secret_access_key = secret\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "work")
    client = open_client(StoreSettings(root="s3://bucket"), None)
    assert client.meta.endpoint_url == "https://s3.corp.example"
    assert client._request_signer._credentials.access_key == "ours"  # type: ignore[attr-defined]


def test_a_password_is_hidden_whatever_it_holds() -> None:
    assert hide_secrets("postgresql://u:p@ss/w:rd@host:1/db?password=x") == "postgresql://host:1/db"


def test_a_command_begins_with_a_settled_environment() -> None:
    code = "import os, click; from caco_tasks.cli.command_group import CommandGroup\n"
    code += "@click.group(cls=CommandGroup)\ndef main(): pass\n"
    code += "@main.command()\n@click.pass_obj\n"
    code += "def show(left_out): print(os.environ['NO_PROXY'], 'PGSSLMODE' in os.environ, left_out)\nmain()"
    environ = {**os.environ, "NO_PROXY": "fd00::/8", "no_proxy": "", "PGSSLMODE": "require"}
    command, place = [sys.executable, "-c", code, "show"], Path(__file__).parents[2]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True, cwd=place)
    assert done.stdout.startswith("127.0.0.1,localhost,::1 False ('fd00::/8 of NO_PROXY is left out")
