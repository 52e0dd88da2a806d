"""Public datasets on this machine, for the tests that read real files: CONTRIBUTING.md says which, and where from."""

import os
from pathlib import Path

import pytest

VARIABLE = "CACO_PUBLIC_DATA"


def require_public(name: str) -> Path:
    """A file or folder of public data, by its path below `$CACO_PUBLIC_DATA`; where it is not there the test is skipped."""
    folder = os.environ.get(VARIABLE)
    path = Path(folder or "", name)
    if not folder or not path.exists():
        pytest.skip(
            f"needs the public data {name}: name the folder that holds it in {VARIABLE}", allow_module_level=True
        )
    return path
