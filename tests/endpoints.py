"""A server on loopback that speaks the OpenAI protocol, as well or as badly as a test wants."""

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOOK_KEY = "hook-key-never-to-be-logged"  # of the webhook that the tests of DAGs make

Body = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Said:
    """One answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    missing: int = 0  # bytes that the header promises and that never come
    seconds: float = 0.0  # before it is said


Answers = Callable[[Body, int], Said]  # what was asked, and which request of this text it is, from 0


@dataclass
class Endpoint:
    """What the server was asked, and where it is."""

    base_url: str = ""
    asked: list[tuple[str, dict[str, str], Body]] = field(default_factory=list)
    most_at_once: int = 0
    at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def times(self, text: str) -> int:
        """How often a text was asked."""
        return sum(text_of(body) == text for _, _, body in self.asked)


def text_of(body: Body) -> str:
    """The text of a request, without its system message; empty where something else was posted."""
    return str(body["messages"][-1]["content"] if "messages" in body else body.get("prompt", ""))


def replies_of(texts: Sequence[str]) -> Answers:
    """The answers of a server that gives one text after the other to the same question, and then the last again."""

    def answer(body: Body, times: int) -> Said:
        said = {"message": {"role": "assistant", "content": texts[min(times, len(texts) - 1)]}}
        return completion(said, tokens=10)

    return answer


def served_model(base_url: str, prompt: str, *, max_tokens: int = 500) -> dict[str, Any]:
    """The settings of a model behind the server, which costs a dollar a token that it is asked."""
    return {
        "engine": "openai",
        "model": "served",
        "revision": "1",
        "prompt": prompt,
        "temperature": 0.5,
        "max_tokens": max_tokens,
        "endpoint": {"base_url": base_url},
        "price": {"prompt": 1_000_000.0, "completion": 0.0},
    }


def echo(body: Body, times: int = 0) -> Said:
    """A good answer: the text itself, with a token for each of its characters."""
    text, is_chat = text_of(body), "messages" in body
    said = {"message": {"role": "assistant", "content": text}} if is_chat else {"text": text}
    return completion(said, tokens=len(text))


def completion(said: Body, *, tokens: int = 1, finish_reason: str | None = "stop") -> Said:
    """An answer with one choice."""
    choice = {"index": 0, "finish_reason": finish_reason, **said}
    usage = {"prompt_tokens": tokens, "completion_tokens": 2 * tokens, "total_tokens": 3 * tokens}
    return Said(body=json.dumps({"object": "completion", "choices": [choice], "usage": usage}).encode())


def fault(status: int, message: str = "no", **headers: str) -> Said:
    """An error as servers word it."""
    told = json.dumps({"error": {"message": message, "code": None}}).encode()
    return Said(status=status, body=told, headers={"content-type": "application/json", **headers})


class _Server(ThreadingHTTPServer):
    daemon_threads, block_on_close = True, False  # a test does not wait for a server that hangs
    request_queue_size = 128


@contextmanager
def serving(answers: Answers, *, tls: ssl.SSLContext | None = None) -> Iterator[Endpoint]:
    """The server, while the block runs; with a certificate where `tls` holds one."""
    endpoint = Endpoint()
    server = _Server(("127.0.0.1", 0), _handler(endpoint, answers))
    if tls is not None:
        # hands are shaken in the thread of each request, or one client that left would hold up all
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    endpoint.base_url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(endpoint: Endpoint, answers: Answers) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with endpoint.lock:
                times = endpoint.times(text_of(body))
                endpoint.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                endpoint.at_once += 1
                endpoint.most_at_once = max(endpoint.most_at_once, endpoint.at_once)
            said = answers(body, times)
            time.sleep(said.seconds)
            with endpoint.lock:
                endpoint.at_once -= 1
            self._say(said)

        def _say(self, said: Said) -> None:
            self.send_response(said.status)
            for name, value in {**said.headers, "content-length": str(len(said.body) + said.missing)}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.body)
            self.close_connection = bool(said.missing)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    return Handler
