"""Backup and restore: ledger and store in one folder of plain files, and back into an empty ledger and store.

First the ledger is written as it is at one moment, then every object of the store. Objects are written before the ledger
learns of them, so whatever the ledger refers to is in the store when its turn comes; that it is, is checked at the end.

    FOLDER/ledger/TABLE.csv.gz    the tables
    FOLDER/store/KEY              the objects
    FOLDER/files.jsonl            every file with its size and SHA-256
    FOLDER/backup.json            what it is a backup of; written last, so its existence means done
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from caco_tasks import __version__
from caco_tasks.atomic import write_bytes
from caco_tasks.errors import ConfigError, DamagedError, LedgerError, StoreError
from caco_tasks.ledger import Ledger
from caco_tasks.ledger.dump import dump, named_objects, schema
from caco_tasks.store import Store
from caco_tasks.store.keys import check_key, is_ours

FORMAT = 1
AT_ONCE = 4  # objects on their way

Result = TypeVar("Result")


class BackedUpFile(BaseModel):
    """One line of files.jsonl."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    path: str  # below the folder
    bytes: int
    sha256: str


class BackupRecord(BaseModel):
    """backup.json."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    format: int = FORMAT
    caco_version: str
    made_at: datetime  # in UTC, of the ledger
    schema_files: dict[str, str]  # migration -> its SHA-256
    rows: dict[str, int]  # by table
    objects: int  # of the store
    bytes: int  # of all files, as they lie in the folder
    files_sha256: str  # of files.jsonl


def back_up(
    ledger: Ledger, store: Store, folder: Path, *, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> BackupRecord:
    """Writes ledger and store into `folder`, which must be new or empty; runs may be under way.

    Args:
        ledger: opened as the writer or the owner.
        store: is copied as a whole.
        folder: on this machine.
        on_progress: called with the number of objects copied and the number of all.

    Raises:
        ConfigError: there is something in `folder`, or it cannot be written.
        LedgerError: the ledger cannot be used, is being rebuilt, or housekeeping is at work.
        DamagedError: the ledger refers to an object that is not in the store.
        StoreError: the store cannot be used.
    """
    _make_empty(folder)
    with ledger.holding_store(shared=True):
        with ledger.moment() as connection:
            made_at = datetime.now(UTC)
            rows, named = dump(connection, folder / "ledger"), set(named_objects(connection))
            schema_files = schema(connection)
        copied = set(_copy_objects(store, folder / "store", on_progress))
    missing = sorted(named - copied)
    if missing:
        raise DamagedError(
            f"{len(missing)} of the objects that the ledger refers to are not in {store.root}, {missing[0]} for one: "
            "make its output again with `caco rerun`, or run `caco ledger rebuild`, and back up again."
        )
    files = [_describe(path, folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    lines = "".join(f"{file.model_dump_json()}\n" for file in files).encode()
    write_bytes(folder / "files.jsonl", lines)
    record = BackupRecord(
        caco_version=__version__,
        made_at=made_at,
        schema_files=schema_files,
        rows=rows,
        objects=len(copied),
        bytes=sum(file.bytes for file in files),
        files_sha256=hashlib.sha256(lines).hexdigest(),
    )
    write_bytes(folder / "backup.json", record.model_dump_json(indent=1).encode() + b"\n")
    return record


def restore(
    ledger: Ledger, store: Store, folder: Path, *, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> BackupRecord:
    """Fills an empty ledger and an empty store from a backup; all of it is checked before anything is written.

    The ledger comes last, in one transaction: interrupted before its end, the same command goes on.

    Args:
        ledger: migrated, without a row, opened as the owner.
        store: empty, or holding nothing but objects of this backup.
        folder: the backup.
        on_progress: called with the number of objects written and the number of all.

    Raises:
        ConfigError: `folder` is no backup, or one of another form.
        DamagedError: a file of it is missing, is more than was written, or has another content.
        LedgerError: the ledger has rows, or its schema is another than that of the backup.
        StoreError: the store holds other objects, or cannot be used.
    """
    record, files = read_backup(folder)
    with ledger.moment() as connection:
        demand_same_schema(record, schema(connection))
    ledger.demand_empty()
    keys = [file.path.removeprefix("store/") for file in files if file.path.startswith("store/")]
    others = sorted(set(filter(is_ours, store.list(""))) - set(keys))
    if others:
        raise StoreError(
            f"The store {store.root} holds {len(others)} objects that are not of this backup, {others[0]} for one: restore "
            "into an empty one."
        )

    def put(key: str) -> None:
        store.put_file(check_key(key), folder / "store" / key)

    for done, _ in enumerate(_at_once(put, keys), start=1):
        on_progress(done, len(keys))
    ledger.fill(folder / "ledger")
    return record


def read_backup(folder: Path) -> tuple[BackupRecord, list[BackedUpFile]]:
    """What a backup is and holds, each file held against its SHA-256.

    Raises:
        ConfigError: `folder` is no backup, or one of another form.
        DamagedError: a file of it is missing, is more than was written, or has another content.
    """
    try:
        record = BackupRecord.model_validate_json((folder / "backup.json").read_bytes())
    except FileNotFoundError as exc:
        raise ConfigError(f"{folder} is no backup, or one that was broken off: there is no backup.json in it.") from exc
    except (OSError, ValidationError) as exc:
        raise DamagedError(f"{folder / 'backup.json'} cannot be read: take another backup.") from exc
    if record.format != FORMAT:
        raise ConfigError(
            f"{folder} was written by Caco {record.caco_version} in another form: restore it with that version."
        )
    try:
        lines = (folder / "files.jsonl").read_bytes()
    except OSError as exc:
        raise DamagedError(f"{folder / 'files.jsonl'} cannot be read: take another backup.") from exc
    if hashlib.sha256(lines).hexdigest() != record.files_sha256:
        raise DamagedError(f"{folder / 'files.jsonl'} is not what was written: take another backup.")
    files = [BackedUpFile.model_validate_json(line) for line in lines.splitlines()]
    for file in files:
        _demand_whole(folder, file)
    return record, files


def demand_same_schema(record: BackupRecord, here: dict[str, str]) -> None:
    """Raises LedgerError where the backup's schema is another than that of the ledger here."""
    if record.schema_files == here:
        return
    there = record.schema_files
    other = min(name for name in {*there, *here} if there.get(name) != here.get(name))
    raise LedgerError(
        f"The backup has another schema than this ledger ({other} differs): restore it with Caco {record.caco_version}, which "
        "wrote it, and update after that."
    )


def _make_empty(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ConfigError(f"There is something in {folder} already: give a new folder.")
        for name in ("ledger", "store"):
            (folder / name).mkdir()
    except OSError as exc:
        raise ConfigError(f"{folder} cannot be written ({exc.strerror}): give another folder.") from exc


def _copy_objects(store: Store, folder: Path, on_progress: Callable[[int, int], None]) -> Iterator[str]:
    """Copies every object and yields its key; one that went meanwhile, a finished part of an output say, is left out."""
    keys = list(filter(is_ours, store.list("")))

    def copy(key: str) -> str | None:
        path = folder / check_key(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            store.get_file(key, path)
        except StoreError:
            if store.exists(key):
                raise
            return None
        return key

    for done, key in enumerate(_at_once(copy, keys), start=1):
        on_progress(done, len(keys))
        if key is not None:
            yield key


def _at_once(work: Callable[[str], Result], keys: Iterable[str]) -> Iterator[Result]:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        yield from threads.map(work, keys)


def _describe(path: Path, folder: Path) -> BackedUpFile:
    return BackedUpFile(path=path.relative_to(folder).as_posix(), bytes=path.stat().st_size, sha256=_sha256(path))


def _demand_whole(folder: Path, file: BackedUpFile) -> None:
    path = folder / check_key(file.path)
    try:
        is_whole = path.stat().st_size == file.bytes and _sha256(path) == file.sha256
    except OSError as exc:
        raise DamagedError(f"{path} of the backup cannot be read ({exc.strerror}): take another backup.") from exc
    if not is_whole:
        raise DamagedError(f"{path} of the backup is not what was written: take another backup.")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
