"""Airflow for the tests of the DAGs: a home of its own, and a database where DAGs really run."""

import importlib.util
import json
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import ledger_world
import pytest
from databases import cloned
from endpoints import HOOK_KEY, Body, Endpoint, Said, serving
from ledger_world import World

from caco_tasks.ledger import Ledger
from caco_tasks.ledger.migrations import ANALYST, WRITER
from caco_tasks.platform.postgres import EmbeddedPostgres
from caco_tasks.store import open_store
from caco_tasks.store.store import StoreSettings

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import BundleDagBag
    from fastapi.testclient import TestClient

DAGS = Path(__file__).parents[2] / "dags"
PLUGIN = Path(__file__).parents[2] / "plugins" / "caco_plugin.py"


@pytest.fixture(scope="session", autouse=True)
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keeps Airflow, whose settings are read when it is first imported, out of the user's home."""
    home = tmp_path_factory.mktemp("airflow")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
            patch.delenv(name)
        patch.setenv("AIRFLOW_HOME", str(home))
        patch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(DAGS))
        patch.setenv("AIRFLOW__CORE__PLUGINS_FOLDER", str(PLUGIN.parent))  # the DAGs import from it
        patch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
        patch.setenv(
            "CACO_LATE_AFTER_HOURS", "0"
        )  # `DAG.test` of Airflow 3.3.2 fails at the end of one with a deadline
        patch.setenv("AIRFLOW__LOGGING__BASE_LOG_FOLDER", str(home / "logs"))
        yield home


@pytest.fixture(scope="module")
def dag_bag(airflow_home: Path) -> "BundleDagBag":
    """All DAGs of the repository, parsed as the DAG processor does it."""
    from airflow.dag_processing.dagbag import BundleDagBag

    return BundleDagBag(DAGS, bundle_path=DAGS, bundle_name="dags-folder")


@pytest.fixture(scope="module")
def ledger_url(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated ledger and an empty store beside it, which the tasks find through the environment."""
    name = f"ledger_{secrets.token_hex(4)}"
    postgres.ensure_database(name)
    url = postgres.url(name)
    with Ledger(url) as ledger:
        ledger.migrate(passwords={})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CACO_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("CACO_STORE", f"file://{tmp_path_factory.mktemp('store')}")
        patch.setenv("CACO_LEDGER_URL", url)
        yield url


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """A webhook that Airflow knows."""

    def thanks(body: Body, times: int) -> Said:
        return Said(body=b"ok")

    with serving(thanks) as endpoint:
        connection = {"conn_type": "http", "host": f"{endpoint.base_url}/hooks/T0", "password": HOOK_KEY}
        monkeypatch.setenv("AIRFLOW_CONN_CACO_WEBHOOK", json.dumps(connection))
        yield endpoint


@pytest.fixture(scope="module")
def airflow_database(postgres: EmbeddedPostgres, airflow_home: Path) -> Iterator[None]:
    """An empty database of Airflow at its newest schema, which this process uses."""
    name = f"airflow_{secrets.token_hex(4)}"
    postgres.ensure_database(name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", postgres.url(name))
        from airflow import settings
        from airflow.utils.db import initdb

        settings.configure_vars()  # type: ignore[no-untyped-call, unused-ignore]
        settings.configure_orm()  # type: ignore[no-untyped-call, unused-ignore]
        initdb()
        yield
        settings.dispose_orm()
    # as it was before, for the tests of other files in this process
    settings.configure_vars()  # type: ignore[no-untyped-call, unused-ignore]
    settings.configure_orm()  # type: ignore[no-untyped-call, unused-ignore]


@pytest.fixture(scope="module")
def plugin(airflow_home: Path) -> ModuleType:
    """The plugin, loaded by its path as Airflow does it, which has put the folder of plugins on the path."""
    if str(PLUGIN.parent) not in sys.path:
        sys.path.append(str(PLUGIN.parent))
    spec = importlib.util.spec_from_file_location("caco_plugin", PLUGIN)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def reader(plugin: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator["TestClient"]:
    """A browser that is logged in."""
    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "0" * 64)
    from airflow.api_fastapi.app import init_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from airflow.api_fastapi.core_api.security import get_user
    from fastapi.testclient import TestClient

    plugin.app.state.auth_manager = init_auth_manager(plugin.app)
    plugin.app.dependency_overrides[get_user] = lambda: SimpleAuthManagerUser(username="viewer", role="viewer")
    yield TestClient(plugin.app)
    plugin.app.dependency_overrides.clear()


@pytest.fixture(scope="session")
def made_world(
    postgres: EmbeddedPostgres, ledger_template: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[World, Path, str, str]]:
    """Three runs in a store and a ledger, the same for all tests, which change nothing in them but answers."""
    folder = tmp_path_factory.mktemp("world")
    store = open_store(StoreSettings(root=f"file://{folder}"))
    with cloned(postgres, "template_ledger") as name:
        writer, analyst = (postgres.url(name, role, ledger_template[role]) for role in (WRITER, ANALYST))
        with Ledger(writer) as ledger:
            world = ledger_world.build(store)
            ledger_world.load(ledger, store, world)
        yield world, folder, writer, analyst


@pytest.fixture
def world(made_world: tuple[World, Path, str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    """That world, where the application finds it."""
    world, folder, writer, analyst = made_world
    monkeypatch.setenv("CACO_HOME", str(tmp_path))
    monkeypatch.setenv("CACO_STORE", f"file://{folder}")
    monkeypatch.setenv("CACO_LEDGER_URL", writer)
    monkeypatch.setenv("CACO_LEDGER_ANALYST_URL", analyst)
    return world
