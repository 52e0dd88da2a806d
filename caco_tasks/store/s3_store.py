"""A store in a bucket: `s3://bucket/prefix` on Amazon S3 or any server that speaks its protocol.

No conditional put is used: in a trial 4 of 16 racers won one. Which of two attempts counts is decided in Postgres.
"""

import re
import shutil
import time
from collections.abc import Iterator, Sequence, Set
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from io import BytesIO
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, BinaryIO, cast

from caco_tasks.addresses import hide_secrets, parse_http_address
from caco_tasks.errors import ConfigError, StoreError, StoreUnreachableError
from caco_tasks.store.file_store import COPY_BYTES, mending_os_errors
from caco_tasks.store.keys import FOLDERS, check_key, check_prefix, is_key
from caco_tasks.store.s3_client import ATTEMPTS, open_client, placement
from caco_tasks.store.store import Stored, StoreSettings

if TYPE_CHECKING:
    from boto3.s3.transfer import TransferConfig
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

PART_BYTES = 16 << 20  # files from this size on are sent and fetched in parts
PARTS_AT_ONCE = 4
PAUSE_SECONDS = 0.5  # before a body that broke off is asked for again; doubled each time
MAX_SKEW_SECONDS = 15 * 60  # between two clocks; S3 refuses what was signed with more

_BUCKET = re.compile(r"[A-Za-z0-9._-]{1,255}")  # what boto3 lets through; servers are stricter
_MISSING = {"404", "NoSuchKey", "NotFound"}
_REFUSED = {"401", "403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "Forbidden"}
_FULL = {"507", "InsufficientStorage", "QuotaExceeded", "XMinioStorageFull"}
_AWAY = {"429", "500", "502", "503", "504", "InternalError", "ServiceUnavailable", "SlowDown", "RequestTimeout"}
_MISSET = "misset"  # no code of a server: boto3 itself cannot use what it was told or found
_SKEWED = {"RequestTimeTooSkewed", "RequestExpired"}
_OURS_ALREADY = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}


class S3Store:
    """Objects below one prefix of one bucket."""

    def __init__(self, settings: StoreSettings) -> None:
        """Names the bucket; nothing is asked of the server yet.

        Raises:
            ConfigError: bucket, prefix or the endpoint's address cannot be one.
        """
        self.root = settings.root.rstrip("/")
        self._settings = settings
        self._bucket, _, prefix = self.root.removeprefix("s3://").partition("/")
        if "@" in self.root:
            raise ConfigError(
                "CACO_STORE holds a user or a key: give CACO_S3_ACCESS_KEY and CACO_S3_SECRET_KEY instead."
            )
        if not _BUCKET.fullmatch(self._bucket) or (prefix and not is_key(prefix)):
            raise ConfigError(f"The store root '{hide_secrets(self.root)}' is no s3://bucket/prefix: mend CACO_STORE.")
        self._prefix = f"{prefix}/" if prefix else ""
        given, name = settings.endpoint_url, "The S3 endpoint (CACO_S3_ENDPOINT)"
        self._endpoint = parse_http_address(given, name=name) if given else None
        self._server = self._endpoint or "Amazon S3"  # for a reader

    def ensure_bucket(self) -> None:
        """Creates the bucket, unless it is there.

        Raises:
            StoreError: the server does not answer, refuses the keys, or the bucket is somebody else's.
        """
        if self._has_bucket():
            return
        with self._mending(self._bucket, allowed=_OURS_ALREADY):
            self._client.create_bucket(Bucket=self._bucket, **placement(self._settings))
        if not self._has_bucket():
            raise StoreError(f"The bucket '{self._bucket}' belongs to somebody else: choose another name.")

    def put(self, key: str, data: bytes) -> None:
        """Writes `data` under `key`, replacing what was there.

        Raises:
            StoreError: the server does not answer, refuses the keys, has no room or no such bucket.
        """
        with self._mending(key):
            self._client.put_object(Bucket=self._bucket, Key=self._key(key), Body=data)

    def put_file(self, key: str, path: Path) -> None:
        """Uploads a file, in parts where it is large.

        Raises:
            StoreError: as `put`, or `path` cannot be read.
        """
        with mending_os_errors(path), self._mending(key):  # inside, for boto3's timeouts are OSErrors too
            self._client.upload_file(str(path), self._bucket, self._key(key), Config=_in_parts())

    def get(self, key: str) -> bytes | None:
        """The object's bytes, or None where there is none."""
        with self._mending(key, allowed=_MISSING):
            file = BytesIO()
            self._fetch(key, file)
            return file.getvalue()
        return None

    def get_file(self, key: str, path: Path) -> None:
        """Downloads an object to `path`, which appears whole or not at all.

        Raises:
            StoreError: there is no such object, the server fails, or `path` cannot be written.
        """
        if not self.exists(key):
            raise StoreError(f"There is no {key} in {self.root}: run the step that makes it.")
        with mending_os_errors(path), self._mending(key):
            self._client.download_file(self._bucket, self._key(key), str(path), Config=_in_parts())

    def open(self, key: str) -> BinaryIO | None:
        """The object as a file to read from and to seek in, or None where there is none; the caller closes it.

        A large one lies in an unnamed file of this machine's temporary folder, which goes when it is closed.
        """
        with mending_os_errors("the temporary folder"), self._mending(key, allowed=_MISSING), ExitStack() as stack:
            file = cast(BinaryIO, stack.enter_context(SpooledTemporaryFile(max_size=PART_BYTES)))
            self._fetch(key, file)
            file.seek(0)
            stack.pop_all()  # from here on the caller closes it
            return file
        return None

    def exists(self, key: str) -> bool:
        """Whether there is an object under `key`."""
        with self._mending(key, allowed=_MISSING):
            self._client.head_object(Bucket=self._bucket, Key=self._key(key))
            return True
        self._demand_bucket()
        return False

    def list(self, prefix: str) -> list[str]:
        """All keys in the folder `prefix` and below it, sorted; an empty prefix means all."""
        return [found.key for found in self.look(prefix)]

    def look(self, prefix: str) -> Sequence[Stored]:
        """All objects in the folder `prefix` and below it, sorted by key; an empty prefix means all."""
        below = f"{self._prefix}{check_prefix(prefix)}"
        with self._mending(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=below)
            found = [self._stored(entry) for page in pages for entry in page.get("Contents", [])]
        # other tools leave objects behind whose keys no store of ours writes, such as `runs/`
        return sorted((each for each in found if is_key(each.key)), key=lambda each: each.key)

    def delete(self, key: str) -> None:
        """Removes an object; nothing happens where there is none."""
        with self._mending(key, allowed=_MISSING):
            self._client.delete_object(Bucket=self._bucket, Key=self._key(key))

    def drafts(self, before: datetime) -> Sequence[Stored]:
        """Uploads in parts that were begun before `before` and never ended; their size is not told."""
        with self._mending(self.root):
            pages = self._client.get_paginator("list_multipart_uploads").paginate(
                Bucket=self._bucket, Prefix=self._prefix
            )
            uploads = [upload for page in pages for upload in page.get("Uploads", [])]
        ours = [one for one in uploads if one["Key"].removeprefix(self._prefix).split("/")[0] in FOLDERS]
        found = [Stored(key=f"{one['UploadId']} {one['Key']}", bytes=0, changed_at=one["Initiated"]) for one in ours]
        return [draft for draft in found if draft.changed_at < before]

    def delete_draft(self, key: str) -> None:
        """Gives up an upload in parts, whose key is its id and its object's name."""
        upload, _, name = key.partition(" ")
        with self._mending(name, allowed=_MISSING | {"NoSuchUpload"}):
            self._client.abort_multipart_upload(Bucket=self._bucket, Key=name, UploadId=upload)

    def _fetch(self, key: str, file: BinaryIO) -> None:
        """Fills a file with an object; a body that breaks off is asked for again, for boto3 repeats requests alone."""
        from botocore.exceptions import IncompleteReadError, ReadTimeoutError, ResponseStreamingError

        for attempt in range(1, ATTEMPTS + 1):
            body = self._client.get_object(Bucket=self._bucket, Key=self._key(key))["Body"]
            try:
                shutil.copyfileobj(body, file, COPY_BYTES)
                return
            except (IncompleteReadError, ReadTimeoutError, ResponseStreamingError):
                if attempt == ATTEMPTS:
                    raise
            time.sleep(PAUSE_SECONDS * 2 ** (attempt - 1))
            file.seek(0)
            file.truncate()

    def _stored(self, entry: "ObjectTypeDef") -> Stored:
        key = entry["Key"].removeprefix(self._prefix)
        return Stored(key=key, bytes=entry["Size"], changed_at=entry["LastModified"])

    def _key(self, key: str) -> str:
        return f"{self._prefix}{check_key(key)}"

    def _has_bucket(self) -> bool:
        with self._mending(self._bucket, allowed=_MISSING | {"NoSuchBucket"}):
            self._client.head_bucket(Bucket=self._bucket)
            return True
        return False

    def _demand_bucket(self) -> None:
        """A missing key and a missing bucket look the same to a HEAD request; this tells them apart."""
        if not self._has_bucket():
            raise StoreError(self._no_bucket())

    @cached_property
    def _client(self) -> "S3Client":
        return open_client(self._settings, self._endpoint)

    @contextmanager
    def _mending(self, key: str, allowed: Set[str] = frozenset()) -> Iterator[None]:
        """Turns an error of boto3 into a StoreError; swallows an answer whose code is in `allowed`."""
        from boto3.exceptions import Boto3Error, RetriesExceededError
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError, SSLError
        from botocore.exceptions import ConnectionError as BotoConnectionError

        try:
            yield
        except ClientError as exc:
            code = exc.response.get("Error", {}).get("Code", "")
            if code not in allowed:
                kind = StoreUnreachableError if code in _AWAY else StoreError
                raise kind(self._explain(key, code, exc)) from exc
        except (IncompleteReadError, RetriesExceededError) as exc:
            raise StoreUnreachableError(
                f"The S3 server {self._server} breaks off as it sends {key} ({_one_line(exc)}): run again, or look into "
                "its log and the network."
            ) from exc
        except (HTTPClientError, BotoConnectionError) as exc:  # the server is away; ATTEMPTS were made already
            kind = StoreError if isinstance(exc, SSLError) else StoreUnreachableError
            raise kind(self._explain(key, "", exc)) from exc
        except (BotoCoreError, Boto3Error) as exc:
            code = _code_within(exc) or _MISSET
            kind = StoreUnreachableError if code in _AWAY else StoreError
            raise kind(self._explain(key, code, exc)) from exc

    def _explain(self, key: str, code: str, exc: Exception) -> str:
        if code == "NoSuchBucket":
            return self._no_bucket()
        if code in _SKEWED or (code in _REFUSED and _clock_gap_seconds(exc) > MAX_SKEW_SECONDS):
            return (
                f"The S3 server {self._server} refuses what this machine signs, for their clocks differ by more than 15 "
                "minutes: set the clock right, as with NTP, and run again."
            )
        if code in _REFUSED or type(exc).__name__ in ("NoCredentialsError", "PartialCredentialsError"):
            return (
                f"The S3 server {self._server} refuses access to {self.root}: check the access key, secret and bucket."
            )
        if code in _FULL:
            return f"The S3 server {self._server} is full, {key} was not written: free some space and run again."
        if code == _MISSET:
            return f"{self.root} cannot be reached as it is set ({_one_line(exc)}): mend the store's settings or AWS_*."
        if not code:
            return f"The S3 server {self._server} does not answer ({_one_line(exc)}): start it or mend its address."
        return f"The S3 server {self._server} failed on {key} ({_one_line(exc)}): look into its log and run again."

    def _no_bucket(self) -> str:
        return f"There is no bucket '{self._bucket}' at {self._server}: create it or mend the store's root."


def _in_parts() -> "TransferConfig":
    from boto3.s3.transfer import TransferConfig

    return TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_concurrency=PARTS_AT_ONCE)


def _code_within(exc: Exception) -> str:
    """The server's error code where boto3 wrapped the answer, as an upload in parts does."""
    response = getattr(exc.__context__, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def _clock_gap_seconds(exc: Exception) -> float:
    """How far this machine's clock is from the server's, by the date of its answer; 0: it names none.

    A refused HEAD request has no body that would name the reason.
    """
    headers = getattr(exc, "response", {}).get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        return abs((parsedate_to_datetime(headers.get("date", "")) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):  # no date, or one without a zone
        return 0.0


def _one_line(exc: Exception) -> str:
    return " ".join(str(exc).split())[:200]
