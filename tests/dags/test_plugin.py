"""The Caco page of Airflow's UI: closed to strangers, true to the ledger, and safe with odd names."""

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from scored import write_evaluation

from caco_tasks.config import load_config
from caco_tasks.identity import config_hash
from caco_tasks.store import RunRecord, open_store
from caco_tasks.store.store import StoreSettings

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
    reply = stranger.get("/", headers=headers)
    assert reply.status_code == 401 if not headers else reply.status_code in {401, 403}
    assert "<h1>" not in reply.text


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_the_page_does_not_describe_itself_to_strangers(stranger: "TestClient", path: str) -> None:
    assert stranger.get(path).status_code == 404


def test_the_page_shows_the_newest_nightly_run_and_escapes_its_names(
    reader: "TestClient", ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from caco_tasks.ledger import Ledger

    monkeypatch.setenv("CACO_LEDGER_ANALYST_URL", ledger_url)
    assert "No nightly run was planned yet" in reader.get("/").text
    config = load_config("smoke", ['name="<b>odd</b>"'])
    run = RunRecord(
        run_id="0" * 32,
        pipeline="nightly",
        partition="2026-11-02",
        config_hash=config_hash("nightly", config),
        config=config.model_dump(mode="json"),
        code_version="0.1.0",
    )
    with Ledger(ledger_url) as ledger:
        ledger.register_run(run)
    reply = reader.get("/")
    assert reply.status_code == 200
    assert "Newest nightly run: 2026-11-02" in reply.text
    assert run.run_id in reply.text
    assert "&lt;b&gt;odd&lt;/b&gt;" in reply.text
    assert "<b>odd" not in reply.text


def test_the_page_shows_the_scores_of_the_newest_student_and_every_run_has_its_own(
    reader: "TestClient", ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from caco_tasks.ledger import Ledger

    monkeypatch.setenv("CACO_LEDGER_ANALYST_URL", ledger_url)
    assert "No student was trained yet" in reader.get("/").text
    with Ledger(ledger_url) as ledger:
        run = write_evaluation(open_store(StoreSettings(root=f"file://{tmp_path}")), ledger, dataset="<b>/1")
    page = reader.get("/").text
    for shown in ("toy test", "12.1% – 64.6%", "@2: 40.0%", "<svg", "-17.0% – 71.6%", "&lt;b&gt;/1"):
        assert shown in page, shown
    own = reader.get(f"/runs/{run.run_id}")
    assert own.status_code == 200
    assert "<td>student</td>" in own.text
    assert "There is no such run" in reader.get("/runs/0000<b>").text
    assert "<b>" not in reader.get("/runs/0000<b>").text


def test_the_page_says_why_when_the_ledger_does_not_answer(
    reader: "TestClient", ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CACO_LEDGER_ANALYST_URL", "postgresql+psycopg2://caco_analyst:x@127.0.0.1:9/caco")
    reply = reader.get("/")
    assert reply.status_code == 503
    assert "127.0.0.1:9" in reply.text


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
