"""What a store is, and how one is opened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from pydantic import BaseModel, ConfigDict

from caco_tasks.addresses import hide_secrets
from caco_tasks.errors import ConfigError


class StoreSettings(BaseModel):
    """Where the store is and how it is reached."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    root: str  # "s3://bucket/prefix" or "file:///folder"
    endpoint_url: str | None = None  # None: Amazon S3
    region: str = "us-east-1"
    access_key: str | None = None  # None: boto3's own search
    secret_key: str | None = None
    addressing_style: str = "path"  # or "virtual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An object as a listing shows it."""

    key: str
    bytes: int
    changed_at: datetime  # in UTC, when it was last written


class Store(Protocol):
    """Objects by key below one root. Keys are relative, with `/`; a put is visible whole or not at all.

    Every method raises StoreError, with the key and the remedy, when the store cannot be used.
    """

    root: str

    def put(self, key: str, data: bytes) -> None:
        """Writes `data` under `key`, replacing what was there."""

    def put_file(self, key: str, path: Path) -> None:
        """Uploads a file, in parts where it is large."""

    def get(self, key: str) -> bytes | None:
        """The object's bytes, or None where there is none."""

    def get_file(self, key: str, path: Path) -> None:
        """Downloads an object; StoreError where there is none."""

    def open(self, key: str) -> BinaryIO | None:
        """The object as a file to read from and to seek in, or None where there is none; the caller closes it."""

    def exists(self, key: str) -> bool:
        """Whether there is an object under `key`."""

    def list(self, prefix: str) -> list[str]:
        """All keys below `prefix`, sorted."""

    def look(self, prefix: str) -> Sequence[Stored]:
        """All objects below `prefix` with size and age, sorted by key."""

    def delete(self, key: str) -> None:
        """Removes an object; nothing happens where there is none."""

    def drafts(self, before: datetime) -> Sequence[Stored]:
        """What killed writes left behind and nobody touched since `before`: no objects, but room that is taken.

        Each `key` is good for `delete_draft` alone.
        """

    def delete_draft(self, key: str) -> None:
        """Removes what a killed write left behind; nothing happens where there is none."""


def open_store(settings: StoreSettings) -> Store:
    """The store that the root's scheme asks for.

    Raises:
        ConfigError: the root is neither `s3://bucket[/prefix]` nor `file:///folder`.
    """
    scheme, separator, rest = settings.root.partition("://")
    match scheme:
        case "file" if rest.startswith("/"):
            from caco_tasks.store.file_store import FileStore

            return FileStore(settings)
        case "s3" if separator and rest:
            from caco_tasks.store.s3_store import S3Store

            return S3Store(settings)
    root = hide_secrets(settings.root)
    raise ConfigError(f"The store root '{root}' is neither s3://bucket/prefix nor file:///folder: mend CACO_STORE.")
