"""Commands that go on where every user can reach this Python, even if it lies in a home that is closed; for root to run."""

import shutil
import sys
from pathlib import Path

import pytest


def with_open_python(folder: Path) -> list[str]:
    """A command that goes on in mounts of its own; `folder` is where it keeps the Python while it covers the closed home."""
    if not shutil.which("unshare"):
        pytest.skip("needs unshare")
    base = Path(sys.base_prefix).resolve()
    closed = [parent for parent in base.parents if not parent.stat().st_mode & 0o001]
    opened = ""
    if closed:
        keep = folder / "keep"
        keep.mkdir()
        opened = (
            f"mount --bind {base} {keep} && mount -t tmpfs -o mode=755 none {closed[-1]} && "
            f"mkdir -p {base} && mount --bind {keep} {base} && "
        )
    return ["unshare", "--mount", "sh", "-c", f'{opened}exec "$@"', "sh"]


def as_ordinary_user(folder: Path) -> list[str]:
    """The same as another user than root."""
    if not shutil.which("setpriv"):
        pytest.skip("needs setpriv")
    return [*with_open_python(folder), "setpriv", "--reuid", "64999", "--regid", "64999", "--clear-groups"]
