"""boto3's client of a store: what it is told, what it may find by itself, and how often it asks again.

Where a store's settings hold keys, they hold everything: no profile, no file below `~/.aws` and no `AWS_*` variable changes
how it is reached, but for the certificates of `AWS_CA_BUNDLE`. Where they hold none, boto3 searches as it always does.
"""

import os
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from caco_tasks.addresses import is_loopback
from caco_tasks.errors import ConfigError
from caco_tasks.store.store import StoreSettings

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_s3 import S3Client

ATTEMPTS = 4  # of each request, after pauses that begin below a second and double
CONNECT_SECONDS = 5
READ_SECONDS = 60  # without a byte


def open_client(settings: StoreSettings, endpoint: str | None) -> "S3Client":
    """A client of the server at `endpoint`, or of Amazon S3; nothing is asked of it yet.

    Raises:
        ConfigError: only one of the two keys is given, or the addressing style does not exist.
    """
    from botocore.config import Config

    has_keys = bool(settings.access_key)
    if has_keys != bool(settings.secret_key):
        raise ConfigError("Only one of the store's two keys is given: set CACO_S3_ACCESS_KEY and CACO_S3_SECRET_KEY.")
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
        s3={"addressing_style": _addressing(settings)},
        request_checksum_calculation="when_required",  # other servers do not all know the newer trailers
        response_checksum_validation="when_required",
        proxies={} if endpoint is not None and is_loopback(urlsplit(endpoint).hostname) else None,
    )
    return _session(has_keys).client(
        "s3",
        endpoint_url=endpoint,
        region_name=settings.region,
        aws_access_key_id=settings.access_key or None,
        aws_secret_access_key=settings.secret_key or None,
        config=config,
    )


def placement(settings: StoreSettings) -> dict[str, Any]:
    """Amazon wants the region named for every bucket outside its first one; other servers want nothing."""
    if settings.endpoint_url is not None or settings.region == "us-east-1":
        return {}
    return {"CreateBucketConfiguration": {"LocationConstraint": settings.region}}


def _session(has_keys: bool) -> "Session":
    """A session that searches as boto3 does, or one that knows nothing but what it is told."""
    from boto3.session import Session
    from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES  # its own spelling
    from botocore.session import Session as BotocoreSession

    if not has_keys:
        return Session()
    variables = {
        name: (None, None, default, convert)
        for name, (_, _, default, convert) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
        if name != "ca_bundle"
    }
    variables["ignore_configured_endpoint_urls"] = (None, None, True, None)
    files = {name: (None, None, os.devnull, None) for name in ("config_file", "credentials_file")}
    return Session(botocore_session=BotocoreSession(session_vars=variables | files))


def _addressing(settings: StoreSettings) -> Literal["auto", "path", "virtual"]:
    match settings.addressing_style:
        case "path" | "virtual" | "auto" as style:
            return style
    raise ConfigError(f"The addressing style '{settings.addressing_style}' is none of path, virtual and auto.")
