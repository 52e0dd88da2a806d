"""The key of an endpoint, from the task of a DAG to the server: in the environment of the stage and nowhere else."""

from collections.abc import Iterator
from pathlib import Path

import making
import pytest
from endpoints import Body, Endpoint, Said, completion, serving

from caco_tasks import tasks
from caco_tasks.config import load_config
from caco_tasks.errors import ConfigError, EngineError
from caco_tasks.model_settings import ModelSettings
from caco_tasks.store import RunRecord, Store, open_store
from caco_tasks.store.manifest import manifest_uri, parse_manifest, run_uri
from caco_tasks.store.store import StoreSettings

KEY = "sk-never-to-be-seen"
CONNECTION = "codegen-endpoint"
PROGRAM = 'input = {"pens": 3}\n\ndef cost(pens):\n    return pens * 4\n\noutput = cost(**input)\nprint(output)\n'


def program(body: Body, times: int) -> Said:
    """A program, of a hundred tokens."""
    return completion({"text": PROGRAM}, tokens=100)


@pytest.fixture
def server() -> Iterator[Endpoint]:
    with serving(program) as endpoint:
        yield endpoint


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An empty store, which the tasks find."""
    monkeypatch.setenv("CACO_STORE", f"file://{tmp_path}/store")
    monkeypatch.setenv("CACO_HOME", str(tmp_path))
    monkeypatch.delenv("CACO_LEDGER_URL", raising=False)
    return open_store(StoreSettings(root=f"file://{tmp_path}/store"))


def nightly_run(server: Endpoint, store: Store) -> RunRecord:
    """A run whose programs come from `server`, for money."""
    config = load_config("smoke", ["samples=6", "shards=1"])
    endpoint = {"base_url": server.base_url, "connection": CONNECTION, "attempts": 2}
    table = {"engine": "openai", "model": "m", "endpoint": endpoint, "price": {"prompt": 1.0, "completion": 2.0}}
    codegen = ModelSettings.model_validate(config.models["codegen"].model_dump() | table)
    run = making.nightly_run(config.model_copy(update={"models": config.models | {"codegen": codegen}}))
    return making.register(run, store)


def test_a_stage_is_told_of_the_connections_that_it_needs_and_of_no_others(server: Endpoint, store: Store) -> None:
    run = nightly_run(server, store)
    assert tasks.connections("sample", run.run_id) == [CONNECTION]
    assert tasks.connections("solve", run.run_id) == tasks.connections("execute", run.run_id) == []


def test_the_key_reaches_the_server_and_lies_nowhere(
    server: Endpoint, store: Store, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = nightly_run(server, store)
    counts = tasks.stage("sample", run.run_id, 0, keys={CONNECTION: KEY})
    assert (counts["read"], counts["passed"]) == (6, 6)
    assert {headers["authorization"] for _, headers, _ in server.asked} == {f"Bearer {KEY}"}
    uri = manifest_uri("sample", counts["key"])
    manifest = parse_manifest(store.get(uri) or b"", uri=uri)
    assert manifest.cost_usd == pytest.approx(6 * (100 * 1.0 + 200 * 2.0) / 1e6)
    assert manifest.models == (f"m@{server.base_url.removeprefix('http://').removesuffix('/v1')}",)
    assert KEY not in "".join(capfd.readouterr())
    assert [path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()] == []


def test_without_its_key_a_stage_says_where_it_is_looked_for(server: Endpoint, store: Store) -> None:
    run = nightly_run(server, store)
    with pytest.raises(
        ConfigError, match=rf"connection '{CONNECTION}' is not here: .* variable CACO_KEY_CODEGEN_ENDPOINT"
    ):
        tasks.stage("sample", run.run_id, 0)
    assert server.asked == []


def test_a_server_that_went_away_fails_the_task_and_leaves_nothing_half_done(store: Store) -> None:
    with serving(program) as server:
        run = nightly_run(server, store)
    with pytest.raises(EngineError, match="does not answer: start it or mend its address"):
        tasks.stage("sample", run.run_id, 0, keys={CONNECTION: KEY})
    assert store.list("runs") == [run_uri(run.partition, run.run_id)]
    assert store.list("outputs") == []
