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
COMMIT_FILE = PACKAGE / "_commit.txt"
COMMIT_CHARS = 10
GIT_SECONDS = 20.0


@cache
def code_version() -> str:
    """Such as `0.1.0+g60a938d4e1`; with changes `0.1.0+g60a938d4e1.dirty-1f0c22aa`; `0.1.0` where no commit is known.

    The hash behind `dirty` is that of the changes to the package, so two states of one working tree differ.
    """
    if COMMIT_FILE.is_file():
        return f"{__version__}+g{COMMIT_FILE.read_text().strip()[:COMMIT_CHARS]}"
    commit = _git("rev-parse", "HEAD") if (PACKAGE.parent / ".git").exists() else None
    if commit is None:
        return __version__
    changes = _git("diff", "HEAD", "--", "caco_tasks", "sql") or ""
    dirty = f".dirty-{hashlib.sha256(changes.encode()).hexdigest()[:8]}" if changes else ""
    return f"{__version__}+g{commit[:COMMIT_CHARS]}{dirty}"


def _git(*words: str) -> str | None:
    """What git prints; None where there is no git, or it refuses, as in a checkout of another user."""
    command = ["git", "-C", str(PACKAGE.parent), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=GIT_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
