"""Files that are whole or not there. This is the only place that writes a draft and gives it its name when it is complete.

>>> import tempfile
>>> folder = Path(tempfile.mkdtemp())
>>> with replaced(folder / "rows.txt") as out:
...     _ = out.write("one line\\n")
>>> [path.name for path in folder.iterdir()]
['rows.txt']
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

DRAFT = ".draft-"  # how the name of a file begins that is not whole; a killed process may leave one


@contextlib.contextmanager
def drafted(target: Path) -> Iterator[Path]:
    """The path of a draft beside `target`, to be filled; it takes the place of `target` when the body ends well.

    Its content is forced to the disk first. Whatever goes wrong, `target` is as it was and the draft is gone.

    Raises:
        OSError: it cannot be written.
    """
    draft = target.with_name(f"{DRAFT}{secrets.token_hex(16)}")
    try:
        yield draft
        _sync(draft, os.O_RDONLY)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    _sync(target.parent, os.O_RDONLY | os.O_DIRECTORY)  # a rename that the folder has not on disk can be undone


@contextlib.contextmanager
def replaced_bytes(target: Path, *, mode: int = 0o666) -> Iterator[BinaryIO]:
    """A binary file that takes the place of `target` when all has been written.

    Args:
        target: the file; its folder must be there.
        mode: permissions of the file, before the process's mask.

    Raises:
        OSError: it cannot be written; nothing is left behind.
    """
    with drafted(target) as draft:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as out:
            yield out


@contextlib.contextmanager
def replaced(target: Path) -> Iterator[TextIO]:
    """A text file (UTF-8) that takes the place of `target` when all has been written, and leaves nothing behind otherwise.

    Folders on the way are made. A target that is no file, such as a pipe or /dev/stdout, gets the lines as they come.

    Raises:
        OSError: it cannot be written.
    """
    if target.exists() and not target.is_file():
        with target.open("w", encoding="utf-8") as out:
            yield out
        return
    target = target.resolve()  # what a link leads to is replaced, not the link
    target.parent.mkdir(parents=True, exist_ok=True)
    with drafted(target) as draft, draft.open("x", encoding="utf-8") as out:
        yield out


def write_bytes(target: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Replaces a file as a whole; as `replaced_bytes`."""
    with replaced_bytes(target, mode=mode) as out:
        out.write(data)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
