"""Typed access to the fields of a source's record; what is missing or mistyped is a `RecordError`."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from caco_tasks.boxed import last_box

Row = Mapping[str, Any]

_WHOLE_WITH_POINT = re.compile(r"(-?\d+)\.0+")


class RecordError(Exception):
    """One record of a source cannot be read; the message says why and `raw` shows it where no row could be made."""

    def __init__(self, detail: str, raw: str = "") -> None:
        super().__init__(detail)
        self.raw = raw


@dataclass(frozen=True, slots=True)
class UnreadableValue:
    """Stands in a row for a value that Python cannot hold, or that is not there: only who needs it fails over it."""

    detail: str

    def __str__(self) -> str:
        return f"({self.detail})"


def as_json(found: Any) -> str:
    """`found` as JSON for a reader of rejects; empty where it nests too deeply to be shown."""
    try:
        return json.dumps(dict(found) if isinstance(found, Mapping) else found, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        return ""


def value(row: Row, name: str) -> Any:
    """The value of a field that must be there; it may be None.

    Raises:
        RecordError: the row has no such field.
    """
    if name not in row:
        raise RecordError(f"the field '{name}' is missing")
    return row[name]


def optional_text(row: Row, name: str) -> str | None:
    """The text of a field, or None where it is missing, None or blank.

    Raises:
        RecordError: the field is no text.
    """
    found = row.get(name)
    return None if found is None else require_text(found, name)


def text(row: Row, name: str) -> str:
    """The text of a field that must be there and not blank.

    Raises:
        RecordError: the field is missing, no text, or blank.
    """
    found = require_text(value(row, name), name)
    if found is None:
        raise RecordError(f"the field '{name}' is empty")
    return found


def require_text(found: Any, name: str) -> str | None:
    """A text as it is, or None for a blank one. `name` is the field that an error names.

    Raises:
        RecordError: it is no text.
    """
    if isinstance(found, bytes):  # as some writers of Parquet store every text
        found = decode(found)
    if not isinstance(found, str):
        raise _mistyped(found, name, "not text")
    return found if found.strip() else None


def decode(found: bytes) -> str:
    """Bytes as text; those that are not UTF-8 become lone surrogates, which the judge of the record refuses."""
    return found.decode("utf-8", errors="surrogateescape")


def text_list(row: Row, name: str) -> list[str]:
    """The texts of a field that holds a list of texts, empty where it is missing or None.

    Raises:
        RecordError: the field is anything else.
    """
    found = row.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise RecordError(f"the field '{name}' is not a list of texts")
    return found


def nested(row: Row, name: str) -> Row:
    """The record inside a field, empty where it is missing or None.

    Raises:
        RecordError: the field is no record.
    """
    found = row.get(name)
    if found is not None and not isinstance(found, Mapping):
        raise RecordError(f"the field '{name}' is a {type(found).__name__}, not a record")
    return found or {}


def identifier(row: Row, name: str) -> str:
    """The record's own id, as text.

    Raises:
        RecordError: it is missing, empty, or neither text nor a whole number.
    """
    found = value(row, name)
    # a bool is an int to Python, and no id
    if isinstance(found, bool) or not isinstance(found, str | int) or found == "":
        raise RecordError(f"the field '{name}' is no id")
    return str(found)


def answer_text(row: Row, name: str) -> str | None:
    """The answer in a field that must be there, as `gold_text` writes it.

    Raises:
        RecordError: the field is missing, or is no answer.
    """
    return gold_text(value(row, name), name)


def gold_text(found: Any, name: str) -> str | None:
    """One answer, or a list of several joined by "; ", as text: 504.0 is "504"; None where one of them is missing.

    Raises:
        RecordError: an answer is neither text nor a finite number. `name` is the field that the error names.
    """
    answers = found if isinstance(found, list | tuple) else [found]
    return joined(number_text(answer, name) for answer in answers)


def joined(answers: Iterable[str | None]) -> str | None:
    """Several answers of one record as one text; None unless each of them is there."""
    found = list(answers)
    return "; ".join(answer or "" for answer in found) if found and all(found) else None


def number_text(found: Any, name: str) -> str | None:
    """Text or a number in its shortest form; None for None or blank text. `name` is the field that an error names.

    Raises:
        RecordError: it is not finite, or neither text nor a number.
    """
    if isinstance(found, float | Decimal) and not math.isfinite(found):
        raise RecordError(f"the field '{name}' is not a finite number")
    if isinstance(found, bytes):
        found = decode(found)
    if found is not None and not isinstance(found, str | int | float | Decimal):
        raise _mistyped(found, name, "neither text nor a number")
    if isinstance(found, Decimal):
        found = f"{found:f}"  # never as 0E-8
    written = "" if found is None else str(found).strip()
    whole = _WHOLE_WITH_POINT.fullmatch(written)
    return (whole[1] if whole else written) or None


def optional_word(found: Any, name: str) -> str | None:
    """What an optional field of any type says as text: a number as `number_text`, a list of one as the one in it.

    None for nothing: None, blank text, an empty list, or the NaN that tables write for a missing value.

    Raises:
        RecordError: it is anything else.
    """
    only = found
    if isinstance(found, list | tuple) and len(found) <= 1:
        only = found[0] if found else None
    if isinstance(only, float) and math.isnan(only):
        return None
    if isinstance(only, bool):
        raise _mistyped(only, name, "neither text nor a number")
    if isinstance(only, str):
        return only if only.strip() else None
    return number_text(only, name)


def scaled_difficulty(found: Any, *, top: int) -> Any:
    """A difficulty of 1 to `top` as 1 to 5; None for one outside that scale; what is no number as it is."""
    if isinstance(found, bool) or not isinstance(found, int | float):
        return found
    return math.ceil(found * 5 / top) if 0 < found <= top else None


def slug(words: Any) -> Any:
    """A source's name of a domain in the bank's spelling: "Counting & Probability" is "counting_and_probability".

    What is no text is handed on as it is, for the judge of the record to drop.
    """
    if not isinstance(words, str):
        return words
    # sources spell "Counting & Probability" with a sign or in words
    parts = re.findall(r"[a-z0-9]+", words.lower().replace("&", " and "))
    return "_".join(parts) or None


def broadest_topic(paths: Any) -> Any:
    """The domain that `Mathematics -> Algebra -> ...` names, of the first of several such paths; other things as they are."""
    first = paths[0] if isinstance(paths, list) and paths else paths
    if not isinstance(first, str):
        return first
    # the second name is the broadest that says something
    names = [name.strip() for name in first.split("->")]
    return slug(names[min(1, len(names) - 1)])


def last_boxed(solution: str) -> str | None:
    r"""The content of the last `\boxed{...}`, `\boxed x` or `\fbox{...}`; None where none is, or it never closes."""
    box = last_box(solution)
    return box.content.strip() or None if box and box.is_closed else None


def _mistyped(found: Any, name: str, wanted: str) -> RecordError:
    if isinstance(found, UnreadableValue):
        return RecordError(f"the field '{name}' cannot be read: {found.detail}")
    return RecordError(f"the field '{name}' is a {type(found).__name__}, {wanted}")
