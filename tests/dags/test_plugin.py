"""The plugin as Airflow loads it: closed to strangers, and shown where its UI says."""

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

pytestmark = pytest.mark.filterwarnings("default")  # Airflow's own deprecations are not ours to mend


@pytest.fixture
def stranger(plugin: ModuleType, monkeypatch: pytest.MonkeyPatch) -> "TestClient":
    """A browser without a login, in front of an Airflow with the simple auth manager."""
    from airflow.api_fastapi.app import init_auth_manager
    from fastapi.testclient import TestClient

    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "0" * 64)
    plugin.app.state.auth_manager = init_auth_manager(plugin.app)
    return TestClient(plugin.app)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer forged"}], ids=["anonymous", "forged token"])
def test_a_stranger_is_turned_away(stranger: "TestClient", headers: dict[str, str]) -> None:
    reply = stranger.get("/api/v1/overview", headers=headers)
    assert reply.status_code == 401 if not headers else reply.status_code in {401, 403}
    assert set(reply.json()) == {"detail"}


@pytest.mark.parametrize("path", ["/", "/docs", "/redoc", "/openapi.json"])
def test_the_plugin_does_not_describe_itself_to_strangers(stranger: "TestClient", path: str) -> None:
    assert stranger.get(path).status_code == 404


def test_airflow_loads_one_plugin_from_the_folder_and_no_module_of_its_package(plugin: ModuleType) -> None:
    from airflow._shared.plugins_manager import _load_plugins_from_plugin_directory

    folder = Path(str(plugin.__file__)).parent
    plugins, errors = _load_plugins_from_plugin_directory(str(folder))
    assert errors == {}
    assert [one.name for one in plugins] == ["caco"]


def test_the_document_of_the_api_is_the_one_that_is_committed(plugin: ModuleType) -> None:
    root = Path(str(plugin.__file__)).parents[1]
    made = {"__file__": str(root / "docs" / "openapi.py"), "__name__": "openapi"}
    exec((root / "docs" / "openapi.py").read_text(encoding="utf-8"), made)
    committed = (root / "plugins" / "caco" / "openapi.json").read_text(encoding="utf-8")
    assert committed == made["openapi_text"](), "run `python docs/openapi.py`"


def test_airflow_shows_the_pages_in_its_navigation_and_beside_runs_and_tasks(plugin: ModuleType) -> None:
    from fastapi.testclient import TestClient

    apps = plugin.CacoPlugin.react_apps
    assert {app["destination"] for app in apps} == {"nav", "dag_run", "task_instance"}
    assert len({app["url_route"] for app in apps}) == len(apps)
    prefix = plugin.CacoPlugin.fastapi_apps[0]["url_prefix"].removeprefix("/")
    for address in {app["bundle_url"] for app in apps}:
        assert address.startswith(f"{prefix}/static/")
        reply = TestClient(plugin.app).get(address.removeprefix(prefix))
        assert reply.status_code == 200, address
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
