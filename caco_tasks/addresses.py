"""Addresses that people give: read in one place, told to a reader without what may be secret, never a traceback.

>>> hide_secrets("s3://key:sec/ret@bucket/prefix?token=x")
's3://bucket/prefix'
>>> is_loopback("127.0.0.1"), is_loopback("db.example.org")
(True, False)
"""

import re

from caco_tasks.errors import ConfigError

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")

_HOST = r"(?:[A-Za-z0-9]|[A-Za-z0-9_][A-Za-z0-9._-]*[A-Za-z0-9.]|\[[0-9A-Fa-f:.]+\])"
_HTTP = re.compile(rf"https?://{_HOST}(?::(\d{{1,5}}))?(/[^\s?#@]*)?", re.IGNORECASE)
_BEFORE_AT = re.compile(r"^(\w[\w+.-]*://)?.*@", re.DOTALL)  # up to the last @: a password may hold /, @ and :


def hide_secrets(address: str) -> str:
    """An address for a reader: without user, password, query and fragment."""
    return re.split(r"[?#]", _BEFORE_AT.sub(r"\1", address))[0]


def is_loopback(host: str | None) -> bool:
    """Whether a host, as a URL names it, is this machine's own address; None: no host is named."""
    name = (host or "").strip("[]").lower()
    return name in LOOPBACK_NAMES or (name.startswith("127.") and name.replace(".", "").isdigit())


def is_host(name: str) -> bool:
    """Whether a text can be the name or the address of a host; IPv6 without brackets, too."""
    return re.fullmatch(_HOST, name) is not None or (":" in name and re.fullmatch(_HOST, f"[{name}]") is not None)


def parse_http_address(text: str, *, name: str) -> str:
    """The address of an HTTP server, without blanks around it and without a `/` at its end.

    Args:
        text: what a person gave.
        name: what it is the address of, for the message.

    Raises:
        ConfigError: it is not of the form http://host:port; tells of it without user and password.
    """
    address = text.strip()
    if "@" in address:
        raise ConfigError(f"{name} holds a user or a password ({hide_secrets(address)}): give the address alone.")
    match = _HTTP.fullmatch(address)
    if match is None or int(match.group(1) or 1) not in range(1, 65536):
        raise ConfigError(f"{name} is '{hide_secrets(address)}': write it as http://host:port or https://host.")
    return address.rstrip("/")
