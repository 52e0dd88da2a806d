"""TCP ports of this machine's loopback address."""

import socket
import time

from caco_tasks.errors import PlatformError

LOOPBACK = "127.0.0.1"
PORTS_TRIED = 200
LET_GO_SECONDS = 3.0  # in which the kernel closes the sockets of a killed process


def is_free(port: int) -> bool:
    """Whether nobody listens on `port` of the loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that just closed do not count
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def is_open(port: int) -> bool:
    """Whether somebody accepts connections on `port` of the loopback address."""
    with socket.socket() as probe:
        probe.settimeout(1)  # a full backlog would keep us waiting
        return probe.connect_ex((LOOPBACK, port)) == 0


def require_free(port: int, service: str) -> None:
    """Checks that `service` can listen on `port`; waits a moment for a killed server's sockets to close.

    Raises:
        PlatformError: somebody else listens there.
    """
    deadline = time.monotonic() + LET_GO_SECONDS
    while not is_free(port) and time.monotonic() < deadline:
        time.sleep(0.1)
    if not is_free(port):
        raise PlatformError(f"Port {port} for {service} is taken by another program: stop that one or ask for another.")


def free_port(first: int, *, without: frozenset[int] = frozenset()) -> int:
    """The first free port from `first` upwards that is not in `without`.

    Raises:
        PlatformError: the next two hundred are all taken.
    """
    for port in range(first, first + PORTS_TRIED):
        if port not in without and is_free(port):
            return port
    raise PlatformError(f"All ports from {first} to {first + PORTS_TRIED - 1} are taken: stop what listens there.")
