"""Which code made an output: package and commit, whether the tree was changed, and that without git it is still told."""

import re
import subprocess
from pathlib import Path

import pytest

from caco_tasks import __version__
from caco_tasks.version import code_version, version_of

COMMIT = "60a938d4e1f00ba7c0ffee00deadbeef00000000"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package in a fresh git repository, with one commit."""
    package = tmp_path / "caco_tasks"
    package.mkdir()
    (tmp_path / "sql").mkdir()
    (package / "stage.py").write_text("RULE = 1\n")
    (tmp_path / "README.md").write_text("A title\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    return package


def git(folder: Path, *words: str) -> str:
    """What git says, as someone without any settings of their own."""
    person = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *person, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_a_checkout_is_named_by_its_commit(package: Path) -> None:
    commit = git(package, "rev-parse", "HEAD")
    assert version_of(package) == f"{__version__}+g{commit[:10]}"


def test_changes_to_the_package_are_told_and_two_changes_apart(package: Path) -> None:
    clean = version_of(package)
    (package / "stage.py").write_text("RULE = 2\n")
    changed = version_of(package)
    (package / "stage.py").write_text("RULE = 3\n")
    changed_again = version_of(package)
    assert changed.startswith(f"{clean}.dirty-")
    assert len({clean, changed, changed_again}) == 3
    (package / "stage.py").write_text("RULE = 1\n")
    assert version_of(package) == clean


def test_a_new_file_of_the_package_is_a_change_and_so_is_what_it_holds(package: Path) -> None:
    clean = version_of(package)
    (package / "hot_fix.py").write_text("RULE = 1\n")
    one = version_of(package)
    (package / "hot_fix.py").write_text("RULE = 2\n")
    assert len({clean, one, version_of(package)}) == 3


@pytest.mark.parametrize("content", [b"\xff\xfe no text", b"\0\1 binary"], ids=["no UTF-8", "no text at all"])
def test_a_changed_file_that_is_no_text_is_a_change_too(package: Path, content: bytes) -> None:
    (package / "weights é.bin").write_bytes(b"\0\1\2")
    git(package.parent, "add", ".")
    git(package.parent, "commit", "--quiet", "--message", "weights")
    clean = version_of(package)
    (package / "weights é.bin").write_bytes(content)
    one = version_of(package)
    (package / "weights é.bin").write_bytes(content + b"!")
    assert len({clean, one, version_of(package)}) == 3


def test_sql_is_part_of_the_package_and_what_is_staged_is_a_change_too(package: Path) -> None:
    clean = version_of(package)
    (package.parent / "sql" / "0001.sql").write_text("SELECT 1;\n")
    git(package.parent, "add", ".")
    assert version_of(package).startswith(f"{clean}.dirty-")


def test_what_is_no_part_of_the_package_is_no_change(package: Path) -> None:
    clean = version_of(package)
    (package.parent / "README.md").write_text("Another title\n")
    (package.parent / "notes.txt").write_text("mine\n")
    assert version_of(package) == clean


def test_byte_code_that_git_ignores_is_no_change(package: Path) -> None:
    (package.parent / ".gitignore").write_text("__pycache__/\n")
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "stage.cpython-311.pyc").write_bytes(b"\0")
    assert ".dirty-" not in version_of(package)


def test_another_commit_is_another_version(package: Path) -> None:
    first = version_of(package)
    (package / "stage.py").write_text("RULE = 2\n")
    git(package.parent, "commit", "--quiet", "--all", "--message", "second")
    assert version_of(package) != first
    assert ".dirty-" not in version_of(package)


def test_without_git_the_package_alone_is_named(tmp_path: Path) -> None:
    package = tmp_path / "caco_tasks"
    package.mkdir()
    assert version_of(package) == __version__


def test_a_package_installed_below_a_foreign_repository_is_not_named_by_its_commit(package: Path) -> None:
    installed = package.parent / "venv" / "site-packages" / "caco_tasks"
    installed.mkdir(parents=True)
    assert version_of(installed) == __version__


def test_a_repository_without_a_commit_names_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    package = tmp_path / "caco_tasks"
    package.mkdir()
    assert version_of(package) == __version__


def test_where_git_is_missing_the_package_alone_is_named(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(package))
    assert version_of(package) == __version__


def test_an_image_is_named_by_the_commit_that_its_build_wrote_down(package: Path) -> None:
    (package / "_commit.txt").write_text(f"{COMMIT}\n")
    assert version_of(package) == f"{__version__}+g60a938d4e1"


def test_an_image_that_was_built_without_a_commit_names_none(package: Path) -> None:
    (package / "_commit.txt").write_text("\n")
    assert version_of(package) == __version__


def test_the_version_of_this_code_is_told_once_for_a_process() -> None:
    told = code_version()
    assert re.fullmatch(rf"{re.escape(__version__)}(\+g[0-9a-f]{{10}}(\.dirty-[0-9a-f]{{8}})?)?", told)
    assert code_version() is told
