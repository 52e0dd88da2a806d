"""A whole OpenStack Swift in one process: proxy with S3 API, account, container and object server.

Run as `python -m caco_tasks.platform.swift_node FOLDER PORT PARENT`; `caco_tasks.platform.swift` writes the settings
that are read here. Only the proxy listens on TCP, on the loopback address. The three servers behind it, which ask for
no password, listen on sockets inside the private folder, out of other users' reach; the port of a device in the rings is
only the name of its socket. No `/etc/swift`, no memcached, no syslog, no root.
"""

import logging
import os
import socket
import sys
import time as clock  # memcached's clients pass an argument named `time`
import warnings
from collections import OrderedDict
from importlib import import_module
from pathlib import Path
from typing import Any

from caco_tasks.platform.ports import LOOPBACK
from caco_tasks.platform.processes import die_with_parent

BACKENDS = {"object": 6200, "container": 6201, "account": 6202}  # server -> the port that the rings name it by
CACHE_ENTRIES = 10_000  # of the proxy: containers and accounts that it has looked up, some hundred bytes each
CLIENTS = 256  # connections at once, of the proxy and of each server behind it


def main() -> None:
    """Serves until killed; ends with the process that started it."""
    folder, port, parent = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    die_with_parent(parent)
    os.umask(0o077)
    os.chdir(folder)  # a socket's path has at most 107 characters, so ours are relative
    serve(folder, port)


def serve(folder: Path, port: int) -> None:
    """Starts the four servers of the node in `folder`; returns only when the proxy stops."""
    utils = import_module("swift.common.utils")
    utils.monkey_patch()  # first of all: eventlet replaces sockets and threads, which later imports take hold of
    _log_to_stderr()
    utils.set_swift_dir(str(folder))
    _build_rings(folder)
    _connect_backends_by_socket()
    warnings.filterwarnings("ignore", message="capitalize_response_headers is disabled")
    eventlet = import_module("eventlet")
    eventlet.hubs.use_hub(utils.get_hub())
    for server in BACKENDS:
        eventlet.spawn(_run, _listen_on_socket(BACKENDS[server]), _load(folder, server))
    _run(_listen_on_port(port), _load(folder, "proxy"))


class Cache:
    """What Swift asks of memcached, kept in this process: the least recently written entries make room."""

    def __init__(self) -> None:
        self._entries: OrderedDict[str, tuple[float, Any]] = OrderedDict()

    def get(self, key: str, **_options: Any) -> Any:
        """The value, or None where there is none or its time is over."""
        expires, value = self._entries.get(key, (0.0, None))
        return value if expires > clock.time() else None

    def set(self, key: str, value: Any, *, time: float = 0, **_options: Any) -> None:
        """Keeps a value for `time` seconds; 0 means as long as there is room."""
        self._entries.pop(key, None)  # so that a key written again counts as the newest
        self._entries[key] = (clock.time() + time if time else float("inf"), value)
        while len(self._entries) > CACHE_ENTRIES:
            self._entries.popitem(last=False)

    def incr(self, key: str, delta: int = 1, time: float = 0, **_options: Any) -> int:
        """Adds to a number, which starts at 0 and does not go below."""
        value = max(0, int(self.get(key) or 0) + int(delta))
        self.set(key, value, time=time)
        return value

    def decr(self, key: str, delta: int = 1, time: float = 0, **_options: Any) -> int:
        """Takes from a number, which does not go below 0."""
        return self.incr(key, -delta, time)

    def delete(self, key: str, **_options: Any) -> None:
        """Forgets a value."""
        self._entries.pop(key, None)


class CacheMiddleware:
    """Gives every request the cache of this process."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.cache = Cache()

    def __call__(self, env: dict[str, Any], start_response: Any) -> Any:
        """Passes a request on, with the cache in its environment."""
        env["swift.cache"] = self.cache
        return self.app(env, start_response)


def cache_filter(_global_conf: dict[str, str], **_local_conf: str) -> type[CacheMiddleware]:
    """The paste filter factory that `proxy.conf` names."""
    return CacheMiddleware


def _load(folder: Path, server: str) -> Any:
    return import_module("swift.common.wsgi").loadapp(str(folder / f"{server}.conf"))


def _run(listener: Any, app: Any) -> None:
    wsgi = import_module("eventlet.wsgi")
    wsgi.server(
        listener,
        app,
        import_module("swift.common.utils").NullLogger(),
        protocol=import_module("swift.common.http_protocol").SwiftHttpProtocol,
        custom_pool=import_module("eventlet").GreenPool(CLIENTS),
        socket_timeout=60,  # a client that sends nothing for so long is cut off
        url_length_limit=import_module("swift.common.constraints").MAX_REQUEST_LINE,
        capitalize_response_headers=False,  # S3 clients look for `ETag`, not `Etag`
    )


def _listen_on_port(port: int) -> Any:
    listener = import_module("eventlet.green.socket").socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((LOOPBACK, port))
    listener.listen(CLIENTS)
    return listener


def _listen_on_socket(name: int) -> Any:
    Path(f"{name}.sock").unlink(missing_ok=True)  # left by a killed node
    listener = import_module("eventlet.green.socket").socket(socket.AF_UNIX)
    listener.bind(f"{name}.sock")
    listener.listen(CLIENTS)
    return listener


def _connect_backends_by_socket() -> None:
    # Swift knows its backends by address and port alone, so the one method that opens a connection is replaced.
    def connect(self: Any) -> None:
        self._connected_time = clock.time()
        self.sock = import_module("eventlet.green.socket").socket(socket.AF_UNIX)
        self.sock.connect(f"{self.port}.sock")

    import_module("swift.common.bufferedhttp").BufferedHTTPConnection.connect = connect


def _log_to_stderr() -> None:
    # Swift logs to syslog and has no setting for anything else; standard error goes into the node's log file.
    class StderrHandler(logging.StreamHandler[Any]):
        def __init__(self, address: object = None, facility: object = None) -> None:
            super().__init__()

    logs: Any = import_module("swift.common.utils.logs")
    logs.ThreadSafeSysLogHandler = StderrHandler


def _build_rings(folder: Path) -> None:
    builders = import_module("swift.common.ring")
    for server, port in BACKENDS.items():
        builder = builders.RingBuilder(4, 1, 0)  # 16 partitions, one replica
        device = {"region": 1, "zone": 1, "ip": LOOPBACK, "port": port, "device": "disk", "weight": 1}
        builder.add_dev(device)
        builder.rebalance(seed=0)  # the same ring at every start
        builder.get_ring().save(str(folder / f"{server}.ring.gz"))


if __name__ == "__main__":
    main()
