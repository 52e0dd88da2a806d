"""The embedded S3 store as a service: start, stop, death, refusal. What it stores is tested in `test_store*.py`."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from caco_tasks.errors import PlatformError
from caco_tasks.platform.ports import free_port, is_free, is_open
from caco_tasks.platform.processes import identify, memory_mb, read_pid_file, wait_until
from caco_tasks.platform.swift import EmbeddedSwift

ACCESS_KEY, SECRET_KEY = "caco:tests", "0123456789abcdef"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, first_port: int) -> Iterator[EmbeddedSwift]:
    """The node of these tests, which they may stop."""
    folder = tmp_path_factory.mktemp("node") / "s3"
    server = EmbeddedSwift(folder, port=free_port(first_port + 150), access_key=ACCESS_KEY, secret_key=SECRET_KEY)
    yield server
    server.stop()


@pytest.fixture
def node(server: EmbeddedSwift) -> EmbeddedSwift:
    """The node, running."""
    server.start()
    return server


def client(node: EmbeddedSwift, secret_key: str = SECRET_KEY) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=node.endpoint_url,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=secret_key,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
    )


def test_what_was_stored_is_there_after_a_restart(node: EmbeddedSwift) -> None:
    client(node).create_bucket(Bucket="restarted")
    client(node).put_object(Bucket="restarted", Key="a/b", Body=b"kept")
    node.stop()
    node.start()
    assert client(node).get_object(Bucket="restarted", Key="a/b")["Body"].read() == b"kept"


def test_what_was_stored_is_there_after_a_sudden_death(node: EmbeddedSwift) -> None:
    client(node).create_bucket(Bucket="bucket")
    client(node).put_object(Bucket="bucket", Key="key", Body=b"kept")
    process = node.process()
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    assert wait_until(lambda: not node.is_running(), seconds=5)
    node.start()
    assert client(node).get_object(Bucket="bucket", Key="key")["Body"].read() == b"kept"


def test_a_wrong_secret_is_refused(node: EmbeddedSwift) -> None:
    from botocore.exceptions import ClientError

    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        client(node, secret_key="wrong").list_buckets()


def test_a_second_start_leaves_the_running_node_alone(node: EmbeddedSwift) -> None:
    before = node.process()
    node.start()
    assert node.process() == before


def test_stop_frees_the_port_and_may_be_repeated(node: EmbeddedSwift) -> None:
    node.stop()
    assert not node.is_running()
    assert is_free(node.port)
    node.stop()


def test_only_the_loopback_address_is_served_and_nothing_but_the_s3_port(node: EmbeddedSwift) -> None:
    if shutil.which("ss") is None:
        pytest.skip("ss, which lists sockets, is not installed")
    process = node.process()
    assert process is not None
    listening = subprocess.run(["ss", "-H", "-ltnp"], capture_output=True, text=True, check=True).stdout
    ours = [line.split()[3] for line in listening.splitlines() if f"pid={process.pid}," in line]
    assert ours == [f"127.0.0.1:{node.port}"]


def test_settings_and_data_are_closed_to_other_users(node: EmbeddedSwift) -> None:
    assert node.folder.stat().st_mode & 0o077 == 0
    assert (node.folder / "proxy.conf").stat().st_mode & 0o077 == 0


def test_an_idle_node_takes_less_than_150_mb(node: EmbeddedSwift) -> None:
    process = node.process()
    assert process is not None
    assert 10 < memory_mb([process.pid]) < 150


def test_the_node_ends_with_the_process_that_started_it(tmp_path: Path, first_port: int) -> None:
    port = free_port(first_port + 150)
    folder = tmp_path / "s3"
    code = (
        "import os, pathlib; from caco_tasks.platform.swift import EmbeddedSwift;"
        f"EmbeddedSwift(pathlib.Path({str(folder)!r}), port={port}, access_key='a:b', secret_key='c').start();"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2])
    process = read_pid_file(folder / "swift.pid")
    assert process is not None
    assert wait_until(lambda: not process.is_alive(), seconds=5)
    assert not is_open(port)


def test_a_taken_port_is_named(node: EmbeddedSwift, tmp_path: Path) -> None:
    other = EmbeddedSwift(tmp_path / "other", port=node.port, access_key=ACCESS_KEY, secret_key=SECRET_KEY)
    with pytest.raises(PlatformError, match=f"Port {node.port} for the S3 store is taken"):
        other.start()


@pytest.mark.parametrize(
    ("access_key", "secret_key"),
    [("caco", "secret"), ("caco:", "secret"), ("a b:c", "secret"), ("a:b", "s e"), ("a:b", "x\n[filter:evil]")],
    ids=["no user", "empty user", "blank", "blank in secret", "line break in secret"],
)
def test_keys_that_would_break_the_settings_are_refused(tmp_path: Path, access_key: str, secret_key: str) -> None:
    with pytest.raises(PlatformError, match="account:user"):
        EmbeddedSwift(tmp_path, port=1, access_key=access_key, secret_key=secret_key)


def test_a_file_system_without_attributes_is_refused_with_the_way_out(tmp_path: Path, first_port: int) -> None:
    """Mounts a ramfs, which knows no extended attributes, in a user namespace of its own."""
    code = (
        "import pathlib; from caco_tasks.platform.swift import EmbeddedSwift;"
        f"EmbeddedSwift(pathlib.Path({str(tmp_path)!r}), port={free_port(first_port + 150)},"
        " access_key='a:b', secret_key='c').start()"
    )
    mount = ["unshare", "-Urm", "sh", "-c", f'mount -t ramfs none "{tmp_path}" || exit 77; exec "$0" -c "$1"']
    done = subprocess.run(
        [*mount, sys.executable, code], check=False, capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("this machine lets nobody mount in a user namespace")
    assert re.search(r"PlatformError: The file system of .* has no extended attributes.*--store file", done.stderr)


def test_a_pid_file_whose_number_belongs_to_another_process_is_not_believed(node: EmbeddedSwift) -> None:
    process = node.process()
    assert process is not None
    node.stop()
    other = identify(os.getpid())
    assert other is not None
    (node.folder / "swift.pid").write_text(f"{other.pid} {other.started_ticks - 1}\n")
    assert not node.is_running()
    node.stop()  # would end this very test otherwise
    assert other.is_alive()
