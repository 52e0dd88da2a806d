"""The engine for endpoints against a real server on loopback, which does what servers do on bad days."""

import asyncio
import json
import logging
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
from endpoints import Answers, Body, Endpoint, Said, completion, echo, fault, serving, text_of

from caco_tasks.errors import EngineError, RefusedError
from caco_tasks.llm import Prompt, Reply, Request, openai_engine
from caco_tasks.llm.limiter import Limiter
from caco_tasks.llm.llm import make_request, open_llm
from caco_tasks.model_settings import ModelSettings
from caco_tasks.stages.shared.prompting import reply_verdict

RAW = Prompt(name="raw.v1", system=None, text="$problem", is_chat=False)
CHAT = Prompt(name="chat.v1", system="Be brief.", text="$problem", is_chat=True)
KEY = "sk-very-secret"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other quickly."""
    monkeypatch.setattr(openai_engine, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(openai_engine, "LAST_PAUSE_SECONDS", 0.1)


def settings_for(server: Endpoint, **changes: Any) -> ModelSettings:
    """A model behind `server`; `changes` may hold a table `endpoint`."""
    table = {"base_url": server.base_url, "timeout_seconds": 5.0, "attempts": 4} | changes.pop("endpoint", {})
    return ModelSettings.model_validate(
        {"engine": "openai", "model": "m", "prompt": "raw.v1", "endpoint": table} | changes
    )


def requests_for(settings: ModelSettings, *texts: str, prompt: Prompt = RAW) -> list[Request]:
    """One request for each text."""
    return [make_request(prompt, settings, model_id="m@1", values={"problem": text}) for text in texts]


def ask(
    answers: Answers, *texts: str, prompt: Prompt = RAW, key: str | None = None, **changes: Any
) -> tuple[list[Reply], Endpoint]:
    """The replies to `texts`, and what the server saw."""
    with serving(answers) as endpoint:
        settings = settings_for(endpoint, **changes)
        llm = open_llm(settings, folder="m", model_id="m@1", key=key)
        return llm.generate(requests_for(settings, *texts, prompt=prompt)), endpoint


def texts(count: int) -> list[str]:
    """Different texts."""
    return [f"problem {number}" for number in range(count)]


def test_replies_come_in_the_order_of_the_requests_whatever_the_server_does_first() -> None:
    def slow_at_first(body: Body, times: int) -> Said:
        said = echo(body)
        return Said(body=said.body, seconds=0.05 if text_of(body) < "problem 3" else 0.0)

    replies, endpoint = ask(slow_at_first, *texts(30), endpoint={"concurrency": 8})
    assert [reply.text for reply in replies] == texts(30)
    assert {reply.generation.finish_reason for reply in replies} == {"stop"}
    assert [(r.generation.prompt_tokens, r.generation.completion_tokens) for r in replies[:1]] == [(9, 18)]
    assert 1 < endpoint.most_at_once <= 8
    assert len(endpoint.asked) == 30


def test_raw_text_goes_to_completions_and_a_chat_to_chat_completions() -> None:
    _, raw = ask(echo, "1 + 1", key=KEY, temperature=0.7, top_p=0.8, max_tokens=5)
    path, headers, body = raw.asked[0]
    assert (path, headers["authorization"], body["prompt"]) == ("/v1/completions", f"Bearer {KEY}", "1 + 1")
    assert (body["temperature"], body["top_p"], body["max_tokens"], body["stream"]) == (0.7, 0.8, 5, False)
    assert 0 <= body["seed"] < 2**31
    assert {"top_k", "min_p", "stop", "logprobs", "chat_template_kwargs"} & body.keys() == set()

    replies, chat = ask(
        echo, "1 + 1", prompt=CHAT, top_k=20, min_p=0.1, stop=["\n"], chat_options={"enable_thinking": False}
    )
    path, headers, body = chat.asked[0]
    assert (path, "authorization" in headers) == ("/v1/chat/completions", False)
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "1 + 1"},
    ]
    assert (body["top_k"], body["min_p"], body["stop"]) == (20, 0.1, ["\n"])
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    assert replies[0].text == "1 + 1"


LOGPROBS: dict[str, tuple[Prompt, Body, object]] = {
    "completions": (RAW, {"text": "a", "logprobs": {"token_logprobs": [-0.5, -0.25]}}, 1),
    "chat": (
        CHAT,
        {"message": {"content": "a"}, "logprobs": {"content": [{"logprob": -0.5}, {"logprob": -0.25}]}},
        True,
    ),
}


@pytest.mark.parametrize(("prompt", "choice", "asked"), LOGPROBS.values(), ids=LOGPROBS)
def test_logprobs_are_asked_for_and_kept(prompt: Prompt, choice: Body, asked: object) -> None:
    replies, endpoint = ask(lambda body, times: completion(choice), "x", prompt=prompt, logprobs=True)
    assert replies[0].logprobs == (-0.5, -0.25)
    assert endpoint.asked[0][2]["logprobs"] is asked or endpoint.asked[0][2]["logprobs"] == asked


MENDING: dict[str, Said] = {
    "too many requests": fault(429),
    "too many requests, with a pause": fault(429, **{"retry-after": "0.1"}),
    "an internal error": fault(500),
    "a bad gateway that speaks HTML": Said(status=502, body=b"<html>", headers={"content-type": "text/html"}),
    "overload": fault(503, **{"retry-after": "nonsense"}),
    "JSON cut short": Said(body=b'{"choices": [{"text": "prob'),
    "a body cut short": Said(body=b'{"choices"', missing=100),
    "silence": Said(seconds=1.0),
}


@pytest.mark.parametrize("said", MENDING.values(), ids=MENDING)
def test_what_another_attempt_may_mend_is_asked_again(said: Said) -> None:
    def bad_at_first(body: Body, times: int) -> Said:
        return said if times < 2 and text_of(body) == "problem 1" else echo(body)

    timeout = 0.3 if said.seconds else 5.0
    replies, endpoint = ask(bad_at_first, *texts(4), endpoint={"timeout_seconds": timeout})
    assert [(reply.text, reply.error) for reply in replies] == [(text, None) for text in texts(4)]
    assert [endpoint.times(text) for text in texts(4)] == [1, 3, 1, 1]


LASTING: dict[str, tuple[Said, str]] = {
    "too many requests": (fault(429, "slow down"), "the endpoint answered 429 (slow down)"),
    "an internal error": (fault(500, "boom"), "the endpoint answered 500 (boom)"),
    "JSON cut short": (Said(body=b'{"choices": [{"te'), "the endpoint's answer was cut short"),
    "a body cut short": (Said(body=b"{", missing=9), "the connection to the endpoint was lost (RemoteProtocolError)"),
    "silence": (Said(seconds=0.6), "the endpoint sent no answer for 0.2 seconds"),
    "a refusal of this text": (fault(400, "bad character"), "the endpoint refused: bad character"),
    "a withheld reply": (completion({"text": ""}, finish_reason="content_filter"), "content_filter"),
    "no reply": (completion({"message": {"content": None}}), "the endpoint ended the reply: stop"),
}


@pytest.mark.parametrize(("said", "error"), LASTING.values(), ids=LASTING)
def test_one_request_that_never_succeeds_is_unknown_and_its_neighbours_are_not(said: Said, error: str) -> None:
    def bad(body: Body, times: int) -> Said:
        return said if text_of(body) == "problem 1" else echo(body)

    timeout = 0.2 if said.seconds else 5.0
    replies, _ = ask(bad, *texts(4), endpoint={"timeout_seconds": timeout, "attempts": 2})
    assert [reply.text for reply in replies] == ["problem 0", "", "problem 2", "problem 3"]
    assert error in str(replies[1].error)
    assert reply_verdict(replies[1]).outcome == "unknown"


WITHHELD: dict[str, Said] = {
    "by the model": completion({"message": {"content": None, "refusal": "I cannot help with that."}}),
    "by moderation": completion({"message": {"content": None}}, finish_reason="content_filter"),
    "before it was asked": fault(400, "The prompt was flagged by moderation"),
}


@pytest.mark.parametrize("withheld", WITHHELD.values(), ids=WITHHELD)
def test_a_reply_that_is_withheld_says_nothing_against_the_schema_of_all_others(withheld: Said) -> None:
    def answers(body: Body, times: int) -> Said:
        return withheld if text_of(body) == "problem 1" and "response_format" in body else echo(body)

    with serving(answers) as endpoint:
        settings = settings_for(endpoint, structured=True, endpoint={"concurrency": 1})
        schema, told = '{"type": "object"}', [{"problem": text} for text in texts(4)]
        asked = [make_request(CHAT, settings, model_id="m@1", values=values, schema=schema) for values in told]
        replies = open_llm(settings, folder="m", model_id="m@1").generate(asked)
    assert [reply_verdict(reply).outcome for reply in replies] == ["pass", "unknown", "pass", "pass"]
    assert [("response_format" in body) for _, _, body in endpoint.asked] == [True] * 4


ODD: dict[str, Said] = {
    "an error within a good status": Said(body=b'{"error": {"message": "Rate limit", "code": 429}}'),
    "HTML": Said(body=b"<html>Hello</html>", headers={"content-type": "text/html"}),
    "another JSON": Said(body=b'{"hello": "world"}'),
    "no choices": Said(body=b'{"choices": null}'),
    "nothing": Said(),
    "letters that are not UTF-8": Said(body=b'{"choices": [{"text": "caf\xe9"}]}'),
    "a number for a text": completion({"text": 42}),
    "a refusal of the key": fault(401, "who?"),
    "a model that is gone": fault(404, "gone"),
    "another place": Said(status=307, headers={"location": "/"}),
}


@pytest.mark.parametrize("said", ODD.values(), ids=ODD)
def test_one_odd_answer_among_forty_costs_its_row_and_no_other(said: Said) -> None:
    def odd_once(body: Body, times: int) -> Said:
        return said if text_of(body) == "problem 30" else echo(body)

    replies, _ = ask(odd_once, *texts(40), endpoint={"concurrency": 4})
    assert [reply.text for reply in replies if reply.error is None] == [t for t in texts(40) if t != "problem 30"]
    assert reply_verdict(replies[30]).outcome == "unknown"
    assert "\n" not in str(replies[30].error)


def test_odd_answers_may_come_first() -> None:
    def odd_at_first(body: Body, times: int) -> Said:
        return Said(body=b"<html>") if times == 0 and text_of(body) < "problem 3" else echo(body)

    replies, _ = ask(odd_at_first, *texts(40), endpoint={"concurrency": 8})
    assert [reply.text for reply in replies] == texts(40)


def test_thirty_replies_cut_off_in_thought_are_thirty_replies() -> None:
    said = completion({"message": {"content": None, "reasoning": "Let me think"}}, finish_reason="length")
    replies, endpoint = ask(lambda body, times: said, *texts(30), prompt=CHAT)
    assert {str(reply_verdict(reply).reason) for reply in replies} == {"cut_off"}
    assert len(endpoint.asked) == 30


TOO_LONG = {
    "vLLM": "This model's maximum context length is 512 tokens. However, you requested 600 tokens.",
    "OpenAI": "Your input exceeds the context window of this model.",
    "another": "prompt is too long: 210000 tokens > 200000 maximum",
}


@pytest.mark.parametrize("message", TOO_LONG.values(), ids=TOO_LONG)
def test_a_prompt_longer_than_the_context_is_a_verdict_on_its_row(message: str) -> None:
    def full(body: Body, times: int) -> Said:
        return fault(400, message) if text_of(body) != "problem 1" else echo(body)

    replies, _ = ask(full, *texts(30))  # so many that as many errors would have ended the task
    assert [reply.error for reply in replies[:3]] == ["prompt_too_long", None, "prompt_too_long"]
    assert str(reply_verdict(replies[0]).reason) == "prompt_too_long"


HOPELESS: dict[str, tuple[Said, str]] = {
    "a wrong model": (
        fault(404, "The model `m` does not exist."),
        r"^The endpoint http://127\S+/v1 knows no model 'm' \(The model `m` does not exist\): mend `model` or",
    ),
    "a wrong key": (fault(401, f"Incorrect key: {KEY}"), r"refuses the key \(Incorrect key: …\): mend the connection"),
    "an empty account": (fault(402, "pay first"), r"refuses the key \(pay first\)"),
    "a parameter": (
        fault(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
        r"refuses `max_tokens` \(.*\): set endpoint\.rename = \{ max_tokens = \"max_completion_tokens\" \}\.$",
    ),
    "HTML": (
        Said(body=b"<html><body>Hello</body></html>", headers={"content-type": "text/html"}),
        r"does not speak the OpenAI protocol \(text/html\): mend endpoint\.base_url",
    ),
    "another JSON": (Said(body=b'{"hello": "world"}'), r"does not speak the OpenAI protocol \(application/json\)"),
    "a list": (Said(body=b"[]"), r"does not speak the OpenAI protocol"),
    "nothing": (Said(), r"does not speak the OpenAI protocol"),
    "a redirection": (Said(status=307, headers={"location": "/"}), r"protocol \(status 307\)"),
    "a method not allowed": (fault(405), r"protocol \(status 405\)"),
}


@pytest.mark.parametrize(("said", "message"), HOPELESS.values(), ids=HOPELESS)
def test_what_would_meet_every_request_ends_the_task_with_one_sentence(said: Said, message: str) -> None:
    with pytest.raises(EngineError, match=message) as caught:
        ask(lambda body, times: said, *texts(40), key=KEY, endpoint={"concurrency": 2})
    assert "\n" not in str(caught.value)
    assert KEY not in str(caught.value)


def test_an_endpoint_that_is_down_is_one_sentence() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = settings_for(Endpoint(base_url=f"http://127.0.0.1:{port}/v1"), endpoint={"attempts": 2})
    llm = open_llm(settings, folder="m", model_id="m@1")
    with pytest.raises(
        EngineError, match=rf"^The endpoint http://127.0.0.1:{port}/v1 does not answer: start it or mend"
    ):
        llm.generate(requests_for(settings, *texts(3)))


def test_a_server_of_another_protocol_altogether_gets_no_reply_out_of_us() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        port = server.getsockname()[1]
        settings = settings_for(Endpoint(base_url=f"http://127.0.0.1:{port}/v1"), endpoint={"attempts": 1})
        answers = open_llm(settings, folder="m", model_id="m@1").answers(requests_for(settings, "x"))

        def greet() -> None:
            connection, _ = server.accept()
            with connection, connection.makefile("rb") as request:
                headers = list(iter(request.readline, b"\r\n"))
                (length,) = (
                    int(line.split(b":")[1]) for line in headers if line.lower().startswith(b"content-length:")
                )
                request.read(length)  # a connection closed with bytes unread is reset, and the greeting may be lost
                connection.sendall(b"SSH-2.0-OpenSSH_9.9\r\n")

        greeter = threading.Thread(target=greet)
        greeter.start()
        [(_, reply)] = list(answers)
        greeter.join()
    assert reply.error == "the connection to the endpoint was lost (RemoteProtocolError)"


def test_too_many_requests_that_nothing_mends_end_the_task_early() -> None:
    def mostly_refused(body: Body, times: int) -> Said:
        return echo(body) if text_of(body).endswith("0") else fault(400, "unknown parameter")

    with serving(mostly_refused) as endpoint:
        settings = settings_for(endpoint, endpoint={"concurrency": 4, "max_error_share": 0.5})
        llm = open_llm(settings, folder="m", model_id="m@1")
        came = llm.answers(requests_for(settings, *texts(500)))
        found = []
        with pytest.raises(EngineError, match=r"answered only \d+ of 2\d requests \(the last: .*unknown parameter\)"):
            found.extend(came)
    assert 20 <= len(endpoint.asked) < 40  # of 500
    assert len([reply for _, reply in found if reply.error is None]) >= 1  # those that came were handed over


def test_a_server_that_is_away_for_a_while_loses_nothing() -> None:
    asked = count()

    def away(body: Body, times: int) -> Said:
        return fault(503) if 10 <= next(asked) < 60 else echo(body)

    replies, endpoint = ask(away, *texts(60), endpoint={"concurrency": 4, "attempts": 1000})
    assert [reply.text for reply in replies] == texts(60)
    assert max(endpoint.times(text) for text in texts(60)) > openai_engine.ATTEMPTS_BESIDE_OTHERS


def test_a_request_that_fails_beside_others_is_given_up_early() -> None:
    def one_is_poison(body: Body, times: int) -> Said:
        return fault(503) if text_of(body) == "problem 0" else Said(body=echo(body).body, seconds=0.02)

    replies, endpoint = ask(one_is_poison, *texts(200), endpoint={"concurrency": 4, "attempts": 1000})
    assert [reply.error is None for reply in replies] == [False] + 199 * [True]
    assert endpoint.times("problem 0") <= 2 * openai_engine.ATTEMPTS_BESIDE_OTHERS


def test_a_server_that_comes_back_too_late_ends_the_task_with_one_reason() -> None:
    def dies(body: Body, times: int) -> Said:
        return echo(body) if text_of(body) < "problem 30" else fault(503, "nobody home")

    found = []
    with serving(dies) as endpoint:
        table = {"attempts": 1000, "patience_seconds": 0.5, "concurrency": 4, "max_error_share": 0.9}
        settings = settings_for(endpoint, endpoint=table)
        came = open_llm(settings, folder="m", model_id="m@1").answers(requests_for(settings, *sorted(texts(500))))
        with pytest.raises(EngineError, match=r"none of the last 20 requests \(the last: .*503 \(nobody home\)\)"):
            found.extend(came)
    assert len([reply for _, reply in found if reply.error is None]) > 200


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[tuple[Endpoint, Path]]:
    """A server with a certificate that it signed itself, and the file of that certificate."""
    folder = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *folder, *names]
    subprocess.run(command, check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with serving(echo, tls=tls) as endpoint:
        yield endpoint, tmp_path / "cert.pem"


def test_a_certificate_that_is_not_trusted_is_said_to_be_and_can_be_trusted(
    tls_server: tuple[Endpoint, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, certificate = tls_server
    settings = settings_for(endpoint)
    llm = open_llm(settings, folder="m", model_id="m@1")
    with pytest.raises(RefusedError, match=r"^The certificate of https://\S+ is not trusted \(.*SSL_CERT_FILE"):
        llm.generate(requests_for(settings, "x"))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert [reply.text for reply in llm.generate(requests_for(settings, "x"))] == ["x"]


def test_a_server_without_tls_is_said_to_have_none() -> None:
    with serving(echo) as endpoint:
        settings = settings_for(Endpoint(base_url=endpoint.base_url.replace("http:", "https:")))
        llm = open_llm(settings, folder="m", model_id="m@1")
        with pytest.raises(RefusedError, match=r"speaks no TLS: write http://"):
            llm.generate(requests_for(settings, "x"))


def test_a_host_that_is_not_known_is_named() -> None:
    settings = settings_for(Endpoint(base_url="http://no-such-host.invalid/v1"), endpoint={"attempts": 2})
    with pytest.raises(
        EngineError, match=r"does not answer \(the host no-such-host\.invalid of the endpoint is not known"
    ):
        open_llm(settings, folder="m", model_id="m@1").generate(requests_for(settings, "x"))


def test_a_proxy_of_the_environment_does_not_come_between_us_and_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    replies, _ = ask(echo, "x")
    assert replies[0].text == "x"


def test_proxies_that_cannot_be_understood_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "localhost,fd00::/8")
    monkeypatch.setenv("no_proxy", "localhost,fd00::/8")
    with pytest.raises(EngineError, match=r"^The proxies of the environment cannot be understood: .*NO_PROXY\.$"):
        ask(echo, "x")


def test_certificates_that_are_not_there_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/certificates.pem")
    with pytest.raises(EngineError, match=r"^The certificates of the environment cannot be read .*SSL_CERT_FILE\.$"):
        ask(echo, "x")


def test_a_storm_makes_the_engine_ask_less_at_once_and_nothing_is_lost() -> None:
    begun: list[float] = []

    def stormy(body: Body, times: int) -> Said:
        begun.append(time.monotonic())
        if len(begun) <= 40:
            return fault(429, **{"retry-after": "0.05"})
        return Said(body=echo(body).body, seconds=0.01)

    replies, endpoint = ask(stormy, *texts(80), endpoint={"concurrency": 16, "attempts": 20})
    assert [reply.text for reply in replies] == texts(80)
    assert len(endpoint.asked) == 120
    rounds = sum(later - earlier > 0.03 for earlier, later in pairwise(begun[:41]))
    assert rounds >= 6  # 16, 8, 4, 2, 1, 1, … at once; at full width it were three


@pytest.mark.parametrize("form", ["seconds", "a date"])
def test_the_pause_that_a_server_asks_for_is_made(form: str) -> None:
    moments: list[float] = []
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=1.5), usegmt=True)  # which has whole seconds
    asked = "0.3" if form == "seconds" else date

    def once(body: Body, times: int) -> Said:
        moments.append(time.monotonic())
        return fault(429, **{"retry-after": asked}) if times == 0 and text_of(body) == "problem 0" else echo(body)

    ask(once, *texts(1))
    assert moments[1] - moments[0] >= 0.29


def test_the_width_is_halved_once_a_round_and_grows_by_one_a_round() -> None:
    async def play() -> list[int]:
        limiter, widths = Limiter(8), []
        now = asyncio.get_running_loop().time
        begun = now()
        for _ in range(5):
            limiter.on_busy(begun, 0.0)  # five failures of one round
        widths.append(limiter.width)
        limiter.on_busy(now(), 0.0)
        widths.append(limiter.width)
        for _ in range(2 + 3 + 4):
            limiter.on_success()
        widths.append(limiter.width)
        for _ in range(200):
            limiter.on_success()
        return [*widths, limiter.width]

    assert asyncio.run(play()) == [4, 2, 4, 8]


def test_the_key_stands_in_no_log_and_no_error(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        ask(echo, "x", key=KEY)
    assert KEY not in caplog.text


def test_half_a_character_in_an_answer_does_not_reach_the_store() -> None:
    said = Said(body=b'{"choices": [{"text": "a\\ud800b", "finish_reason": "stop"}]}')
    replies, _ = ask(lambda body, times: said, "x")
    assert replies[0].text == "a?b"
    assert json.dumps(replies[0].text).isascii()


def test_an_endpoint_without_an_address_is_refused_with_the_config() -> None:
    with pytest.raises(ValueError, match=r"the engine 'openai' needs endpoint\.base_url"):
        ModelSettings(engine="openai", model="m", prompt="p")


def test_nothing_is_asked_for_nothing() -> None:
    replies, endpoint = ask(echo)
    assert (replies, endpoint.asked) == ([], [])
