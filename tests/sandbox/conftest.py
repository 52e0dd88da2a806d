"""One sandbox for the tests that only look at what comes out of it, and what attacks need outside of it."""

import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from caco_tasks.config import SandboxSettings
from caco_tasks.sandbox import Sandbox

SETTINGS = SandboxSettings(workers=2, timeout_seconds=20, memory_mb=256, output_bytes=65536, min_level="full")


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(SETTINGS) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def hasty_sandbox() -> Iterator[Sandbox]:
    """One for programs that do not end."""
    with Sandbox(SETTINGS.model_copy(update={"timeout_seconds": 0.5})) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def secret() -> Iterator[Path]:
    """A file outside, which everybody may read and write, in a folder that everybody may enter: pytest's are its own."""
    with tempfile.TemporaryDirectory(prefix="caco-outside-") as folder:
        Path(folder).chmod(0o755)
        file = Path(folder) / "secret"
        file.write_text("planted")
        file.chmod(0o666)
        yield file


@pytest.fixture(scope="session")
def port() -> Iterator[int]:
    """A port of the loopback interface that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield server.getsockname()[1]


@pytest.fixture
def sibling() -> Iterator[subprocess.Popen[bytes]]:
    """Another process of the machine, that an attacker may try to end."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()
