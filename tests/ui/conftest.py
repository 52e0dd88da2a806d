"""A browser in front of a really running Airflow, under a path prefix, over the whole line really run once.

Skipped with a clear word where Playwright or Debian's Chromium is not there. Screenshots are kept in the folder that
`CACO_SCREENSHOTS` names, where it is set.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import whole_line

from caco_tasks import tasks
from caco_tasks.ledger.migrations import ANALYST, OWNER, WRITER
from caco_tasks.platform.ports import free_port
from caco_tasks.platform.postgres import EmbeddedPostgres

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
PREFIX = "/data/airflow"  # as behind a proxy that other services share
START_SECONDS = 240
USER = "auditor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A running Airflow and what its ledger holds."""

    url: str  # with the prefix, without a slash at the end
    token: str
    runs: dict[str, str] = field(default_factory=dict)  # pipeline -> run id
    lenient: str = ""  # another nightly run over the same samples
    airflow_run: str = ""  # a run of Airflow that planned the nightly run

    def path(self, page: str) -> str:
        """The address of a page of ours."""
        return f"{self.url}/plugin/caco/{page}".rstrip("/")


@dataclass(slots=True)
class Watch:
    """What a page did that it should not."""

    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


# Not for the session: its environment, and the loop that Playwright runs, would reach other tests of the same process.
@pytest.fixture(scope="module")
def empty_site(
    postgres: EmbeddedPostgres,
    ledger_template: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
    first_port: int,
) -> Iterator[Site]:
    """Airflow's API server with our plugin, in front of a ledger and a store that hold nothing; tasks find them, too."""
    _chromium()
    folder = tmp_path_factory.mktemp("site")
    environ = _environ(postgres, ledger_template, folder, port := free_port(first_port + 400))
    server = None
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
            patch.delenv(name)
        for name, value in environ.items():
            patch.setenv(name, value)
        for words in (("db", "migrate"), ("dags", "reserialize")):
            subprocess.run([sys.executable, "-m", "airflow", *words], check=True, capture_output=True, timeout=600)
        with (folder / "api-server.log").open("wb") as log:
            server = subprocess.Popen(
                [sys.executable, "-m", "airflow", "api-server", "--host", "127.0.0.1", "--port", str(port)],
                stdout=log,
                stderr=log,
            )
        try:
            url = f"http://127.0.0.1:{port}{PREFIX}"
            yield Site(url=url, token=_log_in(url, folder))
        finally:
            server.terminate()
            server.wait(30)


@pytest.fixture(scope="module")
def site(empty_site: Site) -> Site:
    """The same in front of seeds, codegen and two nightly runs; a module that wants others has a `site` of its own."""
    runs = whole_line.run_line(whole_line.DAY)
    lenient = whole_line.run_pipeline("nightly", whole_line.DAY, "agree.input_not_used=off", "publish.name=lenient")
    airflow_run = _trigger(empty_site.url, empty_site.token)
    tasks.plan("nightly", partition=whole_line.DAY, config=whole_line.CONFIG, trigger=("caco_nightly", airflow_run))
    return replace(empty_site, runs=runs, lenient=lenient, airflow_run=airflow_run)


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Debian's Chromium, driven by Playwright."""
    program = _chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where pictures are kept: the folder that `CACO_SCREENSHOTS` names, else one that goes with the test."""
    return Path(os.environ.get("CACO_SCREENSHOTS", tmp_path))


@pytest.fixture
def watch() -> Watch:
    """What the test's page does wrong; looked at when the test ends."""
    return Watch()


@pytest.fixture
def page(
    request: pytest.FixtureRequest, browser: "Browser", site: Site, watch: Watch, pictures: Path
) -> Iterator["Page"]:
    """A page of somebody who is logged in; `@pytest.mark.parametrize("page", [(width, theme)], indirect=True)` for others."""
    width, theme = getattr(request, "param", (1280, "light"))
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme="light")
    context.add_cookies([{"name": "_token", "value": site.token, "url": site.url}])
    context.add_init_script(f"localStorage.setItem('theme', {json.dumps(theme)})")
    opened = context.new_page()
    opened.set_default_timeout(180_000)
    host = site.url.removesuffix(PREFIX)
    opened.on("console", lambda said: watch.errors.append(said.text) if said.type == "error" else None)
    opened.on("pageerror", lambda error: watch.errors.append(str(error)))
    opened.on(
        "request",
        lambda asked: watch.foreign.append(asked.url) if not asked.url.startswith((host, "data:", "blob:")) else None,
    )
    yield opened
    opened.screenshot(path=pictures / f"{request.node.name.replace('/', '_')}.png")
    context.close()
    assert watch.foreign == []
    assert watch.errors == []


def _chromium() -> str:
    pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install playwright")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    return program


def _environ(postgres: EmbeddedPostgres, passwords: dict[str, str], folder: Path, port: int) -> dict[str, str]:
    from databases import administer

    ledger, airflow = (f"{name}_{secrets.token_hex(4)}" for name in ("ui_ledger", "ui_airflow"))
    administer(postgres, f"CREATE DATABASE {ledger} TEMPLATE template_ledger OWNER {OWNER}")
    postgres.ensure_database(airflow)
    (folder / "passwords.json").write_text(json.dumps({USER: "secret"}))
    return {
        "CACO_HOME": str(folder / "home"),
        "CACO_STORE": f"file://{folder / 'store'}",
        "CACO_LEDGER_URL": postgres.url(ledger, WRITER, passwords[WRITER]),
        "CACO_LEDGER_OWNER_URL": postgres.url(ledger, OWNER, passwords[OWNER]),
        "CACO_LEDGER_ANALYST_URL": postgres.url(ledger, ANALYST, passwords[ANALYST]),
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(folder / "passwords.json"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": postgres.url(airflow),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}{PREFIX}",
        "AIRFLOW__API__SECRET_KEY": secrets.token_hex(16),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "PYTHONPATH": str(ROOT),
    }


def _log_in(url: str, folder: Path) -> str:
    """Waits until Airflow answers, and logs in."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            reply = httpx.post(f"{url}/auth/token", json={"username": USER, "password": "secret"}, timeout=30)
        except httpx.TransportError:
            time.sleep(0.5)
            continue
        reply.raise_for_status()
        return str(reply.json()["access_token"])
    raise AssertionError((folder / "api-server.log").read_text()[-3000:])


def _trigger(url: str, token: str) -> str:
    """A run of Airflow that nobody works on: there is no scheduler."""
    reply = httpx.post(
        f"{url}/api/v2/dags/caco_nightly/dagRuns",
        json={"logical_date": None, "partition_key": whole_line.DAY, "conf": {}},
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    )
    reply.raise_for_status()
    return str(reply.json()["dag_run_id"])
