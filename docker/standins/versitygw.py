"""The command of versitygw, as far as docker-compose.yml uses it, with the embedded Swift behind it.

`versitygw posix FOLDER`, with ROOT_ACCESS_KEY (here of the form `account:user`), ROOT_SECRET_KEY, VGW_PORT and VGW_HEALTH.
"""

import os
import signal
import socket
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from caco_tasks.platform import swift_node
from caco_tasks.platform.swift import EmbeddedSwift


def main() -> None:
    """Serves until it is told to end."""
    if sys.argv[1:2] != ["posix"] or len(sys.argv) != 3:
        sys.exit("This stand-in knows one command: versitygw posix FOLDER")
    port = int(os.environ["VGW_PORT"].removeprefix(":"))
    folder = Path(sys.argv[2]) / "swift"
    os.umask(0o077)
    folder.mkdir(exist_ok=True)
    keys = {"access_key": os.environ["ROOT_ACCESS_KEY"], "secret_key": os.environ["ROOT_SECRET_KEY"]}
    EmbeddedSwift(
        folder, port=port, **keys
    )._write_settings()  # the node runs in this process, and not on loopback only
    _add_health(folder / "proxy.conf")
    swift_node._listen_on_port = _listen_everywhere
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # the first process of a container has no handler else
    os.chdir(folder)
    swift_node.serve(folder, port)


def health_filter(_global_conf: dict[str, str], *, path: str, **_local_conf: str) -> Any:
    """The paste filter factory that answers `path` without a signature."""

    def wrap(app: Any) -> Any:
        def answer(env: dict[str, Any], start_response: Any) -> Any:
            if env["PATH_INFO"] != path:
                return app(env, start_response)
            start_response("200 OK", [("Content-Length", "0")])
            return []

        return answer

    return wrap


def _add_health(settings: Path) -> None:
    text = settings.read_text().replace("pipeline = catch_errors", "pipeline = health catch_errors")
    text += f"\n[filter:health]\npaste.filter_factory = versitygw:health_filter\npath = {os.environ['VGW_HEALTH']}\n"
    settings.write_text(text)


def _listen_everywhere(port: int) -> Any:
    listener = import_module("eventlet.green.socket").socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("0.0.0.0", port))
    listener.listen(swift_node.CLIENTS)
    return listener


if __name__ == "__main__":
    main()
