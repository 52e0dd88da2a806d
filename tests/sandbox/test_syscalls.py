"""Random system calls in the jail leave the machine as it was; and whatever they could change would be noticed.

`caco bench sandbox_syscalls` does the same with ten million.
"""

import json
import os
import runpy
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from other_users import with_open_python

REPOSITORY = Path(__file__).parents[2]
host_state = SimpleNamespace(**runpy.run_path(str(REPOSITORY / "benchmarks" / "host_state.py")))

CALLS = 150_000


def test_random_system_calls_leave_the_machine_as_it_was(tmp_path: Path) -> None:
    prefix = with_open_python(tmp_path) if os.geteuid() == 0 else []
    command = [*prefix, sys.executable, "-m", "caco_tasks.cli", "bench", "sandbox_syscalls", "--json"]
    done = subprocess.run(
        [*command, "--seed", "1", "--calls", str(CALLS)], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found["changed"] == []
    assert found["calls"] >= CALLS
    for level in ("full", "partial", "basic"):
        assert {name: found["levels"][level][name] for name in ("wrong_records", "lost", "zygotes_opened")} == {
            "wrong_records": 0,
            "lost": 0,
            "zygotes_opened": 0,
        }, level


def test_each_change_of_the_machine_is_noticed(tmp_path: Path) -> None:
    offered = tmp_path / "offered"
    folder = tmp_path / "canaries"
    folder.mkdir()
    left = tmp_path / "left"
    left.touch()
    with host_state.Canaries(folder) as canaries:
        before = host_state.look(canaries, [str(offered)])
        assert host_state.differences(before, before) == []
        (folder / "open").write_bytes(b"changed")
        (folder / "private").chmod(0o644)
        os.utime(folder / "command", (0, 0))
        (folder / "deep" / "file").unlink()
        (folder / "new").touch()
        offered.touch()
        for kind, port in zip((socket.SOCK_STREAM, socket.SOCK_DGRAM), canaries.ports, strict=True):
            with socket.socket(type=kind) as caller:
                caller.connect(("127.0.0.1", port))
                caller.send(b"x")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as caller:
            caller.sendto(b"x", f"\0{canaries.abstract_name}")
        mask = os.umask(0o027)
        opened = os.open(left, os.O_RDONLY)
        try:
            with subprocess.Popen(["sleep", "60"], stdin=subprocess.DEVNULL) as process:
                after = host_state.look(canaries, [str(offered)])
                process.kill()
        finally:
            os.umask(mask)
            os.close(opened)
    changed = {change.partition(": ")[0] for change in host_state.differences(before, after)}
    assert {
        f"contents {folder}/open", f"file {folder}/private", f"file {folder}/command", f"file {folder}/deep/file",
        f"file {folder}/new", f"file {offered}", "socket 0", "socket 1", "socket 3", "own mask",
        f"own descriptor {opened}", f"process {process.pid}",
    } <= changed  # fmt: skip
