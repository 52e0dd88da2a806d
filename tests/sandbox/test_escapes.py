"""No program reaches anything outside of its walls; and outside of them, the same attacks work."""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from attacks import ALL, Attack

from caco_tasks.sandbox import Job, Sandbox

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="the attacks name system calls of x86_64")

NAMESPACES = ["unshare", "--mount", "--uts", "--ipc", "--net", "--pid", "--fork"]


@pytest.mark.parametrize("attack", ALL, ids=lambda attack: attack.name.replace(" ", "-"))
def test_an_attack_is_held(
    attack: Attack, sandbox: Sandbox, secret: Path, port: int, sibling: subprocess.Popen[bytes]
) -> None:
    (ran,) = sandbox.run([Job(code=attack.program(secret, port, sibling.pid))])
    assert ran.verdict.reason in (None, "forbidden", "error")
    assert ran.execution.output_json in ('"held"', None)
    assert "escaped" not in ran.execution.stdout
    assert sibling.poll() is None


@pytest.mark.parametrize(
    "attack", [attack for attack in ALL if attack.control != "none"], ids=lambda attack: attack.name.replace(" ", "-")
)
def test_the_same_attack_works_without_the_sandbox(
    attack: Attack, secret: Path, port: int, sibling: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    if attack.control == "namespaces" and (os.geteuid() != 0 or not shutil.which("unshare")):
        pytest.skip("only root can try this where it harms nothing")
    code = attack.program(secret, port, sibling.pid) + "print('outcome', output)\n"
    kept = os.open(os.devnull, os.O_RDONLY)  # a descriptor of the parent's, as an unprotected program may find one
    try:
        done = subprocess.run(
            [*(NAMESPACES if attack.control == "namespaces" else []), sys.executable, "-c", code],
            capture_output=True, text=True, cwd=tmp_path, timeout=30, check=False, input="typed", pass_fds=[kept],
        )  # fmt: skip
    finally:
        os.close(kept)
    if attack.is_rare and "outcome escaped" not in done.stdout:
        pytest.skip("this machine refuses it to everybody")
    assert "outcome escaped" in done.stdout, done
