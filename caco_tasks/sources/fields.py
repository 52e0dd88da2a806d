"""Typed access to the fields of a source's record; what is missing or mistyped is a `RecordError`."""

import json
import math
import re
from collections.abc import Iterable, Mapping
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


def as_json(found: Any) -> str:
    """`found` as JSON for a reader of rejects; empty where it nests too deeply to be shown."""
    try:
        return json.dumps(found, ensure_ascii=False, default=str)
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
    if found is not None and not isinstance(found, str):
        raise RecordError(f"the field '{name}' is a {type(found).__name__}, not text")
    return found if found and found.strip() else None


def text(row: Row, name: str) -> str:
    """The text of a field that must be there and not blank.

    Raises:
        RecordError: the field is missing, no text, or blank.
    """
    if not isinstance(value(row, name), str):
        raise RecordError(f"the field '{name}' is a {type(row[name]).__name__}, not text")
    found = optional_text(row, name)
    if found is None:
        raise RecordError(f"the field '{name}' is empty")
    return found


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
    """A text or a number as the text of an answer: 504.0 is "504"; None where the field is None or blank.

    Raises:
        RecordError: the field is missing, not finite, or neither text nor a number.
    """
    return number_text(value(row, name), name)


def answers_text(row: Row, name: str) -> str | None:
    """One answer or a list of them as text, joined by "; "; None where there is none.

    Raises:
        RecordError: the field is missing, or an answer in it is neither text nor a finite number.
    """
    found = value(row, name)
    answers = found if isinstance(found, list) else [found]
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
    if found is not None and not isinstance(found, str | int | float | Decimal):
        raise RecordError(f"the field '{name}' is a {type(found).__name__}, neither text nor a number")
    written = "" if found is None else str(found).strip()
    whole = _WHOLE_WITH_POINT.fullmatch(written)
    return (whole[1] if whole else written) or None


def scaled_difficulty(found: Any, *, top: int) -> int | None:
    """A difficulty of 1 to `top` as 1 to 5; None where the source gives none or one outside its scale.

    Raises:
        RecordError: it is no number.
    """
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise RecordError("the difficulty is no number")
    return math.ceil(found * 5 / top) if 0 < found <= top else None


def slug(words: str | None) -> str | None:
    """A source's name of a domain in the bank's spelling: "Counting & Probability" is "counting_and_probability"."""
    # sources spell "Counting & Probability" with a sign or in words
    parts = re.findall(r"[a-z0-9]+", words.lower().replace("&", " and ")) if words else []
    return "_".join(parts) or None


def last_boxed(solution: str) -> str | None:
    r"""The content of the last `\boxed{...}`, `\boxed x` or `\fbox{...}`; None where none is, or it never closes."""
    box = last_box(solution)
    return box.content.strip() or None if box and box.is_closed else None
