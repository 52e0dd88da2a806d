"""Where a page of a table ends, as one opaque word that the next request brings back.

>>> decode_cursor(encode_cursor("2026-11-20", 7), 2)
['2026-11-20', 7]
"""

import base64
import binascii
import json
from datetime import date, datetime
from typing import Any

from caco_tasks.errors import ConfigError

MAX_NUMBER = 2**31 - 1  # as Postgres counts

_STRANGE = "The cursor is none that a page before gave: begin with the first page."


def encode_cursor(*place: Any) -> str:
    """The place behind which the next page begins: texts and numbers."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, parts: int) -> list[Any]:
    """The parts of a place.

    Raises:
        ConfigError: it is none that `encode_cursor` made.
    """
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError) as exc:
        raise ConfigError(_STRANGE) from exc
    if not isinstance(found, list) or len(found) != parts or not all(map(_is_part, found)):
        raise ConfigError(_STRANGE)
    return found


def number_of(part: Any) -> int:
    """A part of a place that is a number.

    Raises:
        ConfigError: it is none.
    """
    if not isinstance(part, int):
        raise ConfigError(_STRANGE)
    return part


def day_of(part: Any) -> str:
    """A part of a place that is a date, YYYY-MM-DD.

    Raises:
        ConfigError: it is none.
    """
    try:
        return date.fromisoformat(part).isoformat()
    except (TypeError, ValueError) as exc:
        raise ConfigError(_STRANGE) from exc


def moment_of(part: Any) -> str:
    """A part of a place that is a moment, in ISO 8601.

    Raises:
        ConfigError: it is none.
    """
    try:
        return datetime.fromisoformat(part).isoformat()
    except (TypeError, ValueError) as exc:
        raise ConfigError(_STRANGE) from exc


def id_of(part: Any) -> str:
    """A part of a place that is an id of 32 hex digits.

    Raises:
        ConfigError: it is none.
    """
    if not isinstance(part, str) or len(part) != 32 or not set(part) <= set("0123456789abcdef"):
        raise ConfigError(_STRANGE)
    return part


def _is_part(one: Any) -> bool:
    if isinstance(one, str):
        return "\0" not in one  # which no text of Postgres holds
    return isinstance(one, int) and not isinstance(one, bool) and 0 <= one <= MAX_NUMBER
