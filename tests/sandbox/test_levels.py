"""Where the machine allows less, less is promised, openly; and what is promised then holds.

The poorer machines are real: a process without the capability to make namespaces, as in a container with default
settings, and an ordinary user.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from attacks import ALL
from other_users import as_ordinary_user

from caco_tasks.sandbox import Sandbox

REPOSITORY = Path(__file__).parents[2]

SCRIPT = """
import json, sys
from caco_tasks.config import SandboxSettings
from caco_tasks.errors import SandboxError
from caco_tasks.sandbox import Job, Sandbox

least, *codes = json.loads(sys.argv[1])
try:
    with Sandbox(SandboxSettings(workers=2, timeout_seconds=20, min_level=least)) as sandbox:
        ran = list(sandbox.run(Job(code="input = {'a': 1}\\n" + code) for code in codes))
        told = [[one.verdict.reason, one.execution.output_json, one.execution.error] for one in ran]
        sys.stdout.write(json.dumps({"level": sandbox.level, "told": told}))
except SandboxError as exc:
    sys.stdout.write(json.dumps({"refusal": str(exc)}))
"""

NO_NAMESPACES = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", "--no-new-privs"]
is_root = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root and setpriv")


def run_under(prefix: list[str], least: str, codes: list[str]) -> Any:
    command = [*prefix, sys.executable, "-c", SCRIPT, json.dumps([least, *codes])]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


HELD_BY_PARTIAL = {
    "fork": "import os; os.fork()",
    "socket": "import socket; socket.socket()",
    "signal": "import os; os.kill(os.getppid(), 0)",
    "signal to itself": "import os; os.kill(os.getpid(), 9)",
    "read": "open('/etc/passwd')",
    "list": "import os; os.listdir('/')",
    "write": "open('/tmp/caco-attack', 'w')",
    "write to a device's folder": "open('/dev/shm/caco-attack', 'w')",
    "execute": "import os; os.execv('/bin/true', ['true'])",
    "shared memory": "import ctypes, os\nif ctypes.CDLL(None).shmget(0, 4096, 0o1600) < 0: raise OSError(1, 'shmget')",
    "limits of others": "import os, resource; resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1))",
    "death signal off": "import ctypes\nif ctypes.CDLL(None).prctl(1, 0, 0, 0, 0) < 0: raise OSError(1, 'prctl')",
    "make a namespace": "import ctypes; ctypes.CDLL(None).unshare(0x10000000)",
}


@is_root
def test_without_namespaces_the_level_is_partial_and_its_promises_hold() -> None:
    honest = (
        "import csv, sympy, threading\nt = threading.Thread(target=print); t.start(); t.join()\noutput = sympy.sqrt(8)"
    )
    found = run_under(NO_NAMESPACES, "partial", [honest, *HELD_BY_PARTIAL.values()])
    assert found["level"] == "partial"
    assert found["told"][0][:2] == [None, '{"$type": "sympy", "value": "2*sqrt(2)"}']
    ways = dict(zip(HELD_BY_PARTIAL, found["told"][1:], strict=True))
    assert {name: told for name, told in ways.items() if told[0] not in ("forbidden", "error")} == {}


KNOWN_AT_PARTIAL = {
    "learns that a file exists",
    "learns the machine's name",
    "sees on which processors another runs",
    "sees the session of another process",
    "sees the rank of another process",
}


@is_root
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the attacks name system calls of x86_64")
def test_without_namespaces_only_what_the_documentation_names_gets_through(
    secret: Path, port: int, sibling: subprocess.Popen[bytes]
) -> None:
    found = run_under(NO_NAMESPACES, "partial", [attack.program(secret, port, sibling.pid) for attack in ALL])
    through = {
        attack.name
        for attack, (reason, output, _) in zip(ALL, found["told"], strict=True)
        if reason not in (None, "forbidden", "error") or output not in (None, '"held"')
    }
    assert through - {"becomes root"} == KNOWN_AT_PARTIAL  # it stays root, without rights, where others have no Python
    assert sibling.poll() is None


@is_root
def test_a_level_below_the_least_is_refused_with_its_reason() -> None:
    found = run_under(NO_NAMESPACES, "full", ["output = 1"])
    assert "full: " in found["refusal"]
    assert "min_level" in found["refusal"]


def test_an_ordinary_user_has_the_full_level(tmp_path: Path) -> None:
    prefix = as_ordinary_user(tmp_path) if os.geteuid() == 0 else []
    found = run_under(prefix, "full", ["import csv, os\noutput = [os.getuid(), os.getpid()]", "open('/etc/passwd')"])
    assert found["level"] == "full"
    assert found["told"][0][1] == "[1000, 1]"
    assert found["told"][1][0] == "error"


def test_the_level_is_found_by_attack(sandbox: Sandbox) -> None:
    assert sandbox.level == "full"
