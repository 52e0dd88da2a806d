"""A task that really fails: who is told, of what, and whether it is tried again."""

import asyncio
import email
import json
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.policy import default
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from endpoints import HOOK_KEY, Endpoint

from caco_tasks.ledger import Ledger

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import BundleDagBag
    from airflow.models.dagrun import DagRun

pytestmark = pytest.mark.filterwarnings("default")  # Airflow's own deprecations are not ours to mend

DAGS = Path(__file__).parents[2] / "dags"
WRONG = {"config": "smoke", "partition": "2026-11-01", "overrides": ["judge.tmies=3"]}
SENTENCE = "The setting 'judge.tmies' in "


class MailServer(asyncio.Protocol):
    """As much of SMTP as a client needs that greets, sends one mail and leaves."""

    def __init__(self, mails: list[bytes]) -> None:
        self.mails, self.waiting, self.mail = mails, b"", None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(b"220 here\r\n")

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        while b"\r\n" in self.waiting:
            line, _, self.waiting = self.waiting.partition(b"\r\n")
            self.line(line)

    def line(self, line: bytes) -> None:
        if self.mail is not None:
            if line == b".":
                self.mails.append(b"\r\n".join(self.mail))
                self.mail = None
                self.transport.write(b"250 taken\r\n")
            else:
                self.mail.append(line)
            return
        self.mail = [] if line.upper() == b"DATA" else None
        self.transport.write(b"354 go on\r\n" if self.mail is not None else b"250 well\r\n")


@contextmanager
def mailing() -> Iterator[tuple[int, list[bytes]]]:
    """A mail server: its port, and the mails that it took."""
    loop = asyncio.new_event_loop()
    mails = list[bytes]()
    server = loop.run_until_complete(loop.create_server(lambda: MailServer(mails), "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1], mails
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.close()


def run_seeds(dag_bag: "BundleDagBag", form: dict[str, Any]) -> "DagRun":
    """A run of `caco_seeds`."""
    return dag_bag.dags["caco_seeds"].test(run_conf=form)


def test_a_failure_is_told_to_a_webhook_and_by_mail_once_for_a_run(
    dag_bag: "BundleDagBag",
    ledger_url: str,
    airflow_database: None,
    hook: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with mailing() as (port, mails):
        extra = {"from_email": "night@example.org", "to": "ada@example.org", "disable_ssl": True, "disable_tls": True}
        connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_CACO_SMTP", json.dumps(connection))
        run = run_seeds(dag_bag, WRONG)
    assert run.state == "failed"
    assert run.get_task_instance("plan").try_number == 1  # a wrong config is not tried again

    [(path, headers, told)] = hook.asked
    assert (path, headers["authorization"]) == ("/v1/hooks/T0", f"Bearer {HOOK_KEY}")
    assert (told["dag"], told["run"], told["task"]) == ("caco_seeds", run.run_id, "plan")
    assert told["funnel"] == ""  # nothing was planned
    assert told["sentence"].startswith(SENTENCE)
    assert told["sentence"].endswith("the nearest is 'judge.times'.")
    assert re.fullmatch(r"http\S+/dags/caco_seeds/runs/\S+/tasks/plan\S*", told["link"])

    [mail] = [email.message_from_bytes(found, policy=default) for found in mails]
    assert (mail["to"], mail["from"]) == ("ada@example.org", "night@example.org")
    assert mail["subject"] == "caco_seeds: plan failed"
    body = mail.get_body()
    assert body is not None
    assert told["link"] in body.get_content()


def test_a_run_tells_of_its_first_failure_only(
    dag_bag: "BundleDagBag", ledger_url: str, airflow_database: None, hook: Endpoint
) -> None:
    from caco_tasks import tasks
    from caco_tasks.identity import RunKeys
    from caco_tasks.store import RunRecord
    from caco_tasks.store.manifest import manifest_uri

    store = Path(os.environ["CACO_STORE"].removeprefix("file://"))
    run_id = tasks.plan("seeds", partition="2026-11-02", config="smoke")["run_id"]
    record = RunRecord.model_validate_json((store / f"runs/2026-11-02/{run_id}/run.json").read_text())
    manifest = store / manifest_uri("seeds", RunKeys(record, {}).key("seeds", 1))
    manifest.parent.mkdir(parents=True)
    manifest.write_text("damaged")
    run = run_seeds(dag_bag, {**WRONG, "partition": "2026-11-02", "overrides": []})
    failed = {each.task_id for each in run.get_task_instances() if each.state == "failed"}
    assert failed == {"conversion.seeds", "finish"}
    [told] = [told for _, _, told in hook.asked]
    assert (told["kind"], told["task"]) == ("failed", "conversion.seeds (shard 1)")
    with Ledger(ledger_url) as ledger:
        [seeds] = [row for row in ledger.funnel(run_id) if row.stage == "seeds"]  # of shard 0, which was made before
    assert told["funnel"] == f"Funnel, passed of read: seeds {seeds.passed} of {seeds.read}."
    assert told["funnel"] in told["text"]


def test_notifications_that_fail_fail_nothing_and_tell_no_secret(
    dag_bag: "BundleDagBag",
    ledger_url: str,
    airflow_database: None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    connection = {"conn_type": "http", "host": "http://127.0.0.1:9/hooks/secret-of-the-hook", "password": HOOK_KEY}
    monkeypatch.setenv("AIRFLOW_CONN_CACO_WEBHOOK", json.dumps(connection))
    monkeypatch.setenv("AIRFLOW_CONN_CACO_SMTP", json.dumps({"conn_type": "smtp", "host": "127.0.0.1", "port": 9}))
    run = run_seeds(dag_bag, WRONG)
    assert run.state == "failed"
    assert run.get_task_instance("plan").state == "failed"
    assert "secret-of-the-hook" not in caplog.text
    assert HOOK_KEY not in caplog.text


@pytest.mark.parametrize(
    ("connection", "url"),
    [
        ({"host": "https://h/hooks/T0"}, "https://h/hooks/T0"),
        ({"host": "h", "schema": "https", "port": 8443}, "https://h:8443"),
        ({"host": "h", "conn_type": "https", "schema": "hooks/T0"}, "https://h/hooks/T0"),
        ({"host": "h"}, "http://h"),
    ],
)
def test_the_address_of_a_webhook_is_read_in_the_forms_of_a_connection(
    dag_bag: "BundleDagBag", connection: dict[str, Any], url: str
) -> None:
    from airflow.sdk import Connection
    from caco.notify import webhook_url  # on the path once Airflow was imported

    assert webhook_url(Connection(conn_id="caco_webhook", **({"conn_type": "http"} | connection))) == url


def test_pauses_between_tries_cover_a_bad_quarter_of_an_hour(dag_bag: "BundleDagBag") -> None:
    task = dag_bag.dags["caco_nightly"].get_task("plan")
    pauses = [min(600, task.retry_delay.total_seconds() * 2**number) for number in range(task.retries)]
    assert 900 <= sum(pauses) <= 1200
    assert pauses[0] <= 15


def test_what_no_try_can_mend_is_not_tried_again(dag_bag: "BundleDagBag") -> None:
    from airflow.sdk import RetryAction

    from caco_tasks import errors

    policy = dag_bag.dags["caco_nightly"].get_task("plan").retry_policy
    ended = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and policy.evaluate(kind("no"), 1, 6).action == RetryAction.FAIL
    }
    assert ended == {
        "ConfigError",
        "ConservationError",
        "DamagedError",
        "GateError",
        "PrerequisiteError",
        "RefusedError",
    }
