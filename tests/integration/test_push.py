"""A published dataset on the Hub, which is here a server on loopback that speaks as much of its protocol as is asked."""

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from published import publish_shop_words

from caco_tasks.cli import main
from caco_tasks.publishing.states import change_state
from caco_tasks.store import open_store
from caco_tasks.store.store import StoreSettings

TOKEN = "hf_token-of-a-test"
REPOSITORY = "org/words"
API = f"/api/datasets/{REPOSITORY}"


@dataclass
class Hub:
    """What the server holds and was asked."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    private: list[bool] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)

    def answer(self, path: str, body: bytes) -> tuple[int, Any]:
        """What the Hub says."""
        if path == "/api/repos/create":
            self.private.append(json.loads(body)["visibility"] == "private")
            return 200, {"url": f"{self.address}/datasets/{REPOSITORY}"}
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        if path.startswith(f"{API}/preupload/"):
            asked = json.loads(body)["files"]
            return 200, {
                "files": [{"path": one["path"], "uploadMode": "regular", "shouldIgnore": False} for one in asked]
            }
        if path.startswith(f"{API}/commit/"):
            for line in map(json.loads, body.splitlines()):
                value = line["value"]
                if line["key"] == "file":
                    self.files[value["path"]] = base64.b64decode(value["content"])
                elif line["key"] == "deletedFile":
                    del self.files[value["path"]]
            oid = "a" * 40
            return 200, {"commitUrl": f"{self.address}/datasets/{REPOSITORY}/commit/{oid}", "commitOid": oid}
        if path.startswith(f"{API}/tag/"):
            self.tags.append(json.loads(body)["tag"])
            return 200, {}
        if path.startswith(f"{API}/tree/"):
            return 200, [
                {"type": "file", "path": name, "size": len(data), "oid": "b" * 40} for name, data in self.files.items()
            ]
        return 404, {"error": f"nothing at {path}"}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The server, where commands take it for the Hub."""
    pytest.importorskip("huggingface_hub")
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if "/commit/" in self.path or "/tag/" in self.path or self.path.endswith("/create"):
                hub.tokens.add(self.headers.get("authorization"))
            status, said = hub.answer(
                self.path.partition("?")[0], self.rfile.read(int(self.headers["content-length"] or 0))
            )
            data = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            self.headers["content-length"] = "0"
            self.do_POST()

        def log_message(self, *words: Any) -> None:
            """Nothing: the test looks itself."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setenv("HF_ENDPOINT", hub.address)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield hub
    server.shutdown()
    server.server_close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a published dataset of three files, in the store of commands."""
    made = publish_shop_words(tmp_path)
    monkeypatch.setenv("CACO_STORE", f"file://{tmp_path / 'store'}")
    return made


def push(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(
        main, ["dataset", "push", f"{folder.parent.name}/{folder.name}", "--to", REPOSITORY, *words]
    )


def test_a_dataset_is_pushed_whole_and_takes_the_place_of_another_version(hub: Hub, folder: Path) -> None:
    hub.files = {"train-00000-of-00009.parquet": b"of another version", ".gitattributes": b"stays"}
    done = push(folder)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.strip().endswith(f"/datasets/{REPOSITORY}/commit/{'a' * 40}")
    expected = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "state.json"}
    assert hub.files == {**expected, ".gitattributes": b"stays"}
    assert (hub.tags, hub.private, hub.tokens) == ([folder.name], [True], {f"Bearer {TOKEN}"})


def test_what_is_not_published_or_not_whole_is_not_pushed(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    assert "set HF_TOKEN" in push(folder).stderr
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    file = next(folder.glob("train-*.parquet"))
    whole = file.read_bytes()
    file.write_bytes(whole + b" ")
    assert "is not what was published" in push(folder).stderr
    file.write_bytes(whole)
    store = open_store(StoreSettings(root=f"file://{folder.parents[2]}"))
    change_state(store, f"{folder.parent.name}/{folder.name}", "withdrawn", by="ada", because="wrong answers")
    done = push(folder)
    assert (done.exit_code, "is withdrawn (wrong answers)" in done.stderr) == (1, True)
    assert hub.files == {}
