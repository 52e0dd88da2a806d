"""The API behind the windows, as a browser meets it: closed to strangers, errors in a sentence, texts as they are."""

import json
import shutil
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import ledger_world
import pytest
from ledger_world import World

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

pytestmark = pytest.mark.filterwarnings("default")  # Airflow's own deprecations are not ours to mend

API = "/api/v1"


@pytest.fixture
def every_path(plugin: ModuleType) -> list[str]:
    """All paths that can be read, as the committed document has them."""
    document = json.loads((Path(str(plugin.__file__)).parent / "caco" / "openapi.json").read_text(encoding="utf-8"))
    return [path for path, methods in document["paths"].items() if "get" in methods]


def test_every_path_is_closed_to_strangers(
    plugin: ModuleType, every_path: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.api_fastapi.app import init_auth_manager
    from fastapi.testclient import TestClient

    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "0" * 64)
    plugin.app.state.auth_manager = init_auth_manager(plugin.app)
    stranger = TestClient(plugin.app)
    for path in every_path:
        reply = stranger.get(path.replace("{", "").replace("}", ""))
        assert reply.status_code == 401, path
    assert stranger.post(f"{API}/audits/{'0' * 32}", json={"draw_id": "0" * 32, "answer": "right"}).status_code == 401


def test_every_page_without_parameters_answers(reader: "TestClient", world: World, every_path: list[str]) -> None:
    for path in every_path:
        if "{" in path or path.endswith(("/compare", "/by-airflow")):
            continue
        reply = reader.get(path)
        assert reply.status_code == 200, (path, reply.text)
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'self'" in reply.headers["content-security-policy"]


def test_what_is_there_is_found_by_its_id(reader: "TestClient", world: World) -> None:
    run, dataset = world.run("nightly"), world.datasets[0]
    sample = ledger_world.sample_id(run, 1)
    for path in (
        f"/runs/{run.run_id[:8]}",
        f"/runs/{run.run_id}/diversity",
        f"/samples/{sample}",
        f"/samples/{sample[:10]}/graph?depth=2",
        f"/datasets/{dataset.dataset}/{dataset.version}",
        f"/datasets/{dataset.dataset}/{dataset.version}/rows",
        f"/models/{run.model_id}",
        "/models/nano:base",
        f"/charts/funnel?run={run.run_id}",
    ):
        reply = reader.get(API + path)
        assert reply.status_code == 200, (path, reply.text)
    told = reader.get(f"{API}/samples/{sample}").json()
    assert told["detail"] == ledger_world.NASTY.replace(
        "\0", "\\0"
    )  # hostile texts come as they are, for pages to escape


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/runs/ffffffff", 404, "There is no run"),
        ("/runs/xyz", 422, "run_id"),
        ("/samples/ffffffff", 404, "There is no sample"),
        ("/samples?cursor=x", 422, "begin with the first page"),
        ("/runs?cursor=WyJhIiwgImIiLCAiYyJd", 422, "begin with the first page"),  # ["a", "b", "c"]
        (
            "/datasets?cursor=WyIyMDI2LTExLTIwIiwgMTAwMDAwMDAwMDAwMDBd",
            422,
            "begin with the first page",
        ),  # too large a number
        ("/runs?config=%00", 422, "config"),
        ("/samples?stage=none", 422, "There is no stage"),
        ("/samples?limit=100000", 422, "limit"),
        ("/runs?from=2026-02-31", 422, "is no date"),
        ("/runs?from=31.2.", 422, "from"),
        ("/datasets/toys/none", 404, "There is no dataset"),
        ("/models/none", 404, "There is no model"),
        ("/charts/funnel", 422, "name it"),
        ("/charts/none", 422, "name"),
        ("/runs/by-airflow?dag_id=a&airflow_run_id=b", 404, "has planned no run"),
        ("/no/such/page", 404, "Not Found"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(
    reader: "TestClient", world: World, path: str, status: int, said: str
) -> None:
    reply = reader.get(API + path)
    assert (reply.status_code, list(reply.json())) == (status, ["detail"])
    assert said in reply.json()["detail"]


def test_a_ledger_that_is_away_is_told_with_the_remedy(
    reader: "TestClient", world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CACO_LEDGER_ANALYST_URL", "postgresql://caco_analyst:secret@127.0.0.1:9/caco")
    reply = reader.get(f"{API}/overview")
    assert reply.status_code == 503
    assert "start it with `caco up`" in reply.json()["detail"]
    assert "secret" not in reply.text
    monkeypatch.delenv("CACO_LEDGER_ANALYST_URL")
    assert reader.get(f"{API}/overview").status_code == 503


@pytest.mark.parametrize("kind", ["csv", "json", "sql"])
def test_exports_come_as_files(reader: "TestClient", world: World, kind: str) -> None:
    reply = reader.get(f"{API}/samples/export?format={kind}&outcome=fail")
    assert reply.status_code == 200
    assert reply.headers["content-disposition"] == f'attachment; filename="samples.{kind}"'


def test_a_person_answers_a_row_and_takes_the_answer_back(
    reader: "TestClient", plugin: ModuleType, world: World, made_world: Any
) -> None:
    from caco_tasks import audit_tasks

    draw = audit_tasks.audit_draw(world.run("nightly").run_id, 2)
    waiting = reader.get(f"{API}/audits").json()
    assert (waiting["person"], waiting["waiting_total"]) == ("viewer", len(draw.rows))
    row = next(one for one in waiting["waiting"] if "wrong solution" not in one["answers"])
    path = f"{API}/audits/{row['sample_id']}"
    assert (
        reader.post(path, json={"draw_id": draw.draw_id, "answer": "right"}).status_code == 403
    )  # a viewer only looks
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from airflow.api_fastapi.core_api.security import get_user

    plugin.app.dependency_overrides[get_user] = lambda: SimpleAuthManagerUser(username="ada", role="admin")
    refused = reader.post(path, json={"draw_id": draw.draw_id, "answer": "wrong solution"})
    assert refused.status_code == 422
    assert "has no solution that could be wrong" in refused.json()["detail"]
    taken = reader.post(path, json={"draw_id": draw.draw_id, "answer": "right", "note": "<b>fine</b>"})
    assert (taken.status_code, taken.json()["answered_by_you"]) == (200, 1)
    again = reader.post(path, json={"draw_id": draw.draw_id, "answer": "cannot tell"})
    assert again.json()["answered_by_you"] == 1
    told = reader.get(f"{API}/audits").json()
    assert [one["your_answer"] for one in told["answered"]] == ["cannot tell"]
    assert reader.post(path, json={"draw_id": "0" * 32, "answer": "right"}).status_code == 404


def test_only_recipes_of_the_cookbook_can_be_run(reader: "TestClient", world: World) -> None:
    recipe = reader.get(f"{API}/ask").json()["recipes"][0]
    ran = reader.post(f"{API}/ask/run", json={"recipe": recipe["name"]})
    assert ran.status_code == 200, ran.text
    assert reader.post(f"{API}/ask/run", json={"recipe": "SELECT 1"}).status_code == 404
    assert reader.post(f"{API}/ask/run", json={"sql": "SELECT 1"}).status_code == 422


def test_files_of_the_bundle_say_how_long_they_keep(plugin: ModuleType, tmp_path: Path) -> None:
    from caco.api.static_files import BundleFiles
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    (tmp_path / "main-Ab12Cd34.js").write_text("export {}")
    (tmp_path / "manifest.json").write_text("{}")
    (tmp_path.parent / "secret.txt").write_text("no")
    app = FastAPI()
    app.mount("/static", BundleFiles(tmp_path))
    browser = TestClient(app)
    script = browser.get("/static/main-Ab12Cd34.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "immutable" in script.headers["cache-control"]
    assert browser.get("/static/manifest.json").headers["cache-control"] == "no-cache"
    assert browser.get("/static/../secret.txt").status_code == 404
    assert browser.get("/static/%2e%2e/secret.txt").status_code == 404
    shutil.rmtree(tmp_path)
    assert browser.get("/static/main-Ab12Cd34.js").status_code == 404
