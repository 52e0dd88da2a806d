"""A store in a folder: `file:///folder`. Written beside and renamed, so an object is there whole or not at all."""

import errno
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from caco_tasks.atomic import DRAFT, replaced_bytes
from caco_tasks.errors import StoreError
from caco_tasks.store.keys import FOLDERS, check_key, check_prefix, is_key
from caco_tasks.store.store import Stored, StoreSettings

COPY_BYTES = 1 << 20  # held in memory at once while a file is copied


class FileStore:
    """Objects as files below one folder of this machine, or of a disk that several machines share."""

    def __init__(self, settings: StoreSettings) -> None:
        """Names the folder; it is made with the first object."""
        self.root = settings.root.rstrip("/")
        self._folder = Path(settings.root.removeprefix("file://"))

    def put(self, key: str, data: bytes) -> None:
        """Writes `data` under `key`, replacing what was there.

        Raises:
            StoreError: the disk is full or the folder cannot be written.
        """
        with self._replaced(key) as file:
            file.write(data)

    def put_file(self, key: str, path: Path) -> None:
        """Copies a file into the store.

        Raises:
            StoreError: `path` cannot be read, the disk is full or the folder cannot be written.
        """
        with mending_os_errors(path), path.open("rb") as source, self._replaced(key) as file:
            shutil.copyfileobj(source, file, COPY_BYTES)

    def get(self, key: str) -> bytes | None:
        """The object's bytes, or None where there is none."""
        with mending_os_errors(key):
            try:
                return self._path(key).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None

    def get_file(self, key: str, path: Path) -> None:
        """Copies an object to `path`, which appears whole or not at all.

        Raises:
            StoreError: there is no such object, the disk is full or `path` cannot be written.
        """
        if not self.exists(key):
            raise StoreError(f"There is no {key} in {self.root}: run the step that makes it.")
        with mending_os_errors(path), self._path(key).open("rb") as source, replaced_bytes(path) as file:
            shutil.copyfileobj(source, file, COPY_BYTES)

    def open(self, key: str) -> BinaryIO | None:
        """The object as a file to read from and to seek in, or None where there is none; the caller closes it."""
        with mending_os_errors(key):
            try:
                return self._path(key).open("rb")
            except (FileNotFoundError, NotADirectoryError):
                return None

    def exists(self, key: str) -> bool:
        """Whether there is an object under `key`."""
        with mending_os_errors(key):
            return self._path(key).is_file()

    def list(self, prefix: str) -> list[str]:
        """All keys in the folder `prefix` and below it, sorted; an empty prefix means all."""
        folder = self._folder / check_prefix(prefix)
        with mending_os_errors(prefix):
            found = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(DRAFT)]
        return sorted(filter(is_key, (path.relative_to(self._folder).as_posix() for path in found)))

    def look(self, prefix: str) -> Sequence[Stored]:
        """All objects in the folder `prefix` and below it, sorted by key."""
        with mending_os_errors(prefix):
            return list(self._stored(self._path(key) for key in self.list(prefix)))

    def delete(self, key: str) -> None:
        """Removes an object; nothing happens where there is none."""
        with mending_os_errors(key):
            self._path(key).unlink(missing_ok=True)

    def drafts(self, before: datetime) -> Sequence[Stored]:
        """Files that killed writes left behind and that nobody touched since `before`."""
        with mending_os_errors(self.root):
            drafts = (path for name in FOLDERS for path in (self._folder / name).rglob(f"{DRAFT}*"))
            found = list(self._stored(sorted(drafts)))
        return [draft for draft in found if draft.changed_at < before]

    def delete_draft(self, key: str) -> None:
        """Removes a file that a killed write left behind."""
        self.delete(key)

    def _stored(self, paths: Iterable[Path]) -> Iterator[Stored]:
        """Files with size and age; those that have gone meanwhile are left out."""
        for path in paths:
            with suppress(FileNotFoundError):
                stat = path.stat()
                changed_at = datetime.fromtimestamp(stat.st_mtime, UTC)
                yield Stored(key=path.relative_to(self._folder).as_posix(), bytes=stat.st_size, changed_at=changed_at)

    def _path(self, key: str) -> Path:
        return self._folder / check_key(key)

    @contextmanager
    def _replaced(self, key: str) -> Iterator[BinaryIO]:
        path = self._path(key)
        with mending_os_errors(f"{self.root}/{key}"):
            path.parent.mkdir(parents=True, exist_ok=True)
            with replaced_bytes(path) as file:
                yield file


@contextmanager
def mending_os_errors(what: str | Path) -> Iterator[None]:
    """Turns an error of the file system into a StoreError that names `what` and says what to do.

    Raises:
        StoreError: the body met an OSError.
    """
    try:
        yield
    except OSError as exc:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreError(f"The disk is full, {what} was not written: free some space and run again.") from exc
        raise StoreError(f"{what} cannot be used ({exc.strerror or exc}): check the path and its permissions.") from exc
