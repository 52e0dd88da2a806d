"""The files of a source: one file, all data files of a folder, or those that a pattern such as `shards/*.jsonl.zst` names."""

from collections.abc import Iterable
from pathlib import Path

from caco_tasks.config import SourceSettings
from caco_tasks.errors import SourceError
from caco_tasks.ids import content_id, file_sha256
from caco_tasks.sources.file_rows import Container, named_container

_PATTERN_CHARS = "*?["


def list_files(source: SourceSettings, container: Container | None) -> list[Path]:
    """The files to read, in the order of their names below the folder or the fixed part of the pattern.

    Of a folder, with all folders in it, those files whose name says that they hold records, in `container` if it is given;
    names that begin with a point or an underscore are left out, as tools call what they keep beside the data.

    Raises:
        SourceError: there is no path, or no such file.
    """
    path = _require_path(source)
    if path.is_file():
        return [path]
    if path.is_dir():
        found = [file for file in _files_below(path) if file.name[0] != "_" and _may_hold(file, container)]
        if not found:
            raise SourceError(
                f"The folder of source '{source.name}', {path}, has no file that '{source.reader}' reads: give another."
            )
        return found
    if not _is_pattern(path):
        raise SourceError(f"The file of source '{source.name}', {path}, does not exist: download it or mend the path.")
    found = _files_of_pattern(path)
    if not found:
        raise SourceError(f"The pattern of source '{source.name}', {path}, names no file: download them or mend it.")
    return found


def content_revision(source: SourceSettings) -> str:
    """What names the content of a source's files: the SHA-256 of one file, or the hash of all names and contents.

    Raises:
        SourceError: a file is missing or cannot be read.
    """
    path = _require_path(source)
    try:
        if path.is_dir():
            return folder_revision(path)
        if _is_pattern(path) and not path.is_file():
            return _hash_files(_files_of_pattern(path), _split_pattern(path)[0])
        return file_sha256(str(path))
    except OSError as exc:
        reason = exc.strerror or str(exc)
        raise SourceError(f"The source '{source.name}' cannot be read at {source.path}: {reason}.") from exc


def folder_revision(folder: Path) -> str:
    """The hash of a folder's files, by their names and contents; hidden ones have no part in it."""
    return _hash_files(_files_below(folder), folder)


def _hash_files(files: Iterable[Path], folder: Path) -> str:
    return content_id("folder", [[path.relative_to(folder).as_posix(), file_sha256(str(path))] for path in files])


def _require_path(source: SourceSettings) -> Path:
    if source.path is None:
        raise SourceError(f"The source '{source.name}' has no path: set it to the file that '{source.reader}' reads.")
    return Path(source.path)


def _may_hold(path: Path, container: Container | None) -> bool:
    named = named_container(path)
    return named is not None and container in (None, named)


def _files_below(folder: Path) -> list[Path]:
    return _sorted_files(folder.rglob("*"), folder)


def _files_of_pattern(pattern: Path) -> list[Path]:
    folder, rest = _split_pattern(pattern)
    return _sorted_files(folder.glob(rest), folder)


def _sorted_files(paths: Iterable[Path], folder: Path) -> list[Path]:
    names = {path.relative_to(folder).as_posix(): path for path in paths if path.is_file()}
    return [names[name] for name in sorted(names) if not any(part.startswith(".") for part in name.split("/"))]


def _is_pattern(path: Path) -> bool:
    return any(char in str(path) for char in _PATTERN_CHARS)


def _split_pattern(pattern: Path) -> tuple[Path, str]:
    """The folder before the first part with a wildcard, and the rest."""
    parts = pattern.parts
    first = next(place for place, part in enumerate(parts) if any(char in part for char in _PATTERN_CHARS))
    return Path(*parts[:first]), "/".join(parts[first:])
