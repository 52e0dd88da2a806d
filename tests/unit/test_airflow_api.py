"""The client of Airflow's API over a real server on loopback that breaks down and comes back."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from caco_tasks.errors import PlatformError, PlatformUnreachableError
from caco_tasks.platform import api as module
from caco_tasks.platform.api import AirflowApi


class Failing(BaseHTTPRequestHandler):
    """Answers as Airflow does, but first so many times with an error of its own."""

    failures: int
    asked: list[str]

    def answer(self) -> None:
        """One reply."""
        self.asked.append(f"{self.command} {self.path}")
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        if type(self).failures:
            type(self).failures -= 1
            status, body = 500, {"detail": "the database is away"}
        elif self.path == "/auth/token":
            status, body = 201, {"access_token": "t"}
        else:
            status, body = 200, {"dag_run_id": "r", "dag_id": "d", "state": "running"}
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PATCH = answer

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Its address."""
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.01)
    Failing.failures, Failing.asked = 0, []
    with HTTPServer(("127.0.0.1", 0), Failing) as served:
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()
        thread.join()


def test_a_run_that_is_looked_at_is_looked_at_again_while_airflow_breaks_down(
    server: str, caplog: pytest.LogCaptureFixture
) -> None:
    with AirflowApi(server, "a", "b", patience_seconds=30) as api:
        assert api.run("d", "r").state == "running"
        Failing.failures = 3
        assert api.run("d", "r").state == "running"
    assert len(Failing.asked) == 1 + 1 + 4
    assert [record.getMessage() for record in caplog.records if record.name == module.__name__] == [
        f"Airflow at {server} has broken down over GET /api/v2/dags/d/dagRuns/r: 500, the database is away. It may come back: "
        "waiting for up to 30 s."
    ]


def test_a_new_run_is_asked_for_once(server: str) -> None:
    with AirflowApi(server, "a", "b", patience_seconds=30) as api:
        api.run("d", "r")
        Failing.failures = 1
        with pytest.raises(PlatformUnreachableError, match="has broken down over POST"):
            api.trigger("d")
    assert Failing.asked.count("POST /api/v2/dags/d/dagRuns") == 1


def test_without_patience_and_after_it_an_outage_is_told(server: str) -> None:
    Failing.failures = 100
    for patience in (0.0, 0.05):
        with AirflowApi(server, "a", "b", patience_seconds=patience) as api, pytest.raises(PlatformUnreachableError):
            api.run("d", "r")
    nobody = "http://127.0.0.1:9"
    with (
        AirflowApi(nobody, "a", "b") as api,
        pytest.raises(PlatformError, match=f"^Airflow does not answer at {nobody}"),
    ):
        api.run("d", "r")
