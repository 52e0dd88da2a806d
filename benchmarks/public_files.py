"""Public datasets on this machine, in the folder that the environment variable CACO_PUBLIC_DATA names."""

import os
from pathlib import Path


def find_public(name: str = "") -> Path | None:
    """A file or folder below `$CACO_PUBLIC_DATA`; None where it is not there."""
    folder = os.environ.get("CACO_PUBLIC_DATA")
    path = Path(folder or "", name)
    return path if folder and path.exists() else None
