"""What is told of a failure, and that it holds no secret."""

import json
from dataclasses import asdict

import pytest
from endpoints import Body, Said, serving

from caco_tasks.errors import EngineError
from caco_tasks.ledger.lookups import FunnelRow
from caco_tasks.notifications import MAX_SENTENCE_CHARS, Notice, describe_error, describe_funnel, post_notice

FAILURE = Notice(
    kind="failed",
    dag="caco_seeds",
    run="manual__1",
    task="unify (shard 3)",
    sentence="It <broke>.",
    funnel="Funnel, passed of read: seeds 3 of 4.",
    link="http://h/log?a=1&b=2",
)
LATE = Notice(kind="late", dag="caco_nightly", run="scheduled__1", sentence="It runs.", link="http://h/run")

SECRETS = {
    "an address with a password": "postgresql://ada:hunter2@host:5432/db",
    "a password with the sign that ends it": "redis://:a@hunter2@host:6379/0",
    "an address with a query": "https://host/v1?key=hunter2&a=b",
    "a bearer": "authorization: Bearer hunter2hunter2",
    "a named key": "api_key=hunter2",
    "a named password": "AIRFLOW_PASSWORD: hunter2",
    "JSON": '{"client_secret": "hunter2"}',
    "a key by its form": "Incorrect key sk-hunter2hunter2",
}


@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS)
def test_a_secret_is_cut_out_of_the_sentence(text: str) -> None:
    said = describe_error(f"It failed ({text}), so mend it.")
    assert "hunter2" not in said
    assert said.startswith("It failed (")


def test_what_is_no_secret_stays() -> None:
    sentence = (
        "Run 3f: 5 of 20 verdicts of 'judge' are unknown, see http://127.0.0.1:8080/dags/a/runs/b: 1,024 tokens used."
    )
    assert describe_error(EngineError(sentence)) == sentence


def test_an_error_is_one_line_of_a_bearable_length() -> None:
    assert describe_error(ValueError("one\n two")) == "ValueError: one two"
    assert describe_error(KeyError()) == "KeyError"
    assert describe_error(None) == "The task was killed, or its worker was lost."
    assert len(describe_error(ValueError("long " * 10_000))) == MAX_SENTENCE_CHARS


def test_a_mail_shows_what_is_told_and_no_markup_of_it() -> None:
    assert FAILURE.subject == "caco_seeds: unify (shard 3) failed"
    assert "It &lt;broke&gt;." in FAILURE.html
    assert '<a href="http://h/log?a=1&amp;b=2">' in FAILURE.html


def test_a_late_run_is_told_of_without_a_task() -> None:
    assert LATE.subject == "caco_nightly: late"
    assert LATE.text == "caco_nightly: late in run scheduled__1: It runs. http://h/run"
    assert [word for word in ("Task", "So far") if word in LATE.html] == []
    assert [word for word in ("Task", "So far") if word in FAILURE.html] == ["Task", "So far"]


def test_the_funnel_is_a_line_and_nothing_where_nothing_was_made() -> None:
    counts = {"run_id": "1", "shards": 2, "kept_share": None, "seconds": 1.0}
    rows = [
        FunnelRow(stage="sample", read=1200, passed=1200, failed=0, unknown=0, **counts),
        FunnelRow(stage="execute", read=1200, passed=900, failed=297, unknown=3, **counts),
    ]
    assert describe_funnel(rows) == "Funnel, passed of read: sample 1,200 of 1,200, execute 900 of 1,200 (3 unknown)."
    assert describe_funnel([]) == ""


def test_a_webhook_gets_the_fields_and_a_line_for_chats() -> None:
    with serving(answering(200)) as endpoint:
        post_notice(f"{endpoint.base_url}/hooks/T0", FAILURE, key="its-key")
    [(path, headers, body)] = endpoint.asked
    assert (path, headers["authorization"]) == ("/v1/hooks/T0", "Bearer its-key")
    assert body == {"text": FAILURE.text, **asdict(FAILURE)}


def test_a_webhook_that_refuses_is_an_error_of_the_system() -> None:
    with serving(answering(403)) as endpoint, pytest.raises(OSError, match="403"):
        post_notice(endpoint.base_url, FAILURE)
    with pytest.raises(ValueError, match="does not begin with http"):
        post_notice("file:///etc/passwd", FAILURE)


def answering(status: int):  # type: ignore[no-untyped-def]
    """A server that answers so, whatever is posted."""

    def answer(body: Body, times: int) -> Said:
        return Said(status=status, body=json.dumps({"ok": True}).encode())

    return answer
