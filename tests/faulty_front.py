"""A server in front of an S3 server that passes everything on, but for the answers that it was told to spoil.

It stands for a network or a provider on a bad day; what it does not spoil is what the server behind it really answers.

>>> with FaultyFront("http://127.0.0.1:9000") as front:  # doctest: +SKIP
...     front.spoil("GET", busy, times=2)
...     client_of(front.url)
"""

import contextlib
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

SKEW = timedelta(hours=1)


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request of a client, and the ways to answer it."""

    handler: BaseHTTPRequestHandler
    body: bytes
    front: "FaultyFront"

    def pass_on(self) -> tuple[int, list[tuple[str, str]], bytes]:
        """What the server behind answers."""
        host = urlsplit(self.front.behind)
        connection = HTTPConnection(str(host.hostname), host.port, timeout=60)
        with contextlib.closing(connection):
            # the host is part of what was signed, so it goes on as it came
            connection.putrequest(self.handler.command, self.handler.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.handler.headers.items():
                if name.lower() != "expect":
                    connection.putheader(name, value)
            connection.endheaders(self.body or None)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()

    def answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Sends an answer, whose length is that of `body` unless the headers name another."""
        named = {name.lower() for name, _ in headers}
        self.handler.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("connection", "transfer-encoding"):
                self.handler.send_header(name, value)
        if "content-length" not in named:
            self.handler.send_header("Content-Length", str(len(body)))
        self.handler.end_headers()
        if self.handler.command != "HEAD":
            self.handler.wfile.write(body)

    def hang_up(self) -> None:
        """Closes the connection at once, as a machine does that was switched off."""
        self.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.handler.close_connection = True
        self.handler.connection.close()


Fault = Callable[[Exchange], None]


def error(status: int, code: str, *, date: datetime | None = None) -> Fault:
    """An error of the S3 protocol."""

    def answer(exchange: Exchange) -> None:
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>It is so.</Message></Error>".encode()
        headers = [("Content-Type", "application/xml"), ("Date", format_datetime(date or datetime.now(UTC)))]
        exchange.answer(status, headers, b"" if exchange.handler.command == "HEAD" else body)

    return answer


busy = error(503, "SlowDown")
skewed = error(403, "RequestTimeTooSkewed", date=datetime.now(UTC) + SKEW)


def cut(exchange: Exchange) -> None:
    """The first half of the true answer, and then nothing more."""
    status, headers, body = exchange.pass_on()
    exchange.answer(status, headers, body[: len(body) // 2])
    exchange.handler.close_connection = True


def reset(exchange: Exchange) -> None:
    """No answer: the connection is gone."""
    exchange.hang_up()


def silent(exchange: Exchange) -> None:
    """No answer, while the connection stays: until the client gives up, or the test ends."""
    exchange.front.over.wait(30)
    exchange.hang_up()


def done_and_lost(exchange: Exchange) -> None:
    """What was asked is done, and nobody hears of it."""
    exchange.pass_on()
    exchange.hang_up()


@dataclass(slots=True)
class FaultyFront:
    """The server; a context manager."""

    behind: str  # the address of the S3 server
    over: Event = field(default_factory=Event)
    seen: list[str] = field(default_factory=list)  # method and path of each request
    _faults: list[tuple[str, Fault]] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Where clients find it."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_port}"

    def spoil(self, method: str, fault: Fault, *, times: int) -> None:
        """Spoils the answers to the next requests of a method."""
        self._faults += [(method, fault)] * times

    def count(self, method: str) -> int:
        """How many requests of a method came."""
        return sum(one.startswith(f"{method} ") for one in self.seen)

    def __enter__(self) -> Self:
        front = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                with contextlib.suppress(ConnectionError, ValueError):  # the client hung up, or we did
                    super().handle_one_request()

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                exchange = Exchange(handler=self, body=body, front=front)
                fault = front.take(self.command, self.path)
                fault(exchange) if fault else exchange.answer(*exchange.pass_on())

            do_HEAD = do_PUT = do_POST = do_DELETE = do_GET

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for a request, which is then no longer waiting; None: it is answered truly."""
        with self._lock:
            self.seen.append(f"{method} {path}")
            for place, (wanted, fault) in enumerate(self._faults):
                if wanted == method:
                    del self._faults[place]
                    return fault
        return None

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
