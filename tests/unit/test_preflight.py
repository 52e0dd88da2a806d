"""What keeps the platform from being installed is said in one sentence, before anything is."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / ".ci" / "preflight"


def run(folder: Path, *, python: str = sys.executable, **answers: str) -> subprocess.CompletedProcess[str]:
    """The script, where programs of these names answer so; each gets its options as `$*`."""
    for name, body in answers.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    environ = {"PATH": f"{folder}:{os.environ['PATH']}"}
    return subprocess.run([str(SCRIPT), python], env=environ, cwd=folder, capture_output=True, text=True, check=False)


def kernel(system: str, machine: str) -> str:
    """A `uname` of another machine."""
    return f'[ "$1" = -s ] && echo {system} || echo {machine}'


def old_python(version: str, libc: str = "glibc", *, has_venv: bool = True) -> str:
    """A Python that answers the questions of the script, and to that for `venv` with its exit code."""
    return f'case "$2" in *version_info*) echo {version};; *HOST_GNU*) echo {libc};; *) exit {int(not has_venv)};; esac'


def test_this_machine_is_let_through_without_a_word(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("python", "answers", "said"),
    [
        pytest.param(sys.executable, {"uname": kernel("Darwin", "arm64")}, "needs Linux.* this is Darwin", id="macOS"),
        pytest.param(sys.executable, {"uname": kernel("Linux", "riscv64")}, "this is riscv64", id="processor"),
        pytest.param("python9", {}, "There is no python9: install Python 3.11", id="no Python"),
        pytest.param("python9", {"python9": old_python("2.7")}, "python9 is 2.7", id="Python 2"),
        pytest.param("python9", {"python9": old_python("3.10")}, "python9 is 3.10", id="Python 3.10"),
        pytest.param("python9", {"python9": old_python("3.14")}, "python9 is 3.14", id="Python of tomorrow"),
        pytest.param("python9", {"python9": old_python("3.12", "musl")}, "needs .* glibc", id="musl"),
        pytest.param(
            "python9", {"python9": old_python("3.12", has_venv=False)}, "apt-get install python3.12-venv", id="venv"
        ),
        pytest.param(sys.executable, {"df": "echo head; echo disk 1 1 2048000 1 /"}, "it has 2000 MB free", id="disk"),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(
    tmp_path: Path, python: str, answers: dict[str, str], said: str
) -> None:
    done = run(tmp_path, python=python, **answers)
    assert done.returncode == 1
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert line.endswith((".", "..."))
    assert re.search(said, line)


def test_an_untried_processor_is_named_and_let_through(tmp_path: Path) -> None:
    done = run(tmp_path, uname=kernel("Linux", "aarch64"))
    assert done.returncode == 0
    assert "nobody has run the tests there yet" in done.stdout


def test_make_asks_before_it_makes_anything(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    (tmp_path / "python9").write_text(f"#!/bin/sh\n{old_python('3.8')}\n")
    (tmp_path / "python9").chmod(0o755)
    command = ["make", "--no-print-directory", "demo", f"PYTHON={tmp_path}/python9"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "3.8: name another with make PYTHON=" in done.stderr
    assert not (tmp_path / ".venv").exists()
