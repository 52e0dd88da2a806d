"""The lines of a file of checks, read one after the other: never more of one in memory than it may hold."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn

MAX_LINE_BYTES = 8 * 1024 * 1024
SKIPPED_BYTES = 1024 * 1024  # of a longer line, at a time
BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class InputLine:
    """A line and what it asks for, or why that cannot be told."""

    number: int  # from 1
    identity: Any = None  # its `id`; None: it has none, or none that can be read
    record: dict[str, Any] | None = None  # None: it is not a JSON object
    fault: str | None = None  # None: it can be read
    bytes: int = 0  # of it in memory


def read_lines(file: BinaryIO) -> Iterator[InputLine]:
    """The lines of a file; those that cannot be read among them, with what is wrong."""
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            while line and not line.endswith(b"\n"):
                line = file.readline(SKIPPED_BYTES)
            yield InputLine(number, fault=f"longer than {MAX_LINE_BYTES:,} bytes")
        else:
            yield _parse(line, number)


def _parse(line: bytes, number: int) -> InputLine:
    try:
        text, fault = line.decode("utf-8"), None
    except UnicodeDecodeError:  # read all the same, for the id that it may have
        text, fault = line.decode("utf-8", errors="replace"), "not UTF-8"
    try:
        record = json.loads(text.removeprefix(BYTE_ORDER_MARK), parse_constant=_refuse)
        identity = record.get("id") if isinstance(record, dict) else None
        shown = json.dumps([[identity]], ensure_ascii=False, allow_nan=False)  # it must go out again, inside an object
    except (ValueError, RecursionError):
        return InputLine(number, fault=fault or "not JSON", bytes=len(line))
    if fault is not None:
        return InputLine(number, None if "\ufffd" in shown else identity, fault=fault, bytes=len(line))
    if not isinstance(record, dict):
        return InputLine(number, fault="not a JSON object", bytes=len(line))
    return InputLine(number, identity, record, bytes=len(line))


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")
