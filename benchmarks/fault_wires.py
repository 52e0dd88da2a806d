"""Faults on the wires of a task: a proxy before Postgres, and an endpoint that counts what it is asked.

Both live in a process of their own, outside all that is struck. The proxy reads the protocol as far as it must to know
which transaction a COMMIT ends. The endpoint answers as a pure function of the request, so that all nights are alike; the
tokens that it says it has written name the request, and are found again in the reply cache.
"""

import json
import multiprocessing
import os
import re
import selectors
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from typing import Any

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import draw_problem
from caco_tasks.ids import content_id

SLOW_SECONDS = 0.15
PROGRAMS = 40  # different programs that the model writes, unless told: some are drawn twice, for `dedup` to find
NUMBERS = 10**7  # of requests, told as tokens
COMMIT = re.compile(r"\s*COMMIT\b", re.IGNORECASE)
BEGIN = re.compile(r"\s*BEGIN\b", re.IGNORECASE)


@dataclass(slots=True)
class Armed:
    """The fault that waits on a wire."""

    kind: str = ""  # "ledger", "reply", or empty: none
    pattern: str = ""
    fault: str = ""
    nth: int = 1
    variant: int = 0
    pid: int = 0  # the process that it strikes
    has_struck: bool = False

    def is_met(self, kind: str, text: str) -> bool:
        """Whether the fault is due now; a slow one is due each time."""
        if self.kind != kind or (self.has_struck and self.fault != "slow") or not re.search(self.pattern, text):
            return False
        self.nth -= 1
        self.has_struck = self.has_struck or self.nth <= 0
        return self.nth <= 0

    def kill(self) -> None:
        """Kills the process, and returns when it will do nothing more."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


@dataclass(slots=True)
class Wires:
    """What the process outside holds."""

    postgres: int  # its port
    armed: Armed = field(default_factory=Armed)
    asked: list[tuple[str, int]] = field(default_factory=list)  # by whom, and the number of the request
    lock: threading.Lock = field(default_factory=threading.Lock)


class Outside:
    """The process outside, as the one that drives nights sees it."""

    def __init__(self, postgres_port: int, *, programs: int = PROGRAMS) -> None:
        self._pipe, theirs = multiprocessing.get_context("fork").Pipe()
        self._process = multiprocessing.get_context("fork").Process(
            target=_serve, args=(theirs, self._pipe, postgres_port, programs), daemon=True
        )
        self._process.start()
        theirs.close()
        self.ledger_port, self.endpoint_port = self._pipe.recv()

    def arm(self, **what: Any) -> None:
        """Has a fault wait; the fields of `Armed`."""
        self._ask("arm", what)

    def disarm(self) -> bool:
        """Takes the fault away, and tells whether it has struck."""
        return bool(self._ask("disarm", {}))

    def asked(self) -> list[tuple[str, int]]:
        """What the endpoint was asked since the last time, by whom."""
        found: list[tuple[str, int]] = self._ask("asked", {})
        return found

    def close(self) -> None:
        """Ends the process."""
        self._pipe.close()
        self._process.join()

    def _ask(self, name: str, what: dict[str, Any]) -> Any:
        self._pipe.send((name, what))
        return self._pipe.recv()


def _serve(pipe: Connection, parents: Connection, postgres_port: int, programs: int) -> None:
    parents.close()  # its end would never be seen
    wires = Wires(postgres_port)
    proxy = socket.create_server(("127.0.0.1", 0), backlog=128)
    endpoint = _Endpoint(("127.0.0.1", 0), _handler(wires, programs))
    threading.Thread(target=_accept, args=(proxy, wires), daemon=True).start()
    threading.Thread(target=endpoint.serve_forever, daemon=True).start()
    pipe.send((proxy.getsockname()[1], endpoint.server_port))
    with suppress(EOFError):
        while True:
            name, what = pipe.recv()
            with wires.lock:
                match name:
                    case "arm":
                        wires.armed, said = Armed(**what), True
                    case "disarm":
                        wires.armed, said = Armed(), wires.armed.has_struck
                    case _:
                        wires.asked, said = [], wires.asked
            pipe.send(said)
    os._exit(0)


def _accept(proxy: socket.socket, wires: Wires) -> None:
    while True:
        client, _ = proxy.accept()
        threading.Thread(target=_Link(client, wires).run, daemon=True).start()


class _Link:
    """One connection of a task to Postgres."""

    def __init__(self, client: socket.socket, wires: Wires) -> None:
        self._client, self._wires = client, wires
        self._server = socket.create_connection(("127.0.0.1", wires.postgres))
        self._unread = b""
        self._is_open = False  # whether the first message has passed, which has no type
        self._transaction = ""

    def run(self) -> None:
        """Passes messages on, until either side ends."""
        with self._client, self._server, selectors.DefaultSelector() as ready, suppress(OSError):
            ready.register(self._client, selectors.EVENT_READ)
            ready.register(self._server, selectors.EVENT_READ)
            while True:
                for key, _ in ready.select():
                    data = key.fileobj.recv(1 << 16)  # type: ignore[union-attr]
                    if not data:
                        return
                    if key.fileobj is self._server:
                        self._client.sendall(data)
                    elif not self._pass_on(data):
                        return

    def _pass_on(self, data: bytes) -> bool:
        """Passes whole messages to the server; False where a fault has cut the wire."""
        self._unread += data
        while (size := self._size()) is not None and len(self._unread) >= size:
            message, self._unread = self._unread[:size], self._unread[size:]
            if not self._pass_message(message):
                return False
        return True

    def _size(self) -> int | None:
        start = 1 if self._is_open else 0
        return start + struct.unpack_from(">i", self._unread, start)[0] if len(self._unread) >= start + 4 else None

    def _pass_message(self, message: bytes) -> bool:
        if not self._is_open:  # what asks for encryption comes before the first message
            self._is_open = struct.unpack_from(">i", message, 4)[0] >> 16 == 3
        elif message[:1] == b"Q":
            sql = message[5:-1].decode(errors="replace")
            self._transaction = sql if BEGIN.match(sql) else self._transaction + sql
            if COMMIT.match(sql):
                with self._wires.lock:
                    armed = self._wires.armed
                    is_met = armed.is_met("ledger", self._transaction)
                if is_met:
                    return self._commit(message, armed)
        self._server.sendall(message)
        return True

    def _commit(self, message: bytes, armed: Armed) -> bool:
        match armed.fault, armed.variant % 2:
            case "before", _:
                armed.kill()
            case "torn", _:
                self._server.sendall(message[:4])
                armed.kill()
            case "after", _:
                self._server.sendall(message)
                self._server.recv(1 << 16)
                armed.kill()
            case "error", 0:  # the answer is lost: it has happened, and nobody is told
                self._server.sendall(message)
                self._server.recv(1 << 16)
            case "error", _:
                pass
            case _:
                time.sleep(SLOW_SECONDS)
                self._server.sendall(message)
                return True
        return False


class _Endpoint(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of a client that was killed."""


def _handler(wires: Wires, programs: int) -> type[BaseHTTPRequestHandler]:
    answers = _Answers(programs)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            number = int(content_id("asked", asked), 16) % NUMBERS
            who = (self.headers["authorization"] or "").removeprefix("Bearer ")
            with wires.lock:
                wires.asked.append((who, number))
                armed = wires.armed
                is_met = who == "victim" and armed.is_met("reply", "")
            said = answers.find(asked, number)
            if is_met:
                _answer_badly(self._say, said, armed)
            else:
                self._say(said)

        def _say(self, said: bytes, *, status: int = 200, missing: int = 0) -> None:
            """Answers; without the `missing` bytes at the end, or not at all where all of them are missing."""
            self.close_connection = bool(missing)
            if missing < len(said):
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(said)))
                self.end_headers()
                self.wfile.write(said[: len(said) - missing])

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    return Handler


def _answer_badly(say: Callable[..., None], said: bytes, armed: Armed) -> None:
    match armed.fault, armed.variant % 3:
        case "before", _:
            armed.kill()
            say(said, missing=len(said))
        case "torn", _:
            say(said, missing=len(said) // 2)
            armed.kill()
        case "after", _:
            say(said)
            armed.kill()
        case "error", 0:
            say(b'{"error": {"message": "out of order"}}', status=503)
        case "error", 1:
            say(said, missing=len(said) // 2)
        case "error", _:
            say(said, missing=len(said))
        case _:
            time.sleep(SLOW_SECONDS)
            say(said)


class _Answers:
    """What the models say: programs, problems and solutions of the bank, and verdicts, some of each of no use."""

    def __init__(self, programs: int) -> None:
        drawn = [draw_problem(FAMILIES[number % len(FAMILIES)], number) for number in range(programs)]
        self._programs = [one.program for one in drawn]
        self._problems = {one.program.strip(): one.problem for one in drawn}
        self._solutions = {one.problem.strip(): one.solution for one in drawn}

    def find(self, asked: dict[str, Any], number: int) -> bytes:
        """The answer to a request, in the form of the protocol."""
        kind, _, rest = str(asked["prompt"]).partition("|>")
        given = rest.partition("<|")[0].strip()
        by_kind: dict[str, Callable[[], str]] = {
            "<|program": lambda: (
                "input = {}\noutput = 1 /" if number % 9 == 0 else self._programs[number % len(self._programs)]
            ),
            "<|reverse": lambda: self._problems.get(given, "nothing"),
            "<|solve": lambda: "I do not know." if number % 9 == 0 else self._solutions.get(given, "nothing"),
        }
        # one that cannot be read is asked for again
        text = by_kind.get(kind, lambda: "perhaps" if number % 9 == 0 else "yes" if number % 9 < 8 else "no")()
        usage = {"prompt_tokens": 1, "completion_tokens": number, "total_tokens": number + 1}
        choice = {"index": 0, "finish_reason": "stop", "text": text}
        return json.dumps({"object": "completion", "choices": [choice], "usage": usage}).encode()
