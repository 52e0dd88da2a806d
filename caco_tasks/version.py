"""Which code this is: the package's version and, where it can be known, the commit and whether the tree was changed.

A commit comes from git where the package runs from a checkout, or from the file `_commit.txt` beside this module, which
the image's build writes from its argument CACO_COMMIT.
"""

import hashlib
import subprocess
from functools import cache
from pathlib import Path

from caco_tasks import __version__

PACKAGE = Path(__file__).parent
COMMIT_FILE = "_commit.txt"
COMMIT_CHARS = 10
GIT_SECONDS = 20.0


@cache
def code_version() -> str:
    """Such as `0.1.0+g60a938d4e1`; with changes `0.1.0+g60a938d4e1.dirty-1f0c22aa`; `0.1.0` where no commit is known."""
    return version_of(PACKAGE)


def version_of(package: Path) -> str:
    """The version of the code in a folder, as `code_version` tells that of its own.

    The hash behind `dirty` is that of the changes to the package, so two states of one working tree differ.
    """
    written = package / COMMIT_FILE
    if written.is_file():
        return _named(written.read_text().strip())
    checkout = package.parent
    commit = _git(checkout, "rev-parse", "HEAD") if (checkout / ".git").exists() else None
    if commit is None:
        return __version__
    code = ("--", package.name, "sql")
    changes = (_git(checkout, "diff", "--full-index", "--no-ext-diff", "HEAD", *code) or "").encode()
    new_files = _git(checkout, "ls-files", "-z", "--others", "--exclude-standard", *code) or ""
    for name in filter(None, new_files.split("\0")):
        changes += name.encode() + (checkout / name).read_bytes()
    return _named(commit) + (f".dirty-{hashlib.sha256(changes).hexdigest()[:8]}" if changes else "")


def _named(commit: str) -> str:
    return f"{__version__}+g{commit[:COMMIT_CHARS]}" if commit else __version__


def _git(checkout: Path, *words: str) -> str | None:
    """What git prints; None where there is no git, or it refuses, as in a checkout of another user."""
    command = ["git", "-C", str(checkout), *words]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=True, timeout=GIT_SECONDS
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
